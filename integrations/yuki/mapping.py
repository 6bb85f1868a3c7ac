"""Yuki's lists and contacts as our records, and our parties as Yuki's contacts. Pure.

Sales documents are in `invoices`, what stands in the books in `listing`. Source: vendor notes, resources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from lxml import etree

from ..base.records import (
    AccountKind,
    AdministrationRecord,
    ContactRecord,
    ExternalRef,
    LedgerAccountRecord,
    PartyData,
    PartyRecord,
    PartyRole,
    VatCodeRecord,
    VatDirection,
)
from .matching import normal_enterprise_number, normal_vat_number
from .soap import Element, value
from .unsure import DEFAULT_READINGS, Readings
from .values import CENT, clean, cut, day, decimal, guid, guid_in, text, truth, whole

CONTACT = "urn:xmlns:http://www.theyukicompany.com:contact"

# --- administrations ------------------------------------------------------------------------------------------


def administration(node: Element) -> AdministrationRecord:
    """A legal entity of the domain; one that is not active may not be booked into."""
    country = value(node, "Country").upper()
    is_open = truth(value(node, "Active")) is not False
    return AdministrationRecord(
        external_id=guid(node.get("ID")),
        name=value(node, "Name"),
        country=country,
        currency="EUR",
        vat_number=normal_vat_number(value(node, "VATNumber"), country),
        is_open=is_open,
        closed_reason="" if is_open else "inactive",
    )


def domain_of(node: Element) -> str:
    """The domain that an administration belongs to; contacts are asked for by it."""
    return guid(value(node, "DomainID"))


# --- catalogue ------------------------------------------------------------------------------------------------


def account_kind(code: str, readings: Readings = DEFAULT_READINGS) -> AccountKind:
    """Revenue, cost or other by the number of the account: the meaning of `type` is not documented."""
    chart = readings.charts.get(len(code))
    if chart is not None and code.startswith(chart.revenue):
        return AccountKind.REVENUE
    return AccountKind.COST if chart is not None and code.startswith(chart.costs) else AccountKind.OTHER


def ledger_account(node: Element, readings: Readings = DEFAULT_READINGS) -> LedgerAccountRecord:
    """A ledger account; lines name it by its code. Sales lines on other accounts than revenue are refused there."""
    code = value(node, "code")
    kind = account_kind(code, readings)
    name = value(node, "descripton") or value(node, "description") or value(node, "descriptionNL")
    return LedgerAccountRecord(
        external_id=code,
        code=code,
        name=name,
        kind=kind,
        vendor_type="/".join(filter(None, (value(node, "type"), value(node, "subtype")))),
        active=truth(value(node, "isEnabled")) is True,
        bookable=kind is not AccountKind.OTHER,
    )


# Valid on sales lines; what else the list holds is for purchases. Source: vendor notes, VAT types.
SALES_TYPES = frozenset({0, 1, 2, 4, 6, 7, 8, 17, 19, 20, 21, 40})
# Several codes share these types and a percentage: VATDescription says which.
DESCRIBED_TYPES = frozenset({8, 40})
_REVERSE_CHARGE = 17


def vat_key(kind: int, percentage: Decimal, country: str = "") -> str:
    """Our name of a VAT code, which has none in Yuki: type, percentage, and the country where it has one."""
    return f"{kind}:{percentage.quantize(CENT)}" + (f":{country}" if country else "")


def vat_codes(nodes: Iterable[Element], today: date) -> tuple[VatCodeRecord, ...]:
    """The VAT codes with their percentage; one whose time is over is not active.

    Two that would get one name are told apart by their description; Yuki knows a line's code by type and percentage,
    and by the description where the type demands it.
    """
    rows = [(node, _vat_name(node)) for node in nodes]
    counts = Counter(name for _, name in rows)
    found = []
    for node, name in rows:
        kind, percentage = whole(value(node, "type")), decimal(value(node, "percentage"))
        if kind is None or percentage is None:
            continue
        ended, begun = day(value(node, "endDate")), day(value(node, "startDate"))
        description = value(node, "description")
        code = name if counts[name] == 1 else f"{name}:{description}"[:40]
        found.append(
            VatCodeRecord(
                external_id=code,
                code=code,
                name=description,
                percentage=percentage.quantize(CENT),
                direction=VatDirection.SALES if kind in SALES_TYPES else VatDirection.PURCHASE,
                active=(ended is None or ended >= today) and (begun is None or begun <= today),
                reverse_charge=kind == _REVERSE_CHARGE,
                vendor_type=str(kind),
                country=value(node, "country").upper(),
            )
        )
    return tuple(found)


def _vat_name(node: Element) -> str:
    kind, percentage = whole(value(node, "type")), decimal(value(node, "percentage"))
    if kind is None or percentage is None:
        return ""
    return vat_key(kind, percentage, value(node, "country").upper())


# --- contacts -------------------------------------------------------------------------------------------------


def party(node: Element) -> PartyRecord:
    """A contact as a party; numbers in normal form. One that was put out of use is not told apart by the list."""
    country = value(node, "Country").upper()
    roles = set()
    if truth(value(node, "IsCustomer")):
        roles.add(PartyRole.CUSTOMER)
    if truth(value(node, "IsSupplier")):
        roles.add(PartyRole.SUPPLIER)
    key, is_person = guid(node.get("ID")), value(node, "Type").lower() == "person"
    contact = "" if is_person else value(node, "MainContactPerson")
    return PartyRecord(
        external_id=key,
        code=value(node, "Code"),
        name=value(node, "Name"),
        reference=value(node, "Code"),
        is_person=is_person,
        vat_number=normal_vat_number(value(node, "VATNumber"), country),
        enterprise_number=normal_enterprise_number(value(node, "CoCNumber"), country),
        street=value(node, "AddressLine_1"),
        postcode=value(node, "Postcode"),
        city=value(node, "City"),
        country=country,
        email=value(node, "EMailWork"),
        phone=value(node, "PhoneHome"),
        website=value(node, "Website"),
        roles=frozenset(roles),
        # UNSURE: a name, as its word says; a key would tell us nothing.
        contacts=(ContactRecord(company_external_id=key, name=contact),) if contact and not guid_in(contact) else (),
    )


def external_ref(record: PartyRecord, matched_by: str) -> ExternalRef:
    """A found contact, and by which fact."""
    return ExternalRef(
        external_id=record.external_id,
        code=record.code,
        name=record.name,
        matched_by=matched_by,
        roles=record.roles,
        blocked=record.blocked,
    )


_PERSON, _COMPANY = "0", "2"


def contact_document(data: PartyData, *, code: str) -> Element:
    """A party as the document of UpdateContact; what is empty is left out, so that it blanks nothing over there.

    `code`: the one to write, empty to leave the contact's own alone.
    """
    fields = (
        ("ID", guid(data.external_id)),
        ("Type", _PERSON if data.is_person else _COMPANY),
        ("Code", code),
        ("FirstName", data.first_name if data.is_person else ""),
        ("LastName", data.last_name if data.is_person else ""),
        ("FullName", data.name),
        ("AddressLine_1", data.street),
        ("PostCode", data.postcode),
        ("City", data.city),
        ("Country", data.country.upper()),
        ("PhoneHome", data.phone),
        ("EmailWork", data.email),
        ("VATNumber", data.vat_number),
        ("CoCNumber", data.enterprise_number),
    )
    return _document("Contact", CONTACT, fields)


def code_document(external_id: str, code: str) -> Element:
    """The document that gives an existing contact our code and changes nothing else."""
    return _document("Contact", CONTACT, (("ID", guid(external_id)), ("Code", code)))


def sales_contact(data: PartyData, code: str) -> list[tuple[str, str]]:
    """A customer inside a sales document, in its order. Addresses of a contact found by code are overwritten.

    Bank accounts are left alone, and so is everything that is empty with us.
    """
    fields = [
        ("ContactCode", code),
        ("FullName", data.name),
        ("FirstName", data.first_name if data.is_person else ""),
        ("LastName", data.last_name if data.is_person else ""),
        ("CountryCode", data.country.upper()),
        ("City", data.city),
        ("Zipcode", data.postcode),
        ("AddressLine_1", data.street),
        ("EmailAddress", data.email),
        ("CoCNumber", data.enterprise_number),
        ("VATNumber", data.vat_number),
        ("ContactType", "Person" if data.is_person else "Company"),
        ("PhoneHome", data.phone),
    ]
    return [(name, cut(one, 250)) for name, one in fields if clean(one)]


def _document(name: str, namespace: str, fields: Iterable[tuple[str, str]]) -> Element:
    root = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})
    for field, one in fields:
        if text(one):
            etree.SubElement(root, f"{{{namespace}}}{field}").text = clean(one)
    return root
