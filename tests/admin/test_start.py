"""The start page: what it counts equals what its links show, the chart equals the documents, tasks fit the person."""

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape

from config.figures import amount
from config.start import chart, tallies
from integrations.models import Connection, ConnectionStatus, Heartbeat, Issue, Posting, PostingState, SyncRun
from invoicing.models import PaymentState, PurchaseDocument, SalesDocument, SalesKind
from tests import factories

from .conftest import connect, post
from .test_lists import queries
from .test_templates import known_classes

TODAY = date(2026, 11, 17)
PAGE = "/"
_places = count(1)


@pytest.fixture(autouse=True)
def _noon():
    """Every test at noon of one day, far from the borders of day and month; no page leaves its language behind."""
    with translation.override("en"), time_machine.travel(datetime(2026, 11, 17, 12, 0, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def office(db):
    """A connected entity whose worker lives."""
    entity = factories.EntityFactory(name="Linde Studio BV")
    connection = connect(entity)
    Connection.objects.filter(pk=connection.pk).update(start_date=date(2025, 1, 1))
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    connection.refresh_from_db()
    return connection


def book(connection, price="100", day=TODAY, *, posted=True, paid_on=None, code="21", **fields):
    """A booked document, posted on its own day, and paid in full where a day is given."""
    account = factories.LedgerAccountFactory(entity=connection.entity)
    lines = [factories.line(price, code=code, account=account)]
    document = factories.booked_invoice(
        entity=connection.entity, party=factories.CompanyFactory(), day=day, lines=lines, **fields
    )
    if posted:
        moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        post(document, connection, posted_at=moment)
    if paid_on is not None:
        SalesDocument.objects.filter(pk=document.pk).update(
            payment_state=PaymentState.PAID, paid_on=paid_on, paid_amount=abs(document.total)
        )
    document.refresh_from_db()
    return document


def hold_up(
    connection, number=1, *, code="APP-102", price="100", state=PostingState.BLOCKED, kind=SalesKind.INVOICE, **fields
):
    """An open issue with so many documents that wait for it."""
    now = timezone.now()
    issue = Issue.objects.create(
        connection=connection, code=code, cause_key=f"cause:{next(_places)}", count=number, first_seen_at=now,
        last_seen_at=now, **{"params": {"rate": "6%", "period": "2026-10"}, **fields},
    )  # fmt: skip
    for _ in range(number):
        document = book(connection, price, posted=False, kind=kind)
        post(document, connection, state, reason_code=code, issue=issue)
    return issue


def start_of(client, query=""):
    answer = client.get(PAGE + query)
    assert answer.status_code == 200
    return answer.context["start"], answer.content.decode()


def words_of(tasks):
    return [task.words for task in tasks]


# --- the chart ------------------------------------------------------------------------------------------------------


def sums_by_hand(currency="EUR"):
    """Posted and paid per month, document by document."""
    posted, paid = defaultdict(Decimal), defaultdict(Decimal)
    for document in SalesDocument.objects.filter(currency=currency):
        signed = -document.total if document.is_credit_note else document.total
        if document.postings.filter(state__in=["posted", "differs"]).exists():
            posted[document.date.strftime("%Y-%m")] += signed
        if document.payment_state == PaymentState.PAID:
            paid[document.paid_on.strftime("%Y-%m")] += signed
    return posted, paid


@pytest.fixture
def year(office):
    """Documents of a year and more: paid later, credited, in dollars, blocked, of yesterday's and next year's months."""
    book(office, "1000.005", date(2025, 11, 30), paid_on=date(2025, 11, 30))  # before the twelve months
    book(office, "500", date(2025, 12, 1), paid_on=date(2026, 1, 2))
    book(office, "1234.56", date(2026, 3, 31), paid_on=date(2026, 4, 1))
    book(office, "70.10", date(2026, 3, 5), paid_on=date(2026, 11, 1))
    book(office, "300", date(2026, 6, 9), kind=SalesKind.CREDIT_NOTE, paid_on=date(2026, 7, 1))
    book(office, "40", date(2026, 10, 8), code="6")
    book(office, "900", date(2026, 11, 16), posted=False)
    book(office, "80", date(2026, 11, 17))
    book(office, "10", date(2026, 12, 1))  # dated ahead
    book(office, "200", date(2026, 5, 5), currency="USD", exchange_rate=Decimal("0.9"), paid_on=date(2026, 5, 20))
    differs = book(office, "60", date(2026, 9, 9))
    Posting.objects.filter(sales_document=differs).update(state=PostingState.DIFFERS)
    return office


def test_the_bars_of_the_chart_are_the_sums_of_the_documents(year, sign_in):
    start, page = start_of(sign_in("boss"))
    posted, paid = sums_by_hand()
    months = {month.first.strftime("%Y-%m"): month for month in start.chart.months}
    assert list(months) == [f"2025-{m:02d}" for m in (12,)] + [f"2026-{m:02d}" for m in range(1, 12)]
    assert {key: month.posted for key, month in months.items()} == {key: posted[key] for key in months}
    assert {key: month.paid for key, month in months.items()} == {key: paid[key] for key in months}
    assert posted["2025-11"] == Decimal("1210.01")
    assert months["2026-06"].posted == Decimal("-363.00")
    assert start.chart.posted == sum(posted[key] for key in months)
    for month in start.chart.months:
        for value, words in ((month.posted, "posted"), (month.paid, "paid")):
            assert f"<title>{month.name}: {amount(value, 'EUR')} {words}</title>" in page


def test_the_bars_are_as_high_as_their_amounts_and_stand_on_zero(year, sign_in):
    start, _page = start_of(sign_in("boss"))
    wide, phone = start.chart.drawings
    assert (len(wide.columns), len(phone.columns)) == (12, 6)
    assert [column.name for column in phone.columns] == ["Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
    for drawing, months in ((wide, start.chart.months), (phone, start.chart.months[-6:])):
        zero = next(Decimal(line.y) for line in drawing.lines if line.words == "0")
        heights = []
        for column, month in zip(drawing.columns, months, strict=True):
            for bar, value in zip(column.bars, (month.posted, month.paid), strict=True):
                top, height = Decimal(bar.y), Decimal(bar.height)
                assert abs((top + height if value >= 0 else top) - zero) <= Decimal("0.1")
                heights.append((height, abs(value)))
        tallest, largest = max(heights)
        assert largest == max(value for _height, value in heights)
        for height, value in heights:
            assert abs(height - tallest * value / largest) <= Decimal("0.2")


def test_the_lines_of_the_chart_reach_all_bars(year, sign_in):
    start, _page = start_of(sign_in("boss"))
    for drawing in start.chart.drawings:
        ends = [Decimal(line.y) for line in drawing.lines]
        for column in drawing.columns:
            for bar in column.bars:
                assert Decimal(bar.y) >= min(ends) - Decimal("0.1")
                assert Decimal(bar.y) + Decimal(bar.height) <= max(ends) + Decimal("0.1")


@pytest.mark.parametrize(
    ("lowest", "highest", "step"),
    [
        ("0", "190000", "50000"), ("0", "4", "1"), ("0", "0.07", "0.02"), ("-363", "1580", "500"),
        ("-500", "0", "100"), ("0", "1000000", "200000"), ("0", "1000000.01", "500000"), ("-3", "2", "1"),
    ],
)  # fmt: skip
def test_the_grid_has_few_lines_at_round_amounts(lowest, highest, step):
    assert chart.line_step(Decimal(lowest), Decimal(highest)) == Decimal(step)


@pytest.mark.parametrize(("price", "unit"), [("90", "EUR"), ("90000", "1,000 EUR"), ("90000000", "1,000,000 EUR")])
def test_the_unit_beside_the_legend_fits_the_amounts(price, unit, office, sign_in):
    book(office, price)
    start, page = start_of(sign_in("boss"))
    assert start.chart.unit == unit
    assert f"<span>{unit}</span>" in page


def test_another_currency_is_told_beside_the_chart_and_not_added(year, sign_in):
    start, page = start_of(sign_in("boss"))
    assert [(o.currency, o.posted, o.paid) for o in start.chart.others] == [("USD", Decimal(242), Decimal(242))]
    assert "Not in the chart: 242.00 USD posted, 242.00 USD paid." in page
    may = next(month for month in start.chart.months if month.first == date(2026, 5, 1))
    assert (may.posted, may.paid) == (Decimal(0), Decimal(0))


def test_the_chart_as_a_table_needs_no_script(year, sign_in):
    start, page = start_of(sign_in("boss"))
    table = re.search(r"<details[^>]*>\s*<summary[^>]*>Show as a table</summary>(.*?)</details>", page, re.DOTALL)
    rows = re.findall(r"<tr><td>(.*?)</td><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td></tr>", table[1])
    shown = [(m.name, amount(m.posted), amount(m.paid)) for m in start.chart.months]
    assert rows[:12] == shown
    assert f">{amount(start.chart.posted)}</td>" in table[1]
    assert "<script" not in re.search(r'<section class="bb-panel bb-start-chart">(.*?)</section>', page, re.DOTALL)[1]


def test_a_chart_without_figures_has_no_axes(office, sign_in):
    hold_up(office)
    start, page = start_of(sign_in("boss"))
    assert start.chart.drawings == ()
    assert "Nothing posted yet" in page
    assert "The first figures appear after the first sync." in page
    assert "<svg" not in page
    assert "Show as a table" not in page


def test_the_classes_of_the_drawing_are_in_the_stylesheet(year, sign_in):
    start, _page = start_of(sign_in("boss"))
    names = {name for drawing in start.chart.drawings for name in drawing.css.split()}
    names |= {bar.css for drawing in start.chart.drawings for column in drawing.columns for bar in column.bars}
    assert names <= known_classes()
    assert len(names) == 5


# --- the five figures -----------------------------------------------------------------------------------------------


@pytest.fixture
def busy(office):
    """A month with something in each of the five figures, invoices and credit notes."""
    book(office, "100", posted=False)
    book(office, "50", posted=False, kind=SalesKind.CREDIT_NOTE)
    hold_up(office, 2)
    hold_up(office, 1, state=PostingState.REFUSED, kind=SalesKind.CREDIT_NOTE)
    book(office, "10", date(2026, 10, 31), paid_on=date(2026, 11, 2))
    book(office, "20", date(2026, 11, 1), kind=SalesKind.CREDIT_NOTE, paid_on=date(2026, 11, 3))
    book(office, "30", date(2026, 11, 2))
    book(office, "40", date(2026, 10, 1), paid_on=date(2026, 10, 31))
    late = book(office, "70", date(2026, 9, 1))
    SalesDocument.objects.filter(pk=late.pk).update(
        payment_state=PaymentState.PARTLY_PAID, paid_amount=Decimal("14.70")
    )
    # Not in scope, of an entity without a connection: neither waiting nor posted.
    alone = factories.EntityFactory()
    factories.booked_invoice(entity=alone, lines=[factories.line(account=factories.LedgerAccountFactory(entity=alone))])
    return office


def test_the_figures_count_what_the_books_say(busy, sign_in):
    start, _page = start_of(sign_in("boss"))
    found = {
        figure.words: (figure.count, figure.amounts, figure.also.words if figure.also else "")
        for figure in start.figures
    }
    eur = lambda text: (("EUR", Decimal(text)),)  # noqa: E731
    assert found == {
        "Waiting": (1, eur("121.00"), "and 1 credit note"),
        "Blocked": (2, eur("242.00"), "and 1 credit note"),
        "Posted in November": (2, eur("12.10"), ""),
        "Paid in November": (1, eur("12.10"), "and 1 credit note"),
        "Open over 30 days": (2, eur("191.00"), ""),
    }


def test_each_figure_leads_to_the_rows_that_it_counts(busy, sign_in):
    client = sign_in("boss")
    start, page = start_of(client)
    for figure in start.figures:
        assert f'href="{escape(figure.url)}"' in page
        assert client.get(figure.url).context["cl"].result_count == figure.count, figure.words
        if figure.also is not None:
            assert f'href="{escape(figure.also.url)}"' in page
            assert client.get(figure.also.url).context["cl"].result_count == 1, figure.words


def test_expenses_that_wait_or_are_held_up_are_counted_and_led_to(office, sign_in):
    fields = {"entity": office.entity, "source": "peppol", "total": 121, "date": TODAY, "kind": "invoice"}
    waits, held, there = (PurchaseDocument.objects.create(review="approved", number=n, **fields) for n in "123")
    PurchaseDocument.objects.create(number="4", **fields)
    book(office)
    for document, state in ((held, PostingState.BLOCKED), (there, PostingState.POSTED)):
        Posting.objects.create(
            connection=office, administration=office.administration, purchase_document=document, state=state,
            kind="purchase_invoice", reference=f"p{document.pk}",
        )  # fmt: skip
    client = sign_in("boss")
    start, page = start_of(client)
    found = {figure.words: figure.expenses for figure in start.figures if figure.expenses}
    assert {words: also.words for words, also in found.items()} == {
        "Waiting": "and 1 expense",
        "Blocked": "and 1 expense",
    }
    for words, document in (("Waiting", waits), ("Blocked", held)):
        assert f'href="{escape(found[words].url)}"' in page
        assert list(client.get(found[words].url).context["cl"].queryset) == [document]
    row = next(row for row in start.entities.rows if row.entity == office.entity)
    assert (row.waiting, row.blocked) == (1, 1)
    assert "Approve or refuse 1 expense" in words_of(start.tasks)


def test_each_currency_has_its_own_sum(office, sign_in):
    book(office, "100")
    book(office, "100", currency="USD", exchange_rate=Decimal("0.9"))
    start, page = start_of(sign_in("boss"))
    posted = next(figure for figure in start.figures if figure.words == "Posted in November")
    assert posted.amounts == (("EUR", Decimal("121.00")), ("USD", Decimal("121.00")))
    assert "121.00 EUR<br>121.00 USD" in page


# --- entities -------------------------------------------------------------------------------------------------------


def test_entities_show_their_tool_their_figures_and_their_last_run(busy, sign_in):
    run = SyncRun.objects.create(
        connection=busy, trigger="manual", state="running", step="sales",
        counters={"sales": {"planned": 30, "to_send": 21, "posted": 11, "refused": 1}},
    )  # fmt: skip
    start, page = start_of(sign_in("boss"))
    row = next(row for row in start.entities.rows if row.entity == busy.entity)
    assert (row.waiting, row.blocked, row.posted, row.paid, row.issues) == (2, 3, 2, 2, 2)
    assert row.run_words == "Running, 57%"
    SyncRun.objects.filter(pk=run.pk).update(state="stopped", finished_at=timezone.now())
    start, page = start_of(sign_in("boss"))
    row = next(row for row in start.entities.rows if row.entity == busy.entity)
    assert row.run_words == "Stopped, today 13:00"
    assert reverse("admin:integrations_connection_issues", args=[busy.pk]) in page


def test_an_entity_whose_set_up_is_not_finished_has_no_figures_yet(office, sign_in):
    hold_up(office)
    entity = factories.EntityFactory(name="Linde Atelier NV")
    Connection.objects.create(entity=entity, tool="exact", site="be", status=ConnectionStatus.CONFIGURATION_NEEDED)
    start, page = start_of(sign_in("boss"))
    row = next(row for row in start.entities.rows if row.entity == entity)
    assert not row.counted
    cells = page[page.index("Linde Atelier NV") :].split("</tr>")[0]
    assert cells.count("–") == 5
    assert "No run yet" in cells
    assert "Configuration needed" in cells


def test_of_more_than_eight_entities_those_with_trouble_are_shown_first(office, sign_in):
    hold_up(office)  # the ninth by name
    Connection.objects.filter(pk=office.pk).update(status=ConnectionStatus.CONNECTED)
    office.entity.name = "Zebra NV"
    office.entity.save()
    for n in range(8):
        factories.EntityFactory(name=f"Alfa {n}")
    lost = connect(factories.EntityFactory(name="Zoo BV"))
    Connection.objects.filter(pk=lost.pk).update(status=ConnectionStatus.RECONNECT_NEEDED, status_code="AUT-401")
    client = sign_in("boss")
    start, page = start_of(client)
    assert [row.entity.name for row in start.entities.rows] == ["Zoo BV", "Zebra NV", *(f"Alfa {n}" for n in range(6))]
    assert "The 8 that need you most, of 10" in page
    assert '<a class="bb-link bb-push" href="?entities=all#entities">Show all</a>' in page
    start, page = start_of(client, "?entities=all")
    assert len(start.entities.rows) == 10
    assert "Show all" not in page


def test_eight_entities_are_all_shown(office, sign_in):
    hold_up(office)
    for n in range(7):
        factories.EntityFactory(name=f"Alfa {n}")
    start, page = start_of(sign_in("boss"))
    assert len(start.entities.rows) == 8
    assert "Show all" not in page


# --- to do next -----------------------------------------------------------------------------------------------------


def test_tasks_stand_in_the_order_of_their_weight(office, sign_in):
    lost = connect(factories.EntityFactory(name="Linde Services B.V."))
    Connection.objects.filter(pk=lost.pk).update(status=ConnectionStatus.RECONNECT_NEEDED, status_code="AUT-401")
    fresh = factories.EntityFactory(name="Linde Atelier NV")
    begun = Connection.objects.create(entity=fresh, tool="exact", site="be", status=ConnectionStatus.CONNECTING)
    small, large = hold_up(office, 3), hold_up(office, 1, code="PER-502", price="9000")
    hold_up(office, 1, code="SYS-703", state=PostingState.UNCLEAR)  # nobody has to do anything
    factories.draft_invoice(entity=office.entity)
    start, _page = start_of(sign_in("boss"))
    assert [(task.words, task.detail) for task in start.tasks] == [
        ("Sign in to Exact Online again", "Linde Services B.V. is not synced until then. All links are kept."),
        ("Finish the set-up of Linde Atelier NV", "Step 1 of 10: Situation."),
        ("Period 2026-10 is closed in Exact Online", "Blocks 1 invoice, 10,890.00 EUR. Linde Studio BV"),
        ("Link VAT rate 6%", "Blocks 3 invoices, 363.00 EUR. Linde Studio BV"),
        ("Book 1 draft", "Drafts have no number and are not sent."),
    ]
    assert start.tasks[1].url == reverse("admin:integrations_connection_setup", args=[begun.pk])
    assert [task.url for task in start.tasks[2:4]] == [
        reverse("admin:integrations_issue_change", args=[issue.pk]) for issue in (large, small)
    ]


def test_set_ups_are_asked_how_far_they_are_only_where_they_are_shown(office, sign_in):
    client = sign_in("boss")

    def begin(number):
        for _ in range(number):
            entity = factories.EntityFactory()
            Connection.objects.create(entity=entity, tool="exact", site="be", status=ConnectionStatus.CONNECTING)

    hold_up(office)
    begin(6)
    few = queries(client, PAGE)
    begin(5)
    assert queries(client, PAGE) == few


def test_at_most_six_tasks_are_shown_and_the_hardest_of_them(office, sign_in):
    for n in range(8):
        hold_up(office, 1, price=str(100 + n), params={"rate": f"{n}%"})
    factories.draft_invoice(entity=office.entity)
    start, _page = start_of(sign_in("boss"))
    assert words_of(start.tasks) == [f"Link VAT rate {n}%" for n in (7, 6, 5, 4, 3, 2)]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("boss", {"Sign in to Exact Online again", "Link VAT rate 6%", "Period 2026-10 is closed in Exact Online", "Choose the country", "Book 1 draft"}),
        ("staff", {"Period 2026-10 is closed in Exact Online", "Choose the country", "Book 1 draft"}),
        ("accountant", {"Period 2026-10 is closed in Exact Online"}),
    ],
)  # fmt: skip
def test_nobody_is_told_to_do_what_he_may_not(role, expected, office, sign_in):
    lost = connect(factories.EntityFactory())
    Connection.objects.filter(pk=lost.pk).update(status=ConnectionStatus.RECONNECT_NEEDED, status_code="AUT-401")
    hold_up(office)
    hold_up(office, code="PER-502")
    hold_up(office, code="APP-203", party=factories.CompanyFactory())
    factories.draft_invoice(entity=office.entity)
    start, _page = start_of(sign_in(role))
    assert set(words_of(start.tasks)) == expected


def test_which_relation_a_customer_is_asks_only_who_may_choose_it(office, people, sign_in):
    hold_up(office, code="APP-219", party=factories.CompanyFactory())
    assert words_of(start_of(sign_in("staff"))[0].tasks) == []
    people["staff"].user_permissions.add(Permission.objects.get(codename="change_partylink"))
    assert words_of(start_of(sign_in("staff"))[0].tasks) == ["Choose the relation"]


def test_when_there_is_nothing_to_do_the_last_run_is_told(office, sign_in):
    book(office)
    _start, page = start_of(sign_in("boss"))
    assert "Nothing to do." in page
    SyncRun.objects.create(connection=office, trigger="nightly", state="succeeded", finished_at=timezone.now())
    _start, page = start_of(sign_in("boss"))
    assert "Nothing to do. Last sync today 13:00." in page


# --- a fresh installation -------------------------------------------------------------------------------------------


def ticks(start):
    return [step.done for step in start.steps]


def test_a_fresh_installation_has_four_steps_and_ticks_what_is_done(people, sign_in):
    client = sign_in("boss")
    start, page = start_of(client)
    assert ticks(start) == [False, False, False, False]
    for words in (
        "Your books are not connected yet",
        "Four steps, about fifteen minutes. You can stop after each one; what you filled in stays.",
        "Add your company", "Connect it to your accounting tool", "Bring in your customers",
        "Book your first invoice and sync it", "Nothing posted yet",
    ):  # fmt: skip
        assert words in page, words
    assert "<svg" not in page
    assert "Waiting" not in page
    assert page.count("is-primary") == 1
    entity = factories.EntityFactory(name="Linde Studio BV")
    start, page = start_of(client)
    assert ticks(start) == [True, False, False, False]
    assert f"Linde Studio BV, {entity.vat_number}" in page
    assert start.next_step.words == "Connect it to your accounting tool"
    connection = connect(entity)
    factories.CompanyFactory()
    start, page = start_of(client)
    assert ticks(start) == [True, True, True, False]
    assert "Your books are connected" in page
    book(connection)
    start, page = start_of(client)
    assert start.steps == []
    assert "Posted in November" in page


def test_a_set_up_that_was_begun_is_gone_on_with(people, sign_in):
    entity = factories.EntityFactory()
    begun = Connection.objects.create(entity=entity, tool="exact", site="be", status=ConnectionStatus.CONNECTING)
    start, page = start_of(sign_in("boss"))
    assert start.next_step.url == reverse("admin:integrations_connection_setup", args=[begun.pk])
    assert "Continue set-up" in page


def test_who_may_only_look_sees_the_first_steps_without_buttons(people, sign_in):
    start, page = start_of(sign_in("accountant"))
    assert len(start.steps) == 4
    assert start.next_step is None
    assert [step.url for step in start.steps] == [""] * 4
    assert "is-primary" not in page


# --- the page as a whole --------------------------------------------------------------------------------------------


def test_the_page_costs_the_same_for_any_number_of_documents_causes_and_months(office, sign_in):
    client = sign_in("boss")
    hold_up(office)
    book(office)
    few = queries(client, PAGE)
    for month in range(1, 11):
        book(office, "10", date(2026, month, 3), paid_on=date(2026, month, 20))
        hold_up(office, 2)
    book(office, "10", currency="USD", exchange_rate=Decimal("0.9"))
    assert queries(client, PAGE) == few
    assert few <= 32


def at(second):
    """The clock of the tests' day, so many seconds after noon."""
    return time_machine.travel(datetime(2026, 11, 17, 12, second // 60, second % 60, tzinfo=UTC), tick=False)


@pytest.fixture
def posted(office, sign_in):
    """How many documents the start page calls posted this month."""
    cache.clear()
    client = sign_in("boss")
    yield lambda: int(re.search(r"Posted in November</span><b>(\d+)</b>", client.get(PAGE).content.decode())[1])
    cache.clear()


def test_a_large_installation_keeps_its_figures_for_a_short_while(office, posted, monkeypatch):
    book(office)
    assert posted() == 1
    book(office)
    assert posted() == 2  # of this moment, while the installation is small
    monkeypatch.setattr(tallies, "COUNT_BOUND", 0)
    assert posted() == 2
    book(office)
    with at(44):
        assert posted() == 2
    with at(46):
        assert posted() == 3


def test_while_one_person_waits_for_new_figures_others_see_the_old_ones(office, posted, monkeypatch):
    monkeypatch.setattr(tallies, "COUNT_BOUND", 0)
    book(office)
    assert posted() == 1
    book(office)
    real, seen = tallies.tallies, []

    def slow(first):
        if not seen:
            seen.append(None)
            seen[0] = posted()  # somebody else, before these figures are there
        return real(first)

    monkeypatch.setattr("config.start.page.tallies", slow)
    with at(50):
        assert posted() == 2
        assert seen == [1]
        assert posted() == 2


@pytest.mark.parametrize(
    ("language", "heading", "month", "sum_"),
    [
        ("nl", "Doorgeboekt en betaald per maand", "november 2026", "1.210,00 EUR"),
        ("fr", "Comptabilisé et payé par mois", "novembre 2026 ", "1 210,00 EUR"),
        ("en", "Posted and paid per month", "November 2026", "1,210.00 EUR"),
    ],
)
def test_the_page_speaks_the_language_of_the_reader(language, heading, month, sum_, office, sign_in):
    book(office, "1000")
    client = sign_in("boss")
    client.cookies["django_language"] = language
    _start, page = start_of(client)
    page = page.replace("\xa0", " ").replace("\u202f", " ")
    assert heading in page
    assert f"<title>{month}: {sum_}" in page


def test_without_a_worker_every_page_says_so_in_red(office, sign_in):
    hold_up(office)
    client = sign_in("boss")
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(hours=2))
    for url in (PAGE, reverse("admin:invoicing_invoice_changelist")):
        page = client.get(url).content.decode()
        notice = re.search(r'<div class="bb-notice is-bad" role="alert">(.*?)</div></div>', page, re.DOTALL)
        assert "Nothing is being synced: no worker has run since today 11:00." in notice[1]
