"""Administrations, rights, catalogue, relations and what already stands in the books, read over HTTP."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.base.errors import AccessDenied, AdministrationGone, AuthorisationLost, ProtocolSurprise
from integrations.base.records import AccountKind, CatalogueKind, DocumentKind, JournalKind, PaymentMethod, VatDirection
from integrations.exact.limits import rate_state
from tests.sandbox.exact_box import ExactBox


@pytest.fixture
def box():
    with ExactBox() as box:
        yield box


def pages(found):
    return list(found)


# --- administrations and rights -------------------------------------------------------------------------------


def test_administrations_of_all_licences_with_the_archived_one_marked(box):
    found = {row.external_id: row for row in box.open(division="").administrations()}
    assert set(found) == {"3120451", "3120452", "2987310", "2987311"}
    assert (found["3120451"].name, found["3120451"].country) == ("Brugpijlertje Digitaal bv", "BE")
    assert (found["2987311"].is_open, found["2987311"].closed_reason) == (False, "archived")
    assert [method for method, _, _ in box.calls()] == ["GET", "GET"]


def test_a_moved_division_tells_that_its_cursors_are_void(box):
    before = {row.external_id: row.epoch for row in box.provider.administrations()}
    box.control("move_division", division=3120451)
    after = {row.external_id: row.epoch for row in box.provider.administrations()}
    assert after["3120451"] != before["3120451"]
    assert after["3120452"] == before["3120452"]


def test_without_an_administration_nothing_else_is_asked(box):
    with pytest.raises(ProtocolSurprise):
        box.open(division="").catalogue(frozenset({CatalogueKind.JOURNALS}))
    assert box.calls() == []


@pytest.mark.parametrize("shape", ["object", "bare", "list", "text"])
def test_nothing_is_missing_whatever_the_shape_of_the_answer(box, shape):
    box.switch(rights_shape=shape)
    assert box.provider.check_access() == []


@pytest.mark.parametrize("shape", ["object", "bare", "list", "text"])
@pytest.mark.parametrize(
    ("resource", "action", "code", "optional"),
    [
        ("crm/Accounts", "POST", "accounts", False),
        ("salesentry/SalesEntries", "POST", "sales-entries", False),
        ("salesentry/SalesEntries", "GET", "sales-entries", False),
        ("read/financial/PayablesList", "GET", "creditor-reports", False),
        ("read/financial/ReceivablesList", "GET", "debtor-reports", False),
        ("financial/GLAccounts", "GET", "financial-master-data", False),
        ("purchaseentry/PurchaseEntries", "POST", "purchase-entries", True),
        ("documents/Documents", "POST", "documents", True),
    ],
)
def test_a_missing_right_is_named(box, resource, action, code, optional, shape):
    box.switch(rights_shape=shape)
    box.control("rights", user="demo", resource=resource, actions=[action], allowed=False)
    (missing,) = box.provider.check_access()
    assert (missing.code, missing.resource, missing.action, missing.optional) == (code, resource, action, optional)


def test_a_right_that_is_not_stated_is_not_called_missing(box):
    box.fault("status", path="UserHasRights", status=200, body={"d": {}}, times=50)
    assert box.provider.check_access() == []


def test_a_missing_scope_of_the_app_is_told_as_such(box):
    box.switch(missing_scopes=["financial generalledgers"])
    with pytest.raises(AccessDenied) as denied:
        box.provider.catalogue(frozenset({CatalogueKind.JOURNALS}))
    assert (denied.value.code, denied.value.params["cause"]) == ("AUT-403", "scope")
    assert "financial.generalledgers" in denied.value.vendor_text


@pytest.mark.parametrize(
    ("reason", "error", "code"),
    [
        ("NoDivisionAccess", AdministrationGone, "AUT-404"),
        ("DivisionBlocked", AdministrationGone, "AUT-415"),
        ("LicenseExpired", AdministrationGone, "AUT-415"),
        ("InactiveUser", AuthorisationLost, "AUT-405"),
    ],
)
def test_a_closed_door_says_why(box, reason, error, code):
    box.control("access", user="demo", division=3120451, allowed=False, reason=reason)
    with pytest.raises(error) as closed:
        box.provider.catalogue(frozenset({CatalogueKind.JOURNALS}))
    assert (closed.value.code, closed.value.vendor_code) == (code, reason)


# --- catalogue ------------------------------------------------------------------------------------------------


def test_the_whole_catalogue_costs_seven_calls(box):
    found = box.provider.catalogue(frozenset(CatalogueKind))
    assert [resource for _, resource, _ in box.calls()] == [
        "financial/Journals",
        "bulk/Financial/GLAccounts",
        "vat/VATCodes",
        "cashflow/PaymentConditions",
        "read/financial/JournalStatusList",
        "financial/FinancialPeriods",
        "general/Currencies",
    ]
    assert all("$select" in query for _, _, query in box.calls())
    assert (len(found.journals), len(found.ledger_accounts), len(found.vat_codes)) == (11, 111, 29)
    assert (len(found.payment_terms), len(found.fiscal_periods)) == (10, 36)
    assert set(found.currencies) == {"EUR", "USD", "GBP"}


def test_only_what_is_asked_is_read(box):
    found = box.provider.catalogue(frozenset({CatalogueKind.CURRENCIES}))
    assert len(box.calls()) == 1
    assert (found.journals, found.ledger_accounts, found.fiscal_periods) == (None, None, None)


def test_journals(box):
    journals = {row.code: row for row in box.provider.catalogue(frozenset({CatalogueKind.JOURNALS})).journals}
    assert {code: row.kind for code, row in journals.items() if row.kind is not JournalKind.OTHER} == {
        "70": JournalKind.SALES,
        "71": JournalKind.SALES,
        "72": JournalKind.SALES_RETURN,
        "75": JournalKind.SALES,
        "60": JournalKind.PURCHASE,
        "61": JournalKind.PURCHASE,
    }
    assert [code for code, row in journals.items() if not row.active] == ["75"]


def test_ledger_accounts(box):
    kind = CatalogueKind.LEDGER_ACCOUNTS
    accounts = {row.code: row for row in box.provider.catalogue(frozenset({kind})).ledger_accounts}
    assert (accounts["700100"].kind, accounts["700100"].bookable) == (AccountKind.REVENUE, True)
    assert [accounts[code].bookable for code in ("400000", "451000")] == [False, False]
    assert [code for code, row in accounts.items() if not row.active] == ["700990"]


@pytest.mark.parametrize("percentages", ["fraction", "percent"])
def test_vat_codes_in_both_readings(box, percentages):
    box.switch(percentages=percentages)
    codes = {row.code: row for row in box.provider.catalogue(frozenset({CatalogueKind.VAT_CODES})).vat_codes}
    assert {code: codes[code].percentage for code in ("1", "2", "4", "205", "0", "N")} == {
        "1": Decimal("6.00"),
        "2": Decimal("12.00"),
        "4": Decimal("21.00"),
        "205": Decimal("20.50"),
        "0": Decimal("0.00"),
        "N": Decimal("0.00"),
    }
    assert {code for code, row in codes.items() if row.inclusive} == {"3", "41"}
    assert (codes["4"].direction, codes["30"].direction) == (VatDirection.SALES, VatDirection.PURCHASE)
    assert (codes["37"].reverse_charge, codes["205"].active) == (True, False)


def test_payment_terms(box):
    terms = {row.code: row for row in box.provider.catalogue(frozenset({CatalogueKind.PAYMENT_TERMS})).payment_terms}
    assert {
        code: (row.days, row.month_ends, row.method) for code, row in terms.items() if code in "00 30 2E IN PS"
    } == {
        "00": (0, 0, PaymentMethod.CASH),
        "30": (30, 0, PaymentMethod.ON_CREDIT),
        "2E": (0, 2, PaymentMethod.ON_CREDIT),
        "IN": (14, 0, PaymentMethod.DIRECT_DEBIT),
        "PS": (0, 0, PaymentMethod.OTHER),
    }
    assert [code for code, row in terms.items() if row.has_discount] == ["2K"]


def test_periods_and_their_closings(box):
    wanted = frozenset({CatalogueKind.JOURNALS, CatalogueKind.FISCAL_PERIODS})
    closed = [row for row in box.provider.catalogue(wanted).fiscal_periods if row.closed]
    assert [(row.year, row.number, row.start, row.end) for row in closed] == [
        (2026, 1, date(2026, 1, 1), date(2026, 1, 31))
    ]
    box.control("close_period", division=3120451, year=2026, period=2, journals=["70"])
    periods = {(row.year, row.number): row for row in box.provider.catalogue(wanted).fiscal_periods}
    assert (periods[2026, 2].closed, periods[2026, 2].closed_journals) == (False, {"70"})


def test_closings_are_read_whole_when_they_cannot_be_filtered(box):
    refusal = {"error": {"code": "", "message": {"lang": "", "value": "Filter not allowed"}}}
    box.switch(read_page_size=None)
    box.fault("status", path="JournalStatusList", status=400, body=refusal)
    wanted = frozenset({CatalogueKind.JOURNALS, CatalogueKind.FISCAL_PERIODS})
    closed = [row for row in box.provider.catalogue(wanted).fiscal_periods if row.closed]
    assert [(row.year, row.number) for row in closed] == [(2026, 1)]


@pytest.mark.parametrize("bare", ["never", "always"])
def test_lists_over_several_pages_in_either_shape(box, bare):
    box.switch(page_size=4, bulk_page_size=50, bare_arrays=bare)
    found = box.provider.catalogue(frozenset({CatalogueKind.JOURNALS, CatalogueKind.LEDGER_ACCOUNTS}))
    assert (len(found.journals), len(found.ledger_accounts)) == (11, 111)
    assert len({row.external_id for row in found.ledger_accounts}) == 111
    assert len(box.calls()) == 3 + 3


# --- relations ------------------------------------------------------------------------------------------------


def test_relations_page_by_page_and_then_only_changes(box):
    box.switch(bulk_page_size=10)
    first = pages(box.provider.parties(""))
    assert [(len(page.items), page.is_last) for page in first] == [(10, False), (10, False), (5, True)]
    names = {record.name for page in first for record in page.items}
    assert len(names) == 25
    assert not [record for page in first for record in page.items if record.code != record.code.strip()]
    cursor = first[-1].cursor

    nothing = pages(box.provider.parties(cursor))
    assert [(page.items, page.is_last) for page in nothing] == [((), False), ((), True)]

    box.control("touch", table="accounts", code="3", division=3120451, values={"City": "Luik"})
    box.control("touch", table="accounts", code="25", division=3120451, delete=True)
    changes = [record for page in pages(box.provider.parties(nothing[-1].cursor)) for record in page.items]
    assert [(record.name, record.city, record.deleted) for record in changes] == [
        ("Menuiserie Bois-Clair", "Luik", False),
        ("", "", True),
    ]


def test_reading_relations_goes_on_where_another_worker_stopped(box):
    box.switch(bulk_page_size=10)
    first = next(iter(box.provider.parties("")))
    rest = pages(box.open().parties(first.cursor))
    seen = [record.external_id for page in (first, *rest) for record in page.items if not record.deleted]
    assert len(seen) == len(set(seen)) == 25
    # Going on means that the deleted ones of before are told as well; nobody knows them, so it does no harm.
    assert rest[-1].is_last


def test_vat_numbers_come_in_one_form_however_they_were_typed(box):
    found = {record.name: record.vat_number for page in box.provider.parties("") for record in page.items}
    assert found["Bakkerij Zonnekorrel"] == "BE1900139037"
    assert found["GARAGE TOERENTELLER"] == "BE1900966408"
    assert found["Dakwerken Noorderwind bvba"] == "BE1901655997"


def test_an_empty_list_of_relations_is_not_believed_without_the_right(box):
    box.control("rights", user="demo", resource="crm/Accounts", actions=["GET"], allowed=False)
    box.control("rights", user="demo", resource="sync/CRM/Accounts", actions=["GET"], allowed=False)
    with pytest.raises(AccessDenied) as denied:
        pages(box.provider.parties(""))
    assert (denied.value.code, denied.value.params["right"]) == ("AUT-403", "manage accounts")


def test_deleted_rows_without_the_scope_for_their_log_are_passed_over(box):
    cursor = pages(box.provider.parties(""))[-1].cursor
    box.switch(missing_scopes=["organization administration"])
    assert [page.is_last for page in box.provider.parties(cursor)] == [False, True]


# --- what already stands there --------------------------------------------------------------------------------


def test_references_since_a_date(box):
    found = [record for page in box.provider.references(date(2026, 1, 1)) for record in page.items]
    assert [(row.reference, row.kind, row.date, row.total) for row in found] == [
        ("2026/0010", DocumentKind.SALES_INVOICE, date(2026, 2, 19), Decimal("1222.29")),
        ("F4414", DocumentKind.PURCHASE_INVOICE, date(2026, 2, 12), Decimal("157.18")),
    ]
    assert all(row.ref.external_id and row.party_external_id and row.currency == "EUR" for row in found)


def test_references_go_on_from_any_page(box):
    box.switch(page_size=2)
    whole = pages(box.provider.references(date(2025, 1, 1)))
    assert [page.is_last for page in whole] == [False] * (len(whole) - 1) + [True]
    keys = [record.ref.external_id for page in whole for record in page.items]
    assert len(keys) == len(set(keys)) == 10
    for number, page in enumerate(whole):
        rest = [r.ref.external_id for p in box.provider.references(date(2025, 1, 1), page.cursor) for r in p.items]
        assert rest == [r.ref.external_id for p in whole[number + 1 :] for r in p.items]


def test_an_empty_list_of_entries_is_not_believed_without_the_right(box):
    box.control("rights", user="demo", resource="salesentry/SalesEntries", actions=["GET"], allowed=False)
    with pytest.raises(AccessDenied) as denied:
        pages(box.provider.references(date(2025, 1, 1)))
    assert denied.value.params["right"] == "enter, modify and delete sales entries"


def test_new_books_are_empty_and_that_is_believed_with_the_right(box):
    provider = box.open(division="3120452")
    assert [record for page in provider.references(date(2025, 1, 1)) for record in page.items] == []


# --- limits ---------------------------------------------------------------------------------------------------


def test_every_answer_hands_its_counters_to_the_gate(box):
    box.switch(limits=True, day_limit=9000)
    box.provider.catalogue(frozenset({CatalogueKind.JOURNALS}))
    minute, day = rate_state(box.gate.headers[-1])
    assert (minute.name, minute.limit, minute.remaining) == ("minute", 60, 59)
    assert (day.name, day.limit, day.remaining) == ("day", 9000, 8999)
    assert minute.reset_at < day.reset_at
