"""Yuki as the registry lists it."""

from __future__ import annotations

from ..base.provider import Provider
from ..base.signin import Opening, SignInKind, Site, Tool, ToolRight
from .auth import FIELDS, YukiSignIn
from .limits import LIMITS
from .provider import YukiProvider
from .rights import RIGHTS


def _open(opening: Opening) -> Provider:
    return YukiProvider(opening)


def _site(code: str, label: str) -> Site:
    return Site(code=code, label=label, base_url=f"https://api.yukiworks.{code}")


YUKI = Tool(
    key=YukiProvider.key,
    label="Yuki",
    sign_in=SignInKind.API_KEY,
    # A key of one country is unknown at the other's host.
    sites=(_site("nl", "Netherlands"), _site("be", "Belgium")),
    capabilities=YukiProvider.capabilities,
    limits=LIMITS,
    open=_open,
    log_in=YukiSignIn,
    needs_registration=False,
    credential_fields=FIELDS,
    rights=tuple(
        ToolRight(code=right.code, right=right.right, needed_for=right.needed_for, optional=right.optional)
        for right in RIGHTS
    ),
    sign_in_hint="An access key belongs to one country. It is made in Yuki itself, not at the accountant's portal.",
    where_rights_are_given="Settings > Web services",
    where_to_look="Archive > Sales",
    revenue_prefixes={"BE": ("70",), "NL": ("8",)},
    problem_codes={
        "period-closed": "PER-505",
        "period-missing": "PER-505",
        "account-type": "LED-602",
        "number-in-books": "NUM-522",
    },
    # Calls are rationed, and the chart hardly changes; a line's account is checked again before it is sent.
    list_seconds={"ledger-accounts": 12 * 3600, "vat-codes": 12 * 3600},
)
