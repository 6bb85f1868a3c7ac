"""Two hundred documents of every sort, to the cent per VAT code; and nothing of ours moves by a sync."""

import random
from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection as db

from integrations.models import Posting
from invoicing import services as invoicing
from invoicing.models import SalesDocument
from invoicing.services import DiscountInput
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)

SEED = 20260314
# What the books hold already under a number of ours, and which would rightly be a question.
DEMO_BOOKING = "2026/0010"


def sends(box, since):
    return [r for r in box.requests(since) if r["method"] != "GET" and "/api/v1/" in r["path"]]


def without_demo_booking(box):
    box.call("delete_entry", {"reference": DEMO_BOOKING, "division": int(bridge.DIVISION)})


def random_lines(pick):
    """One to six lines: any rate, fractions of pieces and of cents, discounts, some taken back."""
    for _ in range(pick.randint(1, 6)):
        price = Decimal(pick.randint(1, 4_000_000)) / pick.choice((100, 1_000, 10_000, 1_000_000))
        yield factories.line(
            price if pick.random() < 0.8 else -price,
            code=pick.choice(list(bridge.VAT_CODES)),
            quantity=Decimal(pick.randint(1, 250_000)) / pick.choice((1_000, 10_000)),
            discount=pick.choice(("0", "0", "0", "12.5", "33.33", "100")),
        )


def random_plans(count):
    pick = random.Random(SEED)
    parties = [factories.PartyFactory() for _ in range(8)]
    for _ in range(count):
        is_foreign = pick.random() < 0.15
        yield factories.Plan(
            party=pick.choice(parties),
            day=date(2026, pick.randint(2, 9), pick.randint(1, 28)),
            kind=pick.choice(("invoice", "invoice", "invoice", "credit_note")),
            lines=list(random_lines(pick)),
            discounts=pick.choice(((), (), ("10",), ("2.5", "7.25"), ("33.33", "50"))),
            currency="USD" if is_foreign else "EUR",
            exchange_rate=Decimal(pick.randint(800_000, 1_200_000)) / 1_000_000 if is_foreign else Decimal(1),
        )


@pytest.mark.both_databases
@pytest.mark.slow
def test_two_hundred_random_documents_equal_to_the_cent_and_sent_once(box, connection):
    without_demo_booking(box)
    factories.booked_documents(connection.entity, random_plans(200))
    empty = SalesDocument.objects.filter(total=0).count()

    run = bridge.sync(connection)

    reasons = list(Posting.objects.exclude(state="posted").values_list("reference", "reason_code", "reason_params"))
    assert {code for _, code, _ in reasons} <= {"APP-208"}, reasons
    assert (len(reasons), run.counters["sales"]["posted"]) == (empty, 200 - empty)
    assert empty < 20
    assert bridge.assert_same_books(box, connection) == 200 - empty
    negative = SalesDocument.objects.filter(total__lt=0).exclude(number=DEMO_BOOKING)
    kinds = {d.number: d.kind for d in negative}
    assert len(kinds) > 20
    entries = box.entries()
    for number, kind in kinds.items():
        # A negative invoice stands as a credit note; a negative credit note, which cannot be made any more, as invoice.
        assert entries[number]["journal"] == ("71" if kind == "invoice" else "70"), number
        assert (Decimal(entries[number]["total"]) < 0) == (kind == "invoice"), number

    since = box.last_request()
    bridge.sync(connection)
    assert sends(box, since) == []
    assert box.entries() == entries


@pytest.mark.parametrize(
    ("prices", "code", "vat"),
    [
        (("0.02",) * 3, "21", "0.01"),  # no line has a cent of VAT, together they have one
        (("0.03", "-0.01"), "21", "0.00"),  # a line alone would have a cent, together they have none
        (("0.03", "0.03"), "21", "0.01"),  # two cents line by line, one together
        (("10.05", "10.05", "10.05"), "6", "1.81"),
        (("-0.03", "1000", "-999.99"), "12", "0.00"),
    ],
)
def test_the_cents_that_rounding_leaves_over(box, connection, prices, code, vat):
    lines = [factories.line(p, code=code) for p in prices]
    document = factories.booked_invoice(entity=connection.entity, lines=[*lines, factories.line("5", code="0")])
    assert document.vat_total == Decimal(vat)

    bridge.sync(connection)

    assert (bridge.posting(document).state, box.entries()[document.number]["vat"]) == ("posted", vat)
    assert bridge.assert_same_books(box, connection) == 1


def test_a_credit_note_may_go_before_its_invoice(box, connection):
    invoice = factories.booked_invoice(
        entity=connection.entity, day=date(2026, 3, 5), lines=[factories.line("33.335", quantity="3.5")]
    )
    note = invoicing.credit_invoice(invoice=invoice, by=None, day=date(2026, 4, 2))
    note = invoicing.book(document=note, by=None)
    march = {"division": int(bridge.DIVISION), "year": 2026, "period": 3}
    box.call("close_period", {**march, "closed": True})

    bridge.sync(connection)

    assert (bridge.posting(invoice).state, bridge.posting(note).state) == ("blocked", "posted")
    box.call("close_period", {**march, "closed": False})
    bridge.sync(connection)
    assert bridge.posting(invoice).state == "posted"
    entries = box.entries()
    assert (entries[invoice.number]["total"], entries[note.number]["total"]) == ("141.17", "-141.17")
    assert (entries[invoice.number]["journal"], entries[note.number]["journal"]) == ("70", "71")
    assert bridge.assert_same_books(box, connection) == 2


def test_a_full_credit_of_a_discounted_invoice_in_dollars(box, connection):
    invoice = factories.booked_invoice(
        entity=connection.entity,
        lines=[factories.line("19.99", quantity="0.333", discount="5"), factories.line("7.77", code="12")],
        discounts=("10", "2.5"),
        currency="USD",
        exchange_rate=Decimal("0.913"),
    )
    note = invoicing.credit_invoice(invoice=invoice, by=None, day=date(2026, 3, 20))
    note = invoicing.book(document=note, by=None)

    bridge.sync(connection)

    entries = box.entries()
    assert note.total == invoice.total
    assert Decimal(entries[note.number]["total"]) == -Decimal(entries[invoice.number]["total"])
    assert entries[note.number]["total_dc"] == f"-{entries[invoice.number]['total_dc']}"
    assert bridge.assert_same_books(box, connection) == 2


def test_a_discount_with_words_of_its_own_is_told_in_the_books(box, connection):
    draft = factories.draft_invoice(entity=connection.entity)
    invoicing.save_lines(
        document=draft,
        lines=[factories.line("100")],
        discounts=[DiscountInput(percentage=Decimal("10"), description="Loyal customer")],
        by=None,
    )
    document = invoicing.book(document=draft, by=None)

    bridge.sync(connection)

    texts = [(line["net"], line["vat"], line["account"]) for line in box.entries()[document.number]["lines"]]
    assert texts == [("100.00", "21.00", "700000"), ("-10.00", "-2.10", "708000")]
    (sent,) = [r for r in box.requests() if r["method"] == "POST" and "SalesEntries" in r["path"]]
    assert "Loyal customer" in str(sent["body"])


OURS = ("crm", "invoicing")
# The revenue accounts of the tool are offered on lines: a list of choices, not a document.
FROM_THE_TOOL = {"invoicing_ledgeraccount"}


def every_row():
    """All stored rows of parties, documents and what hangs on them, by table, read past the models."""
    rows = {}
    with db.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if model._meta.app_label in OURS and table not in FROM_THE_TOOL and not model._meta.proxy:
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                names = [column[0] for column in cursor.description]
                rows[table] = [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]
    return rows


def plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.mark.both_databases
def test_invariant_10_no_row_of_ours_moves_save_for_payment_state(box, connection):
    bridge.sync(connection)  # the accounts of the tool are offered from now on
    good = factories.booked_invoice(entity=connection.entity, discounts=("3",))
    bad = factories.booked_invoice(entity=connection.entity, currency="SEK", exchange_rate=Decimal("0.09"))
    factories.booked_credit_note(entity=connection.entity, lines=[factories.line("-5"), factories.line("9", code="6")])
    factories.draft_invoice(entity=connection.entity)
    good.files.create(name="a.pdf", content=b"%PDF-1.4 a")
    before = every_row()

    bridge.sync(connection)

    assert [bridge.posting(d).state for d in (good, bad)] == ["posted", "blocked"]
    assert every_row() == before

    box.pay(good.number, "17.01", date="2026-03-21")
    bridge.sync(connection)

    after = every_row()
    changed = {
        (table, row["id"], name)
        for table, rows in after.items()
        if table != "invoicing_payment"
        for row, old in zip(rows, before[table], strict=True)
        for name in row
        if row[name] != old[name]
    }
    columns = {"payment_state", "paid_amount", "paid_on", "paid_source", "updated_at"}
    assert changed == {("invoicing_salesdocument", good.pk, name) for name in columns}
    assert (len(after["invoicing_payment"]), len(before["invoicing_payment"])) == (1, 0)


def test_files_are_attached_and_a_refused_one_stays_a_remark(box, connection):
    first, second = (factories.booked_invoice(entity=connection.entity) for _ in range(2))
    first.files.create(name="first.pdf", content=b"%PDF-1.4 first")
    second.files.create(name="second.pdf", content=b"%PDF-1.4 second")
    words = "Niet toegestaan: Bijlage"
    box.fault("status", method="POST", path="DocumentAttachments", body_contains="second.pdf", status=400,
              body={"error": {"code": "", "message": {"lang": "", "value": words}}})  # fmt: skip

    run = bridge.sync(connection)

    assert (run.state, bridge.posting(first).notes) == ("succeeded", [])
    assert bridge.posting(second).notes == [{"code": "SYS-708", "params": {"text": words}}]
    assert bridge.posting(second).issue is None
    since = box.last_request()
    bridge.sync(connection)
    assert sends(box, since) == []
    assert bridge.assert_same_books(box, connection) == 2
