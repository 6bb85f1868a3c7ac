"""A worker killed between sending and recording: afterwards every document stands in the books once.

Random moments, with every tool: `tests/contract/test_killed_workers.py`.
"""

import time

import pytest

from integrations.models import Connection, PartyLink, Posting
from tests import bridge, factories, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def worker_env(process_env, box, settings) -> dict[str, str]:
    """A child that works on this test's database and sandbox, with waits of a second."""
    tools = {
        "BOEKBRUG_EXACT_BASE_URL": settings.BOEKBRUG_EXACT_BASE_URL,
        "BOEKBRUG_EXACT_CLIENT_ID": "demo-client",
        "BOEKBRUG_EXACT_CLIENT_SECRET": "demo-secret",
    }
    return workers.environment(process_env, settings, tools)


def check(box: bridge.Box, connection: Connection, documents: list) -> None:
    assert {p.state for p in Posting.objects.all()} == {"posted"}
    assert bridge.assert_same_books(box, connection) == len(documents)  # fails on an entry that stands twice
    numbers = [p["vat_number"] for p in box.parties() if p["vat_number"]]
    ours = [link.party.vat_number for link in PartyLink.objects.select_related("party")]
    assert ours
    assert [n for n in ours if numbers.count(n) != 1] == []
    assert not PartyLink.objects.filter(external_id="").exists()


@pytest.mark.parametrize(("path", "held"), [("salesentry/SalesEntries", "entry"), ("crm/Accounts", "relation")])
def test_killed_between_sending_and_recording(box, connection, worker_env, path, held):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    before = box.last_request()
    box.fault("delay", seconds=5, when="after", method="POST", path=path, skip=1, times=1)

    worker = workers.start(worker_env)
    end = time.monotonic() + 30
    while sum(1 for r in box.requests(before) if r["method"] == "POST" and path in r["path"]) < 2:
        # The log shows a request when it is answered; one that is held back shows in the books.
        if held == "entry" and documents[1].number in box.entries():
            break
        if held == "relation" and any(p["name"] == documents[1].party.name for p in box.parties()):
            break
        assert worker.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    workers.kill(worker)
    if held == "entry":
        assert bridge.posting(documents[1]).state == "sending"
    else:
        assert PartyLink.objects.filter(external_id="", sent_at__isnull=False).count() == 1

    workers.finish(connection)
    check(box, connection, documents)
