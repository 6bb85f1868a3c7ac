"""The command lines of the product's processes, for whoever launches them."""

import sys

from config.environment import BASE_DIR
from config.launcher import Child

MANAGE = str(BASE_DIR / "manage.py")


def web(*, bind: str, workers: int = 1, threads: int = 8, restart: bool = True) -> Child:
    """Return the web server at `bind` ("127.0.0.1:8000")."""
    argv = [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi:application",
        "--config=python:config.gunicorn",
        f"--chdir={BASE_DIR}",
        f"--bind={bind}",
        f"--workers={workers}",
        f"--threads={threads}",
    ]
    return Child("web", argv, restart=restart)


def worker(*, name: str = "worker", restart: bool = True) -> Child:
    """Return one queue cluster."""
    return Child(name, [sys.executable, MANAGE, "qcluster"], restart=restart)
