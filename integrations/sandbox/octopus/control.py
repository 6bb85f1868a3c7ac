"""Control verbs of the Octopus side: what a bookkeeper or an administrator would do in the desktop program."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from ..vendor import Action
from . import balancing, bookings, relations, seeding
from .auth import USERS, Auth
from .books import chosen, entry
from .quotas import Quotas
from .world import Dossier, World


class Control:
    """The verbs under `/_sandbox/` with "vendor": "octopus", by name in `actions`; each takes and returns JSON."""

    def __init__(self, world: World, auth: Auth, quotas: Quotas) -> None:
        self._world, self._auth, self._quotas = world, auth, quotas
        self.actions: Mapping[str, Action] = {
            "pay": self._pay,
            "unpay": self._unpay,
            "match": self._match,
            "delete_entry": self._delete_entry,
            "close_period": self._close_period,
            "lock_journal": self._lock_journal,
            "rights": self._rights,
            "access": self._access,
            "password": self._password,
            "token": self._token,
            "book": self._book,
            "seed": self._seed,
            "touch": self._touch,
            "limits": self._show_limits,
        }

    def _dossiers(self, data: dict[str, Any]) -> list[Dossier]:
        return list(chosen(self._world, str(data.get("division") or "")))

    def _entry(self, data: dict[str, Any]) -> tuple[Dossier, Row]:
        """The one booking that is meant: by entry_id or reference, with division where several fit."""
        wanted, reference = data.get("entry_id"), data.get("reference")
        if not wanted and not reference:
            raise BadControl("Say which entry: reference or entry_id.")
        found = [
            (dossier, row)
            for dossier in self._dossiers(data)
            for row in (
                dossier["bookings"].where("key", wanted) if wanted else dossier["bookings"].where("comment", reference)
            )
        ]
        if len(found) != 1:
            what = "No entry" if not found else f"{len(found)} entries (add division or entry_id)"
            raise BadControl(f"{what} with {reference or wanted}.", 404 if not found else 409)
        return found[0]

    @staticmethod
    def _shown(dossier: Dossier, row: Row) -> dict[str, Any]:
        return {"division": dossier.number, **entry(dossier, row)}

    def _pay(self, data: dict[str, Any]) -> dict[str, Any]:
        dossier, row = self._entry(data)
        amount = None if data.get("amount") in (None, "") else Decimal(str(data["amount"]))
        # Long after the demo's bookyears a payment of "today" goes to the end of the last one.
        last = max(year["end"] for year in dossier["bookyears"])
        paid = balancing.pay(dossier, row, amount, data.get("date") or min(self._world.today(), last))
        return {"paid": str(paid), **self._shown(dossier, row)}

    def _unpay(self, data: dict[str, Any]) -> dict[str, Any]:
        dossier, row = self._entry(data)
        return {"reopened": balancing.unmatch(dossier, row), **self._shown(dossier, row)}

    def _match(self, data: dict[str, Any]) -> dict[str, Any]:
        """Settle an invoice and a credit note: {"reference", "with": reference, "division"}."""
        dossier, first = self._entry(data)
        _, second = self._entry({"reference": data["with"], "division": dossier.number})
        return {"matched": str(balancing.match_notes(dossier, first, second)), **self._shown(dossier, first)}

    def _delete_entry(self, data: dict[str, Any]) -> dict[str, Any]:
        dossier, row = self._entry(data)
        shown = self._shown(dossier, row)
        balancing.unmatch(dossier, row)
        bookings.remove(dossier, row)
        return {"deleted": shown}

    def _close_period(self, data: dict[str, Any]) -> dict[str, Any]:
        """Close or secure journals up to a period key (0 opens), or a whole bookyear with "bookyear_closed"."""
        year = int(data["bookyear"])
        which = "protected" if data.get("secure") else "closed_period"
        for dossier in self._dossiers(data):
            if "bookyear_closed" in data:
                dossier.change("bookyears", year, closed=bool(data["bookyear_closed"]))
                continue
            for row in dossier["journals"].where("bookyear", year):
                if not data.get("journals") or row["code"] in data["journals"]:
                    dossier.change("journals", row["key"], **{which: int(data["until"])})
        return {"bookyear": year, "until": data.get("until")}

    def _lock_journal(self, data: dict[str, Any]) -> dict[str, Any]:
        """Somebody has a journal open in the desktop program, or closed it again ("locked": false)."""
        for dossier in self._dossiers(data):
            self._world.set_fact(f"locked/{dossier.number}/{data['journal']}", data.get("locked", True) or None)
        return {"journal": data["journal"], "locked": data.get("locked", True)}

    def _rights(self, data: dict[str, Any]) -> dict[str, Any]:
        """Let a user only read, or write again ("read_only": false)."""
        user = self._user(data)
        self._world.set_fact(f"read only/{user}", data.get("read_only", True) or None)
        return {"user": user, "read_only": data.get("read_only", True)}

    def _access(self, data: dict[str, Any]) -> dict[str, Any]:
        """Bar a user from a dossier, or let the user in again."""
        user, number = self._user(data), int(data["division"])
        self._world.set_fact(f"barred/{user}/{number}", None if data.get("allowed", False) else True)
        for token, row in list(self._world.tokens.items()):
            if row["user"] == user and row["dossier"] == number:
                del self._world.tokens[token]
        return {"user": user, "division": number, "allowed": data.get("allowed", False)}

    def _password(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change a user's password; shows the failed attempts as well."""
        user = self._user(data)
        if data.get("password"):
            self._world.set_fact(f"password/{user}", str(data["password"]))
        return {"user": user, "failed": int(self._world.facts.get(f"failed/{user}", 0))}

    def _token(self, data: dict[str, Any]) -> dict[str, Any]:
        """Hand out a token without a password, or end them all ("revoke": true)."""
        user = self._user(data)
        if data.get("revoke"):
            self._world.tokens.clear()
            return {"revoked": True}
        return {"token": self._auth.issue(user)}

    @staticmethod
    def _user(data: dict[str, Any]) -> str:
        user = str(data.get("user", "demo@U1"))
        if user not in USERS:
            raise BadControl(f"Unknown user {user}.", 404)
        return user

    def _book(self, data: dict[str, Any]) -> dict[str, Any]:
        """A bookkeeper books a document by hand; the same fields as an entry of `seed`."""
        dossier = self._dossiers({"division": data["division"]})[0]
        return self._shown(dossier, seeding.book(dossier, data))

    def _seed(self, data: dict[str, Any]) -> dict[str, Any]:
        return seeding.seed(self._dossiers({"division": data["division"]})[0], data)

    def _touch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change a row as somebody at the tool would, or delete a relation."""
        tables = {
            "relations": "id",
            "accounts": "number",
            "vatcodes": "code",
            "journals": "code",
            "bookings": "comment",
        }
        table = str(data["table"])
        if table not in tables:
            raise BadControl(f"table is one of {', '.join(tables)}.")
        changed = 0
        for dossier in self._dossiers(data):
            for row in dossier[table].where(tables[table], data["code"]):
                if data.get("bookyear") not in (None, row.get("bookyear")):
                    continue
                key = row[dossier[table].key]
                if data.get("delete"):
                    self._remove(dossier, table, row, key)
                else:
                    values = {name: _exact(value) for name, value in data["values"].items()}
                    dossier.change(table, key, **values)
                changed += 1
        if not changed:
            raise BadControl("Nothing with this code.", 404)
        return {"changed": changed}

    @staticmethod
    def _remove(dossier: Dossier, table: str, row: Row, key: Any) -> None:
        dossier.remove(table, key)
        if table == "relations":
            dossier.note_deleted("relation", relations.shown(row))

    def _show_limits(self, data: dict[str, Any]) -> dict[str, object]:
        """Show today's counts; with {"clear": true} forget them."""
        if data.get("clear"):
            self._quotas.clear()
        return {"calls": self._quotas.state()}


def _exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value
