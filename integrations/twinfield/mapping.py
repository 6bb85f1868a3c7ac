"""Twinfield's lists and relations as our records, and our parties as dimensions. Pure.

Entries are in `entries`. Source: vendor notes, setup calls, customers and suppliers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

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
    SupplyKind,
    VatCodeRecord,
    VatDirection,
)
from ..base.texts import clean
from .keys import ROLE_OF_TYPE, TYPE_OF_ROLE, party_key, split_party
from .limits import LIMITS
from .markup import Node, attribute, child, children, descendants, element, leaf, optional, text
from .matching import normal_enterprise_number, normal_vat_number
from .unsure import BUYER_OWES_GROUPS, DEFAULT_READINGS, EU_SUPPLY_GROUPS, SERVICE_WORDS, Readings
from .values import CENT, Unsendable, day, decimal, truth, whole

# --- requests -------------------------------------------------------------------------------------------------


def list_of(kind: str, office: str = "", dimension_type: str = "") -> Node:
    """A list: of offices, or of the dimensions of a type."""
    return element("list", leaf("type", kind), optional("office", office), optional("dimtype", dimension_type))


def read_of(kind: str, office: str, code: str, *, dimension_type: str = "", number: str = "") -> Node:
    """One thing by its code."""
    return element(
        "read",
        leaf("type", kind),
        leaf("office", office),
        optional("dimtype", dimension_type),
        leaf("code", code),
        optional("number", number),
    )


# --- administrations ------------------------------------------------------------------------------------------


def offices(answer: Node) -> list[AdministrationRecord]:
    """The offices of a list: code and name."""
    return [
        AdministrationRecord(external_id=code, name=attribute(node, "name") or code, number=code)
        for node in children(answer, "office")
        if (code := (node.text or "").strip())
    ]


def office(record: AdministrationRecord, answer: Node) -> AdministrationRecord:
    """An office with what a read tells besides. UNSURE where these stand, so they are looked for anywhere inside."""
    country = _anywhere(answer, "country") or _anywhere(answer, "region")
    return AdministrationRecord(
        external_id=record.external_id,
        name=text(answer, "name") or record.name,
        number=record.number,
        country=country.upper() if len(country) == 2 else "",
        currency=(_anywhere(answer, "basecurrency") or "EUR").upper(),
        vat_number=normal_vat_number(_anywhere(answer, "vatnumber"), country if len(country) == 2 else ""),
    )


def _anywhere(node: Node, name: str) -> str:
    return next((found for one in descendants(node, name) if (found := (one.text or "").strip())), "")


# --- catalogue ------------------------------------------------------------------------------------------------


def journal(row: Sequence[str], kind: JournalKind) -> JournalRecord:
    """A day book of the finder; invoices and credit notes may share one."""
    code, name = _pair(row)
    return JournalRecord(external_id=code, code=code, name=name, kind=kind, vendor_type=kind.value)


def ledger_accounts(answer: Node, kind: str, country: str) -> list[LedgerAccountRecord]:
    """The accounts of a list without its marker row, which carries the type as its code and no name.

    Twinfield does not tell revenue from cost: by the charts of both countries revenue is numbered 8 (Netherlands) or
    70 to 74 (Belgium). UNSURE for other charts, where the accounts then show as costs and can still be chosen by hand.
    """
    found = []
    for node in children(answer, "dimension"):
        code, name = (node.text or "").strip(), attribute(node, "name")
        if not code or (code == kind and not name):
            continue
        found.append(
            LedgerAccountRecord(
                external_id=code,
                code=code,
                name=name or code,
                kind=_account_kind(kind, code, country),
                vendor_type=kind,
            )
        )
    return found


def _account_kind(kind: str, code: str, country: str) -> AccountKind:
    if kind != "PNL":
        return AccountKind.OTHER
    if code.startswith("9"):
        return AccountKind.OTHER
    return AccountKind.REVENUE if code.startswith("70" if country == "BE" else "8") else AccountKind.COST


def dimension_codes(answer: Node, kind: str) -> list[str]:
    """The codes of a list of dimensions, in order, without the marker row."""
    return sorted(
        code
        for node in children(answer, "dimension")
        if (code := (node.text or "").strip()) and not (code == kind and not attribute(node, "name"))
    )


def vat_code(row: Sequence[str], direction: VatDirection, answer: Node, today: date) -> VatCodeRecord:
    """A VAT code of the finder with its percentage of today; several are dated, the latest that has begun holds."""
    code, name = _pair(row)
    percentage, groups, parts = _percentage(answer, today)
    # The list's name goes first: by it a later list shows whether the code is still the same.
    named = name if name != code else text(answer, "name") or name
    words = f"{named} {text(answer, 'name')}"
    return VatCodeRecord(
        external_id=code,
        code=code,
        name=named,
        percentage=percentage,
        direction=direction,
        active=attribute(answer, "status") in ("active", ""),
        reverse_charge=bool(groups & BUYER_OWES_GROUPS) or len(parts) > 1 or "verlegd" in words.lower(),
        vendor_type=direction.value,
        supply=supply_of(answer, today),
    )


def vat_code_as_before(row: Sequence[str], direction: VatDirection, before: VatCodeRecord) -> VatCodeRecord | None:
    """A VAT code of the finder as it was read before; None when it is another one by now."""
    code, name = _pair(row)
    if before.code != code or before.direction is not direction or name not in (before.name, code):
        return None
    return replace(before, is_remembered=True)


def supply_of(answer: Node, today: date) -> SupplyKind:
    """What a read of a VAT code tells about supplies inside the EU."""
    _, groups, _ = _percentage(answer, today)
    if not groups & EU_SUPPLY_GROUPS:
        return SupplyKind.ORDINARY
    words = f"{text(answer, 'name')} {text(answer, 'shortname')}".lower()
    return SupplyKind.EU_SERVICES if any(word in words for word in SERVICE_WORDS) else SupplyKind.EU_GOODS


def _percentage(answer: Node, today: date) -> tuple[Decimal | None, set[str], list[str]]:
    """Percentage in force, groups of the VAT return and shares of its accounts."""
    best: Node | None = None
    best_day = date.min
    for node in children(child(answer, "percentages"), "percentage"):
        since = day(text(node, "date")) or date.min
        if since <= today and (best is None or since >= best_day):
            best, best_day = node, since
    if best is None:
        return None, set(), []
    number = decimal(text(best, "percentage"))
    accounts = list(children(child(best, "accounts"), "account"))
    groups = {text(account, "group") for account in accounts} - {""}
    shares = [text(account, "percentage") for account in accounts]
    return (number.quantize(CENT) if number is not None else None), groups, shares


@dataclass(frozen=True, slots=True)
class Period:
    year: int
    number: int
    end: date
    is_open: bool


def years(answer: Node) -> list[int]:
    """The book years of the period service, in order."""
    return sorted({year for node in descendants(answer, "int") if (year := whole(node.text or "")) is not None})


def periods(answer: Node, year: int) -> list[Period]:
    """The ordinary periods of a year: 0 and 55 and what lies beyond are opening and year-end."""
    found = []
    for node in descendants(answer, "Period"):
        number, end = whole(text(node, "Number")), day(text(node, "EndDate"))
        if number is not None and end is not None and 0 < number < 55:
            found.append(Period(year, number, end, truth(text(node, "Open")) is not False))
    return sorted(found, key=lambda one: (one.end, one.number))


def fiscal_periods(found: Iterable[Period]) -> tuple[FiscalPeriodRecord, ...]:
    """Periods with their start: the day after the one before ended, or the first of January of the first year.

    The service states only the last day. A first year that does not begin in January shows too long a first period.
    """
    records: list[FiscalPeriodRecord] = []
    for one in sorted(found, key=lambda one: (one.end, one.year, one.number)):
        start = records[-1].end + timedelta(days=1) if records else date(one.end.year, 1, 1)
        records.append(
            FiscalPeriodRecord(
                external_id=f"{one.year}/{one.number:02d}",
                year=one.year,
                number=one.number,
                start=min(start, one.end),
                end=one.end,
                closed=not one.is_open,
            )
        )
    return tuple(records)


def _pair(row: Sequence[str]) -> tuple[str, str]:
    code = row[0] if row else ""
    return code, row[1] if len(row) > 1 and row[1] else code


# --- relations, back ------------------------------------------------------------------------------------------


def party(answer: Node) -> PartyRecord | None:
    """A customer or supplier of a read or a good save, None for what is none. A deleted one is marked."""
    kind, code = text(answer, "type"), text(answer, "code")
    if kind not in ROLE_OF_TYPE or not code:
        return None
    address = default_address(answer)
    country = text(address, "country").upper()
    status = attribute(answer, "status")
    return PartyRecord(
        external_id=party_key(kind, code),
        code=code,
        name=text(answer, "name"),
        reference=text(answer, "shortname"),
        vat_number=normal_vat_number(text(answer, "vatnumber") or text(address, "field4"), country),
        enterprise_number=normal_enterprise_number(text(answer, "cocnumber") or text(address, "field5"), country),
        street=text(address, "field2"),
        postcode=text(address, "postcode"),
        city=text(address, "city"),
        country=country,
        email=text(address, "email"),
        phone=text(address, "telephone"),
        website=text(answer, "website"),
        roles=frozenset({ROLE_OF_TYPE[kind]}),
        blocked=status not in ("active", ""),
        deleted=status == "deleted",
        contacts=tuple(_contacts(answer, party_key(kind, code))),
    )


def _contacts(answer: Node, key: str) -> Iterator[ContactRecord]:
    """The persons named in the addresses, each once. E-mail and phone of the default address are the relation's own."""
    named: set[str] = set()
    default = default_address(answer)
    for address in children(child(answer, "addresses"), "address"):
        name = " ".join(text(address, "contact").split())
        if not name or name.lower() in named:
            continue
        named.add(name.lower())
        own = address is not default
        yield ContactRecord(
            company_external_id=key,
            name=name,
            email=text(address, "email") if own else "",
            phone=text(address, "telephone") if own else "",
        )


def external_ref(record: PartyRecord, matched_by: str) -> ExternalRef:
    return ExternalRef(
        external_id=record.external_id,
        code=record.code,
        name=record.name,
        matched_by=matched_by,
        roles=record.roles,
        blocked=record.blocked,
    )


def default_address(answer: Node) -> Node | None:
    """The address that is marked as default, else the first."""
    found = list(children(child(answer, "addresses"), "address"))
    return next((one for one in found if attribute(one, "default") == "true"), found[0] if found else None)


# --- relations, out -------------------------------------------------------------------------------------------

_ADDRESS = ("name", "country", "city", "postcode", "telephone", "telefax", "email", "contact")
_FIELDS = tuple(f"field{number}" for number in range(1, 7))


def wanted_type(data: PartyData) -> str:
    """Customer or supplier: what its id says, else its role. Raises Unsendable for an id that is none of ours."""
    if data.external_id:
        kind, _ = split_party(data.external_id)
        if not kind:
            raise Unsendable("PAR-641", f"{data.external_id} is no relation of Twinfield")
        return kind
    role = next((role for role in TYPE_OF_ROLE if role in data.roles), None)
    if role is None:
        raise Unsendable("ALL-999", f"{data.name or data.reference} is neither customer nor supplier")
    return TYPE_OF_ROLE[role]


def dimension(data: PartyData, office_code: str, standing: Node | None, readings: Readings = DEFAULT_READINGS) -> Node:
    """A party as a dimension to save; `standing` is the one that is there, read before an update.

    Without a code Twinfield numbers it by the mask of its type. What we leave empty is left out. On an update the
    address keeps its id and what we do not know of it, and bank accounts stay as they are.
    """
    kind = wanted_type(data)
    _, code = split_party(data.external_id)
    name = clean(data.name, LIMITS.field_lengths["party.name"])
    if not name:
        raise Unsendable("APP-204", "the party has no name")
    is_new = standing is None
    mark = data.reference if is_new and readings.mark_as_short_name else ""
    return element(
        "dimension",
        leaf("office", office_code),
        leaf("type", kind),
        optional("code", code),
        leaf("name", name),
        optional("shortname", mark[: LIMITS.field_lengths["party.reference"]]),
        optional("website", data.website),
        optional("vatnumber", data.vat_number),
        optional("cocnumber", data.enterprise_number),
        _addresses(data, name, standing) if is_new or readings.update_addresses else None,
        _banks(data, name) if is_new else None,
    )


def _addresses(data: PartyData, name: str, standing: Node | None) -> Node | None:
    """The invoice address. The Dutch template keeps the VAT number in field 4 and the trade number in field 5."""
    there = default_address(standing) if standing is not None else None
    ours = {
        "name": name,
        "country": data.country,
        "city": data.city,
        "postcode": data.postcode,
        "telephone": data.phone,
        "email": data.email,
        "field1": name,
        "field2": data.street,
        "field4": data.vat_number,
        "field5": data.enterprise_number,
    }
    if there is None and not any(ours[key] for key in ours if key not in ("name", "field1")):
        return None
    if there is not None:
        # The person addressed there is the accountant's choice; ours fills it only where nothing stands.
        ours["field1"] = text(there, "field1") or name
    values = {key: clean(ours.get(key, "")) or text(there, key) for key in (*_ADDRESS, *_FIELDS)}
    attributes = {"type": attribute(there, "type") or "invoice", "default": "true"}
    if attribute(there, "id"):
        attributes = {"id": attribute(there, "id"), **attributes}
    inner = [optional(key, value) for key, value in values.items()]
    return element("addresses", element("address", *inner, **attributes))


def _banks(data: PartyData, name: str) -> Node | None:
    iban = clean(data.iban).replace(" ", "")
    if not iban:
        return None
    bank = element(
        "bank",
        leaf("ascription", name[: LIMITS.field_lengths["bank.ascription"]].strip()),
        leaf("iban", iban),
        optional("biccode", data.bic),
        leaf("country", iban[:2].upper()),
        default="true",
    )
    return element("banks", bank)
