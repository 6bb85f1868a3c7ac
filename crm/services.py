"""The verbs of customers and suppliers: keyword-only, each states its transaction, each change leaves a log entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
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


def fill_empty(
    *, parties: Sequence[tuple[Party, Mapping[str, str]]], message: str, by: AbstractBaseUser | None
) -> None:
    """Fill fields of parties that were read under a lock; one statement per group of fields, each party logged.

    `message`: where the values come from, e.g. "Exact Online". A field that holds something is never overwritten.
    """
    groups: dict[tuple[str, ...], list[Party]] = {}
    for party, values in parties:
        names = tuple(sorted(name for name in values if not getattr(party, name)))
        for name in names:
            setattr(party, name, values[name])
        if names:
            rules.normalise(party)
            party.updated_at = timezone.now()
            groups.setdefault(names, []).append(party)
    for names, rows in groups.items():
        Party.objects.bulk_update(rows, [*names, "updated_at"], batch_size=_BATCH)
        labels = ", ".join(
            str(Party._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            for name in names
        )
        _log(
            rows,
            by=by,
            flag=audit.CHANGED,
            message=_("Filled from %(where)s: %(fields)s") % {"where": message, "fields": labels},
        )


def as_page(party: Party) -> Company | Contact:
    """The party as the class whose admin page shows its history, for a log entry; not to be saved."""
    return (Contact if party.is_person else Company)(pk=party.pk, name=party.name)


def _log(rows: list[Party], *, by: AbstractBaseUser | None, flag: int, message: str) -> None:
    if rows:
        audit.record(by=by, objects=[as_page(party) for party in rows], flag=flag, message=message)
