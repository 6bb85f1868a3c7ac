"""What stands in the way of booking a draft, and what a person should see before doing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.figures import amount, before_stop
from crm.models import VatType
from crm.numbers import is_valid_vat_number

from ..errors import Problem
from ..legal_notes import is_service_outside
from ..models import FiscalYear, SalesDocument, SalesLine, VatCategory
from .contents import Contents

_CURRENCY = re.compile(r"[A-Z]{3}")
_SHIFTED = frozenset({VatCategory.AE, VatCategory.K, VatCategory.G})
_WITHOUT_VAT = frozenset({VatType.CONTRACTOR, VatType.INTRA_COMMUNITY, VatType.OUTSIDE_EU})


def find_problems(contents: Contents, years: list[FiscalYear]) -> list[Problem]:
    """Return everything to say about booking `contents`, blocking problems first. Writes nothing.

    `years` are the fiscal years of the entity that contain the date.
    """
    found = [
        *_status_problems(contents.document),
        *_content_problems(contents),
        *_year_problems(contents.document, years),
        *_currency_problems(contents.document),
        *_line_problems(contents),
        *_credit_problems(contents),
        *_party_problems(contents),
        *_date_warnings(contents.document, years),
    ]
    return sorted(found, key=lambda problem: not problem.blocks)


def years_of(document: SalesDocument) -> list[FiscalYear]:
    return list(
        FiscalYear.objects.filter(entity_id=document.entity_id, start__lte=document.date, end__gte=document.date)[:2]
    )


def _status_problems(document: SalesDocument) -> Iterator[Problem]:
    if document.is_booked:
        yield Problem(code="already-booked", text=_("%(document)s is booked already.") % {"document": document})


def _content_problems(contents: Contents) -> Iterator[Problem]:
    if not contents.lines:
        yield Problem(code="no-lines", text=_("There are no lines. Add at least one."))
    if contents.document.is_credit_note and contents.totals.total < 0:
        text = _("A credit note with a negative total is an invoice. Make an invoice instead.")
        yield Problem(code="negative-credit-note", text=text)
    if contents.lines and contents.totals.total == 0:
        text = _("The total is zero: there is nothing to pay, and nothing is sent to the bookkeeping.")
        yield Problem(code="zero-total", text=text, blocks=False)


def _year_problems(document: SalesDocument, years: list[FiscalYear]) -> Iterator[Problem]:
    names = {"entity": document.entity, "date": date_format(document.date, "SHORT_DATE_FORMAT")}
    if not years:
        text = _("%(entity)s has no fiscal year that contains %(date)s. Add it, or change the date.") % names
        yield Problem(code="no-fiscal-year", text=text)
    elif len(years) > 1:
        text = _("%(date)s lies in two fiscal years of %(entity)s. Correct their first and last days.") % {
            **names,
            "entity": before_stop(document.entity),
        }
        yield Problem(code="two-fiscal-years", text=text)
    elif years[0].is_closed:
        text = _("Fiscal year %(year)s is closed. Choose another date, or open it again.") % {"year": years[0].label}
        yield Problem(code="fiscal-year-closed", text=text)


def _currency_problems(document: SalesDocument) -> Iterator[Problem]:
    if not _CURRENCY.fullmatch(document.currency):
        text = _("“%(currency)s” is not a currency code such as EUR.") % {"currency": document.currency}
        yield Problem(code="no-currency", text=text)
        return
    rate: Decimal | None = document.exchange_rate
    home = document.entity.currency
    if document.currency == home:
        if rate != 1:
            text = _("The document is in %(currency)s, so its exchange rate is 1.") % {"currency": home}
            yield Problem(code="exchange-rate", text=text)
    elif rate is None or rate <= 0:
        text = _("The document is in %(currency)s. Enter how many %(home)s one %(currency)s is.")
        yield Problem(code="exchange-rate", text=text % {"currency": document.currency, "home": home})
    elif rate == 1:
        text = _("The exchange rate of %(currency)s is 1. Is that right?") % {"currency": document.currency}
        yield Problem(code="exchange-rate-one", text=text, blocks=False)


def _line_problems(contents: Contents) -> Iterator[Problem]:
    document = contents.document
    # A credit note takes back the VAT of its invoice, at the percentage of then.
    credited = document.credited_invoice
    day = credited.date if credited is not None else document.date
    for place, line in enumerate(contents.lines, start=1):
        version, rate = line.vat_rate, line.vat_rate.rate
        if version.valid_from > day or (version.valid_to is not None and version.valid_to < day):
            text = _("Line %(place)s: VAT rate %(rate)s does not hold on %(date)s. Choose the one of that day.")
            names = {"place": place, "rate": version, "date": date_format(day, "SHORT_DATE_FORMAT")}
            yield Problem(code="vat-rate-not-valid", text=text % names)
        if rate.entity_id not in (None, document.entity_id) or (
            rate.entity_id is None and rate.country != document.entity.country
        ):
            text = _("Line %(place)s: VAT rate %(rate)s is not one of %(entity)s.")
            yield Problem(
                code="vat-rate-of-another",
                text=text % {"place": place, "rate": rate, "entity": before_stop(document.entity)},
            )
        account = line.ledger_account
        if account is not None and account.entity_id != document.entity_id:
            text = _("Line %(place)s: ledger account %(account)s belongs to another entity.")
            yield Problem(code="account-of-another", text=text % {"place": place, "account": account})
        if not line.description.strip():
            yield Problem(code="no-description", text=_("Line %(place)s has no description.") % {"place": place})


def _credit_problems(contents: Contents) -> Iterator[Problem]:
    document, invoice = contents.document, contents.document.credited_invoice
    if invoice is None:
        return
    if not document.is_credit_note:
        yield Problem(code="credited-invoice", text=_("Only a credit note can credit an invoice."))
        return
    same = (invoice.entity_id, invoice.currency) == (document.entity_id, document.currency)
    if invoice.is_credit_note or not invoice.is_booked or not same:
        text = _("The credited invoice must be a booked invoice of the same entity in the same currency.")
        yield Problem(code="credited-invoice", text=text)
        return
    if invoice.party_id != document.party_id:
        text = _("%(invoice)s was made out to another customer.") % {"invoice": invoice}
        yield Problem(code="credited-invoice-party", text=text, blocks=False)
    earlier = invoice.credit_notes.exclude(pk=document.pk).filter(status="booked").aggregate(sum=Sum("total"))["sum"]
    if (earlier or Decimal(0)) + contents.totals.total > invoice.total:
        text = _(
            "More would be credited than the %(total)s of %(invoice)s. Lower the lines, or look at the credit notes that it"
            " has already."
        )
        names = {"total": amount(invoice.total, invoice.currency), "invoice": invoice}
        yield Problem(code="credited-too-much", text=text % names)


def _party_problems(contents: Contents) -> Iterator[Problem]:
    party = contents.document.party
    if party.deleted_at is not None:
        text = _("%(party)s is in the recycle bin. Restore it, or choose another customer.") % {"party": party}
        yield Problem(code="party-deleted", text=text)
    if not party.country:
        text = _("%(party)s has no country. The document can be booked, but not sent to the bookkeeping.")
        yield Problem(code="party-country", text=text % {"party": party}, blocks=False)
    if party.vat_number and not is_valid_vat_number(party.vat_number):
        text = _("VAT number %(number)s of %(party)s is not valid. The document can be booked, but not sent.")
        yield Problem(code="party-vat-number", text=text % {"number": party.vat_number, "party": party}, blocks=False)
    if party.vat_type == VatType.VAT_LIABLE and not party.vat_number:
        text = _("%(party)s is VAT liable but has no VAT number.") % {"party": party}
        yield Problem(code="party-no-vat-number", text=text, blocks=False)
    if _vat_does_not_fit(party.vat_type, contents.lines):
        text = _("VAT on this document does not fit the customer's VAT type.")
        yield Problem(code="vat-type", text=text, blocks=False)


def _vat_does_not_fit(vat_type: str, lines: list[SalesLine]) -> bool:
    """Whether a customer without VAT is charged some, or one with VAT has it shifted (catalogue APP-120)."""
    charged = any(line.vat_rate.percentage > 0 for line in lines)
    rates = [line.vat_rate.rate for line in lines]
    shifted = any(rate.category in _SHIFTED or is_service_outside(rate.category, rate.code) for rate in rates)
    return (vat_type in _WITHOUT_VAT and charged) or (
        vat_type in (VatType.VAT_LIABLE, VatType.NOT_VAT_LIABLE) and shifted
    )


def _date_warnings(document: SalesDocument, years: list[FiscalYear]) -> Iterator[Problem]:
    if document.date > timezone.localdate():
        yield Problem(code="future-date", text=_("The date lies in the future."), blocks=False)
    if len(years) == 1:
        later = years[0].documents.filter(kind=document.kind, date__gt=document.date).order_by("-sequence").first()
        if later is not None:
            text = _("%(later)s is dated %(date)s: numbers and dates would not follow the same order.")
            names = {"later": later.number, "date": date_format(later.date, "SHORT_DATE_FORMAT")}
            yield Problem(code="date-order", text=text % names, blocks=False)
