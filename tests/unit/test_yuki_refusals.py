"""What Yuki's words mean, and what an answer to a batch says of each invoice."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.base.records import (
    AccountRef,
    Document,
    DocumentKind,
    ExternalRef,
    Line,
    NotTried,
    Posted,
    Refused,
    Unclear,
)
from integrations.yuki import answers, soap
from integrations.yuki.refusals import FaultKind, catalogue_code, fault_kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Invalid access key.", FaultKind.KEY),
        ("System.Exception: invalid Access Key given", FaultKind.KEY),
        ("System.Web.Services.Protocols.SoapException: Invalid session ID", FaultKind.SESSION),
        ("Daily limit exceeded 1000 free webservice calls a day for every domain", FaultKind.DAY),
        ("Domain has no active database", FaultKind.INACTIVE),
        ("Administration not found, or no access to this administration.", FaultKind.ADMINISTRATION),
        ("You are not authorized to use web service Sales.", FaultKind.RIGHT),
        ("U heeft geen rechten voor deze webservice", FaultKind.RIGHT),
        (
            "The element 'SalesInvoice' in namespace 'x' has invalid child element 'Date' in namespace 'x'.",
            FaultKind.WHOLE,
        ),
        ("The 'SalesPrice' element is invalid - The value 'x' is invalid according to its datatype", FaultKind.WHOLE),
        ("Server was unable to read request. ---> There is an error in XML document (1, 2).", FaultKind.WHOLE),
        ("Maximum request length exceeded.", FaultKind.WHOLE),
        ("Object reference not set to an instance of an object.", FaultKind.OTHER),
        ("Timeout expired.", FaultKind.OTHER),
        ("", FaultKind.OTHER),
    ],
)
def test_faults(words, kind):
    assert fault_kind(words) is kind


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Invoice number CN2026/3 already exists", "NUM-522"),
        ("Factuurnummer 2026/3 bestaat al", "NUM-522"),
        ("La facture avec ce numéro existe déjà", "NUM-522"),
        ("The period of 2026-01-15 is locked", "PER-505"),
        ("De periode is afgesloten", "PER-505"),
        ("Onjuiste artikelcategorie", "LED-602"),
        ("Grootboekrekening 700990 is onbekend", "LED-601"),
        ("The currency of the pricelist does not match with the invoice's currency", "APP-210"),
        ("VAT type 3 with percentage 21.00 is not known in this administration", "VAT-620"),
        ("The address details of contact A bv are incomplete: City", "APP-204"),
        ("Contact with ID 1 does not exist", "PAR-641"),
        ("FullName is mandatory for a new contact", "APP-204"),
        ("Something that nobody has seen", "SYS-707"),
        ("", "SYS-707"),
    ],
)
def test_messages(message, code):
    assert catalogue_code(message) == code


def document(number: int) -> Document:
    only = Line(
        description="Work",
        net=Decimal("10.00"),
        vat=Decimal("2.10"),
        vat_code="1:21.00",
        ledger_account=AccountRef(external_id="700000", code="700000"),
    )
    return Document(
        key="k",
        reference=f"N{number}",
        kind=DocumentKind.SALES_INVOICE,
        journal="",
        due_date=None,
        date=date(2026, 3, 17),
        party=ExternalRef(external_id=""),
        lines=(only,),
    )


def row(number: int, succeeded: bool, processed: bool = True, message: str = "") -> str:
    return (
        f'<Invoice xmlns=""><Succeeded>{str(succeeded).lower()}</Succeeded><Processed>{str(processed).lower()}'
        f"</Processed><Reference>N{number}</Reference><Message>{message}</Message></Invoice>"
    )


def result(*rows: str, failed: int = 0, as_text: bool = False):
    inner = (
        '<SalesInvoicesImportResponse xmlns="urn:xmlns:http://www.theyukicompany.com:salesinvoicesresponse">'
        f'<TotalFailed xmlns="">{failed}</TotalFailed>{"".join(rows)}</SalesInvoicesImportResponse>'
    )
    if as_text:
        inner = inner.replace("&", "&amp;").replace("<", "&lt;")
    return soap.parse(f"<ProcessSalesInvoicesResult>{inner}</ProcessSalesInvoicesResult>".encode())


def kinds(documents, found) -> list[type]:
    return [type(one) for one in answers.outcomes(documents, found)]


@pytest.mark.parametrize("as_text", [False, True])
def test_answers_are_matched_on_the_number(as_text):
    found = answers.outcomes(
        [document(1), document(2), document(3)],
        result(row(3, True), row(1, False, False, "Invoice number N1 already exists"), row(2, True), as_text=as_text),
    )
    assert [type(one) for one in found] == [Refused, Posted, Posted]
    assert (found[0].code, found[0].text) == ("NUM-522", "Invoice number N1 already exists")
    assert (found[2].ref.external_id, found[2].ref.number, found[2].ref.fiscal_year) == ("N3", "N3", "2026")
    assert found[2].totals is None


def test_a_draft_is_never_sent_again():
    (found,) = answers.outcomes([document(1)], result(row(1, True, processed=False)))
    assert isinstance(found, Posted)
    assert found.totals is not None
    assert found.remarks == ("saved as a draft in Yuki and not booked",)


def test_what_the_answer_does_not_mention_is_unclear():
    assert kinds([document(1), document(2)], result(row(1, True))) == [Posted, Unclear]
    assert kinds([document(1), document(2)], result(row(1, True), row(2, True), row(2, False))) == [Posted, Unclear]


def test_after_six_incorrect_ones_the_rest_was_not_tried():
    documents = [document(number) for number in range(10)]
    bad = [row(number, False, False, "x") for number in range(1, 7)]
    wanted = [Posted, *[Refused] * 6, *[NotTried] * 3]
    assert kinds(documents, result(row(0, True), *bad, failed=6)) == wanted
    listed = [row(number, False, False, "Skipped") for number in (7, 8, 9)]
    assert kinds(documents, result(row(0, True), *bad, *listed, failed=6)) == wanted
    # Should Yuki go on all the same, what it booked counts.
    assert kinds(documents, result(row(0, True), *bad, row(8, True), failed=6))[7:] == [NotTried, Posted, NotTried]


def test_five_incorrect_ones_explain_nothing():
    documents = [document(number) for number in range(7)]
    bad = [row(number, False, False, "x") for number in range(5)]
    assert kinds(documents, result(*bad, failed=5)) == [*[Refused] * 5, Unclear, Unclear]


@pytest.mark.parametrize("body", ["<R/>", "<R>text</R>", "<R><Other/></R>", "<R>&lt;Other/&gt;</R>"])
def test_an_answer_that_is_none_says_nothing(body):
    with pytest.raises(soap.Unreadable):
        answers.outcomes([document(1)], soap.parse(body.encode()))
