"""Compares what came out with what was planned: our documents, their postings, the tool's books, the payments.

Pure: records in, deviations out. An empty list is the proof that `make demo ONCE=1` gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from .plan import BLOCKED, NOT_IN_SCOPE, POSTED, REFUSED, ConnectionPlan, PlannedDocument

ZERO = Decimal("0.00")
Amounts = dict[str, tuple[Decimal, Decimal]]  # VAT rate or code -> base and VAT


@dataclass(frozen=True, slots=True, kw_only=True)
class OurDocument:
    """A document as it stands with us, and its posting if there is one."""

    name: str
    booked: bool
    credit_note: bool
    currency: str
    total: Decimal
    per_rate: Amounts
    state: str = ""  # of the posting; empty: there is none
    code: str = ""
    reason: str = ""  # the sentence a person reads about the state
    headline: str = ""  # its short form
    notes: tuple[str, ...] = ()
    external_id: str = ""
    number_in_tool: str = ""
    payment_state: str = "open"
    paid_amount: Decimal = ZERO

    @property
    def signed_total(self) -> Decimal:
        """The total, counted down for a credit note."""
        return -self.total if self.credit_note else self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEntry:
    """A sales entry as it stands in the tool's books; amounts are positive for what the kind says."""

    external_id: str
    reference: str
    credit_note: bool
    date: str
    currency: str
    journal: str
    number: str
    total: Decimal
    per_code: Amounts
    open_amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that is not as planned."""

    document: str
    what: str

    def __str__(self) -> str:
        return f"{self.document}: {self.what}" if self.document else self.what


@dataclass(slots=True)
class Findings:
    """Collects deviations; `same` reports a pair of values that differ."""

    list: list[Deviation] = field(default_factory=list)

    def add(self, document: str, what: str) -> None:
        self.list.append(Deviation(document, what))

    def same(self, document: str, what: str, planned: object, found: object) -> None:
        if planned != found:
            self.add(document, f"{what} is {found}, planned {planned}")


def check_states(
    plan: ConnectionPlan, planned: Sequence[PlannedDocument], ours: Mapping[str, OurDocument]
) -> list[Deviation]:
    """Compare numbers, totals, states, codes and remarks of our documents with the plan."""
    findings = Findings()
    for document in planned:
        found = ours.get(document.name)
        if found is None:
            findings.add(document.name, "does not exist here")
            continue
        findings.same(document.name, "credit note", document.kind == "credit_note", found.credit_note)
        findings.same(document.name, "currency here", document.currency, found.currency)
        findings.same(document.name, "booked", bool(document.number), found.booked)
        findings.same(document.name, "total here", document.total, found.total)
        findings.same(document.name, "VAT per rate here", _text(document.per_rate), _text(found.per_rate))
        _check_state(findings, plan.book, document, found)
    return findings.list


def _check_state(findings: Findings, book: str, document: PlannedDocument, found: OurDocument) -> None:
    expected = document.expect[book]
    state = found.state or NOT_IN_SCOPE
    reason = f" ({found.code})" if found.code else ""
    if state != expected.state:
        findings.add(document.name, f"is {state}{reason}, planned {expected.state} {' '.join(expected.codes)}".rstrip())
        return
    if expected.state in (BLOCKED, REFUSED):
        findings.same(document.name, "reason", " ".join(expected.codes), found.code)
    if expected.state == POSTED:
        findings.same(document.name, "remarks", sorted(expected.info), sorted(set(found.notes)))


def check_books(
    plan: ConnectionPlan,
    planned: Sequence[PlannedDocument],
    ours: Mapping[str, OurDocument],
    before: Sequence[BookEntry],
    after: Sequence[BookEntry],
) -> list[Deviation]:
    """Compare the sales entries with the plan: each planned one once and to the cent, no other new or changed."""
    findings = Findings()
    stood = {entry.external_id: entry for entry in before}
    for entry in after:
        former = stood.pop(entry.external_id, None)
        if former is not None and replace(former, open_amount=entry.open_amount) != entry:
            findings.add(entry.reference, "stood in the books before and was changed")
    for gone in stood.values():
        findings.add(gone.reference, "stood in the books before and is gone")
    known = {entry.external_id for entry in before}
    new = [entry for entry in after if entry.external_id not in known]
    times = Counter(entry.reference for entry in new)
    by_reference = {entry.reference: entry for entry in new}
    wanted = {document.number: document for document in planned if document.expect[plan.book].state == POSTED}
    for reference, count in times.items():
        if reference not in wanted:
            findings.add(reference or "an entry without reference", "is in the books and should not be")
        elif count > 1:
            findings.add(reference, f"is in the books {count} times")
    for number, document in wanted.items():
        booked = by_reference.get(number)
        if booked is None:
            findings.add(number, "is not in the books")
        else:
            _check_entry(findings, plan, document, ours.get(number), booked)
    return findings.list


def _check_entry(
    findings: Findings, plan: ConnectionPlan, document: PlannedDocument, ours: OurDocument | None, entry: BookEntry
) -> None:
    sign = -1 if document.total < 0 else 1
    credit_note = document.goes_out_as_credit_note
    journal = plan.journals.get("credit_note" if credit_note else "invoice", "")
    name = document.number
    findings.same(name, "credit note in the books", credit_note, entry.credit_note)
    findings.same(name, "journal", journal, entry.journal)
    findings.same(name, "date in the books", document.day.isoformat(), entry.date)
    findings.same(name, "currency in the books", document.currency, entry.currency)
    findings.same(name, "total in the books", document.total * sign, entry.total)
    codes = plan.vat_links["sales"]
    per_code: Amounts = {}
    for rate, (base, vat) in document.per_rate.items():
        former = per_code.get(codes[rate], (ZERO, ZERO))
        per_code[codes[rate]] = (former[0] + base * sign, former[1] + vat * sign)
    findings.same(name, "VAT per code in the books", _text(per_code), _text(entry.per_code))
    if ours is not None:
        findings.same(name, "id in the tool", entry.external_id, ours.external_id)
        findings.same(name, "number in the tool", entry.number, ours.number_in_tool)


def check_runs(runs: Sequence[Mapping[str, object]]) -> list[Deviation]:
    """A sync that was stopped is a deviation; one that ended, with or without issues, is not."""
    findings = Findings()
    for number, run in enumerate(runs, 1):
        if run["state"] not in ("succeeded", "with_issues"):
            findings.add("", f"sync {number} ended as {run['state']} ({run['error']})")
    return findings.list


def check_relations(before: int, created: int, after: int, last: int) -> list[Deviation]:
    """The tool has as many relations more as were created by the first sync, and the second one added none."""
    findings = Findings()
    findings.same("", "number of relations there", before + created, after)
    findings.same("", "number of relations there after the second sync", after, last)
    return findings.list


def check_payments(
    plan: ConnectionPlan, planned: Sequence[PlannedDocument], ours: Mapping[str, OurDocument]
) -> list[Deviation]:
    """Compare payment states and amounts with the planned payments of what was posted; all else must be open."""
    findings = Findings()
    for document in planned:
        found = ours.get(document.name)
        if found is None:
            continue
        state, amount = planned_payment(plan, document)
        findings.same(document.name, "payment", state, found.payment_state)
        findings.same(document.name, "paid amount", amount, found.paid_amount)
    return findings.list


def planned_payment(plan: ConnectionPlan, document: PlannedDocument) -> tuple[str, Decimal]:
    """The payment state and amount a document must have once the planned payments are back."""
    if document.expect[plan.book].state != POSTED:
        return "open", ZERO
    amount = sum((payment.amount for payment in document.payments), ZERO)
    if amount == ZERO:
        return "open", ZERO
    return ("paid" if amount >= abs(document.total) else "partly_paid"), amount


def signed_total(entries: Iterable[BookEntry]) -> Decimal:
    """What the entries come to together, credit notes counted down."""
    return sum((-entry.total if entry.credit_note else entry.total for entry in entries), ZERO)


def _text(amounts: Mapping[str, tuple[Decimal, Decimal]]) -> str:
    """Amounts in one order and one form, so that they can be compared and read."""
    return ", ".join(f"{key}: {base:.2f} + {vat:.2f}" for key, (base, vat) in sorted(amounts.items()))
