"""Bookings at Exact Online over HTTP: invoices, credit notes, purchases, refusals, and finding one again."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.base.errors import AccessDenied, AdministrationGone, AuthorisationLost, RateLimited
from integrations.base.records import (
    Absent,
    BookedTotals,
    CannotTell,
    DocumentKind,
    DocumentRef,
    Enclosure,
    ExternalRef,
    File,
    Found,
    NotTried,
    Posted,
    Refused,
    Unclear,
    VatTotal,
)
from integrations.exact.unsure import Readings
from tests.sandbox.exact_box import ExactBox, document, line, query

SALES = r"salesentry/SalesEntries"
KEY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def box():
    with ExactBox() as box:
        box.customer = box.relation("Bakkerij Zonnekorrel")
        box.supplier = box.relation("GARAGE TOERENTELLER")
        box.revenue = box.account("700100")
        box.zero = box.account("700200")
        box.cost = box.account("613310")
        box.forget()
        yield box


def entry(box, reference="2026/0142"):
    (found,) = [row for row in box.books()["entries"] if row["reference"] == reference]
    return found


def count(box):
    return len(box.books()["entries"])


def invoice(box, **changes):
    lines = (
        line(box.revenue, "100.10", "21.02"),
        line(box.revenue, "-10.05", "-2.11"),
        line(box.zero, "30.00", "1.80", "1"),
        line(box.zero, "5.00", "0.00", "0"),
    )
    return document(box.customer, lines, **changes)


def credit_note(box, **changes):
    return invoice(box, **{"kind": DocumentKind.SALES_CREDIT_NOTE, "journal": "71", **changes})


def purchase(box, **changes):
    fields = {
        "kind": DocumentKind.PURCHASE_INVOICE,
        "journal": "60",
        "reference": "F-4711",
        "lines": (line(box.cost, "200.00", "42.00", "31"),),
        **changes,
    }
    return document(box.supplier, fields.pop("lines"), **fields)


# --- booking --------------------------------------------------------------------------------------------------


def test_an_invoice_stands_there_to_the_cent(box):
    (outcome,) = box.provider.post_documents([invoice(box, payment_reference="+++084/2613/66074+++")])
    assert isinstance(outcome, Posted)
    assert (outcome.ref.external_id, outcome.ref.journal, outcome.ref.number) == (KEY, "70", "26700002")
    assert (outcome.ref.fiscal_year, outcome.ref.kind) == ("2026", DocumentKind.SALES_INVOICE)
    totals = outcome.totals
    assert (totals.net, totals.vat, totals.total) == (Decimal("125.05"), Decimal("20.71"), Decimal("145.76"))
    assert outcome.remarks == ()
    stored = entry(box)
    assert (stored["type"], stored["journal"], stored["party"]) == (20, "70", box.customer.external_id)
    assert (stored["date"], stored["due_date"], stored["payment_condition"]) == ("2026-03-17", "2026-04-16", "30")
    assert (stored["net"], stored["vat"], stored["total"]) == ("125.05", "20.71", "145.76")
    assert (stored["payment_reference"], stored["description"]) == ("+++084/2613/66074+++", "2026/0142 customer")
    assert [(row["account"], row["vat_code"], row["net"], row["vat"]) for row in stored["lines"]] == [
        ("700100", "4", "100.10", "21.02"),
        ("700100", "4", "-10.05", "-2.11"),
        ("700200", "1", "30.00", "1.80"),
        ("700200", "0", "5.00", "0.00"),
    ]
    assert [(method, resource) for method, resource, _ in box.calls()] == [("POST", "salesentry/SalesEntries")]


def test_vat_is_ours_even_where_the_tool_would_round_otherwise(box):
    """Three times 0.33 at 21 % is 0.21 for us and 0.07 a line for the tool; ours is what is booked."""
    lines = (line(box.revenue, "0.33", "0.07"), line(box.revenue, "0.33", "0.07"), line(box.revenue, "0.36", "0.08"))
    (outcome,) = box.provider.post_documents([document(box.customer, lines)])
    assert (outcome.totals.vat, entry(box)["vat"]) == (Decimal("0.22"), "0.22")


def test_a_credit_note_lowers_what_is_owed(box):
    (outcome,) = box.provider.post_documents([credit_note(box)])
    assert (outcome.totals.total, outcome.ref.kind) == (Decimal("145.76"), DocumentKind.SALES_CREDIT_NOTE)
    stored = entry(box)
    assert (stored["type"], stored["journal"], stored["total"]) == (21, "71", "-145.76")


def test_the_other_reading_of_a_credit_note_is_seen_when_it_is_wrong(box):
    """Positive amounts without Type: this books an invoice, and the answer says so."""
    provider = box.open(readings=Readings(credit_notes_negative=False))
    (outcome,) = provider.post_documents([credit_note(box)])
    assert isinstance(outcome, Posted)
    assert outcome.totals.total == Decimal("-145.76")


def test_purchases_and_their_credit_notes(box):
    note = purchase(
        box, kind=DocumentKind.PURCHASE_CREDIT_NOTE, journal="61", reference="F-4712", key=str(uuid.uuid4())
    )
    first, second = box.provider.post_documents([purchase(box), note])
    assert [first.totals.total, second.totals.total] == [Decimal("242.00"), Decimal("242.00")]
    assert [first.ref.kind, second.ref.kind] == [DocumentKind.PURCHASE_INVOICE, DocumentKind.PURCHASE_CREDIT_NOTE]
    assert [(entry(box, ref)["type"], entry(box, ref)["total"]) for ref in ("F-4711", "F-4712")] == [
        (30, "242.00"),
        (31, "-242.00"),
    ]


@pytest.mark.parametrize("answer_lines", ["deferred", "expanded"])
def test_a_reverse_charge_owes_no_vat_and_still_computes_it(box, answer_lines):
    box.switch(answer_lines=answer_lines)
    (outcome,) = box.provider.post_documents([purchase(box, lines=(line(box.cost, "200.00", "0.00", "37"),))])
    assert (outcome.totals.vat, outcome.totals.total) == (Decimal("0.00"), Decimal("200.00"))
    (stored,) = entry(box, "F-4711")["lines"]
    assert stored["vat_charged"] == "42.00"


def test_totals_per_vat_code_where_the_answer_shows_its_lines(box):
    box.switch(answer_lines="expanded")
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert outcome.totals == BookedTotals(
        net=Decimal("125.05"),
        vat=Decimal("20.71"),
        total=Decimal("145.76"),
        per_vat_code=(
            VatTotal(vat_code="0", base=Decimal("5.00"), vat=Decimal("0.00")),
            VatTotal(vat_code="1", base=Decimal("30.00"), vat=Decimal("1.80")),
            VatTotal(vat_code="4", base=Decimal("90.05"), vat=Decimal("18.91")),
        ),
    )


def test_a_ledger_account_that_was_silently_dropped_is_told(box):
    box.switch(answer_lines="expanded", foreign_reference="null")
    stranger = replace(box.revenue, external_id=str(uuid.uuid4()))
    (outcome,) = box.provider.post_documents([document(box.customer, (line(stranger),))])
    assert isinstance(outcome, Posted)
    assert outcome.remarks == ("another ledger account",)


@pytest.mark.parametrize(("answer_lines", "net"), [("expanded", "79.00"), ("deferred", "79.00")])
def test_an_inclusive_vat_code_shows_as_other_totals(box, answer_lines, net):
    box.switch(answer_lines=answer_lines)
    (outcome,) = box.provider.post_documents([document(box.customer, (line(box.revenue, code="3"),))])
    assert (outcome.totals.net, outcome.totals.total) == (Decimal(net), Decimal("100.00"))


def test_an_answer_with_the_key_alone_is_read_once(box):
    key_alone = {"d": {"EntryID": KEY, "AmountFC": None}}
    box.fault("status", method="POST", path=SALES, status=201, apply=True, body=key_alone)
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert (outcome.totals.total, outcome.ref.number) == (Decimal("145.76"), "26700002")
    assert outcome.totals.per_vat_code is not None
    assert [method for method, _, _ in box.calls()] == ["POST", "GET"]


def test_a_booking_stays_a_booking_when_it_cannot_be_read_back(box):
    key_alone = {"d": {"EntryID": KEY, "AmountFC": None}}
    box.fault("status", method="POST", path=SALES, status=201, apply=True, body=key_alone)
    box.fault("status", method="GET", path=SALES, status=503)
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert isinstance(outcome, Posted)
    assert (outcome.ref.external_id, outcome.totals) == (KEY, None)


@pytest.mark.parametrize("honoured", [True, False])
def test_our_key_is_taken_or_not(box, honoured):
    box.switch(entry_id_from_caller=honoured)
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert (outcome.ref.external_id == KEY) is honoured
    assert entry(box)["entry_id"] == outcome.ref.external_id


def test_the_same_booking_twice_is_refused_by_its_key(box):
    box.provider.post_documents([invoice(box)])
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert (outcome.code, outcome.text) == ("NUM-520", "Gegeven bestaat reeds.")
    assert count(box) == len({row["entry_id"] for row in box.books()["entries"]})
    entry(box)


@pytest.mark.parametrize("direction", ["multiply", "divide"])
def test_both_readings_of_an_exchange_rate(box, direction):
    box.switch(rate_direction=direction)
    dollars = document(box.customer, (line(box.revenue),), currency="USD", exchange_rate=Decimal("0.8"))
    right = box.open(readings=Readings(rate_multiplies=direction == "multiply"))
    (outcome,) = right.post_documents([dollars])
    assert (outcome.totals.total, outcome.remarks) == (Decimal("121.00"), ())
    assert (entry(box)["currency"], entry(box)["total_dc"]) == ("USD", "96.80")


def test_an_exchange_rate_read_the_wrong_way_is_told(box):
    box.switch(rate_direction="divide")
    dollars = document(box.customer, (line(box.revenue),), currency="USD", exchange_rate=Decimal("0.8"))
    (outcome,) = box.provider.post_documents([dollars])
    assert outcome.remarks == ("exchange rate",)


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"date": date(2026, 1, 20)}, "PER-502"),
        ({"date": date(2031, 1, 20)}, "PER-503"),
        ({"journal": "60"}, "JRN-511"),
        ({"journal": ""}, "JRN-512"),
        ({"journal": "75"}, "JRN-511"),
        ({"journal": "99"}, "JRN-511"),
        ({"payment_term_code": "XX"}, "PAR-643"),
        ({"currency": "CHF", "exchange_rate": Decimal("0.95")}, "APP-210"),
    ],
)
def test_the_tool_refuses_a_document(box, changes, code, language):
    box.switch(language=language)
    before = count(box)
    (outcome,) = box.provider.post_documents([invoice(box, **changes)])
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.vendor_code) == (code, "500")
    assert outcome.text
    assert count(box) == before


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("account", "code", "vat_code"),
    [
        ("700990", "LED-603", "4"),
        ("400000", "LED-602", "4"),
        ("700100", "VAT-620", "ZZ"),
        ("700100", "VAT-620", "205"),
        ("700100", "VAT-624", "31"),
    ],
)
def test_the_tool_refuses_a_line(box, account, code, vat_code, language):
    box.switch(language=language)
    lines = (line(box.account(account), code=vat_code),)
    (outcome,) = box.provider.post_documents([document(box.customer, lines)])
    assert isinstance(outcome, Refused)
    assert outcome.code == code, outcome.text


def test_a_supplier_is_no_customer(box):
    (outcome,) = box.provider.post_documents([document(box.supplier, (line(box.revenue),))])
    assert (outcome.code, outcome.text) == ("PAR-640", "Ongeldig: Factuur voor (Type)")


def test_a_customer_is_no_supplier(box):
    to = replace(purchase(box), party=box.customer)
    (outcome,) = box.provider.post_documents([to])
    assert outcome.code == "PAR-640"


def test_a_party_that_is_gone(box):
    gone = ExternalRef(external_id=str(uuid.uuid4()))
    (outcome,) = box.provider.post_documents([document(gone, (line(box.revenue),))])
    assert outcome.code == "PAR-641"


def test_what_must_not_go_out_is_not_sent(box):
    (outcome,) = box.provider.post_documents([document(ExternalRef(external_id=""), (line(box.revenue),))])
    assert (outcome.code, box.calls()) == ("PAR-641", [])


# --- faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "drop_before"}, Unclear),
        ({"kind": "drop_after"}, Unclear),
        ({"kind": "truncate"}, Unclear),
        ({"kind": "garbage"}, Unclear),
        ({"kind": "status", "status": 500}, Unclear),
        ({"kind": "status", "status": 500, "body": "<html>"}, Unclear),
        ({"kind": "status", "status": 502}, Unclear),
        ({"kind": "status", "status": 503}, Unclear),
        ({"kind": "status", "status": 504}, Unclear),
        ({"kind": "status", "status": 408}, Unclear),
        ({"kind": "status", "status": 302, "headers": {"Location": "/login"}}, Unclear),
        ({"kind": "status", "status": 201, "body": {"d": {}}}, Unclear),
        ({"kind": "status", "status": 400}, Refused),
        ({"kind": "status", "status": 404}, Refused),
        ({"kind": "status", "status": 405}, Refused),
    ],
)
def test_every_answer_to_a_booking_is_an_outcome(box, fault, kind):
    box.fault(method="POST", path=SALES, **fault)
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert type(outcome) is kind
    assert len(box.calls()) == 1  # nothing is repeated


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "rate_minute"}, RateLimited),
        ({"kind": "rate_day"}, RateLimited),
        ({"kind": "status", "status": 429}, RateLimited),
        ({"kind": "status", "status": 403}, AccessDenied),
        ({"kind": "status", "status": 403, "headers": {"Reason": "NoDivisionAccess"}}, AdministrationGone),
        ({"kind": "status", "status": 403, "headers": {"Reason": "BlockedUser"}}, AuthorisationLost),
        ({"kind": "expired_token", "times": 2}, AuthorisationLost),
    ],
)
def test_what_stops_the_connection_is_raised_and_nothing_was_booked(box, fault, error):
    before = count(box)
    box.fault(method="POST", path=SALES, **fault)
    with pytest.raises(error):
        box.provider.post_documents([invoice(box)])
    assert count(box) == before


def test_what_stops_the_connection_in_the_middle_leaves_the_rest_untried(box):
    box.fault("rate_minute", method="POST", path=SALES, skip=1)
    batch = [invoice(box, key=str(uuid.uuid4()), reference=f"2026/020{number}") for number in range(3)]
    outcomes = box.provider.post_documents(batch)
    assert [type(outcome) for outcome in outcomes] == [Posted, NotTried, NotTried]
    assert [row["reference"] for row in box.books()["entries"] if row["reference"].startswith("2026/020")] == [
        "2026/0200"
    ]


def test_an_expired_token_is_replaced_once_and_the_call_repeated(box):
    box.fault("expired_token", method="POST", path=SALES)
    first = box.tokens.token
    (outcome,) = box.provider.post_documents([invoice(box)])
    assert isinstance(outcome, Posted)
    assert box.tokens.rejected == [first]
    assert len(box.calls()) == 2
    entry(box)


def test_a_slow_answer_is_unclear_and_the_booking_is_found_when_it_has_arrived(box):
    box.fault("delay", method="POST", path=SALES, seconds=1.0, when="after")
    (outcome,) = box.open(seconds=0.4).post_documents([invoice(box)])
    assert isinstance(outcome, Unclear)
    found = box.provider.find_document(query(invoice(box)))
    assert isinstance(found, Found)


def test_nobody_answers_and_nothing_was_sent(box):
    box.sandbox.stop()
    (outcome,) = box.open().post_documents([invoice(box)])
    assert isinstance(outcome, NotTried)


# --- finding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("honoured", [True, False])
@pytest.mark.parametrize("kind", ["drop_after", "truncate", "garbage"])
@pytest.mark.parametrize("make", [invoice, credit_note, purchase])
def test_a_booking_whose_answer_was_lost_is_found(box, make, kind, honoured):
    box.switch(entry_id_from_caller=honoured)
    sent = make(box)
    box.fault(kind, method="POST", path="Entries$")
    (outcome,) = box.provider.post_documents([sent])
    assert isinstance(outcome, Unclear)
    found = box.provider.find_document(query(sent))
    assert isinstance(found, Found)
    assert found.ref.external_id == entry(box, sent.reference)["entry_id"]
    assert (found.totals.total, found.totals.vat) == (sent.total, sent.vat)
    assert found.totals.per_vat_code == sent.vat_totals


def test_a_booking_that_never_arrived_is_absent_once_the_right_is_proven(box):
    box.fault("drop_before", method="POST", path=SALES)
    box.provider.post_documents([invoice(box)])
    box.forget()
    assert box.provider.find_document(query(invoice(box))) == Absent()
    assert [resource for _, resource, _ in box.calls()] == ["salesentry/SalesEntries", "users/UserHasRights"]
    box.forget()
    assert box.provider.find_document(query(invoice(box))) == Absent()
    assert len(box.calls()) == 1  # the proof holds for the life of the provider


def test_nothing_is_absent_without_the_right_to_see_it(box):
    box.provider.post_documents([invoice(box)])
    box.control("rights", user="demo", resource="salesentry/SalesEntries", actions=["GET"], allowed=False)
    found = box.open().find_document(query(invoice(box)))
    assert isinstance(found, CannotTell)
    assert "right" in found.reason


def test_a_right_that_cannot_be_asked_for_proves_nothing(box):
    box.switch(missing_scopes=["organization administration"])
    box.fault("status", path="UserHasRights", status=403)
    assert isinstance(box.provider.find_document(query(invoice(box))), CannotTell)


def test_a_right_that_is_not_stated_proves_nothing(box):
    box.fault("status", path="UserHasRights", status=200, body={"d": {}})
    assert isinstance(box.provider.find_document(query(invoice(box))), CannotTell)


@pytest.mark.parametrize(
    "changes",
    [
        {"total": Decimal("145.77")},
        {"date": date(2026, 3, 18)},
        {"currency": "USD"},
        {"kind": DocumentKind.SALES_CREDIT_NOTE},
        {"party_external_id": str(uuid.uuid4())},
    ],
)
def test_something_else_under_our_reference_is_for_a_person(box, changes):
    (posted,) = box.provider.post_documents([invoice(box)])
    found = box.provider.find_document(query(invoice(box), **{"key": str(uuid.uuid4()), **changes}))
    assert isinstance(found, CannotTell)
    assert [ref.external_id for ref in found.candidates] == [posted.ref.external_id]


def test_two_that_are_equal_are_for_a_person(box):
    box.provider.post_documents([invoice(box), invoice(box, key=str(uuid.uuid4()))])
    found = box.provider.find_document(query(invoice(box)))
    assert isinstance(found, CannotTell)
    assert len(found.candidates) == 2


def test_a_known_booking_is_read_by_its_key_and_gone_when_it_was_deleted(box):
    (posted,) = box.provider.post_documents([invoice(box)])
    known = query(invoice(box), external_id=posted.ref.external_id)
    assert isinstance(box.provider.find_document(known), Found)
    box.control("delete_entry", entry_id=posted.ref.external_id)
    assert box.provider.find_document(known) == Absent()


def test_a_booking_made_by_hand_is_found_too(box):
    by_hand = {
        "kind": "invoice",
        "journal": "70",
        "relation": box.customer.external_id,
        "date": "2026-03-17",
        "reference": "2026/0142",
        "lines": [{"account": "700100", "vat_code": "4", "net": "100.00", "vat": "21.00"}],
    }
    box.control("seed", division=3120451, entries=[by_hand])
    found = box.provider.find_document(query(document(box.customer, (line(box.revenue),))))
    assert isinstance(found, Found)
    assert found.ref.external_id != KEY


@pytest.mark.parametrize("reference", ["O'Neill 7", "A&B+C #7", "50% / 2026", "é€", "guid'x' or 1 eq 1"])
def test_no_sign_in_a_reference_breaks_the_question(box, reference):
    sent = invoice(box, reference=reference)
    box.provider.post_documents([sent])
    assert isinstance(box.provider.find_document(query(sent)), Found)


# --- files ----------------------------------------------------------------------------------------------------

PDF = File(name="2026-0142.pdf", content=b"%PDF-1.7 x")
XML = File(name="2026-0142.xml", content=b"<Invoice/>", media_type="application/xml")


def attach(box, ref, *files):
    (outcome,) = box.provider.attach([Enclosure(ref=ref, files=files or (PDF,))])
    return outcome


def files_there(box):
    return [file["name"] for row in box.books()["documents"] for file in row["files"]]


@pytest.mark.parametrize("knows_kind", [True, False])
@pytest.mark.parametrize("make", [invoice, purchase])
def test_files_hang_on_their_booking(box, make, knows_kind):
    sent = make(box)
    (posted,) = box.provider.post_documents([sent])
    ref = posted.ref if knows_kind else replace(posted.ref, kind=None)
    outcome = attach(box, ref, PDF, XML)
    assert isinstance(outcome, Posted)
    assert entry(box, sent.reference)["document"] == outcome.ref.external_id
    assert len(box.books()["documents"]) == 1
    assert sorted(files_there(box)) == [PDF.name, XML.name]


def test_files_of_many_bookings_cost_one_look_and_four_calls_each(box):
    sent = [invoice(box, key=str(uuid.uuid4()), reference=f"2026/{n}") for n in range(150, 160)]
    posted = box.provider.post_documents(sent)
    box.forget()
    outcomes = list(box.provider.attach([Enclosure(ref=one.ref, files=(PDF, XML)) for one in posted]))
    assert [type(one) for one in outcomes] == [Posted] * 10
    assert len(box.calls()) == 1 + 10 * 4


@pytest.mark.parametrize("skip", range(4))
def test_what_broke_off_is_completed_and_nothing_lies_there_twice(box, skip):
    (posted,) = box.provider.post_documents([invoice(box)])
    box.fault("drop_after", path=f"documents/|{SALES}\\(", skip=skip)
    assert isinstance(attach(box, posted.ref, PDF, XML), Unclear)
    assert isinstance(attach(box, posted.ref, PDF, XML), Posted)
    assert sorted(files_there(box)) == [PDF.name, XML.name]
    there = next(row for row in box.books()["documents"] if row["files"])
    assert entry(box)["document"] == there["id"]


def test_a_file_that_is_too_large_is_not_sent(box):
    (posted,) = box.provider.post_documents([invoice(box)])
    box.forget()
    outcome = attach(box, posted.ref, File(name="big.pdf", content=b"x" * (9 * 2**20 + 1)))
    assert (outcome.code, box.calls()) == ("SYS-708", [])


@pytest.mark.parametrize("knows_kind", [True, False])
def test_a_booking_without_a_key_gets_no_file(box, knows_kind):
    kind = DocumentKind.SALES_INVOICE if knows_kind else None
    outcome = attach(box, DocumentRef(external_id="26700002", kind=kind))
    assert (outcome.code, box.calls()) == ("SYS-708", [])


def test_a_booking_that_is_not_there_gets_no_document(box):
    (posted,) = box.provider.post_documents([invoice(box)])
    box.control("delete_entry", entry_id=posted.ref.external_id)
    assert attach(box, posted.ref).code == "SYS-708"
    assert box.books()["documents"] == []


@pytest.mark.parametrize("path", ["documents/Documents", "documents/DocumentAttachments", SALES])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 403}, Refused),
        ({"status": 400}, Refused),
        ({"status": 503}, Unclear),
    ],
)
def test_a_file_that_cannot_be_attached_harms_no_booking(box, path, fault, kind):
    (posted,) = box.provider.post_documents([invoice(box)])
    before = {name: value for name, value in entry(box).items() if name != "document"}
    # The look at the entry comes first and changes nothing; here the link to it fails.
    box.fault("status", path=path, **fault, **({"method": "PUT"} if path == SALES else {}))
    outcome = attach(box, posted.ref)
    assert type(outcome) is kind
    if kind is Refused:
        assert outcome.code == "SYS-708"
    assert {name: value for name, value in entry(box).items() if name != "document"} == before


def test_a_processed_entry_may_refuse_the_link(box):
    (posted,) = box.provider.post_documents([invoice(box)])
    box.control("process_entry", reference="2026/0142")
    outcome = attach(box, posted.ref)
    assert (outcome.code, outcome.text) == ("SYS-708", "Reeds verwerkt")
    assert files_there(box) == []


@pytest.mark.parametrize("path", ["documents/Documents$", "DocumentAttachments", f"{SALES}\\("])
def test_a_limit_stops_and_what_was_done_counts(box, path):
    sent = [invoice(box, key=str(uuid.uuid4()), reference=f"2026/{n}") for n in (150, 151)]
    first, second = (Enclosure(ref=one.ref, files=(PDF,)) for one in box.provider.post_documents(sent))
    box.fault("rate_minute", path=path)
    with pytest.raises(RateLimited):
        next(box.provider.attach([first, second]))
    outcomes = box.provider.attach([first, second])
    assert isinstance(next(outcomes), Posted)
    box.fault("rate_minute", path=path)
    with pytest.raises(RateLimited):
        next(outcomes)
    assert isinstance(attach(box, second.ref), Posted)
    assert files_there(box) == [PDF.name] * 2
