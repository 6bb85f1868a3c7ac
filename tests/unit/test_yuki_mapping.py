"""Yuki's lists and contacts, both ways."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.base.records import AccountKind, PartyData, PartyRole, VatDirection
from integrations.yuki import mapping, soap

GUID = "6e24b17f-be9e-52ea-951e-1b7ff46978ac"
DOMAIN = "c92e5f1f-0cec-5d11-b07f-e4cbfac830da"


def node(xml: str):
    return soap.parse(f"<root>{xml}</root>".encode())[0]


def administration(**changes: str):
    facts = {
        "Name": "Voorbeeld bv",
        "Country": "BE",
        "VATNumber": "BE1987.000.062",
        "DomainID": DOMAIN.upper(),
        "Active": "true",
        **changes,
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in facts.items())
    return node(f'<Administration ID="{GUID.upper()}">{inner}</Administration>')


def test_a_legal_entity_is_an_administration():
    found = mapping.administration(administration())
    assert (found.external_id, found.name, found.country) == (GUID, "Voorbeeld bv", "BE")
    assert (found.currency, found.vat_number, found.is_open) == ("EUR", "BE1987000062", True)
    assert mapping.domain_of(administration()) == DOMAIN


def test_one_out_of_use_is_closed_and_says_why():
    found = mapping.administration(administration(Active="false"))
    assert (found.is_open, found.closed_reason) == (False, "inactive")


@pytest.mark.parametrize(
    ("code", "kind", "bookable"),
    [
        ("700000", AccountKind.REVENUE, True),
        ("708000", AccountKind.REVENUE, True),
        ("743000", AccountKind.OTHER, False),
        ("613310", AccountKind.COST, True),
        ("400000", AccountKind.OTHER, False),
        ("80000", AccountKind.REVENUE, True),
        ("45350", AccountKind.COST, True),
        ("13000", AccountKind.OTHER, False),
        ("7000", AccountKind.OTHER, False),
    ],
)
def test_accounts_are_told_apart_by_their_number(code, kind, bookable):
    found = mapping.ledger_account(
        node(f"<GlAccount><code>{code}</code><isEnabled>true</isEnabled><descripton>Omzet</descripton></GlAccount>")
    )
    assert (found.external_id, found.code, found.name) == (code, code, "Omzet")
    assert (found.kind, found.bookable, found.active) == (kind, bookable, True)


@pytest.mark.parametrize("enabled", ["<isEnabled>false</isEnabled>", ""])
def test_an_account_that_is_not_said_to_be_in_use_is_not(enabled):
    assert mapping.ledger_account(node(f"<GlAccount><code>700990</code>{enabled}</GlAccount>")).active is False


def vat(kind: int, percentage: str, description: str = "", country: str = "", start: str = "", end: str = ""):
    def day(name: str, value: str) -> str:
        return f"<{name}>{value}T00:00:00</{name}>" if value else f'<{name} xsi:nil="true"/>'

    return node(
        f'<VATCode xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><description>{description}</description>'
        f"<type>{kind}</type><percentage>{percentage}</percentage><country>{country}</country>"
        f"{day('startDate', start)}{day('endDate', end)}</VATCode>"
    )


TODAY = date(2026, 3, 17)


def test_a_vat_code_is_named_by_type_percentage_and_country():
    high, oss, reverse, purchase = mapping.vat_codes(
        [vat(1, "21", "BTW 21%"), vat(40, "21.00", "OSS NL", "NL"), vat(17, "0.00", "Verlegd"), vat(3, "0", "Other")],
        TODAY,
    )
    assert (high.code, high.name, high.percentage, high.country) == ("1:21.00", "BTW 21%", Decimal("21.00"), "")
    assert (high.direction, high.active, high.reverse_charge, high.inclusive) == (
        VatDirection.SALES,
        True,
        False,
        False,
    )
    assert (oss.code, oss.country) == ("40:21.00:NL", "NL")
    assert (reverse.code, reverse.reverse_charge) == ("17:0.00", True)
    assert purchase.direction is VatDirection.PURCHASE


@pytest.mark.parametrize(
    ("start", "end", "active"),
    [
        ("", "", True),
        ("2019-01-01", "", True),
        ("2026-04-01", "", False),
        ("", "2026-03-16", False),
        ("", "2026-03-17", True),
    ],
)
def test_a_vat_code_counts_in_its_time_only(start, end, active):
    (found,) = mapping.vat_codes([vat(1, "21.00", start=start, end=end)], TODAY)
    assert found.active is active


def test_two_vat_codes_of_one_name_are_told_apart():
    one, other = mapping.vat_codes([vat(8, "21.00", "Afstand", "BE"), vat(8, "21.00", "Installatie", "BE")], TODAY)
    assert (one.code, other.code) == ("8:21.00:BE:Afstand", "8:21.00:BE:Installatie")


def contact(**facts: str):
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in facts.items())
    return node(f'<Contact ID="{GUID}">{inner}</Contact>')


def test_a_contact_is_a_party_in_normal_form():
    found = mapping.party(
        contact(
            Type="Company",
            Code="K101",
            Name="Drukkerij",
            AddressLine_1="Laan 44",
            Postcode="9300",
            City="Aalst",
            Country="BE",
            EMailWork="info@drukkerij.example",
            VATNumber="BE 1900.414.892",
            CoCNumber="1900.414.892",
            IsSupplier="False",
            IsCustomer="True",
        )
    )
    assert (found.external_id, found.code, found.reference, found.name) == (GUID, "K101", "K101", "Drukkerij")
    assert (found.vat_number, found.enterprise_number) == ("BE1900414892", "1900414892")
    assert (found.street, found.postcode, found.city, found.email) == (
        "Laan 44",
        "9300",
        "Aalst",
        "info@drukkerij.example",
    )
    assert found.roles == {PartyRole.CUSTOMER}
    assert not found.is_person


def test_missing_elements_are_empty():
    found = mapping.party(contact(Name="A"))
    assert (found.code, found.vat_number, found.roles) == ("", "", frozenset())


def test_a_contact_goes_out_without_what_is_empty():
    data = PartyData(reference="BB-000001", name=" A & B\n bv ", country="be", city="", external_id=GUID)
    document = mapping.contact_document(data, code="")
    assert [(soap.name_of(one), one.text) for one in document] == [
        ("ID", GUID),
        ("Type", "2"),
        ("FullName", "A & B bv"),
        ("Country", "BE"),
    ]


def test_a_person_goes_out_with_both_names():
    data = PartyData(reference="BB-000002", name="An Peeters", is_person=True, first_name="An", last_name="Peeters")
    document = mapping.contact_document(data, code="BB-000002")
    assert [(soap.name_of(one), one.text) for one in document] == [
        ("Type", "0"),
        ("Code", "BB-000002"),
        ("FirstName", "An"),
        ("LastName", "Peeters"),
        ("FullName", "An Peeters"),
    ]
    inline = dict(mapping.sales_contact(data, "BB-000002"))
    assert inline == {
        "ContactCode": "BB-000002",
        "FullName": "An Peeters",
        "FirstName": "An",
        "LastName": "Peeters",
        "ContactType": "Person",
    }


def test_bank_accounts_are_left_alone():
    data = PartyData(reference="BB-1", name="A", iban="BE63999420091108", bic="DEMOBEBB")
    assert not any("Bank" in name or "BIC" in name for name, _ in mapping.sales_contact(data, "BB-1"))


@pytest.mark.parametrize(
    ("kind", "main", "names"),
    [
        ("Company", "Lies Claes", ["Lies Claes"]),
        ("Company", GUID.upper(), []),
        ("Company", "", []),
        ("Person", "Lies", []),
    ],
)
def test_the_main_contact_person_of_a_company_is_taken_by_name(kind, main, names):
    found = mapping.party(contact(Name="A", Type=kind, MainContactPerson=main))
    assert [(one.name, one.company_external_id) for one in found.contacts] == [
        (name, found.external_id) for name in names
    ]
