"""Twinfield as the engine sees it: each method joins the client with the mapping, and little more.

Source: vendor notes; design, section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import ClassVar

from ..base.errors import AccessDenied, AdministrationGone, IntegrationError, Rejected
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
    DocumentQuery,
    DocumentRef,
    ExternalRef,
    Finding,
    FiscalPeriodRecord,
    Found,
    JournalKind,
    JournalRecord,
    LedgerAccountRecord,
    MissingRight,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    Posted,
    Settlements,
    SupplyKind,
    Unclear,
    VatCodeRecord,
    VatDirection,
)
from ..base.signin import Opening
from ..base.texts import clean
from . import browse, entries, finding, mapping, relations, rights
from .client import TwinfieldClient
from .daybooks import Daybooks
from .keys import split_entry, split_party
from .limits import BATCH, LIMITS
from .listing import read_parties, read_references
from .markup import Node, attribute, child, text
from .pairing import pair
from .refusals import catalogue_code, messages_of
from .rights import Right
from .sending import Batch, send
from .settling import PURCHASES, SALES, read_settlements
from .tables import Tables
from .unsure import DEFAULT_READINGS, Readings

logger = logging.getLogger(__name__)

# Reading an office costs a credit; for a long list its name has to do.
_OFFICES_IN_DETAIL = 12
_YEARS_BACK = 2


class TwinfieldProvider:
    """One office, signed in; an empty administration id allows only `administrations`."""

    key: ClassVar[str] = "twinfield"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.JOURNALS,
            Capability.PERIODS,
            Capability.VAT_CODES_ONE_BY_ONE,
            Capability.LINE_VAT_AMOUNTS,
            Capability.FOREIGN_CURRENCY,
            Capability.SEPARATE_ROLE_CODES,
            Capability.PARTY_CHANGES,
            Capability.FIND_BY_REFERENCE,
            Capability.CONTACT_PERSONS,
        }
    )
    limits: ClassVar[Limits] = LIMITS

    def __init__(self, opening: Opening, readings: Readings = DEFAULT_READINGS) -> None:
        self._client = TwinfieldClient(opening)
        self._tables = Tables(self._client, readings)
        self._country = opening.country
        self._readings = readings
        self._supplies: dict[str, SupplyKind] = {}
        self._daybooks = Daybooks(self._client)

    # --- administrations and rights -----------------------------------------------------------------------

    def administrations(self) -> list[AdministrationRecord]:
        """Every office the user may open: one call, and one for each whose details are of use.

        Those are the one that is open, or the first dozen when none is.
        """
        records = mapping.offices(self._client.offices(mapping.list_of("offices")))
        own = self._client.office
        detailed = [r for r in records if r.external_id == own] if own else records[:_OFFICES_IN_DETAIL]
        found = {record.external_id: self._office(record) for record in detailed}
        return [found.get(record.external_id, record) for record in records]

    def _office(self, record: AdministrationRecord) -> AdministrationRecord:
        """An office with its details, or closed, with the reason that Twinfield gives."""
        code = record.external_id
        try:
            return mapping.office(record, self._client.read(mapping.read_of("office", code, code), office=code))
        except (AdministrationGone, AccessDenied, Rejected) as exc:
            return AdministrationRecord(
                external_id=code,
                name=record.name,
                number=record.number,
                is_open=False,
                closed_reason=exc.vendor_text or str(exc),
            )

    def check_access(self) -> list[MissingRight]:
        """The rights that Twinfield refuses the smallest call for. Six calls."""
        office = self._client.office
        year = datetime.now(UTC).year

        def search(kind: str, **options: str) -> Callable[[], object]:
            return lambda: self._client.search(kind, {"office": office, **options}, pattern="0")

        def balances() -> object:
            return self._tables.lines(True, (browse.CODE, browse.NUMBER), daybook="0", years=(year, year))

        probes: tuple[tuple[Right, Callable[[], object]], ...] = (
            (rights.OFFICE, lambda: self._client.read(mapping.read_of("office", office, office))),
            (rights.CUSTOMERS, search("DIM", dimtype="DEB")),
            (rights.SALES, search("TRS", category="sales")),
            (rights.BALANCES, balances),
            (rights.SUPPLIERS, search("DIM", dimtype="CRD")),
            (rights.PURCHASES, search("TRS", category="purchase")),
        )
        return [_missing(right) for right, probe in probes if not _may(probe)]

    # --- catalogue ----------------------------------------------------------------------------------------

    def catalogue(self, kinds: frozenset[CatalogueKind]) -> Catalogue:
        """The asked lists. VAT codes cost one call each besides, since only a read shows the percentage."""
        return Catalogue(
            journals=self._journals() if CatalogueKind.JOURNALS in kinds else None,
            ledger_accounts=self._accounts() if CatalogueKind.LEDGER_ACCOUNTS in kinds else None,
            vat_codes=tuple(self.vat_codes({})) if CatalogueKind.VAT_CODES in kinds else None,
            payment_terms=() if CatalogueKind.PAYMENT_TERMS in kinds else None,
            fiscal_periods=self._periods() if CatalogueKind.FISCAL_PERIODS in kinds else None,
            currencies=self._currencies() if CatalogueKind.CURRENCIES in kinds else None,
        )

    def _journals(self) -> tuple[JournalRecord, ...]:
        """Day books for sales and purchases; hidden and intercompany ones are not offered."""
        return tuple(
            mapping.journal(row, kind)
            for is_sales, kind in ((True, JournalKind.SALES), (False, JournalKind.PURCHASE))
            for row in self._daybooks.read(is_sales)
        )

    def _accounts(self) -> tuple[LedgerAccountRecord, ...]:
        return tuple(
            record
            for kind in ("PNL", "BAS")
            for record in mapping.ledger_accounts(
                self._client.read(mapping.list_of("dimensions", self._client.office, kind)), kind, self._country
            )
        )

    def vat_codes(self, known: Mapping[str, VatCodeRecord]) -> Iterator[VatCodeRecord]:
        """Two lists, and a call for each code that is not `known` under its name."""
        today = datetime.now(UTC).date()
        for side, direction in (("sales", VatDirection.SALES), ("purchase", VatDirection.PURCHASE)):
            for row in self._client.search("VAT", {"vattype": side}):
                before = known.get(row[0])
                record = mapping.vat_code_as_before(row, direction, before) if before is not None else None
                if record is None:
                    answer = self._client.read(mapping.read_of("vat", self._client.office, row[0]))
                    record = mapping.vat_code(row, direction, answer, today)
                yield record

    def _periods(self) -> tuple[FiscalPeriodRecord, ...]:
        """Periods of the years from two back on: older documents are not booked any more."""
        first = datetime.now(UTC).year - _YEARS_BACK
        wanted = [year for year in mapping.years(self._client.periods("GetYears")) if year >= first]
        return mapping.fiscal_periods(
            period for year in wanted for period in mapping.periods(self._client.periods("GetPeriods", year), year)
        )

    def _currencies(self) -> tuple[str, ...]:
        return tuple(row[0].upper() for row in self._client.search("CUR", {"office": self._client.office}) if row[0])

    # --- parties ------------------------------------------------------------------------------------------

    def parties(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        """All customers and suppliers, one call each beside the lists, or those changed since the cursor."""
        return read_parties(self._client, cursor)

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        """Relations that may be the party, strongest fact first: by numbers in their addresses, and by name."""
        return relations.find(self._client, party)

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each: 25 new ones a call, 8 known ones with a read before each."""
        return relations.save(self._client, batch, self._readings)

    # --- documents ----------------------------------------------------------------------------------------

    def references(self, since: date, cursor: str = "") -> Iterator[Page[BookedRecord]]:
        """Entries of sales and then purchase day books: all of a side a page, or one day book and year of many."""
        return read_references(self._tables, self._daybooks, since, cursor, datetime.now(UTC).date())

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        """Book up to 25 a call; each is taken or refused by itself, and nothing is retried."""
        office = self._client.office
        documents: Batch[Document] = Batch(
            root="transactions",
            build=lambda document: entries.transaction(document, office, self._supply_of, self._readings),
            pair=_pair_documents,
            taken=_booked,
        )
        return send(batch, documents, self._client.write, BATCH)

    def _supply_of(self, code: str) -> SupplyKind:
        """What a VAT code is for, where the mirror does not know it yet; read once."""
        if code not in self._supplies:
            try:
                answer = self._client.read(mapping.read_of("vat", self._client.office, code))
            except Rejected as exc:
                # The posting is refused for it, with better words.
                logger.warning("a VAT code cannot be read", extra={"text": exc.vendor_text})
                self._supplies[code] = SupplyKind.ORDINARY
            else:
                self._supplies[code] = mapping.supply_of(answer, datetime.now(UTC).date())
        return self._supplies[code]

    def find_document(self, query: DocumentQuery) -> Finding:
        """Look for the entry by its number or our reference. Absent only where its day book is to be seen."""
        daybook, number = split_entry(query.external_id)
        if daybook:
            found = self._read_entry(daybook, number, query.kind.is_sales)
            if found is not None:
                return self._with_totals(query, finding.judge(query, [found]))
        places = [query.journal] if query.journal else self._visible(query.kind.is_sales)
        years = (query.date.year - 1, query.date.year + 1)
        records: list[BookedRecord] = []
        for place in places:
            rows = self._tables.lines(
                query.kind.is_sales,
                browse.BOOKED,
                daybook=place,
                years=years,
                equal={browse.REFERENCE: clean(query.reference)},
            )
            records += finding.entries_of(rows, query.kind.is_sales)
        judged = finding.judge(query, records)
        if isinstance(judged, Absent) and not set(places) <= set(self._visible(query.kind.is_sales)):
            return CannotTell(reason="the day book is not to be seen")
        if isinstance(judged, Found) and query.external_id:
            return CannotTell(
                reason="it stands there under another number", candidates=(judged.ref,), totals=(judged.totals,)
            )
        return self._with_totals(query, judged)

    def _read_entry(self, daybook: str, number: str, is_sales: bool) -> BookedRecord | None:
        """An entry by its number; None when Twinfield shows none."""
        answer = self._client.ask(mapping.read_of("transaction", self._client.office, daybook, number=number))
        if attribute(answer, "result") == "0":
            if catalogue_code(messages_of(answer)) == "AUT-404":
                raise AdministrationGone("no access to the administration", operation="processxml/read")
            return None
        return entries.booked_record(answer, is_sales)

    def _with_totals(self, query: DocumentQuery, found: Finding) -> Finding:
        """What was found with all its figures, which only a read shows; without them when it cannot be read."""
        if not isinstance(found, Found):
            return found
        totals = found.totals or BookedTotals()
        try:
            document = mapping.read_of("transaction", self._client.office, found.ref.journal, number=found.ref.number)
            totals = entries.booked_totals(self._client.read(document), query.kind) or totals
        except IntegrationError as exc:
            logger.warning("an entry that was found could not be read", extra={"error": type(exc).__name__})
        return Found(ref=found.ref, totals=totals)

    def _visible(self, is_sales: bool) -> list[str]:
        return self._daybooks.codes(is_sales)

    # --- settlements and files ----------------------------------------------------------------------------

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """One day book and book year; changed lines only, and all of them about once a day."""
        return read_settlements(self._tables, cursor, open_refs, self._side_of, self._readings, datetime.now(UTC))

    def _side_of(self, daybook: str) -> str:
        if daybook in self._visible(True):
            return SALES
        return PURCHASES if daybook in self._visible(False) else ""


def _may(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except (AccessDenied, AdministrationGone):
        return False
    except Rejected as exc:
        return not exc.code.startswith("AUT-")
    return True


def _missing(right: Right) -> MissingRight:
    return MissingRight(code=right.code, right=right.right, optional=right.optional)


def _pair_documents(sent: Sequence[Document], answered: Sequence[Node]) -> list[Node | None]:
    """By day book, our number and relation: suppliers share numbers."""

    def mark_of_answer(node: Node) -> tuple[str, str, str]:
        header = child(node, "header")
        lines = child(node, "lines")
        total = lines[0] if lines is not None and len(lines) else None
        return text(header, "code"), text(header, "invoicenumber"), text(total, "dim2")

    return pair(
        sent,
        answered,
        lambda document: (
            document.journal,
            clean(document.reference),
            split_party(document.party.external_id)[1],
        ),
        mark_of_answer,
    )


def _booked(document: Document, node: Node) -> Outcome:
    ref = entries.entry_ref(node, document.kind)
    if not ref.external_id:
        return Unclear(text="the answer names no number")
    return Posted(
        ref=ref,
        totals=entries.booked_totals(node, document.kind),
        remarks=entries.stored_differently(node, document),
    )
