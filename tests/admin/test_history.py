"""The history of a connection and the page of a run: what was done per kind of item, by whom, how long, how many calls."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone, translation

from integrations.admin.report import calls_today, calls_words, report_of, sums_of
from integrations.models import Administration, SyncRun
from tests import bridge, factories

from .conftest import connect
from .test_lists import queries

NOW = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
COUNTERS = {
    "catalogue": {"lists": 5, "emptied": 1},
    "references": {"read": 40},
    "parties": {"created": 3, "updated": 5, "linked": 1, "refused": 2, "mirror_calls": 4},
    "sales": {
        "planned": 22, "to_send": 14, "posted": 13, "differs": 1, "blocked": 6, "refused": 2, "excluded": 1, "left": 0,
    },
    "attachments": {"attached": 10, "refused": 1, "calls": 22},
    "purchases": {"planned": 0},
    "payments": {"rows": 30, "paid": 17, "partly": 2, "paid_here_open_there": 1},
    "issues": {"open": 2},
    "calls": {"all": 61},
}  # fmt: skip


@pytest.fixture
def connection(db):
    return connect(factories.EntityFactory(name="Linde Studio BV"))


@pytest.fixture(autouse=True)
def _english():
    """No page leaves its language behind."""
    with translation.override("en"):
        yield


@pytest.fixture
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


def run_of(connection, *, days=0, seconds=72, state="with_issues", **fields):
    """A finished run that began so many days ago."""
    run = SyncRun.objects.create(
        connection=connection, **{"trigger": "nightly", "state": state, "step": "close", **fields}
    )
    began = timezone.now() - timedelta(days=days, minutes=10)
    SyncRun.objects.filter(pk=run.pk).update(created_at=began, finished_at=began + timedelta(seconds=seconds))
    run.refresh_from_db()
    return run


def history(client, connection, query=""):
    answer = client.get(reverse("admin:integrations_connection_runs", args=[connection.pk]) + query)
    assert answer.status_code == 200
    return answer.context, answer.content.decode()


def cells(page, marker):
    """The texts of the table row in which `marker` stands."""
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL) if marker in row)
    return [
        re.sub(r"<span class=\"material[^>]*>[^<]*</span>|<[^>]+>", "", cell).strip()
        for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    ]


# --- what a run did -------------------------------------------------------------------------------------------------


def test_a_run_is_told_per_kind_of_item(connection):
    rows = [
        (r.item, r.looked_at, r.done, r.blocked, r.remark, r.issues)
        for r in report_of(run_of(connection, counters=COUNTERS))
    ]
    assert rows == [
        ("Ledger accounts, VAT codes and other lists", 5, 4, 0, "1 came back empty and were kept as they were", 0),
        ("Bookings that stood there before", 40, 40, 0, "read before the first send", 0),
        ("Customers and suppliers", 11, 9, 2, "3 new, 5 changed, 1 found there", 0),
        ("Invoices, credit notes", 22, 14, 8, "1 with other totals there, 1 excluded", 2),
        ("Attachments", 11, 10, 1, "", 0),
        ("Purchases by Peppol", 0, 0, 0, "What did not come by Peppol is not sent by the connector.", 0),
        ("Payments", 30, 19, 0, "17 paid, 2 partly paid, 1 paid here, open there", 0),
    ]  # fmt: skip


def test_a_run_that_did_nothing_has_its_lines_all_the_same(connection):
    rows = report_of(run_of(connection, counters={"calls": {"all": 2}}))
    assert [(row.item, row.looked_at, row.done, row.blocked) for row in rows] == [
        ("Ledger accounts, VAT codes and other lists", 0, 0, 0), ("Customers and suppliers", 0, 0, 0),
        ("Invoices", 0, 0, 0), ("Credit notes", 0, 0, 0), ("Purchases by Peppol", 0, 0, 0), ("Payments", 0, 0, 0),
    ]  # fmt: skip
    assert rows[0].remark == "Not due: they were read not long ago."


# What the newer counters of a run hold of the same documents.
SPLIT = {
    **COUNTERS,
    "invoices": {"planned": 20, "to_send": 13, "posted": 12, "differs": 1, "blocked": 5, "refused": 2, "left": 0},
    "credit_notes": {"planned": 2, "to_send": 1, "posted": 1, "blocked": 1, "excluded": 1, "left": 0},
}


def documents_of(run):
    named = ("Invoices", "Credit notes", "Invoices, credit notes")
    return [(r.item, r.looked_at, r.done, r.blocked, r.remark, r.issues) for r in report_of(run) if r.item in named]


def test_invoices_and_credit_notes_are_told_apart(connection):
    run = run_of(connection, counters=SPLIT)
    assert documents_of(run) == [
        ("Invoices", 20, 13, 7, "1 with other totals there", 2),
        ("Credit notes", 2, 1, 1, "1 excluded", 0),
    ]
    assert sums_of(run).split == (13, 1)


def test_open_issues_are_told_beside_what_is_blocked(connection):
    counters = {
        "sales": {"planned": 2, "posted": 1, "blocked": 1}, "invoices": {"planned": 1, "posted": 1},
        "credit_notes": {"planned": 1, "blocked": 1}, "issues": {"open": 3},
    }  # fmt: skip
    assert [row[-1] for row in documents_of(run_of(connection, counters=counters))] == [0, 3]


@pytest.mark.parametrize(
    "parts",
    [
        {},
        # An update of the program came in the middle of this run: what was counted before it is not told apart.
        {"invoices": {"posted": 9, "left": 0}, "credit_notes": {"posted": 1, "left": 0}},
    ],
)
def test_a_run_from_before_they_were_counted_apart_tells_them_together(parts, connection, sign_in, at_noon):
    run = run_of(connection, counters={**COUNTERS, **parts})
    assert documents_of(run) == [("Invoices, credit notes", 22, 14, 8, "1 with other totals there, 1 excluded", 2)]
    assert sums_of(run).split is None
    _context, page = history(sign_in("accountant"), connection)
    assert cells(page, "Today 12:50")[2:5] == ["9", "14 together", "0"]


def test_the_history_has_a_column_for_each(connection, sign_in, at_noon):
    run_of(connection, counters=SPLIT)
    _context, page = history(sign_in("accountant"), connection)
    assert cells(page, "Today 12:50")[2:6] == ["9", "13", "1", "0"]


@pytest.mark.parametrize(
    ("excluded", "words"),
    [
        (1, "1 did not come by Peppol and is not sent by the connector"),
        (2, "2 did not come by Peppol and are not sent by the connector"),
    ],
)
def test_purchases_left_out_by_their_origin_are_counted(excluded, words, connection):
    rows = report_of(run_of(connection, counters={"purchases": {"planned": 5, "posted": 3, "other_origin": excluded}}))
    line = next(row for row in rows if row.item == "Purchases by Peppol")
    assert (line.looked_at, line.done, line.remark) == (5, 3, words)


def test_the_page_of_a_run_says_what_who_how_long_and_how_many_calls(connection, people, sign_in, at_noon):
    people["staff"].first_name, people["staff"].last_name = "Lotte", "Claes"
    people["staff"].save()
    run = run_of(connection, counters=COUNTERS, trigger="manual", started_by=people["staff"], seconds=125)
    page = sign_in("accountant").get(reverse("admin:integrations_syncrun_change", args=[run.pk])).content.decode()
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert facts["By"] == "Lotte Claes"
    assert facts["Took"] == "2 min 05 s"
    assert facts["Calls used"] == "61, of these 4 for the list of relations, 22 for attachments"
    assert facts["Started"] == "today 12:50"
    issues = reverse("admin:integrations_connection_issues", args=[connection.pk])
    line = cells(page, "Invoices, credit notes")
    assert line[1:4] == ["22", "14", "8"]
    assert line[4] == "1 with other totals there, 1 excluded, 2 issues"
    assert f'<a href="{issues}">2 issues</a>' in page


@pytest.mark.django_db(transaction=True)
def test_a_real_run_counts_what_the_page_tells(box, sign_in):
    """A sync over HTTP: two invoices and a credit note go out, one is blocked, one is paid in the tool."""
    connection = bridge.connect(box)
    account = factories.LedgerAccountFactory(entity=connection.entity)
    rows = [factories.line(account=account)]
    party = factories.CompanyFactory()
    sent = factories.booked_invoice(entity=connection.entity, party=party, lines=rows)
    factories.booked_invoice(entity=connection.entity, party=factories.CompanyFactory(), lines=rows)
    factories.booked_credit_note(entity=connection.entity, party=party, lines=rows, credited_invoice=sent)
    strange = [factories.line(code="VERL", account=account)]
    factories.booked_invoice(entity=connection.entity, party=party, lines=strange)
    bridge.sync(connection)
    box.pay(sent.number)
    before = box.last_request()
    run = bridge.sync(connection)
    report = {row.item: row for row in report_of(SyncRun.objects.order_by("pk").first())}
    assert (report["Invoices"].looked_at, report["Invoices"].done) == (3, 2)
    assert (report["Invoices"].blocked, report["Invoices"].issues) == (1, 1)
    assert (report["Credit notes"].looked_at, report["Credit notes"].done) == (1, 1)
    assert (report["Credit notes"].blocked, report["Credit notes"].issues) == (0, 0)
    assert (report["Customers and suppliers"].done, report["Customers and suppliers"].blocked) == (2, 0)
    second = {row.item: row for row in report_of(run)}
    assert (second["Payments"].done, second["Payments"].remark) == (1, "1 paid")
    assert sums_of(run).calls == len([one for one in box.requests(before) if one["path"].startswith("/exact/api")])
    context, _page = history(sign_in("boss"), connection)
    assert [row.sums.split for row in context["runs"]] == [(0, 0), (2, 1)]
    assert [row.sums.payments for row in context["runs"]] == [1, 0]


# --- the history ----------------------------------------------------------------------------------------------------


def test_the_history_tells_each_run_on_one_line(connection, people, sign_in, at_noon):
    run_of(connection, counters=COUNTERS, trigger="manual", started_by=people["staff"])
    run_of(connection, days=1, seconds=6, state="stopped", error_code="SYS-703", counters={})
    _context, page = history(sign_in("accountant"), connection)
    assert cells(page, "Today 12:50") == [
        "Today 12:50",
        "staff",
        "9",
        "14 together",
        "0",
        "19",
        "8",
        "61",
        "1 min 12 s",
        "With issues",
    ]
    assert cells(page, "Yesterday 12:50") == [
        "Yesterday 12:50",
        "Nightly",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "0",
        "6 s",
        "Stopped",
    ]


def test_the_newest_finished_run_is_told_in_full_below(connection, sign_in, at_noon):
    run_of(connection, days=1, counters={"calls": {"all": 3}})
    newest = run_of(connection, counters=COUNTERS)
    SyncRun.objects.create(
        connection=connection, trigger="nightly", state="running", step="sales", counters={"sales": {}}
    )
    context, page = history(sign_in("boss"), connection)
    assert "Run of today 12:50" in page
    assert context["newest"]["view"].run == newest
    assert cells(page, "Customers and suppliers") == [
        "Customers and suppliers",
        "11",
        "9",
        "2",
        "3 new, 5 changed, 1 found there",
    ]
    assert "Calls: 61, of these 4 for the list of relations, 22 for attachments" in page
    assert f'href="{reverse("admin:integrations_syncrun_change", args=[newest.pk])}">Open this run</a>' in page


def test_periods_and_troubles_are_counted_and_chosen(connection, sign_in, at_noon):
    for days, state in ((0, "succeeded"), (3, "with_issues"), (10, "stopped"), (40, "succeeded"), (100, "succeeded")):
        run_of(connection, days=days, state=state)
    client = sign_in("boss")
    expected = {
        "": (2, [2, 3, 4], 1), "?days=30": (3, [2, 3, 4], 2), "?days=90": (4, [2, 3, 4], 2),
        "?days=30&issues=1": (2, [2, 3, 4], 2), "?days=12": (2, [2, 3, 4], 1), "?days=x": (2, [2, 3, 4], 1),
    }  # fmt: skip
    for query, (shown, numbers, troubled) in expected.items():
        context, _page = history(client, connection, query)
        assert (len(context["runs"]), [n for _days, _words, n in context["periods"]], context["troubled"]) == (
            shown, numbers, troubled,
        ), query  # fmt: skip


def test_no_run_says_what_to_do_first(connection, sign_in):
    context, page = history(sign_in("boss"), connection)
    assert context["newest"] is None
    assert "No run in this period" in page
    assert "Start the first sync with Preview: you see what will be sent." in page


def test_the_calls_of_today_are_those_the_tool_counted(connection, sign_in, at_noon):
    def used(**row):
        Administration.objects.filter(pk=connection.administration_id).update(
            counters={"minute": {}, "day": row} if row else {}
        )
        return calls_today(Administration.objects.get(pk=connection.administration_id))

    assert [(calls.used, calls.limit) for calls in used()] == [(0, 5000)]
    later = {"left": 4739, "limit": 4800, "reset": (NOW + timedelta(hours=11)).isoformat()}
    assert [(calls.used, calls.limit) for calls in used(**later)] == [(61, 4800)]
    _context, page = history(sign_in("boss"), connection)
    assert "61 of 4,800" in page
    assert '<progress class="bb-progress bb-gap-above" max="4800" value="61"' in page
    assert "Counted by Exact Online per day; free again 18 Nov 2026, 00:00." in page
    earlier = {"left": 10, "limit": 5000, "reset": (NOW - timedelta(hours=1)).isoformat()}
    assert [(calls.used, calls.limit) for calls in used(**earlier)] == [(0, 5000)]
    assert calls_today(None) == []


def test_without_a_word_of_the_tool_the_calls_of_our_own_runs_count(connection, sign_in, at_noon):
    """A sandbox without limits states none in its answers, and a tool may leave them out."""
    other = connect(factories.EntityFactory())
    for days, one, calls in ((0, connection, 103), (0, connection, 35), (1, connection, 500), (0, other, 7)):
        run_of(one, days=days, counters={"calls": {"all": calls}})
    _context, page = history(sign_in("boss"), connection)
    assert "138 of 5,000" in page
    assert "Counted here, in the runs of today: Exact Online says nothing of its own count." in page
    day = {"left": 4900, "limit": 5000, "reset": (NOW + timedelta(hours=11)).isoformat()}
    Administration.objects.filter(pk=connection.administration_id).update(counters={"day": day})
    _context, page = history(sign_in("boss"), connection)
    assert "100 of 5,000" in page
    assert "Counted here" not in page


def test_calls_without_anything_apart_are_a_number(connection):
    assert calls_words(run_of(connection, counters={"calls": {"all": 1234}})) == "1,234"


def test_the_history_costs_the_same_for_any_number_of_runs(connection, people, sign_in):
    client = sign_in("boss")
    url = reverse("admin:integrations_connection_runs", args=[connection.pk])
    run_of(connection, counters=COUNTERS)
    few = queries(client, url)
    for n in range(8):
        run_of(
            connection, days=n % 5, counters=COUNTERS, started_by=people["staff"], state="stopped", error_code="SYS-703"
        )
    assert queries(client, url) == few
    assert few <= 22


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ("Klanten en leveranciers", "3 nieuw, 5 gewijzigd, 1 daar gevonden", "Aanvragen vandaag", "Bekeken")),
        ("fr", ("Clients et fournisseurs", "3 nouveaux, 5 modifiés, 1 trouvés là-bas", "Appels aujourd'hui", "Examinés")),
    ],
)  # fmt: skip
def test_the_history_speaks_the_language_of_the_reader(language, words, connection, sign_in):
    run_of(connection, counters=COUNTERS)
    client = sign_in("boss")
    client.cookies["django_language"] = language
    _context, page = history(client, connection)
    for text in words:
        assert text in unescape(page), text
    assert "Looked at" not in page
