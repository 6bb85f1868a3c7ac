"""Colours and frame of the admin, as django-unfold takes them."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

# Petrol: the one colour that means "can be clicked". Step 600 on white and white on step 600 have a contrast of 6.6.
PRIMARY = {
    "50": "oklch(97.6% .012 215)",
    "100": "oklch(94.4% .024 215)",
    "200": "oklch(89% .042 216)",
    "300": "oklch(81% .066 217)",
    "400": "oklch(68% .09 219)",
    "500": "oklch(60% .094 221)",
    "600": "oklch(47% .084 223)",
    "700": "oklch(40.5% .073 225)",
    "800": "oklch(34.5% .06 227)",
    "900": "oklch(29.5% .048 229)",
    "950": "oklch(21.5% .038 231)",
}

# Texts of Unfold and Django that our catalogues translate: Unfold has none, and Django's Dutch puts the name, which
# begins with a capital, into the middle of the sentence.
TEXTS_OF_PACKAGES = (
    _("Type to search"),
    _("Select value"),
    _("Select all rows"),
    _("Add another %(verbose_name)s"),
)


def stylesheet(request: HttpRequest) -> str:
    """Return the address of our own stylesheet. Asked per page: in production the name carries its content's hash."""
    return static("boekbrug/boekbrug.css")


def naming_script(request: HttpRequest) -> str:
    """Return the address of the script that names look-up boxes for screen readers."""
    return static("boekbrug/naming.js")


def field_script(request: HttpRequest) -> str:
    """Return the address of the script that puts the cursor into the field that a link names."""
    return static("boekbrug/field.js")


def favicon(request: HttpRequest) -> str:
    """Return the address of the browser tab's picture."""
    return static("boekbrug/favicon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Boekbrug",
    "SITE_HEADER": "Boekbrug",
    "SITE_SUBHEADER": _("Invoices and bookkeeping"),
    "SITE_SYMBOL": "menu_book",
    "SHOW_BACK_BUTTON": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": favicon}],
    "STYLES": [stylesheet],
    "SCRIPTS": [naming_script, field_script],
    "COLORS": {"primary": PRIMARY},
    "DASHBOARD_CALLBACK": "config.start.dashboard",
    "GLOBAL_CALLBACK": "integrations.admin.frame.frame_context",
    "COMMAND": {"search_callback": "config.search.find"},
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "config.navigation.navigation"},
}
