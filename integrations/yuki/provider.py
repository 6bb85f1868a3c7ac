"""Yuki as the engine sees it: each method joins the client with the mapping, and little more.

Source: vendor notes; design, section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from ..base.errors import (
    AccessDenied,
    BatchRefused,
    IntegrationError,
    OutcomeUnknown,
    ProtocolSurprise,
    Rejected,
    Unreachable,
)
from ..base.provider import Capability, Limits
from ..base.records import (
    Absent,
    AdministrationRecord,
    BookedRecord,
    BookedTotals,
    CannotTell,
    Catalogue,
    CatalogueKind,
    Document,
    DocumentKind,
    DocumentQuery,
    DocumentRef,
    ExternalRef,
    File,
    Finding,
    Found,
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
    Unclear,
    VatCodeRecord,
)
from ..base.signin import Opening
from . import finding, invoices, mapping, matching, unsure, uploads
from .answers import sales_ref
from .client import YukiClient
from .cursors import BookingCursor, ContactCursor
from .limits import CONTACTS_PER_PAGE, LIMITS, RECORDS_PER_PAGE
from .listing import PURCHASE_FOLDER, SALES_FOLDER, Transaction, differences, from_open_item, totals_of
from .lookups import Lookups
from .refusals import catalogue_code
from .rights import RIGHTS
from .sending import Ready, send
from .settling import read_settlements
from .soap import Element, Parameters, descendants
from .unsure import Readings
from .values import Unsendable, clean, guid, guid_in, moment

logger = logging.getLogger(__name__)

# Contacts changed while a pass was going on, and clocks that differ, are read again.
_OVERLAP = timedelta(days=1)


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
            Capability.PARTY_CHANGES,
            Capability.FIND_BY_REFERENCE,
        }
    )
    limits: ClassVar[Limits] = LIMITS

    def __init__(self, opening: Opening, readings: Readings | None = None, now: Callable[[], datetime] = _now) -> None:
        self._client = YukiClient(opening)
        self._administration = opening.administration_id
        self._readings = readings or unsure.DEFAULT_READINGS
        self._now = now
        self._lookups = Lookups(self._client, self._administration, self._readings, now)
        self._accounts: dict[str, LedgerAccountRecord] | None = None
        self._vat_codes: tuple[VatCodeRecord, ...] | None = None
        self._coded: dict[str, str] = {}  # contacts whose code was written or read here

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
        place = ContactCursor.load(cursor)
        if not place.begun:
            place = replace(place, begun=self._now().isoformat(), page=1)
        before: list[str] = []
        while True:
            records = self._contacts_page(place)
            ids = [record.external_id for record in records]
            # A page that repeats the one before it is how a list ends that knows no end.
            ends = len(records) < CONTACTS_PER_PAGE or ids == before
            if ends:
                done = ContactCursor(since=place.begun)
                items = () if ids == before else tuple(records)
                yield Page(items=items, cursor=done.dump(), is_last=True)
                return
            place = replace(place, page=place.page + 1)
            before = ids
            yield Page(items=tuple(records), cursor=place.dump(), is_last=False)

    def _contacts_page(self, place: ContactCursor) -> list[PartyRecord]:
        since = datetime.fromisoformat(place.since) - _OVERLAP if place.since else None
        result = self._client.call(
            "Contact",
            "GetSuppliersAndCustomers",
            (
                *self._search("All", "", since=since, active="Active", page=place.page),
                ("contactType", "Both"),
            ),
        )
        return [mapping.party(node) for node in descendants(result, "Contact") if guid(node.get("ID"))]

    def _search(
        self,
        option: str,
        wanted: str,
        *,
        since: datetime | None = None,
        active: str = "Both",
        page: int = 1,
    ) -> Parameters:
        return (
            ("domainID", self._lookups.domain()),
            ("searchOption", option),
            ("searchValue", wanted),
            ("sortOrder", "CreatedAsc"),
            ("modifiedAfter", None if since is None else moment(since)),
            ("active", active),
            ("pageNumber", str(page)),
        )

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        """Contacts that may be the party, by the strongest fact that finds any; a call for each fact until then.

        Spelling differs over there, so the answers are compared again in normal form.
        """
        for option, wanted in matching.searches(party):
            found = []
            for record in self._found(option, wanted):
                fact = matching.matched_by(party, record)
                if fact:
                    found.append(mapping.external_ref(record, fact))
            if found:
                return matching.strongest_first(found)
        return []

    def _found(self, option: str, wanted: str) -> list[PartyRecord]:
        result = self._client.call("Contact", "SearchContacts", self._search(option, wanted))
        return [mapping.party(node) for node in descendants(result, "Contact") if guid(node.get("ID"))]

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each contact, a call a party, and one more to see the code of an existing one.

        Invoices bring their customers along; this is for contacts that others made and that have no code yet, and for
        changes without an invoice.
        """
        outcomes: list[Outcome] = []
        for party in batch:
            try:
                outcomes.append(self._save_party(party))
            except Unsendable as exc:
                outcomes.append(Refused(code=exc.code, text=exc.text))
            except OutcomeUnknown as exc:
                outcomes.append(Unclear(text=str(exc)))
            except Unreachable as exc:
                outcomes.append(NotTried(reason=str(exc)))
            except (Rejected, ProtocolSurprise) as exc:
                outcomes.append(Refused(code=exc.code, text=exc.vendor_text or str(exc), vendor_code=exc.vendor_code))
            except IntegrationError as exc:
                if not outcomes:
                    raise
                outcomes += [NotTried(reason=str(exc))] * (len(batch) - len(outcomes))
                break
        return outcomes

    def _save_party(self, party: PartyData) -> Outcome:
        key = guid(party.external_id)
        if party.external_id and not key:
            raise Unsendable("PAR-641", f"{party.external_id} is no key of Yuki")
        if not key and not clean(party.name):
            raise Unsendable("APP-204", "the party has no name")
        code = clean(party.reference)
        if key:
            present = self._code_of(key)
            if present is None:
                return Refused(code="PAR-641", text=f"there is no contact {key}")
            # The contact's own code belongs to others; ours is written where there is none.
            document = mapping.contact_document(party, code="" if present else code)
            code = present or code
        else:
            document = mapping.contact_document(party, code=code)
        outcome = self._update(document, key, code)
        if isinstance(outcome, Posted):
            self._coded[outcome.ref.external_id] = code
        return outcome

    def _code_of(self, key: str) -> str | None:
        """The code of a contact, empty when it has none; None when there is no such contact."""
        if key not in self._coded:
            found = [record for record in self._found("ID", key) if record.external_id == key]
            if not found:
                return None
            self._coded[key] = found[0].code
        return self._coded[key]

    def _update(self, document: Element, key: str, code: str) -> Outcome:
        result = self._client.call(
            "Contact",
            "UpdateContact",
            (("domainID", self._lookups.domain()), ("xmlDoc", document)),
            is_write=True,
        )
        failed = [text for node in descendants(result, "Failed") if (text := clean(node.text or ""))]
        if failed:
            return Refused(code=catalogue_code(failed[0]), text="; ".join(failed))
        words = next((clean(node.text or "") for node in descendants(result, "Succeeded")), None)
        if words is None:
            return Unclear(text="the answer says neither yes nor no")
        saved = guid_in(words) or key
        if not saved and code:
            # It was saved; which key it got is looked up by the code that only we give.
            found = self._found("Code", code)
            saved = found[0].external_id if len(found) == 1 else ""
        if not saved:
            return Unclear(text="the answer names no contact")
        return Posted(ref=DocumentRef(external_id=saved, number=code))

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
            records = tuple(record for line in fresh if (record := _booked_record(line)) is not None)
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

        What was booked is read back at once, one read for many; where it is not to be seen yet, totals stay None.
        """
        outcomes: list[Outcome | None] = [None] * len(batch)
        self._post_sales(batch, outcomes)
        for place, document in enumerate(batch):
            if not document.kind.is_sales:
                outcomes[place] = self._upload(document, first=not any(outcomes))
        return [outcome if outcome is not None else NotTried() for outcome in outcomes]

    def _post_sales(self, batch: Sequence[Document], outcomes: list[Outcome | None]) -> None:
        sales = [document for document in batch if document.kind.is_sales]
        if not sales:
            return
        self._check_accounts(sales)
        descriptions = self._descriptions(sales)
        ready: list[Ready] = []
        taken: set[str] = set()
        for place, document in enumerate(batch):
            if not document.kind.is_sales:
                continue
            number = clean(document.reference)
            try:
                self._check_lines(document)
                invoice = invoices.sales_invoice(self._without_large(document), self._readings, descriptions)
                if number in taken:
                    raise Unsendable("NUM-522", f"the number {number} is given twice")
                problem = self._give_code(document)
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
        self._read_back(ready, outcomes)

    def _process(self, elements: Sequence[Element]) -> Element | None:
        return self._client.call(
            "Sales",
            "ProcessSalesInvoices",
            (("administrationId", self._administration), ("xmlDoc", invoices.sales_document(elements))),
            session_name="sessionId",
            is_write=True,
        )

    def _without_large(self, document: Document) -> Document:
        """The document without a file that would make the call too large; it is booked all the same."""
        limit = self.limits.attachment_bytes or 0
        kept = tuple(file for file in document.attachments if len(file.content) <= limit)
        if len(kept) < len(document.attachments):
            logger.warning("a file is too large to go along", extra={"reference": document.reference})
        return replace(document, attachments=kept)

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

    def _give_code(self, document: Document) -> Outcome | None:
        """Write our code to a contact that others made and that has none: by its name alone Yuki could miss it, and
        make a second one. What stands in the way, None when nothing does."""
        key = guid(document.party.external_id)
        if not key or clean(document.party.code):
            return None
        code = invoices.contact_code(document)
        try:
            present = self._code_of(key)
            if present is None:
                return Refused(code="PAR-641", text=f"there is no contact {key}")
            if present and present != code:
                return Refused(code="PAR-650", text=f"the contact has the code {present} and not {code}")
            outcome = self._update(mapping.code_document(key, code), key, code) if not present else None
        except (OutcomeUnknown, Unreachable) as exc:
            return NotTried(reason=f"the contact got no code: {exc}")
        except Rejected as exc:
            return Refused(code="PAR-650", text=exc.vendor_text or str(exc))
        if isinstance(outcome, Refused):
            return replace(outcome, code="PAR-650")
        if isinstance(outcome, Unclear):
            return NotTried(reason=outcome.text)
        self._coded[key] = code
        return None

    def _read_back(self, ready: Sequence[Ready], outcomes: list[Outcome | None]) -> None:
        """Totals of what was booked, from the transactions; nothing that goes wrong here changes that it was booked."""
        for one in ready:
            outcome = outcomes[one.place]
            if not isinstance(outcome, Posted) or outcome.totals is not None:
                continue
            try:
                bookings = self._lookups.week_of(one.document.date).bookings
            except IntegrationError as exc:
                logger.warning("what was booked could not be read back", extra={"error": type(exc).__name__})
                return
            number = clean(one.document.reference)
            found = [booking for booking in bookings if clean(booking.reference) == number]
            if len(found) == 1:
                totals = totals_of(found[0], one.document.kind)
                remarks = differences(found[0], one.document) if totals is not None else ()
                outcomes[one.place] = replace(outcome, totals=totals, remarks=remarks)

    # --- purchases ----------------------------------------------------------------------------------------

    def _upload(self, document: Document, *, first: bool) -> Outcome:
        """File a purchase; what will be booked of it is decided over there, so no totals can be compared."""
        try:
            operation, parameters = uploads.upload(document, self._administration, self.limits.attachment_bytes or 0)
            result = self._client.call("Archive", operation, parameters, is_write=True)
        except Unsendable as exc:
            return Refused(code=exc.code, text=exc.text)
        except OutcomeUnknown as exc:
            return Unclear(text=str(exc))
        except Unreachable as exc:
            return NotTried(reason=str(exc))
        except BatchRefused as exc:
            return Refused(code="SYS-708", text=exc.vendor_text or str(exc))
        except IntegrationError as exc:
            if first:
                raise
            return NotTried(reason=str(exc))
        key = guid(result.text if result is not None else "")
        if not key:
            return Unclear(text="the answer names no document")
        return Posted(ref=DocumentRef(external_id=key, kind=document.kind), totals=BookedTotals())

    # --- finding ------------------------------------------------------------------------------------------

    def find_document(self, query: DocumentQuery) -> Finding:
        """Look in the transactions, then among the open items, then in the archive.

        Absent only when none of the three has it and each was read long enough after the sending: lists lag behind.
        """
        if not query.kind.is_sales:
            return self._find_upload(query)
        # One that was seen in the books needs no waiting for.
        is_new = query.sent_at is not None and not query.external_id
        settled = query.sent_at + self._readings.processing if query.sent_at is not None and is_new else None
        # A list that was read before that moment is read again once the moment has passed.
        after = settled if settled is not None and settled <= self._now() else None
        week = self._lookups.week_of(query.date, after=after)
        found = finding.judge(query, week.bookings)
        if not isinstance(found, Absent):
            return found
        debts, debts_at = self._lookups.open_debts(after=after)
        listed = (from_open_item(item, query.kind) for item in debts)
        found = finding.judge(query, [booking for booking in listed if booking is not None])
        if not isinstance(found, Absent):
            return found
        archived, archived_at = self._lookups.archived_in_week(query.date, after=after)
        number = clean(query.reference)
        if any(clean(row.reference) == number for row in archived):
            return CannotTell(reason="it is in the archive of the domain, and not among the bookings")
        if settled is not None and min(week.read_at, debts_at, archived_at) < settled:
            return CannotTell(reason="it may still be on its way into the books")
        if week.is_empty and not debts and not archived and not self._shows_anything(query):
            return CannotTell(reason="every list is empty")
        return Absent()

    def _shows_anything(self, query: DocumentQuery) -> bool:
        """Whether three empty lists may be believed: of books that hold nothing yet, when the chart is there. A booking
        that was seen there once is not given up for them."""
        if query.external_id:
            return False
        self._accounts = None
        return bool(self._chart())

    def _find_upload(self, query: DocumentQuery) -> Finding:
        """An upload by its key, or by the name that we gave its file."""
        since = (query.sent_at or self._now() - timedelta(days=400)) - _OVERLAP
        base = uploads.base_name(query.reference, query.key)
        rows = self._lookups.uploads_since(since, PURCHASE_FOLDER)
        key = guid(query.external_id)
        found = [row for row in rows if row.document_id in (key,) or row.file_name.rpartition(".")[0] == base]
        if len(found) == 1:
            ref = DocumentRef(external_id=found[0].document_id, kind=query.kind)
            return Found(ref=ref, totals=BookedTotals())
        if found:
            return CannotTell(reason=f"{len(found)} files carry its name")
        if query.sent_at is not None and self._now() < query.sent_at + self._readings.processing:
            return CannotTell(reason="it may still be on its way into the archive")
        # A person at the tool may have put it into another folder, so nothing proves that it never came.
        return CannotTell(reason="it is not in the purchase folder any more") if key else Absent()

    # --- settlements and files ----------------------------------------------------------------------------

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """What is open, what was paid, and what is gone without a proof; one call while nothing is gone."""
        return read_settlements(
            self._lookups,
            cursor,
            open_refs,
            self._readings,
            self._now(),
            lambda: self._partner_accounts("debtors"),
        )

    def attach(self, ref: DocumentRef, file: File) -> Outcome:
        """Refused: a file goes with its invoice. Put into the archive afterwards, it would be booked once more."""
        return Refused(code="SYS-708", text="Yuki takes a file only together with its invoice")


def _booked_record(line: Transaction) -> BookedRecord | None:
    """A ledger line of what is owed, as the booking of a sales or purchase document; None for anything else."""
    if line.folder == SALES_FOLDER:
        kind = DocumentKind.SALES_CREDIT_NOTE if line.amount < 0 else DocumentKind.SALES_INVOICE
    elif line.folder == PURCHASE_FOLDER:
        kind = DocumentKind.PURCHASE_CREDIT_NOTE if line.amount > 0 else DocumentKind.PURCHASE_INVOICE
    else:
        return None
    number = clean(line.reference)
    ref = (
        sales_ref(number or line.document_id, year=line.date.year, kind=kind)
        if kind.is_sales
        else DocumentRef(external_id=line.document_id, number=number, fiscal_year=str(line.date.year), kind=kind)
    )
    return BookedRecord(
        ref=ref,
        reference=number,
        kind=kind,
        party_external_id=line.contact_id,
        date=line.date,
        total=abs(line.amount),
    )
