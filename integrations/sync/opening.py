"""Opens a provider for an administration: tool, site, tokens and gate put together."""

from __future__ import annotations

from functools import partial

from django.conf import settings

from .. import tools
from ..base.errors import AuthorisationLost
from ..base.http import CallGate
from ..base.provider import Provider
from ..base.signin import Opening
from ..models import Grant
from ..registry import get_tool
from .tokens import GrantTokens


def open_provider(
    grant: Grant | None, administration_id: str, gate: CallGate, *, country: str = "", deadline: float | None = None
) -> Provider:
    """A provider signed in by `grant` (administration id empty: sign-in level calls only)."""
    if grant is None:
        raise AuthorisationLost("nobody has signed in yet")
    tool = get_tool(grant.tool)
    return tool.open(
        Opening(
            base_url=tools.base_url(tool, grant.site),
            administration_id=administration_id,
            tokens=GrantTokens(grant.pk, partial(tools.oauth, grant.tool, grant.site, gate)),
            gate=gate,
            deadline_seconds=deadline or float(settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS),
            country=country,
        )
    )
