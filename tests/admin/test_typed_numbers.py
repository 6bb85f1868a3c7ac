"""Amounts typed in the reader's own language: nothing becomes a hundred times more or less without a word."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation

from invoicing.admin.typed import NumberAsTyped, typed_number
from invoicing.models import Invoice

from .test_documents import add, form


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("nl", "1.234,56", "1234.56"),
        ("nl", "1234,56", "1234.56"),
        ("nl", "1234.56", "1234.56"),
        ("nl", "1.234", "1234"),
        ("nl", "-1.234.567,8", "-1234567.8"),
        ("nl", "95,125", "95.125"),
        ("fr", "1 234,56", "1234.56"),
        ("fr", "1\u202f234,56", "1234.56"),
        ("fr", "1.234,56", "1234.56"),
        ("en", "1,234.56", "1234.56"),
        ("en", "1234.56", "1234.56"),
        ("en", " 1,234 ", "1234"),
    ],
)
def test_a_number_is_read_in_its_language(language, typed, read):
    with translation.override(language):
        assert typed_number(typed) == read
        assert NumberAsTyped().clean(typed) == Decimal(read)


@pytest.mark.parametrize(
    ("language", "typed"),
    [("en", "1234,56"), ("en", "1.234,56"), ("en", "1,23,456"), ("nl", "1,234.56"), ("nl", "1.23.456"), ("nl", "tien")],
)
def test_what_could_be_another_number_is_refused(language, typed):
    with translation.override(language), pytest.raises(Exception, match=r"number|getal"):
        NumberAsTyped().clean(typed)


def test_a_draft_in_dutch_keeps_its_amounts_through_typing_saving_and_saving_again(world, sign_in):
    client = sign_in("staff")
    client.cookies["django_language"] = "nl"
    data = form(
        world,
        {"unit_price": "1.234,56", "quantity": "2,5", "discount": "7,5"},
        **{"discounts-TOTAL_FORMS": "1", "discounts-0-percentage": "2,5"},
    )
    typed = client.post(reverse("admin:invoicing_invoice_totals"), data).json()
    assert typed["lines"] == {"lines-0": "2.854,92"}
    assert add(client, data, _save="1").status_code == 302
    draft = Invoice.objects.order_by("-pk")[0]
    line = draft.lines.get()
    assert (line.unit_price, line.quantity, line.discount) == (Decimal("1234.56"), Decimal("2.5"), Decimal("7.5"))
    page = client.get(reverse("admin:invoicing_invoice_change", args=[draft.pk]))
    shown = page.context["inline_admin_formsets"][0].formset.forms[0]
    assert shown["unit_price"].value() == Decimal("1234.56")
    assert 'value="1.234,56"' in str(shown["unit_price"])
    assert 'inputmode="decimal"' in str(shown["unit_price"])
    assert 'type="number"' not in str(shown["unit_price"])
