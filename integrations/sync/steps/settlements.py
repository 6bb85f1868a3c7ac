"""Step 6: payment state back. Raw rows first, committed with the cursor; the state is computed from the rows.

Rows of bookings that have no id yet are kept too and linked when the posting gets its id. "Paid" is never
taken back; where the tool says open and we say paid, PAY-721 is raised and a person decides. Source: design 5
"Settlements", invariants 3 and 4; domain rules 12.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from invoicing.models import PaymentState, PurchaseDocument
from invoicing.payment_state import SettledRow, next_payment_state, next_purchase_state
from invoicing.services import PaymentWrite, ToolPayment, apply_payment_results
from invoicing.services.purchases.paid import apply_purchase_results, open_booked

from ...base.errors import LeaseLost
from ...base.provider import Capability
from ...base.records import Absent, DocumentKind, DocumentRef, Found, SettlementRow
from ...models import IN_BOOKS, Administration, Posting, PostingState, SettlementItem
from .. import claims
from ..issues import IssueBook
from ..problems import Problem
from ..sides import PURCHASES, SALES, SIDES, side_of
from ..slices import Slice

_BATCH = 500
_PAID = Q(sales_document__payment_state=PaymentState.PAID) | Q(purchase_document__payment_state=PaymentState.PAID)
# How many bookings that are open no more are looked at in a run; the rest in the next ones.
_LOOKS = 20
_COLUMNS = [
    "document_external_id",
    "posting",
    "reference",
    "is_sales",
    "amount",
    "settled",
    "settled_on",
    "version",
    "deleted",
    "seen_at",
]


def run(turn: Slice) -> bool:
    if not turn.cursor.get("linked"):
        with _held(turn):
            _recompute(turn, _postings_without_rows(turn) | _postings_in_doubt(turn))
            _open_booked_purchases(turn)
        turn.cursor["linked"] = True
    while True:
        answer = turn.provider.settlements(turn.administration.settlement_cursor, _open_refs(turn))
        # Rows, what follows from them, and the cursor: one commit, so that no row is passed by without its effect.
        with _held(turn):
            _recompute(turn, _store(turn, answer.rows))
            Administration.objects.filter(pk=turn.administration.pk).update(settlement_cursor=answer.cursor)
        turn.administration.settlement_cursor = answer.cursor
        turn.count("payments", "rows", len(answer.rows))
        turn.show_progress()
        unexplained: list[str] = turn.cursor.setdefault("unexplained", [])
        unexplained.extend(answer.unexplained)
        if answer.is_complete:
            _ask_about_vanished(turn)
            _ask_about_unexplained(turn, set(turn.cursor.pop("unexplained")))
            return True
        if turn.is_over:
            return False


@contextmanager
def _held(turn: Slice) -> Iterator[None]:
    """A transaction of the lease's holder. Raises LeaseLost."""
    with transaction.atomic():
        if not turn.lease.is_held():
            raise LeaseLost("another worker serves this administration now")
        yield


def _open_refs(turn: Slice) -> Sequence[DocumentRef]:
    """Bookings not settled yet, read only when the provider really walks through them."""
    return _OpenRefs(turn)


class _OpenRefs(Sequence[DocumentRef]):
    """The open bookings of the administration, loaded at first use: most tools never ask."""

    def __init__(self, turn: Slice) -> None:
        self._turn = turn
        self._rows: list[DocumentRef] | None = None

    def _load(self) -> list[DocumentRef]:
        if self._rows is None:
            rows = (
                Posting.objects.filter(administration=self._turn.administration, state__in=IN_BOOKS)
                .exclude(_PAID)
                .order_by("pk")
            )
            self._rows = [
                DocumentRef(
                    external_id=p.external_id,
                    number=p.number,
                    journal=p.journal,
                    fiscal_year=p.fiscal_year,
                    kind=DocumentKind(p.kind),
                    reference=p.reference,
                )
                for p in rows.iterator()
            ]
        return self._rows

    def __len__(self) -> int:
        return len(self._load())

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._load()[index]

    def __iter__(self) -> Iterator[DocumentRef]:
        return iter(self._load())


def _store(turn: Slice, rows: Sequence[SettlementRow]) -> set[int]:
    """Write the rows as they stand now; returns the ids of the postings they concern."""
    now = timezone.now()
    unique = {row.external_id: row for row in rows if not row.deleted}
    deleted = [row.external_id for row in rows if row.deleted]
    postings = _postings_of({row.document_external_id for row in unique.values()}, turn.administration.pk)
    items = [
        SettlementItem(
            administration=turn.administration,
            external_id=row.external_id[:80],
            document_external_id=row.document_external_id[:60],
            posting_id=postings.get(row.document_external_id),
            reference=row.reference[:60],
            is_sales=row.is_sales,
            amount=row.amount,
            settled=row.settled,
            settled_on=row.settled_on,
            version=row.version,
            deleted=row.deleted,
            seen_at=now,
        )
        for row in unique.values()
    ]
    for start in range(0, len(items), _BATCH):
        SettlementItem.objects.bulk_create(
            items[start : start + _BATCH],
            update_conflicts=True,
            unique_fields=["administration", "external_id"],
            update_fields=_COLUMNS,
        )
    return set(postings.values()) | _mark_deleted(turn.administration.pk, deleted)


def _mark_deleted(administration_id: int, external_ids: Sequence[str]) -> set[int]:
    """Note that the tool deleted these rows. Its log names only the row, so the link that we hold is kept."""
    touched: set[int] = set()
    for start in range(0, len(external_ids), _BATCH):
        rows = SettlementItem.objects.filter(
            administration_id=administration_id, external_id__in=external_ids[start : start + _BATCH], deleted=False
        )
        touched.update(pk for pk in rows.values_list("posting", flat=True) if pk is not None)
        rows.update(deleted=True, seen_at=timezone.now())
    return touched


def _postings_of(external_ids: Iterable[str], administration_id: int) -> dict[str, int]:
    wanted = list(external_ids)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _BATCH):
        found.update(
            Posting.objects.filter(
                administration_id=administration_id, external_id__in=wanted[start : start + _BATCH]
            ).values_list("external_id", "pk")
        )
    return found


def _postings_without_rows(turn: Slice) -> set[int]:
    """Bookings that no row is linked to yet although rows of them are known: those came before the posting's id."""
    linked = SettlementItem.objects.filter(posting=OuterRef("pk"))
    fresh = (
        Posting.objects.filter(~Exists(linked), administration=turn.administration, state__in=IN_BOOKS)
        .exclude(external_id="")
        .values_list("external_id", "pk")
    )
    found: set[int] = set()
    pairs = list(fresh)
    for start in range(0, len(pairs), _BATCH):
        batch = dict(pairs[start : start + _BATCH])
        known = SettlementItem.objects.filter(administration=turn.administration, document_external_id__in=batch)
        found.update(batch[external_id] for external_id in known.values_list("document_external_id", flat=True))
    return found


def _open_booked_purchases(turn: Slice) -> None:
    """A purchase that we booked ourselves is open until the tool shows a payment; of a file there nothing is known."""
    if Capability.PURCHASES_AS_FILES not in turn.tool.capabilities:
        booked = Posting.objects.filter(PURCHASES.of_postings, administration=turn.administration, state__in=IN_BOOKS)
        open_booked(booked.values("purchase_document"))


def _postings_in_doubt(turn: Slice) -> set[int]:
    """Bookings whose payment may read otherwise without a new row: a person may have taken back a payment by hand
    since (PAY-721), or the total that the tool shows was read after its rows."""
    doubtful = Q(paid_here_open_there=True) | (Q(state=PostingState.DIFFERS) & ~_PAID)
    bookings = Posting.objects.filter(doubtful, administration=turn.administration, state__in=IN_BOOKS)
    return set(bookings.exclude(external_id="").values_list("pk", flat=True))


def _recompute(turn: Slice, posting_ids: set[int]) -> None:
    """Compute the payment state of each posting's document from all rows we know of it."""
    ordered = sorted(posting_ids)
    for start in range(0, len(ordered), _BATCH):
        _recompute_batch(turn, ordered[start : start + _BATCH])


def _recompute_batch(turn: Slice, posting_ids: Sequence[int]) -> None:
    related = Posting.objects.select_related(*(side.field for side in SIDES))
    postings = {p.pk: p for p in related.filter(pk__in=posting_ids)}
    rows = _rows_of(turn, postings.values())
    writes: dict[str, list[PaymentWrite]] = {side.name: [] for side in SIDES}
    contradicted: dict[int, Posting] = {}
    agreed: list[int] = []
    for pk, posting in postings.items():
        document = posting.document
        live = [item for item in rows[pk] if not item.deleted]
        if rows[pk] and not live:
            continue  # no statement about money: the booking itself is asked about when all rows are in
        known = [SettledRow(amount=i.amount, settled=i.settled, settled_on=i.settled_on) for i in live]
        # Where the tool booked another total than ours (said in its own issue), its terms add up to that one.
        total = Decimal(posting.tool_totals.get("total") or document.total)
        if isinstance(document, PurchaseDocument):
            result = next_purchase_state(document.payment_state, total, known)
        else:
            result = next_payment_state(document.payment_state, document.paid_source, total, known)
        payments = tuple(
            ToolPayment(external_id=i.external_id, amount=i.amount, paid_on=i.settled_on)
            for i in live
            if i.settled and i.amount > 0
        )
        writes[side_of(posting).name].append(PaymentWrite(document_id=document.pk, result=result, payments=payments))
        if result.differs:
            contradicted[pk] = posting
        elif posting.paid_here_open_there:
            agreed.append(pk)
    today = timezone.localdate()
    for applied in (
        apply_payment_results(administration_ref=turn.administration.pk, results=writes[SALES.name], today=today),
        apply_purchase_results(results=writes[PURCHASES.name], today=today),
    ):
        turn.count("payments", "paid", len(applied.became_paid))
        turn.count("payments", "partly", len(set(applied.with_new_payment) - set(applied.became_paid)))
    _mark_contradicted(turn, contradicted, agreed)


def _rows_of(turn: Slice, postings: Iterable[Posting]) -> dict[int, list[SettlementItem]]:
    """All rows of each posting's present booking; one that was not linked yet is linked now."""
    by_booking = {posting.external_id: posting.pk for posting in postings if posting.external_id}
    rows: dict[int, list[SettlementItem]] = defaultdict(list)
    items = SettlementItem.objects.filter(administration=turn.administration, document_external_id__in=by_booking)
    unlinked: list[SettlementItem] = []
    for item in items.order_by("pk"):
        pk = by_booking[item.document_external_id]
        rows[pk].append(item)
        if item.posting_id != pk:
            item.posting_id = pk
            unlinked.append(item)
    if unlinked:
        SettlementItem.objects.bulk_update(unlinked, ["posting"], batch_size=_BATCH)
    return rows


def _mark_contradicted(turn: Slice, contradicted: dict[int, Posting], agreed: list[int]) -> None:
    if agreed:
        Posting.objects.filter(pk__in=agreed).update(paid_here_open_there=False)
        Posting.objects.filter(pk__in=agreed, issue__code="PAY-721").update(issue=None)
    for pk, posting in contradicted.items():
        problem = Problem(
            code="PAY-721", cause_key=f"paid-here:{posting.reference}", params={"reference": posting.reference}
        )
        Posting.objects.filter(pk=pk, state=PostingState.POSTED).update(
            paid_here_open_there=True, issue_id=_issue_of(turn, posting, problem)
        )
    turn.count("payments", "paid_here_open_there", len(contradicted))


def _ask_about_vanished(turn: Slice) -> None:
    """Where the tool deleted every row of a booking, ask for the booking itself before saying so (PAY-722)."""
    rows = SettlementItem.objects.filter(administration=turn.administration)
    live = rows.filter(document_external_id=OuterRef("external_id"), deleted=False)
    suspects = Posting.objects.filter(
        ~Exists(live),
        administration=turn.administration,
        state__in=IN_BOOKS,
        external_id__in=rows.filter(deleted=True).values("document_external_id"),
    )
    for posting in suspects.order_by("pk"):
        if not posting.sent:
            continue
        finding = turn.provider.find_document(claims.query_of(posting))
        if isinstance(finding, Absent):
            _mark_gone(turn, posting)
        elif isinstance(finding, Found):
            # It stands; rows that the tool took away say nothing more.
            rows.filter(document_external_id=posting.external_id, deleted=True).delete()


def _ask_about_unexplained(turn: Slice, external_ids: set[str]) -> None:
    """Bookings that are no longer open there without a sign of a payment: deleted ones are gone, a person says of the
    others what became of them (PAY-725). One that is explained meanwhile asks no more."""
    own = Posting.objects.filter(administration=turn.administration, state=PostingState.POSTED)
    unpaid = own.filter(external_id__in=external_ids).exclude(_PAID)
    own.filter(issue__code="PAY-725").exclude(pk__in=unpaid.values("pk")).update(issue=None)
    for posting in unpaid.exclude(issue__code="PAY-725").order_by("pk")[:_LOOKS]:
        if isinstance(turn.provider.find_document(claims.query_of(posting)), Absent):
            _mark_gone(turn, posting)
            continue
        problem = Problem(
            code="PAY-725",
            cause_key=f"unexplained:{posting.reference}",
            params={"reference": posting.reference},
        )
        own.filter(pk=posting.pk).update(issue_id=_issue_of(turn, posting, problem))
        turn.count("payments", "unexplained")


def _mark_gone(turn: Slice, posting: Posting) -> None:
    problem = Problem(
        code="PAY-722",
        cause_key=f"gone:{posting.reference}",
        params={"number": posting.number, "reference": posting.reference},
    )
    with _held(turn):
        Posting.objects.filter(turn.lease.held(), pk=posting.pk, state__in=IN_BOOKS).update(
            state=PostingState.GONE,
            reason_code=problem.code,
            reason_params=problem.params,
            issue_id=_issue_of(turn, posting, problem),
            changed_at=timezone.now(),
            **claims.let_go(posting, turn.tool),
        )
    turn.count("payments", "gone")


def _issue_of(turn: Slice, posting: Posting, problem: Problem) -> int:
    """The issue, at the connection that the posting belongs to: two entities may share an administration."""
    book = turn.issues if posting.connection_id == turn.connection.pk else IssueBook(posting.connection_id)
    return book.id_for(problem)
