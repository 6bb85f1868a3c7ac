"""The accounting module's switch: who may turn it, what it asks first, and what it stops."""

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from integrations import services
from integrations.models import Connection, ConnectionStatus, Module, Posting, SyncRun
from integrations.services.module import deactivate_ended
from integrations.sync import runs
from tests import factories

from .conftest import connect

MODULE = reverse("admin:integrations_module_changelist")


def form(**changes: str) -> dict[str, str]:
    return {"is_on": "on", "entity_limit": "", "ends_on": "", **changes}


def status(connection: Connection) -> str:
    return Connection.objects.get(pk=connection.pk).status


def test_account_admins_only(world, sign_in):
    for name in ("staff", "accountant", "nobody"):
        client = sign_in(name)
        assert client.get(MODULE).status_code == 403
        assert client.post(MODULE, {}).status_code == 403
        assert MODULE not in client.get(reverse("admin:index")).content.decode()
    assert Module.objects.count() == 0
    boss = sign_in("boss")
    assert boss.get(MODULE).status_code == 200
    assert MODULE in boss.get(reverse("admin:index")).content.decode()


def test_switching_off_asks_with_the_number_and_keeps_history(world, sign_in):
    second = connect(factories.EntityFactory())
    client = sign_in("boss")
    off = {"entity_limit": "", "ends_on": ""}
    asked = client.post(MODULE, off).content.decode()
    assert "2 connections are deactivated at once." in asked
    assert Module.current().is_active
    # The number changed meanwhile: asked again.
    assert client.post(MODULE, {**off, "confirmed": "1"}).status_code == 200
    assert status(world.connection) == ConnectionStatus.CONNECTED

    assert client.post(MODULE, {**off, "confirmed": "2"}).status_code == 302
    assert status(world.connection) == status(second) == ConnectionStatus.DEACTIVATED
    assert (Posting.objects.count(), SyncRun.objects.count()) == (2, 1)
    assert LogEntry.objects.filter(user__username="boss", change_message__contains="is_on: True → False").count() == 1
    with pytest.raises(runs.ModuleOff):
        services.start_sync(world.connection)
    with pytest.raises(services.ConnectError, match="switched off"):
        services.start_connection(entity=factories.EntityFactory(), tool="exact", site="be", user=None)
    with pytest.raises(services.ConnectError, match="switched off"):
        services.reactivate(connection=world.connection, user=None)

    assert client.post(MODULE, form()).status_code == 302
    assert status(world.connection) == ConnectionStatus.DEACTIVATED
    services.reactivate(connection=world.connection, user=None)
    assert status(world.connection) != ConnectionStatus.DEACTIVATED


def test_a_person_reads_why_nothing_starts(world, sign_in):
    Module.objects.create(pk=1, is_on=False)
    url = reverse("admin:integrations_connection_sync", args=[world.connection.pk])
    answer = sign_in("staff").post(url, follow=True)
    assert "The accounting connector is switched off." in " ".join(str(m) for m in answer.context["messages"])
    assert SyncRun.objects.unfinished().count() == 0


def test_the_limit_counts_connected_entities(world, sign_in):
    client = sign_in("boss")
    assert client.post(MODULE, form(entity_limit="1")).status_code == 302
    assert status(world.connection) == ConnectionStatus.CONNECTED
    with pytest.raises(services.ConnectError, match="No more than 1 entities can be connected"):
        services.start_connection(entity=factories.EntityFactory(), tool="exact", site="be", user=None)
    services.deactivate(connection=world.connection, user=None)
    other = services.start_connection(entity=factories.EntityFactory(), tool="exact", site="be", user=None)
    assert other.status == ConnectionStatus.CONNECTING
    with pytest.raises(services.ConnectError, match="can be connected"):
        services.reactivate(connection=world.connection, user=None)


def test_after_the_last_day_everything_is_deactivated(world):
    today = timezone.localdate()
    services.set_module(is_on=True, entity_limit=None, ends_on=today, user=None)
    deactivate_ended()
    assert status(world.connection) == ConnectionStatus.CONNECTED
    Module.objects.update(ends_on=today - timedelta(days=1))
    with pytest.raises(runs.ModuleOff):
        services.start_sync(world.connection)
    deactivate_ended()
    assert status(world.connection) == ConnectionStatus.DEACTIVATED
    assert Posting.objects.count() == 2


def test_an_end_in_the_past_asks_first(world, sign_in):
    client = sign_in("boss")
    assert "1 connection is deactivated at once." in client.post(MODULE, form(ends_on="2026-01-01")).content.decode()
    assert status(world.connection) == ConnectionStatus.CONNECTED
    assert client.post(MODULE, form(ends_on="2026-01-01", confirmed="1")).status_code == 302
    assert (Module.current().ends_on, status(world.connection)) == (date(2026, 1, 1), ConnectionStatus.DEACTIVATED)


def test_saving_twice_changes_nothing_the_second_time(world):
    values = {"is_on": True, "entity_limit": 4, "ends_on": None, "user": None}
    services.set_module(**values)
    first, entries = Module.objects.get().changed_at, LogEntry.objects.count()
    services.set_module(**values)
    assert (Module.objects.get().changed_at, LogEntry.objects.count()) == (first, entries)


@pytest.mark.parametrize(("name", "has_link"), [("boss", True), ("staff", False)])
def test_the_start_page_says_that_the_connector_is_off_and_keeps_what_was_posted(world, sign_in, name, has_link):
    client = sign_in(name)
    start = client.get(reverse("admin:index"))
    assert "The accounting connector is" not in start.content.decode()
    services.set_module(is_on=False, entity_limit=None, ends_on=None, user=None)
    start = client.get(reverse("admin:index"))
    notice = start.content.decode().partition('role="alert"')[2].partition("</div></div>")[0]
    assert "The accounting connector is switched off." in notice
    assert "What was posted and all history stay." in notice
    assert (MODULE in notice) is has_link
    row = next(row for row in start.context["start"].entities.rows if row.entity == world.entity)
    assert (row.connection, row.tool, row.posted) == (world.connection, "Exact Online", 1)
    assert row.run_url == reverse("admin:integrations_syncrun_change", args=[world.run.pk])
    table = start.content.decode().partition('id="entities"')[2].partition("</table>")[0]
    assert "Deactivated" in table
    assert "No run yet" not in table


def test_a_fresh_installation_with_the_connector_off_says_so_too(people, sign_in):
    Module.objects.create(pk=1, is_on=False)
    page = sign_in("boss").get(reverse("admin:index")).content.decode()
    assert "The accounting connector is switched off." in page


@pytest.mark.parametrize("ended", [False, True])
def test_nobody_fills_in_a_form_that_leads_nowhere(world, sign_in, ended):
    yesterday = timezone.localdate() - timedelta(days=1)
    Module.objects.create(pk=1, is_on=ended, ends_on=yesterday if ended else None)
    factories.EntityFactory(name="Zand BV")
    client = sign_in("boss")
    url = reverse("admin:integrations_connection_add")
    page = client.get(url).content.decode()
    assert ("The accounting connector ended on" if ended else "The accounting connector is switched off.") in page
    assert f'href="{MODULE}"' in page.partition('role="alert"')[2].partition("</div></div>")[0]
    assert "Start the set-up" not in page
    count = Connection.objects.count()
    assert client.post(url, {"entity": "1", "tool": "exact", "site": "be"}).status_code == 200
    assert Connection.objects.count() == count
