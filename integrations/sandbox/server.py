"""The HTTP server of the sandbox: sockets, routing, faults, request log. Knows no vendor's protocol."""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from .clock import Clock
from .control import Control
from .exact import ExactVendor
from .faults import Fault, Faults
from .messages import HTML, BadControl, Request, Response
from .octopus import OctopusVendor
from .page import Page
from .requestlog import RequestLog
from .store import Store
from .twinfield import TwinfieldVendor
from .vendor import Vendor
from .yuki import YukiVendor

logger = logging.getLogger(__name__)

MAX_BODY = 48 * 1024 * 1024
MAX_HEAD = 64 * 1024
_REASONS = {int(status): status.phrase for status in HTTPStatus}


class _HangUp(Exception):
    """Close the connection now."""


class _TooBig(_HangUp):
    """The request is larger than the sandbox reads."""


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.open_sockets: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.exception("connection failed")

    def hang_up_all(self) -> None:
        """Close the kept-alive connections, so that a stopped sandbox is really gone."""
        for sock in list(self.open_sockets):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _Connection(socketserver.StreamRequestHandler):
    """One kept-alive connection.

    Heads are read by hand: the parser of http.server costs more than the whole call, and benchmarks run
    against this server. Head and body of an answer leave in one piece, so no delayed acknowledgement
    stalls the caller.
    """

    server: _Listener
    disable_nagle_algorithm = True
    timeout = 300  # an idle connection is let go

    def handle(self) -> None:
        self.server.open_sockets.add(self.connection)
        try:
            while self._one():
                pass
        except (_HangUp, ConnectionError, TimeoutError):
            pass
        finally:
            self.server.open_sockets.discard(self.connection)

    def _one(self) -> bool:
        line = self.rfile.readline(MAX_HEAD)
        while line in (b"\r\n", b"\n"):
            line = self.rfile.readline(MAX_HEAD)
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            return False
        method, target, version = parts
        headers: dict[str, str] = {}
        size = 0
        while True:
            line = self.rfile.readline(MAX_HEAD)
            size += len(line)
            if line in (b"\r\n", b"\n", b""):
                break
            if size > MAX_HEAD:
                raise _TooBig
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._body(headers)
        wish = headers.get("connection", "").lower()
        keep = wish != "close" if version == "HTTP/1.1" else wish == "keep-alive"
        path, _, query = target.partition("?")
        host = headers.get("host") or f"{self.server.sandbox.host}:{self.server.sandbox.port}"
        request = Request(method, path, query, headers, body, f"http://{host}")
        self.server.sandbox.serve(request, self)
        if not keep:
            raise _HangUp
        return True

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            pieces: list[bytes] = []
            total = 0
            while size := int(self.rfile.readline(MAX_HEAD).split(b";")[0] or b"0", 16):
                total += size
                if total > MAX_BODY:
                    raise _TooBig
                pieces.append(self.rfile.read(size))
                self.rfile.readline(MAX_HEAD)
            while self.rfile.readline(MAX_HEAD) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(pieces)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            raise _TooBig
        if length == "0":
            return b""
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _HangUp
        return body

    def answer(self, response: Response, head_only: bool = False, half: bool = False) -> None:
        """Send an answer in one piece; `half` keeps back half of the body and hangs up."""
        reason = response.reason or _REASONS.get(response.status, "Unknown")
        head = [f"HTTP/1.1 {response.status} {reason}", "Server: sandbox"]
        if response.content_type:
            head.append(f"Content-Type: {response.content_type}")
        head.extend(f"{name}: {value}" for name, value in response.headers)
        if response.status != 204:
            head.append(f"Content-Length: {len(response.body)}")
        start = "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n"
        body = b"" if head_only else response.body
        if half:
            self.connection.sendall(start + body[: len(body) // 2])
            self.hang_up()
        self.connection.sendall(start + body)

    def hang_up(self) -> None:
        """Cut the line."""
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        raise _HangUp


class Sandbox:
    """A running counterpart of the bookkeeping tools.

    `books` names the demo books to start with (all by default); with a `state` file that already holds
    books, those are used. Use as a context manager or with start() and stop().
    """

    def __init__(
        self,
        port: int = 0,
        state: str | None = None,
        books: Sequence[str] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.clock = Clock()
        self.store = Store(str(state) if state else None)
        for _, table, _, value in self.store.load(""):
            if table == "clock":
                self.clock.offset = value
        self.faults = Faults()
        self.log = RequestLog()
        self.lock = threading.RLock()
        self.vendors: dict[str, Vendor] = {
            "exact": ExactVendor(self.clock, self.store),
            "octopus": OctopusVendor(self.clock, self.store),
            "twinfield": TwinfieldVendor(self.clock, self.store),
            "yuki": YukiVendor(self.clock, self.store),
        }
        self._known(books)
        for vendor in self.vendors.values():
            vendor.begin(books)
        self.store.commit()
        self._control = Control(self)
        self._page = Page(self)
        self._listener = _Listener((host, port), self)
        self._thread: threading.Thread | None = None
        self.host = host
        self.port: int = self._listener.server_address[1]

    def _known(self, books: Sequence[str] | None) -> None:
        """Raise BadControl for a demo book that no vendor has."""
        known = {name for vendor in self.vendors.values() for name in vendor.book_names}
        if unknown := set(books or ()) - known:
            raise BadControl(f"Unknown books: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}.")

    @property
    def base_url(self) -> str:
        """Address of the sandbox itself; a vendor lives under base_url + "/" + vendor key."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Sandbox:
        """Serve from a thread and return at once."""
        self._thread = threading.Thread(target=self.serve_forever, name="sandbox", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve until stop() is called."""
        self._listener.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop serving, cut open connections, save."""
        if self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
            self._thread = None
        self._listener.server_close()
        self._listener.hang_up_all()
        with self.lock:
            for vendor in self.vendors.values():
                vendor.close()
            self.store.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def advance(self, seconds: float) -> None:
        """Move the clock, for good: a restart goes on from there, so that tokens keep their age."""
        with self.lock:
            self.clock.advance(seconds)
            self.store.put("", "", "clock", "offset", self.clock.offset)
            self.store.commit()

    def reset(self, books: Sequence[str] | None = None) -> None:
        """Fresh books, tokens, settings, faults, clock and request log."""
        with self.lock:
            self._known(books)
            self.clock.offset = 0.0
            self.store.clear("")
            self.faults.clear()
            self.log.clear()
            for vendor in self.vendors.values():
                vendor.reset(books)
            self.store.commit()

    def serve(self, request: Request, connection: _Connection) -> None:
        """Answer one request; vendor calls are logged and may meet an ordered fault."""
        segment = request.path.split("/", 2)[1] if "/" in request.path else ""
        vendor = self.vendors.get(segment)
        head_only = request.method == "HEAD"
        if vendor is None:
            connection.answer(self._own(request, segment), head_only)
            return
        started = time.perf_counter()
        entry = self.log.start(vendor.key, request, self.clock.now())
        fault = self.faults.take(vendor.key, request)
        status: int | None = None
        try:
            if fault is None:
                response = self._apply(vendor, request)
            else:
                response = self._with_fault(fault, vendor, request, connection)
            status = response.status
            # Logged before it is sent: who has the answer must find the request in the log.
            self._finish(entry, started, status, fault)
            connection.answer(response, head_only, half=fault is not None and fault.kind == "truncate")
        finally:
            if entry["finished"] is None:
                self._finish(entry, started, status, fault)

    def _finish(self, entry: dict[str, Any], started: float, status: int | None, fault: Fault | None) -> None:
        ms = (time.perf_counter() - started) * 1000
        self.log.finish(entry, self.clock.now(), ms, status, fault.kind if fault else None)

    def _apply(self, vendor: Vendor, request: Request) -> Response:
        with self.lock:
            try:
                return vendor.handle(request)
            except Exception:
                # The last net: a fault of the sandbox must show as a 500 that nobody takes for the vendor's.
                logger.exception("the sandbox failed on %s %s", request.method, request.path)
                return Response(500, b"The sandbox itself failed; see its log.", "text/plain")
            finally:
                self.store.commit()

    def _with_fault(self, fault: Fault, vendor: Vendor, request: Request, connection: _Connection) -> Response:
        match fault.kind:
            case "drop_before":
                connection.hang_up()
            case "delay" if fault.when == "before":
                time.sleep(fault.seconds)
            case "status" if not fault.apply:
                return self._ordered(fault)
            case "expired_token" | "empty_list" | "rate_minute" | "rate_day":
                with self.lock:
                    return vendor.fault(fault.kind, request)
        response = self._apply(vendor, request)
        match fault.kind:
            case "delay" if fault.when == "after":
                time.sleep(fault.seconds)
            case "drop_after":
                connection.hang_up()
            case "status":
                return self._ordered(fault)
            case "garbage":
                return Response(200, b"<html><body>Service under maintenance<br>\x00\xff", "text/html")
        return response

    @staticmethod
    def _ordered(fault: Fault) -> Response:
        body, headers = fault.answer()
        return Response(fault.status, body, "", headers)

    def _own(self, request: Request, segment: str) -> Response:
        if segment == "_sandbox":
            return self._control.handle(request)
        if segment in ("", "pay", "unpay"):
            return self._page.handle(request)
        return Response(404, b"<p>Nothing here. <a href='/'>The books</a></p>", HTML)
