"""Control verbs of the Exact side: what a bookkeeper or an administrator would do at the tool's own screens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from ..vendor import Action
from . import entries, seeding, terms
from .auth import APPS, USERS, Auth
from .books import chosen, entry
from .kind import KINDS, Kind
from .limits import Limits
from .relations import create_contact
from .world import Division, World


class Control:
    """The verbs under `/_sandbox/`, by name in `actions`; each takes and returns JSON."""

    def __init__(self, world: World, auth: Auth, limits: Limits) -> None:
        self._world, self._auth, self._limits = world, auth, limits
        self.actions: Mapping[str, Action] = {
            "pay": self._pay,
            "unpay": self._unpay,
            "term_status": self._term_status,
            "delete_entry": self._delete_entry,
            "process_entry": self._process_entry,
            "close_period": self._close_period,
            "rights": self._rights,
            "access": self._access,
            "current": self._current,
            "token": self._token,
            "seed": self._seed,
            "touch": self._touch,
            "contact": self._contact,
            "limits": self._show_limits,
            "move_division": self._move_division,
        }

    def has_right(self, user: str, division: int, resource: str, action: str) -> bool:
        """Whether a user may; everything is allowed until taken away. Bulk and sync follow the plain resource."""
        return self._world.rights.get(_right(user, division, resource, action), True)

    def _rights(self, data: dict[str, Any]) -> dict[str, Any]:
        user, resource = str(data.get("user", "demo")), str(data["resource"])
        allowed = bool(data.get("allowed", False))
        if user not in USERS:
            raise BadControl(f"Unknown user {user}.", 404)
        for division in self._divisions(data):
            for action in data.get("actions", ["GET", "POST", "PUT", "DELETE"]):
                key = _right(user, division.code, resource, str(action))
                self._world.rights[key] = allowed
                self._world.keep("rights", key, allowed)
        return {"user": user, "resource": resource, "allowed": allowed}

    def _access(self, data: dict[str, Any]) -> dict[str, Any]:
        """Bar a user from a division, or let the user in again; the reason goes out in the `Reason` header."""
        user, code = str(data.get("user", "demo")), int(data["division"])
        key = f"{user}/{code}"
        if data.get("allowed", False):
            self._world.barred.pop(key, None)
            self._world.drop("barred", key)
        else:
            self._world.barred[key] = str(data.get("reason", "NoDivisionAccess"))
            self._world.keep("barred", key, self._world.barred[key])
        return {"user": user, "division": code, "reason": self._world.barred.get(key)}

    def _current(self, data: dict[str, Any]) -> dict[str, Any]:
        """Open another division in the tool's screens: CurrentDivision of Me follows."""
        user, code = str(data.get("user", "demo")), int(data["division"])
        if code not in self._world.divisions:
            raise BadControl(f"Unknown division {code}.", 404)
        self._world.current[user] = code
        self._world.keep("current", user, code)
        return {"user": user, "division": code}

    def _token(self, data: dict[str, Any]) -> dict[str, Any]:
        """Hand out tokens without the consent page."""
        client, user = str(data.get("client_id", "demo-client")), str(data.get("user", "demo"))
        if client not in APPS or user not in USERS:
            raise BadControl("Unknown app or user.", 404)
        pair: dict[str, Any] = json.loads(self._auth.issue(client, user).body)
        return pair

    def _show_limits(self, data: dict[str, Any]) -> dict[str, object]:
        """Show the counts; with {"clear": true} forget them and all blocks."""
        if data.get("clear"):
            self._limits.clear()
        return self._limits.state()

    def _divisions(self, data: dict[str, Any]) -> list[Division]:
        return list(chosen(self._world, str(data.get("division") or "")))

    def _entry(self, data: dict[str, Any]) -> tuple[Division, Kind, Row]:
        """Return the one entry that is meant: by entry_id, or by reference with division and kind when needed."""
        if not data.get("entry_id") and not data.get("reference"):
            raise BadControl("Say which entry: reference or entry_id.")
        found: list[tuple[Division, Kind, Row]] = []
        for division in self._divisions(data):
            for kind in KINDS:
                if data.get("kind", kind.name) != kind.name:
                    continue
                table = division[kind.entries]
                keys = (
                    table.lookup("EntryID", data["entry_id"])
                    if data.get("entry_id")
                    else table.lookup("YourRef", data["reference"])
                )
                found.extend((division, kind, table.rows[key]) for key in keys)
        if len(found) != 1:
            what = "No entry" if not found else f"{len(found)} entries (add division, kind or entry_id)"
            raise BadControl(f"{what} with {data.get('reference') or data.get('entry_id')}.", 404 if not found else 409)
        return found[0]

    def _shown(self, division: Division, kind: Kind, row: Row) -> dict[str, Any]:
        return {"division": division.code, **entry(division, kind, division[kind.entries].rows[row["EntryID"]])}

    def _pay(self, data: dict[str, Any]) -> dict[str, Any]:
        division, kind, row = self._entry(data)
        amount = None if data.get("amount") in (None, "") else Decimal(str(data["amount"]))
        day = f"{data['date']}T00:00:00" if data.get("date") else self._world.today()
        paid = terms.pay(division, row["EntryID"], amount, day)
        return {"paid": str(paid), **self._shown(division, kind, row)}

    def _unpay(self, data: dict[str, Any]) -> dict[str, Any]:
        division, kind, row = self._entry(data)
        return {"reopened": terms.unpay(division, row["EntryID"]), **self._shown(division, kind, row)}

    def _term_status(self, data: dict[str, Any]) -> dict[str, Any]:
        division, kind, row = self._entry(data)
        if data.get("status") not in terms.OPEN_TERM:
            raise BadControl("status is 20, 30 or 40; 50 comes from pay.")
        return {
            "changed": terms.set_status(division, row["EntryID"], data["status"]),
            **self._shown(division, kind, row),
        }

    def _delete_entry(self, data: dict[str, Any]) -> dict[str, Any]:
        division, kind, row = self._entry(data)
        shown = self._shown(division, kind, row)
        entries.remove(division, kind, row, force=True)
        return {"deleted": shown}

    def _process_entry(self, data: dict[str, Any]) -> dict[str, Any]:
        division, kind, row = self._entry(data)
        division.change(kind.entries, row["EntryID"], Status=entries.PROCESSED, StatusDescription="Processed")
        return self._shown(division, kind, row)

    def _close_period(self, data: dict[str, Any]) -> dict[str, Any]:
        closed = bool(data.get("closed", True))
        year, period = int(data["year"]), int(data["period"])
        journals = [str(code) for code in data.get("journals") or ["*"]]
        for division in self._divisions(data):
            if journals == ["*"]:
                # A decision for all journals replaces those for single ones.
                for key in [key for key in division["closed"].rows if str(key).endswith(f"/{year}/{period}")]:
                    division.remove("closed", key)
            for journal in journals:
                division.set_closed(journal, year, period, closed)
        return {"year": year, "period": period, "journals": journals, "closed": closed}

    def _touch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change a relation or a catalogue row as somebody at the tool would; null values included."""
        tables = {
            "accounts": "Code",
            "glaccounts": "Code",
            "journals": "Code",
            "vatcodes": "Code",
            "paymentconditions": "Code",
        }
        table = str(data["table"])
        if table not in tables:
            raise BadControl(f"table is one of {', '.join(tables)}.")
        changed = 0
        for division in self._divisions(data):
            code = str(data["code"]).rjust(18) if table == "accounts" else str(data["code"])
            for row in division[table].where("Code", code):
                if data.get("delete"):
                    division.remove(table, row["ID"])
                    if entity := {"accounts": 2, "glaccounts": 7}.get(table):
                        division.note_deleted(entity, row["ID"])
                else:
                    division.change(table, row["ID"], **{key: _exact(value) for key, value in data["values"].items()})
                changed += 1
        if not changed:
            raise BadControl("Nothing with this code.", 404)
        return {"changed": changed}

    def _contact(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add a contact person to the account with `code`, as somebody at the tool would."""
        division = self._divisions(data)[0]
        accounts = division["accounts"].where("Code", str(data["code"]).rjust(18))
        if not accounts:
            raise BadControl("Nothing with this code.", 404)
        return {"id": create_contact(division, {**data["values"], "Account": accounts[0]["ID"]})["ID"]}

    def _move_division(self, data: dict[str, Any]) -> dict[str, Any]:
        """Move a division to another server: every row gets a new row version and DivisionMoveDate is set."""
        for division in self._divisions(data):
            division.info["moved"] = self._world.today()
            self._world.store.put("exact", str(division.code), "division", "division", division.info)
            for table in ("accounts", "contacts", "glaccounts", "terms", "translines"):
                for row in list(division[table]):
                    division.change(table, row["ID"])
        return {"moved": self._world.today()[:10]}

    def _seed(self, data: dict[str, Any]) -> dict[str, Any]:
        return seeding.seed(self._divisions({"division": data["division"]})[0], data)


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


def _right(user: str, division: int, resource: str, action: str) -> str:
    name = resource.lower()
    for prefix in ("bulk/", "sync/"):
        name = name.removeprefix(prefix)
    return f"{user}/{division}/{name}/{action.upper()}"
