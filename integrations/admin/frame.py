"""What every page shows of the bridge: the sync button, running syncs, and whether any worker lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from ..models import Connection, SyncRun
from ..sync import heartbeat
from .notifications import Bell, bell_of
from .progress import Progress, RunView, loaded, progress_of, view_of

START = "integrations.add_syncrun"
# A worker writes a sign of life every minute; three missed ones mean that none lives.
SILENT_AFTER = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class SyncButton:
    """`url` empty: nothing that this person may start. `connection_id`: the button of one connection's pages."""

    url: str
    running: bool
    connection_id: int | None = None
    views: tuple[RunView, ...] = ()

    @property
    def who(self) -> str:
        """Whose sync is under way: the first entity, and how many more."""
        names = list(dict.fromkeys(view.entity for view in self.views))
        return f"{names[0]} +{len(names) - 1}" if len(names) > 1 else "".join(names)

    @property
    def state_words(self) -> str:
        """Each run with its step and its counts, in one line."""
        return "; ".join(f"{view.entity}: {view.state_words}" for view in self.views)

    @property
    def share(self) -> int | None:
        """How far the runs are, in per cent; None where that is not known."""
        shares = [view.share for view in self.views]
        known = [share for share in shares if share is not None]
        return sum(known) // len(known) if known and len(known) == len(shares) else None

    @property
    def watch_url(self) -> str:
        """What a button that shows a running sync asks, to turn back when it has ended."""
        url = reverse("admin:integrations_connection_button")
        return f"{url}?connection={self.connection_id}" if self.connection_id is not None else url


@dataclass(frozen=True, slots=True)
class Silence:
    """No worker lives; `since` None: there never was one."""

    since: datetime | None


class Frame:
    """Read from the database only where a template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _runs(self) -> list[SyncRun]:
        return list(loaded(SyncRun.objects.unfinished()).order_by("pk"))

    @cached_property
    def sync(self) -> SyncButton:
        """The button that starts all connections that are ready, and waits while any run is under way."""
        if not self._request.user.has_perm(START):
            return SyncButton(url="", running=False)
        if self._runs:
            return SyncButton(url="", running=True, views=tuple(view_of(run) for run in self._runs))
        ready = Connection.objects.ready().exists()
        return SyncButton(url=reverse("admin:integrations_connection_sync_all") if ready else "", running=False)

    @cached_property
    def progress(self) -> Progress:
        """The syncs that run now, for those who may look at runs."""
        may_look = self._request.user.has_perm("integrations.view_syncrun")
        return progress_of(self._runs if may_look else [])

    @cached_property
    def bell(self) -> Bell:
        """The newest notifications of the person, in one query."""
        return bell_of(self._request)

    @cached_property
    def silence(self) -> Silence | None:
        """Since when no worker gave a sign of life; None while one does, or where nothing is connected."""
        last = heartbeat.last_beat_at()
        if last is not None and timezone.now() - last < SILENT_AFTER:
            return None
        return Silence(since=last) if Connection.objects.ready().exists() else None


def frame_context(request: HttpRequest) -> dict[str, Any]:
    """What Unfold adds to the context of every page of the admin."""
    user = request.user
    return {"frame": Frame(request)} if user.is_authenticated and user.is_staff else {}
