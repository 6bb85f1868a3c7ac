"""The mirrors and links of a connection, loaded once per slice in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from ..base.provider import Capability
from ..base.records import DocumentKind, JournalKind, PaymentMethod
from ..base.signin import Tool
from ..models import (
    Connection,
    FiscalPeriod,
    Journal,
    LedgerLink,
    LinkDirection,
    ToolLedgerAccount,
    ToolPaymentTerm,
    VatCode,
    VatLink,
)
from .problems import Problem
from .terms import OfferedTerm


@dataclass(slots=True)
class Books:
    """What the plan needs to know of the tool, answered from memory."""

    connection: Connection
    tool: Tool
    accounts: dict[str, ToolLedgerAccount] = field(default_factory=dict)  # by code
    vat_links: dict[int, VatCode] = field(default_factory=dict)  # VAT rate id -> sales VAT code
    ledger_links: dict[int, ToolLedgerAccount] = field(default_factory=dict)  # VAT rate id -> account
    purchase_vat_links: dict[int, VatCode] = field(default_factory=dict)
    purchase_ledger_links: dict[int, ToolLedgerAccount] = field(default_factory=dict)
    journals: dict[DocumentKind, Journal | None] = field(default_factory=dict)
    periods: list[FiscalPeriod] = field(default_factory=list)
    terms: list[OfferedTerm] = field(default_factory=list)
    default_term: ToolPaymentTerm | None = None
    discount_account: ToolLedgerAccount | None = None
    default_account: ToolLedgerAccount | None = None
    currencies: frozenset[str] = frozenset()
    currency: str = "EUR"

    @property
    def start_date(self) -> date:
        if self.connection.start_date is None:
            raise ValueError("the connection has no start date")
        return self.connection.start_date

    def code(self, situation: str) -> str:
        """The catalogue code of a situation that each tool has its own wording for."""
        return self.tool.problem_codes.get(situation, _COMMON_CODES[situation])

    def period_of(self, day: date) -> FiscalPeriod | None:
        """The period that `day` lies in; the shortest one where periods overlap."""
        fits = [p for p in self.periods if p.start <= day <= p.end]
        return min(fits, key=lambda p: (p.end - p.start, p.period), default=None)

    def journal_problem(self, kind: DocumentKind) -> Problem | None:
        """Why no document of `kind` can go to its journal, or None."""
        if Capability.JOURNALS not in self.tool.capabilities:
            return None
        journal = self.journals.get(kind)
        if journal is None:
            return Problem(code="APP-107", cause_key=f"journal:{kind.value}", params={"kind": kind.value})
        other = self.journals.get(_COUNTERPART[kind])
        if (
            Capability.SEPARATE_CREDIT_NOTE_JOURNAL in self.tool.capabilities
            and kind.is_sales
            and other is not None
            and other.pk == journal.pk
        ):
            return Problem(code="APP-107", cause_key="journal:same", params={"kind": "same"})
        wanted = JournalKind.SALES if kind.is_sales else JournalKind.PURCHASE
        if not journal.active or journal.kind != wanted.value:
            return Problem(
                code="APP-108",
                cause_key=f"journal:{journal.code}",
                params={
                    "journal": journal.code,
                    "found": journal.vendor_type if journal.active else "blocked",
                    "needed": wanted.value,
                },
            )
        return None


_COUNTERPART = {
    DocumentKind.SALES_INVOICE: DocumentKind.SALES_CREDIT_NOTE,
    DocumentKind.SALES_CREDIT_NOTE: DocumentKind.SALES_INVOICE,
    DocumentKind.PURCHASE_INVOICE: DocumentKind.PURCHASE_CREDIT_NOTE,
    DocumentKind.PURCHASE_CREDIT_NOTE: DocumentKind.PURCHASE_INVOICE,
}

# Where a tool has no code of its own for a situation.
_COMMON_CODES = {
    "period-closed": "PER-502",
    "period-missing": "PER-503",
    "account-blocked": "APP-105",
    "account-type": "APP-105",
    "cost-centre": "LED-607",
    "number-in-books": "NUM-520",
}


def load_books(connection: Connection, tool: Tool) -> Books:
    """Read everything in eight queries, whatever the number of documents."""
    administration = connection.administration
    if administration is None:
        raise ValueError("the connection has no administration")
    connection = Connection.objects.select_related(
        "administration",
        "entity",
        "invoice_journal",
        "credit_note_journal",
        "purchase_journal",
        "purchase_credit_note_journal",
        "default_payment_term",
        "discount_account",
        "default_ledger_account",
    ).get(pk=connection.pk)
    vat: dict[str, dict[int, VatCode]] = {direction: {} for direction in LinkDirection}
    for vat_link in VatLink.objects.filter(connection=connection).select_related("vat_code"):
        vat[vat_link.direction][vat_link.rate_id] = vat_link.vat_code
    ledger: dict[str, dict[int, ToolLedgerAccount]] = {direction: {} for direction in LinkDirection}
    for link in LedgerLink.objects.filter(connection=connection).select_related("account"):
        ledger[link.direction][link.rate_id] = link.account
    return Books(
        connection=connection,
        tool=tool,
        accounts=_by_code(ToolLedgerAccount.objects.filter(administration=administration)),
        vat_links=vat[LinkDirection.SALES],
        ledger_links=ledger[LinkDirection.SALES],
        purchase_vat_links=vat[LinkDirection.PURCHASE],
        purchase_ledger_links=ledger[LinkDirection.PURCHASE],
        journals={
            DocumentKind.SALES_INVOICE: connection.invoice_journal,
            DocumentKind.SALES_CREDIT_NOTE: connection.credit_note_journal,
            DocumentKind.PURCHASE_INVOICE: connection.purchase_journal,
            DocumentKind.PURCHASE_CREDIT_NOTE: connection.purchase_credit_note_journal,
        },
        periods=list(FiscalPeriod.objects.filter(administration=administration, active=True).order_by("start")),
        terms=[
            OfferedTerm(
                code=term.code,
                days=term.days,
                month_ends=term.month_ends,
                method=PaymentMethod(term.method),
                has_discount=term.has_discount,
                active=term.active,
            )
            for term in ToolPaymentTerm.objects.filter(administration=administration)
        ],
        default_term=connection.default_payment_term,
        discount_account=connection.discount_account,
        default_account=connection.default_ledger_account,
        currencies=frozenset(administration.currencies or ()),
        currency=administration.currency,
    )


def _by_code(accounts: Iterable[ToolLedgerAccount]) -> dict[str, ToolLedgerAccount]:
    """Accounts by code; an active one wins over an inactive one of the same code."""
    found: dict[str, ToolLedgerAccount] = {}
    for account in accounts:
        present = found.get(account.code)
        if present is None or (account.active and not present.active):
            found[account.code] = account
    return found
