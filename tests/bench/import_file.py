"""Importing a file of customers: its preview, its writing and its undoing, against django-import-export's own ways.

    python -m tests.bench.import_file --rows 35000 --companies 100000 --json
    python -m tests.bench.import_file --database postgres

One XLSX file of --rows rows is imported into --companies companies: 70 % of the rows find a company and change it, 20 %
find one and say nothing new, 10 % are new. Fixed seed. preview_s: reading the file and counting all rules side by side.
import_s: reading, matching and writing in one transaction, with the log of each company. undo_s: taking it back.
page_kb: the page of the preview before compression.

django-import-export does the same on a part of the file (--part rows, told as baseline_rows), in the same database and
the same run: its default dry run and its default import, finding companies by VAT number, with a resource of the same
columns. Its time is taken to grow with its rows, which flatters it: it holds all its results at once. preview_ratio and
import_ratio: its time for all rows against ours; with_log: its time includes the admin's log entries, as ours does.
peak_mb: largest resident size of this process up to the end of our own work, and of the process that reads the file;
import-export comes after that. Speed of the machine drifts; quote ratios. Exits with 1 over a bound of `BOUNDS`.
"""

from __future__ import annotations

import io
import random
import resource
import sys
import time
from typing import Any

from tests.bench.surroundings import arguments, peak_mb, scratch_database, show

# The ratios at least, the others at most.
BOUNDS = {"preview_ratio": 10, "import_ratio": 10, "peak_mb": 300, "page_kb": 300}
SEED = 20_261_121
HEADERS = ["Name", "VAT number", "Street", "Postcode", "City", "Country", "E-mail", "Phone", "Language", "Customer"]
_STREETS = ("Kerkstraat", "Stationsstraat", "Rue de la Gare", "Dorpsstraat", "Grote Markt", "Avenue Louise")
_TRADES = ("Bakkerij", "Garage", "Apotheek", "Drukkerij", "Hotel", "Brouwerij", "Boulangerie", "Transport", "Studio")
_FORMS = ("BV", "NV", "SRL", "CommV", "VOF")


def main() -> int:
    parser = arguments(__doc__ or "", rows=35_000, companies=100_000, part=2_000)
    options = parser.parse_args()
    with scratch_database(options.database):
        figures = measure(options)
    show(figures, options.json)
    over = [name for name in ("preview_ratio", "import_ratio") if figures[name] < BOUNDS[name]]
    over += [name for name in ("peak_mb", "page_kb") if figures[name] > BOUNDS[name]]
    over += ["undo_s"] if figures["undo_s"] > figures["import_s"] else []
    if over:
        print(f"over the bound: {', '.join(over)}", file=sys.stderr)
    return 1 if over else 0


def measure(options: Any) -> dict[str, Any]:
    from django.contrib.auth.models import User
    from django.core.files.base import File
    from django.test import Client
    from django.urls import reverse

    from crm.importing import services, working
    from crm.importing.criteria import Criterion
    from crm.models import ImportBatch

    working.queue = lambda pk: None  # type: ignore[assignment]  # the work is done here, to be timed
    user = User.objects.create_superuser("bench", password="bench")
    fill(options.companies)
    table = rows_of(options.companies, options.rows)
    data = xlsx(table)
    # Its own rows are no memory of what is measured.
    part = table[: options.part]
    del table
    uploading = time.perf_counter()
    batch = services.upload(kind="company", file=File(io.BytesIO(data), name="customers.xlsx"), by=user)
    uploading = time.perf_counter() - uploading
    meanings = [column["field"] for column in batch.mapping]
    services.set_up(batch=batch, meanings=meanings, administration_id=None, blank_empty=False)
    preview_s = timed(lambda: working.work(batch.pk))
    batch = ImportBatch.objects.get(pk=batch.pk)
    services.choose(batch=batch, criterion=Criterion("all", ("vat_number",)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("admin:crm_importbatch_change", args=[batch.pk]) + "?show=edited")
    batch.refresh_from_db()
    if batch.state != "ready" or page.status_code != 200:
        sys.exit(f"the preview failed: {batch.state} {batch.error} {page.status_code}")
    counted = next(one["counts"] for one in batch.summary["criteria"] if one["fields"] == ["vat_number"])
    services.start(batch=batch, by=user)
    import_s = timed(lambda: working.work(batch.pk))
    batch = ImportBatch.objects.get(pk=batch.pk)
    if batch.summary.get("counts") != counted:
        sys.exit(f"the import did not do what the preview said: {batch.state} {batch.error} {batch.summary}")
    services.start_undo(batch=batch, by=user)
    undo_s = timed(lambda: working.work(batch.pk))
    batch = ImportBatch.objects.get(pk=batch.pk)
    if batch.summary.get("undone", {}).get("kept") != 0:
        sys.exit(f"the undo kept rows: {batch.state} {batch.error} {batch.summary}")
    peak = max(peak_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    baseline = import_export(part, user)
    scale = options.rows / min(options.part, options.rows)
    return {
        "database": options.database,
        "rows": options.rows,
        "companies": options.companies,
        "counts": counted,
        "upload_s": round(uploading, 2),
        "preview_s": round(preview_s, 2),
        "preview_ratio": round(baseline["dry_run_s"] * scale / preview_s, 1),
        "import_s": round(import_s, 2),
        "import_ratio": round(baseline["import_s"] * scale / import_s, 1),
        "undo_s": round(undo_s, 2),
        "peak_mb": round(peak),
        "page_kb": round(len(page.content) / 1024),
        "file_kb": round(len(data) / 1024),
        "baseline_rows": min(options.part, options.rows),
        "baseline_dry_run_s": round(baseline["dry_run_s"], 2),
        "baseline_import_s": round(baseline["import_s"], 2),
        "with_log": True,
    }


def timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def belgian(n: int) -> str:
    base = f"{4_000_000 + n:08d}"
    return f"BE{base}{97 - int(base) % 97:02d}"


def values_of(n: int) -> dict[str, str]:
    """The n-th company; three of each kind share a name's letters and differ in their trade."""
    dice = random.Random(SEED + n)
    number = belgian(n)
    return {
        "name": f"{dice.choice(_TRADES)} {dice.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ')}{n // 3} {dice.choice(_FORMS)}",
        "vat_number": number, "enterprise_number": number[2:], "country": "BE", "city": "Leuven", "language": "nl",
        "street": f"{dice.choice(_STREETS)} {n % 200}", "postcode": str(1000 + n % 8999), "vat_type": "vat_liable",
        "email": f"info{n}@example.com", "phone": f"016 {n % 1_000_000:06d}",
    }  # fmt: skip


def fill(count: int) -> None:
    """Write the companies, and have the database count them: without that import-export reads them all for each row."""
    from django.db import connection

    from crm.models import Party
    from crm.names import name_key

    for start in range(0, count, 2_000):
        group = [values_of(n) for n in range(start, min(start + 2_000, count))]
        Party.objects.bulk_create(Party(**values, name_key=name_key(values["name"])) for values in group)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def rows_of(companies: int, count: int) -> list[list[str]]:
    dice = random.Random(SEED)
    known = dice.sample(range(companies), min(companies, count * 9 // 10))
    rows = []
    for n, company in enumerate(known):
        was = values_of(company)
        phone = was["phone"] if n % 9 < 2 else f"02 {n % 1_000_000:06d}"
        rows.append(
            [
                was["name"],
                was["vat_number"],
                was["street"],
                was["postcode"],
                "Leuven",
                "BE",
                was["email"],
                phone,
                "nl",
                "1",
            ]
        )
    for n in range(count - len(known)):
        number = belgian(3_000_000 + n)
        rows.append(
            [
                f"Nieuwe zaak {n} BV",
                number,
                f"Kerkstraat {n}",
                "3000",
                "Leuven",
                "BE",
                f"new{n}@example.com",
                "",
                "fr",
                "1",
            ]
        )
    dice.shuffle(rows)
    return rows


def xlsx(rows: list[list[str]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Customers")
    sheet.append(HEADERS)
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def import_export(rows: list[list[str]], user: Any) -> dict[str, float]:
    """The default dry run and the default import of the same rows; the import is taken back by its rollback."""
    import tablib
    from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType
    from django.db import transaction
    from import_export import resources

    from crm.models import Company

    columns = [
        "name",
        "vat_number",
        "street",
        "postcode",
        "city",
        "country",
        "email",
        "phone",
        "language",
        "is_customer",
    ]

    class CompanyResource(resources.ModelResource):
        class Meta:
            model = Company
            fields = columns
            import_id_fields = ["vat_number"]

    data = tablib.Dataset(*rows, headers=columns)
    dry_run_s = timed(lambda: CompanyResource().import_data(data, dry_run=True, raise_errors=True))

    def for_real() -> None:
        result = CompanyResource().import_data(data, dry_run=False, raise_errors=True)
        content_type = ContentType.objects.get_for_model(Company, for_concrete_model=False)
        for row in result.rows:  # as its admin does
            flag = ADDITION if row.import_type == "new" else CHANGE
            LogEntry.objects.create(
                user_id=user.pk, content_type=content_type, object_id=str(row.object_id),
                object_repr=str(row.object_repr)[:200], action_flag=flag, change_message="imported",
            )  # fmt: skip

    import_s = 0.0
    with transaction.atomic():
        import_s = timed(for_real)
        transaction.set_rollback(True)
    return {"dry_run_s": dry_run_s, "import_s": import_s}


if __name__ == "__main__":
    sys.exit(main())
