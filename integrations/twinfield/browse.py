"""Browse: lines of entries as a table, by the columns and filters asked for. Pure.

Code 100 shows the lines of customers, 200 those of suppliers, bank entries included, so lines are picked by their day
book, here or by whoever asks for all. Amounts are signed as the ledger has them: debit positive. Source: vendor notes, payment status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..base.records import BookedRecord, DocumentKind, DocumentRef
from .keys import CUSTOMER, SUPPLIER, entry_key, party_key
from .markup import Node, attribute, child, children, element, leaf, text
from .values import amount, day

PERIOD = "fin.trs.head.yearperiod"
CODE = "fin.trs.head.code"
NUMBER = "fin.trs.head.number"
DATE = "fin.trs.head.date"
CURRENCY = "fin.trs.head.curcode"
RELATION = "fin.trs.line.dim2"
REFERENCE = "fin.trs.line.invnumber"
MATCH_STATUS = "fin.trs.line.matchstatus"
MATCH_DATE = "fin.trs.line.matchdate"
MODIFIED = "fin.trs.line.modified"
VALUE, OPEN = "fin.trs.line.valuesigned", "fin.trs.line.openvaluesigned"
BASE_VALUE, BASE_OPEN = "fin.trs.line.basevaluesigned", "fin.trs.line.openbasevaluesigned"
_IN_BASE = {VALUE: BASE_VALUE, OPEN: BASE_OPEN}
BOOKED = (PERIOD, CODE, NUMBER, DATE, CURRENCY, RELATION, VALUE, REFERENCE)
PAID = (PERIOD, CODE, NUMBER, CURRENCY, VALUE, OPEN, REFERENCE, MATCH_STATUS, MATCH_DATE)
# Opening and year-end entries stand in periods of their own.
_FIRST_PERIOD, _LAST_PERIOD = "00", "55"


def code_for(is_sales: bool) -> str:
    return "100" if is_sales else "200"


def columns(
    is_sales: bool,
    shown: Sequence[str],
    *,
    daybook: str,
    years: tuple[int, int],
    equal: dict[str, str] | None = None,
    since: str = "",
    in_base: bool = False,
    bare: bool = False,
) -> Node:
    """A browse of a day book (empty: of all) over book years, with the columns shown; `since` asks for lines changed from then on."""
    first, last = years
    filters = {
        PERIOD: ("between", f"{first}/{_FIRST_PERIOD}", f"{last}/{_LAST_PERIOD}"),
        **({CODE: ("equal", daybook, "")} if daybook else {}),
        **{name: ("equal", value, "") for name, value in (equal or {}).items()},
    }
    fields = list(dict.fromkeys([*shown, *(equal or {})]))
    if since:
        fields.append(MODIFIED)
        filters[MODIFIED] = ("between", since, "")
    nodes = []
    for place, field in enumerate(fields, 1):
        operator, low, high = filters.get(field, ("none", "", ""))
        nodes.append(
            element(
                "column",
                leaf("field", _IN_BASE.get(field, field) if in_base else field),
                leaf("label", field.rpartition(".")[2]),
                leaf("visible", "true"),
                leaf("ask", "true" if operator != "none" else "false"),
                leaf("operator", operator),
                leaf("from", low),
                leaf("to", high),
                leaf("finderparam", "hidden=1" if field == CODE else ""),
                id=str(place),
            )
        )
    attributes = {"code": code_for(is_sales)} | ({"optimize": "true"} if bare else {})
    return element("columns", *nodes, **attributes)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by field, and the entry it belongs to."""

    cells: dict[str, str]
    daybook: str
    number: str

    @property
    def key(self) -> str:
        return entry_key(self.daybook, self.number)

    def text(self, field: str) -> str:
        return self.cells.get(field, "")

    def amount(self, field: str) -> Decimal | None:
        return amount(self.cells.get(field, ""))

    def day(self, field: str) -> date | None:
        return day(self.cells.get(field, ""))


class Malformed(Exception):
    """A table whose cells do not fit its columns."""


def rows_of(asked: Node, answer: Node, *, in_base: bool = False) -> list[Row]:
    """The lines of an answer. Cells go by their own field where they carry one, else by position. Raises Malformed."""
    fields = [text(column, "field") for column in children(asked, "column")]
    turned = {base: field for field, base in _IN_BASE.items()} if in_base else {}
    found = []
    for line in children(answer, "tr"):
        cells = list(children(line, "td"))
        if len(cells) != len(fields):
            raise Malformed(f"{len(cells)} cells for {len(fields)} columns")
        values = {}
        for field, cell in zip(fields, cells, strict=True):
            named = attribute(cell, "field") or field
            values[turned.get(named, named)] = (cell.text or "").strip()
        key = child(line, "key")
        daybook = text(key, "code") or values.get(CODE, "")
        number = text(key, "number") or values.get(NUMBER, "")
        if not daybook or not number.isdigit():
            raise Malformed("a line without day book or number")
        found.append(Row(values, daybook, number))
    return found


def kind_of(is_sales: bool, value: Decimal) -> DocumentKind:
    """Invoice or credit note, by the side of the relation's line: sales invoices are debit, purchases credit."""
    if is_sales:
        return DocumentKind.SALES_INVOICE if value >= 0 else DocumentKind.SALES_CREDIT_NOTE
    return DocumentKind.PURCHASE_INVOICE if value <= 0 else DocumentKind.PURCHASE_CREDIT_NOTE


def booked_record(row: Row, is_sales: bool) -> BookedRecord | None:
    """An entry of a table, None for one without date or amount."""
    value, booked_on = row.amount(VALUE), row.day(DATE)
    if value is None or booked_on is None:
        return None
    kind = kind_of(is_sales, value)
    relation = row.text(RELATION)
    return BookedRecord(
        ref=DocumentRef(
            external_id=row.key,
            number=row.number,
            journal=row.daybook,
            fiscal_year=row.text(PERIOD)[:4],
            kind=kind,
        ),
        reference=row.text(REFERENCE),
        kind=kind,
        party_external_id=party_key(CUSTOMER if is_sales else SUPPLIER, relation) if relation else "",
        date=booked_on,
        total=abs(value),
        currency=row.text(CURRENCY) or "EUR",
    )
