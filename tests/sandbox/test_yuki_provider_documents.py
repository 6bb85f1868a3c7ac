"""Bookings at Yuki over HTTP: batches, credit notes, refusals, customers inline, purchases, and finding one again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from lxml import etree

from integrations.base.errors import AccessDenied, AuthorisationLost, BatchRefused, IntegrationError, RateLimited
from integrations.base.records import (
    Absent,
    BookedTotals,
    CannotTell,
    DocumentKind,
    DocumentRef,
    ExternalRef,
    File,
    Found,
    NotTried,
    Posted,
    Refused,
    Unclear,
    VatTotal,
)
from integrations.yuki import lookups, uploads
from integrations.yuki.limits import CALL_BYTES, LIMITS
from integrations.yuki.unsure import Readings
from tests.reference import beside
from tests.sandbox.yuki_box import (
    DUTCH,
    KEY_BE,
    KEY_NL,
    MAIN,
    SECOND,
    YukiBox,
    account,
    document,
    line,
    party,
    query,
    taken,
)

BAKERY = "32452a63-256b-58bf-9ae9-109afbf44617"
PDF = File(name="2026-0142.pdf", content=b"%PDF-1.4")


@pytest.fixture
def box() -> Iterator[YukiBox]:
    with YukiBox() as opened:
        yield opened


def credit(number: int = 3, *lines, **changes):
    return document(*lines, number=number, kind=DocumentKind.SALES_CREDIT_NOTE, **changes)


# --- booking --------------------------------------------------------------------------------------------------


def test_an_invoice_is_booked_with_its_customer_and_read_back(box):
    made = document(line(), line("50.00", "3.00", "2:6.00", "700020"))
    (outcome,) = box.posted(made)
    assert outcome == Posted(
        ref=DocumentRef(
            external_id="2026/0142", number="2026/0142", fiscal_year="2026", kind=DocumentKind.SALES_INVOICE
        ),
        totals=BookedTotals(
            net=Decimal("150.00"),
            vat=Decimal("24.00"),
            total=Decimal("174.00"),
            per_vat_code=(
                VatTotal(vat_code="1:21.00", base=Decimal("100.00"), vat=Decimal("21.00")),
                VatTotal(vat_code="2:6.00", base=Decimal("50.00"), vat=Decimal("3.00")),
            ),
        ),
    )
    entry = box.entry("2026/0142")
    assert (entry["date"], entry["due_date"], entry["description"]) == (
        "2026-03-17",
        "2026-04-16",
        "2026/0142 customer",
    )
    assert (entry["party_code"], entry["party_name"]) == ("BB-000101", "O'Neill & Zonen bv")
    assert [(row["account"], row["vat_code"]) for row in entry["lines"]] == [
        ("700000", "1:21.00"),
        ("700020", "2:6.00"),
    ]


def test_a_batch_costs_one_call_and_one_to_read_it_back(box):
    box.provider.administrations()
    box.forget()
    made = [
        document(number=number, party_data=party(reference=f"BB-{number}", name=f"N{number} bv"))
        for number in range(201, 226)
    ]
    box.posted(*made)
    assert box.operations() == ["GetGLAccountScheme", "ProcessSalesInvoices", "GetTransactions"]
    assert (
        len({entry["party"] for entry in box.books()["entries"] if entry["reference"] in {m.reference for m in made}})
        == 25
    )


def test_what_is_more_than_a_batch_goes_in_several_calls(box):
    box.posted(*[document(number=number) for number in range(201, 228)])
    assert [body.count("<SalesInvoice>") for body in box.sent("ProcessSalesInvoices") if "<SalesInvoices" in body][
        1:
    ] == [2]
    assert box.books()["totals"]["sales_count"] == 34


def test_bytes_split_a_batch_as_well(box):
    big = File(name="a.pdf", content=b"%PDF" + b"x" * 1_000_000)
    box.posted(*[document(number=number, attachments=(big,)) for number in range(1, 4)])
    sizes = [len(record.url) for record in box.gate.records if record.operation == "ProcessSalesInvoices"]
    assert len(sizes) == 3
    files = [row["files"] for row in box.books()["documents"] if row["reference"].startswith("2026/000")]
    assert [file["name"] for (file,) in files] == ["a.pdf"] * 3
    assert LIMITS.bytes_per_call == CALL_BYTES


def test_a_credit_note_is_a_booking_with_a_negative_total(box):
    (outcome,) = box.posted(credit(3, line("80.00", "16.80"), line("-5.00", "-1.05")))
    assert outcome.totals.total == Decimal("90.75")
    entry = box.entry("2026/0003")
    assert (entry["total"], entry["payment_condition"]) == ("-90.75", "ToSettle")
    assert [row["quantity"] for row in entry["lines"]] == ["-1.00", "1.00"]


def test_cents_stay_ours_whatever_yuki_would_round_to(box):
    for number, rounding in ((1, "line"), (2, "rate")):
        box.switch(rounding=rounding)
        (outcome,) = box.posted(document(line("0.08", "0.02"), line("0.08", "0.01"), number=number))
        assert (outcome.totals.vat, outcome.remarks) == (Decimal("0.03"), ())


def test_what_yuki_computed_otherwise_is_seen(box):
    box.switch(line_amounts="ignored")
    (outcome,) = box.posted(document(line("0.08", "0.02"), line("0.08", "0.01")))
    assert outcome.totals.total == Decimal("0.20")


def test_a_pdf_is_stored_in_place_of_yuki_s(box):
    box.posted(document(attachments=(PDF,)))
    (row,) = [row for row in box.books()["documents"] if row["reference"] == "2026/0142"]
    assert [file["name"] for file in row["files"]] == ["2026-0142.pdf"]


def test_a_file_that_is_too_large_stays_behind(box):
    (outcome,) = box.posted(document(attachments=(replace(PDF, content=b"x" * 1_800_001),)))
    assert outcome.files_left == "2026-0142.pdf is larger than 1800 kB"
    (row,) = [row for row in box.books()["documents"] if row["reference"] == "2026/0142"]
    assert [file["bytes"] for file in row["files"]] == [0]
    assert not any("DocumentBase64" in body for body in box.sent("ProcessSalesInvoices"))


def test_one_pdf_goes_along_and_what_stays_is_told(box):
    own, xml = File(name="terms.pdf", content=b"%PDF"), replace(UBL, name="2026-0142.xml")
    (outcome,) = box.posted(document(attachments=(PDF, xml, own)))
    assert outcome.files_left == "terms.pdf: Yuki takes one PDF with an invoice"
    (row,) = [row for row in box.books()["documents"] if row["reference"] == "2026/0142"]
    assert [file["name"] for file in row["files"]] == ["2026-0142.pdf"]


def test_an_oss_line_says_which_of_several_codes(box):
    made = document(line("100.00", "20.00", "40:20.00:FR"))
    (outcome,) = box.posted(made)
    # The transactions do not tell codes of this kind apart, so only totals are compared.
    assert (outcome.totals.total, outcome.totals.per_vat_code) == (Decimal("120.00"), None)
    assert box.entry("2026/0142")["lines"][0]["vat_code"] == "40:20.00:FR"
    assert box.operations().count("ActiveVATCodesList") == 1


def test_a_dutch_administration_books_on_its_own_chart():
    with YukiBox(key=KEY_NL, division=DUTCH, path="/yuki/nl") as box:
        buyer = party(country="NL", postcode="3511 WK", city="Utrecht", vat_number="")
        made = document(line(ledger="80200"), line("10.00", "0.90", "2:9.00", "80300"), party_data=buyer)
        (outcome,) = box.posted(made)
        assert [(row.vat_code, row.base, row.vat) for row in outcome.totals.per_vat_code] == [
            ("1:21.00", Decimal("100.00"), Decimal("21.00")),
            ("2:9.00", Decimal("10.00"), Decimal("0.90")),
        ]


@pytest.mark.parametrize("shown", ["both", "base", "none"])
def test_without_vat_on_the_transactions_the_totals_are_compared(box, shown):
    box.switch(vat_on_transactions=shown)
    (outcome,) = box.posted(document())
    assert (outcome.totals.net, outcome.totals.total) == (Decimal("100.00"), Decimal("121.00"))
    assert (outcome.totals.per_vat_code is None) is (shown != "both")


@pytest.mark.parametrize("as_text", [False, True])
def test_the_answer_may_come_as_escaped_text(box, as_text):
    box.switch(result_as_text=as_text)
    wrong = document(number=2, date=date(2026, 1, 5))
    assert [type(outcome) for outcome in box.post(document(), wrong)] == [Posted, Refused]


def test_a_booking_that_is_not_to_be_seen_yet_has_no_totals(box):
    box.switch(transactions_delay_seconds=600, open_delay_seconds=600)
    (outcome,) = box.posted(document())
    assert (outcome.totals, outcome.ref.external_id) == (None, "2026/0142")


@pytest.mark.parametrize("kind", ["drop_before", "garbage", "status", "rate_day", "expired_token"])
def test_nothing_that_goes_wrong_afterwards_takes_a_booking_back(box, kind):
    box.fault(kind, "GetTransactions", times=2, status=500)
    (outcome,) = box.post(document())
    assert (type(outcome), outcome.totals) == (Posted, None)
    with pytest.raises(IntegrationError):
        box.read_back(document())
    assert len(box.entries("2026/0142")) == 1
    requests.delete(f"{box.sandbox.base_url}/_sandbox/faults", timeout=20)
    assert box.read_back(document(), box.open()).totals.total == Decimal("121.00")


# --- reading back what was booked -----------------------------------------------------------------------------


@pytest.mark.parametrize("most", [150, 500, 5000])
def test_many_batches_are_read_back_together_however_little_a_page_holds(box, most):
    box.switch(records_most=most)
    made = [document(number=number) for number in range(201, 501)]
    box.forget()
    assert {outcome.totals.total for outcome in box.posted(*made)} == {Decimal("121.00")}
    read = box.operations().count("GetTransactions")
    assert box.operations().count("ProcessSalesInvoices") == 12
    # 900 lines, and the overlap of each page; one more call shows that nothing follows.
    assert read == {150: 7, 500: 3, 5000: 2}[most]


def test_weeks_near_each_other_are_read_at_once_and_others_apart(box):
    days = [date(2026, 3, 2), date(2026, 3, 17), date(2026, 4, 20), date(2026, 9, 1)]
    made = [document(number=number, date=day) for number, day in enumerate(days, 1)]
    box.post(*made)
    box.forget()
    box.provider.expect_days(days)
    for one in made:
        assert box.read_back(one).totals.total == Decimal("121.00")
    asked_for = [re.findall(r"(?:start|end)Date>([0-9-]+)T", body) for body in box.sent("GetTransactions")]
    assert asked_for == [["2026-03-02", "2026-04-26"], ["2026-08-31", "2026-09-06"]]
    assert box.operations() == ["GetTransactions"] * 2


def test_a_backlog_of_a_year_is_read_in_quarters(box):
    days = [date(2026, 1, 1) + timedelta(days=7 * week) for week in range(52)]
    found = lookups.spans(days)
    assert len(found) == 4
    assert all((end - start).days < 7 * 14 and start.weekday() == 0 and end.weekday() == 6 for start, end in found)
    assert all(any(start <= day <= end for start, end in found) for day in days)


def test_where_many_lines_do_not_come_in_time_fewer_are_asked_for(box):
    made = document()
    box.post(made)
    box.fault("drop_before", "GetTransactions")
    assert isinstance(box.read_back(made), Found)
    numbers = [re.search(r"numberOfRecords>(\d+)<", body)[1] for body in box.sent("GetTransactions")]
    assert numbers == ["2000", "500"]


def test_what_yuki_said_it_booked_is_never_absent_while_its_lists_lag(box):
    box.switch(transactions_delay_seconds=1200)
    made = document()
    box.post(made)
    sent_at = box.now()
    early = box.provider.find_document(taken(made, sent_at=sent_at))
    assert (type(early), early.is_early) == (CannotTell, True)
    # Nothing but the ledger lines is read for it.
    assert "OutstandingDebtorItems" not in box.operations()
    box.later(minutes=21)
    assert isinstance(box.provider.find_document(taken(made, sent_at=sent_at)), Found)


def test_what_yuki_said_it_booked_and_somebody_deleted_is_absent_after_a_while(box):
    made = document()
    box.post(made)
    box.control("delete_entry", division=MAIN, entry_id=box.entry("2026/0142")["entry_id"])
    sent_at = box.now()
    assert box.provider.find_document(taken(made, sent_at=sent_at)).is_early
    box.later(minutes=16)
    assert box.provider.find_document(taken(made, sent_at=sent_at)) == Absent()


# --- customers inline -----------------------------------------------------------------------------------------


def test_a_known_customer_goes_by_its_own_code(box):
    known = box.relation("Drukkerij Inktvlek NV")
    box.posted(document(party=known, party_data=party(reference="BB-000007", name="Drukkerij Inktvlek", street="")))
    entry = box.entry("2026/0142")
    assert (entry["party"], entry["party_code"]) == (known.external_id, "K101")
    assert len(box.books()["parties"]) == 25


def test_a_known_customer_without_a_code_gets_ours_first(box):
    known = box.relation("Bakkerij Zonnekorrel")
    assert known.code == ""
    made = document(party=known, party_data=party(name="Bakkerij Zonnekorrel bv"))
    box.posted(made, replace(made, reference="2026/0143"))
    assert box.entry("2026/0142")["party"] == BAKERY
    assert len(box.books()["parties"]) == 25
    # Its code is written once, whatever the number of its invoices.
    assert box.operations().count("UpdateContact") == 1


def test_a_customer_whose_code_is_another_by_now_is_stopped(box):
    known = replace(box.relation("Drukkerij Inktvlek NV"), code="")
    (outcome,) = box.post(document(party=known))
    assert (type(outcome), outcome.code) == (Refused, "PAR-650")
    (gone,) = box.post(document(party=ExternalRef(external_id=KEY_BE)))
    assert (type(gone), gone.code) == (Refused, "PAR-641")
    assert box.books()["totals"]["sales_count"] == 7


def test_a_customer_that_got_no_code_waits_for_another_turn(box):
    known = box.relation("Bakkerij Zonnekorrel")
    box.fault("drop_after", "UpdateContact")
    waiting, booked = box.post(document(party=known), document(number=143))
    assert (type(waiting), type(booked)) == (NotTried, Posted)
    assert isinstance(box.open().post_documents([document(party=known)])[0], Posted)
    assert box.entry("2026/0142")["party_code"] == "BB-000101"


def test_a_customer_taken_for_another_of_the_same_name_is_seen(box):
    box.switch(name_match_gets_code=False)
    same_name = document(party_data=party(reference="BB-000009", name="Drukkerij Inktvlek NV"))
    (outcome,) = box.posted(same_name)
    assert outcome.remarks == ("another relation",)


# --- accounts that Yuki would swallow -------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["999999", "700990"])
def test_an_account_that_is_not_in_use_is_never_sent(box, code):
    wrong, right = box.post(document(line(ledger=code)), document(number=143))
    assert (type(wrong), wrong.code) == (Refused, "APP-105")
    assert isinstance(right, Posted)
    assert not any(f"<GLAccountCode>{code}</GLAccountCode>" in body for body in box.sent("ProcessSalesInvoices"))


def test_the_chart_is_read_once_and_not_at_all_where_the_line_brings_the_day(box):
    box.provider.administrations()
    box.forget()
    seen = replace(account(), seen_on=box.now().date())
    box.posted(document(line(ledger_account=seen)))
    assert "GetGLAccountScheme" not in box.operations()
    box.posted(document(number=2), document(number=3))
    box.posted(document(number=4))
    assert box.operations().count("GetGLAccountScheme") == 1
    box.forget()
    old = replace(account(), seen_on=box.now().date() - timedelta(days=3))
    box.open().post_documents([document(line(ledger_account=old), number=5)])
    assert box.operations().count("GetGLAccountScheme") == 1


def test_the_day_of_an_account_is_no_part_of_what_is_booked():
    seen = replace(account(), seen_on=date(2026, 3, 17))
    assert seen == account()
    assert repr(seen) == repr(account())


def test_an_account_that_was_put_out_of_use_meanwhile_shows_as_a_difference(box):
    box.control("touch", division=MAIN, table="accounts", code="700100", values={"active": False})
    seen = replace(account("700100"), seen_on=box.now().date())
    (outcome,) = box.posted(document(line(ledger_account=seen)))
    assert outcome.remarks == ("another ledger account",)


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reference": "2025/0290"}, "NUM-522"),
        ({"date": date(2026, 1, 31)}, "PER-505"),
        ({"lines": (line(code="1:20.00"),)}, "VAT-620"),
        ({"lines": (line(ledger="613310"),)}, "LED-602"),
        ({"party_data": party(city="")}, "APP-204"),
        ({"currency": "USD"}, "APP-210"),
    ],
)
def test_a_refused_invoice_stops_itself_only(box, changes, code):
    before = box.books()
    wrong, right = box.post(document(**changes), document(number=143))
    assert (type(wrong), wrong.code) == (Refused, code)
    assert isinstance(right, Posted)
    after = box.books()
    assert after["totals"]["sales_count"] == before["totals"]["sales_count"] + 1


def test_a_number_given_twice_goes_out_once(box):
    first, second = box.post(document(), document())
    assert (type(first), type(second), second.code) == (Posted, Refused, "NUM-522")
    assert len(box.entries("2026/0142")) == 1


@pytest.mark.parametrize("rest", ["absent", "listed"])
def test_after_six_incorrect_ones_the_rest_goes_later(box, rest):
    box.switch(rest=rest)
    wrong = [document(number=number, date=date(2026, 1, 5)) for number in range(1, 7)]
    late = [document(number=number) for number in (7, 8)]
    outcomes = box.post(document(), *wrong, *late)
    assert [type(outcome) for outcome in outcomes] == [Posted, *[Refused] * 6, NotTried, NotTried]
    assert [type(outcome) for outcome in box.post(*late)] == [Posted, Posted]


def test_what_is_wrong_in_form_never_uses_up_the_six(box):
    wrong = [document(line(code=""), number=number) for number in range(1, 9)]
    outcomes = box.post(*wrong, document())
    assert [type(outcome) for outcome in outcomes] == [*[Refused] * 8, Posted]
    assert sum("<SalesInvoice>" in body for body in box.sent("ProcessSalesInvoices")) == 1


def refuse_form(box: YukiBox, times: int = 1) -> None:
    fault = (
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>x</faultcode>"
        "<faultstring>The element 'SalesInvoice' has invalid child element 'Date'.</faultstring></e:Fault></e:Body>"
        "</e:Envelope>"
    )
    box.fault("status", "ProcessSalesInvoices", status=500, body=fault, times=times)


def test_a_document_refused_as_a_whole_took_nothing(box):
    refuse_form(box)
    with pytest.raises(BatchRefused) as caught:
        box.post(document(), document(number=143))
    assert caught.value.code == "SYS-706"
    assert "invalid child element" in caught.value.vendor_text
    refuse_form(box)
    (alone,) = box.post(document())
    assert (type(alone), alone.code) == (Refused, "SYS-706")
    assert box.books()["totals"]["sales_count"] == 7


def test_a_whole_refusal_behind_a_booked_part_is_tried_again_later(box):
    made = [document(number=number) for number in range(201, 228)]
    box.control("faults", kind="status", vendor="yuki", status=413, skip=1, body_contains=":ProcessSalesInvoices>")
    outcomes = box.post(*made)
    assert [type(outcome) for outcome in outcomes] == [*[Posted] * 25, *[NotTried] * 2]


# --- faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "booked"),
    [
        ({"kind": "drop_before"}, 0),
        ({"kind": "drop_after"}, 1),
        ({"kind": "garbage"}, 1),
        ({"kind": "truncate"}, 1),
        ({"kind": "status", "status": 500}, 0),
        ({"kind": "status", "status": 503, "apply": True}, 1),
        ({"kind": "status", "status": 500, "body": "Timeout expired."}, 0),
        ({"kind": "empty_list"}, 0),
    ],
)
def test_a_fault_proves_nothing_and_nothing_is_sent_again(box, fault, booked):
    box.fault(operation="ProcessSalesInvoices", **fault)
    outcomes = box.post(document(), document(number=143))
    assert [type(outcome) for outcome in outcomes] == [Unclear, Unclear]
    assert box.operations().count("ProcessSalesInvoices") == 1
    assert len(box.entries("2026/0142")) == booked


def test_a_request_that_takes_too_long_is_unclear(box):
    box.fault("delay", "ProcessSalesInvoices", seconds=1.5, when="after")
    (outcome,) = box.open(seconds=1).post_documents([document()])
    assert isinstance(outcome, Unclear)


def test_an_unreachable_host_took_nothing(box):
    box.provider.administrations()
    box.posted(document(number=1))
    box.sandbox.stop()
    (outcome,) = box.post(document())
    assert isinstance(outcome, NotTried)


def test_after_an_unclear_call_the_rest_is_left(box):
    box.fault("drop_after", "ProcessSalesInvoices")
    outcomes = box.post(*[document(number=number) for number in range(201, 228)])
    assert [type(outcome) for outcome in outcomes] == [*[Unclear] * 25, *[NotTried] * 2]


def test_a_session_that_ended_is_renewed_and_the_call_made_again(box):
    box.provider.administrations()
    box.control("drop_sessions")
    box.posted(document())
    assert len(box.entries("2026/0142")) == 1


def test_what_stops_the_connection_stops_it_before_anything_went_out(box):
    box.provider.administrations()
    box.fault("rate_day", "ProcessSalesInvoices")
    with pytest.raises(RateLimited):
        box.post(document())
    box.fault("expired_token", "ProcessSalesInvoices", times=2)
    with pytest.raises(AuthorisationLost):
        box.post(document())
    box.control("key", key=KEY_BE, services=["Accounting", "AccountingInfo"])
    with pytest.raises(AccessDenied):
        box.post(document())
    assert box.books()["totals"]["sales_count"] == 7


def test_a_limit_behind_a_booked_part_leaves_the_rest(box):
    box.provider.administrations()
    box.fault("rate_day", "ProcessSalesInvoices", skip=1)
    outcomes = box.post(*[document(number=number) for number in range(201, 228)])
    assert [type(outcome) for outcome in outcomes] == [*[Posted] * 25, *[NotTried] * 2]


# --- finding --------------------------------------------------------------------------------------------------


def asked(made, **changes):
    """A query for a document that went out long enough ago to be believed absent."""
    return query(made, sent_at=datetime.now(UTC) - timedelta(hours=1), **changes)


def test_a_booking_is_found_with_its_totals(box):
    made = document()
    box.posted(made)
    found = box.open().find_document(asked(made))
    assert isinstance(found, Found)
    assert (found.ref.external_id, found.totals.total) == ("2026/0142", Decimal("121.00"))
    assert box.open().find_document(asked(made, external_id="2026/0142")) == found


def test_a_credit_note_is_found(box):
    made = credit()
    box.posted(made)
    assert isinstance(box.open().find_document(asked(made)), Found)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"kind": DocumentKind.SALES_CREDIT_NOTE}, "kind"),
        ({"date": date(2026, 3, 18)}, "date"),
        ({"total": Decimal("121.01")}, "total"),
        ({"party_external_id": "BB-000999"}, "party"),
        ({"party_external_id": BAKERY}, "party"),
        ({"currency": "USD"}, "currency"),
    ],
)
def test_less_than_full_equality_is_no_finding(box, changes, word):
    made = document()
    box.posted(made)
    found = box.open().find_document(asked(made, **changes))
    assert isinstance(found, CannotTell)
    assert word in found.reason
    assert [ref.external_id for ref in found.candidates] == ["2026/0142"]


def test_a_booking_on_another_day_is_met_among_the_open_items(box):
    made = document()
    box.posted(made)
    found = box.open().find_document(asked(made, date=date(2026, 6, 1)))
    assert isinstance(found, CannotTell)
    assert "date" in found.reason


def test_what_the_transactions_do_not_show_yet_is_found_among_the_open_items(box):
    box.switch(transactions_delay_seconds=3600)
    made = document()
    box.posted(made)
    found = box.open().find_document(asked(made))
    assert isinstance(found, Found)
    assert (found.totals.total, found.totals.net) == (Decimal("121.00"), None)


@pytest.mark.parametrize(("sign", "kind"), [("negative", 6), ("positive", 7)])
def test_a_credit_note_among_the_open_items_may_have_either_sign(box, sign, kind):
    box.switch(transactions_delay_seconds=3600, credit_amounts=sign, credit_open_type=kind)
    made = credit()
    box.posted(made)
    assert isinstance(box.open().find_document(asked(made)), Found)


def test_what_only_the_archive_knows_is_not_told_apart(box):
    box.switch(transactions_delay_seconds=3600, open_delay_seconds=3600)
    made = document()
    box.posted(made)
    found = box.open().find_document(asked(made))
    assert found == CannotTell(reason="it is in the archive of the domain, and not among the bookings")
    # Just sent, it may yet come into the books.
    early = box.open().find_document(query(made, sent_at=box.now()))
    assert early == replace(found, is_early=True)


def test_absence_is_believed_only_after_a_while(box):
    made = document()
    sent_at = box.now()
    provider = box.open()
    assert isinstance(provider.find_document(query(made, sent_at=sent_at)), CannotTell)
    box.later(minutes=14)
    assert isinstance(provider.find_document(query(made, sent_at=sent_at)), CannotTell)
    box.later(minutes=2)
    # Lists that were read too early are read again.
    assert provider.find_document(query(made, sent_at=sent_at)) == Absent()


def test_a_booking_that_arrives_late_is_not_missed(box):
    made = document()
    sent_at = box.now()
    provider = box.open()
    assert isinstance(provider.find_document(query(made, sent_at=sent_at)), CannotTell)
    box.open().post_documents([made])
    box.later(minutes=16)
    assert isinstance(provider.find_document(query(made, sent_at=sent_at)), Found)


def test_many_questions_share_the_same_lists(box):
    made = [document(number=number) for number in range(201, 226)]
    box.provider.administrations()
    box.forget()
    provider = box.open()
    assert {type(provider.find_document(asked(one))) for one in made} == {Absent}
    assert box.operations() == ["GetTransactions", "OutstandingDebtorItems", "Domains", "DocumentsInFolder"]


def test_of_several_domains_the_right_archive_is_read(box):
    dutch = "385bd427-f18a-558e-a515-345b65c9b44a"
    box.control("key", key=KEY_BE, more=[dutch])
    assert box.open().find_document(asked(document())) == Absent()
    assert box.operations()[-3:] == ["Administrations", "SetCurrentDomain", "DocumentsInFolder"]


@pytest.mark.parametrize("operation", ["GetTransactions", "OutstandingDebtorItems", "DocumentsInFolder"])
def test_a_list_that_cannot_be_read_is_no_absence(box, operation):
    box.fault("garbage", operation, times=2)
    with pytest.raises(Exception, match="cannot be read"):
        box.open().find_document(asked(document()))


def test_empty_lists_prove_nothing(box):
    made = document()
    box.posted(made)
    for known in ("", "2026/0142"):
        box.fault("empty_list", times=20)
        found = box.open().find_document(asked(made, external_id=known))
        assert found == CannotTell(reason="every list is empty")
        requests.delete(f"{box.sandbox.base_url}/_sandbox/faults", timeout=20)


def test_books_that_hold_nothing_yet_are_believed(box):
    for entry in box.books(SECOND)["entries"]:
        box.control("delete_entry", division=SECOND, entry_id=entry["entry_id"])
    empty = box.open(division=SECOND)
    assert empty.find_document(asked(document(date=date(2027, 3, 1)))) == Absent()
    assert box.operations()[-1] == "GetGLAccountScheme"
    known = asked(document(date=date(2027, 3, 1)), external_id="2026/0142")
    assert isinstance(empty.find_document(known), CannotTell)


def test_a_repeated_number_is_refused_over_there_too(box):
    box.fault("drop_after", "ProcessSalesInvoices")
    assert isinstance(box.post(document())[0], Unclear)
    (outcome,) = box.post(document())
    assert (type(outcome), outcome.code) == (Refused, "NUM-522")
    assert len(box.entries("2026/0142")) == 1


def test_another_administration_of_the_domain_is_no_other_booking(box):
    made = document()
    box.posted(made)
    found = box.open(division=SECOND).find_document(asked(made))
    # Its archive is shared, so nobody can tell from it; its books are not.
    assert isinstance(found, CannotTell)
    assert found.candidates == ()


# --- what already stands there --------------------------------------------------------------------------------


def test_what_stands_in_the_books_is_read_from_what_is_owed(box):
    found = [record for page in box.provider.references(date(2025, 12, 1)) for record in page.items]
    assert [(record.reference, record.kind, record.total, record.date) for record in found] == [
        ("2025/0294", DocumentKind.SALES_INVOICE, Decimal("77.60"), date(2025, 12, 1)),
        ("2025/0295", DocumentKind.SALES_INVOICE, Decimal("897.82"), date(2025, 12, 15)),
        ("2026/0010", DocumentKind.SALES_INVOICE, Decimal("1222.29"), date(2026, 2, 19)),
        ("F4407", DocumentKind.PURCHASE_INVOICE, Decimal("107.39"), date(2025, 12, 9)),
        ("F4414", DocumentKind.PURCHASE_INVOICE, Decimal("157.18"), date(2026, 2, 12)),
    ]
    assert found[0].ref.external_id == "2025/0294"
    assert len(found[3].ref.external_id) == 36


@pytest.mark.parametrize("first_record", [0, 1])
def test_pages_overlap_and_miss_nothing(box, first_record):
    box.switch(first_record=first_record)
    box.control("seed", division=MAIN, entries=1100)
    pages = list(box.provider.references(date(2026, 1, 1)))
    numbers = [record.reference for page in pages for record in page.items if record.reference.startswith("SEED")]
    assert len(numbers) == len(set(numbers)) == 1100
    assert [page.is_last for page in pages] == [*[False] * (len(pages) - 1), True]
    # A worker goes on from a page of another.
    rest = [
        record.reference for page in box.open().references(date(2026, 1, 1), pages[0].cursor) for record in page.items
    ]
    assert set(rest) | {record.reference for record in pages[0].items} >= set(numbers)


# --- purchases ------------------------------------------------------------------------------------------------


UBL = File(name="whatever.xml", content=b"<Invoice/>", media_type="application/xml")


def purchase(**changes):
    return document(
        line(ledger="613310"), **{"kind": DocumentKind.PURCHASE_INVOICE, "attachments": (UBL, PDF), **changes}
    )


def test_a_purchase_goes_to_the_archive_with_both_its_files(box):
    made = purchase(reference="SUP/77 b")
    (outcome,) = box.posted(made)
    (row,) = [row for row in box.books()["documents"] if row["id"] == outcome.ref.external_id]
    base = f"SUP-77-b_{made.key}"
    assert row["folder"] == 1
    assert [file["name"] for file in row["files"]] == [f"{base}.xml", f"{base}.pdf"]
    assert [file["bytes"] for file in row["files"]] == [len(UBL.content), len(PDF.content)]
    # It is booked over there later, so there is nothing to compare.
    assert outcome.totals == BookedTotals()


def test_a_purchase_of_one_file_goes_alone(box):
    box.posted(purchase(attachments=(UBL,)))
    assert "UploadDocument" in box.operations()
    nothing, large = box.post(purchase(attachments=()), purchase(attachments=(replace(UBL, content=b"x" * 1_900_000),)))
    assert (nothing.code, large.code) == ("SYS-708", "SYS-708")


@pytest.mark.parametrize("kind", ["drop_after", "garbage"])
def test_an_upload_without_an_answer_is_found_by_its_name(box, kind):
    made = purchase()
    box.fault(kind, "UploadDocumentWithAttachment")
    assert [type(outcome) for outcome in box.post(made)] == [Unclear]
    found = box.open().find_document(query(made, sent_at=box.now()))
    assert isinstance(found, Found)
    assert len([row for row in box.books()["documents"] if made.key in row["files"][0]["name"]]) == 1


@pytest.mark.parametrize("folder", [7, 2])
def test_an_upload_that_somebody_moved_is_found_in_its_folder(box, folder):
    made = purchase()
    box.fault("drop_after", "UploadDocumentWithAttachment")
    sent_at = box.now()
    box.post(made)
    box.control("refile", division=MAIN, file_name=f"{uploads.base_name(made.reference, made.key)}.xml", folder=folder)
    box.later(minutes=16)
    assert isinstance(box.open().find_document(query(made, sent_at=sent_at)), Found)


@pytest.mark.parametrize("what", [{"rename": "inkoop 77.xml"}, {"delete": True}])
def test_an_upload_that_is_in_no_folder_is_never_called_absent(box, what):
    made = purchase()
    box.fault("drop_after", "UploadDocumentWithAttachment")
    sent_at = box.now()
    box.post(made)
    box.control("refile", division=MAIN, file_name=f"{uploads.base_name(made.reference, made.key)}.xml", **what)
    early = box.open().find_document(query(made, sent_at=sent_at))
    assert isinstance(early, CannotTell)
    assert (early.is_early, early.is_final) == (True, False)
    box.later(minutes=16)
    late = box.open().find_document(query(made, sent_at=sent_at))
    assert isinstance(late, CannotTell)
    assert (late.is_early, late.is_final) == (False, True)
    # A person may say which file it is.
    named = box.open().find_document(query(made, sent_at=sent_at, external_id="inkoop 77.xml"))
    assert isinstance(named, Found) == ("rename" in what)


def test_an_upload_that_was_surely_not_made_is_absent(box):
    assert box.open().find_document(query(purchase())) == Absent()


def test_one_reading_of_the_archive_serves_many_lost_uploads(box):
    made = [purchase(number=number) for number in (1, 2, 3)]
    box.later(minutes=16)
    sent_at = box.now() - timedelta(minutes=16)
    provider = box.open()
    box.forget()
    for one in made:
        assert isinstance(provider.find_document(query(one, sent_at=sent_at)), CannotTell)
    assert box.operations().count("ModifiedDocumentsInFolder") == 4
    assert box.operations().count("DocumentFolders") == 1


# --- what is sent, against the vendor's own facts -------------------------------------------------------------


def shared(name: str) -> Path:
    return beside("vendors", "yuki", name)


def called(body: str):
    root = etree.fromstring(body.encode())
    return root[0][0]


def local(node) -> str:
    return etree.QName(node).localname


def test_invoices_keep_the_order_of_the_reference(box):
    order = json.loads(shared("salesinvoice_element_order.json").read_text())
    box.posted(
        document(line(quantity=Decimal(2)), line("0.00", "0.00"), line("5.00", "1.05"), attachments=(PDF,)),
        credit(
            3, line("10.00", "2.00", "40:20.00:FR"), party_data=party(is_person=True, first_name="An", last_name="P")
        ),
    )
    (body,) = box.sent("ProcessSalesInvoices")
    checked = set()
    for node in called(body).iter():
        name = local(node)
        if name in order and isinstance(order[name], list) and len(node):
            names = [local(child) for child in node]
            # Names marked with a question mark have no certain place, so none of them is used.
            places = [order[name].index(one) for one in names]
            assert places == sorted(places)
            checked.add(name)
    assert checked == {"SalesInvoices", "SalesInvoice", "Contact", "InvoiceLines", "InvoiceLine", "Product"}


def test_invoices_use_only_what_the_sample_uses(box):
    sample = etree.parse(str(shared("samples/09_process_sales_invoices_request.xml")))
    allowed = {local(node) for node in sample.iter() if isinstance(node.tag, str)}
    box.posted(document(attachments=(PDF,)))
    (body,) = box.sent("ProcessSalesInvoices")
    extra = {local(node) for node in called(body).iter()} - allowed
    assert extra == {"LineAmount", "LineVATAmount"}
    namespaces = {etree.QName(node).namespace for node in called(body).iter()}
    assert namespaces == {etree.QName(node).namespace for node in sample.iter() if isinstance(node.tag, str)} - {
        "http://schemas.xmlsoap.org/soap/envelope/"
    }


def everything(box: YukiBox) -> list[str]:
    """The bodies of every operation that we ever call."""
    box.provider.check_access()
    box.relation("Bakkerij Zonnekorrel")
    box.provider.find_party(party())
    box.provider.save_parties([party()])
    box.control("key", key=KEY_BE, more=["385bd427-f18a-558e-a515-345b65c9b44a"])
    box.posted(document(), purchase(reference="P1"), purchase(reference="P2", attachments=(UBL,)))
    box.open().find_document(asked(document(number=9)))
    box.open().find_document(asked(purchase()))
    box.provider.settlements("", [DocumentRef(external_id=KEY_BE)])
    return [body for body in box.sent("[A-Za-z]+") if body]


def test_every_call_has_the_parameters_of_the_service_in_their_order(box):
    raw = json.loads(shared("operations.json").read_text())
    known = {row["operation"]: row for row in raw["common"]}
    for service in raw["services"].values():
        known |= {row["operation"]: row for row in service["operations"]}
    names = set()
    for body in everything(box):
        node = called(body)
        parameters = [row["name"] for row in known[local(node)]["params"]]
        given = [local(child) for child in node]
        assert given == [name for name in parameters if name in given], local(node)
        required = {row["name"] for row in known[local(node)]["params"] if row["required"]}
        assert required <= set(given), local(node)
        assert {etree.QName(child).namespace for child in node} == {raw["namespace"]}
        names.add(local(node))
    assert {"Authenticate", "GetTransactions", "UpdateContact", "UploadDocumentWithAttachment"} <= names


def test_archive_calls_follow_the_service_description(box):
    wsdl = etree.parse(str(shared("Archive.asmx.wsdl")))
    schema = {"s": "http://www.w3.org/2001/XMLSchema"}
    checked = set()
    for body in everything(box):
        node = called(body)
        found = wsdl.find(f".//s:schema/s:element[@name='{local(node)}']/s:complexType/s:sequence", schema)
        if found is None:
            continue
        names = [one.get("name") for one in found]
        given = [local(child) for child in node]
        assert given == [name for name in names if name in given]
        assert {one.get("name") for one in found if one.get("minOccurs") == "1"} <= set(given)
        checked.add(local(node))
    assert {
        "UploadDocument",
        "UploadDocumentWithAttachment",
        "DocumentsInFolder",
        "ModifiedDocumentsInFolder",
        "DocumentFolders",
    } <= checked


# --- both readings --------------------------------------------------------------------------------------------


def test_a_tool_that_takes_no_negative_quantity_is_met_by_the_other_reading():
    with YukiBox(negative_quantity=False) as box:
        (outcome,) = box.post(credit())
        assert isinstance(outcome, Refused)
        (outcome,) = box.open(readings=Readings(negative_quantity=False)).post_documents([credit()])
        assert isinstance(outcome, Posted)
        assert box.entry("2026/0003")["total"] == "-121.00"


def test_amounts_may_be_left_to_yuki_where_no_rounding_changes_them():
    with YukiBox(readings=Readings(state_line_amounts=False)) as box:
        plain, stated = box.posted(document(), document(line("0.08", "0.02"), line("0.08", "0.01"), number=143))
        assert (plain.totals.total, stated.totals.total) == (Decimal("121.00"), Decimal("0.19"))
        (body,) = box.sent("ProcessSalesInvoices")
        assert body.count("<LineVATAmount>") == 2


def test_a_shorter_wait_is_a_reading(box):
    provider = box.open(readings=Readings(processing=timedelta(0)))
    assert provider.find_document(query(document(), sent_at=box.now() - timedelta(seconds=1))) == Absent()
