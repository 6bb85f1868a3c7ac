"""Neutral records that cross the line between the engine and a bookkeeping tool.

Nothing vendor-shaped and no model instance crosses it. Amounts are `Decimal` with two decimals in the
document's currency and positive for what the document kind says; the kind carries the direction. External ids
are always text. Source: design, section 4.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

T = TypeVar("T")


class PartyRole(enum.StrEnum):
    CUSTOMER = "customer"
    SUPPLIER = "supplier"


class DocumentKind(enum.StrEnum):
    """What the books receive; a negative sales invoice is already a credit note here."""

    SALES_INVOICE = "sales-invoice"
    SALES_CREDIT_NOTE = "sales-credit-note"
    PURCHASE_INVOICE = "purchase-invoice"
    PURCHASE_CREDIT_NOTE = "purchase-credit-note"

    @property
    def is_credit_note(self) -> bool:
        return self in (DocumentKind.SALES_CREDIT_NOTE, DocumentKind.PURCHASE_CREDIT_NOTE)

    @property
    def is_sales(self) -> bool:
        return self in (DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE)

    @property
    def role(self) -> PartyRole:
        """The role a party needs in the tool before this kind of document can be booked on it."""
        return PartyRole.CUSTOMER if self.is_sales else PartyRole.SUPPLIER


# --- administrations and rights -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministrationRecord:
    """One set of books that the signed-in user may open."""

    external_id: str
    name: str
    country: str = ""
    currency: str = "EUR"
    vat_number: str = ""
    number: str = ""  # what people call it, when that is not the external id
    is_open: bool = True
    closed_reason: str = ""
    epoch: str = ""  # when it changes, every cursor of this administration is void: read from the beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRight:
    """A right that the signed-in user lacks, as the tool itself said so."""

    code: str  # stable key, e.g. "sales-entries"
    right: str  # words for people, in English: "enter, modify and delete sales entries"
    resource: str = ""
    action: str = ""
    optional: bool = False  # only a part of the work needs it: purchases, attachments


# --- catalogue ------------------------------------------------------------------------------------------------


class CatalogueKind(enum.StrEnum):
    JOURNALS = "journals"
    LEDGER_ACCOUNTS = "ledger-accounts"
    VAT_CODES = "vat-codes"
    PAYMENT_TERMS = "payment-terms"
    FISCAL_PERIODS = "fiscal-periods"
    CURRENCIES = "currencies"


class JournalKind(enum.StrEnum):
    SALES = "sales"
    PURCHASE = "purchase"
    SALES_RETURN = "sales-return"
    PURCHASE_RETURN = "purchase-return"
    OTHER = "other"


class AccountKind(enum.StrEnum):
    REVENUE = "revenue"
    COST = "cost"
    OTHER = "other"


class VatDirection(enum.StrEnum):
    SALES = "sales"
    PURCHASE = "purchase"
    BOTH = "both"


class SupplyKind(enum.StrEnum):
    """What a VAT code is for, where the tool wants it said on the booking besides."""

    ORDINARY = "ordinary"
    EU_GOODS = "eu-goods"
    EU_SERVICES = "eu-services"


class PaymentMethod(enum.StrEnum):
    ON_CREDIT = "on-credit"
    DIRECT_DEBIT = "direct-debit"
    CASH = "cash"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRecord:
    external_id: str
    code: str
    name: str
    kind: JournalKind
    vendor_type: str = ""
    active: bool = True
    ledger_account_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerAccountRecord:
    external_id: str
    code: str
    name: str
    kind: AccountKind
    vendor_type: str = ""
    active: bool = True
    bookable: bool = True  # false: a control or VAT account that document lines may not use
    needs_cost_centre: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VatCodeRecord:
    external_id: str
    code: str
    name: str
    percentage: Decimal | None  # per cent, 21 and not 0.21; None: the tool does not say
    direction: VatDirection
    inclusive: bool = False
    active: bool = True
    reverse_charge: bool = False
    vendor_type: str = ""
    country: str = ""  # OSS codes: the country whose rate it is
    supply: SupplyKind | None = None  # None: not known
    # True: only code and name were seen in this reading, the rest is as it was read before.
    is_remembered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTermRecord:
    external_id: str
    code: str
    name: str
    days: int
    month_ends: int = 0  # 0: none; n: last day of month m + n, days are added after it
    method: PaymentMethod = PaymentMethod.ON_CREDIT
    has_discount: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalPeriodRecord:
    external_id: str
    year: int
    number: int
    start: date
    end: date
    closed: bool = False  # closed for every journal
    closed_journals: frozenset[str] = frozenset()  # journal codes for which only it is closed
    book_year: str = ""  # the tool's own key of the year, where numbers are counted by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Lists of one administration. None: that list was not asked for; an empty tuple: the tool showed nothing."""

    journals: tuple[JournalRecord, ...] | None = None
    ledger_accounts: tuple[LedgerAccountRecord, ...] | None = None
    vat_codes: tuple[VatCodeRecord, ...] | None = None
    payment_terms: tuple[PaymentTermRecord, ...] | None = None
    fiscal_periods: tuple[FiscalPeriodRecord, ...] | None = None
    currencies: tuple[str, ...] | None = None


# --- parties --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyData:
    """Our side of a party as it goes out. Empty text is never sent, so that it blanks nothing over there."""

    reference: str  # our own stable mark, at most 20 characters; lets an unclear creation be found again
    name: str
    is_person: bool = False
    first_name: str = ""
    last_name: str = ""
    vat_type: str = "unknown"
    vat_number: str = ""
    enterprise_number: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    language: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    iban: str = ""
    bic: str = ""
    peppol_id: str = ""
    payment_term_code: str = ""  # the tool's own code
    roles: frozenset[PartyRole] = frozenset({PartyRole.CUSTOMER})
    external_id: str = ""  # filled: update this one; empty: create
    # The tool's own list, read a moment ago and whole, holds neither the party nor its number: it may be created without
    # another look. Says nothing about the party, so it stands outside comparisons and fingerprints.
    is_new: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord:
    """A person to talk to at a relation, as the tool has it; nothing is booked on one."""

    company_external_id: str  # of the relation
    name: str
    external_id: str = ""  # empty: the tool keeps the name and no more
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    role: str = ""  # what the person does there


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRecord:
    """A relation as the tool has it."""

    external_id: str
    code: str
    name: str
    reference: str = ""  # our own mark, when we made it
    caller_number: str = ""  # the number that its maker, we or another program, gave it, where callers give one
    is_person: bool = False
    vat_number: str = ""
    enterprise_number: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    language: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    roles: frozenset[PartyRole] = frozenset()
    blocked: bool = False
    deleted: bool = False
    contacts: tuple[ContactRecord, ...] = ()  # where the tool keeps them with the relation


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRef:
    """A relation of the tool that may be our party, and by which fact it was found."""

    external_id: str
    code: str = ""
    name: str = ""
    matched_by: str = ""  # "reference" | "external id" | "VAT number" | "enterprise number" | "name and postcode"
    roles: frozenset[PartyRole] = frozenset()
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `cursor` is where reading goes on, also after the last page (changes since then)."""

    items: tuple[T, ...]
    cursor: str
    is_last: bool


# --- documents ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRef:
    """A ledger account of the tool, as a line names it."""

    external_id: str
    code: str
    # The day on which the tool's own list last showed it in use; None: not known. No part of what is booked, so it
    # stands outside comparisons and fingerprints.
    seen_on: date | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    description: str
    net: Decimal
    vat: Decimal
    vat_code: str  # the tool's code, resolved from the links
    ledger_account: AccountRef
    quantity: Decimal | None = None
    taxed: bool = False  # its rate is above zero, so that no VAT on it is a statement and not a gap
    # What the mirror knows of the VAT code; None: not known. It follows from the code, so it stands outside comparisons
    # and fingerprints.
    supply: SupplyKind | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VatTotal:
    """Base and VAT of one VAT code of a document."""

    vat_code: str
    base: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNumber:
    """The place in the books that the caller chose; only for caller-numbered tools."""

    book_year: str
    journal: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One booking to be made. Lines carry the sign inside the kind: a discount line of an invoice is negative."""

    key: str  # our own UUID of this posting, the same at every attempt
    reference: str  # unique per administration; what people and look-ups go by
    kind: DocumentKind
    journal: str  # the tool's code
    due_date: date | None
    date: date  # below it the word means the field, so no type after it may need it
    party: ExternalRef
    lines: tuple[Line, ...]
    currency: str = "EUR"
    exchange_rate: Decimal = Decimal(1)  # units of the administration's currency for one of `currency`
    description: str = ""
    payment_term_code: str = ""
    payment_reference: str = ""  # structured communication
    direct_debit: bool = False
    credited_reference: str = ""
    number: DocumentNumber | None = None
    period: str = ""  # external id of the fiscal period in which `date` lies, where the tool lists periods
    party_data: PartyData | None = None  # only where capability CONTACTS_INLINE asks for it
    attachments: tuple[File, ...] = ()  # only where capability ATTACHMENTS_WITH_BOOKING asks for it
    files_left: str = ""  # why others of its files stay here, as far as that is known before it is sent

    @property
    def net(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        return sum((line.vat for line in self.lines), Decimal("0.00"))

    @property
    def total(self) -> Decimal:
        return self.net + self.vat

    @property
    def vat_totals(self) -> tuple[VatTotal, ...]:
        """Base and VAT per VAT code, in code order."""
        sums: dict[str, list[Decimal]] = {}
        for line in self.lines:
            row = sums.setdefault(line.vat_code, [Decimal("0.00"), Decimal("0.00")])
            row[0] += line.net
            row[1] += line.vat
        return tuple(VatTotal(vat_code=code, base=row[0], vat=row[1]) for code, row in sorted(sums.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """The files of one booking that stands; no two have one name."""

    ref: DocumentRef
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRef:
    """Where a booking stands in the tool. `external_id` is the key; the number is information."""

    external_id: str
    number: str = ""
    journal: str = ""
    fiscal_year: str = ""
    url: str = ""
    kind: DocumentKind | None = None  # filled by whoever knows; saves a look-up where tools keep two lists
    reference: str = ""  # our own, filled by whoever knows; tells it from a later booking under the same external id


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedTotals:
    """What the tool says it booked, positive inside the kind. None: the tool did not say."""

    net: Decimal | None = None
    vat: Decimal | None = None
    total: Decimal | None = None
    per_vat_code: tuple[VatTotal, ...] | None = None


# --- outcomes -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The tool has it: a booking (`ref`), or a party saved (`ref.external_id`, `ref.number` its code).

    A booking without totals was taken, and nobody saw yet what was booked: `find_document` is asked for it later.
    """

    ref: DocumentRef
    totals: BookedTotals | None = None
    remarks: tuple[str, ...] = ()  # what the tool shows otherwise than it was sent, totals aside; never resend
    files_left: str = ""  # why some of the files that should go along did not; the booking stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The tool provably did not take it. `code` is of our error catalogue, the text is the tool's own."""

    code: str
    text: str
    vendor_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTried:
    """Provably not booked; goes back to waiting. `code`: of our catalogue, where there is something to tell a person."""

    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTaken:
    """A caller-numbered tool refused the number and booked nothing: `last` is the journal's last number there."""

    last: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesLeft:
    """Provably not booked, and only because the tool refused its files: it goes without them.

    An outcome of its own and no second call of the provider's, so that it is committed that they stay before the
    booking is made: nobody could tell afterwards, should the worker die.
    """

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Sent, and nobody knows: look before sending again."""

    text: str = ""


Outcome = Posted | Refused | NotTried | NumberTaken | FilesLeft | Unclear


# --- finding --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentQuery:
    """Everything that must be equal before a booking in the tool counts as ours."""

    key: str
    reference: str
    kind: DocumentKind
    party_external_id: str
    date: date
    total: Decimal
    currency: str
    journal: str = ""
    external_id: str = ""  # known id: read this very booking
    number: DocumentNumber | None = None
    sent_at: datetime | None = None
    # The tool said that it booked it: what stands under its number is ours, and is compared instead of doubted.
    is_booked: bool = False
    party_code: str = ""  # the code that the customer was sent under; only with `is_booked`
    accounts: tuple[str, ...] = ()  # codes of the ledger accounts of its lines, sorted; only with `is_booked`


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    ref: DocumentRef
    totals: BookedTotals | None = None
    remarks: tuple[str, ...] = ()  # as with `Posted`


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The tool answered, with the right to see it proven, and has no such booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """Something stands there that is not equal in every respect, or the right to see it is not proven.

    `is_early`: the tool may not show it yet; once its quiet time is over it is worth asking again.
    `is_final`: the tool shows nothing of it and never will say more; a person has to look.
    """

    reason: str
    is_early: bool = False
    is_final: bool = False
    candidates: tuple[DocumentRef, ...] = ()
    totals: tuple[BookedTotals | None, ...] = ()  # of the candidates, in their order


Finding = Found | Absent | CannotTell


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedRecord:
    """A booking that already stands in the books, whoever made it."""

    ref: DocumentRef
    reference: str
    kind: DocumentKind
    party_external_id: str
    date: date
    total: Decimal | None
    currency: str = "EUR"


# --- settlements ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRow:
    """One raw payment or matching row of the tool, as it stands now; the same external id replaces the former.

    `amount` is positive, in the document's currency. `settled` false: this part is still open over there.
    """

    external_id: str
    document_external_id: str
    reference: str
    is_sales: bool
    amount: Decimal
    settled: bool
    settled_on: date | None = None
    version: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlements:
    """`cursor` is committed together with the rows. `is_complete` false: call again from the cursor."""

    rows: tuple[SettlementRow, ...]
    cursor: str
    is_complete: bool = True
    # External ids of documents that are no longer open there, or no longer there, while nothing says how they were
    # settled. They are looked for, so that a deleted one is told from one that a person has to explain.
    unexplained: tuple[str, ...] = ()
