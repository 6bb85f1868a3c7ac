"""The demo's log-ins: one per kind of person, with passwords made for this installation."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import Group, Permission, User

# log-in name, group, what the person does
PEOPLE = (
    ("admin", "Account admin", "connects, links and reads issues"),
    ("staff", "Staff", "makes and books documents, starts a sync"),
    ("accountant", "Accountant", "looks, changes nothing"),
)
_WORDS = [
    "anker",
    "boter",
    "dijk",
    "emmer",
    "fiets",
    "gevel",
    "haven",
    "inkt",
    "kabel",
    "ladder",
    "molen",
    "noorder",
    "oever",
    "paling",
    "raket",
    "schuit",
    "toren",
    "uurwerk",
    "vlieger",
    "wafel",
    "zolder",
    "bakker",
    "dorp",
    "eik",
    "fluit",
    "gracht",
    "hamer",
    "kaart",
    "lamp",
    "markt",
]


# The rest of invoicing is settings: entities, fiscal years, rates, terms, accounts.
_WORKED_ON_BY_STAFF = (
    "salesdocument",
    "invoice",
    "creditnote",
    "salesline",
    "documentdiscount",
    "documentfile",
    "payment",
)


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    password: str
    group: str
    does: str


def make_password() -> str:
    """Return three words and four digits: easy to type over, and different in every installation."""
    words = [secrets.choice(_WORDS) for _ in range(3)]
    return "-".join([*words, f"{secrets.randbelow(10_000):04d}"])


def load_users(directory: Path) -> list[Login]:
    """Create the log-ins that are missing and return all of them.

    The passwords are kept in `directory`, so that a later start can print them again; a password that a person
    changed since stays changed and is printed as "(changed)".
    """
    kept = _kept_passwords(directory / "demo-logins.json")
    logins = []
    for username, group_name, does in PEOPLE:
        group = _group(group_name)
        user = User.objects.filter(username=username).first()
        if user is None:
            user = User.objects.create_user(
                username,
                email=f"{username}@boekbrug.example",
                password=kept[username],
                is_staff=True,
                is_superuser=username == "admin",
            )
            user.groups.add(group)
        password = kept[username] if user.check_password(kept[username]) else "(changed)"
        logins.append(Login(username, password, group_name, does))
    return logins


def _kept_passwords(path: Path) -> dict[str, str]:
    """Return a password per log-in, read from the file or made now; only the owner may read the file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({username: make_password() for username, _, _ in PEOPLE}, file)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def _group(name: str) -> Group:
    """Return the group; one without any rights gets those its people need."""
    group, _ = Group.objects.get_or_create(name=name)
    if not group.permissions.exists():
        ours = Permission.objects.filter(content_type__app_label__in=["crm", "invoicing", "integrations"])
        rights = ours if name == "Account admin" else ours.filter(codename__startswith="view_")
        if name == "Staff":
            rights |= ours.filter(content_type__app_label="crm")
            rights |= ours.filter(content_type__app_label="invoicing", content_type__model__in=_WORKED_ON_BY_STAFF)
            rights |= ours.filter(codename__in=["add_syncrun", "change_posting"])
        group.permissions.set(rights)
    return group
