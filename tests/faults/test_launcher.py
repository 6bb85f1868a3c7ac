"""The launcher with real processes: stubborn, dying, spawning, hanging."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from config.launcher import Child, Launcher
from config.watchdog import Watchdog

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


def child(name, code, *args, **kwargs):
    return Child(name, [sys.executable, "-c", textwrap.dedent(code), *map(str, args)], **kwargs)


def launcher(*children, **kwargs):
    return Launcher(children, output=io.BytesIO(), **{"backoff_seconds": (0.1,), "stop_seconds": 5, **kwargs})


def output(running):
    return running._output.getvalue().decode()


def wait_until(condition, running=None, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if running:
            running.wait(0.05)
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("did not happen in time")


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stop_ends_all_within_seconds_and_names_whose_line_it_is():
    with launcher(child("web", SLEEP), child("worker", SLEEP)) as running:
        wait_until(lambda: output(running).count("up") == 2, running)
        pids = [running.pid("web"), running.pid("worker")]
        started = time.monotonic()
    assert time.monotonic() - started < 3
    assert not any(map(is_alive, pids))
    assert sorted(output(running).splitlines()) == ["web    | up", "worker | up"]


def test_a_child_that_ignores_sigterm_is_killed_with_its_group():
    code = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
        print("grandchild", child.pid, flush=True)
        {STUBBORN}
    """
    with launcher(child("worker", code), stop_seconds=1) as running:
        wait_until(lambda: output(running).count("up") == 2, running)
        pid = running.pid("worker")
        grandchild = int(output(running).partition("grandchild ")[2].split()[0])
        assert is_alive(grandchild)
        started = time.monotonic()
    assert 1 <= time.monotonic() - started < 4
    assert not is_alive(pid)
    assert not is_alive(grandchild)


def test_only_the_leader_gets_the_signal():
    code = """
        import signal, subprocess, sys, time
        grandchild = subprocess.Popen([sys.executable, "-c", '''
        import signal, time
        signal.signal(signal.SIGTERM, lambda *_: print("grandchild was signalled", flush=True))
        print("ready", flush=True)
        time.sleep(600)'''.replace("\\n        ", "\\n")])
        def stop(*_):
            time.sleep(0.5)
            print("leader stops", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        while True:
            time.sleep(0.1)
    """
    with launcher(child("worker", code)) as running:
        wait_until(lambda: "ready" in output(running), running)
    assert "leader stops" in output(running)
    assert "grandchild was signalled" not in output(running)


def test_a_grandchild_that_outlives_its_leader_is_not_left_behind():
    code = f"""
        import subprocess, sys
        print("grandchild", subprocess.Popen([sys.executable, "-c", {STUBBORN!r}]).pid, flush=True)
    """
    with launcher(child("once", code, restart=False)) as running:
        assert running.wait(10) == 0
        grandchild = int(output(running).partition("grandchild ")[2].split()[0])
        assert not is_alive(grandchild)


def test_a_child_that_dies_is_started_again_later_each_time(tmp_path):
    log = tmp_path / "starts"
    code = "import sys, time; open(sys.argv[1], 'a').write(f'{time.monotonic()}\\n'); sys.exit(3)"
    with launcher(child("worker", code, log), child("web", SLEEP), backoff_seconds=(0.2, 0.6, 60)) as running:
        web = running.pid("web")
        wait_until(lambda: log.exists() and len(log.read_text().split()) == 3, running)
        assert running.pid("web") == web
    first, second, third = map(float, log.read_text().split())
    assert second - first >= 0.2
    assert third - second >= 0.6


def test_a_child_killed_by_a_signal_comes_back():
    with launcher(child("worker", SLEEP)) as running:
        former = running.pid("worker")
        os.kill(former, signal.SIGKILL)
        wait_until(lambda: running.is_running("worker") and running.pid("worker") != former, running)


@pytest.mark.parametrize(
    ("code", "status"), [("raise SystemExit(7)", 7), ("pass", 0), ("import os; os.kill(os.getpid(), 9)", 1)]
)
def test_a_child_whose_end_is_the_end_gives_its_status(code, status):
    with launcher(child("demo", code, restart=False), child("web", SLEEP)) as running:
        web = running.pid("web")
        assert running.wait(20) == status
    assert not is_alive(web)


def test_when_one_child_cannot_start_the_others_are_stopped():
    running = launcher(child("web", SLEEP), Child("worker", ["/nonexistent/program"]))
    with pytest.raises(FileNotFoundError):
        running.start()
    assert not running.is_running("web")


def test_children_get_their_own_environment():
    code = "import os; print(os.environ['BOEKBRUG_PROCESS'], os.environ['COLOUR'])"
    with launcher(child("web", code, env={"COLOUR": "petrol"}, restart=False)) as running:
        running.wait(10)
    assert output(running) == "web | web petrol\n"
    assert "COLOUR" not in os.environ


def test_restart_replaces_one_child_only():
    with launcher(child("web", SLEEP), child("worker", SLEEP)) as running:
        web, worker = running.pid("web"), running.pid("worker")
        threading.Thread(target=running.restart, args=("worker",)).start()
        wait_until(lambda: running.is_running("worker") and running.pid("worker") != worker, running)
        assert running.pid("web") == web
        assert not is_alive(worker)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_launcher_stops_everything(number, tmp_path):
    script = tmp_path / "launch.py"
    script.write_text(
        "import sys\n"
        "from config.launcher import Child, Launcher\n"
        f"children = [Child(n, [sys.executable, '-c', {SLEEP!r}]) for n in ('web', 'worker')]\n"
        "with Launcher(children) as launcher:\n"
        "    print('pids', launcher.pid('web'), launcher.pid('worker'), flush=True)\n"
        "    sys.exit(launcher.wait())\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whatever the tests themselves were started with, nohup included.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    pids = []
    while not pids:
        line = process.stdout.readline()
        assert line, "the launcher ended"
        if line.startswith("pids"):
            pids = [int(part) for part in line.split()[1:]]
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    process.stdout.close()
    assert not any(map(is_alive, pids))


def test_the_watchdog_has_a_silent_worker_restarted():
    silent_since = timezone.now() - timedelta(minutes=10)
    with launcher(child("web", SLEEP), child("worker", STUBBORN), stop_seconds=0.5) as running:
        wait_until(lambda: output(running).count("up") == 2, running)
        web, worker = running.pid("web"), running.pid("worker")
        dog = Watchdog(
            lambda: running.restart("worker"),
            last_beat=lambda: silent_since,
            silence=timedelta(seconds=0.5),
            look_seconds=0.1,
        )
        dog.start()
        wait_until(lambda: running.is_running("worker") and running.pid("worker") != worker, running)
        dog.stop()
        assert running.pid("web") == web
        assert not is_alive(worker)


def test_the_watchdog_judges_by_the_last_sign_of_life():
    beats = {"at": timezone.now()}
    barks = []
    dog = Watchdog(lambda: barks.append(1), last_beat=lambda: beats["at"], silence=timedelta(seconds=0.2))
    assert not dog.look()  # just started: everybody gets time
    time.sleep(0.25)
    beats["at"] = timezone.now()
    assert not dog.look()
    beats["at"] = timezone.now() - timedelta(seconds=1)
    assert dog.look()
    assert not dog.look()  # the new one gets time again
    time.sleep(0.25)
    beats["at"] = None
    assert dog.look()
    assert len(barks) == 2
