"""The start of a fresh installation: four steps, the done ones ticked. Nothing of it is shown once something is posted."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin.links import change_url, list_url
from crm.models import Company, Party
from integrations.models import Connection, ConnectionStatus, Posting
from integrations.registry import TOOLS
from invoicing.models import CompanyEntity, Invoice

from .entities import NOT_SET_UP


@dataclass(frozen=True, slots=True)
class Step:
    """`url` is empty for who may not do it; `button` is what the first open step is pressed by."""

    words: str
    detail: str
    url: str
    button: str
    done: bool
    icon: str = ""


_NUMBERS = ("looks_one", "looks_two", "looks_3", "looks_4")


def steps_of(request: HttpRequest, connections: list[Connection]) -> list[Step]:
    """The steps; none once a document got its place on the way into the books, which is the last of them."""
    if Posting.objects.exists():
        return []
    steps = [_company(request), _connect(request, connections), _customers(request), _invoice(request)]
    return [
        Step(step.words, step.detail, step.url, step.button, step.done, "check_circle" if step.done else number)
        for step, number in zip(steps, _NUMBERS, strict=True)
    ]


def _company(request: HttpRequest) -> Step:
    entity = CompanyEntity.objects.order_by("pk").first()
    facts = [entity.name, entity.vat_number] if entity is not None else []
    return Step(
        _("Add your company"),
        ", ".join(fact for fact in facts if fact) or _("Name, VAT number, and a fiscal year for the numbers."),
        _allowed(request, "invoicing.add_companyentity", reverse("admin:invoicing_companyentity_add")),
        _("Add"),
        entity is not None,
    )


def _connect(request: HttpRequest, connections: list[Connection]) -> Step:
    tools = [tool.label for tool in TOOLS.values()]
    names = _("%(tools)s or %(tool)s") % {"tools": ", ".join(tools[:-1]), "tool": tools[-1]} if tools[1:] else tools[0]
    begun = next((row for row in connections if row.status in NOT_SET_UP), None)
    url = reverse("admin:integrations_connection_add")
    if begun is not None:
        url = reverse("admin:integrations_connection_setup", args=[begun.pk])
    elif connections:
        url = change_url(connections[0])
    return Step(
        _("Connect it to your accounting tool"),
        _("%(tools)s. You need a log-in of that tool.") % {"tools": names},
        _allowed(request, "integrations.add_connection", url),
        _("Continue set-up") if begun is not None else _("Connect"),
        any(row.status == ConnectionStatus.CONNECTED for row in connections),
    )


def _customers(request: HttpRequest) -> Step:
    return Step(
        _("Bring in your customers"),
        _("A customer is made once, here or in the tool, and known on both sides from its first invoice."),
        _allowed(request, "crm.add_company", list_url(Company)),
        _("Companies"),
        Party.objects.filter(deleted_at__isnull=True, is_customer=True).exists(),
    )


def _invoice(request: HttpRequest) -> Step:
    return Step(
        _("Book your first invoice and sync it"),
        _("Preview first: nothing is sent until you say so."),
        _allowed(request, "invoicing.add_invoice", list_url(Invoice)),
        _("Invoices"),
        False,
    )


def _allowed(request: HttpRequest, right: str, url: str) -> str:
    return url if request.user.has_perm(right) else ""
