"""The Yuki side of the sandbox: from a request to its answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import Clock
from ..messages import Request, Response
from ..store import Store
from ..vendor import Action
from . import archive, books, contacts, demo, lists, sales, switches
from .control import Control
from .facts import SERVICE_NS, Operation, operations
from .sessions import Calls, Sessions, fault_of_day
from .soap import XML, Fault, answer, guid, parameters, parent, parse, plain_parameters
from .world import Administration, Domain, World

# /yuki/ws/… takes the keys of every country, /yuki/be/ws/… and /yuki/nl/ws/… only their own.
_PATH = re.compile(r"/yuki(?:/(?P<site>be|nl))?/ws/(?P<service>[A-Za-z]+)\.asmx(?:/(?P<operation>[A-Za-z]+))?/?")
_LARGEST_BODY = 4 * 1024 * 1024
_FREE = {"SalesInvoiceSchemaPath"}


class YukiVendor:
    """Sessions, web services and control verbs of Yuki."""

    key = "yuki"
    title = "Yuki"
    book_names = frozenset(demo.BOOKS)

    def __init__(self, clock: Clock, store: Store) -> None:
        self.world = World(clock, store)
        self.calls = Calls(self.world)
        self.sessions = Sessions(self.world, self.calls)
        self._control = Control(self.world, self.calls)

    def begin(self, books_wanted: Sequence[str] | None) -> None:
        """Take up the kept books, or start with the demo's."""
        if not self.world.load():
            demo.load(self.world, books_wanted)

    @property
    def actions(self) -> Mapping[str, Action]:
        """Control verbs; see the package's docstring."""
        return self._control.actions

    def reset(self, books_wanted: Sequence[str] | None) -> None:
        """Start again with fresh demo books, switches, sessions and counts."""
        self.world.empty()
        self.world.store.clear(self.key)
        self.calls.clear()
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
        """Nothing runs beside the calls."""

    def fault(self, kind: str, request: Request) -> Response:
        """Return the service's own answer for an ordered fault."""
        if kind == "expired_token":
            return Fault("Invalid session ID").response()
        if kind in ("rate_minute", "rate_day"):
            return fault_of_day(self.world).response()
        try:
            service, operation, _ = self._called(request)
        except Fault as refusal:
            return refusal.response()
        empty = {"Contact": "Contacts", "Archive": "Documents"}.get(service, operation.name)
        if operation.name.startswith("CheckOutstanding"):
            empty = "OutstandingItems"
        return answer(operation, parent(empty, "", ' xmlns=""') if operation.result == "xml" else "")

    # calls

    def handle(self, request: Request) -> Response:
        """Answer a call."""
        if len(request.body) > _LARGEST_BODY:
            return Response(500, b"Maximum request length exceeded.", "text/plain")
        found = _PATH.fullmatch(request.plain_path)
        if found is None or (request.method == "GET" and "wsdl" in request.query.lower()):
            return Response(404)
        try:
            service, operation, wanted = self._called(request)
            result = self._answer(found["site"] or "", service, operation, wanted)
        except Fault as refusal:
            return refusal.response()
        if found["operation"]:
            return self._plain(operation, result)
        if operation.name == "ProcessSalesInvoices" and self.world.settings["result_as_text"]:
            operation = Operation(operation.name, operation.parameters, "text")
        return answer(operation, result)

    @staticmethod
    def _plain(operation: Operation, result: str | None) -> Response:
        """The answer of the GET and POST bindings: the payload itself is the root."""
        body = result or ""
        if operation.result in ("text", "empty"):
            body = parent("string", body, f' xmlns="{SERVICE_NS}"')
        elif operation.result == "array":
            body = parent(f"ArrayOf{operation.name}", body, f' xmlns="{SERVICE_NS}"')
        return Response(200, f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode(), XML)

    @staticmethod
    def _called(request: Request) -> tuple[str, Operation, dict[str, Any]]:
        """Return service, operation and parameters. Raises Fault."""
        found = _PATH.fullmatch(request.plain_path)
        services = operations()
        service = {name.lower(): name for name in services}.get((found["service"] if found else "").lower())
        if found is None or service is None:
            raise Fault("", status=404)
        if found["operation"]:
            operation = services[service].get(found["operation"])
            if operation is None:
                raise Fault("", status=404)
            values = request.params if request.method == "GET" else request.form()
            return service, operation, plain_parameters(service, operation, values)
        if request.method != "POST":
            raise Fault("", status=405)
        name, called = parse(request)
        operation = services[service].get(name)
        if operation is None:
            raise Fault(
                f"Server did not recognize the value of HTTP Header SOAPAction: {SERVICE_NS}{name}.", "soap:Client"
            )
        return service, operation, parameters(service, operation, called)

    def _answer(self, site: str, service: str, operation: Operation, wanted: dict[str, Any]) -> str | None:
        if operation.name in _FREE:
            return f"https://api.yukiworks.{site or 'be'}/schemas/SalesInvoices.xsd"
        if operation.name == "Authenticate":
            return self.sessions.authenticate(wanted["accessKey"] or "", site)
        session = self.sessions.open(wanted.get("sessionID") or wanted.get("sessionId") or "", site)
        self.calls.count(session["domain"])
        self.sessions.check_right(session, service)
        common = self._common(session, operation.name, wanted)
        if common is not None:
            return common[0]
        return self._own(session, service, operation.name, wanted)

    def _common(self, session: dict[str, Any], name: str, wanted: dict[str, Any]) -> tuple[str | None] | None:
        """What every service answers, in a tuple; None for an operation of its own."""
        mine = self.sessions.administrations(session)
        match name:
            case "Domains":
                return (lists.domains(self.sessions.domains(session)),)
            case "GetCurrentDomain":
                return (lists.domains([self.world.domains[session["current"]]]),)
            case "SetCurrentDomain":
                self.sessions.set_domain(wanted["sessionID"], guid(wanted["domainID"]))
                return (None,)
            case "Administrations":
                return (lists.administrations(mine),)
            case "Companies":
                return (lists.administrations(mine, short=True),)
            case "AdministrationID":
                return (next((one.key for one in mine if one.info["name"] == wanted["administrationName"]), ""),)
            case "Language":
                return (session["language"],)
            case "SetLanguage":
                self.sessions.set_language(wanted["sessionID"], wanted["language"] or "")
                return (None,)
            case "SupportedLanguages":
                return (lists.languages(),)
        return None

    def _own(self, session: dict[str, Any], service: str, name: str, wanted: dict[str, Any]) -> str:
        language = session["language"]
        if service == "Contact":
            domain = self._domain(session, wanted["domainID"])
            if name == "UpdateContact":
                return contacts.update(domain, wanted["xmlDoc"])
            return contacts.search(domain, wanted, with_roles=name == "GetSuppliersAndCustomers")
        if service == "Archive" and "administrationID" not in wanted:
            return self._archive(self.world.domains[session["current"]], name, wanted)
        if name == "CheckOutstandingItem":
            whole = [one for one in self.sessions.administrations(session) if one.domain.key == session["current"]]
            return lists.check_item(whole, wanted["Reference"] or "", language)
        one = self._administration(session, wanted.get("administrationID") or wanted.get("administrationId"))
        match name:
            case "OutstandingDebtorItems":
                return lists.open_items(one, "sales", wanted["sortOrder"], language)
            case "OutstandingCreditorItems":
                return lists.open_items(one, "purchase", wanted["sortOrder"], language)
            case "CheckOutstandingItemAdmin":
                return lists.check_item([one], wanted["Reference"] or "", language)
            case "GetGLAccountScheme":
                return lists.ledger_accounts(one)
            case "GetCustomPaymentMethods":
                return lists.payment_methods(one)
            case "GetTransactions":
                return lists.transactions(one, wanted)
            case "ActiveVATCodesList":
                return lists.vat_codes(one)
            case "GetSalesItems":
                return lists.sales_items(one)
            case "ProcessSalesInvoices":
                return sales.process(one, wanted["xmlDoc"])
        return archive.upload(one, wanted)

    def _archive(self, domain: Domain, name: str, wanted: dict[str, Any]) -> str:
        if name == "DocumentFolders":
            return archive.folders(domain)
        if name in ("DocumentsInFolder", "ModifiedDocumentsInFolder"):
            return archive.in_folder(domain, wanted, by_change=name.startswith("Modified"))
        row = domain["archive"].get(guid(wanted["documentID"]))
        if row is None:
            raise Fault("Document does not exist.")
        if name == "FindDocument":
            return archive.documents([row])
        return str(row["xml"] if name == "DocumentXMLData" else row["data"])

    def _domain(self, session: dict[str, Any], key: str | None) -> Domain:
        found = self.world.domains.get(guid(key))
        if found is None or found not in self.sessions.domains(session):
            raise Fault("Domain has no active database")
        return found

    def _administration(self, session: dict[str, Any], key: str | None) -> Administration:
        found = self.world.administrations.get(guid(key))
        if found is None or found not in self.sessions.administrations(session):
            raise Fault("Administration not found, or no access to this administration.")
        if not found.info["active"]:
            raise Fault("Domain has no active database")
        return found
