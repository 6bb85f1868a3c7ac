"""Reading: the query dialect, pages, shapes and formats."""

import re

import pytest
import requests

from integrations.sandbox.messages import BadControl
from integrations.sandbox.server import Sandbox
from tests.sandbox.conftest import ARCHIVED, DUTCH, EMPTY, MAIN, ExactCaller

BAKERY = "e077c813-218b-52bc-b114-734a0e988e1b"
PLANTED = "e9df8079-cd3a-577a-a94d-39ea4ffd5711"


def message(answer: requests.Response) -> str:
    return answer.json()["error"]["message"]["value"]


def names(exact: ExactCaller, condition: str) -> list[str]:
    return sorted(row["Name"] for row in exact.rows("crm/Accounts", select="Name", filter=condition))


def test_divisions_and_their_state(exact: ExactCaller) -> None:
    rows = exact.rows("system/Divisions", select="Code,Hid,Description,Status,Country,IsMainDivision,Current")
    assert [(row["Code"], row["Status"], row["Current"]) for row in rows] == [
        (DUTCH, 1, False),
        (ARCHIVED, 2, False),
        (MAIN, 1, True),
        (EMPTY, 1, False),
    ]
    assert rows[2] == {
        "Code": MAIN,
        "Hid": "1",  # Int64 travels as text
        "Description": "Brugpijlertje Digitaal bv",
        "Status": 1,
        "Country": "BE",
        "IsMainDivision": True,
        "Current": True,
    }
    assert [row["Code"] for row in exact.rows("hrm/Divisions", select="Code")] == [MAIN, EMPTY]  # one licence only


def test_current_division_moves_with_the_user(exact: ExactCaller) -> None:
    exact.control("current", division=EMPTY)
    me = exact.get("current/Me", None, select="CurrentDivision").json()
    assert me["d"]["results"][0]["CurrentDivision"] == EMPTY


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Code eq '                 1'", ["Bakkerij Zonnekorrel"]),
        ("Code eq '1'", []),
        ("trim(Code) eq '1'", ["Bakkerij Zonnekorrel"]),
        ("Name eq 'Les P''tites Mésanges'", ["Les P'tites Mésanges"]),
        (f"ID eq guid'{BAKERY.upper()}'", ["Bakkerij Zonnekorrel"]),
        ("startswith(Name,'Apotheek') eq true", ["Apotheek De Groene Vijzel", "Apotheek Groene Vijzel bv"]),
        ("substringof('Vijzel',Name) and IsSupplier eq true", ["Apotheek De Groene Vijzel"]),
        ("Status eq 'S' or Status eq 'P'", ["Dakwerken Noorderwind bvba", "Studio Kwartnoot"]),
        (
            "not (Country eq 'BE') and IsSupplier eq false",
            ["Ets. Roche-Tendre", "Möbelwerk Grünspecht", "Pont-Mauve Fiduciaire"],
        ),
        ("(Status eq 'S' or Status eq 'P') and City eq 'Mechelen'", ["Studio Kwartnoot"]),
        ("VATNumber eq null and ChamberOfCommerce ne null and IsSupplier eq true", ["Spiegelblank Reiniging"]),
        ("Created gt datetime'2099-01-01'", []),
        ("tolower(Name) eq 'taxi achterbankje bv'", ["Taxi Achterbankje bv"]),
        ("'P' eq Status", ["Studio Kwartnoot"]),
    ],
)
def test_filters(exact: ExactCaller, condition: str, expected: list[str]) -> None:
    assert names(exact, condition) == expected


def test_filter_by_numbers_and_dates(exact: ExactCaller) -> None:
    select = "EntryNumber"
    condition = "EntryNumber ge 25700005 and EntryNumber lt 26000000"
    found = {row["EntryNumber"] for row in exact.rows("salesentry/SalesEntries", select=select, filter=condition)}
    assert found == {25700005, 25700006}
    found = {
        row["EntryNumber"]
        for row in exact.rows(
            "salesentry/SalesEntries", select=select, filter="EntryDate ge datetime'2025-12-01T00:00:00'"
        )
    }
    assert found == {25700005, 25700006, 26700001}
    found = {
        row["EntryNumber"] for row in exact.rows("salesentry/SalesEntries", select=select, filter="AmountFC gt 1000.5")
    }
    assert found == {25700001, 25700004, 26700001}


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ("Nmae eq 'x'", "No property 'Nmae' exists"),
        ("Remarks eq 'x'", "Filtering on property 'Remarks' is not allowed"),
        ("ID eq '" + BAKERY + "'", "incompatible with operand types 'Edm.Guid' and 'Edm.String'"),
        ("ID eq guid'12'", "Unrecognized 'Edm.Guid' literal"),
        ("Created gt datetime'yesterday'", "Unrecognized 'Edm.DateTime' literal"),
        ("Name eq 'open", "Syntax error"),
        ("Name eq 'it's'", "Syntax error"),
        ("(Name eq 'a'", "Syntax error"),
        ("Name eq", "Syntax error"),
        ("BankAccounts/IBAN eq 'x'", "navigation property"),
        ("contains(Name,'x')", "Unknown function 'contains'"),
        ("IsSupplier eq 'true'", "incompatible"),
    ],
)
def test_filters_that_are_refused(exact: ExactCaller, condition: str, part: str) -> None:
    answer = exact.get("crm/Accounts", select="ID", filter=condition)
    assert answer.status_code == 400
    assert part in message(answer)


def test_row_versions_are_filtered_with_and_without_suffix(exact: ExactCaller) -> None:
    rows = exact.rows("sync/Cashflow/PaymentTerms", select="Timestamp,ID", filter="Timestamp gt 1")
    stamps = [int(row["Timestamp"]) for row in rows]
    assert len(stamps) == 10
    assert stamps == sorted(stamps)
    assert all(isinstance(row["Timestamp"], str) for row in rows)
    later = exact.rows("sync/Cashflow/PaymentTerms", select="Timestamp", filter=f"Timestamp gt {stamps[6]}L")
    assert [int(row["Timestamp"]) for row in later] == stamps[7:]
    refused = exact.get("sync/Cashflow/PaymentTerms", select="Timestamp", filter="YourRef eq '2026/0010'")
    assert refused.status_code == 400


def test_select_is_demanded_checked_and_obeyed(exact: ExactCaller) -> None:
    answer = exact.get("bulk/CRM/Accounts")
    assert answer.status_code == 400
    assert message(answer) == "Please add a $select or a $top=1 statement to the query string."
    assert exact.get("cashflow/Receivables", top="1").status_code == 200
    assert exact.get("cashflow/Receivables", top="2").status_code == 400
    unknown = exact.get("crm/Accounts", select="ID,Nmae")
    assert unknown.status_code == 400
    assert "'Nmae'" in message(unknown)
    row = exact.get("crm/Accounts", select="ID,Name", filter=f"ID eq guid'{BAKERY}'").json()["d"]["results"][0]
    assert set(row) == {"__metadata", "ID", "Name"}


def test_entity_by_key_and_its_shape(exact: ExactCaller) -> None:
    answer = exact.get(f"crm/Accounts(guid'{BAKERY}')")
    row = answer.json()["d"]
    uri = f"{exact.root}/api/v1/{MAIN}/crm/Accounts(guid'{BAKERY}')"
    assert row["__metadata"] == {"uri": uri, "type": "Exact.Web.Api.Models.Account"}
    assert row["Code"] == "1".rjust(18)
    assert row["Country"] == "BE "
    assert row["Parent"] is None
    assert row["BankAccounts"] == {"__deferred": {"uri": f"{uri}/BankAccounts"}}
    assert re.fullmatch(r"/Date\(\d{13}\)/", row["Created"])
    assert len(row) == 165  # 164 properties and the metadata: nulls are written out
    assert exact.get("crm/Accounts(guid'00000000-0000-0000-0000-000000000000')").status_code == 404
    assert exact.get("crm/Accounts(12)").status_code == 400
    assert exact.get(f"system/Divisions({MAIN})", select="Code").json()["d"]["Code"] == MAIN


def test_dates_are_midnight_as_utc(exact: ExactCaller) -> None:
    row = exact.get(f"salesentry/SalesEntries(guid'{PLANTED}')", select="EntryDate,DueDate").json()["d"]
    assert row["EntryDate"] == "/Date(1771459200000)/"  # 19 February 2026
    assert row["DueDate"] == "/Date(1774051200000)/"  # 21 March 2026


def test_lines_are_deferred_expanded_or_walked_to(exact: ExactCaller) -> None:
    one = {"filter": "YourRef eq '2026/0010'"}
    plain = exact.rows("salesentry/SalesEntries", select="EntryID,SalesEntryLines", **one)[0]
    assert set(plain["SalesEntryLines"]) == {"__deferred"}
    full = exact.rows(
        "salesentry/SalesEntries",
        select="EntryID,SalesEntryLines/AmountFC,SalesEntryLines/VATCode",
        expand="SalesEntryLines",
        **one,
    )[0]
    line = full["SalesEntryLines"]["results"][0]
    assert (line["AmountFC"], line["VATCode"]) == (1010.16, "4")
    assert "GLAccount" not in line
    only_header = exact.rows("salesentry/SalesEntries", select="EntryID", expand="SalesEntryLines", **one)[0]
    assert set(only_header) == {"EntryID"}
    walked = exact.rows(f"salesentry/SalesEntries(guid'{PLANTED}')/SalesEntryLines", select="AmountFC")
    assert walked == [{"AmountFC": 1010.16}]
    missing = exact.get("salesentry/SalesEntries", select="EntryID,SalesEntryLines/AmountFC", **one)
    assert missing.status_code == 400


def test_pages_follow_next_without_loss_or_double(exact: ExactCaller) -> None:
    exact.control("seed", division=EMPTY, accounts=150)
    first = exact.get("crm/Accounts", EMPTY, select="ID,Name", filter="Status eq 'C'").json()["d"]
    assert len(first["results"]) == 60
    assert "$skiptoken=guid" in first["__next"]
    assert "$select=ID%2CName" in first["__next"] or "%24select=ID%2CName" in first["__next"]
    rows = exact.rows("crm/Accounts", EMPTY, select="ID,Name", filter="Status eq 'C'")
    assert len(rows) == 150
    assert len({row["ID"] for row in rows}) == 150
    sync = exact.rows("sync/CRM/Accounts", EMPTY, select="ID,Timestamp", filter="Timestamp gt 1L")
    assert len(sync) == 150
    exact.settings(bulk_page_size=40)
    before = exact.requests()[-1]["seq"]
    assert len(exact.rows("sync/CRM/Accounts", EMPTY, select="ID,Timestamp", filter="Timestamp gt 1L")) == 150
    assert len(exact.requests(before)) == 4
    ordered = exact.rows("crm/Accounts", EMPTY, select="Name", orderby="Name desc")
    assert [row["Name"] for row in ordered] == sorted((row["Name"] for row in rows), reverse=True)


def test_exactly_full_last_page_has_no_next(exact: ExactCaller) -> None:
    exact.control("seed", division=EMPTY, accounts=120)
    second = exact.session.get(exact.get("crm/Accounts", EMPTY, select="ID").json()["d"]["__next"]).json()["d"]
    assert len(second["results"]) == 60
    assert "__next" not in second


def test_counts(exact: ExactCaller) -> None:
    answer = exact.session.get(exact.url("crm/Accounts/$count"), headers={"Accept": "*/*"})
    assert (answer.text, answer.headers["Content-Type"]) == ("25", "text/plain; charset=utf-8")
    filtered = exact.get("crm/Accounts/$count", filter="IsSupplier eq true")
    assert filtered.text == str(len(exact.rows("crm/Accounts", select="ID", filter="IsSupplier eq true")))
    inline = exact.get("crm/Accounts", select="ID", inlinecount="allpages", top="5").json()["d"]
    assert inline["__count"] == "25"
    assert len(inline["results"]) == 5


@pytest.mark.parametrize(
    ("how", "with_top", "without"), [("top", list, dict), ("never", dict, dict), ("always", list, list)]
)
def test_bare_arrays(exact: ExactCaller, how: str, with_top: type, without: type) -> None:
    exact.settings(bare_arrays=how)
    assert isinstance(exact.get("financial/Journals", top="5").json()["d"], with_top)
    assert isinstance(exact.get("financial/Journals").json()["d"], without)


def test_xml_unless_json_is_asked_for(exact: ExactCaller) -> None:
    answer = exact.session.get(exact.url("financial/Journals"), headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert "<d:Code>70</d:Code>" in answer.text


@pytest.mark.parametrize(
    ("resource", "division", "status", "reason"),
    [
        ("crm/Accounts?$select=ID", 999999, 403, "NoDivisionAccess"),
        ("crm/Acounts?$select=ID", MAIN, 404, None),
        ("crm/Accounts?$select=ID", None, 404, None),
        ("current/Me", MAIN, 501, None),
        ("crm/Accounts?$select=ID&$skip=60", MAIN, 400, None),
        ("crm/Accounts?$select=ID&$top=x", MAIN, 400, None),
        ("crm/Accounts?$select=ID&$orderby=Nmae", MAIN, 400, None),
        ("crm/Accounts?$select=ID&$expand=Contacts", MAIN, 400, None),
    ],
)
def test_addresses_that_are_refused(exact: ExactCaller, resource: str, division: int, status: int, reason: str) -> None:
    answer = exact.call("GET", resource, division)
    assert answer.status_code == status
    assert answer.headers.get("Reason") == reason
    assert set(answer.json()["error"]) == {"code", "message"}


def test_methods_that_are_not_there(exact: ExactCaller) -> None:
    assert exact.call("DELETE", f"cashflow/Receivables(guid'{PLANTED}')").status_code == 405
    assert exact.call("POST", "financial/FinancialPeriods", json={}).status_code == 405


def test_paths_do_not_mind_case(exact: ExactCaller) -> None:
    assert exact.get("Financial/journals", filter="Code eq '70'").json()["d"]["results"][0]["Type"] == 20


def test_catalogue_of_the_demo_books(exact: ExactCaller) -> None:
    journals = {
        row["Code"]: (row["Type"], row["IsBlocked"])
        for row in exact.rows("financial/Journals", select="Code,Type,IsBlocked")
    }
    assert journals["70"] == (20, False)
    assert journals["75"] == (20, True)
    assert len(journals) == 11
    vat = {
        row["Code"]: row
        for row in exact.rows("vat/VATCodes", select="Code,Type,Percentage,IsBlocked,VATTransactionType")
    }
    assert len(vat) == 29
    assert vat["4"] == {"Code": "4", "Type": "E", "Percentage": 0.21, "IsBlocked": False, "VATTransactionType": "S"}
    assert vat["205"]["Percentage"] == 0.205
    exact.settings(percentages="percent")
    assert exact.rows("vat/VATCodes", select="Percentage", filter="Code eq '205'") == [{"Percentage": 20.5}]
    accounts = exact.rows("bulk/Financial/GLAccounts", select="Code,Description,SearchCode,IsBlocked")
    assert len(accounts) == 111
    assert next(row for row in accounts if row["Code"] == "700990")["IsBlocked"] is True
    assert len(exact.rows("financial/FinancialPeriods", select="FinYear,FinPeriod")) == 36
    closed = exact.rows("read/financial/JournalStatusList", filter="Status eq 1")
    assert {(row["Year"], row["Period"]) for row in closed} == {(2026, 1)}
    assert len(closed) == 11
    assert {row["Code"] for row in exact.rows("general/Currencies")} == {"EUR", "USD", "GBP"}
    discount = exact.rows("cashflow/PaymentConditions", filter="Code eq '2K'")[0]
    assert (discount["PaymentDays"], discount["DiscountPercentage"], discount["DiscountPaymentDays"]) == (30, 0.02, 8)


def test_dutch_books_and_second_belgian_division(exact: ExactCaller) -> None:
    assert exact.rows("vat/VATCodes", DUTCH, select="Description", filter="Code eq '2'") == [
        {"Description": "Btw hoog, exclusief 21 %"}
    ]
    assert exact.rows("financial/GLAccounts", DUTCH, select="UseCostcenter", filter="Code eq '8410'") == [
        {"UseCostcenter": 1}
    ]
    assert exact.rows("crm/Accounts", EMPTY, select="ID") == []
    here = exact.rows("financial/Journals", MAIN, select="ID", filter="Code eq '70'")
    there = exact.rows("financial/Journals", EMPTY, select="ID", filter="Code eq '70'")
    assert here != there  # ids belong to one division


def test_history_is_paid_or_open_as_in_the_books(exact: ExactCaller) -> None:
    rows = exact.rows("cashflow/Receivables", select="YourRef,IsFullyPaid,AmountDC,TransactionAmountDC,InvoiceNumber")
    by_reference = {row["YourRef"]: row for row in rows}
    assert len(rows) == 7
    assert by_reference["2026/0010"] == {
        "YourRef": "2026/0010",
        "IsFullyPaid": False,
        "AmountDC": -1222.29,
        "TransactionAmountDC": 1222.29,
        "InvoiceNumber": 26700001,
    }
    assert by_reference["2025/0290"]["IsFullyPaid"] is True
    open_list = exact.rows("read/financial/ReceivablesList", select="HID,YourRef,Amount")
    assert {(row["YourRef"], row["Amount"]) for row in open_list} == {("2025/0295", 897.82), ("2026/0010", 1222.29)}
    assert exact.books()["totals"]["balance"] == "0.00"


def test_only_wanted_books_are_loaded() -> None:
    with Sandbox(books=["exact-nl"]) as sandbox:
        rows = ExactCaller(sandbox).rows("system/Divisions", DUTCH, select="Code")
    assert [row["Code"] for row in rows] == [DUTCH, ARCHIVED]
    with pytest.raises(BadControl, match="exact-fr"):
        Sandbox(books=["exact-fr"])
