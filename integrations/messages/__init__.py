"""The words a person sees for every problem of a sync: what happened, to which document, why, what to do.

Problems are stored as codes with values; only this package makes sentences of them, in the reader's language.
"""

from .accountant import accountant_text
from .compose import problem_text
from .fixes import fix_url
from .reasons import connection_reason, issue_text, note_text, posting_reason, run_reason, waiting_for_customer
from .texts import Fix, ProblemText

__all__ = [
    "Fix",
    "ProblemText",
    "accountant_text",
    "connection_reason",
    "fix_url",
    "issue_text",
    "note_text",
    "posting_reason",
    "problem_text",
    "run_reason",
    "waiting_for_customer",
]
