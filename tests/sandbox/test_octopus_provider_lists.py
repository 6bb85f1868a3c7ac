"""Octopus's lists over HTTP: bookyears, journals, periods, accounts, VAT codes, currencies, and what they cost."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from integrations.base.errors import MissingLink, Unreachable
from integrations.base.records import AccountKind, CatalogueKind, JournalKind, VatDirection
from integrations.octopus.tool import OCTOPUS
from tests.sandbox.octopus_box import BARE, MONTHS, QUARTERS

K = CatalogueKind
TODAY = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def lists(octopus, *kinds, dossier=QUARTERS):
    octopus.session.drop()
    return octopus.open(dossier=dossier, now=lambda: TODAY).catalogue(frozenset(kinds))


def test_everything_at_once_stays_within_a_day_of_two_readings(octopus):
    octopus.switch(limits=True)
    octopus.provider.catalogue(frozenset(CatalogueKind))
    spent = Counter(operation for _, operation in octopus.calls())
    assert spent == {"dossier-token": 1, "bookyears": 1, "journals": 3, "accounts": 1, "vatcodes": 1, "currencies": 1}


def test_journals_by_what_they_take(octopus):
    found = {journal.code: journal for journal in lists(octopus, K.JOURNALS).journals}
    assert [code for code, journal in found.items() if journal.kind is JournalKind.SALES and journal.active] == [
        "V1",
        "V2",
    ]
    assert [code for code, journal in found.items() if journal.kind is JournalKind.PURCHASE] == ["A1", "A2"]
    # Invoice documents, prices including VAT, closed in every year.
    assert (found["V3"].kind, found["V3"].vendor_type) == (JournalKind.OTHER, "V:2")
    assert (found["V4"].kind, found["V4"].vendor_type) == (JournalKind.OTHER, "V:3")
    assert (found["V5"].kind, found["V5"].active) == (JournalKind.SALES, False)


def test_a_dossier_without_a_usable_sales_journal(octopus):
    found = lists(octopus, K.JOURNALS, dossier=BARE).journals
    assert [journal.kind for journal in found] == [JournalKind.OTHER, JournalKind.OTHER]


@pytest.mark.parametrize(
    ("dossier", "count", "day", "expected"),
    [
        (MONTHS, 36, date(2026, 5, 11), "4/202605"),
        (QUARTERS, 12, date(2026, 5, 11), "4/202602"),
        (BARE, 1, date(2026, 5, 11), "1/202601"),
    ],
)
def test_periods_are_months_quarters_or_years_and_name_their_bookyear(octopus, dossier, count, day, expected):
    periods = lists(octopus, K.FISCAL_PERIODS, dossier=dossier).fiscal_periods
    assert len(periods) == count
    (found,) = [period for period in periods if period.start <= day <= period.end]
    assert (found.external_id, found.book_year) == (expected, expected.split("/")[0])


def closed(periods, external_id):
    (found,) = [period for period in periods if period.external_id == external_id]
    return found.closed, found.closed_journals


def test_a_closed_period_is_closed_for_every_journal(octopus):
    periods = lists(octopus, K.FISCAL_PERIODS).fiscal_periods
    assert closed(periods, "4/202601") == (True, frozenset({"A1", "A2", "V1", "V2", "V5"}))
    assert closed(periods, "4/202602") == (False, frozenset({"V5"}))
    assert closed(periods, "3/202504") == (False, frozenset({"V5"}))


def test_a_secured_period_shuts_its_journal_only(octopus):
    octopus.control("close_period", division=int(QUARTERS), bookyear=4, until=202602, secure=True, journals=["V1"])
    periods = lists(octopus, K.FISCAL_PERIODS).fiscal_periods
    assert closed(periods, "4/202602") == (False, frozenset({"V1", "V5"}))
    assert closed(periods, "4/202603") == (False, frozenset({"V5"}))


def test_a_closed_bookyear_is_closed_without_reading_its_journals(octopus):
    octopus.control("close_period", division=int(QUARTERS), bookyear=3, bookyear_closed=True)
    periods = lists(octopus, K.FISCAL_PERIODS).fiscal_periods
    assert {period.closed for period in periods if period.external_id.startswith("3/")} == {True}
    assert octopus.calls().count(("GET", "journals")) == 2


def test_a_journal_that_a_year_lacks_is_shut_there(octopus):
    octopus.control("touch", table="journals", code="V2", bookyear=5, division=int(QUARTERS), delete=True)
    found = lists(octopus, K.FISCAL_PERIODS, K.JOURNALS)
    assert "V2" in [journal.code for journal in found.journals]
    assert closed(found.fiscal_periods, "4/202602") == (False, frozenset({"V5"}))
    assert closed(found.fiscal_periods, "5/202701") == (False, frozenset({"V2", "V5"}))


def test_accounts_of_the_present_year(octopus):
    found = {account.code: account for account in lists(octopus, K.LEDGER_ACCOUNTS).ledger_accounts}
    assert len(found) == 111
    assert (found["700100"].external_id, found["700100"].kind, found["700100"].name) == (
        "700100",
        AccountKind.REVENUE,
        "Diensten in België, 21 %",
    )
    assert (found["613310"].kind, found["613310"].bookable) == (AccountKind.COST, True)
    assert [found[code].bookable for code in ("400000", "440000", "451000", "411000")] == [False] * 4
    assert [code for code, account in found.items() if account.needs_cost_centre] == ["613900"]
    year = next(q["bookyearId"] for q in octopus.queries() if "bookyearId" in q)
    assert year == "4"


@pytest.mark.parametrize("again", [False, True])
def test_vat_codes_count_once_whatever_they_are_listed_for(octopus, again):
    octopus.switch(vat_credit_types=again)
    found = {code.code: code for code in lists(octopus, K.VAT_CODES).vat_codes}
    assert len(found) == 24
    assert (found["06"].percentage, found["06"].direction) == (Decimal("6.0"), VatDirection.SALES)
    assert found["D21"].direction is VatDirection.PURCHASE
    assert found["21"].external_id == "21"
    assert {code.vendor_type for code in found.values()} == {"1", "2"}


def test_currencies_and_no_payment_terms(octopus):
    found = lists(octopus, K.CURRENCIES, K.PAYMENT_TERMS)
    assert (found.currencies, found.payment_terms) == (("EUR", "GBP", "USD"), ())
    assert found.journals is None


@pytest.mark.parametrize("key", ["technicalInfo", "errorMessage"])
def test_nothing_there_is_an_empty_list(octopus, key):
    octopus.switch(error_text=key)
    assert lists(octopus, K.LEDGER_ACCOUNTS, dossier=BARE).ledger_accounts == ()


def test_a_404_that_is_no_answer_of_octopus_is_not_an_empty_list(octopus):
    octopus.fault("status", path="/vatcodes", status=404, body="<html>")
    with pytest.raises(Exception, match="not there"):
        octopus.provider.catalogue(frozenset({K.VAT_CODES}))


@pytest.mark.parametrize("kind", ["garbage", "truncate", "drop_after"])
def test_a_broken_list_is_no_list(octopus, kind):
    octopus.fault(kind, path="/vatcodes")
    with pytest.raises(Unreachable):
        octopus.provider.catalogue(frozenset({K.VAT_CODES}))


def test_lists_asked_for_one_by_one_cost_no_more(octopus):
    for kind in sorted(K):
        octopus.provider.catalogue(frozenset({kind}))
    octopus.provider.last_number("V1", "4")
    spent = Counter(operation for _, operation in octopus.calls())
    assert spent == {"dossier-token": 1, "bookyears": 1, "journals": 3, "accounts": 1, "vatcodes": 1, "currencies": 1}


def test_every_list_names_the_calls_that_bound_it():
    assert OCTOPUS.list_operations == {
        "ledger-accounts": "accounts",
        "vat-codes": "vatcodes",
        "currencies": "currencies",
        "journals": "journals",
        "fiscal-periods": "bookyears",
    }
    counted = {limit.name for limit in OCTOPUS.limits.calls}
    assert set(OCTOPUS.list_operations.values()) <= counted


def test_last_numbers_belong_to_a_bookyear(octopus):
    assert octopus.provider.last_number("V1", "3") == 6
    assert octopus.provider.last_number("V1", "4") == 1
    assert octopus.provider.last_number("V2", "4") == 0
    # One reading per bookyear, whatever the number of journals.
    assert octopus.calls().count(("GET", "journals")) == 2


@pytest.mark.parametrize(("journal", "year"), [("V9", "4"), ("V1", "9"), ("V1", "x")])
def test_a_journal_that_is_not_there_is_said(octopus, journal, year):
    with pytest.raises(MissingLink) as caught:
        octopus.provider.last_number(journal, year)
    assert caught.value.code == "AUT-409"
