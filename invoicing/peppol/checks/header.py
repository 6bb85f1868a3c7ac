"""What kind of document it is, what it must say of itself, and how it wants to be paid."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum.be import ogm_vcs

from invoicing.peppol.checks.words import error, is_national, line_place, note, warning
from invoicing.peppol.document import DIRECT_DEBIT_CODES, TRANSFER_CODES, Document, Finding, Kind, gettext_noop

PEPPOL = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_OTHER_FORMATS = ("urn:fdc:nen.nl:nlcius", "urn:ubl.be")
_PROFILE = re.compile(r"urn:fdc:peppol\.eu:2017:poacc:billing:[0-9]{2}:1\.0")
_OTHER_PROFILES = frozenset(
    {
        "urn:peppol:bis:billing_with_response",
        "urn:peppol:france:billing:regulated",
        "urn:peppol:france:billing:non-regulated",
    }
)
_INVOICE_CODES = "71 80 82 84 102 218 219 326 331 380 382 383 384 386 388 393 395 553 575 623 780 817 870 875 876 877"
_CREDIT_NOTE_CODES = "381 396 81 83 532"
_INVOICES = frozenset(_INVOICE_CODES.split())
_CREDIT_NOTES = frozenset(_CREDIT_NOTE_CODES.split())
_GERMAN_ONLY = frozenset({"326", "384"})
_STRUCTURED = re.compile(r"([+*]{3})\s*[0-9]{3}\s*/?\s*[0-9]{4}\s*/?\s*[0-9]{5}\s*\1")
_CURRENCY = re.compile(r"[A-Z]{3}")


def findings(document: Document) -> Iterator[Finding]:
    yield from _identity(document)
    yield from _references(document)
    yield from _payment(document)
    yield from _lines(document)


def _identity(document: Document) -> Iterator[Finding]:
    customization = document.customization
    if not customization:
        yield warning("BR-01", gettext_noop("The document does not say which rules it follows."), "CustomizationID")
    elif not customization.startswith(PEPPOL) or "::" in customization:
        known = any(part in customization.lower() for part in _OTHER_FORMATS)
        say = note if known else warning
        yield say(
            "PEPPOL-EN16931-R004",
            gettext_noop("The document follows other rules than those of Peppol: %(rules)s."),
            "CustomizationID",
            rules=customization[:120],
        )
    if not document.profile:
        yield warning(
            "PEPPOL-EN16931-R001", gettext_noop("The document does not name its business process."), "ProfileID"
        )
    elif not _PROFILE.fullmatch(document.profile) and document.profile not in _OTHER_PROFILES:
        yield warning(
            "PEPPOL-EN16931-R007", gettext_noop("The document names a business process that is not known."), "ProfileID"
        )
    invoice = document.kind is Kind.INVOICE
    if document.type_code not in (_INVOICES if invoice else _CREDIT_NOTES):
        yield error(
            "PEPPOL-EN16931-P0100" if invoice else "PEPPOL-EN16931-P0101",
            gettext_noop("The document's type %(type)s is not one that is used here."),
            type=document.type_code[:10],
        )
    elif document.type_code in _GERMAN_ONLY and not is_national(document, "DE"):
        yield error(
            "PEPPOL-EN16931-P0112",
            gettext_noop("Type %(type)s is only for invoices between German parties."),
            type=document.type_code,
        )
    if not _CURRENCY.fullmatch(document.currency):
        yield error(
            "PEPPOL-EN16931-CL007", gettext_noop("“%(currency)s” is no currency code."), currency=document.currency[:10]
        )
    if document.tax_currency:
        if document.tax_currency == document.currency:
            yield error(
                "PEPPOL-EN16931-R005", gettext_noop("The currency of the VAT is given apart, but it is the same.")
            )
        elif document.totals.vat_in_tax_currency is None:
            yield error("BR-53", gettext_noop("The VAT is missing in the currency of the VAT."))
    other = document.totals.vat_in_tax_currency
    if other is not None and other * document.totals.vat < 0:
        yield error("PEPPOL-EN16931-R055", gettext_noop("The VAT has another sign in the currency of the VAT."))


def _references(document: Document) -> Iterator[Finding]:
    if not document.references.buyer and not document.references.order:
        yield warning(
            "PEPPOL-EN16931-R003", gettext_noop("The document has neither your reference nor an order number.")
        )
    for supporting in document.supporting:
        if not supporting.number:
            yield warning("BR-52", gettext_noop("A supporting document has no number."))
    period = document.period
    if period and period.start and period.end and period.end < period.start:
        yield error("BR-29", gettext_noop("The period ends before it begins."), "InvoicePeriod")
    if period and period.code and period.code not in ("3", "35", "432"):
        yield error("PEPPOL-EN16931-CL006", gettext_noop("The period has a code that is not known."), "InvoicePeriod")
    if document.tax_point and period and period.code:
        yield error("BR-CO-03", gettext_noop("The document gives the VAT date as a date and as a code."))


def _payment(document: Document) -> Iterator[Finding]:
    # The published rules dropped this one in 2026; to whoever has to pay it still matters.
    owed = document.kind is Kind.INVOICE and document.totals.payable > 0
    if owed and document.day_due is None and not document.payment_terms:
        yield warning("BR-CO-25", gettext_noop("The document says neither when it is due nor under which terms."))
    for means in document.payment:
        if not means.code:
            yield error("BR-49", gettext_noop("A way of paying has no code."), "PaymentMeans")
        if means.code in TRANSFER_CODES and means.account is None:
            yield error(
                "BR-61", gettext_noop("The document asks for a transfer, but names no account."), "PaymentMeans"
            )
        if means.code in DIRECT_DEBIT_CODES and not means.mandate:
            yield error("PEPPOL-EN16931-R061", gettext_noop("A direct debit has no mandate."), "PaymentMeans")
        if _STRUCTURED.fullmatch(means.reference) and not ogm_vcs.is_valid(
            "".join(filter(str.isdigit, means.reference))
        ):
            yield warning(
                "structured-communication",
                gettext_noop(
                    "The structured communication %(reference)s has a wrong check number. Check it before you pay."
                ),
                "PaymentMeans",
                reference=means.reference,
            )
    if len({means.code for means in document.payment}) > 1:
        yield error("UBL-SR-47", gettext_noop("The document names different ways of paying."), "PaymentMeans")
    if len({means.reference for means in document.payment if means.reference}) > 1:
        yield error("UBL-SR-44", gettext_noop("The document names different references to pay with."), "PaymentMeans")


def _lines(document: Document) -> Iterator[Finding]:
    if not document.lines:
        yield error("BR-16", gettext_noop("The document has no lines."))
    period = document.period
    for index, line in enumerate(document.lines):
        place = line_place(line, index)
        if not line.number:
            yield error("BR-21", gettext_noop("A line has no number."), place)
        if line.quantity is None:
            yield error("BR-22", gettext_noop("A line has no quantity."), place)
        elif not line.unit:
            yield error("BR-23", gettext_noop("A line has no unit."), place)
        if not line.name:
            yield error("BR-25", gettext_noop("A line does not say what it is for."), place)
        if line.price is None:
            yield error("BR-26", gettext_noop("A line has no price."), place)
        if any(not name or not value for name, value in line.properties):
            yield error("BR-54", gettext_noop("A property of a line has no name or no value."), place)
        if line.period is None:
            continue
        start, end = line.period.start, line.period.end
        if start and end and end < start:
            yield error("BR-30", gettext_noop("The period of a line ends before it begins."), place)
        if start and period and ((period.start and start < period.start) or (period.end and start > period.end)):
            yield error("PEPPOL-EN16931-R110", gettext_noop("A line begins outside the period of the document."), place)
        if end and period and ((period.start and end < period.start) or (period.end and end > period.end)):
            yield error("PEPPOL-EN16931-R111", gettext_noop("A line ends outside the period of the document."), place)
