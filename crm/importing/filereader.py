"""Turns one XLSX, XLS or CSV file into lines of JSON; a program of its own, so that a hostile file hurts nobody else.

    python -I filereader.py OPTIONS-AS-JSON < file

The parent (`crm.importing.reading`) sets the bounds of memory and time that hold if a parser goes astray. Written to
standard output: one object that says how the file was read, then one list of texts per row, the headers first; rows
without any text are left out, each list begins with the row's number as the file has it. Whatever is wrong with the
file is told as `{"refused": reason, "params": {...}}` instead, and the exit code is 0: only an accident ends otherwise.

Nothing of the project and no Django is imported here. Formulas are never worked out: of a cell with one, the value
that the spreadsheet program saved is read. Files with macros are refused rather than read in part.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn

# The beginning of the globals of a workbook of Excel 97 to 2003, and its record that names a cipher.
BIFF_START, FILEPASS = b"\x09\x08\x10\x00\x00\x06\x05\x00", 0x2F
ZIP_START, OLE_START = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CHUNK = 1 << 16
# What many programs write under the name .xls: a page of the web.
MARKUP = ("<html", "<!doctype", "<table", "<?xml", "<meta", "<head")
DELIMITERS = ";,\t|"
# What programs write that know no UTF-8: Windows nearly always, which is taken unless it makes nonsense of the file.
USUAL, OTHERS = "cp1252", ("cp850", "mac_roman")
CHOICES = ("utf-8", USUAL, "iso8859_15", *OTHERS, "cp437")
# Letters in Dutch, French and German names, and others that are a little less likely there.
_NAME_LETTERS = frozenset("éèëêàâäçïîöôüûùœßÉÈËÊÀÂÄÇÏÎÖÔÜÛÙŒ")
_RARE_LETTERS = frozenset("áíóúñãõåøæìòýÿšžÁÍÓÚÑÃÕÅØÆÌÒÝŸŠŽðþÐÞ")
_OPENING, _CLOSING = frozenset("‘“„‚‹«"), frozenset("”»›…®™©")
_SIGNS = frozenset("’´–—°ºª²³½¼¾§·•µ\u00a0")
_CONTEXT = re.compile(rb"(?=(..[\x80-\xff].))", re.DOTALL)
MOST_CONTEXTS = 20_000
PIECE = 500  # rows that are written together
SAMPLE = 40  # records by which the delimiter is judged
_SEPARATOR_LINE = re.compile(r"\Asep=(.)\r?\n", re.IGNORECASE)


class Refused(Exception):
    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(reason)
        self.reason, self.params = reason, params


class Reader:
    """One file with its limits: bytes unpacked, rows beside the headers, columns, characters of a cell."""

    def __init__(self, data: bytes, options: dict[str, Any]) -> None:
        self.data = data
        self.unpacked: int = options["unpacked"]
        self.rows: int = options["rows"]
        self.columns: int = options["columns"]
        self.cell: int = options["cell"]
        self.sheet: str = options.get("sheet", "")
        self.encoding: str = options.get("encoding", "")  # that a person chose, or that was found before

    def run(self) -> Iterator[Any]:
        """How it was read, then the rows."""
        if not self.data.strip():
            raise Refused("empty")
        if self.data.startswith(ZIP_START):
            self._check_zip()
            return self._workbook("xlsx")
        if self.data.startswith(OLE_START):
            self._check_ole()
            return self._workbook("xls")
        return self._csv()

    # --- Workbooks ---

    def _check_zip(self) -> None:
        """Refuse what is no plain XLSX, and what would unpack to more than is allowed, whatever its list says."""
        try:
            with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
                infos = archive.infolist()
                names = {info.filename.lower() for info in infos}
                if any("vbaproject" in name for name in names) or any("macrosheets/" in name for name in names):
                    raise Refused("macros")
                if "xl/workbook.xml" not in names:
                    raise Refused("kind")
                if len(infos) > 2_000 or sum(info.file_size for info in infos) > self.unpacked:
                    raise Refused("bomb")
                if any(info.flag_bits & 1 for info in infos):
                    raise Refused("password")
                left = self.unpacked
                for info in infos:
                    left -= self._unpack(archive, info, left)
        except Refused:
            raise
        except Exception as error:  # the archive lies about itself, or was cut off
            raise Refused("broken") from error

    @staticmethod
    def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, allowed: int) -> int:
        """Unpack one member to nowhere and return its size; its XML may define nothing of its own."""
        size, tail = 0, b""
        is_xml = info.filename.lower().endswith((".xml", ".rels", ".vml"))
        with archive.open(info) as member:
            while chunk := member.read(CHUNK):
                size += len(chunk)
                if size > allowed:
                    raise Refused("bomb")
                if is_xml and b"<!" in chunk + tail:
                    text = (tail + chunk).replace(b"\0", b"").upper()
                    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
                        raise Refused("hostile")
                tail = chunk[-16:]
        return size

    def _check_ole(self) -> None:
        if "EncryptedPackage".encode("utf-16-le") in self.data:
            raise Refused("password")
        if "_VBA_PROJECT".encode("utf-16-le") in self.data:
            raise Refused("macros")
        if self._is_locked_biff():
            raise Refused("password")

    def _is_locked_biff(self) -> bool:
        """Whether the workbook's stream names its cipher: a FILEPASS among its first records, all in one sector."""
        place = self.data.find(BIFF_START)
        end = place + 512 if place >= 0 else 0
        while 0 <= place < end - 4:
            kind, size = int.from_bytes(self.data[place : place + 2], "little"), self.data[place + 2 : place + 4]
            if kind == FILEPASS:
                return True
            place += 4 + int.from_bytes(size, "little")
        return False

    def _workbook(self, kind: str) -> Iterator[Any]:
        import python_calamine as calamine

        try:
            book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(self.data))
            if any(found.typ == calamine.SheetTypeEnum.MacroSheet for found in book.sheets_metadata):
                raise Refused("macros")
            names = [
                found.name
                for found in book.sheets_metadata
                if found.typ == calamine.SheetTypeEnum.WorkSheet and found.visible == calamine.SheetVisibleEnum.Visible
            ]
            if not names:
                raise Refused("empty")
            if self.sheet and self.sheet not in names:
                raise Refused("sheet", sheet=self.sheet)
            # Without a choice the first sheet that holds anything.
            name, sheet = "", None
            for name in [self.sheet] if self.sheet else names:
                sheet = book.get_sheet_by_name(name)
                if sheet.height:
                    break
        except Refused:
            raise
        except calamine.PasswordError as error:
            raise Refused("password") from error
        except Exception as error:
            raise Refused("broken") from error
        if sheet is None or not sheet.height:
            raise Refused("empty")
        return self._told({"format": kind, "sheet": name, "sheets": names[:50]}, self._sheet_rows(sheet))

    @staticmethod
    def _sheet_rows(sheet: Any) -> Iterator[list[str]]:
        # From the sheet's first row on, also where nothing stands in it.
        for row in sheet.iter_rows():
            yield [_text(value) for value in row]

    # --- Text ---

    def _csv(self) -> Iterator[Any]:
        text, encoding = self._decoded()
        if text[:2000].lstrip().lower().startswith(MARKUP):
            raise Refused("kind")
        delimiter = ""
        if named := _SEPARATOR_LINE.match(text):
            delimiter, text = named[1], text[named.end() :]
        csv.field_size_limit(self.cell)
        delimiter = delimiter or self._delimiter(text)
        rows = self._csv_rows(text, delimiter)
        return self._told({"format": "csv", "encoding": encoding, "delimiter": delimiter}, rows)

    def _decoded(self) -> tuple[str, str]:
        for mark, encoding in (
            (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
        ):  # fmt: skip
            if self.data.startswith(mark):
                return self._as(encoding), encoding
        if b"\0" in self.data[:CHUNK]:
            start = self.data[:200]
            for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
                if zeros.count(0) > len(zeros) * 0.6:
                    return self._as(encoding), encoding
            raise Refused("kind")
        if self.encoding in CHOICES:
            return self._as(self.encoding, "other-letters"), self.encoding
        try:
            return self._as("utf-8"), "utf-8"
        except Refused:
            encoding = likely_encoding(self.data)
        return self._as(encoding), encoding

    def _as(self, encoding: str, reason: str = "encoding") -> str:
        try:
            text = self.data.decode(encoding)
        except UnicodeDecodeError as error:
            raise Refused(reason) from error
        if "\0" in text:
            raise Refused("kind")
        return text

    def _delimiter(self, text: str) -> str:
        """The sign that cuts the first records into the most columns, of equal number."""
        best, score = "", (0.0, 0)
        below, most = ";", 2
        for sign in DELIMITERS:
            widths: list[int] = []
            try:
                for row in csv.reader(io.StringIO(text[: CHUNK * 4], newline=""), delimiter=sign):
                    if row:
                        widths.append(len(row))
                    if len(widths) >= SAMPLE:
                        break
            except csv.Error:
                continue
            if not widths:
                continue
            if widths[0] < 2:
                # A title may stand above the headers; a comma in some names does not make three columns of most rows.
                usual = max(set(widths), key=widths.count)
                if usual > most and widths.count(usual) >= len(widths) * 0.6:
                    below, most = sign, usual
                continue
            found = (widths.count(widths[0]) / len(widths), widths[0])
            if found > score:
                best, score = sign, found
        return best or below

    def _csv_rows(self, text: str, delimiter: str) -> Iterator[list[str]]:
        try:
            yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        except csv.Error as error:
            # The one error that a tolerant reader has: a cell beyond the limit, or a quote that is never closed.
            raise Refused("cell", limit=self.cell) from error

    # --- Both ---

    def _told(self, how: dict[str, Any], rows: Iterable[list[str]]) -> Iterator[Any]:
        yield how
        seen = 0
        for number, row in enumerate(rows, 1):
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            if len(cells) > self.columns:
                raise Refused("columns")
            if max(map(len, cells)) > self.cell:
                raise Refused("cell", limit=self.cell)
            seen += 1
            if seen > self.rows + 1:
                raise Refused("rows")
            yield [number, *cells]
        if seen == 0:
            raise Refused("empty")


def likely_encoding(data: bytes) -> str:
    """The code page of a text that is no UTF-8: Windows-1252, unless another one reads it far better.

    Judged by the signs beside each letter of the upper half: a capital after a small letter, a sign within a word and
    the lines of a frame speak against a code page. A word that comes again counts once.
    """
    # A blank at both ends, so that the first and the last sign have neighbours, too.
    places = set(islice((found[1] for found in _CONTEXT.finditer(b"  " + data + b" ")), MOST_CONTEXTS))
    odd = {encoding: sum(_oddness(place, encoding) for place in places) for encoding in (USUAL, *OTHERS)}
    other = min(OTHERS, key=lambda encoding: odd[encoding])
    if not _can_read(data, USUAL):
        return other
    return other if odd[USUAL] >= 2 and odd[other] * 4 <= odd[USUAL] else USUAL


def _can_read(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _oddness(place: bytes, encoding: str) -> float:
    """How unlikely the third of four signs is among the others; 0 for what people write."""
    first, before, sign, after = tuple(place.decode(encoding, errors="replace"))
    if sign in _NAME_LETTERS or sign in _RARE_LETTERS:
        rare = 0.5 if sign in _RARE_LETTERS else 0.0
        if sign.isupper():
            return 3.0 if before.islower() else rare
        shouted = before.isupper() and (after.isupper() or (first.isupper() and not after.islower()))
        return 2.0 if shouted else rare
    if sign in _OPENING:
        return 3.0 if before.isalpha() else 0.0
    if sign in _CLOSING or sign in _SIGNS:
        inside = before.isalpha() and after.isalpha() and sign not in "’´"
        return 2.0 if inside else 0.0
    if sign in "€£":
        return 3.0 if before.isalpha() or after.isalpha() else 0.0
    return 4.0


def _text(value: Any) -> str:
    """A cell as a person reads it: whole numbers without a point, days as 2026-11-17, yes and no as 1 and 0."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "" if value is None else str(value)


def _refuse(out: Any, refused: Refused) -> NoReturn:
    out.write(json.dumps({"refused": refused.reason, "params": refused.params}) + "\n")
    out.flush()
    sys.exit(0)


def main() -> None:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=False)
    options = json.loads(sys.argv[1])
    try:
        # In pieces: each write may wake the parent, which reads and works at the same time.
        lines: list[str] = []
        for line in Reader(sys.stdin.buffer.read(), options).run():
            lines.append(json.dumps(line) + "\n")
            if len(lines) >= PIECE:
                out.write("".join(lines))
                lines.clear()
        out.write("".join(lines))
    except Refused as refused:
        _refuse(out, refused)
    out.write("null\n")  # the end: without it the parent knows that something broke off
    out.flush()


if __name__ == "__main__":
    main()
