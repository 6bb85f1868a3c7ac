"""Customers and suppliers: saved by type and code, numbered by the mask where the code is left out."""

from __future__ import annotations

import re
from typing import Any

from ..store import Row
from .markup import Element, add, child, children, fill, local, make, text_of
from .words import say
from .world import Office, derived_id

_ORDER = (
    "office",
    "type",
    "code",
    "name",
    "shortname",
    "website",
    "vatnumber",
    "cocnumber",
    "financials",
    "addresses",
    "banks",
    "creditmanagement",
)
_READ_ONLY = ("inuse", "uid", "behaviour", "touched", "modified", "beginperiod", "endperiod")
_FINANCIALS = ("duedays", "payavailable", "meansofpayment", "paycode", "ebilling", "ebillmail", "substitutewith")
_ADDRESS = (
    "name",
    "country",
    "city",
    "postcode",
    "telephone",
    "telefax",
    "email",
    "contact",
    "field1",
    "field2",
    "field3",
    "field4",
    "field5",
    "field6",
)
_BANK = ("ascription", "accountnumber", "bankname", "biccode", "city", "country", "iban")
_COUNTRY = re.compile(r"[A-Z]{2}")
Errors = list[tuple[Element, str]]


def mask_pattern(mask: str) -> re.Pattern[str]:
    """Return what a code has to look like: # is a digit, * anything, brackets a set."""
    pieces = []
    for piece in re.findall(r"\[[^\]]*\]|.", mask):
        if piece == "#":
            pieces.append("[0-9]")
        elif piece == "*":
            pieces.append(".*")
        else:
            pieces.append(piece if piece.startswith("[") else re.escape(piece))
    return re.compile("".join(pieces))


def free_code(office: Office, kind: str) -> str:
    """Return the first free code that fits the mask, empty when it gives none."""
    mask = office.info["masks"].get(kind, "*")
    if not office.world.settings["free_codes"] or not re.fullmatch(r"[0-9]*#+", mask):
        return ""
    start, width = mask.rstrip("#"), mask.count("#")
    for number in range(10**width):
        code = f"{start}{number:0{width}d}"
        if office.dimension(kind, code) is None:
            return code
    return ""


def save(office: Office, document: Element) -> Element:
    """Save each dimension of a document; those that are refused leave their neighbours alone."""
    plural = local(document) == "dimensions"
    items = list(document) if plural else [document]
    answers = [_save_one(office, item) for item in items]
    if not plural:
        return answers[0]
    good = all(answer.get("result") == "1" for answer in answers)
    root = make("dimensions", result="1" if good else "0")
    if office.world.settings["echo_order"] == "reversed":
        answers.reverse()
    root.extend(answers)
    return root


def _save_one(office: Office, item: Element) -> Element:
    errors: Errors = []
    language = office.world.settings["language"]

    def wrong(where: Element | None, text: str, *values: object) -> None:
        errors.append((item if where is None else where, say(language, text, *values)))

    names = [local(one) for one in item]
    for one in item:
        if local(one) in _READ_ONLY:
            wrong(one, "read_only", local(one))
        elif local(one) not in _ORDER:
            wrong(one, "element", local(one))
    if [name for name in _ORDER if name in names] != [name for name in names if name in _ORDER]:
        wrong(None, "element", "order")
    kind, code, name = text_of(item, "type"), text_of(item, "code"), text_of(item, "name")
    if kind not in ("DEB", "CRD"):
        wrong(child(item, "type"), "type_absent", kind)
    if text_of(item, "office") != office.code:
        wrong(child(item, "office"), "office_absent")
    known = office.dimension(kind, code) if code else None
    if not name:
        wrong(child(item, "name"), "no_name")
    mask = office.info["masks"].get(kind, "*")
    if code and known is None and not mask_pattern(mask).fullmatch(code):
        wrong(child(item, "code"), "mask", mask)
    fields = _fields(item)
    for bank in children(item, "banks"):
        if len(text_of(bank, "ascription")) > 40:
            wrong(child(bank, "ascription"), "ascription")
    for address in children(item, "addresses"):
        country = child(address, "country")
        if country is not None and country.text and not _COUNTRY.fullmatch(country.text):
            wrong(country, "country", country.text)
    merged = _merged(office, known, fields)
    ebilling = merged.get("financials", {})
    if ebilling.get("ebilling") == "true" and not ebilling.get("ebillmail") and not _has_mail(merged):
        wrong(child(item, "financials"), "ebilling")
    if not errors and not code:
        code = free_code(office, kind)
        if not code:
            wrong(child(item, "code"), "no_free_code")
    if errors:
        _mark(item, errors)
        return item
    row = {
        "key": f"{kind}/{code}",
        "type": kind,
        "code": code,
        "uid": derived_id(office.code, kind, code),
        "status": item.get("status") or (known["status"] if known else "active"),
        "modified": office.world.moment(),
        "cost_centre": False,
        "kind": "",
        **merged,
    }
    return rendered(office, office.put("dimensions", row))


def _has_mail(merged: Row) -> bool:
    return any(address.get("email") for address in merged.get("addresses", []))


def _fields(item: Element) -> Row:
    """Return what was sent, by name; only what is there."""
    found: Row = {
        name: text_of(item, name)
        for name in ("name", "shortname", "website", "vatnumber", "cocnumber")
        if child(item, name) is not None
    }
    financials = child(item, "financials")
    if financials is not None:
        found["financials"] = {local(one): (one.text or "").strip() for one in financials if local(one) in _FINANCIALS}
    for holder, names, key in (("addresses", _ADDRESS, "addresses"), ("banks", _BANK, "banks")):
        nodes = child(item, holder)
        if nodes is not None:
            found[key] = [
                {**one.attrib, **{local(field): (field.text or "").strip() for field in one if local(field) in names}}
                for one in nodes
            ]
    return found


def _merged(office: Office, known: Row | None, fields: Row) -> Row:
    """Return the row as it will stand: new, replaced, or what was there with what came."""
    settings = office.world.settings
    base: Row = {
        "name": "",
        "shortname": "",
        "website": "",
        "vatnumber": "",
        "cocnumber": "",
        "financials": {"duedays": "30", "ebilling": "false", "ebillmail": ""},
        "addresses": [],
        "banks": [],
    }
    if known is not None and not settings["upsert_replaces"]:
        base = {name: known.get(name, value) for name, value in base.items()}
    row = {**base, **{name: value for name, value in fields.items() if isinstance(value, str)}}
    row["financials"] = {**base["financials"], **fields.get("financials", {})}
    for key in ("addresses", "banks"):
        row[key] = _numbered(base[key] if known is not None else [], fields.get(key, []))
    if not settings["keep_shortname"]:
        row["shortname"] = row["shortname"][:10]
    return row


def _numbered(standing: list[dict[str, Any]], sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the addresses after a save: one with an id replaces its namesake, one without is added."""
    found = {one["id"]: one for one in standing}
    for one in sent:
        number = one.get("id") or str(max([0, *map(int, found)]) + 1)
        found[number] = {**one, "id": number}
    return list(found.values())


def _mark(item: Element, errors: Errors) -> None:
    """Put the messages on their elements and result 0 on all above them."""
    item.set("result", "0")
    for where, text in errors:
        for holder in item.iter():
            if where is holder or any(where is below for below in holder.iter()):
                holder.set("result", "0")
        where.set("msgtype", "error")
        where.set("msg", f"{where.get('msg')}//{text}" if where.get("msg") else text)


def rendered(office: Office, row: Row) -> Element:
    """Return a dimension as a read and a good save show it."""
    answer = make("dimension", status=row["status"], result="1")
    add(answer, "office", office.code, name=office.info["name"], shortname="")
    add(answer, "type", row["type"], name=row["type"], shortname=row["type"])
    fill(answer, {"code": row["code"], "uid": row["uid"], "name": row["name"], "shortname": row["shortname"]})
    fill(answer, {"inuse": "false", "behaviour": "normal", "touched": "0", "website": row.get("website", "")})
    fill(answer, {"cocnumber": row.get("cocnumber", ""), "vatnumber": row.get("vatnumber", "")})
    if row["type"] in ("DEB", "CRD"):
        fill(add(answer, "financials"), {"matchtype": "customersupplier", **row["financials"]})
        for holder, node, names in (("addresses", "address", _ADDRESS), ("banks", "bank", _BANK)):
            nodes = add(answer, holder)
            for one in row[holder]:
                attributes = {name: one[name] for name in ("id", "type", "default") if name in one}
                fill(add(nodes, node, **attributes), {name: one.get(name, "") for name in names})
    add(answer, "modified", row["modified"])
    return answer
