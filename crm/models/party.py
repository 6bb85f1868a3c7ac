"""Party: one concrete table for companies and persons, whatever role they play.

Plain foreign keys point to `Party`; `Company` and `Contact` are views on it with their own admin pages.
VAT and enterprise numbers are stored normalised (domain rules 3).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..names import name_key


class PartyKind(models.TextChoices):
    COMPANY = "company", _("Company")
    PERSON = "person", _("Person")


class VatType(models.TextChoices):
    """VAT liability of a party; it never decides the VAT of a line (domain rules 2)."""

    VAT_LIABLE = "vat_liable", _("VAT liable")
    NOT_VAT_LIABLE = "not_vat_liable", _("Not VAT liable")
    CONTRACTOR = "contractor", _("Contractor (VAT shifted to the customer)")
    INTRA_COMMUNITY = "intra_community", _("Intra-Community")
    OUTSIDE_EU = "outside_eu", _("Outside the EU")
    UNKNOWN = "unknown", _("Unknown")


class PartyQuerySet(models.QuerySet["Party"]):
    def live(self) -> PartyQuerySet:
        """Parties outside the recycle bin."""
        return self.filter(deleted_at__isnull=True)


class Party(models.Model):
    """A customer, a supplier, or both: a company or a person."""

    uid = models.UUIDField(_("stable mark"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(
        _("kind"), max_length=10, choices=PartyKind.choices, default=PartyKind.COMPANY, editable=False
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    name_key = models.CharField(max_length=200, editable=False, db_index=True)
    vat_type = models.CharField(_("VAT type"), max_length=20, choices=VatType.choices, default=VatType.UNKNOWN)
    vat_number = models.CharField(_("VAT number"), max_length=24, blank=True, db_index=True)
    enterprise_number = models.CharField(_("enterprise number"), max_length=24, blank=True, db_index=True)
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=2, blank=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    website = models.URLField(_("website"), max_length=200, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    bic = models.CharField(_("BIC"), max_length=11, blank=True)
    peppol_id = models.CharField(_("Peppol ID"), max_length=60, blank=True)
    payment_term = models.ForeignKey(
        "invoicing.PaymentTerm",
        verbose_name=_("payment term"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    is_customer = models.BooleanField(_("customer"), default=True)
    is_supplier = models.BooleanField(_("supplier"), default=False)
    tags = models.ManyToManyField("crm.Tag", verbose_name=_("tags"), blank=True, related_name="parties")
    notes = models.TextField(_("notes"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True, editable=False)
    # Where it went by a merge; such a party is hidden like a deleted one, and its old links lead on.
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="absorbed",
    )

    objects = PartyQuerySet.as_manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["kind", "name"], name="crm_party_kind_name"),
            models.Index(fields=["name_key", "postcode"], name="crm_party_name_postcode"),
            models.Index(fields=["kind", "country"], name="crm_party_kind_country"),
            models.Index(fields=["kind", "vat_type"], name="crm_party_kind_vat_type"),
            models.Index(fields=["created_at"], name="crm_party_created"),
            # The recycle bin, newest first; few of many.
            models.Index(fields=["-deleted_at"], name="crm_party_binned", condition=Q(deleted_at__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") | ~Q(last_name="") | ~Q(first_name=""),
                name="crm_party_has_a_name",
                violation_error_message=_("Fill in a name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the derived columns in step: a person's full name, and the key that names are compared by."""
        if self.is_person and (self.first_name or self.last_name):
            self.name = f"{self.first_name} {self.last_name}".strip()[:200]
        self.name_key = name_key(self.name)[:200]
        fields = kwargs.get("update_fields")
        if fields is not None and {"name", "first_name", "last_name"} & set(fields):
            kwargs["update_fields"] = {*fields, "name", "name_key"}
        super().save(*args, **kwargs)

    @property
    def is_person(self) -> bool:
        return self.kind == PartyKind.PERSON

    @property
    def mark(self) -> str:
        """Our own mark of this party in a bookkeeping tool: 14 characters, the same for ever."""
        return f"BB{self.uid.hex[:12].upper()}"


class CompanyManager(models.Manager["Company"]):
    def get_queryset(self) -> models.QuerySet[Company]:
        return PartyQuerySet(self.model, using=self._db).live().filter(kind=PartyKind.COMPANY)  # type: ignore[return-value]


class ContactManager(models.Manager["Contact"]):
    def get_queryset(self) -> models.QuerySet[Contact]:
        return PartyQuerySet(self.model, using=self._db).live().filter(kind=PartyKind.PERSON)  # type: ignore[return-value]


class Company(Party):
    objects = CompanyManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("company")
        verbose_name_plural = _("companies")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = PartyKind.COMPANY
        super().save(*args, **kwargs)

    @property
    def is_person(self) -> bool:
        return False


class Contact(Party):
    objects = ContactManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = PartyKind.PERSON
        super().save(*args, **kwargs)

    @property
    def is_person(self) -> bool:
        return True


class CompanyContact(models.Model):
    """A person's place at a company."""

    company = models.ForeignKey(Party, verbose_name=_("company"), on_delete=models.CASCADE, related_name="people")
    person = models.ForeignKey(Party, verbose_name=_("person"), on_delete=models.CASCADE, related_name="companies")
    role = models.CharField(_("role"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("role at a company")
        verbose_name_plural = _("roles at companies")
        constraints = [
            models.UniqueConstraint(fields=["company", "person"], name="crm_companycontact_unique"),
            models.CheckConstraint(condition=~Q(company=models.F("person")), name="crm_companycontact_two_parties"),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.role})" if self.role else str(self.person)
