"""Booking: what it refuses, what it writes, and what a person sees before."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from stdnum.be import ogm_vcs

from crm.models import VatType
from invoicing import services
from invoicing.models import (
    CreditNote,
    DocumentStatus,
    FiscalYear,
    Invoice,
    PaymentTermKind,
    SalesDocument,
    SalesKind,
    VatRateVersion,
)
from invoicing.services import BookingRefused, DiscountInput, LineInput
from tests import factories as f

pytestmark = pytest.mark.django_db
D = Decimal


def codes(problems):
    return [problem.code for problem in problems]


def refused(document):
    """The codes of a refusal, after checking that nothing at all changed."""
    before = SalesDocument.objects.filter(pk=document.pk).values().get()
    years = list(FiscalYear.objects.values())
    log = LogEntry.objects.count()
    with pytest.raises(BookingRefused) as caught:
        services.book(document=document, by=None)
    assert SalesDocument.objects.filter(pk=document.pk).values().get() == before
    assert list(FiscalYear.objects.values()) == years
    assert LogEntry.objects.count() == log
    assert str(caught.value)
    assert codes(caught.value.problems) == codes(p for p in services.preview_booking(document).problems if p.blocks)
    return codes(caught.value.problems)


def test_what_booking_writes():
    user = f.UserFactory(username="els")
    entity = f.EntityFactory(name="Bakkerij Peeters", vat_number="BE0403019261", iban="BE68539007547034")
    party = f.PartyFactory(name="Garage Claes", vat_number="BE1000000021", city="Brugge")
    term = f.PaymentTermFactory(code="30EOM", kind=PaymentTermKind.END_OF_MONTH, days=30)
    draft = f.draft_invoice(
        entity=entity,
        party=party,
        day=date(2026, 1, 17),
        payment_term=term,
        lines=[
            f.line("12.345", quantity="3"),
            f.line("99.99", code="6", discount="5"),
            f.line("250", code="MC"),
        ],
        discounts=["10", "2.5"],
    )
    before = timezone.now()
    booked = services.book(document=draft, by=user)

    stored = SalesDocument.objects.get(pk=draft.pk)
    assert booked.pk == stored.pk
    year = entity.fiscal_years.get(label="2026")
    assert (stored.status, stored.number, stored.sequence, stored.fiscal_year) == ("booked", "2026/0001", 1, year)
    assert (year.next_invoice_number, year.next_credit_note_number) == (2, 1)
    assert stored.due_date == date(2026, 2, 28)
    assert stored.structured_communication == booked.structured_communication
    assert ogm_vcs.is_valid(stored.structured_communication)
    assert int(ogm_vcs.compact(stored.structured_communication)[:10]) == year.pk * 1_000_000 + 1
    assert before <= stored.booked_at <= timezone.now()
    assert (stored.booked_by, stored.buyer_name) == ("els", "Garage Claes")
    assert stored.seller_snapshot["name"] == "Bakkerij Peeters"
    assert stored.seller_snapshot["vat_number"] == "BE0403019261"
    assert stored.seller_snapshot["iban"] == "BE68539007547034"
    assert stored.buyer_snapshot["name"] == "Garage Claes"
    assert stored.buyer_snapshot["vat_number"] == "BE1000000021"
    assert (stored.buyer_snapshot["party"], stored.buyer_snapshot["city"]) == (party.pk, "Brugge")
    assert (stored.payment_state, stored.paid_amount, stored.paid_on, stored.paid_source) == ("open", 0, None, "")

    assert [line.net for line in stored.lines.all()] == [D("37.04"), D("94.99"), D("250.00")]
    totals = [(t.vat_rate.rate.code, t.lines_net, t.discount, t.base, t.vat) for t in stored.vat_totals.all()]
    assert totals == [
        # 37.04 - 3.70 = 33.34 - 0.83 = 32.51
        ("21", D("37.04"), D("4.53"), D("32.51"), D("6.83")),
        # 94.99 - 9.50 = 85.49 - 2.14 = 83.35
        ("6", D("94.99"), D("11.64"), D("83.35"), D("5.00")),
        ("MC", D("250.00"), D("30.63"), D("219.37"), D("0.00")),
    ]
    assert (stored.net_total, stored.vat_total, stored.total) == (D("335.23"), D("11.83"), D("347.06"))

    # The caller's own object shows the same as the row.
    assert (draft.number, draft.total, draft.status) == ("2026/0001", D("347.06"), DocumentStatus.BOOKED)
    entry = LogEntry.objects.latest("pk")
    assert entry.user == user
    assert (entry.object_id, entry.object_repr) == (str(draft.pk), "2026/0001")
    assert entry.content_type == ContentType.objects.get_for_model(Invoice, for_concrete_model=False)
    assert "2026/0001" in entry.change_message


def test_numbers_run_per_entity_year_and_kind():
    one, other = f.EntityFactory(), f.EntityFactory()
    numbers = [
        f.booked_invoice(entity=one).number,
        f.booked_invoice(entity=one).number,
        f.booked_credit_note(entity=one).number,
        f.booked_invoice(entity=other).number,
        f.booked_invoice(entity=one, day=date(2025, 12, 31)).number,
        f.booked_invoice(entity=one).number,
        f.booked_credit_note(entity=one).number,
    ]
    assert numbers == ["2026/0001", "2026/0002", "C2026/0001", "2026/0001", "2025/0001", "2026/0003", "C2026/0002"]
    assert CreditNote.objects.count() == 2


def test_a_start_number_and_more_than_four_digits():
    entity = f.EntityFactory(years=())
    f.FiscalYearFactory(entity=entity, invoice_prefix="26", next_invoice_number=9999)
    assert [f.booked_invoice(entity=entity).number for _ in range(2)] == ["269999", "2610000"]


def test_no_structured_communication_outside_belgium_and_on_credit_notes():
    dutch = f.EntityFactory(country="NL", vat_number="NL004495445B01")
    assert f.booked_invoice(entity=dutch).structured_communication == ""
    assert f.booked_credit_note().structured_communication == ""


def test_booked_by_the_program():
    booked = f.booked_invoice()
    assert booked.booked_by == "system"
    entry = LogEntry.objects.latest("pk")
    assert (entry.user.username, entry.user.is_active, entry.user.has_usable_password()) == ("system", False, False)


def test_preview_says_what_booking_then_does():
    entity = f.EntityFactory()
    f.booked_invoice(entity=entity)
    draft = f.draft_invoice(entity=entity)
    preview = services.preview_booking(draft)
    booked = services.book(document=draft, by=None)
    assert (preview.number, preview.day, preview.due_date, preview.total) == (
        booked.number, booked.date, booked.due_date, booked.total,
    )  # fmt: skip
    assert (preview.number, preview.can_be_booked, preview.problems) == ("2026/0002", True, ())
    assert (preview.net, preview.vat, preview.currency) == (D("100.00"), D("21.00"), "EUR")


def test_totals_are_computed_again_from_what_is_stored():
    draft = f.draft_invoice()
    draft.lines.update(quantity=D(2))
    booked = services.book(document=draft, by=None)
    assert (booked.net_total, booked.total) == (D("200.00"), D("242.00"))
    assert booked.lines.get().net == D("200.00")
    assert booked.vat_totals.get().vat == D("42.00")


# --- refusals --------------------------------------------------------------------------------------------------


def test_refuses_a_document_without_lines():
    assert refused(f.draft_invoice(lines=[])) == ["no-lines"]


def test_refuses_a_date_without_fiscal_year():
    draft = f.draft_invoice(day=date(2024, 12, 31))
    assert refused(draft) == ["no-fiscal-year"]
    assert services.preview_booking(draft).number == ""


def test_refuses_a_closed_fiscal_year():
    entity = f.EntityFactory()
    draft = f.draft_invoice(entity=entity)
    entity.fiscal_years.update(is_closed=True)
    assert refused(draft) == ["fiscal-year-closed"]


def test_refuses_a_date_in_two_fiscal_years():
    entity = f.EntityFactory()
    f.FiscalYearFactory(entity=entity, label="again", invoice_prefix="A", credit_note_prefix="B")
    assert refused(f.draft_invoice(entity=entity)) == ["two-fiscal-years"]


def test_refuses_a_vat_rate_that_does_not_hold_on_the_date():
    rate = f.vat_rate("6", since=date(2020, 1, 1))
    VatRateVersion.objects.filter(pk=rate.pk).update(valid_to=date(2026, 2, 28))
    newer = VatRateVersion.objects.create(rate=rate.rate, percentage=D(9), valid_from=date(2026, 3, 1))
    draft = f.draft_invoice(day=date(2026, 3, 1), lines=[f.line(code="21"), f.line(code="6")])
    assert refused(draft) == ["vat-rate-not-valid"]
    problem = services.preview_booking(draft).problems[0]
    assert problem.text.startswith("Line 2: VAT rate 6 6 % does not hold on ")

    assert f.booked_invoice(day=date(2026, 2, 28), lines=[f.line(code="6")]).vat_total == D("6.00")
    line = LineInput(description="Work", unit_price=D(100), vat_rate=newer)
    assert f.booked_invoice(day=date(2026, 3, 1), lines=[line]).vat_total == D("9.00")
    assert refused(f.draft_invoice(day=date(2026, 2, 28), lines=[line])) == ["vat-rate-not-valid"]


def test_refuses_rates_and_accounts_of_others():
    stranger = f.EntityFactory()
    account = f.LedgerAccountFactory(entity=stranger)
    assert refused(f.draft_invoice(lines=[f.line(account=account)])) == ["account-of-another"]
    assert refused(f.draft_invoice(lines=[f.line(code="9", country="NL")])) == ["vat-rate-of-another"]
    own = f.line()
    own.vat_rate.rate.entity = stranger
    own.vat_rate.rate.save()
    assert refused(f.draft_invoice(lines=[own])) == ["vat-rate-of-another"]


@pytest.mark.parametrize(
    ("currency", "rate", "expected"),
    [("EUR", "1.1", ["exchange-rate"]), ("eur", "1", ["no-currency"]), ("EU", "1", ["no-currency"])],
)
def test_refuses_a_currency_without_its_rate(currency, rate, expected):
    assert refused(f.draft_invoice(currency=currency, exchange_rate=D(rate))) == expected


def test_a_foreign_currency_needs_a_rate_above_zero():
    draft = f.draft_invoice(currency="USD", exchange_rate=D("0.92"))
    SalesDocument.objects.filter(pk=draft.pk).update(exchange_rate=D(0))
    assert refused(draft) == ["exchange-rate"]
    SalesDocument.objects.filter(pk=draft.pk).update(exchange_rate=D("0.92"))
    assert services.book(document=draft, by=None).exchange_rate == D("0.92")


def test_refuses_a_party_in_the_recycle_bin():
    party = f.PartyFactory()
    draft = f.draft_invoice(party=party)
    party.deleted_at = timezone.now()
    party.save()
    assert refused(draft) == ["party-deleted"]


def test_refuses_a_negative_credit_note_but_books_a_negative_invoice():
    lines = [f.line("-100"), f.line("40")]
    assert refused(f.draft_invoice(kind=SalesKind.CREDIT_NOTE, lines=lines)) == ["negative-credit-note"]
    assert f.booked_invoice(lines=lines).total == D("-72.60")


def test_refuses_to_book_twice():
    booked = f.booked_invoice()
    assert refused(booked) == ["already-booked"]
    stale = SalesDocument.objects.get(pk=booked.pk)
    stale.status = DocumentStatus.DRAFT
    assert refused(stale) == ["already-booked"]


def test_several_problems_are_told_at_once():
    draft = f.draft_invoice(day=date(2024, 1, 1), currency="usd", lines=[])
    assert refused(draft) == ["no-lines", "no-fiscal-year", "no-currency"]


# --- warnings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("party", "line", "expected"),
    [
        ({}, {}, []),
        ({"vat_number": ""}, {}, ["party-no-vat-number"]),
        ({"vat_number": "BE0403019262"}, {}, ["party-vat-number"]),
        ({"country": ""}, {}, ["party-country"]),
        ({"vat_type": VatType.CONTRACTOR}, {}, ["vat-type"]),
        ({"vat_type": VatType.CONTRACTOR}, {"code": "MC"}, []),
        ({"vat_type": VatType.OUTSIDE_EU}, {"code": "EX"}, []),
        ({"vat_type": VatType.OUTSIDE_EU}, {"code": "EXD"}, []),
        ({}, {"code": "MC"}, ["vat-type"]),
        ({}, {"code": "EXD"}, ["vat-type"]),
        ({}, {"code": "0"}, []),
        ({}, {"unit_price": "0"}, ["zero-total"]),
    ],
)
def test_warnings_do_not_stop_booking(party, line, expected):
    draft = f.draft_invoice(party=f.PartyFactory(**party), lines=[f.line(**line)])
    preview = services.preview_booking(draft)
    assert codes(preview.problems) == expected
    assert preview.can_be_booked
    assert services.book(document=draft, by=None).number == "2026/0001"


def test_warns_of_numbers_and_dates_in_different_order():
    entity = f.EntityFactory()
    f.booked_invoice(entity=entity, day=date(2026, 3, 20))
    draft = f.draft_invoice(entity=entity, day=date(2026, 3, 19))
    problem = services.preview_booking(draft).problems[0]
    assert (problem.code, problem.blocks) == ("date-order", False)
    assert problem.text.startswith("2026/0001 is dated ")
    assert services.book(document=draft, by=None).number == "2026/0002"


def test_warns_of_an_exchange_rate_of_one():
    draft = f.draft_invoice(currency="USD")
    assert codes(services.preview_booking(draft).problems) == ["exchange-rate-one"]


# --- many ------------------------------------------------------------------------------------------------------


def test_many_are_booked_by_date_and_one_refusal_stops_only_itself():
    entity = f.EntityFactory()
    late = f.draft_invoice(entity=entity, day=date(2026, 3, 20))
    empty = f.draft_invoice(entity=entity, day=date(2026, 3, 15), lines=[])
    early = f.draft_invoice(entity=entity, day=date(2026, 3, 10))
    outcomes = services.book_many(documents=[late, empty, early], by=None)
    assert [(o.document.pk, o.is_booked, o.document.number, codes(o.problems)) for o in outcomes] == [
        (early.pk, True, "2026/0001", []),
        (empty.pk, False, "", ["no-lines"]),
        (late.pk, True, "2026/0002", []),
    ]


def test_booking_needs_few_queries(django_assert_max_num_queries):
    draft = f.draft_invoice(lines=[f.line("10")] * 20, discounts=["5"])
    f.booked_invoice()  # content types and the system account are known from now on
    with django_assert_max_num_queries(14):
        services.book(document=draft, by=None)


def test_a_discount_of_a_hundred_per_cent():
    booked = f.booked_invoice(discounts=["100"])
    assert (booked.net_total, booked.total) == (D("0.00"), D("0.00"))
    assert booked.vat_totals.get().discount == D("100.00")


def test_totals_of_a_draft_follow_its_lines():
    draft = f.draft_invoice()
    services.save_lines(
        document=draft,
        lines=[f.line("10", quantity="2"), f.line("5", code="6")],
        discounts=[DiscountInput(percentage=D("50"))],
    )
    draft.refresh_from_db()
    assert (draft.net_total, draft.vat_total, draft.total) == (D("12.50"), D("2.25"), D("14.75"))
    assert [line.position for line in draft.lines.all()] == [1, 2]
    assert draft.vat_totals.count() == 2
