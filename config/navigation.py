"""The menu: by work, not by app. An entry appears when its page exists and the person may see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the menu: the list page of `model` ("app.model"), or the page `url` for those who hold `right`."""

    title: str | Promise
    icon: str
    model: str
    superuser: bool = False
    url: str = ""
    right: str = ""
    # Import path of a function that takes the request and answers the number to show, or nothing.
    badge: str = ""
    badge_variant: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A heading with its entries; `folded` groups open by a click."""

    title: str | Promise
    entries: tuple[Entry, ...]
    folded: bool = False


MENU = (
    Group(
        title=_("Customers"),
        entries=(
            Entry(title=_("Companies"), icon="domain", model="crm.company"),
            Entry(title=_("Contacts"), icon="person", model="crm.contact"),
            Entry(
                title=_("Duplicates"),
                icon="content_copy",
                model="crm.duplicatepair",
                badge="config.badges.open_duplicates",
            ),
            Entry(title=_("Segments"), icon="filter_alt", model="crm.segment"),
            Entry(title=_("Imports"), icon="upload_file", model="crm.importbatch"),
            Entry(title=_("Recycle bin"), icon="delete", model="crm.binnedparty"),
        ),
    ),
    Group(
        title=_("Revenue"),
        entries=(
            Entry(
                title=_("Invoices"),
                icon="receipt_long",
                model="invoicing.invoice",
                badge="config.badges.answered_invoices",
                badge_variant="warning",
            ),
            Entry(
                title=_("Credit notes"),
                icon="undo",
                model="invoicing.creditnote",
                badge="config.badges.answered_credit_notes",
                badge_variant="warning",
            ),
        ),
    ),
    Group(
        title=_("Purchases"),
        entries=(
            Entry(
                title=_("Expenses"),
                icon="inbox",
                model="invoicing.purchasedocument",
                badge="config.badges.expenses_to_approve",
            ),
            Entry(title=_("Refused files"), icon="unpublished", model="invoicing.incomingfile"),
        ),
    ),
    Group(
        title=_("Accounting"),
        entries=(
            Entry(title=_("Connections"), icon="cable", model="integrations.connection"),
            Entry(title=pgettext_lazy("synchronisations", "Runs"), icon="sync", model="integrations.syncrun"),
            Entry(
                title=_("Issues"),
                icon="error",
                model="integrations.issue",
                badge="config.badges.open_issues",
                badge_variant="warning",
            ),
            Entry(title=_("Postings"), icon="book_2", model="integrations.posting"),
        ),
    ),
    Group(
        title=_("Settings"),
        entries=(
            Entry(title=_("Entities"), icon="apartment", model="invoicing.companyentity"),
            Entry(title=_("Fiscal years"), icon="calendar_month", model="invoicing.fiscalyear"),
            Entry(title=_("VAT rates"), icon="percent", model="invoicing.vatrate"),
            Entry(title=_("Payment terms"), icon="event", model="invoicing.paymentterm"),
            Entry(title=_("Ledger accounts"), icon="format_list_numbered", model="invoicing.ledgeraccount"),
            Entry(title=_("Access points"), icon="move_to_inbox", model="invoicing.incomingaccess"),
            Entry(title=_("Accounting module"), icon="toggle_on", model="integrations.module"),
            Entry(title=_("Users"), icon="group", model="auth.user"),
            Entry(title=_("Groups"), icon="badge", model="auth.group"),
        ),
    ),
    Group(
        title=_("System"),
        folded=True,
        entries=(
            Entry(title=_("Schedules"), icon="schedule", model="django_q.schedule", superuser=True),
            Entry(title=_("Queued tasks"), icon="pending", model="django_q.ormq", superuser=True),
            Entry(title=_("Failed tasks"), icon="running_with_errors", model="django_q.failure", superuser=True),
        ),
    ),
)


def _visible(request: HttpRequest, group: Group) -> Iterator[dict[str, Any]]:
    for entry in group.entries:
        if entry.url:
            if request.user.has_perm(entry.right):
                yield {"title": entry.title, "icon": entry.icon, "link": reverse(entry.url)}
            continue
        try:
            model = apps.get_model(entry.model)
        except LookupError:
            continue
        page = admin.site._registry.get(model)
        if page is None or not page.has_view_or_change_permission(request):
            continue
        if entry.superuser and not getattr(request.user, "is_superuser", False):
            continue
        item: dict[str, Any] = {
            "title": entry.title,
            "icon": entry.icon,
            "link": reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"),
        }
        if entry.badge:
            item |= {"badge": entry.badge, "badge_variant": entry.badge_variant}
        yield item


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the menu of the signed-in person, as Unfold's sidebar takes it; empty groups are left out."""
    groups: list[dict[str, Any]] = [
        {"items": [{"title": _("Start"), "icon": "home", "link": reverse("admin:index")}]},
    ]
    for group in MENU:
        if items := list(_visible(request, group)):
            groups.append({"title": group.title, "collapsible": group.folded, "items": items})
    return groups
