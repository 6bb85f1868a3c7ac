"""Amounts that no column holds: said by the field, and in the totals while they are typed."""

import pytest
from django.urls import reverse

from invoicing.models import SalesDocument

from .test_documents import add, form
from .test_stale_confirmations import shown

pytestmark = [pytest.mark.django_db]

LARGE = {"quantity": "99999999", "unit_price": "99999999"}


def test_a_line_that_is_too_large_says_so_by_its_price(world, sign_in):
    before = SalesDocument.objects.count()
    answer = add(sign_in("staff"), form(world, {}, LARGE), _save="1")
    assert answer.status_code == 200
    errors = answer.context["inline_admin_formsets"][0].formset.errors
    assert (errors[0], list(errors[1])) == ({}, ["unit_price"])
    assert "Quantity times price is more than 999,999,999,999.99." in shown(answer)
    assert SalesDocument.objects.count() == before


@pytest.mark.parametrize(("quantity", "number"), [("60", 2), ("90", 1)])
def test_lines_that_are_too_large_together_or_with_their_vat_say_so_above_them(quantity, number, world, sign_in):
    before = SalesDocument.objects.count()
    lines = [{"quantity": quantity, "unit_price": "9999999999"}] * number
    answer = add(sign_in("staff"), form(world, *lines), _save="1")
    assert answer.status_code == 200
    assert "The amounts of this document are too large. Look for a slip" in shown(answer)
    assert SalesDocument.objects.count() == before


@pytest.mark.parametrize(
    "line", [LARGE, {"quantity": "10", "unit_price": "999999999999"}, {"quantity": "-10", "unit_price": "999999999999"}]
)
def test_the_totals_say_it_while_it_is_typed(line, world, sign_in):
    answer = sign_in("staff").post(reverse("admin:invoicing_invoice_totals"), form(world, {}, line))
    assert answer.status_code == 200
    assert "The amounts of this document are too large. Look for a slip" in answer.json()["totals"]
    assert answer.json()["lines"]["lines-0"] == "100.00"


def test_what_still_fits_is_taken(world, sign_in):
    answer = add(sign_in("staff"), form(world, {"quantity": "80", "unit_price": "9999999999"}), _save="1")
    assert answer.status_code == 302, answer.context["errors"]
    assert SalesDocument.objects.order_by("-pk")[0].net_total == 799_999_999_920
