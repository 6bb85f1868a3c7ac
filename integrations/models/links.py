"""Links between our side and a tool: VAT rates, ledger accounts, parties; and the mirror parties are found in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .catalogue import ToolLedgerAccount, VatCode
from .connection import Administration, Connection


class LinkDirection(models.TextChoices):
    SALES = "sales", _("Sales")
    PURCHASE = "purchase", _("Purchases")


class VatLink(models.Model):
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="vat_links")
    rate = models.ForeignKey(
        "invoicing.VatRate", verbose_name=_("VAT rate"), on_delete=models.PROTECT, related_name="+"
    )
    direction = models.CharField(_("direction"), max_length=10, choices=LinkDirection.choices)
    vat_code = models.ForeignKey(VatCode, verbose_name=_("VAT code"), on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("VAT link")
        verbose_name_plural = _("VAT links")
        constraints = [
            models.UniqueConstraint(fields=["connection", "rate", "direction"], name="integrations_vatlink_unique")
        ]

    def __str__(self) -> str:
        return f"{self.rate} → {self.vat_code}"


class LedgerLink(models.Model):
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="ledger_links")
    rate = models.ForeignKey(
        "invoicing.VatRate", verbose_name=_("VAT rate"), on_delete=models.PROTECT, related_name="+"
    )
    direction = models.CharField(_("direction"), max_length=10, choices=LinkDirection.choices)
    account = models.ForeignKey(
        ToolLedgerAccount, verbose_name=_("ledger account"), on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("ledger account link")
        verbose_name_plural = _("ledger account links")
        constraints = [
            models.UniqueConstraint(fields=["connection", "rate", "direction"], name="integrations_ledgerlink_unique")
        ]

    def __str__(self) -> str:
        return f"{self.rate} → {self.account}"


class LinkRole(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    SUPPLIER = "supplier", _("Supplier")
    BOTH = "both", _("Customer and supplier")


class PartyLink(models.Model):
    """A party's record in an administration. Without external id: a creation that was begun and not yet answered."""

    administration = models.ForeignKey(Administration, on_delete=models.PROTECT, related_name="party_links")
    party = models.ForeignKey("crm.Party", verbose_name=_("party"), on_delete=models.PROTECT, related_name="tool_links")
    role = models.CharField(_("role in the tool"), max_length=10, choices=LinkRole.choices, default=LinkRole.BOTH)
    # What the relation is over there, where one relation may be both; a role is given before the first document needs it.
    is_customer = models.BooleanField(default=True, editable=False)
    is_supplier = models.BooleanField(default=False, editable=False)
    external_id = models.CharField(_("external ID"), max_length=60, blank=True)
    code = models.CharField(_("number in the tool"), max_length=40, blank=True)
    primary = models.BooleanField(_("primary"), default=True)
    sent_hash = models.CharField(max_length=64, blank=True, editable=False)
    matched_by = models.CharField(_("found by"), max_length=40, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What the tool said no to, so that it is not asked again with the same words.
    refused_hash = models.CharField(max_length=64, blank=True, editable=False)
    refused_code = models.CharField(max_length=10, blank=True, editable=False)
    refused_at = models.DateTimeField(null=True, blank=True, editable=False)
    refused_text = models.TextField(blank=True, editable=False)
    linked_at = models.DateTimeField(_("linked"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("link of a party")
        verbose_name_plural = _("links of parties")
        constraints = [
            models.UniqueConstraint(
                fields=["administration", "role", "external_id"],
                condition=~Q(external_id=""),
                name="integrations_partylink_external_unique",
            ),
            models.UniqueConstraint(
                fields=["administration", "party", "role"],
                condition=Q(primary=True),
                name="integrations_partylink_one_primary",
            ),
        ]

    def __str__(self) -> str:
        return self.code or self.external_id


class ContactLink(models.Model):
    """Which contact person of an administration a contact of ours is, so that an import knows it again. Nothing is booked
    on contact persons, so no number of theirs matters otherwise."""

    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="contact_links")
    party = models.ForeignKey("crm.Party", on_delete=models.CASCADE, related_name="contact_links")
    external_id = models.CharField(max_length=100)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("contact person in the tool")
        verbose_name_plural = _("contact persons in the tool")
        constraints = [
            models.UniqueConstraint(fields=["administration", "external_id"], name="integrations_contactlink_unique")
        ]

    def __str__(self) -> str:
        return self.external_id


class ReleasedLink(models.Model):
    """A link that a party in the recycle bin let go of, as it was; taken from here when the party comes back."""

    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="+")
    party = models.ForeignKey("crm.Party", on_delete=models.CASCADE, related_name="released_links")
    role = models.CharField(max_length=10, choices=LinkRole.choices)
    is_customer = models.BooleanField(default=True)
    is_supplier = models.BooleanField(default=False)
    external_id = models.CharField(max_length=60)
    code = models.CharField(max_length=40, blank=True)
    primary = models.BooleanField(default=True)
    sent_hash = models.CharField(max_length=64, blank=True)
    matched_by = models.CharField(max_length=40, blank=True)
    linked_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("released link of a party")
        verbose_name_plural = _("released links of parties")

    def __str__(self) -> str:
        return self.code or self.external_id


class ToolParty(models.Model):
    """A relation as the tool has it: the mirror in which a party is looked for before one is created."""

    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="tool_parties")
    external_id = models.CharField(max_length=60)
    code = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=40, blank=True)
    caller_number = models.CharField(max_length=20, blank=True)
    vat_number = models.CharField(max_length=24, blank=True)  # normalised
    enterprise_number = models.CharField(max_length=24, blank=True)  # normalised
    name_key = models.CharField(max_length=200, blank=True)
    postcode_key = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, blank=True)
    is_person = models.BooleanField(default=False)
    is_customer = models.BooleanField(default=False)
    is_supplier = models.BooleanField(default=False)
    blocked = models.BooleanField(default=False)
    deleted = models.BooleanField(default=False)
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("relation of the tool")
        verbose_name_plural = _("relations of the tool")
        constraints = [
            models.UniqueConstraint(fields=["administration", "external_id"], name="integrations_toolparty_unique")
        ]
        indexes = [
            models.Index(fields=["administration", "vat_number"], name="integrations_tp_vat"),
            models.Index(fields=["administration", "enterprise_number"], name="integrations_tp_enterprise"),
            models.Index(fields=["administration", "name_key", "postcode_key"], name="integrations_tp_name"),
            models.Index(fields=["administration", "reference"], name="integrations_tp_reference"),
            models.Index(fields=["administration", "caller_number"], name="integrations_tp_caller"),
        ]

    def __str__(self) -> str:
        return self.name
