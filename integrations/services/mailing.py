"""Notifications by e-mail, in a task of their own: a mail server that is away is tried again and stops nothing.

A row is claimed by a conditional update before its mail leaves, so that two tasks do not send it twice.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F, QuerySet
from django.utils import timezone, translation
from django_q.tasks import async_task

from ..models import Notification, NotificationPreference
from . import notices

logger = logging.getLogger(__name__)

TASK = "integrations.services.mailing.send_due"
# Waits after each failure; after the last one it is given up, and the notification stays in the bell.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
_AT_ONCE = 50


def queue() -> None:
    """Have the mails that are due sent by a worker; a queue that fails is made up for at the dispatcher's next look."""
    try:
        async_task(TASK, task_name="mail")
    except Exception:
        logger.exception("the queue did not take the mail task; the dispatcher will")


def queue_when_due() -> None:
    """What the dispatcher does at each look: queue the task where a mail is due."""
    if _due().exists():
        queue()


def send_due() -> int:
    """Send every mail that is due, at most 50 at once; returns how many were sent. A failure is never fatal.

    After a failure the others are left for the dispatcher's next look: a server that is away must not hold a worker.
    """
    sent = 0
    rows = _due().select_related("user", "connection__entity", "run").order_by("pk")[:_AT_ONCE]
    for notification in list(rows):
        if not _claim(notification):
            continue
        try:
            sent += _send(notification)
        except (OSError, ValueError) as exc:
            # Every failure of a mail server is one of these; its words may name addresses, so the class only.
            logger.warning("mail not sent", extra={"notification": notification.pk, "error": type(exc).__name__})
            return sent
    if _due().exists():
        queue()
    return sent


def _due() -> QuerySet[Notification]:
    return Notification.objects.filter(email_due_at__lte=timezone.now(), emailed_at__isnull=True)


def _claim(notification: Notification) -> bool:
    """Take this try for ourselves and set when the next one would be due; False: another task has it."""
    attempt = notification.email_attempts
    next_try = timezone.now() + _WAITS[attempt] if attempt < len(_WAITS) else None
    changed = Notification.objects.filter(pk=notification.pk, email_attempts=attempt, emailed_at__isnull=True).update(
        email_attempts=F("email_attempts") + 1, email_due_at=next_try
    )
    return changed == 1


def _send(notification: Notification) -> bool:
    """Send one mail; False for somebody who has left or has no address. Raises what the mail server raises."""
    user = notification.user
    if not user.is_active or not user.email:
        Notification.objects.filter(pk=notification.pk).update(email_due_at=None)
        return False
    with translation.override(_language(notification)):
        notice = notices.notice_of(notification)
        lines = [notice.title, "", notice.detail, "", _address(notification)]
    send_mail(notice.title, "\n".join(lines).strip() + "\n", None, [user.email])
    Notification.objects.filter(pk=notification.pk).update(emailed_at=timezone.now(), email_due_at=None)
    return True


def _language(notification: Notification) -> str:
    wish = NotificationPreference.objects.filter(user=notification.user_id, connection=notification.connection_id)
    return wish.values_list("language", flat=True).first() or settings.LANGUAGE_CODE


def _address(notification: Notification) -> str:
    """The full address of its page; empty where this site's own address is not set."""
    site: str = settings.BOEKBRUG_SITE_URL
    path = notices.path_of(notification)
    return f"{site}{path}" if site and path else ""
