from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CrmConfig(AppConfig):
    """Companies, contacts and what is known about them."""

    name = "crm"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"
