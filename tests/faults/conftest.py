"""The sandbox and a connected entity, as for the tests of the engine."""

from tests.engine.conftest import _sandbox, box, connection  # noqa: F401 - fixtures
