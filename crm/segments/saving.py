"""The verbs of segments."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from config.figures import before_stop

from .. import audit
from ..models import Segment
from . import rules


@transaction.atomic
def save_segment(*, segment: Segment, by: AbstractBaseUser | None) -> Segment:
    """Check and store a segment; one transaction, logged. Raises RulesBroken, ValidationError (its name is taken)."""
    is_new = segment._state.adding
    segment.rules = rules.cleaned(segment.rules)
    if is_new and segment.owner_id is None and by is not None:
        segment.owner_id = by.pk
    segment.full_clean()
    segment.save()
    flag, message = (audit.ADDED, _("Added.")) if is_new else (audit.CHANGED, _("Changed."))
    audit.record(by=by, objects=[segment], flag=flag, message=message)
    return segment


@transaction.atomic
def copy_segment(*, segment: Segment, by: AbstractBaseUser | None) -> Segment:
    """A copy of one's own under a free name, not yet for everyone; one transaction, logged."""
    base = segment.name[:60]
    taken = set(Segment.objects.filter(name__startswith=base).values_list("name", flat=True))
    names = (_("%(name)s (copy %(n)d)") % {"name": base, "n": n} for n in range(1, len(taken) + 2))
    name = next(found for found in names if found not in taken)
    copy = Segment.objects.create(
        name=name, kind=segment.kind, rules=segment.rules, shared=False, owner_id=by.pk if by is not None else None
    )
    audit.record(
        by=by,
        objects=[copy],
        flag=audit.ADDED,
        message=_("Copied from %(name)s.") % {"name": before_stop(segment.name)},
    )
    return copy
