"""Lists as files: who may take them along, which rows, what stands in the cells, and that no cell is a formula."""

import csv
import io
import logging
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from config.admin import exports
from crm.models import Company, Contact
from integrations.models import Administration, PartyLink
from tests import factories

from .conftest import connect

LISTS = ["crm_company", "crm_contact", "invoicing_invoice", "invoicing_creditnote"]


def take(client, name, kind="csv", *, rows=None, query=""):
    """Run the action on these rows, or on all that the list shows with this query."""
    data = {"action": f"export_{kind}", "_selected_action": [row.pk for row in rows] if rows else ["0"]}
    if rows is None:
        data["select_across"] = "1"
    return client.post(reverse(f"admin:{name}_changelist") + query, data)


def content(answer) -> bytes:
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)


def lines(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(answer).decode("utf-8-sig"), newline="")))


def sheet(answer) -> list[list]:
    book = load_workbook(io.BytesIO(content(answer)))
    return [list(row) for row in book.active.iter_rows()]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("role", ["boss", "staff", "accountant"])
def test_whoever_may_look_may_export(role, kind, name, world, sign_in, people, caplog):
    with caplog.at_level(logging.INFO, logger="config.admin.exports"):
        answer = take(sign_in(role), name, kind)
        found = content(answer)
    assert found.startswith(b"PK" if kind == "xlsx" else "\ufeff".encode())
    assert answer["Content-Disposition"].endswith(f'.{kind}"')
    entry = LogEntry.objects.latest("pk")
    model = name.partition("_")[2]
    assert (entry.user, entry.content_type.model, entry.object_id) == (people[role], model, None)
    rows = len(list(csv.reader(io.StringIO(found.decode())))) - 1 if kind == "csv" else None
    if rows is not None:
        assert entry.change_message == f"Exported as csv: {rows}"
        assert [record.rows for record in caplog.records if record.message == "list exported"] == [rows]


@pytest.mark.parametrize("name", LISTS)
def test_who_may_not_look_may_not_export(name, world, sign_in):
    before = LogEntry.objects.count()
    answer = take(sign_in("nobody"), name)
    assert answer.status_code == 403
    assert LogEntry.objects.count() == before


def test_only_the_selected_rows_go(world, sign_in):
    other = factories.CompanyFactory(name="Zagerij Oost BV")
    rows = lines(take(sign_in("accountant"), "crm_company", rows=[other]))
    assert [row["name"] for row in rows] == ["Zagerij Oost BV"]


def test_of_a_filtered_list_only_what_it_shows_goes(world, sign_in):
    factories.CompanyFactory(name="Zagerij Oost BV", is_customer=False, is_supplier=True)
    client = sign_in("accountant")
    assert [row["name"] for row in lines(take(client, "crm_company", query="?view=suppliers"))] == ["Zagerij Oost BV"]
    assert [row["name"] for row in lines(take(client, "crm_company", query="?q=Zagerij"))] == ["Zagerij Oost BV"]
    factories.CompanyFactory(name="Weg BV", deleted_at=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    assert "Weg BV" not in [row["name"] for row in lines(take(client, "crm_company"))]


def test_each_administration_has_a_column_with_the_first_number(world, sign_in):
    one = world.connection.administration
    two = connect(factories.EntityFactory()).administration
    Administration.objects.filter(pk=two.pk).update(name=one.name)
    PartyLink.objects.create(administration=two, party=world.company, external_id="guid-b", code="77")
    PartyLink.objects.create(administration=one, party=world.company, external_id="old", code="9", primary=False)
    (row,) = lines(take(sign_in("accountant"), "crm_company", rows=[world.company]))
    assert row[f"External ID in {one.name} ({one.external_id})"] == "1042"
    assert row[f"External ID in {one.name} ({two.external_id})"] == "77"


def test_bank_accounts_and_notes_do_not_go(world, sign_in):
    Company.objects.filter(pk=world.company.pk).update(iban="BE68539007547034", notes="pays late")
    found = content(take(sign_in("boss"), "crm_company", rows=[world.company]))
    assert world.company.name.encode() in found
    assert b"BE68539007547034" not in found
    assert b"pays late" not in found


def test_amounts_are_numbers_and_days_are_days(world, sign_in):
    table = sheet(take(sign_in("accountant"), "invoicing_invoice", "xlsx", rows=[world.booked]))
    titles = [cell.value for cell in table[0]]
    row = dict(zip(titles, table[1], strict=True))
    assert row["number"].value == world.booked.number
    assert (row["total"].data_type, Decimal(str(row["total"].value))) == ("n", world.booked.total)
    assert row["total"].number_format == "#,##0.00"
    assert row["open amount"].data_type == "n"
    assert row["date"].value.date() == world.booked.date
    assert row["external ID"].value == "1042"
    assert row["posting"].value == "Posted"
    (line,) = lines(take(sign_in("accountant"), "invoicing_invoice", rows=[world.booked]))
    assert Decimal(line["total"]) == world.booked.total
    assert date.fromisoformat(line["date"]) == world.booked.date


def test_a_draft_has_no_number_and_owes_nothing(world, sign_in):
    (line,) = lines(take(sign_in("accountant"), "invoicing_invoice", rows=[world.draft]))
    assert (line["number"], line["open amount"], line["posting"]) == ("", "", "Draft")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_is_a_formula(kind, start, world, sign_in):
    evil = f'{start}HYPERLINK("http://example.com";"x")'
    Company.objects.filter(pk=world.company.pk).update(name=evil, city=f"{start}1+1")
    Administration.objects.update(name=f"{start}2")
    answer = take(sign_in("accountant"), "crm_company", kind, rows=[world.company])
    if kind == "csv":
        cells = [
            cell for row in csv.reader(io.StringIO(content(answer).decode("utf-8-sig"), newline="")) for cell in row
        ]
    else:
        table = [cell for row in sheet(answer) for cell in row if cell.value is not None]
        assert {cell.data_type for cell in table} == {"s"}
        cells = [cell.value for cell in table]
    assert any(cell.startswith("'") and "HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_a_negative_amount_stays_a_number():
    file = io.BytesIO()
    assert exports.write_csv(file, ["total"], iter([[Decimal("-302.50")], [True]])) == 2
    assert file.getvalue().decode("utf-8-sig").split() == ["total", "-302.50", "yes"]


@pytest.mark.parametrize("language", ["nl", "fr"])
def test_a_spreadsheet_of_belgium_or_the_netherlands_opens_it_in_columns(language):
    file = io.BytesIO()
    with translation.override(language):
        exports.write_csv(file, ["name", "total"], iter([["Peeters, Claes; en co", Decimal("-1302.50")]]))
    assert file.getvalue().decode("utf-8-sig") == 'name;total\r\n"Peeters, Claes; en co";-1302,50\r\n'


def test_what_no_sheet_can_hold_is_left_out(world, sign_in):
    Company.objects.filter(pk=world.company.pk).update(city="Gent\x0bOost")
    table = sheet(take(sign_in("accountant"), "crm_company", "xlsx", rows=[world.company]))
    assert "GentOost" in [cell.value for cell in table[1]]


def test_more_rows_than_a_sheet_holds_are_refused_in_words(world, sign_in, monkeypatch):
    monkeypatch.setattr(exports, "SHEET_ROWS", 1)
    before = LogEntry.objects.count()
    client = sign_in("accountant")
    answer = take(client, "crm_company", "xlsx")
    assert "A sheet cannot hold that many rows." in client.get(answer["Location"]).content.decode()
    assert LogEntry.objects.count() == before


@pytest.mark.parametrize("name", ["crm_company", "crm_contact", "invoicing_invoice"])
def test_the_number_of_queries_does_not_grow_with_the_rows(name, world, sign_in):
    client = sign_in("accountant")

    def cost() -> int:
        with CaptureQueriesContext(database) as captured:
            content(take(client, name))
        return len(captured)

    cost()
    few = cost()
    for _ in range(5):
        company = factories.CompanyFactory(payment_term=factories.PaymentTermFactory())
        company.tags.add(factories.TagFactory())
        factories.ContactFactory()
        factories.booked_invoice(entity=world.entity, party=company, lines=[factories.line(account=world.account)])
    assert cost() == few


def test_rows_are_read_in_batches(world, sign_in, monkeypatch):
    """A list of any length: with a batch of two, five contacts come in three reads, each once."""
    monkeypatch.setattr(exports, "BATCH", 2)
    while Contact.objects.count() < 5:
        factories.ContactFactory()
    with CaptureQueriesContext(database) as captured:
        rows = lines(take(sign_in("accountant"), "crm_contact"))
    assert len(rows) == 5
    tags = [query for query in captured.captured_queries if '"crm_party_tags"."party_id" IN' in query["sql"]]
    assert len(tags) == 3
