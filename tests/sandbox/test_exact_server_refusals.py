"""What the books refuse: exact status and text, and that nothing changed."""

from typing import Any

import pytest
import requests

from tests.sandbox.conftest import DUTCH, EMPTY, MAIN, ExactCaller
from tests.sandbox.test_exact_server_entries import BAKERY, PRINTER, PURCHASES, SALES, invoice, purchase

SUSPECT = "fb26c743-a7bb-5295-87a5-4a24e3b8e276"
SUPPLIER_ONLY = "a246f9a1-272d-5342-9960-d694d1504b8b"
NOWHERE = "00000000-0000-0000-0000-00000000000f"


def refused(exact: ExactCaller, resource: str, body: Any, division: int = MAIN) -> requests.Response:
    """POST, and make sure that the books are what they were."""
    parts = "entries,terms,totals,parties"
    before = exact.books(division, parts)
    answer = exact.post(resource, body, division)
    assert exact.books(division, parts) == before
    return answer


def text(answer: requests.Response) -> str:
    return answer.json()["error"]["message"]["value"]


@pytest.mark.parametrize(
    ("header", "dutch", "english"),
    [
        ({"Journal": "99"}, "Bestaat niet: Dagboek", "Does not exist: Journal"),
        ({"Journal": None}, "Verplicht: Dagboek", "Mandatory: Journal"),
        ({"Journal": "75"}, "Geblokkeerd: Dagboek", "Blocked: Journal"),
        ({"Journal": "60"}, "Ongeldig: Dagboek", "Invalid journal. The journal must be a sales journal."),
        ({"Journal": "72"}, "Ongeldig: Dagboek", "Invalid journal. The journal must be a sales journal."),
        ({"Customer": None}, "Verplicht: Klant", "Mandatory: Customer"),
        ({"Customer": NOWHERE}, "Bestaat niet: Klant", "Does not exist: Customer"),
        ({"Customer": SUSPECT}, "Ongeldig: Factuur voor (Type)", "Invalid: Invoice to (Type)"),
        ({"Customer": SUPPLIER_ONLY}, "Ongeldig: Factuur voor (Type)", "Invalid: Invoice to (Type)"),
        ({"EntryDate": "2026-01-31"}, "Periode gesloten: 2026 / 01", "Period closed: 2026 / 01"),
        ({"EntryDate": "2029-01-31"}, "Bestaat niet: Periode 2029 / 01", "Does not exist: Period 2029 / 01"),
        ({"Currency": "CHF"}, "Ongeldig: Valuta", "Invalid: Currency"),
        ({"Currency": "USD", "Rate": 0}, "Ongeldig: Wisselkoers", "Invalid: Exchange rate"),
        ({"PaymentCondition": "ZZ"}, "Bestaat niet: Betalingsconditie", "Does not exist: Payment condition"),
        ({"Document": NOWHERE}, "Bestaat niet: Document", "Does not exist: Document"),
        ({"SalesEntryLines": []}, "Verplicht: Regels", "Mandatory: Lines"),
        ({"GAccountAmountFC": 120}, "Deze boeking is niet in evenwicht", "This entry is not balanced"),
    ],
)
def test_headers(exact: ExactCaller, header: dict, dutch: str, english: str) -> None:
    for language, expected in (("nl", dutch), ("en", english)):
        exact.settings(language=language)
        answer = refused(exact, SALES, invoice(exact, **header))
        assert answer.status_code == 500
        assert text(answer).startswith(expected)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("line", "account", "expected"),
    [
        ({"VATCode": "99"}, "700100", "Does not exist: VAT code"),
        ({"VATCode": "205"}, "700100", "Blocked: VAT code"),
        ({"VATCode": "31"}, "700100", "Not allowed: VAT code"),
        ({"VATCode": "6", "VATAmountFC": 1}, "700100", "Invalid: VAT amount"),
        ({"AmountFC": 10.005}, "700100", "Invalid: Amount"),
        ({"AmountFC": None}, "700100", "Mandatory: Amount"),
        ({"VATAmountFC": 2.101}, "700100", "Invalid: VAT amount"),
        ({"AmountFC": 10}, "400000", "Invalid: G/L account type"),
        ({"AmountFC": 10}, "451000", "Invalid: G/L account type"),
        ({"AmountFC": 10}, "700990", "Blocked: G/L account"),
        ({"GLAccount": NOWHERE}, "700100", "Does not exist: G/L account"),
        ({"GLAccount": None}, "700100", "Mandatory: G/L account"),
    ],
)
def test_lines(exact: ExactCaller, line: dict, account: str, expected: str) -> None:
    exact.settings(language="en")
    full = {"AmountFC": 10.0, "GLAccount": exact.ledger(account)} | line
    answer = refused(exact, SALES, invoice(exact, {"AmountFC": 5.0}, full))
    assert (answer.status_code, text(answer)) == (500, expected)


def test_purchase_entries(exact: ExactCaller) -> None:
    exact.settings(language="en")
    answer = refused(exact, PURCHASES, purchase(exact, {"AmountFC": 1}, Supplier=BAKERY))
    assert text(answer) == "Invalid: Supplier (Type)"
    answer = refused(exact, PURCHASES, purchase(exact, {"AmountFC": 1}, Journal="70"))
    assert text(answer) == "Invalid journal. The journal must be a purchase journal."
    answer = refused(exact, PURCHASES, purchase(exact, {"AmountFC": 1, "VATCode": "4"}))
    assert text(answer) == "Not allowed: VAT code"


def test_cost_centre_and_journal_currency_in_the_dutch_books(exact: ExactCaller) -> None:
    exact.settings(language="en")
    customer = exact.rows("crm/Accounts", DUTCH, select="ID", filter="trim(Code) eq '1'")[0]["ID"]
    line = {"AmountFC": 10, "GLAccount": exact.ledger("8410", DUTCH), "VATCode": "2"}
    body = {"Customer": customer, "Journal": "70", "EntryDate": "2026-03-01", "SalesEntryLines": [line]}
    assert text(refused(exact, SALES, body, DUTCH)) == "Mandatory: Cost center"
    assert exact.post(SALES, body | {"SalesEntryLines": [line | {"CostCenter": "001"}]}, DUTCH).status_code == 201
    plain = [line | {"GLAccount": exact.ledger("8000", DUTCH)}]
    euro = body | {"Journal": "73", "Currency": "EUR", "SalesEntryLines": plain}
    assert text(refused(exact, SALES, euro, DUTCH)) == "Not allowed: Currency"
    assert exact.post_full(SALES, body | {"Journal": "73", "SalesEntryLines": plain}, DUTCH)["Currency"] == "USD"


def test_blocked_relation(exact: ExactCaller) -> None:
    assert exact.call("PUT", f"crm/Accounts(guid'{BAKERY}')", json={"Blocked": True}).status_code == 204
    assert text(refused(exact, SALES, invoice(exact))) == "Geblokkeerd: Relatie"


def test_closing_one_journal_or_a_whole_period(exact: ExactCaller) -> None:
    exact.control("close_period", division=MAIN, year=2026, period=3, journals=["70"])
    assert text(refused(exact, SALES, invoice(exact))) == "Periode gesloten: 2026 / 03"
    assert exact.post(SALES, invoice(exact, Journal="71")).status_code == 201
    status = exact.rows("read/financial/JournalStatusList", filter="Year eq 2026 and Period eq 3 and Status eq 1")
    assert [row["Journal"] for row in status] == ["70"]
    exact.control("close_period", division=MAIN, year=2026, period=3)
    assert exact.post(SALES, invoice(exact, Journal="71")).status_code == 500
    exact.control("close_period", division=MAIN, year=2026, period=3, closed=False)
    assert exact.post(SALES, invoice(exact)).status_code == 201


def test_ids_of_another_division_are_refused_or_dropped(exact: ExactCaller) -> None:
    exact.settings(language="en")
    other = exact.ledger("700100", EMPTY)
    answer = refused(exact, SALES, invoice(exact, {"AmountFC": 1, "GLAccount": other}))
    assert text(answer) == "Does not exist: G/L account"
    assert (
        text(refused(exact, "crm/Accounts", {"Name": "New", "GLAccountSales": other})) == "Does not exist: G/L account"
    )
    exact.settings(foreign_reference="null")
    assert exact.post_full("crm/Accounts", {"Name": "New", "GLAccountSales": other})["GLAccountSales"] is None
    assert exact.post_full(SALES, invoice(exact, Document=NOWHERE))["Document"] is None
    lines = exact.post_full(SALES, invoice(exact, {"AmountFC": 1, "GLAccount": other}, YourRef="dropped"))
    stored = exact.rows("salesentry/SalesEntryLines", select="GLAccount", filter=f"EntryID eq guid'{lines['EntryID']}'")
    assert stored == [{"GLAccount": None}]


@pytest.mark.parametrize(
    "body",
    [
        {"YourReference": "x"},
        {"EntryDate": "17-03-2026"},
        {"EntryDate": "2026-02-30"},
        {"Customer": "the bakery"},
        {"OrderNumber": 1.5},
        {"OrderNumber": 2**31},
        {"Reversal": "yes"},
        {"YourRef": 5},
        {"Rate": "NaN"},
        {"SalesEntryLines": [{"AmountFC": "ten"}]},
        {"SalesEntryLines": [{"Amount": 10}]},
        {"SalesEntryLines": "none"},
    ],
)
def test_shapes(exact: ExactCaller, body: dict) -> None:
    answer = refused(exact, SALES, invoice(exact) | body)
    assert answer.status_code == 400
    assert text(answer).startswith("Error processing request stream.")


def test_content_type_and_json(exact: ExactCaller) -> None:
    expected = "Error processing request stream. The request should be a valid top-level resource object."
    for data, kind in (("{}", "text/plain"), ("{", "application/json"), ("[]", "application/json")):
        answer = exact.call("POST", SALES, data=data, headers={"Content-Type": kind})
        assert (answer.status_code, text(answer)) == (400, expected)


def test_too_long_and_too_large(exact: ExactCaller) -> None:
    names = " or ".join(f"Name eq 'relation number {n}'" for n in range(250))
    assert exact.get("crm/Accounts", select="ID", filter=names).status_code == 414
    document = exact.post_full("documents/Documents", {"Subject": "large", "Type": 10})["ID"]
    file = {"Document": document, "FileName": "a.pdf", "Attachment": "QUJD" * 4_000_000}
    assert exact.post("documents/DocumentAttachments", file).status_code == 413
    assert exact.books(parts="documents")["documents"][0]["files"] == []


def test_or_lists_of_forty_are_fine(exact: ExactCaller) -> None:
    wanted = " or ".join(f"YourRef eq '2025/02{n}'" for n in range(90, 130))
    assert len(exact.rows(SALES, select="EntryID,YourRef", filter=f"({wanted}) and Journal eq '70'")) == 6


def test_processed_and_paid_entries_stay(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact))
    key = f"{SALES}(guid'{entry['EntryID']}')"
    exact.control("pay", reference="2026/0500", amount="1.00")
    assert exact.call("DELETE", key).status_code == 500
    exact.control("process_entry", reference="2026/0500")
    answer = exact.call("PUT", key, json={"Description": "later"})
    assert (answer.status_code, text(answer)) == (500, "Reeds verwerkt")
    assert exact.entry("2026/0500")["description"] is None


# relations


def test_relation_gets_the_next_code_and_is_found_again(exact: ExactCaller) -> None:
    body = {
        "Name": "Nieuwe Klant BV",
        "Status": "C",
        "Country": "BE",
        "VATNumber": "BE 1900.139.037",
        "SearchCode": "BB-77",
    }
    made = exact.post_full("crm/Accounts", body)
    assert made["Code"] == "26".rjust(18)
    assert (made["IsSales"], made["IsSupplier"], made["Country"]) == (True, False, "BE ")
    assert made["VATNumber"] == "BE 1900.139.037"  # kept as typed
    changed = exact.rows("sync/CRM/Accounts", select="ID,Timestamp", filter="Timestamp gt 1L")[-1]
    assert changed["ID"] == made["ID"]
    key = f"crm/Accounts(guid'{made['ID']}')"
    assert exact.call("PUT", key, json={"IsSupplier": True, "City": "Gent"}).status_code == 204
    row = exact.get(key, select="City,IsSupplier,IsPurchase,Name").json()["d"]
    assert (row["City"], row["IsSupplier"], row["IsPurchase"], row["Name"]) == ("Gent", True, True, "Nieuwe Klant BV")
    assert exact.post_full("crm/Accounts", {"Name": "Nieuwe Klant BV", "Code": "100"})["Code"] == "100".rjust(18)
    assert exact.post_full("crm/Accounts", {"Name": "Volgende"})["Code"] == "101".rjust(18)
    assert exact.call("DELETE", key).status_code == 204
    deleted = exact.rows("sync/Deleted", select="EntityType,EntityKey,Timestamp", filter="Timestamp gt 1L")
    assert [(row["EntityType"], row["EntityKey"]) for row in deleted] == [(2, made["ID"])]


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({}, 500, "Mandatory: Name"),
        ({"Name": "  "}, 500, "Mandatory: Name"),
        ({"Name": "A", "Code": "1"}, 500, "Data already exists"),
        ({"Name": "A", "Code": "AB"}, 500, "Invalid: Code"),
        ({"Name": "A", "Country": "Belgium"}, 500, "Invalid: Country"),
        ({"Name": "A", "Status": "X"}, 500, "Invalid: Status"),
        ({"Name": "A", "VATNumber": "BE1900139038"}, 500, "Invalid: VAT number"),
        ({"Name": "A", "VATNumber": "NL123456789B01"}, 500, "Invalid: VAT number"),
        ({"Name": "A", "VATNumber": "1900139038", "Country": "BE"}, 500, "Invalid: VAT number"),
        ({"Name": "A", "PaymentConditionSales": "ZZ"}, 500, "Does not exist: Payment condition"),
        ({"Name": "A", "SalesVATCode": "ZZ"}, 500, "Does not exist: VAT code"),
        ({"Name": "A", "GLAccountSales": NOWHERE}, 500, "Does not exist: G/L account"),
        ({"Naam": "A"}, 400, "Error processing request stream. The property name 'Naam' specified for type"),
        ({"Name": 12}, 400, "Error processing request stream. Error encountered in converting the value"),
    ],
)
def test_relations(exact: ExactCaller, body: dict, status: int, expected: str) -> None:
    exact.settings(language="en")
    answer = refused(exact, "crm/Accounts", body)
    assert answer.status_code == status
    assert text(answer).startswith(expected)


@pytest.mark.parametrize("number", ["NL899801237B01", "FR 69299904813", "DE 990072663", "LU99079951", "be1901655997"])
def test_vat_numbers_of_the_demo_are_taken(exact: ExactCaller, number: str) -> None:
    assert exact.post("crm/Accounts", {"Name": "A", "VATNumber": number}).status_code == 201


def test_relation_in_use_cannot_be_deleted(exact: ExactCaller) -> None:
    answer = exact.call("DELETE", f"crm/Accounts(guid'{BAKERY}')")
    assert (answer.status_code, text(answer)) == (500, "Niet toegestaan: Verwijderen. In gebruik: Boeking")
    assert exact.get(f"crm/Accounts(guid'{BAKERY}')", select="ID").status_code == 200


def test_contacts_and_bank_accounts(exact: ExactCaller) -> None:
    exact.settings(language="en")
    assert text(refused(exact, "crm/Contacts", {"Account": BAKERY})) == "Mandatory: Name"
    made = exact.post_full(
        "crm/Contacts", {"Account": BAKERY, "FirstName": "An", "LastName": "Peeters", "Email": "an@bakery.example"}
    )
    assert (made["FullName"], made["AccountName"]) == ("An Peeters", "Bakkerij Zonnekorrel")
    assert (
        exact.rows("bulk/CRM/Contacts", select="ID,Email", filter=f"Account eq guid'{BAKERY}'")[0]["ID"] == made["ID"]
    )
    same = {"Account": BAKERY, "BankAccount": "BE63 9994 2009 1108"}
    assert text(refused(exact, "crm/BankAccounts", same)) == "Data already exists"
    second = exact.post_full("crm/BankAccounts", {"Account": PRINTER, "BankAccount": "BE10999420546604"})
    assert second["Main"] is True
    assert text(refused(exact, "crm/BankAccounts", {"Account": PRINTER})) == "Mandatory: Bank account"


def test_attachments_need_their_document(exact: ExactCaller) -> None:
    exact.settings(language="en")
    file = {"Document": NOWHERE, "FileName": "a.pdf", "Attachment": "QUJD"}
    assert text(refused(exact, "documents/DocumentAttachments", file)) == "Does not exist: Document"
    assert refused(exact, "documents/DocumentAttachments", file | {"Attachment": "not base64!"}).status_code == 400
    assert text(refused(exact, "documents/Documents", {"Type": 10})) == "Mandatory: Subject"
    assert text(refused(exact, "documents/Documents", {"Subject": "x", "Type": 140})) == "Invalid: Document type"
