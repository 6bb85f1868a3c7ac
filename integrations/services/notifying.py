"""Who is told what when a run has ended, as rows; the words are made when they are read, the e-mail is sent later.

A manual run's result goes to its starter only. Payments seen for the first time go to those who asked, bundled per
run. A lost connection and new causes that hold documents up go to account admins, after automatic runs as well; an
automatic run has no routine notice. Told twice, a run is told once. Source: S-094, S-117, S-152c to S-156, C-7;
domain rules 14.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from invoicing.models import Payment, PaymentSource, PaymentState

from ..models import (
    Connection,
    ConnectionStatus,
    Issue,
    Notification,
    NotificationKind,
    NotificationPreference,
    NotificationTarget,
    RunState,
    RunTrigger,
    SyncRun,
)
from . import mailing

ADMIN = "integrations.change_connection"
SEES_DOCUMENTS = "invoicing.view_salesdocument"
_MODELS = "django.contrib.auth.backends.ModelBackend"
# A link can carry the ids of so many documents; beyond it the list's own filters serve better.
_NAMED_DOCUMENTS = 100
# A limit of the tool ends by itself; nobody has to act.
_LIMIT = "connection:limit"
# Values of a cause that may name a person or quote the tool; the words of a notification do without them.
_PRIVATE = frozenset({"party", "customer", "name", "text", "vat_number"})


def announce_run(run_id: int) -> None:
    """Write the notifications of a finished run; nothing for one that goes on, and nothing new the second time."""
    run = SyncRun.objects.select_related("connection__entity", "started_by").filter(pk=run_id).first()
    if run is None or run.finished_at is None:
        return
    since = _previous_end(run)
    drafts = [*_result(run), *_payments(run, since), *_lost(run), *_new_issues(run, since)]
    if drafts:
        _store(run, drafts)


def _previous_end(run: SyncRun) -> datetime | None:
    """When the connection's run before this one ended: what happened later belongs to this one."""
    earlier = SyncRun.objects.filter(connection=run.connection_id, pk__lt=run.pk, finished_at__isnull=False)
    return earlier.order_by("-pk").values_list("finished_at", flat=True).first()


# --- what there is to tell ------------------------------------------------------------------------------------------


def _result(run: SyncRun) -> Iterable[Notification]:
    """The result of a run that a person started, for that person."""
    user = run.started_by
    if run.trigger not in (RunTrigger.MANUAL, RunTrigger.IMPORT) or user is None or not user.is_active:
        return
    if run.trigger == RunTrigger.IMPORT:
        counts = run.counters.get("import") or {}
        persons = run.counters.get("contacts") or {}
        params = {name: counts.get(name, 0) for name in ("added", "linked", "known", "doubtful")}
        params |= {"persons": persons.get("added", 0), "unread": "unread" in run.cursor.get("import", {})}
        params["doubtful"] += persons.get("doubtful", 0)
        params |= {"imported": True, "state": run.state, "code": run.error_code}
        params["reason"] = _without_names(run.error_params)
        yield _draft(run, user, NotificationKind.RUN_RESULT, params, NotificationTarget.RUN)
        return
    params = {
        "state": run.state,
        "issues": run.counted("issues", "open"),
        "sent": run.counted("sales", "posted", "differs"),
        "expenses": run.counted("purchases", "posted", "differs"),
        "customers": run.counted("parties", "created", "updated"),
        "blocked": run.counted("sales", "blocked", "refused"),
        "expenses_blocked": run.counted("purchases", "blocked", "refused"),
        "paid": run.counted("payments", "paid"),
        "code": run.error_code,
        "reason": _without_names(run.error_params),
    }
    target = NotificationTarget.ISSUES if run.state == RunState.WITH_ISSUES else NotificationTarget.RUN
    yield _draft(run, user, NotificationKind.RUN_RESULT, params, target)


def _payments(run: SyncRun, since: datetime | None) -> Iterable[Notification]:
    """Payments of this entity's documents that were seen for the first time, for those who asked."""
    asked = NotificationPreference.objects.filter(connection=run.connection_id, on_payment=True, user__is_active=True)
    people = [wish.user for wish in asked.select_related("user") if wish.user.has_perm(SEES_DOCUMENTS)]
    if not people:
        return
    seen = Payment.objects.filter(
        source=PaymentSource.TOOL,
        administration_ref=run.connection.administration_id,
        document__entity=run.connection.entity_id,
        created_at__lte=run.finished_at,
    )
    if since is not None:
        seen = seen.filter(created_at__gt=since)
    params = _payment_params(seen)
    if not params["documents"]:
        return
    for person in people:
        yield _draft(run, person, NotificationKind.PAYMENTS, params, NotificationTarget.DOCUMENTS)


def _payment_params(seen: Any) -> dict[str, Any]:
    """Counts of documents, and per currency what was received on invoices and what of these is still open."""
    received: dict[str, Decimal] = defaultdict(Decimal)
    documents = {}
    for payment in seen.select_related("document"):
        document = payment.document
        documents[document.pk] = document
        if not document.is_credit_note:
            received[document.currency] += payment.amount
    still_open: dict[str, Decimal] = defaultdict(Decimal)
    counts = {"paid": 0, "partly": 0, "credit_notes": 0}
    for document in documents.values():
        if document.is_credit_note:
            counts["credit_notes"] += 1
            continue
        still_open[document.currency] += document.open_amount
        counts["paid" if document.payment_state == PaymentState.PAID else "partly"] += 1
    ids = sorted(documents)
    return {
        **counts,
        "amounts": [[currency, str(received[currency]), str(still_open[currency])] for currency in sorted(received)],
        "documents": len(ids),
        "ids": ids if len(ids) <= _NAMED_DOCUMENTS else [],
    }


def _lost(run: SyncRun) -> Iterable[Notification]:
    """A connection that this run found lost, for account admins."""
    connection = run.connection
    if run.state != RunState.STOPPED or connection.status != ConnectionStatus.RECONNECT_NEEDED:
        return
    params = {"code": connection.status_code, "reason": _without_names(connection.status_params)}
    for person in _admins(run.connection_id):
        yield _draft(run, person, NotificationKind.CONNECTION_LOST, params, NotificationTarget.CONNECTION)


def _new_issues(run: SyncRun, since: datetime | None) -> Iterable[Notification]:
    """Causes that this run met first, for account admins; its starter reads them in the result."""
    if run.connection.status == ConnectionStatus.RECONNECT_NEEDED:
        return  # told as a lost connection
    fresh = Issue.objects.open().filter(connection=run.connection_id, first_seen_at__lte=run.finished_at)
    if since is not None:
        fresh = fresh.filter(first_seen_at__gt=since)
    issues = list(fresh.exclude(cause_key=_LIMIT).order_by("-count", "pk"))
    if not issues:
        return
    first = issues[0]
    params = {
        "count": len(issues),
        "documents": sum(issue.count for issue in issues),
        "code": first.code,
        "reason": _without_names(first.params),
    }
    for person in _admins(run.connection_id):
        if run.trigger == RunTrigger.MANUAL and person.pk == run.started_by_id:
            continue
        yield _draft(run, person, NotificationKind.NEW_ISSUES, params, NotificationTarget.ISSUES)


def _without_names(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if name not in _PRIVATE}


def _admins(connection_id: int) -> list[AbstractBaseUser]:
    """Who may change connections and may sign in, save those who do not want to hear of problems."""
    deaf = NotificationPreference.objects.filter(connection=connection_id, on_problem=False).values("user")
    users = get_user_model()._default_manager
    found = users.with_perm(ADMIN, backend=_MODELS).filter(is_active=True, is_staff=True)
    return list(found.exclude(pk__in=deaf).order_by("pk"))


# --- writing --------------------------------------------------------------------------------------------------------


def _draft(
    run: SyncRun, user: AbstractBaseUser, kind: NotificationKind, params: dict[str, Any], target: NotificationTarget
) -> Notification:
    return Notification(
        user_id=user.pk, connection_id=run.connection_id, run=run, kind=kind, params=params, target=target
    )


def _store(run: SyncRun, drafts: list[Notification]) -> None:
    """Insert what is not there yet, in one transaction; mail goes out in a task of its own after the commit."""
    now = timezone.now()
    wishes = dict(
        NotificationPreference.objects.filter(connection=run.connection_id).values_list("user_id", "by_email")
    )
    addresses = dict(
        get_user_model()._default_manager.filter(pk__in={draft.user_id for draft in drafts}).values_list("pk", "email")
    )
    for draft in drafts:
        draft.created_at = now
        if addresses.get(draft.user_id) and wishes.get(draft.user_id, True):
            draft.email_due_at = now
    with transaction.atomic():
        Notification.objects.bulk_create(drafts, ignore_conflicts=True)  # the constraint: once per person and run
        if any(draft.email_due_at for draft in drafts):
            transaction.on_commit(mailing.queue)


# --- reading and wishes ---------------------------------------------------------------------------------------------


def mark_all_read(*, user: AbstractBaseUser, until: datetime | None = None) -> int:
    """Mark the person's own notifications as read, those up to `until`; returns how many were unread."""
    unread = Notification.objects.filter(user_id=user.pk, read_at__isnull=True)
    if until is not None:
        unread = unread.filter(created_at__lte=until)
    return unread.update(read_at=timezone.now())


def save_preference(
    *,
    user: AbstractBaseUser,
    connection: Connection,
    on_payment: bool | None = None,
    on_problem: bool | None = None,
    by_email: bool | None = None,
) -> NotificationPreference:
    """Save the person's own wish about a connection; what is None stays. Saving twice has the effect of once."""
    given = {"on_payment": on_payment, "on_problem": on_problem, "by_email": by_email}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    values["language"] = (get_language() or "")[:10]
    preference, __ = NotificationPreference.objects.update_or_create(
        user_id=user.pk, connection=connection, defaults=values
    )
    return preference
