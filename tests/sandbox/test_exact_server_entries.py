"""Booking entries: VAT, totals, numbers, signs, and what the answer says."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import DUTCH, MAIN, ExactCaller

BAKERY = "e077c813-218b-52bc-b114-734a0e988e1b"  # customer, condition 30
PRINTER = "4a3b3592-7ff7-5072-a9a5-24739f610385"  # customer and supplier
SALES, PURCHASES = "salesentry/SalesEntries", "purchaseentry/PurchaseEntries"


def invoice(exact: ExactCaller, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
    account = exact.ledger("700100")
    return {
        "Customer": BAKERY,
        "Journal": "70",
        "EntryDate": "2026-03-17",
        "YourRef": "2026/0500",
        "SalesEntryLines": [{"GLAccount": account, "VATCode": "4", **line} for line in lines or ({"AmountFC": 100.0},)],
    } | header


def purchase(exact: ExactCaller, *lines: dict[str, Any], **header: Any) -> dict[str, Any]:
    account = exact.ledger("613310")
    return {
        "Supplier": PRINTER,
        "Journal": "60",
        "EntryDate": "2026-03-17",
        "YourRef": "F-500",
        "PurchaseEntryLines": [{"GLAccount": account, "VATCode": "31", **line} for line in lines],
    } | header


def test_answer_is_mostly_null_without_prefer(exact: ExactCaller) -> None:
    answer = exact.post(SALES, invoice(exact))
    assert answer.status_code == 201
    body = answer.json()["d"]
    assert body["__metadata"]["uri"] == answer.headers["Location"]
    filled = {name for name, value in body.items() if value is not None}
    assert filled == {"__metadata", "EntryID", "SalesEntryLines"}
    assert set(body["SalesEntryLines"]) == {"__deferred"}


def test_answer_with_prefer_carries_what_was_stored(exact: ExactCaller) -> None:
    body = exact.post_full(SALES, invoice(exact))
    assert (body["AmountFC"], body["VATAmountFC"], body["AmountDC"]) == (121.0, 21.0, 121.0)
    assert (body["Type"], body["Status"], body["Journal"], body["Currency"]) == (20, 20, "70", "EUR")
    assert body["EntryNumber"] == body["InvoiceNumber"] == 26700002
    assert (body["ReportingYear"], body["ReportingPeriod"]) == (2026, 3)
    assert body["PaymentCondition"] == "30"  # the customer's own
    assert body["EntryDate"] == "/Date(1773705600000)/"
    assert body["DueDate"] == "/Date(1776297600000)/"  # 30 days later
    assert "__deferred" in body["SalesEntryLines"]
    exact.settings(answer_lines="expanded")
    body = exact.post_full(SALES, invoice(exact, YourRef="2026/0501"))
    assert [line["AmountFC"] for line in body["SalesEntryLines"]["results"]] == [100.0]


def test_numbers_run_per_journal_and_year(exact: ExactCaller) -> None:
    numbers = [exact.post_full(SALES, invoice(exact))["EntryNumber"] for _ in range(2)]
    assert numbers == [26700002, 26700003]
    assert exact.post_full(SALES, invoice(exact, EntryDate="2025-06-01"))["EntryNumber"] == 25700007
    assert exact.post_full(SALES, invoice(exact, Journal="71"))["EntryNumber"] == 26710001
    assert exact.post_full(SALES, invoice(exact, EntryNumber=26700090))["EntryNumber"] == 26700090
    assert exact.post_full(SALES, invoice(exact))["EntryNumber"] == 26700091
    assert exact.post(SALES, invoice(exact, EntryNumber=26700090)).status_code == 500


def test_a_number_is_not_given_out_again_after_deleting(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact))
    assert exact.call("DELETE", f"{SALES}(guid'{entry['EntryID']}')").status_code == 204
    assert exact.post_full(SALES, invoice(exact))["EntryNumber"] == 26700003


@pytest.mark.parametrize(
    ("code", "amount", "given", "net", "vat"),
    [
        ("4", "19.99", None, "19.99", "4.20"),  # excluding: 4.1979
        ("4", "0.50", None, "0.50", "0.11"),  # a half cent goes up
        ("4", "-0.50", None, "-0.50", "-0.11"),  # away from zero
        ("4", "19.99", "4.19", "19.99", "4.19"),  # the caller's amount wins
        ("4", "19.99", "0", "19.99", "0.00"),
        ("3", "121.00", None, "100.00", "21.00"),  # including
        ("3", "100.00", None, "82.64", "17.36"),
        ("3", "100.00", "17.30", "82.70", "17.30"),
        ("6", "80.00", None, "80.00", "0.00"),
        ("N", "80.00", "0", "80.00", "0.00"),
        (None, "80.00", None, "80.00", "0.00"),
    ],
)
def test_vat_by_kind_of_code(
    exact: ExactCaller, code: str | None, amount: str, given: str | None, net: str, vat: str
) -> None:
    line = {"AmountFC": amount, "VATCode": code} | ({"VATAmountFC": given} if given is not None else {})
    exact.post_full(SALES, invoice(exact, line))
    entry = exact.entry("2026/0500")
    assert (entry["lines"][0]["net"], entry["lines"][0]["vat"]) == (net, vat)
    assert Decimal(entry["total"]) == Decimal(net) + Decimal(vat)
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_line_rounding_adds_up_per_line(exact: ExactCaller) -> None:
    body = exact.post_full(SALES, invoice(exact, *[{"AmountFC": 0.12}] * 3))
    assert body["VATAmountFC"] == 0.09  # 3 x 0.0252, each rounded; 0.08 on the sum
    assert body["AmountFC"] == 0.45


def test_default_vat_code_of_the_ledger_account(exact: ExactCaller) -> None:
    exact.control("touch", table="glaccounts", code="700100", division=MAIN, values={"VATCode": "1"})
    exact.post_full(SALES, invoice(exact, {"AmountFC": 100, "VATCode": None}))
    assert exact.entry("2026/0500")["lines"][0]["vat"] == "6.00"


def test_negative_total_is_a_credit_note(exact: ExactCaller) -> None:
    body = exact.post_full(SALES, invoice(exact, {"AmountFC": -100.0, "VATAmountFC": -21.0}, Journal="71"))
    assert (body["Type"], body["AmountFC"], body["VATAmountFC"]) == (21, -121.0, -21.0)
    entry = exact.entry("2026/0500")
    assert (entry["total"], entry["open"]) == ("-121.00", "-121.00")
    term = exact.rows("cashflow/Receivables", select="AmountFC,TransactionAmountFC", filter="YourRef eq '2026/0500'")
    assert term == [{"AmountFC": 121.0, "TransactionAmountFC": -121.0}]


def test_type_in_the_body_is_ignored_or_flips(exact: ExactCaller) -> None:
    ignored = exact.post_full(SALES, invoice(exact, Type=21))
    assert (ignored["Type"], ignored["AmountFC"]) == (20, 121.0)
    exact.settings(type_in_post="flip")
    flipped = exact.post_full(SALES, invoice(exact, {"AmountFC": 100.0, "VATAmountFC": 21.0}, Type=21))
    assert (flipped["Type"], flipped["AmountFC"], flipped["VATAmountFC"]) == (21, -121.0, -21.0)


def test_read_only_properties_are_ignored_or_refused(exact: ExactCaller) -> None:
    assert exact.post_full(SALES, invoice(exact, AmountFC=5, Status=50))["AmountFC"] == 121.0
    exact.settings(readonly_in_post="refuse")
    assert exact.post(SALES, invoice(exact, AmountFC=5)).status_code == 400


def test_foreign_currency_and_rate(exact: ExactCaller) -> None:
    body = exact.post_full(SALES, invoice(exact, {"AmountFC": 10.01}, {"AmountFC": 20.02}, Currency="USD", Rate=0.9137))
    assert body["Currency"] == "USD"
    assert (body["AmountFC"], body["VATAmountFC"]) == (36.33, 6.30)
    # 9.15 + 18.29 net, 1.92 + 3.84 VAT: every part is turned into euros by itself
    assert (body["AmountDC"], body["VATAmountDC"]) == (33.2, 5.76)
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"
    without = exact.post_full(SALES, invoice(exact, {"AmountFC": 100, "VATCode": "8"}, Currency="USD"))
    assert (without["Rate"], without["AmountDC"]) == (0.92, 92.0)
    exact.settings(rate_direction="divide")
    divided = exact.post_full(SALES, invoice(exact, {"AmountFC": 100, "VATCode": "8"}, Currency="USD", Rate=1.25))
    assert divided["AmountDC"] == 80.0


def test_entry_id_of_the_caller(exact: ExactCaller) -> None:
    mine = "0b6b2b1c-1111-4222-8333-944455556666"
    assert exact.post_full(SALES, invoice(exact, EntryID=mine))["EntryID"] == mine
    again = exact.post(SALES, invoice(exact, EntryID=mine))
    assert again.status_code == 500
    assert again.json()["error"]["message"]["value"] == "Gegeven bestaat reeds."
    assert exact.entry("2026/0500")["entry_id"] == mine
    exact.settings(entry_id_from_caller=False)
    assert exact.post_full(SALES, invoice(exact, EntryID=mine, YourRef="x"))["EntryID"] != mine


@pytest.mark.parametrize(
    ("condition", "day", "due"),
    [("30", "2026-03-17", "2026-04-16"), ("2E", "2026-03-17", "2026-05-31"), ("1E", "2026-11-30", "2026-12-31")],
)
def test_due_date_by_condition(exact: ExactCaller, condition: str, day: str, due: str) -> None:
    exact.post_full(SALES, invoice(exact, PaymentCondition=condition, EntryDate=day))
    entry = exact.entry("2026/0500")
    assert (entry["payment_condition"], entry["due_date"]) == (condition, due)


def test_given_due_date_wins(exact: ExactCaller) -> None:
    exact.post_full(SALES, invoice(exact, PaymentCondition="2E", DueDate="2026-03-20T00:00:00Z"))
    assert exact.entry("2026/0500")["due_date"] == "2026-03-20"


def test_instalments_make_several_terms(exact: ExactCaller) -> None:
    for days, share in ((10, 0.3), (40, 0.7)):
        body = {"Code": "TW", "Description": "Twee keer", "PaymentDays": days, "Percentage": share}
        assert exact.post("cashflow/PaymentConditions", body).status_code == 201
    exact.post_full(SALES, invoice(exact, {"AmountFC": 33.33}, PaymentCondition="TW"))
    terms = [term for term in exact.books(parts="terms")["terms"] if term["reference"] == "2026/0500"]
    found = {(term["due_date"], term["amount"]) for term in terms}
    assert found == {("2026-03-27", "12.10"), ("2026-04-26", "28.23")}


def test_purchase_and_its_credit_note(exact: ExactCaller) -> None:
    body = exact.post_full(PURCHASES, purchase(exact, {"AmountFC": 50.0}, PaymentReference="+++090/9337/55493+++"))
    assert (body["Type"], body["AmountFC"], body["EntryNumber"]) == (30, 60.5, 26600002)
    assert body["PaymentReference"] == "+++090/9337/55493+++"
    credit = exact.post_full(PURCHASES, purchase(exact, {"AmountFC": -50.0}, Journal="61", YourRef="C-1"))
    assert (credit["Type"], credit["AmountFC"]) == (31, -60.5)
    rows = exact.rows("cashflow/Payments", select="YourRef,AmountFC,Status", filter="TransactionReportingYear eq 2026")
    by_reference = {row["YourRef"]: (row["AmountFC"], row["Status"]) for row in rows}
    assert by_reference["F-500"] == (60.5, 20)
    assert by_reference["C-1"] == (-60.5, 20)
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_reverse_charge_is_booked_on_both_sides_outside_the_total(exact: ExactCaller) -> None:
    body = exact.post_full(PURCHASES, purchase(exact, {"AmountFC": 200.0, "VATCode": "38"}))
    assert (body["AmountFC"], body["VATAmountFC"]) == (200.0, 0.0)
    entry = exact.entry("F-500")
    assert entry["lines"][0]["vat_charged"] == "42.00"
    lines = exact.rows(
        "financialtransaction/TransactionLines",
        select="AmountDC,GLAccountCode",
        filter=f"EntryID eq guid'{body['EntryID']}'",
    )
    assert sorted((line["GLAccountCode"], line["AmountDC"]) for line in lines) == [
        ("411000", 42.0),
        ("440000", -200.0),
        ("451000", -42.0),
        ("613310", 200.0),
    ]


def test_transaction_lines_are_balanced_and_synced(exact: ExactCaller) -> None:
    mark = max(int(row["Timestamp"]) for row in exact.rows("sync/Financial/TransactionLines", select="Timestamp"))
    entry = exact.post_full(SALES, invoice(exact, {"AmountFC": 100}, {"AmountFC": 50, "VATCode": "1"}))
    lines = exact.rows(
        "sync/Financial/TransactionLines", select="EntryID,AmountDC,GLAccountCode", filter=f"Timestamp gt {mark}L"
    )
    assert {line["EntryID"] for line in lines} == {entry["EntryID"]}
    assert sorted((line["GLAccountCode"], line["AmountDC"]) for line in lines) == [
        ("400000", 174.0),
        ("451000", -21.0),
        ("451000", -3.0),
        ("700100", -100.0),
        ("700100", -50.0),
    ]


def test_document_with_attachment_hangs_on_the_entry(exact: ExactCaller) -> None:
    document = exact.post_full("documents/Documents", {"Subject": "Invoice 2026/0500", "Type": 10})
    file = {"Document": document["ID"], "FileName": "invoice.pdf", "Attachment": "JVBERi0xLjQK"}
    attached = exact.post_full("documents/DocumentAttachments", file)
    assert attached["FileSize"] == 9
    exact.post_full(SALES, invoice(exact, Document=document["ID"]))
    assert exact.entry("2026/0500")["document"] == document["ID"]
    assert exact.books(parts="documents")["documents"] == [
        {
            "id": document["ID"],
            "subject": "Invoice 2026/0500",
            "type": 10,
            "files": [{"name": "invoice.pdf", "bytes": 9, "sha256": hashlib.sha256(b"%PDF-1.4\n").hexdigest()}],
        }
    ]


def test_put_changes_only_what_is_sent(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact, Description="before"))
    key = f"{SALES}(guid'{entry['EntryID']}')"
    answer = exact.call("PUT", key, json={"YourRef": "2026/0777", "DueDate": "2026-05-01"})
    assert (answer.status_code, answer.content) == (204, b"")
    changed = exact.entry("2026/0777")
    assert (changed["description"], changed["due_date"], changed["total"]) == ("before", "2026-05-01", "121.00")
    term = exact.rows("cashflow/Receivables", select="DueDate", filter="YourRef eq '2026/0777'")
    assert term == [{"DueDate": "/Date(1777593600000)/"}]
    new_line = {"SalesEntryLines": [{"AmountFC": 1, "GLAccount": exact.ledger("700100")}]}
    refused = exact.call("PUT", key, json=new_line)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]["value"].startswith(
        "Error processing request stream. Binding to new entities"
    )


def test_a_refused_change_changes_nothing(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact))
    line = exact.rows("salesentry/SalesEntryLines", select="ID", filter=f"EntryID eq guid'{entry['EntryID']}'")[0]["ID"]
    before = exact.books()
    body = {"YourRef": "2026/0777", "SalesEntryLines": [{"ID": line, "VATCode": "99"}]}
    assert exact.call("PUT", f"{SALES}(guid'{entry['EntryID']}')", json=body).status_code == 500
    assert exact.books() == before
    body["SalesEntryLines"] = [{"ID": line, "VATCode": "1"}]
    assert exact.call("PUT", f"{SALES}(guid'{entry['EntryID']}')", json=body).status_code == 204
    assert (exact.entry("2026/0777")["total"], exact.entry("2026/0777")["open"]) == ("106.00", "106.00")


def test_many_callers_at_once_get_their_own_numbers(exact: ExactCaller) -> None:
    body = invoice(exact)
    headers = dict(exact.session.headers) | {"Prefer": "return=representation"}

    def post(n: int) -> int:
        answer = requests.post(exact.url(SALES), json=body | {"YourRef": f"P{n}"}, headers=headers, timeout=10)
        return answer.json()["d"]["EntryNumber"]

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(post, range(40)))
    assert sorted(numbers) == list(range(26700002, 26700042))
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_lines_can_be_changed_added_and_taken_out(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact))
    line = exact.rows("salesentry/SalesEntryLines", select="ID", filter=f"EntryID eq guid'{entry['EntryID']}'")[0]["ID"]
    assert exact.call("PUT", f"salesentry/SalesEntryLines(guid'{line}')", json={"AmountFC": 200}).status_code == 204
    assert (exact.entry("2026/0500")["total"], exact.entry("2026/0500")["open"]) == ("242.00", "242.00")
    body = {"EntryID": entry["EntryID"], "AmountFC": 10, "GLAccount": exact.ledger("700100"), "VATCode": "1"}
    second = exact.post_full("salesentry/SalesEntryLines", body)
    assert second["LineNumber"] == 2
    assert exact.entry("2026/0500")["total"] == "252.60"
    assert exact.call("DELETE", f"salesentry/SalesEntryLines(guid'{line}')").status_code == 204
    assert exact.entry("2026/0500")["total"] == "10.60"
    assert exact.call("DELETE", f"salesentry/SalesEntryLines(guid'{second['ID']}')").status_code == 500
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_deleting_takes_everything_out_and_lists_it(exact: ExactCaller) -> None:
    before = exact.books(parts="entries,terms,totals")
    entry = exact.post_full(SALES, invoice(exact))
    term = exact.rows("cashflow/Receivables", select="ID", filter="YourRef eq '2026/0500'")[0]["ID"]
    assert exact.call("DELETE", f"{SALES}(guid'{entry['EntryID']}')").status_code == 204
    assert exact.get(f"{SALES}(guid'{entry['EntryID']}')").status_code == 404
    after = exact.books(parts="entries,terms,totals")
    assert after == before
    deleted = exact.rows("sync/Deleted", filter="Timestamp gt 1L", select="EntityType,EntityKey,Timestamp")
    assert [row["EntityKey"] for row in deleted if row["EntityType"] == 10] == [term]
    assert sum(row["EntityType"] == 1 for row in deleted) == 3


def test_dutch_books_take_dutch_codes(exact: ExactCaller) -> None:
    customer = exact.rows("crm/Accounts", DUTCH, select="ID", filter="trim(Code) eq '1'")[0]["ID"]
    line = {"AmountFC": 72.45, "GLAccount": exact.ledger("8010", DUTCH), "VATCode": "1"}
    body = {
        "Customer": customer,
        "Journal": "70",
        "EntryDate": "2026-02-20",
        "YourRef": "202620099",
        "SalesEntryLines": [line],
    }
    stored = exact.post_full(SALES, body, DUTCH)
    assert (stored["AmountFC"], stored["EntryNumber"]) == (78.97, 26700002)
