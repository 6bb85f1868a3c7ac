"""The sandbox, and one tool of it after the other."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.models import Connection
from integrations.sandbox.server import Sandbox

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
def box(profile: Profile, fresh: Sandbox, settings: Any) -> ToolBox:
    """The tool's side of the sandbox, its limits off; the settings point to it."""
    return world.tool_box(profile, fresh.base_url, settings)


@pytest.fixture
def fresh(_contract_sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox as at its start; every wait is short."""
    _contract_sandbox.reset()
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 5
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20
    world.show_at_once(monkeypatch.setattr)
    return _contract_sandbox


@pytest.fixture
def connection(box: ToolBox, db: None) -> Connection:
    return world.connect(box)
