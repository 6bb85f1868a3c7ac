"""What stands in the tool's books after a sync: every kind of document, to the cent, once."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pytest

from crm.models import VatType
from integrations import services
from integrations.models import Posting
from invoicing import services as invoicing
from invoicing.models import PaymentTermKind, SalesDocument
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def vat_of(entry):
    return {(line["vat_code"], line["net"], line["vat"]) for line in entry["lines"]}


@pytest.mark.both_databases
def test_every_kind_of_document_stands_there_to_the_cent(box, connection):
    entity, line = connection.entity, factories.line
    eu = factories.PartyFactory(
        vat_type=VatType.INTRA_COMMUNITY, country="NL", vat_number="NL004495445B01", enterprise_number=""
    )
    abroad = factories.PartyFactory(vat_type=VatType.OUTSIDE_EU, country="US", vat_number="", enterprise_number="")
    builder = factories.PartyFactory(vat_type=VatType.CONTRACTOR)
    person = factories.ContactFactory()
    mixed = factories.booked_invoice(
        entity=entity,
        lines=[line("10.005", quantity="3"), line("33.33", code="12"), line("99.99", code="6"), line("5", code="0")],
    )
    shifted = factories.booked_invoice(entity=entity, party=builder, lines=[line("250", code="MC")])
    supply = factories.booked_invoice(entity=entity, party=eu, lines=[line("80.10", code="CM")])
    service = factories.booked_invoice(entity=entity, party=eu, lines=[line("19.90", code="VCMD")])
    export = factories.booked_invoice(entity=entity, party=abroad, lines=[line("1000", code="EX")])
    discounted = factories.booked_invoice(
        entity=entity,
        party=person,
        lines=[line("100", discount="12.5"), line("50", code="6")],
        discounts=("10", "5"),
    )
    negative = factories.booked_invoice(entity=entity, lines=[line("10"), line("-40.55")])
    early = factories.booked_credit_note(entity=entity, day=date(2026, 3, 2), lines=[line("12.34")])
    note = invoicing.credit_invoice(invoice=mixed, by=None, day=date(2026, 3, 20))
    note = invoicing.book(document=note, by=None)
    dollars = factories.booked_invoice(
        entity=entity,
        party=abroad,
        lines=[line("99.95", code="EX")],
        currency="USD",
        exchange_rate=Decimal("0.915"),
    )

    run = bridge.sync(connection)

    assert run.state == "succeeded", (run.counters, list(Posting.objects.values_list("reason_code", "reason_params")))
    assert bridge.assert_same_books(box, connection) == 10
    entries = box.entries()
    assert vat_of(entries[mixed.number]) == {
        ("4", "30.02", "6.30"), ("2", "33.33", "4.00"), ("1", "99.99", "6.00"), ("0", "5.00", "0.00")
    }  # fmt: skip
    assert [entries[d.number]["lines"][0]["vat_code"] for d in (shifted, supply, service, export)] == list("5678")
    assert [entries[d.number]["vat"] for d in (shifted, supply, service, export)] == ["0.00"] * 4
    # 87.50 and 50.00, less 10 % and then 5 %: factor 0.855.
    assert entries[discounted.number]["net"] == str(discounted.net_total)
    assert discounted.net_total == Decimal("117.56")
    assert {line["account"] for line in entries[discounted.number]["lines"]} == {"700000", "700020", "708000"}
    assert (entries[negative.number]["total"], entries[negative.number]["journal"]) == ("-36.97", "71")
    assert bridge.posting(negative).kind == "sales-credit-note"
    assert (entries[early.number]["total"], entries[early.number]["journal"]) == ("-14.93", "71")
    assert entries[note.number]["total"] == f"-{mixed.total}"
    assert (entries[dollars.number]["currency"], entries[dollars.number]["total"]) == ("USD", "99.95")
    assert entries[dollars.number]["total_dc"] == "91.45"


def test_what_was_sent_is_the_same_after_a_change_and_a_second_sync(box, connection):
    party = factories.PartyFactory()
    first = factories.booked_invoice(entity=connection.entity, party=party)
    bridge.sync(connection)
    before = box.entries()
    party.street = "Nieuwstraat 9"
    party.save()
    second = factories.booked_invoice(entity=connection.entity, party=party)

    bridge.sync(connection)

    after = box.entries()
    assert after[first.number] == before[first.number]
    assert set(after) - set(before) == {second.number}
    assert bridge.assert_same_books(box, connection) == 2


def test_documents_go_in_date_and_number_order(box, connection):
    entity = connection.entity
    older, newer = factories.draft_invoice(entity=entity), factories.draft_invoice(entity=entity)
    newer = invoicing.book(document=newer, by=None)  # takes the lower number, made later
    older = invoicing.book(document=older, by=None)
    later = factories.booked_invoice(entity=entity, day=date(2026, 3, 20))

    bridge.sync(connection)

    numbers = sorted((entry["number"], ref) for ref, entry in box.entries().items() if entry["number"])
    ours = [ref for _, ref in numbers if ref in {older.number, newer.number, later.number}]
    assert ours == [newer.number, older.number, later.number] == sorted(ours)


def test_only_booked_documents_since_the_start_date_go(box, connection):
    factories.booked_invoice(entity=connection.entity, day=date(2026, 1, 31))
    draft = factories.draft_invoice(entity=connection.entity)
    inside = factories.booked_invoice(entity=connection.entity, day=bridge.START)
    elsewhere = factories.booked_invoice()

    bridge.sync(connection)

    assert list(Posting.objects.values_list("reference", flat=True)) == [inside.number]
    assert not Posting.objects.filter(sales_document__in=[draft, elsewhere]).exists()


@pytest.mark.parametrize(
    ("kind", "days", "debit", "code"),
    [
        (PaymentTermKind.CASH, 0, False, "00"),
        (PaymentTermKind.AFTER_INVOICE_DATE, 14, False, "14"),
        (PaymentTermKind.AFTER_INVOICE_DATE, 14, True, "IN"),
        (PaymentTermKind.END_OF_MONTH, 60, False, "2E"),
    ],
)
def test_payment_terms_are_matched(box, connection, kind, days, debit, code):
    term = factories.PaymentTermFactory(code="X", name="own", kind=kind, days=days, direct_debit=debit)
    document = factories.booked_invoice(entity=connection.entity, payment_term=term)

    bridge.sync(connection)

    assert box.entries()[document.number]["payment_condition"] == code
    assert bridge.posting(document).notes == []


def test_an_unknown_payment_term_falls_back_and_says_so(box, connection):
    term = factories.PaymentTermFactory(code="21D", name="21 days", days=21)
    document = factories.booked_invoice(entity=connection.entity, payment_term=term)

    bridge.sync(connection)

    assert box.entries()[document.number]["payment_condition"] == "30"
    posting = bridge.posting(document)
    assert (posting.state, posting.notes) == ("posted", [{"code": "APP-110", "params": {"term": "21 days"}}])


def columns(document):
    """Every stored column of a document and of what hangs on it."""
    return {
        "document": SalesDocument.objects.filter(pk=document.pk).values().get(),
        "lines": list(document.lines.order_by("pk").values()),
        "discounts": list(document.discounts.order_by("pk").values()),
        "totals": list(document.vat_totals.order_by("pk").values()),
    }


@pytest.mark.both_databases
def test_invariant_10_own_documents_change_by_a_sync_in_payment_state_alone(box, connection):
    documents = [
        factories.booked_invoice(
            entity=connection.entity,
            lines=[factories.line("10.10"), factories.line("7", code="6")],
            discounts=("2",),
        )
        for _ in range(3)
    ]
    before = [columns(d) for d in documents]

    bridge.sync(connection)
    assert [columns(d) for d in documents] == before

    box.pay(documents[0].number)
    bridge.sync(connection)
    after = [columns(d) for d in documents]
    assert after[1:] == before[1:]
    changed = {k for k, v in after[0]["document"].items() if v != before[0]["document"][k]}
    assert changed == {"payment_state", "paid_amount", "paid_on", "paid_source", "updated_at"}
    assert {k: v for k, v in after[0].items() if k != "document"} == {
        k: v for k, v in before[0].items() if k != "document"
    }


def test_invariant_5_totals_that_differ_are_told_and_never_sent_again(box, connection):
    # An entry that somebody's rule turned: the tool's answer shows other totals than ours.
    box.switch(answer_lines="expanded", foreign_reference="null")
    document = factories.booked_invoice(entity=connection.entity)
    box.fault("status", method="POST", path="salesentry/SalesEntries", status=201, apply=True, body=other_totals())

    run = bridge.sync(connection)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("differs", "APP-209")
    assert posting.reason_params == {"what": "total", "ours": "121.00", "theirs": "121.01", "difference": "0.01"}
    assert (posting.issue.code, posting.issue.count, run.state) == ("APP-209", 1, "with_issues")
    since = box.last_request()
    bridge.sync(connection)
    assert [r for r in box.requests(since) if r["method"] == "POST" and "SalesEntries" in r["path"]] == []
    assert bridge.posting(document).state == "differs"
    assert len([r for r in box.entries() if r == document.number]) == 1


def other_totals():
    return {
        "d": {
            "EntryID": "11111111-2222-3333-4444-555555555555",
            "EntryNumber": 26700001,
            "AmountFC": "121.01",
            "AmountDC": "121.01",
            "VATAmountFC": "21.01",
            "VATAmountDC": "21.01",
            "Type": 20,
            "Journal": "70",
            "YourRef": "whatever",
            "EntryDate": "/Date(1773446400000)/",
        }
    }


def test_preview_writes_nothing_and_sends_nothing(box, connection):
    good = factories.booked_invoice(entity=connection.entity)
    bad = factories.booked_invoice(entity=connection.entity, day=date(2026, 2, 3))
    services.link_vat(connection=connection, direction="sales", links={vat_id("21"): None}, user=None)
    zero = factories.booked_invoice(entity=connection.entity, lines=[factories.line("5", code="6")])
    since = box.last_request()

    lines = {line.number: line for line in services.preview(connection=connection)}

    assert box.requests(since) == []
    assert not Posting.objects.exists()
    assert {n: (one.state, one.problem.code if one.problem else "") for n, one in lines.items()} == {
        good.number: ("blocked", "APP-102"),
        bad.number: ("blocked", "APP-102"),
        zero.number: ("waiting", ""),
    }
    assert lines[zero.number].booking.total == Decimal("5.30")
    assert asdict(lines[good.number])["booking"] is None


def vat_id(code):
    return factories.vat_rate(code).rate_id
