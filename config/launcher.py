"""Starts the processes of an installation together, watches them and stops them within seconds.

Each child leads a session of its own and only that leader is signalled: the queue's main process deadlocks when its
own children get the same SIGTERM, which is what Ctrl-C in a terminal and most process managers do. A leader that does
not end in time is killed together with its whole group, so nothing is left behind.
"""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import IO, Any, Self, cast

logger = logging.getLogger(__name__)

# A worker finishes the document it is at; longer than any web request, shorter than a service manager's patience.
STOP_SECONDS = 15.0
# A child that lived this long had started properly: its next start is not delayed.
SETTLED_SECONDS = 60.0
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
LOOK_SECONDS = 0.2
# A killed process is gone within milliseconds; where nobody collects the dead, waiting longer changes nothing.
GONE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Child:
    """A process to run: its name, its command line, and what its environment has beside ours."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    # False: when it ends, everything ends.
    restart: bool = True


class _Running:
    """One life of a child."""

    def __init__(self, child: Child, show: Callable[[str, bytes], None]) -> None:
        self.child = child
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            list(child.argv),
            env={**os.environ, **child.env, "BOEKBRUG_PROCESS": child.name, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._stream = cast("IO[bytes]", self.process.stdout)
        self._reader = threading.Thread(target=self._read, args=(show,), daemon=True)
        self._reader.start()

    def _read(self, show: Callable[[str, bytes], None]) -> None:
        for line in self._stream:
            show(self.child.name, line)

    def ended(self) -> bool:
        """True when the leader has ended. It is left unreaped, so that its number stays the group's until `reap`."""
        if self.process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def terminate(self) -> None:
        """Ask the leader, and only the leader, to stop."""
        if not self.ended():
            self.process.send_signal(signal.SIGTERM)

    def reap(self) -> int:
        """Kill what is left of the group (a leader that would not stop, grandchildren that outlived it).

        Return the leader's exit status, negative for a signal.
        """
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self._wait_for_group()
        # The last lines. A grandchild in a session of its own could hold the pipe open, hence the limit.
        self._reader.join(timeout=1)
        if not self._reader.is_alive():
            self._stream.close()
        return self.process.returncode

    def _wait_for_group(self) -> None:
        """Wait a moment until nothing of the killed group is left; it is not ours to collect, so only looking helps."""
        until = time.monotonic() + GONE_SECONDS
        while time.monotonic() < until:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.01)


class Launcher:
    """Runs `children` until one of them ends for good, `stop()` is called, or SIGTERM or SIGINT arrives.

    Children start in order and stop in reverse order, all asked at once. Use it as a context manager, or call
    `start()`, `wait()` and `stop()`. `prefix` puts the child's name before each of its lines.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        stop_seconds: float = STOP_SECONDS,
        backoff_seconds: Sequence[float] = BACKOFF_SECONDS,
        prefix: bool = True,
        output: IO[bytes] | None = None,
    ) -> None:
        self.children = tuple(children)
        self.stop_seconds = stop_seconds
        self.backoff_seconds = tuple(backoff_seconds)
        self.prefix = prefix
        self._output = output if output is not None else sys.stdout.buffer
        self._width = max((len(child.name) for child in self.children), default=0)
        self._running: dict[str, _Running] = {}
        self._fails: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._wanted: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._print_lock = threading.Lock()
        self._former: dict[int, Any] = {}
        self._hurry = False
        self.exit_status = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every child. When one cannot start at all, stop the others and raise OSError."""
        self._catch_signals()
        try:
            for child in self.children:
                self._spawn(child)
        except OSError:
            self.stop()
            raise

    def wait(self, seconds: float | None = None) -> int:
        """Watch the children until it is time to stop, or for at most `seconds`; restart those that end.

        Return the exit status for this process: 0 after a wanted stop, else that of the child whose end ended all.
        """
        until = None if seconds is None else time.monotonic() + seconds
        while not self._stopping.is_set() and (until is None or time.monotonic() < until):
            self._look()
            self._stopping.wait(LOOK_SECONDS)
        return self.exit_status

    @property
    def is_stopping(self) -> bool:
        """True from the moment on at which everything is to end: a signal, `stop()`, or a child that may not end."""
        return self._stopping.is_set()

    def pid(self, name: str) -> int:
        """Return the process id of the child's present life. KeyError when it does not run."""
        return self._running[name].process.pid

    def is_running(self, name: str) -> bool:
        """Return True while the child's present life lasts."""
        running = self._running.get(name)
        return running is not None and not running.ended()

    def restart(self, name: str) -> None:
        """Have a child stopped and started again; may be called from any thread, `wait` does it."""
        self._wanted.put(name)

    def stop(self) -> None:
        """Ask every child to stop, kill what is left after `stop_seconds`, and return when nothing runs any more."""
        self._stopping.set()
        living = list(reversed(self._running.values()))
        for running in living:
            running.terminate()
        self._end(living)
        self._running.clear()
        self._release_signals()

    # --- One look at the children

    def _look(self) -> None:
        while not self._wanted.empty():
            name = self._wanted.get()
            if name in self._running:
                self._replace(self._running[name])
        for name, running in list(self._running.items()):
            if running.ended():
                self._bury(name, running)
        for child in self.children:
            if child.name in self._due and time.monotonic() >= self._due[child.name]:
                del self._due[child.name]
                self._respawn(child)

    def _bury(self, name: str, running: _Running) -> None:
        """Clear away a child that ended by itself; plan its next start, or end everything."""
        status = running.reap()
        del self._running[name]
        if not running.child.restart:
            self.exit_status = status if status > 0 else int(status < 0)
            self._stopping.set()
            return
        if time.monotonic() - running.started >= SETTLED_SECONDS:
            self._fails[name] = 0
        self._plan(name, status)

    def _plan(self, name: str, status: int | None) -> None:
        fails = self._fails.get(name, 0)
        delay = self.backoff_seconds[min(fails, len(self.backoff_seconds) - 1)]
        self._fails[name] = fails + 1
        self._due[name] = time.monotonic() + delay
        logger.error("process ended, starting it again", extra={"child": name, "status": status, "after_s": delay})

    def _respawn(self, child: Child) -> None:
        try:
            self._spawn(child)
        except OSError:
            logger.exception("process could not be started", extra={"child": child.name})
            self._plan(child.name, None)

    def _replace(self, running: _Running) -> None:
        logger.warning("restarting process", extra={"child": running.child.name})
        running.terminate()
        self._end([running])
        del self._running[running.child.name]
        self._respawn(running.child)

    def _end(self, living: Sequence[_Running]) -> None:
        """Wait for children that were asked to stop, then kill the rest of each group."""
        deadline = time.monotonic() + self.stop_seconds
        while any(not running.ended() for running in living) and time.monotonic() < deadline and not self._hurry:
            time.sleep(0.05)
        for running in living:
            if not running.ended():
                logger.error("process did not stop in time, killing it", extra={"child": running.child.name})
            running.reap()

    def _spawn(self, child: Child) -> None:
        self._running[child.name] = _Running(child, self._show)

    def _show(self, name: str, line: bytes) -> None:
        head = f"{name:<{self._width}} | ".encode() if self.prefix else b""
        with self._print_lock:
            try:
                self._output.write(head + line)
                self._output.flush()
            except (BrokenPipeError, ValueError):
                pass  # whoever read our output is gone; the children go on

    # --- Signals

    def _catch_signals(self) -> None:
        """SIGTERM, Ctrl-C and a closed terminal end `wait`; a second one kills what is still stopping.

        Only the main thread may catch signals; elsewhere `stop()` is the way.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # nohup has a closed terminal ignored on purpose. Ctrl-C is ignored by any shell that starts a job in the
            # background, which says nothing about how the job wants to be stopped.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._former[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._hurry = self._stopping.is_set()
        self._stopping.set()

    def _release_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._former.items():
                signal.signal(number, handler)
            self._former.clear()
