"""The sandbox of Exact Online and an entity connected to it, as the tests of the sync have them."""

from tests.engine.conftest import _sandbox, box, connection  # noqa: F401 - fixtures
