"""Open causes in words and numbers: what each holds up, who has to act, and the text for the accountant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url, list_url
from config.admin.places import document_url, other_party_of, party_link
from config.figures import amount, day
from invoicing.models import PurchaseDocument, SalesDocument, SalesKind

from ..messages import ProblemText, accountant_text
from ..models import Issue, Posting, PostingState, SyncRun
from ..sync.issues import CONNECTION_CAUSE, HELD_UP
from .naming import give_names
from .words import FixLink, fix_for, fix_of_issue, linked_accounts, problem_of_issue, tool_label

SHOWN_DOCUMENTS = 3
# Of the documents, so many are named in the text for the accountant.
COPIED_DOCUMENTS = 20
# So many open causes are sorted by what they hold up; an office with more has one and the same trouble everywhere.
MOST_CAUSES = 500
_DATE = Coalesce("sales_document__date", "purchase_document__date")


@dataclass(slots=True)
class Held:
    """The documents that refer to an issue: how many of each kind, in which states, and what they come to."""

    invoices: int = 0
    credit_notes: int = 0
    states: set[str] = field(default_factory=set)
    amounts: dict[str, Decimal] = field(default_factory=dict)  # of sales by currency, credit notes below zero
    expenses: int = 0
    expense_amounts: dict[str, Decimal] = field(default_factory=dict)
    gross: Decimal = Decimal(0)  # all of them, whatever their sign

    @property
    def count(self) -> int:
        return self.invoices + self.credit_notes + self.expenses

    @property
    def weight(self) -> tuple[Decimal, int]:
        """What sorts issues: the amount, then the number."""
        return self.gross, self.count

    @property
    def single_amount(self) -> str:
        """The amount with its currency as problems are stored; empty when there are several of them."""
        found = [*self.amounts.items(), *self.expense_amounts.items()]
        return f"{found[0][1]} {found[0][0]}" if len(found) == 1 else ""

    @property
    def amount_words(self) -> str:
        words = [amount(value, currency) for currency, value in sorted(self.amounts.items())]
        if self.expense_amounts:
            bought = ", ".join(amount(value, currency) for currency, value in sorted(self.expense_amounts.items()))
            words.append(_("expenses %(amounts)s") % {"amounts": bought})
        return ", ".join(words)


@dataclass(slots=True)
class IssueView:
    """An issue in words, with the documents that it holds up."""

    issue: Issue
    problem: ProblemText
    held: Held
    effect: str
    label: tuple[str, str]  # kind and state whose colour the effect has
    url: str
    documents: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    more_url: str = ""
    runs: int = 0
    fix: FixLink | None = None
    party: SafeString | str = ""
    copy: str = ""  # the text for the accountant; empty where the cause is not in the tool


def held_by(issues: Iterable[Issue]) -> dict[int, Held]:
    """Return what each issue holds up, by its key; one query for any number of issues and documents."""
    found: dict[int, Held] = {issue.pk: Held() for issue in issues}
    rows = (
        Posting.objects.filter(issue__in=list(found))
        .order_by()
        .values_list(
            "issue",
            "state",
            "sales_document__kind",
            "purchase_document__kind",
            Coalesce("sales_document__currency", "purchase_document__currency"),
        )
        .annotate(n=Count("pk"), amount=Sum(Coalesce("sales_document__total", "purchase_document__total")))
    )
    for key, state, sold, bought, currency, number, total in rows:
        held = found[key or 0]
        held.states.add(state)
        is_credit = SalesKind.CREDIT_NOTE in (sold, bought)  # called the same on both sides
        amounts = held.expense_amounts if bought else held.amounts
        amounts[currency] = amounts.get(currency, Decimal(0)) + (-total if is_credit else total)
        held.gross += total
        if bought:
            held.expenses += number
        elif is_credit:
            held.credit_notes += number
        else:
            held.invoices += number
    return found


def is_of_connection(issue: Issue) -> bool:
    """Whether it concerns the whole connection and no single document."""
    return issue.cause_key.partition(":")[0] == CONNECTION_CAUSE


def by_weight(issues: Iterable[Issue], held: dict[int, Held]) -> list[Issue]:
    """Causes in the order of what they hold up: what stops everything, then the largest amount."""
    return sorted(issues, key=lambda issue: (is_of_connection(issue), held[issue.pk].weight), reverse=True)


def effect_words(issue: Issue, held: Held) -> str:
    """What the issue does: "Blocks 6 invoices"."""
    if issue.resolved_at is not None:
        return _("Closed")
    if not held.count:
        return _("Stops the sync") if _stops(issue) else _("To know")
    documents = {"documents": _counted(held)}
    match sorted(held.states):
        case [PostingState.UNCLEAR]:
            return _("%(documents)s, not sent again") % documents
        case [PostingState.DIFFERS]:
            return _("%(documents)s, not the same there") % documents
        case [PostingState.GONE]:
            return _("%(documents)s, deleted there") % documents
        case [PostingState.POSTED]:
            return _("%(documents)s, in the books") % documents
    return _("Blocks %(documents)s") % documents


def _stops(issue: Issue) -> bool:
    return is_of_connection(issue) and problem_of_issue(issue).who != "nobody"


def _counted(held: Held) -> str:
    """The documents as a phrase: of one kind by that name."""
    if held.count == held.invoices:
        return ngettext("%(n)d invoice", "%(n)d invoices", held.invoices) % {"n": held.invoices}
    if held.count == held.credit_notes:
        return ngettext("%(n)d credit note", "%(n)d credit notes", held.credit_notes) % {"n": held.credit_notes}
    if held.count == held.expenses:
        return ngettext("%(n)d expense", "%(n)d expenses", held.expenses) % {"n": held.expenses}
    return ngettext("%(n)d document", "%(n)d documents", held.count) % {"n": held.count}


def _label(issue: Issue, held: Held) -> tuple[str, str]:
    if issue.resolved_at is not None:
        return "issue", "closed"
    if held.count and len(held.states) == 1:
        state = next(iter(held.states))
        return "posting", state if state in HELD_UP else PostingState.DIFFERS
    return ("posting", PostingState.BLOCKED) if held.count else ("issue", "open")


def views_of(
    issues: Sequence[Issue],
    *,
    reader: User | AnonymousUser,
    held: dict[int, Held] | None = None,
    shown: int = SHOWN_DOCUMENTS,
) -> list[IssueView]:
    """Return the issues in words, what weighs most first; a constant number of queries.

    Loaded with their connection, its entity and administration, and their party.
    """
    held = held_by(issues) if held is None else held
    give_names(issues)
    problems = {
        issue.pk: problem_of_issue(issue, count=held[issue.pk].count or None, amount=held[issue.pk].single_amount)
        for issue in issues
    }
    for_accountant = [pk for pk, problem in problems.items() if problem.for_accountant]
    postings = _first_postings(issues, shown, for_accountant)
    runs = _runs_of(issues)
    accounts = {(issue.connection_id, issue.params["account"]) for issue in issues if issue.params.get("account")}
    linked = linked_accounts(*map(set, zip(*accounts, strict=True))) if accounts else set()
    views = [
        _view(issue, problems[issue.pk], held[issue.pk], postings[issue.pk], shown, runs.get(issue.pk, 0), linked)
        for issue in by_weight(issues, held)
    ]
    for view in views:
        view.fix = fix_for(reader, view.fix)
    return views


def _first_postings(issues: Sequence[Issue], shown: int, for_accountant: list[int]) -> dict[int, list[Posting]]:
    """The newest documents of each issue, no more than are named: some causes hold up thousands."""
    place = Window(RowNumber(), partition_by=F("issue"), order_by=[_DATE.desc(), F("pk").desc()])
    rows = (
        Posting.objects.filter(issue__in=[issue.pk for issue in issues])
        .annotate(place=place)
        .filter(Q(place__lte=shown) | Q(place__lte=COPIED_DOCUMENTS, issue__in=for_accountant))
        .select_related("sales_document__party", "purchase_document__supplier")
    )
    found: dict[int, list[Posting]] = defaultdict(list)
    for posting in rows.order_by("issue", "place"):
        found[posting.issue_id or 0].append(posting)
    return found


def _runs_of(issues: Sequence[Issue]) -> dict[int, int]:
    """In how many runs each cause was met: those that ended after it was first seen and began before it was last."""
    met = (
        SyncRun.objects.filter(connection=OuterRef("connection"), created_at__lte=OuterRef("last_seen_at"))
        .filter(Q(finished_at__gte=OuterRef("first_seen_at")) | Q(finished_at__isnull=True))
        .order_by()
        .values("connection")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = Issue.objects.filter(pk__in=[issue.pk for issue in issues]).order_by()
    return {pk: number or 0 for pk, number in rows.values_list("pk", Subquery(met))}


def _view(
    issue: Issue,
    problem: ProblemText,
    held: Held,
    postings: Sequence[Posting],
    shown: int,
    runs: int,
    linked: set[tuple[int, str]],
) -> IssueView:
    documents = [posting.document for posting in postings]
    view = IssueView(
        issue=issue,
        problem=problem,
        held=held,
        effect=effect_words(issue, held),
        label=_label(issue, held),
        url=change_url(issue),
        documents=[_document(document) for document in documents[:shown]],
        more_url=list_url(Posting, issue__id__exact=issue.pk),
        runs=runs,
        fix=fix_of_issue(issue, problem, postings, linked=linked),
    )
    view.more = max(held.count - len(view.documents), 0)
    if issue.party is not None:
        view.party = party_link(issue.party)
    if problem.for_accountant and issue.resolved_at is None:
        named = documents[:COPIED_DOCUMENTS]
        view.copy = accountant_text(
            problem,
            entity=str(issue.connection.entity),
            tool=tool_label(issue.connection.tool),
            administration=str(issue.connection.administration or ""),
            documents=[_line(document) for document in named],
            more=max(held.count - len(named), 0),
        )
    return view


def _document(document: SalesDocument | PurchaseDocument) -> dict[str, Any]:
    return {"document": document, "url": document_url(document), "customer": other_party_of(document)}


def _line(document: SalesDocument | PurchaseDocument) -> str:
    """One document as a line of a letter."""
    return ", ".join(
        [
            f"{document.get_kind_display()} {document.number}",
            day(document.date),
            other_party_of(document),
            amount(document.total, document.currency),
        ]
    )


def who_acts(issues: Iterable[Issue]) -> dict[int, str]:
    """Who has to act on each issue: "you", "accountant" or "nobody"; a property of its code and its case."""
    return {issue.pk: problem_of_issue(issue).who for issue in issues}
