"""Many expenses by e-mail at once: what may have arrived already leaves only where its own tick says so."""

import pytest
from django.urls import reverse

from invoicing.models import MAILING_LOST, MailingState, PurchaseMailing
from invoicing.services import purchases
from tests import factories
from tests.purchases.test_review import typed
from tests.purchases.ubl import PDF

from .test_expenses import LIST, texts

pytestmark = [pytest.mark.django_db]
ADDRESS = "boekhouding@linde.example"


@pytest.fixture
def entity(db):
    return factories.EntityFactory(name="Linde Studio BV")


@pytest.fixture
def receipts(entity):
    """One that nobody sent, one that may have arrived, one that was sent."""
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = ADDRESS
    entity.save()
    made = []
    for number in ("NEW", "DOUBT", "SENT"):
        paper = purchases.save_typed(
            typed=typed(entity, number=number), by=None, file=("bon.pdf", PDF + number.encode())
        )
        made.append(purchases.approve(document=paper, by=None, ticks=purchases.Ticks(not_a_duplicate=True)))
    _new, doubt, sent = made
    PurchaseMailing.objects.create(document=doubt, address=ADDRESS, state=MailingState.FAILED, error=MAILING_LOST)
    PurchaseMailing.objects.create(document=sent, address=ADDRESS, state=MailingState.CONFIRMED)
    return made


def send(client, documents, **fields):
    sent = {"action": "mail_selected", "_selected_action": [document.pk for document in documents], **fields}
    return client.post(reverse(LIST), sent, follow=True)


def sending(document):
    return document.mailings.filter(state=MailingState.SENDING).exists()


def test_what_may_have_arrived_stands_apart(receipts, sign_in):
    answer = send(sign_in("staff"), receipts)
    shown = answer.content.decode()
    new, doubt, sent = receipts
    assert (answer.context["ready"], answer.context["doubtful"]) == (1, {doubt.pk})
    assert f'name="again" value="{doubt.pk}"' in shown
    assert "1 may have arrived already: it is sent only where you tick it." in shown
    assert "It was sent already, or is on its way." in shown
    assert f'name="_selected_action" value="{sent.pk}"' not in shown
    assert not any(sending(document) for document in (new, doubt, sent))


def test_without_its_tick_it_is_not_sent(receipts, sign_in):
    new, doubt, _sent = receipts
    answer = send(sign_in("staff"), [new, doubt], confirmed="1")
    assert (sending(new), sending(doubt)) == (True, False)
    assert "1 expense is on its way to the bookkeeping." in texts(answer)
    assert any("may have arrived already: DOUBT" in text for text in texts(answer))


def test_with_its_tick_it_is_sent_and_no_tick_sends_another(receipts, sign_in):
    new, doubt, sent = receipts
    answer = send(sign_in("staff"), receipts, confirmed="1", again=[doubt.pk, sent.pk])
    assert (sending(new), sending(doubt), sending(sent)) == (True, True, False)
    assert any("SENT was sent already" in text for text in texts(answer))


def test_an_address_that_nobody_confirmed_is_said_before(receipts, entity, sign_in):
    entity.bookkeeping_email = "someone@else.example"
    entity.save()
    answer = send(sign_in("staff"), receipts[:1])
    assert answer.context["ready"] == 0
    assert "confirm there that someone@else.example is right" in answer.content.decode()
