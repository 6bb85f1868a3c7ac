"""Changing, watching and switching off a connection: numbers before consequences, links kept or ended, sync in five places."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from integrations import services
from integrations.models import (
    BookedReference,
    Connection,
    ConnectionStatus,
    Journal,
    NotificationPreference,
    Posting,
    PostingState,
    SyncRun,
)
from integrations.sync import dispatcher
from tests import bridge, factories

from .conftest import post
from .test_connections import messages, page, settings_form


def details(connection: Connection) -> str:
    return reverse("admin:integrations_connection_change", args=[connection.pk])


def fresh(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


# --- what a change means ----------------------------------------------------------------------------------------------


def test_a_start_date_that_moves_back_says_how_many_documents_enter(world, sign_in):
    early = [
        factories.booked_invoice(entity=world.entity, party=world.company, day=date(2025, month, 5)) for month in (3, 9)
    ]
    client = sign_in("boss")
    asked = client.post(details(world.connection), settings_form(start_date="2025-06-01")).content.decode()
    assert "What this changes" in asked
    assert "1 document comes into scope and is sent at the next sync" in asked
    assert "121.00 EUR" in asked
    assert fresh(world.connection).start_date == date(2026, 1, 1)
    asked = client.post(details(world.connection), settings_form(start_date="2025-01-01")).content.decode()
    assert "2 documents come into scope" in asked
    assert len(early) == 2
    confirmed = settings_form(start_date="2025-01-01") | {"confirmed": "yes"}
    assert client.post(details(world.connection), confirmed).status_code == 302
    assert fresh(world.connection).start_date == date(2025, 1, 1)


def test_a_start_date_that_moves_on_says_what_is_not_sent_any_more(world, sign_in):
    """The posted invoice stays in the books; the blocked one and the credit note were still to go."""
    client = sign_in("boss")
    answer = client.post(details(world.connection), settings_form(start_date="2026-12-31"))
    changes = answer.context["changes"]
    assert changes.leaving.count == 2
    assert "2 documents that are not in the books yet fall out of scope" in answer.content.decode()
    assert fresh(world.connection).start_date == date(2026, 1, 1)


def test_another_journal_says_what_stays_and_what_moves(world, sign_in):
    administration = world.connection.administration
    Journal.objects.create(
        administration=administration,
        external_id="75",
        code="75",
        name="New",
        kind="sales",
        last_seen_at=timezone.now(),
    )
    client = sign_in("boss")
    asked = client.post(details(world.connection), settings_form(invoice="75")).content.decode()
    assert "70 → 75" in asked
    assert "1 document stays in journal 70." in asked
    assert "1 that waits goes to the new one." in asked
    assert fresh(world.connection).invoice_journal.code == "70"
    client.post(details(world.connection), settings_form(invoice="75") | {"confirmed": "yes"})
    assert fresh(world.connection).invoice_journal.code == "75"


def test_a_change_without_consequences_is_saved_at_once(world, sign_in):
    assert sign_in("boss").post(details(world.connection), settings_form(discount_account="700000")).status_code == 302
    assert fresh(world.connection).discount_account.code == "700000"


# --- synchronisation --------------------------------------------------------------------------------------------------


def test_automatic_sync_is_locked_until_one_run_succeeded(world, sign_in):
    client, url = sign_in("boss"), page("synchronisation", world.connection)
    Connection.objects.update(first_success_at=None)
    shown = client.get(url).content.decode()
    assert "Possible after one successful sync by hand." in shown
    answer = client.post(url, {"what": "automatic", "automatic_sync": "on"}, follow=True)
    assert "Run one manual sync first." in messages(answer)
    assert not fresh(world.connection).automatic_sync

    Connection.objects.update(first_success_at=timezone.now())
    assert client.post(url, {"what": "automatic", "automatic_sync": "on"}).status_code == 302
    assert fresh(world.connection).automatic_sync
    assert client.get(url).context["next_at"] > timezone.now()
    client.post(url, {"what": "automatic"})
    assert not fresh(world.connection).automatic_sync
    assert client.get(url).context["next_at"] is None


def test_saving_details_leaves_automatic_sync_alone(world, sign_in):
    Connection.objects.update(automatic_sync=True)
    sign_in("boss").post(details(world.connection), settings_form(discount_account="700000"))
    assert fresh(world.connection).automatic_sync


def test_my_payment_notices_are_mine_to_choose(world, people, sign_in):
    url = page("synchronisation", world.connection)
    for name in ("staff", "accountant"):
        assert sign_in(name).post(url, {"what": "mine", "on_payment": "on"}).status_code == 302
        assert sign_in(name).post(url, {"what": "automatic", "automatic_sync": "on"}).status_code == 403
    assert not fresh(world.connection).automatic_sync
    wishes = NotificationPreference.objects.order_by("user__username")
    assert [(w.user.username, w.on_payment, w.by_email) for w in wishes] == [
        ("accountant", True, False),
        ("staff", True, False),
    ]


def test_the_history_shows_seven_days_first_and_counts_the_rest(world, sign_in):
    SyncRun.objects.update(created_at=timezone.now() - timedelta(days=1))
    for age in (20, 25, 60):
        run = SyncRun.objects.create(connection=world.connection, trigger="nightly", state="succeeded")
        SyncRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=age))
    client, url = sign_in("accountant"), page("runs", world.connection)
    answer = client.get(url)
    assert [(key, count) for key, _, count in answer.context["periods"]] == [(7, 1), (30, 3), (90, 4)]
    assert [len(client.get(f"{url}?days={days}").context["runs"]) for days in ("7", "30", "90", "9999")] == [1, 3, 4, 1]
    assert answer.context["troubled"] == 1
    assert [row.view.state for row in client.get(f"{url}?days=90&issues=1").context["runs"]] == ["with_issues"]


# --- five places ------------------------------------------------------------------------------------------------------


def places(world) -> list[str]:
    return [
        reverse("admin:invoicing_invoice_changelist"),
        reverse("admin:invoicing_creditnote_changelist"),
        reverse("admin:invoicing_purchasedocument_changelist"),
        reverse("admin:invoicing_companyentity_change", args=[world.entity.pk]),
        details(world.connection),
        page("synchronisation", world.connection),
    ]


def test_a_sync_starts_from_all_five_places_and_from_none_while_it_runs(world, sign_in):
    staff, accountant = sign_in("staff"), sign_in("accountant")
    for url in places(world):
        assert "/sync/" in staff.get(url).content.decode(), url
        assert "/sync/" not in accountant.get(url).content.decode(), url
    SyncRun.objects.create(connection=world.connection, trigger="manual", state="running", step="sales")
    for url in places(world):
        shown = staff.get(url).content.decode()
        assert "/sync/" not in shown, url
        assert 'class="bb-sync is-running" type="button" disabled' in shown, url


def test_the_list_of_expenses_says_that_it_is_empty(world, sign_in):
    client = sign_in("staff")
    world.expense.delete()
    url = reverse("admin:invoicing_purchasedocument_changelist")
    assert "No expenses yet" in client.get(url).content.decode()
    assert f'href="{url}"' in client.get(reverse("admin:index")).content.decode()
    assert sign_in("nobody").get(url).status_code == 403
    # Where it stood before.
    assert client.get(reverse("expenses"))["Location"] == url


# --- deactivating -----------------------------------------------------------------------------------------------------


def test_ending_links_warns_with_numbers_first(world, sign_in):
    later = factories.booked_invoice(entity=world.entity, party=world.company, day=date(2026, 9, 1))
    posting = post(later, world.connection)
    client, url = sign_in("boss"), page("deactivate", world.connection)
    assert client.post(url, {"links": "remove", "since": ""}).status_code == 200
    form = {"links": "remove", "since": "2026-08-01"}
    asked = client.post(url, form).content.decode()
    assert "1 document dated 1 Aug 2026 or later loses its link with Exact Online." in asked
    assert "another tool would book them again" in asked
    # A number that is not the present one is asked again.
    assert client.post(url, form | {"confirmed": "7"}).status_code == 200
    assert fresh(world.connection).status == ConnectionStatus.CONNECTED
    assert Posting.objects.get(pk=posting.pk).state == PostingState.POSTED

    answer = client.post(url, form | {"confirmed": "1"}, follow=True)
    assert "1 document lost its link." in messages(answer)
    assert fresh(world.connection).status == ConnectionStatus.DEACTIVATED
    released = Posting.objects.get(pk=posting.pk)
    assert (released.state, released.external_id, released.number, released.sent_at) == ("waiting", "", "", None)
    assert Posting.objects.get(pk=world.posting.pk).state == PostingState.POSTED
    there = BookedReference.objects.get()
    assert (there.external_id, there.reference, there.total) == (posting.external_id, later.number, later.total)
    assert (
        LogEntry.objects.filter(change_message__contains="links of 1 documents from 2026-08-01 on ended").count() == 1
    )


def test_staff_ends_no_links(world, sign_in):
    form = {"links": "remove", "since": "2020-01-01", "confirmed": "1"}
    for name in ("staff", "accountant", "nobody"):
        assert sign_in(name).post(page("deactivate", world.connection), form).status_code == 403
    assert Posting.objects.get(pk=world.posting.pk).state == PostingState.POSTED


@pytest.mark.django_db(transaction=True)
def test_reactivating_posts_nothing_twice_with_links_kept_or_ended(transactional_db, box, people, sign_in):
    connection = bridge.connect(box, user=people["boss"])
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    bridge.sync(connection)
    before = box.entries()

    services.deactivate(connection=connection, user=None)
    services.reactivate(connection=connection, user=None)
    bridge.sync(connection)
    assert box.entries() == before

    __, released = services.deactivate(connection=connection, user=None, unlink_from=date(2026, 1, 1))
    assert released == 3
    assert box.entries() == before
    services.reactivate(connection=connection, user=None)
    run = bridge.sync(connection)
    assert run.state == "with_issues"
    assert box.entries() == before  # an entry that stands twice fails inside entries()
    postings = {posting.reference: posting for posting in Posting.objects.all()}
    assert {p.state for p in postings.values()} == {"blocked"}
    for document in documents:
        posting = postings[document.number]
        found = posting.reason_params["external_id"]
        assert found == before[document.number]["entry_id"]
        services.link_to_existing(posting=posting, external_id=found, user=people["boss"])
    bridge.sync(connection)
    assert box.entries() == before
    assert {p.state for p in Posting.objects.all()} == {"posted"}


# --- nights after a pause ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was_on", "words"),
    [
        (True, "It does not sync at night yet: that begins again after the first successful sync."),
        (False, "It syncs by hand only, as before."),
    ],
)
def test_reactivating_says_what_becomes_of_the_nights(world, sign_in, was_on, words):
    client = sign_in("boss")
    # Asked for in the set-up, and perhaps switched off since: what it was last is what counts.
    Connection.objects.update(automatic_sync=was_on, wizard_progress={"facts": {"automatic": True}})
    client.post(page("deactivate", world.connection), follow=True)
    assert not fresh(world.connection).automatic_sync
    answer = client.post(page("reactivate", world.connection), follow=True)
    assert messages(answer) == f"The connection is switched on again with all its links. {words}"
    back = fresh(world.connection)
    assert (back.automatic_sync, back.becomes_automatic) == (False, was_on)
    shown = client.get(page("synchronisation", world.connection)).content.decode()
    wanted = "Switches itself on after the first successful sync" if was_on else "Possible after one successful sync"
    assert wanted in shown


def test_the_module_switched_off_and_on_keeps_the_wish_as_well(world):
    Connection.objects.update(automatic_sync=True)
    services.set_module(is_on=False, entity_limit=None, ends_on=None, user=None)
    services.set_module(is_on=True, entity_limit=None, ends_on=None, user=None)
    assert services.reactivate(connection=world.connection, user=None).becomes_automatic


def test_a_wish_survives_two_pauses_without_a_sync_between(world):
    Connection.objects.update(automatic_sync=True)
    for _turn in range(2):
        services.deactivate(connection=world.connection, user=None)
        assert services.reactivate(connection=world.connection, user=None).becomes_automatic


@pytest.mark.django_db(transaction=True)
def test_nights_come_back_with_the_first_sync_that_succeeds(transactional_db, box, people):
    connection = bridge.connect(box, user=people["boss"])
    bridge.sync(connection)
    services.save_settings(connection=connection, user=None, automatic_sync=True)
    services.deactivate(connection=connection, user=None)
    services.reactivate(connection=connection, user=None)
    assert dispatcher.plan_night() == 0
    bridge.sync(connection)
    assert fresh(connection).automatic_sync
    assert dispatcher.plan_night() == 1
