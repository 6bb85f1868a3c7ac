"""Texts, numbers and dates as they may be taken from a stranger's document."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

# No exponent, no NaN, no Infinity, no signs of other scripts.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_SPACE = re.compile(r"\s+")
# Signs that cannot be shown, and those that turn the direction of writing to disguise a number or a file name.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
# What needs no cleaning, as nearly everything does not.
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")

DIGITS = 18
IDENTIFIER = 200
ONE_LINE = 1_000
LONG = 20_000
_NUMBER_TEXT = 100


def identifier_text(text: str) -> str:
    """An identifier: on one line, without signs that nobody sees, at most 200 characters."""
    return one_line(text, IDENTIFIER)


def one_line(text: str, length: int = ONE_LINE) -> str:
    if len(text) <= length and _PLAIN.fullmatch(text):
        return text
    return _SPACE.sub(" ", _HIDDEN.sub("", text)).strip()[:length].strip()


def one_line_as_is(text: str) -> str:
    """The text on one line with every sign and of any length: what was sent, to compare with what is kept."""
    return _SPACE.sub(" ", text).strip()


def several_lines(text: str, length: int = LONG) -> str:
    if len(text) <= length and _PLAIN.fullmatch(text):
        return text
    text = _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.strip()[:length].strip()


def number(text: str) -> Decimal | None:
    """Return the number, exactly as written; None: it is none, or has more than 18 digits that matter."""
    text = text.strip()
    if len(text) > _NUMBER_TEXT or not _NUMBER.fullmatch(text):
        return None
    if len(text) > DIGITS:
        whole, _, fraction = text.lstrip("+-").partition(".")
        whole = whole.lstrip("0")
        needed = len(fraction.rstrip("0"))
        if len(whole) + needed > DIGITS:
            return None
        kept = fraction[: max(DIGITS - len(whole), needed)]
        text = ("-" if text.startswith("-") else "") + (whole or "0") + (f".{kept}" if kept else "")
    found = Decimal(text)
    return found if found else found.copy_abs()


def day(text: str) -> tuple[date | None, bool]:
    """Return the date and whether it is written as it must be: YYYY-MM-DD and nothing behind it."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None, False
    try:
        return date.fromisoformat(match[1]), match[2] is None
    except ValueError:
        return None, False
