"""Command line of the sandbox."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from .server import Sandbox


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser; shared with the management command."""
    parser.add_argument("--port", type=int, default=9100, help="port to listen on; 0 takes any free one")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to bind; it has no protection, keep it on loopback"
    )
    parser.add_argument(
        "--state", default=None, help="SQLite file that keeps the books; without it they are gone at the end"
    )
    parser.add_argument(
        "--books",
        nargs="*",
        default=None,
        help="demo books to start with, for example exact-be exact-nl; all by default",
    )
    parser.add_argument("--no-limits", action="store_true", help="switch the vendors' call limits off")


def run(port: int, host: str, state: str | None, books: Sequence[str] | None, no_limits: bool) -> int:
    """Serve until SIGINT or SIGTERM; the first line printed says where."""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        logging.getLogger(__name__).warning("The sandbox has no protection and listens on %s.", host)
    sandbox = Sandbox(port=port, state=state, books=books, host=host)
    if no_limits:
        with sandbox.lock:
            for vendor in sandbox.vendors.values():
                vendor.change_settings({"limits": False})
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
    sandbox.start()
    sys.stdout.write(f"sandbox listening on {sandbox.base_url}\n")
    sys.stdout.flush()
    stop.wait()
    sandbox.stop()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Local counterpart of the bookkeeping tools.")
    add_arguments(parser)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO)
    return run(options.port, options.host, options.state, options.books, options.no_limits)
