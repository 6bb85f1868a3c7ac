"""Reads the environment once: `.env` beside manage.py first, then what the process was given (which wins)."""

import base64
import json
import os
import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
MODES = ("demo", "test", "production")

env = environ.Env()
_env_file = Path(env.str("BOEKBRUG_ENV_FILE", default=str(BASE_DIR / ".env")))
# Tests must come out alike on every machine, whatever its `.env` says.
if _env_file.is_file() and env.str("BOEKBRUG_ENV", default="") != "test":
    env.read_env(_env_file, overwrite=False)


def read_mode() -> str:
    """Return demo, test or production, from BOEKBRUG_ENV. Anything else stops the start."""
    mode: str = env.str("BOEKBRUG_ENV", default="demo")
    if mode not in MODES:
        raise ImproperlyConfigured(f"BOEKBRUG_ENV is {mode!r}; it must be one of {', '.join(MODES)}.")
    return mode


def new_encryption_key() -> str:
    """Return a fresh key for encrypted fields: 32 random bytes in URL-safe base64, as Fernet wants them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def demo_secrets(directory: Path) -> dict[str, str]:
    """Return the demo's own secrets, made at the first start and kept in `directory` for the next.

    Several processes may start together: each writes its own file and links it into place, the first
    link wins, and all read what stands there.
    """
    path = directory / "demo-secrets.json"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        draft = directory / f".demo-secrets-{os.getpid()}-{secrets.token_hex(4)}"
        content = {"secret_key": secrets.token_urlsafe(50), "field_encryption_key": new_encryption_key()}
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secrets hold
        finally:
            draft.unlink()
    found: dict[str, str] = json.loads(path.read_text())
    return found
