"""Proves a tool's mapping on generated documents: our provider sends them over HTTP to the sandbox, and its books say
what they are.

The sandbox shares no code with the mapping and refuses what its schema, its lists and its sums do not allow. Compared
are the total and base and VAT per VAT code, to the cent and with their sign, and on the way the lengths and characters
of every text.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from integrations.base.http import HttpClient
from integrations.base.provider import Capability
from integrations.base.records import (
    AccountKind,
    AccountRef,
    CatalogueKind,
    Document,
    DocumentKind,
    ExternalRef,
    PartyRole,
    Posted,
    VatDirection,
)
from tests.contract.profiles import PROFILES, Profile
from tests.contract.world import Amounts, ToolBox, booked
from tests.sandbox.exact_box import ExactBox
from tests.sandbox.octopus_box import OctopusBox
from tests.sandbox.twinfield_box import TwinfieldBox
from tests.sandbox.yuki_box import YukiBox

from .generated import Facts, Rate, Side, documents

ZERO = Decimal("0.00")
CHUNK = 500  # documents in one set of books; fewer cost more fresh books, more make the longest lists longer
CALL = 25
_PARTIES = 12

_BOXES: dict[str, Callable[[], Any]] = {
    "exact": ExactBox,
    "octopus": OctopusBox,
    "twinfield": TwinfieldBox,
    "yuki": lambda: YukiBox(limits=False),
}
# The longest text at a place of what is sent, by the vendors' sheets; the sandbox checks more by itself.
_LENGTHS = {
    "exact": {"Description": 60, "YourRef": 30},
    "octopus": {"comment": 60, "reference": 50},
    "twinfield": {"description": 40, "invoicenumber": 40, "paymentreference": 40},
    "yuki": {"Subject": 250, "Description": 500, "Remarks": 500, "Reference": 40, "ContactCode": 40},
}
# Signs that are no text: neither XML nor a bookkeeper knows what to do with them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(slots=True)
class Proof:
    """What came of it; `failures` holds a sentence for each document that is not there as it should be."""

    documents: int = 0
    seconds: float = 0.0
    bytes_sent: int = 0
    failures: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


def profile_of(tool: str) -> Profile:
    return next(profile for profile in PROFILES if profile.key == tool)


def prove(tool: str, count: int, seed: str) -> Proof:
    """Send `count` documents of `seed` to fresh books, some hundreds at a time."""
    proof, started = Proof(), time.perf_counter()
    for first in range(0, count, CHUNK):
        with _BOXES[tool]() as box, _sent_texts() as bodies:
            facts = facts_of(box.provider, profile_of(tool))
            bodies.clear()
            made = list(documents(facts, min(CHUNK, count - first), f"{seed}/{first}"))
            _send(box.provider, made, proof)
            there = ToolBox(box.sandbox.base_url, profile_of(tool))._books("entries")
            proof.failures += compare(made, there)
            for body in bodies:
                proof.bytes_sent += len(body)
                proof.failures += faults_of(body, _LENGTHS[tool])
    proof.seconds = time.perf_counter() - started
    return proof


def _send(provider: Any, made: Sequence[Document], proof: Proof) -> None:
    for start in range(0, len(made), CALL):
        batch = made[start : start + CALL]
        for document, outcome in zip(batch, provider.post_documents(batch), strict=True):
            proof.documents += 1
            proof.kinds[document.kind.value] += 1
            if not isinstance(outcome, Posted):
                proof.failures.append(f"{document.reference}: {outcome}")
            elif outcome.remarks:
                proof.failures.append(f"{document.reference}: stored differently: {', '.join(outcome.remarks)}")
            elif outcome.totals is not None and outcome.totals.total not in (None, document.total):
                proof.failures.append(f"{document.reference}: {outcome.totals.total} for {document.total}")


def compare(made: Sequence[Document], there: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence for each document that does not stand in the books once, with its figures."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in there:
        found.setdefault(entry["reference"], []).append(entry)
    failures = []
    for document in made:
        entries = found.get(document.reference, [])
        if len(entries) != 1:
            failures.append(f"{document.reference}: stands there {len(entries)} times")
            continue
        total, amounts = booked(entries[0])
        ours = effect(document)
        if (total, _without_zero(amounts)) != (ours[0], _without_zero(ours[1])):
            failures.append(f"{document.reference}: {total} {amounts} for {ours}")
        if entries[0]["date"] != document.date.isoformat():
            failures.append(f"{document.reference}: dated {entries[0]['date']}")
    return failures


def effect(document: Document) -> tuple[Decimal, Amounts]:
    """What a document does to the books: its signed total, base and VAT per code."""
    sign = -1 if document.kind.is_credit_note else 1
    return sign * document.total, {
        row.vat_code: (sign * row.base + ZERO, sign * row.vat + ZERO) for row in document.vat_totals
    }


def _without_zero(amounts: Amounts) -> Amounts:
    return {code: pair for code, pair in amounts.items() if any(pair)}


# --- what travels -----------------------------------------------------------------------------------------------------


@contextmanager
def _sent_texts() -> Iterator[list[bytes]]:
    """The bodies of all calls that have one."""
    bodies: list[bytes] = []
    exchange = HttpClient._exchange

    def kept(self: Any, method: str, url: str, headers: Any, body: bytes | None, started: float) -> Any:
        if body:
            bodies.append(body)
        return exchange(self, method, url, headers, body, started)

    HttpClient._exchange = kept  # type: ignore[method-assign]
    try:
        yield bodies
    finally:
        HttpClient._exchange = exchange  # type: ignore[method-assign]


def faults_of(body: bytes, lengths: dict[str, int]) -> list[str]:
    """A sentence for each text that is too long or holds what no text holds; anything that cannot be read is one too."""
    try:
        leaves = list(_leaves(body))
    except ValueError as exc:
        return [f"cannot be read: {exc}"]
    return [
        f"{name}: {text[:80]!r}"
        for name, text in leaves
        if len(text) > lengths.get(name, 10**6) or _CONTROL.search(text)
    ]


def _leaves(body: bytes) -> Iterator[tuple[str, str]]:
    """Every text by the name it goes under. ValueError: neither JSON nor XML."""
    text = body.decode("utf-8")
    if not text.startswith("<"):
        yield from _in_json("", json.loads(text))
        return
    try:
        root = etree.fromstring(body)
        for node in root.iter():
            inner = node.text or ""
            if len(node) == 0 and inner.startswith("<"):
                for below in etree.fromstring(inner).iter():
                    yield etree.QName(below).localname, below.text or ""
            elif len(node) == 0:
                yield etree.QName(node).localname, inner
    except etree.XMLSyntaxError as exc:
        raise ValueError(str(exc)) from exc


def _in_json(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _in_json(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_json(name, inner)
    elif isinstance(value, str):
        yield name, value


# --- what a tool lets documents name ----------------------------------------------------------------------------------


def facts_of(provider: Any, profile: Profile) -> Facts:
    """The facts of the tool's demo books, from its own lists."""
    capabilities = provider.capabilities
    lists = provider.catalogue(frozenset(CatalogueKind))
    journals = {DocumentKind(name.replace("_", "-")): code for name, code in _named(profile).items()}
    by_code = {row.code: AccountRef(external_id=row.external_id, code=row.code) for row in lists.ledger_accounts}
    costs = [
        by_code[row.code]
        for row in lists.ledger_accounts
        if row.kind is AccountKind.COST and row.bookable and row.active and not row.needs_cost_centre
    ]
    parties = {role: list[ExternalRef]() for role in PartyRole}
    inline = Capability.CONTACTS_INLINE in capabilities
    for page in provider.parties("") if not inline else ():
        for row in page.items:
            for role in row.roles:
                if not row.blocked and not row.deleted and len(parties[role]) < _PARTIES:
                    parties[role].append(ExternalRef(external_id=row.external_id, code=row.code, name=row.name))
    sales = Side(
        rates=tuple(Rate(percentage=_percentage(ours), code=code) for ours, code in profile.vat_codes.items()),
        accounts=tuple(by_code[code] for code in dict.fromkeys([*profile.accounts.values(), profile.discount_account])),
        parties=tuple(parties[PartyRole.CUSTOMER]),
    )
    purchases = Side(
        rates=tuple(
            Rate(percentage=row.percentage, code=row.code)
            for row in lists.vat_codes
            if row.direction in (VatDirection.PURCHASE, VatDirection.BOTH)
            and row.active
            and not (row.inclusive or row.reverse_charge or row.country)
            and row.percentage
        ),
        accounts=tuple(costs[:10]),
        parties=tuple(parties[PartyRole.SUPPLIER]),
    )
    periods = tuple(row for row in lists.fiscal_periods or () if not row.closed and row.year == profile.day.year)
    numbers = None
    if Capability.CALLER_NUMBERED in capabilities:
        years = {row.book_year for row in periods}
        numbers = {(year, code): provider.last_number(code, year) for year in years for code in journals.values()}
    first = max([profile.start, *([min(row.start for row in periods)] if periods else [])])
    return Facts(
        kinds=tuple(journals) or (DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE),
        sales=sales,
        purchases=purchases if journals else None,
        journals=journals,
        first_day=first,
        last_day=date(profile.day.year, 10, 31),
        periods=periods,
        currencies=("EUR", profile.foreign_currency) if profile.foreign_currency else ("EUR",),
        terms=(profile.payment_term or "",),
        contacts_inline=inline,
        last_numbers=numbers,
    )


def _named(profile: Profile) -> dict[str, str]:
    kinds = {"invoice": "sales_invoice", "credit_note": "sales_credit_note"}
    return {kinds.get(name, name): code for name, code in (profile.journals or {}).items()}


def _percentage(ours: str) -> Decimal:
    """Our own rate codes are percentages, or letters for those without VAT."""
    return Decimal(ours) if ours.isdigit() else Decimal(0)
