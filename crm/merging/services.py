"""Merging and taking apart, each in one transaction with both parties locked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.figures import before_stop

from .. import audit, signals
from ..models import DuplicatePair, Merge, PairState, Party
from ..services import as_page
from . import fields
from .errors import MergeRefused
from .plans import Plan, plan
from .registry import Job, relations
from .rows import Side

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What an undo did; `left` has a sentence for everything that could not move back."""

    merge: Merge
    left: tuple[str, ...] = ()


def merge(
    *,
    winner: Party,
    loser: Party,
    choices: Mapping[str, str] | None = None,
    by: AbstractBaseUser | None,
    seen: str = "",
    knows_apart: bool = True,
) -> Merge:
    """Let `loser` go into `winner`: filled beats empty, what points to the loser points to the winner. Logged.

    `choices` maps the key of a row that differs to the side whose value is kept; without a choice the winner's own
    value stays, but for numbers in the bookkeeping (MRG-310). `seen`: `Plan.seen` of the page on which it was chosen.
    `knows_apart` False: nobody told this person that somebody said that these are not the same, so it is not done.
    The same merge a second time by the same person gives the first one.
    MergeRefused: nothing was changed (MRG-310, MRG-311, changed or merged by somebody else meanwhile).
    """
    try:
        with transaction.atomic():
            return _merge(winner.pk, loser.pk, dict(choices or {}), by, seen, knows_apart)
    except (IntegrityError, OperationalError) as exc:
        logger.warning("two writers met in a merge", extra={"winner": winner.pk, "loser": loser.pk}, exc_info=exc)
        raise MergeRefused(
            _("Somebody is working on these two at this moment. Nothing was changed; try again.")
        ) from exc


def _merge(
    winner_id: int,
    loser_id: int,
    choices: dict[str, str],
    by: AbstractBaseUser | None,
    seen: str,
    knows_apart: bool,
) -> Merge:
    winner, loser = _locked(winner_id, loser_id)
    if loser.merged_into_id == winner.pk:
        done = Merge.objects.filter(winner=winner, loser=loser, undone_at=None).first()
        if done is not None and done.by_id == (by.pk if by else None):
            return done
    _refuse_others(winner, loser)
    if not knows_apart:
        _refuse_apart(winner, loser)
    before = plan(winner, loser, with_moves=False)
    if seen and seen != before.seen:
        words = _("%(winner)s or %(loser)s was changed since this page was opened. Look at the values again.")
        raise MergeRefused(words % {"winner": winner, "loser": loser})
    _check_choices(before, choices)
    taken = fields.taken_over(winner, loser, choices)
    record = Merge(
        winner=winner,
        loser=loser,
        before={"winner": fields.values_of(winner), "loser": fields.values_of(loser)},
        taken=taken,
        by=by,  # type: ignore[misc]
    )
    job = Job(winner=winner, loser=loser, by=by, choices=choices)
    record.moved = {relation.name: kept for relation in relations() if (kept := relation.move(job))}
    _write(winner, taken)
    now = timezone.now()
    Party.objects.filter(pk=loser.pk).update(deleted_at=now, merged_into=winner, updated_at=now)
    record.save()
    audit.record(
        by=by, objects=[as_page(winner)], flag=audit.CHANGED,
        message=_("%(party)s was merged into this one.") % {"party": loser},
    )  # fmt: skip
    audit.record(
        by=by,
        objects=[as_page(loser)],
        flag=audit.CHANGED,
        message=_("Merged into %(party)s.") % {"party": before_stop(winner)},
    )
    transaction.on_commit(partial(signals.parties_merged.send_robust, sender=Party, merge=record))
    return record


def _locked(first: int, second: int) -> tuple[Party, Party]:
    """Both parties as they are now, locked in the order of their keys, so that two merges never wait for each other."""
    rows = {row.pk: row for row in Party.objects.select_for_update().filter(pk__in=[first, second]).order_by("pk")}
    if first not in rows or second not in rows:
        raise MergeRefused(_("One of the two does not exist any more."))
    return rows[first], rows[second]


def _refuse_others(winner: Party, loser: Party) -> None:
    if winner.pk == loser.pk:
        raise MergeRefused(_("Choose two different ones."))
    if winner.kind != loser.kind:
        raise MergeRefused(
            _("Only parties of the same kind can be merged: a company with a company, a contact with a contact."),
            code="MRG-311",
        )
    for party in (winner, loser):
        if party.merged_into is not None:
            words = _("%(party)s has been merged into %(into)s already. Nothing was changed.")
            raise MergeRefused(words % {"party": party, "into": party.merged_into})
        if party.deleted_at is not None:
            words = _("%(party)s is in the recycle bin. Restore it first.")
            raise MergeRefused(words % {"party": party})


def _refuse_apart(winner: Party, loser: Party) -> None:
    """Refuse two of whom somebody said, perhaps at this moment, that they are not the same."""
    first, second = sorted((winner.pk, loser.pk))
    pairs = DuplicatePair.objects.filter(first=first, second=second, state=PairState.SET_ASIDE)
    pair = pairs.select_related("set_aside_by").first()
    if pair is not None:
        who = pair.set_aside_by.get_username() if pair.set_aside_by is not None else audit.SYSTEM_USERNAME
        words = _(
            "Nothing was merged: %(who)s said that %(winner)s and %(loser)s are not the same. Ask before you merge them."
        )
        raise MergeRefused(words % {"who": who, "winner": winner, "loser": loser})


def _check_choices(before: Plan, choices: Mapping[str, str]) -> None:
    for value in choices.values():
        if value not in list(Side):
            raise MergeRefused(_("Choose one of the two values."))
    for row in before.conflicts:
        if row.must_choose and row.key not in choices:
            words = _(
                "Both have a number in %(tool)s. Choose which one stays. The other remains known for older entries."
            )
            raise MergeRefused(words % {"tool": row.label}, code="MRG-310")


def _write(party: Party, values: Mapping[str, object]) -> None:
    """Store the values of a party; also without any, so that its moment of change moves."""
    for name, value in values.items():
        setattr(party, name, value)
    columns = [Party._meta.get_field(name).name for name in values]
    party.save(update_fields=[*columns, "updated_at"])


# --- taking apart -------------------------------------------------------------------------------------------------


def undo_until(merge: Merge) -> datetime:
    """The moment until which a merge can be undone."""
    return merge.at + timedelta(days=settings.BOEKBRUG_MERGE_UNDO_DAYS)


def can_be_undone(merge: Merge) -> bool:
    """Whether its time is not over; whether its values still stand is said when it is tried."""
    return merge.undone_at is None and timezone.now() < undo_until(merge)


def undo(*, merge: Merge, by: AbstractBaseUser | None) -> Undone:
    """Make two parties of one again: values taken over go back, and what moved moves back. Logged.

    What moved again or was deleted since stays where it is, and is named. A second time nothing happens.
    MergeRefused: its time is over, the party that stayed went into another one since, or values that were taken over
    have been changed.
    """
    try:
        with transaction.atomic():
            return _undo(merge.pk, by)
    except (IntegrityError, OperationalError) as exc:
        logger.warning("two writers met in the undoing of a merge", extra={"merge": merge.pk}, exc_info=exc)
        raise MergeRefused(
            _("Somebody is working on these two at this moment. Nothing was changed; try again.")
        ) from exc


def _undo(pk: int, by: AbstractBaseUser | None) -> Undone:
    found = Merge.objects.filter(pk=pk).first()
    if found is None:
        raise MergeRefused(_("One of the two does not exist any more."))
    winner, loser = _locked(found.winner_id, found.loser_id)
    found.refresh_from_db()
    if found.undone_at is not None:
        return Undone(merge=found)
    _refuse_undo(found, winner, loser)
    job = Job(winner=winner, loser=loser, by=by)
    left: list[str] = []
    for relation in reversed(relations()):
        if kept := found.moved.get(relation.name):
            left += relation.move_back(job, kept)
    _write(winner, _as_before(found))
    Party.objects.filter(pk=loser.pk).update(deleted_at=None, merged_into=None, updated_at=timezone.now())
    found.undone_at, found.undone_by = timezone.now(), by  # type: ignore[assignment]
    found.save(update_fields=["undone_at", "undone_by"])
    audit.record(
        by=by, objects=[as_page(winner)], flag=audit.CHANGED,
        message=_("The merge of %(party)s into this one was undone.") % {"party": loser},
    )  # fmt: skip
    audit.record(
        by=by, objects=[as_page(loser)], flag=audit.CHANGED,
        message=_("The merge into %(party)s was undone.") % {"party": winner},
    )  # fmt: skip
    transaction.on_commit(partial(signals.merge_undone.send_robust, sender=Party, merge=found))
    return Undone(merge=found, left=tuple(left))


def _as_before(found: Merge) -> dict[str, object]:
    """The winner's values before the merge, of those that it took over; a payment term only if it still exists."""
    values = {name: found.before["winner"][name] for name in found.taken}
    if values.get("payment_term_id") is not None:
        terms = Party._meta.get_field("payment_term").related_model
        if not terms._base_manager.filter(pk=values["payment_term_id"]).exists():
            values["payment_term_id"] = None
    return values


def _refuse_undo(found: Merge, winner: Party, loser: Party) -> None:
    names = {"winner": winner, "loser": loser}
    if not can_be_undone(found):
        days = settings.BOEKBRUG_MERGE_UNDO_DAYS
        words = ngettext(
            "A merge can be undone for %(n)d day. That time is over.",
            "A merge can be undone for %(n)d days. That time is over.",
            days,
        )
        raise MergeRefused(words % {"n": days})
    if winner.merged_into is not None:
        words = _("%(winner)s has been merged into %(into)s since. Undo that merge first.")
        raise MergeRefused(words % {**names, "into": winner.merged_into})
    if winner.deleted_at is not None:
        raise MergeRefused(_("%(winner)s is in the recycle bin. Restore it first.") % names)
    changed = [name for name, value in found.taken.items() if getattr(winner, name) != value]
    if not changed:
        return
    later = Merge.objects.filter(winner=winner, undone_at=None, pk__gt=found.pk).select_related("loser").order_by("-pk")
    newer = next((one for one in later if set(one.taken) & set(changed)), None)
    if newer is not None:
        words = _("%(other)s was merged into %(winner)s later and changed the same values. Undo that merge first.")
        raise MergeRefused(words % {**names, "other": newer.loser})
    labels = ", ".join(dict.fromkeys(fields.label_of(winner, name) for name in changed))
    words = _(
        "This merge cannot be undone: of %(winner)s these values were changed since: %(fields)s. "
        "Add %(loser)s again by hand if it is another customer."
    )
    raise MergeRefused(words % {**names, "fields": labels})


def as_survivor(party: Party) -> Party:
    """The party that `party` is part of now: itself, or whom it went into."""
    while party.merged_into is not None:
        party = party.merged_into
    return party
