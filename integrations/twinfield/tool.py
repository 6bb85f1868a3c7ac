"""Twinfield as the registry lists it."""

from __future__ import annotations

from ..base.provider import Provider
from ..base.signin import Opening, SignInKind, Site, Tool, ToolRight
from .auth import TwinfieldSignIn
from .limits import LIMITS, rate_state
from .provider import TwinfieldProvider
from .rights import RIGHTS


def _open(opening: Opening) -> Provider:
    return TwinfieldProvider(opening)


_HOUR, _DAY = 3600, 24 * 3600

TWINFIELD = Tool(
    key=TwinfieldProvider.key,
    label="Twinfield",
    sign_in=SignInKind.OAUTH,
    # One place to sign in for all countries; it names the cluster that an organisation's books are on.
    sites=(Site(code="com", label="Twinfield", base_url="https://login.twinfield.com"),),
    capabilities=TwinfieldProvider.capabilities,
    limits=LIMITS,
    open=_open,
    oauth=TwinfieldSignIn,
    rights=tuple(
        ToolRight(code=right.code, right=right.right, needed_for=right.needed_for, optional=right.optional)
        for right in RIGHTS
    ),
    sign_in_hint="Sign in as a user of its own for this connection, and tick every permission that is asked for.",
    # A hint: charts number revenue this way.
    revenue_prefixes={"BE": ("70",), "NL": ("8",)},
    read_rate_headers=rate_state,
    problem_codes={
        "period-closed": "PER-504",
        "period-missing": "PER-504",
        "account-blocked": "LED-606",
        "account-type": "LED-606",
        "cost-centre": "LED-607",
        "number-in-books": "NUM-521",
    },
    # An app without certificate has 25 credits a minute. A VAT code costs one, so their list is read once a week, with
    # the details of a few, and all whenever a person loads the lists; what changed since, Twinfield says itself.
    list_seconds={"journals": _HOUR, "fiscal-periods": _HOUR, "vat-codes": 7 * _DAY, "currencies": 30 * _DAY},
)
