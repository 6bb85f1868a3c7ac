"""Small UBL documents, written from what a test cares about."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from tests.factories import vat_number_be

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
SUPPLIER = vat_number_be(900_001)
IBAN, OTHER_IBAN = "BE71096123456769", "BE68539007547034"

_SPACES = (
    'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)
_BIS = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_SELF_BILLING = "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"


def ubl(
    *,
    buyer_vat: str,
    number: str = "INV-88213",
    day: date = date(2026, 11, 10),
    due: date | None = date(2026, 12, 10),
    supplier_vat: str = SUPPLIER,
    supplier: str = "Hoste Energie NV",
    iban: str = IBAN,
    lines: Sequence[tuple[str, str, str]] = (("Electricity", "917.28", "21"), ("Network costs", "78.50", "21")),
    credit: bool = False,
    pdf: bytes = b"",
    note: str = "",
    self_billing: bool = False,
    allowance: str = "",
) -> bytes:
    """An invoice or credit note whose totals add up. `lines`: description, net, VAT per cent."""
    root = "CreditNote" if credit else "Invoice"
    cent = Decimal("0.01")
    rates: dict[str, Decimal] = {}
    for _words, net, percent in lines:
        rates[percent] = rates.get(percent, Decimal(0)) + Decimal(net)
    lines_net = sum(rates.values(), Decimal(0))
    if allowance:
        first = next(iter(rates))
        rates[first] -= Decimal(allowance)
    net = sum(rates.values(), Decimal(0))
    vats = {percent: (base * Decimal(percent) / 100).quantize(cent) for percent, base in rates.items()}
    vat = sum(vats.values(), Decimal(0))
    subtotals = "".join(
        f'<cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">{base}</cbc:TaxableAmount>'
        f'<cbc:TaxAmount currencyID="EUR">{vats[percent]}</cbc:TaxAmount>{_category("TaxCategory", percent)}</cac:TaxSubtotal>'
        for percent, base in rates.items()
    )
    quantity = "CreditedQuantity" if credit else "InvoicedQuantity"
    rows = "".join(
        f'<cac:{root}Line><cbc:ID>{n}</cbc:ID><cbc:{quantity} unitCode="C62">1</cbc:{quantity}>'
        f'<cbc:LineExtensionAmount currencyID="EUR">{amount}</cbc:LineExtensionAmount>'
        f"<cac:Item><cbc:Name>{escape(words)}</cbc:Name>{_category('ClassifiedTaxCategory', percent)}</cac:Item>"
        f'<cac:Price><cbc:PriceAmount currencyID="EUR">{amount}</cbc:PriceAmount></cac:Price></cac:{root}Line>'
        for n, (words, amount, percent) in enumerate(lines, start=1)
    )
    attachment = (
        f"<cac:AdditionalDocumentReference><cbc:ID>{escape(number)}</cbc:ID><cac:Attachment>"
        f'<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="invoice.pdf">'
        f"{base64.b64encode(pdf).decode()}</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>"
        "</cac:AdditionalDocumentReference>"
        if pdf
        else ""
    )
    payment = (
        f"<cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cbc:PaymentID>+++090/9337/55493+++</cbc:PaymentID>"
        f"<cac:PayeeFinancialAccount><cbc:ID>{iban}</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>"
        if iban
        else ""
    )
    allowances = (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
        "<cbc:AllowanceChargeReason>Loyalty</cbc:AllowanceChargeReason>"
        f'<cbc:Amount currencyID="EUR">{allowance}</cbc:Amount>{_category("TaxCategory", next(iter(rates)))}'
        "</cac:AllowanceCharge>"
        if allowance
        else ""
    )
    allowed = f'<cbc:AllowanceTotalAmount currencyID="EUR">{allowance}</cbc:AllowanceTotalAmount>' if allowance else ""
    dated = f"<cbc:IssueDate>{day}</cbc:IssueDate>"
    if not credit and due:
        dated += f"<cbc:DueDate>{due}</cbc:DueDate>"
    code = "381" if credit else "380"
    noted = f"<cbc:Note>{escape(note)}</cbc:Note>" if note else ""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" {_SPACES}>'
        f"<cbc:CustomizationID>{_BIS}</cbc:CustomizationID>"
        f"<cbc:ProfileID>{_SELF_BILLING if self_billing else _PROFILE}</cbc:ProfileID>"
        f"<cbc:ID>{escape(number)}</cbc:ID>{dated}<cbc:{root}TypeCode>{code}</cbc:{root}TypeCode>{noted}"
        f"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode><cbc:BuyerReference>n/a</cbc:BuyerReference>{attachment}"
        f"<cac:AccountingSupplierParty>{_party(supplier, supplier_vat)}</cac:AccountingSupplierParty>"
        f"<cac:AccountingCustomerParty>{_party('Linde Studio BV', buyer_vat)}</cac:AccountingCustomerParty>"
        f"{payment}{allowances}"
        f'<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">{vat}</cbc:TaxAmount>{subtotals}</cac:TaxTotal>'
        f'<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">{lines_net}</cbc:LineExtensionAmount>'
        f'<cbc:TaxExclusiveAmount currencyID="EUR">{net}</cbc:TaxExclusiveAmount>'
        f'<cbc:TaxInclusiveAmount currencyID="EUR">{net + vat}</cbc:TaxInclusiveAmount>{allowed}'
        f'<cbc:PayableAmount currencyID="EUR">{net + vat}</cbc:PayableAmount></cac:LegalMonetaryTotal>{rows}</{root}>'
    )
    return text.encode()


def _category(element: str, percent: str) -> str:
    code = "S" if Decimal(percent) else "Z"
    return (
        f"<cac:{element}><cbc:ID>{code}</cbc:ID><cbc:Percent>{percent}</cbc:Percent>"
        f"<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:{element}>"
    )


_VAT_ENDPOINTS = {"NL": "9944", "FR": "9957"}


def _party(name: str, vat: str) -> str:
    """A party of the country of its VAT number; in Belgium it is known by its enterprise number."""
    country = vat[:2]
    number, scheme = (vat[2:], "0208") if country == "BE" else (vat, _VAT_ENDPOINTS[country])
    # A Dutch seller has to state its number at the chamber of commerce.
    legal = {"BE": ("0208", number), "NL": ("0106", vat[4:12])}.get(country, ("", number))
    scheme_of_legal = f' schemeID="{legal[0]}"' if legal[0] else ""
    return (
        f'<cac:Party><cbc:EndpointID schemeID="{scheme}">{number}</cbc:EndpointID>'
        "<cac:PostalAddress><cbc:StreetName>Kanaalstraat 3</cbc:StreetName><cbc:CityName>Leuvendaal</cbc:CityName>"
        f"<cbc:PostalZone>9000</cbc:PostalZone><cac:Country><cbc:IdentificationCode>{country}</cbc:IdentificationCode>"
        "</cac:Country></cac:PostalAddress>"
        f"<cac:PartyTaxScheme><cbc:CompanyID>{vat}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
        f"</cac:PartyTaxScheme><cac:PartyLegalEntity><cbc:RegistrationName>{escape(name)}</cbc:RegistrationName>"
        f"<cbc:CompanyID{scheme_of_legal}>{legal[1]}</cbc:CompanyID></cac:PartyLegalEntity></cac:Party>"
    )
