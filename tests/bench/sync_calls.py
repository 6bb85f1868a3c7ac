"""Calls of a sync per tool, from the sandbox's own request log; and what the sync costs beside its calls.

    python -m tests.bench.sync_calls --tool octopus --documents 1000 [--attach] --json

The sandbox runs in a process of its own. Fails when a booking is missing or a cent is off, and exits with 1 when the
calls are over their bound: `calls_minimum` and at most 15 fixed ones, and at most 8 for a sync with nothing new.

--attach: with PDF and e-invoice beside each booking, where the tool takes files. Their calls are attachment_calls and
not in `calls`; at most 4.2 a document where they go after the booking (a document made, hung on its entry, two files),
and none where they go along. Every file is looked for in the sandbox's books.

calls: of the sync, without those that read the tool's relations (mirror_calls). calls_minimum: Exact Online and Octopus
one per document and new customer, Twinfield one per 25 of each, Yuki one per 25 documents, customers travel along.
Where a day's quota is smaller than the work, the days follow one another at once and are counted together.
own_wall_ms_per_document: the run's wall time outside HTTP calls. cpu_ms_per_document: this process's CPU outside them.
wall_ratio: the run against the calls alone. commit_ms: one durable commit on this database, measured before. Speed of
the machine drifts; quote ratios.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

from tests.bench.surroundings import (
    arguments,
    commit_ms,
    counted_queries,
    cpu_seconds,
    is_durable,
    peak_mb,
    sandbox,
    scratch_database,
    show,
)

FIXED, NOTHING_NEW = 15, 8
# Of small quotas that follow one another; more means that something is left again and again.
DAYS = 30
BATCH = 25
# Calls a document for its PDF and its e-invoice.
ATTACHING = {"exact": 4.2, "octopus": 0, "twinfield": 0, "yuki": 0}
FILES = {"exact": 2, "octopus": 2, "twinfield": 0, "yuki": 1}


def main() -> int:
    parser = arguments(__doc__ or "", documents=1000, parties=300)
    parser.add_argument("--attach", action="store_true", help="with PDF and e-invoice beside each booking")
    parser.add_argument("--tool", choices=["exact", "octopus", "twinfield", "yuki"], default="exact")
    options = parser.parse_args()
    with scratch_database(options.database), sandbox() as address:
        figures = measure(options, address)
    show(figures, options.json)
    over = (
        figures["calls"] > figures["calls_minimum"] + FIXED
        or figures["calls_nothing_new"] > NOTHING_NEW
        or figures["attachment_calls"] > ATTACHING[options.tool] * options.documents
    )
    return 1 if over else 0


def least(tool: str, documents: int, parties: int) -> int:
    """The calls that no sync can do without."""
    return {
        "exact": documents + parties,
        "octopus": documents + parties,
        "twinfield": math.ceil(documents / BATCH) + math.ceil(parties / BATCH),
        "yuki": math.ceil(documents / BATCH),
    }[tool]


def mirror_calls(run: Any) -> int:
    """The calls of a run that read the tool's relations."""
    return int(run.counters.get("parties", {}).get("mirror_calls", 0))


def attachment_calls(run: Any) -> int:
    """The calls of a run that put files beside bookings."""
    return int(run.counters.get("attachments", {}).get("calls", 0))


def measure(options: Any, address: str) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection as database

    from integrations.base.http import HttpClient
    from integrations.models import Administration, CallCounter
    from tests import bridge, factories
    from tests.contract import world
    from tests.contract.profiles import PROFILES

    profile = next(one for one in PROFILES if one.key == options.tool)
    for name, value in world.settings_of(profile, address).items():
        setattr(settings, name, value)
    box = world.ToolBox(address, profile)
    entity = world.entity_of(profile)
    if profile.country == "BE":
        entity.peppol_id, entity.vat_number = "0208:0765432146", "BE0765432146"
        entity.save()
    connection = world.connect(box, entity, attach_files=options.attach)
    parties = [factories.CompanyFactory(country=profile.country) for _ in range(options.parties)]
    factories.booked_documents(
        connection.entity,
        (
            factories.Plan(
                party=parties[n % len(parties)],
                day=profile.day,
                lines=[
                    factories.line(f"{10 + n % 90}.{n % 100:02}", code=code, country=profile.country)
                    for code in ("21", "0")
                ],
            )
            for n in range(options.documents)
        ),
    )
    commit = commit_ms()
    spent = {"wall": 0.0, "cpu": 0.0}
    exchange = HttpClient._exchange

    def timed(self: Any, *args: Any) -> Any:
        cpu, started = cpu_seconds(), time.perf_counter()
        try:
            return exchange(self, *args)
        finally:
            spent["wall"] += time.perf_counter() - started
            spent["cpu"] += cpu_seconds() - cpu

    HttpClient._exchange = timed  # type: ignore[method-assign]
    before, cpu, started = box.last_request(), cpu_seconds(), time.perf_counter()
    with counted_queries() as queries:
        run = bridge.sync(connection)
        mirror, attaching, days = mirror_calls(run), attachment_calls(run), 1
        # A day's quota is smaller than the work: the next days follow at once.
        while run.counters["sales"].get("left") or run.counters.get("attachments", {}).get("left"):
            CallCounter.objects.all().delete()
            Administration.objects.update(counters={})
            run = bridge.sync(connection)
            mirror, attaching, days = mirror + mirror_calls(run), attaching + attachment_calls(run), days + 1
            if days > DAYS:
                sys.exit(f"not done after {DAYS} days: {run.counters}")
    wall, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    peak = peak_mb()
    own_wall, own_cpu, calls_wall = wall - spent["wall"], cpu - spent["cpu"], spent["wall"]
    requests = box.requests(before)
    if run.state != "succeeded":
        sys.exit(f"the run ended as {run.state}: {run.error_code} {run.error_text} {run.counters}")
    world.assert_books(box, list(connection.entity.sales_documents.all()))
    files = sum(len(found) for found in box.files().values()) if options.attach else 0
    if files != FILES[options.tool] * options.documents * options.attach:
        sys.exit(f"{files} files lie beside {options.documents} bookings")
    before = box.last_request()
    bridge.sync(connection)
    nothing_new = len(box.requests(before))

    per_document = 1000 / options.documents
    return {
        "tool": options.tool,
        "database": database.vendor,
        "durable": is_durable(),
        "documents": options.documents,
        "new_parties": options.parties,
        "attach": options.attach,
        "files": files,
        "days": days,
        "calls": len(requests) - mirror - attaching,
        "calls_minimum": least(options.tool, options.documents, options.parties),
        "attachment_calls": attaching,
        "mirror_calls": mirror,
        "calls_nothing_new": nothing_new,
        "own_wall_ms_per_document": round(own_wall * per_document, 2),
        "commit_ms": round(commit, 2),
        "sandbox_ms_per_call": round(calls_wall * 1000 / len(requests), 2),
        "wall_ratio": round(wall / calls_wall, 2),
        "wall_s": round(wall, 2),
        "cpu_ms_per_document": round(own_cpu * per_document, 2),
        "cpu_ms_per_document_with_call": round(cpu * per_document, 2),
        "queries_per_document": round(queries.count / options.documents, 2),
        "peak_mb": round(peak, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
