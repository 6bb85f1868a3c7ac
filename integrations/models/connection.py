"""Grant (a sign-in), administration (a set of books) and connection (entity + administration + settings)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.fields import EncryptedTextField


class GrantStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    LOST = "lost", _("Lost")


class Grant(models.Model):
    """Credentials and token state of one sign-in at one tool and site; may serve several administrations."""

    tool = models.CharField(_("tool"), max_length=20)
    site = models.CharField(_("country site"), max_length=10, blank=True)
    # Who signed in, as the tool names them; empty where it does not say.
    identity = models.CharField(max_length=200, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=GrantStatus.choices, default=GrantStatus.ACTIVE)
    credentials = EncryptedTextField(null=True, blank=True, editable=False)
    access_token = EncryptedTextField(null=True, blank=True, editable=False)
    refresh_token = EncryptedTextField(null=True, blank=True, editable=False)
    obtained_at = models.DateTimeField(_("token obtained"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("token expires"), null=True, blank=True, editable=False)
    refresh_from = models.DateTimeField(null=True, blank=True, editable=False)
    refresh_until = models.DateTimeField(null=True, blank=True, editable=False)
    # The refresh lease: claimed by a conditional update on the version, which every stored pair raises.
    version = models.PositiveIntegerField(default=0, editable=False)
    refresh_lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    refresh_lease_owner = models.CharField(max_length=64, blank=True, editable=False)
    lost_code = models.CharField(max_length=10, blank=True, editable=False)
    lost_text = models.TextField(blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        constraints = [
            # A tool may end the earlier sign-in of a user at a new one, so each user has one.
            models.UniqueConstraint(
                fields=["tool", "site", "identity"],
                condition=~Q(identity=""),
                name="integrations_grant_one_per_identity",
            )
        ]

    def __str__(self) -> str:
        return f"{self.tool} {self.site} {self.pk}"


class Administration(models.Model):
    """One set of books at a tool. Owns the worker lease, the cursors, the call counters and the mirrors."""

    tool = models.CharField(_("tool"), max_length=20)
    site = models.CharField(_("country site"), max_length=10, blank=True)
    external_id = models.CharField(_("id in the tool"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    number = models.CharField(_("number"), max_length=40, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    vat_number = models.CharField(_("VAT number"), max_length=24, blank=True)
    grant = models.ForeignKey(
        Grant,
        verbose_name=_("sign-in"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="administrations",
    )

    lease_token = models.BigIntegerField(default=0, editable=False)
    lease_owner = models.CharField(max_length=64, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    party_cursor = models.TextField(blank=True, editable=False)
    settlement_cursor = models.TextField(blank=True, editable=False)
    references_since = models.DateField(null=True, blank=True, editable=False)
    epoch = models.CharField(max_length=60, blank=True, editable=False)  # when it changes, all cursors are void
    currencies = models.JSONField(default=list, blank=True, editable=False)
    refreshed_at = models.JSONField(default=dict, blank=True, editable=False)  # catalogue kind -> ISO moment
    catalogue_changed_at = models.DateTimeField(null=True, blank=True, editable=False)  # a list really changed then
    # When it was last seen in the tool's list of administrations.
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    counters = models.JSONField(
        default=dict, blank=True, editable=False
    )  # call and error counters of the tool's scopes
    # The tool's own token for this administration, where signing in gives none that serves all of them.
    session_token = EncryptedTextField(null=True, blank=True, editable=False)
    session_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("administration")
        verbose_name_plural = _("administrations")
        constraints = [
            models.UniqueConstraint(fields=["tool", "site", "external_id"], name="integrations_administration_unique")
        ]

    def __str__(self) -> str:
        return self.name


class CallCounter(models.Model):
    """Calls of one counter of a tool in its present window, counted before each is made: by workers and pages alike."""

    owner = models.CharField(max_length=40)  # "administration 12" or "grant 3"
    name = models.CharField(max_length=40)
    used = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField()  # how many the window allows
    resets_at = models.DateTimeField()

    class Meta:
        verbose_name = _("call counter")
        verbose_name_plural = _("call counters")
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="integrations_callcounter_unique")]

    def __str__(self) -> str:
        return f"{self.owner} {self.name} {self.used}/{self.calls}"


class ConnectionStatus(models.TextChoices):
    CONNECTING = "connecting", _("Connecting")
    CONFIGURATION_NEEDED = "configuration_needed", _("Configuration needed")
    CONNECTED = "connected", _("Connected")
    RECONNECT_NEEDED = "reconnect_needed", _("Reconnect needed")
    PAUSED = "paused", _("Paused")
    DEACTIVATED = "deactivated", _("Deactivated")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def live(self) -> ConnectionQuerySet:
        return self.exclude(status=ConnectionStatus.DEACTIVATED)

    def ready(self) -> ConnectionQuerySet:
        """Connections a sync may start for."""
        return self.filter(status=ConnectionStatus.CONNECTED)


class Connection(models.Model):
    """An entity's bridge to one administration. Deactivated and reactivated, never made again."""

    entity = models.ForeignKey(
        "invoicing.CompanyEntity", verbose_name=_("entity"), on_delete=models.PROTECT, related_name="connections"
    )
    tool = models.CharField(_("tool"), max_length=20)
    site = models.CharField(_("country site"), max_length=10, blank=True)
    grant = models.ForeignKey(
        Grant, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="connections"
    )
    administration = models.ForeignKey(
        Administration,
        verbose_name=_("administration"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="connections",
    )
    status = models.CharField(
        _("status"), max_length=24, choices=ConnectionStatus.choices, default=ConnectionStatus.CONNECTING
    )
    status_code = models.CharField(max_length=10, blank=True, editable=False)  # catalogue code of what is wrong
    status_params = models.JSONField(default=dict, blank=True, editable=False)
    start_date = models.DateField(_("start date"), null=True, blank=True)
    invoice_journal = models.ForeignKey(
        "integrations.Journal",
        verbose_name=_("journal for invoices"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    credit_note_journal = models.ForeignKey(
        "integrations.Journal",
        verbose_name=_("journal for credit notes"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    purchase_journal = models.ForeignKey(
        "integrations.Journal",
        verbose_name=_("journal for incoming invoices"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    purchase_credit_note_journal = models.ForeignKey(
        "integrations.Journal",
        verbose_name=_("journal for incoming credit notes"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    default_payment_term = models.ForeignKey(
        "integrations.ToolPaymentTerm",
        verbose_name=_("default payment term"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    discount_account = models.ForeignKey(
        "integrations.ToolLedgerAccount",
        verbose_name=_("account for discounts"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    default_ledger_account = models.ForeignKey(
        "integrations.ToolLedgerAccount",
        verbose_name=_("default ledger account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    automatic_sync = models.BooleanField(_("automatic sync every night"), default=False)
    # Bookings made from then on get the PDF and the e-invoice of their document; None: none do.
    attach_since = models.DateTimeField(_("PDF and e-invoice attached since"), null=True, blank=True, editable=False)
    wizard_progress = models.JSONField(default=dict, blank=True, editable=False)
    first_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(_("last successful sync"), null=True, blank=True, editable=False)
    follow_up_at = models.DateTimeField(null=True, blank=True, editable=False)  # a day limit is over then: sync again
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["entity", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["entity"], condition=~Q(status="deactivated"), name="integrations_connection_one_live"
            ),
            models.UniqueConstraint(
                fields=["entity", "administration"],
                condition=Q(administration__isnull=False),
                name="integrations_connection_entity_administration",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity}: {self.tool_label}"

    @property
    def tool_label(self) -> str:
        from ..registry import get_tool

        return get_tool(self.tool).label

    @property
    def becomes_automatic(self) -> bool:
        """Whether the set-up asked for a sync every night from the first successful one on (S-090, S-160)."""
        return self.first_success_at is None and bool(self.wizard_progress.get("facts", {}).get("automatic"))


class SignInAttempt(models.Model):
    """A single-use OAuth state, bound to the user and the connection it was made for."""

    LIFE = timedelta(minutes=10)

    state_hash = models.CharField(max_length=64, unique=True)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sign_in_attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    redirect_uri = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.connection_id} {self.created_at:%Y-%m-%d %H:%M}"
