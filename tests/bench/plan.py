"""Cost of planning booked documents: statements per 500 documents, seconds, peak memory.

    python -m tests.bench.plan --documents 10000 --database postgres --json

Run it with 1,000 and with 10,000 documents to compare the peaks; nothing is sent.
"""

from __future__ import annotations

import sys
import time
from datetime import date

from tests.bench.surroundings import (
    arguments,
    counted_queries,
    cpu_seconds,
    peak_mb,
    sandbox,
    scratch_database,
    show,
)


def main() -> int:
    options = arguments(__doc__ or "", documents=10_000, parties=300).parse_args()
    with scratch_database(options.database), sandbox() as address:
        from django.db import connection as database

        from integrations.models import Posting, SyncRun
        from integrations.sync.engine import _open
        from integrations.sync.leases import claim
        from integrations.sync.steps import plan
        from tests import bridge, factories

        box = bridge.Box(address)
        box.call("close_period", {"division": int(bridge.DIVISION), "year": 2026, "period": 1, "closed": False})
        connection = bridge.connect(box, start=date(2026, 1, 1))
        parties = [factories.PartyFactory() for _ in range(options.parties)]
        factories.booked_documents(connection.entity, factories.bench_plans(parties, options.documents))
        run = SyncRun.objects.create(connection=connection, trigger="manual", state="running", step="plan")
        lease = claim(connection.administration.pk)
        if lease is None:
            sys.exit("the administration is not free")
        turn = _open(run, lease)
        plan._read_references(turn)
        before, cpu, started = peak_mb(), cpu_seconds(), time.perf_counter()
        with counted_queries() as queries:
            while not plan.run(turn):
                turn.started = time.monotonic()
        figures = {
            "database": database.vendor,
            "documents": options.documents,
            "waiting": Posting.objects.filter(state="waiting").count(),
            "queries_per_500": round(queries.count / max(1, options.documents / plan.PAGE), 2),
            "cpu_ms_per_document": round((cpu_seconds() - cpu) * 1000 / options.documents, 3),
            "wall_s": round(time.perf_counter() - started, 2),
            "peak_mb_before": round(before, 1),
            "peak_mb": round(peak_mb(), 1),
        }
    show(figures, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
