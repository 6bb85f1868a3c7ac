"""Sales and purchase documents at Twinfield: booked, refused, found again."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.base.errors import AdministrationGone, BatchRefused, RateLimited
from integrations.base.records import (
    Absent,
    BookedTotals,
    CannotTell,
    DocumentKind,
    Found,
    NotTried,
    Posted,
    Refused,
    Unclear,
    VatTotal,
)
from integrations.twinfield.unsure import Readings
from tests.sandbox.twinfield_box import TwinfieldBox, customer, document, line, purchase, query, supplier

CREDIT = DocumentKind.SALES_CREDIT_NOTE


@pytest.fixture
def box():
    with TwinfieldBox() as box:
        yield box


def post(box, *documents, provider=None):
    return (provider or box.provider).post_documents(documents)


def figures(entry):
    return entry["net"], entry["vat"], entry["total"]


# --- booked ---------------------------------------------------------------------------------------------------


def test_an_invoice(box):
    sent = document(line(), line("50.00", "4.50", "VL", "8010"), payment_reference="+++090/9337/55493+++")
    (outcome,) = post(box, sent)
    assert outcome == Posted(
        ref=outcome.ref,
        totals=BookedTotals(
            net=Decimal("150.00"),
            vat=Decimal("25.50"),
            total=Decimal("175.50"),
            per_vat_code=(
                VatTotal(vat_code="VH", base=Decimal("100.00"), vat=Decimal("21.00")),
                VatTotal(vat_code="VL", base=Decimal("50.00"), vat=Decimal("4.50")),
            ),
        ),
    )
    assert (outcome.ref.external_id, outcome.ref.number) == ("VRK:202600002", "202600002")
    assert (outcome.ref.journal, outcome.ref.fiscal_year) == ("VRK", "2026")
    entry = box.entry("2026/0142")
    assert figures(entry) == ("150.00", "25.50", "175.50")
    assert (entry["type"], entry["status"], entry["date"]) == ("invoice", "temporary", "2026-03-17")
    assert (entry["due_date"], entry["payment_reference"]) == ("2026-04-16", "+++090/9337/55493+++")
    assert (entry["party_code"], entry["period"]) == ("1000", 3)
    assert box.books()["totals"]["balance"] == "0.00"


@pytest.mark.parametrize(
    ("made", "total", "open_receivable", "open_payable"),
    [
        (document(), "121.00", "1158.27", "157.18"),
        (document(kind=CREDIT, journal="VRC"), "-121.00", "916.27", "157.18"),
        (purchase(), "121.00", "1037.27", "278.18"),
        (purchase(kind=DocumentKind.PURCHASE_CREDIT_NOTE, journal="INC"), "-121.00", "1037.27", "36.18"),
    ],
)
def test_every_kind_moves_the_debt_its_own_way(box, made, total, open_receivable, open_payable):
    (outcome,) = post(box, made)
    assert (outcome.totals.net, outcome.totals.vat, outcome.totals.total) == (made.net, made.vat, made.total)
    assert outcome.totals.per_vat_code == made.vat_totals
    assert outcome.remarks == ()
    assert box.entry(made.reference)["total"] == total
    totals = box.books()["totals"]
    assert (totals["open_receivable"], totals["open_payable"]) == (open_receivable, open_payable)
    assert totals["balance"] == "0.00"


@pytest.mark.parametrize("kind", [DocumentKind.SALES_INVOICE, CREDIT])
def test_a_discount_stands_on_the_other_side(box, kind):
    made = document(line("100.00", "21.00"), line("-12.40", "-2.60"), kind=kind)
    (outcome,) = post(box, made)
    assert outcome.totals.total == made.total == Decimal("106.00")
    assert outcome.totals.per_vat_code == made.vat_totals
    sign = -1 if kind is CREDIT else 1
    assert Decimal(box.entry(made.reference)["total"]) == sign * made.total


def test_our_rounding_stands(box):
    made = document(line("0.33", "0.08"), line("33.33", "6.99"), line("0.01", "0.00", taxed=True))
    (outcome,) = post(box, made)
    assert outcome.totals.per_vat_code == made.vat_totals
    assert outcome.totals.total == made.total


def test_a_tool_that_rounds_by_itself_shows_another_total(box):
    box.switch(pinned_vat=False)
    made = document(line("33.33", "7.05"))
    (outcome,) = post(box, made)
    assert outcome.code == "VAT-623"  # six cents are more than is adjusted


@pytest.mark.parametrize("shown", [True, False])
def test_vat_per_code_is_told_whether_or_not_vat_lines_are_shown(box, shown):
    box.switch(echo_vat_lines=shown)
    made = document(line(), line("50.00", "4.50", "VL"))
    (outcome,) = post(box, made)
    assert outcome.totals.per_vat_code == made.vat_totals


def test_a_reverse_charge_owes_the_supplier_no_vat(box):
    made = purchase(line("100.00", "0.00", "IV", "4540"))
    (outcome,) = post(box, made)
    assert (outcome.totals.total, outcome.totals.vat) == (Decimal("100.00"), Decimal("0.00"))
    assert outcome.totals.per_vat_code == made.vat_totals
    assert box.books()["totals"]["balance"] == "0.00"


@pytest.mark.parametrize(
    ("code", "kind", "performed"), [("ICP", "goods", False), ("ICD", "services", True), ("EXP", "", False)]
)
def test_supplies_inside_the_eu_say_what_was_performed(box, code, kind, performed):
    made = document(line("100.00", "0.00", code, "8060"), party=customer("1005"))
    (outcome,) = post(box, made)
    assert isinstance(outcome, Posted)
    sent = box.gate.records[-1].request_body
    assert (f"<performancetype>{kind}</performancetype>" in sent) is bool(kind)
    assert ("<performancedate>20260317</performancedate>" in sent) is performed


def test_a_vat_code_is_looked_at_once(box):
    made = [document(line("1.00", "0.00", "EXP"), reference=f"R-{n}") for n in range(3)]
    post(box, *made[:2])
    post(box, made[2])
    assert box.calls().count("processxml/read") == 1


def test_another_currency(box):
    made = document(currency="USD", exchange_rate=Decimal("0.92"))
    (outcome,) = post(box, made)
    assert outcome.totals.total == Decimal("121.00")
    entry = box.entry(made.reference)
    assert (entry["currency"], entry["total"], entry["total_dc"]) == ("USD", "121.00", "111.32")


@pytest.mark.parametrize("destiny", ["temporary", "final"])
def test_provisional_or_final(box, destiny):
    post(box, document(), provider=box.open(readings=Readings(destiny=destiny)))
    assert box.entry("2026/0142")["status"] == destiny


def test_signs_that_xml_must_not_hold(box):
    made = document(line(description="A & B <c> \x00 ]]> 'd' é" + "x" * 60), description="\x0b")
    (outcome,) = post(box, made)
    assert isinstance(outcome, Posted)
    assert box.entry("2026/0142")["lines"][0]["description"].startswith("A & B <c> ]]> 'd' é")


# --- batches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["same", "reversed"])
def test_one_that_is_refused_leaves_its_neighbours_alone(box, order):
    box.switch(echo_order=order)
    made = [document(reference=f"R-{n}", lines=(line(net=f"{n}00.00", vat=f"{n * 21}.00"),)) for n in range(1, 7)]
    made[2] = replace(made[2], lines=(line(code="NONE"),))
    made[4] = replace(made[4], party=customer("1999"))
    outcomes = post(box, *made)
    assert [getattr(outcome, "code", "") for outcome in outcomes] == ["", "", "VAT-622", "", "PAR-641", ""]
    for place in (0, 1, 3, 5):
        assert outcomes[place].totals.total == made[place].total
        assert box.entry(f"R-{place + 1}")["number"] == outcomes[place].ref.number
    assert box.calls().count("processxml/transactions") == 1


def test_twenty_five_a_call(box):
    made = [document(reference=f"R-{n}") for n in range(30)]
    outcomes = post(box, *made)
    assert all(isinstance(outcome, Posted) for outcome in outcomes)
    assert box.calls().count("processxml/transactions") == 2


def test_suppliers_share_numbers_in_a_batch(box):
    made = [purchase(), purchase(line("7.00", "1.47", "IH", "4540"), party=supplier("2002"))]
    outcomes = post(box, *made)
    assert [outcome.totals.total for outcome in outcomes] == [one.total for one in made]


def test_a_whole_refusal_takes_nothing(box):
    box.provider.catalogue(frozenset())
    box.fault("status", path="processxml", status=400)
    with pytest.raises(BatchRefused):
        post(box, document(), document(reference="R-2"))
    assert len(box.books()["entries"]) == 10


def test_a_document_refused_as_such_takes_nothing(box):
    box.fault(
        "status",
        path="processxml",
        status=500,
        body="<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body><soap:Fault>"
        "<faultstring>Invalid XML.</faultstring><detail><message>Invalid XML.</message><code>187</code></detail>"
        "</soap:Fault></soap:Body></soap:Envelope>",
    )
    with pytest.raises(BatchRefused) as caught:
        post(box, document(), document(reference="R-2"))
    assert caught.value.code == "SYS-704"


# --- refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize(
    ("made", "code"),
    [
        (document(date=date(2026, 1, 15), period="2026/01"), "PER-504"),
        (document(date=date(2031, 1, 15), period="2031/01"), "PER-504"),
        (document(journal="NOPE"), "JRN-511"),
        (document(journal="BNK"), "JRN-511"),
        (document(line(account="9999")), "LED-606"),
        (document(line(account="8490")), "LED-603"),
        (document(line(account="8400")), "LED-607"),
        (document(line(code="IH")), "VAT-622"),
        (document(line(code="VL6")), "VAT-622"),
        (document(currency="JPY"), "APP-210"),
        (document(party=customer("1018")), "PAR-640"),
        (document(reference="202620006"), "NUM-521"),
    ],
)
def test_refusals_have_their_sentence(box, made, code, language):
    box.switch(language=language)
    (outcome,) = post(box, made)
    assert isinstance(outcome, Refused)
    assert outcome.code == code
    assert outcome.text
    assert len(box.books()["entries"]) == 10


@pytest.mark.parametrize("named", [True, False])
def test_a_closed_period_by_either_wording(box, named):
    box.switch(closed_text=named)
    (outcome,) = post(box, document(date=date(2026, 1, 15), period="2026/01"))
    assert outcome.code == "PER-504"


def test_a_date_outside_its_period_is_only_a_warning_unless_it_is_not(box):
    moved = document(period="2026/04")
    (outcome,) = post(box, moved)
    assert isinstance(outcome, Posted)
    box.switch(warnings_post=False)
    (outcome,) = post(box, replace(moved, reference="R-2"))
    assert outcome.code == "PER-504"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (document(party=supplier()), "PAR-641"),
        (document(party=replace(customer(), external_id="1000")), "PAR-641"),
        (document(line("0.001", "0.00")), "ALL-999"),
        (document(line(code="")), "APP-102"),
        (document(line(account="")), "APP-105"),
        (document(line("-5.00", "-1.05")), "ALL-999"),
        (document(reference=" "), "APP-217"),
        (document(reference="x" * 41), "APP-217"),
        (replace(document(), lines=()), "APP-208"),
        (document(*([line("1.00", "0.21")] * 1000)), "ALL-999"),
    ],
)
def test_what_must_not_go_out_does_not(box, made, code):
    (outcome,) = post(box, made)
    assert (outcome.code, box.calls()) == (code, [])


def test_one_that_cannot_go_does_not_keep_the_others(box):
    outcomes = post(box, document(), document(line(code=""), reference="R-2"), document(reference="R-3"))
    assert [type(outcome) for outcome in outcomes] == [Posted, Refused, Posted]


# --- answers that do not come ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "booked"),
    [
        ({"kind": "drop_after"}, True),
        ({"kind": "truncate"}, True),
        ({"kind": "garbage"}, True),
        ({"kind": "status", "status": 500, "apply": True}, True),
        ({"kind": "status", "status": 302}, False),
        ({"kind": "status", "status": 500}, False),
        ({"kind": "drop_before"}, False),
    ],
)
def test_nobody_knows_until_it_is_looked_for(box, fault, booked):
    made = [document(), document(reference="R-2")]
    box.fault(path="processxml", body_contains="<transactions>", **fault)
    outcomes = post(box, *made)
    assert [type(outcome) for outcome in outcomes] == [Unclear, Unclear]
    for one in made:
        found = box.provider.find_document(query(one))
        if booked:
            assert found == Found(
                ref=found.ref,
                totals=BookedTotals(net=one.net, vat=one.vat, total=one.total, per_vat_code=one.vat_totals),
            )
        else:
            assert found == Absent()


def test_a_deadline_that_passes_leaves_it_unclear(box):
    box.fault("delay", path="processxml", body_contains="<transactions>", seconds=0.6, when="after")
    provider = box.open(seconds=0.3)
    provider.catalogue(frozenset())
    (outcome,) = post(box, document(), provider=provider)
    assert isinstance(outcome, Unclear)
    assert isinstance(box.provider.find_document(query(document())), Found)


def test_limits_and_lost_offices_are_raised_before_anything_was_sent(box):
    box.fault("rate_minute", path="processxml")
    with pytest.raises(RateLimited):
        post(box, document())
    box.control("access", division=box.office)
    with pytest.raises(AdministrationGone):
        post(box, document())


def test_limits_after_a_first_call_leave_the_rest_untried(box):
    box.switch(limits=True, credits=4)
    outcomes = post(box, *(document(reference=f"R-{n}") for n in range(30)))
    assert [type(outcome) for outcome in outcomes] == [Posted] * 25 + [NotTried] * 5


def test_an_expired_token_books_once(box):
    box.provider.catalogue(frozenset())
    box.fault("expired_token", path="processxml")
    (outcome,) = post(box, document())
    assert isinstance(outcome, Posted)
    assert len(box.books()["entries"]) == 11


# --- found ----------------------------------------------------------------------------------------------------


def test_a_booking_by_our_number(box):
    made = document()
    (outcome,) = post(box, made)
    found = box.provider.find_document(query(made))
    assert found == Found(ref=outcome.ref, totals=outcome.totals)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": CREDIT},
        {"party_external_id": "DEB:1001"},
        {"date": date(2026, 3, 18)},
        {"total": Decimal("121.01")},
        {"currency": "USD"},
    ],
)
def test_less_than_full_equality_is_for_a_person(box, changes):
    (outcome,) = post(box, document())
    found = box.provider.find_document(query(document(), **changes))
    assert isinstance(found, CannotTell)
    assert [ref.external_id for ref in found.candidates] == [outcome.ref.external_id]


def test_two_that_are_equal_are_for_a_person(box):
    box.switch(duplicates="off")
    post(box, document(), document())
    assert isinstance(box.provider.find_document(query(document())), CannotTell)


def test_other_peoples_numbers_are_not_ours(box):
    post(box, purchase(line("7.00", "1.47", "IH", "4540"), party=supplier("2002"), date=date(2026, 3, 2)))
    assert box.provider.find_document(query(purchase())) == Absent()


def test_a_payment_under_the_number_is_no_booking(box):
    (outcome,) = post(box, document())
    box.control("pay", reference="2026/0142", date="2026-04-02")
    assert box.provider.find_document(query(document())).ref == outcome.ref


@pytest.mark.parametrize("bare", [True, False])
def test_tables_with_and_without_names_on_their_cells(box, bare):
    provider = box.open(readings=Readings(bare_cells=bare))
    (outcome,) = post(box, document(), provider=provider)
    assert provider.find_document(query(document())).ref == outcome.ref


def test_a_known_booking_is_read(box):
    (outcome,) = post(box, document())
    box.forget()
    found = box.provider.find_document(query(document(), external_id=outcome.ref.external_id))
    assert found == Found(ref=outcome.ref, totals=outcome.totals)
    assert "processxml/columns" not in box.calls()


def test_a_known_booking_that_is_gone_is_absent(box):
    (outcome,) = post(box, document())
    box.control("delete_entry", reference="2026/0142")
    assert box.provider.find_document(query(document(), external_id=outcome.ref.external_id)) == Absent()


def test_one_that_was_entered_again_is_for_a_person(box):
    (outcome,) = post(box, document())
    box.control("delete_entry", reference="2026/0142")
    (again,) = post(box, document())
    found = box.provider.find_document(query(document(), external_id=outcome.ref.external_id))
    assert isinstance(found, CannotTell)
    assert found.candidates == (again.ref,)


def test_nothing_is_absent_in_a_day_book_that_is_not_to_be_seen(box):
    assert isinstance(box.provider.find_document(query(document(journal="SECRET"))), CannotTell)


def test_without_a_day_book_all_of_its_side_are_asked(box):
    (outcome,) = post(box, document(journal="VRC"))
    found = box.provider.find_document(query(document(), journal=""))
    assert found.ref == outcome.ref


def test_figures_that_cannot_be_read_are_left_out(box):
    post(box, document())
    box.fault("status", path="processxml", body_contains="<type>transaction</type>", status=503)
    found = box.provider.find_document(query(document()))
    assert found.totals == BookedTotals(total=Decimal("121.00"))
