"""Step 4: waiting sales documents go to the tool in date and number order."""

from __future__ import annotations

from ..sides import SALES
from ..slices import Slice
from .sending import send


def run(turn: Slice) -> bool:
    return send(turn, SALES)
