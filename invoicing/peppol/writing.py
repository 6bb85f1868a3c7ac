"""Writing a document as UBL: BIS Billing 3.0, elements in the order of the schema and no others.

`write` puts down what the record says and decides nothing; what makes a record that the rules of the network accept
is decided in `composing`. The same record gives the same bytes.
Source: OpenPEPPOL BIS Billing 3.0, syntax of the UBL invoice and credit note.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

from lxml import etree

from invoicing.peppol.document import (
    ZERO,
    Address,
    AllowanceCharge,
    Delivery,
    Document,
    Identifier,
    Kind,
    Line,
    Party,
    PaymentMeans,
    Period,
    SupportingDocument,
    TaxCategory,
)

_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_CAC = f"{_UBL}:CommonAggregateComponents-2"
_CBC = f"{_UBL}:CommonBasicComponents-2"

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"

# Kinds of references that a type says: an invoiced object; and a project, for which a credit note has no other place.
_OBJECT_TYPE = "130"
_PROJECT_TYPE = "50"

Value = str | Decimal | date | None


def write(document: Document) -> bytes:
    """Return `document` as UTF-8 XML. Texts that are empty and values that are None leave no element behind."""
    is_invoice = document.kind is Kind.INVOICE
    name = "Invoice" if is_invoice else "CreditNote"
    root = etree.Element(
        etree.QName(f"{_UBL}:{name}-2", name), nsmap={None: f"{_UBL}:{name}-2", "cac": _CAC, "cbc": _CBC}
    )
    _Writer(document).root(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def plain(number: Decimal) -> str:
    """Return a number as UBL wants it: no exponent, no thousands, no needless zeros, no negative zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def money(amount: Decimal) -> str:
    """Return an amount with two decimals. ValueError: it has more that matter."""
    cents = amount.quantize(Decimal("0.01"))
    if cents != amount:
        raise ValueError(f"{amount} is not in whole cents")
    return format(cents if cents else abs(cents), "f")


def _text(parent: etree._Element, name: str, value: Value, /, **attributes: str) -> None:
    if value is None or value == "":
        return
    element = etree.SubElement(parent, etree.QName(_CBC, name))
    if isinstance(value, Decimal):
        value = plain(value)
    elif isinstance(value, date):
        value = value.isoformat()
    element.text = value
    for key, attribute in attributes.items():
        if attribute:
            element.set(key, attribute)


def _identifier(parent: etree._Element, name: str, value: Identifier | None, scheme: str = "schemeID") -> None:
    if value is not None:
        _text(parent, name, value.value, **{scheme: value.scheme})


@contextmanager
def _part(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    """An aggregate to fill; one that holds nothing afterwards is left out, since empty elements are not allowed."""
    element = etree.Element(etree.QName(_CAC, name))
    yield element
    if len(element):
        parent.append(element)


def _with_number(parent: etree._Element, name: str, number: str) -> None:
    with _part(parent, name) as part:
        _text(part, "ID", number)


class _Writer:
    """One document on its way into XML; the currency is the same everywhere."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._is_invoice = document.kind is Kind.INVOICE

    def root(self, root: etree._Element) -> None:
        document = self._document
        self._head(root)
        self._references(root)
        for name, party in (("AccountingSupplierParty", document.seller), ("AccountingCustomerParty", document.buyer)):
            with _part(root, name) as outer, _part(outer, "Party") as part:
                _party(part, party)
        for name, other in (("PayeeParty", document.payee), ("TaxRepresentativeParty", document.tax_representative)):
            if other is not None:
                with _part(root, name) as part:
                    _party(part, other)
        if document.delivery is not None:
            with _part(root, "Delivery") as part:
                _delivery(part, document.delivery)
        for means in document.payment:
            with _part(root, "PaymentMeans") as part:
                self._payment(part, means)
        with _part(root, "PaymentTerms") as part:
            _text(part, "Note", document.payment_terms)
        self._allowances(root, document.allowances)
        self._tax(root)
        with _part(root, "LegalMonetaryTotal") as part:
            self._totals(part)
        for line in document.lines:
            with _part(root, "InvoiceLine" if self._is_invoice else "CreditNoteLine") as part:
                self._line(part, line)

    # --- the head ---

    def _head(self, root: etree._Element) -> None:
        document = self._document
        _text(root, "CustomizationID", document.customization)
        _text(root, "ProfileID", document.profile)
        _text(root, "ID", document.number)
        _text(root, "IssueDate", document.day)
        if self._is_invoice:
            _text(root, "DueDate", document.day_due)
            _text(root, "InvoiceTypeCode", document.type_code)
            _text(root, "Note", document.note)
            _text(root, "TaxPointDate", document.tax_point)
        else:
            _text(root, "TaxPointDate", document.tax_point)
            _text(root, "CreditNoteTypeCode", document.type_code)
            _text(root, "Note", document.note)
        _text(root, "DocumentCurrencyCode", document.currency)
        _text(root, "TaxCurrencyCode", document.tax_currency)
        _text(root, "AccountingCost", document.references.accounting)
        _text(root, "BuyerReference", document.references.buyer)
        if document.period is not None:
            _period(root, document.period)

    def _references(self, root: etree._Element) -> None:
        references = self._document.references
        with _part(root, "OrderReference") as part:
            _text(part, "ID", references.order)
            _text(part, "SalesOrderID", references.sales_order)
        for preceding in references.preceding:
            with _part(root, "BillingReference") as outer, _part(outer, "InvoiceDocumentReference") as part:
                _text(part, "ID", preceding.number)
                _text(part, "IssueDate", preceding.day)
        _with_number(root, "DespatchDocumentReference", references.despatch)
        _with_number(root, "ReceiptDocumentReference", references.receipt)
        supporting = self._document.supporting
        if self._is_invoice:
            _with_number(root, "OriginatorDocumentReference", references.tender)
            _with_number(root, "ContractDocumentReference", references.contract)
        else:
            _with_number(root, "ContractDocumentReference", references.contract)
            if references.project:
                supporting += (SupportingDocument(number=references.project, type_code=_PROJECT_TYPE),)
        for each in supporting:
            with _part(root, "AdditionalDocumentReference") as part:
                _supporting(part, each)
        if self._is_invoice:
            _with_number(root, "ProjectReference", references.project)
        else:
            _with_number(root, "OriginatorDocumentReference", references.tender)

    # --- payment ---

    def _payment(self, part: etree._Element, means: PaymentMeans) -> None:
        _text(part, "PaymentMeansCode", means.code, name=means.name)
        if not self._is_invoice:
            _text(part, "PaymentDueDate", means.day_due)
        _text(part, "PaymentID", means.reference)
        with _part(part, "CardAccount") as card:
            _text(card, "PrimaryAccountNumberID", means.card_number)
            _text(card, "NetworkID", means.card_network)
            _text(card, "HolderName", means.card_holder)
        if means.account is not None:
            with _part(part, "PayeeFinancialAccount") as payee:
                _text(payee, "ID", means.account.number)
                _text(payee, "Name", means.account.name)
                _with_number(payee, "FinancialInstitutionBranch", means.account.bank)
        with _part(part, "PaymentMandate") as mandate:
            _text(mandate, "ID", means.mandate)
            _with_number(mandate, "PayerFinancialAccount", means.payer_account)

    # --- amounts ---

    def _amount(self, parent: etree._Element, name: str, amount: Decimal | None, currency: str = "") -> None:
        if amount is not None:
            _text(parent, name, money(amount), currencyID=currency or self._document.currency)

    def _price(self, parent: etree._Element, name: str, price: Decimal | None) -> None:
        """Prices alone may have more than two decimals."""
        _text(parent, name, price, currencyID=self._document.currency)

    def _allowances(self, parent: etree._Element, allowances: Iterable[AllowanceCharge]) -> None:
        for allowance in allowances:
            with _part(parent, "AllowanceCharge") as part:
                _text(part, "ChargeIndicator", "true" if allowance.is_charge else "false")
                _text(part, "AllowanceChargeReasonCode", allowance.reason_code)
                _text(part, "AllowanceChargeReason", allowance.reason)
                _text(part, "MultiplierFactorNumeric", allowance.percent)
                self._amount(part, "Amount", allowance.amount)
                self._amount(part, "BaseAmount", allowance.base)
                if allowance.category is not None:
                    _category(part, "TaxCategory", allowance.category)

    def _tax(self, root: etree._Element) -> None:
        document = self._document
        with _part(root, "TaxTotal") as part:
            self._amount(part, "TaxAmount", document.totals.vat)
            for subtotal in document.subtotals:
                with _part(part, "TaxSubtotal") as inner:
                    self._amount(inner, "TaxableAmount", subtotal.base)
                    self._amount(inner, "TaxAmount", subtotal.vat)
                    _category(inner, "TaxCategory", subtotal.category, with_reason=True)
        if document.tax_currency:
            with _part(root, "TaxTotal") as part:
                self._amount(part, "TaxAmount", document.totals.vat_in_tax_currency, document.tax_currency)

    def _totals(self, part: etree._Element) -> None:
        totals = self._document.totals
        self._amount(part, "LineExtensionAmount", totals.lines)
        self._amount(part, "TaxExclusiveAmount", totals.net)
        self._amount(part, "TaxInclusiveAmount", totals.total)
        self._amount(part, "AllowanceTotalAmount", totals.allowances)
        self._amount(part, "ChargeTotalAmount", totals.charges)
        self._amount(part, "PrepaidAmount", totals.prepaid)
        self._amount(part, "PayableRoundingAmount", totals.rounding)
        self._amount(part, "PayableAmount", totals.payable)

    # --- lines ---

    def _line(self, part: etree._Element, line: Line) -> None:
        _text(part, "ID", line.number)
        _text(part, "Note", line.note)
        quantity = "InvoicedQuantity" if self._is_invoice else "CreditedQuantity"
        _text(part, quantity, line.quantity, unitCode=line.unit)
        self._amount(part, "LineExtensionAmount", line.net)
        _text(part, "AccountingCost", line.accounting)
        if line.period is not None:
            _period(part, line.period)
        with _part(part, "OrderLineReference") as inner:
            _text(inner, "LineID", line.order_line)
        if line.invoiced_object is not None:
            with _part(part, "DocumentReference") as inner:
                _identifier(inner, "ID", line.invoiced_object)
                _text(inner, "DocumentTypeCode", _OBJECT_TYPE)
        self._allowances(part, line.allowances)
        with _part(part, "Item") as inner:
            _item(inner, line)
        with _part(part, "Price") as inner:
            self._price(inner, "PriceAmount", line.price)
            _text(inner, "BaseQuantity", line.base_quantity, unitCode=line.base_unit)
            if line.price_discount is not None or line.gross_price is not None:
                with _part(inner, "AllowanceCharge") as reduction:
                    _text(reduction, "ChargeIndicator", "false")
                    self._price(reduction, "Amount", line.price_discount or ZERO)
                    self._price(reduction, "BaseAmount", line.gross_price)


def _party(part: etree._Element, party: Party) -> None:
    _identifier(part, "EndpointID", party.endpoint)
    for identifier in party.identifiers:
        with _part(part, "PartyIdentification") as inner:
            _identifier(inner, "ID", identifier)
    with _part(part, "PartyName") as inner:
        _text(inner, "Name", party.name)
    _address(part, "PostalAddress", party.address)
    for number, scheme in ((party.vat_number, "VAT"), (party.tax_number, "TAX")):
        if number:
            with _part(part, "PartyTaxScheme") as inner:
                _text(inner, "CompanyID", number)
                _with_number(inner, "TaxScheme", scheme)
    with _part(part, "PartyLegalEntity") as inner:
        _text(inner, "RegistrationName", party.legal_name)
        _identifier(inner, "CompanyID", party.legal_id)
        _text(inner, "CompanyLegalForm", party.legal_form)
    with _part(part, "Contact") as inner:
        _text(inner, "Name", party.contact.name)
        _text(inner, "Telephone", party.contact.phone)
        _text(inner, "ElectronicMail", party.contact.email)


def _address(parent: etree._Element, name: str, address: Address) -> None:
    with _part(parent, name) as part:
        _text(part, "StreetName", address.street)
        _text(part, "AdditionalStreetName", address.additional_street)
        _text(part, "CityName", address.city)
        _text(part, "PostalZone", address.postcode)
        _text(part, "CountrySubentity", address.subdivision)
        with _part(part, "AddressLine") as inner:
            _text(inner, "Line", address.line)
        with _part(part, "Country") as inner:
            _text(inner, "IdentificationCode", address.country)


def _delivery(part: etree._Element, delivery: Delivery) -> None:
    _text(part, "ActualDeliveryDate", delivery.day)
    with _part(part, "DeliveryLocation") as location:
        _identifier(location, "ID", delivery.location)
        if delivery.address is not None:
            _address(location, "Address", delivery.address)
    with _part(part, "DeliveryParty") as receiver, _part(receiver, "PartyName") as inner:
        _text(inner, "Name", delivery.party_name)


def _period(parent: etree._Element, period: Period) -> None:
    with _part(parent, "InvoicePeriod") as part:
        _text(part, "StartDate", period.start)
        _text(part, "EndDate", period.end)
        _text(part, "DescriptionCode", period.code)


def _supporting(part: etree._Element, supporting: SupportingDocument) -> None:
    _text(part, "ID", supporting.number, schemeID=supporting.scheme)
    _text(part, "DocumentTypeCode", supporting.type_code)
    _text(part, "DocumentDescription", supporting.description)
    with _part(part, "Attachment") as inner:
        file = supporting.attachment
        if file is not None and file.content is not None:
            packed = base64.b64encode(file.content).decode("ascii")
            _text(inner, "EmbeddedDocumentBinaryObject", packed, mimeCode=file.mime, filename=file.name)
        with _part(inner, "ExternalReference") as elsewhere:
            _text(elsewhere, "URI", supporting.link)


def _category(parent: etree._Element, name: str, category: TaxCategory, *, with_reason: bool = False) -> None:
    with _part(parent, name) as part:
        _text(part, "ID", category.code)
        _text(part, "Percent", category.percent)
        if with_reason:
            _text(part, "TaxExemptionReasonCode", category.exemption_code)
            _text(part, "TaxExemptionReason", category.exemption_reason)
        _with_number(part, "TaxScheme", "VAT")


def _item(part: etree._Element, line: Line) -> None:
    _text(part, "Description", line.description)
    _text(part, "Name", line.name)
    _with_number(part, "BuyersItemIdentification", line.buyer_item)
    _with_number(part, "SellersItemIdentification", line.seller_item)
    with _part(part, "StandardItemIdentification") as inner:
        _identifier(inner, "ID", line.standard_item)
    with _part(part, "OriginCountry") as inner:
        _text(inner, "IdentificationCode", line.origin_country)
    for classification in line.classifications:
        with _part(part, "CommodityClassification") as inner:
            _identifier(inner, "ItemClassificationCode", classification, "listID")
    _category(part, "ClassifiedTaxCategory", line.category)
    for name, value in line.properties:
        with _part(part, "AdditionalItemProperty") as inner:
            _text(inner, "Name", name)
            _text(inner, "Value", value)
