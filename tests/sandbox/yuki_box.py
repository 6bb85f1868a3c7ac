"""A sandbox of Yuki with our provider connected to it over real HTTP, for the tests beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from integrations.base.http import CallRecord, OpenGate
from integrations.base.records import (
    AccountRef,
    Document,
    DocumentKind,
    DocumentQuery,
    ExternalRef,
    Finding,
    Found,
    Line,
    PartyData,
    PartyRole,
    Posted,
)
from integrations.base.signin import App, Opening
from integrations.sandbox.server import Sandbox
from integrations.yuki.auth import YukiSignIn
from integrations.yuki.provider import YukiProvider
from integrations.yuki.unsure import DEFAULT_READINGS, Readings

KEY_BE = "7b3d0e61-5a52-4c0e-9d2f-0b1e5c6a11be"
KEY_NL = "2f9c4a70-8e17-4b7b-a6d3-91d40c7e22a1"
MAIN = "6e24b17f-be9e-52ea-951e-1b7ff46978ac"  # Brugpijlertje Digitaal bv
SECOND = "01e0ee34-5608-5abb-86f8-ebfac0ec2600"  # of the same domain
DUTCH = "52d699f6-07fc-5a24-a9cd-5bad171587a6"
CLOSED = "375145f6-ffc1-5add-8f12-ba9fa0847928"
NO_APP = App(client_id="")


class KeptGate(OpenGate):
    """Lets every call through and keeps its record; stands in for limits where a test orders it."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []
        self.refuse: dict[str, Exception] = {}

    def before(self, operation: str, *, deadline_seconds: float) -> None:
        if operation in self.refuse:
            raise self.refuse.pop(operation)

    def after(self, record: CallRecord, headers: Any) -> None:
        self.records.append(record)


class MemoryTokens:
    """The smallest token source: a refused session is replaced by a new one."""

    def __init__(self, box: YukiBox) -> None:
        self._box = box
        self.token = ""
        self.rejected: list[str] = []

    def current(self) -> str:
        self.token = self.token or self._box.sign_in().log_in({"access_key": self._box.key}).access_token
        return self.token

    def reject(self, token: str) -> None:
        self.rejected.append(token)
        self.token = ""


class YukiBox:
    """Use as a context manager; `provider` is signed in at `division`. `later` moves both clocks."""

    def __init__(
        self,
        *,
        division: str = MAIN,
        key: str = KEY_BE,
        path: str = "/yuki",
        readings: Readings = DEFAULT_READINGS,
        **switches: Any,
    ) -> None:
        self.sandbox = Sandbox(port=0, books=["yuki-be", "yuki-nl"])
        self.key = key
        self.path = path
        self.division = division
        self._switches = switches
        self._readings = readings
        self._offset = timedelta(0)
        self.gate = KeptGate()
        self.tokens = MemoryTokens(self)

    def __enter__(self) -> YukiBox:
        self.sandbox.start()
        if self._switches:
            self.switch(**self._switches)
        self.provider = self.open()
        return self

    def __exit__(self, *exc: object) -> None:
        self.sandbox.stop()

    @property
    def url(self) -> str:
        return f"{self.sandbox.base_url}{self.path}"

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def later(self, **span: float) -> None:
        """Let time pass for both sides."""
        self._offset += timedelta(**span)
        self.control("clock", advance_seconds=timedelta(**span).total_seconds())

    def open(
        self, *, readings: Readings | None = None, division: str | None = None, seconds: float = 5
    ) -> YukiProvider:
        """A new provider, as another worker would have."""
        opening = Opening(
            base_url=self.url,
            administration_id=self.division if division is None else division,
            tokens=self.tokens,
            gate=self.gate,
            deadline_seconds=seconds,
        )
        return YukiProvider(opening, readings or self._readings, self.now)

    def sign_in(self, path: str | None = None, seconds: float = 5) -> YukiSignIn:
        url = self.url if path is None else f"{self.sandbox.base_url}{path}"
        return YukiSignIn(url, NO_APP, seconds, self.gate, self.now)

    # the sandbox's own side

    def control(self, what: str, **fields: Any) -> Any:
        """POST a control verb and return its answer."""
        body = fields if what in ("clock", "faults", "settings", "reset") else {"vendor": "yuki", **fields}
        answer = requests.post(f"{self.sandbox.base_url}/_sandbox/{what}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        self.control("settings", yuki=switches)

    def fault(self, kind: str, operation: str = "", **fields: Any) -> None:
        """Order a fault for the next call, of one operation when it is named."""
        named = {"body_contains": f":{operation}>" if operation else ""}
        self.control("faults", kind=kind, vendor="yuki", **named, **fields)

    def books(self, division: str | None = None) -> dict[str, Any]:
        """The books of the administration."""
        params = {"division": division or self.division}
        found = requests.get(f"{self.sandbox.base_url}/_sandbox/books/yuki", params=params, timeout=20).json()
        (only,) = found["divisions"]
        return only

    def entries(self, reference: str) -> list[dict[str, Any]]:
        return [row for row in self.books()["entries"] if row["reference"] == reference and row["kind"] == "sales"]

    def entry(self, reference: str) -> dict[str, Any]:
        (found,) = self.entries(reference)
        return found

    def operations(self) -> list[str]:
        """The operations called so far, Authenticate aside."""
        return [record.operation for record in self.gate.records if record.operation != "Authenticate"]

    def forget(self) -> None:
        self.gate.records.clear()

    def sent(self, operation: str) -> list[str]:
        """The bodies of the calls of an operation, from the sandbox's log."""
        log = requests.get(f"{self.sandbox.base_url}/_sandbox/requests", timeout=20).json()["requests"]
        return [row["body"] for row in log if re.search(rf":{operation}>", row["body"])]

    # our side

    def post(self, *documents: Document) -> list[Any]:
        return self.provider.post_documents(documents)

    def posted(self, *documents: Document) -> list[Posted]:
        """All were taken, and what was booked is read back, as the engine does; no totals where it is not seen yet."""
        outcomes = self.post(*documents)
        assert all(isinstance(outcome, Posted) for outcome in outcomes), outcomes
        found = [self.read_back(one) if one.kind.is_sales else None for one in documents]
        return [
            replace(outcome, totals=seen.totals, remarks=seen.remarks) if isinstance(seen, Found) else outcome
            for outcome, seen in zip(outcomes, found, strict=True)
        ]

    def read_back(self, made: Document, provider: YukiProvider | None = None) -> Finding:
        """What stands there of a document that was just taken."""
        return (provider or self.provider).find_document(taken(made, sent_at=self.now()))

    def relation(self, name: str) -> ExternalRef:
        """A contact of the demo books by its name."""
        for page in self.provider.parties(""):
            for record in page.items:
                if record.name == name:
                    return ExternalRef(external_id=record.external_id, code=record.code, name=name, roles=record.roles)
        raise LookupError(name)


def account(code: str = "700000") -> AccountRef:
    return AccountRef(external_id=code, code=code)


def party(**changes: Any) -> PartyData:
    return PartyData(
        **{
            "reference": "BB-000101",
            "name": "O'Neill & Zonen bv",
            "vat_number": "BE1900000025",
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


def line(
    net: str = "100.00", vat: str = "21.00", code: str = "1:21.00", ledger: str = "700000", **changes: Any
) -> Line:
    return Line(
        **{
            "description": "Work",
            "net": Decimal(net),
            "vat": Decimal(vat),
            "vat_code": code,
            "ledger_account": account(ledger),
            "taxed": Decimal(vat) != 0,
            **changes,
        }
    )


def document(*lines: Line, number: int = 142, **changes: Any) -> Document:
    """An invoice to a customer of ours who goes along; the engine names such a customer by our mark."""
    data = changes.get("party_data", party())
    mark = data.reference if data is not None else ""
    return Document(
        **{
            "key": f"11111111-2222-4333-8444-{number:012d}",
            "reference": f"2026/{number:04d}",
            "kind": DocumentKind.SALES_INVOICE,
            "journal": "",
            "date": date(2026, 3, 17),
            "due_date": date(2026, 4, 16),
            "party": ExternalRef(external_id=mark, code=mark),
            "party_data": data,
            "lines": lines or (line(),),
            "description": f"2026/{number:04d} customer",
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
            **changes,
        }
    )


def taken(of: Document, **changes: Any) -> DocumentQuery:
    """The look-up of a document that Yuki said it booked."""
    codes = tuple(sorted({line.ledger_account.code for line in of.lines if line.net}))
    code = of.party.code or (of.party_data.reference if of.party_data is not None else "")
    return query(
        of, **{"external_id": of.reference, "is_booked": True, "party_code": code, "accounts": codes, **changes}
    )
