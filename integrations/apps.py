from django.apps import AppConfig
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

        register_sent_lookup(sent_among)
        announcing.register(on_finished=notifying.announce_run)
        announcing.register(on_tick=module.deactivate_ended)
        announcing.register(on_tick=mailing.queue_when_due)
