"""People of each role and a world with one of everything, as the pages of the admin are tested with."""

from tests.admin.conftest import people, sign_in, world  # noqa: F401 - fixtures
from tests.engine.conftest import _sandbox, box, connection  # noqa: F401 - fixtures
