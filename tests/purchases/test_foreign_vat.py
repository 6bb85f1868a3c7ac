"""VAT of another country: no rate of ours is proposed or taken for it; it is part of the cost."""

from decimal import Decimal

import pytest

from invoicing.errors import NotPossible
from invoicing.models import VatCategory, VatRate, VatRateVersion
from invoicing.services import purchases
from invoicing.services.purchases import LineChoice
from tests import factories
from tests.admin.conftest import connect
from tests.purchases.ubl import ubl

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
DUTCH, FRENCH = "NL004495445B01", "FR40303265045"


def version(code: str, category: str, percentage: str = "0") -> VatRateVersion:
    rate = VatRate.objects.create(country="BE", code=code, name=code, category=category)
    return VatRateVersion.objects.create(rate=rate, percentage=Decimal(percentage), valid_from="2020-01-01")


@pytest.fixture
def foreign(entity, expense):
    """A document of a supplier from abroad that we know, for an entity whose books we keep."""
    connect(entity)

    def make(vat: str = DUTCH, **fields):
        factories.CompanyFactory(vat_number=vat, enterprise_number="", is_supplier=True)
        return expense(supplier_vat=vat, **fields)

    return make


def choices(document, rate):
    return {line.pk: LineChoice(account=line.ledger_account, vat_rate=rate) for line in document.lines.all()}


def test_the_same_percentage_abroad_is_not_ours_and_bulk_approval_leaves_it(foreign):
    document = foreign()
    assert {line.vat_rate for line in document.lines.all()} == {None}
    (found,) = purchases.approve_many(documents=[document], by=None)
    assert [problem.code for problem in found.problems] == ["vat-rate"]
    assert "VAT of NL" in found.problems[0].text


@pytest.mark.parametrize("vat", [DUTCH, FRENCH])
def test_no_rate_that_is_deducted_can_be_chosen(account, foreign, vat):
    factories.vat_rate("0")
    percent = "21" if vat == DUTCH else "20"
    document = foreign(vat, lines=(("Advice", "100.00", percent),))
    rates = purchases.rates_of(document)
    line = document.lines.get()
    assert rates.fitting(*purchases.vat_of(line)) == []
    for code in ("21", "0"):
        with pytest.raises(NotPossible, match="does not fit"):
            purchases.approve(document=document, by=None, lines=choices(document, factories.vat_rate(code).rate))
    line.refresh_from_db()
    assert line.vat_rate is None
    outside = version("NONE", VatCategory.O).rate
    assert purchases.rates_of(document).fitting(*purchases.vat_of(line)) == [outside]
    purchases.approve(document=document, by=None, lines={line.pk: LineChoice(account=account, vat_rate=outside)})


def test_the_rate_of_services_that_we_give_abroad_is_not_offered(foreign, receive, entity):
    ours, ordinary = version("EXD", VatCategory.O), version("NB", VatCategory.O)
    rates = purchases.rates_of(foreign())
    assert rates.fitting("S", Decimal(21)) == [ordinary.rate]
    assert rates.meant("O", None) == [ordinary.rate]
    assert ours.rate in rates.fitting("O", None)  # nobody charges it: a person says why


def test_the_choice_is_remembered_for_that_supplier_alone(account, foreign, expense):
    outside = version("NONE", VatCategory.O).rate
    first = foreign(lines=(("Advice", "100.00", "21"),))
    chosen = {line.pk: LineChoice(account=account, vat_rate=outside) for line in first.lines.all()}
    purchases.approve(document=first, by=None, lines=chosen)
    assert expense(supplier_vat=DUTCH, number="2", lines=(("Advice", "90.00", "21"),)).lines.get().vat_rate == outside
    assert foreign(FRENCH, number="3", lines=(("Advice", "90.00", "21"),)).lines.get().vat_rate is None


def test_at_home_only_the_rate_of_that_percentage_fits(entity, expense, supplier):
    version("NONE", VatCategory.O)
    document = expense(lines=(("Electricity", "100.00", "21"),))
    assert document.lines.get().vat_rate.code == "21"
    with pytest.raises(NotPossible, match="does not fit"):
        purchases.approve(document=document, by=None, lines=choices(document, factories.vat_rate("6").rate))


def test_a_tax_representative_charges_the_vat_of_its_own_country(entity, receive):
    factories.CompanyFactory(vat_number=DUTCH, enterprise_number="", is_supplier=True)
    representative = (
        "<cac:TaxRepresentativeParty><cac:PartyName><cbc:Name>Fiscaal BV</cbc:Name></cac:PartyName>"
        "<cac:PostalAddress><cac:Country><cbc:IdentificationCode>BE</cbc:IdentificationCode></cac:Country>"
        f"</cac:PostalAddress><cac:PartyTaxScheme><cbc:CompanyID>{factories.vat_number_be(900_777)}</cbc:CompanyID>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme></cac:TaxRepresentativeParty>"
    ).encode()
    data = ubl(buyer_vat=entity.vat_number, supplier_vat=DUTCH, iban="")
    document = receive(data.replace(b"<cac:TaxTotal>", representative + b"<cac:TaxTotal>", 1)).document
    assert {line.vat_rate.code for line in document.lines.all()} == {"21"}


def test_a_line_without_its_percentage_gets_the_rate_that_makes_its_vat(entity, receive, supplier):
    data = ubl(buyer_vat=entity.vat_number, lines=(("Tea", "100.00", "6"),))
    document = receive(data.replace(b"<cbc:Percent>6</cbc:Percent>", b"")).document
    line = document.lines.get()
    assert (line.vat_percent, line.vat_rate.code) == (None, "6")
