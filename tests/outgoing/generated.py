"""Booked documents made at random: rates, discounts and prices as people type them, totals by our own arithmetic."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from invoicing import amounts, references
from invoicing.issued import Issued, IssuedDiscount, IssuedLine, Rate, RateTotal, Side
from invoicing.peppol.document import Kind

TAXED = tuple(Rate(code=p, category="S", percent=Decimal(p)) for p in ("6", "9", "12", "21", "5.5"))
UNTAXED = (
    Rate(code="0", category="Z", percent=Decimal(0)),
    Rate(code="VRIJ", category="E", percent=Decimal(0), exemption_code="VATEX-EU-132", legal_note="Vrijgesteld"),
    Rate(code="VRIJ2", category="E", percent=Decimal(0)),
    Rate(code="MC", category="AE", percent=Decimal(0), exemption_code="VATEX-EU-AE", legal_note="Btw verlegd"),
    Rate(code="VCMD", category="AE", percent=Decimal(0)),
    Rate(code="CM", category="K", percent=Decimal(0), exemption_code="VATEX-EU-IC"),
    Rate(code="TR", category="K", percent=Decimal(0), legal_note="Driehoeksverkeer"),
    Rate(code="EX", category="G", percent=Decimal(0)),
)
OUTSIDE = (
    Rate(code="AFST", category="O", percent=Decimal(0)),
    Rate(code="EXD", category="O", percent=Decimal(0), exemption_code="VATEX-EU-O"),
)

SELLER = Side(
    name="Brugpijlertje Digitaal bv", street="Kasseiweg 21", postcode="9000", city="Gent", country="BE",
    vat_number="BE0765432146", enterprise_number="0765432146", peppol_id="0208:0765432146",
    email="facturen@brugpijlertje.example", phone="+32 9 000 00 00", iban="BE68539007547034", bic="GKCCBEBB",
)  # fmt: skip
DUTCH_SELLER = Side(
    name="Grachtenmeetbureau", street="Singel 5", postcode="1012 AB", city="Amsterdam", country="NL",
    vat_number="NL004495445B01", enterprise_number="01234567", iban="NL91ABNA0417164300",
)  # fmt: skip
BUYERS = (
    Side(
        name="Bakkerij Zonnekorrel & Zoon <nv>", street="Korenstraat 12", postcode="3000", city="Leuven", country="BE",
        vat_number="BE0876543270", enterprise_number="0876543270", peppol_id="0208:0876543270",
    ),
    Side(name="Buurtwinkel Ä’t Hoekje", country="BE", vat_number="BE0876543270"),
    Side(
        name="Polderpers bv", street="Dijk 1", postcode="2000 AA", city="Haarlem", country="NL",
        vat_number="NL004495445B01", enterprise_number="87654321",
    ),
    Side(name="Œuvre française sàrl", city="Lille", country="FR", vat_number="FR40303265045"),
)  # fmt: skip

_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60)


def line(rate: Rate, price: str = "100", quantity: str = "1", discount: str = "0", words: str = "Werk") -> IssuedLine:
    numbers = Decimal(quantity), Decimal(price), Decimal(discount)
    return IssuedLine(
        description=words,
        quantity=numbers[0],
        unit_price=numbers[1],
        discount=numbers[2],
        net=amounts.line_net(*numbers),
        rate=rate,
    )


def issued(lines: list[IssuedLine], discounts: tuple[str, ...] = (), **fields: Any) -> Issued:
    """A document of these lines, its totals computed as booking does."""
    totals = amounts.document_totals(
        [amounts.AmountLine(rate=one.rate, percentage=one.rate.percent, net=one.net) for one in lines],
        [Decimal(discount) for discount in discounts],
    )
    day = date(2026, 3, 14)
    return Issued(
        **{
            "kind": Kind.INVOICE,
            "number": "2026/0142",
            "day": day,
            "day_due": day + timedelta(days=30),
            "seller": SELLER,
            "buyer": BUYERS[0],
            "lines": tuple(lines),
            "discounts": tuple(IssuedDiscount(percentage=Decimal(d)) for d in discounts),
            "rates": tuple(
                RateTotal(rate=one.rate, lines_net=one.lines_net, base=one.base, vat=one.vat) for one in totals.rates
            ),
            "net": totals.net,
            "vat": totals.vat,
            "total": totals.total,
            "structured_communication": references.structured_communication(3, 142),
            **fields,
        }
    )


@st.composite
def documents(draw: st.DrawFn) -> Issued:
    """Any document that can be an e-invoice: of one of the countries, with one to eight lines."""
    rates = draw(st.sampled_from([TAXED, TAXED + UNTAXED, UNTAXED, OUTSIDE]))
    lines = draw(st.lists(_lines(st.sampled_from(rates)), min_size=1, max_size=8))
    categories = {one.rate.category for one in lines}
    buyer = draw(st.sampled_from(BUYERS))
    kind = draw(st.sampled_from(list(Kind)))
    seller = draw(st.sampled_from([SELLER, DUTCH_SELLER]))
    discounts = draw(st.lists(st.sampled_from(["2.5", "10", "0.33", "100"]), max_size=2))
    made = issued(
        lines,
        tuple(discounts),
        kind=kind,
        seller=seller,
        buyer=buyer,
        note=draw(_WORDS),
        customer_reference=draw(_WORDS),
        language=draw(st.sampled_from(["nl", "fr", "en", "de"])),
        term=draw(st.sampled_from(["", "30 dagen"])),
        is_direct_debit=draw(st.booleans()),
        # What a Dutch credit note has to name; others may.
        credited_number="2026/0100" if seller.country == "NL" or draw(st.booleans()) else "",
        credited_day=date(2026, 2, 1),
    )
    if kind is Kind.CREDIT_NOTE and made.total < 0:
        made = issued(lines, tuple(discounts), seller=seller, buyer=buyer, credited_number="2026/0100")
    if "O" not in categories and draw(st.booleans()):
        return _in_dollars(made)
    return made


def _in_dollars(made: Issued) -> Issued:
    from dataclasses import replace

    return replace(made, currency="USD", exchange_rate=Decimal("0.923451"))


@st.composite
def _lines(draw: st.DrawFn, rates: st.SearchStrategy[Rate]) -> IssuedLine:
    quantity = draw(st.decimals(Decimal("-20"), Decimal("999"), places=draw(st.sampled_from([0, 0, 2, 4]))))
    price = draw(st.decimals(Decimal("-50"), Decimal("9999"), places=draw(st.sampled_from([2, 2, 0, 6]))))
    discount = draw(st.sampled_from(["0", "0", "10", "33.33", "100", "2.5"]))
    words = draw(st.one_of(st.sampled_from(["Werk", "Ontwerp\nvan de brochure", " "]), _WORDS))
    return line(draw(rates), format(price, "f"), format(quantity, "f"), discount, words)
