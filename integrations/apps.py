from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    """The bridge to the bookkeeping tools."""

    name = "integrations"
    verbose_name = _("Accounting")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import checks  # noqa: F401 - registers itself
        from integrations.services import mailing, module, notifying
        from integrations.services.watching import sent_among
        from integrations.sync import announcing
        from invoicing.freezing import register_sent_lookup

        pre_migrate.connect(_lift_triggers, sender=self)
        post_migrate.connect(_set_triggers, sender=self)
        register(Tags.database)(check_triggers)
        register_sent_lookup(sent_among)
        announcing.register(on_finished=notifying.announce_run)
        announcing.register(on_tick=module.deactivate_ended)
        announcing.register(on_tick=mailing.queue_when_due)


def _lift_triggers(using: str, **kwargs: Any) -> None:
    from . import unplaced

    unplaced.remove(connections[using])


def _set_triggers(using: str, **kwargs: Any) -> None:
    from . import unplaced

    unplaced.install(connections[using])


def check_triggers(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when documents could be missing in the lists of what is not posted, e.g. after a migration that broke off."""
    from . import unplaced

    found: list[CheckMessage] = []
    for alias in databases or ():
        if lacking := unplaced.missing(connections[alias]):
            text = f"Triggers that note documents without a posting are missing: {', '.join(sorted(lacking))}."
            found.append(Warning(text, hint="Run `python manage.py migrate`.", id="integrations.W001"))
    return found
