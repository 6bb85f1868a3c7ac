"""What an export of companies and contacts holds: who and where they are, and their number in each administration.

Bank accounts and notes stay on their page: a file travels further than a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.admin.exports import Column
from integrations.models import Administration

from ..models import Party

_FACTS = [
    Column(_("name"), lambda party: party.name),
    Column(_("customer"), lambda party: party.is_customer),
    Column(_("supplier"), lambda party: party.is_supplier),
    Column(_("VAT type"), lambda party: party.get_vat_type_display()),
    Column(_("VAT number"), lambda party: party.vat_number),
    Column(_("enterprise number"), lambda party: party.enterprise_number),
    Column(_("street and number"), lambda party: party.street),
    Column(_("postcode"), lambda party: party.postcode),
    Column(_("city"), lambda party: party.city),
    Column(_("country"), lambda party: party.country),
    Column(_("e-mail"), lambda party: party.email),
    Column(_("phone"), lambda party: party.phone),
    Column(_("website"), lambda party: party.website),
    Column(_("Peppol ID"), lambda party: party.peppol_id),
    Column(_("payment term"), lambda party: str(party.payment_term or "")),
    Column(_("tags"), lambda party: ", ".join(str(tag) for tag in party.tags.all())),
]


def columns() -> list[Column]:
    """The facts, then one column per administration; one query. Of two with one name each says its id, too."""
    administrations = list(Administration.objects.order_by("name", "pk"))
    names = Counter(found.name for found in administrations)
    numbers = []
    for found in administrations:
        name = found.name if names[found.name] == 1 else f"{found.name} ({found.external_id})"
        title = gettext("External ID in %(administration)s") % {"administration": name}
        numbers.append(Column(title, _number_in(found.pk)))
    return [*_FACTS, *numbers]


def _number_in(administration_id: int) -> Callable[[Party], str]:
    """The party's first number there, from the links that its list loads."""

    def number(party: Party) -> str:
        links = party.tool_links.all()
        return next((str(link) for link in links if link.administration_id == administration_id), "")

    return number


def with_their_facts(parties: QuerySet[Any]) -> QuerySet[Any]:
    return parties.select_related("payment_term").prefetch_related("tags")
