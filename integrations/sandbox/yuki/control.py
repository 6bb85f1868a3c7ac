"""Control verbs of the Yuki side: what a bookkeeper or an administrator would do at the tool's own screens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from ..vendor import Action
from . import demo, entries
from .books import chosen, entry, entry_id
from .sales import cents
from .sessions import Calls
from .world import Administration, World, derived_id

_CITIES = (("9000", "Gent"), ("2000", "Antwerpen"), ("3000", "Leuven"), ("8000", "Brugge"), ("9300", "Aalst"))


class Control:
    """The verbs under `/_sandbox/`, by name in `actions`; each takes and returns JSON."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world, self._calls = world, calls
        self.actions: Mapping[str, Action] = {
            "pay": self._pay,
            "unpay": self._unpay,
            "hide": self._hide,
            "delete_entry": self._delete_entry,
            "close_period": self._close_period,
            "touch": self._touch,
            "seed": self._seed,
            "key": self._key,
            "drop_sessions": self._drop_sessions,
            "book_upload": self._book_upload,
            "refile": self._refile,
            "limits": self._limits,
        }

    def _one(self, data: dict[str, Any]) -> Administration:
        found = list(chosen(self._world, str(data.get("division") or "")))
        if len(found) != 1 and data.get("division"):
            raise BadControl("Say which administration: division.")
        return found[0]

    def _entry(self, data: dict[str, Any]) -> tuple[Administration, Row]:
        """Return the one booking that is meant: by entry_id, or by reference with division and kind when needed."""
        if not data.get("entry_id") and not data.get("reference"):
            raise BadControl("Say which entry: reference or entry_id.")
        found = [
            (one, row)
            for one in chosen(self._world, str(data.get("division") or ""))
            for row in one["entries"]
            if data.get("kind", row["kind"]) == row["kind"]
            and (entry_id(row) == data["entry_id"] if data.get("entry_id") else row["reference"] == data["reference"])
        ]
        if len(found) != 1:
            what = "No entry" if not found else f"{len(found)} entries (add division, kind or entry_id)"
            raise BadControl(f"{what} with {data.get('reference') or data.get('entry_id')}.", 404 if not found else 409)
        return found[0]

    @staticmethod
    def _shown(one: Administration, row: Row) -> dict[str, Any]:
        return {"division": one.key, **entry(one, one["entries"].rows[row["ID"]])}

    def _pay(self, data: dict[str, Any]) -> dict[str, Any]:
        one, row = self._entry(data)
        amount = None if data.get("amount") in (None, "") else Decimal(str(data["amount"]))
        paid = entries.pay(one, row, amount, str(data.get("date") or self._world.today()))
        return {"paid": str(abs(paid)), **self._shown(one, row)}

    def _unpay(self, data: dict[str, Any]) -> dict[str, Any]:
        one, row = self._entry(data)
        entries.unpay(one, row)
        return self._shown(one, row)

    def _hide(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take a booking from the list of open items without any matching, as happens while Yuki works on it."""
        one, row = self._entry(data)
        one.change("entries", row["ID"], hidden=bool(data.get("hidden", True)))
        return self._shown(one, row)

    def _delete_entry(self, data: dict[str, Any]) -> dict[str, Any]:
        one, row = self._entry(data)
        shown = self._shown(one, row)
        entries.remove(one, row)
        return {"deleted": shown}

    def _close_period(self, data: dict[str, Any]) -> dict[str, Any]:
        """Lock an administration up to a day, {"until"}, or up to the end of {"year", "period"}."""
        until = data.get("until") or f"{int(data['year'])}-{int(data['period']):02d}-31"
        for one in chosen(self._world, str(data.get("division") or "")):
            one.info["locked_until"] = until
            one.keep_info()
        return {"until": until}

    def _touch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change or delete a ledger account, VAT code or contact as somebody at the tool would."""
        table, code = str(data["table"]), str(data["code"])
        columns = {"accounts": "code", "vatcodes": "description", "contacts": "Code"}
        if table not in columns:
            raise BadControl(f"table is one of {', '.join(columns)}.")
        one = self._one(data)
        scope = one.domain if table == "contacts" else one
        rows = scope[table].where(columns[table], code) or (
            scope[table].where("ID", code) if table == "contacts" else []
        )
        for row in rows:
            key = row[scope[table].key]
            if data.get("delete"):
                scope.remove(table, key)
            else:
                now = {"Modified": self._world.local_now().isoformat()} if table == "contacts" else {}
                scope.change(table, key, **data["values"], **now)
        if not rows:
            raise BadControl("Nothing with this code.", 404)
        return {"changed": len(rows)}

    def _key(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add an access key (or change one): {"key", "division", "administrations", "services", "delete", "more"}."""
        key = str(data["key"]).lower()
        if data.get("delete"):
            self._world.keys.pop(key, None)
            self._world.drop("key", key)
            return {"key": key, "deleted": True}
        domain = self._world.keys[key]["domain"] if key in self._world.keys else self._one(data).domain.key
        demo.add_key(self._world, key, domain, data.get("administrations"), data.get("services"))
        if data.get("more"):
            self._world.keys[key]["more"] = list(data["more"])
            self._world.keep("key", key, self._world.keys[key])
        return {"key": key, "domain": domain}

    def _drop_sessions(self, data: dict[str, Any]) -> dict[str, Any]:
        """End every session before its time."""
        ended = list(self._world.sessions)
        for session in ended:
            self._world.drop("session", session)
        self._world.sessions.clear()
        return {"ended": len(ended)}

    def _book_upload(self, data: dict[str, Any]) -> dict[str, Any]:
        """Book an uploaded document: {"document" | "file_name", "contact", "reference", "date", "lines"}."""
        one = self._one(data)
        archive = one.domain["archive"]
        found = [row for row in archive if data.get("document") in (row["ID"], row["file_name"])]
        if len(found) != 1:
            raise BadControl("No such upload.", 404)
        row = entries.make(
            one,
            kind="purchase",
            document_id=found[0]["ID"],
            reference=str(data["reference"]),
            subject=str(data["reference"]),
            day=str(data["date"]),
            due=str(data.get("due_date") or data["date"]),
            contact=self._contact(one, data["contact"])["ID"],
            lines=[demo.line_of(*line) for line in data["lines"]],
        )
        return self._shown(one, row)

    def _refile(self, data: dict[str, Any]) -> dict[str, Any]:
        """Move a document of the archive, rename or delete it: {"document" | "file_name", "folder", "rename", "delete"}."""
        domain = self._one(data).domain
        wanted = (data.get("document"), data.get("file_name"))
        found = [row for row in domain["archive"] if row["ID"] == wanted[0] or row["file_name"] == wanted[1]]
        if len(found) != 1:
            raise BadControl("No such upload.", 404)
        (row,) = found
        if data.get("delete"):
            domain.remove("archive", row["ID"])
        else:
            domain.change(
                "archive",
                row["ID"],
                folder=int(data.get("folder") or row["folder"]),
                file_name=str(data.get("rename") or row["file_name"]),
                modified=self._world.local_now().isoformat(),
            )
        return {"document": row["ID"]}

    def _limits(self, data: dict[str, Any]) -> dict[str, Any]:
        """Show the calls of today; {"clear": true} forgets them, {"spend": n} counts calls of other integrations."""
        if data.get("clear"):
            self._calls.clear()
        for domain in self._world.domains:
            if data.get("spend"):
                self._calls.spend(domain, int(data["spend"]))
        return {"calls": {domain: self._calls.used(domain) for domain in self._world.domains}}

    # seeding

    def _seed(self, data: dict[str, Any]) -> dict[str, Any]:
        """Add `accounts` (contacts) and `entries`, each a number or a list of objects."""
        one = self._one(data)
        wanted = data.get("accounts") or 0
        last = max((int(row["HID"]) for row in one.domain["contacts"]), default=999)
        given = [_numbered(n) for n in range(wanted)] if isinstance(wanted, int) else wanted
        made = []
        for place, row in enumerate(given, start=1):
            key = row.get("id") or derived_id(one.domain.key, "seeded", last + place, row["name"])
            demo.put_contact(one.domain, {"hid": last + place, **row, "id": key})
            made.append(key)
        documents = data.get("entries") or []
        if isinstance(documents, int):
            documents = self._documents(one, documents)
        booked = [self._book(one, document)["ID"] for document in documents]
        return {
            "accounts": made if len(made) <= 1000 else len(made),
            "entries": booked if len(booked) <= 1000 else len(booked),
        }

    @staticmethod
    def _contact(one: Administration, wanted: str) -> Row:
        contacts = one.domain["contacts"]
        found = contacts.where("ID", wanted) or contacts.where("Code", wanted) or contacts.where("Name", wanted)
        if len(found) != 1:
            raise BadControl(f"Contact {wanted!r} is not there, or more than once.", 404)
        return found[0]

    def _book(self, one: Administration, document: dict[str, Any]) -> Row:
        day = str(document.get("date") or self._world.today())
        return entries.make(
            one,
            kind="purchase" if str(document.get("kind", "")).startswith("purchase") else "sales",
            reference=str(document["reference"]),
            subject=str(document["reference"]),
            day=day,
            due=str(document.get("due_date") or day),
            contact=self._contact(one, document["relation"])["ID"],
            lines=[demo.line_of(*line) for line in document["lines"]],
        )

    def _documents(self, one: Administration, count: int) -> list[dict[str, Any]]:
        """Return `count` invented sales invoices over the customers there are."""
        customers = [row["ID"] for row in one.domain["contacts"] if row["IsCustomer"]]
        account = one.account_of("revenue")
        start = len(one["entries"])
        return [
            {
                "relation": customers[n % len(customers)],
                "date": f"2026-{2 + n % 9:02d}-{1 + n % 28:02d}",
                "reference": f"SEED{start + n:06d}",
                "lines": [_standard_line(account, n)],
            }
            for n in range(count)
        ]


def _numbered(n: int) -> dict[str, Any]:
    """Return the n-th invented contact; every third one is a supplier too."""
    postcode, city = _CITIES[n % len(_CITIES)]
    return {
        "name": f"Proefklant {n:05d}",
        "code": f"S{n:05d}" if n % 2 else "",
        "roles": ["customer", "supplier"] if n % 3 == 0 else ["customer"],
        "street": f"Proefstraat {n % 300 + 1}",
        "postcode": postcode,
        "city": city,
        "country": "BE",
        "email": f"post{n:05d}@seeded.example",
    }


def _standard_line(account: str, n: int) -> list[str]:
    net = Decimal(1000 + 37 * (n % 900)) / 10
    return [account, "1:21.00", str(net), str(cents(net * 21 / 100))]
