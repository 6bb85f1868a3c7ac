"""The verbs of an import: upload, set up, choose, decide, start, undo, cancel. Keyword-only; each states its transaction.

Whatever reads the whole file is left to a task: `crm.importing.working`.
"""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from itertools import islice
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.files.base import File
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import audit
from ..models import ImportBatch, ImportRow, ImportState, PartyKind
from . import criteria, fields
from .criteria import Criterion
from .deciding import LEAVE, NEW
from .errors import ImportRefused
from .reading import open_table
from .working import begin

logger = logging.getLogger(__name__)

# Before anything is written, while nothing is under way.
_OPEN = (ImportState.UPLOADED, ImportState.READY, ImportState.FAILED)

SAMPLES = 5
HEADS = 10  # rows among which the headers are looked for


def upload(*, kind: str, file: File[bytes], by: AbstractBaseUser | None) -> ImportBatch:
    """Keep a file and propose what its columns mean. Raises ImportRefused; then nothing is kept."""
    how, headers, samples, rows = _look(file, kind)
    file.seek(0)
    batch = ImportBatch(kind=kind, file_name=(file.name or "")[-200:], size=file.size or 0, by_id=by.pk if by else None)
    batch.reading = {**how, "headers": headers, "samples": samples}
    batch.rows = rows
    # What it is called here says nothing and cannot be guessed.
    ending = "csv" if how["format"] == "csv" else how["format"]
    batch.file.save(f"{secrets.token_hex(16)}.{ending}", file, save=False)
    _guess(batch)
    try:
        with transaction.atomic():
            batch.save()
            audit.record(by=by, objects=[batch], flag=audit.ADDED, message=_("Uploaded."))
    except BaseException:
        batch.file.delete(save=False)
        raise
    logger.info("file of customers uploaded", extra={"import": batch.pk, "rows": rows, "format": ending})
    return batch


def read_anew(*, batch: ImportBatch, sheet: str = "", encoding: str = "") -> None:
    """Read another sheet of the workbook, or the text with other letters. Raises ImportRefused; then all stays."""
    with batch.file.open("rb") as file:
        how, headers, samples, rows = _look(file, batch.kind, sheet, encoding)
    with transaction.atomic():
        if not _stands(batch, _OPEN):
            return
        batch.reading = {**how, "headers": headers, "samples": samples}
        batch.rows, batch.criterion, batch.summary = rows, {}, {}
        _guess(batch)
        batch.state = ImportState.UPLOADED
        batch.save()


def _stands(batch: ImportBatch, states: tuple[str, ...]) -> bool:
    """Whether the batch still stands there, held until the transaction ends.

    Where it was moved on in another window its page shows what goes on, and nothing of it is changed under it.
    """
    return ImportBatch.objects.select_for_update().filter(pk=batch.pk, state__in=states).first() is not None


def set_up(*, batch: ImportBatch, meanings: list[str], administration_id: int | None, blank_empty: bool) -> None:
    """Keep what each column means and start counting. One transaction. Raises ImportRefused (IMP-303)."""
    known = {found.key for found in fields.fields_for(batch.kind)}
    headers = batch.reading["headers"]
    mapping = [
        {"header": header[:200], "field": meaning if meaning in known else ""}
        for header, meaning in zip(headers, meanings, strict=True)
    ]
    chosen = [column["field"] for column in mapping if column["field"]]
    if len(chosen) != len(set(chosen)):
        twice = next(key for key in chosen if chosen.count(key) > 1)
        raise ImportRefused("IMP-303", "twice", field=twice)
    if not criteria.facts_of(chosen):
        raise ImportRefused("IMP-303", "no-column")
    if batch.kind == PartyKind.PERSON and "name" in chosen and fields.NAME_PARTS & set(chosen):
        raise ImportRefused("IMP-303", "name-and-parts")
    if fields.ROLE in chosen and not set(fields.AT_COMPANY) & set(chosen):
        raise ImportRefused("IMP-303", "role-alone")
    has_numbers = bool({fields.EXTERNAL_ID, fields.COMPANY_ID} & set(chosen))
    if has_numbers and administration_id is None:
        raise ImportRefused("IMP-306", "no-administration")
    with transaction.atomic():
        if not _stands(batch, _OPEN):
            return
        batch.mapping, batch.blank_empty = mapping, blank_empty
        batch.administration_id = administration_id if has_numbers else None
        batch.criterion, batch.summary = {}, {}
        batch.save()
        fields.remember(batch.kind, mapping)
        begin(batch, ImportState.COUNTING, _OPEN)


def choose(*, batch: ImportBatch, criterion: Criterion) -> None:
    """Take a criterion; one that was not counted yet is counted now."""
    with transaction.atomic():
        if not _stands(batch, (ImportState.READY,)):
            return
        counted = {one["match"] + ":" + ",".join(one["fields"]) for one in batch.summary.get("criteria", [])}
        batch.criterion = criterion.as_json()
        batch.save(update_fields=["criterion"])
        if criterion.key not in counted:
            begin(batch, ImportState.COUNTING, (ImportState.READY,))


def decide(*, batch: ImportBatch, decisions: dict[str, Any]) -> None:
    """Keep what a person said of ambiguous rows, and count again: by row number a party's key, NEW or LEAVE."""
    kept = {**batch.criterion.get("decisions", {}), **decisions}
    kept = {row: wish for row, wish in kept.items() if wish in (NEW, LEAVE) or isinstance(wish, int)}
    with transaction.atomic():
        if not _stands(batch, (ImportState.READY,)):
            return
        batch.criterion = {**batch.criterion, "decisions": kept}
        batch.save(update_fields=["criterion"])
        begin(batch, ImportState.COUNTING, (ImportState.READY,))


def start(*, batch: ImportBatch, by: AbstractBaseUser | None) -> bool:
    """Have the file written; False where that was started already (a second click). One transaction, logged."""
    with transaction.atomic():
        if not begin(batch, ImportState.IMPORTING, (ImportState.READY,), by_id=by.pk if by else None):
            return False
        audit.record(by=by, objects=[batch], flag=audit.CHANGED, message=_("Import started."))
    return True


def start_undo(*, batch: ImportBatch, by: AbstractBaseUser | None) -> bool:
    """Have the import taken back; False where that was started already. Raises ImportRefused (IMP-309)."""
    fresh = ImportBatch.objects.get(pk=batch.pk)
    if fresh.state == ImportState.DONE and not can_undo(fresh):
        raise ImportRefused("IMP-309", "", days=settings.BOEKBRUG_IMPORT_UNDO_DAYS)
    with transaction.atomic():
        if not begin(fresh, ImportState.UNDOING, (ImportState.DONE,)):
            return False
        audit.record(by=by, objects=[fresh], flag=audit.CHANGED, message=_("Undo started."))
    return True


def cancel(*, batch: ImportBatch, by: AbstractBaseUser | None) -> bool:
    """Give up an import that has written nothing; its file goes. False where it is too late."""
    waiting = (ImportState.UPLOADED, ImportState.COUNTING, ImportState.READY, ImportState.FAILED)
    with transaction.atomic():
        changed = ImportBatch.objects.filter(pk=batch.pk, state__in=waiting).update(
            state=ImportState.CANCELLED, worker="", summary={}
        )
        if not changed:
            return False
        audit.record(by=by, objects=[batch], flag=audit.CHANGED, message=_("Cancelled."))
        transaction.on_commit(lambda: batch.file.storage.delete(batch.file.name or ""))
    return True


def undo_until(batch: ImportBatch) -> datetime | None:
    return batch.imported_at + timedelta(days=settings.BOEKBRUG_IMPORT_UNDO_DAYS) if batch.imported_at else None


def can_undo(batch: ImportBatch) -> bool:
    until = undo_until(batch)
    return batch.state == ImportState.DONE and until is not None and timezone.now() < until


# --- Looking at a file ---


def _look(
    file: IO[bytes] | File[bytes], kind: str, sheet: str = "", encoding: str = ""
) -> tuple[dict[str, Any], list[str], list[list[str]], int]:
    """How the file reads, its headers, the first rows that hold most, and the number of its rows."""
    with open_table(file, sheet=sheet, encoding=encoding) as table:
        first = list(islice(table.rows, HEADS - 1 + SAMPLES))
        rows = len(first) + sum(1 for _row in table.rows)
        headers, how = table.headers, table.how
    above = _rows_above_headers(kind, headers, [row.cells for row in first[: HEADS - 1]])
    if above:
        headers, how = first[above - 1].cells, {**how, "header_row": first[above - 1].number}
    if rows == above:
        raise ImportRefused("IMP-302", "only-headers")
    samples = [[cell[:80] for cell in row.cells] for row in first[above : above + SAMPLES]]
    return how, headers, samples, rows - above


def _rows_above_headers(kind: str, headers: list[str], below: list[list[str]]) -> int:
    """How many of the first rows are titles: 0, unless a later row reads clearly better as the headers."""
    counts = [fields.recognised(kind, cells) for cells in (headers, *below)]
    best = max(range(len(counts)), key=counts.__getitem__)
    return best if counts[best] >= 2 and counts[best] > 2 * counts[0] else 0


def _guess(batch: ImportBatch) -> None:
    """Propose the meaning of the columns; the administration where the headers, or there being one, decide it."""
    from django.apps import apps

    administrations = list(apps.get_model("integrations", "Administration").objects.values_list("pk", "name"))
    found = fields.guess(batch.kind, batch.reading["headers"], batch.reading["samples"], administrations)
    batch.mapping = found.mapping
    batch.administration_id = found.administration or (administrations[0][0] if len(administrations) == 1 else None)


def rows_of(batch: ImportBatch, outcome: str = "", term: str = "") -> QuerySet[ImportRow]:
    """What the rows did, those of one outcome, those whose name holds a word."""
    found = batch.outcomes.all()
    found = found.filter(outcome=outcome) if outcome else found
    if term:
        by_number = Q(number=int(term)) if term.isdigit() and len(term) < 9 else Q()
        found = found.filter(Q(name__icontains=term) | by_number if by_number else Q(name__icontains=term))
    return found
