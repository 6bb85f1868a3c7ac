"""Our own rules: each fires where it must, and on nothing else."""

from __future__ import annotations

import pytest
from lxml import etree

from invoicing.peppol.checks.formal import FORMAL, is_formal
from invoicing.peppol.document import Finding, Level
from tests.peppol.samples import CAC, CBC, OWN, codes, dump, official_rules, own, reading, tree

SPACES = {"cac": CAC[1:-1], "cbc": CBC[1:-1]}


@pytest.mark.parametrize("name", OWN)
def test_a_good_document_breaks_no_rule(name):
    assert not [finding for finding in reading(own(name)).findings if finding.level is not Level.NOTE]


# Sample, path, new text (None: taken out), the findings, all of them.
CASES = [
    # sums
    ("invoice-full", "cac:InvoiceLine/cbc:LineExtensionAmount", "448.23", {"PEPPOL-EN16931-R120", "BR-CO-10"}),
    ("invoice-full", "cac:InvoiceLine/cbc:LineExtensionAmount", "448.22", {"BR-CO-10"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:LineExtensionAmount", "555.09", {"BR-CO-10", "BR-CO-13"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount", "10.15", {"BR-CO-11", "BR-CO-13"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount", None, {"BR-CO-11", "BR-CO-13"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:ChargeTotalAmount", "12.51", {"BR-CO-12", "BR-CO-13"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount", "557.43", {"BR-CO-13", "BR-CO-15"}),
    ("invoice-full", "cac:TaxTotal/cbc:TaxAmount", "110.03", {"BR-CO-14", "BR-CO-15"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount", "667.45", {"BR-CO-15", "BR-CO-16"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:PayableAmount", "567.44", {"BR-CO-16"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:PrepaidAmount", None, {"BR-CO-16"}),
    ("invoice-full", ".//cac:LegalMonetaryTotal/cbc:PayableRoundingAmount", None, {"BR-CO-16"}),
    ("invoice-full", ".//cac:TaxSubtotal/cbc:TaxAmount", "108.20", {"BR-CO-14"}),
    ("invoice-full", ".//cac:TaxSubtotal/cbc:TaxAmount", "108.21", {"BR-CO-14", "BR-CO-17", "BR-S-09"}),
    ("invoice-full", ".//cac:TaxSubtotal/cbc:TaxableAmount", "511.53", set()),
    ("invoice-full", ".//cac:TaxSubtotal/cbc:TaxableAmount", "511.54", {"BR-S-08"}),
    ("invoice-full", "cac:InvoiceLine[2]//cbc:BaseQuantity", "0", {"PEPPOL-EN16931-R121"}),
    ("invoice-full", "cac:InvoiceLine[3]//cac:Price/cbc:PriceAmount", "-60.00", {"BR-27", "PEPPOL-EN16931-R046", "PEPPOL-EN16931-R120"}),
    ("invoice-full", "cac:InvoiceLine[3]//cac:AllowanceCharge/cbc:Amount", "15.01", {"PEPPOL-EN16931-R046"}),
    ("invoice-full", "cac:AllowanceCharge/cbc:MultiplierFactorNumeric", None, {"PEPPOL-EN16931-R042"}),
    ("invoice-full", "cac:AllowanceCharge/cbc:BaseAmount", None, {"PEPPOL-EN16931-R041"}),
    ("invoice-full", "cac:AllowanceCharge/cbc:MultiplierFactorNumeric", "3", {"PEPPOL-EN16931-R040"}),
    ("invoice-full", "cac:InvoiceLine/cac:AllowanceCharge/cbc:MultiplierFactorNumeric", "11", {"PEPPOL-EN16931-R040"}),
    # VAT
    ("invoice-full", "cac:InvoiceLine[2]//cac:ClassifiedTaxCategory/cbc:Percent", "0", {"BR-S-05", "BR-S-08"}),
    ("invoice-full", "cac:InvoiceLine[2]//cac:ClassifiedTaxCategory/cbc:ID", "E", {"BR-E-05", "BR-E-01", "BR-S-08"}),
    ("invoice-full", "cac:InvoiceLine[2]//cac:ClassifiedTaxCategory", None, {"BR-CO-04", "BR-S-08"}),
    ("invoice-full", "cac:AllowanceCharge/cac:TaxCategory", None, {"BR-32", "BR-S-08"}),
    ("invoice-full", "cac:AllowanceCharge[2]/cac:TaxCategory", None, {"BR-37", "BR-S-08"}),
    ("invoice-full", "cac:AllowanceCharge/cac:TaxCategory/cbc:Percent", "0", {"BR-S-06", "BR-S-08"}),
    ("invoice-full", ".//cac:TaxSubtotal/cac:TaxCategory/cbc:Percent", None, {"BR-48", "BR-CO-17", "BR-S-09"}),
    ("invoice-full", "cac:AccountingSupplierParty//cac:PartyTaxScheme", None, {"BR-S-02", "BR-S-03", "BR-S-04"}),
    ("invoice-intra-community", ".//cac:TaxCategory/cbc:TaxExemptionReasonCode", "VATEX-EU-AE", {"PEPPOL-EN16931-P0107"}),
    ("invoice-intra-community", ".//cac:TaxSubtotal/cbc:TaxAmount", "1.00", {"BR-CO-14", "BR-CO-17", "BR-IC-09"}),
    ("invoice-intra-community", ".//cac:TaxSubtotal/cbc:TaxableAmount", "1500.01", {"BR-IC-08"}),
    ("invoice-intra-community", "cac:AccountingCustomerParty//cac:PartyTaxScheme", None, {"BR-IC-02"}),
    ("invoice-intra-community", "cac:Delivery", None, {"BR-IC-11", "BR-IC-12"}),
    ("invoice-intra-community", "cac:Delivery/cbc:ActualDeliveryDate", None, {"BR-IC-11"}),
    ("invoice-not-subject", ".//cac:TaxCategory/cbc:TaxExemptionReasonCode", None, {"BR-O-10"}),
    ("invoice-not-subject", ".//cac:ClassifiedTaxCategory/cbc:ID", "Z", {"BR-Z-05", "BR-Z-01", "BR-Z-02", "BR-O-08", "BR-O-12"}),
    # parties and payment
    ("invoice-full", "cac:AccountingSupplierParty//cbc:EndpointID", "0631425756", {"PEPPOL-COMMON-R043"}),
    ("invoice-full", "cac:AccountingSupplierParty//cbc:EndpointID", None, {"PEPPOL-EN16931-R020"}),
    ("invoice-full", "cac:AccountingCustomerParty//cbc:EndpointID", None, {"PEPPOL-EN16931-R010"}),
    ("invoice-full", "cac:AccountingCustomerParty//cbc:RegistrationName", None, {"BR-07"}),
    ("invoice-full", "cac:AccountingSupplierParty//cac:Country", None, {"BR-09"}),
    ("invoice-full", "cac:AccountingCustomerParty//cac:PartyTaxScheme/cbc:CompanyID", "0721538458", {"BR-CO-09"}),
    ("invoice-full", "cac:PaymentMeans/cac:PayeeFinancialAccount", None, {"BR-61"}),
    ("invoice-full", "cac:PaymentMeans/cbc:PaymentMeansCode", "59", {"PEPPOL-EN16931-R061"}),
    ("invoice-full", "cac:PaymentMeans/cbc:PaymentID", "+++202/6004/10728+++", {"structured-communication"}),
    ("invoice-full", "cac:PaymentMeans/cbc:PaymentID", "***202/6004/10727***", set()),
    ("invoice-full", "cac:InvoiceLine//cbc:StartDate", "2026-09-30", {"PEPPOL-EN16931-R110"}),
    ("invoice-full", "cac:InvoiceLine//cbc:EndDate", "2026-11-01", {"PEPPOL-EN16931-R111"}),
    ("invoice-full", "cbc:InvoiceTypeCode", "384", {"PEPPOL-EN16931-P0112"}),
    ("invoice-full", "cbc:InvoiceTypeCode", "999", {"PEPPOL-EN16931-P0100"}),
    ("credit-note", "cbc:CreditNoteTypeCode", "380", {"PEPPOL-EN16931-P0101"}),
    ("invoice-dollars", "cac:TaxTotal[2]/cbc:TaxAmount", "-54.31", {"PEPPOL-EN16931-R055"}),
    ("invoice-dollars", "cac:TaxTotal[2]", None, {"BR-53"}),
    ("invoice-not-subject", "cac:PaymentTerms", None, {"BR-CO-25"}),
    ("invoice-not-subject", "cbc:BuyerReference", None, {"PEPPOL-EN16931-R003"}),
    ("invoice-intra-community", "cac:AccountingSupplierParty//cac:PartyLegalEntity/cbc:CompanyID", "6152483", {"PEPPOL-COMMON-R054"}),
    ("invoice-intra-community", "cac:AccountingSupplierParty//cbc:PostalZone", None, {"NL-R-002"}),
    ("invoice-intra-community", "cac:PaymentMeans", None, {"NL-R-007"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "text", "expected"), CASES)
def test_a_broken_rule_is_found_and_no_other(name, path, text, expected):
    root = tree(f"{name}.xml")
    element = root.find(path, namespaces=SPACES)
    if text is None:
        element.getparent().remove(element)
    else:
        element.text = text
    assert codes(dump(root)) == expected


def test_what_is_only_worth_a_look_is_a_warning():
    root = tree("invoice-not-subject.xml")
    root.remove(root.find(CAC + "PaymentTerms"))
    root.remove(root.find(CBC + "BuyerReference"))
    levels = {finding.code: finding.level for finding in reading(dump(root)).findings}
    assert levels == {"BR-CO-25": Level.WARNING, "PEPPOL-EN16931-R003": Level.WARNING}


def test_a_dutch_register_belongs_to_a_dutch_seller():
    root = tree("invoice-intra-community.xml")
    root.find(f".//{CAC}PartyLegalEntity/{CBC}CompanyID").set("schemeID", "0208")
    assert {"NL-R-003"} <= codes(dump(root))


def test_other_formats_are_named_and_not_held_against_them():
    for rules, level in [
        ("urn:cen.eu:en16931:2017#compliant#urn:fdc:nen.nl:nlcius:v1.0", Level.NOTE),
        ("urn:cen.eu:en16931:2017#conformant#urn:UBL.BE:1.0.0.20180214", Level.NOTE),
        ("urn:cen.eu:en16931:2017", Level.WARNING),
    ]:
        root = tree("invoice-full.xml")
        root.find(CBC + "CustomizationID").text = rules
        [finding] = reading(dump(root)).findings
        assert (finding.code, finding.level) == ("PEPPOL-EN16931-R004", level)
        assert finding.sentence.endswith(f"{rules}.")


def test_two_accounts_are_fine_and_two_ways_are_not():
    root = tree("invoice-full.xml")
    means = root.find(CAC + "PaymentMeans")
    other = etree.fromstring(etree.tostring(means))
    means.addnext(other)
    assert codes(dump(root)) == set()
    other.find(CBC + "PaymentMeansCode").text = "10"
    other.find(CBC + "PaymentID").text = "another"
    assert codes(dump(root)) == {"UBL-SR-47", "UBL-SR-44"}


def test_numbers_far_beyond_a_real_invoice_are_compared_exactly():
    root = tree("invoice-not-subject.xml")
    for element in root.iter():
        if element.text == "120.00":
            element.text = "9999999999999999.99"
    assert codes(dump(root)) == set()
    root.find(f".//{CBC}PayableAmount").text = "9999999999999999.98"
    assert codes(dump(root)) == {"BR-CO-16"}


@pytest.mark.parametrize(
    ("place", "text", "values"),
    [
        ("", "%(place)s", {"place": ""}),
        ("seller", "seller", {}),
        ("line 3", "line %(number)s", {"number": "3"}),
        ("line A 7, PriceAmount", "line %(number)s, %(element)s", {"number": "A 7", "element": "PriceAmount"}),
        ("VAT S 21 %", "VAT %(number)s", {"number": "S 21 %"}),
        ("LegalMonetaryTotal", "%(place)s", {"place": "LegalMonetaryTotal"}),
    ],
)
def test_a_place_can_be_translated(place, text, values):
    assert Finding(code="x", level=Level.NOTE, text="x", place=place).place_words == (text, values)


def test_every_sentence_of_every_rule_can_be_filled_in():
    for name, path, text, _expected in CASES:
        root = tree(f"{name}.xml")
        element = root.find(path, namespaces=SPACES)
        if text is None:
            element.getparent().remove(element)
        else:
            element.text = text
        for finding in reading(dump(root)).findings:
            assert finding.sentence
            assert "%(" not in finding.sentence


def test_every_formal_rule_is_one_that_there_is():
    """A slip in the table would go unseen: a code that nobody uses asks nothing of anybody."""
    theirs = "".join(file.read_text() for file in official_rules().rglob("*.xslt"))
    assert {code for code in FORMAL if f"[{code}]" not in theirs} == set()


MONEY = """BR-CO-10 BR-CO-13 BR-CO-14 BR-CO-15 BR-CO-16 BR-CO-17 BR-S-08 BR-AE-10 BR-09 BR-06 BR-CO-26 BR-16 BR-27
BR-22 BR-26 BR-CO-03 BR-CO-04 BR-CO-09 BR-CO-18 BR-53 UBL-SR-44 UBL-SR-47 UBL-SR-48 UBL-DT-01 PEPPOL-EN16931-R051
PEPPOL-EN16931-R120 PEPPOL-EN16931-P0112 PEPPOL-EN16931-CL007 not-checkable more XX-R-001"""


def test_no_rule_about_money_or_about_who_it_is_is_formal():
    assert [code for code in MONEY.split() if is_formal(code)] == []
