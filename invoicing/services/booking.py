"""Booking: a draft gets its number and becomes final.

The number is taken from the fiscal year inside the transaction that books, by an update that counts up and
holds the row until the commit. Who fails afterwards takes the count back with everything else, so numbers have
no gap and no double, with any number of bookers on either database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import actor_name

from ..errors import BookingRefused, InvoicingError, Problem
from ..models import DocumentStatus, FiscalYear, SalesDocument, SalesKind
from ..references import document_number, structured_communication
from ..snapshots import buyer_snapshot, seller_snapshot
from . import contents
from .checks import find_problems, years_of
from .contents import Contents
from .log import log_document

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPreview:
    """What booking would do now. `number` is empty without a fiscal year, and another booker may still take it.

    `seen`: a mark of what is shown, which `book` compares.
    """

    number: str
    day: date
    due_date: date
    net: Decimal
    vat: Decimal
    total: Decimal
    currency: str
    problems: tuple[Problem, ...]
    seen: str

    @property
    def can_be_booked(self) -> bool:
        return not any(problem.blocks for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingOutcome:
    """What became of one document: booked with a number, or refused with problems."""

    document: SalesDocument
    problems: tuple[Problem, ...] = ()

    @property
    def is_booked(self) -> bool:
        return not self.problems


def preview_booking(document: SalesDocument) -> BookingPreview:
    """Return what `book` would give and refuse, computed from what is stored. Changes nothing."""
    loaded = contents.load(contents.unlocked(document))
    draft = loaded.document
    years = years_of(draft)
    number = ""
    if len(years) == 1:
        year = years[0]
        sequence = year.next_credit_note_number if draft.is_credit_note else year.next_invoice_number
        number = document_number(_prefix(year, draft.kind), sequence)
    return BookingPreview(
        number=draft.number or number,
        day=draft.date,
        due_date=loaded.due_date,
        net=loaded.totals.net,
        vat=loaded.totals.vat,
        total=loaded.totals.total,
        currency=draft.currency,
        problems=tuple(find_problems(loaded, years)),
        seen=contents.mark_of(loaded),
    )


def book(*, document: SalesDocument, by: AbstractBaseUser | None, seen: str = "") -> SalesDocument:
    """Book a draft and return it as it now stands; one transaction. `by` None: the program itself.

    `seen`: `BookingPreview.seen` of the page on which a person confirmed it; another draft by now is not booked.
    BookingRefused: `problems` say why, the draft is unchanged and no number is used up.
    """
    with transaction.atomic():
        draft = contents.locked(document)
        if draft.credited_invoice_id is not None:
            # Two credit notes of one invoice are weighed one after the other.
            list(SalesDocument.objects.select_for_update().filter(pk=draft.credited_invoice_id).values_list("pk"))
        loaded = contents.load(draft)
        if seen and not draft.is_booked and seen != contents.mark_of(loaded):
            raise BookingRefused([_changed_since(draft)])
        years = years_of(draft)
        blocking = [problem for problem in find_problems(loaded, years) if problem.blocks]
        if blocking:
            raise BookingRefused(blocking)
        contents.write_parts(loaded)
        year = years[0]
        sequence = take_number(year, draft.kind)
        changes = booked_fields(loaded, year=year, sequence=sequence, by=by, moment=timezone.now())
        drafts = SalesDocument.objects.filter(pk=draft.pk, status=DocumentStatus.DRAFT)
        if drafts.update(**changes) != 1:
            raise BookingRefused([Problem(code="already-booked", text=_("Someone else booked it just now."))])
        for field, value in changes.items():
            setattr(draft, field, value)
        log_document(document=draft, by=by, message=_("Booked as %(number)s.") % {"number": draft.number})
    logger.info("document booked", extra={"document": draft.pk, "number": draft.number, "kind": draft.kind})
    _hand_back(draft, document)
    return draft


def book_many(
    *, documents: Iterable[SalesDocument], by: AbstractBaseUser | None, seen: Mapping[int, str] | None = None
) -> list[BookingOutcome]:
    """Book drafts by date, each in its own transaction; one that is refused stops only itself.

    `seen`: per key of a document the mark of what a person confirmed, as for `book`.
    Returns one outcome per document, in the order booked. Call it outside a transaction, otherwise all hang
    together.
    """
    marks = seen or {}
    outcomes = []
    for document in sorted(documents, key=lambda d: (d.date, d.pk)):
        try:
            outcomes.append(BookingOutcome(document=book(document=document, by=by, seen=marks.get(document.pk, ""))))
        except BookingRefused as refused:
            outcomes.append(BookingOutcome(document=document, problems=refused.problems))
        except (InvoicingError, ValidationError, DatabaseError) as error:
            logger.exception("booking failed", extra={"document": document.pk})
            text = _("%(document)s could not be booked: %(error)s") % {"document": document, "error": error}
            outcomes.append(BookingOutcome(document=document, problems=(Problem(code="failed", text=text),)))
    return outcomes


def take_number(year: FiscalYear, kind: str) -> int:
    """Take the next running number of an open fiscal year; only inside the transaction that books.

    BookingRefused: the year was closed meanwhile.
    """
    field = "next_credit_note_number" if kind == SalesKind.CREDIT_NOTE else "next_invoice_number"
    # The update waits for whoever holds the row; what we read back afterwards is ours alone.
    if FiscalYear.objects.filter(pk=year.pk, is_closed=False).update(**{field: F(field) + 1}) != 1:
        text = _("Fiscal year %(year)s is closed. Choose another date, or open it again.") % {"year": year.label}
        raise BookingRefused([Problem(code="fiscal-year-closed", text=text)])
    following: int = FiscalYear.objects.values_list(field, flat=True).get(pk=year.pk)
    return following - 1


def booked_fields(
    loaded: Contents, *, year: FiscalYear, sequence: int, by: AbstractBaseUser | None, moment: datetime
) -> dict[str, Any]:
    """Return every column that booking writes, by name; final from the commit on."""
    document = loaded.document
    entity = document.entity
    # Belgian banks know the structured form, and only what is paid to us carries it.
    is_structured = entity.country == "BE" and document.kind == SalesKind.INVOICE
    return {
        "status": DocumentStatus.BOOKED,
        "fiscal_year": year,
        "sequence": sequence,
        "number": document_number(_prefix(year, document.kind), sequence),
        "structured_communication": structured_communication(year.pk, sequence) if is_structured else "",
        "booked_at": moment,
        "booked_by": actor_name(by)[:150],
        "seller_snapshot": seller_snapshot(entity, (line.vat_rate for line in loaded.lines), document.payment_term),
        "buyer_snapshot": buyer_snapshot(document.party),
        "buyer_name": document.party.name,
        "due_date": loaded.due_date,
        "net_total": loaded.totals.net,
        "vat_total": loaded.totals.vat,
        "total": loaded.totals.total,
        "updated_at": moment,
    }


def _changed_since(draft: SalesDocument) -> Problem:
    words = _(
        "The draft for %(customer)s was changed since this page was opened, so it was not booked. Look at it again."
    )
    return Problem(code="changed", text=words % {"customer": draft.party})


def _prefix(year: FiscalYear, kind: str) -> str:
    return year.credit_note_prefix if kind == SalesKind.CREDIT_NOTE else year.invoice_prefix


def _hand_back(source: SalesDocument, target: SalesDocument) -> None:
    """Let the caller's object show what is stored now."""
    for field in SalesDocument._meta.concrete_fields:
        setattr(target, field.attname, getattr(source, field.attname))
