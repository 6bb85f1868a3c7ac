"""Who may hand in documents over HTTP, and the files that came in and are no document, or not yet."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.fields import EncryptedTextField

from .entities import CompanyEntity


class IncomingAccess(models.Model):
    """A token with which an access point hands in the documents of one entity.

    The token is `<public>.<secret>`; only a hash of the secret is kept, so it is shown once, when it is made.
    """

    entity = models.ForeignKey(
        CompanyEntity, verbose_name=_("entity"), on_delete=models.CASCADE, related_name="incoming_accesses"
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("Of the access point, for yourself."))
    public = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    signing_secret = EncryptedTextField(
        _("signing secret"),
        null=True,
        blank=True,
        help_text=_(
            "Where the access point signs what it sends. Filled in, a delivery without the right signature is refused."
        ),
    )
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name = _("access point")
        verbose_name_plural = _("access points")
        ordering = ["entity", "name"]

    def __str__(self) -> str:
        return self.name

    def renew(self) -> str:
        """Give it a new token, not saved yet, and return that; the old one no longer works once saved."""
        secret = secrets.token_urlsafe(32)
        self.public = secrets.token_hex(6)
        self.secret_hash = _hash(secret)
        return f"{self.public}.{secret}"

    def accepts(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret_hash, _hash(secret))


class IncomingState(models.TextChoices):
    WAITING = "waiting", _("Waiting to be read")
    REFUSED = "refused", _("Refused")


class IncomingFile(models.Model):
    """A file as it came in: waiting to be read by a worker, or refused with a reason. Read well, it is a document's.

    So nothing that a supplier sent is lost: what cannot be read stays here until a person deletes it.
    """

    state = models.CharField(_("state"), max_length=8, choices=IncomingState.choices)
    name = models.CharField(_("name"), max_length=120)
    content = models.BinaryField(editable=False)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    access = models.ForeignKey(
        IncomingAccess, verbose_name=_("access point"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    message_id = models.CharField(max_length=200, blank=True, editable=False)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    received_by = models.CharField(_("received by"), max_length=150, blank=True)
    # Of one that waits: when a worker took it, and how often one did.
    taken_at = models.DateTimeField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    # Of a refused one: {"code", "text", "values"}, the sentence translated where it is shown.
    reason = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        verbose_name = _("refused file")
        verbose_name_plural = _("refused files")
        # Whoever may look at expenses may look at these, and so on; see the admin.
        default_permissions = ()
        ordering = ["-received_at", "-pk"]
        indexes = [models.Index(fields=["state", "-received_at", "-id"], name="invoicing_inc_list")]
        constraints = [
            models.UniqueConstraint(
                fields=["access", "message_id"], condition=~models.Q(message_id=""), name="invoicing_inc_message_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


def _hash(secret: str) -> str:
    # Of 256 random bits there is nothing to guess, so a plain hash is enough.
    return hashlib.sha256(secret.encode()).hexdigest()
