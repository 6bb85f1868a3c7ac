"""Our documents as Octopus's bookings: sums to the cent, signs, both readings of a credit note."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base.http import Answer
from integrations.base.records import (
    AccountRef,
    Document,
    DocumentKind,
    DocumentNumber,
    ExternalRef,
    Line,
)
from integrations.octopus import bookings
from integrations.octopus.bookings import Place
from integrations.octopus.unsure import Readings
from integrations.octopus.values import Unsendable

CENTS = st.integers(-(10**10), 10**10).map(lambda n: Decimal(n).scaleb(-2))
LINES = st.builds(
    Line,
    description=st.text(max_size=100),
    net=CENTS,
    vat=CENTS,
    vat_code=st.sampled_from(["21", "06", "VR"]),
    ledger_account=st.sampled_from(["700000", "700100"]).map(lambda n: AccountRef(external_id=n, code=n)),
)
JOURNALS = {
    DocumentKind.SALES_INVOICE: "V1",
    DocumentKind.SALES_CREDIT_NOTE: "V2",
    DocumentKind.PURCHASE_INVOICE: "A1",
    DocumentKind.PURCHASE_CREDIT_NOTE: "A2",
}


def make(kind=DocumentKind.SALES_INVOICE, lines=(), **changes):
    journal = JOURNALS[kind]
    account = AccountRef(external_id="700000", code="700000")
    return Document(
        **{
            "key": "k",
            "reference": "2026/15",
            "kind": kind,
            "journal": journal,
            "date": date(2026, 5, 11),
            "due_date": date(2026, 6, 10),
            "party": ExternalRef(external_id="28"),
            "lines": lines
            or (Line(description="x", net=Decimal("100"), vat=Decimal("21"), vat_code="21", ledger_account=account),),
            "number": DocumentNumber(book_year="4", journal=journal, number=3),
            "period": "4/202602",
            **changes,
        }
    )


@st.composite
def documents(draw):
    kind = draw(st.sampled_from(list(DocumentKind)))
    document = make(kind, tuple(draw(st.lists(LINES, min_size=1, max_size=8))))
    if document.total < 0:
        lines = tuple(replace(line, net=-line.net, vat=-line.vat) for line in document.lines)
        document = replace(document, lines=lines)
    return document


def wire(payload):
    """A payload as it comes back over the wire."""
    body = json.dumps(payload).encode()
    return Answer(status=200, headers={}, body=body, ms=0.0).json()


@given(documents(), st.booleans())
def test_a_booking_comes_back_to_the_cent(document, positive):
    row = wire(bookings.booking_payload(document, Readings(credit_lines_positive=positive)))
    totals = bookings.booked_totals(row, document.kind)
    assert totals.total == document.total
    if document.total:
        assert (totals.net, totals.vat) == (document.net, document.vat)
        assert totals.per_vat_code == document.vat_totals
        assert bookings.stored_differently(row, document) == ()


@given(documents())
def test_the_total_is_the_sum_of_its_lines(document):
    row = wire(bookings.booking_payload(document))
    total = Decimal(str(row["amount"]))
    summed = sum(
        (Decimal(str(one["baseAmount"])) + Decimal(str(one["vatAmount"])) for one in row["bookingLines"]), Decimal()
    )
    assert total == (-summed if document.kind.is_credit_note else summed)
    assert (total < 0) is (document.kind.is_credit_note and document.total > 0)


@given(documents())
def test_lengths_and_the_place(document):
    row = bookings.booking_payload(document)
    assert all(len(one.get("comment", "")) <= 60 for one in row["bookingLines"])
    assert bookings.booking_place(row) == Place(4, document.journal, 3)
    if document.total:
        assert bookings.booking_kind(row) is document.kind


@given(documents())
def test_a_wrong_direction_never_looks_like_ours(document):
    row = wire(bookings.booking_payload(document))
    row["amount"] = str(-Decimal(str(row["amount"])))
    if document.total:
        assert bookings.booked_totals(row, document.kind).total != document.total
        assert bookings.booking_kind(row) is not document.kind


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (DocumentKind.SALES_INVOICE, 121.0),
        (DocumentKind.SALES_CREDIT_NOTE, -121.0),
        (DocumentKind.PURCHASE_INVOICE, 121.0),
        (DocumentKind.PURCHASE_CREDIT_NOTE, -121.0),
    ],
)
def test_signs(kind, amount):
    row = bookings.booking_payload(make(kind))
    assert (row["amount"], row["bookingLines"][0]["baseAmount"], row["bookingLines"][0]["vatAmount"]) == (
        amount,
        100.0,
        21.0,
    )


def test_the_body_is_the_documented_one():
    assert bookings.booking_payload(make(payment_reference="+++000/0000/00097+++")) == {
        "bookyearKey": {"id": 4},
        "journalKey": "V1",
        "documentSequenceNr": 3,
        "relationIdentificationServiceData": {"relationKey": {"id": 28}},
        "bookyearPeriodeNr": 202602,
        "documentDate": "2026-05-11",
        "expiryDate": "2026-06-10",
        "comment": "2026/15",
        "amount": 121.0,
        "currencyCode": "EUR",
        "exchangeRate": 1.0,
        "paymentMethod": 1,
        "reference": "+++000/0000/00097+++",
        "bookingLines": [
            {"accountKey": 700000, "baseAmount": 100.0, "vatCodeKey": "21", "vatAmount": 21.0, "comment": "x"}
        ],
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": None}, "ALL-999"),
        ({"number": DocumentNumber(book_year="4", journal="V1", number=0)}, "ALL-999"),
        ({"number": DocumentNumber(book_year="2026/1", journal="V1", number=1)}, "ALL-999"),
        ({"number": DocumentNumber(book_year="4", journal="V2", number=1)}, "JRN-510"),
        ({"journal": "A1", "number": DocumentNumber(book_year="4", journal="A1", number=1)}, "JRN-510"),
        ({"period": ""}, "PER-506"),
        ({"period": "5/202701"}, "PER-506"),
        ({"party": ExternalRef(external_id="x")}, "PAR-641"),
        ({"party": ExternalRef(external_id=str(2**31))}, "PAR-641"),
    ],
)
def test_what_must_not_go_out(changes, code):
    with pytest.raises(Unsendable) as caught:
        bookings.booking_payload(make(**changes))
    assert caught.value.code == code


def test_rates_either_way():
    document = make(currency="USD", exchange_rate=Decimal("0.8"))
    assert bookings.booking_payload(document)["exchangeRate"] == 0.8
    assert bookings.booking_payload(document, Readings(rate_multiplies=False))["exchangeRate"] == 1.25


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"relationIdentificationServiceData": {"relationKey": {"id": 29}}}, "another relation"),
        ({"comment": "2026/1"}, "comment 2026/1"),
        ({"currencyCode": "USD"}, "currency USD"),
        ({"documentDate": "2026-05-12"}, "date 2026-05-12"),
        ({"exchangeRate": "1.1"}, "exchange rate"),
        ({"bookingLines": [{"accountKey": 1, "baseAmount": "100", "vatAmount": "21"}]}, "another ledger account"),
        ({"journalKey": "A1"}, "another kind of document"),
    ],
)
def test_what_is_stored_otherwise_is_told(changes, remark):
    row = {**wire(bookings.booking_payload(make())), **changes}
    assert bookings.stored_differently(row, make()) == (remark,)


def test_a_booking_that_says_little():
    assert bookings.booked_totals({}, DocumentKind.SALES_INVOICE) is None
    bare = bookings.booked_totals({"amount": "121.0"}, DocumentKind.SALES_INVOICE)
    assert (bare.total, bare.net, bare.per_vat_code) == (Decimal("121.00"), None, None)
    assert bookings.booked_record({"journalKey": "F1"}) is None


@pytest.mark.parametrize("text", ["", "4/V1", "4/V1/x", "x/V1/2", "4//2", "4/V1/2/-1"])
def test_what_is_no_place(text):
    assert bookings.parse_place(text) is None


@given(st.integers(1, 999), st.integers(1, 10**6), st.sampled_from(["V1", "A12"]))
def test_a_place_is_its_own_external_id(year, number, journal):
    place = Place(year, journal, number)
    assert bookings.parse_place(str(place)) == place
    assert len(str(place)) <= 60


def test_deleted_places():
    keys = [
        {"bookyearKey": {"id": 4}, "journalType": kind, "journalSequenceNr": 1, "documentSequenceNr": 7}
        for kind in (1, 2, 3, 0)
    ]
    assert [str(place) for place in bookings.document_places({"deletedBookings": keys})] == ["4/A1/7", "4/V1/7"]
    assert bookings.document_places({}) == []


def test_comments_of_the_ledger():
    lines = [
        {
            "bookyearKey": {"id": 4},
            "journalType": kind,
            "journalNr": 2,
            "documentSequenceNr": 7,
            "comment": f"type {kind}",
        }
        for kind in (2, 3)
    ]
    assert bookings.ledger_comments({"modifiedBookings": lines}) == [(Place(4, "V2", 7), "type 2")]
