"""What rules can ask of a party: each field with its operators, and the condition that each of them makes.

This app knows its own fields; what only other apps know (numbers in the tools, documents) they register when ready.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.countries import COUNTRIES, LANGUAGES

from ..models import Party, Tag, VatType
from ..names import name_key

Words = str | Promise
Choices = Sequence[tuple[str, Words]]


@dataclass(frozen=True, slots=True)
class Operator:
    """`takes`: what a person fills in beside it: "text", "choice", "date", "number" (of days or months), or nothing."""

    key: str
    words: Words
    takes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`condition` gets an operator's key and a checked value: text, a `date`, a whole number, or the key of a choice."""

    key: str
    title: Words
    operators: tuple[Operator, ...]
    condition: Callable[[str, Any], Q]
    # What the operator "choice" offers; asked for when needed.
    choices: Callable[[], Choices] | None = None

    def operator(self, key: str) -> Operator | None:
        return next((found for found in self.operators if found.key == key), None)


_fields: dict[str, Field] = {}


def register(*fields: Field) -> None:
    _fields.update({field.key: field for field in fields})


def get(key: str) -> Field | None:
    return _fields.get(key)


def known() -> list[Field]:
    """All fields in the order in which they are offered."""
    return list(_fields.values())


IS, IS_NOT = Operator("is", _("is"), "choice"), Operator("is_not", _("is not"), "choice")
EMPTY, FILLED = Operator("empty", _("is empty")), Operator("filled", _("is filled in"))
TEXT_OPERATORS = (
    Operator("contains", _("contains"), "text"),
    Operator("not_contains", _("does not contain"), "text"),
    Operator("is", _("is"), "text"),
    Operator("is_not", _("is not"), "text"),
    Operator("begins", _("begins with"), "text"),
    EMPTY,
    FILLED,
)
DATE_OPERATORS = (
    Operator("last_days", _("in the last … days"), "number"),
    Operator("on", _("on"), "date"),
    Operator("before", _("before"), "date"),
    Operator("after", _("after"), "date"),
)
YES_NO = (Operator("yes", _("yes")), Operator("no", _("no")))


def compact(value: str) -> str:
    """A number as numbers are stored: capitals, without blanks and signs."""
    return "".join(c for c in value.upper() if c.isalnum())


def _text(column: str, fold: Callable[[str], str] = str.strip, *, folded: bool = False) -> Callable[[str, Any], Q]:
    """Conditions on a column of text, capitals aside. `folded`: it is stored as `fold` makes it."""
    i = "" if folded else "i"

    def condition(operator: str, value: Any) -> Q:
        wanted = fold(value) if isinstance(value, str) else ""
        match operator:
            case "empty":
                return Q(**{column: ""})
            case "filled":
                return ~Q(**{column: ""})
        if not wanted:
            # Nothing but signs, of which the column holds none: what is asked for is nowhere.
            return Q(pk__in=[]) if operator in ("is", "contains", "begins") else Q()
        match operator:
            case "is":
                return Q(**{f"{column}__{i}exact": wanted})
            case "is_not":
                return ~Q(**{f"{column}__{i}exact": wanted})
            case "contains":
                return Q(**{f"{column}__{i}contains": wanted})
            case "not_contains":
                return ~Q(**{f"{column}__{i}contains": wanted})
            case "begins":
                return Q(**{f"{column}__{i}startswith": wanted})
        raise ValueError(operator)

    return condition


def _chosen(column: str) -> Callable[[str, Any], Q]:
    def condition(operator: str, value: Any) -> Q:
        match operator:
            case "is":
                return Q(**{column: value})
            case "is_not":
                return ~Q(**{column: value})
            case "empty":
                return Q(**{column: ""})
            case "filled":
                return ~Q(**{column: ""})
        raise ValueError(operator)

    return condition


def _yes_no(column: str) -> Callable[[str, Any], Q]:
    return lambda operator, value: Q(**{column: operator == "yes"})


def _moment(column: str) -> Callable[[str, Any], Q]:
    """Conditions on a moment by its day in local time; the last n days are today and the n days before."""

    def condition(operator: str, value: Any) -> Q:
        match operator:
            case "last_days":
                return Q(**{f"{column}__gte": midnight(timezone.localdate() - timedelta(days=value))})
            case "on":
                return Q(**{f"{column}__gte": midnight(value), f"{column}__lt": midnight(value + timedelta(days=1))})
            case "before":
                return Q(**{f"{column}__lt": midnight(value)})
            case "after":
                return Q(**{f"{column}__gte": midnight(value + timedelta(days=1))})
        raise ValueError(operator)

    return condition


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _tags(operator: str, value: Any) -> Q:
    rows = Party.tags.through._base_manager.values("party_id")
    match operator:
        case "contains":
            # Looked up first: the database plans well only for tags that it knows.
            tags = list(Tag.objects.filter(name__icontains=value).order_by("pk").values_list("pk", flat=True))
            return Q(pk__in=rows.filter(tag__in=tags))
        case "has":
            return Q(pk__in=rows.filter(tag=value))
        case "has_not":
            return ~Q(pk__in=rows.filter(tag=value))
        case "filled":
            return Q(pk__in=rows)
        case "empty":
            return ~Q(pk__in=rows)
    raise ValueError(operator)


def _tag_choices() -> Choices:
    return [(str(tag.pk), tag.name) for tag in Tag.objects.order_by("name")[:500]]


def _term(operator: str, value: Any) -> Q:
    match operator:
        case "is":
            return Q(payment_term=value)
        case "is_not":
            return ~Q(payment_term=value) | Q(payment_term=None)
        case "empty":
            return Q(payment_term=None)
        case "filled":
            return ~Q(payment_term=None)
    raise ValueError(operator)


def _term_choices() -> Choices:
    terms: type[Model] = apps.get_model("invoicing", "PaymentTerm")
    return [(str(term.pk), str(term)) for term in terms._default_manager.all()[:500]]


register(
    Field(
        key="tags",
        title=_("Tags"),
        operators=(
            Operator("contains", _("contain"), "text"),
            Operator("has", _("have the tag"), "choice"),
            Operator("has_not", _("have not the tag"), "choice"),
            Operator("empty", _("are missing: no tag at all")),
            Operator("filled", _("are there: any tag")),
        ),
        condition=_tags,
        choices=_tag_choices,
    ),
    Field(key="name", title=_("Name"), operators=TEXT_OPERATORS, condition=_text("name_key", name_key, folded=True)),
    Field(key="created", title=_("Created"), operators=DATE_OPERATORS, condition=_moment("created_at")),
    Field(key="changed", title=_("Changed"), operators=DATE_OPERATORS, condition=_moment("updated_at")),
    Field(key="customer", title=_("Customer"), operators=YES_NO, condition=_yes_no("is_customer")),
    Field(key="supplier", title=_("Supplier"), operators=YES_NO, condition=_yes_no("is_supplier")),
    Field(
        key="vat_type", title=_("VAT type"), operators=(IS, IS_NOT), condition=_chosen("vat_type"),
        choices=lambda: list(VatType.choices),
    ),
    Field(
        key="vat_number", title=_("VAT number"), operators=TEXT_OPERATORS,
        condition=_text("vat_number", compact, folded=True),
    ),
    Field(
        key="enterprise_number", title=_("Enterprise number"), operators=TEXT_OPERATORS,
        condition=_text("enterprise_number", compact, folded=True),
    ),
    Field(
        key="country", title=_("Country"), operators=(IS, IS_NOT, EMPTY, FILLED), condition=_chosen("country"),
        choices=lambda: list(COUNTRIES),
    ),
    Field(key="street", title=_("Street and number"), operators=TEXT_OPERATORS, condition=_text("street")),
    Field(key="postcode", title=_("Postcode"), operators=TEXT_OPERATORS, condition=_text("postcode")),
    Field(key="city", title=_("City"), operators=TEXT_OPERATORS, condition=_text("city")),
    Field(
        key="language", title=_("Language"), operators=(IS, IS_NOT, EMPTY, FILLED), condition=_chosen("language"),
        choices=lambda: list(LANGUAGES),
    ),
    Field(key="email", title=_("E-mail"), operators=TEXT_OPERATORS, condition=_text("email")),
    Field(key="phone", title=_("Phone"), operators=TEXT_OPERATORS, condition=_text("phone")),
    Field(key="website", title=_("Website"), operators=TEXT_OPERATORS, condition=_text("website")),
    Field(key="first_name", title=_("First name"), operators=TEXT_OPERATORS, condition=_text("first_name")),
    Field(key="last_name", title=_("Last name"), operators=TEXT_OPERATORS, condition=_text("last_name")),
    Field(
        key="payment_term", title=_("Payment term"), operators=(IS, IS_NOT, EMPTY, FILLED), condition=_term,
        choices=_term_choices,
    ),
    Field(key="iban", title=_("IBAN"), operators=TEXT_OPERATORS, condition=_text("iban", compact, folded=True)),
    Field(key="bic", title=_("BIC"), operators=TEXT_OPERATORS, condition=_text("bic", compact, folded=True)),
    Field(key="peppol_id", title=_("Peppol ID"), operators=TEXT_OPERATORS, condition=_text("peppol_id")),
    Field(key="notes", title=_("Notes"), operators=TEXT_OPERATORS, condition=_text("notes")),
)  # fmt: skip
