"""The Twinfield side of the sandbox: from a request to its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import Clock
from ..messages import Request, Response
from ..store import Store
from ..vendor import Action
from . import books, demo, finder, periods, processxml, soap, switches
from .auth import Auth
from .control import Control
from .credits import QUERY, QUERY_ROOTS, WRITE, Credits
from .markup import NotXml, child, local, parse, written
from .soap import Call, Fault
from .world import Office, World

_LOGIN = "/twinfield/auth/"
_SERVICES = "/twinfield/cluster/webservices/"


class TwinfieldVendor:
    """Sign-in, web services and control verbs of Twinfield."""

    key = "twinfield"
    title = "Twinfield"
    book_names = demo.BOOKS

    def __init__(self, clock: Clock, store: Store) -> None:
        self.world = World(clock, store)
        self.auth = Auth(self.world)
        self.credits = Credits(self.world)
        self._control = Control(self.world, self.auth, self.credits)

    def begin(self, books_wanted: Sequence[str] | None) -> None:
        """Take up the kept books, or start with the demo's."""
        if not self.world.load():
            demo.load(self.world, books_wanted)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Control verbs; see the docstring of `integrations.sandbox`."""
        return self._control.actions

    def reset(self, books_wanted: Sequence[str] | None) -> None:
        """Start again with fresh demo books, switches, tokens and counts."""
        self.world.empty()
        self.world.store.clear(self.key)
        self.credits.clear()
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
        """Nothing runs in the background."""

    def fault(self, kind: str, request: Request) -> Response:
        """Return the service's own answer for an ordered fault."""
        match kind:
            case "expired_token":
                return soap.fault(354, "ProcessXmlString", how=self.world.settings["token_fault"])
            case "rate_minute" | "rate_day":
                return self.credits.refusal()
        return self._empty(request)

    def _empty(self, request: Request) -> Response:
        """Return a list without rows, of the kind that was asked for."""
        path = request.plain_path.removeprefix(_SERVICES)
        if path == "finder.asmx":
            return soap.answer(finder.rendered([], [], 0))
        if path == "PeriodService.svc":
            return soap.answer(periods.rendered("GetYears", ""))
        if b"columns" in request.body:
            return soap.result('<browse result="1" first="0" last="0" total="0"/>')
        return soap.result('<dimensions result="1"/>')

    # calls

    def handle(self, request: Request) -> Response:
        """Answer a call."""
        path = request.plain_path
        if path.startswith(_LOGIN):
            return self.auth.handle(path.removeprefix("/twinfield"), request)
        if not path.startswith(_SERVICES):
            return Response(404)
        service = path.removeprefix(_SERVICES)
        if request.method != "POST" or service not in ("processxml.asmx", "finder.asmx", "PeriodService.svc"):
            return Response(404 if request.method == "POST" else 405)
        if not request.headers.get("content-type", "").startswith(("text/xml", "application/soap+xml")):
            return Response(415)
        where = service.partition(".")[0]
        client, cost = "", QUERY
        try:
            call = soap.read(request)
            where = call.operation
            row = self.auth.row_of(call.token)
            if row is None:
                return soap.fault(354 if call.token else 101, where, how=self.world.settings["token_fault"])
            client = str(row["client"])
            cost = _cost(call)
            if (refused := self.credits.spend(client, cost)) is not None:
                return refused
            scopes = row["scopes"]
            if not isinstance(scopes, list) or "twf.organisationUser" not in scopes:
                raise Fault(351)
            response = self._answer(service, call, str(row["user"]))
        except Fault as refusal:
            response = soap.fault(refusal.code, where, refusal.text)
        response.headers.extend(self.credits.headers(client, cost))
        return response

    def _answer(self, service: str, call: Call, user: str) -> Response:
        if self.world.settings["need_company_id"] and service != "PeriodService.svc" and not call.has_company_id:
            return Response(400)
        if service == "finder.asmx":
            return finder.search(self.world, self._office(call, user), call, user)
        if service == "PeriodService.svc":
            return periods.query(self._office(call, user), call)
        if call.operation != "ProcessXmlString":
            raise Fault(187)
        holder = child(call.body, "xmlRequest")
        if holder is None or len(holder):
            raise Fault(187)  # the document has to be text
        try:
            document = parse(holder.text or "")
        except NotXml as exc:
            raise Fault(187) from exc
        office = None if processxml.is_list_of_offices(document) else self._office(call, user)
        answer = processxml.process(self.world, office, document, user)
        return answer if isinstance(answer, Response) else soap.result(written(answer))

    def _office(self, call: Call, user: str) -> Office:
        if not call.company:
            raise Fault(359)
        office = self.world.offices.get(call.company)
        if office is None or self.world.barred.get(f"{user}/{call.company}"):
            raise Fault(102)
        return office


def _cost(call: Call) -> int:
    """Return the credits of a call: a query one, all else three."""
    if call.operation != "ProcessXmlString":
        return QUERY if call.operation.startswith(("Get", "Query", "Search", "Load")) else WRITE
    holder = child(call.body, "xmlRequest")
    try:
        root = local(parse((holder.text if holder is not None else "") or ""))
    except NotXml:
        return WRITE
    return QUERY if root in QUERY_ROOTS else WRITE
