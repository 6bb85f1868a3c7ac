"""The verbs of customers and suppliers: keyword-only, each states its transaction, each change leaves a log entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import PROTECT
from django.utils import timezone
from django.utils.translation import gettext as _

from . import audit
from . import parties as rules
from .models import Company, Contact, Party, Tag, VatType
from .names import name_key
from .parties import PartyWarning

_BATCH = 500

# Where no entity exists yet: the countries this program is made for.
_USUAL_HOME = frozenset({"BE", "NL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BinOutcome:
    """What moved to the recycle bin, and what was kept with the reason."""

    moved: tuple[Party, ...] = ()
    kept: tuple[tuple[Party, str], ...] = ()


def home_countries() -> frozenset[str]:
    """The countries of our own entities."""
    entities = apps.get_model("invoicing", "CompanyEntity")
    return frozenset(entities.objects.values_list("country", flat=True)) or _USUAL_HOME


def prepare_party(*, party: Party) -> list[PartyWarning]:
    """Normalise a party in place and, for a new one without VAT type, fill that in; returns what looks wrong.

    Nothing is saved. Forms call it before they show, `save_party` before it stores.
    """
    rules.normalise(party)
    if party._state.adding and party.vat_type == VatType.UNKNOWN:
        party.vat_type = rules.default_vat_type(
            is_person=party.is_person,
            country=party.country,
            vat_number=party.vat_number,
            home_countries=home_countries(),
        )
    return rules.find_warnings(party)


@transaction.atomic
def save_party(*, party: Party, by: AbstractBaseUser | None) -> list[PartyWarning]:
    """Normalise, check and store a party; returns the warnings to show. One transaction, logged.

    ValidationError: a field cannot be like this at all (no name, an e-mail address that is none).
    """
    is_new = party._state.adding
    warnings = prepare_party(party=party)
    party.full_clean()
    party.save()
    flag, message = (audit.ADDED, _("Added.")) if is_new else (audit.CHANGED, _("Changed."))
    _log([party], by=by, flag=flag, message=message)
    return warnings


@transaction.atomic
def add_imported(*, parties: Sequence[Party], tag: str, by: AbstractBaseUser | None) -> None:
    """Store new parties in bulk with a tag that names where they came from; one transaction, each logged.

    Their fields are taken as they are but for the forms of numbers and the VAT type; a caller has checked them.
    """
    home = home_countries()
    for party in parties:
        rules.normalise(party)
        party.name_key = name_key(party.name)[:200]
        party.vat_type = rules.default_vat_type(
            is_person=party.is_person, country=party.country, vat_number=party.vat_number, home_countries=home
        )
    Party.objects.bulk_create(parties, batch_size=_BATCH)
    label, __ = Tag.objects.get_or_create(name__iexact=tag, defaults={"name": tag})
    through = Party.tags.through
    through.objects.bulk_create([through(party_id=p.pk, tag_id=label.pk) for p in parties], batch_size=_BATCH)
    _log(list(parties), by=by, flag=audit.ADDED, message=_("Imported: %(tag)s") % {"tag": tag})


@transaction.atomic
def move_to_recycle_bin(*, parties: Iterable[Party], by: AbstractBaseUser | None) -> BinOutcome:
    """Hide parties from lists and choices; they can be restored. One transaction, logged.

    Those that documents or bookings point to are kept and listed with the reason (domain rules 13.13).
    """
    rows = list(
        Party.objects.select_for_update().filter(pk__in=[p.pk for p in parties], deleted_at=None).order_by("pk")
    )
    used = _used([party.pk for party in rows])
    moved = [party for party in rows if party.pk not in used]
    Party.objects.filter(pk__in=[party.pk for party in moved]).update(deleted_at=timezone.now())
    _log(moved, by=by, flag=audit.DELETED, message=_("Moved to the recycle bin."))
    kept = tuple(
        (party, _("%(party)s is kept: %(what)s point to it.") % {"party": party, "what": used[party.pk]})
        for party in rows
        if party.pk in used
    )
    return BinOutcome(moved=tuple(moved), kept=kept)


@transaction.atomic
def restore(*, parties: Iterable[Party], by: AbstractBaseUser | None) -> list[Party]:
    """Take parties out of the recycle bin; returns those that were in it. One transaction, logged."""
    rows = list(Party.objects.filter(pk__in=[p.pk for p in parties], deleted_at__isnull=False).order_by("pk"))
    Party.objects.filter(pk__in=[party.pk for party in rows]).update(deleted_at=None)
    for party in rows:
        party.deleted_at = None
    _log(rows, by=by, flag=audit.CHANGED, message=_("Restored from the recycle bin."))
    return rows


def _used(ids: list[int]) -> dict[int, str]:
    """For each party that must stay: the plural name of what protects it. One query per kind of protecting row."""
    found: dict[int, str] = {}
    for relation in Party._meta.related_objects:
        if relation.on_delete is not PROTECT:
            continue
        model, field = relation.related_model, relation.field.name
        users = model._base_manager.filter(**{f"{field}__in": ids}).order_by()
        for pk in users.values_list(field, flat=True).distinct():
            found.setdefault(pk, str(model._meta.verbose_name_plural))
    return found


def as_page(party: Party) -> Company | Contact:
    """The party as the class whose admin page shows its history, for a log entry; not to be saved."""
    return (Contact if party.is_person else Company)(pk=party.pk, name=party.name)


def _log(rows: list[Party], *, by: AbstractBaseUser | None, flag: int, message: str) -> None:
    if rows:
        audit.record(by=by, objects=[as_page(party) for party in rows], flag=flag, message=message)
