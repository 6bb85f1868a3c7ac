"""How many calls a sync costs, from the sandbox's own log: those that no sync can do without and a few fixed ones.

The pages of the tool's list of relations stand apart. The same figures for any size: `tests.bench.sync_calls`.
"""

from datetime import timedelta
from math import ceil

import pytest
import time_machine
from django.utils import timezone

from integrations import services
from invoicing.models import SalesDocument
from tests import bridge, factories

from . import world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DOCUMENTS, CUSTOMERS = 60, 20
BATCH = 25
FIXED, NOTHING_NEW = 15, 8
LEAST = {
    "exact": DOCUMENTS + CUSTOMERS,
    "octopus": DOCUMENTS + CUSTOMERS,
    "twinfield": ceil(DOCUMENTS / BATCH) + ceil(CUSTOMERS / BATCH),
    "yuki": ceil(DOCUMENTS / BATCH),
}
IN_BATCHES = ("twinfield", "yuki")
# Reading the relations of the sandbox's small books, before the first one is made; Twinfield tells of them one by one.
MIRROR = {"exact": 3, "octopus": 3, "twinfield": 6, "yuki": 3}


def booked(connection, profile) -> list[SalesDocument]:
    customers = [factories.CompanyFactory(country=profile.country) for _ in range(CUSTOMERS)]
    plans = [
        factories.Plan(
            party=customers[n % CUSTOMERS],
            day=profile.day,
            lines=[factories.line(f"{10 + n}.{n:02}", code=code, country=profile.country) for code in ("21", "0")],
        )
        for n in range(DOCUMENTS)
    ]
    return list(SalesDocument.objects.filter(pk__in=factories.booked_documents(connection.entity, plans)))


def sync(connection, box) -> tuple[int, int]:
    """Calls of one sync: without those that read relations, and those."""
    before = box.last_request()
    run = bridge.sync(connection)
    assert run.state == "succeeded"
    mirror = run.counters.get("parties", {}).get("mirror_calls", 0)
    return len(box.requests(before)) - mirror, mirror


def test_a_first_sync_and_one_with_nothing_new(connection, profile, box):
    documents = booked(connection, profile)
    relations = len(box.parties())
    calls, mirror = sync(connection, box)
    world.assert_books(box, documents)
    assert calls <= LEAST[profile.key] + FIXED
    one_by_one = relations if profile.key == "twinfield" else 0
    assert mirror <= MIRROR[profile.key] + one_by_one
    calls, mirror = sync(connection, box)
    assert calls + mirror <= NOTHING_NEW


def test_a_night_with_nothing_to_do(connection, profile, box):
    factories.booked_invoice(entity=connection.entity, day=profile.day, party=factories.CompanyFactory())
    sync(connection, box)
    for days in (1, 2, 4):
        before = box.last_request()
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=True):
            run = bridge.work_off(services.start_sync(connection, trigger="nightly"))
        assert run.state == "succeeded"
        # The third night its lists are due, which a night with work reads too.
        assert len(box.requests(before)) <= (NOTHING_NEW if days < 3 else FIXED), days


def test_documents_of_customers_who_are_known_cost_no_more_than_themselves(connection, profile, box):
    customers = [document.party for document in booked(connection, profile)[:CUSTOMERS]]
    sync(connection, box)
    new = [factories.booked_invoice(entity=connection.entity, party=party, day=profile.day) for party in customers]
    calls, mirror = sync(connection, box)
    world.assert_books(box, new)
    assert calls <= (ceil(CUSTOMERS / BATCH) if profile.key in IN_BATCHES else CUSTOMERS) + FIXED
    assert mirror == 0
