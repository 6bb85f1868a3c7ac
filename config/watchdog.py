"""Notices a queue that looks alive and does nothing, and has it restarted.

A worker process that is killed while it waits leaves the queue's inner lock taken: the cluster then runs on, looks
healthy and starts no task again. The heartbeat task and every renewal of a lease write down that work is being done;
when both are silent for five minutes, nothing is.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import close_old_connections, connection
from django.utils import timezone

logger = logging.getLogger(__name__)

SILENCE = timedelta(minutes=5)
LOOK_SECONDS = 30.0


def last_beat() -> datetime | None:
    """Return when a worker last gave a sign of life, by heartbeat or lease."""
    from integrations.sync.heartbeat import last_beat_at

    return last_beat_at()


class Watchdog:
    """Looks every `look_seconds` and calls `restart` when the last sign of life is older than `silence`.

    After a restart, and after its own start, it gives a whole `silence` before it judges again.
    """

    def __init__(
        self,
        restart: Callable[[], None],
        *,
        last_beat: Callable[[], datetime | None] = last_beat,
        silence: timedelta = SILENCE,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._restart = restart
        self._last_beat = last_beat
        self._silence = silence
        self._look_seconds = look_seconds
        self._fresh_until = time.monotonic() + silence.total_seconds()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join(timeout=5)

    def look(self) -> bool:
        """Judge once. True: a restart was asked for."""
        if time.monotonic() < self._fresh_until:
            return False
        last = self._last_beat()
        if last is not None and timezone.now() - last <= self._silence:
            return False
        logger.error("no sign of life from the worker, restarting it", extra={"last_beat_at": str(last)})
        self._fresh_until = time.monotonic() + self._silence.total_seconds()
        self._restart()
        return True

    def _watch(self) -> None:
        while not self._stop.wait(self._look_seconds):
            try:
                close_old_connections()
                self.look()
            except Exception:
                # A database that is away for a minute must not end the watching.
                logger.exception("watchdog could not look")
            finally:
                connection.close()
