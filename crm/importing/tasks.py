"""Entry point of the queue: one task for whatever an import waits for. It carries an id and may come twice."""

from __future__ import annotations

from . import working


def work(batch_id: int) -> None:
    working.work(batch_id)
