"""ProcessXml: which document it is, lists and single reads."""

from __future__ import annotations

from ..messages import Response
from ..store import Row
from . import browse, dimensions, posting, soap
from .markup import Element, add, fill, local, make, text_of
from .words import say
from .world import Office, World

_MOST_IN_BATCH = 25


def is_list_of_offices(document: Element) -> bool:
    """Whether the document may come without a company."""
    return local(document) == "list" and text_of(document, "type") == "offices"


def process(world: World, office: Office | None, document: Element, user: str) -> Element | Response:
    """Return the answer to a document."""
    root = local(document)
    if office is None:
        return _offices(world, user)
    named = text_of(document, "office")
    if named and named != office.code:
        other = world.offices.get(named)
        if other is None or world.barred.get(f"{user}/{named}"):
            what = "office_absent" if other is None else "office_closed"
            return refused(document, say(world.settings["language"], what))
        office = other
    batch = root in ("transactions", "dimensions")
    if batch and len(document) > _MOST_IN_BATCH and world.settings["batch_limit"] == "refuse":
        return refused(make(root), "Too many items.")
    match root:
        case "list":
            return _list(office, document)
        case "read":
            return _read(world, office, document, user)
        case "dimensiontype":
            return _dimension_type(office, document)
        case "dimensions" | "dimension":
            return dimensions.save(office, document)
        case "transactions":
            return posting.post(office, document)
        case "transaction" if document.get("action") == "delete":
            return posting.delete(office, document)
        case "transaction":
            return posting.post(office, document)
        case "columns":
            return browse.run(office, document)
    raise soap.Fault(187)  # also <general>, which ended in 2025


def refused(document: Element, text: str) -> Element:
    """Return the document with a message on its root."""
    document.set("msgtype", "error")
    document.set("msg", text)
    document.set("result", "0")
    return document


def _offices(world: World, user: str) -> Element:
    answer = make("offices", result="1")
    for code in sorted(world.offices):
        if not world.barred.get(f"{user}/{code}"):
            add(answer, "office", code, name=world.offices[code].info["name"], shortname="")
    return answer


def office_node(parent: Element, office: Office) -> None:
    """Add the office as answers name it."""
    add(parent, "office", office.code, name=office.info["name"], shortname="")


def _list(office: Office, document: Element) -> Element:
    language = office.world.settings["language"]
    if text_of(document, "type") != "dimensions":
        return refused(document, say(language, "list_type"))
    kind = text_of(document, "dimtype")
    if kind not in ("BAS", "PNL", "DEB", "CRD", "KPL", "PRJ", "AST", "ACT"):
        return refused(document, say(language, "type_absent", kind))
    answer = make("dimensions", office=office.code, type=kind, result="1")
    everything = office.world.settings["list_inactive"]
    for row in sorted(office["dimensions"].where("type", kind), key=lambda row: str(row["code"])):
        if everything or row["status"] == "active":
            add(answer, "dimension", row["code"], name=row["name"], shortname=row["shortname"])
    add(answer, "dimension", kind, name="", shortname="")  # the marker row
    return answer


def _read(world: World, office: Office, document: Element, user: str) -> Element:
    language = world.settings["language"]
    kind, code = text_of(document, "type"), text_of(document, "code")
    if not text_of(document, "office"):
        return refused(document, say(language, "office_closed"))
    match kind:
        case "office":
            return _office(world, document, code, user)
        case "dimensions":
            wanted = text_of(document, "dimtype")
            if wanted not in ("BAS", "PNL", "DEB", "CRD", "KPL"):
                return refused(make("dimension"), say(language, "type_absent", wanted))
            row = office.dimension(wanted, code)
            if row is None:
                answer = make("dimension", result="0")
                office_node(answer, office)
                add(answer, "type", wanted)
                add(
                    answer,
                    "code",
                    code,
                    msgtype="error",
                    msg=say(language, "dimension_absent", code),
                    result="0",
                )
                return answer
            return dimensions.rendered(office, row)
        case "vat":
            row = office["vatcodes"].get(code)
            if row is None:
                return refused(make("vat"), say(language, "vat_unknown", code))
            return _vat(office, row)
        case "transaction":
            row = office["transactions"].get(f"{code}:{text_of(document, 'number')}")
            if row is None:
                return refused(make("transaction"), say(language, "transaction_absent"))
            return posting.rendered(office, row)
    return refused(document, say(language, "list_type"))


def _office(world: World, document: Element, code: str, user: str) -> Element:
    found = world.offices.get(code)
    if found is None or world.barred.get(f"{user}/{code}"):
        what = "office_absent" if found is None else "office_closed"
        return refused(document, say(world.settings["language"], what))
    answer = make("office", result="1", status="active")
    fill(answer, {"code": code, "name": found.info["name"], "shortname": ""})
    fill(add(answer, "general"), {"basecurrency": found.info["currency"], "country": found.info["country"]})
    fill(add(answer, "vatmanagement"), {"vatnumber": found.info["vat_number"]})
    return answer


def _dimension_type(office: Office, document: Element) -> Element:
    code = text_of(document, "code")
    if code not in ("DEB", "CRD", "KPL", "BAS", "PNL"):
        return refused(document, say(office.world.settings["language"], "type_absent", code))
    answer = make("dimensiontype", result="1")
    office_node(answer, office)
    fill(answer, {"code": code, "name": code, "shortname": code, "mask": office.info["masks"].get(code, "*")})
    fill(add(answer, "levels"), {"financials": "2" if code in ("DEB", "CRD", "KPL") else "1", "time": "0"})
    return answer


def _vat(office: Office, row: Row) -> Element:
    answer = make("vat", status="active" if row["active"] else "inactive", result="1")
    office_node(answer, office)
    fill(answer, {"code": row["code"], "name": row["description"], "shortname": row["short_name"]})
    add(answer, "type", row["type"])
    holder = add(answer, "percentages")
    for since, rate in row["percentages"]:
        one = add(holder, "percentage", status="active", inuse="true")
        fill(one, {"date": since.replace("-", ""), "percentage": f"{rate}.000000000", "name": row["description"]})
        accounts = add(one, "accounts")
        for number, part in enumerate(("100.0", "-100.0") if row["reverse"] else ("100.0",), 1):
            account = add(accounts, "account", id=str(number))
            add(account, "dim1", row["account"], name="", shortname="", dimensiontype="BAS")
            add(account, "groupcountry", office.info["country"], name="", shortname="")
            add(account, "group", row["group"], name="", shortname="")
            fill(account, {"percentage": part, "linetype": "vat"})
    return answer
