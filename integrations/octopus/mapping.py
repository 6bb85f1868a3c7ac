"""Octopus's lists and relations as our records, and our parties as Octopus's relations. Pure.

Journals, periods and their closings belong to a bookyear; here they are put together over the years that were read.
Documents are in `bookings`. Source: vendor notes, master data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from ..base.records import (
    AccountKind,
    AdministrationRecord,
    ContactRecord,
    ExternalRef,
    FiscalPeriodRecord,
    JournalKind,
    JournalRecord,
    LedgerAccountRecord,
    PartyData,
    PartyRecord,
    PartyRole,
    VatCodeRecord,
    VatDirection,
)
from .answers import Row, rows_in
from .matching import (
    dotted_vat_number,
    enterprise_of_participant,
    external_number,
    normal_enterprise_number,
    normal_vat_number,
    verified_mark,
)
from .unsure import DEFAULT_READINGS, Readings
from .values import day, decimal, key_id, number, text

# --- administrations ------------------------------------------------------------------------------------------


def administration(row: Row) -> AdministrationRecord:
    """A dossier. Octopus keeps Belgian books, so no country means Belgium."""
    external_id = str(key_id(row.get("dossierKey")))
    country = text(row.get("country")).upper() or "BE"
    return AdministrationRecord(
        external_id=external_id,
        name=text(row.get("dossierDescription")),
        country=country,
        currency="EUR",
        vat_number=normal_vat_number(text(row.get("vatNr")), country),
        number=external_id,
    )


# --- catalogue ------------------------------------------------------------------------------------------------

SALES = "V"
PURCHASES = "A"
_BOOKINGS = 1  # insertion type: this sales journal takes bookings, and not invoice documents or delivery notes
_YEARS_READ = 3

# A journal's rows by bookyear key, in the words of the wire.
JournalsByYear = Mapping[int, Sequence[Row]]


def bookyear_key(row: Row) -> int:
    return key_id(row.get("bookyearKey"))


def years_to_read(bookyears: Iterable[Row], today: date) -> list[Row]:
    """The open bookyears whose journals matter: that of today, its neighbours, and no more than three.

    Reading a year's journals is one of 24 calls a day, and small firms leave many old years open.
    """
    open_years = [row for row in bookyears if row.get("closed") is not True]
    return sorted(sorted(open_years, key=lambda row: _distance(row, today))[:_YEARS_READ], key=_start)


def current_year(bookyears: Iterable[Row], today: date) -> Row | None:
    """The bookyear of today, else the nearest one."""
    return min(bookyears, key=lambda row: _distance(row, today), default=None)


def _start(row: Row) -> date:
    return day(row.get("startDate")) or date.min


def _distance(row: Row, today: date) -> tuple[int, int]:
    """Days between today and a bookyear; of two equally far the later one is nearer."""
    start, end = day(row.get("startDate")), day(row.get("endDate"))
    if start is None or end is None:
        return 10**6, 0
    away = max((start - today).days, (today - end).days, 0)
    return away, -start.toordinal()


def journals(by_year: JournalsByYear) -> tuple[JournalRecord, ...]:
    """The journals of the years that were read, by key; the latest year's name and type hold.

    Sales journals that take invoice documents are of kind OTHER. One that is closed in every year is inactive.
    """
    latest: dict[str, Row] = {}
    open_somewhere: set[str] = set()
    for year in sorted(by_year):
        for row in by_year[year]:
            code = text(row.get("journalKey"))
            if code:
                latest[code] = row
                if row.get("closed") is not True:
                    open_somewhere.add(code)
    return tuple(
        JournalRecord(
            external_id=code,
            code=code,
            name=text(row.get("name")),
            kind=journal_kind(row),
            vendor_type=f"{code[:1]}:{number(row.get('insertionType'))}",
            active=code in open_somewhere,
        )
        for code, row in sorted(latest.items())
    )


def journal_kind(row: Row) -> JournalKind:
    """What a journal takes from us: the first letter is its type, and only insertion type 1 takes bookings."""
    letter = text(row.get("journalKey"))[:1]
    if letter == PURCHASES:
        return JournalKind.PURCHASE
    return JournalKind.SALES if letter == SALES and number(row.get("insertionType")) == _BOOKINGS else JournalKind.OTHER


def period_id(bookyear: int, period: int) -> str:
    """The external id of a period: all that a booking needs to name it."""
    return f"{bookyear}/{period}"


def parse_period(external_id: str) -> tuple[int, int] | None:
    """Bookyear key and period number of a period's external id, else None."""
    year, _, period = external_id.partition("/")
    return (int(year), int(period)) if year.isdigit() and period.isdigit() else None


def fiscal_periods(bookyears: Iterable[Row], by_year: JournalsByYear) -> tuple[FiscalPeriodRecord, ...]:
    """Months, quarters or years as the dossier has them, with the journals that are shut there.

    A journal is shut up to its protected and its closed period, when it is closed, and where a year lacks it. Of
    years whose journals were not read nothing but the year's own closing is known.
    """
    codes = {record.code for record in journals(by_year) if record.kind is not JournalKind.OTHER}
    usable = {record.code for record in journals(by_year) if record.kind is not JournalKind.OTHER and record.active}
    records = []
    for row in bookyears:
        year = bookyear_key(row)
        closed_year = row.get("closed") is True
        rows = {text(one.get("journalKey")): one for one in by_year[year]} if year in by_year else None
        for one in rows_in(row.get("periods")):
            start, end, key = day(one.get("startDate")), day(one.get("endDate")), number(one.get("bookyearPeriod"))
            if start is None or end is None or not key:
                continue
            shut = frozenset() if rows is None else frozenset(c for c in codes if _is_shut(rows.get(c), key))
            name_of_year, place = divmod(key, 100) if key >= 10000 else (start.year, key)
            records.append(
                FiscalPeriodRecord(
                    external_id=period_id(year, key),
                    book_year=str(year),
                    year=name_of_year,
                    number=place,
                    start=start,
                    end=end,
                    closed=closed_year or (bool(usable) and usable <= shut),
                    closed_journals=shut,
                )
            )
    return tuple(sorted(records, key=lambda record: (record.start, record.number)))


def _is_shut(journal: Row | None, period: int) -> bool:
    """Whether a journal takes nothing in a period: bookable is what lies behind both of its limits."""
    if journal is None or journal.get("closed") is True:
        return True
    return period <= max(number(journal.get("protectedPeriod")), number(journal.get("closedPeriod")))


_COST_CENTRE_MANDATORY = 1
# Customers, suppliers and VAT are booked by Octopus itself.
_CONTROL = ("400", "440", "411", "451")
_REVENUE = ("70",)
_COST = ("2", "6")


def ledger_account(row: Row) -> LedgerAccountRecord | None:
    """An account; its number is the same in every bookyear, so it is its key. The Belgian chart gives the kind."""
    code = str(key_id(row.get("accountKey")))
    if code == "0":
        return None
    return LedgerAccountRecord(
        external_id=code,
        code=code,
        name=_description(row.get("description")),
        kind=_account_kind(code),
        bookable=not code.startswith(_CONTROL),
        needs_cost_centre=number(row.get("costCentreType")) == _COST_CENTRE_MANDATORY,
    )


def _account_kind(code: str) -> AccountKind:
    if code.startswith(_REVENUE):
        return AccountKind.REVENUE
    return AccountKind.COST if code.startswith(_COST) else AccountKind.OTHER


def _description(found: Any) -> str:
    """The first description that is not empty: Dutch, French, English, German."""
    if not isinstance(found, dict):
        return text(found)
    return next(
        (words for tongue in ("NL", "FR", "EN", "DE") if (words := text(found.get(f"description_{tongue}")))), ""
    )


_DIRECTIONS = {1: VatDirection.PURCHASE, 2: VatDirection.SALES, 3: VatDirection.PURCHASE, 4: VatDirection.SALES}


def vat_codes(rows: Iterable[Row]) -> tuple[VatCodeRecord, ...]:
    """VAT codes, one record per code: a code serves invoices and credit notes, also when it is listed for both."""
    found: dict[str, VatCodeRecord] = {}
    directions: dict[str, set[VatDirection]] = defaultdict(set)
    for row in sorted(rows, key=lambda row: number(row.get("type"))):
        code, kind = text(row.get("code")), number(row.get("type"))
        if not code:
            continue
        directions[code].add(_DIRECTIONS.get(kind, VatDirection.BOTH))
        if code not in found:
            found[code] = VatCodeRecord(
                external_id=code,
                code=code,
                name=text(row.get("description")),
                percentage=decimal(row.get("basePercentage")),
                direction=VatDirection.BOTH,
                vendor_type=str(kind),
            )
    return tuple(_directed(record, directions[code]) for code, record in sorted(found.items()))


def _directed(record: VatCodeRecord, directions: set[VatDirection]) -> VatCodeRecord:
    only = next(iter(directions)) if len(directions) == 1 else VatDirection.BOTH
    return VatCodeRecord(
        external_id=record.external_id,
        code=record.code,
        name=record.name,
        percentage=record.percentage,
        direction=only,
        vendor_type=record.vendor_type,
    )


# --- parties --------------------------------------------------------------------------------------------------

_LANGUAGES = {"nl": 0, "fr": 1, "en": 2, "de": 3}
_LANGUAGE_NAMES = {value: name for name, value in _LANGUAGES.items()}
_EU = frozenset(
    ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI"]
)  # fmt: skip
_PRIVATE_TYPES = frozenset({7, 8, 9})
CONTRACTOR = "contractor"


def relation_id(row: Row) -> int:
    """Octopus's own key of a relation, 0 when the row names none."""
    identification = row.get("relationIdentificationServiceData")
    return key_id(identification.get("relationKey")) if isinstance(identification, dict) else 0


def external_id_of(row: Row) -> int:
    """The number that another package, or we, gave a relation; 0 when nobody did."""
    identification = row.get("relationIdentificationServiceData")
    return number(identification.get("externalRelationId")) if isinstance(identification, dict) else 0


def party(row: Row) -> PartyRecord:
    """A relation as a party. Our mark counts only together with the number that follows from it."""
    country = text(row.get("country")).upper()
    vat_number = normal_vat_number(text(row.get("vatNr")), country)
    first = text(row.get("firstName"))
    roles = {
        role
        for role, flag in ((PartyRole.CUSTOMER, "client"), (PartyRole.SUPPLIER, "supplier"))
        if row.get(flag) is True
    }
    key = relation_id(row)
    is_person = bool(first) or number(row.get("vatType")) in _PRIVATE_TYPES
    contact = "" if is_person else text(row.get("contactPerson"))
    return PartyRecord(
        external_id=str(key) if key else "",
        code=str(key) if key else "",
        name=f"{first} {text(row.get('name'))}".strip(),
        reference=verified_mark(text(row.get("searchField2")), external_id_of(row)),
        caller_number=str(external_id_of(row) or ""),
        is_person=is_person,
        vat_number=vat_number,
        enterprise_number=enterprise_of_participant(text(row.get("participantId")))
        or (normal_enterprise_number(vat_number, "BE") if vat_number.startswith("BE") else ""),
        street=text(row.get("streetAndNr")),
        postcode=text(row.get("postalCode")),
        city=text(row.get("city")),
        country=country,
        language=_LANGUAGE_NAMES.get(number(row.get("factLanguage")), ""),
        email=text(row.get("email")),
        phone=text(row.get("telephone")) or text(row.get("mobile")),
        website=text(row.get("url")),
        roles=frozenset(roles),
        blocked=row.get("active") is False,
        contacts=(ContactRecord(company_external_id=str(key), name=contact),) if contact and key else (),
    )


def external_ref(record: PartyRecord, matched_by: str) -> ExternalRef:
    """A found relation, and by which fact."""
    return ExternalRef(
        external_id=record.external_id,
        code=record.code,
        name=record.name,
        matched_by=matched_by,
        roles=record.roles,
        blocked=record.blocked,
    )


def vat_type(data: PartyData) -> int | None:
    """Octopus's VAT type; None leaves what stands there. It has no contractor, who is VAT liable there (VAT-625)."""
    country = data.country.upper() or "BE"
    private = 7 if country == "BE" else 8 if country in _EU else 9
    return {
        "vat_liable": 1,
        CONTRACTOR: 1,
        "intra_community": 4,
        "outside_eu": private if data.is_person else 6,
        "not_vat_liable": private if data.is_person else 10,
    }.get(data.vat_type)


def _our_fields(data: PartyData) -> Row:
    """What we know of a party, in the words of the wire; nothing empty, so that nothing is blanked."""
    fields: Row = {
        "name": (data.last_name if data.is_person and data.first_name else "") or data.name,
        "firstName": data.first_name if data.is_person and data.last_name else "",
        "vatNr": dotted_vat_number(data.vat_number),
        "streetAndNr": data.street,
        "postalCode": data.postcode,
        "city": data.city,
        "country": data.country.upper(),
        "email": data.email,
        "telephone": data.phone,
        "url": data.website,
        "participantId": data.peppol_id,
    }
    filled = {name: value for name, value in fields.items() if value}
    kind = vat_type(data) if data.name else None
    if kind is not None:
        filled["vatType"] = kind
    language = _LANGUAGES.get(data.language.split("-")[0].lower())
    if language is not None:
        filled["factLanguage"] = language
    for role, flag in ((PartyRole.CUSTOMER, "client"), (PartyRole.SUPPLIER, "supplier")):
        if role in data.roles:
            filled[flag] = True
    return filled


def new_relation(data: PartyData, attempt: int = 0, readings: Readings = DEFAULT_READINGS) -> Row:
    """A party as the body of a PUT that creates: known by our number, and by our mark beside it."""
    filled = _our_fields(data)
    filled |= {
        "currencyCode": "EUR",
        "relationIdentificationServiceData": {"externalRelationId": external_number(data.reference, attempt)},
    }
    if readings.mark_in_search_field and data.reference:
        filled["searchField2"] = data.reference
    # Bank accounts go along only here: over there they are kept by whoever pays.
    for name, value in (("ibanAccountNr", data.iban), ("bicCode", data.bic)):
        if value:
            filled[name] = value
    return filled


def changed_relation(row: Row, data: PartyData) -> Row:
    """The row just read with our changes, as the body of a PUT.

    All of it goes back, because nobody knows what becomes of properties that are left out. Numbers and marks of
    others stay; a role is given, never taken away.
    """
    return {
        **row,
        **_our_fields(data),
        "currencyCode": text(row.get("currencyCode")) or "EUR",
        "relationIdentificationServiceData": {
            "relationKey": {"id": relation_id(row)},
            "externalRelationId": external_id_of(row),
        },
    }
