"""What the queue starts by itself, and when."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from croniter import croniter
from django.core.management import call_command
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from config.schedules import TASKS, sync_schedules, wanted

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NAMES = {"Dispatch", "Heartbeat", "Nightly sync", "Duplicates", "Prune"}


def test_migrating_makes_them():
    assert set(Schedule.objects.values_list("name", flat=True)) == NAMES


def test_every_function_exists():
    import pydoc

    for fields in wanted().values():
        assert callable(pydoc.locate(fields["func"])), fields["func"]


def test_twice_is_once():
    Schedule.objects.all().delete()
    assert sync_schedules() == (len(NAMES), 0)
    before = list(Schedule.objects.order_by("pk").values())
    assert sync_schedules() == (0, 0)
    assert list(Schedule.objects.order_by("pk").values()) == before


def test_a_changed_setting_a_double_and_a_former_name_are_put_right(settings):
    own = Schedule.objects.create(name="Ours alone", func="time.sleep", args="0")
    Schedule.objects.create(name="Heartbeat", func=f"{TASKS}.heartbeat")
    Schedule.objects.create(name="Former name", func=f"{TASKS}.dispatch")
    settings.BOEKBRUG_NIGHTLY_HOUR = 4
    assert sync_schedules() == (3, 1)
    assert set(Schedule.objects.values_list("name", flat=True)) == {*NAMES, "Ours alone"}
    assert Schedule.objects.get(name="Nightly sync").cron == "0 4 * * *"
    assert Schedule.objects.get(name="Duplicates").cron == "30 6 * * *"
    assert Schedule.objects.get(name="Prune").cron == "30 7 * * *"
    own.refresh_from_db()


def test_the_command_says_what_it_did(capsys):
    Schedule.objects.filter(name="Prune").delete()
    call_command("sync_schedules")
    assert capsys.readouterr().out == "1 schedules written, 0 removed\n"


def queued():
    return [task.task["func"] for task in OrmQ.objects.order_by("pk")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("offset", [0.0, 7.3, 29.9])
def test_each_look_of_the_queue_starts_the_dispatcher_once(offset):
    """The queue looks every 30 seconds and a little; no look may find nothing to dispatch."""
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC) + timedelta(seconds=offset)
    with time_machine.travel(start, tick=False) as clock:
        Schedule.objects.all().delete()
        sync_schedules()
        runs = []
        for _look in range(20):
            clock.shift(timedelta(seconds=30.4))
            OrmQ.objects.all().delete()
            scheduler()
            runs.append(queued().count(f"{TASKS}.dispatch"))
    assert runs == [1] * 20


@pytest.mark.django_db(transaction=True)
def test_a_night_missed_is_made_up_once():
    with time_machine.travel(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), tick=False) as clock:
        Schedule.objects.all().delete()
        sync_schedules()
        clock.shift(timedelta(days=3))
        scheduler()
        assert queued().count(f"{TASKS}.nightly") == 1
        OrmQ.objects.all().delete()
        scheduler()
        assert queued() == []


def test_nightly_is_by_the_clock_on_the_wall(settings):
    local = croniter(wanted()["Nightly sync"]["cron"], datetime(2026, 7, 1, 12, 0, tzinfo=UTC)).get_next(datetime)
    assert local.hour == settings.BOEKBRUG_NIGHTLY_HOUR
