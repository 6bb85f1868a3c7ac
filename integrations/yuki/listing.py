"""What stands in the books of Yuki, read from its lists: transactions, open items, the archive. Pure, but for paging.

Transactions are the bookings themselves: of one administration, with document, contact, VAT and matching where
asked. Open items and the archive fill up later, and the archive mixes the administrations of a domain.
Source: vendor notes, accounting; the vendor's article on GetTransactions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..base.errors import Unreachable
from ..base.records import BookedRecord, BookedTotals, DocumentKind, DocumentRef, VatTotal
from .answers import sales_ref
from .limits import SURELY_MORE
from .mapping import DESCRIBED_TYPES, vat_key
from .soap import Element, child, descendants, value
from .unsure import DEFAULT_READINGS, Readings
from .values import amount, clean, day, decimal, guid, whole

SALES_FOLDER, PURCHASE_FOLDER = 2, 1
_ZERO = Decimal("0.00")
_MOST_PAGES = 200


# --- records --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One ledger line; debit positive."""

    id: str
    amount: Decimal
    account: str
    document_id: str = ""
    reference: str = ""
    folder: int | None = None
    contact_id: str = ""
    contact_code: str = ""
    vat_key: str = ""
    vat_type: int | None = None
    matched_on: date | None = None
    date: date  # below it the word means the field, so no type after it may need it


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A document as far as a list shows it. Amounts are signed: the customer's debt is positive."""

    reference: str
    document_id: str
    total: Decimal | None
    contact_id: str = ""
    contact_code: str = ""
    net: Decimal | None = None
    per_vat_code: tuple[VatTotal, ...] | None = None
    accounts: tuple[str, ...] | None = None  # of its result lines, sorted
    matched_on: date | None = None  # every line of the debt is matched; the latest day
    date: date

    @property
    def kind(self) -> DocumentKind:
        """An invoice, or a credit note when it lowers the debt."""
        lowers = self.total is not None and self.total < 0
        return DocumentKind.SALES_CREDIT_NOTE if lowers else DocumentKind.SALES_INVOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """One row of the open items; amounts with the signs of the list."""

    reference: str
    document_id: str
    date: date | None
    original: Decimal
    open: Decimal
    contact_id: str = ""
    contact_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRow:
    document_id: str
    reference: str
    file_name: str
    date: date | None
    amount: Decimal | None


# --- reading --------------------------------------------------------------------------------------------------


def transaction(node: Element) -> Transaction | None:
    """A ledger line; None for one without date or amount."""
    on, size = day(value(node, "transactionDate")), amount(value(node, "amount"))
    if on is None or size is None:
        return None
    vat = child(node, "vat")
    kind, percentage = whole(value(vat, "codeType")), decimal(value(vat, "codePercentage"))
    known = kind is not None and percentage is not None
    return Transaction(
        id=value(node, "id"),
        date=on,
        amount=size,
        account=value(node, "glAccountCode"),
        document_id=guid(value(node, "document/id")),
        reference=value(node, "document/reference"),
        folder=whole(value(node, "document/folderId")),
        contact_id=guid(value(node, "contact/id")),
        contact_code=value(node, "contact/contactCode"),
        vat_key=vat_key(kind, percentage) if kind is not None and percentage is not None else "",
        vat_type=kind if known else None,
        matched_on=day(value(node, "documentMatched/matchDate")),
    )


def open_item(node: Element) -> OpenItem | None:
    """A row of the open items; None for one without amounts. Neither its type nor its labels are looked at."""
    original, left = amount(value(node, "OriginalAmount")), amount(value(node, "OpenAmount"))
    if original is None or left is None:
        return None
    return OpenItem(
        reference=value(node, "Reference"),
        document_id=guid(value(node, "DocumentID")),
        date=day(value(node, "Date")),
        original=original,
        open=left,
        contact_id=guid(value(node, "ContactID")),
        contact_code=value(node, "ContactCode"),
    )


def open_items(result: Element | None) -> list[OpenItem]:
    """All rows of an answer, whatever wraps them."""
    return [found for node in descendants(result, "Item") if (found := open_item(node)) is not None]


def archive_row(node: Element) -> ArchiveRow:
    return ArchiveRow(
        document_id=guid(node.get("ID")),
        reference=value(node, "Reference"),
        file_name=value(node, "FileName"),
        date=day(value(node, "DocumentDate")),
        amount=amount(value(node, "Amount")),
    )


def records(read_page: Callable[[int], Sequence[Element]], key: Callable[[Element], str]) -> Iterator[Element]:
    """All records of a list in pages. Whether the first is number 0 or 1 is UNSURE, so pages may overlap by one.

    Raises Unreachable when the list does not end: a part of it must not pass for all.
    """
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = read_page(len(seen))
        fresh = {key(node): node for node in page if key(node) not in seen}
        seen.update(fresh)
        yield from fresh.values()
        # Not less than was asked for: one page too many costs a call, one too few would hide a booking.
        if not fresh or len(page) < SURELY_MORE:
            return
    raise Unreachable("a list does not end")


# --- bookings from transactions -------------------------------------------------------------------------------


def _is(account: str, name: str, readings: Readings) -> bool:
    chart = readings.charts.get(len(account))
    return chart is not None and account.startswith(getattr(chart, name))


def bookings(lines: Sequence[Transaction], readings: Readings = DEFAULT_READINGS) -> list[Booking]:
    """The sales documents that the lines belong to. Lines of a bank statement belong to a document of their own."""
    groups: dict[str, list[Transaction]] = defaultdict(list)
    for line in lines:
        if line.folder == SALES_FOLDER and (line.document_id or line.reference):
            groups[line.document_id or line.reference].append(line)
    return [_booking(group, readings) for group in groups.values()]


def _booking(lines: Sequence[Transaction], readings: Readings) -> Booking:
    debts = [line for line in lines if _is(line.account, "debtors", readings)]
    results = [line for line in lines if _is(line.account, "results", readings)]
    taxes = [line for line in lines if line not in debts and line not in results]
    total = sum((line.amount for line in debts), _ZERO) if debts else None
    net = -sum((line.amount for line in results), _ZERO) if results else None
    first = (debts or lines)[0]
    matched = [line.matched_on for line in debts]
    days = [on for on in matched if on is not None]
    return Booking(
        reference=first.reference,
        document_id=first.document_id,
        date=first.date,
        total=total,
        contact_id=first.contact_id,
        contact_code=first.contact_code,
        net=net,
        per_vat_code=_per_vat_code(results, taxes, total, net),
        accounts=tuple(sorted(line.account for line in results)) if results else None,
        matched_on=max(days) if days and len(days) == len(debts) else None,
    )


def _per_vat_code(
    results: Sequence[Transaction], taxes: Sequence[Transaction], total: Decimal | None, net: Decimal | None
) -> tuple[VatTotal, ...] | None:
    """Base and VAT per code, only where every line tells its code and they add up."""
    if total is None or net is None or any(not line.vat_key for line in (*results, *taxes)):
        return None
    if any(line.vat_type in DESCRIBED_TYPES for line in results):
        return None  # the transactions do not say which of several codes it was
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for place, group in enumerate((results, taxes)):
        for line in group:
            sums[line.vat_key][place] -= line.amount
    if sum((row[1] for row in sums.values()), _ZERO) != total - net:
        return None
    return tuple(VatTotal(vat_code=key, base=base + 0, vat=vat + 0) for key, (base, vat) in sorted(sums.items()))


def totals_of(booking: Booking, kind: DocumentKind) -> BookedTotals | None:
    """What a list says was booked, positive inside `kind`; None when it shows no total.

    A booking in the wrong direction comes out negative, and so never equals what was sent.
    """
    if booking.total is None:
        return None
    sign = -1 if kind.is_credit_note else 1
    net = None if booking.net is None else sign * booking.net + 0
    total = sign * booking.total + 0
    per_code = booking.per_vat_code
    return BookedTotals(
        net=net,
        vat=None if net is None else total - net,
        total=total,
        per_vat_code=None
        if per_code is None
        else tuple(
            VatTotal(vat_code=row.vat_code, base=sign * row.base + 0, vat=sign * row.vat + 0) for row in per_code
        ),
    )


def from_open_item(item: OpenItem, kind: DocumentKind | None = None) -> Booking | None:
    """A booking as the open items show it. UNSURE whether a credit invoice is negative there: with a kind to compare
    with, only the size of its amount is taken."""
    if item.date is None:
        return None
    total = item.original
    if kind is not None and kind.is_credit_note:
        total = -abs(total)
    return Booking(
        reference=item.reference,
        document_id=item.document_id,
        date=item.date,
        total=total,
        contact_id=item.contact_id,
        contact_code=item.contact_code,
    )


def booked_record(line: Transaction) -> BookedRecord | None:
    """A ledger line of what is owed, as the booking of a sales or purchase document; None for anything else."""
    if line.folder == SALES_FOLDER:
        kind = DocumentKind.SALES_CREDIT_NOTE if line.amount < 0 else DocumentKind.SALES_INVOICE
    elif line.folder == PURCHASE_FOLDER:
        kind = DocumentKind.PURCHASE_CREDIT_NOTE if line.amount > 0 else DocumentKind.PURCHASE_INVOICE
    else:
        return None
    number = clean(line.reference)
    ref = (
        sales_ref(number or line.document_id, year=line.date.year, kind=kind)
        if kind.is_sales
        else DocumentRef(external_id=line.document_id, number=number, fiscal_year=str(line.date.year), kind=kind)
    )
    return BookedRecord(
        ref=ref,
        reference=number,
        kind=kind,
        party_external_id=line.contact_id,
        date=line.date,
        total=abs(line.amount),
    )
