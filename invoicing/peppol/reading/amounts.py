"""Lines, allowances, VAT and totals."""

from __future__ import annotations

from decimal import Decimal

from invoicing.peppol.document import (
    ZERO,
    AllowanceCharge,
    Kind,
    Level,
    Line,
    Period,
    TaxCategory,
    TaxSubtotal,
    Totals,
    gettext_noop,
)
from invoicing.peppol.reading.limits import Refusal
from invoicing.peppol.reading.source import Source

_CLOCK_EVERY = 200


def lines(source: Source, kind: Kind) -> tuple[Line, ...]:
    name = "InvoiceLine" if kind is Kind.INVOICE else "CreditNoteLine"
    found = []
    for index, part in enumerate(source.parts(name)):
        if index % _CLOCK_EVERY == 0:
            source.around.clock.check()
        part.place = f"line {part.identifier('ID')[:40] or index + 1}"
        found.append(_line(part, kind))
    return tuple(found)


def _line(source: Source, kind: Kind) -> Line:
    item = source.part("Item")
    price = source.part("Price")
    quantity = "InvoicedQuantity" if kind is Kind.INVOICE else "CreditedQuantity"
    order_line = source.part("OrderLineReference")
    referred = source.part("DocumentReference")
    reduction = price.part("AllowanceCharge") if price else None
    return Line(
        number=source.identifier("ID"),
        name=(item.line("Name") or item.line("Description")) if item else "",
        net=source.required_amount("LineExtensionAmount"),
        category=category(item.part("ClassifiedTaxCategory") if item else None),
        quantity=source.number(quantity),
        unit=source.attribute(quantity, "unitCode"),
        price=price.price("PriceAmount") if price else None,
        base_quantity=price.number("BaseQuantity") if price else None,
        base_unit=price.attribute("BaseQuantity", "unitCode") if price else "",
        gross_price=reduction.number("BaseAmount") if reduction else None,
        price_discount=reduction.number("Amount") if reduction else None,
        description=item.text("Description") if item else "",
        note=source.text("Note"),
        allowances=allowances(source),
        period=period(source),
        accounting=source.line("AccountingCost"),
        order_line=order_line.identifier("LineID") if order_line else "",
        invoiced_object=referred.with_scheme("ID") if referred else None,
        seller_item=_number_of(item, "SellersItemIdentification"),
        buyer_item=_number_of(item, "BuyersItemIdentification"),
        standard_item=standard.with_scheme("ID")
        if item and (standard := item.part("StandardItemIdentification"))
        else None,
        classifications=tuple(
            filter(
                None,
                (
                    part.with_scheme("ItemClassificationCode", "listID")
                    for part in item.parts("CommodityClassification")
                ),
            )
        )
        if item
        else (),
        origin_country=origin.identifier("IdentificationCode")
        if item and (origin := item.part("OriginCountry"))
        else "",
        properties=tuple((part.line("Name"), part.line("Value")) for part in item.parts("AdditionalItemProperty"))
        if item
        else (),
    )


def _number_of(item: Source | None, name: str) -> str:
    part = item.part(name) if item else None
    return part.identifier("ID") if part else ""


def period(source: Source) -> Period | None:
    part = source.part("InvoicePeriod")
    if part is None:
        return None
    return Period(start=part.day("StartDate"), end=part.day("EndDate"), code=part.identifier("DescriptionCode"))


def category(source: Source | None) -> TaxCategory:
    if source is None:
        return TaxCategory(code="")
    return TaxCategory(
        code=source.identifier("ID").upper(),
        percent=source.number("Percent"),
        exemption_code=source.identifier("TaxExemptionReasonCode"),
        exemption_reason=source.text("TaxExemptionReason"),
    )


def allowances(source: Source) -> tuple[AllowanceCharge, ...]:
    return tuple(_allowance(part) for part in source.parts("AllowanceCharge"))


def _allowance(source: Source) -> AllowanceCharge:
    indicator = source.identifier("ChargeIndicator").lower()
    if indicator not in ("true", "false", "1", "0"):
        # Whether it is added or taken off decides the total: nobody may guess it.
        raise Refusal(
            "missing",
            gettext_noop("The document lacks something that every invoice has: %(place)s."),
            place=", ".join(filter(None, (source.place, "AllowanceCharge/ChargeIndicator"))),
        )
    tax = source.part("TaxCategory")
    return AllowanceCharge(
        is_charge=indicator in ("true", "1"),
        amount=source.required_amount("Amount"),
        base=source.amount("BaseAmount"),
        percent=source.number("MultiplierFactorNumeric"),
        reason=source.text("AllowanceChargeReason"),
        reason_code=source.identifier("AllowanceChargeReasonCode"),
        category=category(tax) if tax else None,
    )


# --- Totals ---


def vat(source: Source, tax_currency: str) -> tuple[Decimal | None, tuple[TaxSubtotal, ...], Decimal | None]:
    """Return the VAT of the document, its parts, and the VAT in the tax currency. None: it is not said.

    Several TaxTotals with parts in the document's currency are added up: an older habit, one for each kind of tax.
    One without parts beside them repeats the VAT, for a tax currency that is the same or not given, and is not added.
    """
    currency = source.around.currency
    own: list[Source] = []
    others: list[Source] = []
    for part in source.parts("TaxTotal"):
        given = part.attribute("TaxAmount", "currencyID")
        elsewhere = given != currency and (given == tax_currency or not part.has("TaxSubtotal"))
        (others if elsewhere else own).append(part)
    if not own:
        own, others = others, []
    if len(own) > 1 or len(others) > 1:
        broken_down = [part for part in own if part.has("TaxSubtotal")]
        if broken_down and len(broken_down) < len(own):
            others += [part for part in own if not part.has("TaxSubtotal")]
            own = broken_down
    if len(own) > 1 or len(others) > 1 or (others and not tax_currency):
        source.note("PEPPOL-EN16931-R053", Level.ERROR, gettext_noop("The document states its VAT more than once."))
    in_tax_currency = None
    if others and tax_currency:
        element = others[0].value("TaxAmount")
        in_tax_currency = None if element is None else others[0].amount_of(element, "TaxAmount", tax_currency)
    subtotals = tuple(_subtotal(sub) for part in own for sub in part.parts("TaxSubtotal"))
    stated = [amount for part in own if (amount := part.amount("TaxAmount")) is not None]
    if stated:
        return sum(stated, ZERO), subtotals, in_tax_currency
    if subtotals:
        return sum((part.vat for part in subtotals), ZERO), subtotals, in_tax_currency
    return None, (), in_tax_currency


def _subtotal(source: Source) -> TaxSubtotal:
    tax = source.part("TaxCategory")
    found = category(tax)
    scheme = tax.part("TaxScheme") if tax else None
    if scheme and scheme.identifier("ID").upper() not in ("", "VAT"):
        source.note(
            "other-tax",
            Level.WARNING,
            gettext_noop("Part of the tax is not VAT but “%(scheme)s”."),
            scheme=scheme.identifier("ID")[:40],
        )
    return TaxSubtotal(
        base=source.required_amount("TaxableAmount"), vat=source.required_amount("TaxAmount"), category=found
    )


def totals(
    source: Source,
    document_lines: tuple[Line, ...],
    document_allowances: tuple[AllowanceCharge, ...],
    document_vat: Decimal | None,
    in_tax_currency: Decimal | None,
) -> Totals:
    """The stated totals; one that is missing follows from the others, with a finding."""
    stated = source.only_part("LegalMonetaryTotal")
    part_vat = ZERO if document_vat is None else document_vat
    charged = sum((a.amount if a.is_charge else -a.amount for a in document_allowances), ZERO)
    prepaid = stated.amount("PrepaidAmount")
    rounding = stated.amount("PayableRoundingAmount")

    def amount(name: str, otherwise: Decimal) -> Decimal:
        found = stated.amount(name)
        if found is not None:
            return found
        source.note(
            "derived",
            Level.ERROR,
            gettext_noop("The document does not state %(name)s. It was worked out as %(value)s."),
            name=name,
            value=f"{otherwise:f}",
        )
        return otherwise

    lines_net = amount("LineExtensionAmount", sum((line.net for line in document_lines), ZERO))
    net = amount("TaxExclusiveAmount", lines_net + charged)
    total = amount("TaxInclusiveAmount", net + part_vat)
    payable = amount("PayableAmount", total - (prepaid or ZERO) + (rounding or ZERO))
    return Totals(
        lines=lines_net,
        net=net,
        total=total,
        payable=payable,
        vat=part_vat,
        allowances=stated.amount("AllowanceTotalAmount"),
        charges=stated.amount("ChargeTotalAmount"),
        prepaid=prepaid,
        rounding=rounding,
        vat_in_tax_currency=in_tax_currency,
    )
