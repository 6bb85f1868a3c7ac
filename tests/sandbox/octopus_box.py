"""A sandbox of Octopus with our provider connected to it over real HTTP, for the tests beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

from integrations.base.http import CallRecord, OpenGate
from integrations.base.records import (
    AccountRef,
    Document,
    DocumentKind,
    DocumentNumber,
    DocumentQuery,
    ExternalRef,
    Line,
    Outcome,
    PartyData,
    PartyRole,
    Posted,
)
from integrations.base.signin import App, MemorySession, Opening
from integrations.octopus.auth import OctopusSignIn
from integrations.octopus.provider import OctopusProvider
from integrations.octopus.unsure import DEFAULT_READINGS, Readings
from integrations.sandbox.octopus.auth import SOFTWARE_HOUSE
from integrations.sandbox.server import Sandbox

MONTHS, QUARTERS, BARE = "99000101", "99000102", "99000199"
APP = App(client_id=SOFTWARE_HOUSE)


class KeptGate(OpenGate):
    """Lets every call through and keeps its record."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []

    def after(self, record: CallRecord, headers: Any) -> None:
        self.records.append(record)


class MemoryTokens:
    """The smallest token source: a refused token is replaced by a new sign-in."""

    def __init__(self, box: OctopusBox) -> None:
        self._box = box
        self.token = ""
        self.rejected: list[str] = []

    def current(self) -> str:
        self.token = self.token or self._box.control("token", user=self._box.user)["token"]
        return self.token

    def reject(self, token: str) -> None:
        self.rejected.append(token)
        self.token = ""


class OctopusBox:
    """Use as a context manager; `provider` is signed in as `user` in `dossier`."""

    def __init__(
        self,
        *,
        dossier: str = QUARTERS,
        user: str = "demo@U1",
        readings: Readings = DEFAULT_READINGS,
        sandbox: Sandbox | None = None,
        **switches: Any,
    ) -> None:
        self.sandbox = sandbox or Sandbox(port=0, books=["octopus"])
        self._owns = sandbox is None
        self.user = user
        self._switches = {"limits": False, **switches}
        self.dossier = dossier
        self.gate = KeptGate()
        self.tokens = MemoryTokens(self)
        self.session = MemorySession()
        self._readings = readings

    def __enter__(self) -> OctopusBox:
        if self._owns:
            self.sandbox.start()
        self.switch(**self._switches)
        self.provider = self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._owns:
            self.sandbox.stop()

    @property
    def url(self) -> str:
        return f"{self.sandbox.base_url}/octopus"

    def open(
        self, *, readings: Readings | None = None, dossier: str | None = None, seconds: float = 5, **changes: Any
    ) -> OctopusProvider:
        """A new provider, as another worker would have."""
        opening = Opening(
            base_url=self.url,
            administration_id=self.dossier if dossier is None else dossier,
            tokens=self.tokens,
            gate=self.gate,
            deadline_seconds=seconds,
            session=changes.pop("session", self.session),
        )
        return OctopusProvider(opening, readings or self._readings, **changes)

    def sign_in(self, app: App = APP, seconds: float = 5) -> OctopusSignIn:
        return OctopusSignIn(self.url, app, seconds, self.gate)

    # the sandbox's own side

    def control(self, what: str, **fields: Any) -> Any:
        """POST a control verb and return its answer."""
        answer = requests.post(
            f"{self.sandbox.base_url}/_sandbox/{what}", json={"vendor": "octopus", **fields}, timeout=20
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        self.control("settings", octopus=switches)

    def fault(self, kind: str, **fields: Any) -> None:
        answer = requests.post(f"{self.sandbox.base_url}/_sandbox/faults", json={"kind": kind, **fields}, timeout=20)
        assert answer.status_code == 200, answer.text

    def advance(self, **ago: float) -> None:
        """Move the sandbox's clock."""
        self.control("clock", advance_seconds=timedelta(**ago).total_seconds())

    def books(self, dossier: str | None = None) -> dict[str, Any]:
        """The books of the dossier."""
        params = {"division": dossier or self.dossier}
        found = requests.get(f"{self.sandbox.base_url}/_sandbox/books/octopus", params=params, timeout=20).json()
        (only,) = found["divisions"]
        return only

    def entry(self, reference: str) -> dict[str, Any]:
        (found,) = [row for row in self.books()["entries"] if row["reference"] == reference]
        return found

    def relation_row(self, name: str) -> dict[str, Any]:
        (found,) = [row for row in self.books()["parties"] if row["name"] == name]
        return found

    def calls(self) -> list[tuple[str, str]]:
        """Method and operation of the calls made so far."""
        return [(record.method, record.operation) for record in self.gate.records]

    def queries(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(unquote(urlsplit(record.url).query))) for record in self.gate.records]

    def forget(self) -> None:
        self.gate.records.clear()

    # our side

    def relation(self, name: str) -> ExternalRef:
        """A relation of the demo books by its name."""
        row = self.relation_row(name)
        return ExternalRef(external_id=str(row["id"]), code=row["code"], name=name)


def account(number: str) -> AccountRef:
    return AccountRef(external_id=number, code=number)


def party(**changes: Any) -> PartyData:
    return PartyData(
        **{
            "reference": "BB0A1B2C3D4E5F",
            "name": "O'Neill & Zonen bv",
            "vat_type": "vat_liable",
            "vat_number": "BE1987654316",
            "street": "Kade 1",
            "postcode": "9000",
            "city": "Gent",
            "country": "BE",
            "language": "nl",
            "email": "boek@oneill.example",
            "roles": frozenset({PartyRole.CUSTOMER}),
            **changes,
        }
    )


def line(number: str = "700100", net: str = "100.00", vat: str = "21.00", code: str = "21") -> Line:
    return Line(description="Work", net=Decimal(net), vat=Decimal(vat), vat_code=code, ledger_account=account(number))


def document(to: ExternalRef, *lines: Line, number: int = 2, **changes: Any) -> Document:
    """An invoice of May 2026 in the quarters' dossier: bookyear 4, second quarter, journal V1."""
    journal = changes.get("journal", "V1")
    return Document(
        **{
            "key": "11111111-2222-4333-8444-555555555555",
            "reference": "2026/0142",
            "kind": DocumentKind.SALES_INVOICE,
            "journal": journal,
            "date": date(2026, 5, 11),
            "due_date": date(2026, 6, 10),
            "party": to,
            "lines": lines or (line(),),
            "description": "2026/0142 customer",
            "number": DocumentNumber(book_year="4", journal=journal, number=number),
            "period": "4/202602",
            **changes,
        }
    )


def book(provider: OctopusProvider, *documents: Document) -> list[Outcome]:
    """Book, and see what stands there, as the engine does at the end of a slice."""
    outcomes = provider.post_documents(documents)
    assert all(isinstance(one, Posted) and one.totals is None for one in outcomes), outcomes
    return provider.read_back(documents)


def query(of: Document, **changes: Any) -> DocumentQuery:
    return DocumentQuery(
        **{
            "key": of.key,
            "reference": of.reference,
            "kind": of.kind,
            "party_external_id": of.party.external_id,
            "date": of.date,
            "total": of.total,
            "currency": of.currency,
            "journal": of.journal,
            "number": of.number,
            "sent_at": datetime.now(UTC),
            **changes,
        }
    )
