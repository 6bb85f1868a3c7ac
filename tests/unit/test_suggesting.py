"""What the set-up proposes, over the books people bring: each proposal is right or absent, never a plausible wrong one.

The two books of Exact are those of the sandbox; the others are written here as the tools show them: code, direction,
percentage, marks (I inclusive, B blocked or ended, R reverse charge), country, name.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

import config.demo
import integrations.sandbox
from integrations.base.records import AdministrationRecord, PaymentMethod
from integrations.models import Journal, ToolLedgerAccount, ToolPaymentTerm, VatCode
from integrations.services.suggesting import (
    suggest_account,
    suggest_administration,
    suggest_default_account,
    suggest_discount_account,
    suggest_journals,
    suggest_payment_term,
    suggest_vat_code,
)
from invoicing.models import CompanyEntity, PaymentTerm, VatRate

DEMO = Path(config.demo.__file__).parent / "data"
SANDBOX = Path(integrations.sandbox.__file__).parent / "data"

OCTOPUS = """
21 | sales | 21 | - | - | Verkoop 21 %
12 | sales | 12 | - | - | Verkoop 12 %
06 | sales | 6 | - | - | Verkoop 6 %
00 | sales | 0 | - | - | Verkoop 0 %
VR | sales | 0 | - | - | Vrijgestelde verkoop
MC | sales | 0 | - | - | Verkoop medecontractant
ICG | sales | 0 | - | - | Intracommunautaire levering
ICD | sales | 0 | - | - | Intracommunautaire dienst
ICT | sales | 0 | - | - | Driehoeksverkeer
EX | sales | 0 | - | - | Uitvoer
19 | sales | 19 | - | - | Verkoop 19 % (oud tarief)
205 | sales | 20.5 | B | - | Verkoop 20,5 % (oud tarief)
H21 | purchase | 21 | - | - | Aankoop handelsgoederen 21 %
H12 | purchase | 12 | - | - | Aankoop handelsgoederen 12 %
H6 | purchase | 6 | - | - | Aankoop handelsgoederen 6 %
H00 | purchase | 0 | - | - | Aankoop handelsgoederen 0 %
D21 | purchase | 21 | - | - | Aankoop diensten en diverse goederen 21 %
D12 | purchase | 12 | - | - | Aankoop diensten en diverse goederen 12 %
D06 | purchase | 6 | - | - | Aankoop diensten en diverse goederen 6 %
D00 | purchase | 0 | - | - | Aankoop diensten 0 %
I21 | purchase | 21 | - | - | Aankoop investeringen 21 %
DMC | purchase | 21 | R | - | Aankoop medecontractant 21 %
HIC | purchase | 21 | R | - | Intracommunautaire verwerving 21 %
DIC | purchase | 21 | R | - | Intracommunautaire dienst, aankoop 21 %
HEX | purchase | 21 | R | - | Invoer met verlegging 21 %
"""

TWINFIELD = """
VH | sales | 21 | - | - | Btw hoog
VL | sales | 9 | - | - | Btw laag
VN | sales | 0 | - | - | Btw 0%
VV | sales | 0 | - | - | Btw verlegd binnenland
ICP | sales | 0 | - | - | Leveringen binnen de EU
ICD | sales | 0 | - | - | Diensten binnen de EU
EXP | sales | 0 | - | - | Export buiten de EU
AFS | sales | 0 | - | - | Afstandsverkopen EU
VH19 | sales | 19 | - | - | Btw 19% (oud)
VL6 | sales | 6 | B | - | Btw 6% (oud)
IH | purchase | 21 | - | - | Btw hoog
IL | purchase | 9 | - | - | Btw laag
IN | purchase | 0 | - | - | Btw 0%
IV | purchase | 21 | R | - | Btw verlegd, inkoop
IEG | purchase | 21 | R | - | Verwerving goederen EU
IED | purchase | 21 | R | - | Diensten uit de EU
IMP | purchase | 21 | R | - | Invoer, artikel 23
IL6 | purchase | 6 | - | - | Btw 6% (oud)
"""

YUKI_BE = """
1:21.00 | both | 21 | - | - | BTW 21%
21:12.00 | both | 12 | - | - | BTW 12%
2:6.00 | both | 6 | - | - | BTW 6%
4:0.00 | both | 0 | - | - | BTW 0%
0:0.00 | both | 0 | - | - | Vrijgesteld van BTW
6:0.00 | both | 0 | - | - | Export buiten EU
7:0.00 | both | 0 | - | - | Export binnen EU (oud)
17:0.00 | both | 0 | - | - | BTW verlegd (medecontractant)
19:0.00 | both | 0 | - | - | Export goederen binnen EU
20:0.00 | both | 0 | - | - | Export diensten binnen EU
8:0.00:driehoek | both | 0 | - | BE | Driehoeksverkeer
8:20.00:FR | both | 20 | - | FR | Afstandsverkopen Frankrijk 20%
40:20.00:FR | both | 20 | - | FR | OSS Frankrijk 20%
40:21.00:NL | both | 21 | - | NL | OSS Nederland 21%
1:20.50 | both | 20.5 | B | - | BTW 20,5% (oud)
"""

YUKI_NL = """
1:21.00 | both | 21 | - | - | BTW 21%
2:9.00 | both | 9 | - | - | BTW 9%
4:0.00 | both | 0 | - | - | BTW 0%
0:0.00 | both | 0 | - | - | Vrijgesteld van BTW
6:0.00 | both | 0 | - | - | Export buiten EU
7:0.00 | both | 0 | - | - | Export binnen EU (oud)
17:0.00 | both | 0 | - | - | BTW verlegd
19:0.00 | both | 0 | - | - | Export goederen binnen EU
20:0.00 | both | 0 | - | - | Export diensten binnen EU
8:21.00:BE | both | 21 | - | BE | Afstandsverkopen België 21%
8:19.00:DE | both | 19 | - | DE | Afstandsverkopen Duitsland 19%
40:19.00:DE | both | 19 | - | DE | OSS Duitsland 19%
1:19.00 | both | 19 | B | - | BTW 19% (oud)
2:6.00 | both | 6 | B | - | BTW 6% (oud)
"""

OCTOPUS_JOURNALS = """
A1 | purchase | - | Aankopen
A2 | purchase | - | Creditnota's aankopen
V1 | sales | - | Verkopen
V2 | sales | - | Creditnota's verkopen
V5 | sales | B | Verkopen oud
"""

TWINFIELD_JOURNALS = """
VRK | sales | - | Verkoopfactuur
VRC | sales | - | Verkoop creditnota
VRKOUD | sales | B | Verkoop oude administratie
VIC | sales | - | Verkoop intercompany
INK | purchase | - | Inkoopfactuur
INC | purchase | - | Inkoop creditnota
"""


def table(book: str, name: str) -> list[dict]:
    """The rows of a list of the sandbox's first administration."""
    found = json.loads((SANDBOX / f"{book}.json").read_text())["divisions"][0]["tables"][name]
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def exact_codes(book: str) -> list[VatCode]:
    return [
        VatCode(
            code=row["code"],
            name=row["description"],
            percentage=Decimal(row["percentage"]),
            direction=row["direction"],
            inclusive=row["type"] == "I",
            active=not row["blocked"],
            reverse_charge=bool(row["charged"]),
            country=row["oss_country"] or "",
        )
        for row in table(book, "vat_codes")
    ]


def codes(text: str) -> list[VatCode]:
    found = []
    for row in text.strip().splitlines():
        code, direction, percentage, marks, country, name = (part.strip() for part in row.split(" | "))
        found.append(
            VatCode(
                code=code,
                name=name,
                percentage=Decimal(percentage),
                direction=direction,
                inclusive="I" in marks,
                active="B" not in marks,
                reverse_charge="R" in marks,
                country=country.strip("-"),
            )
        )
    return found


def rates(country: str) -> dict[str, tuple[VatRate, Decimal]]:
    """Our rates of a country with their percentage of today."""
    rows = json.loads((DEMO / "vat_rates.json").read_text())
    return {
        row["code"]: (
            VatRate(country=country, code=row["code"], category=row["category"], name=row["name"]),
            Decimal(row["versions"][-1][0]),
        )
        for row in rows
        if row["country"] == country
    }


def proposed(country: str, direction: str, offered: list[VatCode]) -> dict[str, str]:
    found = {
        code: suggest_vat_code(rate, percentage, direction, offered)
        for code, (rate, percentage) in rates(country).items()
    }
    return {code: one.code or " ".join(one.candidates) for code, one in found.items() if one.code or one.candidates}


# A single code is proposed; of several, parted by a blank, a person chooses; a rate that is not named gets nothing.
BOOKS = {
    "Exact Online, Belgium": (
        "BE",
        lambda: exact_codes("exact_be"),
        {"21": "4", "12": "2", "6": "1", "0": "0", "VRIJ": "V", "MC": "5", "CM": "6", "VCMD": "7", "TR": "9", "EX": "8",
            "EXD": "8", "NB": "N",
        },
        {"21": "30 31", "12": "35", "6": "33 34", "0": "36", "MC": "37", "CM": "38", "VCMD": "39", "EX": "40", "NB": "N"},
    ),
    "Exact Online, Netherlands": (
        "NL",
        lambda: exact_codes("exact_nl"),
        {"21": "2", "9": "1", "0": "10", "VERL": "5", "ICP-G": "6", "ICP-S": "7", "AFST": "9", "EX": "8"},
        {"21": "21", "9": "22", "0": "28", "VERL": "24", "ICP-G": "25", "ICP-S": "26", "EX": "27"},
    ),
    "Octopus": (
        "BE",
        lambda: codes(OCTOPUS),
        {
            "21": "21", "12": "12", "6": "06", "0": "00", "VRIJ": "VR", "MC": "MC", "CM": "ICG", "VCMD": "ICD",
            "TR": "ICT", "EX": "EX", "EXD": "EX",
        },
        {
            "21": "H21 D21", "12": "H12 D12", "6": "H6 D06", "0": "H00 D00", "MC": "DMC", "CM": "HIC", "VCMD": "DIC",
            "EX": "HEX",
        },
    ),
    "Twinfield": (
        "NL",
        lambda: codes(TWINFIELD),
        {"21": "VH", "9": "VL", "0": "VN", "VERL": "VV", "ICP-G": "ICP", "ICP-S": "ICD", "AFST": "AFS", "EX": "EXP"},
        {"21": "IH", "9": "IL", "0": "IN", "VERL": "IV", "ICP-G": "IEG", "ICP-S": "IED", "EX": "IMP"},
    ),
    "Yuki, Belgium": (
        "BE",
        lambda: codes(YUKI_BE),
        {
            "21": "1:21.00", "12": "21:12.00", "6": "2:6.00", "0": "4:0.00", "VRIJ": "0:0.00", "MC": "17:0.00",
            "CM": "19:0.00", "VCMD": "20:0.00", "TR": "8:0.00:driehoek", "EX": "6:0.00", "EXD": "6:0.00",
        },
        {"21": "1:21.00", "12": "21:12.00", "6": "2:6.00", "0": "4:0.00", "VRIJ": "0:0.00", "MC": "17:0.00"},
    ),
    "Yuki, Netherlands": (
        "NL",
        lambda: codes(YUKI_NL),
        {
            "21": "1:21.00", "9": "2:9.00", "0": "4:0.00", "VERL": "17:0.00", "ICP-G": "19:0.00", "ICP-S": "20:0.00",
            "EX": "6:0.00",
        },
        {"21": "1:21.00", "9": "2:9.00", "0": "4:0.00", "VERL": "17:0.00"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("book", BOOKS)
def test_vat_codes_of_the_books(book):
    country, offered, sales, purchases = BOOKS[book]
    assert proposed(country, "sales", offered()) == sales
    assert proposed(country, "purchase", offered()) == purchases


@pytest.mark.parametrize(
    ("country", "rows", "code"),
    [
        ("BE", ("G | sales | 0 | - | - | Uitvoer buiten de EU", "D | sales | 0 | - | - | Diensten buiten de EU"), "D"),
        ("BE", ("G | sales | 0 | - | - | Uitvoer buiten de EU",), "G"),  # both in box 47 there
        ("NL", ("G | sales | 0 | - | - | Uitvoer buiten de EU",), ""),
    ],
)
def test_services_to_outside_the_union_are_no_goods(country, rows, code):
    rate = VatRate(country=country, code="EXD", category="O", name="Services to businesses outside the EU")
    offered = codes("\n".join(rows))
    assert suggest_vat_code(rate, Decimal(0), "sales", offered).code == code
    assert suggest_vat_code(rate, Decimal(0), "purchase", offered).code == ""


def test_a_suggestion_says_why_and_a_question_names_the_codes():
    rate, percentage = rates("BE")["21"]
    offered = exact_codes("exact_be")
    assert suggest_vat_code(rate, percentage, "sales", offered).reason == "Same percentage, exclusive, sales"
    asked = suggest_vat_code(rate, percentage, "purchase", offered)
    assert (asked.reason, asked.needs_a_person) == ("Two fit: 30 and 31. You decide.", True)


@pytest.mark.parametrize(
    ("country", "rate", "direction", "row"),
    [
        # A code for outside the Union names the Union too.
        ("BE", "CM", "sales", "X | sales | 0 | - | - | Livraisons hors de l'Union européenne"),
        ("BE", "CM", "sales", "X | sales | 0 | - | - | Verkopen niet-EU"),
        ("BE", "CM", "sales", "X | sales | 0 | - | - | Sales outside EU"),
        ("BE", "VCMD", "sales", "X | sales | 0 | - | - | Services hors U.E."),
        ("NL", "ICP-S", "sales", "X | sales | 0 | - | - | Diensten buiten de E.U."),
        # Goods and services go into different boxes of the return.
        ("BE", "CM", "sales", "X | sales | 0 | - | - | Intracommunautaire diensten"),
        ("BE", "VCMD", "sales", "X | sales | 0 | - | - | Intracommunautaire leveringen"),
        ("BE", "EX", "sales", "X | sales | 0 | - | - | Diensten buiten de EU"),
        # Nought for a reason is not the zero rate, and the other way round.
        ("BE", "0", "sales", "X | sales | 0 | - | - | Vrijgesteld art. 44"),
        ("BE", "0", "sales", "X | sales | 0 | - | - | Autoliquidation"),
        ("NL", "0", "sales", "X | both | 0 | - | - | Geen btw"),
        ("BE", "MC", "sales", "X | sales | 0 | - | - | Verkopen 0 %"),
        ("BE", "MC", "sales", "X | sales | 0 | - | - | Dienstverrichtingen EU, btw verlegd"),
        ("BE", "VRIJ", "sales", "X | sales | 0 | - | - | Verkopen 0 %"),
        # The percentage is right and the purpose is not.
        ("BE", "21", "sales", "X | sales | 21 | - | - | OSS 21 %"),
        ("BE", "21", "sales", "X | sales | 21 | - | NL | OSS Nederland 21 %"),
        ("BE", "21", "sales", "X | sales | 21 | I | - | Verkopen 21 %"),
        ("BE", "21", "sales", "X | sales | 21 | - | - | Verkopen 21 % incl. btw"),
        ("BE", "21", "sales", "X | sales | 21 | B | - | Verkopen 21 %"),
        ("BE", "21", "sales", "X | sales | 21 | - | - | Margeregeling 21 %"),
        ("BE", "21", "sales", "X | purchase | 21 | - | - | Aankopen 21 %"),
        ("BE", "21", "sales", "X | both | 21 | - | - | Aankopen 21 %"),
        ("BE", "21", "purchase", "X | both | 21 | - | - | Ventes 21 %"),
        ("BE", "21", "purchase", "X | purchase | 21 | - | - | Autokosten 21 %, beperkt aftrekbaar"),
        ("BE", "21", "purchase", "X | purchase | 21 | - | - | Achats d'investissements 21 %"),
        ("BE", "21", "purchase", "X | purchase | 21 | R | - | Aankopen 21 %"),
        ("BE", "6", "purchase", "X | purchase | 6 | - | - | Invoer 6 %"),
        ("NL", "9", "sales", "X | sales | 9 | - | - | Btw laag 9 % (oud)"),
        # What somebody buys abroad is no import because a code for sales says so.
        ("BE", "EX", "purchase", "X | both | 0 | - | - | Hors UE"),
        ("BE", "CM", "purchase", "X | both | 0 | - | - | Levering binnen EU"),
        ("BE", "TR", "purchase", "X | both | 0 | - | - | Driehoeksverkeer"),
        ("BE", "MC", "purchase", "X | purchase | 21 | R | - | Invoer 21 %, btw verlegd"),
    ],
)  # fmt: skip
def test_a_code_that_looks_right_is_not_proposed(country, rate, direction, row):
    ours, percentage = rates(country)[rate]
    assert suggest_vat_code(ours, percentage, direction, codes(row)).candidates == ()


@pytest.mark.parametrize(
    ("rate", "direction", "row"),
    [
        ("EX", "sales", "X | sales | 0 | - | - | Livraisons hors de l'Union européenne"),
        ("EX", "sales", "X | sales | 0 | - | - | Leveringen naar derde landen"),
        ("EX", "sales", "X | sales | 0 | - | - | Non-EU sales"),
        ("EX", "purchase", "X | purchase | 21 | - | - | Importations 21 %, report de perception"),
        ("CM", "sales", "X | sales | 0 | - | - | Livraisons intracommunautaires exonérées"),
        ("CM", "sales", "X | sales | 0 | - | - | Export within the EU"),
        ("MC", "sales", "X | sales | 0 | - | - | Cocontractant"),
        ("VRIJ", "sales", "X | sales | 0 | - | - | Exempté art. 44"),
        ("21", "sales", "X | both | 21 | - | BE | BTW 21%"),
        ("21", "purchase", "X | both | 21 | - | - | Btw hoog"),
    ],
)
def test_other_words_for_the_same_are_understood(rate, direction, row):
    ours, percentage = rates("BE")[rate]
    assert suggest_vat_code(ours, percentage, direction, codes(row)).code == "X"


def test_a_rate_without_a_percentage_gets_no_code_without_one():
    rate = VatRate(country="BE", code="N", category="S", name="New")
    unknown = VatCode(code="X", name="Verkopen", percentage=None, direction="sales", active=True)
    assert suggest_vat_code(rate, None, "sales", [unknown]).code == ""


# --- journals -----------------------------------------------------------------------------------------------------


def journals(text: str) -> list[Journal]:
    found = []
    for row in text.strip().splitlines():
        code, kind, marks, name = (part.strip() for part in row.split(" | "))
        found.append(Journal(code=code, kind=kind, active=marks == "-", name=name))
    return found


def exact_journals(book: str) -> list[Journal]:
    kinds = {20: "sales", 21: "sales-return", 22: "purchase"}
    return [
        Journal(code=row["code"], kind=kinds.get(row["type"], "other"), active=not row["blocked"], name=row["name"])
        for row in table(book, "journals")
    ]


def four(offered: list[Journal]) -> tuple[str, ...]:
    found = suggest_journals(offered)
    keys = ("invoice", "credit_note", "purchase_invoice", "purchase_credit_note")
    return tuple(found[key].code for key in keys)


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        (lambda: exact_journals("exact_be"), ("70", "71", "60", "61")),
        (lambda: exact_journals("exact_nl"), ("70", "71", "60", "61")),
        (lambda: journals(OCTOPUS_JOURNALS), ("V1", "V2", "A1", "A2")),
        (lambda: journals(TWINFIELD_JOURNALS), ("VRK", "VRC", "INK", "INC")),
        (lambda: [], ("", "", "", "")),  # Yuki has none
    ],
)
def test_journals_of_the_books(offered, expected):
    assert four(offered()) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("1 | sales | - | Facturen\n2 | sales | - | Kredietnota's verkoop", ("1", "2")),
        ("1 | sales | - | Ventes\n2 | sales | - | Notes de crédit", ("1", "2")),
        ("1 | sales | - | Ventes\n2 | sales | - | Avoirs", ("1", "2")),
        ("1 | sales | - | Verkoop noord\n2 | sales | - | Verkoop zuid", ("", "")),
        ("1 | sales | - | Huur\n2 | sales | - | Winkelverkoop", ("", "")),
        ("1 | sales | - | Huur\n2 | sales | - | Loterij", ("", "")),
        ("1 | sales | - | Algemeen", ("1", "")),
        ("1 | sales | B | Verkopen", ("", "")),
        ("1 | purchase | - | Verkopen", ("", "")),
        ("1 | sales | - | OSS verkopen", ("", "")),
    ],
)
def test_journals_by_other_names(rows, expected):
    assert four(journals(rows))[:2] == expected


# --- accounts -----------------------------------------------------------------------------------------------------


def accounts(*rows: str, kind: str = "revenue") -> list[ToolLedgerAccount]:
    """Active ones, written as code and name."""
    return [
        ToolLedgerAccount(
            code=row.split(" ", 1)[0], name=row.split(" ", 1)[1], kind=kind, active=True, bookable=True,
            needs_cost_centre=False,
        )
        for row in rows
    ]  # fmt: skip


def exact_accounts(book: str, column: str = "name_nl") -> list[ToolLedgerAccount]:
    kinds = {110: "revenue", **dict.fromkeys((111, 120, 121, 122, 123, 125, 126, 130), "cost")}
    return [
        ToolLedgerAccount(
            code=row["code"], name=row[column], kind=kinds.get(row["type"], "other"), active=not row["blocked"],
            bookable=row["type"] not in (20, 22, 24), needs_cost_centre=row["use_cost_centre"] == 1,
        )
        for row in table(book, "ledger_accounts")
    ]  # fmt: skip


def by_rate(country: str, direction: str, offered: list[ToolLedgerAccount]) -> dict[str, str]:
    found = {
        code: suggest_account(rate, percentage, direction, offered, {})
        for code, (rate, percentage) in rates(country).items()
    }
    return {code: one.code or " ".join(one.candidates) for code, one in found.items() if one.code or one.candidates}


BELGIAN = {
    "21": "700000 700100", "12": "700010 700110", "6": "700020 700120", "VRIJ": "700300", "MC": "700500",
    "CM": "700600", "VCMD": "700610", "EX": "700700", "EXD": "700700",
}  # fmt: skip


@pytest.mark.parametrize("column", ["name_nl", "name_fr"])
def test_accounts_of_a_belgian_chart(column):
    offered = exact_accounts("exact_be", column)
    assert by_rate("BE", "sales", offered) == BELGIAN
    assert by_rate("BE", "purchase", offered) == {}
    assert suggest_discount_account(offered).code == "708000"


def test_accounts_of_a_dutch_chart():
    offered = exact_accounts("exact_nl", "name_nl")
    assert by_rate("NL", "sales", offered) == {
        "21": "8000 8020", "9": "8010 8030", "0": "8040", "VERL": "8050", "ICP-G": "8060", "ICP-S": "8065",
        "EX": "8070",
    }  # fmt: skip
    assert by_rate("NL", "purchase", offered) == {}
    assert suggest_discount_account(offered).code == "8190"


def test_costs_are_no_purchases_at_a_rate_because_of_a_word():
    offered = accounts(
        "650 Intresten lening 6 %", "640 Export- en invoerkosten", "641 Verzekering vrijgesteld van btw", kind="cost"
    )
    assert by_rate("BE", "purchase", offered) == {}
    bought = accounts("600 Aankopen handelsgoederen 6 %", "601 Inkoop intracommunautair", kind="cost")
    assert by_rate("BE", "purchase", bought) == {"6": "600", "CM": "601"}


def test_the_account_of_most_of_our_lines_goes_first():
    rate, percentage = rates("BE")["21"]
    offered = exact_accounts("exact_be")
    assert suggest_account(rate, percentage, "sales", offered, {"700100": 3, "700000": 1}).code == "700100"
    assert suggest_account(rate, percentage, "sales", offered, {"700100": 3, "700000": 3}).code == ""
    assert suggest_account(rate, percentage, "sales", offered, {"999999": 3}).code == ""


@pytest.mark.parametrize(
    "name", ["Betalingskortingen", "Escomptes accordés", "Ontvangen kortingen", "Korting contante betaling", "Omzet"]
)
def test_a_discount_of_another_sort_is_no_discount_on_sales(name):
    assert suggest_discount_account(accounts(f"700 {name}")).code == ""


def test_no_default_account_is_made_up():
    offered = exact_accounts("exact_be")
    assert suggest_default_account(offered, {}).code == ""
    assert suggest_default_account(offered, {"700200": 2, "700800": 2}).code == ""
    chosen = suggest_default_account(offered, {"700200": 2, "700100": 1})
    assert (chosen.code, chosen.reason) == ("700200", "On 2 of your lines")


@pytest.mark.parametrize("code", ["700000", "700120", "700300", "700500", "700600", "700700", "708000"])
def test_an_account_of_one_rate_or_treatment_is_no_default_for_all(code):
    assert suggest_default_account(exact_accounts("exact_be"), {code: 23, "700200": 1}).code == ""


# --- payment terms and the administration ---------------------------------------------------------------------------


def terms(book: str) -> list[ToolPaymentTerm]:
    methods = {"B": PaymentMethod.ON_CREDIT, "I": PaymentMethod.DIRECT_DEBIT, "K": PaymentMethod.CASH}
    return [
        ToolPaymentTerm(
            code=row["code"], days=row["payment_days"], month_ends=row["payment_end_of_months"], active=True,
            method=methods.get(row["payment_method"], PaymentMethod.OTHER),
            has_discount=Decimal(row["discount_percentage"]) > 0,
        )
        for row in table(book, "payment_terms")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        (
            "exact_be",
            {"T-CASH": "00", "T-8": "08", "T-14": "14", "T-30": "30", "T-60": "60", "T-EOM30": "1E", "T-EOM60": "2E",
             "T-DD14": "IN"},
        ),
        ("exact_nl", {"T-CASH": "00", "T-8": "08", "T-14": "14", "T-30": "30", "T-EOM30": "1E", "T-DD14": "IN"}),
    ],
)  # fmt: skip
def test_payment_terms_of_the_books(book, expected):
    found = {}
    for row in json.loads((DEMO / "payment_terms.json").read_text()):
        own = PaymentTerm(
            name=row["name"], kind=row["kind"], days=row["days"], direct_debit=row.get("direct_debit", False)
        )
        found[row["code"]] = suggest_payment_term(own, terms(book)).code
    assert {code: term for code, term in found.items() if term} == expected
    assert suggest_payment_term(None, terms(book)).code == ""


def books(*rows: tuple[str, str, str]) -> list[AdministrationRecord]:
    return [
        AdministrationRecord(
            external_id=external_id, name=name, country="BE", currency="EUR", vat_number=vat, number="", is_open=True,
            closed_reason="", epoch="",
        )
        for external_id, name, vat in rows
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ((("1", "Other", "BE 0987.000.062"), ("2", "Pijler bv", "")), "1"),
        ((("1", "Other", ""), ("2", "PIJLER BV", "")), "2"),
        ((("1", "Other", ""),), "1"),
        # Somebody else's books, whatever they are called.
        ((("1", "Pijler bv", "BE1234567890"),), ""),
        ((("1", "Other", "BE1234567890"),), ""),
        ((("1", "Other", "BE1234567890"), ("2", "Third", "")), ""),
        # Two books with one number: the name decides, or a person.
        ((("1", "Old", "BE0987000062"), ("2", "Pijler bv", "BE0987000062")), "2"),
        ((("1", "Old", "BE0987000062"), ("2", "New", "BE0987000062")), ""),
    ],
)
def test_the_administration_of_the_entity(offered, expected):
    entity = CompanyEntity(name="Pijler bv", country="BE", vat_number="BE0987000062")
    assert suggest_administration(entity, books(*offered)).code == expected
