"""The Octopus side of the sandbox: from a request to its answer.

Source: vendor sheet; 404 with a body means "nothing there", 201 and 204 come without a body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..clock import Clock
from ..messages import HTML, Request, Response
from ..store import Row, Store
from ..vendor import Action
from . import balancing, bookings, books, demo, masterdata, relations, switches, values
from .auth import Auth
from .control import Control
from .quotas import Quotas
from .refusals import TEXTS, Malformed, Refusal, empty, ok
from .world import Dossier, World

_PREFIX = "/octopus"
_DOSSIER = re.compile(r"/dossiers/(?P<dossier>\d{1,10})(?P<rest>/.+)\Z")
Answer = Callable[["Call"], Response]


class Call:
    """One call on a dossier, signed in."""

    def __init__(self, dossier: Dossier, request: Request, parts: Mapping[str, str]) -> None:
        self.dossier = dossier
        self.request = request
        self.parts = parts

    def body(self) -> dict[str, Any]:
        """The JSON object of a body. Raises Malformed."""
        try:
            found = json.loads(self.request.body or b"null", parse_float=Decimal)
        except ValueError as exc:
            raise Malformed from exc
        if not isinstance(found, dict):
            raise Malformed
        return found

    def number(self, name: str) -> int:
        """A whole number of the query or the path. Raises Malformed."""
        text = self.parts.get(name) or self.request.params.get(name, "")
        if not re.fullmatch(r"-?\d{1,10}", text):
            raise Malformed
        return int(text)

    def only(self, *names: str) -> None:
        """Raise Malformed when the query holds other parameters."""
        if set(self.request.params) - set(names):
            raise Malformed

    def since(self) -> float:
        """The moment that a `modified` call asks from. Raises Malformed."""
        try:
            return self.dossier.world.moment(self.request.params.get("modifiedTimeStamp", ""))
        except ValueError as exc:
            raise Malformed from exc


class OctopusVendor:
    """Sign-in, operations and control verbs of Octopus."""

    key = "octopus"
    title = "Octopus"
    book_names = frozenset(demo.BOOKS)

    def __init__(self, clock: Clock, store: Store) -> None:
        self.world = World(clock, store)
        self.auth = Auth(self.world)
        self.quotas = Quotas(self.world)
        self._control = Control(self.world, self.auth, self.quotas)
        # method, path below the dossier, quota, answer
        self._routes: tuple[tuple[str, re.Pattern[str], str, Answer], ...] = tuple(
            (method, re.compile(path + r"\Z"), quota, answer)
            for method, path, quota, answer in (
                ("GET", r"/bookyears", "bookyears", self._bookyears),
                ("GET", r"/bookyears/(?P<bookyearId>\d+)", "bookyears", self._bookyear),
                ("GET", r"/bookyears/(?P<bookyearId>\d+)/journals", "journals", self._journals),
                ("GET", r"/accounts", "accounts", self._accounts),
                ("GET", r"/vatcodes", "vatcodes", self._vat_codes),
                ("GET", r"/currencies", "currencies", self._currencies),
                ("GET", r"/relations", "", self._relations),
                ("PUT", r"/relations", "relation put", self._put_relation),
                ("GET", r"/relations/modified", "relations/modified", self._relations_modified),
                ("POST", r"/buysellbookings", "booking post", self._post_booking),
                ("PUT", r"/buysellbookings", "booking put", self._put_booking),
                ("GET", r"/buysellbookings", "booking", self._get_booking),
                ("GET", r"/buysellbookings/modified", "buysellbookings/modified", self._bookings_modified),
                (
                    "POST",
                    r"/bookyears/(?P<bookyearId>\d+)/bookings/attachements",
                    "attachments",
                    self._attach,
                ),
                (
                    "GET",
                    r"/bookyears/(?P<bookyearId>-1|\d+)/bookings/modified",
                    "bookings/modified",
                    self._ledger_modified,
                ),
                ("GET", r"/balancings/modified", "balancings/modified", self._balancings_modified),
                ("POST", r"/balancings", "balancings", self._post_balancing),
                ("DELETE", r"/balancings/delete", "balancings", self._delete_balancing),
                ("POST", r"/reports/(?P<who>clients|suppliers)/open", "reports", self._open_report),
            )
        )

    def begin(self, books_wanted: Sequence[str] | None) -> None:
        """Take up the kept books, or start with the demo's."""
        if not self.world.load():
            demo.load(self.world, books_wanted)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Control verbs; see the package's docstring."""
        return self._control.actions

    def reset(self, books_wanted: Sequence[str] | None) -> None:
        """Start again with fresh demo books, switches, tokens and counts."""
        self.world.empty()
        self.world.store.clear(self.key)
        self.quotas.clear()
        demo.load(self.world, books_wanted)

    def settings(self) -> dict[str, Any]:
        """Return the present switches."""
        return dict(self.world.settings)

    def change_settings(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Set switches."""
        self.world.settings.update(switches.checked(wanted))
        self.world.keep("settings", "settings", self.world.settings)
        return self.settings()

    def books(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Return the whole books."""
        return books.dump(self.world, params)

    def close(self) -> None:
        """Nothing works in the background."""

    def fault(self, kind: str, request: Request) -> Response:
        """Return the service's own answer for an ordered fault; it knows no minute limit."""
        match kind:
            case "expired_token":
                return Refusal(401, "Invalid or expired access token").response()
            case "rate_minute" | "rate_day":
                return Refusal(
                    self.world.settings["quota_status"], "Maximum number of calls per day reached"
                ).response()
        if request.plain_path.endswith("/modified"):
            return self._nothing("Nothing modified found").response()
        return ok([])

    # calls

    def handle(self, request: Request) -> Response:
        """Answer a call; a refusal gets the language of the dossier token here."""
        path = request.plain_path.removeprefix(_PREFIX)
        locale = 1
        try:
            outside = self._outside(request, path)
            if outside is not None:
                return outside
            found = _DOSSIER.match(path)
            route = self._route(request.method, found["rest"]) if found else None
            if found is None or route is None:
                return Response(404, b"<html><body>Not found</body></html>", HTML)
            parts, quota, answer = route
            dossier, token = self.auth.dossier(request, int(found["dossier"]))
            locale = token["locale"] or 1
            if not quota:
                quota = "relations search" if any(request.params.values()) else "relations"
            self.quotas.count(quota, token["user"], dossier.number)
            if request.method != "GET" and quota != "reports":
                self.auth.may_write(token["user"])
            return answer(Call(dossier, request, parts))
        except Refusal as refusal:
            return refusal.response(locale)

    def _route(self, method: str, path: str) -> tuple[dict[str, str], str, Answer] | None:
        for wanted, pattern, quota, answer in self._routes:
            found = pattern.match(path)
            if found and wanted == method:
                return found.groupdict(), quota, answer
        return None

    def _outside(self, request: Request, path: str) -> Response | None:
        """Answer what belongs to no dossier; None for anything else."""
        match request.method, path:
            case "GET", "/about/version":
                return Response(200, b"51.9.17", "text/plain")
            case "POST", "/authentication":
                return ok(self.auth.log_in(request))
            case "GET", "/authentication":
                self.auth.user(request)
                return empty(200)
            case "GET", "/dossiers":
                user = self.auth.user(request)
                self.quotas.count("dossiers", user, None)
                return ok([masterdata.dossier(one) for one in self._visible(user)])
            case "POST", "/dossiers":
                number = request.params.get("dossierId", "")
                user = self.auth.user(request)
                self.quotas.count("dossier token", user, int(number) if number.isdigit() else 0)
                return ok(self.auth.connect(request))
            case "GET", "/error":
                code = request.params.get("errorCode", "")
                self.quotas.count("error", "anyone", None)
                if not re.fullmatch(r"-\d{1,5}", code) or int(code) not in TEXTS:
                    raise Malformed
                raise Refusal(400, "Sample error", int(code))
        return None

    def _visible(self, user: str) -> list[Dossier]:
        barred = self.world.facts
        return [one for number, one in sorted(self.world.dossiers.items()) if not barred.get(f"barred/{user}/{number}")]

    def _nothing(self, text: str) -> Refusal:
        return Refusal(404, text, key=self.world.settings["error_text"])

    def _listed(self, rows: list[Any], what: str) -> Response:
        if not rows:
            raise self._nothing(f"No {what} found")
        return ok(rows)

    # lists

    def _bookyears(self, call: Call) -> Response:
        call.only()
        years = [masterdata.bookyear(row) for row in call.dossier["bookyears"]]
        return self._listed(years, "bookyears")

    def _bookyear(self, call: Call) -> Response:
        row = call.dossier["bookyears"].get(call.number("bookyearId"))
        if row is None:
            raise self._nothing("No bookyear found")
        return ok(masterdata.bookyear_detail(call.dossier, row))

    def _journals(self, call: Call) -> Response:
        call.only()
        rows = call.dossier["journals"].where("bookyear", call.number("bookyearId"))
        # The order is not that of the keys.
        rows.sort(key=lambda row: ("DFAVL".index(row["code"][0]), row["code"]))
        return self._listed([masterdata.journal(row) for row in rows], "journals")

    def _accounts(self, call: Call) -> Response:
        call.only("bookyearId")
        year = call.number("bookyearId")
        known = call.dossier["bookyears"].get(year) is not None
        table = call.dossier["accounts"]
        rows = [masterdata.account(table.rows[key], year) for key in table.sorted_keys()] if known else []
        return self._listed(rows, "accounts")

    def _vat_codes(self, call: Call) -> Response:
        call.only()
        return self._listed(masterdata.vat_codes(call.dossier), "VAT codes")

    def _currencies(self, call: Call) -> Response:
        call.only()
        return ok(call.dossier.info["currencies"])

    # relations

    def _relations(self, call: Call) -> Response:
        table = call.dossier["relations"]
        rows = relations.search(call.dossier, call.request.params)
        if rows is None:
            return ok([relations.shown(table.rows[key]) for key in table.sorted_keys() if table.rows[key]["active"]])
        if not rows and self.world.settings["relation_not_found"] == "404":
            raise self._nothing("No relations found")
        return ok([relations.shown(row) for row in rows])

    def _put_relation(self, call: Call) -> Response:
        created = relations.put(call.dossier, call.body())
        return empty(204) if created is None else ok(relations.shown(created), 201)

    def _relations_modified(self, call: Call) -> Response:
        call.only("modifiedTimeStamp")
        since = call.since()
        rows = call.dossier.changed_since("relations", since)
        if not call.dossier.world.settings["changes_show_inactive"]:
            rows = [row for row in rows if row["active"]]
        modified = [relations.shown(row) for row in rows]
        deleted = call.dossier.deleted_since("relation", since)
        if not modified and not deleted:
            raise self._nothing("No modified relations found")
        return ok({"modified": modified, "deleted": deleted})

    # bookings

    def _post_booking(self, call: Call) -> Response:
        call.only()
        bookings.post(call.dossier, call.body())
        return empty(201)

    def _put_booking(self, call: Call) -> Response:
        bookings.change(call.dossier, call.body())
        return empty(204)

    def _get_booking(self, call: Call) -> Response:
        call.only("bookyearId", "journalKey", "documentSeqNr")
        journal = call.request.params.get("journalKey", "")
        if not journal:
            raise Malformed
        key = bookings.key_of(call.number("bookyearId"), journal, call.number("documentSeqNr"))
        row = call.dossier["bookings"].get(key)
        if row is None:
            raise self._nothing("No booking found")
        return ok(bookings.shown(call.dossier, row))

    def _bookings_modified(self, call: Call) -> Response:
        call.only("bookyearId", "journalKey", "modifiedTimeStamp")
        year, journal, since = call.number("bookyearId"), call.request.params.get("journalKey"), call.since()
        rows = [
            bookings.shown(call.dossier, row)
            for row in call.dossier.changed_since("bookings", since)
            if year in (-1, row["bookyear"]) and journal in (None, "", row["journal"])
        ]
        return self._listed(rows, "modified bookings")

    def _attach(self, call: Call) -> Response:
        headers = call.request.headers
        number = headers.get("documentsequenncenr", "")
        if not headers.get("journalkey") or not number.isdigit():
            raise Malformed
        key = bookings.key_of(call.number("bookyearId"), headers["journalkey"], int(number))
        row = call.dossier["bookings"].get(key)
        if row is None:
            raise Refusal(400, f"Unable to add attachment in dossier {call.dossier.number}.  Booking unknown", -902)
        bookings.attach_later(call.dossier, row, call.body())
        return empty(204)

    def _ledger_modified(self, call: Call) -> Response:
        call.only("journalTypeId", "modifiedTimeStamp", "modifiedTimeStampTo")
        year, kind, since = call.number("bookyearId"), call.number("journalTypeId"), call.since()
        lines = [
            line
            for row in call.dossier.changed_since("bookings", since)
            for line in bookings.ledger_lines(call.dossier, row)
            if year in (-1, row["bookyear"]) and kind in (-1, line["journalType"])
        ]
        gone = [
            key
            for row in call.dossier.deleted_since("booking", since)
            if (key := bookings.document_key(row))
            and year in (-1, row["bookyear"])
            and kind in (-1, key["journalType"])
        ]
        if not lines and not gone:
            raise self._nothing("No modified bookings found")
        return ok({"modifiedBookings": lines, "deletedBookings": gone})

    # matching

    def _balancings_modified(self, call: Call) -> Response:
        call.only("modifiedTimeStamp")
        since = call.since()
        rows = call.dossier.changed_since("balancings", since)
        modified = [balancing.shown(call.dossier, row) for row in rows]
        deleted = call.dossier.deleted_since("balancing", since)
        if not modified and not deleted:
            raise self._nothing("No modified balancings found")
        return ok({"modifiedBalancings": modified, "deletedBalancings": deleted})

    def _post_balancing(self, call: Call) -> Response:
        balancing.insert(call.dossier, call.body())
        return empty(201)

    def _delete_balancing(self, call: Call) -> Response:
        balancing.delete(call.dossier, call.body())
        return empty(204)

    def _open_report(self, call: Call) -> Response:
        body = call.body()
        letter = "V" if call.parts["who"] == "clients" else "A"
        first, last = (values.whole(values.section(body, f"{end}BookyearKey"), "id") for end in ("from", "to"))
        rows: list[Row] = [
            row
            for row in balancing.open_rows(
                call.dossier, letter, values.whole(body, "relationId"), values.whole(body, "externalRelationId")
            )
            if first <= row["bookyearKey"]["id"] <= (last or first)
        ]
        return self._listed(rows, "open documents")
