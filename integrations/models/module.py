"""The accounting module: whether entities may be connected at all, how many, and until when."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Module(models.Model):
    """The switch of the accounting connector: one row for the installation, by constraint. No row: on, no limits."""

    ONLY = 1

    is_on = models.BooleanField(_("on"), default=True)
    entity_limit = models.PositiveIntegerField(_("number of entities that may be connected"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    changed_by = models.CharField(max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("accounting module")
        verbose_name_plural = _("accounting module")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="integrations_module_one_row")]

    def __str__(self) -> str:
        return str(_("Accounting connector"))

    @classmethod
    def current(cls) -> Module:
        """The row, or the defaults, not saved, where nobody has changed them yet."""
        return cls.objects.filter(pk=cls.ONLY).first() or cls(pk=cls.ONLY)

    def has_ended(self, today: date | None = None) -> bool:
        """Whether the last day is over; on the last day itself everything still works."""
        return self.ends_on is not None and (today or timezone.localdate()) > self.ends_on

    @property
    def is_active(self) -> bool:
        return self.is_on and not self.has_ended()
