"""System checks of the installation: what would lose a booking or open a ledger fails before it can."""

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from config.fields import key_ring

# PRAGMA synchronous answers 0 OFF, 1 NORMAL, 2 FULL, 3 EXTRA.
SQLITE_FULL = 2


def is_loopback(url: str) -> bool:
    """Return True when `url` leads back to this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@register(Tags.security)
def check_encryption_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The keys of encrypted fields are there and are keys."""
    try:
        key_ring()
    except ImproperlyConfigured as exc:
        return [Error(str(exc), id="boekbrug.E001")]
    return []


@register(Tags.security)
def check_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """In production no debugging, no plain HTTP, and the tools are the real ones."""
    if not settings.IS_PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("BOEKBRUG_DEBUG is on in production: error pages would show data.", id="boekbrug.E002"))
    for name in sorted({name for name in dir(settings) if name.startswith("BOEKBRUG_") and name.endswith("_BASE_URL")}):
        url = getattr(settings, name)
        if not url:
            continue
        if is_loopback(url):
            found.append(Error(f"{name} is {url}: bookings would go to a sandbox on this machine.", id="boekbrug.E003"))
        elif urlsplit(url).scheme != "https":
            found.append(Error(f"{name} is {url}: tokens and bookings must travel by https.", id="boekbrug.E004"))
    if settings.BOEKBRUG_INSECURE_HTTP:
        found.append(
            Warning("BOEKBRUG_INSECURE_HTTP is on: passwords travel unprotected to this site.", id="boekbrug.W001")
        )
    return found


@register()
def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The chosen broker exists."""
    if settings.BOEKBRUG_BROKER not in ("orm", "redis"):
        return [Error(f"BOEKBRUG_BROKER is {settings.BOEKBRUG_BROKER!r}; it is orm or redis.", id="boekbrug.E005")]
    if settings.BOEKBRUG_BROKER == "redis" and not settings.REDIS_URL:
        return [Error("BOEKBRUG_BROKER is redis, but REDIS_URL is empty.", id="boekbrug.E006")]
    return []


@register()
def check_times(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The times of a sync fit into one another."""
    found: list[CheckMessage] = []
    if settings.BOEKBRUG_LEASE_SECONDS <= 0 or settings.BOEKBRUG_SLICE_SECONDS <= 0:
        found.append(Error("BOEKBRUG_LEASE_SECONDS and BOEKBRUG_SLICE_SECONDS must be positive.", id="boekbrug.E007"))
    if settings.BOEKBRUG_SLICE_SECONDS + settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS > settings.Q_CLUSTER["timeout"]:
        found.append(
            Error(
                "A slice and one last call take longer than the queue lets a task run: "
                "BOEKBRUG_SLICE_SECONDS + BOEKBRUG_REQUEST_DEADLINE_SECONDS must stay within "
                f"{settings.Q_CLUSTER['timeout']} seconds.",
                id="boekbrug.E008",
            )
        )
    if 0 < settings.BOEKBRUG_LEASE_SECONDS <= settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS + 1:
        found.append(
            Error(
                "BOEKBRUG_LEASE_SECONDS must be longer than BOEKBRUG_REQUEST_DEADLINE_SECONDS by more than a second.",
                hint="A call starts only when the lease outlives it; with less, no call would ever start.",
                id="boekbrug.E013",
            )
        )
    if not 1 <= settings.BOEKBRUG_DISPATCH_SECONDS <= 59:
        found.append(Error("BOEKBRUG_DISPATCH_SECONDS is a number from 1 to 59.", id="boekbrug.E012"))
    if not 0 <= settings.BOEKBRUG_NIGHTLY_HOUR <= 23:
        found.append(Error("BOEKBRUG_NIGHTLY_HOUR is an hour from 0 to 23.", id="boekbrug.E009"))
    return found


@register(Tags.database)
def check_durability(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A commit that protects the books survives a power cut. Runs with `migrate`, `serve` and `check --database`."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA synchronous")
                (level,) = cursor.fetchone()
                if level < SQLITE_FULL:
                    found.append(
                        Error(
                            f"Database {alias}: SQLite's synchronous is {level}, less than FULL; "
                            "a power cut could undo a booking that the tool already has.",
                            id="boekbrug.E010",
                        )
                    )
            elif connection.vendor == "postgresql":
                for name in ("synchronous_commit", "fsync"):
                    cursor.execute(f"SHOW {name}")
                    (state,) = cursor.fetchone()
                    if state == "off":
                        found.append(
                            Error(
                                f"Database {alias}: PostgreSQL's {name} is off; "
                                "a crash could undo a booking that the tool already has.",
                                id="boekbrug.E010",
                            )
                        )
            else:
                found.append(Error(f"Database {alias}: use PostgreSQL or SQLite.", id="boekbrug.E011"))
    return found
