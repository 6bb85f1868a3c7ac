"""System checks of the bridge: a tool that is wired wrongly stops the start, not a booking."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register

from .base.provider import Capability
from .base.signin import SignInKind, Tool
from .registry import TOOLS


@register(Tags.compatibility)
def check_registry(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every registered tool is whole."""
    return registry_errors(TOOLS)


def registry_errors(tools: Mapping[str, Tool]) -> list[CheckMessage]:
    """What is wrong with a registry, as errors of Django's check framework."""
    found: list[CheckMessage] = []
    for key, tool in tools.items():
        for fault in _faults(key, tool):
            found.append(Error(f"Bookkeeping tool {key!r}: {fault}.", id="boekbrug.E020"))
    return found


def _faults(key: str, tool: Tool) -> list[str]:
    faults = []
    if tool.key != key:
        faults.append(f"it calls itself {tool.key!r}")
    if not tool.label:
        faults.append("it has no name for people")
    if not tool.sites:
        faults.append("it has no site")
    codes = [site.code for site in tool.sites]
    if len(set(codes)) != len(codes):
        faults.append("two sites have the same code")
    faults += [
        f"site {site.code} is not reached by https" for site in tool.sites if urlsplit(site.base_url).scheme != "https"
    ]
    if tool.sign_in is SignInKind.OAUTH and tool.oauth is None:
        faults.append("it signs in by OAuth and has no OAuth side")
    if tool.limits.documents_per_call < 1 or tool.limits.parties_per_call < 1:
        faults.append("it takes less than one document or party a call")
    attachments = {Capability.ATTACHMENTS_WITH_BOOKING, Capability.ATTACHMENTS_AFTER_BOOKING}
    if attachments <= tool.capabilities:
        faults.append("it takes attachments both with the booking and after it")
    return faults
