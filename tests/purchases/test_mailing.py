"""To the bookkeeping by e-mail: once, with the file and no text, and never what a connection sends."""

import smtplib
from datetime import date, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from integrations.models import Administration, Posting
from invoicing.errors import NotPossible
from invoicing.models import MAILING_LOST, MailingState, PurchaseMailing
from invoicing.services import purchases
from invoicing.services.purchases import mailing
from tests.admin.conftest import connect
from tests.purchases.test_review import typed
from tests.purchases.ubl import PDF

pytestmark = [pytest.mark.django_db]
ADDRESS = "boekhouding@linde.example"


@pytest.fixture
def receipt(entity):
    entity.bookkeeping_email = ADDRESS
    entity.save()
    made = purchases.save_typed(typed=typed(entity), by=None, file=("bon.pdf", PDF))
    return purchases.approve(document=made, by=None)


def test_an_approved_receipt_is_sent_once_with_its_file(receipt, django_capture_on_commit_callbacks):
    with pytest.raises(NotPossible, match="Confirm"):
        purchases.send_to_bookkeeping(document=receipt, by=None)
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    assert mailing.deliver(row.pk)
    assert not mailing.deliver(row.pk)
    (sent,) = mail.outbox
    assert (sent.to, sent.body) == ([ADDRESS], "")
    assert [(name, bytes(data), kind) for name, data, kind in sent.attachments] == [("bon.pdf", PDF, "application/pdf")]
    row.refresh_from_db()
    assert row.state == MailingState.CONFIRMED
    with pytest.raises(NotPossible, match="already"):
        purchases.send_to_bookkeeping(document=receipt, by=None)


def test_another_address_has_to_be_confirmed_again(receipt):
    purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    entity = receipt.entity
    entity.refresh_from_db()
    assert entity.confirmed_bookkeeping_email == ADDRESS
    PurchaseMailing.objects.all().delete()
    entity.bookkeeping_email = "someone@else.example"
    entity.save()
    receipt.refresh_from_db()
    with pytest.raises(NotPossible, match="Confirm"):
        purchases.send_to_bookkeeping(document=receipt, by=None)


def test_a_server_that_refuses_is_said_and_may_be_tried_again(receipt, monkeypatch):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)

    def refuse(self, *args, **kwargs):
        raise smtplib.SMTPRecipientsRefused({ADDRESS: (550, b"no")})

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        assert not mailing.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error) == (MailingState.FAILED, "SMTPRecipientsRefused")
    again = purchases.send_to_bookkeeping(document=receipt, by=None)
    assert mailing.deliver(again.pk)


def test_a_mail_that_the_queue_lost_may_be_sent_again_after_a_while(receipt):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    with pytest.raises(NotPossible):
        purchases.send_to_bookkeeping(document=receipt, by=None)
    PurchaseMailing.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=1))
    purchases.send_to_bookkeeping(document=receipt, by=None)
    # The first one, found late, no longer leaves.
    assert not mailing.deliver(row.pk)


def test_what_is_not_approved_or_has_no_file_or_no_address_is_not_sent(entity, expense, supplier):
    document = expense()
    assert "approved" in purchases.mailing_refusal(document)
    document = purchases.approve(document=document, by=None)
    assert "bookkeeping e-mail" in purchases.mailing_refusal(document)
    entity.bookkeeping_email = ADDRESS
    entity.save()
    bare = purchases.approve(document=purchases.save_typed(typed=typed(entity), by=None), by=None)
    assert "attach" in purchases.mailing_refusal(bare)


def test_automatic_mailing_skips_what_a_connection_handles(entity, expense, supplier):
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = ADDRESS
    entity.mails_expenses = True
    entity.save()
    connect(entity)  # from 1 January 2026 on
    handled = purchases.approve(document=expense(number="1"), by=None, ticks=purchases.Ticks(unbooked=True))
    early = purchases.approve(document=expense(number="2", day=date(2025, 12, 31)), by=None)
    receipt = purchases.save_typed(typed=typed(entity), by=None, file=("bon.pdf", PDF))
    receipt = purchases.approve(document=receipt, by=None)
    assert set(PurchaseMailing.objects.values_list("document", flat=True)) == {early.pk, receipt.pk}
    with pytest.raises(NotPossible, match="connection"):
        purchases.send_to_bookkeeping(document=handled, by=None)


def test_automatic_mailing_waits_for_a_confirmed_address(entity):
    entity.bookkeeping_email = ADDRESS
    entity.mails_expenses = True
    entity.save()
    receipt = purchases.save_typed(typed=typed(entity), by=None, file=("bon.pdf", PDF))
    purchases.approve(document=receipt, by=None)
    assert not PurchaseMailing.objects.exists()


def test_a_connection_that_is_being_set_up_handles_them_already(entity, expense, supplier):
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = ADDRESS
    entity.mails_expenses = True
    entity.save()
    connection = connect(entity)
    type(connection).objects.filter(pk=connection.pk).update(status="connecting", start_date=None)
    document = expense()
    choices = {line.pk: purchases.LineChoice(account=None, vat_rate=line.vat_rate) for line in document.lines.all()}
    purchases.approve(document=document, by=None, lines=choices)
    assert not PurchaseMailing.objects.exists()


def test_what_a_sync_claimed_is_not_e_mailed_as_well(entity, expense, supplier):
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = ADDRESS
    entity.save()
    document = purchases.approve(document=expense(day=date(2025, 12, 31)), by=None)
    connection = connect(entity)  # from 1 January 2026 on: it does not handle it any more
    Posting.objects.create(
        connection=connection, administration=connection.administration, purchase_document=document,
        kind="purchase-invoice", reference="INV #1", state="unclear",
    )  # fmt: skip
    with pytest.raises(NotPossible, match="books"):
        purchases.send_to_bookkeeping(document=document, by=None)


def ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


def test_a_mail_whose_worker_died_is_sent_again_only_after_the_bookkeeping_was_asked(receipt):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    PurchaseMailing.objects.filter(pk=row.pk).update(created_at=ago(60), started_at=ago(16))
    with pytest.raises(NotPossible, match="may have arrived"):
        purchases.send_to_bookkeeping(document=receipt, by=None)
    again = purchases.send_to_bookkeeping(document=receipt, by=None, again=True)
    assert mailing.deliver(again.pk)
    assert len(mail.outbox) == 1


def test_a_mail_that_waited_long_and_leaves_now_is_not_sent_twice(receipt, monkeypatch):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    PurchaseMailing.objects.filter(pk=row.pk).update(created_at=ago(60))
    send = EmailMessage.send

    def clicked_meanwhile(self, *args, **kwargs):
        with pytest.raises(NotPossible, match="already"):
            purchases.send_to_bookkeeping(document=receipt, by=None)
        return send(self, *args, **kwargs)

    monkeypatch.setattr(EmailMessage, "send", clicked_meanwhile)
    assert mailing.deliver(row.pk)
    assert len(mail.outbox) == 1
    row.refresh_from_db()
    assert row.state == MailingState.CONFIRMED


def test_a_mail_that_leaves_after_it_was_given_up_breaks_nothing(receipt, monkeypatch):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    send = EmailMessage.send

    def slow(self, *args, **kwargs):
        PurchaseMailing.objects.filter(pk=row.pk).update(started_at=ago(16))
        purchases.send_to_bookkeeping(document=receipt, by=None, again=True)
        return send(self, *args, **kwargs)

    monkeypatch.setattr(EmailMessage, "send", slow)
    assert mailing.deliver(row.pk)
    states = PurchaseMailing.objects.order_by("pk").values_list("state", "error")
    assert list(states) == [("failed", MAILING_LOST), ("sending", "")]


@pytest.mark.parametrize("error", [TimeoutError(), smtplib.SMTPServerDisconnected("gone"), ConnectionResetError()])
def test_where_the_server_gave_no_answer_it_may_have_arrived(receipt, monkeypatch, error):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)

    def break_off(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(EmailMessage, "send", break_off)
    assert not mailing.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.is_doubtful, purchases.may_have_left(receipt)) == (MailingState.FAILED, True, True)
    with pytest.raises(NotPossible, match="may have arrived"):
        purchases.send_to_bookkeeping(document=receipt, by=None)


def test_where_no_server_was_reached_nothing_left(receipt, monkeypatch):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)

    def away(self):
        raise TimeoutError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.open", away)
    assert not mailing.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error, row.is_doubtful) == (MailingState.FAILED, "TimeoutError", False)


def test_what_is_taken_back_while_it_waits_does_not_leave(receipt):
    row = purchases.send_to_bookkeeping(document=receipt, by=None, confirmed=True)
    type(receipt).objects.filter(pk=receipt.pk).update(review="pending")
    assert not mailing.deliver(row.pk)
    assert mail.outbox == []


# --- Held up on its way into the books ---


@pytest.fixture
def approved(entity, expense, supplier):
    """An approved Peppol document of a connected entity, with a posting in a state."""
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = ADDRESS
    entity.save()
    document = purchases.approve(document=expense(), by=None)
    connection = connect(entity)

    def stands(state, **fields):
        posting, _ = Posting.objects.update_or_create(
            connection=connection, administration=connection.administration, purchase_document=document,
            defaults={"kind": "purchase-invoice", "reference": "INV #1", "state": state, **fields},
        )  # fmt: skip
        return document, posting

    return stands


@pytest.mark.parametrize("state", ["blocked", "refused"])
def test_what_is_held_up_goes_by_e_mail_instead_and_stays_out_of_the_books(approved, state):
    document, posting = approved(state, reason_code="APP-209", sent_at=ago(5) if state == "refused" else None)
    with pytest.raises(NotPossible, match="by e-mail instead"):
        purchases.send_to_bookkeeping(document=document, by=None)
    row = purchases.send_to_bookkeeping(document=document, by=None, instead=True)
    posting.refresh_from_db()
    assert posting.state == "excluded"
    assert mailing.deliver(row.pk)


@pytest.mark.parametrize("state", ["waiting", "sending", "unclear", "posted", "differs", "gone"])
def test_what_is_not_held_up_never_goes_instead(approved, state):
    document, posting = approved(state)
    with pytest.raises(NotPossible):
        purchases.send_to_bookkeeping(document=document, by=None, instead=True)
    posting.refresh_from_db()
    assert (posting.state, PurchaseMailing.objects.count()) == (state, 0)


def test_what_a_person_excluded_may_be_e_mailed_unless_it_stands_elsewhere(approved):
    document, posting = approved("excluded")
    assert purchases.mailing_refusal(document) == ""
    other = Administration.objects.create(tool="exact", site="be", external_id="other", name="Old books")
    Posting.objects.create(
        connection=posting.connection, administration=other, purchase_document=document, kind="purchase-invoice",
        reference="INV #2", state="posted",
    )  # fmt: skip
    assert "books" in purchases.mailing_refusal(document)


def test_where_the_mail_cannot_be_sent_nothing_is_excluded(approved, entity):
    document, posting = approved("blocked")
    document.files.all().delete()
    with pytest.raises(NotPossible, match="attach"):
        purchases.send_to_bookkeeping(document=document, by=None, instead=True)
    posting.refresh_from_db()
    assert posting.state == "blocked"
