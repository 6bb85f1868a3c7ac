"""Our sales documents as Yuki's elements: amounts to the cent, signs, lengths, what must not go out."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base.records import AccountRef, Document, DocumentKind, ExternalRef, File, Line, PartyData
from integrations.yuki import invoices, soap
from integrations.yuki.unsure import Readings
from integrations.yuki.values import Unsendable

PARTY = PartyData(reference="BB-000101", name="A bv", street="Kade 1", postcode="9000", city="Gent", country="BE")


def line(net="100.00", vat="21.00", code="1:21.00", account="700000", quantity=None, description="Work") -> Line:
    return Line(
        description=description,
        net=Decimal(net),
        vat=Decimal(vat),
        vat_code=code,
        ledger_account=AccountRef(external_id=account, code=account),
        quantity=None if quantity is None else Decimal(quantity),
    )


def document(*lines: Line, **changes) -> Document:
    return Document(
        **{
            "key": "11111111-2222-4333-8444-555555555555",
            "reference": "2026/0142",
            "kind": DocumentKind.SALES_INVOICE,
            "journal": "",
            "date": date(2026, 3, 17),
            "due_date": date(2026, 4, 16),
            "party": ExternalRef(external_id=""),
            "party_data": PARTY,
            "lines": lines or (line(),),
            "description": "2026/0142 A bv",
            **changes,
        }
    )


def values(element, path: str) -> list[str]:
    """The texts at a path below every invoice line."""
    return [soap.value(one, path) for one in soap.children(soap.child(element, "InvoiceLines"), "InvoiceLine")]


def refused(made: Document, **kw) -> str:
    with pytest.raises(Unsendable) as caught:
        invoices.sales_invoice(made, **kw)
    return caught.value.code


# --- properties -----------------------------------------------------------------------------------------------

CODES = ("1:21.00", "2:6.00", "21:12.00", "4:0.00", "17:0.00")
cents = st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2)
quantities = st.none() | st.decimals(Decimal("0.0001"), Decimal("5000"), places=4)


@st.composite
def documents(draw) -> Document:
    """Any document that has something to book, with lines of zero, negative lines and stray cents of VAT."""
    rows = draw(st.lists(st.tuples(cents | st.just(Decimal("0.00")), st.sampled_from(CODES), quantities), min_size=1))
    lines = []
    for net, code, quantity in rows:
        percentage = Decimal(code.split(":")[1])
        vat = (net * percentage / 100).quantize(Decimal("0.01")) + draw(st.sampled_from([0, 0, 0, 1, -1])) * Decimal(
            "0.01"
        )
        lines.append(
            replace(line(str(net), "0.00", code), vat=vat if percentage else Decimal("0.00"), quantity=quantity)
        )
    kind = draw(st.sampled_from([DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE]))
    return document(*lines, kind=kind)


@given(documents(), st.booleans())
def test_sums_signs_and_prices_hold_to_the_cent(made, negative_quantity):
    readings = Readings(negative_quantity=negative_quantity)
    codes = {one.vat_code for one in made.lines if one.net}
    stray: dict[str, Decimal] = defaultdict(Decimal)
    for one in made.lines:
        if not one.net:
            stray[one.vat_code] += one.vat
    if made.total <= 0 or any(vat for code, vat in stray.items() if code not in codes):
        assert refused(made, readings=readings) in ("APP-208", "APP-209")
        return
    element = invoices.sales_invoice(made, readings)
    sign = -1 if made.kind.is_credit_note else 1
    nets = [Decimal(text) for text in values(element, "LineAmount")]
    vats = [Decimal(text) for text in values(element, "LineVATAmount")]
    assert sum(nets) == sign * made.net
    assert sum(nets) + sum(vats) == sign * made.total
    assert (sum(nets) + sum(vats) < 0) is made.kind.is_credit_note
    per_code: dict[str, Decimal] = defaultdict(Decimal)
    kinds = zip(values(element, "Product/VATType"), values(element, "Product/VATPercentage"), strict=True)
    for (kind, percentage), net, vat in zip(kinds, nets, vats, strict=True):
        per_code[f"{kind}:{percentage}"] += sign * (net + vat)
    assert {k: v for k, v in per_code.items() if v} == {
        row.vat_code: row.base + row.vat for row in made.vat_totals if row.base + row.vat
    }
    for quantity, price, net in zip(
        values(element, "ProductQuantity"), values(element, "Product/SalesPrice"), nets, strict=True
    ):
        assert Decimal(quantity) * Decimal(price) == net != 0
        assert Decimal(price) > 0 or not negative_quantity
        assert all(len(text.partition(".")[2]) <= 4 for text in (quantity, price))


@given(st.text(max_size=900), st.text(max_size=900), st.text(max_size=900))
def test_any_text_goes_out_as_xml_within_the_limits(description, name, reference):
    made = document(
        line(description=description),
        description=description,
        reference=reference,
        party_data=replace(PARTY, name=name),
    )
    try:
        element = invoices.sales_invoice(made)
    except Unsendable:
        return
    back = soap.parse(soap.envelope("ProcessSalesInvoices", [("xmlDoc", invoices.sales_document([element]))]))
    (invoice,) = soap.descendants(back, "SalesInvoice")
    assert len(soap.value(invoice, "Subject")) <= 250
    (text,) = values(invoice, "Description")
    assert 0 < len(text) <= 500


# --- what goes out --------------------------------------------------------------------------------------------


def test_an_invoice_is_booked_at_once_and_sent_to_nobody():
    element = invoices.sales_invoice(document(payment_reference="+++202/6000/01501+++"))
    found = {soap.name_of(one): one.text for one in element if len(one) == 0}
    assert found == {
        "Reference": "2026/0142",
        "Subject": "2026/0142 A bv",
        "PaymentMethod": "ElectronicTransfer",
        "PaymentID": "+++202/6000/01501+++",
        "Process": "true",
        "EmailToCustomer": "false",
        "SentToPeppol": "false",
        "Date": "2026-03-17",
        "DueDate": "2026-04-16",
        "Currency": "EUR",
    }


def test_lines_of_one_account_and_vat_share_one_neutral_item():
    element = invoices.sales_invoice(document(line(description="One"), line("5.00", "1.05", description="Two")))
    assert values(element, "Product/Description") == ["BB 700000 1 21.00"] * 2
    assert values(element, "Description") == ["One", "Two"]
    assert all(len(text) <= 60 for text in values(element, "Product/Description"))
    assert all(len(text) <= 40 for text in values(element, "Product/Reference"))


@pytest.mark.parametrize(
    ("changes", "method"),
    [
        ({}, "ElectronicTransfer"),
        ({"direct_debit": True}, "DirectCollection"),
        ({"kind": DocumentKind.SALES_CREDIT_NOTE}, "ToSettle"),
        ({"kind": DocumentKind.SALES_CREDIT_NOTE, "direct_debit": True}, "ToSettle"),
    ],
)
def test_only_methods_that_stay_among_the_open_items_are_used(changes, method):
    assert invoices.payment_method(document(**changes)) == method


def test_the_line_s_own_quantity_is_kept_where_it_gives_the_amount_exactly():
    element = invoices.sales_invoice(
        document(line("250.00", "52.50", quantity="2.5"), line("10.00", "2.10", quantity="3"), line(quantity="-4"))
    )
    assert values(element, "ProductQuantity") == ["2.50", "1.00", "4.00"]
    assert values(element, "Product/SalesPrice") == ["100.00", "10.00", "25.00"]


def test_a_line_of_zero_goes_below_the_next_one_and_its_vat_to_the_largest():
    element = invoices.sales_invoice(
        document(
            line("0.00", "0.01", description="Dear customer"),
            line("10.00", "2.10", description="Small"),
            line("100.00", "21.00", description="Large"),
            line("0.00", "0.00", description="Thank you"),
        )
    )
    assert values(element, "Description") == ["Small", "Large"]
    assert values(element, "Remarks") == ["Dear customer", "Thank you"]
    assert values(element, "LineVATAmount") == ["2.10", "21.01"]


def test_amounts_are_left_out_where_every_rounding_gives_ours():
    plain = Readings(state_line_amounts=False)
    assert values(invoices.sales_invoice(document(), plain), "LineVATAmount") == [""]
    # Yuki would make 0.04 of it rounding each line, 0.03 rounding the rate: neither may be left to it.
    for vats in (["0.02", "0.02"], ["0.02", "0.01"]):
        twice = document(*(line("0.08", vat) for vat in vats))
        assert values(invoices.sales_invoice(twice, plain), "LineVATAmount") == vats


def test_a_pdf_goes_along():
    files = (
        File(name="2026-0142.xml", content=b"<Invoice/>", media_type="application/xml"),
        File(name="2026-0142.pdf", content=b"%PDF-1.4"),
    )
    element = invoices.sales_invoice(document(attachments=files))
    assert soap.value(element, "DocumentFileName") == "2026-0142.pdf"
    assert soap.value(element, "DocumentBase64") == "JVBERi0xLjQ="


@pytest.mark.parametrize(
    ("code", "mark", "sent"),
    [("", "BB-000101", "BB-000101"), ("K101", "BB-000101", "K101"), ("K101", None, "K101")],
)
def test_the_contact_s_own_code_wins_over_our_mark(code, mark, sent):
    made = document(
        party=ExternalRef(external_id="x", code=code, name="A bv"),
        party_data=None if mark is None else replace(PARTY, reference=mark),
    )
    contact = soap.child(invoices.sales_invoice(made), "Contact")
    assert soap.value(contact, "ContactCode") == sent
    assert soap.value(contact, "FullName") == "A bv"


def test_a_described_vat_type_brings_its_description():
    made = document(line("10.00", "2.10", "40:21.00:NL"))
    element = invoices.sales_invoice(made, descriptions={"40:21.00:NL": "OSS Nederland 21%"})
    assert values(element, "Product/VATDescription") == ["OSS Nederland 21%"]
    assert invoices.needs_descriptions([made])
    assert not invoices.needs_descriptions([document()])


# --- what does not --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (document(line("0.00", "0.00")), "APP-208"),
        (document(line("10.00", "0.00"), line("-10.00", "0.00")), "APP-208"),
        (document(line("-10.00", "0.00")), "APP-208"),
        (document(line("10.00", "0.00"), line("0.00", "0.01", "2:6.00")), "APP-209"),
        (document(line(code="")), "APP-102"),
        (document(line(code="3:0.00")), "APP-103"),
        (document(line(code="high")), "APP-103"),
        (document(line(code="40:21.00:NL")), "APP-103"),
        (document(line(account="")), "APP-104"),
        (document(line("10.001", "0.00")), "ALL-999"),
        (document(line("10000000000.00", "0.00")), "ALL-999"),
        (document(currency="USD"), "APP-210"),
        (document(reference=" "), "ALL-999"),
        (document(party_data=None), "PAR-650"),
        (document(party_data=replace(PARTY, reference="")), "PAR-650"),
        (document(party_data=replace(PARTY, name=" ")), "APP-204"),
        (document(party_data=replace(PARTY, city="")), "APP-204"),
        (document(party=ExternalRef(external_id="", code="K1"), party_data=None), "APP-204"),
    ],
)
def test_what_must_not_go_out_is_stopped_here(made, code):
    assert refused(made) == code


@pytest.mark.parametrize(
    ("party", "data"),
    [
        # The tool's own contact, and one of ours that went along before and of which nothing changed.
        (ExternalRef(external_id="6e24b17f-be9e-52ea-951e-1b7ff46978ac", code="K1"), replace(PARTY, city="")),
        (ExternalRef(external_id="BB-000101", code="BB-000101"), PartyData(reference="BB-000101", name="A bv")),
    ],
)
def test_an_address_is_asked_of_new_customers_only(party, data):
    contact = soap.child(invoices.sales_invoice(document(party=party, party_data=data)), "Contact")
    assert soap.value(contact, "FullName") == "A bv"
    assert soap.child(contact, "City") is None
