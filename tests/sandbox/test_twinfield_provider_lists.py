"""The lists of an office: day books, ledger accounts, VAT codes, periods, currencies, and what stands in the books."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.base.errors import RateLimited, Unreachable
from integrations.base.records import AccountKind, CatalogueKind, DocumentKind, JournalKind, VatDirection
from tests.sandbox.twinfield_box import TwinfieldBox, document, purchase


@pytest.fixture
def box():
    with TwinfieldBox() as box:
        yield box


def one(box, kind):
    return box.provider.catalogue(frozenset({kind}))


def test_only_what_was_asked_for(box):
    found = one(box, CatalogueKind.CURRENCIES)
    assert found.currencies == ("EUR", "USD", "GBP")
    assert found.journals is found.ledger_accounts is found.vat_codes is found.fiscal_periods is None
    assert one(box, CatalogueKind.PAYMENT_TERMS).payment_terms == ()


def test_day_books_by_side_without_hidden_and_intercompany_ones(box):
    found = one(box, CatalogueKind.JOURNALS).journals
    assert {(row.external_id, row.kind) for row in found} == {
        ("VRK", JournalKind.SALES),
        ("VRC", JournalKind.SALES),
        ("INK", JournalKind.PURCHASE),
        ("INC", JournalKind.PURCHASE),
    }


def test_ledger_accounts_without_the_marker_row(box):
    found = {row.code: row for row in one(box, CatalogueKind.LEDGER_ACCOUNTS).ledger_accounts}
    assert not {"PNL", "BAS"} & set(found)
    assert "8490" not in found  # not active
    assert found["0010"].vendor_type == "BAS"
    assert {code: found[code].kind for code in ("8000", "4540", "1300", "9100")} == {
        "8000": AccountKind.REVENUE,
        "4540": AccountKind.COST,
        "1300": AccountKind.OTHER,
        "9100": AccountKind.OTHER,
    }


def test_vat_codes_with_the_percentage_of_today(box):
    found = {row.code: row for row in one(box, CatalogueKind.VAT_CODES).vat_codes}
    assert (found["VH"].percentage, found["VH"].direction) == (Decimal("21.00"), VatDirection.SALES)
    assert (found["VL"].percentage, found["IL"].direction) == (Decimal("9.00"), VatDirection.PURCHASE)
    assert "VL6" not in found  # not active, so the finder keeps it back
    assert [code for code, row in found.items() if row.reverse_charge] == ["VV", "IED", "IEG", "IMP", "IV"]


@pytest.mark.parametrize("special", [True, False])
def test_periods_follow_each_other_and_special_ones_are_left_out(box, special):
    box.switch(special_periods=special)
    found = one(box, CatalogueKind.FISCAL_PERIODS).fiscal_periods
    assert len(found) == 36
    assert (found[0].external_id, found[0].start, found[0].end) == ("2025/01", date(2025, 1, 1), date(2025, 1, 31))
    assert (found[13].external_id, found[13].start, found[13].end) == ("2026/02", date(2026, 2, 1), date(2026, 2, 28))
    assert [row.external_id for row in found if row.closed] == ["2026/01"]


def test_the_whole_catalogue_counts_its_calls(box):
    box.provider.catalogue(frozenset(CatalogueKind))
    calls = box.calls()
    assert calls.count("processxml/read") == 17  # one a VAT code
    assert len(calls) - 17 == 11 + 1  # and the cluster


def test_a_broken_list_is_no_list(box):
    box.fault("garbage", path="finder")
    with pytest.raises(Unreachable):
        one(box, CatalogueKind.JOURNALS)


def test_a_finder_is_read_to_its_last_page(box):
    box.control("seed", parties=230)
    rows = box.provider._client.search("DIM", {"office": box.office, "dimtype": "DEB", "includehidden": "1"})
    assert len({row[0] for row in rows}) == len(rows) == 249
    assert box.calls().count("finder/DIM") == 3


# --- what stands in the books ---------------------------------------------------------------------------------


def references(box, since=date(2025, 1, 1), cursor=""):
    return [record for page in box.provider.references(since, cursor) for record in page.items]


def test_bookings_that_stand_there_already(box):
    found = references(box)
    assert len(found) == 10
    (ours,) = [record for record in found if record.reference == "202620006"]
    assert (ours.kind, ours.party_external_id, ours.total) == (
        DocumentKind.SALES_INVOICE,
        "DEB:1000",
        Decimal("139.45"),
    )
    assert (ours.ref.external_id, ours.ref.fiscal_year, ours.date) == ("VRK:202600001", "2026", date(2026, 2, 17))
    assert {record.kind for record in found} == {DocumentKind.SALES_INVOICE, DocumentKind.PURCHASE_INVOICE}


def test_earlier_bookings_are_left_out(box):
    assert {record.date.year for record in references(box, date(2026, 1, 1))} == {2026}


def test_credit_notes_and_hidden_day_books_are_among_them(box):
    box.provider.post_documents(
        [
            document(kind=DocumentKind.SALES_CREDIT_NOTE, reference="C-1", journal="VRC"),
            purchase(kind=DocumentKind.PURCHASE_CREDIT_NOTE, reference="C-2", journal="INC"),
        ]
    )
    box.control(
        "seed",
        entries=[
            {
                "journal": "VRKOUD",
                "relation": "1001",
                "date": "2026-02-02",
                "reference": "OLD-1",
                "lines": [{"account": "8000", "vat_code": "VH", "net": "10.00", "vat": "2.10"}],
            }
        ],
    )
    found = {record.reference: record for record in references(box, date(2026, 1, 1))}
    assert (found["C-1"].kind, found["C-1"].total) == (DocumentKind.SALES_CREDIT_NOTE, Decimal("121.00"))
    assert (found["C-2"].kind, found["C-2"].total) == (DocumentKind.PURCHASE_CREDIT_NOTE, Decimal("121.00"))
    assert found["OLD-1"].ref.journal == "VRKOUD"


def test_payments_are_no_bookings(box):
    box.provider.post_documents([document()])
    box.control("pay", reference="2026/0142", date="2026-04-02")
    assert len([record for record in references(box) if record.reference == "2026/0142"]) == 1


def test_another_worker_goes_on_behind_any_page(box):
    whole = references(box)
    for stop in range(1, len(list(box.provider.references(date(2025, 1, 1))))):
        pages = box.provider.references(date(2025, 1, 1))
        first = [next(pages) for _ in range(stop)]
        rest = references(box, cursor=first[-1].cursor)
        assert [r.ref for page in first for r in page.items] + [r.ref for r in rest] == [r.ref for r in whole]


def test_all_day_books_of_a_side_are_one_call(box):
    references(box, date(2026, 2, 1))
    # Sales, the hidden day book that showed no entry among them, and purchases.
    assert box.calls().count("processxml/columns") == 3
    assert box.calls().count("finder/TRS") == 4


def test_the_lists_of_day_books_are_read_once(box):
    box.provider.catalogue(frozenset({CatalogueKind.JOURNALS}))
    references(box)
    assert box.calls().count("finder/TRS") == 4


def test_many_years_are_read_in_parts(box):
    assert references(box, date(2020, 1, 1)) == references(box)
    pages = list(box.provider.references(date(2020, 1, 1)))
    years = [page.cursor for page in pages if page.cursor.startswith("sales")]
    assert years[:2] == ["sales/*/2021", "sales/*/2024"]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "garbage"}, {"kind": "truncate"}, {"kind": "status", "status": 500}, {"kind": "delay", "seconds": 3}],
)
def test_what_is_too_much_together_is_read_one_by_one(box, fault):
    whole = references(box)
    box.fault(path="processxml", body_contains="<operator>between", **fault)
    box.forget()
    provider = box.open(seconds=1)
    pages = list(provider.references(date(2025, 1, 1)))
    assert [r for page in pages for r in page.items] == whole
    assert pages[0].cursor == "sales/+"
    # Three day books by four years; purchases still together.
    assert box.calls().count("processxml/columns") == 1 + 3 * 4 + 2


def test_out_of_reach_the_next_worker_begins_one_by_one(box):
    box.fault("status", path="processxml", status=503, times=2)
    pages = box.provider.references(date(2025, 1, 1))
    assert next(pages).cursor == "sales/+"
    with pytest.raises(Unreachable):
        next(pages)
    box.forget()
    assert len(references(box, cursor="sales/+")) == 10
    assert box.calls().count("processxml/columns") == 3 * 4 + 2


def test_the_last_page_says_so(box):
    pages = list(box.provider.references(date(2026, 1, 1)))
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [page.is_last for page in box.provider.references(date(2026, 1, 1), pages[-1].cursor)] == [True]


def test_amounts_of_the_books_serve_where_those_of_the_document_are_unknown(box):
    box.switch(browse_document_values=False)
    box.provider.post_documents([document(), document(reference="USD-1", currency="USD")])
    found = {record.reference: record for record in references(box, date(2026, 1, 1))}
    assert found["2026/0142"].total == Decimal("121.00")
    assert "USD-1" not in found  # its amount in dollars cannot be known


def test_the_credits_of_a_minute_are_the_limit(box):
    box.switch(limits=True, credits=5)
    with pytest.raises(RateLimited) as caught:
        box.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    assert (caught.value.scope, caught.value.limit) == ("minute", 5)
