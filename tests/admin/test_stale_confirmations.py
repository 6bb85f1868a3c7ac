"""Two windows: what is confirmed in one after it was changed in the other is not done, and the fresh page is shown."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.messages import get_messages
from django.urls import reverse
from lxml import html

from invoicing import services
from invoicing.models import DocumentStatus, PurchaseDocument, ReviewState, SalesDocument
from invoicing.services import purchases
from tests import factories
from tests.purchases.test_review import typed

pytestmark = [pytest.mark.django_db]

INVOICES = reverse("admin:invoicing_invoice_changelist")
EXPENSES = reverse("admin:invoicing_purchasedocument_changelist")


def sent_by(answer, button: str) -> tuple[str, dict[str, object]]:
    """Address and fields that the form with this button sends, from the page as it was answered."""
    page = html.fromstring(answer.content)
    found = next(
        form for form in page.forms
        if any(button in " ".join(knob.text_content().split()) for knob in form.xpath(".//button"))
    )  # fmt: skip
    fields: dict[str, list[str]] = {}
    for name, value in found.form_values():
        fields.setdefault(name, []).append(value)
    return found.get("action") or answer.request["PATH_INFO"], fields


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def shown(answer) -> str:
    return " ".join(html.fromstring(answer.content).text_content().split())


def reprice(draft: SalesDocument, price: str) -> None:
    """What a colleague saves in another window."""
    services.save_lines(document=SalesDocument.objects.get(pk=draft.pk), lines=[factories.line(price)])


def test_a_draft_is_not_booked_at_another_total_than_the_page_said(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_invoice_book", args=[world.draft.pk])
    where, fields = sent_by(client.get(url), "Book as")
    reprice(world.draft, "500")
    answer = client.post(where, fields, follow=True)
    world.draft.refresh_from_db()
    assert (world.draft.status, world.draft.number) == (DocumentStatus.DRAFT, "")
    assert "was changed since this page was opened, so it was not booked" in shown(answer)
    assert "605.00" in shown(answer)
    client.post(*sent_by(answer, "Book as"))
    world.draft.refresh_from_db()
    assert (world.draft.status, world.draft.total) == (DocumentStatus.BOOKED, Decimal("605.00"))


@pytest.mark.parametrize("field", ["party", "date", "note"])
def test_nor_with_another_customer_day_or_note(field, world, sign_in):
    client = sign_in("staff")
    where, fields = sent_by(client.get(reverse("admin:invoicing_invoice_book", args=[world.draft.pk])), "Book as")
    draft = SalesDocument.objects.get(pk=world.draft.pk)
    other = {"party": factories.CompanyFactory(), "date": date(2026, 1, 2), "note": "Other words"}
    setattr(draft, field, other[field])
    draft.save()
    client.post(where, fields)
    draft.refresh_from_db()
    assert not draft.is_booked


def test_many_drafts_are_shown_once_more_when_one_of_them_changed(world, sign_in):
    client = sign_in("staff")
    other = factories.draft_invoice(entity=world.entity, party=world.company, lines=[factories.line("10")])
    chosen = {"action": "book_selected", ACTION_CHECKBOX_NAME: [world.draft.pk, other.pk]}
    where, fields = sent_by(client.post(INVOICES, chosen), "Book 2 drafts")
    reprice(other, "500")
    answer = client.post(where, fields)
    assert not SalesDocument.objects.booked().filter(pk__in=[world.draft.pk, other.pk]).exists()
    assert "Nothing was booked: a draft was changed since this page was opened." in shown(answer)
    assert "605.00" in shown(answer)
    client.post(*sent_by(answer, "Book 2 drafts"))
    assert SalesDocument.objects.booked().filter(pk__in=[world.draft.pk, other.pk]).count() == 2


@pytest.fixture
def receipt(world):
    world.entity.bookkeeping_email = ""
    world.entity.save()
    return purchases.save_typed(typed=typed(world.entity, number="T-1", total=Decimal("106.00")), by=None)


def retype(receipt: PurchaseDocument, total: str) -> None:
    again = typed(receipt.entity, number=receipt.number, total=Decimal(total))
    purchases.save_typed(typed=again, by=None, document=receipt)


def test_an_expense_is_not_approved_at_another_total_than_its_button_says(receipt, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_purchasedocument_change", args=[receipt.pk])
    where, fields = sent_by(client.get(url), "Approve")
    retype(receipt, "999.00")
    answer = client.post(where, fields, follow=True)
    receipt.refresh_from_db()
    assert receipt.review == ReviewState.PENDING
    assert "was changed since this page was opened" in shown(answer)
    assert "Approve 999.00" in shown(answer)
    client.post(*sent_by(answer, "Approve"))
    receipt.refresh_from_db()
    assert (receipt.review, receipt.total) == (ReviewState.APPROVED, Decimal("999.00"))


def test_many_expenses_are_shown_once_more_when_one_of_them_changed(receipt, sign_in):
    client = sign_in("staff")
    chosen = {"action": "approve_selected", ACTION_CHECKBOX_NAME: [receipt.pk]}
    where, fields = sent_by(client.post(EXPENSES, chosen), "Approve 1 expense")
    retype(receipt, "999.00")
    answer = client.post(where, fields)
    receipt.refresh_from_db()
    assert receipt.review == ReviewState.PENDING
    assert "Nothing was approved: an expense was changed since this page was opened." in shown(answer)
    client.post(*sent_by(answer, "Approve 1 expense"))
    receipt.refresh_from_db()
    assert receipt.review == ReviewState.APPROVED


def test_how_an_approved_expense_is_booked_is_not_put_back_by_an_older_page(receipt, world, sign_in):
    client = sign_in("staff")
    approved = purchases.approve(document=receipt, by=None)
    where, fields = sent_by(
        client.get(reverse("admin:invoicing_purchasedocument_change", args=[receipt.pk])), "Save how to book it"
    )
    line = approved.lines.get()
    account = factories.LedgerAccountFactory(entity=world.entity, code="615000", kind="cost")
    purchases.mend(
        document=approved, lines={line.pk: purchases.LineChoice(account=account, vat_rate=line.vat_rate)}, by=None
    )
    answer = client.post(where, fields, follow=True)
    line.refresh_from_db()
    assert line.ledger_account == account
    assert "was changed since this page was opened" in shown(answer)


def test_the_services_look_once_more_themselves(receipt, world):
    """Between the look of the page and the booking there is a moment, too."""
    preview = services.preview_booking(world.draft)
    mark = purchases.mark_of(receipt)
    reprice(world.draft, "500")
    retype(receipt, "999.00")
    outcomes = services.book_many(documents=[world.draft], by=None, seen={world.draft.pk: preview.seen})
    assert [problem.code for outcome in outcomes for problem in outcome.problems] == ["changed"]
    approved = purchases.approve_many(documents=[receipt], by=None, seen={receipt.pk: mark})
    assert [problem.code for outcome in approved for problem in outcome.problems] == ["changed"]
    with pytest.raises(purchases.ApprovalRefused, match="was changed since this page was opened"):
        purchases.approve(document=receipt, by=None, seen=mark)
