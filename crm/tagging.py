"""Tags on many parties at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from . import audit
from .models import Party, Tag
from .services import as_page

BATCH = 1000
_places = Party.tags.through


def tag_named(name: str) -> Tag:
    """The tag of that name in any spelling of capitals; made where there is none."""
    tag, _created = Tag.objects.get_or_create(name__iexact=name, defaults={"name": name})
    return tag


def tag_parties(*, ids: Sequence[int], tag: Tag, by: AbstractBaseUser | None) -> int:
    """Set a tag on live parties; the number of those that had it not. A transaction per `BATCH`, each one logged."""
    return sum(
        _change(ids[start : start + BATCH], tag, by=by, remove=False) for start in range(0, len(ids), BATCH)
    )  # fmt: skip


def untag_parties(*, ids: Sequence[int], tag: Tag, by: AbstractBaseUser | None) -> int:
    """Take a tag off live parties; the number of those that had it. A transaction per `BATCH`, each one logged."""
    return sum(
        _change(ids[start : start + BATCH], tag, by=by, remove=True) for start in range(0, len(ids), BATCH)
    )  # fmt: skip


@transaction.atomic
def _change(ids: Sequence[int], tag: Tag, *, by: AbstractBaseUser | None, remove: bool) -> int:
    had = set(_places.objects.filter(tag_id=tag.pk, party_id__in=ids).values_list("party_id", flat=True))
    rows = [
        party
        for party in Party.objects.live().filter(pk__in=ids).order_by("pk").only("pk", "kind", "name")
        if (party.pk in had) is remove
    ]
    if not rows:
        return 0
    if remove:
        _places.objects.filter(tag_id=tag.pk, party_id__in=[party.pk for party in rows]).delete()
        message = _("Tag removed: %(tag)s")
    else:
        _places.objects.bulk_create(
            [_places(party_id=party.pk, tag_id=tag.pk) for party in rows], ignore_conflicts=True
        )
        message = _("Tag added: %(tag)s")
    pages = [as_page(party) for party in rows]
    audit.record(by=by, objects=pages, flag=audit.CHANGED, message=message % {"tag": tag})
    return len(rows)
