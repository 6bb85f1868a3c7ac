"""Transactions: checked like the real tool does, booked one by one, shown again with what was made of them."""

from __future__ import annotations

import copy
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ..messages import Response
from ..store import Row
from .ledger import OTHER_SIDE, RELATION, balance, percentage, store, vat_lines
from .markup import Element, add, child, children, fill, local, make, text_of
from .words import say
from .world import CENT, Office, cents

_HEADER = (
    "office",
    "code",
    "currency",
    "date",
    "period",
    "invoicenumber",
    "paymentreference",
    "duedate",
    "number",
    "freetext1",
    "freetext2",
    "freetext3",
)
_LINE = {
    "dim1",
    "dim2",
    "dim3",
    "value",
    "debitcredit",
    "description",
    "vatcode",
    "vatvalue",
    "vatturnover",
    "baseline",
    "performancetype",
    "performancecountry",
    "performancevatnumber",
    "performancedate",
    "freechar",
}
_MOST_LINES = 1000
_TOLERANCE = Decimal("0.02")


def post(office: Office, document: Element) -> Element | Response:
    """Book each transaction of a document; those that are refused leave their neighbours alone."""
    plural = local(document) == "transactions"
    items = list(document) if plural else [document]
    if any(len(children(item, "lines")) > _MOST_LINES for item in items):
        return Response(400)
    answers = [_Attempt(office, item).answer() for item in items]
    if not plural:
        return answers[0]
    good = all(answer.get("result") == "1" for answer in answers)
    root = make("transactions", result="1" if good else "0")
    if office.world.settings["echo_order"] == "reversed":
        answers.reverse()
    root.extend(answers)
    return root


class _Attempt:
    """One transaction on its way into the books."""

    def __init__(self, office: Office, item: Element) -> None:
        self.office, self.item = office, item
        self.settings = office.world.settings
        self.wrong: list[tuple[Element, str]] = []
        self.warned = False

    def no(self, where: Element | None, text: str, *values: object) -> None:
        """Note an error on an element, or on the transaction where there is none."""
        place = self.item if where is None else where
        self.wrong.append((place, say(self.settings["language"], text, *values)))

    def answer(self) -> Element:
        item = self.item
        lines_node = child(item, "lines")
        if item.get("destiny") not in ("temporary", "final"):
            self.no(None, "destiny")
        row = self._header(child(item, "header"))
        lines = self._lines(row, lines_node) if lines_node is not None else []
        if not self.wrong and row is not None:
            lines = self._balanced(lines)
        if self.wrong or row is None:
            return self._refused()
        number = self.office.next_number(row["code"], int(row["period"][:4]))
        row["number"] = number
        kept = store(self.office, row, lines, self.office.world.moment())
        return self._accepted(kept)

    # the header

    def _header(self, header: Element | None) -> Row | None:
        if header is None:
            self.no(None, "element", "header")
            return None
        names = [local(one) for one in header]
        for one in header:
            if local(one) not in _HEADER:
                self.no(one, "element", local(one))
        if [name for name in _HEADER if name in names] != names:
            self.no(header, "element", "order")
        code, currency = text_of(header, "code"), text_of(header, "currency")
        daybook = self.office["daybooks"].get(code)
        if text_of(header, "office") != self.office.code:
            self.no(child(header, "office"), "office_absent")
        if daybook is None or daybook["type"] not in RELATION:
            self.no(child(header, "code"), "daybook", code)
            return None
        if currency not in self.office.info["currencies"]:
            self.no(child(header, "currency"), "currency", currency)
        day, due = _day(text_of(header, "date")), _day(text_of(header, "duedate"))
        if day is None or (text_of(header, "duedate") and due is None):
            self.no(child(header, "date"), "value", text_of(header, "date"))
            return None
        period = self._period(header, day)
        reference = text_of(header, "invoicenumber")
        self._duplicate(header, daybook, reference)
        if text_of(header, "number"):
            self.no(child(header, "number"), "transaction_absent")
        return {
            "code": code,
            "category": daybook["type"],
            "location": self.item.get("destiny"),
            "date": day.isoformat(),
            "period": period,
            "duedate": (due or day).isoformat(),
            "invoicenumber": reference,
            "paymentreference": text_of(header, "paymentreference"),
            "currency": currency,
            "origin": "import",
        }

    def _period(self, header: Element, day: date) -> str:
        given = text_of(header, "period")
        by_date = self.office.period_at(day)
        key = given or (by_date["key"] if by_date else f"{day.year}/{day.month:02d}")
        row = self.office["periods"].get(key)
        where = child(header, "period")
        if row is None:
            self.no(where if where is not None else child(header, "date"), "period_absent", key)
        elif not row["open"]:
            what = "period_closed" if self.settings["closed_text"] else "period_absent"
            self.no(where if where is not None else child(header, "date"), what, key)
        elif not row["start"] <= day.isoformat() <= row["end"] and self._raises_warnings():
            self.warned = True
            self.no(child(header, "date"), "date_period", f"{day:%d-%m-%Y}", key)
        return key

    def _raises_warnings(self) -> bool:
        """A warning rejects as well, unless it was said not to raise them."""
        return self.item.get("raisewarning") != "false" or not self.settings["warnings_post"]

    def _duplicate(self, header: Element, daybook: Row, reference: str) -> None:
        scope = self.settings["duplicates"]
        if scope == "off" or not reference:
            return
        lines = children(self.item, "lines")
        relation = text_of(lines[0], "dim2") if lines else ""
        for key in self.office["transactions"].lookup("invoicenumber", reference):
            there = self.office["transactions"].rows[key]
            same = there["code"] == daybook["code"]
            if there["category"] == "purchase" or scope == "relation":
                same = there["category"] == daybook["type"] and there["lines"][0]["dim2"] == relation
            if same:
                self.no(child(header, "invoicenumber"), "duplicate", reference)
                return

    # the lines

    def _lines(self, row: Row | None, holder: Element) -> list[dict[str, Any]]:
        kinds = [line.get("type", "") for line in holder]
        order = {"total": 0, "detail": 1, "vat": 2}
        ranks = [order.get(kind, 9) for kind in kinds]
        if kinds.count("total") != 1 or "detail" not in kinds or ranks != sorted(ranks) or 9 in ranks:
            self.no(holder, "line_order")
            return []
        if [line.get("id") for line in holder] != [str(place) for place in range(1, len(kinds) + 1)]:
            self.no(holder, "element", "id")
            return []
        found = [line for node in holder if (line := self._line(row, node)) is not None]
        return found if len(found) == len(kinds) else []

    def _line(self, row: Row | None, node: Element) -> dict[str, Any] | None:
        for one in node:
            if local(one) not in _LINE:
                self.no(one, "element", local(one))
        value = self._amount(node, "value")
        side = text_of(node, "debitcredit")
        if side not in OTHER_SIDE:
            self.no(child(node, "debitcredit"), "value", side)
            return None
        if value is None or row is None:
            return None
        kind = node.get("type", "")
        line: dict[str, Any] = {
            "id": int(node.get("id", "0")),
            "type": kind,
            "dim1": text_of(node, "dim1"),
            "dim2": text_of(node, "dim2"),
            "dim3": text_of(node, "dim3"),
            "value": value,
            "debitcredit": side,
            "description": text_of(node, "description"),
            "vatcode": text_of(node, "vatcode"),
        }
        if kind == "total":
            self._total(row, node, line)
        elif kind == "detail":
            self._detail(row, node, line)
        return line

    def _amount(self, node: Element, name: str) -> Decimal | None:
        text = text_of(node, name)
        negative = r"-?" if self.settings["negative_values"] else ""
        if not re.fullmatch(rf"{negative}\d+\.\d\d", text):
            self.no(child(node, name), "value", text)
            return None
        try:
            return Decimal(text)
        except InvalidOperation:
            return None

    def _total(self, row: Row, node: Element, line: dict[str, Any]) -> None:
        kind = RELATION[row["category"]]
        if line["vatcode"]:
            self.no(child(node, "vatcode"), "element", "vatcode")
        line["dim1"] = line["dim1"] or self.office.info["control_accounts"].get(kind, "")
        self._dimension(node, "dim1", "BAS", line["dim1"])
        self._dimension(node, "dim2", kind, line["dim2"])
        line["relation"] = kind

    def _detail(self, row: Row, node: Element, line: dict[str, Any]) -> None:
        account = self.office.account(line["dim1"])
        if account is None:
            self.no(child(node, "dim1"), "dimension_unknown", line["dim1"], self.office.info["name"])
        elif account["status"] != "active":
            self.no(child(node, "dim1"), "dimension_inactive", line["dim1"])
        elif account["cost_centre"] and not line["dim2"]:
            self.no(child(node, "dim1"), "cost_centre", line["dim1"])
        if line["dim2"]:
            self._dimension(node, "dim2", "KPL", line["dim2"])
        if not line["vatcode"]:
            return
        vat = self.office["vatcodes"].get(line["vatcode"])
        if vat is None or not vat["active"]:
            self.no(child(node, "vatcode"), "vat_unknown", line["vatcode"])
            return
        if vat["type"] != row["category"]:
            self.no(child(node, "vatcode"), "vat_kind", line["vatcode"])
            return
        if vat["performance"] and self.settings["require_performance"]:
            given, when = text_of(node, "performancetype"), text_of(node, "performancedate")
            if given not in ("goods", "services") or (given == "services") != bool(when):
                self.no(child(node, "vatcode"), "performance", line["vatcode"])
        computed = cents(line["value"] * percentage(vat, row["date"]) / 100)
        pinned = self._amount(node, "vatvalue") if child(node, "vatvalue") is not None else None
        line["vatvalue"] = pinned if pinned is not None and self.settings["pinned_vat"] else computed

    def _dimension(self, node: Element, place: str, kind: str, code: str) -> None:
        found = self.office.dimension(kind, code)
        if found is None:
            self.no(child(node, place), "dimension_unknown", code, self.office.info["name"])
        elif found["status"] != "active":
            self.no(child(node, place), "dimension_inactive", code)

    def _balanced(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add the VAT lines that were left out; the sum has to be zero, give or take what may be adjusted."""
        if not any(line["type"] == "vat" for line in lines):
            taxes: list[dict[str, Any]] = []
            for line in lines:
                vat = self.office["vatcodes"].get(line["vatcode"]) if line["type"] == "detail" else None
                if vat is not None:
                    taxes += vat_lines(vat, line, line["vatvalue"], len(lines) + 1 + len(taxes))
            lines = [*lines, *taxes]
        rest = balance(lines)
        adjustable = [line for line in lines if line["type"] == "vat"]
        if rest and abs(rest) <= _TOLERANCE and adjustable and self.item.get("autobalancevat") == "true":
            widest = max(adjustable, key=lambda line: line["value"])
            widest["value"] += -rest if widest["debitcredit"] == "debit" else rest
            rest = balance(lines)
        if rest:
            words = {"nl": ("debet", "credit"), "en": ("debit", "credit")}[self.settings["language"]]
            self.no(None, "unbalanced", abs(rest).quantize(CENT), words[0] if rest < 0 else words[1])
        return lines

    # the answer

    def _refused(self) -> Element:
        item = self.item
        item.set("result", "0")
        for where, text in self.wrong:
            for holder in item.iter():
                if holder is where or any(where is below for below in holder.iter()):
                    holder.set("result", "0")
            where.set("msgtype", "warning" if self.warned and local(where) == "date" else "error")
            where.set("msg", f"{where.get('msg')}//{text}" if where.get("msg") else text)
        return item

    def _accepted(self, row: Row) -> Element:
        answer = make(
            "transaction",
            autobalancevat=self.item.get("autobalancevat", "false"),
            raisewarning=self.item.get("raisewarning", "true"),
            result="1",
            location=row["location"],
        )
        shown = rendered(self.office, row)
        for part in shown:
            answer.append(copy.deepcopy(part))
        lines = child(answer, "lines")
        if lines is not None and not self.settings["echo_vat_lines"]:
            for line in [line for line in lines if line.get("type") == "vat"]:
                lines.remove(line)
        return answer


def _day(text: str) -> date | None:
    if not re.fullmatch(r"\d{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def rendered(office: Office, row: Row) -> Element:
    """Return an entry as a read shows it."""
    answer = make("transaction", location=row["location"], result="1")
    header = add(answer, "header")
    daybook = office["daybooks"].rows[row["code"]]
    add(header, "office", office.code, name=office.info["name"], shortname="")
    add(header, "code", row["code"], name=daybook["name"], shortname="")
    fill(header, {"number": row["number"], "period": row["period"]})
    add(header, "currency", row["currency"], name=row["currency"], shortname="")
    fill(
        header,
        {
            "regime": "Generic",
            "date": row["date"].replace("-", ""),
            "origin": row["origin"],
            "originreference": None,
            "modificationdate": row["modified"],
            "inputdate": row["input"],
            "duedate": row["duedate"].replace("-", ""),
            "invoicenumber": row["invoicenumber"],
            "paymentreference": row["paymentreference"],
        },
    )
    lines = add(answer, "lines")
    for line in row["lines"]:
        _line_node(office, lines, line)
    return answer


def _line_node(office: Office, lines: Element, line: dict[str, Any]) -> None:
    node = add(lines, "line", type=line["type"], id=str(line["id"]))
    kinds = {"dim1": ("PNL", "BAS"), "dim2": (line["relation"] or "KPL",)}
    for place, types in kinds.items():
        code = line.get(place) or ""
        found = next((one for kind in types if (one := office.dimension(kind, code))), None)
        if code:
            add(node, place, code, name=found["name"] if found else "", shortname="", dimensiontype=types[0])
    fill(node, {"value": line["value"], "debitcredit": line["debitcredit"], "description": line["description"]})
    if line["vatcode"] if line["type"] != "total" else "":
        add(node, "vatcode", line["vatcode"], name="", shortname="")
    fill(node, {"rate": "1", "basevalue": line["basevalue"], "repvalue": line["basevalue"]})
    if line["type"] == "detail" and "vatvalue" in line:
        fill(node, {"vatvalue": line["vatvalue"]})
    if line["type"] == "vat":
        fill(node, {"vatturnover": line["vatturnover"], "baseline": line["baseline"]})
    if line["relation"]:
        fill(node, {"openvalue": line["open"], "matchdate": line["matchdate"].replace("-", "")})
    add(node, "matchstatus", line["matchstatus"])


def delete(office: Office, document: Element) -> Element:
    """Delete a provisional entry."""
    language = office.world.settings["language"]
    key = f"{text_of(document, 'code')}:{text_of(document, 'number')}"
    row = office["transactions"].get(key)
    what = "transaction_absent" if row is None else "not_draft" if row["location"] == "final" else ""
    if what or not document.get("reason"):
        document.set("msgtype", "error")
        document.set("msg", say(language, what) if what else "reason")
        document.set("result", "0")
        return document
    remove(office, key, document.get("reason", ""))
    document.set("result", "1")
    return document


def remove(office: Office, key: str, reason: str) -> Row:
    """Take an entry out and keep that it was there."""
    row = office.remove("transactions", key)
    if row is None:
        raise KeyError(key)
    office.put("gone", {"key": key, "at": office.world.today(), "reason": reason, "date": row["date"]})
    return row
