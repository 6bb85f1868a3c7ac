"""External ids: what tells one dimension or entry of an office from another. Pure.

A relation is its type and code (`DEB:1000`), since a customer and a supplier may share a code; an entry is its day
book and number (`VRK:202600017`), since every day book counts for itself. Codes are text: `0110` is not `110`.
"""

from __future__ import annotations

import re

from ..base.records import PartyRole

CUSTOMER, SUPPLIER = "DEB", "CRD"
TYPE_OF_ROLE = {PartyRole.CUSTOMER: CUSTOMER, PartyRole.SUPPLIER: SUPPLIER}
ROLE_OF_TYPE = {kind: role for role, kind in TYPE_OF_ROLE.items()}
_CODE = re.compile(r"[^\s:/<>&]{1,32}")


def party_key(kind: str, code: str) -> str:
    return f"{kind}:{code}"


def split_party(key: str) -> tuple[str, str]:
    """Type and code of a relation; two empty texts when it is no key of ours."""
    kind, _, code = key.strip().partition(":")
    if kind not in ROLE_OF_TYPE or not _CODE.fullmatch(code):
        return "", ""
    return kind, code


def entry_key(daybook: str, number: str) -> str:
    return f"{daybook}:{number}"


def split_entry(key: str) -> tuple[str, str]:
    """Day book and number of an entry; two empty texts when it is no key of ours."""
    daybook, _, number = key.strip().rpartition(":")
    if not _CODE.fullmatch(daybook) or not number.isdigit():
        return "", ""
    return daybook, number
