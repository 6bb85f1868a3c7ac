"""Control verbs of the Twinfield side: what a bookkeeper or an administrator would do at the tool's own screens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from ..vendor import Action
from . import payments
from .auth import APPS, USERS, Auth
from .books import chosen, entry
from .credits import Credits
from .demo import add_relation
from .dimensions import free_code
from .ledger import RELATION, book
from .posting import remove
from .world import Office, World

_TABLES = {"dimensions": "dimensions", "daybooks": "daybooks", "vatcodes": "vatcodes"}


class Control:
    """The verbs under `/_sandbox/`, by name in `actions`; each takes and returns JSON."""

    def __init__(self, world: World, auth: Auth, limits: Credits) -> None:
        self._world, self._auth, self._credits = world, auth, limits
        self.actions: Mapping[str, Action] = {
            "pay": self._pay,
            "unpay": self._unpay,
            "propose": self._propose,
            "delete_entry": self._delete_entry,
            "close_period": self._close_period,
            "access": self._access,
            "revoke": self._revoke,
            "token": self._token,
            "seed": self._seed,
            "touch": self._touch,
            "limits": self._show_limits,
        }

    def _access(self, data: dict[str, Any]) -> dict[str, Any]:
        """Bar a user from an office, or let the user in again."""
        user, code = str(data.get("user", "demo")), str(data["division"])
        if code not in self._world.offices:
            raise BadControl(f"Unknown office {code}.", 404)
        key = f"{user}/{code}"
        self._world.barred[key] = not data.get("allowed", False)
        self._world.keep("barred", key, self._world.barred[key])
        return {"user": user, "division": code, "barred": self._world.barred[key]}

    def _revoke(self, data: dict[str, Any]) -> dict[str, Any]:
        """Withdraw the consent of a user."""
        return {"tokens": self._auth.revoke(str(data.get("user", "demo")))}

    def _token(self, data: dict[str, Any]) -> dict[str, Any]:
        """Hand out tokens without the consent page."""
        client, user = str(data.get("client_id", "demo-client")), str(data.get("user", "demo"))
        if client not in APPS or user not in USERS:
            raise BadControl("Unknown app or user.", 404)
        pair: dict[str, Any] = json.loads(self._auth.issue(client, user, scopes=data.get("scopes")).body)
        return pair

    def _show_limits(self, data: dict[str, Any]) -> dict[str, object]:
        """Show the credits used in this minute; with {"clear": true} forget them."""
        if data.get("clear"):
            self._credits.clear()
        return {"used": {client: self._credits.used(client) for client in APPS}}

    def _office(self, data: dict[str, Any]) -> Office:
        return next(iter(chosen(self._world, str(data.get("division") or ""))))

    def _entry(self, data: dict[str, Any]) -> tuple[Office, Row]:
        """Return the one entry that is meant: by entry_id, or by reference with division and kind when needed."""
        if not data.get("entry_id") and not data.get("reference"):
            raise BadControl("Say which entry: reference or entry_id.")
        found = [
            (office, row)
            for office in chosen(self._world, str(data.get("division") or ""))
            for row in office["transactions"]
            if row["category"] in RELATION
            and (row["key"] == data["entry_id"] if data.get("entry_id") else row["invoicenumber"] == data["reference"])
            and data.get("kind", row["category"]) == row["category"]
        ]
        if len(found) != 1:
            what = "No entry" if not found else f"{len(found)} entries (add division, kind or entry_id)"
            raise BadControl(f"{what} with {data.get('reference') or data.get('entry_id')}.", 404 if not found else 409)
        return found[0]

    def _shown(self, office: Office, key: str) -> dict[str, Any]:
        return {"division": office.code, **entry(office, office["transactions"].rows[key])}

    def _pay(self, data: dict[str, Any]) -> dict[str, Any]:
        office, row = self._entry(data)
        amount = None if data.get("amount") in (None, "") else Decimal(str(data["amount"]))
        paid = payments.pay(office, row["key"], amount, str(data.get("date") or self._world.today()))
        return {"paid": str(paid), **self._shown(office, row["key"])}

    def _unpay(self, data: dict[str, Any]) -> dict[str, Any]:
        office, row = self._entry(data)
        return {"reopened": str(payments.unpay(office, row["key"])), **self._shown(office, row["key"])}

    def _propose(self, data: dict[str, Any]) -> dict[str, Any]:
        office, row = self._entry(data)
        payments.propose(office, row["key"])
        return self._shown(office, row["key"])

    def _delete_entry(self, data: dict[str, Any]) -> dict[str, Any]:
        office, row = self._entry(data)
        shown = self._shown(office, row["key"])
        remove(office, row["key"], "by hand")
        return {"deleted": shown}

    def _close_period(self, data: dict[str, Any]) -> dict[str, Any]:
        key = f"{int(data['year'])}/{int(data['period']):02d}"
        is_open = not data.get("closed", True)
        for office in chosen(self._world, str(data.get("division") or "")):
            if office["periods"].get(key):
                office.change("periods", key, open=is_open)
        return {"period": key, "closed": not is_open}

    def _touch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change a dimension (code DEB/1000), day book or VAT code as somebody at the tool would.

        With `like` a new one is made: a copy of that one, changed.
        """
        table = str(data["table"])
        if table not in _TABLES:
            raise BadControl(f"table is one of {', '.join(_TABLES)}.")
        office, code = self._office(data), str(data["code"])
        like = office[table].get(str(data.get("like", "")))
        if like is not None and table != "dimensions":
            office.put(table, {**like, "code": code})
        if office[table].get(code) is None:
            raise BadControl("Nothing with this code.", 404)
        if data.get("delete"):
            office.remove(table, code)
        else:
            values = dict(data["values"])
            if table == "dimensions":
                values.setdefault("modified", self._world.moment())
            office.change(table, code, **values)
        return {"changed": 1}

    def _seed(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add `parties` (a number, or a list) and `entries` (a number, or a list); the same ones every time."""
        office = self._office(data)
        parties = data.get("parties") or data.get("accounts") or 0
        rows = [_party(n) for n in range(parties)] if isinstance(parties, int) else list(parties)
        made = []
        for row in rows:
            kind = row.get("type", "DEB")
            code = row.get("code") or free_code(office, kind)
            if not code:
                raise BadControl("The mask has no free code left.", 409)
            add_relation(office, {"modified": self._world.moment(), **_party(0), **row, "type": kind, "code": code})
            made.append(f"{kind}/{code}")
        wanted = data.get("entries") or 0
        documents = _documents(office, wanted) if isinstance(wanted, int) else wanted
        booked = [self._book(office, one) for one in documents]
        return {"accounts": made, "entries": booked}

    @staticmethod
    def _book(office: Office, one: dict[str, Any]) -> str:
        lines = [
            (
                line["account"],
                line.get("vat_code", ""),
                Decimal(str(line["net"])),
                Decimal(str(line.get("vat", "0.00"))),
            )
            for line in one["lines"]
        ]
        row = book(
            office,
            daybook=one.get("journal", "VRK"),
            relation=str(one["relation"]),
            day=one["date"],
            due=one.get("due_date") or one["date"],
            reference=one["reference"],
            currency=one.get("currency", "EUR"),
            credit=bool(one.get("credit")),
            lines=lines,
            location=one.get("location", "temporary"),
        )
        return str(row["key"])


def _party(n: int) -> dict[str, Any]:
    return {
        "name": f"Proefrelatie {n:05d}",
        "street": f"Proefstraat {n % 300 + 1}",
        "postcode": "3511 AA",
        "city": "Utrecht",
        "country": "NL",
        "email": f"post{n:05d}@seeded.example",
    }


def _documents(office: Office, count: int) -> list[dict[str, Any]]:
    """Return `count` invented sales invoices over the customers there are."""
    customers = [row["code"] for row in office["dimensions"].where("type", "DEB") if row["status"] == "active"]
    start = sum(1 for row in office["transactions"] if row["category"] in RELATION)
    found = []
    for n in range(count):
        net = Decimal(1000 + 37 * (n % 900)) / 10
        vat = (net * Decimal("0.21")).quantize(Decimal("0.01"))
        found.append(
            {
                "relation": customers[n % len(customers)],
                "date": f"2026-{2 + n % 9:02d}-{1 + n % 28:02d}",
                "reference": f"SEED{start + n:06d}",
                "lines": [{"account": "8000", "vat_code": "VH", "net": str(net), "vat": str(vat)}],
            }
        )
    return found
