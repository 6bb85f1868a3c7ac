"""Exact Online as the registry lists it."""

from __future__ import annotations

from ..base.provider import Provider
from ..base.signin import Opening, SignInKind, Site, Tool, ToolRight
from .auth import ExactSignIn
from .limits import LIMITS, rate_state
from .provider import ExactProvider
from .rights import RIGHTS


def _open(opening: Opening) -> Provider:
    return ExactProvider(opening)


def _site(code: str, label: str) -> Site:
    return Site(code=code, label=label, base_url=f"https://start.exactonline.{code}")


EXACT = Tool(
    key=ExactProvider.key,
    label="Exact Online",
    sign_in=SignInKind.OAUTH,
    # An account belongs to one country site; signing in, tokens and calls all use its host.
    sites=(
        _site("nl", "Netherlands"),
        _site("be", "Belgium"),
        _site("de", "Germany"),
        _site("fr", "France"),
        _site("es", "Spain"),
        _site("co.uk", "United Kingdom"),
        _site("com", "International"),
    ),
    capabilities=ExactProvider.capabilities,
    limits=LIMITS,
    open=_open,
    oauth=ExactSignIn,
    rights=tuple(
        ToolRight(code=right.code, right=right.right, needed_for=right.needed_for, optional=right.optional)
        for right in RIGHTS
    ),
    sign_in_hint="When asked for access to administrations, choose all current and future ones.",
    where_rights_are_given="Company settings > Users > Rights",
    where_to_look="Sales > Invoices > Sales entries",
    # A hint beside the account type: charts number revenue this way.
    revenue_prefixes={"BE": ("70",), "NL": ("8",)},
    read_rate_headers=rate_state,
    problem_codes={
        "period-closed": "PER-502",
        "period-missing": "PER-503",
        "account-blocked": "LED-603",
        "account-type": "LED-602",
        "cost-centre": "LED-607",
        "number-in-books": "NUM-520",
    },
)
