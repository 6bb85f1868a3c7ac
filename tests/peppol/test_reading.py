"""What stands in a document is in the record, to the cent and to the letter."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from invoicing.peppol.document import Account, Identifier, Kind, Level, Preceding, TaxCategory, turned
from tests.peppol.samples import CAC, CBC, OWN, codes, dump, own, reading, refusal, tree

D = Decimal


def test_the_head_of_a_full_invoice():
    found = reading(own("invoice-full.xml"))
    document = found.document
    assert found.findings == ()
    assert found.sha256 == hashlib.sha256(own("invoice-full.xml")).hexdigest()
    assert (found.root, found.is_turned, found.sender) == ("Invoice", False, None)
    assert (document.kind, document.number, document.type_code) == (Kind.INVOICE, "DD-2026-0417", "380")
    assert (document.day, document.day_due, document.tax_point) == (
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2026, 10, 9),
    )
    assert document.currency == "EUR"
    assert document.note == "Levering volgens offerte 88.\n  Dank u voor uw bestelling."
    assert document.period.end == date(2026, 10, 31)
    references = document.references
    assert (references.buyer, references.order, references.sales_order) == (
        "Veldwerk / marketing",
        "PO-5512",
        "SO-0931",
    )
    assert (references.despatch, references.contract, references.project) == ("LB-7781", "RC-12", "PRJ-3")
    assert references.accounting == "MKT-04"
    assert references.preceding == (Preceding(number="DD-2026-0399", day=date(2026, 9, 30)),)


def test_the_parties_and_the_payment():
    document = reading(own("invoice-full.xml")).document
    seller = document.seller
    assert seller.endpoint == seller.legal_id == Identifier(scheme="0208", value="0631425755")
    assert (seller.name, seller.legal_name, seller.called) == (
        "Drukkerij Dijkstra",
        "Dijkstra Drukt BV",
        "Dijkstra Drukt BV",
    )
    assert (seller.vat_number, seller.tax_number) == ("BE0631425755", "")
    assert (seller.address.street, seller.address.postcode, seller.address.city) == (
        "Kaaistraat 17",
        "2000",
        "Antwerpen",
    )
    assert seller.contact.email == "facturen@dijkstra-drukt.example"
    assert document.buyer.endpoint.value == "0721538458"
    assert (document.delivery.day, document.delivery.party_name) == (date(2026, 10, 9), "Magazijn Veldwerk")
    assert document.delivery.address.country == "BE"
    [means] = document.payment
    assert (means.code, means.name, means.reference) == ("30", "Credit transfer", "+++202/6004/10727+++")
    assert means.account == Account(number="BE71096123456769", name="Dijkstra Drukt", bank="GKCCBEBB")
    assert document.payment_reference == means.reference
    assert document.accounts == ("BE71096123456769",)
    assert document.payment_terms == "30 dagen"
    assert not document.is_direct_debit


def test_the_amounts():
    document = reading(own("invoice-full.xml")).document
    totals = document.totals
    assert (totals.lines, totals.net, totals.vat, totals.total) == (D("555.08"), D("557.42"), D("110.02"), D("667.44"))
    assert (totals.allowances, totals.charges) == (D("10.16"), D("12.50"))
    assert (totals.prepaid, totals.rounding, totals.payable) == (D("100.00"), D("-0.04"), D("567.40"))
    assert [(part.base, part.vat, part.category.code, part.category.percent) for part in document.subtotals] == [
        (D("510.54"), D("107.21"), "S", D(21)),
        (D("46.88"), D("2.81"), "S", D(6)),
    ]
    discount, freight = document.allowances
    assert (discount.is_charge, discount.amount, discount.percent, discount.base) == (
        False,
        D("10.16"),
        D(2),
        D("508.20"),
    )
    assert (discount.reason, discount.reason_code) == ("Klantenkorting", "95")
    assert discount.category == TaxCategory(code="S", percent=D(21))
    assert (freight.is_charge, freight.amount, freight.reason_code) == (True, D("12.50"), "FC")


def test_the_lines():
    first, second, third = reading(own("invoice-full.xml")).document.lines
    assert (first.number, first.name, first.description) == ("1", "Opmaak", "Opmaak van de brochure")
    assert (first.quantity, first.unit, first.price, first.net) == (D(12), "HUR", D("41.50"), D("448.20"))
    assert [(part.amount, part.percent, part.base, part.category) for part in first.allowances] == [
        (D("49.80"), D(10), D("498.00"), None)
    ]
    assert (first.accounting, first.order_line, first.period.start) == ("MKT-04-A", "10", date(2026, 10, 1))
    assert (first.seller_item, first.origin_country) == ("OPM-1", "BE")
    assert first.standard_item == Identifier(scheme="0160", value="05412345000013")
    assert first.classifications == (Identifier(scheme="STI", value="82121500"),)
    assert first.properties == (("Papier", "gerecycleerd"),)
    assert (second.base_quantity, second.base_unit, second.price, second.net) == (
        D(1000),
        "H87",
        D("18.75"),
        D("46.88"),
    )
    assert second.note == "Eerste oplage"
    assert (third.gross_price, third.price_discount, third.price) == (D("75.00"), D("15.00"), D("60.00"))


def test_the_attachments():
    found = reading(own("invoice-full.xml"))
    pdf, link = found.document.supporting
    assert (pdf.number, pdf.description, pdf.link) == ("DD-2026-0417", "Factuur als PDF", "")
    assert (pdf.attachment.name, pdf.attachment.mime) == ("DD-2026-0417.pdf", "application/pdf")
    assert pdf.attachment.content.startswith(b"%PDF-1.4")
    assert pdf.attachment.size == len(pdf.attachment.content)
    assert (link.number, link.link, link.attachment) == ("meter", "https://portal.example/readings/88", None)
    binary = etree.fromstring(found.readable).find(f".//{CBC}EmbeddedDocumentBinaryObject")
    assert len(binary.text) < 100
    assert binary.get("filename") == "DD-2026-0417.pdf"


def test_a_credit_note_has_its_deadline_in_the_payment_and_its_project_in_a_supporting_document():
    found = reading(own("credit-note.xml"))
    document = found.document
    assert (found.root, document.kind, document.type_code) == ("CreditNote", Kind.CREDIT_NOTE, "381")
    assert document.day_due == document.payment[0].day_due == date(2026, 11, 19)
    assert (document.references.project, document.supporting) == ("PRJ-3", ())
    assert (document.lines[0].quantity, document.totals.total, document.signed_total) == (
        D(3),
        D("150.65"),
        D("-150.65"),
    )


def test_a_negative_invoice_becomes_a_credit_note():
    found = reading(own("invoice-negative.xml"))
    document = found.document
    assert (found.root, found.is_turned, document.kind) == ("Invoice", True, Kind.CREDIT_NOTE)
    assert (document.totals.total, document.totals.vat, document.signed_total) == (D("94.38"), D("16.38"), D("-94.38"))
    [line] = document.lines
    assert (line.quantity, line.price, line.net) == (D(2), D("40.00"), D("80.00"))
    assert (document.allowances[0].amount, document.subtotals[0].base) == (D("2.00"), D("78.00"))
    assert [finding.code for finding in found.findings] == ["negative-invoice"]
    # What was received stays as it was.
    assert b"-94.38" in found.readable


def test_a_negative_credit_note_is_a_claim():
    root = tree("credit-note.xml")
    for element in root.iter():
        if element.get("currencyID") and not element.tag.endswith("PriceAmount"):
            element.text = "-" + element.text
    root.find(f".//{CBC}CreditedQuantity").text = "-3"
    found = reading(dump(root))
    assert (found.is_turned, found.document.kind, found.document.totals.total) == (True, Kind.INVOICE, D("150.65"))
    assert [finding.code for finding in found.findings] == ["negative-credit-note"]


def test_a_total_of_zero_stays_an_invoice():
    root = tree("invoice-negative.xml")
    for element in root.iter():
        if element.get("currencyID") and not element.tag.endswith("PriceAmount"):
            element.text = "0.00"
    root.find(f".//{CBC}InvoicedQuantity").text = "0"
    found = reading(dump(root))
    assert (found.is_turned, found.document.kind) == (False, Kind.INVOICE)


def test_prepaid_to_the_last_cent_is_still_an_invoice():
    root = tree("invoice-full.xml")
    root.find(f".//{CBC}PrepaidAmount").text = "700.00"
    root.find(f".//{CBC}PayableAmount").text = "-32.60"
    found = reading(dump(root))
    assert (found.is_turned, found.document.totals.payable) == (False, D("-32.60"))


@pytest.mark.parametrize("name", OWN)
def test_turning_twice_is_nothing(name):
    document = reading(own(name)).document
    assert turned(document).signed_total == document.signed_total
    assert turned(turned(document)) == document


def test_the_vat_in_another_currency():
    document = reading(own("invoice-dollars.xml")).document
    assert (document.currency, document.tax_currency) == ("USD", "EUR")
    assert (document.totals.vat, document.totals.vat_in_tax_currency) == (D("63.00"), D("54.31"))
    assert len(document.subtotals) == 1


def test_no_percentage_is_not_zero_per_cent():
    document = reading(own("invoice-not-subject.xml")).document
    assert document.lines[0].category == TaxCategory(code="O")
    assert document.subtotals[0].category == TaxCategory(code="O", exemption_code="VATEX-EU-O")
    assert reading(own("invoice-intra-community.xml")).document.lines[0].category.percent == 0


def test_the_envelope():
    body = own("invoice-full.xml").split(b"?>", 1)[1]
    space = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    envelope = f"""<s:StandardBusinessDocument xmlns:s="{space}"><s:StandardBusinessDocumentHeader>
      <s:Sender><s:Identifier Authority="iso6523-actorid-upis">9925:be0631425755</s:Identifier></s:Sender>
      <s:Receiver><s:Identifier Authority="iso6523-actorid-upis">iso6523-actorid-upis::0208:0721538458</s:Identifier></s:Receiver>
      <s:DocumentIdentification><s:InstanceIdentifier> 77-aa </s:InstanceIdentifier></s:DocumentIdentification>
      </s:StandardBusinessDocumentHeader>""".encode()
    found = reading(envelope + body + b"</s:StandardBusinessDocument>")
    assert found.sender == Identifier(scheme="9925", value="be0631425755")
    assert found.receiver == Identifier(scheme="0208", value="0721538458")
    assert found.message_id == "77-aa"
    assert found.document == reading(own("invoice-full.xml")).document
    assert b"77-aa" not in found.readable
    assert etree.fromstring(found.readable).tag.endswith("}Invoice")


# --- Lenient where nothing is at stake ---


def changed(name: str, path: str, text: str | None) -> bytes:
    """The sample with the element at `path` (cac and cbc as prefixes) set to `text`, or taken out for None."""
    root = tree(name)
    element = root.find(path, namespaces={"cac": CAC[1:-1], "cbc": CBC[1:-1]})
    if text is None:
        element.getparent().remove(element)
    else:
        element.text = text
    return dump(root)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("cbc:DueDate", "soon", "PEPPOL-EN16931-F001"),
        ("cbc:IssueDate", "2026-10-12+02:00", "PEPPOL-EN16931-F001"),
        ("cac:InvoiceLine/cac:Price/cbc:PriceAmount", "a lot", "number"),
        ("cac:InvoiceLine/cbc:InvoicedQuantity", "1e1", "number"),
        (".//cac:TaxSubtotal/cac:TaxCategory/cbc:Percent", "21 %", "number"),
        ("cbc:CustomizationID", "urn:cen.eu:en16931:2017#conformant#urn:UBL.BE:1.0.0.20180214", "PEPPOL-EN16931-R004"),
        (".//cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", None, "derived"),
        (".//cac:LegalMonetaryTotal/cbc:LineExtensionAmount", None, "derived"),
        (".//cac:LegalMonetaryTotal/cbc:PayableAmount", None, "derived"),
        ("cbc:DocumentCurrencyCode", None, "BR-05"),
        ("cbc:InvoiceTypeCode", None, "BR-04"),
        (".//cac:TaxTotal/cbc:TaxAmount", "110.020", "BR-DEC"),
    ],
)
def test_what_does_not_decide_the_booking_is_a_finding(path, value, code):
    data = changed("invoice-full.xml", path, value)
    assert code in codes(data)
    assert reading(data).document.totals == reading(own("invoice-full.xml")).document.totals


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("cbc:ID", None, "missing"),
        ("cbc:ID", " ", "missing"),
        ("cbc:IssueDate", "12-10-2026", "not-a-date"),
        ("cac:InvoiceLine/cbc:LineExtensionAmount", None, "missing"),
        ("cac:InvoiceLine/cbc:LineExtensionAmount", "448,20", "not-a-number"),
        (".//cac:TaxSubtotal/cbc:TaxableAmount", None, "missing"),
        (".//cac:LegalMonetaryTotal/cbc:PrepaidAmount", "none", "not-a-number"),
        (".//cac:AllowanceCharge/cbc:ChargeIndicator", None, "missing"),
        (".//cac:AllowanceCharge/cbc:Amount", "NaN", "not-a-number"),
        ("cbc:InvoiceTypeCode", "381", "wrong-type"),
        ("cbc:InvoiceTypeCode", "389", "self-billing"),
        ("cbc:ProfileID", "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0", "self-billing"),
    ],
)
def test_what_decides_the_booking_is_never_guessed(path, value, code):
    assert refusal(changed("invoice-full.xml", path, value)).code == code


def test_the_place_of_a_bad_amount_is_told():
    found = refusal(changed("invoice-full.xml", "cac:InvoiceLine[2]/cbc:LineExtensionAmount", "46,88"))
    assert found.reason == "“46,88” is not an amount that we can read (line 2, LineExtensionAmount)."


def test_values_are_trimmed_and_bounded():
    root = tree("invoice-full.xml")
    root.find(CBC + "ID").text = "\n  DD-2026-\u202e0417\t\n "
    root.find(CBC + "CustomizationID").text = "\n " + root.find(CBC + "CustomizationID").text + "\n"
    root.find(CBC + "BuyerReference").text = "x" * 500
    root.find(f".//{CAC}PayeeFinancialAccount/{CBC}ID").text = "BE71 0961 2345 6769"
    found = reading(dump(root))
    assert found.document.number == "DD-2026-0417"
    assert found.document.references.buyer == "x" * 200
    assert found.document.accounts == ("BE71096123456769",)
    assert "PEPPOL-EN16931-R004" not in codes(dump(root))
    assert "identifier" in codes(dump(root))


def test_findings_are_bounded():
    root = tree("invoice-full.xml")
    line = root.findall(CAC + "InvoiceLine")[1]
    for number in range(1000):
        copy = etree.fromstring(etree.tostring(line))
        copy.find(CBC + "ID").text = f"x{number}"
        copy.find(CBC + "LineExtensionAmount").text = "5.00"
        root.append(copy)
    found = reading(dump(root))
    assert len(found.findings) == 201
    assert found.findings[-1].code == "more"
    # Wrong amounts are among those that were not kept.
    assert found.findings[-1].level is Level.ERROR
    assert len(found.document.lines) == 1003


def test_formal_findings_that_were_not_kept_ask_nothing():
    root = tree("invoice-full.xml")
    line = root.findall(CAC + "InvoiceLine")[1]
    for number in range(300):
        copy = etree.fromstring(etree.tostring(line))
        copy.find(CBC + "ID").text = f"x{number}"
        quantity = copy.find(CBC + "InvoicedQuantity")
        quantity.text = "0"
        quantity.attrib.pop("unitCode")
        copy.find(CBC + "LineExtensionAmount").text = "0.00"
        root.append(copy)
    *_kept, more = reading(dump(root)).findings
    assert (more.code, more.level) == ("more", Level.NOTE)


def test_a_whole_card_number_is_not_kept():
    root = tree("invoice-full.xml")
    card = etree.Element(CAC + "CardAccount")
    etree.SubElement(card, CBC + "PrimaryAccountNumberID").text = "4111111111111111"
    etree.SubElement(card, CBC + "NetworkID").text = "VISA"
    root.find(CAC + "PaymentMeans").insert(2, card)
    found = reading(dump(root))
    assert found.document.payment[0].card_number == "1111"
    assert "BR-51" in codes(dump(root))


def test_two_taxes_are_added_up_with_a_finding():
    root = tree("invoice-full.xml")
    total = root.find(CAC + "TaxTotal")
    total.addnext(etree.fromstring(etree.tostring(total)))
    found = reading(dump(root))
    assert found.document.totals.vat == D("220.04")
    assert {"PEPPOL-EN16931-R053", "BR-CO-15"} <= codes(dump(root))


@pytest.mark.parametrize("tax_currency", ["EUR", ""])
def test_a_repeated_vat_is_not_added(tax_currency):
    root = tree("invoice-full.xml")
    if tax_currency:
        code = etree.Element(CBC + "TaxCurrencyCode")
        code.text = tax_currency
        root.find(CBC + "DocumentCurrencyCode").addnext(code)
    again = etree.Element(CAC + "TaxTotal")
    etree.SubElement(again, CBC + "TaxAmount", currencyID="EUR").text = "110.02"
    root.find(CAC + "TaxTotal").addprevious(again)
    document = reading(dump(root)).document
    assert document.totals.vat == D("110.02")
    assert len(document.subtotals) == 2
    assert codes(dump(root)) == ({"PEPPOL-EN16931-R005"} if tax_currency else {"PEPPOL-EN16931-R053"})


def test_a_vat_in_the_tax_currency_alone_is_the_vat():
    root = tree("invoice-dollars.xml")
    root.remove(root.findall(CAC + "TaxTotal")[1])
    root.find(CAC + "TaxTotal").find(CBC + "TaxAmount").set("currencyID", "EUR")
    found = reading(dump(root))
    assert found.document.totals.vat == D("63.00")
    assert "PEPPOL-EN16931-R051" in codes(dump(root))
