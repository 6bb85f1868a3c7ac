"""What a person sends to the accountant about a cause that lies in the tool: a plain text, ready to be copied.

It names nothing that only a program knows, and nothing that opens a door: the words of a problem leave such values out.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from config.figures import number

from .texts import ProblemText


def accountant_text(
    problem: ProblemText, *, entity: str, tool: str, administration: str, documents: Sequence[str] = (), more: int = 0
) -> str:
    """Return who writes about which books, what is wrong, the documents that wait for it, and what is asked.

    `documents` are ready lines, one per document; `more` is how many are left out of them.
    """
    names = {"entity": entity, "tool": tool, "administration": administration}
    about = (
        _("This is about the books of %(entity)s in %(tool)s, administration %(administration)s.")
        if administration
        else _("This is about the books of %(entity)s in %(tool)s.")
    )
    parts = [_("Hello,"), f"{about % names}\n{problem.sentence}"]
    if documents:
        lines = [f"- {line}" for line in documents]
        if more:
            lines.append("- " + _("and %(n)s more") % {"n": number(more)})
        parts.append("\n".join(lines))
    if problem.ask:
        parts.append(problem.ask)
    return "\n\n".join(parts)
