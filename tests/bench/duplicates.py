"""The duplicate finder over a large list of customers: how much of what is planted it finds, how fast, in how much memory.

    python -m tests.bench.duplicates --json
    python -m tests.bench.duplicates --json --database postgres

Fills a scratch database with invented customers (`tests.bench.companies`, a fixed seed), of whom 5 per cent stand for a
company that another one stands for, among namesakes, branches and groups of companies that do not. Then has the work list
made by `crm.duplicates.refresh`, in a process of its own that has seen no customer before, so that its memory is that of
the finder and of the program around it; once over a tenth of them and once over all.

seconds: one look over all, from reading to the last row written; cpu_seconds: what of that the process computed itself,
which says more on a machine with other work (the bounds are on the seconds). ratio: its seconds against those over a tenth, per
customer and divided by what n log n allows; 1 or less grows no worse than that. peak_mb: resident size of the whole process.
recall: share of the planted pairs that are on the list. precision: share of the list that was planted. certain_precision:
the same of the pairs called certain. hint_ms: the slowest of the hints while a name is typed, over all customers.
Exits with 1 when a figure is over its bound. Speed of the machine drifts; quote it with the numbers.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from itertools import combinations
from typing import Any

from tests.bench.surroundings import arguments, cpu_seconds, peak_mb, scratch_database, show

RECALL, PRECISION, CERTAIN = 0.95, 0.90, 0.999
SECONDS, PEAK_MB, HINT_MS = 5.0, 200.0, 50.0
# Measured times of two sizes scatter; more than this beyond n log n is no scatter.
RATIO = 1.25
TYPED = [
    {"name": "Bakkerij Peeters", "postcode": "2000"}, {"name": "Brouwerij De Kra"}, {"name": "Peeters"},
    {"name": "Garage Janssens", "vat_number": "BE 0400.000.000"}, {"name": "Van den"}, {"name": "Dubois Menuiserie"},
    {"name": "Transport Van de Velde en Zonen"}, {"vat_number": "0400123456", "name": ""}, {"name": "De Gouden Leeuw"},
]  # fmt: skip


def main() -> int:
    parser = arguments(__doc__ or "", companies=100_000, seed=20260314, rounds=3)
    parser.add_argument(
        "--look", action="store_true", help="one look in the present database; used by the bench itself"
    )
    parser.add_argument("--one", action="store_true", help="one size only, not judged; used by the bench itself")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.database, options.companies, options.seed, options.rounds)))
        return 0
    if options.look:
        print(json.dumps(look(options.rounds)))
        return 0
    sizes = [max(options.companies // 10, 20), options.companies]
    # Django takes its database when it starts, so each size has a process of its own.
    small, large = (
        itself(
            "--one",
            "--companies",
            size,
            "--database",
            options.database,
            "--seed",
            options.seed,
            "--rounds",
            options.rounds,
        )
        for size in sizes
    )
    allowed = math.log(sizes[1]) / math.log(sizes[0])
    figures: dict[str, Any] = {
        "database": options.database,
        "companies": options.companies,
        "seed": options.seed,
        **{name: large[name] for name in ("planted", "pairs", "seconds", "cpu_seconds")},
        "seconds_of_a_tenth": small["seconds"],
        "cpu_seconds_of_a_tenth": small["cpu_seconds"],
        "ratio": round(large["seconds"] / small["seconds"] / (sizes[1] / sizes[0]) / allowed, 2),
        "cpu_ratio": round(large["cpu_seconds"] / small["cpu_seconds"] / (sizes[1] / sizes[0]) / allowed, 2),
        **{name: large[name] for name in ("peak_mb", "recall", "precision", "certain", "certain_precision", "hint_ms")},
    }
    show(figures, options.json)
    within = (
        figures["recall"] >= RECALL
        and figures["precision"] >= PRECISION
        and figures["certain_precision"] >= CERTAIN
        and figures["seconds"] <= SECONDS
        and figures["peak_mb"] <= PEAK_MB
        and figures["ratio"] <= RATIO
        and figures["hint_ms"] <= HINT_MS
    )
    return 0 if within else 1


def itself(*options: object) -> dict[str, Any]:
    """What this bench prints when it is called so, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.duplicates", *map(str, options)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def measured(database: str, size: int, seed: int, rounds: int) -> dict[str, Any]:
    """Fill a database, look in another process, and compare what it found with what was planted."""
    with scratch_database(database):
        companies = fill(size, seed)
        settle()
        found = itself("--look", "--rounds", rounds)
        return {**found, **judged(companies)}


def fill(size: int, seed: int) -> dict[int, int]:
    """Store the records; which company each of them stands for, by its id."""
    from crm import parties
    from crm.models import Party
    from crm.names import name_key
    from tests.bench.companies import World

    records = World(size, seed=seed).records
    fields = (
        "name",
        "country",
        "vat_number",
        "enterprise_number",
        "street",
        "postcode",
        "city",
        "email",
        "phone",
        "iban",
    )
    found: dict[int, int] = {}
    for start in range(0, len(records), 2_000):
        rows = []
        for record in records[start : start + 2_000]:
            party = Party(**{name: getattr(record, name) for name in fields})
            parties.normalise(party)
            party.name_key = name_key(party.name)[:200]
            rows.append(party)
        made = Party.objects.bulk_create(rows)
        found |= {party.pk: record.company for party, record in zip(made, records[start:], strict=False)}
    return found


def settle() -> None:
    """Let PostgreSQL count its rows, as it does by itself within a minute of a large change."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")


def judged(companies: dict[int, int]) -> dict[str, Any]:
    from crm.models import DuplicatePair

    members: dict[int, list[int]] = defaultdict(list)
    for pk, company in sorted(companies.items()):
        members[company].append(pk)
    planted = {pair for group in members.values() for pair in combinations(group, 2)}
    rows = list(DuplicatePair.objects.values_list("first_id", "second_id", "certain"))
    right = sum((first, second) in planted for first, second, _certain in rows)
    certain = [(first, second) in planted for first, second, is_certain in rows if is_certain]
    return {
        "planted": len(planted),
        "pairs": len(rows),
        "recall": round(right / max(len(planted), 1), 4),
        "precision": round(right / max(len(rows), 1), 4),
        "certain": len(certain),
        "certain_precision": round(sum(certain) / max(len(certain), 1), 5),
    }


def look(rounds: int) -> dict[str, Any]:
    """Make the list anew so many times; the median of the times, and the memory of this process."""
    import django

    django.setup()
    from crm import duplicates
    from crm.models import DuplicatePair

    times, used = [], []
    for _ in range(rounds):
        DuplicatePair.objects.all().delete()
        started, cpu = time.perf_counter(), cpu_seconds()
        duplicates.refresh()
        times.append(time.perf_counter() - started)
        used.append(cpu_seconds() - cpu)
    peak = peak_mb()
    duplicates.likely(**TYPED[0])  # connects
    hints = []
    for typed in TYPED:
        some = []
        for _ in range(5):
            started = time.perf_counter()
            duplicates.likely(**typed)
            some.append((time.perf_counter() - started) * 1000)
        hints.append(statistics.median(some))
    return {
        "seconds": round(statistics.median(times), 2),
        "cpu_seconds": round(statistics.median(used), 2),
        "peak_mb": round(peak, 1),
        "hint_ms": round(max(hints), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
