"""When a tool does not answer: stop after a few calls, instead of sending everything into the void."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import Unreachable
from ..base.records import NotTried, Outcome, Unclear
from .slices import Slice

# After so many unanswered calls in a row the tool is left alone for a while.
CALLS = 3


def notice_silence(turn: Slice, outcomes: Sequence[Outcome]) -> None:
    """Count unanswered calls over the whole run.

    Raises Unreachable: when nothing could be sent, or nothing was answered several times in a row.
    """
    if all(isinstance(outcome, NotTried) and not outcome.code for outcome in outcomes):
        raise Unreachable("the tool cannot be reached")
    if not all(isinstance(outcome, Unclear) for outcome in outcomes):
        turn.cursor.pop("silent", None)
        return
    silent = turn.cursor.get("silent", 0) + 1
    turn.cursor["silent"] = silent % CALLS
    if silent >= CALLS:
        raise Unreachable("the tool does not answer")
