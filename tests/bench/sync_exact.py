"""Cost of a sync to Exact Online's sandbox: calls, queries, CPU, wall time against a bare loop of the same calls.

    python -m tests.bench.sync_exact --documents 1000 --parties 300 --foreign 5000 --database sqlite --json

The sandbox runs in a process of its own and starts with `foreign` relations, of which a tenth of our parties match
by VAT number; the bench fails when a relation stands there twice, a booking is missing or a cent is off.

calls: of the sync, without the party mirror (mirror_calls). calls_minimum: one per document and per new party.
own_wall_ms_per_document: the run's wall time outside HTTP calls. cpu_ms_per_document: this process's CPU beyond
what the bare loop of the same calls takes. wall_ratio: the run against that bare loop. commit_ms: one durable
commit on this database, measured before. Speed of the machine drifts; quote ratios.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
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

MIRROR = ("sync/CRM/Accounts", "sync/Deleted")


def main() -> int:
    parser = arguments(__doc__ or "", documents=1000, parties=300, foreign=5000)
    options = parser.parse_args()
    with scratch_database(options.database), sandbox() as address:
        figures = measure(options, address)
    show(figures, options.json)
    return 0


def measure(options: Any, address: str) -> dict[str, Any]:
    from django.db import connection as database

    from tests import bridge, factories

    box = bridge.Box(address)
    box.call("close_period", {"division": int(bridge.DIVISION), "year": 2026, "period": 1, "closed": False})
    # The demo books hold a booking under one of our numbers, which the sync would rightly question.
    box.call("delete_entry", {"reference": "2026/0010", "division": int(bridge.DIVISION)})
    connection = bridge.connect(box, start=date(2026, 1, 1))
    parties = [factories.PartyFactory() for _ in range(options.parties)]
    known = parties[: options.parties // 10]
    seed_foreign(box, options.foreign, known)
    factories.booked_documents(connection.entity, factories.bench_plans(parties, options.documents))
    commit = commit_ms()

    before, cpu, started = box.last_request(), cpu_seconds(), time.perf_counter()
    with counted_queries() as queries:
        run = bridge.sync(connection)
    wall, cpu = time.perf_counter() - started, cpu_seconds() - cpu
    peak = peak_mb()
    requests = box.requests(before)
    check(box, connection, run, options.documents, options.parties, options.foreign, len(known))

    mirror = sum(1 for r in requests if any(m in r["path"] for m in MIRROR))
    http_seconds = calls_seconds(run)
    new_parties = options.parties - len(known)
    # Before the bare loop: its bookings are something new.
    before = box.last_request()
    bridge.sync(connection)
    nothing_new = len(box.requests(before))
    bare_wall, bare_cpu = bare_loop(address, requests)

    per_document = 1000 / options.documents
    return {
        "tool": "exact",
        "database": database.vendor,
        "durable": is_durable(),
        "documents": options.documents,
        "new_parties": new_parties,
        "calls": len(requests) - mirror,
        "calls_minimum": options.documents + new_parties,
        "mirror_calls": mirror,
        "calls_nothing_new": nothing_new,
        "own_wall_ms_per_document": round((wall - http_seconds) * per_document, 2),
        "commit_ms": round(commit, 2),
        "sandbox_ms_per_call": round(http_seconds * 1000 / len(requests), 2),
        "wall_ratio": round(wall / bare_wall, 2),
        "wall_s": round(wall, 2),
        "cpu_ms_per_document": round((cpu - bare_cpu) * per_document, 2),
        "cpu_ms_per_document_with_call": round(cpu * per_document, 2),
        "queries_per_document": round(queries.count / options.documents, 2),
        "peak_mb": round(peak, 1),
    }


def seed_foreign(box: Any, count: int, known: list[Any]) -> None:
    """Relations of strangers, and one for each of `known`, under another name, with the same VAT number."""
    division = 3120451
    step = 5000
    for start in range(0, count - len(known), step):
        box.call("seed", {"division": division, "accounts": min(step, count - len(known) - start)})
    same = [
        {"Name": f"Known here as {p.pk}", "VATNumber": p.vat_number, "Status": "C", "Country": "BE", "Postcode": "1000"}
        for p in known
    ]
    if same:
        box.call("seed", {"division": division, "accounts": same})


def check(box: Any, connection: Any, run: Any, documents: int, parties: int, foreign: int, known: int) -> None:
    """Every document once and to the cent, no relation twice."""
    from tests import bridge

    if run.state != "succeeded":
        sys.exit(f"the run ended as {run.state}: {run.error_code} {run.error_text} {run.counters}")
    found = bridge.assert_same_books(box, connection)
    if found != documents:
        sys.exit(f"{found} of {documents} documents are in the books")
    numbers = [p["vat_number"] for p in box.parties() if p["vat_number"]]
    twice = {n for n in numbers if numbers.count(n) > 1} if len(numbers) < 2000 else _twice(numbers)
    ours = {link.party.vat_number for link in connection.administration.party_links.select_related("party")}
    if twice & ours:
        sys.exit(f"{len(twice & ours)} of our customers stand twice in the books")


def _twice(numbers: list[str]) -> set[str]:
    seen: set[str] = set()
    again: set[str] = set()
    for number in numbers:
        (again if number in seen else seen).add(number)
    return again


def calls_seconds(run: Any) -> float:
    """Seconds this run spent inside HTTP calls, by its exchange records."""
    from django.db.models import Sum

    from integrations.models import Exchange

    run.refresh_from_db()
    return (
        run.counters["calls"]["ms"] / 1000
        if "ms" in run.counters.get("calls", {})
        else ((Exchange.objects.filter(run=run).aggregate(ms=Sum("ms"))["ms"] or 0) / 1000)
    )


def bare_loop(address: str, requests_seen: list[dict[str, Any]]) -> tuple[float, float]:
    """Send the same payloads again with nothing but a `requests.Session`: wall and CPU seconds."""
    import requests

    from tests import bridge

    token = bridge.Box(address).call("token", {"user": "demo", "client_id": "demo-client"})["access_token"]
    posts = []
    for seen in requests_seen:
        if seen["method"] != "POST" or "/api/v1/" not in seen["path"]:
            continue
        payload = json.loads(seen["body"])
        payload.pop("EntryID", None)
        payload.pop("ID", None)
        posts.append((f"{address}{seen['path']}", json.dumps(payload).encode()))
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Prefer": "return=representation",
    }
    with requests.Session() as session:
        session.trust_env = False
        session.headers.update(headers)
        cpu, started = cpu_seconds(), time.perf_counter()
        for url, body in posts:
            answer = session.post(url, data=body, timeout=60)
            if answer.status_code != 201:
                sys.exit(f"the bare loop was refused: {answer.status_code} {answer.text[:200]}")
        return time.perf_counter() - started, cpu_seconds() - cpu


if __name__ == "__main__":
    sys.exit(main())
