"""Tags of our own pages: icons, state labels, amounts, dates. Loaded with `{% load boekbrug %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.conf import settings
from django.contrib.admin.views.main import ChangeList
from django.template import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config import figures, states

if TYPE_CHECKING:
    from config.admin.lists import EmptyWords, ListChip, Sum

# The list helpers are imported by the tags that use them: unfold.admin renders a widget while it is being imported,
# which loads all tag libraries, and config.admin.lists needs unfold.admin complete.

register = template.Library()

register.filter("amount", figures.amount)
register.filter("number", figures.number)
register.filter("percentage", figures.percentage)
register.filter("iban", figures.iban)
register.filter("day", figures.day)
register.filter("before_stop", figures.before_stop)
register.filter("moment", figures.moment)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A picture beside words; hidden from screen readers, who hear the words."""
    return format_html('<span class="material-symbols-outlined {}" aria-hidden="true">{}</span>', extra, name)


@register.simple_tag
def state(kind: str, key: str, words: str = "", title: str = "") -> SafeString:
    return states.state_label(kind, key, words=words, title=title)


@register.simple_tag(takes_context=True)
def chips(context: RequestContext, cl: ChangeList) -> list[ListChip]:
    """The ready-made views of a list, with their counts."""
    from config.admin.lists import list_chips

    return list_chips(cl, context["request"])


@register.simple_tag
def sums(cl: ChangeList) -> list[Sum]:
    """Totals of the filtered rows, one per currency."""
    from config.admin.lists import list_sums

    return list_sums(cl)


@register.simple_tag(takes_context=True)
def remarks(context: RequestContext, cl: ChangeList) -> list[str]:
    """That a list does not show everything, and how to reach the rest."""
    from config.admin.lists import list_remarks

    return list_remarks(cl, context["request"])


@register.simple_tag
def empty_words(cl: ChangeList) -> EmptyWords:
    """What an empty list says: about the chosen view, the search, or the list itself."""
    from config.admin.lists import list_empty_words

    return list_empty_words(cl)


@register.simple_tag(takes_context=True)
def may(context: RequestContext, permission: str) -> bool:
    """Whether the signed-in person holds a permission ("integrations.add_syncrun")."""
    user: Any = context["request"].user
    return bool(user.has_perm(permission))


@register.filter
def connectable(entity: Any) -> bool:
    """Whether the connector is offered in the entity's country."""
    return entity.country in settings.BOEKBRUG_CONNECTOR_COUNTRIES
