"""Seeded documents as the plan hands them to a tool, ordinary ones and awkward ones; the same for every tool.

What differs between tools is in `Facts`, which comes from the tool's own lists. Totals, VAT per rate and VAT per line
are made the way the plan makes them. The total is above zero: the plan turns a negative one around.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from integrations.base.records import (
    AccountRef,
    Document,
    DocumentKind,
    DocumentNumber,
    ExternalRef,
    FiscalPeriodRecord,
    Line,
    PartyData,
)
from invoicing.amounts import line_net, percentage_of, vat_per_line

CENT, ZERO = Decimal("0.01"), Decimal("0.00")
_TEXTS = (
    "Consulting, March",
    "",
    "   ",
    'O\'Neill & Zonen <bv> "quoted"',
    "]]> <![CDATA[ &amp; &#0; -->",
    "Überprüfung façade œuvre ÿ ł ș",
    "Ελληνικά עברית العربية 漢字",
    "Stroopwafels 🧇👩‍👩‍👧‍👦 e\u0301 \u200b\u202e\ufeff",
    "first line\nsecond\r\nthird\tfourth\u2028fifth",
    "bell \x07 escape \x1b vertical \x0b unit \x1f delete \x7f \x85 \ufffe",
    "x" * 39 + "é🧇",
    "lang " * 120,
    "\\\"{}[]%s %(name)s ${x} '; DROP TABLE --",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    percentage: Decimal
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What documents of one side may name: the tool's codes."""

    rates: tuple[Rate, ...]
    accounts: tuple[AccountRef, ...]
    parties: tuple[ExternalRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A tool as far as documents name it. `last_numbers`: by book year and journal, where the caller numbers."""

    kinds: tuple[DocumentKind, ...]
    sales: Side
    purchases: Side | None
    journals: Mapping[DocumentKind, str]
    first_day: date
    last_day: date
    periods: tuple[FiscalPeriodRecord, ...] = ()
    currencies: tuple[str, ...] = ("EUR",)
    terms: tuple[str, ...] = ("",)
    contacts_inline: bool = False
    last_numbers: dict[tuple[str, str], int] | None = field(default=None)


def documents(facts: Facts, count: int, seed: str) -> Iterator[Document]:
    """`count` documents in date order."""
    dice = random.Random(seed)
    span = (facts.last_day - facts.first_day).days
    for n in range(count):
        yield _document(facts, dice, n, facts.first_day + timedelta(days=n * span // max(1, count)))


def _document(facts: Facts, dice: random.Random, n: int, day: date) -> Document:
    kind = facts.kinds[n % len(facts.kinds)]
    side = facts.sales if kind.is_sales or facts.purchases is None else facts.purchases
    lines = _lines(side, dice)
    journal = facts.journals.get(kind, "")
    period = next((one for one in facts.periods if one.start <= day <= one.end), None)
    party = dice.choice(side.parties) if side.parties else ExternalRef(external_id="")
    data = None
    if facts.contacts_inline:
        mark = f"BB-{dice.randrange(200):06}"
        party, data = ExternalRef(external_id=mark, code=mark), _party(mark)
    currency = dice.choice(facts.currencies) if n % 19 == 9 else "EUR"
    reference = f"{dice.choice(['', 'F/', 'INV-', '26.'])}{day.year}{n:06}"
    return Document(
        key=f"{dice.getrandbits(32):08x}-2222-4333-8444-{dice.getrandbits(48):012x}",
        reference=reference,
        kind=kind,
        journal=journal,
        date=day,
        due_date=day + timedelta(days=dice.choice([0, 14, 30, 61])),
        party=party,
        lines=tuple(lines),
        currency=currency,
        exchange_rate=Decimal(1) if currency == "EUR" else Decimal(dice.randrange(500_000, 1_500_000)).scaleb(-6),
        description=f"{reference} {dice.choice(_TEXTS)}".strip(),
        payment_term_code=dice.choice(facts.terms),
        payment_reference=_structured(dice.randrange(1, 10**10)) if kind is DocumentKind.SALES_INVOICE else "",
        direct_debit=n % 13 == 4,
        number=_number(facts, journal, period),
        period=period.external_id if period is not None else "",
        party_data=data,
    )


def _number(facts: Facts, journal: str, period: FiscalPeriodRecord | None) -> DocumentNumber | None:
    if facts.last_numbers is None or period is None:
        return None
    place = period.book_year, journal
    facts.last_numbers[place] = facts.last_numbers.get(place, 0) + 1
    return DocumentNumber(book_year=period.book_year, journal=journal, number=facts.last_numbers[place])


def _structured(number: int) -> str:
    digits = f"{number:010}{number % 97 or 97:02}"
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def _party(mark: str) -> PartyData:
    """A customer that is the same every time its mark comes up."""
    dice = random.Random(mark)
    return PartyData(
        reference=mark,
        name=f"{mark} {dice.choice(_TEXTS)}".strip(),
        street=f"Kade {dice.randrange(1, 400)}",
        postcode=str(dice.randrange(1000, 9999)),
        city="Gent",
        country="BE",
        language=dice.choice(["nl", "fr", "en"]),
        email="boek@oneill.example",
    )


# --- lines ------------------------------------------------------------------------------------------------------------


def _lines(side: Side, dice: random.Random) -> list[Line]:
    """Lines whose total is above zero, their VAT per rate rounded once and spread over them."""
    rates = dice.sample(side.rates, k=min(len(side.rates), dice.choice([1, 1, 1, 2, 2, 3])))
    size = dice.choice([1, 1, 2, 2, 3, 5, 8]) if dice.random() < 0.97 else dice.choice([40, 40, 40, 200])
    while True:
        found: list[Line] = []
        for rate in rates:
            nets = [_net(dice) for _ in range(max(1, size // len(rates)))]
            if dice.random() < 0.2:
                nets.append(-percentage_of(sum(nets, ZERO), dice.choice([Decimal("2.5"), Decimal(10), Decimal(50)])))
            found += _of_one_rate(side, rate, nets, dice)
        if dice.random() < 0.5:
            dice.shuffle(found)
        total = sum((line.net + line.vat for line in found), ZERO)
        if total < 0:
            found = [replace(line, net=-line.net + ZERO, vat=-line.vat + ZERO) for line in found]
        if total:
            return found


def _of_one_rate(side: Side, rate: Rate, nets: Sequence[Decimal], dice: random.Random) -> list[Line]:
    base = sum(nets, ZERO)
    vat = percentage_of(base, rate.percentage)
    if abs(vat) > 1 and dice.random() < 0.1:
        # Another rounding than ours, as on a document that somebody else made.
        vat += dice.choice([-2, -1, 1, 2]) * CENT
    return [
        Line(
            description=dice.choice(_TEXTS),
            net=net,
            vat=part,
            vat_code=rate.code,
            ledger_account=dice.choice(side.accounts),
            quantity=dice.choice([None, Decimal(1), Decimal("2.5"), Decimal("-3"), Decimal("0.3333")]),
            taxed=rate.percentage != 0,
        )
        for net, part in zip(nets, vat_per_line(nets, rate.percentage, vat), strict=True)
    ]


def _net(dice: random.Random) -> Decimal:
    """A line's amount: mostly quantity times price, now and then a cent, nothing, a fortune, or taken back."""
    throw = dice.random()
    if throw < 0.70:
        price = Decimal(dice.randrange(1, 900_000)) / 1000
        return line_net(Decimal(dice.randrange(1, 300)) / 10, price, dice.choice([ZERO, Decimal("12.5")]))
    if throw < 0.80:
        return Decimal(dice.randrange(1, 12)) * CENT
    if throw < 0.85:
        return ZERO
    if throw < 0.97:
        return -Decimal(dice.randrange(1, 200_000)) * CENT
    return Decimal(dice.randrange(10**8, 10**10)) * CENT
