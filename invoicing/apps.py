from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class InvoicingConfig(AppConfig):
    """Own entities, VAT rates, invoices and credit notes."""

    name = "invoicing"
    verbose_name = _("Invoicing")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        pre_migrate.connect(_lift_triggers, sender=self)
        post_migrate.connect(_set_triggers, sender=self)
        register(Tags.database)(check_triggers)


def _lift_triggers(using: str, **kwargs: Any) -> None:
    from . import triggers

    triggers.remove(connections[using])


def _set_triggers(using: str, **kwargs: Any) -> None:
    from . import triggers

    triggers.install(connections[using])


def check_triggers(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when booked documents are less protected than they should be, e.g. after a migration that broke off."""
    from . import triggers

    found: list[CheckMessage] = []
    for alias in databases or ():
        if lacking := triggers.missing(connections[alias]):
            text = f"Triggers that keep booked documents final are missing: {', '.join(sorted(lacking))}."
            found.append(Warning(text, hint="Run `python manage.py migrate`.", id="invoicing.W001"))
    return found
