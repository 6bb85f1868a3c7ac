"""The differences that an import would make, or made, as a CSV file: a line per field, formulas neutralised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import Any

from django.http import FileResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from config.admin.exports import CSV, Value

from ..importing import preview
from ..importing.criteria import fact_words
from ..importing.fields import label_of
from ..importing.words import note_words, shown_value
from ..models import ImportBatch, ImportState, RowOutcome
from .importing_pages import term_names


def differences(batch: ImportBatch, show: str) -> FileResponse:
    """All rows that change something or are left out; `show` names one outcome, or "left-out". ImportRefused."""
    wanted = {"left-out": preview.LEFT_OUT, "": (RowOutcome.ADDED, RowOutcome.EDITED, *preview.LEFT_OUT)}.get(
        show, (show,)
    )
    is_to_come = batch.state == ImportState.READY
    before = _("Now") if is_to_come else _("Before")
    titles = [_("Row"), _("Result"), _("Company"), _("Found by"), _("Field"), before, _("After"), _("Remark")]
    rows = _to_come(batch) if is_to_come else _done(batch)
    file = TemporaryFile()  # noqa: SIM115 - closed by the answer that sends it
    try:
        CSV.write(file, titles, _lines(rows, set(wanted)))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    name = f"{slugify(batch.file_name.rpartition('.')[0]) or 'import'}-{show or 'differences'}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CSV.content_type)


def _to_come(batch: ImportBatch) -> Iterator[dict[str, Any]]:
    for decision, book in preview.decisions_of(batch):
        yield {**preview.shown(decision, book), "outcome": decision.outcome}


def _done(batch: ImportBatch) -> Iterator[dict[str, Any]]:
    for row in batch.outcomes.order_by("number").iterator(chunk_size=1_000):
        changes = [[key, row.old.get(key, ""), new] for key, new in row.new.items() if key not in ("links", "places")]
        yield {
            "row": row.number, "outcome": row.outcome, "name": row.name, "by": row.found_by, "changes": changes,
            "notes": row.notes,
        }  # fmt: skip


def _lines(rows: Iterable[dict[str, Any]], wanted: set[str]) -> Iterator[list[Value]]:
    terms = term_names()
    outcomes = {key: str(label) for key, label in RowOutcome.choices}
    for row in rows:
        if row["outcome"] not in wanted:
            continue
        remark = "; ".join(filter(None, map(note_words, row["notes"])))
        start: list[Value] = [
            str(row["row"]), outcomes[row["outcome"]], row["name"],
            ", ".join(fact_words(fact) for fact in row["by"].split(",") if fact),
        ]  # fmt: skip
        for key, old, new in row["changes"] or [["", "", ""]]:
            values: list[Value] = [shown_value(key, old, terms), shown_value(key, new, terms)]
            yield [*start, label_of(key), *values, remark]
