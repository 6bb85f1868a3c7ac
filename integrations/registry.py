"""The one place that names the bookkeeping tools we can talk to."""

from __future__ import annotations

from .base.signin import Tool
from .exact.tool import EXACT
from .octopus.tool import OCTOPUS
from .twinfield.tool import TWINFIELD
from .yuki.tool import YUKI

TOOLS: dict[str, Tool] = {
    "exact": EXACT,
    "octopus": OCTOPUS,
    "twinfield": TWINFIELD,
    "yuki": YUKI,
}


def get_tool(key: str) -> Tool:
    """The tool of that key. Raises LookupError for one we do not know."""
    try:
        return TOOLS[key]
    except KeyError:
        raise LookupError(f"there is no bookkeeping tool {key!r}") from None
