"""Sentences about problems for the pages, and the page on which each is put right."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin.links import list_url
from config.admin.places import document_url
from invoicing.models import PurchaseDocument, SalesDocument

from ..messages import Fix, ProblemText, connection_reason, fix_url, issue_text, posting_reason, run_reason
from ..messages.fixes import ASKS_FOR_RELATION
from ..models import Connection, Issue, LedgerLink, Posting, SyncRun
from ..registry import get_tool
from .naming import names_of

problem_of_connection = connection_reason


@dataclass(frozen=True, slots=True)
class FixLink:
    """A button that leads to where the cause is put right; without `url` the words say who can do it."""

    words: str
    url: str
    right: str = ""  # what it takes to change something there


# What the customer's page, a document or the connection asks of whoever changes it.
_RIGHTS = {
    Fix.PARTY: "crm.change_party",
    Fix.DOCUMENT: "invoicing.change_invoice",
    Fix.POSTING: "integrations.change_posting",
    Fix.FISCAL_YEAR: "invoicing.change_fiscalyear",
}
_LINES = "invoicing.change_invoice"
_EXPENSE = "invoicing.approve_purchasedocument"
_OF_STAFF = frozenset({"crm.change_party", _LINES, _EXPENSE, "integrations.change_posting"})


def _right_for(problem: ProblemText) -> str:
    if problem.fix is Fix.PARTY and problem.code in ASKS_FOR_RELATION:
        return "integrations.change_partylink"
    return _RIGHTS.get(problem.fix, "integrations.change_connection")


def fix_for(reader: User | AnonymousUser, fix: FixLink | None) -> FixLink | None:
    """The button for those who can put the cause right; for everybody else who that is."""
    if fix is None or reader.has_perm(fix.right):
        return fix
    if fix.right in _OF_STAFF:
        return FixLink(_("%(fix)s: staff or an account admin can do this.") % {"fix": fix.words}, "")
    return FixLink(_("%(fix)s: an account admin can do this.") % {"fix": fix.words}, "")


def tool_label(key: str) -> str:
    """The tool's name; the key itself for one that is not offered any more."""
    try:
        return get_tool(key).label
    except LookupError:
        return key


def problem_of_posting(posting: Posting) -> ProblemText | None:
    return posting_reason(posting, names=names_of(posting))


def problem_of_issue(issue: Issue, *, count: int | None = None, amount: str = "") -> ProblemText:
    return issue_text(issue, count=count, amount=amount, names=names_of(issue))


def problem_of_run(run: SyncRun) -> ProblemText | None:
    return run_reason(run)


def fix_of_posting(posting: Posting, problem: ProblemText | None) -> FixLink | None:
    """Where the cause of a posting's problem is put right; None where it is not here."""
    if problem is None:
        return None
    document = posting.document
    account = _account(problem, posting.reason_params)
    if account and not linked_accounts([posting.connection_id], [account]):
        return _on_lines(problem, document)
    if isinstance(document, PurchaseDocument):
        party_id = document.supplier_id
        if problem.fix is Fix.DOCUMENT:
            return _on_document(problem, document)
    else:
        party_id = document.party_id
    url = _section_url(problem.fix, posting.connection) or fix_url(
        problem.fix,
        code=problem.code,
        connection=posting.connection,
        party_id=party_id,
        document_id=document.pk,
        posting_id=posting.pk,
    )
    return FixLink(problem.fix_label, url, _right_for(problem)) if url else None


def fix_of_issue(
    issue: Issue, problem: ProblemText, postings: Sequence[Posting] = (), *, linked: Collection[tuple[int, str]] = ()
) -> FixLink | None:
    """Where the cause of an issue is put right; one about many documents leads to none of them.

    `linked`: the accounts that the connections themselves name, as `linked_accounts` returns them.
    """
    only = postings[0].document if len(postings) == 1 else None
    account = _account(problem, issue.params)
    if postings and account and (issue.connection_id, account) not in linked:
        if only is not None:
            return _on_lines(problem, only)
        return FixLink(problem.fix_label, list_url(Posting, issue__id__exact=issue.pk), _LINES)
    if only is not None and problem.fix in (Fix.POSTING, Fix.DOCUMENT):
        # What stands there and the buttons to decide are beside the document itself.
        return _on_document(problem, only)
    url = _section_url(problem.fix, issue.connection, rate_id=_rate_id(issue)) or fix_url(
        problem.fix, code=problem.code, connection=issue.connection, party_id=issue.party_id
    )
    return FixLink(problem.fix_label, url, _right_for(problem)) if url else None


def _account(problem: ProblemText, values: Mapping[str, str]) -> str:
    """The ledger account that has to be replaced; empty where the problem names none."""
    return values.get("account", "") if problem.fix is Fix.LEDGER_ACCOUNTS else ""


def linked_accounts(connections: Iterable[int], codes: Iterable[str]) -> set[tuple[int, str]]:
    """Of these accounts, those that a connection names for a VAT rate, as default or for discounts; one query.

    What is not among them stands on the lines, so the connection's pages cannot put it right.
    """
    of_rates = LedgerLink.objects.filter(connection__in=connections, account__code__in=codes).order_by()
    named = Connection.objects.filter(pk__in=connections).order_by()
    default = named.filter(default_ledger_account__code__in=codes).values_list("pk", "default_ledger_account__code")
    discounts = named.filter(discount_account__code__in=codes).values_list("pk", "discount_account__code")
    return set(of_rates.values_list("connection_id", "account__code").union(default, discounts))


# Put right in the form below the lines of an expense.
_BELOW_LINES = frozenset({"APP-102", "APP-210"})


def _on_lines(problem: ProblemText, document: SalesDocument | PurchaseDocument) -> FixLink:
    right = _EXPENSE if isinstance(document, PurchaseDocument) else _LINES
    return FixLink(problem.fix_label, f"{document_url(document)}#lines", right)


def _on_document(problem: ProblemText, document: SalesDocument | PurchaseDocument) -> FixLink:
    if isinstance(document, PurchaseDocument) and problem.fix is Fix.DOCUMENT:
        if problem.code in _BELOW_LINES:
            return _on_lines(problem, document)
        return FixLink(problem.fix_label, document_url(document), _EXPENSE)
    return FixLink(problem.fix_label, document_url(document), _right_for(problem))


def _section_url(fix: Fix, connection: Connection, rate_id: int | None = None) -> str:
    """The section of the connection that a fix belongs to; empty for what is put right elsewhere."""
    match fix:
        case Fix.VAT_CODES:
            page = reverse("admin:integrations_connection_vat", args=[connection.pk])
            return f"{page}#rate-{rate_id}" if rate_id is not None else page
        case Fix.LEDGER_ACCOUNTS:
            return reverse("admin:integrations_connection_ledger", args=[connection.pk])
        case Fix.JOURNALS | Fix.PAYMENT_TERM | Fix.DISCOUNT_ACCOUNT:
            return f"{reverse('admin:integrations_connection_change', args=[connection.pk])}#settings"
        case Fix.SIGN_IN | Fix.SETUP:
            return reverse("admin:integrations_connection_change", args=[connection.pk])
    return ""


def _rate_id(issue: Issue) -> int | None:
    kind, _colon, rest = issue.cause_key.partition(":")
    number = rest.partition(":")[0]
    return int(number) if kind == "vat-rate" and number.isdigit() else None
