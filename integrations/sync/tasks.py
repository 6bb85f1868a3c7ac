"""Entry points of the queue. A task carries ids, may come twice, and then does nothing twice."""

from __future__ import annotations

from invoicing.services import purchases

from . import announcing, dispatcher, engine, housekeeping
from . import heartbeat as hearts


def advance(run_id: int, slice_number: int) -> None:
    engine.advance(run_id, slice_number)


def dispatch() -> None:
    hearts.beat("dispatcher")
    dispatcher.dispatch()
    announcing.catch_up()


def heartbeat() -> None:
    hearts.beat("worker")


def inbox() -> None:
    purchases.read_inbox()


def nightly() -> None:
    dispatcher.plan_night()


def prune() -> None:
    housekeeping.prune()
