"""Amounts, dates and moments as people read them, in their own language's signs."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _


def amount(value: Decimal | int | None, currency: str = "") -> str:
    """Return an amount with two decimals and grouped thousands; the currency's code stands behind it when given."""
    if value is None:
        return ""
    text = number_format(Decimal(value).quantize(Decimal("0.01")), decimal_pos=2, use_l10n=True, force_grouping=True)
    return f"{text} {currency}" if currency else text


def number(value: Decimal | int | None, decimals: int | None = None) -> str:
    """Return a number with the decimals it needs; `decimals` is the least that are shown."""
    if value is None:
        return ""
    value = Decimal(value)
    needed = max(-int(value.normalize().as_tuple().exponent), 0)
    return number_format(value, decimal_pos=max(needed, decimals or 0), use_l10n=True, force_grouping=True)


def percentage(value: Decimal | None) -> str:
    """Return per cents as they are written on documents: 21%, 5.5%."""
    return "" if value is None else f"{number(value)}%"


def iban(value: str) -> str:
    """Return a bank account in groups of four, as it stands on paper."""
    return " ".join(value[start : start + 4] for start in range(0, len(value), 4))


def day(value: date | datetime | None) -> str:
    """Return a date as "17 Nov 2026"."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return date_format(value, f"j {month_sign()} Y")


def before_stop(name: object) -> str:
    """A name as it stands before a full stop, which the name may end with itself: "Wadvlinder B.V" and then "."."""
    return str(name).removesuffix(".")


def month(value: date) -> str:
    """Return the month of a day as "January 2026"."""
    return date_format(value, "F Y")


def rate_name(value: Decimal | None, name: str) -> str:
    """Return a VAT rate as "0% Triangular supply"; a name that says the percentage itself stands alone."""
    shown = percentage(value)
    said = value is not None and re.search(rf"(?<![\d.,]){re.escape(number(value))}\s*%", name) is not None
    return name if said else f"{shown} {name}".strip()


def month_sign() -> str:
    """How Django's formats write a short month: with a capital in English, in small letters elsewhere."""
    return "M" if (get_language() or "en").startswith("en") else "b"


def moment(value: datetime | None) -> str:
    """Return a moment in local time: "today 14:02", "yesterday 02:00", "3 Nov 2026, 23:04"."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    clock = date_format(local, "H:i")
    today = timezone.localdate()
    if local.date() == today:
        return _("today %(time)s") % {"time": clock}
    if local.date() == today - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": clock}
    return f"{day(local)}, {clock}"


def duration(start: datetime, end: datetime | None) -> str:
    """Return how long something took: "22 s", "2 min 05 s", "1 h 04 min". Until now when it has not ended."""
    seconds = max(int(((end or timezone.now()) - start).total_seconds()), 0)
    if seconds < 60:
        return _("%(seconds)d s") % {"seconds": seconds}
    if seconds < 3600:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": seconds // 60, "seconds": seconds % 60}
    return _("%(hours)d h %(minutes)02d min") % {"hours": seconds // 3600, "minutes": seconds % 3600 // 60}
