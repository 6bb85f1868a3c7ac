"""Step 5: purchases. Their documents come with the part on incoming Peppol invoices; the step keeps its place."""

from __future__ import annotations

from ..slices import Slice


def run(turn: Slice) -> bool:
    """Nothing is in scope as long as there are no purchase documents."""
    turn.set_count("purchases", "planned", 0)
    return True
