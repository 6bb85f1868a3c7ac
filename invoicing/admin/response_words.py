"""The codes that buyer and seller exchange about an e-invoice, in the words of bookkeepers.

Source: OpenPEPPOL, code lists of clarification reasons and actions, release 2026.5.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..models import ResponseCode
from ..peppol.statuses import ACTIONS, REASONS

REASON_WORDS: dict[str, str | Promise] = {
    "OTH": _("Another reason"),
    "REF": _("A reference is wrong or missing, such as the order"),
    "LEG": _("Legal details are wrong or missing, such as a VAT number"),
    "REC": _("It is addressed to the wrong receiver"),
    "UNR": _("We do not know what it is for"),
    "DEL": _("The delivery"),
    "QTY": _("Quantities"),
    "ITM": _("Items that are not what was ordered"),
    "QUA": _("The quality of what was delivered"),
    "PRI": _("Prices"),
    "PAY": _("The payment terms"),
    "FIN": _("Amounts, VAT or the currency"),
}
_OTHER_REASONS: dict[str, str | Promise] = {"NON": _("No reason given"), "PPD": _("Paid in part")}
_ACTION_WORDS: dict[str, str | Promise] = {
    "NOA": _("Nothing is asked of you"),
    "PIN": _("Send them more information"),
    "NIN": _("Make a new invoice"),
    "CNF": _("Credit it in full"),
    "CNP": _("Credit a part of it"),
    "CNA": _("Credit the amount"),
    "OTH": _("Ask them what they want you to do"),
}
# What a supplier hears of an expense, said as we say it of an expense.
TOLD_WORDS: dict[str, str | Promise] = {
    ResponseCode.RECEIVED: pgettext_lazy("expense", "received"),
    ResponseCode.ACCEPTED: pgettext_lazy("expense", "approved"),
    ResponseCode.REFUSED: pgettext_lazy("expense", "refused"),
}


def reason_lines(reasons: Iterable[dict[str, Any]]) -> list[str]:
    """What the customer gave as reasons and asks for, a line for each: the code's words, then theirs."""
    words = {REASONS: {**REASON_WORDS, **_OTHER_REASONS}, ACTIONS: _ACTION_WORDS}
    found = []
    for reason in reasons:
        known = words.get(str(reason.get("list")), {}).get(str(reason.get("code")), reason.get("code") or "")
        found.append(": ".join(part for part in (str(known), str(reason.get("text") or "")) if part))
    return [line for line in found if line]
