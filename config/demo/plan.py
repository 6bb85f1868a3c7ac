"""What the demo consists of, read from the files in `data/`: records only, no database.

A document names the outcome that is expected in each book it could go to, in one phrase: a state, then the
catalogue codes, then what is remarked without blocking: "blocked PER-502", "posted, info APP-110".
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "data"
ENTITIES = ("E1", "E2", "E3", "E4")

# Blocked: held up here. Refused: the tool itself said no.
POSTED, BLOCKED, REFUSED, NOT_IN_SCOPE = "posted", "blocked", "refused", "not_in_scope"
_STATES = (POSTED, BLOCKED, REFUSED, NOT_IN_SCOPE)


@dataclass(frozen=True, slots=True)
class Expectation:
    """How a document must stand in a book after a sync."""

    state: str  # posted | blocked | refused | not_in_scope
    codes: tuple[str, ...] = ()
    info: tuple[str, ...] = ()

    @classmethod
    def parse(cls, phrase: str) -> Expectation:
        """Return the expectation a phrase says. ValueError when it is none."""
        head, _, tail = phrase.partition(", info ")
        state, *codes = head.split() or [""]
        if state not in _STATES or (state == POSTED) == bool(codes):
            raise ValueError(f"Not an expectation: {phrase!r}")
        return cls(state, tuple(codes), tuple(tail.split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    rate: str
    account: str | None  # None: nothing on the line, so the link of its VAT rate decides
    net: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPayment:
    paid_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDocument:
    entity: str
    kind: str
    number: str  # empty: stays a draft
    order: str  # what finds a draft again, as its customer's reference
    day: date
    due: date
    party: str
    language: str
    term: str
    currency: str
    exchange_rate: Decimal
    credits: str
    lines: tuple[PlannedLine, ...]
    discounts: tuple[tuple[Decimal, dict[str, Decimal]], ...]  # percentage, amount per rate
    per_rate: dict[str, tuple[Decimal, Decimal]]  # base and VAT, signed as the document is
    net: Decimal
    vat: Decimal
    total: Decimal
    payments: tuple[PlannedPayment, ...]
    expect: dict[str, Expectation]

    @property
    def name(self) -> str:
        """What people call it: the number, or a draft's order."""
        return self.number or self.order

    @property
    def goes_out_as_credit_note(self) -> bool:
        """A credit note, or an invoice below zero, which the books take as one."""
        return self.kind == "credit_note" or self.total < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPlan:
    """What a person would choose in the wizard for one entity and one set of books."""

    key: str
    entity: str
    tool: str
    site: str
    book: str
    administration: str
    connect: bool
    start_date: date
    default_payment_term: str | None
    discount_account: str | None
    default_ledger_account: str | None
    journals: dict[str, str]  # empty: the tool has none
    vat_links: dict[str, dict[str, str]]  # direction -> our rate -> the tool's code
    ledger_links: dict[str, dict[str, str]] = field(default_factory=dict)


def read(name: str) -> Any:
    """Return the content of a data file."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@functools.cache
def plans() -> tuple[ConnectionPlan, ...]:
    """Every plan; those with `connect` are walked by the demo."""
    return tuple(
        ConnectionPlan(**{**row, "start_date": date.fromisoformat(row["start_date"])}) for row in read("plans")
    )


@functools.cache
def documents(entity: str) -> tuple[PlannedDocument, ...]:
    """Return the planned documents of an entity (E1 to E4) in the order they are booked in."""
    country = next(row["country"] for row in read("entities") if row["key"] == entity)
    products = {row["key"]: row for row in read("products")}
    return tuple(_document(entity, country, products, row) for row in read(f"documents-{entity.lower()}"))


def _document(entity: str, country: str, products: dict[str, Any], row: dict[str, Any]) -> PlannedDocument:
    return PlannedDocument(
        entity=entity,
        kind=row["kind"],
        number=row.get("number", ""),
        order=row.get("draft", ""),
        day=date.fromisoformat(row["date"]),
        due=date.fromisoformat(row["due"]),
        party=row["party"],
        language=row["language"],
        term=row["term"],
        currency=row.get("currency", "EUR"),
        exchange_rate=Decimal(row.get("exchange_rate", "1")),
        credits=row.get("credits", ""),
        lines=tuple(_line(country, row["language"], products, line) for line in row["lines"]),
        discounts=tuple(
            (Decimal(percentage), {rate: Decimal(amount) for rate, amount in amounts.items()})
            for percentage, amounts in row.get("discounts", ())
        ),
        per_rate={rate: (Decimal(base), Decimal(vat)) for rate, (base, vat) in row["per_rate"].items()},
        net=Decimal(row["net"]),
        vat=Decimal(row["vat"]),
        total=Decimal(row["total"]),
        payments=tuple(
            PlannedPayment(paid_on=date.fromisoformat(day), amount=Decimal(amount))
            for day, amount in row.get("payments", ())
        ),
        expect={book: Expectation.parse(phrase) for book, phrase in row["expect"].items()},
    )


def _line(country: str, language: str, products: dict[str, Any], row: dict[str, Any]) -> PlannedLine:
    product = products.get(row.get("product", ""))
    return PlannedLine(
        description=row.get("text") or products[row["product"]]["texts"][language],
        quantity=Decimal(row["quantity"]),
        unit_price=Decimal(row["price"]),
        discount=Decimal(row.get("discount", "0")),
        rate=row["rate"],
        account=row["account"] if "account" in row else product and product["accounts"][country],
        net=Decimal(row["net"]),
    )
