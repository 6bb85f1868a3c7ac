"""Bookings at Octopus over HTTP: numbered by us, read back in one call, refused, found again."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from integrations.base.errors import RateLimited
from integrations.base.records import (
    Absent,
    BookedTotals,
    CannotTell,
    DocumentKind,
    DocumentNumber,
    DocumentRef,
    ExternalRef,
    File,
    FilesLeft,
    Found,
    NotTried,
    NumberTaken,
    Posted,
    Refused,
    Unclear,
    VatTotal,
)
from integrations.octopus.unsure import Readings
from tests.sandbox.octopus_box import MONTHS, QUARTERS, book, document, line, query

DOSSIER = int(QUARTERS)
BOOKING = r"/buysellbookings$"


@pytest.fixture
def customer(octopus):
    return octopus.relation("Bakkerij Zonnekorrel")


@pytest.fixture
def supplier(octopus):
    return octopus.relation("GARAGE TOERENTELLER")


def invoice(customer, **changes):
    lines = (
        line("700100", "100.10", "21.02"),
        line("700100", "-10.05", "-2.11"),
        line("700120", "30.00", "1.80", "06"),
        line("700300", "5.00", "0.00", "VR"),
    )
    return document(customer, *lines, **changes)


def note(customer, **changes):
    fields = {"kind": DocumentKind.SALES_CREDIT_NOTE, "journal": "V2", "number": 1, "reference": "2026/C7", **changes}
    return invoice(customer, **fields)


def purchase(supplier, **changes):
    fields = {"kind": DocumentKind.PURCHASE_INVOICE, "journal": "A1", "number": 2, "reference": "F-4711", **changes}
    return document(supplier, line("613310", "200.00", "42.00", "D21"), **fields)


def series(customer, count, first=2):
    return [document(customer, reference=f"2026/{100 + n}", number=first + n) for n in range(count)]


def entries(octopus):
    return {row["reference"]: row for row in octopus.books()["entries"]}


TOTALS = BookedTotals(
    net=Decimal("125.05"),
    vat=Decimal("20.71"),
    total=Decimal("145.76"),
    per_vat_code=(
        VatTotal(vat_code="06", base=Decimal("30.00"), vat=Decimal("1.80")),
        VatTotal(vat_code="21", base=Decimal("90.05"), vat=Decimal("18.91")),
        VatTotal(vat_code="VR", base=Decimal("5.00"), vat=Decimal("0.00")),
    ),
)

# --- booking --------------------------------------------------------------------------------------------------


def test_an_invoice_stands_there_to_the_cent(octopus, customer):
    (outcome,) = book(octopus.provider, invoice(customer, payment_reference="+++084/2613/66074+++"))
    assert outcome == Posted(
        ref=DocumentRef(
            external_id="4/V1/2", number="2", journal="V1", fiscal_year="4", kind=DocumentKind.SALES_INVOICE
        ),
        totals=TOTALS,
    )
    row = octopus.entry("2026/0142")
    assert (row["total"], row["vat"], row["period"], row["date"], row["due_date"]) == (
        "145.76",
        "20.71",
        202602,
        "2026-05-11",
        "2026-06-10",
    )
    assert (row["payment_reference"], row["payment_method"], row["party_name"]) == (
        "+++084/2613/66074+++",
        1,
        "Bakkerij Zonnekorrel",
    )
    assert [(one["account"], one["vat_code"], one["net"], one["vat"]) for one in row["lines"]] == [
        ("700100", "21", "100.10", "21.02"),
        ("700100", "21", "-10.05", "-2.11"),
        ("700120", "06", "30.00", "1.80"),
        ("700300", "VR", "5.00", "0.00"),
    ]


def test_direct_debit_is_a_method_and_a_due_date_before_the_document_becomes_its_date(octopus, customer):
    late = document(customer, direct_debit=True, due_date=date(2026, 5, 1))
    octopus.provider.post_documents([late])
    row = octopus.entry("2026/0142")
    assert (row["payment_method"], row["due_date"]) == (4, "2026-05-11")


def test_without_a_due_date_it_is_due_at_once(octopus, customer):
    octopus.provider.post_documents([document(customer, due_date=None)])
    assert octopus.entry("2026/0142")["due_date"] == "2026-05-11"


def test_a_dossier_with_months(octopus):
    octopus.session.drop()
    provider = octopus.open(dossier=MONTHS)
    octopus.control("seed", division=int(MONTHS), relations=[{"name": "Firm", "client": True}])
    (found,) = [record for page in provider.parties("") for record in page.items]
    sent = replace(document(ExternalRef(external_id=found.external_id)), period="4/202605", number=number("4", "V1", 1))
    (outcome,) = provider.post_documents([sent])
    assert outcome.ref.external_id == "4/V1/1"


def number(year, journal, value):
    return DocumentNumber(book_year=year, journal=journal, number=value)


def test_another_bookyear_has_its_own_numbers(octopus, customer):
    past = document(customer, number=7, date=date(2025, 12, 30), due_date=None, period="3/202504")
    past = replace(past, number=number("3", "V1", 7))
    (outcome,) = octopus.provider.post_documents([past])
    assert (outcome.ref.external_id, outcome.ref.fiscal_year) == ("3/V1/7", "3")


@pytest.mark.parametrize("read", ["as_sent", "negative"])
def test_a_credit_note_lowers_what_is_owed(octopus, customer, read):
    octopus.switch(credit_note_read=read)
    (outcome,) = book(octopus.provider, note(customer))
    assert (outcome.totals, outcome.remarks) == (TOTALS, ())
    assert outcome.ref.kind is DocumentKind.SALES_CREDIT_NOTE
    row = octopus.entry("2026/C7")
    assert (row["type"], row["total"], row["net"]) == ("credit note", "-145.76", "-125.05")


def test_the_other_reading_of_a_credit_note_is_refused_here(octopus, customer):
    """The sandbox takes the confirmed signs only, so a wrong reading cannot pass unseen."""
    provider = octopus.open(readings=Readings(credit_lines_positive=False))
    (outcome,) = provider.post_documents([note(customer)])
    assert isinstance(outcome, Refused)
    octopus.switch(check_totals=False)
    (outcome,) = book(provider, note(customer))
    assert outcome.totals == TOTALS


def test_purchases_and_their_credit_notes(octopus, supplier):
    back = purchase(supplier, kind=DocumentKind.PURCHASE_CREDIT_NOTE, journal="A2", number=1, reference="F-4712")
    first, second = book(octopus.provider, purchase(supplier), back)
    assert [first.totals.total, second.totals.total] == [Decimal("242.00")] * 2
    assert [entries(octopus)[ref]["total"] for ref in ("F-4711", "F-4712")] == ["242.00", "-242.00"]
    assert [first.ref.kind, second.ref.kind] == [DocumentKind.PURCHASE_INVOICE, DocumentKind.PURCHASE_CREDIT_NOTE]


@pytest.mark.parametrize("multiplies", [True, False])
def test_a_foreign_currency(octopus, customer, multiplies):
    octopus.switch(rate_direction="multiply" if multiplies else "divide")
    provider = octopus.open(readings=Readings(rate_multiplies=multiplies))
    (outcome,) = book(provider, document(customer, currency="USD", exchange_rate=Decimal("0.8")))
    assert outcome.totals.total == Decimal("121.00")
    assert (entries(octopus)["2026/0142"]["total"], entries(octopus)["2026/0142"]["total_dc"]) == ("121.00", "96.80")


def test_a_batch_is_read_back_in_one_call(octopus, customer):
    outcomes = book(octopus.provider, *series(customer, 5), note(customer))
    assert [outcome.ref.external_id for outcome in outcomes] == [
        *(f"4/V1/{n}" for n in range(2, 7)),
        "4/V2/1",
    ]
    assert all(outcome.totals is not None for outcome in outcomes)
    assert octopus.calls()[1:] == [("POST", "buysellbookings/save")] * 6 + [("GET", "buysellbookings/modified")]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels"])
def test_the_reading_back_copes_with_either_time_zone(octopus, customer, zone):
    octopus.switch(time_zone=zone)
    (outcome,) = book(octopus.provider, invoice(customer))
    assert outcome.totals == TOTALS


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "garbage"}, {"kind": "rate_day"}])
def test_a_booking_that_cannot_be_read_back_is_found_later(octopus, customer, fault):
    octopus.fault(path="modified", times=1, **fault)
    (outcome,) = book(octopus.provider, invoice(customer))
    assert isinstance(outcome, Unclear)
    assert octopus.entry("2026/0142")["number"] == 2
    found = octopus.provider.find_document(query(invoice(customer)))
    assert isinstance(found, Found)
    assert (found.ref.external_id, found.totals) == ("4/V1/2", TOTALS)


def test_what_was_not_seen_at_once_is_found_for_all_in_one_call(octopus, customer):
    octopus.fault("status", path="modified", status=503)
    batch = series(customer, 3)
    book(octopus.provider, *batch)
    octopus.forget()
    found = [octopus.provider.find_document(query(one)) for one in batch]
    assert all(isinstance(one, Found) and one.totals.total == Decimal("121.00") for one in found)
    assert octopus.calls() == [("GET", "buysellbookings/modified")]


def test_somebody_elses_booking_under_our_number_is_not_read_back_as_ours(octopus, customer):
    ours, others = document(customer), document(customer, reference="2026/0999")
    octopus.open().post_documents([others])
    outcomes = octopus.provider.read_back([ours, document(customer, number=3)])
    assert [type(outcome) for outcome in outcomes] == [Unclear, Unclear]
    assert octopus.provider.find_document(query(ours, total=Decimal("1.00"))) == Absent()


def test_a_comment_that_was_cut_is_told(octopus, customer):
    octopus.switch(comment_length=6)
    (outcome,) = book(octopus.provider, invoice(customer))
    assert outcome.remarks == ("comment 2026/0",)


# --- numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [1, 3, 9])
def test_a_number_that_is_not_the_next_one_books_nothing(octopus, customer, wrong):
    (outcome,) = octopus.provider.post_documents([document(customer, number=wrong)])
    assert isinstance(outcome, NumberTaken)
    assert outcome.last == 1
    assert "2026/0142" not in entries(octopus)


def test_the_number_is_checked_before_the_period(octopus, customer):
    (outcome,) = octopus.provider.post_documents([document(customer, number=9, period="4/202699")])
    assert isinstance(outcome, NumberTaken)


def test_a_last_number_that_the_refusal_does_not_state_is_asked_for(octopus, customer):
    octopus.fault("status", path=BOOKING, status=400, body={"errorCode": -13, "errorMessage": "Ongeldig nummer."})
    (outcome,) = octopus.provider.post_documents([document(customer)])
    assert outcome == NumberTaken(last=1, text="Ongeldig nummer.")


def test_a_last_number_is_asked_again_where_we_booked_and_only_there(octopus, customer):
    octopus.provider.last_number("V1", "4")
    octopus.provider.post_documents(series(customer, 2))
    octopus.forget()
    assert octopus.provider.last_number("V2", "4") == 0
    assert octopus.calls() == []
    assert octopus.provider.last_number("V1", "4") == 3
    assert octopus.calls() == [("GET", "journals")]


def test_what_was_read_before_somebody_booked_is_read_again(octopus, customer):
    """A refused number says that the journal moved: it may be our own booking that stands there."""
    ours = document(customer)
    assert octopus.provider.find_document(query(ours, sent_at=None)) == Absent()
    octopus.open().post_documents([ours])
    (outcome,) = octopus.provider.post_documents([ours])
    assert outcome == NumberTaken(last=2, text=outcome.text)
    assert isinstance(octopus.provider.find_document(query(ours, sent_at=None)), Found)


def test_a_number_taken_in_between_stops_its_journal_and_no_other(octopus, customer):
    octopus.control(
        "book",
        division=DOSSIER,
        relation=2,
        date="2026-05-02",
        reference="by hand",
        lines=[["700100", "21", "1", "0.21"]],
    )
    outcomes = octopus.provider.post_documents([*series(customer, 2), note(customer)])
    assert [type(outcome) for outcome in outcomes] == [NumberTaken, NotTried, Posted]
    assert outcomes[0].last == 2


def test_a_refused_document_stops_its_journal_since_its_number_stays_free(octopus, customer):
    first, second, third = series(customer, 3)
    broken = replace(second, lines=(line("999999"),))
    outcomes = octopus.provider.post_documents([first, broken, third, note(customer)])
    assert [type(outcome) for outcome in outcomes] == [Posted, Refused, NotTried, Posted]
    assert octopus.calls().count(("POST", "buysellbookings/save")) == 3


@pytest.mark.parametrize("fault", ["drop_after", "garbage", "truncate"])
def test_an_answer_that_is_lost_stops_its_journal(octopus, customer, fault):
    if fault == "truncate":
        octopus.fault("status", path=BOOKING, status=502, apply=True)
    else:
        octopus.fault(fault, path=BOOKING)
    first, second = octopus.provider.post_documents(series(customer, 2))
    assert isinstance(first, Unclear)
    assert isinstance(second, NotTried)
    assert list(entries(octopus)).count("2026/100") == 1


def test_a_line_cut_before_the_call_is_unclear_too_and_found_absent(octopus, customer):
    octopus.fault("drop_before", path=BOOKING)
    (outcome,) = octopus.provider.post_documents([invoice(customer)])
    assert isinstance(outcome, Unclear)
    assert octopus.provider.find_document(query(invoice(customer))) == Absent()


def test_a_500_is_looked_at_and_not_repeated(octopus, customer):
    octopus.fault("status", path=BOOKING, status=500, body={"technicalInfo": "internal"})
    (outcome,) = octopus.provider.post_documents([invoice(customer)])
    assert isinstance(outcome, Unclear)
    assert octopus.calls().count(("POST", "buysellbookings/save")) == 1


# --- refusals -------------------------------------------------------------------------------------------------


def refusal(octopus, sent):
    before = octopus.books()["entries"]
    (outcome,) = octopus.provider.post_documents([sent])
    assert isinstance(outcome, Refused)
    assert octopus.books()["entries"] == before
    return outcome.code, outcome.vendor_code


def test_refusals_become_sentences_of_ours(octopus, customer):
    good = document(customer)
    assert refusal(octopus, replace(good, period="4/202699")) == ("PER-506", "-14")
    assert refusal(octopus, replace(good, period="4/202601")) == ("PER-501", "-906")
    assert refusal(octopus, replace(good, period="4/202603")) == ("PER-506", "-907")
    assert refusal(octopus, replace(good, lines=(line("999999"),))) == ("LED-605", "-910")
    assert refusal(octopus, replace(good, lines=(line("613900"),))) == ("LED-607", "-911")
    assert refusal(octopus, replace(good, lines=(line(code="XX"),))) == ("APP-103", "-912")
    assert refusal(octopus, replace(good, lines=(line(code="D21"),))) == ("APP-103", "-912")
    assert refusal(octopus, replace(good, currency="JPY")) == ("APP-210", "-916")
    assert refusal(octopus, replace(good, party=replace(good.party, external_id="99"))) == ("PAR-641", "-908")
    elsewhere = replace(good, journal="V3", number=number("4", "V3", 1))
    assert refusal(octopus, elsewhere) == ("JRN-510", "-903")
    assert refusal(octopus, replace(good, journal="V9", number=number("4", "V9", 1))) == ("AUT-409", "-902")


def test_what_must_not_go_out_costs_no_call(octopus, customer):
    good = document(customer)
    wrong = [
        replace(good, number=None),
        replace(good, number=number("x", "V1", 2)),
        replace(good, period=""),
        replace(good, period="3/202504"),
        replace(good, journal="V2"),
        replace(good, kind=DocumentKind.PURCHASE_INVOICE),
        replace(good, party=replace(good.party, external_id="")),
        replace(good, lines=(line("abc"),)),
        replace(good, lines=(line(code=""),)),
        replace(good, lines=(line(net="0.001"),)),
        replace(good, lines=(line(net="-100.00", vat="-21.00"),)),
    ]
    for one in wrong:
        (outcome,) = octopus.provider.post_documents([one])
        assert isinstance(outcome, Refused), one
    assert octopus.calls() == []


def test_a_journal_that_somebody_has_open_is_tried_again_later(octopus, customer):
    octopus.control("lock_journal", division=DOSSIER, journal="V1")
    outcomes = octopus.provider.post_documents([*series(customer, 2), note(customer)])
    assert [type(outcome) for outcome in outcomes] == [NotTried, NotTried, Posted]
    assert outcomes[0].code == "JRN-513"
    octopus.control("lock_journal", division=DOSSIER, journal="V1", locked=False)
    (outcome,) = octopus.provider.post_documents(series(customer, 1))
    assert isinstance(outcome, Posted)


@pytest.mark.parametrize("status", [400, 403])
def test_a_closed_period_is_a_refusal_whatever_its_status(octopus, customer, status):
    octopus.switch(closed_status=status)
    assert refusal(octopus, document(customer, period="4/202601"))[0] == "PER-501"


def test_an_unknown_refusal_keeps_its_own_words(octopus, customer):
    octopus.fault("status", path=BOOKING, status=400, body={"errorCode": -77, "errorMessage": "Iets anders."})
    (outcome,) = octopus.provider.post_documents([document(customer)])
    assert outcome == Refused(code="ALL-999", text="Iets anders.", vendor_code="-77")


# --- finding --------------------------------------------------------------------------------------------------


def test_a_booking_whose_answer_was_lost_is_found(octopus, customer):
    octopus.fault("drop_after", path=BOOKING)
    octopus.provider.post_documents([invoice(customer)])
    octopus.forget()
    found = octopus.open().find_document(query(invoice(customer)))
    assert isinstance(found, Found)
    assert (found.ref.external_id, found.totals) == ("4/V1/2", TOTALS)
    assert octopus.calls() == [("GET", "buysellbookings/modified")]


def test_absent_is_asked_for_twice_while_a_call_may_be_under_way(octopus, customer):
    octopus.advance(hours=8)
    provider = octopus.open()
    assert provider.find_document(query(invoice(customer), sent_at=octopus.sandbox.clock.now())) == Absent()
    assert octopus.calls()[1:] == [("GET", "buysellbookings/modified"), ("GET", "buysellbookings/read")]


def test_a_clock_far_ahead_of_theirs_loses_no_booking(octopus, customer):
    octopus.provider.post_documents([invoice(customer)])
    ahead = datetime(2036, 1, 1, tzinfo=UTC)
    assert isinstance(octopus.open().find_document(query(invoice(customer), sent_at=ahead)), Found)


def test_an_earlier_reading_never_says_absent_of_a_call_under_way(octopus, customer):
    sent = invoice(customer)
    assert octopus.provider.find_document(query(sent)) == Absent()
    octopus.control(
        "book",
        division=DOSSIER,
        relation=1,
        date="2026-05-11",
        reference="2026/0142",
        lines=[["700100", "21", "100.10", "21.02"], ["700100", "21", "24.95", "-0.31"]],
    )
    assert isinstance(octopus.provider.find_document(query(sent)), Found)


def test_somebody_elses_booking_under_our_number_is_not_ours(octopus, customer):
    octopus.control(
        "book",
        division=DOSSIER,
        relation=2,
        date="2026-05-02",
        reference="by hand",
        lines=[["700100", "21", "1", "0.21"]],
    )
    assert octopus.provider.find_document(query(document(customer))) == Absent()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"relation": 2}, "not equal: party"),
        ({"date": "2026-05-12"}, "not equal: date"),
        ({"lines": [["700100", "21", "100", "20.99"]]}, "not equal: total"),
        ({"reference": "2026/142"}, "not equal: reference"),
    ],
)
def test_less_than_equal_is_for_a_person(octopus, customer, changes, reason):
    fields = {"relation": 1, "date": "2026-05-11", "reference": "2026/0142", "lines": [["700100", "21", "100", "21"]]}
    octopus.control("book", division=DOSSIER, **{**fields, **changes})
    found = octopus.provider.find_document(query(document(customer)))
    assert isinstance(found, CannotTell)
    assert (found.reason, [ref.external_id for ref in found.candidates]) == (reason, ["4/V1/2"])


def test_two_equal_ones_are_for_a_person(octopus, customer):
    for _ in range(2):
        octopus.control(
            "book",
            division=DOSSIER,
            relation=1,
            date="2026-05-11",
            reference="2026/0142",
            lines=[["700100", "21", "100", "21"]],
        )
    found = octopus.provider.find_document(query(document(customer)))
    assert isinstance(found, CannotTell)
    assert len(found.candidates) == 2


def test_a_known_booking_that_was_deleted_is_absent(octopus, customer):
    (posted,) = octopus.provider.post_documents([invoice(customer)])
    known = query(invoice(customer), external_id=posted.ref.external_id)
    assert isinstance(octopus.open().find_document(known), Found)
    octopus.control("delete_entry", reference="2026/0142")
    assert octopus.open().find_document(known) == Absent()


def test_many_known_bookings_cost_one_reading(octopus, customer):
    batch = series(customer, 4)
    octopus.provider.post_documents(batch)
    provider = octopus.open()
    octopus.forget()
    for place, one in enumerate(batch):
        known = query(one, external_id=f"4/V1/{place + 2}", sent_at=None)
        assert isinstance(provider.find_document(known), Found)
    assert octopus.calls() == [("GET", "buysellbookings/modified")]


def test_a_number_given_out_again_is_for_a_person(octopus, customer):
    octopus.provider.post_documents([invoice(customer)])
    octopus.control("delete_entry", reference="2026/0142")
    octopus.control(
        "book",
        division=DOSSIER,
        relation=2,
        date="2026-05-02",
        reference="by hand",
        lines=[["700100", "21", "1", "0.21"]],
    )
    found = octopus.open().find_document(query(invoice(customer), external_id="4/V1/2"))
    assert isinstance(found, CannotTell)


def test_single_readings_are_the_last_resort(octopus, customer):
    octopus.provider.post_documents([invoice(customer)])
    octopus.fault("rate_day", path="modified", times=5)
    octopus.forget()
    assert isinstance(octopus.open().find_document(query(invoice(customer))), Found)
    assert octopus.calls() == [("GET", "buysellbookings/modified"), ("GET", "buysellbookings/read")]
    with pytest.raises(RateLimited):
        octopus.open().find_document(query(invoice(customer), number=None))


# --- what stands there ----------------------------------------------------------------------------------------


def test_bookings_that_stand_there_a_bookyear_a_page(octopus):
    pages = list(octopus.provider.references(date(2025, 11, 17)))
    assert [(len(page.items), page.cursor, page.is_last) for page in pages] == [
        (5, "4", False),
        (2, "5", False),
        (0, "done", True),
    ]
    found = {record.ref.external_id: record for page in pages for record in page.items}
    first = found["4/V1/1"]
    assert (first.reference, first.total, first.party_external_id, first.kind) == (
        "26-10009",
        Decimal("496.10"),
        "1",
        DocumentKind.SALES_INVOICE,
    )
    assert found["4/A1/1"].kind is DocumentKind.PURCHASE_INVOICE
    assert octopus.calls()[1:] == [("GET", "bookyears"), *[("GET", "buysellbookings/modified")] * 3]


def test_reading_goes_on_behind_a_page(octopus):
    pages = list(octopus.provider.references(date(2025, 11, 17), "4"))
    assert [len(page.items) for page in pages] == [2, 0]
    assert [page.items for page in octopus.provider.references(date(2025, 11, 17), "done")] == [()]


# --- files ----------------------------------------------------------------------------------------------------

PDF = File(name="2026-0142.pdf", content=b"%PDF-1.4 " * 9)


def test_files_go_along_with_the_booking(octopus, customer):
    xml = File(name="2026-0142.xml", content=b"<x/>", media_type="application/xml")
    octopus.provider.post_documents([document(customer, attachments=(PDF, xml))])
    assert octopus.entry("2026/0142")["files"] == ["2026-0142.pdf", "2026-0142.xml"]
    assert octopus.calls().count(("POST", "buysellbookings/save")) == 1


def test_a_refused_file_is_no_booking_yet_and_it_goes_without(octopus, customer):
    octopus.switch(file_bytes=10)
    booking = document(customer, attachments=(PDF,))
    (outcome,) = octopus.provider.post_documents([booking])
    assert outcome == FilesLeft(text="De bijlage is te groot.")
    assert not [row for row in octopus.books()["entries"] if row["reference"] == "2026/0142"]
    (outcome,) = octopus.provider.post_documents([replace(booking, attachments=(), files_left=outcome.text)])
    assert isinstance(outcome, Posted)
    assert octopus.entry("2026/0142")["files"] == []


def test_a_booking_made_before_its_file_was_refused_is_looked_at(octopus, customer):
    body = {"errorMessage": "De bijlage is te groot."}
    octopus.fault("status", path=BOOKING, status=400, body=body, apply=True)
    booking = document(customer, attachments=(PDF,))
    (outcome,) = octopus.provider.post_documents([booking])
    assert isinstance(outcome, FilesLeft)
    (outcome,) = octopus.provider.post_documents([replace(booking, attachments=())])
    assert isinstance(outcome, NumberTaken)
    assert isinstance(octopus.provider.find_document(query(document(customer))), Found)


def test_a_file_above_our_own_limit_stays_here(octopus, customer):
    large = File(name="large.pdf", content=b"x" * (5 * 1024 * 1024 + 1))
    booking = document(customer, attachments=(large, PDF))
    assert octopus.provider.files_left(booking) == "large.pdf is larger than 5 MB"
    (outcome,) = octopus.provider.post_documents([booking])
    assert isinstance(outcome, Posted)
    assert octopus.entry("2026/0142")["files"] == ["2026-0142.pdf"]
