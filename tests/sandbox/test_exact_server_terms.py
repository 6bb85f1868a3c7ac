"""Payments: terms, splitting, row versions, reopening."""

import pytest
import requests

from tests.sandbox.conftest import MAIN, ExactCaller
from tests.sandbox.test_exact_server_entries import PURCHASES, SALES, invoice, purchase

FIELDS = "Timestamp,ID,LineType,IsFullyPaid,Status,TransactionEntryID,EntryID,AmountFC,EndDate,LastPaymentDate,YourRef"


def mark(exact: ExactCaller) -> int:
    """Return the highest row version of the terms."""
    rows = exact.rows("sync/Cashflow/PaymentTerms", select="Timestamp")
    return max(int(row["Timestamp"]) for row in rows)


def changed(exact: ExactCaller, since: int) -> list[dict]:
    return exact.rows("sync/Cashflow/PaymentTerms", select=FIELDS, filter=f"Timestamp gt {since}L")


def test_new_entry_shows_as_one_open_term(exact: ExactCaller) -> None:
    since = mark(exact)
    entry = exact.post_full(SALES, invoice(exact))
    rows = changed(exact, since)
    assert len(rows) == 1
    assert rows[0]["TransactionEntryID"] == rows[0]["EntryID"] == entry["EntryID"]
    assert (rows[0]["LineType"], rows[0]["Status"], rows[0]["IsFullyPaid"]) == (20, 20, False)
    assert (rows[0]["AmountFC"], rows[0]["EndDate"], rows[0]["LastPaymentDate"]) == (-121.0, None, None)


def test_paying_all_matches_the_term_and_moves_its_row_version(exact: ExactCaller) -> None:
    exact.post_full(SALES, invoice(exact))
    since = mark(exact)
    paid = exact.control("pay", reference="2026/0500", date="2026-04-01")
    assert (paid["paid"], paid["open"]) == ("121.00", "0.00")
    rows = changed(exact, since)
    assert [(row["Status"], row["IsFullyPaid"], row["AmountFC"]) for row in rows] == [(50, True, -121.0)]
    assert rows[0]["LastPaymentDate"] == rows[0]["EndDate"] == "/Date(1775001600000)/"
    open_list = exact.rows("read/financial/ReceivablesList", select="YourRef")
    assert "2026/0500" not in {row["YourRef"] for row in open_list}
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_paying_in_parts_splits_the_term(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact))
    since = mark(exact)
    assert exact.control("pay", reference="2026/0500", amount="40.25")["open"] == "80.75"
    rows = changed(exact, since)
    assert sorted((row["Status"], row["IsFullyPaid"], row["AmountFC"]) for row in rows) == [
        (20, False, -80.75),
        (50, True, -40.25),
    ]
    assert {row["TransactionEntryID"] for row in rows} == {entry["EntryID"]}
    assert len({row["EntryID"] for row in rows}) == 2
    since = mark(exact)
    exact.control("pay", reference="2026/0500", amount="80.75")
    assert [(row["Status"], row["AmountFC"]) for row in changed(exact, since)] == [(50, -80.75)]
    everything = [row for row in changed(exact, 1) if row["TransactionEntryID"] == entry["EntryID"]]
    assert [row["IsFullyPaid"] for row in everything] == [True, True]
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_paying_too_much_or_nothing_is_refused(exact: ExactCaller) -> None:
    exact.post_full(SALES, invoice(exact))
    before = exact.books()
    for amount in ("121.01", "0", "-5"):
        data = {"reference": "2026/0500", "amount": amount}
        answer = requests.post(f"{exact.sandbox.base_url}/_sandbox/pay", json=data, timeout=20)
        assert answer.status_code == 409
    assert exact.books() == before


def test_unknown_or_ambiguous_reference(exact: ExactCaller) -> None:
    url = f"{exact.sandbox.base_url}/_sandbox/pay"
    assert requests.post(url, json={"reference": "nowhere"}, timeout=20).status_code == 404
    for _ in range(2):
        exact.post_full(SALES, invoice(exact))
    assert requests.post(url, json={"reference": "2026/0500"}, timeout=20).status_code == 409
    assert requests.post(url, json={}, timeout=20).status_code == 400


def test_taking_a_payment_back_reopens_and_shows_again(exact: ExactCaller) -> None:
    exact.post_full(SALES, invoice(exact))
    exact.control("pay", reference="2026/0500", amount="21.00")
    exact.control("pay", reference="2026/0500")
    since = mark(exact)
    assert exact.control("unpay", reference="2026/0500")["open"] == "121.00"
    rows = changed(exact, since)
    assert sorted((row["Status"], row["IsFullyPaid"], row["EndDate"], row["AmountFC"]) for row in rows) == [
        (20, False, None, -100.0),
        (20, False, None, -21.0),
    ]
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"


def test_payables_and_credit_notes(exact: ExactCaller) -> None:
    exact.post_full(PURCHASES, purchase(exact, {"AmountFC": 50.0}))
    exact.post_full(SALES, invoice(exact, {"AmountFC": -10.0}, YourRef="CN-1", Journal="71"))
    since = mark(exact)
    exact.control("pay", reference="F-500")
    assert exact.control("pay", reference="CN-1", amount="2.10")["open"] == "-10.00"
    rows = {
        (row["YourRef"], row["Status"]): (row["LineType"], row["IsFullyPaid"], row["AmountFC"])
        for row in changed(exact, since)
    }
    assert rows == {("F-500", 50): (22, True, 60.5), ("CN-1", 20): (20, False, 10.0), ("CN-1", 50): (20, True, 2.1)}
    assert exact.books(parts="totals")["totals"]["balance"] == "0.00"
    exact.settings(payables_is_fully_paid=False)
    exact.post_full(PURCHASES, purchase(exact, {"AmountFC": 1.0}, YourRef="F-501"))
    exact.control("pay", reference="F-501")
    assert [(row["Status"], row["IsFullyPaid"]) for row in changed(exact, mark(exact) - 1)] == [(50, None)]


@pytest.mark.parametrize("status", [30, 40])
def test_selected_or_processed_is_not_paid(exact: ExactCaller, status: int) -> None:
    exact.post_full(SALES, invoice(exact))
    since = mark(exact)
    exact.control("term_status", reference="2026/0500", status=status)
    assert [(row["Status"], row["IsFullyPaid"]) for row in changed(exact, since)] == [(status, False)]
    assert exact.entry("2026/0500")["open"] == "121.00"
    assert exact.control("pay", reference="2026/0500")["open"] == "0.00"


def test_row_version_may_stay_where_it_was(exact: ExactCaller) -> None:
    exact.post_full(SALES, invoice(exact))
    exact.post_full(SALES, invoice(exact, YourRef="2026/0501"))
    exact.settings(timestamp_moves_on_match=False)
    since = mark(exact)
    exact.control("pay", reference="2026/0500")
    assert changed(exact, since) == []
    row = exact.rows("cashflow/Receivables", select="IsFullyPaid", filter="YourRef eq '2026/0500'")
    assert row == [{"IsFullyPaid": True}]
    stamps = [int(row["Timestamp"]) for row in exact.rows("sync/Cashflow/PaymentTerms", select="Timestamp")]
    assert stamps == sorted(stamps)


def test_receivables_by_entry_bulk_and_overview(exact: ExactCaller) -> None:
    entry = exact.post_full(SALES, invoice(exact))
    exact.control("pay", reference="2026/0500", amount="1.00")
    condition = f"TransactionEntryID eq guid'{entry['EntryID']}'"
    assert len(exact.rows("cashflow/Receivables", select="ID", filter=condition)) == 2
    assert exact.get("bulk/Cashflow/Receivables", select="ID", filter=condition).status_code == 400
    number = f"InvoiceNumber eq {entry['EntryNumber']}"
    assert len(exact.rows("bulk/Cashflow/Receivables", select="ID", filter=number)) == 2
    overview = exact.rows("read/financial/OutstandingInvoicesOverview")
    assert overview[0]["CurrencyCode"] == "EUR"
    assert overview[0]["OutstandingReceivableInvoiceAmount"] == 2240.11  # 897.82 + 1222.29 + 120.00
    assert overview[0]["OutstandingReceivableInvoiceCount"] == 3


def test_moving_a_division_makes_all_row_versions_new(exact: ExactCaller) -> None:
    since = mark(exact)
    exact.control("move_division", division=MAIN)
    assert len(changed(exact, since)) == 10
    row = exact.rows("system/Divisions", select="DivisionMoveDate", filter=f"Code eq {MAIN}")[0]
    assert row["DivisionMoveDate"] is not None
