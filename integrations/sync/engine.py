"""A run, slice by slice: claim the lease, work through the steps, save, hand on.

A task whose slice number is not the run's current one ends silently, so a task delivered twice does nothing
twice. What a slice leaves behind when its worker dies is found by the next lease. Source: design section 5.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from ..base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    IntegrationError,
    LeaseLost,
    NeedsPerson,
    RateLimited,
)
from ..models import (
    UNFINISHED,
    Connection,
    ConnectionStatus,
    PartyLink,
    Posting,
    PostingState,
    RunState,
    RunStep,
    SyncRun,
    WaitsFor,
)
from ..registry import get_tool
from .gates import SliceGate
from .issues import IssueBook, open_connection_issue
from .leases import Lease, claim
from .opening import open_provider
from .partylinks import quiet_until
from .runs import finish, follow_up, hand_on
from .sides import PURCHASES, SALES, SIDES
from .slices import Slice
from .steps import catalogue, close, importing, parties, plan, purchases, sales, settlements

logger = logging.getLogger(__name__)

STEPS: tuple[tuple[RunStep, Callable[[Slice], bool]], ...] = (
    (RunStep.CATALOGUE, catalogue.run),
    (RunStep.PLAN, plan.run),
    (RunStep.PARTIES, parties.run),
    (RunStep.SALES, sales.run),
    (RunStep.PURCHASES, purchases.run),
    (RunStep.SETTLEMENTS, settlements.run),
    (RunStep.CLOSE, close.run),
)
_ORDER = [step for step, _ in STEPS]
# Waits after a tool that does not answer: short ones first, the last one ends the run.
_PATIENCE_SECONDS = (30, 60, 120, 300)
_MAX_RETURNS = 4
# A longer wait for what was on its way does not keep the run open: another sync looks, started by itself.
_LONGEST_WAIT = timedelta(minutes=5)


def advance(run_id: int, slice_number: int) -> bool:
    """Work one slice of a run; True when this call did something."""
    run = SyncRun.objects.select_related("connection__administration").filter(pk=run_id).first()
    if run is None or not _is_due(run, slice_number):
        return False
    administration = run.connection.administration
    if administration is None or run.connection.status == ConnectionStatus.DEACTIVATED:
        finish(run, None, RunState.STOPPED, cursor=run.cursor, counters=run.counters, error_code="APP-101")
        return True
    lease = claim(administration.pk)
    if lease is None:
        return False
    try:
        # Between reading and claiming another worker may have moved the run on.
        run = SyncRun.objects.select_related("connection__administration__grant", "connection__entity").get(pk=run_id)
        if not _is_due(run, slice_number):
            return False
        _take_turn(run, lease)
        return True
    finally:
        lease.release()


def _is_due(run: SyncRun, slice_number: int) -> bool:
    if run.state not in UNFINISHED or run.slice_number != slice_number:
        return False
    return run.not_before is None or run.not_before <= timezone.now()


def _take_turn(run: SyncRun, lease: Lease) -> None:
    SyncRun.objects.filter(pk=run.pk, slice_number=run.slice_number).update(
        state=RunState.RUNNING, not_before=None, handed_on_at=Now(), worked_at=Now()
    )
    run.state, run.not_before = RunState.RUNNING, None
    try:
        turn = _open(run, lease)
    except Exception as exc:
        _stop_unopened(run, lease, exc)
        return
    try:
        _work(turn)
    except LeaseLost:
        logger.warning("lease lost, slice ends", extra={"run": run.pk, "slice": run.slice_number})
    except RateLimited as exc:
        _on_limit(turn, exc)
    except NeedsPerson as exc:
        _on_needs_person(turn, exc)
    except IntegrationError as exc:
        _on_temporary(turn, exc)
    except (OperationalError, InterfaceError):
        # Our own database is in trouble, not the books; the lease runs out and the dispatcher tries again.
        logger.exception("database trouble, slice ends", extra={"run": run.pk, "slice": run.slice_number})
    except Exception as exc:
        logger.exception("slice failed", extra={"run": run.pk, "slice": run.slice_number})
        # The class only: the text of an unexpected error may quote anything.
        open_connection_issue(
            turn.connection, "ALL-999", cause="crash", params={"cause": "crash"}, text=type(exc).__name__
        )
        _stop(turn, "ALL-999", {"cause": "crash"}, type(exc).__name__)
    finally:
        _flush(turn)


def _stop_unopened(run: SyncRun, lease: Lease, exc: Exception) -> None:
    """End a run that cannot even begin: no sign-in, or a tool or site that is no longer offered."""
    logger.exception("the connection cannot be opened", extra={"run": run.pk})
    code = exc.code if isinstance(exc, IntegrationError) else "ALL-999"
    params = {} if isinstance(exc, IntegrationError) else {"cause": "crash"}
    open_connection_issue(run.connection, code, cause="opening", params=params, text=type(exc).__name__)
    if isinstance(exc, AuthorisationLost):
        Connection.objects.filter(pk=run.connection_id, status=ConnectionStatus.CONNECTED).update(
            status=ConnectionStatus.RECONNECT_NEEDED, status_code=code, status_params={}
        )
    close.give_reasons(run.connection_id, code)
    finish(run, lease, RunState.STOPPED, cursor=run.cursor, counters=run.counters, error_code=code, error_params=params)


def _flush(turn: Slice) -> None:
    """Keep the exchange records; a database in trouble must not hide what ended the slice."""
    try:
        turn.gate.flush()
    except DatabaseError:
        logger.exception("exchange records lost", extra={"run": turn.run.pk})


def _open(run: SyncRun, lease: Lease) -> Slice:
    connection = run.connection
    administration = connection.administration
    if administration is None:
        raise ValueError("a run without administration")
    tool = get_tool(connection.tool)
    gate = SliceGate(tool=tool, administration=administration, lease=lease, run=run, grant_id=connection.grant_id)
    turn = Slice(
        run=run,
        connection=connection,
        administration=administration,
        tool=tool,
        lease=lease,
        gate=gate,
        provider=open_provider(connection.grant, administration.external_id, gate, administration=administration),
        issues=IssueBook(connection.pk),
        cursor=dict(run.cursor),
        counters=dict(run.counters),
    )
    return turn


def _work(turn: Slice) -> None:
    """Go through the steps from the run's present one until the slice or the run is over."""
    run = turn.run
    if run.step == RunStep.IMPORT:
        _work_import(turn)
        return
    while True:
        step, work = STEPS[_ORDER.index(RunStep(run.step))]
        finished = work(turn)
        turn.cursor.pop("retries", None)
        if not finished:
            _count_calls(turn)
            hand_on(run, turn.lease, cursor=turn.cursor, counters=turn.counters)
            return
        if step is RunStep.CLOSE:
            _count_calls(turn)
            finish(
                run,
                turn.lease,
                turn.cursor.get("result", RunState.SUCCEEDED),
                cursor=turn.cursor,
                counters=turn.counters,
            )
            return
        if step is RunStep.SETTLEMENTS:
            wait = _loose_ends(turn)
            if wait is not None and wait > timezone.now() + _LONGEST_WAIT:
                follow_up(turn.connection.pk, wait)
            elif wait is not None:
                _count_calls(turn)
                run.step = RunStep.PARTIES
                turn.cursor["returns"] = turn.cursor.get("returns", 0) + 1
                for key in ("parties", "suppliers", SALES.name, PURCHASES.name, "linked"):
                    turn.cursor.pop(key, None)
                not_before = wait if wait > timezone.now() else None
                turn.cursor["waits_for"] = WaitsFor.CHECK
                hand_on(run, turn.lease, cursor=turn.cursor, counters=turn.counters, not_before=not_before)
                return
        run.step = _ORDER[_ORDER.index(step) + 1]
        turn.show_progress()


def _work_import(turn: Slice) -> None:
    """An import has one step, and ends with it."""
    finished = importing.run(turn)
    turn.cursor.pop("retries", None)
    _count_calls(turn)
    if not finished:
        hand_on(turn.run, turn.lease, cursor=turn.cursor, counters=turn.counters)
        return
    doubtful = sum(turn.counters.get(item, {}).get("doubtful", 0) for item in ("import", "contacts"))
    is_whole = not doubtful and "unread" not in turn.cursor["import"]
    result = RunState.SUCCEEDED if is_whole else RunState.WITH_ISSUES
    finish(turn.run, turn.lease, result, cursor=turn.cursor, counters=turn.counters)


def _loose_ends(turn: Slice) -> datetime | None:
    """When to look again at what was sent and not answered; None when there is nothing, or patience is used up."""
    if turn.cursor.get("limited") or turn.cursor.get("returns", 0) >= _MAX_RETURNS:
        return None
    now = timezone.now()
    unclear = Posting.objects.filter(connection=turn.connection, state=PostingState.UNCLEAR)
    moments = [unclear.filter(not_before__isnull=False).aggregate(first=Min("not_before"))["first"]]
    if unclear.filter(not_before__isnull=True, issue__isnull=True).exists():
        moments.append(now + timedelta(seconds=1))
    put_back, unlinked = turn.cursor.pop("put_back", None), turn.cursor.pop("unlinked", None)
    if put_back or unlinked:
        moments.append(now)  # found absent after the last page was sent; a party lost its relation on the way
    begun = _begun_parties(turn)
    if begun is not None:
        moments.append(quiet_until(begun))
    return min((moment for moment in moments if moment is not None), default=None)


def _begun_parties(turn: Slice) -> datetime | None:
    """When the first creation of a party began that was not answered and that a waiting document needs."""
    of_party = Q(*((side.party_path, OuterRef("party")) for side in SIDES), _connector=Q.OR)
    waiting = Posting.objects.filter(of_party, connection=turn.connection, state=PostingState.WAITING)
    first: datetime | None = PartyLink.objects.filter(
        Exists(waiting), administration=turn.administration, primary=True, external_id="", sent_at__isnull=False
    ).aggregate(first=Min("sent_at"))["first"]
    return first


# --- what ends or postpones a turn --------------------------------------------------------------------------------


def _on_limit(turn: Slice, exc: RateLimited) -> None:
    """A minute's limit postpones the run; a day's lets payments and closing happen and schedules one follow-up."""
    if not exc.counted:
        turn.gate.exhausted(exc.scope, exc.until, exc.operation)
    _count_calls(turn)
    if exc.scope == "minute" or turn.run.step == RunStep.IMPORT:
        turn.cursor["waits_for"] = WaitsFor.LIMIT
        hand_on(turn.run, turn.lease, cursor=turn.cursor, counters=turn.counters, not_before=exc.until)
        return
    params = {"until": exc.until.isoformat(), "scope": exc.scope, "limit": str(exc.limit or "")}
    open_connection_issue(turn.connection, exc.code, cause="limit", params=params)
    Connection.objects.filter(pk=turn.connection.pk).update(follow_up_at=exc.until)
    position = _ORDER.index(RunStep(turn.run.step))
    next_step = RunStep.SETTLEMENTS if position < _ORDER.index(RunStep.SETTLEMENTS) else RunStep.CLOSE
    turn.cursor["limited"] = exc.scope
    turn.run.step = next_step
    hand_on(turn.run, turn.lease, cursor=turn.cursor, counters=turn.counters)


def _on_temporary(turn: Slice, exc: IntegrationError) -> None:
    """The tool is silent: wait a little longer each time, then end the run and say so."""
    retries = turn.cursor.get("retries", 0)
    _count_calls(turn)
    if retries < len(_PATIENCE_SECONDS):
        turn.cursor["retries"] = retries + 1
        turn.cursor["waits_for"] = WaitsFor.ANSWER
        wait = min(_PATIENCE_SECONDS[retries], settings.BOEKBRUG_RETRY_SECONDS)
        hand_on(
            turn.run,
            turn.lease,
            cursor=turn.cursor,
            counters=turn.counters,
            not_before=timezone.now() + timedelta(seconds=wait),
        )
        return
    open_connection_issue(turn.connection, exc.code, cause="silent", text=exc.vendor_text or str(exc))
    _stop(turn, exc.code, exc.params, str(exc))


def _on_needs_person(turn: Slice, exc: NeedsPerson) -> None:
    """Nothing more can be done without a person: the run stops, the connection says what is needed."""
    params = {"administration": turn.administration.name, **exc.params}
    open_connection_issue(
        turn.connection,
        exc.code,
        cause="sign-in" if isinstance(exc, AuthorisationLost) else "access",
        params=params,
        text=exc.vendor_text or str(exc),
    )
    columns: dict[str, object] = {"status_code": exc.code, "status_params": params}
    if isinstance(exc, AuthorisationLost | AdministrationGone):
        columns["status"] = ConnectionStatus.RECONNECT_NEEDED
    elif not isinstance(exc, AccessDenied):
        columns = {}
    if columns:
        Connection.objects.filter(pk=turn.connection.pk, status=ConnectionStatus.CONNECTED).update(**columns)
    _stop(turn, exc.code, params, exc.vendor_text or str(exc))


def _stop(turn: Slice, code: str, params: dict[str, str], text: str) -> None:
    _count_calls(turn)
    close.give_reasons(turn.connection.pk, code)
    finish(
        turn.run,
        turn.lease,
        RunState.STOPPED,
        cursor=turn.cursor,
        counters=turn.counters,
        error_code=code,
        error_params=params,
        error_text=text,
    )


def _count_calls(turn: Slice) -> None:
    """Add this slice's calls to the run, once; the tool's counters are saved before the next worker reads them."""
    turn.count("calls", "all", turn.gate.calls)
    turn.gate.calls = 0
    _flush(turn)
