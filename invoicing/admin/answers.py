"""On the page of a booked document: what the network and the customer said of its e-invoice, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from config import badges
from config.admin.links import change_url
from config.admin.lists import View
from config.figures import moment
from config.states import STATES, state_label

from .. import services
from ..models import DeliveryResponse, DeliveryState, PeppolDelivery, SalesKind
from ..services import purchases
from .booking import person
from .response_words import reason_lines

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin

SHOWN = 20
NOT_HANDED_OVER = "none"


def asking() -> Q:
    """Documents whose answers ask for a person: few, and found by an index of their own."""
    return Q(pk__in=PeppolDelivery.objects.filter(needs_person=True).values("document"))


ASKING_VIEW = View(
    key="e-invoice-asks",
    title=gettext_lazy("Customer asks or refuses"),
    condition=asking,
    empty_title=gettext_lazy("No customer asks for anything"),
    empty_text=gettext_lazy("E-invoices that are refused or asked about appear here."),
)


@dataclass(frozen=True, slots=True)
class Answered:
    label: SafeString
    words: str
    lines: list[str]
    late_words: str


def answers_context(page: SalesDocumentAdmin, request: HttpRequest, delivery: PeppolDelivery | None) -> dict[str, Any]:
    """What was said, the newest first; what to do next, while nobody did it."""
    if delivery is None:
        return {}
    rows = list(delivery.responses.defer("content").order_by("-pk")[:SHOWN])
    found: dict[str, Any] = {
        "answers": [
            Answered(
                label=state_label("delivery", row.state),
                words=_("%(who)s, %(when)s") % {"who": _who(row), "when": moment(row.received_at)},
                lines=reason_lines(row.reasons),
                late_words=_late_words(row),
            )
            for row in rows
        ]
    }
    if delivery.needs_person:
        found["answer_advice"] = _advice(delivery)
        if page.may_work_on(request):
            found["attend_url"] = page.url("attend", delivery.document_id)
    if delivery.state == DeliveryState.RECEIVER_PAID:
        found["answer_note"] = _("It counts as paid here once the payment is seen in the books, or marked by hand.")
    return found


def _who(row: DeliveryResponse) -> str:
    named = row.sender_name or row.sender
    return _("The network (%(who)s)") % {"who": named} if row.is_network and named else named or _("The network")


def _late_words(row: DeliveryResponse) -> str:
    if row.contradicts:
        return _("It contradicts what was said before, so it changes nothing here.")
    return "" if row.counted else _("It came after a later answer and changes nothing.")


def _advice(delivery: PeppolDelivery) -> str:
    """What a bookkeeper does next. Nothing happens to the booked document by itself."""
    is_credit = delivery.document.kind == SalesKind.CREDIT_NOTE
    last = delivery.responses.filter(is_network=False).only("contradicts", "delivery").order_by("-pk").first()
    if last is not None and last.contradicts:
        return _("The customer says two things that cannot both hold. Call them and ask which one does.")
    if delivery.state == DeliveryState.APPLICATION_REJECTED:
        return _(
            "It did not reach the customer: the network turned it down. Send the PDF by e-mail, and have what the network"
            " names put right before the next e-invoice."
        )
    if delivery.state == DeliveryState.RECEIVER_REJECTED and is_credit:
        return _("The customer refuses it. Call them about what they expect; it stays booked as it is.")
    if delivery.state == DeliveryState.RECEIVER_REJECTED:
        return _(
            "The customer refuses it and will not pay it as it is. Call them. Where they are right, make a credit note and"
            " a new invoice; until then it stays booked and open."
        )
    if delivery.state == DeliveryState.RECEIVER_AWAITS_FEEDBACK:
        return _("The customer asks something and waits. Call or e-mail them: Peppol takes no reply to this.")
    if delivery.state == DeliveryState.RECEIVER_CONDITIONALLY_ACCEPTED:
        return _(
            "The customer accepts it on the conditions below and pays by them. Where you do not agree, tell them; where"
            " they pay less, make a credit note of the difference."
        )
    return ""


def attend_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The person dealt with what the customer or the network wants."""
    document = page.document(request, pk)
    if not page.may_work_on(request):
        raise PermissionDenied
    delivery = services.delivery_of(document)
    if delivery is not None:
        purchases.attend(delivery=delivery, by=person(request))
        badges.forget()
    return HttpResponseRedirect(f"{change_url(document)}#e-invoice")


class PeppolFilter(DropdownFilter):
    """Documents by what became of their e-invoice."""

    title = gettext_lazy("e-invoice")
    parameter_name = "e-invoice"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        words = STATES["delivery"]
        return [
            (NOT_HANDED_OVER, gettext_lazy("Not handed over")),
            *((state.value, words[state.value].word) for state in DeliveryState),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = str(self.value() or "")
        if wanted == NOT_HANDED_OVER:
            return queryset.filter(peppol_delivery=None)
        return queryset.filter(peppol_delivery__state=wanted) if wanted in DeliveryState.values else queryset
