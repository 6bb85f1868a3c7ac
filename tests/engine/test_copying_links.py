"""Taking over links from another entity with the same tool: compared first, own choices stay, twice is once."""

import pytest

from integrations import services
from integrations.models import Connection, LedgerLink, VatCode, VatLink
from tests import bridge, factories

OTHER_BOOKS = "3120452"


@pytest.fixture
def two(box, db):
    user = factories.UserFactory()
    source = bridge.connect(box, factories.EntityFactory(), user=user)
    target = bridge.connect(box, factories.EntityFactory(), user=user, division=OTHER_BOOKS)
    target.vat_links.all().delete()
    target.ledger_links.all().delete()
    Connection.objects.filter(pk=target.pk).update(discount_account=None, default_ledger_account=None)
    target.refresh_from_db()
    return source, target, user


def outcomes(source, target):
    return {(r.kind, r.direction, r.code): str(r.outcome) for r in services.compare_links(source=source, target=target)}


def test_everything_that_exists_there_is_taken_over_once(two):
    source, target, user = two
    compared = services.compare_links(source=source, target=target)
    wanted = sum(row.outcome == "set" for row in compared)
    assert wanted == len(bridge.VAT_CODES) * 2 + 1  # VAT codes, ledger accounts, account for discounts
    assert services.copy_links(source=source, target=target, user=user) == wanted
    theirs = {(link.rate_id, link.vat_code.code) for link in VatLink.objects.filter(connection=target)}
    assert theirs == {(link.rate_id, link.vat_code.code) for link in VatLink.objects.filter(connection=source)}
    assert all(link.vat_code.administration_id == target.administration_id for link in target.vat_links.all())
    target.refresh_from_db()
    assert target.discount_account.code == "708000"
    assert services.copy_links(source=source, target=target, user=user) == 0
    assert set(outcomes(source, target).values()) == {"same"}


def test_own_choices_stay_and_what_is_not_there_is_told(two):
    source, target, user = two
    rate = VatLink.objects.get(connection=source, direction="sales", vat_code__code="4").rate
    services.link_vat(connection=target, direction="sales", links={rate.pk: "2"}, user=user)
    VatCode.objects.filter(administration=target.administration, code="1").update(active=False)
    found = outcomes(source, target)
    assert found["vat", "sales", "4"] == "stays"
    assert found["vat", "sales", "1"] == "no-code"
    services.copy_links(source=source, target=target, user=user)
    assert VatLink.objects.get(connection=target, rate=rate).vat_code.code == "2"
    assert not VatLink.objects.filter(connection=target, vat_code__code="1").exists()


def test_journals_and_start_date_are_not_touched(two):
    source, target, user = two
    before = (target.invoice_journal_id, target.start_date, target.status)
    services.copy_links(source=source, target=target, user=user)
    target.refresh_from_db()
    assert (target.invoice_journal_id, target.start_date, target.status) == before


def test_rates_of_another_country_are_left_out(two):
    source, target, _user = two
    LedgerLink.objects.filter(connection=source).delete()
    target.entity.country = "NL"
    target.entity.save()
    found = {row.outcome for row in services.compare_links(source=source, target=target) if row.kind == "vat"}
    assert found == {"no-rate"}


def test_only_entities_with_links_of_the_same_tool_are_offered(two):
    source, target, _user = two
    assert list(services.sources_for(target)) == [source]
    assert list(services.sources_for(source)) == []
    with pytest.raises(services.ConnectError):
        services.compare_links(source=target, target=target)
