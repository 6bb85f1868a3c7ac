"""Connecting through the pages, settings and links, starting a sync once, following it, and its preview."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from crm.models import Party, Tag
from integrations.models import (
    Connection,
    ConnectionStatus,
    PartyLink,
    Posting,
    PostingState,
    SyncRun,
    ToolLedgerAccount,
    ToolParty,
    VatLink,
)
from invoicing.models import PurchaseDocument
from tests import bridge, factories

from .conftest import connect

# The address that the sandbox sends people back to: it takes this machine's only.
SITE = "http://127.0.0.1"


def page(verb: str, connection: Connection) -> str:
    return reverse(f"admin:integrations_connection_{verb}", args=[connection.pk])


def messages(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


# --- a sync ---------------------------------------------------------------------------------------------------------


def test_the_button_starts_one_run_however_often_it_is_pressed(world, sign_in):
    client = sign_in("staff")
    first = client.post(
        page("sync", world.connection), {"next": reverse("admin:invoicing_invoice_changelist")}, follow=True
    )
    assert first.redirect_chain[-1][0] == reverse("admin:invoicing_invoice_changelist")
    assert "Sync of Linde Studio BV with Exact Online started." in messages(first)
    again = sign_in("boss").post(page("sync", world.connection), follow=True)
    assert "A sync of Linde Studio BV is already running, started today" in messages(again)
    assert "by staff" in messages(again)
    run = SyncRun.objects.unfinished().get()
    assert (run.connection, run.started_by.username, run.trigger) == (world.connection, "staff", "manual")


@pytest.mark.django_db(transaction=True)
def test_the_first_slice_is_queued_once(transactional_db, sign_in, world):
    client = sign_in("staff")
    client.post(page("sync", world.connection))
    client.post(page("sync", world.connection))
    assert OrmQ.objects.count() == 1


def test_sync_of_all_starts_those_that_are_ready(world, sign_in):
    other, lost = connect(factories.EntityFactory()), connect(factories.EntityFactory())
    Connection.objects.filter(pk=lost.pk).update(status=ConnectionStatus.RECONNECT_NEEDED)
    sign_in("staff").post(reverse("admin:integrations_connection_sync_all"))
    started = set(SyncRun.objects.unfinished().values_list("connection", flat=True))
    assert started == {world.connection.pk, other.pk}


def test_a_connection_that_lost_its_sign_in_says_so_and_starts_nothing(world, sign_in):
    Connection.objects.filter(pk=world.connection.pk).update(
        status=ConnectionStatus.RECONNECT_NEEDED, status_code="AUT-401"
    )
    answer = sign_in("staff").post(page("sync", world.connection), follow=True)
    assert "was not started" in messages(answer)
    assert SyncRun.objects.unfinished().count() == 0
    shown = (
        sign_in("boss")
        .get(reverse("admin:integrations_connection_change", args=[world.connection.pk]))
        .content.decode()
    )
    assert "Reconnect needed" in shown
    assert "Sign in again" in shown


def test_progress_asks_again_while_a_run_goes_on_and_stops_when_it_ended(world, sign_in):
    client = sign_in("staff")
    run = SyncRun.objects.create(
        connection=world.connection, trigger="nightly", state="running", step="sales",
        counters={"sales": {"planned": 29, "to_send": 21, "posted": 12, "blocked": 8}},
    )  # fmt: skip
    url = reverse("admin:integrations_connection_progress") + f"?runs={run.pk}"
    moving = client.get(url, headers={"hx-request": "true"}).content.decode()
    for words in ("Step 4 of 7: sales documents", "12 of 21 sent", "8 blocked", 'role="status"', "every 2s"):
        assert words in moving, words
    shown = client.get(reverse("admin:invoicing_invoice_changelist")).content.decode()
    assert 'hx-trigger="every 2s"' in shown
    assert "Syncing" in shown

    SyncRun.objects.filter(pk=run.pk).update(state="with_issues", step="close")
    ended = client.get(url).content.decode()
    assert "every 2s" not in ended
    assert "Sync finished." in ended
    assert "12 documents sent" in ended


def test_what_became_of_expenses_is_counted_beside_the_documents(world, sign_in):
    client = sign_in("staff")
    run = SyncRun.objects.create(
        connection=world.connection, trigger="nightly", state="running", step="purchases",
        counters={
            "sales": {"to_send": 1, "blocked": 11},
            "purchases": {"to_send": 12, "posted": 9, "blocked": 2, "refused": 1},
        },
    )  # fmt: skip
    url = reverse("admin:integrations_connection_progress") + f"?runs={run.pk}"
    moving = client.get(url, headers={"hx-request": "true"}).content.decode()
    for words in ("0 of 1 sent", "9 of 12 expenses sent", "11 blocked", "3 expenses blocked", 'max="13" value="10"'):
        assert words in moving, words
    SyncRun.objects.filter(pk=run.pk).update(state="with_issues", step="close")
    ended = client.get(url).content.decode()
    for words in ("9 expenses sent", "11 blocked", "3 expenses blocked"):
        assert words in ended, words
    assert "0 documents sent" not in ended
    rows = client.get(reverse("admin:integrations_syncrun_changelist")).content.decode()
    assert "Expenses sent" in rows


@pytest.mark.parametrize(
    ("cursor", "word", "sentence"),
    [
        ({"waits_for": "limit"}, "Waits for limit", "Exact Online allows no more calls for the moment."),
        ({"waits_for": "answer", "retries": 1}, "No answer, tries again", "Exact Online did not answer."),
        ({"waits_for": "check"}, "Waits to check", "What was on its way is looked for in Exact Online first."),
    ],
)
def test_a_run_that_waits_says_what_for_wherever_it_is_shown(world, sign_in, cursor, word, sentence):
    later = timezone.now() + timedelta(minutes=5)
    run = SyncRun.objects.create(
        connection=world.connection, trigger="nightly", state="postponed", step="sales", cursor=cursor, not_before=later
    )
    client = sign_in("staff")
    pages = {
        "progress": reverse("admin:integrations_connection_progress") + f"?runs={run.pk}",
        "run": reverse("admin:integrations_syncrun_change", args=[run.pk]),
        "runs": reverse("admin:integrations_syncrun_changelist"),
        "history": reverse("admin:integrations_connection_runs", args=[world.connection.pk]),
    }
    words = {"Waits for limit", "No answer, tries again", "Waits to check"}
    for name, url in pages.items():
        shown = unescape(client.get(url).content.decode())
        assert {one for one in words if f"</span>{one}</span>" in shown} == {word}, name
        assert sentence in shown, name
    assert word in client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(
    ("trigger", "step", "words"),
    [
        ("manual", "sales", "The sync stopped; why stands above."),
        ("import", "import", "The import stopped; why stands above."),
    ],
)
def test_the_end_of_a_stopped_run_says_that_it_stopped_and_why(world, sign_in, trigger, step, words):
    run = SyncRun.objects.create(
        connection=world.connection, trigger=trigger, state="stopped", step=step, error_code="SYS-703",
        error_text="timed out", finished_at=timezone.now(),
    )  # fmt: skip
    url = reverse("admin:integrations_connection_progress") + f"?runs={run.pk}"
    ended = sign_in("staff").get(url).content.decode()
    assert words in ended
    assert "does not answer" in ended
    assert "nothing is lost" in ended
    assert "finished." not in ended


def test_of_several_runs_it_says_how_many_stopped(world, sign_in):
    ends = {"finished_at": timezone.now(), "trigger": "manual", "step": "close", "connection": world.connection}
    runs = [SyncRun.objects.create(state=state, **ends) for state in ("stopped", "succeeded", "stopped")]
    ids = ",".join(str(run.pk) for run in runs)
    ended = sign_in("staff").get(reverse("admin:integrations_connection_progress") + f"?runs={ids}").content.decode()
    assert "2 of 3 syncs stopped; why stands above." in ended


def test_a_page_without_runs_asks_for_nothing(world, sign_in):
    shown = sign_in("staff").get(reverse("admin:invoicing_invoice_changelist")).content.decode()
    assert "hx-trigger" not in shown.replace('hx-trigger="keyup', "")


@pytest.mark.parametrize("where", ["crm_company_changelist", "integrations_connection_preview"])
def test_the_button_of_a_page_without_a_piece_turns_back_when_the_run_has_ended(where, world, sign_in):
    """A page of all connections, and one of a single connection."""
    client = sign_in("staff")
    run = SyncRun.objects.create(connection=world.connection, trigger="nightly", state="running", step="sales")
    own = where == "integrations_connection_preview"
    page_url = reverse(f"admin:{where}", args=[world.connection.pk] if own else [])
    page = client.get(page_url).content.decode()
    assert 'id="sync-progress"' not in page
    watch = re.search(r'<div id="sync-button" hx-get="([^"]+)" hx-trigger="every 4s ', page)[1]
    asked = {"hx-request": "true", "hx-current-url": f"http://testserver{page_url}"}

    still = client.get(watch, headers=asked)
    shown = still.content.decode()
    assert watch in shown
    assert "Step 4 of 7: sales documents" in shown
    assert 'max="100" value="57"' in shown
    SyncRun.objects.filter(pk=run.pk).update(counters={"sales": {"to_send": 21, "posted": 12, "blocked": 8}})
    moved = client.get(watch, headers=asked).content.decode()
    assert "Step 4 of 7: sales documents, 12 of 21 sent, 8 blocked" in moved
    assert f"Syncing {world.entity}" in moved
    assert "no-store" in still["Cache-Control"]
    SyncRun.objects.filter(pk=run.pk).update(state="succeeded", step="close", finished_at=timezone.now())
    ended = client.get(watch, headers=asked).content.decode()

    assert ended.count('id="sync-button"') == 1
    assert "hx-get" not in ended
    verb, args = ("sync", [world.connection.pk]) if own else ("sync_all", [])
    assert f'<form method="post" action="{reverse(f"admin:integrations_connection_{verb}", args=args)}">' in ended
    assert f'name="next" value="{page_url}"' in ended
    assert "csrfmiddlewaretoken" in ended


def test_the_button_of_one_connection_does_not_wait_for_another(world, sign_in):
    other = connect(factories.EntityFactory())
    SyncRun.objects.create(connection=other, trigger="nightly", state="running", step="sales")
    url = reverse("admin:integrations_connection_button")
    assert "Syncing" not in sign_in("staff").get(f"{url}?connection={world.connection.pk}").content.decode()
    assert f"Syncing {other.entity}" in sign_in("staff").get(f"{url}?connection={other.pk}").content.decode()


@pytest.mark.parametrize("where", ["admin:index", "admin:crm_company_changelist"])
def test_the_button_that_starts_all_waits_while_any_run_is_under_way(where, world, sign_in):
    """The other connection could start; the button says whose run it waits for."""
    other = connect(factories.EntityFactory(name="Ander Atelier"))
    run = SyncRun.objects.create(connection=other, trigger="nightly", state="running", step="parties")
    start = f'action="{reverse("admin:integrations_connection_sync_all")}"'
    for name in ("staff", "boss"):
        shown = sign_in(name).get(reverse(where)).content.decode()
        assert start not in shown
        assert "Syncing Ander Atelier" in shown
        assert "Ander Atelier: Step 3 of 7" in shown
    third = SyncRun.objects.create(connection=world.connection, trigger="manual", state="queued", step="parties")
    assert "Syncing Ander Atelier +1" in sign_in("boss").get(reverse(where)).content.decode()
    SyncRun.objects.filter(pk__in=[run.pk, third.pk]).update(state="succeeded", finished_at=timezone.now())
    assert start in sign_in("boss").get(reverse(where)).content.decode()


def test_who_only_looks_sees_the_button_of_a_connection_go_when_its_run_has_ended(world, sign_in):
    client = sign_in("accountant")
    run = SyncRun.objects.create(connection=world.connection, trigger="nightly", state="running", step="sales")
    shown = client.get(page("preview", world.connection)).content.decode()
    watch = re.search(r'<div id="sync-button" hx-get="([^"]+)"', shown)[1]
    assert "Syncing" in client.get(watch).content.decode()
    SyncRun.objects.filter(pk=run.pk).update(state="succeeded", step="close", finished_at=timezone.now())
    ended = client.get(watch).content.decode()
    assert 'id="sync-button"' in ended
    assert "<button" not in ended


# --- settings and links ---------------------------------------------------------------------------------------------


def settings_form(**changes: str) -> dict[str, str]:
    return {
        "start_date": "2026-01-01", "invoice": "70", "credit_note": "71", "purchase_invoice": "", "purchase_credit_note": "",
        "default_payment_term": "30", "discount_account": "", "default_ledger_account": "", **changes,
    }  # fmt: skip


def test_settings_are_saved_and_logged(world, sign_in):
    url = reverse("admin:integrations_connection_change", args=[world.connection.pk])
    client = sign_in("boss")
    assert client.post(url, settings_form(start_date="2026-02-01", discount_account="700000")).status_code == 302
    world.connection.refresh_from_db()
    assert world.connection.start_date == date(2026, 2, 1)
    assert world.connection.discount_account.code == "700000"
    entry = LogEntry.objects.filter(user__username="boss").latest("pk")
    assert "Start date: 1 Jan 2026 → 1 Feb 2026" in entry.change_message
    assert client.post(url, settings_form(invoice="no such journal")).status_code == 200
    world.connection.refresh_from_db()
    assert world.connection.invoice_journal.code == "70"


def test_only_active_exclusive_codes_can_be_linked(world, sign_in):
    client = sign_in("boss")
    rate = VatLink.objects.get().rate
    answer = client.get(page("vat", world.connection))
    offered = [value for value, _ in answer.context["form"].fields[f"sales-{rate.pk}"].choices]
    assert offered == ["", "4"]
    assert "1 code is not offered" in answer.content.decode()
    refused = client.post(page("vat", world.connection), {f"sales-{rate.pk}": "4I", f"purchase-{rate.pk}": ""})
    assert refused.status_code == 200
    assert VatLink.objects.get().vat_code.code == "4"
    client.post(page("vat", world.connection), {f"sales-{rate.pk}": "", f"purchase-{rate.pk}": ""})
    assert VatLink.objects.count() == 0
    client.post(page("vat", world.connection), {f"sales-{rate.pk}": "4", f"purchase-{rate.pk}": ""})
    assert VatLink.objects.get().vat_code.code == "4"
    client.post(page("ledger", world.connection), {f"sales-{rate.pk}": "700000", f"purchase-{rate.pk}": ""})
    assert world.connection.ledger_links.get().account.code == "700000"


def test_a_link_whose_account_was_blocked_since_does_not_stop_the_others(world, sign_in):
    client = sign_in("boss")
    rate, other = VatLink.objects.get().rate, factories.vat_rate("6").rate
    client.post(page("ledger", world.connection), {f"sales-{rate.pk}": "700000"})
    ToolLedgerAccount.objects.filter(code="700000").update(active=False)
    ToolLedgerAccount.objects.create(
        administration=world.connection.administration, external_id="new", code="700020", name="New", kind="revenue",
        last_seen_at=timezone.now(),
    )  # fmt: skip
    form = {f"sales-{rate.pk}": "700000", f"sales-{other.pk}": "700020"}
    assert client.post(page("ledger", world.connection), form).status_code == 302
    assert {link.account.code for link in world.connection.ledger_links.all()} == {"700000", "700020"}


def test_deactivating_says_what_it_means_and_can_be_taken_back(world, sign_in):
    client = sign_in("boss")
    shown = client.get(page("deactivate", world.connection)).content.decode()
    assert "All links and the history are kept." in shown
    client.post(page("deactivate", world.connection))
    world.connection.refresh_from_db()
    assert world.connection.status == ConnectionStatus.DEACTIVATED
    client.post(page("reactivate", world.connection))
    world.connection.refresh_from_db()
    assert world.connection.status != ConnectionStatus.DEACTIVATED


# --- against the sandbox --------------------------------------------------------------------------------------------


def test_a_sign_in_works_once_and_for_the_one_who_began_it(box, world, sign_in, settings):
    settings.BOEKBRUG_SITE_URL = SITE
    boss, root = sign_in("boss"), sign_in("root")
    leaves = boss.post(page("sign_in", world.connection))
    state, code = box.consent(leaves["Location"])
    url = reverse("admin:integrations_connection_signed_in")
    assert "no longer valid" in messages(root.get(url, {"state": state, "code": code}, follow=True))
    world.connection.refresh_from_db()
    assert world.connection.grant is None
    boss.get(url, {"state": state, "code": code})
    world.connection.refresh_from_db()
    assert world.connection.grant is not None
    assert "already used" in messages(boss.get(url, {"state": state, "code": code}, follow=True))


def test_the_preview_shows_what_a_sync_then_does(box, sign_in, people):
    connection = bridge.connect(box, user=people["boss"])
    company = factories.CompanyFactory(name="Garage Peeters BV")
    good = factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line("200")])
    bad = factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line(code="9")])
    client = sign_in("accountant")
    answer = client.get(page("preview", connection))
    words = answer.content.decode()
    assert "Nothing has been sent." in words
    assert [one.line.number for one in answer.context["to_send"]] == [good.number]
    part = answer.context["to_send"][0].parts[0]
    assert (part.account[:6], part.vat_code, part.net, part.vat) == ("700000", "4", Decimal(200), Decimal(42))
    assert [(one.party.name, one.action) for one in answer.context["customers"]] == [("Garage Peeters BV", "create")]
    assert [line.number for line in answer.context["held"][0]["lines"]] == [bad.number]
    assert list(answer.context["sums"]) == [("EUR", Decimal("242.00"))]
    assert Posting.objects.count() == 0

    stood = set(box.entries())
    client = sign_in("staff")
    client.post(page("sync", connection))
    run = bridge.work_off(SyncRun.objects.get())
    assert box.entries()[good.number]["total"] == "242.00"
    assert set(box.entries()) - stood == {good.number}
    states = dict(Posting.objects.values_list("reference", "state"))
    assert states == {good.number: PostingState.POSTED, bad.number: PostingState.BLOCKED}
    shown = client.get(reverse("admin:integrations_syncrun_change", args=[run.pk])).content.decode()
    assert "With issues" in shown
    shown = client.get(reverse("admin:invoicing_invoice_change", args=[good.pk])).content.decode()
    assert "Equal to the cent" in shown
    refresh = reverse("admin:integrations_posting_refresh", args=[Posting.objects.get(reference=good.number).pk])
    assert f"{good.number} stands in Exact Online." in messages(client.post(refresh, follow=True))


def test_the_preview_never_adds_up_what_is_sold_and_what_is_bought(box, sign_in, people):
    connection = bridge.connect(box, user=people["boss"])
    factories.booked_invoice(entity=connection.entity, lines=[factories.line("200")])
    supplier = factories.CompanyFactory(is_supplier=True)
    fields = {"entity": connection.entity, "source": "peppol", "review": "approved", "supplier": supplier}
    fields |= {"date": factories.DAY, "currency": "EUR"}
    PurchaseDocument.objects.create(number="1", kind="invoice", total=50, **fields)
    PurchaseDocument.objects.create(number="2", kind="credit_note", total=20, **fields)
    shown = sign_in("accountant").get(page("preview", connection))
    assert shown.context["sums"] == [("EUR", Decimal("242.00"))]
    assert shown.context["held_sums"] == []
    assert shown.context["held_expense_sums"] == [("EUR", Decimal(30))]
    assert "expenses 30.00 EUR" in " ".join(shown.content.decode().split())


def test_a_customer_whom_several_relations_fit_waits_in_the_preview_too(world, sign_in):
    """The world's waiting invoice would go; with two relations of its customer's VAT number somebody has to choose."""
    client = sign_in("accountant")
    before = client.get(page("preview", world.connection)).context
    assert before["to_send_count"] > 0
    party = before["to_send"][0].line.party_id
    PartyLink.objects.filter(party=party).delete()
    Party.objects.filter(pk=party).update(vat_number="BE0403170701")
    for number in (1, 2):
        ToolParty.objects.create(
            administration=world.connection.administration,
            external_id=f"twin-{number}",
            code=str(number),
            name=f"Twin {number}",
            vat_number="BE0403170701",
            is_customer=True,
            last_seen_at=timezone.now(),
        )
    after = client.get(page("preview", world.connection)).context
    own = sum(one.line.party_id == party for one in before["to_send"])
    assert after["to_send_count"] == before["to_send_count"] - own
    assert after["held_count"] == before["held_count"] + own
    assert [cause["problem"].headline for cause in after["held"] if "relation" in cause["problem"].headline]
    assert sum(dict(after["held_sums"]).values()) - sum(dict(before["held_sums"]).values()) == sum(
        dict(before["sums"]).values()
    ) - sum(dict(after["sums"]).values())


def test_a_tool_that_does_not_answer_is_said_and_changes_nothing(box, sign_in, people, settings):
    connection = bridge.connect(box, user=people["boss"])
    settings.BOEKBRUG_EXACT_BASE_URL = "http://127.0.0.1:9/exact"
    before = connection.administration.journals.count()
    answer = sign_in("boss").post(page("lists", connection), follow=True)
    assert "did not answer" in messages(answer)
    assert connection.administration.journals.count() == before


@pytest.mark.parametrize(("tool", "asked"), [("exact", 8), ("octopus", 7), ("twinfield", 7), ("yuki", 3)])
def test_only_the_settings_that_the_tool_has_are_asked_for(world, sign_in, tool, asked):
    Connection.objects.filter(pk=world.connection.pk).update(tool=tool)
    page = sign_in("boss").get(reverse("admin:integrations_connection_change", args=[world.connection.pk]))
    assert len(page.context["form"].fields) == asked


def test_an_import_says_what_became_of_contact_persons_and_what_it_could_not_read(box, sign_in):
    connection = bridge.connect(box)
    box.call("contact", {"division": bridge.DIVISION, "code": "1", "values": {"FirstName": "Jan", "LastName": "Claes"}})
    box.fault("status", status=403, path="sync/CRM/Contacts", times=1)
    client = sign_in("boss")
    shown = []
    for _ in range(2):
        client.post(page("synchronisation", connection), {"what": "import"})
        run = bridge.work_off(SyncRun.objects.latest("pk"))
        shown.append(client.get(reverse("admin:integrations_syncrun_change", args=[run.pk])).content.decode())
    assert "needs the right “manage accounts”" in shown[0]
    assert "Contact persons" not in shown[0]
    assert '<h3 class="bb-h2">Contact persons</h3>' in shown[1]
    tagged = Tag.objects.get(name="Exact Online Import").pk
    url = f"{reverse('admin:crm_contact_changelist')}?tags__id__exact={tagged}"
    assert url in shown[1]
    assert "Jan Claes" in client.get(url).content.decode()
    assert "1 contact person added" in client.get(page("synchronisation", connection)).content.decode()
