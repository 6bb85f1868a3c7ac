"""Why two parties may be one. The keys are stored with the pair, the strongest first; the words are for people."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """In the order of their strength."""

    VAT = "vat", _("Same VAT number")
    ENTERPRISE = "enterprise", _("Same enterprise number")
    EXTERNAL_ID = "external-id", _("Same external ID")
    IBAN = "iban", _("Same IBAN")
    EMAIL = "email", _("Same e-mail address")
    VAT_ALIKE = "vat-alike", _("Name alike, VAT number with a slip")
    NAME_POSTCODE = "name-postcode", _("Name alike, same postcode")
    EMAIL_DOMAIN = "email-domain", _("Name alike, same e-mail domain")
    PHONE = "phone", _("Name alike, same phone number")
    NAME_CITY = "name-city", _("Name alike, same place")
    NAME_ONLY = "name-only", _("Same name, one has no address")


STRENGTH = {str(reason): place for place, reason in enumerate(Reason)}
BY_NAME = frozenset({Reason.NAME_POSTCODE, Reason.NAME_CITY, Reason.EMAIL_DOMAIN, Reason.PHONE, Reason.NAME_ONLY})
