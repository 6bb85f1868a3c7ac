"""From a booked document to the record that is written as UBL, or to the reasons why there can be none. Pure.

The rules of the network and the customer's data decide; whoever asked is told in words what is missing and where to
fill it in. What no word was found for is caught by our own check of the finished record, so nothing leaves with an
error that we know of. The PDF never depends on any of this.
Source: sheet on Peppol, sections 4 to 9 and 15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from crm.numbers import is_valid_vat_number
from invoicing.amounts import ZERO, line_net, percentage_of, round_cents
from invoicing.issued import Issued, IssuedLine, Rate, Side
from invoicing.legal_notes import language_of, legal_note
from invoicing.peppol.addresses import endpoint_of, legal_id_of
from invoicing.peppol.checks import check
from invoicing.peppol.document import (
    Account,
    Address,
    AllowanceCharge,
    Attachment,
    Contact,
    Delivery,
    Document,
    Finding,
    Kind,
    Level,
    Line,
    Party,
    PaymentMeans,
    Preceding,
    References,
    SupportingDocument,
    TaxCategory,
    TaxSubtotal,
    Totals,
    gettext_noop,
    turned,
)
from invoicing.peppol.writing import CUSTOMIZATION, PROFILE

_UNIT = "C62"  # one: our lines have no unit of their own
_TRANSFER = "30"
# An agreement between the two: a direct debit whose mandate only the bank and the customer know.
_AGREEMENT = "57"
_DISCOUNT = "95"
_DISCOUNT_WORDS = {"nl": "Korting", "fr": "Remise", "en": "Discount"}
# What stands where a customer gave no reference: an element without content is not allowed, and neither is none.
_NO_REFERENCE = "n/a"

# Sellers there follow rules of their own country that we do not write.
_OWN_RULES = frozenset({"DE", "DK", "GR", "IS", "IT", "NO", "SE"})
_FIXED_CODES = {"AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G", "O": "VATEX-EU-O"}
_EXEMPT_CODE = re.compile(
    r"VATEX-EU-(79-C|132(-1[A-Q])?|135-1|143(-1[A-L]|-1FA)?|144|146-1E|148(-[A-G])?|151(-1(A|AA|B|C|D|E))?|153|159|309"
    r"|[DFIJ])"
)
_WITH_REASON = frozenset({"E", "AE", "K", "G", "O"})
# Findings of our own check that others only warn of, and that stop a document of ours all the same.
_STOPPING = frozenset({"PEPPOL-EN16931-CL008", "PEPPOL-EN16931-R010", "PEPPOL-EN16931-R020"})

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The record to write, or None with the `problems` that stand in the way (all of them, as findings of level error)."""

    document: Document | None
    problems: tuple[Finding, ...] = ()


def compose(issued: Issued, *, pdf: bytes | None = None, pdf_name: str = "") -> Composed:
    """Return the e-invoice of a booked document, with its PDF inside when given. An invoice below zero is a credit note."""
    known = tuple(_problems(issued))
    if known:
        return Composed(document=None, problems=known)
    document = _document(issued, pdf, pdf_name)
    if document.totals.total < 0:
        document = _as_credit_note(document)
    if document.kind is Kind.CREDIT_NOTE and issued.seller.country == "NL" and not document.references.preceding:
        return Composed(document=None, problems=(_no_credited_invoice(issued),))
    found = [finding for finding in check(document) if finding.level is Level.ERROR or finding.code in _STOPPING]
    if found:
        return Composed(document=None, problems=tuple(replace(finding, level=Level.ERROR) for finding in found))
    return Composed(document=document)


# --- What stands in the way ---


def _problem(code: str, text: str, **values: str) -> Finding:
    return Finding(code=code, level=Level.ERROR, text=text, values=values)


def _problems(issued: Issued) -> Iterator[Finding]:
    yield from _seller_problems(issued)
    yield from _buyer_problems(issued)
    yield from _rate_problems(issued)


def _seller_problems(issued: Issued) -> Iterator[Finding]:
    seller = issued.seller
    if seller.country in _OWN_RULES:
        text = gettext_noop(
            "E-invoices of companies in %(country)s follow rules of their own, which are not written here. Use the PDF."
        )
        yield _problem("foreign-rules", text, country=seller.country)
        return
    if endpoint_of(seller) is None:
        text = gettext_noop(
            "%(entity)s has no Peppol ID that can be used, such as 0208:0123456789. Fill it in under Entities."
        )
        yield _problem("seller-endpoint", text, entity=seller.name)
    if not is_valid_vat_number(seller.vat_number) and not _is_outside_vat(issued):
        text = gettext_noop(
            "%(entity)s had no valid VAT number when this document was booked. Fill it in under Entities for the next ones."
        )
        yield _problem("seller-vat-number", text, entity=seller.name)
    if seller.country == "NL":
        if legal_id_of(seller) is None:
            text = gettext_noop(
                "%(entity)s had no KVK number when this document was booked, and a Dutch e-invoice needs it."
            )
            yield _problem("seller-kvk", text, entity=seller.name)
        if not (seller.street and seller.postcode and seller.city):
            text = gettext_noop("The address of %(entity)s lacks street, postcode or city.")
            yield _problem("seller-address", text, entity=seller.name)
        if issued.total > 0 and issued.kind is Kind.INVOICE and not seller.iban and not issued.is_direct_debit:
            text = gettext_noop(
                "%(entity)s had no IBAN when this document was booked: the customer cannot see where to pay."
            )
            yield _problem("seller-iban", text, entity=seller.name)
    elif legal_id_of(seller) is None and _is_outside_vat(issued):
        text = gettext_noop("%(entity)s had no enterprise number when this document was booked.")
        yield _problem("seller-number", text, entity=seller.name)


def _buyer_problems(issued: Issued) -> Iterator[Finding]:
    buyer, name = issued.buyer, {"customer": issued.buyer.name}
    if not buyer.name.strip():
        yield _problem("buyer-name", gettext_noop("The customer had no name when this document was booked."))
    if not buyer.country:
        text = gettext_noop(
            "%(customer)s had no country when this document was booked. Fill it in for the next ones; send the PDF."
        )
        yield _problem("buyer-country", text, **name)
    elif endpoint_of(buyer) is None:
        if buyer.peppol_id.strip():
            text = gettext_noop(
                "The Peppol ID of %(customer)s is not written as 0208:0123456789. Correct it on the customer's page."
            )
        else:
            text = gettext_noop(
                "%(customer)s has no Peppol ID, and no number from which it follows. Fill it in on the customer's page, or send the PDF."
            )
        yield _problem("buyer-endpoint", text, **name)
    if buyer.vat_number and not is_valid_vat_number(buyer.vat_number) and not _is_outside_vat(issued):
        text = gettext_noop("VAT number %(number)s of %(customer)s is not valid.")
        yield _problem("buyer-vat-number", text, number=buyer.vat_number, **name)
    if issued.seller.country == "NL" == buyer.country and not (buyer.street and buyer.postcode and buyer.city):
        text = gettext_noop(
            "The address of %(customer)s lacks street, postcode or city, and a Dutch e-invoice needs them."
        )
        yield _problem("buyer-address", text, **name)
    categories = _categories(issued)
    if "K" in categories and not buyer.vat_number:
        text = gettext_noop("An intra-Community supply needs the VAT number of %(customer)s.")
        yield _problem("buyer-no-vat-number", text, **name)
    if "AE" in categories and not buyer.vat_number and legal_id_of(buyer) is None:
        text = gettext_noop(
            "VAT can only be shifted to a business: %(customer)s has neither a VAT number nor an enterprise number."
        )
        yield _problem("buyer-no-number", text, **name)


def _rate_problems(issued: Issued) -> Iterator[Finding]:
    categories = _categories(issued)
    if "O" in categories and len(categories) > 1:
        text = gettext_noop(
            "Lines outside VAT cannot stand on one e-invoice with other lines. Make two documents of them."
        )
        yield _problem("not-subject-mixed", text)
    for rate in dict.fromkeys(line.rate for line in issued.lines):
        if rate.category == "S" and not rate.percent:
            text = gettext_noop(
                "VAT rate %(rate)s is 0%% but counts as a normal rate. Give it its category (exempt, reverse charge …) under VAT rates."
            )
            yield _problem("rate-zero", text, rate=rate.code)
        elif rate.category != "S" and rate.percent:
            text = gettext_noop(
                "VAT rate %(rate)s charges VAT, but its category says that there is none. Correct it under VAT rates."
            )
            yield _problem("rate-charges", text, rate=rate.code)


def _no_credited_invoice(issued: Issued) -> Finding:
    text = gettext_noop(
        "A Dutch credit note must name the invoice that it credits, and %(number)s names none. Send the PDF."
    )
    return _problem("no-credited-invoice", text, number=issued.number)


def _categories(issued: Issued) -> set[str]:
    return {line.rate.category for line in issued.lines}


def _is_outside_vat(issued: Issued) -> bool:
    """Whether nothing on the document is subject to VAT; then no VAT number may stand on it."""
    return _categories(issued) == {"O"}


# --- The record ---


def _document(issued: Issued, pdf: bytes | None, pdf_name: str) -> Document:
    allowances = tuple(_allowances(issued))
    subtotals = tuple(_subtotals(issued))
    lines = tuple(_line(line, str(place)) for place, line in enumerate(issued.lines, start=1))
    is_foreign = issued.currency != issued.home_currency
    is_invoice = issued.kind is Kind.INVOICE
    return Document(
        kind=issued.kind,
        number=issued.number,
        day=issued.day,
        currency=issued.currency,
        type_code="380" if is_invoice else "381",
        seller=_party(issued.seller, issued),
        buyer=_party(issued.buyer, issued),
        lines=lines,
        allowances=allowances,
        subtotals=subtotals,
        totals=Totals(
            lines=sum((line.net for line in lines), ZERO),
            allowances=sum((part.amount for part in allowances), ZERO) if allowances else None,
            net=issued.net,
            vat=issued.vat,
            total=issued.total,
            payable=issued.total,
            vat_in_tax_currency=round_cents(issued.vat * issued.exchange_rate) if is_foreign else None,
        ),
        customization=CUSTOMIZATION,
        profile=PROFILE,
        day_due=issued.day_due if is_invoice else None,
        tax_currency=issued.home_currency if is_foreign else "",
        note=_lines(issued.note),
        references=References(
            buyer=_words(issued.customer_reference) or _NO_REFERENCE,
            preceding=(Preceding(number=issued.credited_number, day=issued.credited_day),)
            if issued.credited_number
            else (),
        ),
        supporting=_supporting(issued, pdf, pdf_name),
        delivery=_delivery(issued),
        payment=_payment(issued) if is_invoice and issued.total > 0 else (),
        payment_terms=_words(issued.term) if is_invoice else "",
    )


def _as_credit_note(document: Document) -> Document:
    """An invoice below zero gives money back: the same effect as a credit note, which every receiver understands."""
    return replace(turned(document), type_code="381", day_due=None, payment=(), payment_terms="")


def _party(side: Side, issued: Issued) -> Party:
    is_seller = side is issued.seller
    return Party(
        endpoint=endpoint_of(side),
        legal_name=_words(side.name),
        legal_id=legal_id_of(side),
        vat_number="" if _is_outside_vat(issued) else side.vat_number,
        address=Address(
            street=_words(side.street), city=_words(side.city), postcode=_words(side.postcode), country=side.country
        ),
        contact=Contact(phone=_words(side.phone), email=_words(side.email)) if is_seller else Contact(),
    )


def _delivery(issued: Issued) -> Delivery | None:
    """An intra-Community supply says when and to which country; the document's own day is what we know of the first."""
    if "K" not in _categories(issued):
        return None
    return Delivery(day=issued.day, address=Address(country=issued.buyer.country))


def _payment(issued: Issued) -> tuple[PaymentMeans, ...]:
    reference = issued.structured_communication or issued.number
    if issued.is_direct_debit:
        return (PaymentMeans(code=_AGREEMENT, reference=reference),)
    if not issued.seller.iban:
        return ()
    account = Account(number=issued.seller.iban, name=_words(issued.seller.name), bank=issued.seller.bic)
    return (PaymentMeans(code=_TRANSFER, reference=reference, account=account),)


def _supporting(issued: Issued, pdf: bytes | None, name: str) -> tuple[SupportingDocument, ...]:
    if pdf is None:
        return ()
    file = Attachment(name=name or f"{issued.number}.pdf", mime="application/pdf", content=pdf, size=len(pdf))
    return (SupportingDocument(number=issued.number, attachment=file),)


def _category(rate: Rate) -> TaxCategory:
    return TaxCategory(code=rate.category, percent=None if rate.category == "O" else rate.percent.normalize() + 0)


def _line(line: IssuedLine, number: str) -> Line:
    """A negative price becomes a negative quantity, since prices may not be below zero."""
    sign = -1 if line.unit_price < 0 else 1
    gross = line_net(line.quantity, line.unit_price)
    reduction = gross - line.net
    allowances: tuple[AllowanceCharge, ...] = ()
    if line.discount and reduction:
        allowances = (
            AllowanceCharge(
                is_charge=False,
                amount=reduction,
                base=gross,
                percent=line.discount,
                reason_code=_DISCOUNT,
            ),
        )
    description = _lines(line.description)
    first, _, rest = description.partition("\n")
    return Line(
        number=number,
        name=_words(first) or number,
        description=_lines(rest),
        net=line.net,
        quantity=line.quantity * sign,
        unit=_UNIT,
        price=abs(line.unit_price),
        category=_category(line.rate),
        allowances=allowances,
    )


def _allowances(issued: Issued) -> Iterator[AllowanceCharge]:
    """One reduction per VAT rate and document discount, each on what the former ones left."""
    for total in issued.rates:
        left = total.lines_net
        for discount in issued.discounts:
            amount = percentage_of(left, discount.percentage)
            if amount:
                yield AllowanceCharge(
                    is_charge=False,
                    amount=amount,
                    base=left,
                    percent=discount.percentage,
                    reason=_words(discount.description) or _DISCOUNT_WORDS[language_of(issued)],
                    reason_code=_DISCOUNT,
                    category=_category(total.rate),
                )
            left -= amount


def _subtotals(issued: Issued) -> Iterator[TaxSubtotal]:
    """Rates of one category and percentage share a subtotal, and so their reasons."""
    groups: dict[TaxCategory, list[int]] = {}
    for place, total in enumerate(issued.rates):
        groups.setdefault(_category(total.rate), []).append(place)
    for category, places in groups.items():
        totals = [issued.rates[place] for place in places]
        if category.code in _WITH_REASON:
            reasons = dict.fromkeys(legal_note(total.rate, issued) for total in totals)
            category = replace(
                category,
                exemption_code=_exemption_code([total.rate for total in totals]),
                exemption_reason=_words(" / ".join(reasons)),
            )
        yield TaxSubtotal(
            base=sum((total.base for total in totals), ZERO),
            vat=sum((total.vat for total in totals), ZERO),
            category=category,
        )


def _exemption_code(rates: list[Rate]) -> str:
    """The code of the reason: fixed for most categories; of an exemption the rate's own, if all say the same known one."""
    category = rates[0].category
    if category in _FIXED_CODES:
        return _FIXED_CODES[category]
    codes = {rate.exemption_code.strip().upper() for rate in rates}
    code = codes.pop() if len(codes) == 1 else ""
    return code if _EXEMPT_CODE.fullmatch(code) else ""


def _words(text: str) -> str:
    """On one line, without signs that XML cannot carry or nobody sees."""
    return " ".join(_HIDDEN.sub("", text).split())


def _lines(text: str) -> str:
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
