"""The project's settings for tests: own secrets, own files, nothing of the machine's `.env`.

What a test process sets here its child processes inherit, so that a worker started by a test reads the same rows.
"""

import atexit
import os
import shutil
import tempfile

if os.environ.get("BOEKBRUG_ENV") != "test":
    os.environ["BOEKBRUG_ENV"] = "test"
    _var = tempfile.mkdtemp(prefix="boekbrug-tests-")
    os.environ["BOEKBRUG_VAR_DIR"] = _var
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{_var}/boekbrug.sqlite3")
    # The process that made the directory removes it; workers of pytest-xdist and children leave it alone.
    atexit.register(shutil.rmtree, _var, ignore_errors=True)

from config.settings import *  # noqa: F403
from config.settings import DATABASES, VAR_DIR

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: threads and processes of a test share it as they would in use.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    # Named after the process tree, so that two runs on one server do not drop each other's database.
    os.environ.setdefault("BOEKBRUG_TEST_DATABASE_NAME", f"test_boekbrug_{os.getpid()}")
    DATABASES["default"]["TEST"] = {"NAME": os.environ["BOEKBRUG_TEST_DATABASE_NAME"]}

# The test client asks for pages, not for files; listing all files again for each test takes longer than the test.
WHITENOISE_USE_FINDERS = False

# Argon2 is slow on purpose; a test that signs in need not pay for it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
