"""What rules of segments can ask of the bridge: a number in an administration."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm.models import Party
from crm.segments import Field, Operator, register
from crm.segments.fields import Choices

from .models import Administration, PartyLink


def has_number(administration: int | None = None) -> Q:
    """Parties with an external ID, in one administration or in any."""
    rows = PartyLink.objects.filter(party=OuterRef("pk")).exclude(external_id="")
    return Q(Exists(rows.filter(administration=administration) if administration is not None else rows))


def recognised() -> Q:
    """Parties that were here before an import found them in a tool, which gave them its tag. Source: S-057, rule 13.9."""
    links = PartyLink.objects.filter(party=OuterRef("pk")).exclude(external_id="")
    places = Party.tags.through._base_manager.filter(party=OuterRef("pk"), tag__name__iendswith=" Import")
    return Q(Exists(links.exclude(matched_by__in=("import", "file"))), Exists(places))


def _condition(operator: str, value: Any) -> Q:
    match operator:
        case "on":
            return has_number(int(value))
        case "not_on":
            return ~has_number(int(value))
        case "any":
            return has_number()
        case "none":
            return ~has_number()
    raise ValueError(operator)


def administration_choices() -> Choices:
    """Administrations by name, with their number where one name stands for several."""
    rows = list(Administration.objects.order_by("name", "pk")[:500])
    names = [row.name for row in rows]
    return [
        (str(row.pk), row.name if names.count(row.name) == 1 else f"{row.name} ({row.external_id})") for row in rows
    ]


register(
    Field(
        key="external_id",
        title=_("External ID"),
        operators=(
            Operator("any", _("is there, in any administration")),
            Operator("none", _("is missing everywhere")),
            Operator("on", _("is there in"), "choice"),
            Operator("not_on", _("is missing in"), "choice"),
        ),
        condition=_condition,
        choices=administration_choices,
    )
)
