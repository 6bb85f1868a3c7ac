"""Sales and purchases: the two sides of the books, as data. What the steps do alike they do for one of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Q

from crm.models import Party
from invoicing.models import PurchaseDocument, SalesDocument

from ..base.records import DocumentKind, PartyRole
from ..models import LinkRole, PartyLink, Posting
from .books import Books
from .planning import Planned, plan_document
from .purchase_planning import own_mark, plan_purchase

Source = SalesDocument | PurchaseDocument


class Plan(Protocol):
    """Checks a document of one side and builds its booking."""

    def __call__(self, document: Any, books: Books, *, key: str, reference: str) -> Planned: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """`name`: of its counters, and of where a run stopped. `field`: the posting's key of its documents.

    `order`: columns of a document in which they go out; the last one tells two apart. `missing_party`: how what waits
    for its customer or supplier is counted.
    """

    name: str
    field: str
    model: type[SalesDocument] | type[PurchaseDocument]
    party_field: str
    role: PartyRole
    link_roles: tuple[LinkRole, ...]
    kinds: tuple[DocumentKind, ...]
    order: tuple[str, ...]
    missing_party: str
    plan: Plan

    @property
    def of_postings(self) -> Q:
        """Only postings of this side."""
        return Q(**{f"{self.field}__isnull": False})

    @property
    def party_path(self) -> str:
        """From a posting to its document's party."""
        return f"{self.field}__{self.party_field}"

    def owns(self, posting: Posting) -> bool:
        return DocumentKind(posting.kind) in self.kinds

    def document_id(self, posting: Posting) -> int:
        found: int = getattr(posting, f"{self.field}_id")
        return found

    def party_of(self, document: Source) -> Party | None:
        found: Party | None = getattr(document, self.party_field)
        return found

    def reference_of(self, document: Source) -> str:
        """What its posting goes by: our own number, or a mark of ours with that of the supplier."""
        return own_mark(document) if isinstance(document, PurchaseDocument) else document.number

    def place_of(self, document: Source) -> tuple[Any, ...]:
        """Where a document stands in `order`."""
        return tuple(getattr(document, name) or 0 for name in self.order)

    def behind(self, place: Sequence[Any]) -> Q:
        """Postings whose document comes after `place`."""
        found = Q()
        same: dict[str, Any] = {}
        for name, value in zip(self.order, place, strict=True):
            column = f"{self.field}__{name}"
            found |= Q(**same, **{f"{column}__gt": value})
            same[column] = value
        return found

    def has_role(self, link: PartyLink) -> bool:
        """Whether the linked relation is known to be what this side needs it for."""
        if link.role != LinkRole.BOTH:
            return link.role in self.link_roles
        return link.is_customer if self.role is PartyRole.CUSTOMER else link.is_supplier

    @property
    def role_column(self) -> str:
        return "is_customer" if self.role is PartyRole.CUSTOMER else "is_supplier"


SALES = Side(
    name="sales",
    field="sales_document",
    model=SalesDocument,
    party_field="party",
    role=PartyRole.CUSTOMER,
    link_roles=(LinkRole.CUSTOMER, LinkRole.BOTH),
    kinds=(DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE),
    order=("date", "sequence", "pk"),
    missing_party="waiting_for_customer",
    plan=plan_document,
)
PURCHASES = Side(
    name="purchases",
    field="purchase_document",
    model=PurchaseDocument,
    party_field="supplier",
    role=PartyRole.SUPPLIER,
    link_roles=(LinkRole.SUPPLIER, LinkRole.BOTH),
    kinds=(DocumentKind.PURCHASE_INVOICE, DocumentKind.PURCHASE_CREDIT_NOTE),
    order=("date", "pk"),
    missing_party="waiting_for_supplier",
    plan=plan_purchase,
)
SIDES = (SALES, PURCHASES)


def side_of(posting: Posting) -> Side:
    return SALES if SALES.owns(posting) else PURCHASES
