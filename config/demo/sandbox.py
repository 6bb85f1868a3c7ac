"""What the demo does in the sandbox: the person at the consent page, a look into the books, payments."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from .check import ZERO, BookEntry

TIMEOUT = 20
EXACT_CREDIT_NOTES = (21, 31)  # types of entries in Exact Online; elsewhere the sign alone says it
PURCHASE_FOLDER = 1
# The sandbox's own person, known to everybody who reads its source; nothing of this opens anything else.
USERNAME, PASSWORD = "demo", "demo"
CREDENTIALS = {
    "octopus": {"user": "demo@U1", "password": PASSWORD},
    "yuki": {"access_key": "7b3d0e61-5a52-4c0e-9d2f-0b1e5c6a11be"},
}


@dataclass(frozen=True, slots=True)
class SandboxBooks:
    """One administration's books as the sandbox shows them."""

    entries: tuple[BookEntry, ...]
    relations: int
    purchases: tuple[BookEntry, ...] = ()
    files: tuple[str, ...] = ()  # in the purchase folder of an archive


class SandboxDoor:
    """The sandbox seen from outside, by HTTP like everybody else."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        # The sandbox is on this machine; a proxy of the environment is for other hosts.
        self._session.trust_env = False

    def consent(self, url: str) -> tuple[str, str]:
        """Sign in at the consent page and allow, as a person's browser does; return (state, code)."""
        page = self._session.get(url, timeout=TIMEOUT)
        if not page.ok:
            raise RuntimeError(f"The consent page did not let us in: {page.status_code}.")
        fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        answer = self._session.post(
            url.partition("?")[0],
            data={**fields, "username": USERNAME, "password": PASSWORD, "decision": "allow"},
            allow_redirects=False,
            timeout=TIMEOUT,
        )
        if answer.status_code not in (302, 303):
            raise RuntimeError(f"The consent page did not send us back: {answer.status_code}.")
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return query["state"][0], query["code"][0]

    def control(self, method: str, what: str, payload: dict[str, Any] | None = None) -> Any:
        """Call `/_sandbox/<what>` and return its JSON; RuntimeError with the sandbox's words when it refuses."""
        answer = self._session.request(method, f"{self.base_url}/_sandbox/{what}", json=payload, timeout=TIMEOUT)
        if not answer.ok:
            raise RuntimeError(f"The sandbox refused {what}: {answer.text[:300]}")
        return answer.json()

    def pay(self, tool: str, administration: str, reference: str, amount: Decimal, paid_on: str) -> None:
        """Record a payment of a customer on the booking with our reference."""
        payment = {"reference": reference, "amount": str(amount), "date": paid_on}
        self.control("POST", "pay", {**payment, "vendor": tool, "division": administration, "kind": "sales"})

    def books(self, tool: str, administration: str) -> SandboxBooks:
        """Return the entries, the number of relations and the archive of an administration of a tool."""
        parts = "entries,parties,documents"
        found = self.control("GET", f"books/{tool}?division={administration}&parts={parts}")["divisions"][0]
        sales, bought = (
            tuple(_entry(tool, row) for row in found["entries"] if row["kind"] == kind)
            for kind in ("sales", "purchase")
        )
        folder = [row for row in found["documents"] if row.get("folder") == PURCHASE_FOLDER]
        return SandboxBooks(sales, len(found["parties"]), bought, tuple(row["files"][0]["name"] for row in folder))


def _entry(tool: str, row: dict[str, Any]) -> BookEntry:
    """Return an entry; the sandbox shows credit notes below zero, here the kind carries the direction."""
    total = Decimal(row["total"])
    credit_note = row["type"] in EXACT_CREDIT_NOTES if tool == "exact" else total < 0
    sign = -1 if credit_note else 1
    per_code: dict[str, tuple[Decimal, Decimal]] = {}
    for line in row["lines"]:
        code = line["vat_code"] or ""
        base, vat = per_code.get(code, (ZERO, ZERO))
        per_code[code] = (base + Decimal(line["net"]) * sign, vat + Decimal(line["vat"]) * sign)
    return BookEntry(
        external_id=str(row["entry_id"]),
        reference=row["reference"] or "",
        credit_note=credit_note,
        date=row["date"],
        currency=row["currency"],
        journal=row["journal"],
        number=str(row["number"]),
        total=total * sign,
        per_code=per_code,
        open_amount=Decimal(row["open"]) * sign,
    )
