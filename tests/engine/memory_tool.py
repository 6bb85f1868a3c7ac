"""A bookkeeping tool in memory, for what the engine does that Exact Online never asks of it: numbers given by the caller,
customers that travel with their documents, batches refused as a whole, lists that may be read twice a day."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations import registry, services
from integrations.base.errors import AuthorisationLost, BatchRefused, OutcomeUnknown
from integrations.base.provider import CallLimit, Capability, Limits
from integrations.base.records import (
    Absent,
    AccountKind,
    AdministrationRecord,
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
    NumberTaken,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    PartyRole,
    Posted,
    Refused,
    Settlements,
    VatCodeRecord,
    VatDirection,
)
from integrations.base.signin import CredentialField, Opening, SignInKind, Site, Tokens, Tool
from integrations.models import Connection
from invoicing.models import CompanyEntity, VatRate
from tests import factories

KEY, LABEL = "memory", "Memory Books"
BOTH = frozenset(PartyRole)


@dataclass
class MemoryBooks:
    """What stands in the books, what was called, and what goes wrong next. Set the attributes before a sync."""

    capabilities: frozenset[Capability] = frozenset({Capability.JOURNALS, Capability.CALLER_NUMBERED})
    limits: Limits = field(default_factory=Limits)
    numbered: dict[tuple[str, int], Document] = field(default_factory=dict)
    booked: dict[str, Document] = field(default_factory=dict)
    relations: dict[str, PartyRecord] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    refuse: Callable[[Document], bool] = lambda document: False
    lose_answer_of: str = ""
    # Its answers say that it booked, and not what; and what it took may be missing from its lists for a while.
    says_no_totals: bool = False
    is_behind: bool = False
    remarks: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()
    password: str = "right"

    def called(self, operation: str) -> list[Any]:
        return [what for name, what in self.calls if name == operation]

    def log_in(self, *_where: Any) -> MemoryBooks.SignIn:
        return MemoryBooks.SignIn(self)

    @dataclass
    class SignIn:
        books: MemoryBooks

        def log_in(self, credentials: Any) -> Tokens:
            self.books.calls.append(("log-in", dict(credentials)))
            if credentials["password"] != self.books.password:
                raise AuthorisationLost("wrong password", code="AUT-407")
            now = datetime.now(UTC)
            return Tokens(
                access_token="session", obtained_at=now, expires_at=now + timedelta(minutes=10), refresh_from=now
            )


class MemoryProvider:
    key = KEY

    def __init__(self, books: MemoryBooks, opening: Opening) -> None:
        self.capabilities, self.limits = books.capabilities, books.limits
        self._books, self._opening = books, opening

    def _call(self, operation: str, what: Any = None) -> None:
        self._opening.tokens.current()
        self._opening.gate.before(operation, deadline_seconds=1)
        self._books.calls.append((operation, what))

    def administrations(self) -> list[AdministrationRecord]:
        return [AdministrationRecord(external_id="1", name="Linde", country="BE")]

    def check_access(self) -> list[Any]:
        return []

    def catalogue(self, kinds: frozenset[CatalogueKind]) -> Catalogue:
        for kind in sorted(kinds):
            self._call(f"list {kind.value}")
        year = timezone.localdate().year
        months = [(date(year, m, 1), date(year + m // 12, m % 12 + 1, 1) - timedelta(days=1)) for m in range(1, 13)]
        full = Catalogue(
            journals=(
                JournalRecord(external_id="V1", code="V1", name="Sales", kind=JournalKind.SALES),
                JournalRecord(external_id="A1", code="A1", name="Purchases", kind=JournalKind.PURCHASE),
            ),
            ledger_accounts=(
                LedgerAccountRecord(external_id="700000", code="700000", name="Sales", kind=AccountKind.REVENUE),
            ),
            vat_codes=(
                VatCodeRecord(
                    external_id="21", code="21", name="21 %", percentage=Decimal(21), direction=VatDirection.SALES
                ),
            ),
            fiscal_periods=tuple(
                FiscalPeriodRecord(external_id=f"7:{n}", year=year, number=n, start=first, end=last, book_year="7")
                for n, (first, last) in enumerate(months, 1)
            ),
        )
        names = {kind: kind.value.replace("-", "_") for kind in kinds}
        return Catalogue(**{name: getattr(full, name) for name in names.values()})

    def parties(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        self._call("relations")
        yield Page(items=tuple(self._books.relations.values()), cursor="", is_last=True)

    def find_party(self, party: PartyData) -> list[ExternalRef]:
        return []

    def save_parties(self, batch: Sequence[PartyData]) -> list[Outcome]:
        self._call("save", batch)
        found: list[Outcome] = []
        for data in batch:
            external_id = data.external_id or f"R{len(self._books.relations) + 1}"
            present = self._books.relations.get(external_id)
            self._books.relations[external_id] = PartyRecord(
                external_id=external_id,
                code=(present.code if present else "") or data.reference or external_id,
                name=data.name or (present.name if present else ""),
                reference=data.reference,
                roles=BOTH,
            )
            code = self._books.relations[external_id].code
            found.append(Posted(ref=DocumentRef(external_id=external_id, number=code)))
        return found

    def references(self, since: date, cursor: str = "") -> Iterator[Page[Any]]:
        yield Page(items=(), cursor="", is_last=True)

    def last_number(self, journal: str, book_year: str) -> int:
        self._call("last number", (journal, book_year))
        return self._last(journal)

    def _last(self, journal: str) -> int:
        return max((number for place, number in self._books.numbered if place == journal), default=0)

    def post_documents(self, batch: Sequence[Document]) -> list[Outcome]:
        self._call("post", tuple(batch))
        books = self._books
        if len(batch) > 1 and any(books.refuse(one) for one in batch):
            raise BatchRefused("one of them is wrong", code="ALL-999")
        return [self._post(document) for document in batch]

    def _post(self, document: Document) -> Outcome:
        books = self._books
        if books.refuse(document):
            return Refused(code="ALL-999", text="wrong")
        if document.number is not None:
            last = self._last(document.journal)
            if document.number.number != last + 1:
                return NumberTaken(last=last)
            books.numbered[document.journal, document.number.number] = document
        books.booked[document.reference] = document
        if document.party_data is not None:
            code = document.party.code
            books.relations[code] = PartyRecord(external_id=code, code=code, name=document.party_data.name, roles=BOTH)
        if books.lose_answer_of == document.reference:
            raise OutcomeUnknown("no answer")
        return Posted(ref=_ref(document), totals=None if books.says_no_totals else _totals(document))

    def expect_days(self, days: Collection[date]) -> None:
        self._books.calls.append(("days", set(days)))

    def has_read(self, day: date) -> bool:
        return bool(self._books.called("find"))

    def find_document(self, query: DocumentQuery) -> Finding:
        self._call("find", query.reference)
        found = self._books.booked.get(query.reference)
        if self._books.is_behind:
            return CannotTell(reason="it may be on its way", is_early=True)
        if found is None:
            return Absent()
        if query.is_booked:
            assert (query.external_id, query.accounts) == (f"B-{query.reference}", ("700000",))
            return Found(ref=_ref(found), totals=_totals(found), remarks=self._books.remarks)
        if found.total != query.total:
            return CannotTell(reason="another total", candidates=(_ref(found),))
        return Found(ref=_ref(found), totals=_totals(found))

    def settlements(self, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
        self._call("settlements")
        return Settlements(rows=(), cursor="x", unexplained=self._books.unexplained)


def _ref(document: Document) -> DocumentRef:
    number = str(document.number.number) if document.number is not None else ""
    return DocumentRef(external_id=f"B-{document.reference}", number=number, journal=document.journal)


def _totals(document: Document) -> BookedTotals:
    return BookedTotals(net=document.net, vat=document.vat, total=document.total, per_vat_code=document.vat_totals)


def install(monkeypatch: Any, books: MemoryBooks) -> Tool:
    """Put the tool into the registry for one test."""
    tool = Tool(
        key=KEY,
        label=LABEL,
        sign_in=SignInKind.PASSWORD,
        sites=(Site(code="be", label="Belgium", base_url="http://127.0.0.1:9"),),
        capabilities=books.capabilities,
        limits=books.limits,
        open=lambda opening: MemoryProvider(books, opening),
        log_in=books.log_in,
        needs_registration=False,
        credential_fields=(
            CredentialField(name="user", label="User name"),
            CredentialField(name="password", label="Password", is_secret=True),
        ),
        list_operations={"vat-codes": "list vat-codes"},
    )
    monkeypatch.setitem(registry.TOOLS, KEY, tool)
    return tool


def connect(books: MemoryBooks, entity: CompanyEntity | None = None) -> Connection:
    """An entity connected to it, every setting made."""
    user = factories.UserFactory()
    entity = entity or factories.EntityFactory()
    factories.vat_rate("21")
    connection = services.start_connection(entity=entity, tool=KEY, site="be", user=user)
    credentials = {"user": "an", "password": books.password}
    connection = services.log_in(connection=connection, credentials=credentials, user=user)
    connection = services.choose_administration(connection=connection, external_id="1", user=user)
    services.load_lists(connection=connection)
    journals = dict.fromkeys(("invoice", "credit_note"), "V1") | dict.fromkeys(
        ("purchase_invoice", "purchase_credit_note"), "A1"
    )
    services.save_settings(
        connection=connection,
        user=user,
        start_date=date(timezone.localdate().year, 1, 1),
        journals=journals if Capability.JOURNALS in books.capabilities else None,
        default_ledger_account="700000",
        # Counted apart from bookings, and tried apart: test_attaching.py.
        attach_files=False,
    )
    rate = VatRate.objects.get(country="BE", entity=None, code="21")
    services.link_vat(connection=connection, direction="sales", links={rate.pk: "21"}, user=user)
    return services.finish_setup(connection=connection, user=user)


def twice_a_day(*operations: str, calls: int = 2, reserve: int = 0) -> Limits:
    """Limits of so many calls a day of each operation."""
    return Limits(
        calls=tuple(
            CallLimit(name=name, calls=calls, seconds=86_400, operations=frozenset({name}), reserve=reserve)
            for name in operations
        )
    )


def other_total(document: Document) -> Document:
    """The document with another amount, as somebody else would have booked it."""
    first, *rest = document.lines
    return replace(document, lines=(replace(first, net=first.net + 1), *rest))
