"""Two windows with one form: the second to save puts nothing back that the first has changed."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from lxml import html

from crm.models import Company, CompanyContact
from invoicing import services
from invoicing.models import SalesDocument
from invoicing.services import purchases
from tests.purchases.test_review import typed

from .test_stale_confirmations import reprice, retype, shown

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def receipt(world):
    return purchases.save_typed(typed=typed(world.entity, number="T-1", total=Decimal("106.00")), by=None)


def opened(client, url: str) -> dict[str, object]:
    """What the change form of a page would send as it stands."""
    page = html.fromstring(client.get(url).content)
    form = next(
        form for form in page.forms if (form.get("id") or "").endswith("_form") and form.xpath(".//*[@name='_version']")
    )
    fields: dict[str, list[str]] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    return {**fields, "_save": "Save"}


def test_a_stale_form_does_not_put_the_bank_account_back(world, sign_in, people):
    url = reverse("admin:crm_company_change", args=[world.company.pk])
    mine, theirs = sign_in("staff"), sign_in("boss")
    stale = opened(mine, url)
    assert theirs.post(url, {**opened(theirs, url), "iban": "BE71096123456769"}).status_code == 302

    answer = mine.post(url, {**stale, "phone": "+32 9 000 00 00"})

    company = Company.objects.get(pk=world.company.pk)
    assert (answer.status_code, company.iban, company.phone) == (200, "BE71096123456769", world.company.phone)
    assert "Nothing was saved: boss changed this today" in shown(answer)
    assert "The history says: Changed" in shown(answer)
    page = html.fromstring(answer.content)
    assert page.xpath("//input[@name='phone']/@value") == ["+32 9 000 00 00"]
    assert page.xpath(f"//div[contains(@class, 'errornote')]//a[@href='{url}'][@target='_blank']")
    # Once more is no way round it; the page opened anew is.
    again = dict(page.get_element_by_id("company_form").form_values())
    assert mine.post(url, {**again, "_save": "Save"}).status_code == 200
    assert mine.post(url, {**opened(mine, url), "phone": "+32 9 000 00 00"}).status_code == 302
    company.refresh_from_db()
    assert (company.iban, company.phone) == ("BE71096123456769", "+32 9 000 00 00")


def test_tags_and_people_of_a_company_count(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:crm_company_change", args=[world.company.pk])
    before = opened(client, url)
    CompanyContact.objects.create(company_id=world.company.pk, person_id=world.contact.pk, role="Owner")
    assert client.post(url, before).status_code == 200
    before = opened(client, url)
    Company.objects.get(pk=world.company.pk).tags.clear()
    assert client.post(url, before).status_code == 200
    assert not Company.objects.get(pk=world.company.pk).tags.exists()


def test_a_contact_is_not_put_back_either(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:crm_contact_change", args=[world.contact.pk])
    stale = opened(client, url)
    assert client.post(url, {**stale, "city": "Gent"}).status_code == 302
    answer = client.post(url, {**stale, "city": "Brugge"})
    assert "Nothing was saved: staff changed this" in shown(answer)
    world.contact.refresh_from_db()
    assert world.contact.city == "Gent"


def test_a_stale_form_does_not_put_the_price_of_a_draft_back(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_invoice_change", args=[world.draft.pk])
    stale = opened(client, url)
    reprice(world.draft, "500")
    for button in ("_save", "_book"):
        answer = client.post(url, {**stale, button: "1"})
        assert answer.status_code == 200
        assert "Nothing was saved: system changed this today" in shown(answer)
    world.draft.refresh_from_db()
    assert world.draft.total == Decimal("605.00")
    client.post(url, {**opened(client, url), "note": "Thank you"})
    world.draft.refresh_from_db()
    assert (world.draft.note, world.draft.total) == ("Thank you", Decimal("605.00"))


def test_a_form_that_is_sent_twice_adds_its_line_once(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_invoice_change", args=[world.draft.pk])
    line = world.draft.lines.get()
    more = {
        "lines-TOTAL_FORMS": "2", "lines-1-description": "Second", "lines-1-quantity": "1", "lines-1-unit_price": "10",
        "lines-1-discount": "0", "lines-1-vat_rate": str(line.vat_rate_id), "lines-1-account": "", "lines-1-id": "",
        "lines-1-document": str(world.draft.pk),
    }  # fmt: skip
    sent = {**opened(client, url), **more}
    answers = [client.post(url, sent).status_code for _ in range(2)]
    assert (answers, world.draft.lines.count()) == ([302, 200], 2)


def test_a_stale_form_does_not_put_the_total_of_an_expense_back(receipt, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_purchasedocument_edit", args=[receipt.pk])
    stale = opened(client, url)
    retype(receipt, "999.00")
    answer = client.post(url, {**stale, "description": "Other"})
    receipt.refresh_from_db()
    assert (answer.status_code, receipt.total) == (200, Decimal("999.00"))
    assert "Nothing was saved: system changed this" in shown(answer)
    assert html.fromstring(answer.content).xpath(f"//a[@href='{url}'][@target='_blank']")
    assert client.post(url, {**opened(client, url), "description": "Other"}).status_code == 302
    assert receipt.lines.get().description == "Other"


def test_a_refused_form_leaves_no_trace_in_the_history(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:crm_company_change", args=[world.company.pk])
    stale = opened(client, url)
    Company.objects.filter(pk=world.company.pk).update(city="Mol")
    before = LogEntry.objects.count()
    assert "Nothing was saved: this was changed after this page was opened." in shown(client.post(url, stale))
    assert LogEntry.objects.count() == before


@pytest.mark.parametrize("button", ["_save", "_book", "_continue"])
def test_a_draft_that_was_booked_meanwhile_leads_to_the_document(button, world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_invoice_change", args=[world.draft.pk])
    stale = opened(client, url)
    booked = services.book(document=SalesDocument.objects.get(pk=world.draft.pk), by=None)
    answer = client.post(url, {**stale, button: "1"}, follow=True)
    assert answer.redirect_chain == [(url, 302)]
    assert f"It is booked as {booked.number} by now, so nothing was changed." in shown(answer)
    assert f"Invoice {booked.number}" in shown(answer)
    answer = client.post(reverse("admin:invoicing_invoice_delete", args=[world.draft.pk]), {"post": "yes"}, follow=True)
    assert f"It is booked as {booked.number} by now" in shown(answer)
    assert SalesDocument.objects.filter(pk=world.draft.pk).exists()


def test_who_only_reads_is_still_refused(world, sign_in):
    url = reverse("admin:invoicing_invoice_change", args=[world.booked.pk])
    assert sign_in("accountant").post(url, {"note": "x"}).status_code == 403
