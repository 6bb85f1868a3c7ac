"""Octopus's lists and relations, both ways."""

import string
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base.records import AccountKind, JournalKind, PartyData, PartyRecord, PartyRole, VatDirection
from integrations.octopus import mapping, matching
from integrations.octopus.unsure import Readings


def bookyear(key=4, year=2026, kind=3, **changes):
    periods = [
        {
            "bookyearPeriod": year * 100 + n + 1,
            "startDate": f"{year}-{n * kind + 1:02d}-01",
            "endDate": f"{year}-{(n + 1) * kind:02d}-{30 if (n + 1) * kind in (6, 9) else 31}",
        }
        for n in range(12 // kind)
    ]
    return {
        "bookyearKey": {"id": key},
        "startDate": f"{year}-01-01",
        "endDate": f"{year}-12-31",
        "closed": False,
        "periods": periods,
        **changes,
    }


def journal(code, **changes):
    return {"journalKey": code, "name": code, "closed": False, "insertionType": 1, **changes}


# --- administrations ------------------------------------------------------------------------------------------


def test_a_dossier():
    row = {"dossierDescription": "Demo BV ", "dossierKey": {"id": 49000}, "vatNr": "0123.456.749"}
    record = mapping.administration(row)
    assert (record.external_id, record.name, record.country, record.vat_number) == (
        "49000",
        "Demo BV",
        "BE",
        "BE0123456749",
    )


# --- years and journals ---------------------------------------------------------------------------------------


def test_no_more_than_three_open_years_are_read_and_those_nearest():
    years = [bookyear(key=year - 2000, year=year) for year in range(2018, 2028)]
    found = mapping.years_to_read(years, date(2026, 7, 1))
    assert [mapping.bookyear_key(row) for row in found] == [25, 26, 27]
    closed = [{**row, "closed": row["startDate"] < "2026"} for row in years]
    assert [mapping.bookyear_key(row) for row in mapping.years_to_read(closed, date(2026, 7, 1))] == [26, 27]


def test_a_broken_bookyear_holds_today():
    broken = bookyear(key=7, startDate="2026-07-01", endDate="2027-06-30")
    assert mapping.current_year([bookyear(year=2025), broken], date(2027, 1, 1)) == broken
    assert mapping.current_year([], date(2027, 1, 1)) is None


@pytest.mark.parametrize(
    ("code", "insertion", "kind"),
    [
        ("V1", 1, JournalKind.SALES),
        ("V2", 2, JournalKind.OTHER),
        ("V3", 3, JournalKind.OTHER),
        ("V4", 4, JournalKind.OTHER),
        ("A1", 1, JournalKind.PURCHASE),
        ("F1", 1, JournalKind.OTHER),
        ("D1", 1, JournalKind.OTHER),
        ("L1", 4, JournalKind.OTHER),
    ],
)
def test_what_a_journal_takes(code, insertion, kind):
    (record,) = mapping.journals({4: (journal(code, insertionType=insertion),)})
    assert (record.kind, record.vendor_type) == (kind, f"{code[0]}:{insertion}")


def test_the_latest_years_name_holds_and_closed_everywhere_is_inactive():
    by_year = {
        3: (journal("V1", name="old"), journal("V2", closed=True)),
        4: (journal("V1", name="new"), journal("V2", closed=True)),
    }
    assert [(r.code, r.name, r.active) for r in mapping.journals(by_year)] == [("V1", "new", True), ("V2", "V2", False)]


@pytest.mark.parametrize(
    ("limits", "open_from"),
    [
        ({}, 202601),
        ({"closedPeriod": 0, "protectedPeriod": 0}, 202601),
        ({"closedPeriod": 202602}, 202603),
        ({"protectedPeriod": 202603, "closedPeriod": 202601}, 202604),
    ],
)
def test_a_period_is_open_behind_both_limits(limits, open_from):
    records = mapping.fiscal_periods([bookyear()], {4: (journal("V1", **limits),)})
    assert [r.number for r in records if not r.closed_journals] == [n for n in range(1, 5) if 202600 + n >= open_from]
    assert [r.closed for r in records] == [202600 + r.number < open_from for r in records]


def test_a_period_names_all_that_a_booking_needs():
    records = mapping.fiscal_periods([bookyear(kind=12), bookyear(key=5, year=2027, kind=12)], {})
    assert [(r.external_id, r.year, r.number) for r in records] == [("4/202601", 2026, 1), ("5/202701", 2027, 1)]
    assert mapping.parse_period("4/202601") == (4, 202601)
    assert [mapping.parse_period(text) for text in ("", "4", "x/1", "4/")] == [None] * 4


def test_rows_that_say_nothing_are_passed_over():
    strange = bookyear(periods=[{"bookyearPeriod": 202601}, {"startDate": "2026-01-01", "endDate": "2026-12-31"}])
    assert mapping.fiscal_periods([strange], {}) == ()
    assert mapping.fiscal_periods([bookyear(periods=None)], {}) == ()


# --- accounts and VAT codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "kind", "bookable"),
    [
        (700100, AccountKind.REVENUE, True),
        (740000, AccountKind.OTHER, True),
        (613310, AccountKind.COST, True),
        (240000, AccountKind.COST, True),
        (400000, AccountKind.OTHER, False),
        (451000, AccountKind.OTHER, False),
    ],
)
def test_an_account_by_its_number(number, kind, bookable):
    record = mapping.ledger_account({"accountKey": {"id": number}, "description": {"description_NL": "x"}})
    assert (record.external_id, record.kind, record.bookable, record.needs_cost_centre) == (
        str(number),
        kind,
        bookable,
        False,
    )


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ({"description_NL": "Verkopen", "description_FR": "Ventes"}, "Verkopen"),
        ({"description_NL": "", "description_FR": "Ventes", "description_EN": ""}, "Ventes"),
        ({}, ""),
    ],
)
def test_names_fall_back(texts, name):
    row = {"accountKey": {"id": 700000}, "description": texts, "costCentreType": 1}
    assert (mapping.ledger_account(row).name, mapping.ledger_account(row).needs_cost_centre) == (name, True)
    assert mapping.ledger_account({}) is None


def test_a_vat_code_listed_for_invoices_and_credit_notes_is_one():
    rows = [{"code": "06", "type": kind, "basePercentage": "6.0", "description": f"type {kind}"} for kind in (4, 2)] + [
        {"code": "D21", "type": 3, "basePercentage": 21}
    ]
    found = {record.code: record for record in mapping.vat_codes(rows)}
    assert (found["06"].name, found["06"].direction, found["06"].percentage) == (
        "type 2",
        VatDirection.SALES,
        Decimal("6.0"),
    )
    assert found["D21"].direction is VatDirection.PURCHASE


# --- relations ------------------------------------------------------------------------------------------------

TEXT = st.text(string.ascii_letters + string.digits + " .&'éè", max_size=30).map(str.strip)
PARTIES = st.builds(
    PartyData,
    reference=st.text("0123456789ABCDEF", min_size=12, max_size=12).map("BB".__add__),
    name=TEXT.filter(bool),
    vat_type=st.sampled_from(
        ["unknown", "vat_liable", "contractor", "intra_community", "not_vat_liable", "outside_eu"]
    ),
    vat_number=st.sampled_from(["", "BE0123456749", "FR69299904813", "NL899912345B01"]),
    street=TEXT,
    postcode=st.sampled_from(["", "9000", "1011 AB"]),
    city=TEXT,
    country=st.sampled_from(["", "BE", "NL", "FR", "GB"]),
    language=st.sampled_from(["", "nl", "fr", "en", "de", "it"]),
    email=st.sampled_from(["", "a@b.example"]),
    roles=st.sets(st.sampled_from(list(PartyRole)), min_size=1).map(frozenset),
)


def as_stored(payload, key=28):
    """What the service would show of a relation made by `payload`."""
    identification = {**payload["relationIdentificationServiceData"], "relationKey": {"id": key}}
    return {"active": True, "country": "  ", **payload, "relationIdentificationServiceData": identification}


@given(PARTIES)
def test_what_we_make_comes_back_as_ours(data):
    record = mapping.party(as_stored(mapping.new_relation(data)))
    assert (record.external_id, record.reference, record.name) == ("28", data.reference, data.name)
    assert record.vat_number == data.vat_number
    assert record.roles == data.roles
    assert matching.matched_by(data, record) == matching.BY_REFERENCE


@given(PARTIES, st.integers(0, matching.ATTEMPTS - 1))
def test_our_numbers_are_int32_above_other_peoples(data, attempt):
    payload = mapping.new_relation(data, attempt)
    number = payload["relationIdentificationServiceData"]["externalRelationId"]
    assert 10_000_000 <= number < 2**31
    assert number == matching.external_number(data.reference, attempt)


@given(PARTIES)
def test_nothing_empty_goes_out(data):
    payload = mapping.new_relation(data)
    assert all(value not in ("", None) for value in payload.values())
    assert payload["currencyCode"] == "EUR"


@given(PARTIES)
def test_a_change_blanks_nothing_and_takes_no_role(data):
    row = {
        "name": "Old",
        "city": "Oldtown",
        "email": "old@example.example",
        "country": "BE",
        "client": True,
        "supplier": True,
        "vatType": 4,
        "searchField2": "theirs",
        "ibanAccountNr": "BE1",
        "currencyCode": "USD",
        "relationIdentificationServiceData": {"externalRelationId": 900, "relationKey": {"id": 7}},
    }
    changed = mapping.changed_relation(row, data)
    assert set(row) <= set(changed)
    assert all(changed[name] not in ("", None) for name in changed)
    assert (changed["client"], changed["supplier"], changed["searchField2"], changed["ibanAccountNr"]) == (
        True,
        True,
        "theirs",
        "BE1",
    )
    assert changed["currencyCode"] == "USD"
    assert changed["relationIdentificationServiceData"] == row["relationIdentificationServiceData"]
    if data.vat_type == "unknown":
        assert changed["vatType"] == 4


def test_a_mark_that_others_wrote_is_no_mark():
    row = as_stored(
        {"searchField2": "BB0A1B2C3D4E5F", "relationIdentificationServiceData": {"externalRelationId": 900}}
    )
    assert mapping.party(row).reference == ""


def test_without_the_mark_nothing_is_written_into_their_field():
    payload = mapping.new_relation(PartyData(reference="BB1", name="x"), readings=Readings(mark_in_search_field=False))
    assert "searchField2" not in payload


def test_a_row_without_anything():
    assert mapping.party({}) == PartyRecord(external_id="", code="", name="", language="nl")


@pytest.mark.parametrize(
    ("row", "enterprise"),
    [
        ({"vatNr": "BE0123.456.749"}, "0123456749"),
        ({"vatNr": "FR69299904813", "country": "FR"}, ""),
        ({"participantId": "0208:0123456749"}, "0123456749"),
        ({"participantId": "9925:BE0123456749"}, ""),
    ],
)
def test_enterprise_numbers(row, enterprise):
    assert mapping.party(row).enterprise_number == enterprise


@pytest.mark.parametrize(
    ("value", "dotted", "spellings"),
    [
        ("BE0123456749", "BE0123.456.749", ["BE0123.456.749", "BE0123456749"]),
        ("be 0123.456.749", "BE0123.456.749", ["BE0123.456.749", "BE0123456749"]),
        ("FR69299904813", "FR69299904813", ["FR69299904813"]),
        ("", "", []),
    ],
)
def test_vat_number_spellings(value, dotted, spellings):
    assert matching.dotted_vat_number(value) == dotted
    assert matching.vat_spellings(value) == spellings
