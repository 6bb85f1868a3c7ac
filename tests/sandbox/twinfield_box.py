"""A sandbox of Twinfield with our provider connected to it over real HTTP, for the tests beside it."""

from __future__ import annotations

import atexit
import functools
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from integrations.base.http import CallRecord, OpenGate
from integrations.base.records import (
    AccountRef,
    Document,
    DocumentKind,
    DocumentQuery,
    ExternalRef,
    Line,
    PartyData,
    PartyRole,
)
from integrations.base.signin import App, MemorySession, Opening
from integrations.sandbox.server import Sandbox
from integrations.twinfield.auth import TwinfieldSignIn
from integrations.twinfield.provider import TwinfieldProvider
from integrations.twinfield.unsure import DEFAULT_READINGS, Readings
from tests.reference import beside

OFFICE = "NLA990310"
DEMO_APP = App(client_id="demo-client", client_secret="demo-secret")
REDIRECT = "http://127.0.0.1:8000/callback/"


def shared(*path: str) -> Path:
    """A file of the vendor's data folder, which lies beside a checkout and is not part of it."""
    return beside("vendors", "twinfield", *path)


class KeptGate(OpenGate):
    """Lets every call through and keeps its record and headers."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.headers: list[dict[str, str]] = []

    def after(self, record: CallRecord, headers: Any) -> None:
        self.records.append(record)
        self.headers.append(dict(headers))


class MemoryTokens:
    """The smallest token source: a refused token is replaced by a new sign-in."""

    def __init__(self, box: TwinfieldBox) -> None:
        self._box = box
        self.token = ""
        self.rejected: list[str] = []
        self.is_lost = False

    def current(self) -> str:
        if not self.token or (self.token in self.rejected and not self.is_lost):
            self.token = self._box.control("token", user=self._box.user)["access_token"]
        return self.token

    def reject(self, token: str) -> None:
        self.rejected.append(token)


@functools.cache
def _running() -> Sandbox:
    """One sandbox for all tests of a process; each begins with fresh books."""
    sandbox = Sandbox(port=0, books=["twinfield"]).start()
    atexit.register(sandbox.stop)
    return sandbox


class TwinfieldBox:
    """Use as a context manager; `provider` is signed in as `user` at `office`."""

    def __init__(
        self, *, office: str = OFFICE, user: str = "demo", readings: Readings = DEFAULT_READINGS, **switches: Any
    ) -> None:
        self.sandbox = _running()
        self.user = user
        self._switches = {"limits": False, **switches}
        self.office = office
        self.gate = KeptGate()
        self.tokens = MemoryTokens(self)
        self.session = MemorySession()
        self._readings = readings
        self._http = requests.Session()

    def __enter__(self) -> TwinfieldBox:
        self.sandbox.reset(["twinfield"])
        self.switch(**self._switches)
        self.provider = self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    @property
    def url(self) -> str:
        return f"{self.sandbox.base_url}/twinfield"

    def open(
        self, *, readings: Readings | None = None, office: str | None = None, seconds: float = 5, country: str = "NL"
    ) -> TwinfieldProvider:
        """A new provider, as another worker would have."""
        opening = Opening(
            base_url=self.url,
            administration_id=self.office if office is None else office,
            tokens=self.tokens,
            gate=self.gate,
            deadline_seconds=seconds,
            country=country,
            session=self.session,
        )
        return TwinfieldProvider(opening, readings or self._readings)

    def sign_in(self, app: App = DEMO_APP, seconds: float = 5) -> TwinfieldSignIn:
        return TwinfieldSignIn(self.url, app, seconds, self.gate)

    # the sandbox's own side

    def control(self, what: str, **fields: Any) -> Any:
        """POST a control verb and return its answer."""
        address = f"{self.sandbox.base_url}/_sandbox/{what}"
        answer = self._http.post(address, json={"vendor": "twinfield", **fields}, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        self.control("settings", **switches)

    def fault(self, kind: str, **fields: Any) -> None:
        address = f"{self.sandbox.base_url}/_sandbox/faults"
        answer = self._http.post(address, json={"kind": kind, "vendor": "twinfield", **fields}, timeout=20)
        assert answer.status_code == 200, answer.text

    def books(self, office: str | None = None) -> dict[str, Any]:
        """The books of the office."""
        address = f"{self.sandbox.base_url}/_sandbox/books/twinfield"
        found = self._http.get(address, params={"division": office or self.office}, timeout=20).json()
        (only,) = found["divisions"]
        return only

    def entry(self, reference: str) -> dict[str, Any]:
        (only,) = [row for row in self.books()["entries"] if row["reference"] == reference]
        return only

    def dimension(self, code: str, *, customer: bool = True) -> dict[str, Any]:
        (only,) = [row for row in self.books()["parties"] if row["code"] == code and row["is_customer"] is customer]
        return only

    def calls(self) -> list[str]:
        """Operations of the calls made so far."""
        return [record.operation for record in self.gate.records]

    def forget(self) -> None:
        self.gate.records.clear()
        self.gate.headers.clear()


def customer(code: str = "1000") -> ExternalRef:
    return ExternalRef(external_id=f"DEB:{code}", code=code)


def supplier(code: str = "2001") -> ExternalRef:
    return ExternalRef(external_id=f"CRD:{code}", code=code)


def party(**changes: Any) -> PartyData:
    return PartyData(
        **{
            "reference": "BB-000101",
            "name": "O'Neill & Zonen <bv>",
            "vat_number": "NL899002771B01",
            "enterprise_number": "00999999",
            "street": "Kade 1",
            "postcode": "9711 AA",
            "city": "Groningen",
            "country": "NL",
            "language": "nl",
            "email": "boek@oneill.example",
            "phone": "+31 50 000 00 00",
            "website": "https://oneill.example",
            "iban": "NL06DEMO0004224597",
            "roles": frozenset({PartyRole.CUSTOMER}),
            **changes,
        }
    )


def line(net: str = "100.00", vat: str = "21.00", code: str = "VH", account: str = "8000", **changes: Any) -> Line:
    return Line(
        **{
            "description": "Work",
            "net": Decimal(net),
            "vat": Decimal(vat),
            "vat_code": code,
            "ledger_account": AccountRef(external_id=account, code=account),
            **changes,
        }
    )


def document(*lines: Line, **changes: Any) -> Document:
    return Document(
        **{
            "key": "11111111-2222-4333-8444-555555555555",
            "reference": "2026/0142",
            "kind": DocumentKind.SALES_INVOICE,
            "journal": "VRK",
            "date": date(2026, 3, 17),
            "due_date": date(2026, 4, 16),
            "party": customer(),
            "lines": lines or (line(),),
            "description": "2026/0142 customer",
            "period": "2026/03",
            **changes,
        }
    )


def purchase(*lines: Line, **changes: Any) -> Document:
    return document(
        *(lines or (line(code="IH", account="4540"),)),
        **{
            "kind": DocumentKind.PURCHASE_INVOICE,
            "journal": "INK",
            "party": supplier(),
            "reference": "F-4711",
            **changes,
        },
    )


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
            **changes,
        }
    )
