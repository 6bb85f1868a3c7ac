"""What the bridge to the books says of an expense. Invoicing knows no bridge: who connects entities registers here."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AbstractBaseUser

from ...models import PurchaseDocument

Lookup = Callable[[PurchaseDocument], bool]
Count = Callable[[PurchaseDocument], int]
LeaveOut = Callable[[PurchaseDocument, AbstractBaseUser | None], None]

_handled: list[Lookup] = []
_booked_by_us: list[Lookup] = []
_without_account: list[Count] = []
_may_be_there: list[Lookup] = []
_stands_there: list[Lookup] = []
_held_up: list[Lookup] = []
_leave_out: list[LeaveOut] = []


def register(
    *,
    handled: Lookup,
    booked_by_us: Lookup,
    without_account: Count,
    may_be_there: Lookup,
    stands_there: Lookup,
    held_up: Lookup,
    leave_out: LeaveOut,
) -> None:
    """Register questions about a document, and one verb; the same function twice changes nothing.

    `handled`: whether a connection sends it. `booked_by_us`: whether it makes the booking too, line by line, instead of
    handing over a file; `without_account`: how many lines it would then hold back, since neither they nor their VAT rate
    have a ledger account. `may_be_there`: whether it was claimed for sending, so that the books have it or may have it;
    `stands_there`: the same, but for what the tool refused. `held_up`: whether it cannot go as it is. `leave_out`: keep
    what is held up out of the books for good.
    """
    questions = (
        (_handled, handled),
        (_booked_by_us, booked_by_us),
        (_may_be_there, may_be_there),
        (_stands_there, stands_there),
        (_held_up, held_up),
    )
    for known, lookup in questions:
        if lookup not in known:
            known.append(lookup)
    if without_account not in _without_account:
        _without_account.append(without_account)
    if leave_out not in _leave_out:
        _leave_out.append(leave_out)


def handled_by_connection(document: PurchaseDocument) -> bool:
    return any(lookup(document) for lookup in _handled)


def booked_by_us(document: PurchaseDocument) -> bool:
    return any(lookup(document) for lookup in _booked_by_us)


def lines_without_account(document: PurchaseDocument) -> int:
    return sum(count(document) for count in _without_account)


def may_be_in_books(document: PurchaseDocument) -> bool:
    """Ask it in the transaction that changes the document, with its row locked: a claim locks that row too."""
    return any(lookup(document) for lookup in _may_be_there)


def stands_in_books(document: PurchaseDocument) -> bool:
    return any(lookup(document) for lookup in _stands_there)


def is_held_up(document: PurchaseDocument) -> bool:
    return any(lookup(document) for lookup in _held_up)


def leave_out(document: PurchaseDocument, by: AbstractBaseUser | None) -> None:
    """Keep a document that is held up out of the books for good. NotPossible: it moved on meanwhile."""
    for verb in _leave_out:
        verb(document, by)
