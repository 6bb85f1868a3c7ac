"""What is to be done next, hardest first, as far as the person who looks may do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url, list_url
from config.badges import (
    answered_credit_notes,
    answered_invoices,
    expenses_to_approve,
    open_duplicates,
    untold_suppliers,
)
from config.figures import moment
from crm.admin.duplicates import DECIDE
from crm.admin.parties import ASKS_FOR_RELATION, CHOOSE
from crm.models import DuplicatePair
from integrations.admin.causes import Held, by_weight, effect_words, held_by
from integrations.admin.wizard import place_of
from integrations.admin.words import problem_of_connection, problem_of_issue, tool_label
from integrations.messages import Fix, ProblemText
from integrations.messages.texts import FIX_LABELS
from integrations.models import Connection, ConnectionStatus, Issue, SyncRun
from invoicing.admin.answers import ASKING_VIEW
from invoicing.admin.expenses_review import APPROVE
from invoicing.models import CompanyEntity, CreditNote, DocumentStatus, Invoice, PurchaseDocument

from .entities import NOT_SET_UP

MOST_TASKS = 6
# Of the open causes, those with the most documents are weighed by their amounts.
MOST_LOOKED_AT = 200
CHANGE_CONNECTION = "integrations.change_connection"
# What it takes to put a cause right, by the place where that is done.
_RIGHTS = {
    Fix.PARTY: "crm.change_party",
    Fix.DOCUMENT: "invoicing.change_invoice",
    Fix.POSTING: "integrations.change_posting",
    Fix.FISCAL_YEAR: "invoicing.change_fiscalyear",
}
_ICONS = {Fix.VAT_CODES: "percent", Fix.SIGN_IN: "link_off", Fix.PARTY: "person", Fix.IN_TOOL: "front_hand"}


@dataclass(frozen=True, slots=True)
class Task:
    words: str
    detail: str
    url: str
    icon: str
    mark: str


def tasks_of(request: HttpRequest, connections: list[Connection]) -> list[Task]:
    found: list[Task] = []
    if request.user.has_perm(CHANGE_CONNECTION):
        found += [_sign_in(row) for row in connections if row.status == ConnectionStatus.RECONNECT_NEEDED]
        begun = [row for row in connections if row.status in NOT_SET_UP]
        # How far a set-up is takes a look at its links, so only those that are shown are asked.
        found += [_set_up(request, row) for row in begun[: MOST_TASKS - len(found[:MOST_TASKS])]]
    if len(found) < MOST_TASKS:
        found += _causes(request, connections)
    found += _answers(request)
    # With the entities named, the database finds the few drafts by its index.
    drafts = Invoice.objects.filter(entity__in=CompanyEntity.objects.values("pk"), status=DocumentStatus.DRAFT).count()
    if drafts and request.user.has_perm("invoicing.change_invoice"):
        found.append(_drafts(drafts))
    if request.user.has_perm(APPROVE) and (expenses := expenses_to_approve(request)):
        found.append(_expenses(int(expenses)))
    if request.user.has_perm(APPROVE) and (untold := untold_suppliers(request)):
        found.append(_untold(int(untold)))
    if request.user.has_perm(DECIDE) and (duplicates := open_duplicates(request)):
        found.append(_duplicates(int(duplicates)))
    return found[:MOST_TASKS]


def nothing_words(connections: list[Connection]) -> str:
    """What stands there instead of tasks: that there are none, and when the last run was."""
    last = SyncRun.objects.filter(connection__in=connections).order_by("-pk").first()
    if last is None:
        return _("Nothing to do.")
    return _("Nothing to do. Last sync %(when)s.") % {"when": moment(last.created_at)}


def _sign_in(connection: Connection) -> Task:
    problem = problem_of_connection(connection)
    names = {"tool": tool_label(connection.tool), "entity": connection.entity}
    detail = _("%(entity)s is not synced until then. All links are kept.") % names
    return Task(
        _("Sign in to %(tool)s again") % names,
        f"{connection.entity}. {problem.sentence}" if problem is not None and problem.code != "AUT-401" else detail,
        change_url(connection),
        "link_off",
        "bb-c-bad",
    )


def _set_up(request: HttpRequest, connection: Connection) -> Task:
    page: Any = admin.site._registry[Connection]
    place = place_of(page, request, connection)
    return Task(
        _("Finish the set-up of %(entity)s") % {"entity": connection.entity},
        _("Step %(number)d of %(total)d: %(title)s.") % place,
        reverse("admin:integrations_connection_setup", args=[connection.pk]),
        "build",
        "bb-c-warn",
    )


def _causes(request: HttpRequest, connections: list[Connection]) -> list[Task]:
    """The causes of what is held up; those of a lost sign-in stand higher already."""
    if not request.user.has_perm("integrations.view_issue"):
        return []
    lost = {row.pk for row in connections if row.status == ConnectionStatus.RECONNECT_NEEDED}
    rows = Issue.objects.open().filter(connection__in=connections).order_by("-count", "-last_seen_at")
    issues = list(rows.select_related("connection__entity", "connection__administration")[:MOST_LOOKED_AT])
    held = held_by(issues)
    found = []
    for issue in by_weight(issues, held):
        problem = problem_of_issue(issue)
        if problem.who == "nobody" or not _may_act(request, issue, problem):
            continue
        if problem.fix is Fix.SIGN_IN and issue.connection_id in lost:
            continue
        found.append(_task_of(issue, problem, held[issue.pk]))
        if len(found) == MOST_TASKS:
            break
    return found


def _may_act(request: HttpRequest, issue: Issue, problem: ProblemText) -> bool:
    """Whether the person can put it right here, or it lies in the tool, where the accountant can."""
    if issue.code in ASKS_FOR_RELATION:
        return bool(request.user.has_perm(CHOOSE))
    return problem.for_accountant or request.user.has_perm(_RIGHTS.get(problem.fix, CHANGE_CONNECTION))


def _task_of(issue: Issue, problem: ProblemText, held: Held) -> Task:
    # Words of its own say what to do ("Link VAT rate 6%"); a general label ("Open the document") does not.
    label = problem.fix_label if problem.fix_label != str(FIX_LABELS[problem.fix]) else ""
    about = ", ".join(part for part in (effect_words(issue, held), held.amount_words) if part)
    return Task(
        label or problem.headline or problem.sentence,
        f"{about}. {issue.connection.entity}",
        change_url(issue),
        _ICONS.get(problem.fix, "front_hand"),
        "bb-c-warn",
    )


def _answers(request: HttpRequest) -> list[Task]:
    """E-invoices that the network or the customer refused, or about which the customer asks something."""
    found = []
    for model, counted in ((Invoice, answered_invoices(request)), (CreditNote, answered_credit_notes(request))):
        if not counted or not request.user.has_perm(f"invoicing.change_{model._meta.model_name}"):
            continue
        number = int(counted)
        words = ngettext("Look at the answer to %(n)d e-invoice", "Look at the answers to %(n)d e-invoices", number)
        detail = _("Refused or asked about: nothing of it is mended by itself.")
        url = list_url(model, view=ASKING_VIEW.key)
        found.append(Task(words % {"n": number}, detail, url, "campaign", "bb-c-warn"))
    return found


def _drafts(number: int) -> Task:
    return Task(
        ngettext("Book %(n)d draft", "Book %(n)d drafts", number) % {"n": number},
        _("Drafts have no number and are not sent."),
        list_url(Invoice, view="drafts"),
        "edit",
        "bb-c-idle",
    )


def _expenses(number: int) -> Task:
    return Task(
        ngettext("Approve or refuse %(n)d expense", "Approve or refuse %(n)d expenses", number) % {"n": number},
        _("Nothing of it goes to the books before."),
        list_url(PurchaseDocument, view="to-approve"),
        "rate_review",
        "bb-c-idle",
    )


def _untold(number: int) -> Task:
    words = ngettext("Tell %(n)d supplier about its e-invoice", "Tell %(n)d suppliers about their e-invoices", number)
    return Task(
        words % {"n": number},
        _("Peppol did not take it, or perhaps did."),
        list_url(PurchaseDocument, view="untold"),
        "campaign",
        "bb-c-warn",
    )


def _duplicates(number: int) -> Task:
    words = ngettext("Look at %(n)d possible duplicate", "Look at %(n)d possible duplicates", number)
    return Task(
        words % {"n": number},
        _("Two records of one customer split its documents."),
        list_url(DuplicatePair),
        "content_copy",
        "bb-c-idle",
    )
