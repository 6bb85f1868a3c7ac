"""What the settings read from the environment, seen from a process of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import demo_secrets

SHOW = "import json; from config import settings as s; print(json.dumps({n: str(getattr(s, n)) for n in %r}))"


OURS = ("BOEKBRUG_", "DATABASE_", "DJANGO_", "REDIS_")


def start(names: list[str], **given: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    return subprocess.run(
        [sys.executable, "-c", SHOW % names],
        env={**kept, "BOEKBRUG_ENV_FILE": "/nonexistent", **given},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["BOEKBRUG_SECRET_KEY", "BOEKBRUG_FIELD_ENCRYPTION_KEYS", "BOEKBRUG_ALLOWED_HOSTS"])
def test_production_does_not_start_without(missing, tmp_path):
    given = {
        "BOEKBRUG_ENV": "production",
        "BOEKBRUG_VAR_DIR": str(tmp_path),
        "BOEKBRUG_SECRET_KEY": "x" * 60,
        "BOEKBRUG_FIELD_ENCRYPTION_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        "BOEKBRUG_ALLOWED_HOSTS": "books.example",
        "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3",
    }
    assert start(["BOEKBRUG_ENV"], **given).returncode == 0
    del given[missing]
    ended = start(["BOEKBRUG_ENV"], **given)
    assert ended.returncode != 0
    assert missing in ended.stderr


def test_an_unknown_mode_stops_the_start(tmp_path):
    ended = start(["BOEKBRUG_ENV"], BOEKBRUG_ENV="produktion", BOEKBRUG_VAR_DIR=str(tmp_path))
    assert ended.returncode != 0
    assert "demo, test, production" in ended.stderr


def test_demo_makes_its_secrets_once(tmp_path):
    given = {"BOEKBRUG_ENV": "demo", "BOEKBRUG_VAR_DIR": str(tmp_path)}
    first = json.loads(start(["SECRET_KEY", "DEBUG"], **given).stdout)
    again = json.loads(start(["SECRET_KEY", "DEBUG"], **given).stdout)
    assert first == again
    assert first["DEBUG"] == "False"
    assert len(first["SECRET_KEY"]) >= 50
    file = tmp_path / "demo-secrets.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo-secrets.json"]


def test_the_first_of_two_processes_decides_the_secrets(tmp_path):
    (tmp_path / "demo-secrets.json").write_text(json.dumps({"secret_key": "a", "field_encryption_key": "b"}))
    assert demo_secrets(tmp_path) == {"secret_key": "a", "field_encryption_key": "b"}


def test_the_example_names_every_setting():
    """Every name that the code reads stands in `.env.example`, and no other."""
    read = set()
    for path in Path("config").glob("*.py"):
        read |= set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', path.read_text()))
        read |= set(re.findall(r'env\.\w+_url\("([A-Z_]+)"', path.read_text()))
    shown = set(re.findall(r"(?m)^#?([A-Z][A-Z_]+)=", Path(".env.example").read_text()))
    assert shown == (read | {"POSTGRES_PASSWORD"}) - {"BOEKBRUG_ENV_FILE"}


EVERY_SETTING = """
import json
import django; django.setup()
from config import settings as s
print(json.dumps({n: repr(getattr(s, n)) for n in dir(s) if n.isupper() and n not in ("LANGUAGES", "UNFOLD")}, default=str))
"""


def test_the_example_shows_the_defaults(tmp_path):
    """Copying it unchanged changes nothing."""
    (tmp_path / "demo-secrets.json").write_text(json.dumps({"secret_key": "a", "field_encryption_key": "b"}))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    kept["DJANGO_SETTINGS_MODULE"] = "config.settings"
    shown = []
    for file in ("/nonexistent", ".env.example"):
        env = {**kept, "BOEKBRUG_VAR_DIR": str(tmp_path), "BOEKBRUG_ENV_FILE": file}
        shown.append(json.loads(subprocess.check_output([sys.executable, "-c", EVERY_SETTING], env=env, text=True)))
    without, with_example = shown
    assert len(without) > 80
    assert with_example == without


def test_reading_the_settings_asks_for_none_of_them():
    """Whoever asked would keep a half-read module: every process but the one that starts it would lack its rest."""
    words = "import config.settings; from django.conf import settings; print(settings.configured)"
    # Development takes defaults for all that is not given.
    given = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, "-c", words],
        env=given,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
