"""Sales and purchase bookings: the caller numbers them, the journal says what it takes.

Source: vendor sheet sections 4 and 6. Order of checks: the number before the period (recorded); the rest is ours.
Stored as sent: a credit note has a negative amount and lines that are positive where they add to it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from decimal import Decimal
from typing import Any

from ..store import Row
from . import relations, values
from .refusals import UNKNOWN_PERIOD, WRONG_NUMBER, Malformed, Refusal, WrongType
from .values import ZERO
from .world import Dossier

BUY, SELL = 1, 2  # types of VAT codes, and of journals in some answers
SIDES = {"A": BUY, "V": SELL}
JOURNAL_TYPES = {"A": 1, "V": 2, "F": 3, "D": 4, "L": 7}
BOOKINGS_ENTRY = 1  # the journal's insertion type that takes bookings


def key_of(bookyear: object, journal: object, number: object) -> str:
    return f"{bookyear}/{journal}/{number}"


def post(dossier: Dossier, body: dict[str, Any]) -> Row:
    """Book a document with its files and return it. Raises Refusal."""
    data = values.section(body, "buySellBookingServiceData")
    files = values.objects(body, "attachments")
    if not data:
        raise Malformed
    booking = _read(dossier, data)
    journal = _journal(dossier, booking)
    last = journal["last"]
    if booking["number"] != last + 1:
        raise Refusal(
            400,
            f"Unable to insert booking in dossier {dossier.number}.  Illegal document seq Nr.  "
            f"Last Document = {last}.  New Document = {booking['number']}. ",
            WRONG_NUMBER,
        )
    _check(dossier, booking, journal)
    contents = [_file(dossier, one) for one in files]
    row = dossier.put("bookings", booking)
    dossier.change("journals", journal["key"], last=booking["number"])
    for name, content in contents:
        attach(dossier, row, name, content)
    return row


def change(dossier: Dossier, data: dict[str, Any]) -> None:
    """Change a booking that stands (PUT, the bare object). Raises Refusal."""
    booking = _read(dossier, data)
    if dossier["bookings"].get(booking["key"]) is None:
        raise _refused(dossier, "Booking unknown", -902)
    journal = _journal(dossier, booking)
    _check(dossier, booking, journal)
    dossier.put("bookings", booking)


def _read(dossier: Dossier, data: dict[str, Any]) -> Row:
    """The booking of a body with its types checked. Raises WrongType, Malformed."""
    if "relationIdentificationServiceData" not in data:
        raise Malformed
    bookyear = values.whole(values.section(data, "bookyearKey"), "id")
    journal, currency = values.words(data, "journalKey"), values.words(data, "currencyCode")
    if not journal or not currency or "amount" not in data or "exchangeRate" not in data:
        raise Malformed
    number = values.whole(data, "documentSequenceNr")
    identification = values.section(data, "relationIdentificationServiceData")
    relation = relations.find(dossier, identification)
    rate = data["exchangeRate"]
    if isinstance(rate, bool) or not isinstance(rate, int | Decimal):
        raise WrongType("exchangeRate")
    return {
        "key": key_of(bookyear, journal, number),
        "bookyear": bookyear,
        "journal": journal,
        "number": number,
        "relation": relation["id"] if relation else None,
        "period": values.whole(data, "bookyearPeriodeNr"),
        "date": values.day(data, "documentDate"),
        "due": values.day(data, "expiryDate"),
        "amount": values.amount(data, "amount"),
        "currency": currency,
        "rate": Decimal(rate),
        "comment": values.words(data, "comment"),
        "reference": values.words(data, "reference"),
        "order": values.words(data, "orderReference"),
        "method": values.whole(data, "paymentMethod"),
        "lines": [_line(one) for one in values.objects(data, "bookingLines")],
    }


def _line(one: dict[str, Any]) -> Row:
    return {
        "account": values.whole(one, "accountKey"),
        "base": values.amount(one, "baseAmount"),
        "code": values.words(one, "vatCodeKey"),
        "vat": values.amount(one, "vatAmount"),
        "comment": values.words(one, "comment"),
        "cost_centre": values.whole(values.section(one, "costCentreKey"), "id"),
    }


def _refused(dossier: Dossier, why: str, code: int, status: int = 400) -> Refusal:
    return Refusal(status, f"Unable to insert booking in dossier {dossier.number}.  {why}", code)


def _journal(dossier: Dossier, booking: Row) -> Row:
    """The journal of a booking. Raises Refusal: unknown, of the wrong type, closed, or in use."""
    if dossier["bookyears"].get(booking["bookyear"]) is None:
        raise _refused(dossier, "Bookyear unknown", -901)
    journal = dossier.journal(booking["bookyear"], booking["journal"])
    if journal is None:
        raise _refused(dossier, "Journal unknown", -902)
    if journal["code"][0] not in SIDES or (journal["code"][0] == "V" and journal["insertion"] != BOOKINGS_ENTRY):
        raise _refused(dossier, "Journal type does not accept this booking", -903)
    if journal["closed"]:
        raise _refused(dossier, "Journal is closed", -931, 403)
    if dossier.world.facts.get(f"locked/{dossier.number}/{journal['code']}"):
        raise _refused(dossier, "Journal is in use by another user", -930, 403)
    return journal


def _check(dossier: Dossier, booking: Row, journal: Row) -> None:
    settings = dossier.world.settings
    if not booking["period"]:
        raise _refused(dossier, "Period not accessible", -905)
    year = dossier["bookyears"].rows[booking["bookyear"]]
    period = next((one for one in year["periods"] if one["key"] == booking["period"]), None)
    if period is None:
        raise _refused(dossier, "Bookyear period unknown", UNKNOWN_PERIOD)
    if year["closed"] or booking["period"] <= max(journal["protected"], journal["closed_period"]):
        raise _refused(dossier, "Bookyear period is closed", -906, settings["closed_status"])
    if not period["start"] <= booking["date"] <= period["end"]:
        raise _refused(dossier, "Document date outside the period", -907)
    if booking["due"] < booking["date"] and settings["expiry_before_date"] == "refuse":
        raise _refused(dossier, "Expiry date before document date", -915)
    if booking["relation"] is None:
        raise _refused(dossier, "Relation unknown", -908)
    if booking["currency"] not in dossier.info["currencies"]:
        raise _refused(dossier, "Currency unknown", -916)
    _check_lines(dossier, booking, SIDES[journal["code"][0]])
    limit = settings["comment_length"]
    if limit and booking["comment"] and len(booking["comment"]) > limit:
        if settings["long_comment"] == "refuse":
            raise _refused(dossier, "Comment too long", -919)
        booking["comment"] = booking["comment"][: int(limit)]


def _check_lines(dossier: Dossier, booking: Row, side: int) -> None:
    for line in booking["lines"]:
        account = dossier["accounts"].get(line["account"])
        if account is None:
            raise _refused(dossier, f"Account {line['account']} unknown", -910)
        if account["cost_centre_type"] == 1 and not line["cost_centre"]:
            raise _refused(dossier, f"Cost centre mandatory for account {line['account']}", -911)
        code = dossier["vatcodes"].get(line["code"] or "")
        if code is None or code["type"] != side:
            raise _refused(dossier, f"VAT code {line['code']} unknown", -912)
    if dossier.world.settings["check_totals"]:
        total = sum((line["base"] + line["vat"] for line in booking["lines"]), ZERO)
        if not booking["lines"] or total != abs(booking["amount"]):
            raise _refused(dossier, f"Total {booking['amount']} is not the sum of the lines {total}", -914)


# --- files ----------------------------------------------------------------------------------------------------


def _file(dossier: Dossier, one: dict[str, Any]) -> tuple[str, bytes]:
    name, data = values.words(one, "fileName"), values.words(one, "fileData")
    if not name or data is None:
        raise Malformed
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error as exc:
        raise WrongType("fileData") from exc
    limit = dossier.world.settings["file_bytes"]
    if limit and len(content) > limit:
        raise Refusal(400, f"Attachment {name} too large", -917)
    return name, content


def attach(dossier: Dossier, row: Row, name: str, content: bytes) -> None:
    """Keep a file beside a booking."""
    key = len(dossier["attachments"]) + 1
    facts = {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    dossier.put("attachments", {"key": key, "booking": row["key"], **facts})


def attach_later(dossier: Dossier, row: Row, body: dict[str, Any]) -> None:
    """Keep a file sent after the booking. Raises Refusal."""
    attach(dossier, row, *_file(dossier, body))


# --- reading --------------------------------------------------------------------------------------------------


def shown(dossier: Dossier, row: Row) -> dict[str, Any]:
    """A booking as the service shows it."""
    turned = row["amount"] < 0 and dossier.world.settings["credit_note_read"] == "negative"
    sign = -1 if turned else 1
    relation = dossier["relations"].get(row["relation"])
    return values.given(
        {
            "bookyearKey": {"id": row["bookyear"]},
            "journalKey": row["journal"],
            "documentSequenceNr": row["number"],
            "relationIdentificationServiceData": {
                "relationKey": {"id": row["relation"]},
                "externalRelationId": relation["external_id"] if relation else 0,
            },
            "bookyearPeriodeNr": row["period"],
            "documentDate": row["date"],
            "expiryDate": row["due"],
            "comment": row["comment"],
            "reference": row["reference"],
            "orderReference": row["order"],
            "amount": values.double(row["amount"]),
            "currencyCode": row["currency"],
            "exchangeRate": float(row["rate"]),
            "paymentMethod": row["method"],
            "bookingLines": [
                values.given(
                    {
                        "accountKey": line["account"],
                        "baseAmount": values.double(sign * line["base"] + 0),
                        "vatCodeKey": line["code"],
                        "vatAmount": values.double(sign * line["vat"] + 0),
                        "comment": line["comment"],
                        "vatRecupPercentage": 100.0,
                    }
                )
                for line in row["lines"]
            ],
        }
    )


def in_euros(dossier: Dossier, row: Row, amount: Decimal) -> Decimal:
    """An amount of a booking in the currency of the dossier."""
    rate = row["rate"] or Decimal(1)
    found = amount * rate if dossier.world.settings["rate_direction"] == "multiply" else amount / rate
    return found.quantize(Decimal("0.01"))


def ledger_lines(dossier: Dossier, row: Row) -> list[dict[str, Any]]:
    """The lines of a booking in the ledger: the relation's, then those of the booking."""
    code = row["journal"]
    side = 1 if code[0] == "V" else -1
    effect = -1 if row["amount"] < 0 else 1
    common = {
        "bookyearKey": {"id": row["bookyear"]},
        "journalType": JOURNAL_TYPES[code[0]],
        "journalNr": int(code[1:]),
        "documentSequenceNr": row["number"],
        "bookyearPeriodeNr": row["period"],
        "documentDate": row["date"],
        "expiryDate": row["due"],
        "currencyCode": row["currency"],
        "exchangeRate": float(row["rate"]),
        "relationKey": {"id": row["relation"]},
        "comment": row["comment"],
        "reference": row["reference"],
    }
    amounts = [(-1, 400000 if side > 0 else 440000, side * row["amount"])]
    amounts += [
        (place, line["account"], -side * effect * (line["base"] + line["vat"]))
        for place, line in enumerate(row["lines"], start=1)
    ]
    return [
        values.given(
            {
                **common,
                "lineSequenceNr": place,
                "accountKey": account,
                "documentAmount": values.double(amount),
                "bookingAmount": values.double(in_euros(dossier, row, amount)),
            }
        )
        for place, account, amount in amounts
    ]


def document_key(row: Row) -> dict[str, Any]:
    """The key of a deleted booking, as the service lists it."""
    return {
        "bookyearKey": {"id": row["bookyear"]},
        "journalType": JOURNAL_TYPES[row["journal"][0]],
        "journalSequenceNr": int(row["journal"][1:]),
        "documentSequenceNr": row["number"],
    }


def remove(dossier: Dossier, row: Row) -> None:
    """Delete a booking as a person at the tool would; its number is given out again when it was the last."""
    dossier.remove("bookings", row["key"])
    dossier.note_deleted("booking", {name: row[name] for name in ("bookyear", "journal", "number")})
    journal = dossier["journals"].rows[f"{row['bookyear']}/{row['journal']}"]
    left = [
        one["number"]
        for one in dossier["bookings"]
        if one["bookyear"] == row["bookyear"] and one["journal"] == row["journal"]
    ]
    dossier.change("journals", journal["key"], last=max(left, default=0))
