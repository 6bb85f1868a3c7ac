"""Octopus as the engine sees it: each method joins the client with the mapping, and little more.

Calls are scarce by the day, so nothing is asked twice that a list of changes tells at once. Source: vendor notes;
design, section 4.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import ClassVar

from ..base.errors import (
    AdministrationGone,
    IntegrationError,
    MissingLink,
    RateLimited,
    Rejected,
)
from ..base.provider import Capability, Limits
from ..base.records import (
    Absent,
    AdministrationRecord,
    BookedRecord,
    Catalogue,
    CatalogueKind,
    Document,
    DocumentQuery,
    DocumentRef,
    ExternalRef,
    File,
    FilesLeft,
    Finding,
    Found,
    LedgerAccountRecord,
    MissingRight,
    NotTried,
    NumberTaken,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    Posted,
    Refused,
    Settlements,
    Unclear,
)
from ..base.signin import Opening
from . import bookings, finding, mapping, matching
from .answers import Row, last_number
from .bookings import Place, place_of
from .client import ALL_BOOKYEARS, OctopusClient
from .limits import LIMITS
from .listing import read_parties, read_references
from .refusals import DEFAULT_CODE, WRONG_NUMBER
from .rights import RIGHTS
from .sending import in_number_order, in_order, refused
from .settling import read_settlements
from .unsure import DEFAULT_READINGS, Readings
from .values import BEGINNING, OVERLAP, Unsendable, int32, number, stamp, text

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Seen:
    """Bookings as one reading of changes showed them."""

    since: str
    bookyear: int
    journal: str
    rows: dict[Place, Row] = field(default_factory=dict)

    def covers(self, since: str, bookyear: int, journal: str) -> bool:
        """Whether this reading shows all that another one would have shown at the same moment."""
        return self.since <= since and self.bookyear in (ALL_BOOKYEARS, bookyear) and (self.journal in ("", journal))


class OctopusProvider:
    """One dossier, signed in; an empty administration id allows only `administrations`."""

    key: ClassVar[str] = "octopus"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.JOURNALS,
            Capability.PERIODS,
            Capability.SEPARATE_CREDIT_NOTE_JOURNAL,
            Capability.LINE_VAT_AMOUNTS,
            Capability.FOREIGN_CURRENCY,
            Capability.ATTACHMENTS_WITH_BOOKING,
            Capability.CALLER_NUMBERED,
            Capability.READ_BACK,
            Capability.PARTY_CHANGES,
            Capability.FIND_BY_REFERENCE,
            Capability.CONTACT_PERSONS,
            Capability.ROLELESS_RELATIONS,
        }
    )
    limits: ClassVar[Limits] = LIMITS

    def __init__(
        self, opening: Opening, readings: Readings = DEFAULT_READINGS, now: Callable[[], datetime] = _now
    ) -> None:
        self._client = OctopusClient(opening, now)
        self._readings = readings
        self._now = now
        # What was read in this provider's short life, since the engine asks for each list apart.
        self._years: tuple[Row, ...] | None = None
        self._journal_rows: dict[int, tuple[Row, ...]] = {}
        self._moved: set[tuple[int, str]] = set()  # journals whose last number we or others changed since
        self._seen: list[_Seen] = []
        self._unread_since: datetime | None = None  # when the first booking began that was not read back yet

    # --- administrations and rights -----------------------------------------------------------------------

    def administrations(self) -> list[AdministrationRecord]:
        """Every dossier the user may open. One call."""
        return [mapping.administration(row) for row in self._client.dossiers()]

    def check_access(self) -> list[MissingRight]:
        """Whether the dossier opens; there are no finer rights that could be asked for. One call."""
        try:
            self._client.connect()
        except AdministrationGone:
            right = RIGHTS[0]
            return [MissingRight(code=right.code, right=right.right, resource="dossiers", action="POST")]
        return []

    # --- catalogue ----------------------------------------------------------------------------------------

    def catalogue(self, kinds: frozenset[CatalogueKind]) -> Catalogue:
        """The asked lists. Journals and periods come together: bookyears 1 call, journals 1 per year, at most 3."""
        wants_years = {CatalogueKind.JOURNALS, CatalogueKind.FISCAL_PERIODS, CatalogueKind.LEDGER_ACCOUNTS} & kinds
        years = self._bookyears() if wants_years else ()
        by_year: dict[int, tuple[Row, ...]] = {}
        if wants_years - {CatalogueKind.LEDGER_ACCOUNTS}:
            for row in mapping.years_to_read(years, self._today()):
                key = mapping.bookyear_key(row)
                by_year[key] = self._journals(key)
        return Catalogue(
            journals=mapping.journals(by_year) if CatalogueKind.JOURNALS in kinds else None,
            ledger_accounts=self._accounts(years) if CatalogueKind.LEDGER_ACCOUNTS in kinds else None,
            vat_codes=mapping.vat_codes(self._client.vat_codes()) if CatalogueKind.VAT_CODES in kinds else None,
            payment_terms=() if CatalogueKind.PAYMENT_TERMS in kinds else None,
            fiscal_periods=mapping.fiscal_periods(years, by_year) if CatalogueKind.FISCAL_PERIODS in kinds else None,
            currencies=self._currencies() if CatalogueKind.CURRENCIES in kinds else None,
        )

    def _accounts(self, years: Sequence[Row]) -> tuple[LedgerAccountRecord, ...]:
        """The chart of the present bookyear: two readings a day are all there are."""
        year = mapping.current_year(years, self._today())
        if year is None:
            return ()
        found = (mapping.ledger_account(row) for row in self._client.accounts(mapping.bookyear_key(year)))
        return tuple(record for record in found if record is not None)

    def _currencies(self) -> tuple[str, ...]:
        return tuple(sorted({text(code).upper() for code in self._client.currencies()} - {""}))

    def _bookyears(self) -> tuple[Row, ...]:
        if self._years is None:
            self._years = self._client.bookyears()
        return self._years

    def _journals(self, bookyear: int, *, fresh: bool = False) -> tuple[Row, ...]:
        if fresh or bookyear not in self._journal_rows:
            self._journal_rows[bookyear] = self._client.journals(bookyear)
            self._moved = {place for place in self._moved if place[0] != bookyear}
        return self._journal_rows[bookyear]

    def _today(self) -> date:
        return self._now().date()

    def last_number(self, journal: str, book_year: str) -> int:
        """The journal's last number in that bookyear; one of 24 calls a day. Raises MissingLink: no such journal."""
        if book_year.isdigit():
            for row in self._journals(int(book_year), fresh=(int(book_year), journal) in self._moved):
                if text(row.get("journalKey")) == journal:
                    return number(row.get("lastBookedDocumentNr"))
        raise MissingLink(
            f"journal {journal} is not in bookyear {book_year}",
            step="journals",
            code="AUT-409",
            params={"journal": journal},
        )

    # --- parties ------------------------------------------------------------------------------------------

    def parties(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        """All relations in one page (twice a day at most), or those changed since the cursor."""
        return read_parties(self._client, cursor)

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        """Relations that may be the party, strongest fact first; two calls at most."""
        found = []
        for asked in matching.searches(party):
            for row in self._client.search_relations(**asked):
                record = mapping.party(row)
                fact = self._fact(party, row, record)
                if fact and record.external_id:
                    found.append(mapping.external_ref(record, fact))
        return matching.strongest_first(found)

    def _fact(self, party: PartyData, row: Row, record: PartyRecord) -> str:
        if party.reference and self._is_ours(party, row, 0):
            return matching.BY_REFERENCE
        return matching.matched_by(party, record)

    @staticmethod
    def _is_ours(party: PartyData, row: Row, attempt: int) -> bool:
        """Whether the relation under one of our numbers is this party."""
        mark = text(row.get("searchField2"))
        return matching.is_ours(party, mapping.party(row), mark, mapping.external_id_of(row), attempt)

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each. Two calls a party: a PUT finds by its number and would change whom it finds.

        One call for one that is new for certain: then nobody has its number.
        """
        return in_order(batch, self._save_party)

    def _save_party(self, party: PartyData) -> Outcome:
        if party.external_id:
            return self._update(party)
        if not party.name or not party.reference:
            raise Unsendable("APP-204", "the party has no name")
        if party.is_new:
            return self._create(party, 0)
        # The list that the engine looked through may hold active relations only, so the facts are asked along once.
        facts = next(iter(matching.searches(party)), {})
        for attempt in range(matching.ATTEMPTS):
            external = matching.external_number(party.reference, attempt)
            rows = self._client.search_relations(**{**facts, "extRelationId": str(external)})
            for row in rows:
                if self._is_ours(party, row, attempt):
                    # Made by an earlier call of ours whose answer was lost.
                    return self._put_changes(row, party)
            for row in rows if attempt == 0 else ():
                record = mapping.party(row)
                if matching.matched_by(party, record):
                    state = "inactive " if record.blocked else ""
                    return Refused(code="PAR-649", text=f"{state}relation {record.code} {record.name} is there already")
            if not any(mapping.external_id_of(row) == external for row in rows):
                return self._create(party, attempt)
            facts = {}
        raise Unsendable("PAR-649", f"all numbers for {party.name} are taken in Octopus")

    def _under(self, external: int) -> list[Row]:
        rows = self._client.search_relations(extRelationId=str(external))
        return [row for row in rows if mapping.external_id_of(row) == external]

    def _create(self, party: PartyData, attempt: int) -> Outcome:
        row = self._client.save_relation(mapping.new_relation(party, attempt, self._readings))
        if row is None:
            # Somebody took the number in between, or an answer says less than it should: what stands there decides.
            logger.warning("a new relation was taken for one that stood there", extra={"reference": party.reference})
            found = self._under(matching.external_number(party.reference, attempt))
            row = found[0] if len(found) == 1 else {}
        key = mapping.relation_id(row)
        if not key:
            return Unclear(text="the answer names no key")
        return self._saved(party, key)

    def _update(self, party: PartyData) -> Outcome:
        key = int32(party.external_id, "PAR-641", "relation")
        rows = [row for row in self._client.search_relations(relationId=str(key)) if mapping.relation_id(row) == key]
        if not rows:
            # A PUT would make a new one under this key's absence.
            return Refused(code="PAR-641", text=f"relation {key} is not there any more")
        return self._put_changes(rows[0], party)

    def _put_changes(self, row: Row, party: PartyData) -> Outcome:
        try:
            made = self._client.save_relation(mapping.changed_relation(row, party))
        except Rejected as exc:
            # "Gone" makes the engine let go of its link; that follows from looking, never from a text.
            return refused(exc, DEFAULT_CODE if exc.code == "PAR-641" else exc.code)
        return self._saved(party, (mapping.relation_id(made) if made else 0) or mapping.relation_id(row))

    @staticmethod
    def _saved(party: PartyData, key: int) -> Posted:
        remarks = ("VAT-625",) if party.vat_type == mapping.CONTRACTOR else ()
        return Posted(ref=DocumentRef(external_id=str(key), number=str(key)), remarks=remarks)

    # --- documents ----------------------------------------------------------------------------------------

    def references(self, since: date, cursor: str = "") -> Iterator[Page[BookedRecord]]:
        """Sales and purchase bookings of that date or later, one call a bookyear."""
        return read_references(self._client, since, cursor)

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        """Book each under the number it was given, one call a document. Behind a document that was not booked its
        journal stops: the numbers after it would leave a gap.

        An answer to a booking is empty, so only `read_back` says what stands there.
        """
        self._unread_since = self._unread_since or self._now()
        return in_number_order(batch, self._post)

    def read_back(self, documents: Sequence[Document]) -> list[Outcome]:
        """The bookings just made, as they stand: one call for all. Unclear: not to be seen now, so looked for later."""
        began, self._unread_since = self._unread_since or self._now(), None
        placed = [(document, place) for document in documents if (place := place_of(document.number)) is not None]
        seen = self._read_since(began, [place for _, place in placed]) if placed else {}
        return [self._as_stored(document, seen) for document in documents]

    def _post(self, document: Document) -> Outcome:
        payload: Row = {"buySellBookingServiceData": bookings.booking_payload(document, self._readings)}
        kept = [file for file in document.attachments if not self._is_too_large(file)]
        if kept:
            payload["attachments"] = [
                bookings.file_payload(file, base64.b64encode(file.content).decode("ascii")) for file in kept
            ]
        place = place_of(document.number)
        if place is None:
            return NotTried(reason="the document has no number")
        self._moved.add((place.bookyear, place.journal))
        try:
            self._client.book(payload)
        except Rejected as exc:
            if exc.vendor_code == str(WRONG_NUMBER):
                return self._number_taken(exc, place)
            if exc.code == "SYS-708" and kept:
                # A file may not keep a booking back. Should the booking have been made before its files were looked at,
                # its number is taken by the next call.
                logger.warning("files of a booking were refused", extra={"text": exc.vendor_text})
                return FilesLeft(text=exc.vendor_text or "refused")
            raise
        return Posted(ref=bookings.booking_ref(place, document.kind), files_left=document.files_left)

    def files_left(self, document: Document) -> str:
        large = [file.name for file in document.attachments if self._is_too_large(file)]
        return "; ".join(f"{name} is larger than {(self.limits.attachment_bytes or 0) // 2**20} MB" for name in large)

    def _is_too_large(self, file: File) -> bool:
        return len(file.content) > (self.limits.attachment_bytes or 0)

    def _number_taken(self, exc: Rejected, place: Place) -> Outcome:
        """The journal's last number as the refusal states it; asked for when it cannot be read from there."""
        self._seen.clear()  # somebody booked there meanwhile
        last = last_number(exc)
        if last is None:
            try:
                last = self.last_number(place.journal, str(place.bookyear))
            except IntegrationError:
                return NotTried(reason=exc.vendor_text or "the number is taken", code=exc.code)
        return NumberTaken(last=last, text=exc.vendor_text)

    def _read_since(self, began: datetime, places: Sequence[Place]) -> dict[Place, Row]:
        """Bookings written since. Empty when they cannot be read now."""
        journals = {(place.bookyear, place.journal) for place in places}
        bookyear, journal = next(iter(journals)) if len(journals) == 1 else (ALL_BOOKYEARS, "")
        try:
            return self._bookings_since(stamp(began - OVERLAP), bookyear, journal)
        except IntegrationError as exc:
            logger.warning("new bookings could not be read back", extra={"error": type(exc).__name__})
            return {}

    @staticmethod
    def _as_stored(document: Document, seen: dict[Place, Row]) -> Outcome:
        place = place_of(document.number)
        row = seen.get(place) if place else None
        if place is None or row is None:
            return Unclear(text="booked, its figures were not seen")
        comment = text(row.get("comment"))
        if not comment or not document.reference.strip().startswith(comment):
            return Unclear(text="another booking stands under its number")
        return Posted(
            ref=bookings.booking_ref(place, document.kind),
            totals=bookings.booked_totals(row, document.kind),
            remarks=bookings.stored_differently(row, document),
        )

    def find_document(self, query: DocumentQuery) -> Finding:
        """Look for the booking among those written since it was sent, by its number in the comment and its place.

        What an earlier reading showed may prove that it is there, never that a call under way did not arrive. Absent
        is then asked for a second time at the very place, should our clock be far off theirs.
        """
        place = finding.wanted_place(query)
        bookyear, journal = (place.bookyear, place.journal) if place else (ALL_BOOKYEARS, "")
        since = stamp(query.sent_at - OVERLAP) if query.sent_at else BEGINNING
        under_way = query.sent_at is not None and not query.external_id
        for seen in self._seen:
            if seen.covers(since, bookyear, journal):
                found = finding.judge(query, list(seen.rows.values()))
                if isinstance(found, Found) or not under_way:
                    return found
        try:
            rows = self._bookings_since(since, bookyear, journal)
        except RateLimited:
            if place is None:
                raise
            return self._judge_place(query, place)
        found = finding.judge(query, list(rows.values()))
        if not isinstance(found, Absent) or place is None or not under_way:
            return found
        try:
            return self._judge_place(query, place)
        except RateLimited:
            return found

    def _judge_place(self, query: DocumentQuery, place: Place) -> Finding:
        """What stands at one place; ten calls a day."""
        row = self._client.booking(place.bookyear, place.journal, place.number)
        return finding.judge(query, [row] if row else [])

    def _bookings_since(self, since: str, bookyear: int, journal: str) -> dict[Place, Row]:
        rows = {
            place: row
            for row in self._client.bookings_modified(since, bookyear, journal)
            if (place := bookings.booking_place(row)) is not None
        }
        self._seen = [_Seen(since, bookyear, journal, rows), *self._seen[:3]]
        return rows

    # --- settlements ----------------------------------------------------------------------------

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """Balancings that changed since the cursor, and bookings deleted; one call when nothing did."""
        return read_settlements(self._client, cursor, open_refs)
