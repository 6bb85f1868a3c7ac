"""The codes that buyer and seller exchange about an e-invoice, in the words of bookkeepers.

Source: OpenPEPPOL, code lists of clarification reasons and actions, release 2026.5.
"""

from __future__ import annotations

import re
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


# Fields that customers name by the numbers of the standard (EN 16931), as "BT-13: PO 4711".
_FIELDS: dict[str, str | Promise] = {
    "BT-1": _("invoice number"),
    "BT-2": _("date"),
    "BT-9": _("due date"),
    "BT-10": _("customer's reference"),
    "BT-13": _("order"),
    "BT-31": _("our VAT number"),
    "BT-44": _("customer's name"),
    "BT-48": _("customer's VAT number"),
    "BT-84": _("bank account"),
    "BT-112": _("total with VAT"),
    "BT-115": _("amount to pay"),
    "BT-129": _("quantity"),
    "BT-131": _("amount of the line"),
    "BT-146": _("unit price"),
    "BT-152": _("VAT rate"),
}
_FIELD = re.compile(r"^(BT-[0-9]{1,3})(?=:)", re.MULTILINE)


def _named(text: str) -> str:
    """The text with the fields' names in place of their numbers, where we know them."""
    return _FIELD.sub(lambda match: str(_FIELDS.get(match[1], match[1])), text)


def reason_lines(reasons: Iterable[dict[str, Any]]) -> list[str]:
    """What the customer gave as reasons and asks for, a line for each: the code's words, then theirs."""
    words = {REASONS: {**REASON_WORDS, **_OTHER_REASONS}, ACTIONS: _ACTION_WORDS}
    found = []
    for reason in reasons:
        known = words.get(str(reason.get("list")), {}).get(str(reason.get("code")), reason.get("code") or "")
        found.append(": ".join(part for part in (str(known), _named(str(reason.get("text") or ""))) if part))
    return [line for line in found if line]
