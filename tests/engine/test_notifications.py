"""Who is told what after real runs against the sandbox: results, payments, lost connections, new issues, e-mail."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.utils import timezone
from django_q.models import OrmQ

from integrations import services
from integrations.models import Connection, Grant, Notification, SyncRun
from integrations.services import mailing, notices, notifying
from integrations.sync import announcing, runs
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def person(name: str, *codenames: str, **fields):
    user = factories.UserFactory(username=name, email=f"{name}@example.com", **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def told(user, kind: str = ""):
    rows = Notification.objects.filter(user=user).select_related("connection__entity", "run").order_by("pk")
    return [row for row in rows if not kind or row.kind == kind]


def words(row: Notification) -> str:
    notice = notices.notice_of(row)
    return f"{notice.title} | {notice.detail} | {notice.words}"


def manual(connection: Connection, user) -> SyncRun:
    return bridge.work_off(services.start_sync(connection, "manual", user))


def nightly(connection: Connection) -> SyncRun:
    return bridge.work_off(services.start_sync(connection, "nightly"))


def test_the_result_of_a_manual_run_goes_to_its_starter_only(box, connection):
    starter = person("starter", "view_syncrun")
    person("other", "view_syncrun")
    factories.booked_invoice(entity=connection.entity)
    factories.booked_invoice(entity=connection.entity)
    run = manual(connection, starter)
    assert run.state == "succeeded", run.counters
    [row] = Notification.objects.all()
    assert (row.user, row.run, row.kind, row.target) == (starter, run, "run_result", "run")
    assert words(row) == f"Sync of {connection.entity} finished | 2 documents sent, 2 customers sent. | See this run"
    run.refresh_from_db()
    assert run.announced_at is not None


def test_an_automatic_run_has_no_routine_notice(box, connection):
    person("boss", "change_connection")
    factories.booked_invoice(entity=connection.entity)
    assert nightly(connection).state == "succeeded"
    assert Notification.objects.count() == 0


def test_payments_are_bundled_and_say_what_was_received_and_what_is_open(box, connection):
    asks, silent, blind = person("asks", "view_salesdocument"), person("silent", "view_salesdocument"), person("blind")
    for user in (asks, blind):
        services.save_preference(user=user, connection=connection, on_payment=True)
    invoices = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    nightly(connection)
    assert Notification.objects.count() == 0
    box.pay(invoices[0].number)
    box.pay(invoices[1].number, "21.00")
    nightly(connection)
    [row] = told(asks)
    assert (row.kind, row.target) == ("payments", "documents")
    assert row.params["amounts"] == [["EUR", "142.00", "100.00"]]
    assert row.params["ids"] == [invoices[0].pk, invoices[1].pk]
    text = words(row)
    assert text.startswith("1 invoice paid, 1 partly paid | ")
    assert "142.00 EUR received, 100.00 EUR of these still open." in text
    assert "Show the 2 documents" in text
    assert told(silent) == told(blind) == []

    nightly(connection)
    assert len(told(asks)) == 1
    box.pay(invoices[1].number, "100.00")
    nightly(connection)
    second = told(asks)[1]
    assert second.params["amounts"] == [["EUR", "100.00", "0.00"]]
    assert (second.params["paid"], second.params["partly"]) == (1, 0)


def test_a_run_that_is_announced_twice_is_told_once(box, connection):
    starter = person("starter", "view_syncrun", "view_salesdocument")
    services.save_preference(user=starter, connection=connection, on_payment=True)
    document = factories.booked_invoice(entity=connection.entity)
    nightly(connection)
    box.pay(document.number)
    run = manual(connection, starter)
    assert sorted(row.kind for row in told(starter)) == ["payments", "run_result"]
    notifying.announce_run(run.pk)
    announcing.announce(run.pk)
    assert len(told(starter)) == 2


def test_new_issues_go_to_admins_once_and_not_to_who_does_not_want_them(box, connection):
    boss, deaf = person("boss", "change_connection"), person("deaf", "change_connection")
    left = person("left", "change_connection", is_active=False)
    staff = person("staff", "view_connection")
    grouped = person("grouped")
    group = Group.objects.create(name="Bridge admins")
    group.permissions.set(Permission.objects.filter(codename="change_connection"))
    grouped.groups.add(group)
    services.save_preference(user=deaf, connection=connection, on_problem=False)
    factories.booked_invoice(entity=connection.entity, lines=[factories.line(code="9")])
    run = nightly(connection)
    assert run.state == "with_issues"
    for user in (boss, grouped):
        [row] = told(user)
        assert (row.kind, row.target, row.params["count"], row.params["documents"]) == ("new_issues", "issues", 1, 1)
        assert words(row).startswith(f"1 new issue at {connection.entity} | 1 document is held up. ")
    assert told(deaf) == told(left) == told(staff) == []
    nightly(connection)
    assert len(told(boss)) == 1  # the same cause is not news


def test_the_starter_reads_issues_in_the_result_and_other_admins_hear_of_them(box, connection):
    boss, other = person("boss", "change_connection", "view_syncrun"), person("other", "change_connection")
    factories.booked_invoice(entity=connection.entity, lines=[factories.line(code="9")])
    manual(connection, boss)
    [row] = told(boss)
    assert (row.kind, row.target) == ("run_result", "issues")
    assert words(row).startswith(f"Sync of {connection.entity} finished with 1 issue | ")
    assert [row.kind for row in told(other)] == ["new_issues"]


def test_a_lost_connection_is_told_to_admins_after_an_automatic_run(box, connection):
    boss = person("boss", "change_connection")
    past = timezone.now() - timedelta(days=1)
    Grant.objects.filter(pk=connection.grant_id).update(
        access_token="x", refresh_token="wrong", expires_at=past, refresh_from=past, refresh_until=past
    )
    run = nightly(connection)
    assert (run.state, Connection.objects.get().status) == ("stopped", "reconnect_needed"), run.error_text
    [row] = told(boss)
    assert (row.kind, row.target) == ("connection_lost", "connection")
    assert words(row) == (
        "The connection with Exact Online has been lost | "
        f"{connection.entity} does not sync until someone signs in again. | Sign in again"
    )


# --- lost workers, e-mail -------------------------------------------------------------------------------------------


def test_a_run_whose_worker_died_before_telling_is_told_by_the_dispatcher(box, connection):
    starter = person("starter", "view_syncrun")
    run = manual(connection, starter)
    Notification.objects.all().delete()
    SyncRun.objects.filter(pk=run.pk).update(announced_at=None)
    assert announcing.catch_up() == 0  # it may still be about to
    SyncRun.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(minutes=2))
    assert announcing.catch_up() == 1
    assert len(told(starter)) == 1
    assert announcing.catch_up() == 0


def test_a_listener_that_fails_never_fails_the_run(box, connection, monkeypatch):
    def broken(run_id: int) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(announcing, "_on_finished", [broken])
    run = nightly(connection)
    assert run.state == "succeeded"
    assert run.announced_at is None


def test_mail_is_queued_and_sent_once_by_a_worker(box, connection, settings):
    settings.BOEKBRUG_SITE_URL = "https://books.example.com"
    starter = person("starter", "view_syncrun")
    factories.booked_invoice(entity=connection.entity)
    run = manual(connection, starter)
    assert mail.outbox == []  # the slice sends nothing itself
    assert OrmQ.objects.filter(key="boekbrug").exists()
    assert mailing.send_due() == 1
    assert mailing.send_due() == 0
    [message] = mail.outbox
    assert message.to == ["starter@example.com"]
    assert message.subject == f"Sync of {connection.entity} finished"
    assert f"https://books.example.com/integrations/syncrun/{run.pk}/change/" in message.body
    assert "1 document sent" in message.body
    assert told(starter)[0].emailed_at is not None


def test_who_wants_no_mail_gets_none_and_who_reads_dutch_gets_dutch(box, connection):
    from django.utils import translation

    quiet, dutch = person("quiet", "change_connection"), person("dutch", "change_connection")
    services.save_preference(user=quiet, connection=connection, by_email=False)
    with translation.override("nl"):
        services.save_preference(user=dutch, connection=connection)
    factories.booked_invoice(entity=connection.entity, lines=[factories.line(code="9")])
    nightly(connection)
    assert len(told(quiet)) == len(told(dutch)) == 1
    assert mailing.send_due() == 1
    [message] = mail.outbox
    assert message.to == ["dutch@example.com"]
    assert message.subject == f"1 nieuw probleem bij {connection.entity}"


def test_a_mail_server_that_is_away_is_tried_again_later(box, connection, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    starter = person("starter", "view_syncrun")
    manual(connection, starter)
    assert mailing.send_due() == 0
    [row] = told(starter)
    assert (row.email_attempts, row.emailed_at) == (1, None)
    assert row.email_due_at > timezone.now()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mailing.send_due() == 0  # not due yet
    Notification.objects.update(email_due_at=timezone.now())
    assert mailing.send_due() == 1
    assert told(starter)[0].emailed_at is not None


def test_a_mail_that_never_leaves_is_given_up_and_stays_in_the_bell(box, connection, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    manual(connection, person("starter", "view_syncrun"))
    for _ in range(8):
        Notification.objects.filter(email_due_at__isnull=False).update(email_due_at=timezone.now())
        mailing.send_due()
    row = Notification.objects.get()
    assert (row.email_attempts, row.email_due_at, row.emailed_at) == (7, None, None)


# --- the module -----------------------------------------------------------------------------------------------------


def test_nothing_syncs_while_the_module_is_off(box, connection):
    services.set_module(is_on=False, entity_limit=None, ends_on=None, user=None)
    with pytest.raises(runs.ModuleOff):
        services.start_sync(connection)
    assert SyncRun.objects.count() == 0
