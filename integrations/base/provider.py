"""What the engine asks of a bookkeeping tool: the whole interface, and its properties as data.

The engine reads `capabilities` and `limits`; it never asks for a tool's name. Source: design, section 4.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Protocol

from .records import (
    AdministrationRecord,
    BookedRecord,
    Catalogue,
    CatalogueKind,
    ContactRecord,
    Document,
    DocumentQuery,
    DocumentRef,
    Enclosure,
    ExternalRef,
    Finding,
    MissingRight,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    Settlements,
    VatCodeRecord,
)


class Capability(enum.StrEnum):
    JOURNALS = "journals"
    SEPARATE_CREDIT_NOTE_JOURNAL = "separate-credit-note-journal"
    PERIODS = "periods"  # its list of financial years and periods can be read
    VAT_CODES_ONE_BY_ONE = "vat-codes-one-by-one"  # its list holds codes and names, the rest is a call for each
    PAYMENT_TERMS = "payment-terms"
    DIRECT_DEBIT_TERMS = "direct-debit-terms"
    LINE_VAT_AMOUNTS = "line-vat-amounts"
    FOREIGN_CURRENCY = "foreign-currency"
    ATTACHMENTS_WITH_BOOKING = "attachments-with-booking"
    ATTACHMENTS_AFTER_BOOKING = "attachments-after-booking"
    PURCHASES_AS_FILES = "purchases-as-files"  # takes a purchase as the supplier's own file, and books it over there
    CALLER_NUMBERED = "caller-numbered"
    READ_BACK = "read-back"  # a booking is answered without its figures; `read_back` shows many at once
    CONTACTS_INLINE = "contacts-inline"
    SEPARATE_ROLE_CODES = "separate-role-codes"
    PARTY_CHANGES = "party-changes"  # parties(cursor) can go on from where it stopped
    FIND_BY_REFERENCE = "find-by-reference"
    FIND_BY_DAYS = "find-by-days"  # look-ups cost less when their days are known before the first of them
    CONTACT_PERSONS = "contact-persons"  # an import gets the persons to talk to, on their relations or by `besides`
    ROLELESS_RELATIONS = "roleless-relations"  # and relations that are neither customer nor supplier, in either way
    IMPORT_BESIDES = "import-besides"  # some of what an import takes stands in no list that a sync reads


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit:
    """At most `calls` per `seconds` of one counter; `scope` names whose counter it is.

    `operations`: only calls of these operations count, none named means all. Of a counter with operations or a reserve
    each call is kept in the database before it is made, also those of pages; `reserve` of its calls are left to people.
    """

    name: str
    calls: int
    seconds: int
    scope: str = "administration"  # or "grant" (shared by all administrations of a sign-in)
    operations: frozenset[str] = frozenset()
    reserve: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether each call is kept in the database, for all who share the counter."""
        return bool(self.operations or self.reserve)

    def counts(self, operation: str) -> bool:
        return not self.operations or operation in self.operations


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """What an answer of the tool says about one of its counters. None: it does not say.

    `name` is that of the `CallLimit` it belongs to; the figures of the answer hold, ours are only the start.
    """

    name: str
    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    documents_per_call: int = 1
    bytes_per_call: int | None = None
    parties_per_call: int = 1
    attachment_bytes: int | None = None
    errors_per_endpoint_hour: int | None = None  # our own stop, below the tool's
    calls: tuple[CallLimit, ...] = ()
    quiet_seconds: int = 0  # how long what it took may be missing from its lists; the setting's own time at least
    field_lengths: Mapping[str, int] = field(default_factory=dict)  # "party.name": 50, "line.description": 60 ...


class Provider(Protocol):
    """One administration at one tool, signed in. Methods raise `IntegrationError` for what stops the connection.

    What concerns a single party or document comes back as an `Outcome`, never as an exception, with one
    exception: `RateLimited` and `AuthorisationLost` may interrupt a batch only before anything was sent.
    """

    key: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]
    limits: ClassVar[Limits]

    def administrations(self) -> list[AdministrationRecord]:
        """Every administration this sign-in may open, closed ones included and marked."""

    def check_access(self) -> list[MissingRight]:
        """The rights that are missing, as the tool states them; never inferred from an empty list."""

    def catalogue(self, kinds: frozenset[CatalogueKind]) -> Catalogue:
        """The asked lists, each read to its last page."""

    def parties(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        """All relations (cursor empty), or those changed since. The last page carries the next cursor."""

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        """Relations that may be `party`, found by the strongest fact that finds any.

        The order of facts: reference, VAT number, enterprise number, name and postcode.
        """

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each; outcomes in the order of the batch."""

    def references(self, since: date, cursor: str = "") -> Iterator[Page[BookedRecord]]:
        """Sales and purchase bookings dated `since` or later that already stand in the books.

        `cursor` is that of a page read before: reading goes on behind it.
        """

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        """Book each; outcomes in the order of the batch. Nothing is retried inside."""

    def find_document(self, query: DocumentQuery) -> Finding:
        """Whether the booking stands in the books. Less than full equality is `CannotTell`."""

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        """Payment and matching rows changed since the cursor; empty cursor: from the beginning."""


class TakingProvider(Provider, Protocol):
    """What a provider with capability ATTACHMENTS_WITH_BOOKING answers besides."""

    def files_left(self, document: Document) -> str:
        """Why some of the document's files will not go along, in words for people; no call. Empty: all of them go."""


class FilingProvider(Provider, Protocol):
    """What a provider with capability ATTACHMENTS_AFTER_BOOKING answers besides."""

    def attach(self, batch: Sequence[Enclosure]) -> Iterator[Outcome]:
        """Put files beside their bookings; the outcomes in order, each as soon as it is known. Whoever stops asking stops
        the sending.

        What lies there under its name is not put there again, so that whatever broke off may simply be repeated.
        """


class NumberedProvider(Provider, Protocol):
    """What a provider with capability CALLER_NUMBERED answers besides."""

    def last_number(self, journal: str, book_year: str) -> int:
        """The number of the last booking of a journal in a book year; 0 when it has none yet."""


class ReadingProvider(Provider, Protocol):
    """What a provider with capability READ_BACK answers besides."""

    def read_back(self, documents: Sequence[Document]) -> list[Outcome]:
        """Documents that this provider booked, as they stand now; `Unclear` for one that is not to be seen. Never raises
        what stops the connection: the next call meets it."""


class PiecemealProvider(Provider, Protocol):
    """What a provider with capability VAT_CODES_ONE_BY_ONE answers besides."""

    def vat_codes(self, known: Mapping[str, VatCodeRecord]) -> Iterator[VatCodeRecord]:
        """The list of VAT codes. What is `known` by its external id and bears the same name is not asked for again."""


class ImportProvider(Provider, Protocol):
    """What a provider with capability IMPORT_BESIDES answers besides."""

    def besides(self, cursor: str) -> Iterator[Page[PartyRecord | ContactRecord]]:
        """What an import takes and `parties` leaves out, all of it: contact persons, relations of no role. `cursor` is that
        of a page read before: reading goes on behind it.
        """


class DaysProvider(Provider, Protocol):
    """What a provider with capability FIND_BY_DAYS answers besides."""

    def expect_days(self, days: Collection[date]) -> None:
        """Documents of these days are looked up next: what one reading can show of several is read at once. No call."""

    def has_read(self, day: date) -> bool:
        """Whether what a look-up of that day needs first was read already: it costs no call then, as a rule."""
