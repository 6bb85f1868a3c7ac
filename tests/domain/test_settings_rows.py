"""Fiscal years, entities and rates refuse what would break numbers, dates or booked VAT."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from invoicing.models import FiscalYear, VatRateVersion
from tests import factories as f

pytestmark = pytest.mark.django_db


def year(entity, number=2027, **fields):
    values = {
        "entity": entity, "label": str(number), "start": date(number, 1, 1), "end": date(number, 12, 31),
        "invoice_prefix": f"{number}/", "credit_note_prefix": f"C{number}/",
    }  # fmt: skip
    return FiscalYear(**values | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"invoice_prefix": "2027"},
        {"start": date(2027, 1, 1), "end": date(2028, 6, 30)},
        {"next_invoice_number": 10001},
    ],
)
def test_good_years(fields):
    year(f.EntityFactory(), **fields).full_clean()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"start": date(2026, 12, 31)}, "__all__"),
        ({"end": date(2026, 12, 1), "start": date(2026, 11, 1)}, "__all__"),
        ({"start": date(2027, 12, 31), "end": date(2027, 1, 1)}, "end"),
        ({"start": date(2027, 1, 1), "end": date(2027, 1, 1)}, "end"),
        ({"invoice_prefix": "2026/"}, "invoice_prefix"),
        ({"invoice_prefix": "C2026/"}, "invoice_prefix"),
        ({"credit_note_prefix": "2025/"}, "credit_note_prefix"),
        ({"credit_note_prefix": "2026/00"}, "credit_note_prefix"),
        ({"invoice_prefix": "27", "credit_note_prefix": "279"}, "credit_note_prefix"),
    ],
)
def test_years_that_would_give_a_number_or_a_day_twice(fields, where):
    with pytest.raises(ValidationError) as refused:
        year(f.EntityFactory(), **fields).full_clean()
    assert list(refused.value.message_dict) == [where]


def test_another_entity_may_use_the_same_prefixes():
    f.EntityFactory()
    year(f.EntityFactory(years=()), 2026).full_clean()


def test_the_next_number_is_free_until_the_first_is_booked():
    entity = f.EntityFactory()
    current = entity.fiscal_years.get(label="2026")
    current.next_invoice_number = 100
    current.full_clean()
    current.save()
    assert f.booked_invoice(entity=entity).number == "2026/0100"
    current.refresh_from_db()
    current.next_invoice_number = 200
    with pytest.raises(ValidationError, match="Numbers were given out already"):
        current.full_clean()
    current.next_invoice_number = 101
    current.next_credit_note_number = 50
    current.full_clean()


def test_a_year_does_not_leave_its_documents_behind():
    entity = f.EntityFactory()
    f.booked_invoice(entity=entity, day=date(2026, 3, 14))
    current = entity.fiscal_years.get(label="2026")
    current.start = date(2026, 3, 15)
    with pytest.raises(ValidationError, match="would fall outside"):
        current.full_clean()
    current.start = date(2026, 3, 14)
    current.full_clean()


def test_an_entity_stays_in_its_country():
    entity = f.EntityFactory()
    entity.country = "NL"
    with pytest.raises(ValidationError) as refused:
        entity.full_clean()
    assert list(refused.value.message_dict) == ["country"]


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        (date(2026, 1, 1), None, True),
        (date(2025, 12, 31), None, False),
        (date(2020, 1, 2), date(2021, 1, 1), False),
        (date(2018, 1, 1), date(2019, 12, 31), True),
        (date(2018, 1, 1), date(2020, 1, 1), False),
    ],
)
def test_one_percentage_per_day(start, end, fits):
    first = f.vat_rate("6", since=date(2020, 1, 1))
    first.valid_to = date(2025, 12, 31)
    first.full_clean()
    first.save()
    second = VatRateVersion(rate=first.rate, percentage=Decimal(9), valid_from=start, valid_to=end)
    if fits:
        second.full_clean()
    else:
        with pytest.raises(ValidationError, match="some of these days"):
            second.full_clean()
