"""A sandbox of Exact Online with our provider connected to it over real HTTP, for the tests beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

from integrations.base.http import CallRecord, OpenGate
from integrations.base.records import (
    AccountRef,
    CatalogueKind,
    Document,
    DocumentKind,
    DocumentQuery,
    ExternalRef,
    Line,
    PartyData,
    PartyRole,
)
from integrations.base.signin import App, Opening
from integrations.exact.auth import ExactSignIn
from integrations.exact.provider import ExactProvider
from integrations.exact.unsure import DEFAULT_READINGS, Readings
from integrations.sandbox.server import Sandbox

DIVISION = "3120451"
DEMO_APP = App(client_id="demo-client", client_secret="demo-secret")
REDIRECT = "http://127.0.0.1:8000/callback/"


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

    def __init__(self, box: ExactBox) -> None:
        self._box = box
        self.token = ""
        self.rejected: list[str] = []

    def current(self) -> str:
        self.token = self.token or self._box.control("token", user=self._box.user)["access_token"]
        return self.token

    def reject(self, token: str) -> None:
        self.rejected.append(token)
        self.token = ""


class ExactBox:
    """Use as a context manager; `provider` is signed in as `user` at `division`."""

    def __init__(
        self, *, division: str = DIVISION, user: str = "demo", readings: Readings = DEFAULT_READINGS, **switches: Any
    ) -> None:
        self.sandbox = Sandbox(port=0, books=["exact-be", "exact-nl"])
        self.user = user
        self._switches = {"limits": False, **switches}
        self.division = division
        self.gate = KeptGate()
        self.tokens = MemoryTokens(self)
        self._readings = readings

    def __enter__(self) -> ExactBox:
        self.sandbox.start()
        self.switch(**self._switches)
        self.provider = self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sandbox.stop()

    @property
    def url(self) -> str:
        return f"{self.sandbox.base_url}/exact"

    def open(
        self, *, readings: Readings | None = None, division: str | None = None, seconds: float = 5
    ) -> ExactProvider:
        """A new provider, as another worker would have."""
        opening = Opening(
            base_url=self.url,
            administration_id=self.division if division is None else division,
            tokens=self.tokens,
            gate=self.gate,
            deadline_seconds=seconds,
        )
        return ExactProvider(opening, readings or self._readings)

    def sign_in(self, app: App = DEMO_APP, seconds: float = 5) -> ExactSignIn:
        return ExactSignIn(self.url, app, seconds, self.gate)

    # the sandbox's own side

    def control(self, what: str, **fields: Any) -> Any:
        """POST a control verb and return its answer."""
        answer = requests.post(f"{self.sandbox.base_url}/_sandbox/{what}", json=fields, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        self.control("settings", exact=switches)

    def fault(self, kind: str, **fields: Any) -> None:
        self.control("faults", kind=kind, **fields)

    def books(self, division: str | None = None) -> dict[str, Any]:
        """The books of the division."""
        params = {"division": division or self.division}
        found = requests.get(f"{self.sandbox.base_url}/_sandbox/books/exact", params=params, timeout=20).json()
        (only,) = found["divisions"]
        return only

    def calls(self) -> list[tuple[str, str, dict[str, str]]]:
        """Method, resource and query of the calls made so far."""
        found = []
        for record in self.gate.records:
            parts = urlsplit(record.url)
            found.append((record.method, record.operation, dict(parse_qsl(unquote(parts.query)))))
        return found

    def forget(self) -> None:
        self.gate.records.clear()
        self.gate.headers.clear()

    # our side, from the tool's lists

    def account(self, code: str) -> AccountRef:
        """A ledger account by its code, in the words of a document line."""
        (found,) = [
            row
            for row in self.provider.catalogue(frozenset({CatalogueKind.LEDGER_ACCOUNTS})).ledger_accounts or ()
            if row.code == code
        ]
        return AccountRef(external_id=found.external_id, code=code)

    def relation(self, name: str) -> ExternalRef:
        """A relation of the demo books by its name."""
        for page in self.provider.parties(""):
            for record in page.items:
                if record.name == name:
                    return ExternalRef(external_id=record.external_id, code=record.code, name=name, roles=record.roles)
        raise LookupError(name)


def party(**changes: Any) -> PartyData:
    return PartyData(
        **{
            "reference": "BB-000101",
            "name": "O'Neill & Zonen bv",
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


def line(account: AccountRef, net: str = "100.00", vat: str = "21.00", code: str = "4") -> Line:
    return Line(description="Work", net=Decimal(net), vat=Decimal(vat), vat_code=code, ledger_account=account)


def document(to: ExternalRef, lines: tuple[Line, ...], **changes: Any) -> Document:
    return Document(
        **{
            "key": "11111111-2222-4333-8444-555555555555",
            "reference": "2026/0142",
            "kind": DocumentKind.SALES_INVOICE,
            "journal": "70",
            "date": date(2026, 3, 17),
            "due_date": date(2026, 4, 16),
            "party": to,
            "lines": lines,
            "description": "2026/0142 customer",
            "payment_term_code": "30",
            **changes,
        }
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
