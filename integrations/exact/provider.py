"""Exact Online as the engine sees it: each method joins the client with the mapping, and little more.

Source: vendor notes, resources; design, section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import ClassVar, TypeVar

from ..base.errors import AccessDenied, IntegrationError, Rejected
from ..base.provider import Capability, Limits
from ..base.records import (
    Absent,
    AdministrationRecord,
    BookedRecord,
    CannotTell,
    Catalogue,
    CatalogueKind,
    ContactRecord,
    Document,
    DocumentQuery,
    DocumentRef,
    Enclosure,
    ExternalRef,
    Finding,
    JournalKind,
    JournalRecord,
    MissingRight,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    Posted,
    Settlements,
    Unclear,
)
from ..base.signin import Opening
from . import entries, finding, mapping, matching, resources
from .answers import Row
from .attaching import attach
from .client import ExactClient, or_lists
from .limits import LIMITS
from .listing import read_contacts, read_parties, read_references
from .refusals import DEFAULT_CODE
from .resources import EntryResource
from .rights import RIGHTS, right_of
from .sending import in_order, refused
from .settling import read_settlements
from .unsure import DEFAULT_READINGS, Readings
from .values import Unsendable, guid, guid_literal, text

logger = logging.getLogger(__name__)

T = TypeVar("T")
_ENTRY_JOURNALS = frozenset({JournalKind.SALES, JournalKind.PURCHASE})


class ExactProvider:
    """One division, signed in; an empty administration id allows only `administrations`."""

    key: ClassVar[str] = "exact"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.JOURNALS,
            Capability.PERIODS,
            Capability.SEPARATE_CREDIT_NOTE_JOURNAL,
            Capability.PAYMENT_TERMS,
            Capability.DIRECT_DEBIT_TERMS,
            Capability.LINE_VAT_AMOUNTS,
            Capability.FOREIGN_CURRENCY,
            Capability.ATTACHMENTS_AFTER_BOOKING,
            Capability.PARTY_CHANGES,
            Capability.FIND_BY_REFERENCE,
            Capability.CONTACT_PERSONS,
            Capability.ROLELESS_RELATIONS,
            Capability.IMPORT_BESIDES,
        }
    )
    limits: ClassVar[Limits] = LIMITS

    def __init__(self, opening: Opening, readings: Readings = DEFAULT_READINGS) -> None:
        self._client = ExactClient(opening)
        self._readings = readings
        self._proven: set[str] = set()  # resources the user may read, as Exact itself said

    # --- administrations and rights -----------------------------------------------------------------------

    def administrations(self) -> list[AdministrationRecord]:
        """Every division the user may open, over all licences; archived and blocked ones marked. Two calls."""
        current = text(self._client.me().get("CurrentDivision"))
        rows = self._client.rows(resources.DIVISIONS, select=resources.DIVISIONS_SELECT, division=current)
        return [mapping.administration(row) for row in rows]

    def check_access(self) -> list[MissingRight]:
        """The rights Exact says are missing; an answer without a yes or no counts as unknown, not as missing."""
        missing = []
        for right in RIGHTS:
            for resource, action in right.checks:
                may = self._client.has_right(resource, action)
                if may is None:
                    logger.warning("right not stated", extra={"resource": resource, "action": action})
                if may is False:
                    missing.append(
                        MissingRight(
                            code=right.code,
                            right=right.right,
                            resource=resource,
                            action=action,
                            optional=right.optional,
                        )
                    )
                    break
                if may and action == "GET":
                    self._proven.add(resource)
        return missing

    # --- catalogue ----------------------------------------------------------------------------------------

    def catalogue(self, kinds: frozenset[CatalogueKind]) -> Catalogue:
        """The asked lists: one call each while they fit a page, fiscal periods two (their closings apart)."""
        journals = self._journals() if CatalogueKind.JOURNALS in kinds else None
        return Catalogue(
            journals=journals,
            ledger_accounts=self._list(
                CatalogueKind.LEDGER_ACCOUNTS in kinds,
                resources.LEDGER_ACCOUNTS,
                resources.LEDGER_ACCOUNTS_SELECT,
                mapping.ledger_account,
            ),
            vat_codes=self._list(
                CatalogueKind.VAT_CODES in kinds, resources.VAT_CODES, resources.VAT_CODES_SELECT, mapping.vat_code
            ),
            payment_terms=(
                mapping.payment_terms(
                    self._client.rows(resources.PAYMENT_CONDITIONS, select=resources.PAYMENT_CONDITIONS_SELECT)
                )
                if CatalogueKind.PAYMENT_TERMS in kinds
                else None
            ),
            fiscal_periods=(
                mapping.fiscal_periods(
                    self._client.rows(resources.PERIODS, select=resources.PERIODS_SELECT),
                    self._closed_periods(),
                    frozenset(j.code for j in journals or () if j.kind in _ENTRY_JOURNALS),
                )
                if CatalogueKind.FISCAL_PERIODS in kinds
                else None
            ),
            currencies=self._list(
                CatalogueKind.CURRENCIES in kinds,
                resources.CURRENCIES,
                resources.CURRENCIES_SELECT,
                lambda row: text(row.get("Code")).upper(),
            ),
        )

    def _journals(self) -> tuple[JournalRecord, ...]:
        rows = self._client.rows(resources.JOURNALS, select=resources.JOURNALS_SELECT)
        return tuple(mapping.journal(row) for row in rows)

    def _list(
        self, wanted: bool, resource: str, select: Sequence[str], read: Callable[[Row], T]
    ) -> tuple[T, ...] | None:
        return tuple(read(row) for row in self._client.rows(resource, select=select)) if wanted else None

    def _closed_periods(self) -> list[Row]:
        """Journals and periods that are closed. UNSURE whether the list can be filtered: else all of it is read."""
        resource, select = resources.JOURNAL_STATUS, resources.JOURNAL_STATUS_SELECT
        try:
            return list(self._client.rows(resource, select=select, filter_by="Status eq 1"))
        except Rejected:
            return list(self._client.rows(resource, select=select))

    # --- parties ------------------------------------------------------------------------------------------

    def parties(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        """All accounts, a thousand a page, or those changed since the cursor and then the deleted ones."""
        return read_parties(self._client, cursor, self._require)

    def besides(self, cursor: str) -> Iterator[Page[PartyRecord | ContactRecord]]:
        """The contact persons, a thousand a page. Accounts of every status are in `parties`."""
        return read_contacts(self._client, cursor, datetime.now(UTC).date(), self._require)

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        """Accounts that may be the party, strongest fact first, in one call for all facts together.

        Spelling differs over there, so the answers are compared again in normal form. An empty answer counts only
        with the right to see accounts proven; raises AccessDenied otherwise.
        """
        found = []
        terms = matching.search_terms(party)
        for filter_by in or_lists(terms):
            for row in self._client.rows(resources.ACCOUNTS, select=resources.ACCOUNTS_SELECT, filter_by=filter_by):
                record = mapping.party(row)
                fact = matching.matched_by(party, record)
                if fact:
                    found.append(mapping.external_ref(record, fact))
        if terms and not found:
            self._require(resources.ACCOUNTS)
        return matching.strongest_first(found)

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each account, one call a party."""
        return in_order(batch, self._save_party)

    def _save_party(self, party: PartyData) -> Outcome:
        payload = mapping.account_payload(party, self._readings)
        if party.external_id:
            return self._update_party(party, payload)
        if not party.name:
            raise Unsendable("APP-204", "the party has no name")
        row = self._client.create(resources.ACCOUNTS, payload)
        key = guid(row.get("ID"))
        if not key:
            return Unclear(text="the answer names no key")
        return Posted(ref=DocumentRef(external_id=key, number=text(row.get("Code"))))

    def _update_party(self, party: PartyData, payload: Row) -> Outcome:
        key = guid(party.external_id)
        if not key:
            raise Unsendable("PAR-641", f"{party.external_id} is no key of Exact Online")
        try:
            if payload:
                self._client.update(resources.ACCOUNTS, key, payload)
        except Rejected as exc:
            if exc.status == 404:
                return refused(exc, "PAR-641")
            # "Gone" makes the engine let go of its link; that follows from the status, never from a text.
            return refused(exc, DEFAULT_CODE if exc.code == "PAR-641" else exc.code)
        return Posted(ref=DocumentRef(external_id=key))

    # --- documents ----------------------------------------------------------------------------------------

    def references(self, since: date, cursor: str = "") -> Iterator[Page[BookedRecord]]:
        """Sales and then purchase entries of that date or later, sixty a page."""
        return read_references(self._client, since, cursor, self._readings, self._require)

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        """Book each as an entry, one call a document; nothing is retried."""
        return in_order(batch, self._post)

    def _post(self, document: Document) -> Outcome:
        resource = entries.resource_for(document.kind)
        row = self._client.create(resource.path, entries.entry_payload(document, self._readings))
        if not guid(row.get("EntryID")):
            return Unclear(text="the answer names no key")
        # From here on it is booked; what follows only looks.
        stored = self._as_stored(row, resource)
        return Posted(
            ref=entries.entry_ref(stored, resource),
            totals=entries.booked_totals(stored, document.kind, resource, self._readings),
            remarks=entries.stored_differently(stored, document, resource),
        )

    def _as_stored(self, row: Row, resource: EntryResource) -> Row:
        """The entry with its values: the answer itself, or one more call when it held only the key."""
        if row.get("AmountFC") is not None:
            return row
        try:
            found = self._read_entries(resource, f"EntryID eq {guid_literal(guid(row.get('EntryID')))}")
        except IntegrationError as exc:
            logger.warning("a new entry could not be read back", extra={"error": type(exc).__name__})
            return row
        return found[0] if len(found) == 1 else row

    def find_document(self, query: DocumentQuery) -> Finding:
        """Look for the entry by its key or our reference. Absent only with the right to see entries proven."""
        resource = entries.resource_for(query.kind)
        rows = self._read_entries(resource, finding.find_filter(query, self._readings))
        found = finding.judge(query, rows, resource, self._readings)
        if isinstance(found, Absent) and not self._may_read(resource.path):
            return CannotTell(reason="the right to see the entries is not proven")
        return found

    def _read_entries(self, resource: EntryResource, filter_by: str) -> list[Row]:
        return list(
            self._client.rows(
                resource.path, select=resource.select_with_lines, filter_by=filter_by, expand=resource.lines
            )
        )

    # --- settlements and files ----------------------------------------------------------------------------

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """One page of terms that changed since the cursor; one call when nothing did."""
        return read_settlements(self._client, cursor, open_refs, self._readings, datetime.now(UTC).date())

    def attach(self, batch: Sequence[Enclosure]) -> Iterator[Outcome]:
        """Hang a document on each entry and put its files in; one look for all, then two calls an entry and one a file.

        A file of that name that is there already is not put there again. A refusal harms no booking.
        """
        return attach(self._client, batch)

    # --- what may be seen ---------------------------------------------------------------------------------

    def _may_read(self, resource: str) -> bool:
        """Whether Exact itself says that the user may read there; asked once in this provider's life."""
        if resource not in self._proven:
            try:
                stated = self._client.has_right(resource, "GET")
            except AccessDenied:
                return False
            if stated is not True:
                return False
            self._proven.add(resource)
        return True

    def _require(self, resource: str) -> None:
        """Raise AccessDenied unless the user may read there: an empty list shows a missing right and nothing else."""
        if not self._may_read(resource):
            right = right_of(resource, "GET")
            raise AccessDenied(
                "an empty list, and the right to see it is not proven",
                operation=resource,
                params={"right": right.right if right else "", "resource": resource, "action": "GET"},
            )
