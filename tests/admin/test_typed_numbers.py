"""Amounts typed in the reader's own language: nothing becomes a hundred times more or less without a word."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation

from invoicing.admin.typed import NumberAsTyped, WholeNumberAsTyped, typed_number
from invoicing.models import FiscalYear, Invoice, VatRateVersion

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
        ("nl", "0.921", "0.921"),
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


def test_every_number_field_takes_the_signs_of_the_language(world, sign_in):
    """Rates, percentages, days and counters, beside what stands on the lines; a browser's own field drops commas."""
    client = sign_in("boss")
    client.cookies["django_language"] = "nl"
    assert add(client, form(world, currency="USD", exchange_rate="1,0853"), _save="1").status_code == 302
    draft = Invoice.objects.order_by("-pk")[0]
    assert draft.exchange_rate == Decimal("1.0853")
    page = client.get(reverse("admin:invoicing_invoice_change", args=[draft.pk])).content.decode()
    assert re.search(r'name="exchange_rate" value="1,0853"', page)

    version = {"versions-TOTAL_FORMS": "1", "versions-INITIAL_FORMS": "0", "versions-0-valid_from": "2026-01-01"}
    rate = {"country": "BE", "code": "VIJF", "name": "Vijf", "category": "S", "versions-0-percentage": "5,5", **version}
    assert client.post(reverse("admin:invoicing_vatrate_add"), rate).status_code == 302
    assert VatRateVersion.objects.get(rate__code="VIJF").percentage == Decimal("5.5")

    year = {
        "entity": world.entity.pk, "label": "2031", "start": "2031-01-01", "end": "2031-12-31", "invoice_prefix": "31/",
        "next_invoice_number": "1.200", "credit_note_prefix": "C31/", "next_credit_note_number": "7",
    }  # fmt: skip
    assert client.post(reverse("admin:invoicing_fiscalyear_add"), year).status_code == 302
    made = FiscalYear.objects.get(label="2031")
    assert (made.next_invoice_number, made.next_credit_note_number) == (1200, 7)
    pages = [
        reverse("admin:invoicing_invoice_add"),
        reverse("admin:invoicing_vatrate_add"),
        reverse("admin:invoicing_paymentterm_add"),
        reverse("admin:invoicing_fiscalyear_change", args=[made.pk]),
        reverse("admin:integrations_module_changelist"),
    ]
    for url in pages:
        assert 'type="number"' not in client.get(url).content.decode(), url
    assert 'value="1200"' in client.get(pages[3]).content.decode()


@pytest.mark.parametrize("typed", ["1,5", "1.5", "twaalf"])
def test_half_a_number_is_no_whole_one(typed):
    with translation.override("nl"), pytest.raises(Exception, match=r"geheel getal"):
        WholeNumberAsTyped().clean(typed)
