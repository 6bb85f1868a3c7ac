"""Settings of the project, each named in `.env.example` with its unit and default.

The environment is read here and in `environment.py`, nowhere else.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from config.environment import BASE_DIR, demo_secrets, env, read_mode
from config.logs import logging_config
from config.theme import UNFOLD as UNFOLD
from config.vendors import origin, sign_in_urls

# Lets `forms.ModelForm[Party]` be written where Django's own classes do not take parameters while running.
django_stubs_ext.monkeypatch()

BOEKBRUG_ENV = read_mode()
IS_PRODUCTION = BOEKBRUG_ENV == "production"
IS_TEST = BOEKBRUG_ENV == "test"

# Files that running makes: the SQLite database, the demo's secrets, uploads.
VAR_DIR = Path(env.str("BOEKBRUG_VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# --- Secrets: none has a default in production, so a forgotten one stops the start -----------------------------------

if IS_PRODUCTION:
    SECRET_KEY: str = env.str("BOEKBRUG_SECRET_KEY")
    BOEKBRUG_FIELD_ENCRYPTION_KEYS: list[str] = env.list("BOEKBRUG_FIELD_ENCRYPTION_KEYS")
elif IS_TEST:
    # Tests start processes that must read each other's rows, so their secrets are fixed and guard nothing.
    SECRET_KEY = "only-for-tests-" + "0" * 50
    BOEKBRUG_FIELD_ENCRYPTION_KEYS = ["dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="]
else:
    _made = demo_secrets(VAR_DIR)
    SECRET_KEY = env.str("BOEKBRUG_SECRET_KEY", default=_made["secret_key"])
    BOEKBRUG_FIELD_ENCRYPTION_KEYS = env.list("BOEKBRUG_FIELD_ENCRYPTION_KEYS", default=[_made["field_encryption_key"]])
SECRET_KEY_FALLBACKS: list[str] = env.list("BOEKBRUG_SECRET_KEY_FALLBACKS", default=[])

DEBUG: bool = env.bool("BOEKBRUG_DEBUG", default=False)
ALLOWED_HOSTS: list[str] = (
    env.list("BOEKBRUG_ALLOWED_HOSTS")
    if IS_PRODUCTION
    else env.list("BOEKBRUG_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"])
)

# --- The product -----------------------------------------------------------------------------------------------------

BOEKBRUG_EXACT_CLIENT_ID: str = env.str("BOEKBRUG_EXACT_CLIENT_ID", default="")
BOEKBRUG_EXACT_CLIENT_SECRET: str = env.str("BOEKBRUG_EXACT_CLIENT_SECRET", default="")
# Empty: the host of the entity's country. The demo and the tests point it to the sandbox.
BOEKBRUG_EXACT_BASE_URL: str = env.str("BOEKBRUG_EXACT_BASE_URL", default="").rstrip("/")
# The software house id that Octopus gave to who runs this installation.
BOEKBRUG_OCTOPUS_CLIENT_ID: str = env.str("BOEKBRUG_OCTOPUS_CLIENT_ID", default="")
BOEKBRUG_OCTOPUS_BASE_URL: str = env.str("BOEKBRUG_OCTOPUS_BASE_URL", default="").rstrip("/")
BOEKBRUG_TWINFIELD_CLIENT_ID: str = env.str("BOEKBRUG_TWINFIELD_CLIENT_ID", default="")
BOEKBRUG_TWINFIELD_CLIENT_SECRET: str = env.str("BOEKBRUG_TWINFIELD_CLIENT_SECRET", default="")
BOEKBRUG_TWINFIELD_BASE_URL: str = env.str("BOEKBRUG_TWINFIELD_BASE_URL", default="").rstrip("/")
BOEKBRUG_YUKI_BASE_URL: str = env.str("BOEKBRUG_YUKI_BASE_URL", default="").rstrip("/")
BOEKBRUG_CONNECTOR_COUNTRIES: list[str] = env.list("BOEKBRUG_CONNECTOR_COUNTRIES", default=["BE", "NL"])
# This site's own address, for links in e-mail and the address a tool sends people back to. Empty: from the request.
BOEKBRUG_SITE_URL: str = env.str("BOEKBRUG_SITE_URL", default="").rstrip("/")
# Folder from which a Peppol access point takes e-invoices. Empty: none are handed over.
BOEKBRUG_PEPPOL_OUTBOX_DIR: str = env.str("BOEKBRUG_PEPPOL_OUTBOX_DIR", default="")
# Minutes after which a supplier is told of a decision about its e-invoice; taken back before, it is told of none.
BOEKBRUG_PEPPOL_RESPONSE_MINUTES: int = env.int("BOEKBRUG_PEPPOL_RESPONSE_MINUTES", default=60)

BOEKBRUG_LEASE_SECONDS: int = env.int("BOEKBRUG_LEASE_SECONDS", default=150)
BOEKBRUG_SLICE_SECONDS: int = env.int("BOEKBRUG_SLICE_SECONDS", default=30)
BOEKBRUG_DISPATCH_SECONDS: int = env.int("BOEKBRUG_DISPATCH_SECONDS", default=30)
BOEKBRUG_REQUEST_DEADLINE_SECONDS: int = env.int("BOEKBRUG_REQUEST_DEADLINE_SECONDS", default=60)
BOEKBRUG_QUIET_SECONDS: int = env.int("BOEKBRUG_QUIET_SECONDS", default=120)
# The longest wait between two tries when a tool does not answer; the first waits are shorter.
BOEKBRUG_RETRY_SECONDS: int = env.int("BOEKBRUG_RETRY_SECONDS", default=300)
BOEKBRUG_NIGHTLY_HOUR: int = env.int("BOEKBRUG_NIGHTLY_HOUR", default=2)
BOEKBRUG_NIGHTLY_SPREAD_MINUTES: int = env.int("BOEKBRUG_NIGHTLY_SPREAD_MINUTES", default=60)
# Days in which two customers that were merged can be taken apart again.
BOEKBRUG_MERGE_UNDO_DAYS: int = env.int("BOEKBRUG_MERGE_UNDO_DAYS", default=30)

# Bounds of a file of customers, and the days within which its import can be undone.
BOEKBRUG_IMPORT_MAX_MB: int = env.int("BOEKBRUG_IMPORT_MAX_MB", default=5)
BOEKBRUG_IMPORT_MAX_ROWS: int = env.int("BOEKBRUG_IMPORT_MAX_ROWS", default=35_000)
BOEKBRUG_IMPORT_MAX_COLUMNS: int = env.int("BOEKBRUG_IMPORT_MAX_COLUMNS", default=200)
BOEKBRUG_IMPORT_MAX_CELL: int = env.int("BOEKBRUG_IMPORT_MAX_CELL", default=10_000)
BOEKBRUG_IMPORT_UNPACKED_MB: int = env.int("BOEKBRUG_IMPORT_UNPACKED_MB", default=250)
BOEKBRUG_IMPORT_UNDO_DAYS: int = env.int("BOEKBRUG_IMPORT_UNDO_DAYS", default=30)

# Largest document, in MB, by whatever route it comes; and the folder that read_inbox looks into, empty: none.
BOEKBRUG_PEPPOL_MAX_MB: int = env.int("BOEKBRUG_PEPPOL_MAX_MB", default=10)
# PEPPOL_RULES_DIR alone is understood as well.
BOEKBRUG_PEPPOL_RULES_DIR: str = env.str("BOEKBRUG_PEPPOL_RULES_DIR", default="") or env.str(
    "PEPPOL_RULES_DIR", default=""
)
BOEKBRUG_PEPPOL_RULES_SECONDS: float = env.float("BOEKBRUG_PEPPOL_RULES_SECONDS", default=10.0)
BOEKBRUG_PEPPOL_INBOX_DIR: str = env.str("BOEKBRUG_PEPPOL_INBOX_DIR", default="")
# Documents that one access point may hand in within a minute.
BOEKBRUG_PEPPOL_PER_MINUTE: int = env.int("BOEKBRUG_PEPPOL_PER_MINUTE", default=120)

# --- Applications ----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Unfold replaces templates of the admin, so it stands before it.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "config",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # Development's runserver then serves static files as production does.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "import_export",
    "django_q",
    "axes",
    "csp",
    "crm",
    "invoicing",
    "integrations",
]

MIDDLEWARE = [
    "config.health.SignsOfLife",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    # Last, as axes asks: it turns a locked log-in into its answer.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database, cache, queue ------------------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'boekbrug.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that begins by reading and then writes dies with "database is locked" otherwise.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: a commit that protects the books survives a power cut; WAL with NORMAL may lose the last ones.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("BOEKBRUG_DB_CONN_MAX_AGE_SECONDS", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL: str = env.str("REDIS_URL", default="")
# "shared" is read by every process; "default" is the same store, so that nothing depends on a process's own memory.
_cache: dict[str, Any] = (
    {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "config_cache"}
)
CACHES: dict[str, dict[str, Any]] = {
    "default": {**_cache, "KEY_PREFIX": "boekbrug"},
    "shared": {**_cache, "KEY_PREFIX": "boekbrug"},
}

# Rule: retry > timeout x (1 + ceil((queue_limit + bulk + 1) / workers)). Retries of a booking belong to our own rows,
# never to the queue: a task carries ids, may come twice and then does nothing twice.
Q_CLUSTER: dict[str, Any] = {
    "name": "boekbrug",
    "label": "Queue",
    "workers": env.int("BOEKBRUG_WORKERS", default=2),
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.5,
    "timeout": 120,
    "retry": 600,
    "max_attempts": 1,
    "ack_failures": True,
    # A missed minute is one run, not ten.
    "catch_up": False,
    # Keeping successes costs a factor of three; our runs and postings hold the history.
    "save_limit": -1,
    "recycle": 500,
    "max_rss": 400_000,
    # How often the sentinel looks at its workers and says in the cache that it lives; it says so for three seconds.
    "guard_cycle": 1,
    "cache": "shared",
    "ALT_CLUSTERS": {"bulk": {"workers": 1, "timeout": 3600, "retry": 9000, "queue_limit": 1}},
}
# Redis is up to twice as fast but loses a task whose worker dies; the dispatcher finds it again within half a minute.
BOEKBRUG_BROKER: str = env.str("BOEKBRUG_BROKER", default="orm")
if BOEKBRUG_BROKER == "redis":
    Q_CLUSTER["redis"] = REDIS_URL
else:
    Q_CLUSTER["orm"] = "default"

# --- Language and time -----------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = env.str("BOEKBRUG_TIME_ZONE", default="Europe/Brussels")
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGE_CODE = env.str("BOEKBRUG_LANGUAGE", default="en")
LANGUAGES = [("en", _("English")), ("nl", _("Dutch")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_THOUSAND_SEPARATOR = True

# --- Static and uploaded files ---------------------------------------------------------------------------------------

STATIC_URL = "/static/"
# Only production collects its files; the demo serves straight from the packages.
STATIC_ROOT = Path(env.str("BOEKBRUG_STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))) if IS_PRODUCTION else None
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
MEDIA_ROOT = Path(env.str("BOEKBRUG_MEDIA_ROOT", default=str(VAR_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
# An invoice with many lines has many fields; a body beyond this is not a form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Log-in and sessions ---------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# A guesser is locked out, the colleague with the same user name at another address is not.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"
AXES_CLIENT_IP_CALLABLE = "config.proxies.client_address"
AXES_ENABLE_ADMIN = False
# The log-in page is no place to hunt for timing, and a session's address is not kept longer than needed.
AXES_DISABLE_ACCESS_LOG = True

SESSION_COOKIE_AGE = env.int("BOEKBRUG_SESSION_HOURS", default=12) * 3600
SESSION_COOKIE_HTTPONLY = True
# Lax, not Strict: the tool's sign-in page sends people back here, and they must still be signed in.
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- Transport and headers -------------------------------------------------------------------------------------------

# Number of proxies of our own in front; each adds one entry to X-Forwarded-For. 0: their headers are not believed.
BOEKBRUG_TRUSTED_PROXIES: int = env.int("BOEKBRUG_TRUSTED_PROXIES", default=0)
# Only for a first look inside a closed network; a check complains about it in production.
BOEKBRUG_INSECURE_HTTP: bool = env.bool("BOEKBRUG_INSECURE_HTTP", default=False)
_https = IS_PRODUCTION and not BOEKBRUG_INSECURE_HTTP
if BOEKBRUG_TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
CSRF_TRUSTED_ORIGINS: list[str] = env.list("BOEKBRUG_CSRF_TRUSTED_ORIGINS", default=[])
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Scripts never need 'unsafe-inline'. What is loosened, and why, stands in docs/security.md.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # The wizard's sign-in button is a form whose answer leads to the tool's own page.
        "form-action": [
            SELF,
            *(
                origin(url)
                for url in sign_in_urls(
                    base_urls={"exact": BOEKBRUG_EXACT_BASE_URL, "twinfield": BOEKBRUG_TWINFIELD_BASE_URL},
                    countries=BOEKBRUG_CONNECTOR_COUNTRIES,
                )
            ),
        ],
    }
}

# --- E-mail and logs -------------------------------------------------------------------------------------------------

vars().update(env.email_url("BOEKBRUG_EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 20  # seconds; mails are sent by a worker, which must not hang on a server that is away
DEFAULT_FROM_EMAIL = env.str("BOEKBRUG_FROM_EMAIL", default="boekbrug@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

BOEKBRUG_LOG_FORMAT: str = env.str("BOEKBRUG_LOG_FORMAT", default="json" if IS_PRODUCTION else "readable")
BOEKBRUG_LOG_LEVEL: str = env.str("BOEKBRUG_LOG_LEVEL", default="INFO")
LOGGING = logging_config(style=BOEKBRUG_LOG_FORMAT, level=BOEKBRUG_LOG_LEVEL)
