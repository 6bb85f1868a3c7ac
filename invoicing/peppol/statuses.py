"""What a buyer says of an invoice over the network, and in which order it may be said. Pure.

The one place of a decision that our sheet on Peppol leaves open (section 14): a status never goes back. After *refused*
and *paid* nothing follows, after *accepted* only *paid*; before, a later one of the list follows an earlier one. Who
changes a decision after it was told tells the other side by other means. So we believe no answer that goes back, and
tell a decision only some time after it was made, while taking it back still costs nothing.
Source: OpenPEPPOL, BIS Invoice Response 3, process rules OP-BR111-R004, R005 and R012. They are rules of the process,
which no published check enforces; what the world sends is UNSURE until a live network was seen.
"""

from __future__ import annotations

from collections.abc import Iterable

RECEIVED, IN_PROCESS, ASKED, ON_CONDITIONS, REFUSED, ACCEPTED, PAID = "AB", "IP", "UQ", "CA", "RE", "AP", "PD"
ORDER = (RECEIVED, IN_PROCESS, ASKED, ON_CONDITIONS, REFUSED, ACCEPTED, PAID)
# Of a payment that is one in part: the status PD is then not the last one.
PARTLY_PAID = "PPD"

REASONS, ACTIONS = "OPStatusReason", "OPStatusAction"
REASON_CODES = ("NON", "REF", "LEG", "REC", "QUA", "DEL", "PRI", "QTY", "ITM", "PAY", "UNR", "FIN", "PPD", "OTH")
ACTION_CODES = ("NOA", "PIN", "NIN", "CNF", "CNP", "CNA", "OTH")
OTHER = "OTH"

_LAST = frozenset({REFUSED, PAID})
# A question may be asked again, with other words.
_REPEATED = frozenset({ASKED})


def may_follow(told: Iterable[str], code: str) -> bool:
    """Whether `code` may be said after everything that was `told`, in whatever order that came."""
    before = [known for known in told if known in ORDER]
    if not before:
        return True
    if _LAST.intersection(before):
        return False
    place = ORDER.index(code)
    latest = max(ORDER.index(known) for known in before)
    return place > latest or (place == latest and code in _REPEATED)
