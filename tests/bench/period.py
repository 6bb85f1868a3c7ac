"""The files of a period as one ZIP: time to the first piece and to the last, memory, size.

    python -m tests.bench.period --documents 2000 --json

Booked invoices of two lines, each with PDF and e-invoice, taken piece by piece as the browser does. Fails when a file
is missing, and exits with 1 when memory grows with the documents by more than a few MB.
first_piece_s: until the browser sees that something comes. ms_per_document: of this process's CPU. grown_mb: highest
use of memory over that after the first fifty documents.
"""

from __future__ import annotations

import sys
import tempfile
import time
import zipfile
from typing import Any

from tests.bench.surroundings import arguments, cpu_seconds, peak_mb, scratch_database, show

GROWS_BY, WARM = 40, 50


def main() -> int:
    options = arguments(__doc__ or "", documents=2000).parse_args()
    with scratch_database(options.database):
        figures = measure(options.documents)
    show(figures, options.json)
    return 1 if figures["grown_mb"] > GROWS_BY else 0


def measure(documents: int) -> dict[str, Any]:
    from django.utils import timezone

    from invoicing.admin import downloads, period
    from tests import factories

    entity = factories.EntityFactory(peppol_id="0208:0765432146", vat_number="BE0765432146")
    party = factories.CompanyFactory()
    lines = [factories.line("10.05", code=code) for code in ("21", "6")]
    plan = factories.Plan(party=party, day=timezone.localdate(), lines=lines)
    factories.booked_documents(entity, (plan for _ in range(documents)))
    ids = list(entity.sales_documents.order_by("pk").values_list("pk", flat=True))
    for _piece in downloads.zipped(ids[:WARM], "nl", {"documents.csv": lambda: period._listed(ids[:WARM])}):
        pass
    before, cpu, start, first = peak_mb(), cpu_seconds(), time.monotonic(), 0.0
    with tempfile.TemporaryFile() as file:
        for piece in downloads.zipped(ids, "nl", {"documents.csv": lambda: period._listed(ids)}):
            first = first or time.monotonic() - start
            file.write(piece)
        seconds, cpu = time.monotonic() - start, cpu_seconds() - cpu
        names = zipfile.ZipFile(file).namelist()
        size = file.tell()
    if len(names) != 1 + 2 * documents:
        raise SystemExit(f"{len(names)} files for {documents} documents")
    return {
        "documents": documents,
        "first_piece_s": round(first, 2),
        "seconds": round(seconds, 1),
        "ms_per_document": round(cpu * 1000 / documents, 1),
        "grown_mb": round(peak_mb() - before, 1),
        "zip_mb": round(size / 2**20, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
