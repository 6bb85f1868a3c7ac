"""The set-up step by step through its pages, against the sandbox: each saved by itself, resumable, in order."""

from __future__ import annotations

import re
from datetime import date, timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Party
from integrations.models import Connection, ConnectionStatus, FiscalPeriod, NotificationPreference, SyncRun
from integrations.services.wizard import read_progress
from invoicing.models import SalesLine, VatRate
from tests import bridge, factories
from tests.sandbox.conftest import ExactCaller
from tests.sandbox.test_exact_server_entries import SALES
from tests.sandbox.test_exact_server_entries import invoice as invoice_body

SITE = "http://127.0.0.1"
BOOKS = bridge.DIVISION


class Setup:
    """A person going through the set-up in the admin."""

    def __init__(self, client, box) -> None:
        self.client, self.box = client, box

    def start(self, entity) -> Connection:
        url = f"{reverse('admin:integrations_connection_add')}?entity={entity.pk}&tool=exact"
        answer = self.client.post(url, {"entity": entity.pk, "tool": "exact", "site": "be"})
        self.connection = Connection.objects.get(entity=entity)
        assert answer["Location"] == reverse("admin:integrations_connection_setup", args=[self.connection.pk])
        return self.connection

    def url(self, step: str) -> str:
        return reverse("admin:integrations_connection_step", args=[self.connection.pk, step])

    def get(self, step: str, query: str = ""):
        return self.client.get(self.url(step) + query)

    def post(self, step: str, seen: str | None = None, query: str = "", **data):
        if seen is None:
            seen = self.seen(step)
        return self.client.post(self.url(step) + query, {"go": "continue", "seen": seen, **data})

    def seen(self, step: str) -> str:
        saved = read_progress(self.connection).steps.get(step)
        return saved.at.isoformat() if saved is not None else ""

    def at(self) -> str:
        """The step at which the set-up opens now."""
        answer = self.client.get(reverse("admin:integrations_connection_setup", args=[self.connection.pk]))
        return answer["Location"].rstrip("/").split("/")[-1]

    def sign_in(self):
        answer = self.client.post(self.url("sign-in"), {"go": "sign-in"})
        state, code = self.box.consent(answer["Location"])
        return self.client.get(
            reverse("admin:integrations_connection_signed_in"), {"state": state, "code": code}, follow=True
        )

    def to(self, step: str) -> None:
        """Answer every step before `step` as a person in a hurry would: with what is proposed."""
        answers = {
            "situation": {"situation": "both"},
            "administration": {"administration": BOOKS, "belongs": BOOKS},
            "customers": {"customers": "documents"},
            "automatic": {"automatic": "on"},
        }
        for _ in range(12):
            here = self.at()
            if here == step:
                return
            if here == "sign-in":
                self.sign_in()
            elif here == "access":
                self.client.post(self.url("access"), {"go": "check"})
            elif here == "administration" and Connection.objects.get(pk=self.connection.pk).administration_id:
                self.client.post(self.url("administration"), {"go": "fetch"})
            else:
                chosen = answers.get(here) or self.proposed(here)
                answer = self.post(here, **chosen)
                if here == "ledger-accounts" and answer.status_code == 200:
                    # Documents without an account may wait.
                    self.post(here, **chosen, without_account=str(answer.context["wizard_asks"]["number"]))
        raise AssertionError(f"stuck at {self.at()}")

    def proposed(self, step: str) -> dict[str, str]:
        """What stands in the fields of a step's page."""
        context = self.get(step).context
        found: dict[str, str] = {}
        for name in ("form", "extra_form"):
            for field in context.get(name) or ():
                value = field.value()
                found[field.html_name] = "" if value is None else str(value)
        for row in context.get("extra") or ():
            value = row.field.value()
            found[row.field.html_name] = "" if value is None else str(value)
        return found


@pytest.fixture
def entity(db):
    for code in bridge.VAT_CODES:
        factories.vat_rate(code)
    factories.PaymentTermFactory(code="30d", name="30 days", days=30, is_default=True)
    today = timezone.localdate()
    found = factories.EntityFactory(name="Brugpijlertje Digitaal", vat_number="BE1987000062", years=())
    factories.FiscalYearFactory(entity=found, year=today.year)
    return found


@pytest.fixture
def setup(sign_in, box, people):
    client = sign_in("boss")
    client.defaults["SERVER_NAME"] = "127.0.0.1"
    return Setup(client, box)


def messages(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def test_the_whole_set_up(setup, entity, people):
    today = timezone.localdate()
    company = factories.CompanyFactory()
    for code in ("21", "6"):
        factories.booked_invoice(entity=entity, party=company, day=today, lines=[factories.line("100", code=code)])
    connection = setup.start(entity)

    assert setup.at() == "situation"
    assert setup.post("situation", situation="tool-empty")["Location"] == setup.url("sign-in")
    page = setup.sign_in()
    # Rights were looked at on the way back, so the next open step is the one after.
    assert page.redirect_chain[-1][0] == setup.url("administration")
    assert [row["missing"] for row in setup.get("access").context["rights"]] == [False] * 7

    offered = setup.get("administration").context
    assert any(r.is_open for r in offered["records"])
    chosen = setup.post("administration", administration=BOOKS)
    assert chosen["Location"] == setup.url("administration")
    assert "Fetching" in setup.get("administration").content.decode()
    fetched = setup.client.post(setup.url("administration"), {"go": "fetch"})
    assert fetched["Location"] == setup.url("journals")
    assert read_progress(connection).facts["relations"] > 0

    journals = setup.get("journals").context
    assert {row.field.name: (row.field.value(), row.reason) for row in journals["fields"]} == {
        "invoice": ("70", "Usual name"),
        "credit_note": ("71", "Usual name"),
        "purchase_invoice": ("60", "Usual name"),
        "purchase_credit_note": ("61", "Usual name"),
        "default_payment_term": ("30", "The same as your standard term, 30 days"),
    }
    assert journals["hidden"][0]["names"].startswith("75 Verkoopboek oud")
    counts = {row["day"]: row["count"] for row in journals["starts"]}
    assert counts[today.replace(month=1, day=1)] == 2
    start = today.replace(day=1)
    assert setup.post("journals", **{**setup.proposed("journals"), "start_date": start.isoformat()}).status_code == 302
    assert setup.at() == "vat-codes"

    ids = dict(VatRate.objects.values_list("code", "pk"))
    fields = {
        one.field.name: (one.field.value(), one.reason, one.asks)
        for row in setup.get("vat-codes").context["rows"]
        for one in row.fields
    }
    assert fields[f"sales-{ids['21']}"] == ("4", "Same percentage, exclusive, sales", False)
    assert fields[f"sales-{ids['6']}"] == ("1", "Same percentage, exclusive, sales", False)
    value, reason, asks = fields[f"purchase-{ids['21']}"]
    assert (value, asks) == (None, True)
    assert reason == "Two fit: 30 and 31. You decide."
    assert f"sales-{ids['12']}" not in fields  # no document uses it
    everything = {one.field.name for row in setup.get("vat-codes", "?all=1").context["rows"] for one in row.fields}
    assert f"sales-{ids['12']}" in everything
    hidden = {row["why"].split(":")[0]: row["names"] for row in setup.get("vat-codes").context["hidden"]}
    assert hidden["inclusive"] == "3, 41"
    assert setup.post("vat-codes", **setup.proposed("vat-codes"))["Location"] == setup.url("ledger-accounts")

    accounts = setup.get("ledger-accounts").context
    extra = {row.field.name: row.field.value() for row in accounts["extra"]}
    assert extra["discount_account"] == "708000"
    assert accounts["blank_count"] == 2
    assert extra["default_ledger_account"] == ""  # none is made up
    proposed = {**setup.proposed("ledger-accounts"), "default_ledger_account": "700000"}
    answers = {**proposed, f"sales-{ids['21']}": "700000", "fill_lines": "on"}
    page = setup.client.post(setup.url("ledger-accounts"), {"go": "continue", "seen": "", **answers}, follow=True)
    assert "1 line got its ledger account." in messages(page)
    assert page.redirect_chain[-1][0] == setup.url("customers")
    filled = [line.ledger_account.code for line in lines_of(entity) if line.ledger_account]
    assert filled == ["700000"]

    assert setup.post("customers", customers="documents")["Location"] == setup.url("automatic")
    assert setup.post("automatic", automatic="on", on_payment="on")["Location"] == setup.url("check")
    assert NotificationPreference.objects.get(user=people["boss"], connection=connection).on_payment

    check = setup.get("check").context
    assert (check["ready"], check["held_count"]) == (2, 0)
    looked = setup.client.post(setup.url("check"), {"go": "look"}, follow=True).context["standing"]
    assert looked["same_count"] == 0
    done = setup.client.post(setup.url("check"), {"go": "continue"}, follow=True)
    assert "is connected" in messages(done)
    connection.refresh_from_db()
    assert (connection.status, connection.automatic_sync) == (ConnectionStatus.CONNECTED, False)
    writes = [r for r in setup.box.requests() if r["method"] == "POST" and "Entries" in r["path"]]
    assert writes == []  # the set-up books nothing

    bridge.sync(connection)
    connection.refresh_from_db()
    assert connection.automatic_sync  # as chosen, from the first successful sync on
    assert bridge.assert_same_books(setup.box, connection) == 2
    answer = setup.client.get(setup.url("vat-codes"), follow=True)
    assert "The set-up is finished" in messages(answer)


def lines_of(entity):
    return SalesLine.objects.filter(document__entity=entity).order_by("pk")


def test_the_import_that_was_asked_for_starts_with_the_connection_and_once(setup, entity, people):
    connection = setup.start(entity)
    setup.to("customers")
    assert setup.get("customers").context["wanted"]  # nobody is here yet
    setup.post("customers", customers="all")
    setup.to("check")
    assert {row["words"]: row["value"] for row in setup.get("check").context["overview"]}[
        "Import of customers"
    ] == "all relations of Exact Online"
    done = setup.client.post(setup.url("check"), {"go": "continue"}, follow=True)
    assert "are imported first" in messages(done)
    run = SyncRun.objects.get(connection=connection)
    assert (run.trigger, run.started_by) == ("import", people["boss"])
    setup.client.post(setup.url("check"), {"go": "continue"})
    tab = reverse("admin:integrations_connection_synchronisation", args=[connection.pk])
    waiting = setup.client.get(tab).content.decode()
    assert "0 relations read" in waiting
    assert "0 added, 0 recognised" not in waiting
    bridge.work_off(run)
    assert Party.objects.filter(tags__name="Exact Online Import").count() == run_count(run)
    shown = setup.client.get(reverse("admin:integrations_syncrun_change", args=[run.pk])).content.decode()
    assert "Recognised and linked" in shown
    setup.client.post(setup.url("check"), {"go": "continue"})
    assert SyncRun.objects.filter(connection=connection).count() == 1
    assert "Last import" in setup.client.get(tab).content.decode()
    setup.client.post(tab, {"what": "import"})
    again = setup.client.post(tab, {"what": "import"}, follow=True)
    assert "is running" in messages(again)
    assert SyncRun.objects.filter(connection=connection).count() == 2


def test_an_import_that_failed_holds_syncs_back_until_a_person_goes_on_without(setup, entity, sign_in):
    connection = setup.start(entity)
    setup.to("customers")
    setup.post("customers", customers="all")
    setup.to("check")
    setup.client.post(setup.url("check"), {"go": "continue"})
    SyncRun.objects.filter(connection=connection).update(state="stopped", finished_at=timezone.now())
    start = reverse("admin:integrations_connection_sync", args=[connection.pk])
    tab = reverse("admin:integrations_connection_synchronisation", args=[connection.pk])
    refused = setup.client.post(start, follow=True)
    assert "Import them again, or go on without, under Synchronisation." in messages(refused)
    staff = sign_in("staff")
    assert "Ask an account admin" in messages(staff.post(start, follow=True))
    assert "start the import again here, or go on without it." in staff.get(tab).content.decode()
    assert staff.post(tab, {"what": "no-import"}).status_code == 403
    client = sign_in("boss")
    assert "Stopped" in " ".join(client.get(tab).content.decode().split()).partition("Last import")[2][:300]
    assert "Go on without the import" in client.get(tab).content.decode()
    client.post(tab, {"what": "no-import"})
    assert "Go on without the import" not in client.get(tab).content.decode()
    client.post(start)
    assert list(SyncRun.objects.order_by("pk").values_list("trigger", flat=True)) == ["import", "manual"]


def run_count(run) -> int:
    run.refresh_from_db()
    return run.counters["import"]["added"]


def test_a_missing_right_is_named_and_stops_the_set_up_until_it_is_there(setup, entity):
    connection = setup.start(entity)
    setup.box.call("rights", {"resource": "salesentry/SalesEntries", "actions": ["POST"], "allowed": False})
    setup.to("access")
    page = setup.get("access")
    text = page.context["text"]
    assert "- Enter, modify and delete sales entries" in text
    for words in (str(entity), "Exact Online", "Company settings"):
        assert words in text
    assert [row["code"] for row in page.context["missing"]] == ["sales-entries"]
    refused = setup.client.get(setup.url("administration"), follow=True)
    assert "First finish: Access check." in messages(refused)
    setup.client.post(setup.url("access"), {"go": "check"})
    assert setup.at() == "access"
    setup.box.call("rights", {"resource": "salesentry/SalesEntries", "actions": ["POST"], "allowed": True})
    setup.client.post(setup.url("access"), {"go": "check"})
    assert setup.at() == "administration"
    assert read_progress(connection).facts["access"]["missing"] == []


def test_a_step_ahead_of_the_open_one_leads_back(setup, entity):
    setup.start(entity)
    for step in ("sign-in", "access", "administration", "journals", "vat-codes", "check"):
        answer = setup.client.get(setup.url(step), follow=True)
        assert "First finish: Situation." in messages(answer)
        assert setup.client.post(setup.url(step), {"go": "continue"})["Location"] == setup.url("situation")
    assert setup.client.get(setup.url("nonsense")).status_code == 404


def test_a_second_click_changes_nothing_and_another_window_does_not_overwrite(setup, entity):
    connection = setup.start(entity)
    setup.post("situation", seen="", situation="both")
    first = read_progress(connection).steps["situation"]
    again = setup.client.post(setup.url("situation"), {"go": "continue", "seen": "", "situation": "both"}, follow=True)
    assert "Already saved" in messages(again)
    assert again.redirect_chain[-1][0] == setup.url("sign-in")
    other = setup.client.post(
        setup.url("situation"), {"go": "continue", "seen": "", "situation": "app-empty"}, follow=True
    )
    assert "in another window" in messages(other)
    assert read_progress(connection).steps["situation"] == first
    assert read_progress(connection).facts["situation"] == "both"
    setup.post("situation", situation="app-empty")
    assert read_progress(connection).facts["situation"] == "app-empty"


def test_stopping_and_coming_back_opens_the_first_open_step(setup, entity):
    connection = setup.start(entity)
    setup.to("vat-codes")
    answer = setup.client.post(
        setup.url("vat-codes"), {"go": "stop", "seen": "", **setup.proposed("vat-codes")}, follow=True
    )
    assert "it opens where you stopped" in messages(answer)
    assert "Next is step 7 of 10: Ledger accounts." in answer.content.decode()
    assert setup.at() == "ledger-accounts"
    connection.refresh_from_db()
    assert connection.status == ConnectionStatus.CONFIGURATION_NEEDED


def test_a_new_sign_in_asks_for_the_rights_again(setup, entity):
    setup.start(entity)
    setup.to("journals")
    setup.box.call("rights", {"resource": "salesentry/SalesEntries", "actions": ["POST"], "allowed": False})
    setup.sign_in()
    assert setup.at() == "access"


def test_a_silent_tool_loses_nothing(setup, entity):
    setup.start(entity)
    setup.to("administration")
    setup.box.fault("status", status=503, path="system/Divisions", times=20)
    page = setup.get("administration")
    assert page.status_code == 200
    assert "What you filled in is saved" in messages(page)
    setup.box.call("faults", method="DELETE")
    assert setup.get("administration").context["records"]


def test_lists_are_fetched_one_by_one_for_the_script_that_shows_it(setup, entity):
    setup.start(entity)
    setup.to("administration")
    setup.post("administration", administration=BOOKS)
    seen = []
    for _ in range(10):
        answer = setup.client.post(setup.url("administration"), {"go": "fetch"}, headers={"HX-Request": "true"})
        if answer.status_code == 204:
            assert answer["HX-Redirect"] == setup.url("journals")
            break
        seen.append(int(re.search(r"(\d) of 7 lists", answer.content.decode()).group(1)))
    assert seen == [1, 2, 3, 4, 5, 6]


def test_what_already_stands_there_under_our_number_is_told_before_the_start(setup, entity):
    today = timezone.localdate()
    invoice = factories.booked_invoice(entity=entity, day=today, lines=[factories.line("100")])
    setup.start(entity)
    setup.to("check")
    posted_by_hand(setup.box, invoice.number, today)
    looked = setup.client.post(setup.url("check"), {"go": "look"}, follow=True).context["standing"]
    assert looked["same"] == [invoice.number]


def posted_by_hand(box, reference: str, day: date) -> None:
    """A booking that somebody made in the tool."""
    caller = ExactCaller(SimpleNamespace(base_url=box.base_url))
    answer = caller.post(SALES, invoice_body(caller, YourRef=reference, EntryDate=day.isoformat()))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("who", ["staff", "accountant", "nobody"])
def test_only_account_admins_set_up(setup, entity, sign_in, who):
    connection = setup.start(entity)
    client = sign_in(who)
    for url in (setup.url("situation"), reverse("admin:integrations_connection_setup", args=[connection.pk])):
        assert client.get(url).status_code == 403
        assert client.post(url, {"situation": "both"}).status_code == 403


def test_the_way_out_and_back_carries_the_state_of_this_person(setup, entity, sign_in):
    setup.start(entity)
    setup.post("situation", situation="both")
    answer = setup.client.post(setup.url("sign-in"), {"go": "sign-in"})
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["redirect_uri"] == [f"{SITE}{reverse('admin:integrations_connection_signed_in')}"]
    state, code = setup.box.consent(answer["Location"])
    back = reverse("admin:integrations_connection_signed_in")
    stranger = sign_in("root").get(back, {"state": state, "code": code}, follow=True)
    assert "no longer valid" in messages(stranger)
    sign_in("boss").get(back, {"state": state, "code": code})
    assert setup.at() == "administration"


# --- what is unusual is done on purpose -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["another number", "connected already"])
def test_books_that_may_be_another_entitys_are_taken_only_with_a_tick(setup, entity, case):
    if case == "another number":
        type(entity).objects.filter(pk=entity.pk).update(vat_number="BE0403019261")
        doubt = "has VAT number BE1987000062, and Brugpijlertje Digitaal has BE0403019261."
    else:
        bridge.connect(setup.box, factories.EntityFactory(name="Zand BV"))
        doubt = "is connected to Zand BV already; both would book into it."
    connection = setup.start(entity)
    setup.to("administration")
    assert 'name="belongs"' not in setup.get("administration").content.decode()

    asked = setup.post("administration", administration=BOOKS)
    assert asked.status_code == 200
    shown = asked.content.decode()
    assert doubt in shown
    assert "These are the books of Brugpijlertje Digitaal bv; yes, they belong to Brugpijlertje Digitaal." in shown
    assert f'name="belongs" id="id_belongs" value="{BOOKS}"' in shown
    connection.refresh_from_db()
    assert connection.administration is None
    # A tick for other books says nothing about these.
    assert setup.post("administration", administration=BOOKS, belongs="3120452").status_code == 200

    assert setup.post("administration", administration=BOOKS, belongs=BOOKS).status_code == 302
    connection.refresh_from_db()
    assert connection.administration.external_id == BOOKS
    # Said once, it is not asked again.
    assert setup.post("administration", administration=BOOKS).status_code == 302


def test_own_books_need_no_tick(setup, entity):
    setup.start(entity)
    setup.to("administration")
    assert setup.post("administration", administration=BOOKS).status_code == 302


def test_a_start_date_that_the_books_cannot_have_says_which_they_can(setup, entity):
    connection = setup.start(entity)
    setup.to("journals")
    proposed = setup.proposed("journals")
    today = timezone.localdate()
    first = FiscalPeriod.objects.order_by("start").first().start
    for refused, words in (
        (today + timedelta(days=367), "That is more than a year ahead. Choose a day up to"),
        (date(2999, 1, 1), "That is more than a year ahead. Choose a day up to"),
        (first - timedelta(days=1), "The first financial year that Exact Online has begins on"),
    ):
        page = setup.post("journals", **{**proposed, "start_date": refused.isoformat()})
        assert page.status_code == 200
        assert words in page.content.decode()
        connection.refresh_from_db()
        assert connection.start_date is None
    page = setup.post("journals", **{**proposed, "start_date": first.isoformat()})
    assert page.status_code == 302


def test_a_start_date_ahead_is_taken_and_said(setup, entity):
    connection = setup.start(entity)
    setup.to("journals")
    ahead = timezone.localdate() + timedelta(days=30)
    posted = {"go": "continue", "seen": "", **setup.proposed("journals"), "start_date": ahead.isoformat()}
    page = setup.client.post(setup.url("journals"), posted, follow=True)
    assert "The start date lies ahead: documents dated before" in messages(page)
    connection.refresh_from_db()
    assert connection.start_date == ahead


def test_documents_that_would_wait_for_an_account_are_told_by_number(setup, entity):
    today = timezone.localdate()
    company = factories.CompanyFactory()
    account = factories.LedgerAccountFactory(entity=entity, code="700000")
    for _ in range(3):
        factories.booked_invoice(
            entity=entity, party=company, day=today, lines=[factories.line("100"), factories.line("50")]
        )
    factories.booked_invoice(entity=entity, party=company, day=today, lines=[factories.line("100", code="6")])
    factories.booked_invoice(entity=entity, party=company, day=today, lines=[factories.line("1", account=account)])
    connection = setup.start(entity)
    setup.to("ledger-accounts")
    ids = dict(VatRate.objects.values_list("code", "pk"))
    nothing = dict.fromkeys(setup.proposed("ledger-accounts"), "") | {"discount_account": "708000"}

    page = setup.post("ledger-accounts", **nothing)
    assert page.status_code == 200
    shown = page.content.decode()
    assert "3 documents at 21% have no account." in shown
    assert "1 document at 6% has no account." in shown
    assert 'name="without_account" id="id_without_account" value="4"' in shown
    assert "ledger-accounts" not in read_progress(connection).steps
    # What is agreed to is the number that was shown.
    assert setup.post("ledger-accounts", **nothing, without_account="3").status_code == 200

    page = setup.post("ledger-accounts", **{**nothing, f"sales-{ids['21']}": "700000"})
    assert "documents at 21%" not in page.content.decode()
    assert setup.post("ledger-accounts", **nothing, without_account="4").status_code == 302
    assert connection.ledger_links.count() == 0
    assert setup.at() == "customers"


@pytest.mark.parametrize("cure", ["default", "rates"])
def test_with_an_account_for_everything_nothing_is_asked(setup, entity, cure):
    factories.booked_invoice(entity=entity, day=timezone.localdate(), lines=[factories.line("100")])
    setup.start(entity)
    setup.to("ledger-accounts")
    rate = VatRate.objects.get(code="21").pk
    chosen = {"default_ledger_account": "700000"} if cure == "default" else {f"sales-{rate}": "700000"}
    nothing = dict.fromkeys(setup.proposed("ledger-accounts"), "")
    assert setup.post("ledger-accounts", **{**nothing, **chosen}).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("tool", ["yuki", "exact"])
def test_a_tool_that_may_receive_e_invoices_itself_is_warned_of(sign_in, tool):
    connection = Connection.objects.create(entity=factories.EntityFactory(), tool=tool, site="be")
    url = reverse("admin:integrations_connection_step", args=[connection.pk, "situation"])
    text = sign_in("boss").get(url).content.decode()
    assert ("Does Yuki receive your Peppol invoices itself?" in text) == (tool == "yuki")
