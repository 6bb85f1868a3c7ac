"""Access keys, sessions of a day, the rights of a key, and the calls that all integrations of a domain share."""

from __future__ import annotations

from typing import Any

from .soap import Fault, guid
from .world import Administration, Domain, World, new_id

_LANGUAGES = ("nl-be", "nl", "fr-be", "en")


def fault_of_day(world: World) -> Fault:
    """The refusal when the day is spent."""
    if world.settings["limit_signal"] == "429":
        return Fault("", status=429)
    return Fault("Daily limit exceeded", "soap:Client", "1000 free webservice calls a day for every domain")


class Calls:
    """Counts calls per domain and day; in memory only, a restart starts them afresh."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clear()

    def clear(self) -> None:
        """Forget all counts."""
        self._used: dict[str, tuple[str, int]] = {}

    def used(self, domain: str) -> int:
        """Return the calls of today."""
        day, used = self._used.get(domain, ("", 0))
        return used if day == self._world.today() else 0

    def spend(self, domain: str, calls: int) -> None:
        """Count calls of other integrations."""
        self._used[domain] = (self._world.today(), self.used(domain) + calls)

    def count(self, domain: str) -> None:
        """Count a call. Raises Fault when there was none left."""
        settings = self._world.settings
        if settings["limits"] and self.used(domain) >= settings["daily_limit"]:
            raise fault_of_day(self._world)
        self.spend(domain, 1)


class Sessions:
    """A key opens a session that serves every web service of its country for a day."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def authenticate(self, key: str, site: str) -> str:
        """Return a new session. Raises Fault for a key that is unknown there."""
        access = self._world.keys.get(guid(key))
        domain = self._world.domains.get(access["domain"]) if access else None
        if access is None or domain is None or site not in ("", domain.site):
            raise Fault("Invalid access key.")
        self._calls.count(domain.key)
        session = new_id()
        self._keep(
            session,
            {
                "key": guid(key),
                "domain": domain.key,
                "current": domain.key,
                "language": "nl-be",
                "until": self._world.clock.time() + self._world.settings["session_seconds"],
            },
        )
        return session

    def _keep(self, session: str, row: dict[str, Any]) -> None:
        self._world.sessions[session] = row
        self._world.keep("session", session, row)

    def open(self, session: str, site: str) -> dict[str, Any]:
        """Return a live session. Raises Fault for an unknown, expired or missing one, or one of another country."""
        row = self._world.sessions.get(guid(session))
        if (
            row is None
            or row["until"] <= self._world.clock.time()
            or row["key"] not in self._world.keys
            or site not in ("", self._world.domains[row["domain"]].site)
        ):
            raise Fault("System.Web.Services.Protocols.SoapException: Invalid session ID")
        return row

    def check_right(self, session: dict[str, Any], service: str) -> None:
        """Raise Fault when the key was not given this web service."""
        services = self._world.keys[session["key"]]["services"]
        if services is None or service in services or service == "Domains":
            return
        if self._world.settings["missing_right"] == "403":
            raise Fault("", status=403)
        raise Fault(f"You are not authorized to use web service {service}.")

    def set_domain(self, session: str, domain: str) -> None:
        """Make another domain of the key the current one."""
        row = self._world.sessions[guid(session)]
        if domain not in {one.key for one in self.domains(row)}:
            raise Fault("Domain has no active database")
        self._keep(guid(session), {**row, "current": domain})

    def set_language(self, session: str, language: str) -> None:
        """Choose the language of labels."""
        if language in _LANGUAGES:
            self._keep(guid(session), {**self._world.sessions[guid(session)], "language": language})

    def domains(self, session: dict[str, Any]) -> list[Domain]:
        """The domains that the key opens."""
        access = self._world.keys[session["key"]]
        return [self._world.domains[key] for key in (access["domain"], *access.get("more", ()))]

    def administrations(self, session: dict[str, Any]) -> list[Administration]:
        """The administrations that the key opens."""
        only = self._world.keys[session["key"]]["administrations"]
        mine = {one.key for one in self.domains(session)}
        return [
            one
            for one in self._world.administrations.values()
            if one.info["domain"] in mine and (only is None or one.key in only)
        ]
