"""What people are told: notifications, and what each person wants to hear about. Words are made when they are read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .connection import Connection
from .runs import SyncRun


class NotificationKind(models.TextChoices):
    RUN_RESULT = "run_result", _("Result of a sync")
    PAYMENTS = "payments", _("New payments")
    CONNECTION_LOST = "connection_lost", _("Connection lost")
    NEW_ISSUES = "new_issues", _("New issues")


class NotificationTarget(models.TextChoices):
    """The page that a notification's link opens."""

    RUN = "run", _("Run")
    ISSUES = "issues", _("Issues")
    CONNECTION = "connection", _("Connection")
    DOCUMENTS = "documents", _("Documents")


class Notification(models.Model):
    """One thing told to one person; its text follows from kind and params, in the reader's language.

    One per person, run and kind, by constraint: a run that is announced twice is told once. `params` hold counts,
    amounts per currency and ids, no names of customers.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(SyncRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=20, choices=NotificationKind.choices)
    params = models.JSONField(default=dict, blank=True)
    target = models.CharField(max_length=12, choices=NotificationTarget.choices)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    # E-mail: wanted or not, when the next try is due, how many were made, and when one succeeded.
    email_due_at = models.DateTimeField(null=True, blank=True)
    email_attempts = models.PositiveSmallIntegerField(default=0)
    emailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        # Everybody sees their own and nobody another's; no right can change that.
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="integrations_ntf_newest"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="integrations_ntf_unread"),
            models.Index(
                fields=["email_due_at"], condition=Q(email_due_at__isnull=False), name="integrations_ntf_mail"
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["user", "run", "kind"], name="integrations_notification_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d %H:%M}"


class NotificationPreference(models.Model):
    """What one person wants to hear about one connection. Without a row the defaults of the fields hold."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="notification_preferences")
    on_payment = models.BooleanField(_("payments"), default=False)
    on_problem = models.BooleanField(_("problems"), default=True)  # read for account admins only
    by_email = models.BooleanField(_("by e-mail as well"), default=True)
    language = models.CharField(max_length=10, blank=True)  # of the person's pages when it was saved, for e-mail

    class Meta:
        verbose_name = _("wish for notifications")
        verbose_name_plural = _("wishes for notifications")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "connection"], name="integrations_notificationpreference_unique")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.connection_id}"
