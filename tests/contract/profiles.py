"""What the suite has to know of each tool: which books of the sandbox it uses, and with which codes they are linked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from integrations.registry import TOOLS

_MAR = {"21": "700000", "12": "700010", "6": "700020", "0": "700300", "MC": "700500", "CM": "700600", "EX": "700700"}


@dataclass(frozen=True, kw_only=True)
class Profile:
    """`vat_codes`, `accounts`: our rate -> the tool's code. `writes`: what a call that books is known by.

    `credentials` are those of the sandbox's own person; empty where people sign in in the browser. `home`: the path of
    the tool below the sandbox's address.
    """

    key: str
    site: str
    country: str
    administration: str
    vat_codes: Mapping[str, str]
    accounts: Mapping[str, str]
    discount_account: str
    home: str
    writes: Mapping[str, str]
    journals: Mapping[str, str] | None = None
    payment_term: str | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    client_id: str = "demo-client"
    foreign_currency: str = ""
    switches: Mapping[str, object] = field(default_factory=dict)
    # Numbers below it stand in the sandbox's books already.
    first_number: int = 101
    start: date = date(2026, 2, 1)
    day: date = date(2026, 4, 14)

    def __str__(self) -> str:
        return self.key


_ALL = (
    Profile(
        key="exact",
        site="be",
        country="BE",
        administration="3120451",
        vat_codes={"21": "4", "12": "2", "6": "1", "0": "0", "MC": "5", "CM": "6", "EX": "8"},
        accounts=_MAR,
        discount_account="708000",
        home="/exact",
        writes={"method": "POST", "path": "salesentry/SalesEntries"},
        journals={"invoice": "70", "credit_note": "71", "purchase_invoice": "60", "purchase_credit_note": "61"},
        payment_term="30",
        foreign_currency="USD",
        switches={"limits": False},
    ),
)
PROFILES = tuple(profile for profile in _ALL if profile.key in TOOLS)
