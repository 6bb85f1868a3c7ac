"""People of each role and a world with one of everything, as the tests of the admin have them."""

from tests.admin.conftest import people, sign_in, world  # noqa: F401 - fixtures
