"""The bell on every page, the page with all notifications, and each person's own wishes."""

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Notification, NotificationPreference, SyncRun
from tests import factories

from .conftest import World, connect

LIST = reverse("admin:integrations_notification_changelist")
READ = reverse("admin:integrations_notification_read")
WISHES = reverse("admin:integrations_notification_wishes")
INVOICES = reverse("admin:invoicing_invoice_changelist")


def tell(world: World, user, number: int = 1, kind: str = "payments", **fields) -> list[Notification]:
    now = timezone.now()
    params = {
        "paid": 17, "partly": 2, "credit_notes": 0, "documents": 19, "ids": [world.booked.pk],
        "amounts": [["EUR", "28904.12", "4288.01"]],
    }  # fmt: skip
    values = {"params": params, "target": "documents", **fields}
    return [
        Notification.objects.create(
            user=user, connection=world.connection, kind=kind, created_at=now - timedelta(minutes=n), **values
        )
        for n in range(number)
    ]


def test_the_bell_says_what_happened_the_numbers_and_where_to_look(world, people, sign_in):
    tell(world, people["staff"])
    client = sign_in("staff")
    for url in (INVOICES, reverse("admin:index"), reverse("admin:crm_company_add"), LIST):
        page = client.get(url).content.decode()
        assert "17 invoices paid, 2 partly paid" in page, url
        assert "28,904.12 EUR received, 4,288.01 EUR of these still open." in page
        assert f'href="{INVOICES}?id__in={world.booked.pk}"' in page
        assert "Show the 19 documents" in page
        assert 'aria-label="Notifications, 1 unread"' in page
    rows = client.get(f"{INVOICES}?id__in={world.booked.pk}").context["cl"].result_list
    assert [row.pk for row in rows] == [world.booked.pk]


@pytest.mark.parametrize(
    ("params", "detail"),
    [
        ({"code": "SYS-703"}, "Exact Online does not answer."),
        ({"code": "SYS-703", "sent": 2}, "2 documents sent. Exact Online does not answer."),
        ({}, "It ended before everything was done."),
    ],
)
def test_the_notice_of_a_stopped_run_says_that_it_stopped_and_why(world, people, sign_in, params, detail):
    tell(world, people["staff"], kind="run_result", params={"state": "stopped", **params}, target="run")
    page = sign_in("staff").get(LIST).content.decode()
    assert "Sync of Linde Studio BV stopped" in page
    assert detail in page
    assert "Nothing had to be sent." not in page


def test_an_empty_bell_says_so(world, sign_in):
    page = sign_in("staff").get(INVOICES).content.decode()
    assert "No notifications." in page
    assert 'aria-label="Notifications"' in page
    assert "Mark all as read" not in page


def test_the_bell_is_one_query_for_any_number(world, people, sign_in):
    client = sign_in("staff")

    def cost() -> tuple[int, int]:
        client.get(INVOICES)
        with CaptureQueriesContext(database) as captured:
            client.get(INVOICES)
        mine = [q for q in captured.captured_queries if 'FROM "integrations_notification"' in q["sql"]]
        return len(captured), len(mine)

    before = cost()
    assert before[1] == 1
    tell(world, people["staff"], 25)
    assert cost() == before


def test_the_bell_shows_ten_and_the_page_shows_all(world, people, sign_in):
    tell(world, people["staff"], 45)
    client = sign_in("staff")
    assert client.get(INVOICES).content.decode().count("17 invoices paid") == 10
    first, second = client.get(LIST), client.get(f"{LIST}?page=2")
    assert (len(first.context["views"]), len(second.context["views"])) == (30, 15)


def test_mark_all_as_read_leaves_what_came_since(world, people, sign_in):
    [shown] = tell(world, people["staff"])
    tell(world, people["boss"])
    client = sign_in("staff")
    later = Notification.objects.create(
        user=people["staff"], connection=world.connection, kind="connection_lost", target="connection",
        created_at=shown.created_at + timedelta(seconds=5),
    )  # fmt: skip
    assert client.get(READ).status_code == 405
    assert Notification.objects.filter(read_at__isnull=True).count() == 3
    answer = client.post(READ, {"until": shown.created_at.isoformat(), "next": INVOICES})
    assert (answer.status_code, answer["Location"]) == (302, INVOICES)
    assert list(Notification.objects.filter(user=people["staff"], read_at__isnull=True)) == [later]
    assert Notification.objects.filter(user=people["boss"], read_at__isnull=True).count() == 1
    client.post(READ, {"until": "nonsense", "next": "https://elsewhere.example/"})
    assert Notification.objects.filter(user=people["staff"], read_at__isnull=True).count() == 0


def test_nobody_sees_anothers_notifications(world, people, sign_in):
    tell(world, people["boss"])
    for name in ("staff", "accountant", "nobody", "root"):
        page = sign_in(name).get(LIST).content.decode()
        assert "17 invoices paid" not in page, name
        assert "No notifications." in page


def test_a_link_is_offered_to_those_who_may_open_it(world, people, sign_in):
    tell(world, people["nobody"])
    page = sign_in("nobody").get(LIST).content.decode()
    assert "17 invoices paid" in page
    assert "id__in" not in page


def test_a_payment_notice_in_dutch_has_dutch_signs(world, people, sign_in):
    tell(world, people["staff"])
    page = sign_in("staff").get(INVOICES, headers={"accept-language": "nl"}).content.decode()
    assert "17 facturen betaald, 2 deels betaald" in page
    assert "28.904,12 EUR" in page


def test_wishes_are_ones_own(world, people, sign_in):
    other = connect(factories.EntityFactory(name="Alone BV"))
    NotificationPreference.objects.create(user=people["boss"], connection=world.connection, on_payment=True)
    client = sign_in("staff")
    assert "Lost connection, new issues" not in client.get(WISHES).content.decode()
    form = {f"payment-{world.connection.pk}": "on", f"email-{other.pk}": "on", f"problem-{other.pk}": "on"}
    assert client.post(WISHES, form).status_code == 302
    mine = {
        wish.connection_id: (wish.on_payment, wish.on_problem, wish.by_email)
        for wish in NotificationPreference.objects.filter(user=people["staff"])
    }
    # Staff is not offered the third choice, so it keeps its default.
    assert mine == {world.connection.pk: (True, True, False), other.pk: (False, True, True)}
    boss = NotificationPreference.objects.get(user=people["boss"])
    assert (boss.on_payment, boss.by_email) == (True, True)
    client.post(WISHES, form)
    assert NotificationPreference.objects.filter(user=people["staff"]).count() == 2


def test_an_admin_can_be_spared_problems(world, people, sign_in):
    client = sign_in("boss")
    assert "Lost connection, new issues" in client.get(WISHES).content.decode()
    client.post(WISHES, {f"payment-{world.connection.pk}": "on"})
    wish = NotificationPreference.objects.get()
    assert (wish.user, wish.on_payment, wish.on_problem, wish.by_email) == (people["boss"], True, False, False)


def test_wishes_are_not_offered_to_who_may_see_no_connection(world, sign_in):
    client = sign_in("nobody")
    assert client.get(WISHES).status_code == 403
    assert client.post(WISHES, {}).status_code == 403
    assert NotificationPreference.objects.count() == 0


def test_a_lost_sign_in_is_told_once_to_who_started_the_run(world, people, sign_in):
    """The result of that run says nothing more; a colleague who did not start it reads the same one entry."""
    told = {"run": world.run, "params": {"code": "AUT-401"}, "target": "connection"}
    for name in ("boss", "root"):
        tell(world, people[name], kind="connection_lost", **told)
    stopped = {"state": "stopped", "code": "AUT-401"}
    tell(world, people["boss"], kind="run_result", run=world.run, params=stopped, target="run")
    tell(world, people["staff"], kind="run_result", run=world.run, params=stopped, target="run")
    kinds = {"boss": "connection_lost", "root": "connection_lost", "staff": "run_result"}
    for name, kind in kinds.items():
        answer = sign_in(name).get(LIST)
        assert len(answer.context["views"]) == 1, name
        assert answer.context["frame"].bell.unread == 1, name
        assert [view.icon for view in answer.context["views"]] == ["link_off" if kind == "connection_lost" else "sync"]
    client = sign_in("boss")
    client.post(READ, {"next": LIST})
    assert client.get(LIST).context["frame"].bell.unread == 0
    another = SyncRun.objects.create(connection=world.connection, trigger="manual", state="succeeded", step="close")
    tell(world, people["boss"], kind="run_result", run=another, params={"state": "succeeded"}, target="run")
    assert len(client.get(LIST).context["views"]) == 2
