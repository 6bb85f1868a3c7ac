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
        from crm import binning_jobs
        from crm.importing.numbers import register as register_numbers
        from crm.importing.working import pick_up
        from integrations import checks, releasing, segmenting  # noqa: F401 - they register themselves
        from integrations.duplicates import register as register_duplicates
        from integrations.importing_numbers import BookNumbers
        from integrations.merging import register_relations
        from integrations.services import mailing, module, notifying
        from integrations.services.watching import (
            books_purchase_by_lines,
            handles_purchases_of,
            has_purchase,
            is_held_up,
            leave_out,
            purchase_lines_without_account,
            sent_among,
            stands_in_books,
        )
        from integrations.sync import announcing
        from invoicing.freezing import register_sent_lookup
        from invoicing.services import purchases
        from invoicing.services.purchases import bridge

        pre_migrate.connect(_lift_triggers, sender=self)
        post_migrate.connect(_set_triggers, sender=self)
        register(Tags.database)(check_triggers)
        register_sent_lookup(sent_among)
        bridge.register(
            handled=handles_purchases_of,
            booked_by_us=books_purchase_by_lines,
            without_account=purchase_lines_without_account,
            may_be_there=has_purchase,
            stands_there=stands_in_books,
            held_up=is_held_up,
            leave_out=leave_out,
        )
        register_relations()
        register_duplicates()
        announcing.register(on_finished=notifying.announce_run)
        announcing.register(on_tick=module.deactivate_ended)
        announcing.register(on_tick=mailing.queue_when_due)
        announcing.register(on_tick=pick_up)
        announcing.register(on_tick=binning_jobs.pick_up)
        announcing.register(on_tick=purchases.queue_waiting)
        announcing.register(on_tick=purchases.queue_due)
        register_numbers(BookNumbers)


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
