"""Lists as files for a spreadsheet: CSV and XLSX, of the rows that were selected on a list.

Rows are read in batches and written to a temporary file, so that a long list costs no memory; that is why the columns
are written here and not by django-import-export, which holds the whole table at once.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from crm import audit

from .lists import BookkeepingAdmin

logger = logging.getLogger(__name__)

BATCH = 500
# What a sheet of Excel can hold, the row of titles included.
SHEET_ROWS = 1_048_576
# A spreadsheet runs a cell that begins so; the wide forms count as the narrow ones in some.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MONEY = "#,##0.00"

Value = str | Decimal | date | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    title: str | Promise
    value: Callable[[Any], Value]


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    content_type: str
    write: Callable[[IO[bytes], Sequence[str], Iterator[list[Value]]], int]


class ExportingAdmin(BookkeepingAdmin):
    """A list whose selected rows whoever may look can take along. Name the two actions in `actions`."""

    def export_columns(self, request: HttpRequest) -> list[Column]:
        raise NotImplementedError

    def export_rows(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows with what their columns read."""
        return queryset

    @admin.action(description=gettext_lazy("Export to Excel"), permissions=["view"])
    def export_xlsx(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        return _export(self, request, queryset, XLSX)

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        return _export(self, request, queryset, CSV)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def yes_or_no(value: bool) -> str:
    return _("yes") if value else _("no")


def write_csv(file: IO[bytes], titles: Sequence[str], rows: Iterator[list[Value]]) -> int:
    """Write the table and return its number of rows. With a mark at the start, by which Excel knows UTF-8.

    A spreadsheet program of Belgium or the Netherlands cuts at semicolons and reads decimal commas, so that is how
    people who read our pages in Dutch or French get them; amounts are never grouped.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    sign = get_format("DECIMAL_SEPARATOR")
    table = csv.writer(text, delimiter=";" if sign == "," else ",")
    table.writerow([harmless(title) for title in titles])
    count = 0
    for row in rows:
        table.writerow([_csv_cell(value, sign) for value in row])
        count += 1
    text.detach()  # flushes, and leaves the file open
    return count


def _csv_cell(value: Value, decimal_sign: str) -> str:
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", decimal_sign)
    if isinstance(value, bool):
        return yes_or_no(value)
    if isinstance(value, date):
        return value.isoformat()
    return harmless(value or "")


def write_xlsx(file: IO[bytes], titles: Sequence[str], rows: Iterator[list[Value]]) -> int:
    """Write the table as one sheet and return its number of rows; amounts are numbers, days are days."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append([_xlsx_cell(sheet, title) for title in titles])
    count = 0
    for row in rows:
        sheet.append([_xlsx_cell(sheet, value) for value in row])
        count += 1
    book.save(file)
    return count


def _xlsx_cell(sheet: Any, value: Value) -> Any:
    if isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet, value=value)
        cell.number_format = _MONEY
        return cell
    if isinstance(value, bool):
        return yes_or_no(value)
    if isinstance(value, str):
        return harmless(ILLEGAL_CHARACTERS_RE.sub("", value))
    return value


CSV = Format("csv", "text/csv; charset=utf-8", write_csv)
XLSX = Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx)


def _export(
    page: ExportingAdmin, request: HttpRequest, queryset: QuerySet[Any], kind: Format
) -> HttpResponseBase | None:
    """The file of the chosen rows; None with a message where a sheet cannot hold them. Logged."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    if kind is XLSX and queryset.count() >= SHEET_ROWS:
        messages.error(request, _("A sheet cannot hold that many rows. Filter the list, or export as CSV."))
        return None
    columns = page.export_columns(request)
    found = page.export_rows(queryset)
    rows = ([column.value(row) for column in columns] for row in found.iterator(chunk_size=BATCH))
    file = TemporaryFile()  # noqa: SIM115 - closed by the answer that sends it
    try:
        count = kind.write(file, [str(column.title) for column in columns], rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    user = request.user if isinstance(request.user, AbstractBaseUser) else None
    audit.record_list(
        by=user, model=page.model, message=_("Exported as %(format)s: %(n)d") % {"format": kind.name, "n": count}
    )
    logger.info("list exported", extra={"list": page.opts.label_lower, "rows": count, "format": kind.name})
    name = f"{slugify(page.opts.verbose_name_plural)}-{timezone.localdate():%Y-%m-%d}.{kind.name}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=kind.content_type)
