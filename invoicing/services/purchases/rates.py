"""What one unit of a document's currency is worth in the entity's: stated by the supplier, or said by a person.

BIS Billing has no field for the rate itself, only the VAT in both currencies (BT-110 and BT-111); UBL beyond it states
one. Rates are units of the entity's currency for one unit of the document's, as with sales.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from ...errors import NotPossible
from ...models import PurchaseDocument, RateFrom
from ...peppol.document import Document, ExchangeRate

PLACES = Decimal("0.00000001")
_MOST = Decimal(10) ** 9
# Of less VAT than this a rate cannot be told: half a cent is more than a ten-thousandth of it.
_ENOUGH_VAT = Decimal("50.00")


def stated_rate(document: Document, home: str) -> tuple[Decimal | None, str]:
    """Return the rate of a document into `home` with where it comes from, or (None, "") where it states none."""
    if document.currency == home:
        return None, ""
    for stated in document.exchange_rates:
        found = _usable(_into_home(stated, document.currency, home))
        if found is not None:
            return found, RateFrom.DOCUMENT
    vat, there = document.totals.vat, document.totals.vat_in_tax_currency
    if document.tax_currency == home and there is not None and vat and abs(there) >= _ENOUGH_VAT <= abs(vat):
        found = _usable(there / vat)
        if found is not None:
            return found, RateFrom.VAT
    return None, ""


def note_rate(row: PurchaseDocument, document: Document) -> None:
    """Take over the rate that the document states; changes the object only."""
    home = row.entity.currency if row.entity is not None else row.currency
    row.exchange_rate, row.rate_from = stated_rate(document, home)


def set_rate(row: PurchaseDocument, rate: Decimal) -> bool:
    """Set the rate that a person entered; true when it is another one. Changes the object only.

    NotPossible: the document is in the entity's own currency, or no rate can be this.
    """
    if row.entity is None or not row.is_foreign:
        raise NotPossible(_("The document is in the currency of its entity, so it has no exchange rate."))
    found = _usable(rate)
    if found is None:
        words = _("Enter how many %(home)s one %(currency)s is; that is neither zero nor exactly one.")
        raise NotPossible(words % {"home": row.entity.currency, "currency": row.currency})
    if found == row.exchange_rate:
        return False
    row.exchange_rate, row.rate_from = found, RateFrom.PERSON
    return True


def _into_home(stated: ExchangeRate, currency: str, home: str) -> Decimal | None:
    """The stated rate as ours; UBL multiplies the source by it, or divides, to come to the target."""
    factor = 1 / stated.rate if stated.divides and stated.rate else stated.rate
    if (stated.source, stated.target) == (currency, home):
        return factor
    if (stated.source, stated.target) == (home, currency) and factor:
        return 1 / factor
    return None


def _usable(rate: Decimal | None) -> Decimal | None:
    """The rate as it is stored, or None: exactly one between two currencies is a rate that nobody filled in."""
    if rate is None or not rate.is_finite() or not 0 < rate < _MOST:
        return None
    found = rate.quantize(PLACES, ROUND_HALF_UP)
    return found if found and found != 1 else None
