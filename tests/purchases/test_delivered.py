"""What customers and the network say of documents of ours: believed from the right one, kept, and never back."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry

from invoicing import services
from invoicing.models import (
    DeliveryResponse,
    DeliveryState,
    IncomingAccess,
    IncomingFile,
    PeppolDelivery,
    PurchaseDocument,
    ResponseCode,
    SalesDocument,
)
from invoicing.peppol.access import FileOutbox
from invoicing.peppol.statuses import ORDER, may_follow
from invoicing.services import purchases
from invoicing.services.purchases import Answer, Delivery, delivered
from tests import factories
from tests.peppol.answers import MESSAGE_RESPONSE, answer

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OURS = "0208:0765432146"


@pytest.fixture
def sender():
    return factories.EntityFactory(peppol_id=OURS, enterprise_number="0765432146", vat_number="BE0765432146")


@pytest.fixture
def outbox(tmp_path, settings) -> Path:
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = str(tmp_path / "outbox")
    return tmp_path / "outbox"


@pytest.fixture
def invoice(sender, outbox) -> SalesDocument:
    """Handed over."""
    made = factories.booked_invoice(entity=sender)
    services.hand_over(document=made, by=None)
    return made


def said_of(invoice: SalesDocument, **fields) -> bytes:
    receiver = PeppolDelivery.objects.get(document=invoice).receiver
    return answer(**{"document": invoice.number, "sender": receiver, "receiver": OURS, **fields})


def take_in(data: bytes, **fields) -> purchases.Received:
    return purchases.take_in(data=data, delivery=Delivery(name="answer.xml", **fields))


def state(invoice: SalesDocument) -> str:
    return PeppolDelivery.objects.get(document=invoice).state


@pytest.mark.parametrize(
    ("fields", "expected", "asks"),
    [
        ({"code": "AB"}, "receiver_acknowledged", False),
        ({"code": "IP"}, "receiver_is_processing", False),
        ({"code": "UQ"}, "receiver_awaits_feedback", True),
        ({"code": "CA"}, "receiver_conditionally_accepted", True),
        ({"code": "RE"}, "receiver_rejected", True),
        ({"code": "AP"}, "receiver_accepted", False),
        ({"code": "PD"}, "receiver_paid", False),
        ({"code": "PD", "reasons": [("OPStatusReason", "PPD", "Half of it")]}, "receiver_accepted", False),
        ({"code": "AB", "kind": MESSAGE_RESPONSE}, "application_acknowledged", False),
        ({"code": "AP", "kind": MESSAGE_RESPONSE}, "application_accepted", False),
        ({"code": "RE", "kind": MESSAGE_RESPONSE}, "application_rejected", True),
    ],
)
def test_each_status_has_its_state(invoice, fields, expected, asks):
    found = take_in(said_of(invoice, **fields))
    assert (found.answer, found.sale, found.document) == (Answer.STORED, invoice, None)
    delivery = PeppolDelivery.objects.get(document=invoice)
    assert (delivery.state, delivery.needs_person) == (expected, asks)
    assert delivery.responses.get().counted
    assert not PurchaseDocument.objects.exists()


def test_states_follow_one_another_as_the_statuses_do():
    """The order is written once for what we say and once for what is said to us."""
    for before, after in itertools.product(ORDER, ORDER):
        first, second = (delivered._BY_CUSTOMER[ResponseCode(code)] for code in (before, after))
        assert (first in delivered.states_before(second)) is may_follow([before], after), (before, after)
    assert {state for state, _label in DeliveryState.choices} == {*delivered._OURS, *delivered._IN_ORDER}


def test_what_the_customer_says_is_kept_word_for_word(invoice):
    data = said_of(invoice, code="RE", reasons=[("OPStatusReason", "PRI", "8,50 was agreed")], condition=("BT-146", "8.50"))  # fmt: skip
    take_in(data)
    row = DeliveryResponse.objects.get()
    assert (row.words, row.sender_name, bytes(row.content)) == ("8,50 was agreed\nBT-146: 8.50", "Ter Duinen NV", data)
    assert row.reasons == [{"list": "OPStatusReason", "code": "PRI", "text": "8,50 was agreed\nBT-146: 8.50"}]
    entry = LogEntry.objects.get(object_id=str(invoice.pk), change_message__contains="Rejected by the customer")
    assert "8,50 was agreed BT-146: 8.50" in entry.change_message


def test_the_same_answer_counts_once(invoice):
    data = said_of(invoice, code="UQ", reasons=[("OPStatusReason", "REF", "Which order?")])
    take_in(data)
    delivery = PeppolDelivery.objects.get()
    purchases.attend(delivery=delivery, by=None)
    again = take_in(data)
    assert (again.answer, again.sale) == (Answer.KNOWN, invoice)
    # The same message in another file is the same as well; the next question under its number is another one.
    assert take_in(data.replace(b"?>", b"?>\n", 1)).answer is Answer.KNOWN
    delivery.refresh_from_db()
    assert (delivery.needs_person, delivery.responses.count()) == (False, 1)
    assert take_in(data.replace(b"Which order?", b"And which project?")).answer is Answer.STORED
    delivery.refresh_from_db()
    assert (delivery.needs_person, delivery.responses.count()) == (True, 2)


@pytest.mark.parametrize("last", ["RE", "PD"])
def test_nothing_moves_it_after_the_last_word_and_all_is_kept(invoice, last):
    take_in(said_of(invoice, code=last))
    was = state(invoice)
    for code in ("AB", "UQ", "AP"):
        assert take_in(said_of(invoice, code=code)).answer is Answer.STORED
    take_in(said_of(invoice, code="RE", kind=MESSAGE_RESPONSE))
    assert state(invoice) == was
    assert DeliveryResponse.objects.filter(counted=False).count() == 4
    assert LogEntry.objects.filter(change_message__contains="changes nothing").count() == 4


def test_a_late_receipt_does_not_take_back_an_acceptance(invoice):
    take_in(said_of(invoice, code="AP"))
    take_in(said_of(invoice, code="AB"))
    assert state(invoice) == "receiver_accepted"
    take_in(said_of(invoice, code="PD"))
    assert state(invoice) == "receiver_paid"


@pytest.mark.parametrize(
    ("before", "after", "asks"),
    [("RE", "AP", True), ("RE", "PD", True), ("AP", "RE", True), ("PD", "RE", True), ("AP", "AB", False), ("PD", "AP", False), ("AP", "IP", False)],
)  # fmt: skip
def test_what_cannot_both_be_asks_a_person_and_moves_nothing(invoice, before, after, asks):
    take_in(said_of(invoice, code=before))
    purchases.attend(delivery=PeppolDelivery.objects.get(), by=None)
    was = state(invoice)
    take_in(said_of(invoice, code=after))
    delivery = PeppolDelivery.objects.get()
    assert (delivery.state, delivery.needs_person) == (was, asks)
    last = delivery.responses.order_by("-pk").first()
    assert (last.counted, last.contradicts) == (False, asks)


def test_an_answer_proves_that_it_arrived_whatever_became_of_the_hand_over(sender, outbox, monkeypatch):
    """It comes while the hand-over is still under way, which must not set the state back."""
    invoice = factories.booked_invoice(entity=sender)

    def send(self, message):
        take_in(said_of(invoice, code="RE"))
        return "sent-1"

    with monkeypatch.context() as patch:
        patch.setattr(FileOutbox, "send", send)
        services.hand_over(document=invoice, by=None)
    delivery = PeppolDelivery.objects.get(document=invoice)
    assert (delivery.state, delivery.message_id, delivery.needs_person) == ("receiver_rejected", "sent-1", True)
    assert services.reasons_against(invoice) != ()


def test_the_network_names_the_message_or_the_document(invoice):
    message = PeppolDelivery.objects.get(document=invoice).message_id
    data = said_of(invoice, code="AB", kind=MESSAGE_RESPONSE, document=message, receiver="0242:000001", sender="0242:000002")  # fmt: skip
    assert take_in(data).answer is Answer.STORED
    assert state(invoice) == "application_acknowledged"


# --- whom we believe ---


def refused(data: bytes, **fields) -> str:
    found = take_in(data, **fields)
    assert found.answer is Answer.REFUSED, found
    kept = IncomingFile.objects.get()
    assert bytes(kept.content) == data
    assert purchases.reason_words(kept) == found.text
    assert not DeliveryResponse.objects.exists()
    return found.code


def test_an_answer_about_an_unknown_document_is_kept_among_the_refused_files(invoice):
    assert refused(said_of(invoice, document="2031/9999")) == "response-unknown"
    words = purchases.reason_words(IncomingFile.objects.get())
    assert words == "It answers 2031/9999, which was not handed over to Peppol here. Look whether you sent it with another program."  # fmt: skip


def test_a_stranger_does_not_refuse_our_invoice(invoice):
    assert refused(said_of(invoice, code="RE", sender="0208:0403019261")) == "response-sender"
    assert state(invoice) == "sent"


def test_what_is_addressed_to_another_is_not_ours(invoice):
    assert refused(said_of(invoice, receiver="0208:0403019261")) == "response-address"


def test_the_access_point_of_another_entity_says_nothing_of_ours(invoice):
    other = IncomingAccess(entity=factories.EntityFactory(), name="Other")
    other.renew()
    other.save()
    assert refused(said_of(invoice), access=other) == "response-address"


def test_two_entities_with_one_number_are_told_apart_by_the_address(invoice, outbox):
    other = factories.EntityFactory(peppol_id="0208:0403019261", enterprise_number="0403019261", vat_number="BE0403019261")  # fmt: skip
    theirs = factories.booked_invoice(entity=other)
    services.hand_over(document=theirs, by=None)
    assert theirs.number == invoice.number
    take_in(said_of(theirs, code="AP", receiver="0208:0403019261"))
    assert (state(invoice), state(theirs)) == ("sent", "receiver_accepted")


def test_the_customer_answers_from_its_other_address_or_by_somebody_else(invoice):
    vat = invoice.buyer_snapshot["vat_number"]
    assert take_in(said_of(invoice, code="AB", sender=f"9925:{vat}")).answer is Answer.STORED
    by_another = said_of(invoice, code="IP", sender="0208:0403019261", buyer=("0208", vat[2:]))
    assert take_in(by_another).answer is Answer.STORED
    assert state(invoice) == "receiver_is_processing"


def test_a_refused_answer_is_read_once_the_document_is_known(sender, outbox):
    invoice = factories.booked_invoice(entity=sender)
    receiver = f"0208:{invoice.buyer_snapshot['vat_number'][2:]}"
    data = answer(document=invoice.number, sender=receiver, receiver=OURS, code="AP")
    assert take_in(data).code == "response-unknown"
    services.hand_over(document=invoice, by=None)
    found = purchases.read_refused(file=IncomingFile.objects.get(), by=None)
    assert (found.answer, found.sale) == (Answer.STORED, invoice)
    assert state(invoice) == "receiver_accepted"
    assert not IncomingFile.objects.exists()


def test_dealt_with_is_logged_once(invoice):
    take_in(said_of(invoice, code="RE"))
    for _time in range(2):
        purchases.attend(delivery=PeppolDelivery.objects.get(), by=None)
    assert not PeppolDelivery.objects.get().needs_person
    assert LogEntry.objects.filter(change_message__contains="dealt with").count() == 1


# --- the ways in ---


def test_the_folder_and_the_endpoint_take_answers(invoice, sender, tmp_path, client):
    folder = tmp_path / "inbox"
    folder.mkdir()
    path = folder / "answer.xml"
    path.write_bytes(said_of(invoice, code="AB"))
    import os

    os.utime(path, (1, 1))
    report = purchases.read_inbox(folder)
    assert (report.stored, report.failed, state(invoice)) == (1, 0, "receiver_acknowledged")

    access = IncomingAccess(entity=sender, name="Point")
    token = access.renew()
    access.save()
    data = said_of(invoice, code="AP")
    head = {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_X_MESSAGE_ID": "m-1"}
    first = client.post("/peppol/incoming/", data, content_type="application/xml", **head)
    assert (first.status_code, purchases.read_waiting()) == (202, 1)
    assert state(invoice) == "receiver_accepted"
    again = client.post("/peppol/incoming/", data, content_type="application/xml", **head)
    assert (again.status_code, again.json()["code"]) == (200, "known")
    assert DeliveryResponse.objects.get(code="AP").access == access
