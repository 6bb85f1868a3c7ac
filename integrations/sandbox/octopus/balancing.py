"""Matching: what is open of a document, and the rows that say which two documents settle each other.

A sales invoice stands on the debet side and its payment on the credit side; a purchase the other way round, a credit
note opposite to an invoice. Source: vendor sheet section 7.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import values
from .bookings import in_euros, key_of
from .refusals import Malformed, Refusal
from .values import ZERO
from .world import Dossier

TOTAL = -1  # the line number that means a whole sales or purchase document
_BANK = "F1"


def side_of(row: Row) -> str:
    """On which side of a match a document stands."""
    debet = (row["journal"][0] == "V") == (row["amount"] > 0)
    return "debet" if debet else "credit"


def open_amount(dossier: Dossier, row: Row) -> Decimal:
    """What is open of a document, in its own currency, positive."""
    key = f"{row['key']}/{TOTAL}"
    total = in_euros(dossier, row, abs(row["amount"]))
    left = total - matched(dossier, key)
    if left == total:
        return abs(row["amount"])
    return (abs(row["amount"]) * left / total).quantize(Decimal("0.01")) if total else ZERO


def matched(dossier: Dossier, key: str) -> Decimal:
    """What is matched of a line, in euros."""
    rows = [*dossier["balancings"].where("debet", key), *dossier["balancings"].where("credit", key)]
    return sum((one["amount"] for one in rows), ZERO)


def match(dossier: Dossier, debet: str, credit: str, amount: Decimal, relation: int | None, kind: str) -> Row:
    """Keep a match of two lines, given by their keys with the line number behind."""
    return dossier.put(
        "balancings",
        {
            "key": f"{debet}|{credit}",
            "debet": debet,
            "credit": credit,
            "amount": amount,
            "relation": relation,
            "type": kind,
        },
    )


def pay(dossier: Dossier, row: Row, amount: Decimal | None, day: str) -> Decimal:
    """Book a payment at the bank and match it; returns what was paid in the document's currency."""
    left = open_amount(dossier, row)
    paid = left if amount is None else amount
    if paid <= 0 or paid > left:
        raise BadControl(f"{paid} cannot be paid: {left} is open.")
    bank = _bank_booking(dossier, row, paid, day)
    line = f"{bank['key']}/1"
    own = f"{row['key']}/{TOTAL}"
    debet, credit = (own, line) if side_of(row) == "debet" else (line, own)
    match(dossier, debet, credit, bank["amount"], row["relation"], "C" if row["journal"][0] == "V" else "S")
    return paid


def _bank_booking(dossier: Dossier, row: Row, paid: Decimal, day: str) -> Row:
    year = next((one for one in dossier["bookyears"] if one["start"] <= day <= one["end"]), None)
    if year is None:
        raise BadControl(f"No bookyear contains {day}.")
    journal = dossier.journal(year["id"], _BANK)
    if journal is None:
        raise BadControl("There is no bank journal.")
    number = journal["last"] + 1
    dossier.change("journals", journal["key"], last=number)
    share = paid / abs(row["amount"])
    euros = (in_euros(dossier, row, abs(row["amount"])) * share).quantize(Decimal("0.01"))
    booking = {
        "key": key_of(year["id"], _BANK, number),
        "bookyear": year["id"],
        "journal": _BANK,
        "number": number,
        "period": next(one["key"] for one in year["periods"] if one["start"] <= day <= one["end"]),
        "date": day,
        "amount": euros,
        "document_amount": paid,
        "sign": 1 if side_of(row) == "debet" else -1,
        "currency": row["currency"],
        "rate": row["rate"],
        "comment": row["comment"],
        "relation": row["relation"],
        "type": "C" if row["journal"][0] == "V" else "S",
    }
    return dossier.put("bank", booking)


def match_notes(dossier: Dossier, first: Row, second: Row) -> Decimal:
    """Settle an invoice and a credit note against each other as far as both are open; returns the amount."""
    sides = {side_of(first): first, side_of(second): second}
    if len(sides) != 2 or first["relation"] != second["relation"]:
        raise BadControl("An invoice and a credit note of one relation are needed.")
    amount = min(open_amount(dossier, first), open_amount(dossier, second))
    if not amount:
        raise BadControl("One of them is settled.")
    keys = [f"{sides[side]['key']}/{TOTAL}" for side in ("debet", "credit")]
    match(dossier, keys[0], keys[1], amount, first["relation"], "C" if first["journal"][0] == "V" else "S")
    return amount


def unmatch(dossier: Dossier, row: Row) -> int:
    """Take every match of a document away; the payments themselves stay. Returns how many."""
    own = f"{row['key']}/{TOTAL}"
    keys = [*dossier["balancings"].lookup("debet", own), *dossier["balancings"].lookup("credit", own)]
    for key in keys:
        drop(dossier, key)
    return len(keys)


def drop(dossier: Dossier, key: str) -> None:
    """Take one match away."""
    row = dossier["balancings"].rows[key]
    shown_now = shown(dossier, row)
    dossier.remove("balancings", key)
    dossier.note_deleted("balancing", shown_now)


# --- over the wire --------------------------------------------------------------------------------------------


def key_from(body: dict[str, Any], name: str) -> str:
    """The text of a balancing key in a body. Raises Malformed."""
    data = values.section(body, name)
    if not data:
        raise Malformed
    bookyear = values.whole(values.section(data, "bookyearKey"), "id")
    number = values.whole(data, "documentSequenceNr")
    return f"{bookyear}/{values.words(data, 'journalKey')}/{number}/{values.whole(data, 'lineSequenceNr')}"


def insert(dossier: Dossier, body: dict[str, Any]) -> None:
    """Answer POST /balancings. Raises Refusal."""
    debet, credit = key_from(body, "debetKey"), key_from(body, "creditKey")
    amount = values.amount(body, "balanceAmount")
    rows = []
    for key, side in ((debet, "debet"), (credit, "credit")):
        booking, _, line = key.rpartition("/")
        row = dossier["bookings"].get(booking) if line == str(TOTAL) else dossier["bank"].get(booking)
        if row is None or (line == str(TOTAL) and side_of(row) != side):
            raise Refusal(400, f"Unable to insert balancing in dossier {dossier.number}.  Document unknown", -902)
        rows.append(row)
        left = open_amount(dossier, row) if line == str(TOTAL) else row["amount"] - matched(dossier, key)
        if amount <= 0 or amount > left:
            raise Refusal(400, f"Unable to insert balancing in dossier {dossier.number}.  Amount too large", -921)
    sales = next((row for row in rows if row["journal"][0] in "VA"), rows[0])
    match(dossier, debet, credit, amount, sales["relation"], "C" if sales["journal"][0] == "V" else "S")


def delete(dossier: Dossier, body: dict[str, Any]) -> None:
    """Answer DELETE /balancings/delete. Raises Refusal."""
    key = f"{key_from(body, 'debetKey')}|{key_from(body, 'creditKey')}"
    if dossier["balancings"].get(key) is None:
        raise Refusal(400, f"Unable to delete balancing in dossier {dossier.number}.  Balancing unknown", -902)
    drop(dossier, key)


def shown(dossier: Dossier, row: Row) -> dict[str, Any]:
    """A match as the service shows it."""
    relation = dossier["relations"].get(row["relation"])
    filled = dossier.world.settings["balanced_side"]
    return {
        "type": {
            "accountNr": 0,
            "externalRelationId": relation["external_id"] if relation else 0,
            "relationKey": {"id": row["relation"]},
            "type": row["type"],
        },
        "debetDocument": _document(dossier, row["debet"], "debet"),
        "creditDocument": _document(dossier, row["credit"], "credit"),
        "debetBalancedBookingAmount": values.double(row["amount"] if filled == "debet" else ZERO),
        "creditBalancedBookingAmount": values.double(row["amount"] if filled == "credit" else ZERO),
    }


def _document(dossier: Dossier, key: str, side: str) -> dict[str, Any]:
    booking, _, line = key.rpartition("/")
    year, journal, number = booking.split("/")
    row = dossier["bookings"].get(booking) or dossier["bank"].get(booking)
    euros = document = ZERO
    if row is not None:
        euros = row["amount"] if "document_amount" in row else in_euros(dossier, row, abs(row["amount"]))
        document = row.get("document_amount", abs(row["amount"]))
    return {
        "balancingKey": {
            "bookyearKey": {"id": int(year)},
            "journalKey": journal,
            "documentSequenceNr": int(number),
            "lineSequenceNr": int(line),
        },
        "documentDate": row["date"] if row else "",
        "currencyCode": row["currency"] if row else "EUR",
        "exchangeRate": float(row["rate"]) if row else 1.0,
        "comment": (row["comment"] if row else None) or "",
        "reference": (row.get("reference") if row else None) or "",
        "debetBookingAmount": values.double(euros if side == "debet" else ZERO),
        "debetDocumentAmount": values.double(document if side == "debet" else ZERO),
        "creditBookingAmount": values.double(euros if side == "credit" else ZERO),
        "creditDocumentAmount": values.double(document if side == "credit" else ZERO),
    }


def open_rows(dossier: Dossier, letter: str, relation: int, external: int) -> list[dict[str, Any]]:
    """The open documents of clients (V) or suppliers (A), as the report shows them."""
    found = []
    for key in dossier["bookings"].sorted_keys():
        row = dossier["bookings"].rows[key]
        party = dossier["relations"].get(row["relation"])
        own = party["external_id"] if party else 0
        left = open_amount(dossier, row)
        if row["journal"][0] != letter or not left:
            continue
        if (relation != -1 or external != -1) and row["relation"] != relation and own != external:
            continue
        side = side_of(row)
        document = _document(dossier, f"{key}/{TOTAL}", side)
        found.append(
            {
                **{name: value for name, value in document.items() if name != "balancingKey"},
                "bookyearKey": {"id": row["bookyear"]},
                "journalKey": row["journal"],
                "documentSequenceNr": row["number"],
                "lineSequenceNr": TOTAL,
                "bookyearPeriodNr": row["period"],
                "expirationDate": row["due"],
                "relationKey": {"id": row["relation"]},
                "externalRelationId": own,
                "openBookingAmount": values.double(in_euros(dossier, row, left)),
                "openDocAmount": values.double(left),
            }
        )
    return found
