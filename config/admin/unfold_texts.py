"""Texts of Unfold's own pages that show here and that it has no Dutch and French words for.

Named here so that they stand in our catalogues, from which its templates take them like any others.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

TEXTS = (
    gettext_noop("After you've created a user, you’ll be able to edit more user options."),
    gettext_noop("Apply Filters"),
    gettext_noop("Choose file to upload"),
    gettext_noop("Click to cancel"),
    gettext_noop("Click to download"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Image preview"),
    gettext_noop("More actions"),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("This item will be deleted."),
    gettext_noop("Toggle password visibility"),
    gettext_noop("You have been successfully logged out from the administration"),
)
