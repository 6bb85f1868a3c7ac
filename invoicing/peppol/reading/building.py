"""The document as a whole, from its root element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from invoicing.peppol.document import (
    Account,
    Document,
    ExchangeRate,
    Kind,
    Level,
    PaymentMeans,
    Preceding,
    References,
    SupportingDocument,
    gettext_noop,
)
from invoicing.peppol.reading import amounts, parties
from invoicing.peppol.reading.attachments import embedded, stub
from invoicing.peppol.reading.limits import Refusal
from invoicing.peppol.reading.source import Around, Source

# An invoice that the buyer writes: for us a sale, not an expense.
_SELF_BILLING_TYPES = frozenset({"389", "261"})
_CREDIT_NOTE_TYPE = "381"
_CARD_DIGITS = 10
# A credit note has no ProjectReference of its own.
PROJECT_TYPE = "50"

_BINARY = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}EmbeddedDocumentBinaryObject"


def build(root: etree._Element, kind: Kind, around: Around) -> Document:
    """Return the document under `root`, findings in `around`. Attachments in the tree are replaced by stubs."""
    _note_empty(root, around)
    source = Source(root, around)
    customization = source.identifier("CustomizationID")
    profile = source.identifier("ProfileID")
    type_code = _type_code(source, kind, customization + " " + profile, around)
    around.currency = _currency(source)
    tax_currency = source.identifier("TaxCurrencyCode")
    payment = tuple(_payment_means(part) for part in source.parts("PaymentMeans"))
    supporting = tuple(_supporting(part) for part in source.parts("AdditionalDocumentReference"))
    references = _references(source)
    if kind is Kind.CREDIT_NOTE:
        project = next((each for each in supporting if each.type_code == PROJECT_TYPE), None)
        if project is not None:
            references = replace(references, project=references.project or project.number)
            supporting = tuple(each for each in supporting if each is not project)
    _stub_the_rest(root)
    lines = amounts.lines(source, kind)
    allowances = amounts.allowances(source)
    vat, subtotals, in_tax_currency = amounts.vat(source, tax_currency)
    payee = source.part("PayeeParty")
    representative = source.part("TaxRepresentativeParty")
    if source.count("Note") > 1:
        source.note("PEPPOL-EN16931-R002", Level.WARNING, gettext_noop("The document has more than one note."))
    return Document(
        kind=kind,
        number=source.required_identifier("ID"),
        day=source.required_day("IssueDate"),
        currency=around.currency,
        type_code=type_code,
        seller=parties.trading_party(source, "AccountingSupplierParty"),
        buyer=parties.trading_party(source, "AccountingCustomerParty"),
        totals=amounts.totals(source, lines, allowances, vat, in_tax_currency),
        lines=lines,
        subtotals=subtotals,
        customization=customization,
        profile=profile,
        day_due=source.day("DueDate") or next((means.day_due for means in payment if means.day_due), None),
        tax_point=source.day("TaxPointDate"),
        tax_currency=tax_currency,
        note=source.text("Note"),
        period=amounts.period(source),
        references=references,
        supporting=supporting,
        payee=parties.party(payee) if payee else None,
        tax_representative=parties.party(representative) if representative else None,
        delivery=parties.delivery(source.part("Delivery")),
        payment=payment,
        payment_terms="\n".join(filter(None, (part.text("Note") for part in source.parts("PaymentTerms")))),
        allowances=allowances,
        exchange_rates=tuple(_exchange_rates(source)),
    )


def _exchange_rates(source: Source) -> Iterator[ExchangeRate]:
    """The rates that are stated, that of the VAT first. Outside BIS Billing; one that says too little is none."""
    for name in ("TaxExchangeRate", "PaymentExchangeRate"):
        for part in source.parts(name, name):
            rate = part.number("CalculationRate")
            operator = part.identifier("MathematicOperatorCode").lower()
            pair = (part.identifier("SourceCurrencyCode"), part.identifier("TargetCurrencyCode"))
            if rate is not None and rate > 0 and all(pair) and operator in ("", "multiply", "divide"):
                yield ExchangeRate(source=pair[0], target=pair[1], rate=rate, divides=operator == "divide")


def _type_code(source: Source, kind: Kind, process: str, around: Around) -> str:
    name = "InvoiceTypeCode" if kind is Kind.INVOICE else "CreditNoteTypeCode"
    code = source.identifier(name)
    is_self_billed = code in _SELF_BILLING_TYPES or "selfbilling" in process.lower()
    if is_self_billed and not around.takes_self_billed:
        raise Refusal(
            "self-billing",
            gettext_noop(
                "This is a self-billed invoice: your customer wrote it in your name, so it is a sale and not an expense. Book it as an invoice."
            ),
        )
    if kind is Kind.INVOICE and code == _CREDIT_NOTE_TYPE:
        raise Refusal(
            "wrong-type",
            gettext_noop(
                "The document calls itself an invoice and a credit note at once (type 381 in an invoice). Ask the sender for a correct one."
            ),
        )
    if not code:
        source.note("BR-04", Level.ERROR, gettext_noop("The document does not say its type."))
    return code or ("380" if kind is Kind.INVOICE else _CREDIT_NOTE_TYPE)


def _currency(source: Source) -> str:
    """The document's currency; without it that of the amount to pay."""
    if source.count("DocumentCurrencyCode"):
        return source.required_identifier("DocumentCurrencyCode").upper()
    total = source.part("LegalMonetaryTotal")
    currency = total.attribute("PayableAmount", "currencyID") if total else ""
    if not currency:
        return source.required_identifier("DocumentCurrencyCode")
    source.note(
        "BR-05",
        Level.ERROR,
        gettext_noop("The document does not say its currency. That of the amount to pay was taken."),
    )
    return currency.upper()


def _payment_means(source: Source) -> PaymentMeans:
    account = source.part("PayeeFinancialAccount")
    branch = account.part("FinancialInstitutionBranch") if account else None
    mandate = source.part("PaymentMandate")
    payer = mandate.part("PayerFinancialAccount") if mandate else None
    card = source.part("CardAccount")
    number = account.identifier("ID").replace(" ", "") if account else ""
    return PaymentMeans(
        code=source.identifier("PaymentMeansCode"),
        name=source.attribute("PaymentMeansCode", "name"),
        reference=source.identifier("PaymentID"),
        day_due=source.day("PaymentDueDate"),
        account=Account(number=number, name=account.line("Name"), bank=branch.identifier("ID") if branch else "")
        if account and number
        else None,
        mandate=mandate.identifier("ID") if mandate else "",
        payer_account=payer.identifier("ID").replace(" ", "") if payer else "",
        card_number=_card_number(card) if card else "",
        card_network=card.identifier("NetworkID") if card else "",
        card_holder=card.line("HolderName") if card else "",
    )


def _card_number(card: Source) -> str:
    number = card.identifier("PrimaryAccountNumberID")
    if len(number) <= _CARD_DIGITS:
        return number
    card.note("BR-51", Level.WARNING, gettext_noop("The document shows a whole card number. Only its end was kept."))
    return number[-4:]


def _references(source: Source) -> References:
    def number(name: str) -> str:
        part = source.part(name)
        return part.identifier("ID") if part else ""

    order = source.part("OrderReference")
    preceding = tuple(
        Preceding(number=part.identifier("ID"), day=part.day("IssueDate"))
        for billing in source.parts("BillingReference")
        if (part := billing.part("InvoiceDocumentReference"))
    )
    return References(
        buyer=source.identifier("BuyerReference"),
        order=order.identifier("ID") if order else "",
        sales_order=order.identifier("SalesOrderID") if order else "",
        preceding=tuple(each for each in preceding if each.number),
        despatch=number("DespatchDocumentReference"),
        receipt=number("ReceiptDocumentReference"),
        tender=number("OriginatorDocumentReference"),
        contract=number("ContractDocumentReference"),
        project=number("ProjectReference"),
        accounting=source.line("AccountingCost"),
    )


def _supporting(source: Source) -> SupportingDocument:
    number = source.with_scheme("ID")
    attachment = source.part("Attachment")
    kept = None
    link = ""
    if attachment:
        element = attachment.value("EmbeddedDocumentBinaryObject")
        if element is not None:
            source.around.clock.check()
            source.around.attachments += 1
            taken = embedded(
                element.text or "",
                element.get("mimeCode") or "",
                element.get("filename") or "",
                source.around.limits,
                count=source.around.attachments,
            )
            kept = taken.attachment
            element.text = stub(kept)
            if taken.finding:
                source.around.notes.put(taken.finding)
        elsewhere = attachment.part("ExternalReference")
        link = elsewhere.line("URI") if elsewhere else ""
    return SupportingDocument(
        number=number.value if number else "",
        scheme=number.scheme if number else "",
        type_code=source.identifier("DocumentTypeCode"),
        description=source.text("DocumentDescription"),
        link=link,
        attachment=kept,
    )


def _stub_the_rest(root: etree._Element) -> None:
    """Files that stand where none belongs are not read, and must not swell the readable XML either."""
    for element in root.iter(_BINARY):
        if element.text and len(element.text) > 200:
            element.text = "AAAA"


def _note_empty(root: etree._Element, around: Around) -> None:
    empty = 0
    for element in root.iter():
        text = element.text
        if (not text or text.isspace()) and not len(element):
            empty += 1
    if empty:
        around.notes.add(
            "PEPPOL-EN16931-R008",
            Level.WARNING,
            gettext_noop("The document has elements without content (%(count)s). They were passed over."),
            count=str(empty),
        )
