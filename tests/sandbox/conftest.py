"""A running sandbox for tests that speak to it over real HTTP."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests

from integrations.sandbox.server import Sandbox
from tests.sandbox.octopus_box import OctopusBox

MAIN, EMPTY, DUTCH, ARCHIVED = 3120451, 3120452, 2987310, 2987311


class ExactCaller:
    """A plain caller of the sandbox: signed in as demo, asking for JSON; no retry, no cleverness."""

    def __init__(self, sandbox: Sandbox, user: str = "demo", client: str = "demo-client") -> None:
        self.sandbox = sandbox
        self.root = f"{sandbox.base_url}/exact"
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"
        self.sign_in(user, client)

    def sign_in(self, user: str = "demo", client: str = "demo-client") -> dict[str, str]:
        pair = self.control("token", user=user, client_id=client)
        self.session.headers["Authorization"] = f"Bearer {pair['access_token']}"
        return pair

    def control(self, verb: str, **data: Any) -> Any:
        answer = self.session.post(f"{self.sandbox.base_url}/_sandbox/{verb}", json=data)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def to_next(self, seconds: int) -> None:
        """Move the sandbox's clock to the start of its next minute (60), hour (3600) or UTC day (86,400).

        Limits are counted per such window; a test that straddles two of them sees half of each.
        """
        now = datetime.fromisoformat(self.control_get("clock")["now"]).timestamp()
        self.control("clock", advance_seconds=seconds - now % seconds)
        self.sign_in()

    def control_get(self, verb: str) -> Any:
        answer = self.session.get(f"{self.sandbox.base_url}/_sandbox/{verb}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settings(self, **switches: Any) -> None:
        self.control("settings", exact=switches)

    def fault(self, kind: str, **fields: Any) -> None:
        self.control("faults", kind=kind, **fields)

    def url(self, resource: str, division: int | None = MAIN) -> str:
        return f"{self.root}/api/v1/{division}/{resource}" if division else f"{self.root}/api/v1/{resource}"

    def call(self, method: str, resource: str, division: int | None = MAIN, **kw: Any) -> requests.Response:
        return self.session.request(method, self.url(resource, division), timeout=10, **kw)

    def get(self, resource: str, division: int | None = MAIN, **options: Any) -> requests.Response:
        return self.call("GET", resource, division, params={f"${name}": value for name, value in options.items()})

    def rows(self, resource: str, division: int | None = MAIN, **options: Any) -> list[dict[str, Any]]:
        """Return all rows over all pages, without __metadata."""
        answer = self.get(resource, division, **options)
        found: list[dict[str, Any]] = []
        while True:
            assert answer.status_code == 200, answer.text
            data = answer.json()["d"]
            page = data if isinstance(data, list) else data["results"]
            found.extend({name: value for name, value in row.items() if name != "__metadata"} for row in page)
            if isinstance(data, list) or "__next" not in data:
                return found
            answer = self.session.get(data["__next"], timeout=10)

    def post(self, resource: str, body: Any, division: int = MAIN, **headers: str) -> requests.Response:
        return self.call(
            "POST", resource, division, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    def post_full(self, resource: str, body: Any, division: int = MAIN) -> dict[str, Any]:
        """POST asking for the stored values; the answer has to be 201."""
        answer = self.post(resource, body, division, Prefer="return=representation")
        assert answer.status_code == 201, answer.text
        return answer.json()["d"]

    def ledger(self, code: str, division: int = MAIN) -> str:
        """Return the id of a ledger account."""
        return self.rows("financial/GLAccounts", division, select="ID", filter=f"Code eq '{code}'")[0]["ID"]

    def books(self, division: int = MAIN, parts: str = "") -> dict[str, Any]:
        params = {"division": str(division)} | ({"parts": parts} if parts else {})
        answer = self.session.get(f"{self.sandbox.base_url}/_sandbox/books/exact", params=params)
        return answer.json()["divisions"][0]

    def entry(self, reference: str, division: int = MAIN) -> dict[str, Any]:
        found = [row for row in self.books(division, "entries")["entries"] if row["reference"] == reference]
        assert len(found) == 1, found
        return found[0]

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        answer = self.session.get(f"{self.sandbox.base_url}/_sandbox/requests", params={"since": since})
        return answer.json()["requests"]


@pytest.fixture(scope="session")
def _running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0) as sandbox:
        yield sandbox


@pytest.fixture
def exact_sandbox(_running_sandbox: Sandbox) -> Sandbox:
    """The running sandbox with fresh demo books, switches at their defaults, nothing ordered, an empty log."""
    _running_sandbox.reset()
    return _running_sandbox


@pytest.fixture
def exact(exact_sandbox: Sandbox) -> ExactCaller:
    """A signed-in caller with the call limits off."""
    caller = ExactCaller(exact_sandbox)
    caller.settings(limits=False)
    return caller


@pytest.fixture
def octopus(_running_sandbox: Sandbox) -> Iterator[OctopusBox]:
    """Our provider at Octopus's fresh demo books, quotas off."""
    _running_sandbox.reset()
    with OctopusBox(sandbox=_running_sandbox) as box:
        yield box
