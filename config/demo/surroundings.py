"""Where a demo lives: its directory, its ports, and the environment its processes get.

Settings are read once, when a process starts, and the sandbox's address is one of them. So the command chooses
everything here first and then becomes itself again with that environment.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

PREPARED = "BOEKBRUG_DEMO_SANDBOX_PORT"
WEB_PORT = "BOEKBRUG_DEMO_WEB_PORT"
HOST = "127.0.0.1"
TOOLS = ("exact", "octopus", "twinfield", "yuki")
# What the sandbox knows: apps and a software house made for trying it out. Yuki asks for none.
_REGISTERED = {
    "BOEKBRUG_EXACT_CLIENT_ID": "demo-client",
    "BOEKBRUG_EXACT_CLIENT_SECRET": "demo-secret",
    "BOEKBRUG_OCTOPUS_CLIENT_ID": "5d0b9a41-2f7d-4e0c-b35a-106b1f8a527c",
    "BOEKBRUG_TWINFIELD_CLIENT_ID": "demo-client",
    "BOEKBRUG_TWINFIELD_CLIENT_SECRET": "demo-secret",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    directory: Path
    web_port: int
    sandbox_port: int
    temporary: bool

    @property
    def web_url(self) -> str:
        return f"http://{HOST}:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def sandbox_state(self) -> Path:
        return self.directory / "sandbox.sqlite3"

    @property
    def log_file(self) -> Path:
        return self.directory / "demo.log"

    def remove_if_temporary(self) -> None:
        """Remove the directory of a demo that runs once."""
        if self.temporary:
            shutil.rmtree(self.directory, ignore_errors=True)


def choose(*, once: bool, directory: Path, web_port: int, sandbox_port: int) -> Surroundings:
    """Return where this demo lives. Once: a new temporary directory and any ports, so that nothing is disturbed.

    Otherwise `directory`, and the ports asked for or the next free ones.
    """
    if once:
        return Surroundings(Path(tempfile.mkdtemp(prefix="boekbrug-demo-")), free_port(), free_port(), temporary=True)
    directory.mkdir(parents=True, exist_ok=True)
    return Surroundings(directory.resolve(), free_port(web_port), free_port(sandbox_port), temporary=False)


def environment(around: Surroundings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the demo's processes: `environ`, with the demo's own values put over it.

    A demo that runs once keeps away from the database and the `.env` of this machine.
    """
    own = {
        "BOEKBRUG_ENV": "demo",
        "BOEKBRUG_VAR_DIR": str(around.directory),
        "BOEKBRUG_SITE_URL": around.web_url,
        **{f"BOEKBRUG_{tool.upper()}_BASE_URL": f"{around.sandbox_url}/{tool}" for tool in TOOLS},
        **_REGISTERED,
        WEB_PORT: str(around.web_port),
        PREPARED: str(around.sandbox_port),
    }
    if around.temporary:
        own |= {
            "DATABASE_URL": f"sqlite:///{around.directory / 'boekbrug.sqlite3'}",
            "BOEKBRUG_ENV_FILE": os.devnull,
            "BOEKBRUG_BROKER": "orm",
            "REDIS_URL": "",
        }
    return {**environ, **own}


def prepared(environ: Mapping[str, str], *, once: bool) -> Surroundings | None:
    """Return the surroundings this process was started in by `environment`; None: they are still to be chosen."""
    if PREPARED not in environ:
        return None
    directory = Path(environ["BOEKBRUG_VAR_DIR"])
    return Surroundings(directory, int(environ[WEB_PORT]), int(environ[PREPARED]), temporary=once)


def free_port(wanted: int = 0) -> int:
    """Return `wanted` when nobody listens there, else the next free port; 0 gives any free one."""
    for port in range(wanted, wanted + 50) if wanted else (0,):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError(f"No free port between {wanted} and {wanted + 49}.")


def lock(directory: Path) -> TextIO | None:
    """Return the open lock file of this demo, to be held while it runs; None when another process holds it."""
    file = (directory / "demo.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
