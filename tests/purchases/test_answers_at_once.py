"""Two at the same moment: a worker that tells a supplier and a person who takes the decision back, two
workers with one answer or one mail, two answers."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from invoicing import services
from invoicing.errors import NotPossible
from invoicing.models import DeliveryResponse, PeppolDelivery, PurchaseMailing, SupplierResponse
from invoicing.peppol.access import FileOutbox
from invoicing.services import purchases
from invoicing.services.purchases import mailing, responding
from tests import factories
from tests.peppol.answers import answer
from tests.purchases.ubl import ubl

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ROUNDS = 4
OURS = "0208:0765432146"


@pytest.fixture
def entity(settings, tmp_path):
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = str(tmp_path / "outbox")
    factories.vat_rate("21")
    return factories.EntityFactory(
        peppol_id=OURS, enterprise_number="0765432146", vat_number="BE0765432146", answers_suppliers=True
    )


@pytest.fixture(autouse=True)
def _known(supplier):
    """The supplier of the expenses."""


@pytest.fixture
def leaving(monkeypatch) -> list[str]:
    """The key of every message that leaves."""
    found: list[str] = []
    send = FileOutbox.send

    def counting(self, message):
        found.append(message.key)
        return send(self, message)

    monkeypatch.setattr(FileOutbox, "send", counting)
    return found


def at_once(*doing) -> None:
    together = threading.Barrier(len(doing))

    def run(one) -> None:
        together.wait()
        try:
            one()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[one]) for one in doing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def approved(entity, number: str) -> SupplierResponse:
    data = ubl(buyer_vat=entity.vat_number, number=number)
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml")).document
    SupplierResponse.objects.filter(document=document).delete()
    purchases.approve(document=document, by=None)
    SupplierResponse.objects.update(not_before=timezone.now() - timedelta(minutes=1))
    return SupplierResponse.objects.get(document=document)


def test_either_the_supplier_is_told_or_the_decision_is_taken_back(entity, leaving):
    for number in range(ROUNDS):
        row = approved(entity, str(number))
        taken_back = []

        def person(row=row, taken_back=taken_back) -> None:
            try:
                purchases.reopen(document=row.document, by=None, reason="Wrong")
                taken_back.append(True)
            except NotPossible:
                pass

        at_once(lambda row=row: responding.send_response(row.pk), person)
        row.refresh_from_db()
        row.document.refresh_from_db()
        told = row.number in leaving
        assert told != bool(taken_back)
        assert (row.state, row.document.review) == (("sent", "approved") if told else ("withdrawn", "pending"))


def test_two_workers_tell_a_supplier_once(entity, leaving, tmp_path):
    for number in range(ROUNDS):
        row = approved(entity, str(number))
        at_once(*[lambda row=row: responding.send_response(row.pk)] * 3)
        assert leaving.count(row.number) == 1
    assert len(list(Path(tmp_path / "outbox").glob("*.xml"))) == ROUNDS


def test_two_workers_mail_an_expense_once(entity, monkeypatch):
    """The same race in the mail to the bookkeeping: a waiting update must look at the row again."""
    sent: list[str] = []
    monkeypatch.setattr("django.core.mail.EmailMessage.send", lambda mail: sent.append(mail.subject))
    entity.bookkeeping_email = "boekhouding@linde.example"
    entity.save()
    for number in range(ROUNDS):
        document = approved(entity, str(number)).document
        row = PurchaseMailing.objects.create(document=document, address=entity.bookkeeping_email, by="lotte")
        at_once(*[lambda row=row: mailing.deliver(row.pk)] * 4)
        assert len(sent) == number + 1


def test_of_two_answers_that_cannot_both_be_one_counts(entity):
    for number in range(ROUNDS):
        invoice = factories.booked_invoice(entity=entity)
        services.hand_over(document=invoice, by=None)
        delivery = PeppolDelivery.objects.get(document=invoice)
        said = [
            answer(
                document=invoice.number, sender=delivery.receiver, receiver=OURS, code=code, number=f"{code} {number}"
            )
            for code in ("AP", "RE")
        ]
        at_once(*(lambda data=data: purchases.take_in(data=data, delivery=purchases.Delivery()) for data in said))
        delivery.refresh_from_db()
        first, second = DeliveryResponse.objects.filter(delivery=delivery).order_by("-counted")
        assert (first.counted, second.counted, second.contradicts) == (True, False, True)
        assert (delivery.state, delivery.needs_person) == (first.state, True)


def test_the_same_answer_by_two_ways_is_kept_once(entity):
    invoice = factories.booked_invoice(entity=entity)
    services.hand_over(document=invoice, by=None)
    receiver = PeppolDelivery.objects.get().receiver
    data = answer(document=invoice.number, sender=receiver, receiver=OURS, code="RE")
    found = []
    at_once(*[lambda: found.append(purchases.take_in(data=data, delivery=purchases.Delivery()).answer)] * 3)
    assert sorted(found) == ["known", "known", "stored"]
    assert DeliveryResponse.objects.count() == 1
