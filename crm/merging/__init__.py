"""Merging two parties into one, and taking that apart again. Source: requirements S-049 to S-052, N-08; rules 13.10, 13.11.

`plan` says what a merge would do, `merge` does it, `undo` takes it back. An app with rows that point to a party says
in `ready()`, by `register`, what becomes of them; a test fails where a relation is not named.
"""

from .errors import MergeRefused
from .plans import Move, Outcome, Plan, Row, Side, plan
from .registry import Job, Kept, Keys, Relation, Stays, register, relations
from .services import Undone, as_survivor, can_be_undone, merge, undo, undo_until

__all__ = [
    "Job",
    "Kept",
    "Keys",
    "MergeRefused",
    "Move",
    "Outcome",
    "Plan",
    "Relation",
    "Row",
    "Side",
    "Stays",
    "Undone",
    "as_survivor",
    "can_be_undone",
    "merge",
    "plan",
    "register",
    "relations",
    "undo",
    "undo_until",
]
