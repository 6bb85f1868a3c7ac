"""What a person says of a pair: that they are two, or that this is to be looked at again. Each states its transaction."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import audit
from ..models import DuplicatePair, PairState, Party
from ..services import as_page
from .table import refresh_for


@transaction.atomic
def set_aside(*, pair: DuplicatePair, by: AbstractBaseUser | None) -> bool:
    """Remember that these are two; False when that is known already. One transaction, logged on both."""
    changed = DuplicatePair.objects.filter(pk=pair.pk, state=PairState.OPEN).update(
        state=PairState.SET_ASIDE, set_aside_by=by, set_aside_at=timezone.now()
    )
    if changed:
        _log(pair, by, _("Not the same as %(other)s."))
    return bool(changed)


@transaction.atomic
def take_back(*, pair: DuplicatePair, by: AbstractBaseUser | None) -> bool:
    """Look at a pair again that was set aside; False when it is looked at already. One transaction, logged on both."""
    changed = DuplicatePair.objects.filter(pk=pair.pk, state=PairState.SET_ASIDE).update(
        state=PairState.OPEN, set_aside_by=None, set_aside_at=None
    )
    if changed:
        _log(pair, by, _("May be the same as %(other)s after all."))
    return bool(changed)


def keep_apart(*, one: Party, other: Party, by: AbstractBaseUser | None) -> bool:
    """Remember of any two that they are two, whether or not they were found as a pair; as `set_aside` otherwise."""
    # What they are paired by, if anything does, is known first: a pair that becomes certain is asked about once more.
    refresh_for([one])
    first, second = sorted((one, other), key=lambda party: party.pk)
    with transaction.atomic():
        pair, _created = DuplicatePair.objects.get_or_create(first=first, second=second, defaults={"kind": first.kind})
        return set_aside(pair=pair, by=by)


def _log(pair: DuplicatePair, by: AbstractBaseUser | None, words: str) -> None:
    for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
        audit.record(by=by, objects=[as_page(one)], flag=audit.CHANGED, message=words % {"other": other})
