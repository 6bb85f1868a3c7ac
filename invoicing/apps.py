from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
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
        from invoicing import segmenting  # noqa: F401 - registers itself

        from .merging import register_relations

        register_relations()

        pre_migrate.connect(_lift_triggers, sender=self)
        post_migrate.connect(_set_triggers, sender=self)
        register(Tags.database)(check_triggers)
        register()(check_official_rules)


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


def check_official_rules(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Say so when the official rules are wanted and cannot run: expenses then show nothing of them."""
    from .peppol.official import NotAvailable, require

    if not settings.BOEKBRUG_PEPPOL_RULES_DIR:
        return []
    try:
        require(Path(settings.BOEKBRUG_PEPPOL_RULES_DIR))
    except NotAvailable as error:
        text = (
            f"BOEKBRUG_PEPPOL_RULES_DIR is set, but incoming documents are not checked by the official rules: {error}"
        )
        return [Warning(text, id="invoicing.W002")]
    return []
