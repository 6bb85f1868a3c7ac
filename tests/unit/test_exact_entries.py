"""Our documents as entries and entries as bookings; finding one again."""

import json
import uuid
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base.records import (
    Absent,
    AccountRef,
    CannotTell,
    Document,
    DocumentKind,
    DocumentQuery,
    ExternalRef,
    Found,
    Line,
    VatTotal,
)
from integrations.exact import entries, finding
from integrations.exact.resources import PURCHASE_ENTRIES, SALES_ENTRIES
from integrations.exact.unsure import Readings
from integrations.exact.values import Unsendable

KEY = "11111111-2222-4333-8444-555555555555"
PARTY = "aa675be4-d74a-5bad-97e5-0309d56744a8"
ACCOUNT = "04030554-3e5a-5ac5-9e9a-a2e5db8d74c1"
SALES, CREDIT = DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE
BUY, BUY_CREDIT = DocumentKind.PURCHASE_INVOICE, DocumentKind.PURCHASE_CREDIT_NOTE


def line(net="100.00", vat="21.00", code="4", account=ACCOUNT, description="Consulting"):
    return Line(
        description=description,
        net=Decimal(net),
        vat=Decimal(vat),
        vat_code=code,
        ledger_account=AccountRef(external_id=account, code="700000"),
    )


def document(**changes):
    return Document(
        **{
            "key": KEY,
            "reference": "2026/0142",
            "kind": SALES,
            "journal": "70",
            "date": date(2026, 2, 17),
            "due_date": date(2026, 3, 19),
            "party": ExternalRef(external_id=PARTY, name="De Afslag bv"),
            "lines": (line(),),
            "description": "Invoice 2026/0142",
            "payment_term_code": "30",
            **changes,
        }
    )


def test_an_invoice_as_exact_reads_it():
    assert entries.entry_payload(document(payment_reference="+++084/2613/66074+++")) == {
        "Customer": PARTY,
        "Journal": "70",
        "EntryDate": "2026-02-17",
        "YourRef": "2026/0142",
        "Description": "Invoice 2026/0142",
        "Currency": "EUR",
        "EntryID": KEY,
        "DueDate": "2026-03-19",
        "PaymentCondition": "30",
        "PaymentReference": "+++084/2613/66074+++",
        "SalesEntryLines": [
            {
                "AmountFC": 100.0,
                "GLAccount": ACCOUNT,
                "VATCode": "4",
                "VATAmountFC": 21.0,
                "Description": "Consulting",
            }
        ],
    }


def test_a_credit_note_goes_out_negative_and_without_type():
    payload = entries.entry_payload(document(kind=CREDIT, journal="71", lines=(line(), line("-10.00", "-2.10"))))
    assert [(row["AmountFC"], row["VATAmountFC"]) for row in payload["SalesEntryLines"]] == [
        (-100.0, -21.0),
        (10.0, 2.1),
    ]
    assert "Type" not in payload


def test_the_other_reading_of_a_credit_note_goes_out_positive():
    payload = entries.entry_payload(document(kind=CREDIT), Readings(credit_notes_negative=False))
    assert payload["SalesEntryLines"][0]["AmountFC"] == 100.0


def test_a_purchase_names_its_supplier():
    payload = entries.entry_payload(document(kind=BUY, journal="60"))
    assert payload["Supplier"] == PARTY
    assert "Customer" not in payload
    assert len(payload["PurchaseEntryLines"]) == 1


def test_the_key_stays_home_when_exact_refuses_it():
    assert "EntryID" not in entries.entry_payload(document(), Readings(send_entry_id=False))
    assert "EntryID" not in entries.entry_payload(document(key="posting-17"))


def test_a_foreign_currency_goes_with_its_rate():
    payload = entries.entry_payload(document(currency="USD", exchange_rate=Decimal("0.9213")))
    assert (payload["Currency"], json.dumps(payload["Rate"])) == ("USD", "0.9213")
    assert "Rate" not in entries.entry_payload(document())
    in_pounds = entries.entry_payload(document(exchange_rate=Decimal("0.85")))
    assert (in_pounds["Currency"], in_pounds["Rate"]) == ("EUR", 0.85)


def test_vat_is_stated_on_every_line_of_a_code_that_has_any():
    lines = (line("0.02", "0.00"), line("50.00", "10.50"), line("30.00", "0.00", "0"))
    rows = entries.entry_payload(document(lines=lines))["SalesEntryLines"]
    assert [row.get("VATAmountFC") for row in rows] == [0.0, 10.5, None]
    rows = entries.entry_payload(document(lines=lines), Readings(send_zero_vat=True))["SalesEntryLines"]
    assert [row.get("VATAmountFC") for row in rows] == [0.0, 10.5, 0.0]


def test_long_texts_are_cut_a_reference_never():
    long = document(description="x" * 100, reference="R" * 80, lines=(line(description="y" * 100),))
    payload = entries.entry_payload(long)
    assert len(payload["Description"]) == len(payload["SalesEntryLines"][0]["Description"]) == 60
    assert payload["YourRef"] == "R" * 80


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"party": ExternalRef(external_id="")}, "PAR-641"),
        ({"party": ExternalRef(external_id="25")}, "PAR-641"),
        ({"lines": (line(account=""),)}, "APP-105"),
        ({"lines": (line(code=""),)}, "APP-102"),
        ({"lines": (line("10.001"),)}, "ALL-999"),
    ],
)
def test_what_must_not_go_out_is_stopped(changes, code):
    with pytest.raises(Unsendable) as stopped:
        entries.entry_payload(document(**changes))
    assert stopped.value.code == code


# --- there and back -------------------------------------------------------------------------------------------

cents = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n).scaleb(-2))
lines = st.builds(
    Line,
    description=st.text(max_size=70),
    net=cents,
    vat=cents,
    vat_code=st.sampled_from(["4", "5", "0"]),
    ledger_account=st.just(AccountRef(external_id=ACCOUNT, code="700000")),
)
documents = st.builds(
    Document,
    key=st.uuids(version=4).map(str),
    reference=st.text(alphabet="0123456789/-'", min_size=1, max_size=20),
    kind=st.sampled_from(DocumentKind),
    journal=st.just("70"),
    date=st.dates(date(2015, 1, 1), date(2035, 12, 31)),
    due_date=st.none(),
    party=st.uuids(version=4).map(lambda found: ExternalRef(external_id=str(found))),
    lines=st.lists(lines, min_size=1, max_size=8).map(tuple),
).filter(lambda found: found.total > 0)


def book(payload, resource, *, number=26700001, positive_with_type=False):
    """A ledger's answer to a payload, through JSON: totals with VAT, the lines inside, Type by the sign."""
    body = json.loads(json.dumps(payload), parse_float=str)
    rows = [
        {
            "AmountFC": str(row["AmountFC"]),
            "VATAmountFC": str(row.get("VATAmountFC", 0)),
            "VATCode": row["VATCode"] + " ",
            "GLAccount": row["GLAccount"],
        }
        for row in body[resource.lines]
    ]
    net = sum(Decimal(row["AmountFC"]) for row in rows)
    vat = sum(Decimal(row["VATAmountFC"]) for row in rows)
    is_credit = net + vat < 0
    turn = -1 if positive_with_type and is_credit else 1
    for row in rows:
        row["AmountFC"] = str(turn * Decimal(row["AmountFC"]))
        row["VATAmountFC"] = str(turn * Decimal(row["VATAmountFC"]))
    milliseconds = (date.fromisoformat(body["EntryDate"]) - date(1970, 1, 1)) // timedelta(milliseconds=1)
    first = 20 if resource.is_sales else 30
    return {
        "EntryID": body["EntryID"],
        "EntryNumber": number,
        "Journal": body["Journal"],
        resource.party: body[resource.party],
        "EntryDate": f"/Date({milliseconds})/",
        "YourRef": body["YourRef"],
        "Currency": body["Currency"],
        "AmountFC": str(turn * (net + vat)),
        "VATAmountFC": str(turn * vat),
        "Type": first + 1 if is_credit else first,
        resource.lines: {"results": rows},
    }


def query(of, **changes):
    return DocumentQuery(
        **{
            "key": of.key,
            "reference": of.reference,
            "kind": of.kind,
            "party_external_id": of.party.external_id,
            "date": of.date,
            "total": of.total,
            "currency": of.currency,
            **changes,
        }
    )


@given(documents, st.booleans())
def test_what_was_sent_is_read_back_to_the_cent_whatever_its_kind(sent, positive_with_type):
    resource = entries.resource_for(sent.kind)
    entry = book(entries.entry_payload(sent), resource, positive_with_type=positive_with_type)
    totals = entries.booked_totals(entry, sent.kind, resource)
    assert (totals.net, totals.vat, totals.total) == (sent.net, sent.vat, sent.total)
    assert totals.per_vat_code == sent.vat_totals
    assert entries.stored_differently(entry, sent, resource) == ()
    found = finding.judge(query(sent), [entry], resource)
    assert isinstance(found, Found)
    assert (found.ref.external_id, found.ref.number, found.ref.kind) == (sent.key, "26700001", sent.kind)


@given(documents)
def test_what_went_the_wrong_way_is_never_taken_for_ours(sent):
    """Positive amounts in a credit note that Exact did not turn raise a debt that we wanted to lower."""
    resource = entries.resource_for(sent.kind)
    entry = book(entries.entry_payload(sent), resource)
    wrong = {**entry, "AmountFC": str(-Decimal(entry["AmountFC"])), "Type": 20 if resource.is_sales else 30}
    if not sent.kind.is_credit_note:
        wrong["Type"] += 1
        wrong["AmountFC"] = entry["AmountFC"]
    totals = entries.booked_totals(wrong, sent.kind, resource)
    assert totals.total == -sent.total
    assert isinstance(finding.judge(query(sent), [wrong], resource), CannotTell)


def entry_of(sent=None, **changes):
    sent = sent or document()
    return {**book(entries.entry_payload(sent), entries.resource_for(sent.kind)), **changes}


def test_totals_without_lines_come_from_the_header():
    bare = entry_of(SalesEntryLines={"__deferred": {"uri": "https://x/"}})
    totals = entries.booked_totals(bare, SALES, SALES_ENTRIES)
    assert (totals.net, totals.vat, totals.total) == (Decimal("100.00"), Decimal("21.00"), Decimal("121.00"))
    assert totals.per_vat_code is None


def test_totals_without_header_come_from_the_lines():
    totals = entries.booked_totals(entry_of(AmountFC=None, VATAmountFC=None), SALES, SALES_ENTRIES)
    assert (totals.net, totals.vat, totals.total) == (Decimal("100.00"), Decimal("21.00"), Decimal("121.00"))
    assert totals.per_vat_code == (VatTotal(vat_code="4", base=Decimal("100.00"), vat=Decimal("21.00")),)


def test_an_answer_without_values_says_nothing():
    assert entries.booked_totals({"EntryID": KEY, "AmountFC": None}, SALES, SALES_ENTRIES) is None


def test_a_header_that_is_net_is_another_reading():
    net = entry_of(AmountFC="100.0")
    totals = entries.booked_totals(net, SALES, SALES_ENTRIES, Readings(header_includes_vat=False))
    assert (totals.net, totals.vat, totals.total) == (Decimal("100.00"), Decimal("21.00"), Decimal("121.00"))


def test_a_reverse_charge_shows_vat_on_its_line_and_owes_none():
    bought = document(kind=BUY, lines=(line("100.00", "0.00", "RC"),))
    entry = entry_of(bought, PurchaseEntryLines={"results": [{"AmountFC": 100, "VATAmountFC": 21, "VATCode": "RC"}]})
    totals = entries.booked_totals(entry, BUY, PURCHASE_ENTRIES)
    assert (totals.net, totals.vat, totals.total) == (Decimal("100.00"), Decimal("0.00"), Decimal("100.00"))
    assert totals.per_vat_code is None


def test_a_cent_too_much_shows():
    totals = entries.booked_totals(entry_of(AmountFC="121.01"), SALES, SALES_ENTRIES)
    assert totals.total == Decimal("121.01")


@pytest.mark.parametrize(
    ("changes", "remarks"),
    [
        ({"Customer": ACCOUNT}, ("another relation",)),
        ({"Journal": "71"}, ("journal 71",)),
        ({"YourRef": "2026/014"}, ("reference 2026/014",)),
        ({"Currency": "USD"}, ("currency USD",)),
        ({"EntryDate": "/Date(1771200000000)/"}, ("date 2026-02-16",)),
        ({"SalesEntryLines": {"results": []}}, ("0 lines",)),
        ({"SalesEntryLines": [{"GLAccount": None}]}, ("another ledger account",)),
        ({"SalesEntryLines": [{"AmountFC": 100}]}, ()),
        ({"Customer": None, "Journal": None, "YourRef": None, "SalesEntryLines": None}, ()),
    ],
)
def test_what_was_stored_differently_is_told(changes, remarks):
    assert entries.stored_differently(entry_of(**changes), document(), SALES_ENTRIES) == remarks


# --- finding --------------------------------------------------------------------------------------------------


def test_the_filter_asks_for_our_reference_and_for_the_key_we_gave():
    wanted = query(document(reference="O'Neill 7"))
    assert finding.find_filter(wanted) == f"YourRef eq 'O''Neill 7' or EntryID eq guid'{KEY}'"
    assert finding.find_filter(wanted, Readings(send_entry_id=False)) == "YourRef eq 'O''Neill 7'"
    assert finding.find_filter(replace(wanted, external_id=PARTY)) == f"EntryID eq guid'{PARTY}'"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"YourRef": "2026/0143"}, "reference"),
        ({"AmountFC": "-121.0"}, "kind"),
        ({"Customer": ACCOUNT}, "party"),
        ({"EntryDate": "/Date(1771200000000)/"}, "date"),
        ({"AmountFC": "121.01"}, "total"),
        ({"Currency": "USD"}, "currency"),
    ],
)
def test_one_difference_and_nobody_can_tell(changes, word):
    found = finding.judge(query(document()), [entry_of(**changes)], SALES_ENTRIES)
    assert isinstance(found, CannotTell)
    assert word in found.reason
    assert [ref.external_id for ref in found.candidates] == [KEY]


def test_two_equal_ones_and_nobody_can_tell():
    twin = entry_of(EntryID=str(uuid.UUID(int=7)))
    found = finding.judge(query(document()), [entry_of(), twin], SALES_ENTRIES)
    assert isinstance(found, CannotTell)
    assert len(found.candidates) == 2


def test_the_equal_one_is_found_beside_another_of_the_same_reference():
    other = entry_of(EntryID=str(uuid.UUID(int=7)), AmountFC="5.0")
    found = finding.judge(query(document()), [other, entry_of()], SALES_ENTRIES)
    assert isinstance(found, Found)
    assert found.ref.external_id == KEY


def test_another_suppliers_entry_of_that_number_is_not_ours():
    bought = document(kind=BUY)
    stranger = entry_of(bought, EntryID=PARTY, Supplier=ACCOUNT, AmountFC="7.0", EntryDate="2026-01-05")
    assert finding.judge(query(bought), [stranger], PURCHASE_ENTRIES) == Absent()
    same_day = {**stranger, "EntryDate": "2026-02-17"}
    assert isinstance(finding.judge(query(bought), [same_day], PURCHASE_ENTRIES), CannotTell)


def test_an_entry_asked_for_by_its_key_is_ours_to_doubt():
    bought = document(kind=BUY)
    changed = entry_of(bought, EntryID=PARTY, Supplier=ACCOUNT, AmountFC="7.0", EntryDate="2026-01-05")
    found = finding.judge(query(bought, external_id=PARTY), [changed], PURCHASE_ENTRIES)
    assert isinstance(found, CannotTell)


def test_nothing_came_back():
    assert finding.judge(query(document()), [], SALES_ENTRIES) == Absent()


def test_a_rate_is_what_one_unit_costs_or_the_reverse():
    dollars = document(currency="USD", exchange_rate=Decimal("0.8"))
    assert entries.entry_payload(dollars)["Rate"] == 0.8
    assert entries.entry_payload(dollars, Readings(rate_multiplies=False))["Rate"] == 1.25


@pytest.mark.parametrize(
    ("amount_dc", "remarks"),
    [("96.8", ()), ("96.82", ()), (None, ()), ("151.25", ("exchange rate",)), ("96.7", ("exchange rate",))],
)
def test_a_rate_that_was_taken_otherwise_is_told(amount_dc, remarks):
    dollars = document(currency="USD", exchange_rate=Decimal("0.8"))
    entry = entry_of(dollars, AmountDC=amount_dc)
    assert entries.stored_differently(entry, dollars, SALES_ENTRIES) == remarks
