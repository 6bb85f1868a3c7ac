"""Sends notices to subscribed callbacks, from a thread of its own so that no call waits for a listener."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import queue
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .auth import APPS
from .world import Division

Job = Callable[[], None]


def signed(content: dict[str, Any], secret: str) -> bytes:
    """Return the notice: the hash covers the raw bytes of the content."""
    raw = json.dumps(content, separators=(",", ":")).encode()
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest().upper()
    return b'{"Content":' + raw + b',"HashCode":"' + digest.encode() + b'"}'


def deliver(url: str, body: bytes) -> int:
    """POST `body` to a callback on this machine and return the status, 0 when nobody answered."""
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return 0
    maker = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = maker(parts.hostname, parts.port, timeout=5)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request("POST", path, body=body, headers={**headers, "Content-Length": str(len(body))})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Webhooks:
    """The queue of notices and the thread that sends them."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def validate(self, division: Division, key: str) -> None:
        """Send the empty call that a new subscription has to answer with 200."""
        url = division["webhooks"].rows[key]["CallbackURL"]

        def job() -> None:
            good = deliver(url, b"") == 200
            row = division["webhooks"].get(key)
            if row is not None:
                row["_valid"] = good

        self._add(job)

    def changed(self, division: Division, topic: str, action: str, key: str) -> None:
        """Queue a notice for everybody who subscribed to the topic."""
        root = f"https://start.exactonline.{division.info['site']}/api/v1/{division.code}"
        for row in division["webhooks"].where("Topic", topic):
            secret = APPS[row["ClientID"]].webhook_secret
            content = {
                "Topic": topic,
                "ClientId": row["ClientID"],
                "Division": division.code,
                "Action": action,
                "Key": key,
                "ExactOnlineEndpoint": f"{root}/{_PLACES.get(topic, topic)}(guid'{key}')",
            }
            url, body = row["CallbackURL"], signed(content, secret)

            def job(row: dict[str, Any] = row, url: str = url, body: bytes = body) -> None:
                if row["_valid"] is not False:  # None: subscribed before a restart, validated then
                    deliver(url, body)

            self._add(job)

    def _add(self, job: Job) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    def close(self) -> None:
        """End the thread after what is queued."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout=10)
            self._thread = None


_PLACES = {
    "Accounts": "crm/Accounts",
    "Contacts": "crm/Contacts",
    "BankAccounts": "crm/BankAccounts",
    "Documents": "documents/Documents",
    "DocumentAttachments": "documents/DocumentAttachments",
    "SalesEntries": "salesentry/SalesEntries",
    "PurchaseEntries": "purchaseentry/PurchaseEntries",
    "BankEntries": "financialtransaction/BankEntries",
}
