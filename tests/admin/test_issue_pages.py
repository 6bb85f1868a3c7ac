"""Issues: whose turn it is, what weighs most, what is sent to the accountant, and where the other documents stand."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils import timezone, translation

from config.admin.links import change_url, list_url
from config.admin.places import document_url
from integrations.admin.causes import held_by, views_of, who_acts
from integrations.messages.catalogue import MESSAGES
from integrations.models import Connection, FiscalPeriod, Issue, Posting, PostingState, SyncRun, ToolLedgerAccount
from invoicing.models import PurchaseDocument, SalesKind, VatRate
from tests import factories

from .conftest import connect, post
from .test_lists import found, queries, url_of


@pytest.fixture(autouse=True)
def _noon():
    """Every test at noon of one day; no page leaves its language behind."""
    with translation.override("en"), time_machine.travel(datetime(2026, 11, 17, 12, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def connection(db):
    return connect(factories.EntityFactory(name="Linde Studio BV"))


def issue_of(connection, code="APP-102", cause="vat-rate:1", **fields):
    now = timezone.now()
    values = {"params": {"rate": "6%"}, "first_seen_at": now - timedelta(days=5), "last_seen_at": now, **fields}
    return Issue.objects.create(connection=connection, code=code, cause_key=cause, **values)


def hold(issue, number=1, price="100", *, state=PostingState.BLOCKED, kind=SalesKind.INVOICE, name="", **fields):
    """Documents that wait for the issue; the counted number is written as a run's end writes it."""
    made = []
    for _ in range(number):
        account = factories.LedgerAccountFactory(entity=issue.connection.entity)
        party = factories.CompanyFactory(**({"name": name} if name else {}))
        document = factories.booked_invoice(
            entity=issue.connection.entity, party=party, lines=[factories.line(price, account=account)], kind=kind, **fields
        )  # fmt: skip
        post(document, issue.connection, state, reason_code=issue.code, issue=issue)
        made.append(document)
    Issue.objects.filter(pk=issue.pk).update(count=issue.postings.count())
    return made


def page_of(client, connection, query=""):
    answer = client.get(reverse("admin:integrations_connection_issues", args=[connection.pk]) + query)
    assert answer.status_code == 200
    return answer.context["views"], answer.content.decode()


def chips(page):
    """Title, number and whether it is chosen, of each chip."""
    nav = re.search(r'<nav class="bb-chips" aria-label="Filters">(.*?)</nav>', page)[1]
    rows = re.findall(r"<a href=\"[^\"]*\"( aria-current=\"true\")?>(.*?)<b>(\d+)</b></a>", nav)
    return [(title, int(number), bool(chosen)) for chosen, title, number in rows]


# --- whose turn it is -----------------------------------------------------------------------------------------------


@pytest.fixture
def three(connection):
    """One for the person, one for the accountant, one that goes on by itself."""
    mine = issue_of(connection)
    hold(mine, 6)
    theirs = issue_of(connection, "PER-502", "period:2026-10", params={"period": "2026-10"})
    hold(theirs, 2, "9000")
    silent = issue_of(connection, "SYS-703", "reference:x", params={})
    hold(silent, 1, state=PostingState.UNCLEAR)
    return mine, theirs, silent


def test_chips_tell_whose_turn_it_is(connection, three, sign_in):
    mine, theirs, silent = three
    issue_of(connection, "APP-105", "account:1", resolved_at=timezone.now() - timedelta(days=3))
    issue_of(connection, "APP-105", "account:2", resolved_at=timezone.now() - timedelta(days=91))
    client = sign_in("boss")
    shown = {
        "": ([theirs, mine, silent], "Open"), "?view=you": ([mine], "Needs you"),
        "?view=accountant": ([theirs], "Needs the accountant"),
    }  # fmt: skip
    for query, (issues, chosen) in shown.items():
        views, page = page_of(client, connection, query)
        assert [view.issue for view in views] == issues
        assert chips(page) == [
            (title, number, title == chosen)
            for title, number in (("Open", 3), ("Needs you", 1), ("Needs the accountant", 1), ("Closed in 90 days", 1))
        ]
    views, page = page_of(client, connection, "?view=closed")
    assert [view.issue.cause_key for view in views] == ["account:1"]
    assert chips(page)[-1] == ("Closed in 90 days", 1, True)


def test_the_list_of_all_connections_has_the_same_views(connection, three, sign_in):
    mine, theirs, _silent = three
    client = sign_in("boss")
    other = issue_of(connect(factories.EntityFactory()), "AUT-403", "connection:access", params={})
    keys = {"you": {mine.pk}, "accountant": {theirs.pk, other.pk}}
    for key, expected in keys.items():
        answer = client.get(url_of("integrations_issue", f"?view={key}"))
        assert {issue.pk for issue in answer.context["cl"].result_list} == expected


def test_a_case_of_a_code_decides_who_acts(connection):
    nobody = issue_of(connection, "SYS-703", "reference:1", params={})
    accountant = issue_of(connection, "SYS-703", "reference:2", params={"unproven": "yes"})
    assert who_acts([nobody, accountant]) == {nobody.pk: "nobody", accountant.pk: "accountant"}


def cases_of(message):
    return [message, *message.cases.values()]


def test_what_is_for_the_accountant_asks_him_something():
    for code, message in MESSAGES.items():
        for case in cases_of(message):
            if case.for_accountant:
                assert case.ask, code
                for template in case.ask:
                    assert str(template).endswith("?"), code
                    assert "accountant" not in str(template), code
            else:
                assert case.ask == (), code


# --- what weighs most -----------------------------------------------------------------------------------------------


def test_what_stops_everything_stands_first_then_the_largest_amount(connection, sign_in):
    many = issue_of(connection, cause="vat-rate:1")
    hold(many, 4, "10")
    dear = issue_of(connection, cause="vat-rate:2", params={"rate": "9%"})
    hold(dear, 1, "5000")
    middle = issue_of(connection, cause="vat-rate:3", params={"rate": "12%"})
    hold(middle, 2, "100")
    whole = issue_of(connection, "AUT-403", "connection:access", params={})
    views, _page = page_of(sign_in("boss"), connection)
    assert [view.issue for view in views] == [whole, dear, middle, many]
    assert [sum(view.held.amounts.values()) for view in views] == [0, Decimal(6050), Decimal(242), Decimal("48.40")]


def test_credit_notes_count_below_zero_and_expenses_apart(connection):
    issue = issue_of(connection)
    hold(issue, 1, "100")
    hold(issue, 1, "80", kind=SalesKind.CREDIT_NOTE)
    bought = PurchaseDocument.objects.create(
        entity=connection.entity,
        source="peppol",
        review="approved",
        kind="invoice",
        total=50,
        date="2026-11-01",
        number="1",
    )
    Posting.objects.create(
        connection=connection, administration=connection.administration, purchase_document=bought, state="blocked",
        kind="purchase_invoice", reference="p1", issue=issue,
    )  # fmt: skip
    held = held_by([issue])[issue.pk]
    assert held.amount_words == "24.20 EUR, expenses 50.00 EUR"
    assert (held.invoices, held.credit_notes, held.expenses, held.weight) == (1, 1, 1, (Decimal("267.80"), 3))


def test_the_effect_says_what_happens_to_which_documents(connection):
    def effect(code="APP-102", params=None, **held):
        issue = issue_of(connection, code, held.pop("cause", "vat-rate:1"), params=params or {})
        for kind, number in held.pop("documents", {}).items():
            hold(issue, number, kind=kind, **held)
        Issue.objects.filter(pk=issue.pk).update(resolved_at=held.get("closed"))
        words = views_of(
            [Issue.objects.select_related("connection__entity", "connection__administration").get(pk=issue.pk)],
            reader=AnonymousUser(),
        )[0].effect
        Posting.objects.all().delete()
        Issue.objects.all().delete()
        return words

    invoice, credit = SalesKind.INVOICE, SalesKind.CREDIT_NOTE
    assert effect(documents={invoice: 6}) == "Blocks 6 invoices"
    assert effect(documents={invoice: 1}) == "Blocks 1 invoice"
    assert effect(documents={credit: 2}) == "Blocks 2 credit notes"
    assert effect(documents={invoice: 1, credit: 1}) == "Blocks 2 documents"
    assert effect(documents={invoice: 1}, state=PostingState.REFUSED) == "Blocks 1 invoice"
    assert effect("SYS-703", documents={invoice: 1}, state=PostingState.UNCLEAR) == "1 invoice, not sent again"
    assert effect("APP-209", documents={invoice: 2}, state=PostingState.DIFFERS) == "2 invoices, not the same there"
    assert effect("PAY-722", documents={invoice: 1}, state=PostingState.GONE) == "1 invoice, deleted there"
    assert effect("AUT-403", cause="connection:access") == "Stops the sync"
    assert effect("SYS-701", cause="connection:limit") == "To know"


# --- one issue in full ----------------------------------------------------------------------------------------------


def test_three_documents_are_named_and_a_link_leads_to_all(connection, sign_in):
    issue = issue_of(connection)
    documents = hold(issue, 5)
    hold(issue_of(connection, cause="vat-rate:2"), 1)
    client = sign_in("boss")
    views, page = page_of(client, connection)
    view = next(view for view in views if view.issue == issue)
    newest = [str(document) for document in reversed(documents)]
    assert [str(row["document"]) for row in view.documents] == newest[:3]
    assert f'<a href="{view.more_url}">and 2 more</a>' in page
    assert found(client, view.more_url) == newest
    alone = next(view for view in views if view.issue != issue)
    assert alone.more == 0


def test_an_issue_says_when_it_was_seen_and_in_how_many_runs(connection, sign_in):
    now = timezone.now()
    issue = issue_of(connection, first_seen_at=now - timedelta(days=3), last_seen_at=now - timedelta(days=1))
    hold(issue)
    other = connect(factories.EntityFactory())
    for where, days in (
        (connection, 4),
        (connection, 3),
        (connection, 2),
        (connection, 1),
        (connection, 0),
        (other, 2),
    ):
        run = SyncRun.objects.create(connection=where, trigger="nightly", state="with_issues")
        began = now - timedelta(days=days, minutes=5)
        SyncRun.objects.filter(pk=run.pk).update(created_at=began, finished_at=began + timedelta(minutes=9))
    _views, page = page_of(sign_in("boss"), connection)
    assert "First seen 14 Nov 2026, 13:00, last seen yesterday 13:00, in 3 runs" in page


def test_technical_details_are_folded_and_hold_the_tools_own_words(connection, sign_in):
    hold(
        issue_of(
            connection, "LED-603", "refused:x", params={"account": "700000"}, vendor_text="Blocked: G/L account 700000"
        )
    )
    _views, page = page_of(sign_in("boss"), connection)
    folded = re.search(r'<details class="bb-fold"><summary>Technical details</summary>(.*?)</details>', page, re.DOTALL)
    assert "Blocked: G/L account 700000" in folded[1]
    assert "Code: LED-603" in folded[1]
    assert "LED-603" not in page.replace(folded[0], "")


def test_one_button_of_the_page_is_filled_and_says_what_it_does(connection, three, sign_in):
    mine, _theirs, _silent = three
    Posting.objects.exclude(issue=mine).update(issue=None)
    Issue.objects.exclude(pk=mine.pk).delete()
    hold(issue_of(connection, cause="vat-rate:2", params={"rate": "12%"}), 1, "1")
    _views, page = page_of(sign_in("boss"), connection)
    buttons = re.findall(r'<a class="bb-btn is-small bb-push( is-primary)?" href="[^"]*">([^<]*)</a>', page)
    assert buttons == [(" is-primary", "Link VAT rate 6%"), ("", "Link VAT rate 12%")]


# --- where an account is replaced ------------------------------------------------------------------------------------


def account_issue(connection, number=1):
    issue = issue_of(connection, "LED-603", "account:700990", params={"account": "700990"})
    documents = hold(issue, number)
    issue.postings.update(reason_params={"account": "700990"})
    return issue, documents


def tool_account(connection, code="700990"):
    return ToolLedgerAccount.objects.create(
        administration=connection.administration,
        external_id=f"id-{code}",
        code=code,
        name="Old",
        last_seen_at=timezone.now(),
    )


def test_an_account_of_a_line_is_replaced_on_the_document(connection, sign_in):
    _issue, (document,) = account_issue(connection)
    views, _page = page_of(sign_in("boss"), connection)
    lines = f"{document_url(document)}#lines"
    assert (views[0].fix.words, views[0].fix.url) == ("Replace account 700990", lines)
    assert 'id="lines"' in sign_in("boss").get(document_url(document)).content.decode()
    assert lines in sign_in("boss").get(change_url(document.postings.get())).content.decode()


def test_an_account_of_many_lines_leads_to_their_documents(connection, sign_in):
    issue, _documents = account_issue(connection, 3)
    views, _page = page_of(sign_in("boss"), connection)
    assert views[0].fix.url == list_url(Posting, issue__id__exact=issue.pk)


@pytest.mark.parametrize("place", ["rate", "default_ledger_account", "discount_account"])
def test_an_account_that_the_connection_names_is_replaced_there(connection, sign_in, place):
    account_issue(connection)
    account = tool_account(connection)
    if place == "rate":
        rate = VatRate.objects.first()
        connection.ledger_links.create(rate=rate, direction="sales", account=account)
    else:
        Connection.objects.filter(pk=connection.pk).update(**{place: account})
    views, _page = page_of(sign_in("boss"), connection)
    assert views[0].fix.url == reverse("admin:integrations_connection_ledger", args=[connection.pk])


# --- the text for the accountant ------------------------------------------------------------------------------------


def test_the_text_for_the_accountant_tells_all_and_nothing_secret(connection, sign_in):
    issue = issue_of(
        connection, "PER-502", "period:2026-10",
        params={"period": "2026-10", "external_id": "guid-4711", "reference": "2026/0001"},
    )  # fmt: skip
    first = hold(issue, 1, "3000", name="Hotel Duinzicht NV")[0]
    credit = hold(issue, 1, "10", name="Garage Peeters BV", kind=SalesKind.CREDIT_NOTE)[0]
    views, page = page_of(sign_in("staff"), connection)
    assert views[0].copy == (
        "Hello,\n\n"
        f"This is about the books of Linde Studio BV in Exact Online, administration {connection.administration.name}.\n"
        "2 documents of together 3,617.90 EUR were not posted: period 2026-10 is closed in Exact Online.\n\n"
        f"- Credit note {credit.number}, 14 Mar 2026, Garage Peeters BV, 12.10 EUR\n"
        f"- Invoice {first.number}, 14 Mar 2026, Hotel Duinzicht NV, 3,630.00 EUR\n\n"
        "Could you reopen the period in Exact Online, or tell us which date to use?"
    )
    assert "guid" not in views[0].copy
    # Without script it can be selected; the button waits for its script.
    text = re.search(rf'<div class="bb-code" id="copy-{issue.pk}" tabindex="0">(.*?)</div></details>', page, re.DOTALL)
    assert text[1] == views[0].copy
    button = re.search(r"<button[^>]*data-copy=[^>]*>", page)[0]
    assert f'data-copy="copy-{issue.pk}"' in button
    assert button.endswith(" hidden>")
    assert re.search(r'<script src="[^"]*boekbrug/copy[^"]*\.js" defer></script>', page)
    assert (settings.BASE_DIR / "config" / "static" / "boekbrug" / "copy.js").exists()


def test_the_text_names_twenty_documents_and_counts_the_rest(connection, sign_in):
    issue = issue_of(connection, "PER-502", "period:2026-10", params={"period": "2026-10"})
    hold(issue, 23)
    views, _page = page_of(sign_in("boss"), connection)
    lines = [line for line in views[0].copy.splitlines() if line.startswith("- ")]
    assert len(lines) == 21
    assert lines[-1] == "- and 3 more"


def test_only_causes_in_the_tool_have_a_text(connection, three, sign_in):
    mine, theirs, silent = three
    views, page = page_of(sign_in("boss"), connection)
    assert {view.issue.pk: bool(view.copy) for view in views} == {mine.pk: False, theirs.pk: True, silent.pk: False}
    assert page.count("Copy for my accountant") == 1
    Issue.objects.filter(pk=theirs.pk).update(resolved_at=timezone.now())
    _views, page = page_of(sign_in("boss"), connection, "?view=closed")
    assert "Copy for my accountant" not in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ("Kopiëren voor mijn boekhouder", "Factuur", "Aan de boekhouder", "Blokkeert 2 facturen")),
        ("fr", ("Copier pour mon comptable", "Facture", "Pour le comptable", "Bloque 2 factures")),
    ],
)
def test_the_page_and_the_text_speak_the_language_of_the_reader(language, words, connection, three, sign_in):
    client = sign_in("boss")
    client.cookies["django_language"] = language
    views, page = page_of(client, connection, "?view=accountant")
    copy, document, chip, effect = words
    assert copy in page
    assert chip in page
    assert effect in page
    assert f"- {document} 2026/" in views[0].copy
    with translation.override("en"):
        english = views_of([views[0].issue], reader=AnonymousUser())[0].copy
    assert not set(views[0].copy.split("\n\n")) & set(english.split("\n\n"))


# --- names instead of keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "first", "last", "words"),
    [
        ("en", "2026-01-01", "2026-01-31", "Period January 2026 is closed in Exact Online"),
        ("nl", "2026-02-01", "2026-02-28", "Periode februari 2026 is afgesloten in Exact Online"),
        # A year that begins in July, and one of quarters: the number alone says nothing of the month.
        ("en", "2025-07-01", "2025-07-31", "Period July 2025 is closed in Exact Online"),
        ("en", "2026-01-01", "2026-03-31", "Period 2026 / 01 is closed in Exact Online"),
    ],
)
def test_a_period_of_one_month_has_its_name(language, first, last, words, connection, sign_in):
    FiscalPeriod.objects.create(
        administration=connection.administration, external_id="p", year=2026, period=1, start=first, end=last,
        last_seen_at=timezone.now(),
    )  # fmt: skip
    issue = issue_of(connection, "PER-502", "period:2026 / 01:", params={"period": "2026 / 01", "journal": ""})
    (document,) = hold(issue)
    posting = Posting.objects.get(sales_document=document)
    Posting.objects.filter(pk=posting.pk).update(reason_params=issue.params)
    client = sign_in("boss")
    client.cookies["django_language"] = language
    sentence = words[0].lower() + words[1:]
    assert words in page_of(client, connection)[1]
    for url in (change_url(issue), list_url(Issue)):
        assert words in client.get(url).content.decode(), url
    for url in (change_url(posting), document_url(document), list_url(Posting)):
        assert sentence in client.get(url).content.decode(), url


def test_a_rate_that_is_no_percentage_has_its_name(connection, sign_in):
    theirs = {"code": "TR", "category": "K"}
    VatRate.objects.create(country="BE", name="Triangular supply", **theirs)
    VatRate.objects.create(country="NL", name="Driehoeksverkeer", **theirs)
    issue = issue_of(connection, cause="vat-rate:77", params={"rate": "TR"})
    client = sign_in("boss")
    for page in (page_of(client, connection)[1], client.get(list_url(Issue)).content.decode()):
        assert "VAT rate Triangular supply is not linked to a VAT code of Exact Online" in page
    assert "Link VAT rate Triangular supply" in client.get(change_url(issue)).content.decode()
    VatRate.objects.create(country="BE", entity=connection.entity, name="Own rate", **theirs)
    assert "VAT rate Own rate is not linked" in page_of(client, connection)[1]


# --- who can put it right ---------------------------------------------------------------------------------------------


def test_only_who_can_put_a_cause_right_is_led_there(connection, sign_in):
    """The others read who can; a page that only shows its fields would be of no use to them."""
    of_admin, of_staff = issue_of(connection), issue_of(connection, "APP-203", "party:1", params={"party": "De Kraan"})
    (document,) = hold(of_staff)
    Issue.objects.filter(pk=of_staff.pk).update(party=document.party)
    posting = Posting.objects.get(sales_document=document)
    vat = f'href="{reverse("admin:integrations_connection_vat", args=[connection.pk])}#rate-1"'
    country = f'href="{reverse("admin:crm_party_change", args=[document.party_id])}#id_country"'
    ask_admin, ask_staff = "an account admin can do this.", "staff or an account admin can do this."
    expected = {
        "boss": {vat: True, country: True, ask_admin: False},
        "staff": {vat: False, country: True, f"Link VAT rate 6%: {ask_admin}": True, ask_staff: False},
        "accountant": {
            vat: False, country: False, f"Link VAT rate 6%: {ask_admin}": True, f"Choose the country: {ask_staff}": True,
        },
    }  # fmt: skip
    for name, shown in expected.items():
        client = sign_in(name)
        _views, page = page_of(client, connection)
        own = client.get(change_url(of_admin)).content.decode() + client.get(change_url(of_staff)).content.decode()
        for words, there in shown.items():
            assert (words in page, words in own) == (there, there), (name, words)
        for url in (change_url(posting), document_url(document)):
            beside = client.get(url).content.decode()
            assert (country in beside) == (name != "accountant"), (name, url)
            assert (f"Choose the country: {ask_staff}" in beside) == (name == "accountant"), (name, url)


# --- cost -----------------------------------------------------------------------------------------------------------


def test_the_page_costs_the_same_for_any_number_of_issues_and_documents(connection, three, sign_in):
    client = sign_in("boss")
    url = reverse("admin:integrations_connection_issues", args=[connection.pk])
    few = queries(client, url)
    for n in range(6):
        hold(issue_of(connection, cause=f"vat-rate:{n + 10}"), 4)
        hold(issue_of(connection, "PER-502", f"period:{n}", params={"period": "2026-09"}), 4)
    assert queries(client, url) == few
    assert few <= 22


def test_only_the_named_documents_of_a_cause_are_loaded(connection, django_assert_num_queries):
    issue = issue_of(connection)
    hold(issue, 12)
    loaded = Issue.objects.select_related("connection__entity", "connection__administration", "party").get()
    with django_assert_num_queries(3):
        view = views_of([loaded], reader=AnonymousUser())[0]
    assert (view.held.count, len(view.documents), view.more) == (12, 3, 9)
    assert held_by([loaded])[issue.pk].amounts == {"EUR": Decimal("1452.00")}


def test_beyond_fifty_issues_the_list_shows_the_rest(connection, sign_in):
    for n in range(52):
        issue_of(connection, cause=f"vat-rate:{n}")
    views, page = page_of(sign_in("boss"), connection)
    assert len(views) == 50
    assert "2 more issues" in page
    assert f"connection__id__exact={connection.pk}" in page
