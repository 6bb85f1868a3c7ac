"""The finder: codes and names by type, with its own way of saying no (HTTP 200 and a message)."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from html import escape

from ..messages import Response
from ..store import Row
from . import soap
from .markup import Element, children, local, text_of
from .soap import TWINFIELD, Call
from .world import Office, World

Found = list[list[str]]
_OPTIONS = {
    "OFF": set(),
    "DIM": {"office", "dimtype", "level", "section", "modifiedsince", "group", "matchtype", "includehidden"},
    "TRS": {"office", "category", "hidden", "ic"},
    "VAT": {"vattype"},
    "DMT": {"office", "dim", "finlevel"},
    "CUR": {"office"},
    "IVT": {"dim1", "dim2", "dim3", "value", "openvalue"},
}
_HEADS = {
    "nl": ["Code", "Naam", "Land", "Bedrag"],
    "en": ["Code", "Name", "Country", "Amount"],
}


class _No(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def rendered(heads: Sequence[str], rows: Found, total: int) -> str:
    """Return the body of a good answer."""
    columns = "".join(f"<string>{escape(head)}</string>" for head in heads)
    items = "".join(
        "<ArrayOfString>" + "".join(f"<string>{escape(cell)}</string>" for cell in row) + "</ArrayOfString>"
        for row in rows
    )
    holder = f"<Items>{items}</Items>" if rows else ""
    return (
        f'<SearchResponse xmlns="{TWINFIELD}"><SearchResult/><data><TotalRows>{total}</TotalRows>'
        f"<Columns>{columns}</Columns>{holder}</data></SearchResponse>"
    )


def search(world: World, office: Office, call: Call, user: str) -> Response:
    """Answer a search."""
    body = call.body
    if [local(one) for one in body] != ["type", "pattern", "field", "firstRow", "maxRows", "options"]:
        raise soap.Fault(187)
    try:
        options = _options(body)
        kind = text_of(body, "type")
        if kind not in _OPTIONS:
            raise _No("InvalidFinderType", f"Finder type {kind} is invalid.")
        if unknown := set(options) - _OPTIONS[kind]:
            raise _No("OptionNotAllowed", f"Option {sorted(unknown)[0]} is not allowed.")
        wanted = options.get("office", office.code)
        if wanted != office.code:
            if wanted not in world.offices or world.barred.get(f"{user}/{wanted}"):
                raise _No("NoAccessToOffice", "Access to the office is not allowed.")
            office = world.offices[wanted]
        first, most = int(text_of(body, "firstRow")), int(text_of(body, "maxRows"))
        if first < 1 or most < 0:
            raise _No("ParameterOutOfRange", "A parameter is out of range.")
        rows = _rows(world, office, kind, options, user)
        rows = _matching(office, rows, text_of(body, "pattern"), text_of(body, "field"), kind, options)
    except _No as no:
        text = (
            f'<SearchResponse xmlns="{TWINFIELD}"><SearchResult><MessageOfErrorCodes><Type>Error</Type>'
            f"<Text>{escape(str(no))}</Text><Code>{no.code}</Code><Parameters/></MessageOfErrorCodes></SearchResult>"
            "<data><TotalRows>0</TotalRows></data></SearchResponse>"
        )
        return soap.answer(text)
    heads = _HEADS[world.settings["language"]][: len(rows[0]) if rows else 2]
    page = rows[first - 1 : first - 1 + most] if most else rows[first - 1 :]
    return soap.answer(rendered(heads, page, len(rows)))


def _options(body: Element) -> dict[str, str]:
    found = {}
    for pair in children(body, "options"):
        strings = [(one.text or "").strip() for one in pair]
        if len(strings) != 2:
            raise _No("OptionMandatory", "An option has a name and a value.")
        found[strings[0]] = strings[1]
    return found


def _rows(world: World, office: Office, kind: str, options: dict[str, str], user: str) -> Found:
    match kind:
        case "OFF":
            return [
                [one.code, one.info["name"], one.info["country"]]
                for one in sorted(world.offices.values(), key=lambda one: one.code)
                if not world.barred.get(f"{user}/{one.code}")
            ]
        case "DIM":
            return _dimensions(office, options)
        case "TRS":
            return _daybooks(office, options)
        case "VAT":
            side = options.get("vattype", "")
            codes = sorted(office["vatcodes"], key=lambda row: str(row["code"]))
            return [
                [row["code"], row["description"]]
                for row in codes
                if row["active"] and (not side or row["type"] == side)
            ]
        case "CUR":
            return [[code, code] for code in office.info["currencies"]]
        case "DMT":
            return [[code, code] for code in ("BAS", "CRD", "DEB", "KPL", "PNL")]
    return [
        [row["invoicenumber"], str(row["lines"][0]["open"]), row["lines"][0]["dim2"], "", "D"]
        for row in office["transactions"]
        if row["category"] == "sales" and row["lines"][0]["open"]
    ]


def _dimensions(office: Office, options: dict[str, str]) -> Found:
    wanted = options.get("dimtype", "")
    hidden = options.get("includehidden") == "1"
    since = options.get("modifiedsince", "")
    if since and (not since.isdigit() or len(since) not in (8, 14)):
        raise _No("InvalidDateTimeOptionLength", "The date is of the wrong length.")
    found = []
    for row in sorted(office["dimensions"], key=lambda row: str(row["key"])):
        if wanted and row["type"] != wanted:
            continue
        if row["status"] != "active" and not hidden:
            continue
        if since and str(row["modified"]) < since.ljust(14, "0"):
            continue
        found.append([row["code"], row["name"], *([row["status"]] if hidden else [])])
    return found


def _daybooks(office: Office, options: dict[str, str]) -> Found:
    if options.get("ic") == "1" and "hidden" in options:
        raise _No("OptionIcIncompatibleWithOptionHidden", "The options ic and hidden exclude each other.")
    category = options.get("category", "")
    if category not in ("", "sales", "purchase", "journal"):
        raise _No("InvalidEnumerationOptionValue", "The category is invalid.")
    return [
        [row["code"], row["name"]]
        for row in sorted(office["daybooks"], key=lambda row: str(row["code"]))
        if (not category or row["type"] == category)
        and (not row["hidden"] or options.get("hidden") == "1")
        and bool(row["intercompany"]) == (options.get("ic") == "1")
    ]


def _matching(office: Office, rows: Found, pattern: str, field: str, kind: str, options: dict[str, str]) -> Found:
    """Return the rows that fit the pattern in the field that was named."""
    if pattern in ("", "*"):
        return rows
    fitting = []
    for row in rows:
        texts = {"0": row[:2], "1": row[:1], "2": row[1:2]}.get(field)
        if texts is None:
            dimension = office.dimension(options.get("dimtype", ""), row[0]) if kind == "DIM" else None
            if dimension is None or field not in ("3", "4"):
                raise _No("ParameterOutOfRange", "The field is out of range.")
            texts = _searched(dimension, field)
        if any(fnmatch.fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]")) for text in texts):
            fitting.append(row)
    return fitting


def _searched(dimension: Row, field: str) -> list[str]:
    if field == "3":
        return [bank.get("iban", "") for bank in dimension.get("banks", [])]
    return [str(value) for address in dimension.get("addresses", []) for value in address.values()]
