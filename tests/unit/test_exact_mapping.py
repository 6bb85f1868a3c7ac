"""Exact Online's lists and relations, both ways."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base.records import (
    AccountKind,
    ContactRecord,
    JournalKind,
    PartyData,
    PartyRole,
    PaymentMethod,
    VatDirection,
)
from integrations.exact import mapping
from integrations.exact.unsure import Readings

GUID = "9b712e83-36bf-5627-a3f8-36a8fd6c3d05"
OTHER = "aa675be4-d74a-5bad-97e5-0309d56744a8"


# --- administrations ------------------------------------------------------------------------------------------


def division(**changes):
    return {
        "Code": 3120451,
        "Hid": "1",
        "Description": "Brugpijlertje Digitaal bv",
        "Country": "BE ",
        "Currency": "EUR",
        "VATNumber": "BE 0987.000.062",
        "Status": 1,
        "BlockingStatus": 0,
        "DivisionMoveDate": None,
        **changes,
    }


def test_a_division_is_an_administration():
    found = mapping.administration(division())
    assert (found.external_id, found.number, found.name) == ("3120451", "1", "Brugpijlertje Digitaal bv")
    assert (found.country, found.currency, found.vat_number) == ("BE", "EUR", "BE0987000062")
    assert (found.is_open, found.closed_reason, found.epoch) == (True, "", "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Status": 0}, "inactive"),
        ({"Status": 2}, "archived"),
        ({"BlockingStatus": 1}, "backup or restore is going on"),
        ({"Status": 2, "BlockingStatus": 6}, "archived, data is being copied"),
        ({"BlockingStatus": 99}, "blocked"),
    ],
)
def test_a_closed_division_says_why(changes, reason):
    found = mapping.administration(division(**changes))
    assert (found.is_open, found.closed_reason) == (False, reason)


def test_a_moved_division_gets_another_epoch():
    moved = mapping.administration(division(DivisionMoveDate="/Date(1393891200000)/"))
    assert moved.epoch != mapping.administration(division()).epoch


# --- catalogue ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (20, JournalKind.SALES),
        (21, JournalKind.SALES_RETURN),
        (22, JournalKind.PURCHASE),
        (23, JournalKind.PURCHASE_RETURN),
        (10, JournalKind.OTHER),
        (12, JournalKind.OTHER),
        (90, JournalKind.OTHER),
    ],
)
def test_journal_types(kind, found):
    record = mapping.journal({"ID": GUID, "Code": " 70", "Description": "Verkoop", "Type": kind, "IsBlocked": False})
    assert (record.kind, record.code, record.vendor_type, record.active) == (found, "70", str(kind), True)


def test_a_blocked_journal_is_not_active():
    assert mapping.journal({"Code": "75", "Type": 20, "IsBlocked": True}).active is False


@pytest.mark.parametrize(
    ("kind", "found", "bookable"),
    [
        (110, AccountKind.REVENUE, True),
        (111, AccountKind.COST, True),
        (120, AccountKind.COST, True),
        (121, AccountKind.COST, True),
        (20, AccountKind.OTHER, False),
        (22, AccountKind.OTHER, False),
        (24, AccountKind.OTHER, False),
        (140, AccountKind.OTHER, True),
        (30, AccountKind.OTHER, True),
    ],
)
def test_ledger_account_types(kind, found, bookable):
    record = mapping.ledger_account({"ID": GUID.upper(), "Code": "700000", "Type": kind})
    assert (record.kind, record.bookable, record.external_id) == (found, bookable, GUID)


@pytest.mark.parametrize(("rule", "needed"), [(0, False), (1, True), (2, False), (None, False), ("1", True)])
def test_cost_centres_are_needed_where_the_account_says_mandatory(rule, needed):
    assert mapping.ledger_account({"Type": 110, "UseCostcenter": rule}).needs_cost_centre is needed


def vat(**changes):
    return {
        "ID": GUID,
        "Code": "4  ",
        "Description": "21 %",
        "Type": "E",
        "Percentage": "0.21",
        "VATTransactionType": "S",
        "IsBlocked": False,
        "Charged": False,
        "OssCountry": None,
        **changes,
    }


def test_a_vat_code():
    record = mapping.vat_code(vat())
    assert (record.code, record.percentage, record.direction) == ("4", Decimal("21.00"), VatDirection.SALES)
    assert (record.inclusive, record.active, record.reverse_charge, record.country) == (False, True, False, "")


def test_both_readings_of_a_percentage_give_the_same_code():
    assert mapping.vat_code(vat(Percentage=21)) == mapping.vat_code(vat(Percentage="0.21"))


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"Type": "I"}, "inclusive", True),
        ({"Type": "B", "Percentage": None}, "percentage", Decimal("0.00")),
        ({"Type": "N", "Percentage": None}, "percentage", Decimal("0.00")),
        ({"Percentage": None}, "percentage", None),
        ({"VATTransactionType": "P"}, "direction", VatDirection.PURCHASE),
        ({"VATTransactionType": "B"}, "direction", VatDirection.BOTH),
        ({"IsBlocked": True}, "active", False),
        ({"Charged": True}, "reverse_charge", True),
        ({"OssCountry": "FR "}, "country", "FR"),
    ],
)
def test_what_a_vat_code_can_be(changes, field, value):
    assert getattr(mapping.vat_code(vat(**changes)), field) == value


def term(**changes):
    return {
        "ID": GUID,
        "Code": "30",
        "Description": "30 dagen",
        "PaymentDays": 30,
        "PaymentEndOfMonths": 0,
        "PaymentMethod": "B",
        "DiscountPercentage": 0,
        "DiscountPaymentDays": 0,
        "Percentage": 1,
        **changes,
    }


@pytest.mark.parametrize(
    ("letter", "method"),
    [
        ("B", PaymentMethod.ON_CREDIT),
        ("I", PaymentMethod.DIRECT_DEBIT),
        ("K", PaymentMethod.CASH),
        ("Q", PaymentMethod.OTHER),
        ("", PaymentMethod.OTHER),
    ],
)
def test_payment_methods(letter, method):
    (record,) = mapping.payment_terms([term(PaymentMethod=letter)])
    assert (record.code, record.days, record.month_ends, record.method) == ("30", 30, 0, method)
    assert record.has_discount is False


def test_month_ends_are_kept_apart_from_days():
    (record,) = mapping.payment_terms([term(PaymentDays=15, PaymentEndOfMonths=2)])
    assert (record.days, record.month_ends) == (15, 2)


@pytest.mark.parametrize("discount", [{"DiscountPercentage": "0.02"}, {"DiscountPaymentDays": 8}])
def test_a_discount_shows(discount):
    (record,) = mapping.payment_terms([term(**discount)])
    assert record.has_discount is True


def test_instalments_under_one_code_are_one_term_that_equals_none_of_ours():
    half = [term(Percentage="0.5", PaymentDays=14), term(Percentage="0.5", PaymentDays=60), term(Code="14")]
    records = {record.code: record for record in mapping.payment_terms(half)}
    assert set(records) == {"30", "14"}
    assert (records["30"].method, records["30"].days) == (PaymentMethod.OTHER, 60)
    assert records["14"].method is PaymentMethod.ON_CREDIT


def test_periods_know_for_which_journals_they_are_closed():
    periods = [
        {"ID": OTHER, "FinYear": 2026, "FinPeriod": 2, "StartDate": "/Date(1769904000000)/", "EndDate": "2026-02-28"},
        {"ID": GUID, "FinYear": 2026, "FinPeriod": 1, "StartDate": "2026-01-01", "EndDate": "2026-01-31"},
        {"ID": GUID, "FinYear": 2026, "FinPeriod": 3, "StartDate": None, "EndDate": None},
    ]
    statuses = [
        {"Journal": " 70", "Year": 2026, "Period": 1, "Status": 1},
        {"Journal": "60", "Year": 2026, "Period": 1, "Status": 1},
        {"Journal": "70", "Year": 2026, "Period": 2, "Status": 0},
        {"Journal": "60", "Year": 2026, "Period": 2, "Status": 1},
    ]
    first, second = mapping.fiscal_periods(periods, statuses, frozenset({"70", "60"}))
    assert (first.number, first.start, first.end) == (1, date(2026, 1, 1), date(2026, 1, 31))
    assert (first.closed, first.closed_journals) == (True, {"70", "60"})
    assert (second.start, second.closed, second.closed_journals) == (date(2026, 2, 1), False, {"60"})


def test_without_the_journals_nothing_is_called_closed_for_all():
    periods = [{"ID": GUID, "FinYear": 2026, "FinPeriod": 1, "StartDate": "2026-01-01", "EndDate": "2026-01-31"}]
    (record,) = mapping.fiscal_periods(periods, [{"Journal": "70", "Year": 2026, "Period": 1, "Status": 1}])
    assert (record.closed, record.closed_journals) == (False, {"70"})


# --- parties --------------------------------------------------------------------------------------------------


def account(**changes):
    return {
        "ID": GUID,
        "Code": "                25",
        "Name": "Rijschool De Afslag Gemist",
        "SearchCode": "BB-000017",
        "VATNumber": "BE 0123.456.749",
        "ChamberOfCommerce": "0123.456.749",
        "AddressLine1": "Molendreef 7",
        "Postcode": "9000",
        "City": "Gent",
        "Country": "BE ",
        "Language": "NL-BE",
        "Email": "info@afslag.example",
        "Phone": None,
        "Website": "",
        "Status": "C",
        "IsSupplier": False,
        "Blocked": False,
        **changes,
    }


def test_an_account_is_a_party_in_normal_form():
    record = mapping.party(account())
    assert (record.external_id, record.code, record.reference) == (GUID, "25", "BB-000017")
    assert (record.vat_number, record.enterprise_number) == ("BE0123456749", "0123456749")
    assert (record.country, record.language, record.phone) == ("BE", "nl", "")
    assert record.roles == {PartyRole.CUSTOMER}
    assert record.blocked is False


@pytest.mark.parametrize(
    ("status", "is_supplier", "roles"),
    [
        ("C", True, {PartyRole.CUSTOMER, PartyRole.SUPPLIER}),
        ("A", True, {PartyRole.SUPPLIER}),
        ("P", False, set()),
        ("S", None, set()),
    ],
)
def test_roles_of_an_account(status, is_supplier, roles):
    assert mapping.party(account(Status=status, IsSupplier=is_supplier)).roles == roles


def ours(**changes):
    return PartyData(**{"reference": "BB-000017", "name": "De Afslag bv", **changes})


def test_a_new_account_carries_our_mark_and_its_role():
    payload = mapping.account_payload(
        ours(vat_number="BE0123456749", country="be", language="nl", payment_term_code="30")
    )
    assert payload == {
        "Name": "De Afslag bv",
        "Status": "C",
        "SearchCode": "BB-000017",
        "VATNumber": "BE0123456749",
        "Country": "BE",
        "Language": "NL-BE",
        "PaymentConditionSales": "30",
    }


def test_a_supplier_is_never_made_a_customer_nor_the_reverse():
    payload = mapping.account_payload(ours(roles=frozenset({PartyRole.SUPPLIER}), payment_term_code="30"))
    assert payload["IsSupplier"] is True
    assert "Status" not in payload
    assert (payload.get("PaymentConditionSales"), payload["PaymentConditionPurchase"]) == (None, "30")
    assert "IsSupplier" not in mapping.account_payload(ours())


def test_an_update_leaves_the_search_code_of_others_alone():
    assert "SearchCode" not in mapping.account_payload(ours(external_id=GUID))


def test_giving_a_role_and_nothing_else():
    bare = PartyData(reference="", name="", external_id=GUID, roles=frozenset({PartyRole.CUSTOMER}))
    assert mapping.account_payload(bare) == {"Status": "C"}


texts = st.text(max_size=20)
parties = st.builds(
    PartyData,
    reference=texts,
    name=texts,
    vat_number=texts,
    enterprise_number=texts,
    street=texts,
    postcode=texts,
    city=texts,
    country=texts,
    language=texts,
    email=texts,
    phone=texts,
    website=texts,
    payment_term_code=texts,
    roles=st.frozensets(st.sampled_from(PartyRole)),
    external_id=st.sampled_from(["", GUID]),
)


@given(parties)
def test_nothing_is_ever_blanked_over_there(data):
    payload = mapping.account_payload(data)
    assert all(value not in ("", None, False) for value in payload.values())


@pytest.mark.parametrize(
    ("language", "country", "code"),
    [
        ("nl", "BE", "NL-BE"),
        ("fr", "BE", "FR-BE"),
        ("nl", "NL", "NL"),
        ("fr", "FR", "FR"),
        ("en", "BE", "EN"),
        ("de", "BE", ""),
        ("", "BE", ""),
    ],
)
def test_language_codes(language, country, code):
    assert mapping.language_code(language, country) == code


def test_languages_stay_home_when_their_codes_are_refused():
    payload = mapping.account_payload(ours(language="nl", country="BE"), Readings(send_language=False))
    assert "Language" not in payload


# --- settlements ----------------------------------------------------------------------------------------------


def payment_term(**changes):
    return {
        "Timestamp": "493115",
        "ID": GUID,
        "LineType": 20,
        "IsFullyPaid": False,
        "Status": 20,
        "TransactionEntryID": OTHER,
        "TransactionType": 20,
        "YourRef": "2026/0142",
        "AmountFC": "-121.0",
        "LastPaymentDate": None,
        "EndDate": None,
        **changes,
    }


def test_an_open_receivable():
    row = mapping.settlement_row(payment_term())
    assert (row.external_id, row.document_external_id, row.reference) == (GUID, OTHER, "2026/0142")
    assert (row.is_sales, row.amount, row.settled, row.settled_on) == (True, Decimal("121.00"), False, None)
    assert row.version == 493115


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"IsFullyPaid": True, "Status": 50}, True),
        ({"IsFullyPaid": None, "Status": 50}, True),
        ({"IsFullyPaid": True, "Status": 20}, True),
        ({"Status": 30}, False),
        ({"Status": 40}, False),  # in a payment file: not paid
        ({"EndDate": "2026-03-01"}, False),  # a receivable is settled by its flag, not by a date
        ({"LineType": 22, "TransactionType": 30, "EndDate": "2026-03-01", "IsFullyPaid": None}, True),
        ({"LineType": 22, "TransactionType": 30, "Status": 50, "IsFullyPaid": None}, True),
        ({"LineType": 22, "TransactionType": 30, "IsFullyPaid": None}, False),
    ],
)
def test_when_a_term_is_settled(changes, settled):
    assert mapping.settlement_row(payment_term(**changes)).settled is settled


def test_a_settled_term_has_the_date_of_its_last_payment_else_its_end():
    paid = payment_term(IsFullyPaid=True, LastPaymentDate="/Date(1772323200000)/", EndDate="2026-03-09")
    assert mapping.settlement_row(paid).settled_on == date(2026, 3, 1)
    matched = payment_term(Status=50, EndDate="2026-03-09")
    assert mapping.settlement_row(matched).settled_on == date(2026, 3, 9)


@pytest.mark.parametrize(
    "changes",
    [{"LineType": 10}, {"LineType": None}, {"TransactionEntryID": None}, {"TransactionType": 40}, {"ID": None}],
)
def test_rows_of_banks_and_memorials_are_none_of_ours(changes):
    assert mapping.settlement_row(payment_term(**changes)) is None


def test_a_term_without_stated_type_is_kept():
    assert mapping.settlement_row(payment_term(TransactionType=None)) is not None


def test_a_deleted_term_replaces_the_former_row():
    row = mapping.deleted_settlement({"EntityKey": GUID.upper(), "EntityType": 10, "Timestamp": "7"})
    assert (row.external_id, row.deleted, row.settled, row.version) == (GUID, True, False, 7)


def test_a_contact_person_has_the_address_for_business_and_the_whole_last_name():
    row = {
        "ID": "{5C3E2A10-0000-4000-8000-000000000001}", "Account": "5c3e2a10-0000-4000-8000-000000000002",
        "FirstName": "Jan", "MiddleName": "van der", "LastName": "Berg", "Email": "jan@home.example",
        "BusinessEmail": "jan@firm.example", "BusinessMobile": "0470", "Phone": "09", "Language": "NL-BE",
        "JobTitleDescription": "Owner", "EndDate": "/Date(1798671600000)/",
    }  # fmt: skip
    found = mapping.contact(row, date(2026, 11, 21))
    assert found == ContactRecord(
        external_id="5c3e2a10-0000-4000-8000-000000000001",
        company_external_id="5c3e2a10-0000-4000-8000-000000000002",
        name="Jan van der Berg", first_name="Jan", last_name="van der Berg", email="jan@firm.example", phone="0470",
        language="nl", role="Owner",
    )  # fmt: skip
    assert mapping.contact(row, date(2027, 11, 21)) is None
    assert mapping.contact({**row, "Account": None}, date(2026, 11, 21)) is None
    assert mapping.contact({**row, "FirstName": "", "MiddleName": None, "LastName": " "}, date(2026, 11, 21)) is None
