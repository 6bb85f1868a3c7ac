"""Documents booked by the thousand are the same as documents booked one by one."""

import time
from datetime import date
from decimal import Decimal

import pytest

from invoicing import services
from invoicing.models import FiscalYear, SalesDocument
from invoicing.services import DiscountInput
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

# What differs by nature: keys, the moment, and the entity's own name.
OWN = {"id", "document_id", "fiscal_year_id", "entity_id", "created_at", "updated_at", "booked_at"}


def rows(entity):
    """All rows of an entity's documents without their keys, in order of booking."""
    found = []
    for document in SalesDocument.objects.filter(entity=entity).order_by("fiscal_year__label", "kind", "sequence"):
        row = {k: v for k, v in document.__dict__.items() if k not in OWN and not k.startswith("_")}
        row["seller_snapshot"] = {
            k: v for k, v in row["seller_snapshot"].items() if k not in ("entity", "name", "vat_number")
        }
        # The year's key is in it; its check digits follow.
        row["structured_communication"] = row["structured_communication"][9:14]
        found.append(row)
        for related in (document.lines, document.discounts, document.vat_totals):
            found += [{k: v for k, v in part.items() if k not in OWN} for part in related.order_by("pk").values()]
    years = FiscalYear.objects.filter(entity=entity).order_by("label")
    return found, list(years.values("label", "next_invoice_number", "next_credit_note_number"))


def test_the_same_rows_as_the_services_make():
    party = f.PartyFactory(payment_term=f.PaymentTermFactory())
    fast, slow = f.EntityFactory(), f.EntityFactory()
    plans = [
        *f.bench_plans([party, f.PartyFactory()], 25),
        f.Plan(
            party=party, day=date(2025, 5, 5), discounts=("10", "2.5"),
            lines=[f.line("9.995", code="12", discount="12.5")],
        ),
        f.Plan(party=party, kind="credit_note", lines=[f.line("100"), f.line("-1.005", code="MC")]),
        f.Plan(party=party, lines=[f.line("3.33", quantity="3")], currency="USD", exchange_rate=Decimal("0.92")),
    ]  # fmt: skip
    ids = f.booked_documents(fast, plans, batch=10)
    assert ids == list(SalesDocument.objects.filter(entity=fast).order_by("pk").values_list("pk", flat=True))
    for plan in plans:
        draft = services.create_draft(
            entity=slow, party=plan.party, day=plan.day, kind=plan.kind, lines=plan.lines, currency=plan.currency,
            exchange_rate=plan.exchange_rate, discounts=[DiscountInput(percentage=Decimal(p)) for p in plan.discounts],
        )  # fmt: skip
        services.book(document=draft, by=None)
    assert rows(fast) == rows(slow)
    assert len(rows(fast)[0]) > 100
    # And the numbers go on where they ended.
    assert f.booked_invoice(entity=fast).number == f.booked_invoice(entity=slow).number == "2026/0027"


@pytest.mark.slow
def test_ten_thousand_take_seconds():
    entity = f.EntityFactory()
    parties = f.PartyFactory.create_batch(50)
    start = time.monotonic()
    ids = f.booked_documents(entity, f.bench_plans(parties, 10_000))
    assert time.monotonic() - start < 60
    assert len(ids) == 10_000
    assert SalesDocument.objects.booked().filter(entity=entity).count() == 10_000
    assert SalesDocument.objects.get(pk=ids[-1]).number == "2026/10000"
