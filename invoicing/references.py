"""Document numbers and structured communications. Pure.

A number is a fiscal year's prefix followed by the running number; the structured communication is the
Belgian one, made from the fiscal year's id and the running number, so that no two documents share one.
Source: domain rules 7 (numbering) and 15.8.
"""

from __future__ import annotations

_DIGITS_OF_YEAR = 4
_DIGITS_OF_SEQUENCE = 6


def document_number(prefix: str, sequence: int) -> str:
    """Return the number that people see: "2026/" and 142 make "2026/0142"."""
    return f"{prefix}{sequence:04d}"


def structured_communication(fiscal_year_id: int, sequence: int) -> str:
    """Return +++ddd/dddd/ddddd+++ of ten digits and their check digits; empty when they do not fit.

    Four digits are the fiscal year's id, six the running number. Cutting either short could give two documents
    the same communication, and a payment would land on the wrong one; then it is better to have none.
    """
    if not 0 < fiscal_year_id < 10**_DIGITS_OF_YEAR or not 0 < sequence < 10**_DIGITS_OF_SEQUENCE:
        return ""
    body = fiscal_year_id * 10**_DIGITS_OF_SEQUENCE + sequence
    digits = f"{body:010d}{body % 97 or 97:02d}"
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def prefixes_may_clash(one: str, other: str) -> bool:
    """Whether two prefixes can give the same number: equal, or one is the other followed by digits only."""
    short, long = sorted((one, other), key=len)
    rest = long.removeprefix(short)
    return long.startswith(short) and (not rest or rest.isdigit())
