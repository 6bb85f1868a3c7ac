"""Signs of life for whoever watches the installation: `/healthz` and `/readyz`.

They are answered by a middleware that stands first: whoever asks stands beside the process, speaks plain HTTP to an
address that is no name of this site, and must cost no session.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)

# The heartbeat task runs each minute and waits behind at most one slice a worker; five minutes is dead, not busy.
WORKER_SILENCE = timedelta(minutes=5)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as this process can answer at all; it asks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


def database_state() -> str:
    """Return "ok" when the database answers a query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def broker_state() -> str:
    """Return "ok" when the queue can be read."""
    from django_q.brokers import get_broker

    broker = get_broker()
    broker.ping()
    broker.queue_size()
    return "ok"


def worker_state() -> str:
    """Return "ok" when some worker gave a sign of life lately."""
    from integrations.sync.heartbeat import last_beat_at

    last = last_beat_at()
    if last is None:
        return "no worker has run yet"
    silent = timezone.now() - last
    return "ok" if silent <= WORKER_SILENCE else f"no worker since {last.isoformat(timespec='seconds')}"


def runs_state() -> str:
    """Return "ok" when no run waits longer than it should."""
    from integrations.sync.heartbeat import overdue_runs

    overdue = overdue_runs()
    return "ok" if not overdue else f"{overdue} overdue"


PARTS: dict[str, Callable[[], str]] = {
    "database": database_state,
    "broker": broker_state,
    "worker": worker_state,
    "runs": runs_state,
}


def readiness() -> dict[str, str]:
    """Return the state of each part, "ok" or what is wrong. The reason of a fault goes to the log, not to the asker."""
    states = {}
    for name, state in PARTS.items():
        try:
            states[name] = state()
        except Exception:
            # Whatever the part raises, the answer must still come: that is what this page is for.
            logger.exception("readiness check failed", extra={"part": name})
            states[name] = "failed"
    return states


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part works, else 503; the body names the state of each."""
    states = readiness()
    ready = all(state == "ok" for state in states.values())
    body: dict[str, Any] = {"ready": ready, "environment": settings.BOEKBRUG_ENV, "parts": states}
    return JsonResponse(body, status=200 if ready else 503)


PAGES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}


class SignsOfLife:
    """Answers the two pages before anything else looks at the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        page = PAGES.get(request.path_info)
        if page is None:
            return self.get_response(request)
        response = page(request)
        add_never_cache_headers(response)
        return response
