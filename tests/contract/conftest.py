"""The sandbox, and one tool of it after the other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.models import Connection
from integrations.sandbox.server import Sandbox
from integrations.yuki import unsure as yuki_unsure

from . import world
from .profiles import PROFILES, Profile
from .world import ToolBox


@pytest.fixture(scope="session")
def _contract_sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0) as sandbox:
        yield sandbox


@pytest.fixture(params=PROFILES, ids=str)
def profile(request: pytest.FixtureRequest) -> Profile:
    found: Profile = request.param
    return found


@pytest.fixture
def box(profile: Profile, _contract_sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch) -> ToolBox:
    """The tool's side of a fresh sandbox, its limits off; the settings point to it and every wait is short."""
    _contract_sandbox.reset()
    for name, value in world.settings_of(profile, _contract_sandbox.base_url).items():
        setattr(settings, name, value)
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 5
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20
    # Yuki needs a while before what it took shows up; here it shows up at once.
    at_once = replace(yuki_unsure.DEFAULT_READINGS, processing=timedelta(0))
    monkeypatch.setattr(yuki_unsure, "DEFAULT_READINGS", at_once)
    box = ToolBox(_contract_sandbox.base_url, profile)
    box.switch(**profile.switches)
    return box


@pytest.fixture
def connection(box: ToolBox, db: None) -> Connection:
    return world.connect(box)
