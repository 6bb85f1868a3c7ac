"""Every booked document becomes an e-invoice that reads back the same, or the reason why not is said in words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import HealthCheck, event, given, settings
from lxml import etree

from invoicing.issued import Issued, Rate, Side
from invoicing.legal_notes import legal_notes
from invoicing.peppol import official
from invoicing.peppol.composing import compose
from invoicing.peppol.document import Document, Kind
from invoicing.peppol.reading import Reading, read
from invoicing.peppol.writing import write
from tests.peppol.samples import official_rules, shared

from . import generated
from .generated import BUYERS, DUTCH_SELLER, SELLER, TAXED, UNTAXED, issued, line


def composed(made: Issued, **files: object) -> Document:
    found = compose(made, **files)  # type: ignore[arg-type]
    assert found.document is not None, [problem.sentence for problem in found.problems]
    return found.document


def codes(made: Issued) -> list[str]:
    found = compose(made)
    assert (found.document is None) is bool(found.problems)
    return [problem.code for problem in found.problems]


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(generated.documents())
def test_what_is_written_reads_back_the_same(made: Issued) -> None:
    document = composed(made, pdf=b"%PDF-1.7 test", pdf_name="factuur.pdf")
    data = write(document)
    assert write(document) == data
    event(f"{document.kind} {sorted({line.rate.category for line in made.lines})}")

    reading = read(data)

    assert isinstance(reading, Reading), reading
    assert reading.document == document
    assert not reading.is_turned
    assert [finding for finding in reading.findings if finding.level == "error"] == []
    # The effect on the debt is the booked one, to the cent, whatever became of the kind.
    booked = made.total if made.kind is Kind.INVOICE else -made.total
    assert document.signed_total == booked
    sign = 1 if document.kind is made.kind else -1
    assert sum((part.vat for part in document.subtotals), Decimal(0)) == document.totals.vat == sign * made.vat


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(generated.documents())
def test_the_official_rules_and_the_schema_find_nothing_fatal(made: Issued) -> None:
    assert _officially(made) == []


def _officially(made: Issued) -> list[str]:
    """What the official rules and the schema say of the document as we write it."""
    document = composed(made, pdf=b"%PDF-1.7 test", pdf_name="factuur.pdf")
    data = write(document)
    schema = _schema("driver-invoice.xsd" if document.kind is Kind.INVOICE else "driver-creditnote.xsd")
    assert schema.validate(etree.fromstring(data)), schema.error_log
    return [finding.code for finding in official.check(data, official_rules()).findings if finding.level == "error"]


EACH_RATE = {
    **{f"{rate.code} per cent": (rate,) for rate in TAXED},
    **{f"{rate.code} ({rate.category})": (rate,) for rate in (*UNTAXED, *generated.OUTSIDE)},
    "every taxed rate": TAXED,
    "every rate but outside": TAXED + UNTAXED,
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("rates", EACH_RATE.values(), ids=EACH_RATE)
def test_every_rate_passes_the_official_rules(rates: tuple[Rate, ...], kind: Kind) -> None:
    """With quantities, prices and discounts whose cents do not come out even."""
    lines = [
        entry
        for rate in rates
        for entry in (
            line(rate, "33.335", "3.7", "12.5"),
            line(rate, "0.005", "1", words="Afronding"),
            line(rate, "-1"),
        )
    ]
    for buyer in BUYERS:
        made = issued(lines, ("2.5", "0.33"), kind=kind, buyer=buyer, credited_number="2026/0100")
        assert _officially(made) == [], buyer.name


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared("xsd", "ubl-2.1", name)))


def test_what_others_wrote_is_written_again_without_loss() -> None:
    """Every element that we read has its place in what we write; attachments that were left out stay out."""
    seen = 0
    for path in sorted(shared("examples").glob("**/*.[xX][mM][lL]")):
        reading = read(path.read_bytes())
        if not isinstance(reading, Reading) or reading.is_turned:
            continue
        document = replace(
            reading.document,
            supporting=tuple(
                replace(each, attachment=None) if each.attachment and each.attachment.content is None else each
                for each in reading.document.supporting
            ),
        )
        again = read(write(document))
        assert isinstance(again, Reading), path.name
        assert again.document == document, path.name
        seen += 1
    assert seen > 50


def test_document_discounts_are_taken_per_rate_in_order() -> None:
    made = issued([line(TAXED[3], "99.99"), line(TAXED[0], "10.05")], ("10", "2.5"))
    document = composed(made)
    assert [(str(a.base), str(a.amount), a.category.percent) for a in document.allowances if a.category] == [
        ("99.99", "10.00", Decimal(21)),
        ("89.99", "2.25", Decimal(21)),
        ("10.05", "1.01", Decimal(6)),
        ("9.04", "0.23", Decimal(6)),
    ]
    assert document.totals.allowances == Decimal("13.49")
    assert [part.base for part in document.subtotals] == [Decimal("87.74"), Decimal("8.81")]


def test_an_invoice_below_zero_becomes_a_credit_note() -> None:
    made = issued([line(TAXED[3], "-100", "2", "10"), line(TAXED[3], "30")], ("10",))
    document = composed(made)
    assert (document.kind, document.type_code) == (Kind.CREDIT_NOTE, "381")
    assert document.totals.total == Decimal("163.35") == -made.total
    first, second = document.lines
    assert (first.quantity, first.price, first.net) == (Decimal(2), Decimal(100), Decimal("180.00"))
    assert (second.quantity, second.price, second.net) == (Decimal(-1), Decimal(30), Decimal("-30.00"))
    assert first.allowances[0].amount == Decimal("20.00")
    assert document.payment == ()


def test_a_total_of_zero_stays_an_invoice() -> None:
    document = composed(issued([line(TAXED[3], "100"), line(TAXED[3], "-100")]))
    assert (document.kind, document.totals.total, document.payment) == (Kind.INVOICE, Decimal("0.00"), ())


def test_payment_says_where_and_with_what() -> None:
    document = composed(issued([line(TAXED[3])], term="30 dagen"))
    (means,) = document.payment
    assert (means.code, means.reference) == ("30", "+++000/3000/14229+++")
    assert means.account is not None
    assert means.account.number == "BE68539007547034"
    assert document.payment_terms == "30 dagen"
    debit = composed(issued([line(TAXED[3])], is_direct_debit=True))
    assert [(means.code, means.account) for means in debit.payment] == [("57", None)]


def test_vat_in_another_currency_is_repeated_in_ones_own() -> None:
    document = composed(issued([line(TAXED[3])], currency="USD", exchange_rate=Decimal("0.92345")))
    assert (document.tax_currency, document.totals.vat_in_tax_currency) == ("EUR", Decimal("19.39"))


@pytest.mark.parametrize(
    ("seller", "said"), [(SELLER, "artikel 25ter W.Btw, artikel 141"), (DUTCH_SELLER, "(artikel 141, Richtlijn")]
)
def test_a_triangular_supply_says_its_own_article(seller: Side, said: str) -> None:
    triangular = Rate(code="TR", category="K", percent=Decimal(0))
    (part,) = composed(issued([line(triangular)], seller=seller, buyer=BUYERS[3], language="nl")).subtotals
    assert (part.category.code, part.category.exemption_code) == ("K", "VATEX-EU-IC")
    assert part.category.exemption_reason.startswith("Btw verlegd: driehoeksverkeer")
    assert said in part.category.exemption_reason
    ordinary = replace(triangular, code="CM")
    (part,) = composed(issued([line(ordinary)], seller=seller, buyer=BUYERS[3], language="nl")).subtotals
    assert "artikel 138" in part.category.exemption_reason


@pytest.mark.parametrize(
    ("rate", "code", "words"),
    [
        (UNTAXED[1], "VATEX-EU-132", "Vrijgesteld"),
        (UNTAXED[2], "", "Exonéré de TVA."),
        (UNTAXED[3], "VATEX-EU-AE", "Btw verlegd"),
        (UNTAXED[7], "VATEX-EU-G", "Exportation"),
        (Rate(code="X", category="E", percent=Decimal(0), exemption_code="BETE-EX"), "", "Exonéré de TVA."),
        (Rate(code="R", category="E", percent=Decimal(0), exemption_code="vatex-eu-f"), "VATEX-EU-F", "Exonéré"),
    ],
)
def test_reasons_for_not_charging_vat(rate: Rate, code: str, words: str) -> None:
    (part,) = composed(issued([line(rate)], language="fr")).subtotals
    assert part.category.exemption_code == code
    assert part.category.exemption_reason.startswith(words)


def test_rates_of_one_category_share_a_subtotal() -> None:
    (part,) = composed(issued([line(UNTAXED[3]), line(UNTAXED[4])])).subtotals
    assert part.base == Decimal("200.00")
    assert part.category.exemption_reason == "Btw verlegd / Btw verlegd naar de afnemer."


def test_an_intra_community_supply_says_where_it_went() -> None:
    document = composed(issued([line(UNTAXED[5])], buyer=BUYERS[3]))
    assert document.delivery is not None
    assert document.delivery.address is not None
    assert (document.delivery.day, document.delivery.address.country) == (document.day, "FR")
    assert document.buyer.endpoint is not None
    assert str(document.buyer.endpoint) == "9957:FR40303265045"


def test_outside_vat_no_vat_number_stands_on_it() -> None:
    document = composed(issued([line(generated.OUTSIDE[0])]))
    assert (document.seller.vat_number, document.buyer.vat_number) == ("", "")
    assert document.lines[0].category.percent is None


OUTSIDE_EU = Side(
    name="Alpenmurmel Maschinen AG", street="Zahnradgasse 6", postcode="8001", city="Zürich", country="CH",
    vat_number="CHE123456788MWST", peppol_id="0183:CHE123456788",
)  # fmt: skip


@pytest.mark.parametrize(
    ("rate", "said", "code"),
    [
        (generated.OUTSIDE[1], "artikel 21, § 2, W.Btw, artikel 44 Richtlijn", "VATEX-EU-O"),
        (generated.OUTSIDE[0], "Niet onderworpen aan btw.", "VATEX-EU-O"),
        (UNTAXED[7], "artikel 146", "VATEX-EU-G"),
    ],
)
def test_services_outside_the_union_are_no_exported_goods(rate: Rate, said: str, code: str) -> None:
    made = issued([line(rate)], buyer=OUTSIDE_EU)
    assert _officially(made) == []
    (part,) = composed(made).subtotals
    assert (part.category.code, part.category.exemption_code) == (rate.category, code)
    assert said in part.category.exemption_reason
    assert ("146" in part.category.exemption_reason) is (rate.category == "G")


def test_services_outside_the_union_of_a_dutch_seller_name_no_belgian_law() -> None:
    made = issued([line(generated.OUTSIDE[1])], seller=generated.DUTCH_SELLER, buyer=OUTSIDE_EU)
    (note,) = legal_notes(made)
    assert "artikel 44" in note
    assert "Belgische" not in note


CONSUMER = replace(BUYERS[0], name="An Peeters", vat_number="", enterprise_number="", peppol_id="")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (issued([line(TAXED[3])], buyer=CONSUMER), "buyer-endpoint"),
        (issued([line(TAXED[3])], buyer=replace(BUYERS[0], peppol_id="0876543270")), "buyer-endpoint"),
        (issued([line(TAXED[3])], buyer=replace(BUYERS[0], peppol_id="9956:0876543270")), "PEPPOL-EN16931-CL008"),
        (issued([line(TAXED[3])], buyer=replace(BUYERS[0], peppol_id="0208:0876543271")), "PEPPOL-COMMON-R043"),
        (issued([line(TAXED[3])], buyer=replace(BUYERS[0], country="")), "buyer-country"),
        (issued([line(TAXED[3])], buyer=replace(BUYERS[0], vat_number="BE0876543271")), "buyer-vat-number"),
        (issued([line(UNTAXED[5])], buyer=replace(BUYERS[0], vat_number="")), "buyer-no-vat-number"),
        (issued([line(UNTAXED[3])], buyer=replace(CONSUMER, peppol_id="0088:5412345000013")), "buyer-no-number"),
        (issued([line(TAXED[3])], seller=replace(SELLER, vat_number="")), "seller-vat-number"),
        (issued([line(TAXED[3])], seller=replace(SELLER, country="DE")), "foreign-rules"),
        (issued([line(TAXED[3])], seller=replace(generated.DUTCH_SELLER, enterprise_number="")), "seller-kvk"),
        (issued([line(TAXED[3])], seller=replace(generated.DUTCH_SELLER, iban="")), "seller-iban"),
        (issued([line(TAXED[3]), line(generated.OUTSIDE[0])]), "not-subject-mixed"),
        (issued([line(Rate(code="0", category="S", percent=Decimal(0)))]), "rate-zero"),
        (issued([line(Rate(code="6", category="E", percent=Decimal(6)))]), "rate-charges"),
        (issued([line(TAXED[3])], kind=Kind.CREDIT_NOTE, seller=generated.DUTCH_SELLER), "no-credited-invoice"),
    ],
)
def test_what_stands_in_the_way_is_said(made: Issued, code: str) -> None:
    assert code in codes(made)
    assert all(problem.sentence and "%(" not in problem.sentence for problem in compose(made).problems)


def test_all_problems_are_said_at_once() -> None:
    made = issued([line(UNTAXED[5])], seller=replace(SELLER, vat_number=""), buyer=CONSUMER)
    assert codes(made) == ["seller-vat-number", "buyer-endpoint", "buyer-no-vat-number"]
