"""A sandbox in this process and an entity connected to it."""

from collections.abc import Iterator

import pytest

from integrations.models import Connection
from integrations.sandbox.server import Sandbox
from tests import bridge


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0) as sandbox:
        yield sandbox


@pytest.fixture
def box(_sandbox: Sandbox, settings) -> bridge.Box:
    """The sandbox, fresh, with its call limits off; the settings point to it and every wait is short."""
    _sandbox.reset()
    settings.BOEKBRUG_EXACT_BASE_URL = f"{_sandbox.base_url}/exact"
    settings.BOEKBRUG_EXACT_CLIENT_ID = "demo-client"
    settings.BOEKBRUG_EXACT_CLIENT_SECRET = "demo-secret"
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 5
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20
    box = bridge.Box(_sandbox.base_url)
    box.switch(limits=False)
    return box


@pytest.fixture
def connection(box: bridge.Box, db: None) -> Connection:
    return bridge.connect(box)
