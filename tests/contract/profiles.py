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
    # The same of purchases; empty where the tool takes them as files. The first account is that of every rate.
    purchase_vat_codes: Mapping[str, str] = field(default_factory=dict)
    cost_accounts: tuple[str, ...] = ()
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
        purchase_vat_codes={"21": "31", "12": "35", "6": "34", "0": "36", "MC": "37", "CM": "38", "EX": "40"},
        cost_accounts=("604000", "613310", "612000"),
        discount_account="708000",
        home="/exact",
        writes={"method": "POST", "path": "salesentry/SalesEntries"},
        journals={"invoice": "70", "credit_note": "71", "purchase_invoice": "60", "purchase_credit_note": "61"},
        payment_term="30",
        foreign_currency="USD",
        switches={"limits": False},
    ),
    Profile(
        key="octopus",
        site="be",
        country="BE",
        administration="99000102",
        vat_codes={"21": "21", "12": "12", "6": "06", "0": "00", "MC": "MC", "CM": "ICG", "EX": "EX"},
        accounts=_MAR,
        purchase_vat_codes={"21": "D21", "12": "D12", "6": "D06", "0": "D00", "MC": "DMC", "CM": "HIC", "EX": "HEX"},
        cost_accounts=("612000", "613310", "615000"),
        discount_account="708000",
        home="/octopus",
        writes={"method": "POST", "path": "/buysellbookings"},
        journals={"invoice": "V1", "credit_note": "V2", "purchase_invoice": "A1", "purchase_credit_note": "A2"},
        credentials={"user": "demo@U1", "password": "demo"},
        client_id="5d0b9a41-2f7d-4e0c-b35a-106b1f8a527c",
        foreign_currency="USD",
        switches={"limits": False},
    ),
    Profile(
        key="twinfield",
        site="com",
        country="NL",
        administration="NLA990310",
        vat_codes={"21": "VH", "9": "VL", "0": "VN", "VERL": "VV", "CM": "ICP", "VCMD": "ICD", "EX": "EXP"},
        accounts={"21": "8000", "9": "8010", "0": "8040", "VERL": "8050", "CM": "8060", "VCMD": "8065", "EX": "8070"},
        purchase_vat_codes={"21": "IH", "9": "IL", "0": "IN", "VERL": "IV", "CM": "IEG", "VCMD": "IED", "EX": "IMP"},
        cost_accounts=("4100", "4110", "4120"),
        discount_account="8190",
        home="/twinfield",
        writes={"method": "POST", "path": "processxml", "body_contains": "<transactions>"},
        journals={"invoice": "VRK", "credit_note": "VRC", "purchase_invoice": "INK", "purchase_credit_note": "INC"},
        foreign_currency="USD",
        switches={"limits": False},
    ),
    Profile(
        key="yuki",
        site="be",
        country="BE",
        administration="6e24b17f-be9e-52ea-951e-1b7ff46978ac",
        vat_codes={
            "21": "1:21.00",
            "12": "21:12.00",
            "6": "2:6.00",
            "0": "4:0.00",
            "MC": "17:0.00",
            "CM": "19:0.00",
            "EX": "6:0.00",
        },
        accounts=_MAR,
        discount_account="708000",
        home="/yuki",
        writes={"method": "POST", "body_contains": ":ProcessSalesInvoices>"},
        credentials={"access_key": "7b3d0e61-5a52-4c0e-9d2f-0b1e5c6a11be"},
        switches={"limits": False},
    ),
)
PROFILES = tuple(profile for profile in _ALL if profile.key in TOOLS)
