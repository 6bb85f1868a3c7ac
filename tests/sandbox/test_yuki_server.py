"""The sandbox's Yuki by itself: what it takes, what it refuses, what it remembers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import requests
from lxml import etree

from integrations.sandbox.server import Sandbox
from tests.sandbox.yuki_box import CLOSED, DUTCH, KEY_BE, KEY_NL, MAIN, SECOND

SERVICE = "http://www.theyukicompany.com/"
SALES = "urn:xmlns:http://www.theyukicompany.com:salesinvoices"
DOMAIN = "c92e5f1f-0cec-5d11-b07f-e4cbfac830da"


class Caller:
    """Plain envelopes by hand; no cleverness."""

    def __init__(self, sandbox: Sandbox, path: str = "/yuki") -> None:
        self.sandbox = sandbox
        self.path = path
        self.session = ""

    def raw(self, service: str, operation: str, inner: str, path: str | None = None) -> requests.Response:
        body = (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:y="{SERVICE}"'
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>'
            f"<y:{operation}>{inner}</y:{operation}></s:Body></s:Envelope>"
        )
        return requests.post(
            f"{self.sandbox.base_url}{path or self.path}/ws/{service}.asmx",
            data=body.encode(),
            headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{SERVICE}{operation}"'},
            timeout=20,
        )

    def call(self, service: str, operation: str, name: str = "sessionID", **parameters: Any) -> Any:
        """The answer's root without namespaces; a fault is an AssertionError with its text."""
        inner = f"<y:{name}>{self.session}</y:{name}>" + "".join(
            f"<y:{key}>{value if key == 'xmlDoc' else escape(str(value))}</y:{key}>"
            if value is not None
            else f'<y:{key} xsi:nil="true"/>'
            for key, value in parameters.items()
        )
        answer = self.raw(service, operation, inner)
        assert answer.status_code == 200, answer.text
        return plain(answer)

    def fault(self, *args: Any, **kw: Any) -> str:
        with pytest.raises(AssertionError) as caught:
            self.call(*args, **kw)
        return re.search(r"<faultstring>(.*?)</faultstring>", str(caught.value), re.S)[1]

    def sign_in(self, key: str = KEY_BE, path: str | None = None) -> Caller:
        answer = self.raw("Sales", "Authenticate", f"<y:accessKey>{key}</y:accessKey>", path)
        assert answer.status_code == 200, answer.text
        self.session = plain(answer).findtext(".//AuthenticateResult")
        return self

    def process(
        self, *invoices: str, administration: str = MAIN, wrapper: str = f'<SalesInvoices xmlns="{SALES}">'
    ) -> Any:
        document = wrapper + "".join(invoices) + "</SalesInvoices>"
        return self.call("Sales", "ProcessSalesInvoices", "sessionId", administrationId=administration, xmlDoc=document)

    def results(self, *invoices: str) -> list[tuple[str, str, str]]:
        return [
            (row.findtext("Reference"), row.findtext("Succeeded"), row.findtext("Message") or "")
            for row in self.process(*invoices).iter("Invoice")
        ]

    def refusal(self, invoice: str) -> str:
        before = self.books(), self.control("settings")
        ((_, succeeded, message),) = self.results(invoice)
        assert succeeded == "false"
        assert (self.books(), self.control("settings")) == before
        return message

    def open_items(self, administration: str = MAIN) -> dict[str, tuple[str, str, str]]:
        found = self.call(
            "Accounting",
            "OutstandingDebtorItems",
            administrationID=administration,
            includeBankTransactions="false",
            sortOrder="DateAsc",
        )
        return {
            row.findtext("Reference"): (
                row.findtext("OpenAmount"),
                row.findtext("OriginalAmount"),
                row.find("Type").get("ID"),
            )
            for row in found.iter("Item")
        }

    def control(self, what: str, **fields: Any) -> Any:
        body = fields if what in ("clock", "settings") else {"vendor": "yuki", **fields}
        answer = requests.post(f"{self.sandbox.base_url}/_sandbox/{what}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        self.control("settings", yuki=switches)

    def books(self, division: str = MAIN) -> dict[str, Any]:
        answer = requests.get(f"{self.sandbox.base_url}/_sandbox/books/yuki", params={"division": division}, timeout=20)
        return answer.json()["divisions"][0]

    def entry(self, reference: str) -> dict[str, Any]:
        (found,) = [row for row in self.books()["entries"] if row["reference"] == reference]
        return found


def plain(answer: requests.Response) -> Any:
    root = etree.fromstring(answer.content)
    for node in root.iter():
        node.tag = etree.QName(node).localname
    return root


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(port=0, books=["yuki-be", "yuki-nl"]) as sandbox:
        yield sandbox


@pytest.fixture
def yuki(running: Sandbox) -> Caller:
    running.reset(["yuki-be", "yuki-nl"])
    return Caller(running).sign_in()


CONTACT = (
    "<Contact><ContactCode>C1</ContactCode><FullName>Nieuwe Klant</FullName><CountryCode>BE</CountryCode>"
    "<City>Gent</City><Zipcode>9000</Zipcode><AddressLine_1>Kade 1</AddressLine_1></Contact>"
)


def product(
    price: str = "100", kind: str = "1", percentage: str = "21", account: str = "700000", name: str = "Work"
) -> str:
    return (
        f"<Product><Description>{name}</Description><SalesPrice>{price}</SalesPrice><VATPercentage>{percentage}"
        f"</VATPercentage><VATType>{kind}</VATType><GLAccountCode>{account}</GLAccountCode></Product>"
    )


def invoice(reference: str = "X1", line: str = "", **changes: str) -> str:
    fields = {"Reference": reference, "Process": "true", "Date": "2026-03-17", "DueDate": "2026-04-16", **changes}
    contact = fields.pop("contact", CONTACT)
    lines = line or f"<InvoiceLine><ProductQuantity>1</ProductQuantity>{product()}</InvoiceLine>"
    order = (
        "Reference",
        "PaymentMethod",
        "Process",
        "Date",
        "DueDate",
        "Currency",
        "DocumentFileName",
        "DocumentBase64",
    )
    inner = "".join(f"<{name}>{fields[name]}</{name}>" for name in order if fields.get(name))
    return f"<SalesInvoice>{inner}{contact}<InvoiceLines>{lines}</InvoiceLines></SalesInvoice>"


# --- keys, sessions, rights, the ration -----------------------------------------------------------------------


def test_a_key_is_known_in_its_own_country_only(yuki: Caller) -> None:
    for key, path in ((KEY_BE, "/yuki/nl"), (KEY_NL, "/yuki/be"), ("nonsense", "/yuki")):
        answer = yuki.raw("Sales", "Authenticate", f"<y:accessKey>{key}</y:accessKey>", path)
        assert answer.status_code == 500
        assert "Invalid access key" in answer.text
    for key, path in ((KEY_BE, "/yuki/be"), (KEY_NL, "/yuki/nl"), (KEY_NL, "/yuki")):
        yuki.sign_in(key, path)


def test_one_session_serves_every_service_for_a_day(yuki: Caller) -> None:
    for service in ("Sales", "Archive", "Accounting", "AccountingInfo", "Contact", "Vat", "Domains"):
        found = yuki.call(service, "Administrations")
        assert [row.get("ID") for row in found.iter("Administration")] == [MAIN, SECOND]
    yuki.control("clock", advance_seconds=86401)
    assert "Invalid session ID" in yuki.fault("Sales", "Administrations")


def test_names_of_parameters_are_case_sensitive(yuki: Caller) -> None:
    assert "Invalid session ID" in yuki.fault("Sales", "Administrations", name="sessionId")
    document = f'<SalesInvoices xmlns="{SALES}">{invoice()}</SalesInvoices>'
    wrong = {"administrationId": MAIN, "xmlDoc": document}
    assert "Invalid session ID" in yuki.fault("Sales", "ProcessSalesInvoices", "sessionID", **wrong)
    assert "Administration not found" in yuki.fault(
        "Sales", "ProcessSalesInvoices", "sessionId", administrationID=MAIN, xmlDoc=document
    )
    assert yuki.books()["totals"]["sales_count"] == 7


def test_the_ration_is_shared_by_a_domain_and_day(yuki: Caller) -> None:
    yuki.control("limits", clear=True)
    yuki.switch(daily_limit=3)
    yuki.sign_in()
    yuki.call("Sales", "Administrations")
    yuki.call("Sales", "Domains")
    assert yuki.fault("Sales", "Domains") == "Daily limit exceeded"
    yuki.control("clock", advance_seconds=86400)
    yuki.sign_in()


def test_a_key_opens_what_it_was_made_for(yuki: Caller) -> None:
    key = "aaaaaaaa-1111-4111-8111-111111111111"
    yuki.control("key", key=key, division=SECOND, administrations=[SECOND], services=["Accounting"])
    yuki.sign_in(key)
    assert [row.get("ID") for row in yuki.call("Accounting", "Administrations").iter("Administration")] == [SECOND]
    assert "Administration not found" in yuki.fault(
        "Accounting", "CheckOutstandingItemAdmin", administrationID=MAIN, Reference="x"
    )
    assert "not authorized" in yuki.fault("Sales", "GetSalesItems", administrationID=SECOND)


def test_one_out_of_use_takes_no_calls(yuki: Caller) -> None:
    yuki.sign_in(KEY_NL)
    assert "no active database" in yuki.fault("Vat", "ActiveVATCodesList", administrationID=CLOSED)
    assert len(list(yuki.call("Vat", "ActiveVATCodesList", administrationID=DUTCH).iter("VATCode"))) == 14


def test_scalars_and_lists_answer_to_plain_addresses_too(yuki: Caller) -> None:
    root = f"{yuki.sandbox.base_url}/yuki/be/ws"
    session = plain(requests.get(f"{root}/Sales.asmx/Authenticate", params={"accessKey": KEY_BE}, timeout=20)).text
    found = plain(requests.get(f"{root}/Sales.asmx/Domains", params={"sessionID": session}, timeout=20))
    assert (found.tag, found[0].get("ID")) == ("Domains", DOMAIN)
    assert requests.get(f"{root}/Sales.asmx/ProcessSalesInvoices", timeout=20).status_code == 404
    assert requests.get(f"{root}/Sales.asmx?WSDL", timeout=20).status_code == 404


# --- sales invoices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (invoice().replace("<Process>true</Process>", "") + "<Nonsense/>", "invalid child element"),
        (
            invoice().replace(
                "<Date>2026-03-17</Date><DueDate>2026-04-16</DueDate>",
                "<DueDate>2026-04-16</DueDate><Date>2026-03-17</Date>",
            ),
            "invalid child element",
        ),
        (invoice(Date="17/03/2026"), "invalid according to its datatype"),
        (invoice(PaymentMethod="x" * 61), "invalid according to its datatype"),
        (invoice(line=f"<InvoiceLine>{product(price='1.00001')}</InvoiceLine>"), "invalid according to its datatype"),
        (invoice(line="<InvoiceLine><LineAmount>1.001</LineAmount>" + product() + "</InvoiceLine>"), "datatype"),
        (invoice(line=f"<InvoiceLine>{product(name='')}</InvoiceLine>"), "datatype"),
        (invoice(contact=""), "incomplete content"),
    ],
)
def test_one_mistake_in_form_refuses_everything(yuki: Caller, document: str, words: str) -> None:
    before = yuki.books()
    body = f'<SalesInvoices xmlns="{SALES}">{invoice("GOOD")}{document}</SalesInvoices>'
    told = yuki.fault("Sales", "ProcessSalesInvoices", "sessionId", administrationId=MAIN, xmlDoc=body)
    assert words in told
    assert yuki.books() == before


def test_a_wrong_namespace_refuses_everything(yuki: Caller) -> None:
    body = f'<SalesInvoices xmlns="urn:xmlns:other">{invoice()}</SalesInvoices>'
    told = yuki.fault("Sales", "ProcessSalesInvoices", "sessionId", administrationId=MAIN, xmlDoc=body)
    assert "is not declared" in told


def test_an_invoice_is_booked_with_its_customer_and_item(yuki: Caller) -> None:
    assert yuki.results(invoice()) == [("X1", "true", "")]
    found = yuki.entry("X1")
    assert (found["net"], found["vat"], found["total"], found["open"]) == ("100.00", "21.00", "121.00", "121.00")
    assert (found["party_code"], found["party_name"]) == ("C1", "Nieuwe Klant")
    assert yuki.open_items()["X1"] == ("121.00", "121.00", "6")
    items = yuki.call("Sales", "GetSalesItems", administrationID=MAIN)
    assert [row.findtext("description") for row in items.iter("SalesItem")] == ["Work"]
    assert yuki.books()["totals"]["balance"] == "0.00"


def test_invoices_are_handled_one_by_one(yuki: Caller) -> None:
    found = yuki.results(invoice("A"), invoice("A"), invoice("B"))
    assert found == [("A", "true", ""), ("A", "false", "Invoice number A already exists"), ("B", "true", "")]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (invoice("2025/0290"), "already exists"),
        (invoice(Process="false"), "must be empty"),
        (invoice(""), "mandatory"),
        (
            invoice("", Process="false", DocumentFileName="a.pdf", DocumentBase64="JVBERg=="),
            "process must be set to true",
        ),
        (invoice(Currency="USD"), "currency of the pricelist"),
        (invoice(Date="2026-01-31"), "locked"),
        (invoice(PaymentMethod="Bitcoin"), "payment method"),
        (invoice(contact=CONTACT.replace("<City>Gent</City>", "")), "incomplete"),
        (invoice(line=f"<InvoiceLine>{product(kind='3')}</InvoiceLine>"), "VAT type 3"),
        (invoice(line=f"<InvoiceLine>{product(percentage='20')}</InvoiceLine>"), "VAT type 1"),
        (invoice(line=f"<InvoiceLine>{product(percentage='20.5')}</InvoiceLine>"), "VAT type 1"),
        (invoice(line=f"<InvoiceLine>{product(account='613310')}</InvoiceLine>"), "Onjuiste artikelcategorie"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(yuki: Caller, wrong: str, words: str) -> None:
    assert words in yuki.refusal(wrong)


@pytest.mark.parametrize("account", ["", "999999", "700990"])
def test_an_account_that_cannot_be_used_silently_becomes_the_default_one(yuki: Caller, account: str) -> None:
    yuki.results(invoice(line=f"<InvoiceLine>{product(account=account)}</InvoiceLine>"))
    assert yuki.entry("X1")["lines"][0]["account"] == "700000"


def test_a_price_of_zero_takes_that_of_the_catalogue(yuki: Caller) -> None:
    yuki.results(invoice("A"), invoice("B", line=f"<InvoiceLine>{product(price='0')}</InvoiceLine>"))
    assert yuki.entry("B")["net"] == "100.00"


@pytest.mark.parametrize(("rest", "listed"), [("absent", 6), ("listed", 8)])
def test_six_incorrect_invoices_end_the_document(yuki: Caller, rest: str, listed: int) -> None:
    yuki.switch(rest=rest)
    bad = [invoice(f"BAD{n}", Currency="USD") for n in range(6)]
    answer = yuki.process(invoice("GOOD"), *bad, invoice("LATE"), invoice("LATER"))
    counts = [answer.findtext(f".//{name}") for name in ("TotalSucceeded", "TotalFailed", "TotalSkipped")]
    assert counts == ["1", "6", "2"]
    assert len(list(answer.iter("Invoice"))) == listed + 1
    assert [row["reference"] for row in yuki.books()["entries"] if row["reference"].startswith("LATE")] == []


def test_a_negative_total_is_a_credit_invoice(yuki: Caller) -> None:
    line = f"<InvoiceLine><ProductQuantity>-2</ProductQuantity>{product()}</InvoiceLine>"
    yuki.results(invoice("CN1", line, PaymentMethod="ToSettle"))
    assert yuki.open_items()["CN1"] == ("-242.00", "-242.00", "6")
    yuki.switch(credit_amounts="positive", credit_open_type=7)
    assert yuki.open_items()["CN1"] == ("242.00", "242.00", "7")
    yuki.switch(credit_outstanding=False)
    assert "CN1" not in yuki.open_items()


def test_clearing_methods_leave_nothing_open(yuki: Caller) -> None:
    yuki.results(invoice("A", PaymentMethod="Online"), invoice("B", PaymentMethod="Waardebonnen"))
    assert set(yuki.open_items()) & {"A", "B"} == {"B"}


@pytest.mark.parametrize(("rounding", "vat"), [("line", "0.04"), ("rate", "0.03")])
def test_vat_that_is_not_stated_is_computed(yuki: Caller, rounding: str, vat: str) -> None:
    yuki.switch(rounding=rounding)
    one = f"<InvoiceLine>{product(price='0.08')}</InvoiceLine>"
    yuki.results(invoice("A", one + one))
    assert yuki.entry("A")["vat"] == vat
    stated = "<InvoiceLine><LineAmount>0.07</LineAmount><LineVATAmount>0.02</LineVATAmount>" + product("0.07")
    yuki.results(invoice("B", stated + "</InvoiceLine>"))
    assert yuki.entry("B")["vat"] == "0.02"
    yuki.switch(line_amounts="ignored")
    yuki.results(invoice("C", stated + "</InvoiceLine>"))
    assert yuki.entry("C")["vat"] == "0.01"


def test_a_new_booking_shows_up_after_a_while(yuki: Caller) -> None:
    yuki.switch(open_delay_seconds=600)
    yuki.results(invoice("A"))
    assert "A" not in yuki.open_items()
    yuki.control("clock", advance_seconds=601)
    assert "A" in yuki.open_items()


@pytest.mark.parametrize("filled", [True, False])
def test_a_customer_is_found_by_code_then_by_name(yuki: Caller, filled: bool) -> None:
    yuki.switch(name_match_gets_code=filled)
    by_code = CONTACT.replace("C1", "K101").replace("Nieuwe Klant", "Other name")
    by_name = CONTACT.replace("Nieuwe Klant", "Bakkerij Zonnekorrel")
    yuki.results(invoice("A", contact=by_code), invoice("B", contact=by_name))
    parties = {row["name"]: row for row in yuki.books()["parties"]}
    # By code the address is overwritten; by name only what was empty is filled in.
    assert parties["Drukkerij Inktvlek NV"]["street"] == "Kade 1"
    assert parties["Bakkerij Zonnekorrel"]["street"] == "Korenschelfstraat 12"
    assert parties["Bakkerij Zonnekorrel"]["code"] == ("C1" if filled else "")
    assert len(parties) == 25


# --- payment, transactions, archive, contacts -----------------------------------------------------------------


def transactions(yuki: Caller, **changes: Any) -> list[Any]:
    found = yuki.call(
        "AccountingInfo",
        "GetTransactions",
        **{
            "administrationID": MAIN,
            "glAccountCode": "",
            "startDate": "2026-03-01T00:00:00",
            "endDate": "2026-03-31T00:00:00",
            "financialMode": 0,
            "dataGroups": "document,contact,documentmatching,vat",
            "numberOfRecords": None,
            "startRecord": None,
            **changes,
        },
    )
    return list(found.iter("Transaction"))


def test_paying_lowers_what_is_open_and_matching_shows_when_nothing_is(yuki: Caller) -> None:
    yuki.results(invoice("A"))
    yuki.control("pay", reference="A", amount="21.00", date="2026-03-20")
    assert yuki.open_items()["A"][0] == "100.00"
    assert [row.findtext("documentMatched/matchDate") for row in transactions(yuki, glAccountCode="400000")] == [
        None
    ] * 2
    yuki.control("pay", reference="A", date="2026-03-25")
    assert "A" not in yuki.open_items()
    lines = transactions(yuki, glAccountCode="400000")
    assert {row.findtext("documentMatched/matchDate") for row in lines} == {"2026-03-25T00:00:00"}
    assert [row.findtext("document/folderId") for row in lines] == ["2", "3", "3"]
    yuki.control("unpay", reference="A")
    assert yuki.open_items()["A"][0] == "121.00"


def test_transactions_balance_and_come_in_pages(yuki: Caller) -> None:
    yuki.results(invoice("A"), invoice("B"))
    whole = transactions(yuki)
    assert len(whole) == 6
    assert {row.findtext("vat/codeType") for row in whole} == {None, "1"}
    first = transactions(yuki, numberOfRecords=4, startRecord=1)
    second = transactions(yuki, numberOfRecords=4, startRecord=5)
    assert [row.findtext("id") for row in first + second] == [row.findtext("id") for row in whole]
    yuki.switch(first_record=0)
    assert len(transactions(yuki, numberOfRecords=4, startRecord=4)) == 2


@pytest.mark.parametrize(("shown", "found"), [("wrapper", 1), ("nothing", 0)])
def test_checking_one_number_may_leave_the_wrapper_out(yuki: Caller, shown: str, found: int) -> None:
    yuki.switch(empty_check=shown)
    answer = yuki.call("Accounting", "CheckOutstandingItemAdmin", administrationID=MAIN, Reference="none")
    assert len(list(answer.iter("OutstandingItems"))) == found
    answer = yuki.call("Accounting", "CheckOutstandingItem", Reference="2025/0295")
    assert [row.findtext("OpenAmount") for row in answer.iter("Item")] == ["897.82"]


def test_labels_follow_the_session_s_language_and_numbers_do_not(yuki: Caller) -> None:
    def label() -> tuple[str, str]:
        answer = yuki.call("Accounting", "CheckOutstandingItem", Reference="2025/0295")
        kind = next(answer.iter("Type"))
        return kind.get("ID"), kind.text

    assert label() == ("6", "Verkoopfactuur")
    yuki.call("Accounting", "SetLanguage", language="en")
    assert label() == ("6", "Sales invoice")


def test_uploads_are_kept_and_booked_by_somebody(yuki: Caller) -> None:
    upload = {"fileName": "a.xml", "data": "PGEvPg==", "folder": 1, "administrationID": MAIN}
    key = yuki.call("Archive", "UploadDocument", **upload).findtext(".//UploadDocumentResult")
    both = yuki.call(
        "Archive",
        "UploadDocumentWithAttachment",
        fileName1="b.xml",
        data1="PGEvPg==",
        fileName2="b.pdf",
        data2="JVBERg==",
        folder=1,
        administrationID=MAIN,
        currency="EUR",
        amount=0,
        paymentMethod=0,
    )
    assert both.findtext(".//UploadDocumentWithAttachmentResult") != key
    listed = yuki.call(
        "Archive",
        "ModifiedDocumentsInFolder",
        folderID=1,
        sortOrder="ModifiedAsc",
        modifiedSince="2026-01-01T00:00:00",
        numberOfRecords=100,
        startRecord=0,
    )
    assert {"a.xml", "b.xml"} <= {row.findtext("FileName") for row in listed.iter("Document")}
    files = next(row for row in yuki.books()["documents"] if row["subject"] == "b.xml")["files"]
    assert [(file["name"], file["bytes"]) for file in files] == [("b.xml", 4), ("b.pdf", 4)]
    line = ["613310", "1:21.00", "100.00", "21.00"]
    yuki.control(
        "book_upload", division=MAIN, document=key, contact="K101", reference="F1", date="2026-03-17", lines=[line]
    )
    answer = yuki.call(
        "Accounting",
        "OutstandingCreditorItems",
        administrationID=MAIN,
        includeBankTransactions="false",
        sortOrder="DateAsc",
    )
    found = next(row for row in answer.iter("Item") if row.findtext("Reference") == "F1")
    assert (found.findtext("DocumentID"), found.find("Type").get("ID")) == (key, "2")
    assert "no name or no data" in yuki.fault("Archive", "UploadDocument", **{**upload, "data": ""})


def test_contacts_come_a_hundred_at_a_time_in_american_dates(yuki: Caller) -> None:
    yuki.control("seed", division=MAIN, accounts=120)
    wanted = {
        "domainID": DOMAIN,
        "searchOption": "All",
        "searchValue": "",
        "sortOrder": "CreatedAsc",
        "modifiedAfter": None,
        "active": "Active",
        "pageNumber": 1,
        "contactType": "Both",
    }
    first = list(yuki.call("Contact", "GetSuppliersAndCustomers", **wanted).iter("Contact"))
    second = list(yuki.call("Contact", "GetSuppliersAndCustomers", **{**wanted, "pageNumber": 2}).iter("Contact"))
    assert (len(first), len(second)) == (100, 44)
    assert first[0].findtext("Created") == "4/10/2024 3:50:52 PM"
    assert first[0].findtext("IsCustomer") == "True"
    assert first[0].find("Code") is None
    late = {**wanted, "modifiedAfter": "2027-01-01T00:00:00"}
    assert not list(yuki.call("Contact", "GetSuppliersAndCustomers", **late).iter("Contact"))


def test_a_contact_is_changed_by_id_and_made_without(yuki: Caller) -> None:
    ns = 'xmlns="urn:xmlns:http://www.theyukicompany.com:contact"'
    key = "32452a63-256b-58bf-9ae9-109afbf44617"
    one = yuki.call(
        "Contact", "UpdateContact", domainID=DOMAIN, xmlDoc=f"<Contact {ns}><ID>{key}</ID><Code>Z9</Code></Contact>"
    )
    assert one.findtext(".//Succeeded") == f"Succesfully updated Contact {key}"
    party = next(row for row in yuki.books()["parties"] if row["id"] == key)
    assert (party["code"], party["street"]) == ("Z9", "Korenschelfstraat 12")
    new = yuki.call(
        "Contact",
        "UpdateContact",
        domainID=DOMAIN,
        xmlDoc=f"<Contact {ns}><Type>2</Type><FullName>N</FullName></Contact>",
    )
    assert "created Contact" in new.findtext(".//Succeeded")
    gone = f"<Contact {ns}><ID>{KEY_BE}</ID></Contact>"
    assert "does not exist" in yuki.call("Contact", "UpdateContact", domainID=DOMAIN, xmlDoc=gone).findtext(".//Failed")
    wrong = f"<Contact {ns}><Code>A</Code><Type>2</Type></Contact>"
    assert "invalid child element" in yuki.fault("Contact", "UpdateContact", domainID=DOMAIN, xmlDoc=wrong)


# --- what lasts -----------------------------------------------------------------------------------------------


def test_books_sessions_and_switches_survive_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "sandbox.sqlite3")
    with Sandbox(state=state, books=["yuki-be"]) as sandbox:
        yuki = Caller(sandbox).sign_in()
        yuki.switch(open_delay_seconds=60)
        yuki.results(invoice("A"))
        yuki.control("pay", reference="A", amount="21.00", date="2026-03-20")
        yuki.control("touch", table="accounts", code="700100", values={"active": False})
        yuki.control("close_period", until="2026-02-28")
        session, before = yuki.session, yuki.books()
    with Sandbox(state=state) as sandbox:
        yuki = Caller(sandbox)
        yuki.session = session
        assert yuki.books() == before
        assert sandbox.vendors["yuki"].settings()["open_delay_seconds"] == 60
        assert "locked" in yuki.refusal(invoice("B", Date="2026-02-28"))
        scheme = yuki.call("AccountingInfo", "GetGLAccountScheme", administrationID=MAIN)
        (row,) = [row for row in scheme.iter("GlAccount") if row.findtext("code") == "700100"]
        assert row.findtext("isEnabled") == "false"


def test_the_page_for_people_shows_the_books(yuki: Caller) -> None:
    page = requests.get(f"{yuki.sandbox.base_url}/?division={MAIN}", timeout=20).text
    assert "Brugpijlertje Digitaal bv" in page
    assert "2025/0295" in page


def test_the_demo_books_stand_in_balance(yuki: Caller) -> None:
    totals = {division: yuki.books(division)["totals"] for division in (MAIN, SECOND, DUTCH)}
    assert {one["balance"] for one in totals.values()} == {"0.00"}
    assert (totals[MAIN]["sales_count"], totals[MAIN]["purchase_count"], totals[MAIN]["parties"]) == (7, 3, 25)
    assert totals[MAIN]["open_receivable"] == "2120.11"
