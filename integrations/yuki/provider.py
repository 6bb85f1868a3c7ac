"""Yuki as the engine sees it: each method joins the client with the mapping, and little more.

Source: vendor notes; design, section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from ..base.errors import AccessDenied, ProtocolSurprise, Unreachable
from ..base.provider import Capability, Limits
from ..base.records import (
    AdministrationRecord,
    BookedRecord,
    Catalogue,
    CatalogueKind,
    ContactRecord,
    Document,
    DocumentQuery,
    DocumentRef,
    ExternalRef,
    File,
    Finding,
    LedgerAccountRecord,
    MissingRight,
    NotTried,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    Posted,
    Refused,
    Settlements,
    VatCodeRecord,
)
from ..base.signin import Opening
from . import invoices, mapping, purchases, unsure, uploads
from .client import YukiClient
from .contacts import Contacts
from .cursors import BookingCursor
from .limits import LIMITS, RECORDS_PER_PAGE
from .listing import booked_record
from .lookups import Lookups
from .rights import RIGHTS
from .searching import find_sale
from .sending import Ready, send
from .settling import read_settlements
from .soap import Element, descendants
from .unsure import Readings
from .values import Unsendable, clean

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class YukiProvider:
    """One administration, signed in; an empty administration id allows only `administrations`."""

    key: ClassVar[str] = "yuki"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.CONTACTS_INLINE,
            Capability.LINE_VAT_AMOUNTS,
            Capability.ATTACHMENTS_WITH_BOOKING,
            Capability.PURCHASES_AS_FILES,
            Capability.PARTY_CHANGES,
            Capability.FIND_BY_REFERENCE,
            Capability.FIND_BY_DAYS,
            Capability.CONTACT_PERSONS,
            Capability.ROLELESS_RELATIONS,
            Capability.IMPORT_BESIDES,
        }
    )
    limits: ClassVar[Limits] = LIMITS

    def __init__(self, opening: Opening, readings: Readings | None = None, now: Callable[[], datetime] = _now) -> None:
        self._client = YukiClient(opening)
        self._administration = opening.administration_id
        self._readings = readings or unsure.DEFAULT_READINGS
        self._now = now
        self._lookups = Lookups(self._client, self._administration, self._readings, now)
        self._contacts = Contacts(self._client, self._lookups, now)
        self._accounts: dict[str, LedgerAccountRecord] | None = None
        self._vat_codes: tuple[VatCodeRecord, ...] | None = None

    # --- administrations and rights -----------------------------------------------------------------------

    def administrations(self) -> list[AdministrationRecord]:
        """Every administration that the key opens, those out of use marked. One call."""
        return [mapping.administration(node) for node in self._lookups.administrations()]

    def check_access(self) -> list[MissingRight]:
        """The web services that the key may not use, as Yuki itself says; one call each."""
        missing = []
        domain = self._lookups.domain()
        for right in RIGHTS:
            try:
                self._client.call(right.service, right.operation, right.call(self._administration, domain))
            except AccessDenied:
                missing.append(
                    MissingRight(
                        code=right.code,
                        right=right.right,
                        resource=right.service,
                        action=right.operation,
                        optional=right.optional,
                    )
                )
        return missing

    # --- catalogue ----------------------------------------------------------------------------------------

    def catalogue(self, kinds: frozenset[CatalogueKind]) -> Catalogue:
        """The asked lists, one call each. Yuki has no journals, terms or periods to choose from, and books in euro."""
        if CatalogueKind.LEDGER_ACCOUNTS in kinds:
            self._accounts = None
        if CatalogueKind.VAT_CODES in kinds:
            self._vat_codes = None
        return Catalogue(
            journals=() if CatalogueKind.JOURNALS in kinds else None,
            ledger_accounts=tuple(self._chart().values()) if CatalogueKind.LEDGER_ACCOUNTS in kinds else None,
            vat_codes=self._vat_list() if CatalogueKind.VAT_CODES in kinds else None,
            payment_terms=() if CatalogueKind.PAYMENT_TERMS in kinds else None,
            fiscal_periods=() if CatalogueKind.FISCAL_PERIODS in kinds else None,
            currencies=("EUR",) if CatalogueKind.CURRENCIES in kinds else None,
        )

    def _chart(self) -> dict[str, LedgerAccountRecord]:
        """The chart of accounts by code, read once in this provider's life."""
        if self._accounts is None:
            nodes = self._list("AccountingInfo", "GetGLAccountScheme", "GlAccount")
            records = (mapping.ledger_account(node, self._readings) for node in nodes)
            self._accounts = {record.code: record for record in records if record.code}
        return self._accounts

    def _vat_list(self) -> tuple[VatCodeRecord, ...]:
        if self._vat_codes is None:
            nodes = self._list("Vat", "ActiveVATCodesList", "VATCode")
            self._vat_codes = mapping.vat_codes(nodes, self._now().date())
        return self._vat_codes

    def _list(self, service: str, operation: str, item: str) -> list[Element]:
        result = self._client.call(service, operation, (("administrationID", self._administration),))
        return list(descendants(result, item))

    # --- parties ------------------------------------------------------------------------------------------

    def parties(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        """All customers and suppliers in use, a hundred a page, or those changed since the cursor."""
        return self._contacts.pages(cursor)

    def besides(self, cursor: str) -> Iterator[Page[PartyRecord | ContactRecord]]:
        """The contacts that are neither customer nor supplier, a hundred a page."""
        return self._contacts.roleless(cursor)

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        """Contacts that may be the party, by the strongest fact that finds any; a call for each fact until then."""
        return self._contacts.find(party)

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each contact, a call a party, and one more to see the code of an existing one."""
        return self._contacts.save(batch)

    # --- what already stands there ------------------------------------------------------------------------

    def references(self, since: date, cursor: str = "") -> Iterator[Page[BookedRecord]]:
        """Sales and then purchase bookings of that date or later, from the ledger lines of what is owed."""
        place = BookingCursor.load(cursor)
        accounts = self._partner_accounts("debtors") + self._partner_accounts("creditors")
        # Invoices may be dated ahead; nobody dates them further than this.
        until = self._now().date() + timedelta(days=366)
        while place.place < len(accounts):
            lines = self._lookups.transactions_page(since, until, accounts[place.place], place.read)
            # Pages may overlap by one, see `listing.records`.
            fresh = [line for line in lines if line.id != place.last]
            records = tuple(record for line in fresh if (record := booked_record(line)) is not None)
            if len(lines) < RECORDS_PER_PAGE:
                place = BookingCursor(place=place.place + 1)
            elif lines[-1].id == place.last:
                raise Unreachable("a list does not go on", operation="GetTransactions")
            else:
                place = replace(place, read=place.read + len(fresh), last=lines[-1].id)
            yield Page(items=records, cursor=place.dump(), is_last=place.place >= len(accounts))
        if not accounts:
            raise ProtocolSurprise("no account of debtors was recognised", operation="GetGLAccountScheme")

    def _partner_accounts(self, name: str) -> list[str]:
        """The accounts of debtors or creditors by the numbers of the chart, unused ones too."""
        return sorted(
            code
            for code in self._chart()
            if (chart := self._readings.charts.get(len(code))) is not None and code.startswith(getattr(chart, name))
        )

    # --- sending ------------------------------------------------------------------------------------------

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        """Book sales invoices in as few calls as fit; purchases go to the archive one by one.

        The answer names no figures, so sales come back without totals: `find_document` reads them, once for many.
        """
        outcomes: list[Outcome | None] = [None] * len(batch)
        self._post_sales(batch, outcomes)
        for place, document in enumerate(batch):
            if not document.kind.is_sales:
                outcomes[place] = purchases.upload(
                    self._client, self._administration, document, first=not any(outcomes)
                )
        return [outcome if outcome is not None else NotTried() for outcome in outcomes]

    def _post_sales(self, batch: Sequence[Document], outcomes: list[Outcome | None]) -> None:
        sales = [document for document in batch if document.kind.is_sales]
        if not sales:
            return
        self._check_accounts(sales)
        descriptions = self._descriptions(sales)
        ready: list[Ready] = []
        left: dict[int, str] = {}
        taken: set[str] = set()
        for place, document in enumerate(batch):
            if not document.kind.is_sales:
                continue
            number = clean(document.reference)
            try:
                self._check_lines(document)
                document, left[place] = self._with_one_file(document)
                invoice = invoices.sales_invoice(document, self._readings, descriptions)
                if number in taken:
                    raise Unsendable("NUM-522", f"the number {number} is given twice")
                problem = self._contacts.give_code(document)
            except Unsendable as exc:
                outcomes[place] = Refused(code=exc.code, text=exc.text)
                continue
            if problem is not None:
                outcomes[place] = problem
                continue
            taken.add(number)
            ready.append(Ready(place, document, invoice))
        if not ready:
            return
        self._lookups.forget()
        send(ready, outcomes, self._process)
        for place, why in left.items():
            outcome = outcomes[place]
            if why and isinstance(outcome, Posted):
                outcomes[place] = replace(outcome, files_left=why)

    def _process(self, elements: Sequence[Element]) -> Element | None:
        return self._client.call(
            "Sales",
            "ProcessSalesInvoices",
            (("administrationId", self._administration), ("xmlDoc", invoices.sales_document(elements))),
            session_name="sessionId",
            is_write=True,
        )

    def files_left(self, document: Document) -> str:
        if document.kind.is_sales:
            return self._with_one_file(document)[1]
        try:
            return uploads.left_out(document, self.limits.attachment_bytes or 0)
        except Unsendable:
            return ""  # refused as a whole, with its reason

    def _with_one_file(self, document: Document) -> tuple[Document, str]:
        """The document with the one file that goes along, and why others do not; it is booked in any case.

        An e-invoice says nothing here that the booking does not, so it is not missed.
        """
        limit = self.limits.attachment_bytes or 0
        chosen: tuple[File, ...] = ()
        left = []
        for file in document.attachments:
            if len(file.content) > limit:
                left.append(f"{file.name} is larger than {limit // 1000} kB")
            elif file.media_type == invoices.PDF and not chosen:
                chosen = (file,)
            elif file.media_type not in invoices.E_INVOICES:
                left.append(f"{file.name}: Yuki takes one PDF with an invoice")
        return replace(document, attachments=chosen), "; ".join(left)

    def _check_accounts(self, documents: Sequence[Document]) -> None:
        """Read the chart when an account's use is not known from the last days; Yuki would silently take another."""
        oldest = (self._now() - self._readings.account_age).date()
        lines = (line for document in documents for line in document.lines)
        if any(line.ledger_account.seen_on is None or line.ledger_account.seen_on < oldest for line in lines):
            self._chart()

    def _check_lines(self, document: Document) -> None:
        """Raise Unsendable for an account that Yuki does not know, does not use, or refuses on a sales line."""
        for line in document.lines:
            code = clean(line.ledger_account.code)
            if self._accounts is None or not code:
                continue
            record = self._accounts.get(code)
            if record is None or not record.active:
                raise Unsendable("APP-105", f"ledger account {code} is not in use in Yuki")

    def _descriptions(self, documents: Sequence[Document]) -> Mapping[str, str]:
        """The descriptions by which some VAT types are told apart; the list is read only where one is needed."""
        if not invoices.needs_descriptions(documents):
            return {}
        return {record.code: record.name for record in self._vat_list()}

    # --- finding ------------------------------------------------------------------------------------------

    def expect_days(self, days: Collection[date]) -> None:
        """Look-ups of these days follow; weeks that lie close to each other are read together."""
        self._lookups.expect(days)

    def has_read(self, day: date) -> bool:
        """Whether a look-up of that day finds its transactions read."""
        return self._lookups.has_read(day)

    def find_document(self, query: DocumentQuery) -> Finding:
        """A sale in the transactions, then among the open items, then in the archive; a purchase in the archive."""
        if not query.kind.is_sales:
            return purchases.find_upload(self._lookups, query, self._readings.processing, self._now())
        return find_sale(self._lookups, query, self._readings.processing, self._now, self._chart_is_there)

    def _chart_is_there(self) -> bool:
        self._accounts = None
        return bool(self._chart())

    # --- settlements ----------------------------------------------------------------------------

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """What is open, what was paid, and what is gone without a proof; one call while nothing is gone."""
        return read_settlements(
            self._lookups,
            cursor,
            open_refs,
            self._readings,
            self._now(),
            lambda: self._partner_accounts("debtors"),
            lambda: self._partner_accounts("creditors"),
        )
