"""Lists: how many queries they cost, what they find, what their views mean, what an empty one says."""

from datetime import date, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import Company
from integrations.models import Connection, Issue, Posting, PostingState, SyncRun
from invoicing.models import CompanyEntity, FiscalYear, LedgerAccount, PaymentTerm, SalesDocument, VatRate
from tests import factories

from .conftest import World, connect, post

LISTS = {
    "crm_company": Company, "crm_contact": None, "crm_tag": None, "invoicing_companyentity": CompanyEntity,
    "invoicing_fiscalyear": FiscalYear, "invoicing_vatrate": VatRate, "invoicing_paymentterm": PaymentTerm,
    "invoicing_ledgeraccount": LedgerAccount, "invoicing_invoice": SalesDocument, "invoicing_creditnote": SalesDocument,
    "integrations_connection": Connection, "integrations_syncrun": SyncRun, "integrations_posting": Posting,
    "integrations_issue": Issue,
}  # fmt: skip


def queries(client, url: str) -> int:
    client.get(url)  # content types and the like are read once per process
    with CaptureQueriesContext(database) as captured:
        answer = client.get(url)
    assert answer.status_code == 200
    return len(captured)


def url_of(name: str, query: str = "") -> str:
    return reverse(f"admin:{name}_changelist") + query


def more_rows(world: World, number: int) -> None:
    """Add rows to every list, each with what its columns show."""
    now = timezone.now()
    for n in range(number):
        entity = factories.EntityFactory()
        rows = [factories.line(account=factories.LedgerAccountFactory(entity=entity))]
        company, contact = factories.CompanyFactory(), factories.ContactFactory()
        company.tags.add(factories.TagFactory())
        connection = connect(entity)
        invoice = factories.booked_invoice(entity=entity, party=company, lines=rows)
        note = factories.booked_credit_note(entity=entity, party=contact, lines=rows)
        post(note, connection, PostingState.UNCLEAR, reason_code="SYS-703", sent={"booked": "70/1"})
        looked_for = factories.booked_invoice(entity=entity, party=contact, lines=rows)
        post(looked_for, connection, PostingState.UNCLEAR, reason_code="SYS-703", sent={"journal": "70"})
        factories.PaymentTermFactory(code=f"T{n}", name=f"Term {n}")
        factories.vat_rate("6", since=date(2020, 1, 1) + timedelta(days=n))
        issue = Issue.objects.create(
            connection=connection, code="APP-102", cause_key=f"vat-rate:{n}", params={"rate": "6%"}, count=1,
            first_seen_at=now, last_seen_at=now,
        )  # fmt: skip
        post(
            invoice, connection, PostingState.BLOCKED, reason_code="APP-102", reason_params={"rate": "6%"}, issue=issue
        )
        SyncRun.objects.create(
            connection=connection, trigger="nightly", state="stopped", error_code="SYS-703", finished_at=now
        )


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_any_number_of_rows(name, world, sign_in):
    client = sign_in("boss")
    more_rows(world, 1)  # an empty list reads no rows
    few = queries(client, url_of(name))
    more_rows(world, 6)
    many = queries(client, url_of(name))
    assert many == few
    assert few <= 24


def test_the_start_costs_the_same_for_any_number_of_entities(world, sign_in):
    client = sign_in("boss")
    few = queries(client, reverse("admin:index"))
    more_rows(world, 6)
    assert queries(client, reverse("admin:index")) == few
    assert few <= 32


def found(client, url: str) -> list[str]:
    """The rows of a list as text of their first column."""
    answer = client.get(url)
    assert answer.status_code == 200
    return [str(row) for row in answer.context["cl"].result_list]


def test_documents_are_found_by_the_beginning_of_their_number_and_by_customer(world, sign_in):
    client = sign_in("staff")
    assert found(client, url_of("invoicing_invoice", "?q=2026/0001")) == ["2026/0001"]
    assert found(client, url_of("invoicing_invoice", "?q=0001")) == []
    assert set(found(client, url_of("invoicing_invoice", "?q=KRAAN"))) == {"2026/0001", "Invoice (Draft)"}
    assert found(client, url_of("invoicing_creditnote", "?q=c2026/")) == ["C2026/0001"]


def test_companies_are_found_by_name_and_by_number(world, sign_in):
    client = sign_in("staff")
    other = factories.CompanyFactory(name="Café Zoë", vat_number="BE0417710407")
    assert found(client, url_of("crm_company", "?q=cafe+zoe")) == [other.name]
    for number in ("BE 0417.710.407", "0417.710", "417710407"):
        assert other.name in found(client, url_of("crm_company", f"?q={number}")), number
    assert found(client, url_of("crm_company", "?q=710407")) == []


def test_postings_are_found_by_our_number_theirs_and_the_customer(world, sign_in):
    client = sign_in("staff")
    assert found(client, url_of("integrations_posting", "?q=2026/0001")) == ["2026/0001"]
    assert found(client, url_of("integrations_posting", f"?q={world.posting.number}")) == ["2026/0001"]
    assert found(client, url_of("integrations_posting", "?q=kraan")) == ["2026/0001"]


def test_the_views_of_invoices_hold_what_they_say(world, sign_in):
    client = sign_in("staff")
    unconnected = factories.EntityFactory(name="Alone BV")
    factories.booked_invoice(entity=unconnected, party=world.company)
    early = factories.booked_invoice(entity=world.entity, party=world.company, day=date(2025, 12, 1))

    def view(key: str) -> set[str]:
        return set(found(client, url_of("invoicing_invoice", f"?view={key}&entity__id__exact={world.entity.pk}")))

    assert view("drafts") == {"Invoice (Draft)"}
    assert view("not-posted") == {"2026/0002"}
    assert view("blocked") == {"2026/0002"}
    assert view("check") == set()
    assert view("overdue") == {"2026/0001", "2026/0002", early.number}
    assert view("no-external-id") == {"2026/0002"}
    world.posting.paid_here_open_there = True
    world.posting.save()
    assert view("paid-here") == {"2026/0001"}


def test_a_chip_counts_what_its_list_shows(world, sign_in):
    client = sign_in("staff")
    answer = client.get(url_of("invoicing_invoice", f"?entity__id__exact={world.entity.pk}"))
    from config.admin.lists import list_chips

    for chip in list_chips(answer.context["cl"], answer.wsgi_request):
        rows = found(client, url_of("invoicing_invoice", chip.query))
        assert chip.count == len(rows), chip.view.key


def test_amounts_are_written_in_the_persons_language(world, sign_in):
    client = sign_in("staff")
    big = factories.booked_invoice(entity=world.entity, party=world.company, lines=[factories.line("10000")])
    english = client.get(url_of("invoicing_invoice"), headers={"accept-language": "en"}).content.decode()
    dutch = client.get(url_of("invoicing_invoice"), headers={"accept-language": "nl"}).content.decode()
    assert str(big.total) == "12100.00"
    assert "12,100.00" in english
    assert "12.100,00" in dutch


def test_a_document_shows_where_it_stands(world, sign_in):
    client = sign_in("staff")
    page = client.get(url_of("invoicing_invoice")).content.decode()
    for words in ("Posted", "Blocked", "Draft", "1042", "none yet", "Overdue"):
        assert words in page, words
    posting = reverse("admin:integrations_posting_change", args=[world.posting.pk])
    assert f'href="{posting}"' in page


def test_an_empty_list_says_what_to_do_first(sign_in):
    client = sign_in("boss")
    assert "No invoices yet" in client.get(url_of("invoicing_invoice")).content.decode()
    assert "Your books are not connected yet" in client.get(url_of("integrations_connection")).content.decode()
    assert "No open issues" in client.get(url_of("integrations_issue")).content.decode()
    search = client.get(url_of("invoicing_invoice", "?q=9999")).content.decode()
    assert "Nothing found for “9999”" in search
    assert "Numbers must match from their beginning." in search
    assert "Nothing is blocked" in client.get(url_of("invoicing_invoice", "?view=blocked")).content.decode()


def test_fifty_rows_fit_in_four_hundred_kilobytes(world, sign_in):
    client = sign_in("staff")
    plans = [
        factories.Plan(party=world.company, lines=[factories.line(account=world.account)], day=date(2026, 4, 1))
        for _ in range(60)
    ]
    factories.booked_documents(world.entity, plans)
    answer = client.get(url_of("invoicing_invoice"))
    assert len(answer.context["cl"].result_list) == 50
    assert len(answer.content) < 400_000


@pytest.mark.parametrize(("language", "title"), [("en", "Add invoice"), ("nl", "Factuur toevoegen"), ("fr", "")])
def test_a_title_begins_with_a_capital(language, title, world, sign_in):
    client = sign_in("boss")
    client.cookies["django_language"] = language
    for name in ("invoicing_invoice", "crm_company", "invoicing_companyentity"):
        for url in (reverse(f"admin:{name}_add"), reverse(f"admin:{name}_change", args=[_pk(world, name)])):
            shown = str(client.get(url).context["title"])
            assert shown[0].isupper(), (url, shown)
    if title:
        assert client.get(reverse("admin:invoicing_invoice_add")).context["title"] == title


def _pk(world, name: str) -> int:
    rows = {"invoicing_invoice": world.draft, "crm_company": world.company, "invoicing_companyentity": world.entity}
    return rows[name].pk
