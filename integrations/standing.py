"""Where a document stands on its way into the books, as one state with its reason."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from crm.models import Party
from invoicing.models import DocumentStatus, PurchaseDocument, PurchaseSource, ReviewState, SalesDocument

from .models import IN_BOOKS, Connection, PartyLink, Posting, PostingState, Unplaced

NOT_CONNECTED, OUT_OF_SCOPE = "not_connected", "out_of_scope"


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is a posting state, or one of the two above; empty for a draft."""

    state: str
    posting: Posting | None
    live: Connection | None  # of the document's entity

    @property
    def connection(self) -> Connection | None:
        """The connection that the posting went through; without one, the entity's."""
        return self.posting.connection if self.posting is not None else self.live

    @property
    def label(self) -> str:
        """The state as people read it."""
        return self.posting.label if self.posting is not None else self.state


def prefetches(*, brief: bool = False) -> list[Any]:
    """What `standing_of` reads, for a queryset of documents: two queries, whatever the number of rows.

    `brief`: of a posting no more than its state, for lists; what else is asked of it costs a query.
    """
    postings = Posting.objects.order_by("-pk")
    if brief:
        postings = postings.only("state", "administration", "sales_document", "purchase_document", "issue", "sent")
    else:
        postings = postings.select_related("administration", "issue", "connection__entity")
    live = Connection.objects.live().select_related("administration", "entity")
    return [
        Prefetch("postings", queryset=postings, to_attr="all_postings"),
        Prefetch("entity__connections", queryset=live, to_attr="live_connections"),
    ]


def links_prefetch() -> Any:
    """The numbers of the customers in the tools, for `external_id_of`: one query."""
    rows = PartyLink.objects.filter(primary=True).exclude(external_id="")
    return Prefetch("party__tool_links", queryset=rows, to_attr="primary_links")


def standing_of(document: SalesDocument | PurchaseDocument) -> Standing:
    """Return where a document loaded with `prefetches()` stands, by its entity's live connection.

    Of expenses only what goes out stands anywhere: the others have the state "".
    """
    live: list[Connection] = getattr(document.entity, "live_connections", [])  # prefetched
    postings: list[Posting] = document.all_postings  # type: ignore[union-attr]  # prefetched
    connection = live[0] if live else None
    here = connection.administration_id if connection is not None else None
    posting = next((p for p in postings if p.administration_id == here), None)
    if posting is None and postings and (connection is None or here is None):
        # Nothing is connected now; the last tool still holds the booking.
        posting = postings[0]
    if posting is not None:
        return Standing(posting.state, posting, connection)
    if not _goes_out(document):
        return Standing("", None, connection)
    if connection is None or connection.administration_id is None:
        return Standing(NOT_CONNECTED, None, connection)
    if connection.start_date is not None and document.date < connection.start_date:
        return Standing(OUT_OF_SCOPE, None, connection)
    return Standing(PostingState.WAITING, None, connection)


def _goes_out(document: SalesDocument | PurchaseDocument) -> bool:
    if isinstance(document, PurchaseDocument):
        return document.is_peppol and document.review == ReviewState.APPROVED and not document.quarantine
    return document.is_booked


def external_id_of(document: SalesDocument) -> str:
    """The customer's number in the live connection's administration; empty when it has none yet."""
    live: list[Connection] = document.entity.live_connections  # type: ignore[attr-defined]  # prefetched
    links: list[PartyLink] = document.party.primary_links  # type: ignore[attr-defined]  # prefetched
    here = live[0].administration_id if live else None
    return next((str(found) for found in links if found.administration_id == here), "")


# --- The same as conditions on documents, for views and filters -------------------------------------------------------

BOOKED = Q(status=DocumentStatus.BOOKED)
# The same of an expense, as `_goes_out` asks it of a row.
GOES_OUT = Q(source=PurchaseSource.PEPPOL, review=ReviewState.APPROVED, quarantine="")
# In the books, or kept out of them by a person.
SETTLED = (*IN_BOOKS, PostingState.EXCLUDED)
# So many are named to the database one by one, which then looks at no other; more are found by the plain condition.
NAMED_BOUND = 10_000


def in_scope() -> Q:
    """Booked, and dated on or after the start date of the entity's live connection."""
    live = Connection.objects.live().filter(entity=OuterRef("entity"), start_date__lte=OuterRef("date"))
    return BOOKED & Q(Exists(live))


def in_states(*states: str) -> Q:
    """Documents with a posting in one of these states, whatever the connection."""
    return Q(Exists(Posting.objects.filter(sales_document=OuterRef("pk"), state__in=states)))


def waiting(entity: int | None = None) -> Q:
    """In scope, and with no posting yet or one that waits: what the next sync looks at.

    `entity`: for rows that are all of this entity, which are found with less.
    """
    others = set(PostingState) - {PostingState.WAITING}
    found = _with_none_or([PostingState.WAITING], but_not=others, entity=entity)
    return in_scope() & ~in_states(*others) if found is None else found


def not_posted(entity: int | None = None) -> Q:
    """In scope, not excluded, and not in the books; `entity` as for `waiting`."""
    found = _with_none_or(set(PostingState) - set(SETTLED), but_not=SETTLED, entity=entity)
    return is_not_posted() if found is None else found


def is_not_posted() -> Q:
    """The same, asked of each document: for looking at few of them."""
    return in_scope() & ~in_states(*SETTLED)


def _with_none_or(states: Collection[str], but_not: Collection[str], entity: int | None) -> Q | None:
    """The documents in scope without a posting or with one in `states`, and with none in `but_not`; None when many.

    A condition for what is missing looks at every document there is, so these are named. Three queries, which look
    at no document: the scope of those with a posting is left to the condition, which reads them anyway.
    """
    one = {} if entity is None else {"entity": entity}
    scopes = list(
        Connection.objects.live().filter(**one).exclude(start_date=None).values_list("entity_id", "start_date")
    )
    others = Posting.objects.filter(sales_document=OuterRef("sales_document"), state__in=but_not)
    held = Posting.objects.filter(~Exists(others), state__in=states).exclude(sales_document=None)
    if entity is not None:
        held = held.filter(connection__in=Connection.objects.filter(entity=entity))
    ids: set[int] = set()
    for rows in (_unplaced(scopes), held.order_by().values_list("sales_document_id", flat=True)):
        ids.update(rows[: NAMED_BOUND + 1])
    return _among(sorted(ids)) & BOOKED & _within(scopes) if len(ids) <= NAMED_BOUND else None


def _unplaced(scopes: list[tuple[int, Any]]) -> QuerySet[Any]:
    """The keys of the documents in scope that have no posting: per connection one stretch of the index."""
    rows = Unplaced.objects.values_list("document_id", flat=True)
    parts = [rows.filter(entity=entity, date__gte=start) for entity, start in scopes]
    # Nobody's entity: without a connection as many queries as with one.
    return rows.filter(entity=0).union(*parts, all=True)


def _within(scopes: list[tuple[int, Any]]) -> Q:
    """Of one of these entities, and dated on or after its start date."""
    starts: dict[Any, list[int]] = {}
    for entity, start in scopes:
        starts.setdefault(start, []).append(entity)
    found = Q(entity=0)
    for start, entities in starts.items():
        found |= Q(entity__in=entities, date__gte=start)
    return found


class _Among(Func):
    """Whether a key is one of many, which are handed over as one parameter: one for each would cost more than the rows."""

    arity = 1
    output_field = BooleanField()

    def __init__(self, expression: Any, keys: list[int]) -> None:
        super().__init__(expression)
        self.keys = keys

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.source_expressions[0])
        return column + " IN (SELECT value FROM json_each(%s))", (*parameters, json.dumps(self.keys))  # noqa: S608 - no value in it

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.source_expressions[0])
        return column + " = ANY (%s::bigint[])", (*parameters, "{" + ",".join(map(str, self.keys)) + "}")


def _among(ids: list[int]) -> Q:
    return Q(_Among(F("pk"), ids))


def purchases_waiting() -> Q:
    """Expenses that the next sync looks at: approved, by Peppol, in scope, with no posting yet or one that waits."""
    live = Connection.objects.live().filter(entity=OuterRef("entity"), start_date__lte=OuterRef("date"))
    beyond = Posting.objects.filter(purchase_document=OuterRef("pk")).exclude(state=PostingState.WAITING)
    return GOES_OUT & Q(Exists(live)) & ~Q(Exists(beyond))


def purchases_blocked() -> Q:
    states = (PostingState.BLOCKED, PostingState.REFUSED)
    held = Posting.objects.filter(purchase_document=OuterRef("pk"), state__in=states)
    return GOES_OUT & Q(Exists(held))


def paid_here_open_there() -> Q:
    return Q(Exists(Posting.objects.filter(sales_document=OuterRef("pk"), paid_here_open_there=True)))


def without_external_id() -> Q:
    """In scope, and the customer has no number yet in the administration of the entity's live connection."""
    ids = _unlinked_ids()
    return has_no_external_id() if ids is None else _among(ids) & has_no_external_id()


def has_no_external_id() -> Q:
    """The same, asked of each document: for looking at few of them."""
    live = Connection.objects.live().filter(entity=OuterRef(OuterRef("entity")))
    linked = PartyLink.objects.filter(
        party=OuterRef("party"), primary=True, administration__in=live.values("administration")
    ).exclude(external_id="")
    return in_scope() & ~Q(Exists(linked))


def _unlinked_ids() -> list[int] | None:
    """The documents of parties without a number in the administration of some live connection; None when many.

    Two queries: the parties, and their documents by the index that begins with the party.
    """
    linked = PartyLink.objects.filter(
        party=OuterRef(OuterRef("pk")), primary=True, administration=OuterRef("administration")
    ).exclude(external_id="")
    lacking = Connection.objects.live().exclude(start_date=None).filter(~Exists(linked))
    parties = list(Party.objects.filter(Exists(lacking)).order_by().values_list("pk", flat=True)[: NAMED_BOUND + 1])
    if len(parties) > NAMED_BOUND:
        return None
    rows = SalesDocument.objects.filter(party__in=parties or [0]).order_by()
    found = list(rows.values_list("pk", flat=True)[: NAMED_BOUND + 1])
    return found if len(found) <= NAMED_BOUND else None


def reason_words(standing: Standing) -> str:
    """Why a document without a posting row stands where it stands, in one sentence."""
    match standing.state:
        case "not_connected":
            return _("The entity has no connection with a bookkeeping tool.")
        case "out_of_scope":
            return _("Dated before the start date of the connection.")
        case PostingState.WAITING:
            return _("Goes with the next sync.")
    return ""
