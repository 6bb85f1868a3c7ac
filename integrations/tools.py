"""A tool with this installation's settings: base URLs, app registration. Names no vendor; the key makes the names."""

from __future__ import annotations

from django.conf import settings

from .base.http import CallGate, OpenGate
from .base.signin import App, CredentialSignIn, OAuthSignIn, SignInKind, Tool
from .registry import get_tool


def base_url(tool: Tool, site: str) -> str:
    """The address of a tool's country site, or the one address that a setting puts in its place (a sandbox)."""
    override: str = getattr(settings, f"BOEKBRUG_{tool.key.upper()}_BASE_URL", "")
    if override:
        return override
    for candidate in tool.sites:
        if candidate.code == site:
            return candidate.base_url
    raise LookupError(f"{tool.label} has no site {site!r}")


def app(tool: Tool) -> App:
    """Our registration at the tool, from the settings."""
    name = f"BOEKBRUG_{tool.key.upper()}"
    return App(
        client_id=getattr(settings, f"{name}_CLIENT_ID", ""),
        client_secret=getattr(settings, f"{name}_CLIENT_SECRET", ""),
    )


def oauth(tool_key: str, site: str, gate: CallGate | None = None) -> OAuthSignIn:
    """The OAuth side of a tool at a site."""
    tool = get_tool(tool_key)
    if tool.sign_in is not SignInKind.OAUTH or tool.oauth is None:
        raise LookupError(f"{tool.label} does not sign in by OAuth")
    return tool.oauth(base_url(tool, site), app(tool), _deadline(), gate or OpenGate())


def log_in(tool_key: str, site: str, gate: CallGate | None = None) -> CredentialSignIn:
    """The side of a tool at a site that takes what a person filled in."""
    tool = get_tool(tool_key)
    if tool.sign_in is SignInKind.OAUTH or tool.log_in is None:
        raise LookupError(f"{tool.label} does not sign in by a password or key")
    return tool.log_in(base_url(tool, site), app(tool), _deadline(), gate or OpenGate())


def _deadline() -> float:
    return min(30.0, float(settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS))
