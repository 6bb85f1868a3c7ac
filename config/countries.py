"""Countries as people choose them in forms: those that Belgian and Dutch companies meet, by ISO 3166 code."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COUNTRIES: tuple[tuple[str, Promise], ...] = (
    ("BE", _("Belgium")), ("NL", _("Netherlands")), ("LU", _("Luxembourg")), ("DE", _("Germany")), ("FR", _("France")),
    ("AT", _("Austria")), ("AU", _("Australia")), ("BG", _("Bulgaria")), ("BR", _("Brazil")), ("CA", _("Canada")),
    ("CH", _("Switzerland")), ("CN", _("China")), ("CY", _("Cyprus")), ("CZ", _("Czechia")), ("DK", _("Denmark")),
    ("EE", _("Estonia")), ("ES", _("Spain")), ("FI", _("Finland")), ("GB", _("United Kingdom")), ("GR", _("Greece")),
    ("HK", _("Hong Kong")), ("HR", _("Croatia")), ("HU", _("Hungary")), ("IE", _("Ireland")), ("IL", _("Israel")),
    ("IN", _("India")), ("IS", _("Iceland")), ("IT", _("Italy")), ("JP", _("Japan")), ("KR", _("South Korea")),
    ("LI", _("Liechtenstein")), ("LT", _("Lithuania")), ("LV", _("Latvia")), ("MA", _("Morocco")), ("MC", _("Monaco")),
    ("MT", _("Malta")), ("MX", _("Mexico")), ("NO", _("Norway")), ("NZ", _("New Zealand")), ("PL", _("Poland")),
    ("PT", _("Portugal")), ("RO", _("Romania")), ("RS", _("Serbia")), ("SE", _("Sweden")), ("SG", _("Singapore")),
    ("SI", _("Slovenia")), ("SK", _("Slovakia")), ("TR", _("Türkiye")), ("UA", _("Ukraine")), ("US", _("United States")),
    ("XI", _("Northern Ireland (VAT)")), ("ZA", _("South Africa")),
)  # fmt: skip

LANGUAGES: tuple[tuple[str, Promise], ...] = (
    ("nl", _("Dutch")), ("fr", _("French")), ("en", _("English")), ("de", _("German")),
)  # fmt: skip


def country_choices(current: str = "", *, required: bool = False) -> list[tuple[str, str | Promise]]:
    """Choices for a form; a code that the list lacks but a row holds stays choosable."""
    known = [*COUNTRIES]
    extra = [(current, current)] if current and current not in dict(known) else []
    return [*([] if required else [("", "–")]), *known, *extra]


def country_name(code: str) -> str:
    """The country's name, or the code where the list lacks it."""
    return str(dict(COUNTRIES).get(code, code))
