"""What the pages say of answers: what a supplier was told, what a customer says, and what is to be done next."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.models import PostingState
from invoicing import services
from invoicing.models import PeppolDelivery, SupplierResponse, SupplierResponseState
from invoicing.services import purchases
from tests import factories
from tests.admin.conftest import connect, post
from tests.peppol.answers import answer
from tests.purchases.ubl import ubl

pytestmark = pytest.mark.django_db

OURS = "0208:0765432146"


@pytest.fixture
def entity():
    factories.vat_rate("21")
    return factories.EntityFactory(
        peppol_id=OURS, enterprise_number="0765432146", vat_number="BE0765432146", answers_suppliers=True
    )


@pytest.fixture(autouse=True)
def outbox(tmp_path, settings) -> Path:
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = str(tmp_path / "outbox")
    settings.BOEKBRUG_PEPPOL_RESPONSE_MINUTES = 60
    return tmp_path / "outbox"


@pytest.fixture
def expense(entity):
    data = ubl(buyer_vat=entity.vat_number)
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document
    return purchases.create_supplier(document=document, by=None)


@pytest.fixture
def invoice(entity):
    made = factories.booked_invoice(entity=entity)
    services.hand_over(document=made, by=None)
    return made


def page(client, document) -> str:
    name = {"PurchaseDocument": "purchasedocument"}.get(type(document).__name__, "invoice")
    return client.get(reverse(f"admin:invoicing_{name}_change", args=[document.pk])).content.decode()


def expense_url(verb, *args) -> str:
    return reverse(f"admin:invoicing_purchasedocument_{verb}", args=args)


def due_now() -> None:
    SupplierResponse.objects.filter(state="waiting").update(not_before=timezone.now())


# --- what a supplier was told ---


def test_the_expense_says_what_its_supplier_was_told_and_when(expense, sign_in):
    client = sign_in("staff")
    assert "The supplier is told in a moment: received." in page(client, expense)
    purchases.send_due()
    assert "The supplier was told: received, today" in page(client, expense)
    purchases.approve(document=expense, by=None)
    shown = page(client, expense)
    assert "The supplier is told" in shown
    assert "Take the decision back before then, and they hear nothing of it." in shown
    due_now()
    purchases.send_due()
    shown = page(client, expense)
    assert "The supplier was told: approved, today" in shown
    assert 'name="tells_the_supplier"' in shown


def test_refusing_asks_what_the_supplier_is_told(expense, sign_in):
    client = sign_in("staff")
    assert 'name="told_as"' in page(client, expense)
    client.post(expense_url("refuse", expense.pk), {"reason": "Wrong price", "told_as": "PRI"})
    row = SupplierResponse.objects.get(code="RE")
    assert (row.reason_code, row.reason) == ("PRI", "Wrong price")
    client.post(expense_url("reopen", expense.pk))
    row.refresh_from_db()
    assert row.state == SupplierResponseState.WITHDRAWN
    client.post(expense_url("refuse", expense.pk), {"reason": "Wrong price", "told_as": "-"})
    expense.refresh_from_db()
    assert expense.review == "refused"
    assert not SupplierResponse.objects.filter(code="RE", state="waiting").exists()


def test_what_was_told_is_taken_back_only_by_who_tells_the_supplier(expense, sign_in):
    client = sign_in("staff")
    client.post(expense_url("refuse", expense.pk), {"reason": "Not ours"})
    due_now()
    purchases.send_due()
    assert 'name="tells_the_supplier"' in page(client, expense)
    answered = client.post(expense_url("reopen", expense.pk), follow=True).content.decode()
    assert "Tick that you tell them what changes." in answered
    client.post(expense_url("reopen", expense.pk), {"tells_the_supplier": "1"})
    shown = page(client, expense)
    assert "The supplier knows it as refused." in shown
    assert 'name="told_as"' not in shown


def test_what_broke_off_or_failed_is_told_again_by_a_person(expense, sign_in, outbox):
    client = sign_in("staff")
    long_ago = timezone.now() - timedelta(hours=1)
    SupplierResponse.objects.update(state="sending", changed_at=long_ago)
    shown = page(client, expense)
    assert "Perhaps the supplier was told: received." in shown
    row = SupplierResponse.objects.get()
    client.post(expense_url("tell", expense.pk, row.pk))
    assert purchases.send_due() == 0
    client.post(expense_url("tell", expense.pk, row.pk), {"looked": "1"})
    assert purchases.send_due() == 1
    listed = reverse("admin:invoicing_purchasedocument_changelist") + "?view=untold"
    assert "Every supplier was told" in client.get(listed).content.decode()
    SupplierResponse.objects.update(state="failed", error="The disk is full")
    assert "Every supplier was told" not in client.get(listed).content.decode()
    shown = page(client, expense)
    assert "It did not reach the supplier. Tell them yourself, or try again." in shown
    assert "The disk is full" in shown
    accountant = sign_in("accountant")
    assert expense_url("tell", expense.pk, row.pk) not in page(accountant, expense)
    assert accountant.post(expense_url("tell", expense.pk, row.pk)).status_code == 403


def test_an_answer_that_is_asked_for_and_cannot_be_given_is_said(expense, sign_in, settings):
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = ""
    type(expense).objects.update(profile="urn:peppol:bis:billing_with_response")
    shown = page(sign_in("staff"), expense)
    assert "The supplier asks for an answer through Peppol. This installation has no Peppol access point." in shown


def test_an_entity_tells_suppliers_only_from_a_peppol_id(entity, sign_in):
    client = sign_in("boss")
    url = reverse("admin:invoicing_companyentity_change", args=[entity.pk])
    form = client.get(url).context["adminform"].form
    fields = {name: value for name in form.fields if (value := form[name].value()) not in (None, "", False)}
    said = client.post(url, {**fields, "peppol_id": "", "answers_suppliers": "on"}).content.decode()
    assert "Suppliers are told from a Peppol ID" in said
    assert client.post(url, {**fields, "answers_suppliers": "on"}).status_code == 302


# --- what a customer says ---


def said_of(invoice, **fields) -> bytes:
    receiver = PeppolDelivery.objects.get(document=invoice).receiver
    return answer(**{"document": invoice.number, "sender": receiver, "receiver": OURS, **fields})


def test_a_refusal_says_what_to_do_until_somebody_did_it(invoice, entity, sign_in):
    post(factories.booked_invoice(entity=entity), connect(entity), PostingState.POSTED)  # no fresh installation
    client = sign_in("staff")
    start, found = reverse("admin:index"), reverse("admin:invoicing_invoice_changelist")
    assert "Look at the answer" not in client.get(start).content.decode()
    said = said_of(invoice, code="RE", reasons=[("OPStatusReason", "PRI", "8,50 was agreed")], condition=("BT-146", "8.50"))  # fmt: skip
    files = {"files": [_file(said)]}
    told = client.post(expense_url("upload"), files, follow=True).content.decode()
    assert "What was said of 2026/0001 is noted: Rejected by the customer." in told
    shown = page(client, invoice)
    assert "Refused by customer" in shown
    assert "Prices: 8,50 was agreed" in shown
    assert "unit price: 8.50" in shown
    assert "make a credit note and a new invoice" in shown
    shown = client.get(start).content.decode()
    assert "Look at the answer to 1 e-invoice" in shown
    assert '<span class="bb-badge">1</span>' in shown
    assert invoice.number in client.get(found, {"view": "e-invoice-asks"}).content.decode()
    assert "No customer asks for anything" not in client.get(found, {"view": "e-invoice-asks"}).content.decode()

    assert sign_in("accountant").post(_attend(invoice)).status_code == 403
    client.post(_attend(invoice))
    shown = page(client, invoice)
    assert "Prices: 8,50 was agreed" in shown
    assert "make a credit note and a new invoice" not in shown
    assert "Look at the answer" not in client.get(start).content.decode()
    purchases.take_in(data=said_of(invoice, code="AP"), delivery=purchases.Delivery())
    shown = page(client, invoice)
    assert "The customer says two things that cannot both hold." in shown
    assert "It contradicts what was said before" in shown
    client.post(_attend(invoice))
    assert "No customer asks for anything" in client.get(found, {"view": "e-invoice-asks"}).content.decode()


def _attend(invoice) -> str:
    return reverse("admin:invoicing_invoice_attend", args=[invoice.pk])


def _file(data: bytes):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("answer.xml", data, "application/xml")


def test_the_list_is_filtered_by_what_became_of_the_e_invoice(invoice, entity, sign_in):
    other = factories.booked_invoice(entity=entity)
    client, url = sign_in("accountant"), reverse("admin:invoicing_invoice_changelist")

    def listed(state) -> list[str]:
        return [str(row) for row in client.get(url, {"e-invoice": state}).context["cl"].result_list]

    assert (listed("sent"), listed("none"), listed("receiver_paid")) == ([invoice.number], [other.number], [])
    purchases.take_in(data=said_of(invoice, code="PD"), delivery=purchases.Delivery())
    assert (listed("sent"), listed("receiver_paid")) == ([], [invoice.number])
    shown = page(client, invoice)
    assert "It counts as paid here once the payment is seen in the books" in shown
    invoice.refresh_from_db()
    assert invoice.payment_state == "open"


def test_an_answer_among_the_refused_files_leads_to_the_document_once_it_can_be_read(invoice, sign_in):
    client = sign_in("staff")
    data = said_of(invoice, code="AP", document="2031/9999")
    purchases.take_in(data=data, delivery=purchases.Delivery(name="answer.xml"))
    from invoicing.models import IncomingFile

    file = IncomingFile.objects.get()
    change = reverse("admin:invoicing_incomingfile_change", args=[file.pk])
    shown = client.get(change).content.decode()
    assert "It answers 2031/9999, which was not handed over to Peppol here." in shown
    assert "Somebody answers an e-invoice of yours with it." in shown
    IncomingFile.objects.update(content=said_of(invoice, code="AP"))
    done = client.post(reverse("admin:invoicing_incomingfile_read", args=[file.pk]))
    assert done["Location"] == reverse("admin:invoicing_invoice_change", args=[invoice.pk])
