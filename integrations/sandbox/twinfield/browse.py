"""Browse: lines of entries as a table, by the columns and filters that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..store import Row
from . import soap
from .ledger import signed
from .markup import Element, add, fill, local, make, text_of
from .words import say
from .world import Office

Line = dict[str, Any]
_RELATIONS = {"100": "DEB", "200": "CRD", "130_3": "DEB", "230_2": "CRD"}
_STATUS_NAMES = {"temporary": "Concept", "final": "Definitief"}
_MATCH_NAMES = {"available": "Beschikbaar", "proposed": "Voorgesteld", "matched": "Afgeletterd"}
_OPERATORS = ("none", "equal", "between", "like")
_DOCUMENT_VALUES = ("fin.trs.line.valuesigned", "fin.trs.line.openvaluesigned")


def _side(line: Line, value: Decimal) -> Decimal:
    return value if line["debitcredit"] == "debit" else -value


def _reference(row: Row, line: Line) -> str:
    return str(line.get("invoicenumber") or row["invoicenumber"])


# field: (type, value)
FIELDS: dict[str, tuple[str, Callable[[Office, Row, Line], object]]] = {
    "fin.trs.head.office": ("String", lambda o, r, x: o.code),
    "fin.trs.head.yearperiod": ("String", lambda o, r, x: r["period"]),
    "fin.trs.head.code": ("String", lambda o, r, x: r["code"]),
    "fin.trs.head.shortname": ("String", lambda o, r, x: r["code"]),
    "fin.trs.head.number": ("Decimal", lambda o, r, x: r["number"]),
    "fin.trs.head.status": ("String", lambda o, r, x: r["location"]),
    "fin.trs.head.date": ("Date", lambda o, r, x: r["date"].replace("-", "")),
    "fin.trs.head.curcode": ("String", lambda o, r, x: r["currency"]),
    "fin.trs.head.modified": ("String", lambda o, r, x: r["modified"]),
    "fin.trs.line.modified": ("String", lambda o, r, x: x["modified"]),
    "fin.trs.line.dim1": ("String", lambda o, r, x: x["dim1"]),
    "fin.trs.line.dim2": ("String", lambda o, r, x: x["dim2"]),
    "fin.trs.line.dim2name": ("String", lambda o, r, x: (o.dimension(x["relation"], x["dim2"]) or {}).get("name", "")),
    "fin.trs.line.valuesigned": ("Value", lambda o, r, x: signed(x)),
    "fin.trs.line.openvaluesigned": ("Value", lambda o, r, x: _side(x, x["open"])),
    "fin.trs.line.basevaluesigned": ("Value", lambda o, r, x: _side(x, x["basevalue"])),
    "fin.trs.line.openbasevaluesigned": (
        "Value",
        lambda o, r, x: _side(x, x["basevalue"] if x["open"] == x["value"] else x["open"] * o.rate(r["currency"])),
    ),
    "fin.trs.line.invnumber": ("String", lambda o, r, x: _reference(r, x)),
    "fin.trs.line.datedue": ("Date", lambda o, r, x: r["duedate"].replace("-", "")),
    "fin.trs.line.matchstatus": ("String", lambda o, r, x: x["matchstatus"]),
    "fin.trs.line.matchdate": ("Date", lambda o, r, x: x["matchdate"].replace("-", "")),
    "fin.trs.line.matchnumber": ("String", lambda o, r, x: ""),
}


def run(office: Office, document: Element) -> Element:
    """Answer a browse."""
    settings = office.world.settings
    relation = _RELATIONS.get(document.get("code", ""))
    columns = [one for one in document if local(one) == "column"]
    if relation is None or not columns:
        return make("browse", msgtype="error", msg=say(settings["language"], "list_type"), result="0")
    for column in columns:
        field, operator = text_of(column, "field"), text_of(column, "operator")
        known = field in FIELDS and (settings["browse_document_values"] or field not in _DOCUMENT_VALUES)
        if not known or operator not in _OPERATORS:
            return make("browse", msgtype="error", msg=say(settings["language"], "field"), result="0")
        if field in settings["browse_filter_faults"] and operator != "none" and text_of(column, "from"):
            raise soap.Fault(100, "An error occurred on the server. Always include the following error reference.")
    rows = [
        (row, line)
        for row in sorted(_candidates(office, columns), key=lambda row: str(row["key"]))
        for line in row["lines"]
        if line["relation"] == relation and all(_fits(office, row, line, column) for column in columns)
    ]
    visible = [column for column in columns if text_of(column, "visible") == "true"]
    total = str(len(rows))
    answer = make("browse", result="1", first="1" if rows else "0", last=total, total=total)
    head = add(answer, "th")
    for column in visible:
        field = text_of(column, "field")
        add(head, "td", field, label=text_of(column, "label"), hideforuser="false", type=FIELDS[field][0])
    plain = document.get("optimize") == "true"
    for row, line in rows:
        node = add(answer, "tr")
        for column in visible:
            _cell(office, node, row, line, text_of(column, "field"), plain)
        key = {"office": office.code, "code": row["code"], "number": row["number"], "line": line["id"]}
        fill(add(node, "key"), key)
    return answer


def _candidates(office: Office, columns: list[Element]) -> list[Row]:
    """Return the entries that an equal filter on day book or reference leaves, to read less than all."""
    table = office["transactions"]
    for column in columns:
        if text_of(column, "operator") == "equal" and text_of(column, "field") == "fin.trs.head.code":
            wanted = text_of(column, "from")
            return [table.rows[key] for key in table.lookup("code", wanted)] if wanted else list(table)
    return list(table)


def _cell(office: Office, node: Element, row: Row, line: Line, field: str, plain: bool) -> None:
    kind, value = FIELDS[field]
    shown = str(value(office, row, line))
    if "open" in field and Decimal(shown) == 0:
        shown = "" if office.world.settings["browse_values"] == "empty" else "0.00"
    attributes = {} if plain else {"field": field, "hideforuser": "false", "type": kind}
    name = {**_STATUS_NAMES, **_MATCH_NAMES}.get(shown, "")
    if name:
        attributes["name"] = name
    add(node, "td", shown, **attributes)


def _fits(office: Office, row: Row, line: Line, column: Element) -> bool:
    operator = text_of(column, "operator")
    low, high = text_of(column, "from"), text_of(column, "to")
    if operator == "none" or not (low or high):
        return True
    field = text_of(column, "field")
    value = str(FIELDS[field][1](office, row, line))
    if field == "fin.trs.head.status" and low == "normal":
        return value in ("temporary", "final")
    if operator == "equal":
        return value.lower() == low.lower()
    if operator == "like":
        return low.strip("*").lower() in value.lower()
    return (not low or value >= low) and (not high or value <= high)
