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
from django.db.models import Exists, OuterRef
from django.utils import timezone

from crm.models import Party
from invoicing.models import PurchaseDocument, PurchaseMailing, ReviewState

from ...base.errors import AccessDenied, AdministrationGone, LeaseLost
from ...base.records import BookedRecord
from ...models import SENT, Administration, BookedReference, Connection, PartyLink, Posting, PostingState
from .. import claims
from ..books import Books
from ..planning import Planned
from ..problems import Problem
from ..purchase_planning import MAILED
from ..selection import PLANNABLE, page_after, to_plan
from ..sides import PURCHASES, SALES, SIDES, Side, Source
from ..slices import Slice

PAGE = 500
_DONE = "done"


@dataclass(slots=True)
class Placed:
    """A document with its planned booking and the posting row that carries it (unsaved when new)."""

    document: Source
    planned: Planned
    posting: Posting
    is_new: bool
    offered_again: bool = False
    stored: tuple[object, ...] | None = None  # the row's planned columns as the database has them


def run(turn: Slice) -> bool:
    if not _read_references(turn):
        return False
    for side in SIDES:
        if not _plan(turn, side):
            return False
    check_administration(turn)
    return True


def _plan(turn: Slice, side: Side) -> bool:
    """Plan one side from where the slice before stopped; False when this one is over first."""
    place_kept = "plan" if side is SALES else f"plan_{side.name}"
    position = turn.cursor.get(place_kept)
    if position == _DONE:
        return True
    if position is None:
        _leave_out_earlier(turn, side)
        if side is PURCHASES:
            _leave_out_undecided(turn)
    after = (date.fromisoformat(position[0]), int(position[1])) if position else None
    while True:
        documents = page_after(to_plan(turn.connection, side), after, PAGE)
        if documents:
            _write_page(turn, place(documents, turn.connection, turn.books, side))
            after = (documents[-1].date, documents[-1].pk)
            turn.cursor[place_kept] = [after[0].isoformat(), after[1]]
            turn.show_progress()
        if len(documents) < PAGE:
            turn.cursor[place_kept] = _DONE
            return True
        if turn.is_over:
            return False


def _leave_out_earlier(turn: Slice, side: Side) -> None:
    """Hold back what was planned before the start date moved past it (APP-114); moving it back plans it anew."""
    start = turn.books.start_date
    # Not joined to the documents, here and below: of a join PostgreSQL would not look at the state again after waiting
    # for a person who excludes one.
    earlier = Exists(side.model._default_manager.filter(pk=OuterRef(f"{side.field}_id"), date__lt=start))
    Posting.objects.filter(turn.lease.held(), earlier, connection=turn.connection, state__in=PLANNABLE).update(
        state=PostingState.BLOCKED,
        reason_code="APP-114",
        reason_params={"start_date": start.isoformat()},
        vendor_text="",
        issue=None,
        changed_at=timezone.now(),
    )


def _leave_out_undecided(turn: Slice) -> None:
    """Hold back an expense that is not approved any more; approved again it is planned anew."""
    document = PurchaseDocument.objects.filter(pk=OuterRef("purchase_document_id"))
    undecided = Exists(document.exclude(review=ReviewState.APPROVED))
    Posting.objects.filter(turn.lease.held(), undecided, connection=turn.connection, state__in=PLANNABLE).update(
        state=PostingState.BLOCKED,
        reason_code="APP-214",
        reason_params={},
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


def place(documents: Sequence[Source], connection: Connection, books: Books, side: Side = SALES) -> list[Placed]:
    """Plan a page of documents; a constant number of queries of its own, whatever the number of documents."""
    administration_id = connection.administration_id
    if administration_id is None:
        raise ValueError("documents are placed in an administration, and this connection has none")
    of_these = {f"{side.field}__in": documents}
    known = {side.document_id(p): p for p in Posting.objects.filter(administration_id=administration_id, **of_these)}
    elsewhere = dict(
        Posting.objects.filter(**of_these, state__in=SENT)
        .exclude(administration_id=administration_id)
        .values_list(f"{side.field}_id", "administration__name")
    )
    taken = _taken(administration_id, documents) if side is SALES else {}
    standing = _standing(administration_id, documents, side)
    linked = _linked_parties(administration_id, documents) if standing and side is PURCHASES else {}
    mailed = _mailed(documents) if side is PURCHASES else {}
    placed = []
    for document in documents:
        posting = known.get(document.pk)
        is_new = posting is None
        stored = None if posting is None else _fingerprint(posting)
        reference = side.reference_of(document)
        if posting is None:
            posting = Posting(
                connection=connection,
                administration_id=administration_id,
                reference=reference,
                **{side.field: document},
            )
        # What another entity's document holds already cannot be held twice; such a posting is never sent.
        posting.reference = reference if reference not in taken else _own_mark(document)
        planned = side.plan(document, books, key=str(posting.key), reference=reference)
        problem = planned.problem
        if document.pk in mailed and claims.ALSO_MAILED not in posting.sent:
            # Told before anything else: once that is put right, it would be booked a second time.
            problem = Problem(
                code=MAILED, cause_key=f"document:{document.pk}", params={"date": mailed[document.pk].isoformat()}
            )
        if problem is None and reference in taken:
            problem = Problem(
                code="APP-112",
                cause_key=f"reference:{reference}",
                params={"reference": reference, "entity": books.connection.entity.name, "other": taken[reference]},
            )
        if problem is None:
            there = _standing_for(document, posting, standing, linked, side)
            problem = _number_problem(reference, there, books) if there is not None else None
        placed.append(
            _decide(document, planned, problem, posting, is_new, elsewhere.get(document.pk), connection, side)
        )
        placed[-1].stored = stored
    return placed


def _mailed(documents: Sequence[Source]) -> dict[int, date]:
    """The day on which each of `documents` went to the bookkeeping by e-mail, or may have gone."""
    rows = PurchaseMailing.objects.filter(document__in=[d.pk for d in documents]).order_by("created_at", "pk")
    return {row.document_id: timezone.localdate(row.created_at) for row in rows if row.may_have_left}


def _own_mark(document: Source) -> str:
    return f"{document.number[:28]}#{document.pk}"


def _taken(administration_id: int, documents: Sequence[Source]) -> dict[str, str]:
    """Numbers of `documents` that another document goes by in this administration, with its entity."""
    rows = Posting.objects.filter(
        administration_id=administration_id, reference__in=[d.number for d in documents]
    ).exclude(sales_document__in=[d.pk for d in documents])
    return dict(rows.values_list("reference", "sales_document__entity__name"))


def _standing(administration_id: int, documents: Sequence[Source], side: Side) -> dict[str, list[BookedReference]]:
    """Bookings in the tool under a number of `documents` that are not our own, by reference key."""
    rows = BookedReference.objects.filter(
        administration_id=administration_id,
        reference_key__in=[reference_key(d.number) for d in documents],
        kind__in=[kind.value for kind in side.kinds],
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


def _linked_parties(administration_id: int, documents: Sequence[Source]) -> dict[int, set[str]]:
    """External ids of the suppliers of `documents`, aliases included."""
    links = PartyLink.objects.filter(
        administration_id=administration_id,
        role__in=PURCHASES.link_roles,
        party__in={party.pk for d in documents if (party := PURCHASES.party_of(d)) is not None},
    ).exclude(external_id="")
    found: dict[int, set[str]] = {}
    for party_id, external_id in links.values_list("party", "external_id"):
        found.setdefault(party_id, set()).add(external_id)
    return found


def _standing_for(
    document: Source,
    posting: Posting,
    standing: dict[str, list[BookedReference]],
    linked: dict[int, set[str]],
    side: Side,
) -> BookedReference | None:
    """The booking in the tool that may be this document, unless a person said that it is another one."""
    others = str(posting.sent.get("not_the_same", "")).split()
    rows = standing.get(reference_key(document.number), [])
    return next(
        (
            row
            for row in rows
            if row.external_id not in others and (side is SALES or _may_be_purchase(document, row, linked))
        ),
        None,
    )


def _may_be_purchase(document: Source, row: BookedReference, linked: dict[int, set[str]]) -> bool:
    """Suppliers share numbers: the same supplier's counts, or what looks the same of one whom we do not know there."""
    party = PURCHASES.party_of(document)
    known = linked.get(party.pk, set()) if party is not None else set()
    same = (row.date == document.date, row.total is not None and abs(row.total) == abs(document.total))
    if known and row.party_external_id:
        return row.party_external_id in known or all(same)
    return any(same)


def _number_problem(reference: str, there: BookedReference, books: Books) -> Problem:
    return Problem(
        code=books.code("number-in-books"),
        cause_key=f"reference:{reference}",
        params={
            "reference": reference,
            "journal": there.journal,
            "number": there.number,
            "external_id": there.external_id,
            "date": there.date.isoformat(),
            "total": str(there.total if there.total is not None else ""),
        },
    )


def _decide(
    document: Source,
    planned: Planned,
    problem: Problem | None,
    posting: Posting,
    is_new: bool,
    already_in: str | None,
    connection: Connection,
    side: Side,
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
    elif problem is not None and side is PURCHASES and _has_nothing_to_book(document, problem):
        posting.state, posting.reason_code = PostingState.EXCLUDED, ""
        posting.reason_params = {"nothing_to_book": "yes"}
        problem = None
    elif problem is not None:
        posting.state, posting.reason_code, posting.reason_params = PostingState.BLOCKED, problem.code, problem.params
    elif former_state == PostingState.REFUSED and not _changed_since(
        posting, former_hash, planned, side.party_of(document), connection
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


def _has_nothing_to_book(document: Source, problem: Problem) -> bool:
    """Whether an expense is done without a booking: nobody has to exclude by hand what comes to nothing."""
    return not document.total and problem.code in ("APP-208", MAILED)


def _changed_since(
    posting: Posting, former_hash: str, planned: Planned, party: Party | None, connection: Connection
) -> bool:
    """Whether a refused posting's payload, its links, its party or the tool's lists changed since the refusal."""
    if planned.payload_hash != former_hash:
        return True
    changed_at = connection.administration.catalogue_changed_at if connection.administration else None
    moments = (party.updated_at if party is not None else None, changed_at)
    return any(moment is not None and moment > posting.changed_at for moment in moments)


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
    for side in SIDES:
        after: tuple[date, int] | None = None
        while True:
            documents = page_after(to_plan(connection, side), after, PAGE)
            yield from place(documents, connection, books, side)
            if len(documents) < PAGE:
                break
            after = (documents[-1].date, documents[-1].pk)
