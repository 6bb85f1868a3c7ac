"""The rows of a batch's file as values of parties, with the keys that they are compared by."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Q

from ..models import ImportBatch, PartyKind
from ..names import name_key, postcode_key
from ..parties import fits_country
from ..services import home_countries
from . import places
from .fields import EXTERNAL_ID
from .numbers import Numbers, Relation
from .places import Place
from .reading import FileRow, open_table
from .values import Lists, read_cells

# "30 days net" and its like, as `name_key` leaves them.
_DAYS = ("%d", "%d days", "%d d", "%d dagen", "%d dgn", "%d d net", "%d jours", "%d j", "%d days net", "%d dagen netto")


@dataclass(slots=True)
class Row:
    """One row. `values` holds the columns of the file alone; `keys` the facts it can be found by."""

    number: int
    name: str
    values: dict[str, Any]
    keys: dict[str, str]
    wrong: list[dict[str, Any]] = field(default_factory=list)
    relation: Relation | None = None
    warned: list[dict[str, Any]] = field(default_factory=list)  # what does not hold the row up
    place: Place | None = None  # of a contact: the company it works at


def mapped_fields(batch: ImportBatch) -> list[str]:
    return [column["field"] for column in batch.mapping if column["field"]]


def lookup_lists() -> Lists:
    return Lists(terms=_terms(), home=sorted(home_countries()))


def _terms() -> dict[str, int]:
    """Payment terms by code and name; by their days alone ("30", "30 dagen") where only one is meant by that."""
    terms = apps.get_model("invoicing", "PaymentTerm").objects.filter(active=True)
    after: dict[int, list[int]] = {}
    named: dict[str, int] = {}
    for pk, code, name, kind, days, debit in terms.order_by("-pk").values_list(
        "pk", "code", "name", "kind", "days", "direct_debit"
    ):
        named[name_key(code)] = named[name_key(name)] = pk
        if kind == "after_invoice_date" and not debit:
            after.setdefault(days, []).append(pk)
    plain = {days: pks[0] for days, pks in after.items() if len(pks) == 1}
    return {words % days: pk for days, pk in plain.items() for words in _DAYS} | named


def read_rows(batch: ImportBatch) -> Iterator[Row]:
    """The rows of the file in its order. Raises ImportRefused."""
    columns = [(index, column["field"]) for index, column in enumerate(batch.mapping) if column["field"]]
    columns.sort(key=lambda column: column[1] != "country")  # numbers are read by it
    lists = lookup_lists()
    person = batch.kind == PartyKind.PERSON
    how = {key: batch.reading[key] for key in ("sheet", "encoding", "header_row") if key in batch.reading}
    with batch.file.open("rb") as file, open_table(file, **how) as table:
        for line in table.rows:
            yield _row(line, columns, lists, person)


def _row(line: FileRow, columns: Collection[tuple[int, str]], lists: Lists, person: bool) -> Row:
    values, wrong = read_cells([(key, line.cell(index)) for index, key in columns], lists)
    place = None
    if person:
        place = places.take(values)
        _name_person(values)
    name = values.get("name") or line.cell(next((i for i, key in columns if key in ("name", "last_name")), 0))[:200]
    return Row(line.number, name, values, _keys(values), wrong, warned=_warnings(values), place=place)


def _warnings(values: dict[str, Any]) -> list[dict[str, Any]]:
    number, country = values.get("vat_number", ""), values.get("country", "")
    if not number or fits_country(number, country):
        return []
    return [{"code": "vat-country", "reason": "vat-country", "params": {"number": number, "country": country}}]


def _name_person(values: dict[str, Any]) -> None:
    """First and last name of a contact make its name; a name alone is cut at its last blank when it is written."""
    if {"first_name", "last_name"} & set(values):
        whole = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        if whole:
            values["name"] = whole[:200]


def _keys(values: dict[str, Any]) -> dict[str, str]:
    keys = {
        "external_id": values.get(EXTERNAL_ID, ""),
        "vat_number": values.get("vat_number", ""),
        "enterprise_number": values.get("enterprise_number", ""),
        "email": values.get("email", "").casefold(),
        "name": name_key(values.get("name", ""))[:200],
    }
    postcode = postcode_key(values.get("postcode", ""))
    if keys["name"] and postcode:
        keys["name_postcode"] = f"{keys['name']}|{postcode}"
    return {fact: key for fact, key in keys.items() if key}


def resolve_numbers(rows: Collection[Row], numbers: Numbers) -> None:
    """Look the external IDs of the rows up; a row with a number of no relation, or of several, is wrong."""
    typed = {row.keys[EXTERNAL_ID] for row in rows if EXTERNAL_ID in row.keys}
    if not typed:
        return
    found = numbers.find(typed)
    for row in rows:
        number = row.keys.get(EXTERNAL_ID)
        if number is None:
            continue
        relations = found.get(number, [])
        if len(relations) == 1:
            row.relation = relations[0]
            row.keys[EXTERNAL_ID] = relations[0].external_id
            continue
        reason = "number-several" if relations else "number-unknown"
        params = {"number": number, "administration": numbers.name}
        row.wrong.append({"code": "IMP-306", "reason": reason, "params": params})


def live_condition(kind: str) -> Q:
    return Q(kind=kind, deleted_at=None)
