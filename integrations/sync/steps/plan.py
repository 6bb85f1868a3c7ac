"""Step 2: give every document in scope a posting with a state and a reason. Nothing is sent here.

Before the first send, and when the start date has moved back, what already stands in the books is read once;
a booking there under our number becomes a question to a person instead of a second booking. *Preview sync* is
this step without writing. Source: design section 5; NUM-520, APP-112.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from invoicing.models import SalesDocument

from ...base.errors import AccessDenied, AdministrationGone, LeaseLost
from ...base.records import BookedRecord
from ...models import SENT, Administration, BookedReference, Connection, Posting, PostingState
from ..books import Books
from ..planning import Planned, plan_document
from ..problems import Problem
from ..selection import PLANNABLE, page_after, to_plan
from ..slices import Slice

PAGE = 500


@dataclass(slots=True)
class Placed:
    """A document with its planned booking and the posting row that carries it (unsaved when new)."""

    document: SalesDocument
    planned: Planned
    posting: Posting
    is_new: bool
    offered_again: bool = False
    stored: tuple[object, ...] | None = None  # the row's planned columns as the database has them


def run(turn: Slice) -> bool:
    if not _read_references(turn):
        return False
    position = turn.cursor.get("plan")
    if position is None:
        _leave_out_earlier(turn)
    after = (date.fromisoformat(position[0]), int(position[1])) if position else None
    while True:
        documents = page_after(to_plan(turn.connection), after, PAGE)
        if documents:
            _write_page(turn, place(documents, turn.connection, turn.books))
            after = (documents[-1].date, documents[-1].pk)
            turn.cursor["plan"] = [after[0].isoformat(), after[1]]
            turn.show_progress()
        if len(documents) < PAGE:
            check_administration(turn)
            return True
        if turn.is_over:
            return False


def _leave_out_earlier(turn: Slice) -> None:
    """Hold back what was planned before the start date moved past it (APP-114); moving it back plans it anew."""
    start = turn.books.start_date
    Posting.objects.filter(
        turn.lease.held(), connection=turn.connection, state__in=PLANNABLE, sales_document__date__lt=start
    ).update(
        state=PostingState.BLOCKED,
        reason_code="APP-114",
        reason_params={"start_date": start.isoformat()},
        vendor_text="",
        issue=None,
        changed_at=timezone.now(),
    )


def check_administration(turn: Slice) -> None:
    """Once a day when something goes out, else once a week: is the administration still there, open and the same?

    Raises AdministrationGone (AUT-404, AUT-415). A new epoch voids every cursor of ours: the tool counts anew.
    """
    administration = turn.administration
    now = timezone.now()
    has_work = Posting.objects.filter(connection=turn.connection, state=PostingState.WAITING).exists()
    age = timedelta(days=1 if has_work else 7)
    if administration.checked_at is not None and administration.checked_at > now - age:
        return
    records = {record.external_id: record for record in turn.provider.administrations()}
    record = records.get(administration.external_id)
    params = {"administration": administration.name}
    if record is None:
        raise AdministrationGone("the administration is not in the list", params=params)
    if not record.is_open:
        raise AdministrationGone("the administration is closed", code="AUT-415", params=params)
    columns: dict[str, object] = {"checked_at": now, "epoch": record.epoch, "name": record.name[:200]}
    if administration.epoch != record.epoch:
        columns.update(party_cursor="", settlement_cursor="")
        administration.party_cursor = administration.settlement_cursor = ""
    Administration.objects.filter(pk=administration.pk).update(**columns)
    administration.epoch, administration.checked_at = record.epoch, now


# --- what already stands in the books ---------------------------------------------------------------------------


def reference_key(reference: str) -> str:
    """A reference as it is compared: without blanks, case aside."""
    return "".join(reference.split()).casefold()[:60]


def _read_references(turn: Slice) -> bool:
    """Read the bookings since the start date; True when that is done.

    Once per start date, and until a connection's first success: another entity may have read them long before
    this one's invoices were booked there by hand.
    """
    administration = turn.administration
    since = turn.books.start_date
    known_since = administration.references_since
    is_known = known_since is not None and known_since <= since
    if turn.cursor.get("references_read") or (is_known and turn.connection.first_success_at is not None):
        return True
    done: dict[str, str] = turn.cursor.setdefault("references", {"cursor": "", "found": ""})
    for page in turn.provider.references(since, done["cursor"]):
        _store_references(turn, page.items)
        turn.count("references", "read", len(page.items))
        done["found"] = done["found"] or ("yes" if page.items else "")
        done["cursor"] = page.cursor
        if not page.is_last and turn.is_over:
            return False
    if not done["found"]:
        # Nothing there, or nothing that we may see? A second booking would be the price of guessing.
        missing = [right for right in turn.provider.check_access() if not right.optional]
        if missing:
            raise AccessDenied("bookings cannot be read", params={"right": "; ".join(right.right for right in missing)})
    administration.references_since = min(since, known_since) if known_since is not None else since
    administration.save(update_fields=["references_since"])
    turn.cursor["references_read"] = True
    turn.cursor.pop("references")
    return True


def _store_references(turn: Slice, records: Sequence[BookedRecord]) -> None:
    if not turn.lease.is_held():
        raise LeaseLost("another worker serves this administration now")
    administration = turn.administration
    BookedReference.objects.bulk_create(
        [
            BookedReference(
                administration=administration,
                external_id=record.ref.external_id,
                reference=record.reference[:60],
                reference_key=reference_key(record.reference),
                kind=record.kind.value,
                party_external_id=record.party_external_id,
                date=record.date,
                total=record.total,
                currency=record.currency,
                journal=record.ref.journal,
                number=record.ref.number,
            )
            for record in records
            if record.reference.strip()
        ],
        update_conflicts=True,
        unique_fields=["administration", "external_id"],
        update_fields=[
            "reference",
            "reference_key",
            "kind",
            "party_external_id",
            "date",
            "total",
            "currency",
            "journal",
            "number",
        ],
    )


# --- placing documents ------------------------------------------------------------------------------------------


def place(documents: Sequence[SalesDocument], connection: Connection, books: Books) -> list[Placed]:
    """Plan a page of documents; four queries of its own, whatever the number of documents."""
    administration_id = connection.administration_id
    if administration_id is None:
        raise ValueError("documents are placed in an administration, and this connection has none")
    known = {
        p.sales_document_id: p
        for p in Posting.objects.filter(administration_id=administration_id, sales_document__in=documents)
    }
    elsewhere = dict(
        Posting.objects.filter(sales_document__in=documents, state__in=SENT)
        .exclude(administration_id=administration_id)
        .values_list("sales_document_id", "administration__name")
    )
    references = [d.number for d in documents]
    taken = dict(
        Posting.objects.filter(administration_id=administration_id, reference__in=references)
        .exclude(sales_document__in=documents)
        .values_list("reference", "sales_document__entity__name")
    )
    standing = _standing(administration_id, references)
    placed = []
    for document in documents:
        posting = known.get(document.pk)
        is_new = posting is None
        stored = None if posting is None else _fingerprint(posting)
        if posting is None:
            posting = Posting(
                connection=connection,
                administration_id=administration_id,
                sales_document=document,
                reference=document.number,
            )
        # What another entity's document holds already cannot be held twice; such a posting is never sent.
        posting.reference = document.number if document.number not in taken else _own_mark(document)
        planned = plan_document(document, books, key=str(posting.key), reference=document.number)
        problem = planned.problem or _number_problem(document, posting, taken, standing, books)
        placed.append(_decide(document, planned, problem, posting, is_new, elsewhere.get(document.pk), connection))
        placed[-1].stored = stored
    return placed


def _own_mark(document: SalesDocument) -> str:
    return f"{document.number[:28]}#{document.pk}"


def _standing(administration_id: int, references: Sequence[str]) -> dict[str, list[BookedReference]]:
    """Bookings in the tool under one of `references` that are not our own, by reference key."""
    rows = BookedReference.objects.filter(
        administration_id=administration_id,
        reference_key__in=[reference_key(r) for r in references],
        kind__startswith="sales",
    ).order_by("pk")
    ours = set(
        Posting.objects.filter(
            administration_id=administration_id, external_id__in=[r.external_id for r in rows]
        ).values_list("external_id", flat=True)
    )
    found: dict[str, list[BookedReference]] = {}
    for row in rows:
        if row.external_id not in ours:
            found.setdefault(row.reference_key, []).append(row)
    return found


def _number_problem(
    document: SalesDocument,
    posting: Posting,
    taken: dict[str, str],
    standing: dict[str, list[BookedReference]],
    books: Books,
) -> Problem | None:
    owner = taken.get(document.number)
    if owner is not None:
        return Problem(
            code="APP-112",
            cause_key=f"reference:{document.number}",
            params={"reference": document.number, "entity": books.connection.entity.name, "other": owner},
        )
    others = str(posting.sent.get("not_the_same", "")).split()
    rows = standing.get(reference_key(document.number), [])
    there = next((row for row in rows if row.external_id not in others), None)
    if there is not None:
        return Problem(
            code=books.code("number-in-books"),
            cause_key=f"reference:{document.number}",
            params={
                "reference": document.number,
                "journal": there.journal,
                "number": there.number,
                "external_id": there.external_id,
                "date": there.date.isoformat(),
                "total": str(there.total if there.total is not None else ""),
            },
        )
    return None


def _decide(
    document: SalesDocument,
    planned: Planned,
    problem: Problem | None,
    posting: Posting,
    is_new: bool,
    already_in: str | None,
    connection: Connection,
) -> Placed:
    """Set state and reason on the posting in memory."""
    former_state, former_hash = posting.state, posting.payload_hash
    posting.kind = planned.kind.value
    posting.connection = connection
    posting.notes = [note.as_json() for note in planned.notes]
    offered_again = False
    if already_in is not None and "included" not in posting.sent:
        posting.state, posting.reason_code = PostingState.EXCLUDED, ""
        posting.reason_params = {"already_in": already_in}
        problem = None
    elif problem is not None:
        posting.state, posting.reason_code, posting.reason_params = PostingState.BLOCKED, problem.code, problem.params
    elif former_state == PostingState.REFUSED and not _changed_since(
        posting, former_hash, planned, document, connection
    ):
        pass  # the tool said no to exactly this; asking again would only use up its patience
    else:
        offered_again = former_state == PostingState.REFUSED
        keep_reason = former_state == PostingState.WAITING and not is_new
        posting.state = PostingState.WAITING
        if not keep_reason:
            posting.reason_code, posting.reason_params, posting.vendor_text = "", {}, ""
    return Placed(
        document=document,
        planned=Planned(kind=planned.kind, document=planned.document, problem=problem, notes=planned.notes),
        posting=posting,
        is_new=is_new,
        offered_again=offered_again,
    )


def _changed_since(
    posting: Posting, former_hash: str, planned: Planned, document: SalesDocument, connection: Connection
) -> bool:
    """Whether a refused posting's payload, its links, its party or the tool's lists changed since the refusal."""
    if planned.payload_hash != former_hash:
        return True
    changed_at = connection.administration.catalogue_changed_at if connection.administration else None
    return document.party.updated_at > posting.changed_at or (
        changed_at is not None and changed_at > posting.changed_at
    )


# --- writing ----------------------------------------------------------------------------------------------------

_COLUMNS = [
    "kind",
    "reference",
    "connection",
    "state",
    "reason_code",
    "reason_params",
    "vendor_text",
    "notes",
    "issue",
    "changed_at",
]


def _write_page(turn: Slice, page: list[Placed]) -> None:
    problems = [p.planned.problem for p in page if p.planned.problem is not None]
    issue_ids = turn.issues.ids_for(problems) if problems else {}
    now = timezone.now()
    new: list[Posting] = []
    changed: list[Posting] = []
    for placed in page:
        posting, problem = placed.posting, placed.planned.problem
        if posting.state != PostingState.REFUSED:
            posting.issue_id = issue_ids.get(problem.cause) if problem is not None else None
        _count(turn, placed)
        if placed.is_new:
            new.append(posting)
        elif placed.stored != _fingerprint(posting):
            posting.changed_at = now
            changed.append(posting)
    with transaction.atomic():
        if not turn.lease.is_held():
            raise LeaseLost("another worker serves this administration now")
        if new:
            # No conflict is passed over: a document without a posting would be missing in silence.
            Posting.objects.bulk_create(new)
        if changed:
            Posting.objects.filter(state__in=PLANNABLE).bulk_update(changed, _COLUMNS)


def _fingerprint(posting: Posting) -> tuple[object, ...]:
    """The columns that the plan writes, to tell whether a row has to be written again."""
    return (
        posting.kind,
        posting.reference,
        posting.connection_id,
        posting.state,
        posting.reason_code,
        posting.reason_params,
        posting.notes,
        posting.issue_id,
    )


def _count(turn: Slice, placed: Placed) -> None:
    state, kind = placed.posting.state, placed.posting.kind
    turn.count_document(kind, "planned")
    if state == PostingState.BLOCKED:
        turn.count_document(kind, "blocked")
    elif state == PostingState.EXCLUDED:
        turn.count_document(kind, "excluded")
    elif state == PostingState.WAITING:
        turn.count_document(kind, "to_send")


# --- preview ----------------------------------------------------------------------------------------------------


def preview(connection: Connection, books: Books) -> Iterator[Placed]:
    """What the next run would decide about each document in scope that is not settled; nothing is written."""
    after: tuple[date, int] | None = None
    while True:
        documents = page_after(to_plan(connection), after, PAGE)
        yield from place(documents, connection, books)
        if len(documents) < PAGE:
            return
        after = (documents[-1].date, documents[-1].pk)
