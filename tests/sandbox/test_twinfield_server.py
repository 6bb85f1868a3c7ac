"""The sandbox's Twinfield by itself: strict like the tool, with its own wording and its own books."""

import re
from html import escape, unescape

import pytest
import requests

from integrations.sandbox.server import Sandbox
from integrations.sandbox.twinfield.dimensions import mask_pattern
from tests.sandbox.twinfield_box import OFFICE, shared

ENVELOPE = (
    "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Header>"
    "<Header xmlns='http://www.twinfield.com/'>{header}</Header></soap:Header><soap:Body>"
    "<ProcessXmlString xmlns='http://www.twinfield.com/'><xmlRequest>{document}</xmlRequest></ProcessXmlString>"
    "</soap:Body></soap:Envelope>"
)


class Caller:
    """A plain caller: no retry, no cleverness."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.http = requests.Session()
        self.control("settings", limits=False)
        self.token = self.control("token")["access_token"]

    def control(self, verb, **data):
        answer = self.http.post(f"{self.sandbox.base_url}/_sandbox/{verb}", json={"vendor": "twinfield", **data})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, service, body, action):
        return self.http.post(
            f"{self.sandbox.base_url}/twinfield/cluster/webservices/{service}",
            data=body.encode(),
            headers={"SOAPAction": f'"http://www.twinfield.com/{action}"', "Content-Type": "text/xml; charset=utf-8"},
        )

    def header(self, office=OFFICE, token=None):
        company = f"<CompanyCode>{office}</CompanyCode>" if office else ""
        return f"<AccessToken>{self.token if token is None else token}</AccessToken>{company}"

    def process(self, document, *, office=OFFICE, raw=False, header=None):
        body = ENVELOPE.format(header=header or self.header(office), document=document if raw else escape(document))
        return self.post("processxml.asmx", body, "ProcessXmlString")

    def result(self, document, **more):
        answer = self.process(document, **more)
        assert answer.status_code == 200, answer.text
        return unescape(re.search("<ProcessXmlStringResult>(.*)</ProcessXmlStringResult>", answer.text, re.S)[1])

    def sample(self, name):
        return shared("samples", "xml", name).read_text().replace("DEMO01", OFFICE)


@pytest.fixture(scope="module")
def running():
    with Sandbox(port=0, books=["twinfield"]) as sandbox:
        yield sandbox


@pytest.fixture
def caller(running):
    running.reset(["twinfield"])
    return Caller(running)


LINE = "<line type='{type}' id='{id}'>{inner}</line>"


def transaction(*, attributes="destiny='temporary' raisewarning='false'", header="", lines=None, number="N-1"):
    head = header or (
        f"<office>{OFFICE}</office><code>VRK</code><currency>EUR</currency><date>20260317</date>"
        f"<invoicenumber>{number}</invoicenumber>"
    )
    inner = lines or (
        "<line type='total' id='1'><dim2>1000</dim2><value>121.00</value><debitcredit>debit</debitcredit></line>"
        "<line type='detail' id='2'><dim1>8000</dim1><value>100.00</value><debitcredit>credit</debitcredit>"
        "<vatcode>VH</vatcode></line>"
    )
    return f"<transaction {attributes}><header>{head}</header><lines>{inner}</lines></transaction>"


# --- the vendor's own samples ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "root", "good"),
    [
        ("browse_100_available_only_request.xml", "browse", True),
        ("browse_100_payment_status_request.xml", "browse", True),
        ("list_dimensions_request.xml", "dimensions", True),
        ("purchase_transactions_request.xml", "transactions", True),
        ("read_dimension_request.xml", "dimension", False),
        ("read_dimensiontype_request.xml", "dimensiontype", True),
        ("read_vat_request.xml", "vat", True),
        ("sales_transactions_request.xml", "transactions", False),
        ("dimensions_upsert_request.xml", "dimensions", False),
        ("delete_transaction_request.xml", "transaction", False),
    ],
)
def test_the_samples_are_understood(caller, name, root, good):
    answer = caller.result(caller.sample(name))
    assert answer.startswith(f"<{root}")
    assert f'result="{int(good)}"' in answer[: answer.index(">")]


def test_a_mixed_batch_looks_like_the_sample(caller):
    answer = caller.result(caller.sample("sales_transactions_request.xml"))
    assert re.findall(r"<transaction [^>]*result=\"(.)\"", answer) == ["0", "1", "1"]
    assert answer.count("<number>") == 2


def test_sample_envelopes_are_understood(caller):
    for name, service, action in (
        ("processxmlstring_list_offices_request.xml", "processxml.asmx", "ProcessXmlString"),
        ("finder_trs_sales_request.xml", "finder.asmx", "Search"),
        ("periodservice_getperiods_request.xml", "PeriodService.svc", "PeriodService/Query"),
    ):
        body = shared("samples", "soap", name).read_text().replace("DEMO01", OFFICE)
        body = re.sub("AccessToken>[0-9a-f]+<", f"AccessToken>{caller.token}<", body)
        assert caller.post(service, body, action).status_code == 200


# --- envelopes ------------------------------------------------------------------------------------------------


def test_text_and_character_data_are_both_taken(caller):
    document = "<list><type>offices</type></list>"
    assert "NLA990310" in caller.result(document, office="")
    assert "NLA990310" in caller.result(f"<![CDATA[{document}]]>", office="", raw=True)
    assert caller.process(document, office="", raw=True).status_code == 500  # child elements


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ("", 500, "101"),
        ("<AccessToken>wrong</AccessToken>", 401, "354"),
        ("<CompanyCode>X</CompanyCode><AccessToken>wrong</AccessToken>", 500, "187"),
    ],
)
def test_headers_are_looked_at(caller, header, status, code):
    answer = caller.process("<list><type>offices</type></list>", header=header or "<SessionID/>")
    assert (answer.status_code, f"<code xmlns=''>{code}</code>" in answer.text) == (status, True)


def test_the_reason_phrase_carries_the_code(caller):
    answer = caller.process("<x/>", header="<AccessToken>wrong</AccessToken>")
    assert answer.reason == "354 : Access denied. Token invalid."


def test_a_company_is_needed_and_has_to_be_the_users(caller):
    answer = caller.process("<list><type>dimensions</type><dimtype>DEB</dimtype></list>", office="")
    assert "359" in answer.text
    assert caller.process("<list><type>dimensions</type></list>", office="NOPE").status_code == 403


@pytest.mark.parametrize("document", ["<general/>", "no xml", "<!DOCTYPE x><list/>", "<unknown/>"])
def test_other_documents_are_refused(caller, document):
    answer = caller.process(document)
    assert (answer.status_code, "187" in answer.text) == (500, True)


def test_a_header_without_company_id_may_be_refused(caller):
    caller.control("settings", need_company_id=True)
    assert caller.process("<list><type>offices</type></list>").status_code == 400


def test_credits(caller):
    caller.control("settings", limits=True)
    caller.control("limits", clear=True)
    document = "<list><type>offices</type></list>"
    answers = [caller.process(document) for _ in range(26)]
    assert [answer.status_code for answer in answers] == [200] * 25 + [429]
    assert int(answers[-1].headers["Retry-After"]) in range(1, 61)
    assert answers[0].headers["X-RateLimit-Remaining"] == "24"
    caller.control("limits", clear=True)
    assert caller.process("<transactions/>").headers["X-RateLimit-Remaining"] == "22"


# --- bookings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"attributes": ""}, "bestemming"),
        ({"lines": "<line type='total' id='1'><value>1.00</value><debitcredit>debit</debitcredit></line>"}, "volgorde"),
        ({"number": "202620006"}, "komt reeds voor"),
    ],
)
def test_refusals(caller, changes, said):
    answer = caller.result(transaction(**changes))
    assert 'result="0"' in answer
    assert said in answer


def test_a_total_line_takes_no_vat_code(caller):
    lines = (
        "<line type='total' id='1'><dim2>1000</dim2><value>100.00</value><debitcredit>debit</debitcredit>"
        "<vatcode>VH</vatcode></line><line type='detail' id='2'><dim1>8000</dim1><value>100.00</value>"
        "<debitcredit>credit</debitcredit></line>"
    )
    assert 'result="0"' in caller.result(transaction(lines=lines))


def test_a_booking_out_of_balance_says_by_how_much(caller):
    lines = (
        "<line type='total' id='1'><dim2>1000</dim2><value>120.00</value><debitcredit>debit</debitcredit></line>"
        "<line type='detail' id='2'><dim1>8000</dim1><value>100.00</value><debitcredit>credit</debitcredit>"
        "<vatcode>VH</vatcode></line>"
    )
    assert "niet in balans. Er ontbreekt 1.00 debet." in caller.result(transaction(lines=lines))


@pytest.mark.parametrize("value", ["-100.00", "100", "100.001", "1e2", ""])
def test_values_have_two_decimals_and_no_sign(caller, value):
    lines = (
        f"<line type='total' id='1'><dim2>1000</dim2><value>{value}</value><debitcredit>debit</debitcredit></line>"
        f"<line type='detail' id='2'><dim1>8000</dim1><value>{value}</value><debitcredit>credit</debitcredit></line>"
    )
    assert 'result="0"' in caller.result(transaction(lines=lines))


def test_numbers_are_given_per_day_book_and_year(caller):
    first = caller.result(transaction(number="N-1"))
    second = caller.result(transaction(number="N-2"))
    assert re.findall("<number>(.*?)</number>", first + second) == ["202600002", "202600003"]


def test_provisional_entries_are_deleted_and_final_ones_stay(caller):
    caller.result(transaction(number="N-1"))
    delete = f"<transaction action='delete' reason='x'><office>{OFFICE}</office><code>VRK</code><number>{{}}</number>"
    assert 'result="1"' in caller.result(delete.format("202600002") + "</transaction>")
    assert "Concept" in caller.result(delete.format("202600001") + "</transaction>")


def test_too_many_lines_are_a_bad_request(caller):
    line = "<line type='detail' id='2'><dim1>8000</dim1><value>1.00</value><debitcredit>credit</debitcredit></line>"
    assert caller.process(transaction(lines=line * 1001)).status_code == 400


@pytest.mark.parametrize(
    ("mask", "fits", "fails"),
    [
        ("1###", ["1000"], ["2000", "100", "10000", "1abc"]),
        ("L[0-9][0-9]", ["L01"], ["X01", "L1"]),
        ("[4-7][0-9]", ["40", "79"], ["30"]),
        ("*", ["anything", ""], []),
    ],
)
def test_masks(mask, fits, fails):
    pattern = mask_pattern(mask)
    assert [code for code in fits if not pattern.fullmatch(code)] == []
    assert [code for code in fails if pattern.fullmatch(code)] == []


def test_a_finder_says_no_with_a_message(caller):
    body = (
        "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Header>"
        f"<Header xmlns='http://www.twinfield.com/'>{caller.header()}</Header></soap:Header><soap:Body>"
        "<Search xmlns='http://www.twinfield.com/'><type>{}</type><pattern>*</pattern><field>0</field>"
        "<firstRow>1</firstRow><maxRows>10</maxRows><options>{}</options></Search></soap:Body></soap:Envelope>"
    )
    pair = "<ArrayOfString><string>{}</string><string>{}</string></ArrayOfString>"
    for kind, options, code in (
        ("XXX", "", "InvalidFinderType"),
        ("VAT", pair.format("office", OFFICE), "OptionNotAllowed"),
        ("TRS", pair.format("hidden", "1") + pair.format("ic", "1"), "OptionIcIncompatibleWithOptionHidden"),
        ("DIM", pair.format("office", "NOPE"), "NoAccessToOffice"),
    ):
        answer = caller.post("finder.asmx", body.format(kind, options), "Search")
        assert (answer.status_code, f"<Code>{code}</Code>" in answer.text) == (200, True)


# --- books, state, page ---------------------------------------------------------------------------------------


def test_the_books_have_the_common_shape(caller):
    found = caller.http.get(f"{caller.sandbox.base_url}/_sandbox/books/twinfield").json()
    main = next(one for one in found["divisions"] if one["division"] == OFFICE)
    assert set(main) == {
        "division",
        "name",
        "currency",
        "parties",
        "entries",
        "vat",
        "terms",
        "documents",
        "totals",
    }
    assert len(main["entries"]) == 10
    assert main["totals"]["balance"] == "0.00"
    entry = main["entries"][0]
    assert {"entry_id", "kind", "reference", "total", "open", "lines"} <= set(entry)
    assert {"net", "vat", "vat_code", "account"} <= set(entry["lines"][0])


def test_the_page_pays_and_takes_back(caller):
    caller.result(transaction(number="N-1"))
    fields = {"vendor": "twinfield", "division": OFFICE, "entry_id": "VRK:202600002"}
    page = caller.http.post(f"{caller.sandbox.base_url}/pay", data=fields)
    assert "121.00 EUR paid on N-1" in page.text
    page = caller.http.post(f"{caller.sandbox.base_url}/unpay", data=fields)
    assert "N-1 is open again" in page.text


def test_books_and_tokens_survive_a_restart(tmp_path):
    state = str(tmp_path / "state.sqlite")
    with Sandbox(port=0, state=state, books=["twinfield"]) as sandbox:
        caller = Caller(sandbox)
        caller.result(transaction(number="N-1"))
        token = caller.token
    with Sandbox(port=0, state=state) as sandbox:
        again = Caller(sandbox)
        again.token = token
        assert "202600003" in again.result(transaction(number="N-2"))


def test_wrong_control_calls_say_why(caller):
    for verb, data in (
        ("pay", {"reference": "none"}),
        ("settings", {"nonsense": 1}),
        ("settings", {"language": "xx"}),
        ("access", {"division": "none"}),
        ("touch", {"table": "dimensions", "code": "DEB/9"}),
    ):
        answer = caller.http.post(f"{caller.sandbox.base_url}/_sandbox/{verb}", json={"vendor": "twinfield", **data})
        assert answer.status_code >= 400
        assert answer.json()["error"]
