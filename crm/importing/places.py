"""Where the contacts of a file work: the company that a row names, and the person's role there.

A row may tell the company by its external ID, its VAT number or its name; the surest that finds one decides. A company
that is not known, or that may be several, makes the row wrong: nobody is put at a company by a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from ..models import CompanyContact, Party, PartyKind
from ..names import name_key
from .fields import AT_COMPANY, COMPANY, COMPANY_ID, COMPANY_VAT, ROLE
from .numbers import Numbers

_CHUNK = 500
# A person's places as they are kept and compared: [key of the company, role], by key.
Places = list[list[Any]]


@dataclass(slots=True)
class Place:
    """What a row says of the company. `company` is None until it is found; `role` None where there is no such column."""

    told: dict[str, str]
    role: str | None
    company: int | None = None
    name: str = ""


@dataclass(slots=True)
class _Companies:
    """Live companies by what rows tell of them."""

    vat: dict[str, list[int]] = field(default_factory=dict)
    named: dict[str, list[int]] = field(default_factory=dict)
    held: dict[str, list[int]] = field(default_factory=dict)  # by external ID
    known: dict[int, tuple[str, str]] = field(default_factory=dict)  # name and VAT number


def take(values: dict[str, Any]) -> Place | None:
    """Take the company and the role out of a row's values, which are columns of the party from then on."""
    told = {key: found for key in AT_COMPANY if (found := values.pop(key, ""))}
    role = values.pop(ROLE, None)
    return Place(told, role) if told else None


def resolve(rows: Collection[Any], numbers: Numbers) -> None:
    """Find the company of each row, all with a few questions; a row whose company is not sure is wrong."""
    places = [(row, row.place) for row in rows if row.place is not None]
    if not places:
        return
    book = _look_up([place for _row, place in places], numbers)
    for row, place in places:
        pks, key = _find(place, book)
        if len(pks) == 1:
            place.company, place.name = pks[0], book.known[pks[0]][0]
            continue
        key = key or next(iter(place.told))
        reason = "company-several" if pks else "company-unknown"
        params = {"field": key, "value": place.told[key][:60], "count": len(pks)}
        row.wrong.append({"code": "IMP-305" if pks else "IMP-307", "reason": reason, "params": params})


def _find(place: Place, book: _Companies) -> tuple[list[int], str]:
    """The companies that the row may mean, and what told so."""
    number = place.told.get(COMPANY_VAT, "")
    for key, index in ((COMPANY_ID, book.held), (COMPANY_VAT, book.vat)):
        if found := index.get(place.told.get(key, ""), []):
            return found, key
    found = book.named.get(name_key(place.told.get(COMPANY, ""))[:200], [])
    # A namesake with another VAT number is somebody else.
    found = [pk for pk in found if not number or book.known[pk][1] in ("", number)]
    return found, COMPANY if found else ""


def _look_up(places: Sequence[Place], numbers: Numbers) -> _Companies:
    book = _Companies()
    typed = {place.told[COMPANY_ID] for place in places if COMPANY_ID in place.told}
    relations = numbers.find(typed) if typed else {}
    holders = {found.holder for rows in relations.values() for found in rows if found.holder is not None}
    wanted: list[tuple[str, set[Any]]] = [
        ("vat_number", {place.told[COMPANY_VAT] for place in places if COMPANY_VAT in place.told}),
        ("name_key", {name_key(place.told[COMPANY])[:200] for place in places if COMPANY in place.told} - {""}),
        ("pk", holders),
    ]
    for column, values in wanted:
        ordered = sorted(values)
        for start in range(0, len(ordered), _CHUNK):
            _read(book, Q(**{f"{column}__in": ordered[start : start + _CHUNK]}), column)
    for number, rows in relations.items():
        book.held[number] = sorted({found.holder for found in rows if found.holder in book.known})
    return book


def _read(book: _Companies, condition: Q, column: str) -> None:
    companies = Party.objects.live().filter(condition, kind=PartyKind.COMPANY).order_by("pk")
    for pk, name, key, vat in companies.values_list("pk", "name", "name_key", "vat_number"):
        book.known[pk] = (name, vat)
        if column == "vat_number":
            book.vat.setdefault(vat, []).append(pk)
        elif column == "name_key":
            book.named.setdefault(key, []).append(pk)


# --- What stands there, what it becomes, and the way back ---


def places_of(persons: Collection[int]) -> dict[int, Places]:
    """The companies and roles of each person that has any."""
    found: dict[int, Places] = {}
    ordered = sorted(persons)
    for start in range(0, len(ordered), _CHUNK):
        rows = CompanyContact.objects.filter(person__in=ordered[start : start + _CHUNK]).order_by("company_id")
        for person, company, role in rows.values_list("person_id", "company_id", "role"):
            found.setdefault(person, []).append([company, role])
    return found


def changes(place: Place | None, now: Places, *, blank_empty: bool) -> dict[str, tuple[Any, Any]]:
    """What the row changes of a person's places: a company more, or another role at one."""
    if place is None or place.company is None:
        return {}
    role = next((held for company, held in now if company == place.company), None)
    if role is None:
        return {COMPANY: ("", place.name)} | ({ROLE: ("", place.role)} if place.role else {})
    if place.role is not None and place.role != role and (place.role or blank_empty):
        return {ROLE: (role, place.role)}
    return {}


def write(named: Iterable[tuple[int, Place]]) -> None:
    """Put each person at its company, in the caller's transaction."""
    rows = [
        CompanyContact(company_id=place.company, person_id=pk, role=place.role or "")
        for pk, place in named
        if place.company is not None
    ]
    CompanyContact.objects.bulk_create(
        rows, batch_size=_CHUNK, update_conflicts=True, unique_fields=["company", "person"], update_fields=["role"]
    )


def restore(before: Mapping[int, Places]) -> None:
    """Give each person the places it had, in the caller's transaction; companies that are gone stay so."""
    CompanyContact.objects.filter(person__in=list(before)).delete()
    live = set(
        Party.objects.filter(pk__in={row[0] for rows in before.values() for row in rows}).values_list("pk", flat=True)
    )
    CompanyContact.objects.bulk_create(
        [
            CompanyContact(company_id=company, person_id=pk, role=role)
            for pk, rows in before.items()
            for company, role in rows
            if company in live
        ],
        batch_size=_CHUNK,
    )
