"""The fields of two parties side by side: filled beats empty, what contradicts is chosen, and an address stays whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _

from ..models import Party, VatType
from .rows import Outcome, Row, Side, Words


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are one thing to a person, and are taken over together where they contradict."""

    key: str
    label: Words
    names: tuple[str, ...]


_NAME = Group("name", gettext_lazy("Name"), ("name",))
_NAME_OF_PERSON = Group("name", gettext_lazy("Name"), ("first_name", "last_name", "name"))
_GROUPS = (
    Group("vat_type", gettext_lazy("VAT type"), ("vat_type",)),
    Group("vat_number", gettext_lazy("VAT number"), ("vat_number",)),
    Group("enterprise_number", gettext_lazy("Enterprise number"), ("enterprise_number",)),
    # Half of one address and half of another would be an address that nobody has.
    Group("address", gettext_lazy("Address"), ("street", "postcode", "city", "country")),
    Group("language", gettext_lazy("Language"), ("language",)),
    Group("email", gettext_lazy("E-mail"), ("email",)),
    Group("phone", gettext_lazy("Phone"), ("phone",)),
    Group("website", gettext_lazy("Website"), ("website",)),
    Group("bank_account", gettext_lazy("Bank account"), ("iban", "bic")),
    Group("peppol_id", gettext_lazy("Peppol ID"), ("peppol_id",)),
    Group("payment_term", gettext_lazy("Payment term"), ("payment_term_id",)),
)
# United, never chosen between.
_ROLES = ("is_customer", "is_supplier")
_JOINT = "\n\n"


def groups_of(party: Party) -> tuple[Group, ...]:
    return (_NAME_OF_PERSON if party.is_person else _NAME, *_GROUPS)


def field_names(party: Party) -> list[str]:
    """Every field that a merge compares, as attributes."""
    return [*(name for group in groups_of(party) for name in group.names), *_ROLES, "notes"]


def values_of(party: Party) -> dict[str, Any]:
    """The compared fields with their values, as they are kept in a merge."""
    return {name: getattr(party, name) for name in field_names(party)}


def label_of(party: Party, field: str) -> str:
    """The name by which a person knows a field."""
    for group in groups_of(party):
        if field in group.names:
            return str(group.label)
    return {"notes": _("Notes"), "is_customer": _("Customer"), "is_supplier": _("Supplier")}[field]


def rows(winner: Party, loser: Party) -> Iterator[Row]:
    """Both sides of each group that either has, then what is united: role, notes and tags."""
    for group in groups_of(winner):
        ours, theirs = _text(group, winner), _text(group, loser)
        if ours or theirs:
            yield Row(
                key=group.key, label=group.label, winner=ours, loser=theirs, outcome=_outcome(group, winner, loser)
            )
    added = [name for name in _ROLES if getattr(loser, name) and not getattr(winner, name)]
    yield Row(
        key="role",
        label=gettext_lazy("Role"),
        winner=_roles(winner, _ROLES),
        loser=_roles(loser, added or _ROLES),
        outcome=Outcome.ADDED if added else Outcome.EQUAL,
    )
    if winner.notes or loser.notes:
        yield Row(
            key="notes", label=gettext_lazy("Notes"), winner=winner.notes, loser=loser.notes,
            outcome=_outcome_of_notes(winner, loser),
        )  # fmt: skip
    ours_tags, their_tags = ({tag.name for tag in party.tags.all()} for party in (winner, loser))
    if ours_tags or their_tags:
        yield Row(
            key="tags",
            label=gettext_lazy("Tags"),
            winner=", ".join(sorted(ours_tags)),
            loser=", ".join(sorted(their_tags - ours_tags or their_tags)),
            outcome=Outcome.ADDED if their_tags - ours_tags else Outcome.EQUAL,
        )


def taken_over(winner: Party, loser: Party, choices: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the winner that get another value, with it. Where nothing is chosen the winner's own stays."""
    found: dict[str, Any] = {}
    for group in groups_of(winner):
        outcome = _outcome(group, winner, loser)
        if outcome is Outcome.CONFLICT and choices.get(group.key) == Side.LOSER:
            found |= {name: getattr(loser, name) for name in group.names}
        elif outcome is Outcome.TAKEN:
            found |= {name: getattr(loser, name) for name in group.names if _is_empty(winner, name)}
    found |= {name: True for name in _ROLES if getattr(loser, name)}
    if _outcome_of_notes(winner, loser) is not Outcome.EQUAL:
        found["notes"] = _JOINT.join(text for text in (winner.notes.strip(), loser.notes.strip()) if text)
    return {name: value for name, value in found.items() if getattr(winner, name) != value}


def _outcome(group: Group, winner: Party, loser: Party) -> Outcome:
    pairs = [(name, _compared(winner, name), _compared(loser, name)) for name in group.names]
    if any(ours and theirs and ours != theirs for _name, ours, theirs in pairs):
        return Outcome.CONFLICT
    return Outcome.TAKEN if any(theirs and not ours for _name, ours, theirs in pairs) else Outcome.EQUAL


def _outcome_of_notes(winner: Party, loser: Party) -> Outcome:
    if not loser.notes.strip() or loser.notes.strip() in winner.notes:
        return Outcome.EQUAL
    return Outcome.ADDED if winner.notes.strip() else Outcome.TAKEN


def _compared(party: Party, name: str) -> str:
    """A value in the form in which two equal ones are the same; empty where the party has none."""
    if _is_empty(party, name):
        return ""
    value = str(getattr(party, name))
    if name == "email":
        return value.casefold()
    if name == "phone":
        return "".join(c for c in value if c.isdigit() or c == "+")
    return value


def _is_empty(party: Party, name: str) -> bool:
    value = getattr(party, name)
    return value in ("", None) or (name == "vat_type" and value == VatType.UNKNOWN)


def shown(column: Any, value: Any) -> str:
    """A stored value of a field as people read it; a dash for none."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in ("", None):
        return "–"
    if column.choices:
        return str(dict(column.choices).get(value, value))
    if column.is_relation:
        return str(column.related_model._base_manager.filter(pk=value).first() or "–")
    return str(value)


# --- as people read them ------------------------------------------------------------------------------------------


def _text(group: Group, party: Party) -> str:
    if all(_is_empty(party, name) for name in group.names):
        return ""
    if group.key == "name":
        return party.name
    if group.key == "vat_type":
        return str(VatType(party.vat_type).label)
    if group.key == "payment_term":
        return str(party.payment_term)
    if group.key == "language":
        return _language(party.language)
    if group.key == "address":
        place = f"{party.postcode} {party.city}".strip()
        return ", ".join(part for part in (party.street, place, party.country) if part)
    return " ".join(value for name in group.names if (value := getattr(party, name)))


def _language(code: str) -> str:
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _roles(party: Party, names: Iterable[str]) -> str:
    words = {"is_customer": _("customer"), "is_supplier": _("supplier")}
    return ", ".join(words[name] for name in names if getattr(party, name))
