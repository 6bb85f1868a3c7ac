"""Files of every kind and malice: read as they are meant, or refused with a reason and without harm."""

import io
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest

from crm.importing.errors import ImportRefused
from crm.importing.reading import open_table

from .conftest import csv_bytes

DATA = Path(__file__).parents[1] / "data" / "importing"


def read(data: bytes, **options):
    with open_table(io.BytesIO(data), **options) as table:
        return table.how, table.headers, [row.cells for row in table.rows]


def refusal(data: bytes, **options) -> tuple[str, str]:
    with pytest.raises(ImportRefused) as caught:
        read(data, **options)
    return caught.value.code, caught.value.reason


def workbook(*sheets: dict[str, object], names: tuple[str, ...] = ("One", "Two")) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, cells in zip(names, sheets, strict=False):
        sheet = book.create_sheet(name)
        for place, value in cells.items():
            sheet[place] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    """The archive with one member replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, content)
    return out.getvalue()


PLAIN = workbook({"A1": "Name", "B1": "Number", "A2": "Café", "B2": 104})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_csv_of_any_encoding_and_delimiter(encoding, delimiter):
    rows = [["Café Zoë", "1000"], ["Één; twee, drie", "2000"], ["Société Générale", "3000"]]
    how, headers, found = read(csv_bytes(["Naam", "Postcode"], rows, delimiter=delimiter, encoding=encoding))
    assert how["delimiter"] == delimiter
    assert headers == ["Naam", "Postcode"]
    assert found == rows


def test_letters_of_windows_keep_their_euro():
    _how, _headers, found = read("Naam;Nota\nCafé Zoë;10 €\n".encode("cp1252"))
    assert found == [["Café Zoë", "10 €"]]


def test_the_line_by_which_excel_names_its_separator():
    how, headers, _found = read(b"sep=|\r\nName|City\r\nA|B\r\n")
    assert (how["delimiter"], headers) == ("|", ["Name", "City"])


def test_a_workbook_gives_what_is_shown():
    cells = {"A1": "Name", "B1": "Number", "C1": "Sum", "A2": "=1+1", "B2": 1042.0, "A3": "+32 16", "B3": True}
    how, headers, found = read(workbook(cells))
    assert how["format"] == "xlsx"
    assert headers == ["Name", "Number", "Sum"]
    # The formula was never worked out by a spreadsheet program, so it shows nothing; it is not worked out here.
    assert found == [["", "1042"], ["+32 16", "1"]]


def test_rows_bear_the_numbers_that_the_spreadsheet_shows():
    with open_table(io.BytesIO(workbook({"A3": "Name", "A5": "X", "A6": "Y"}))) as table:
        assert [row.number for row in table.rows] == [5, 6]


def test_a_workbook_of_the_old_kind():
    """See the README beside the file for what stands in it."""
    with open_table(io.BytesIO((DATA / "customers.xls").read_bytes())) as table:
        rows = list(table.rows)
    assert table.how == {"format": "xls", "sheet": "Klanten", "sheets": ["Leeg", "Klanten"]}
    assert table.headers == ["Klantnr", "Naam", "Btw-nummer", "Postcode", "Klant", "Sinds", "Omzet", "Som"]
    assert [(row.number, row.cells) for row in rows] == [
        (4, ["1042", "Café Zoë BV", "BE 0428.759.497", "1000", "1", "2024-02-29", "1234.5"]),
        (5, ["1043", "Société Générale d'Électricité SRL", "BE0403170701", "L-1930", "0", "", "-0.1"]),
        (7, ["1044", "Œuvre & Fils ☂", "", "1012 AB"]),
    ]


def with_storage(data: bytes, name: str) -> bytes:
    """The compound file with one of its unused directory entries made a storage of that name."""
    entry = data.index("Workbook".encode("utf-16-le")) + 128
    assert data[entry : entry + 64] == b"\0" * 64
    written = name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2) + b"\x01"
    return data[:entry] + written + data[entry + len(written) :]


def with_macro_sheet(data: bytes) -> bytes:
    """The workbook with its last sheet declared one of Excel 4.0 macros."""
    name = data.rindex(b"Geheim")
    assert data[name - 4 : name] == b"\x01\x00\x06\x00"  # hidden, a worksheet, six letters of one byte
    return data[: name - 3] + b"\x01" + data[name - 2 :]


def test_old_workbooks_that_are_refused():
    data = (DATA / "customers.xls").read_bytes()
    assert refusal((DATA / "locked.xls").read_bytes()) == ("IMP-302", "password")
    assert refusal(with_storage(data, "_VBA_PROJECT_CUR")) == ("IMP-302", "macros")
    assert refusal(with_macro_sheet(data)) == ("IMP-302", "macros")
    assert refusal(data[:3000])[0] == "IMP-302"
    assert refusal(b"\r\n<html><table><tr><td>Naam</td></tr></table></html>") == ("IMP-302", "kind")


def test_the_first_sheet_that_holds_anything_or_the_one_asked_for():
    data = workbook({}, {"A1": "Name", "A2": "X"})
    how, _headers, found = read(data)
    assert (how["sheet"], how["sheets"], found) == ("Two", ["One", "Two"], [["X"]])
    assert refusal(data, sheet="Three") == ("IMP-302", "sheet")


def test_empty_rows_and_rows_of_blanks_are_no_rows():
    assert read(b"Name;City\n;\n  ; \nA;B\n\n")[2] == [["A", "B"]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ("IMP-302", "empty")),
        (b" \r\n \n", ("IMP-302", "empty")),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, ("IMP-302", "kind")),
        (b"PK\x03\x04" + b"x" * 500, ("IMP-302", "broken")),
        (PLAIN[: len(PLAIN) // 2], ("IMP-302", "broken")),
        (with_member(PLAIN, "xl/vbaProject.bin", b"x"), ("IMP-302", "macros")),
        (with_member(PLAIN, "mimetype", b"x").replace(b"xl/workbook.xml", b"xl/nothing1.xml"), ("IMP-302", "kind")),
        (
            with_member(PLAIN, "xl/worksheets/sheet1.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'),
            ("IMP-302", "hostile"),
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), ("IMP-302", "password")),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le"), ("IMP-302", "macros")),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, ("IMP-302", "broken")),
        (b'Name;City\n"never closed;' + b"x" * 20_000, ("IMP-302", "cell")),
        (b"Name\n" + b"x" * 10_001, ("IMP-302", "cell")),
        (b"Name\n" + b"x" * (5 * 1024 * 1024), ("IMP-301", "too-large")),
        (b";".join([b"a"] * 201), ("IMP-301", "columns")),
        (workbook({"A1": "Name", "XFD1048576": "far away"}), ("IMP-301", "bomb")),
        (workbook({"A1": "Name", "A2": "x" * 10_001}), ("IMP-302", "cell")),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_is_refused(data, expected):
    assert refusal(data) == expected


def test_too_many_rows(settings):
    settings.BOEKBRUG_IMPORT_MAX_ROWS = 3
    assert len(read(b"Name\na\nb\nc\n")[2]) == 3
    assert refusal(b"Name\na\nb\nc\nd\n") == ("IMP-301", "rows")


def test_a_zip_bomb_is_not_unpacked(settings):
    settings.BOEKBRUG_IMPORT_UNPACKED_MB = 2
    honest = with_member(PLAIN, "xl/worksheets/sheet1.xml", b" " * 3_000_000)
    assert len(honest) < 20_000
    assert refusal(honest) == ("IMP-301", "bomb")


def test_an_archive_that_lies_about_its_sizes(settings):
    settings.BOEKBRUG_IMPORT_UNPACKED_MB = 2
    data = bytearray(with_member(PLAIN, "xl/worksheets/sheet1.xml", b" " * 3_000_000))
    size = struct.pack("<I", 3_000_000)
    assert data.count(size) == 2
    data = data.replace(size, struct.pack("<I", 1_000))
    assert refusal(bytes(data))[0] in ("IMP-301", "IMP-302")


def test_this_process_stays_small_while_the_file_goes_astray():
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(workbook({"A1": "Name", "XFD900000": "x"})) == ("IMP-301", "bomb")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kilobytes


CAPITALS = [
    "CAFÉ JANSSENS;LIÈGE;BELGIË",
    "SOCIÉTÉ GÉNÉRALE;GENÈVE;BELGIË",
    "FAÇADES RENÉ;MÂCON;BELGIË",
    "HÔTEL ZOË;KÖLN;BELGIË",
]
MIXED = [
    "Garage Épi Doré;Liège;100 €",
    "Café Zoë;Genève;België",
    "Citroën d’Août;Mâcon;20 €",
    "Façades Noël;Köln;Curaçao",
]


def letters_of(lines: list[str], encoding: str, times: int = 25) -> tuple[str, list[list[str]]]:
    how, _headers, found = read("\r\n".join(["Naam;Plaats;Land", *lines * times]).encode(encoding))
    return how["encoding"], found


@pytest.mark.parametrize("lines", [CAPITALS, MIXED, CAPITALS + MIXED, *([line] for line in CAPITALS + MIXED)])
def test_letters_of_windows_are_read_as_such(lines):
    assert letters_of(lines, "cp1252") == ("cp1252", [line.split(";") for line in lines * 25])


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman"])
@pytest.mark.parametrize("lines", [CAPITALS, MIXED, CAPITALS + MIXED])
def test_letters_of_dos_and_of_the_mac_where_windows_makes_no_sense_of_them(lines, encoding):
    lines = [line.replace("€", "EUR").replace("’", "'") for line in lines]
    assert letters_of(lines, encoding) == (encoding, [line.split(";") for line in lines * 25])


def test_a_few_rare_letters_make_no_other_code_page():
    lines = ["García e Hijos;León;España", "Šimek & Žák;Aarhus;Malmö", "GARCÍA;LEÓN;ESPAÑA"]
    assert letters_of(lines, "cp1252")[0] == "cp1252"


def test_the_letters_that_a_person_chose():
    data = "Naam\r\nDorÚ\r\n".encode("cp850")
    assert read(data, encoding="cp850")[2] == [["DorÚ"]]
    assert read(data, encoding="cp1252")[2] == [["Doré"]]
    assert refusal(data, encoding="utf-8") == ("IMP-302", "other-letters")
