"""The Exact side of the sandbox: from a request to its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import Clock
from ..messages import JSON, Request, Response
from ..store import Row, Store
from ..vendor import Action
from . import books, demo, switches
from .auth import Auth
from .bodies import body_of, typed
from .control import Control
from .facts import Resource, resources
from .limits import Limits
from .odata import Condition
from .query import Answer, Options, find, next_link, parse_options, run, whole
from .refusals import Business, Malformed, Refusal, Stream
from .render import atom
from .views import NAVIGATION
from .webhooks import Webhooks
from .world import Division, World, inside
from .writes import WRITERS, Writer, not_offered

_PREFIX = "/exact"
_PATH = re.compile(
    r"(?P<resource>[A-Za-z]+(?:/[A-Za-z]+)*)(?:\((?P<key>[^)]*)\))?(?:/(?P<rest>\$count|\$metadata|[A-Za-z]+))?/?\Z"
)
# Resources that stand outside a division
_DIVISIONLESS = frozenset({"current/me", "system/users"})
_LONGEST_ADDRESS = 6000  # characters after encoding; the status of a longer one is not documented
_LARGEST_BODY = 14 * 1024 * 1024  # 10 MB of binary data, written in base64
Who = tuple[str, str]


class ExactVendor:
    """Sign-in, resources and control verbs of Exact Online."""

    key = "exact"
    title = "Exact Online"
    book_names = frozenset(demo.BOOKS)

    def __init__(self, clock: Clock, store: Store) -> None:
        self.world = World(clock, store)
        self.auth = Auth(self.world)
        self.limits = Limits(self.world)
        self._webhooks = Webhooks()
        self.world.on_change = self._webhooks.changed
        self._control = Control(self.world, self.auth, self.limits)

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
        self.limits.clear()
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
        """Stop sending notices."""
        self._webhooks.close()

    def fault(self, kind: str, request: Request) -> Response:
        """Return the service's own answer for an ordered fault."""
        match kind:
            case "expired_token":
                return self._unauthorised()
            case "rate_minute":
                return self.limits.over_minute()
            case "rate_day":
                return self.limits.over_day()
        return Response(200, b'{"d":{"results":[]}}', JSON)

    # calls

    def handle(self, request: Request) -> Response:
        """Answer a call; business refusals get their language here."""
        path = request.plain_path.removeprefix(_PREFIX)
        if path.startswith("/api/oauth2/"):
            return self.auth.handle(path, request)
        if not path.startswith("/api/v1/"):
            return Response(404)
        if len(request.path) + len(request.query) > _LONGEST_ADDRESS:
            return Response(414)
        if len(request.body) > _LARGEST_BODY:
            return Response(413)
        who, valid = self.auth.caller(request)
        segments = path.removeprefix("/api/v1/").split("/", 1)
        code = int(segments[0]) if segments[0].isdigit() and len(segments) == 2 else None
        rest = segments[1] if code is not None else path.removeprefix("/api/v1/")
        found = _PATH.match(rest)
        endpoint = found["resource"].lower() if found else rest.lower()
        if who is None:
            return self._unauthorised()
        if not valid:
            return self._counted(who, code, endpoint, self._unauthorised())
        if code is not None:
            refused = self.limits.count(who[0], code)
            if refused is not None:
                return refused
            if self.limits.blocked(*who, code, endpoint):
                return Response(429)
        try:
            response = self._answer(request, who, code, found, endpoint)
        except Business as refusal:
            response = refusal.in_language(self.world.settings["language"]).response()
        except Refusal as refusal:
            response = refusal.response()
        if code is not None:
            response.headers.extend(self.limits.headers(who[0], code))
        return self._counted(who, code, endpoint, response)

    @staticmethod
    def _unauthorised() -> Response:
        return Response(401, b"", "", [("WWW-Authenticate", "Bearer")])

    def _counted(self, who: Who, code: int | None, endpoint: str, response: Response) -> Response:
        self.limits.note(*who, code or 0, endpoint, response.status)
        return response

    def _answer(
        self, request: Request, who: Who, code: int | None, found: re.Match[str] | None, endpoint: str
    ) -> Response:
        division = self._division(who[1], code, endpoint)
        if found is None:
            raise Refusal(404, "Resource not found for the segment.")
        if endpoint == "users/userhasrights":
            return self._rights(request, who[1], division)
        resource = resources().get(endpoint)
        navigation = found["rest"] or ""
        if resource is None:
            raise Refusal(404, f"Resource not found for the segment '{endpoint.rpartition('/')[2]}'.")
        scope = resource.scope
        if scope in self.world.settings["missing_scopes"]:
            verb = "read" if request.method == "GET" else "manage"
            raise Refusal(
                403, f"Forbidden - Application Scope Violated. Cannot {verb} '{scope.replace(' ', '.')}' scope."
            )
        if navigation == "$metadata":
            return self._metadata(resource)
        if request.method not in ("GET", "POST", "PUT", "DELETE") or request.method not in resource.methods:
            return Response(405, b"", "", [("Allow", ", ".join(sorted(resource.methods)))])
        allowed = self._control.has_right(who[1], code or 0, resource.path, request.method)
        if request.method == "GET":
            return self._read(request, who, division, resource, found["key"], navigation, allowed)
        if not allowed:
            raise Refusal(403, "Forbidden")
        return self._write(request, who, inside(division), resource, found["key"])

    def _division(self, user: str, code: int | None, endpoint: str) -> Division | None:
        if endpoint in _DIVISIONLESS:
            if code is not None:
                raise Refusal(501, "A division cannot be given for this resource.")
            return None
        if code is None:
            raise Refusal(404, "Resource not found: the address lacks a division.")
        reason = self.world.barred.get(f"{user}/{code}")
        if code not in self.world.divisions or reason:
            raise Refusal(403, "Forbidden", reason or "NoDivisionAccess")
        return self.world.divisions[code]

    def _rights(self, request: Request, user: str, division: Division | None) -> Response:
        if request.method != "GET":
            return Response(405)
        endpoint = request.params.get("endpoint", "").strip("'")
        action = request.params.get("action", "").strip("'").upper()
        if not endpoint or action not in ("GET", "POST", "PUT", "DELETE"):
            raise Malformed("The parameters endpoint and action are needed.")
        resource = resources().get(endpoint.lower())
        answer = bool(resource) and self._control.has_right(user, inside(division).code, endpoint, action)
        match self.world.settings["rights_shape"]:
            case "bare":
                data: Any = {"d": answer}
            case "list":
                data = {"d": {"results": [{"UserHasRights": answer}]}}
            case "text":
                data = answer
            case _:
                data = {"d": {"UserHasRights": answer}}
        return _json(data)

    @staticmethod
    def _metadata(resource: Resource) -> Response:
        kinds = {"int16": "Int16", "int32": "Int32", "int64": "Int64", "bool": "Boolean", "date": "DateTime"}
        properties = "".join(
            f'<Property Name="{name}" Type="Edm.{kinds.get(prop.kind, prop.kind.capitalize())}"/>'
            for name, prop in resource.properties.items()
            if prop.readable and prop.kind != "nav"
        )
        entity = f'<EntityType Name="{resource.name}">{properties}</EntityType>'
        text = f'<?xml version="1.0" encoding="utf-8"?><Schema>{entity}</Schema>'
        return Response(200, text.encode(), "application/xml; charset=utf-8")

    # reading

    def _read(
        self,
        request: Request,
        who: Who,
        division: Division | None,
        resource: Resource,
        key: str | None,
        navigation: str,
        allowed: bool,
    ) -> Response:
        user = who[1]
        if key is not None and navigation and navigation != "$count":
            return self._children(request, who, division, resource, key, navigation)
        options = parse_options(resource, request, self.world, single=key is not None or navigation == "$count")
        root = self._root(request, division)
        if key is not None:
            row = find(self.world, division, user, resource, key) if allowed else None
            if row is None:
                raise Refusal(404, f"Resource not found for the segment '{resource.name}'.")
            return self._entity(
                request, resource, Answer(self.world, division, user, resource, options, root).entity(row)
            )
        if navigation == "$count":
            options.count = True
            options.top = 0
            total = run(self.world, division, user, resource, options).total if allowed else 0
            return Response(200, str(total).encode(), "text/plain; charset=utf-8")
        return self._list(request, who, division, resource, options, allowed)

    def _list(
        self, request: Request, who: Who, division: Division | None, resource: Resource, options: Options, allowed: bool
    ) -> Response:
        answer = Answer(self.world, division, who[1], resource, options, self._root(request, division))
        # A missing right to read looks like an empty list.
        page = run(self.world, division, who[1], resource, options) if allowed else None
        rows = [answer.entity(row) for row in page.rows] if page else []
        if not self._wants_json(request):
            return Response(200, atom(resource, rows), "application/atom+xml;type=feed;charset=utf-8")
        how = self.world.settings["bare_arrays"]
        if (
            not options.count
            and (how == "always" or (how == "top" and options.top is not None))
            and not (page and page.next_token)
        ):
            return _json({"d": rows})
        inner: dict[str, Any] = {}
        if options.count:
            inner["__count"] = str(page.total if page else 0)
        inner["results"] = rows
        if page and page.next_token:
            inner["__next"] = next_link(request, page.next_token)
        return _json({"d": inner})

    def _children(
        self, request: Request, who: Who, division: Division | None, resource: Resource, key: str, navigation: str
    ) -> Response:
        place = next(
            (
                value
                for (path, name), value in NAVIGATION.items()
                if path == resource.path.lower() and name.lower() == navigation.lower()
            ),
            None,
        )
        row = find(self.world, division, who[1], resource, key)
        if place is None or row is None:
            raise Refusal(404, f"Resource not found for the segment '{navigation or resource.name}'.")
        there, theirs, ours = resources()[place[0]], place[1], place[2]
        options = parse_options(there, request, self.world, single=True)
        value = row[ours]
        own = options.condition.test if options.condition else None
        options.condition = Condition(
            lambda line: line.get(theirs) == value and (own is None or own(line)),
            narrow=lambda table: table.lookup(theirs, value),
        )
        return self._list(
            request,
            who,
            division,
            there,
            options,
            self._control.has_right(who[1], inside(division).code, there.path, "GET"),
        )

    @staticmethod
    def _wants_json(request: Request) -> bool:
        return "application/json" in request.headers.get("accept", "").lower()

    @staticmethod
    def _root(request: Request, division: Division | None) -> str:
        return f"{request.base_url}{_PREFIX}/api/v1" + (f"/{division.code}" if division else "")

    def _entity(self, request: Request, resource: Resource, entity: dict[str, Any], status: int = 200) -> Response:
        if not self._wants_json(request):
            return Response(status, atom(resource, [entity]), "application/atom+xml;type=entry;charset=utf-8")
        return _json({"d": entity}, status)

    # writing

    def _write(self, request: Request, who: Who, division: Division, resource: Resource, key: str | None) -> Response:
        writer = WRITERS.get(resource.path.lower())
        creating = request.method == "POST"
        if creating == (key is not None):
            return Response(405)
        act = (
            None
            if writer is None
            else {"POST": writer.create, "PUT": writer.update, "DELETE": writer.delete}[request.method]
        )
        if writer is None or act is None:
            raise not_offered(resource)
        values: Row = {}
        if request.method != "DELETE":
            values = typed(resource, body_of(request), creating, self.world.settings)
        if creating:
            return self._create(request, who, division, resource, values, writer)
        row = find(self.world, division, who[1], resource, key or "")
        if row is None:
            raise Refusal(404, f"Resource not found for the segment '{resource.name}'.")
        if request.method == "PUT" and writer.update:
            if not values:
                raise Stream("The request should hold at least one property to change.")
            writer.update(division, row, values)
        elif writer.delete:
            writer.delete(division, row)
        return Response(204)

    def _create(
        self, request: Request, who: Who, division: Division, resource: Resource, values: Row, writer: Writer
    ) -> Response:
        if resource.path == "webhooks/WebhookSubscriptions":
            values["ClientID"] = who[0]
        if writer.create is None:
            raise not_offered(resource)
        row = writer.create(division, values)
        if resource.path == "webhooks/WebhookSubscriptions":
            self._webhooks.validate(division, row["ID"])
        options = whole(resource)
        full = "return=representation" in request.headers.get("prefer", "").replace(" ", "").lower()
        if full and self.world.settings["answer_lines"] == "expanded":
            for name in list(options.deferred):
                if name.endswith("EntryLines"):
                    options.deferred.remove(name)
                    options.navigation[name] = None
        answer = Answer(self.world, division, who[1], resource, options, self._root(request, division))
        entity = answer.entity(row) if full else answer.nothing_but_key(row)
        response = self._entity(request, resource, entity, 201)
        response.headers.append(("Location", entity["__metadata"]["uri"]))
        return response


def _json(data: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), JSON)
