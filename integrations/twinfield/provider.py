"""Twinfield as the engine sees it: each method joins the client with the mapping, and little more.

Source: vendor notes; design, section 4.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
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
    File,
    Finding,
    FiscalPeriodRecord,
    Found,
    JournalKind,
    JournalRecord,
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
    VatDirection,
)
from ..base.signin import Opening
from . import browse, entries, finding, mapping, matching, rights
from .client import TwinfieldClient
from .entries import NO_DETAIL
from .keys import ROLE_OF_TYPE, TYPE_OF_ROLE, party_key, split_entry, split_party
from .limits import BATCH, LIMITS
from .listing import daybooks, read_parties, read_party, read_references
from .mapping import VatDetail
from .markup import Node, attribute, child, text
from .pairing import pair
from .refusals import catalogue_code, messages_of
from .rights import Right
from .sending import Batch, refused, send
from .settling import PURCHASES, SALES, read_settlements
from .tables import Tables
from .unsure import DEFAULT_READINGS, Readings
from .values import Unsendable, clean

logger = logging.getLogger(__name__)

# Reading an office costs a credit; for a long list its name has to do.
_OFFICES_IN_DETAIL = 12
_YEARS_BACK = 2
# An update is read before it is written; so many that two groups and their writing fit into the credits of a minute.
_UPDATES_PER_CALL = 8
_CANDIDATES = 10


class TwinfieldProvider:
    """One office, signed in; an empty administration id allows only `administrations`."""

    key: ClassVar[str] = "twinfield"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.JOURNALS,
            Capability.PERIODS,
            Capability.LINE_VAT_AMOUNTS,
            Capability.FOREIGN_CURRENCY,
            Capability.SEPARATE_ROLE_CODES,
            Capability.PARTY_CHANGES,
            Capability.FIND_BY_REFERENCE,
        }
    )
    limits: ClassVar[Limits] = LIMITS

    def __init__(self, opening: Opening, readings: Readings = DEFAULT_READINGS) -> None:
        self._client = TwinfieldClient(opening)
        self._tables = Tables(self._client, readings)
        self._country = opening.country
        self._readings = readings
        self._vat_details: dict[str, VatDetail] = {}
        self._daybooks: dict[bool, list[str]] = {}

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
            vat_codes=self._vat_codes() if CatalogueKind.VAT_CODES in kinds else None,
            payment_terms=() if CatalogueKind.PAYMENT_TERMS in kinds else None,
            fiscal_periods=self._periods() if CatalogueKind.FISCAL_PERIODS in kinds else None,
            currencies=self._currencies() if CatalogueKind.CURRENCIES in kinds else None,
        )

    def _journals(self) -> tuple[JournalRecord, ...]:
        """Day books for sales and purchases; hidden and intercompany ones are not offered."""
        return tuple(
            mapping.journal(row, kind)
            for category, kind in (("sales", JournalKind.SALES), ("purchase", JournalKind.PURCHASE))
            for row in self._client.search("TRS", {"office": self._client.office, "category": category})
        )

    def _accounts(self) -> tuple[LedgerAccountRecord, ...]:
        return tuple(
            record
            for kind in ("PNL", "BAS")
            for record in mapping.ledger_accounts(
                self._client.read(mapping.list_of("dimensions", self._client.office, kind)), kind, self._country
            )
        )

    def _vat_codes(self) -> tuple[VatCodeRecord, ...]:
        today = datetime.now(UTC).date()
        found = []
        for side, direction in (("sales", VatDirection.SALES), ("purchase", VatDirection.PURCHASE)):
            for row in self._client.search("VAT", {"vattype": side}):
                answer = self._client.read(mapping.read_of("vat", self._client.office, row[0]))
                self._vat_details[row[0]] = mapping.vat_detail(answer, today)
                found.append(mapping.vat_code(row, direction, answer, today))
        return tuple(found)

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
        """Relations that may be the party, strongest fact first: by numbers in their addresses, and by name.

        Twinfield looks in one field at a time and shows codes and names, so what may be ours is read. A missing right is
        refused there, so an empty answer counts.
        """
        found: dict[str, ExternalRef] = {}
        for role in sorted(party.roles or TYPE_OF_ROLE):
            kind = TYPE_OF_ROLE[role]
            for code in self._candidates(kind, party):
                record = read_party(self._client, kind, code)
                fact = "" if record.deleted else matching.matched_by(party, record)
                if fact:
                    found[record.external_id] = mapping.external_ref(record, fact)
        return matching.strongest_first(list(found.values()))

    def _candidates(self, kind: str, party: PartyData) -> list[str]:
        """Codes of relations that are worth a look."""
        codes: dict[str, None] = {}
        own_kind, own_code = split_party(party.external_id)
        if own_kind == kind:
            codes[own_code] = None
        options = {"office": self._client.office, "dimtype": kind, "includehidden": "1"}
        for number in (party.vat_number, party.enterprise_number):
            plain = matching.compact(number)
            if plain:
                rows = self._client.search("DIM", options, pattern=f"*{plain}*", field=4)
                codes.update(dict.fromkeys(row[0] for row in rows[:_CANDIDATES]))
        start = clean(party.name)[:3]
        if start:
            wanted = matching.normal_name(party.name)
            pattern = "".join("?" if sign in "*?[]" or ord(sign) > 126 else sign for sign in start) + "*"
            rows = self._client.search("DIM", options, pattern=pattern, field=2)
            same = [row[0] for row in rows if len(row) > 1 and matching.normal_name(row[1]) == wanted]
            codes.update(dict.fromkeys(same[:_CANDIDATES]))
        return [code for code in codes if code]

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each: 25 new ones a call, 8 known ones with a read before each.

        A relation that only needs a role has it by its type, or cannot get it: roles are separate dimensions.
        """
        outcomes: dict[int, Outcome] = {}
        new: list[int] = []
        known: list[int] = []
        for place, data in enumerate(batch):
            if data.external_id and not data.name:
                outcomes[place] = _only_role(data)
            else:
                (known if data.external_id else new).append(place)
        sent = False
        for places, save in ((new, self._create), (known, self._update)):
            size = BATCH if save == self._create else _UPDATES_PER_CALL
            for start in range(0, len(places), size):
                part = places[start : start + size]
                try:
                    found = save([batch[place] for place in part])
                except IntegrationError as exc:
                    if not sent:
                        raise
                    found = [NotTried(reason=str(exc))] * len(part)
                sent = sent or not all(isinstance(outcome, NotTried) for outcome in found)
                outcomes.update(zip(part, found, strict=True))
        return [outcomes[place] for place in range(len(batch))]

    def _create(self, parties: Sequence[PartyData]) -> list[Outcome]:
        return self._save(parties, {})

    def _update(self, parties: Sequence[PartyData]) -> list[Outcome]:
        """Save known relations on top of what stands there now."""
        standing: dict[str, Node] = {}
        gone: dict[int, Outcome] = {}
        for place, data in enumerate(parties):
            kind, code = split_party(data.external_id)
            if not kind:
                gone[place] = Refused(code="PAR-641", text=f"{data.external_id} is no relation of Twinfield")
                continue
            answer = self._client.ask(mapping.read_of("dimensions", self._client.office, code, dimension_type=kind))
            record = mapping.party(answer) if attribute(answer, "result") != "0" else None
            if record is None:
                gone[place] = refused(messages_of(answer))
            elif record.deleted:
                gone[place] = Refused(code="PAR-641", text=f"{data.external_id} is deleted")
            else:
                standing[data.external_id] = answer
        left = [data for place, data in enumerate(parties) if place not in gone]
        found = iter(self._save(left, standing) if left else [])
        return [gone[place] if place in gone else next(found) for place in range(len(parties))]

    def _save(self, parties: Sequence[PartyData], standing: dict[str, Node]) -> list[Outcome]:
        office = self._client.office
        batch: Batch[PartyData] = Batch(
            root="dimensions",
            build=lambda data: mapping.dimension(data, office, standing.get(data.external_id), self._readings),
            pair=_pair_parties,
            taken=_saved,
        )
        return send(parties, batch, self._client.write, BATCH)

    # --- documents ----------------------------------------------------------------------------------------

    def references(self, since: date, cursor: str = "") -> Iterator[Page[BookedRecord]]:
        """Entries of sales and then purchase day books, one day book and year a page."""
        return read_references(self._client, self._tables, since, cursor, datetime.now(UTC).date())

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        """Book up to 25 a call; each is taken or refused by itself, and nothing is retried."""
        office = self._client.office
        documents: Batch[Document] = Batch(
            root="transactions",
            build=lambda document: entries.transaction(document, office, self._vat_detail, self._readings),
            pair=_pair_documents,
            taken=_booked,
        )
        return send(batch, documents, self._client.write, BATCH)

    def _vat_detail(self, code: str) -> VatDetail:
        """What a posting has to know of a VAT code without VAT; read once."""
        if code not in self._vat_details:
            try:
                answer = self._client.read(mapping.read_of("vat", self._client.office, code))
            except Rejected as exc:
                # The posting is refused for it, with better words.
                logger.warning("a VAT code cannot be read", extra={"text": exc.vendor_text})
                self._vat_details[code] = NO_DETAIL
            else:
                self._vat_details[code] = mapping.vat_detail(answer, datetime.now(UTC).date())
        return self._vat_details[code]

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
        if is_sales not in self._daybooks:
            self._daybooks[is_sales] = daybooks(self._client, is_sales, hidden=True)
        return self._daybooks[is_sales]

    # --- settlements and files ----------------------------------------------------------------------------

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """One day book and book year; changed lines only, and all of them about once a day."""
        return read_settlements(self._tables, cursor, open_refs, self._side_of, self._readings, datetime.now(UTC))

    def _side_of(self, daybook: str) -> str:
        if daybook in self._visible(True):
            return SALES
        return PURCHASES if daybook in self._visible(False) else ""

    def attach(self, ref: DocumentRef, file: File) -> Outcome:
        """Twinfield's web services take no files beside an entry, as far as we know."""
        return Refused(code="SYS-708", text="Twinfield takes no files here")


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


def _only_role(data: PartyData) -> Outcome:
    kind, code = split_party(data.external_id)
    if not kind:
        return Refused(code="PAR-641", text=f"{data.external_id} is no relation of Twinfield")
    if ROLE_OF_TYPE[kind] in data.roles:
        return Posted(ref=DocumentRef(external_id=party_key(kind, code), number=code))
    return Refused(code="PAR-640", text="customers and suppliers are separate in Twinfield")


def _pair_parties(sent: Sequence[PartyData], answered: Sequence[Node]) -> list[Node | None]:
    """Known ones by their code, new ones by our mark and name, or by the name alone where only one bears it."""
    by_code = pair(
        sent,
        answered,
        lambda data: split_party(data.external_id),
        lambda node: (text(node, "type"), text(node, "code")),
    )
    by_mark = pair(
        sent,
        answered,
        lambda data: (_type_of(data), _name_of(data), data.reference),
        lambda node: (text(node, "type"), text(node, "name"), text(node, "shortname")),
    )
    names = [(_type_of(data), _name_of(data)) for data in sent]
    by_name = pair(
        sent,
        answered,
        lambda data: (_type_of(data), _name_of(data)),
        lambda node: (text(node, "type"), text(node, "name")),
    )
    found: list[Node | None] = []
    for data, code, mark, name, named in zip(sent, by_code, by_mark, by_name, names, strict=True):
        if data.external_id:
            found.append(code)
        else:
            found.append(mark if mark is not None else name if names.count(named) == 1 else None)
    return found


def _type_of(data: PartyData) -> str:
    try:
        return mapping.wanted_type(data)
    except Unsendable:
        return ""


def _name_of(data: PartyData) -> str:
    return clean(data.name, LIMITS.field_lengths["party.name"])


def _saved(data: PartyData, node: Node) -> Outcome:
    record = mapping.party(node)
    if record is None:
        return Unclear(text="the answer names no code")
    return Posted(ref=DocumentRef(external_id=record.external_id, number=record.code))


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
