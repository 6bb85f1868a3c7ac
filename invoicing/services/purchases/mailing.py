"""Approved expenses to the bookkeeping's e-mail address: their files attached, no text, each sent at most once.

A mail is claimed by a conditional update before it leaves. One whose worker died, or whose server gave no answer, may
have left: it is sent again only once a person asked the bookkeeping, since twice in the books is worse than late.
"""

from __future__ import annotations

import enum
import logging
import smtplib
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from crm import audit

from ...errors import NotPossible
from ...models import (
    MAILING_LOST,
    MAILING_STALE,
    MAILING_UNANSWERED,
    FileRole,
    MailingState,
    PurchaseDocument,
    PurchaseMailing,
    ReviewState,
)
from .bridge import handled_by_connection, is_held_up, leave_out, stands_in_books

logger = logging.getLogger(__name__)


class SentBefore(enum.StrEnum):
    """What is known of the mails of a document before it is sent."""

    NO = "no"
    PERHAPS = "perhaps"  # one was given up, and nobody knows whether it arrived
    YES = "yes"  # or on its way right now


TASK = "invoicing.services.purchases.mailing.deliver"


def refusal(document: PurchaseDocument) -> str:
    """Why the document cannot be e-mailed, in a sentence; empty when it can."""
    if document.review != ReviewState.APPROVED:
        return _("Only approved expenses are sent to the bookkeeping.")
    if document.entity is None or not document.entity.bookkeeping_email:
        return _("Fill in the bookkeeping e-mail of the entity first.")
    if stands_in_books(document):
        return _("It is in the books through the connection, or on its way there, so it is not e-mailed as well.")
    if document.is_peppol and handled_by_connection(document):
        if may_go_instead(document):
            return _("It is held up on its way into the books. Mend that, or send it by e-mail instead, on its page.")
        return _("It goes into the books through the connection, so it is not e-mailed as well.")
    if not document.files.filter(role=FileRole.ORIGINAL).exists():
        return _("There is no file to attach. Add the PDF of the document first.")
    return ""


def may_go_instead(document: PurchaseDocument) -> bool:
    """Whether the document is held up on its way into the books, so that it may be e-mailed and kept out of them."""
    return document.is_peppol and handled_by_connection(document) and is_held_up(document)


@transaction.atomic
def send_to_bookkeeping(
    *,
    document: PurchaseDocument,
    by: AbstractBaseUser | None,
    confirmed: bool = False,
    again: bool = False,
    instead: bool = False,
) -> PurchaseMailing:
    """Queue the mail of an approved document. NotPossible: it may not be sent, or is on its way or there already.

    `confirmed`: the person says that the entity's address is the bookkeeping's; that is kept for the next time.
    `again`: the bookkeeping said that it did not get the one before, of which nobody knows whether it arrived.
    `instead`: it is held up on its way into the books; keep it out of them for good.
    """
    # Locked and moved on: what a sync planned of it before is not claimed any more, and what was claimed is not mailed.
    document = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    PurchaseDocument.objects.filter(pk=document.pk).update(updated_at=timezone.now())
    entity = document.entity
    if instead:
        leave_out(document, by)
    if (text := refusal(document)) or entity is None:
        raise NotPossible(text)
    if entity.confirmed_bookkeeping_email != entity.bookkeeping_email:
        if not confirmed:
            text = _("Confirm that %(address)s is the address of the bookkeeping.")
            raise NotPossible(text % {"address": entity.bookkeeping_email})
        type(entity).objects.filter(pk=entity.pk).update(confirmed_bookkeeping_email=entity.bookkeeping_email)
        entity.confirmed_bookkeeping_email = entity.bookkeeping_email
        words = _("%(address)s is confirmed as the address of the bookkeeping.")
        audit.record(by=by, objects=[entity], flag=audit.CHANGED, message=words % {"address": entity.bookkeeping_email})
    _give_up_stale(document)
    if not again and any(mailing.is_doubtful for mailing in document.mailings.all()):
        raise NotPossible(_("It may have arrived already. Ask the bookkeeping before you send it again."))
    try:
        with transaction.atomic():
            mailing = PurchaseMailing.objects.create(
                document=document, address=entity.bookkeeping_email, by=audit.actor_name(by)
            )
    except IntegrityError as error:
        raise NotPossible(_("%(document)s was sent already.") % {"document": document}) from error
    words = _("Sent to the bookkeeping: %(address)s.") % {"address": mailing.address}
    audit.record(by=by, objects=[document], flag=audit.CHANGED, message=words)
    transaction.on_commit(lambda: _queue(mailing.pk))
    return mailing


def mail_by_itself(document: PurchaseDocument) -> None:
    """What approving does where the entity wants it: never a Peppol document that a connection handles (S-141)."""
    entity = document.entity
    if entity is None or not entity.mails_expenses or entity.confirmed_bookkeeping_email != entity.bookkeeping_email:
        return
    # Approved a second time, it is not mailed a second time by itself: the bookkeeping has it, or may have it.
    if refusal(document) or may_have_left(document):
        return
    send_to_bookkeeping(document=document, by=None)


def sent_before(document: PurchaseDocument) -> SentBefore:
    """Whether the bookkeeping has it by e-mail, may have it, or does not have it."""
    mailings = list(document.mailings.all())
    if any(row.state != MailingState.FAILED and not row.is_stale for row in mailings):
        return SentBefore.YES
    if any(row.is_doubtful or (row.is_stale and row.started_at) for row in mailings):
        return SentBefore.PERHAPS
    return SentBefore.NO


def is_leaving(document: PurchaseDocument) -> bool:
    """Whether a mail of it is on its way right now; one that is for a while may have left."""
    on_its_way = PurchaseMailing.objects.filter(document=document, state=MailingState.SENDING)
    return any(not mailing.is_stale for mailing in on_its_way)


def may_have_left(document: PurchaseDocument) -> bool:
    """Whether the bookkeeping has it by e-mail, as far as anybody knows."""
    return any(mailing.may_have_left for mailing in PurchaseMailing.objects.filter(document=document))


def _queue(pk: int) -> None:
    try:
        async_task(TASK, pk, task_name="expense by e-mail")
    except Exception:
        logger.exception("the queue did not take the mail of an expense")
        PurchaseMailing.objects.filter(pk=pk).update(
            state=MailingState.FAILED, error="queue", finished_at=timezone.now()
        )


def deliver(pk: int) -> bool:
    """Send one mail; False where another task has it, or the server refused. A task: may come twice, sends once."""
    # Not joined to the document: of a join PostgreSQL would not look at this row again after waiting for another worker.
    approved = Exists(PurchaseDocument.objects.filter(pk=OuterRef("document_id"), review=ReviewState.APPROVED))
    claimed = PurchaseMailing.objects.filter(approved, pk=pk, state=MailingState.SENDING, started_at=None)
    if not claimed.update(started_at=timezone.now()):
        return False
    mailing = PurchaseMailing.objects.select_related("document__entity").get(pk=pk)
    document = mailing.document
    # Without a number it is called by its kind and day already.
    name = f"{document.get_kind_display()} {document}" if document.number else str(document)
    subject = f"{name} {document.supplier_name}".strip()
    mail = EmailMessage(subject=" ".join(subject.split())[:200], body="", to=[mailing.address])
    for file in document.files.all():
        if file.role == FileRole.ORIGINAL or file.is_pdf:
            mail.attach(file.name, bytes(file.content), file.media_type)
    mail.connection = get_connection()
    try:
        mail.connection.open()
    except (OSError, ValueError) as exc:
        return _failed(pk, exc, type(exc).__name__)
    try:
        mail.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as exc:
        return _failed(pk, exc, type(exc).__name__)
    except OSError as exc:
        # The line broke after the mail began to leave: the server may have taken it before it could say so.
        return _failed(pk, exc, MAILING_UNANSWERED)
    except ValueError as exc:
        return _failed(pk, exc, type(exc).__name__)
    finally:
        _close(mail.connection)
    if not _end(pk, MailingState.CONFIRMED):
        # Somebody gave it up meanwhile; its row says that it may have left, as it did.
        logger.warning("expense mailed after it was given up", extra={"mailing": pk})
    return True


def _failed(pk: int, exc: Exception, error: str) -> bool:
    # The server's words may name addresses, so the class only.
    logger.warning("expense not mailed", extra={"mailing": pk, "error": type(exc).__name__})
    _end(pk, MailingState.FAILED, error)
    return False


def _end(pk: int, state: MailingState, error: str = "") -> bool:
    """Say what became of a mail that is being sent; False where somebody gave it up meanwhile."""
    sending = PurchaseMailing.objects.filter(pk=pk, state=MailingState.SENDING)
    return sending.update(state=state, error=error[:100], finished_at=timezone.now()) == 1


def _close(connection: Any) -> None:
    """Close the line to the server; that it broke off says nothing of a mail that was taken."""
    try:
        connection.close()
    except OSError:
        logger.info("the mail server hung up")


def _give_up_stale(document: PurchaseDocument) -> None:
    """Give up what nobody sends any more. What the queue did not come to leaves no more, since its claim finds it so."""
    long_ago = timezone.now() - MAILING_STALE
    sending = PurchaseMailing.objects.filter(document=document, state=MailingState.SENDING)
    for rows, error in (
        (sending.filter(started_at__lt=long_ago), MAILING_LOST),
        (sending.filter(started_at=None, created_at__lt=long_ago), "queue"),
    ):
        rows.update(state=MailingState.FAILED, error=error, finished_at=timezone.now())
