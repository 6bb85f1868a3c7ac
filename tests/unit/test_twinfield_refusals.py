"""Faults, messages and limits of Twinfield as our errors and sentences."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.base import errors
from integrations.base.http import Answer, CallRecord
from integrations.twinfield import answers, limits, recording, refusals, soap
from integrations.twinfield.markup import Unreadable, parse
from tests.sandbox.twinfield_box import KeptGate, shared

NOW = datetime(2026, 3, 17, 12, 0, 15, tzinfo=UTC)


def item(place, words):
    """An item of an answer with a message on one of its elements."""
    *above, name = place.split("/")
    inner = f'<{name} msgtype="error" msg="{words}">x</{name}>'
    if above and above[0] in ("total", "detail"):
        inner = f'<line type="{above[0]}">{inner}</line>'
    elif above and above[0] not in ("transaction", "dimension"):
        inner = f"<{above[0]}>{inner}</{above[0]}>"
    if place in ("transaction", "dimension"):
        return parse(f'<{place} result="0" msgtype="error" msg="{words}"/>')
    return parse(f"<transaction result='0'>{inner}</transaction>".replace("transaction", above[0])
                 if above and above[0] == "dimension" else f"<transaction result='0'>{inner}</transaction>")  # fmt: skip


# Wordings that were seen, and English ones that mean the same.
SEEN = [
    ("transaction", "De boeking is niet in balans. Er ontbreekt 0.01 debet.//De boeking balanceert niet in de "
     "basisvaluta.", "VAT-623"),
    ("transaction", "The transaction is not in balance. 0.01 debit is missing.", "VAT-623"),
    ("header/date", "Datum 25-07-2019 valt buiten de opgegeven periode (2019/09).", "PER-504"),
    ("header/period", "whatever it says", "PER-504"),
    ("transaction", "De boeking kan niet gemaakt worden omdat periode 2020/01 niet bestaat", "PER-504"),
    ("header/invoicenumber", "Factuurnummer 2026/0043 komt reeds voor.", "NUM-521"),
    ("transaction", "Invoice number 2026/0043 already exists.", "NUM-521"),
    ("dimension/code", "De code voldoet niet aan het formaat 1[0-9][0-9][0-9][0-9][0-9].", "PAR-644"),
    ("dimension", "Het is niet gelukt de eerste vrije code aan te maken die voldoet aan het formaat", "PAR-644"),
    ("dimension/code", "Dimensie 00590 bestaat niet.", "PAR-641"),
    ("dimension/code", "Dimension 00590 does not exist.", "PAR-641"),
    ("total/dim2", "Dimensie 99999 komt niet voor in administratie Demo.", "PAR-641"),
    ("total/dim2", "Dimension 99999 does not exist in company Demo.", "PAR-641"),
    ("total/dim2", "Dimensie 1018 is niet actief.", "PAR-640"),
    ("detail/dim1", "Dimensie 99999 komt niet voor in administratie Demo.", "LED-606"),
    ("detail/dim2", "Dimension 00100 does not exist in company Demo.", "LED-606"),
    ("detail/dim1", "Dimension 8490 is not active.", "LED-603"),
    ("detail/vatcode", "Btw 21 bestaat niet of is (nog) niet actief.", "VAT-622"),
    ("transaction", "VAT 21 does not exist or is not (yet) active.", "VAT-622"),
    ("detail/dim1", "Grootboekrekening 8400 vereist de specificatie van een relatie of kostenplaats", "LED-607"),
    ("detail/dim1", "General ledger account 8400 requires a relation or cost centre to be specified", "LED-607"),
    ("financials/substitutewith", "De dimensie 11300 met financieel niveau 1 niet gevonden", "PAR-648"),
    ("dimension", "De dimensie 11300 met financieel niveau 1 niet gevonden", "PAR-648"),
    ("bank/ascription", "Begunstigde is ongeldig.", "PAR-646"),
    ("financials/ebillmail", "x", "PAR-647"),
    ("dimension", "Als Elektronisch factureren is ingeschakeld, mag het e-mailadres niet leeg zijn", "PAR-647"),
    ("dimension/name", "Naam moet worden ingevuld", "APP-204"),
    ("transaction", "Het element 'inuse' mag niet worden aangeleverd.", "SYS-704"),
    ("transaction", "Incorrecte XML - de bestemming is ongeldig.", "SYS-704"),
    ("transaction", "De administratie bestaat niet.", "AUT-404"),
    ("header/office", "U hebt geen toegang tot deze administratie.", "AUT-404"),
    ("transaction", "You do not have access to this company.", "AUT-404"),
    ("header/code", "Dagboek NOPE bestaat niet.", "JRN-511"),
    ("header/currency", "Valuta JPY bestaat niet.", "APP-210"),
    ("address/country", "Land XX bestaat niet.", "APP-203"),
    ("address/email", "x", "APP-205"),
    ("dimension/vatnumber", "x", "PAR-642"),
    ("detail/vatcode", "Prestatiesoort moet worden ingevuld bij btw-code ICP.", "ALL-999"),
    ("transaction", "Er is iets nieuws gebeurd.", "ALL-999"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "words", "code"), SEEN)
def test_every_refusal_has_its_sentence(place, words, code):
    messages = refusals.messages_of(item(place, words))
    assert messages
    assert refusals.catalogue_code(messages) == code


def test_every_row_of_the_table_is_proven():
    proven = {code for _, _, code in SEEN}
    assert {row.code for row in refusals.REFUSALS} <= proven


def test_an_unknown_vat_code_comes_before_the_balance_it_upsets():
    answer = parse(
        "<transaction result='0' msg='De boeking is niet in balans.' msgtype='error'><lines><line type='detail'>"
        "<vatcode msg='Btw 21 bestaat niet of is (nog) niet actief.' msgtype='error'/></line></lines></transaction>"
    )
    messages = refusals.messages_of(answer)
    assert refusals.catalogue_code(messages) == "VAT-622"
    assert [message.place for message in messages] == ["transaction", "detail/vatcode"]


def test_several_messages_in_one_are_told_once_each():
    messages = refusals.messages_of(parse("<x msg='A//B//A// ' msgtype='warning'/>"))
    assert [message.words for message in messages] == ["A", "B", "A"]
    assert refusals.words_of(messages) == "A; B"
    assert {message.kind for message in messages} == {"warning"}


# --- faults ---------------------------------------------------------------------------------------------------


def fault(code="", words="words"):
    detail = f"<detail><message>{words}</message><code>{code}</code></detail>" if code else ""
    return (
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>"
        f"<faultstring>{words}</faultstring>{detail}</s:Fault></s:Body></s:Envelope>"
    ).encode()


def answer(status, body=b"", reason="", **headers):
    return Answer(status=status, headers=headers, body=body, ms=1, reason=reason)


def error(given, *, is_write=True, company="O1"):
    found = answers.fault_in(given)
    return answers.error_for(given, found, operation="x", is_write=is_write, company=company, now=NOW)


@pytest.mark.parametrize(
    ("code", "status", "kind", "catalogue"),
    [
        ("100", 500, errors.OutcomeUnknown, "SYS-703"),
        ("102", 403, errors.AdministrationGone, "AUT-404"),
        ("103", 401, errors.AuthorisationLost, "AUT-410"),
        ("104", 403, errors.AuthorisationLost, "AUT-410"),
        ("105", 403, errors.AuthorisationLost, "AUT-410"),
        ("106", 403, errors.AuthorisationLost, "AUT-410"),
        ("108", 500, errors.Unreachable, "SYS-703"),
        ("109", 500, errors.AdministrationGone, "AUT-404"),
        ("187", 500, errors.BatchRefused, "SYS-704"),
        ("351", 401, errors.AuthorisationLost, "AUT-410"),
        ("352", 403, errors.AuthorisationLost, "AUT-410"),
        ("353", 403, errors.AuthorisationLost, "AUT-410"),
        ("354", 401, errors.AuthorisationLost, "AUT-410"),
        ("358", 500, errors.Unreachable, "SYS-703"),
        ("359", 500, errors.AdministrationGone, "AUT-404"),
        ("999", 500, errors.OutcomeUnknown, "SYS-703"),
    ],
)
@pytest.mark.parametrize("as_200", [False, True])
def test_codes_of_faults(code, status, kind, catalogue, as_200):
    found = error(answer(200 if as_200 else status, fault(code)))
    assert (type(found), found.code, found.vendor_code) == (kind, catalogue, code)


@pytest.mark.parametrize(
    ("given", "write", "read"),
    [
        (answer(400), errors.BatchRefused, errors.Rejected),
        (answer(403), errors.AccessDenied, errors.AccessDenied),
        (answer(401), errors.AuthorisationLost, errors.AuthorisationLost),
        (answer(404), errors.ProtocolSurprise, errors.ProtocolSurprise),
        (answer(408), errors.OutcomeUnknown, errors.Unreachable),
        (answer(500), errors.OutcomeUnknown, errors.Unreachable),
        (answer(503, b"<html>"), errors.OutcomeUnknown, errors.Unreachable),
        (answer(500, fault()), errors.OutcomeUnknown, errors.Unreachable),
        (answer(500, fault("187")), errors.BatchRefused, errors.Rejected),
    ],
)
def test_statuses(given, write, read):
    assert type(error(given)) is write
    assert type(error(given, is_write=False)) is read


@pytest.mark.parametrize(
    "given",
    [
        answer(401, reason="354 : Access denied. Token invalid."),
        answer(401, fault("354"), reason="Unauthorized"),
        answer(401, b"<html>", reason="354 : x"),
        answer(500, fault("", "Your logon credentials are not valid anymore. Try to log on again.")),
    ],
)
def test_a_refused_token_by_any_sign(given):
    assert answers.fault_in(given).code in soap.TOKEN_CODES


def test_access_denied_without_a_company_is_about_the_user():
    assert isinstance(error(answer(403, fault("102")), company=""), errors.AccessDenied)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("NoAccessToOffice", errors.AdministrationGone), ("AccessDenied", errors.AccessDenied), ("X", errors.Rejected)],
)
def test_messages_of_the_finder(code, kind):
    assert type(answers.finder_error(code, "words", "finder/DIM")) is kind


# --- limits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("12", 13), ("0", 61), ("", 61), ("nonsense", 61), ("999999", 3601), ("Tue, 17 Mar 2026 12:00:45 GMT", 31),
     ("Tue, 17 Mar 2026 11:00:00 GMT", 61)],
)  # fmt: skip
def test_when_calls_may_go_on(stated, seconds):
    until, limit = limits.blocked_until({"retry-after": stated, "X-RateLimit-Limit": "25"}, NOW)
    assert (until - NOW, limit) == (timedelta(seconds=seconds), 25)
    found = error(answer(429, **{"Retry-After": stated}))
    assert (type(found), found.scope) == (errors.RateLimited, "minute")


@pytest.mark.parametrize(("left", "counted"), [("25", 25), ("3", 3), ("2", 0), ("0", 0)])
def test_what_does_not_pay_for_a_posting_counts_as_nothing(left, counted):
    (state,) = limits.rate_state({"x-ratelimit-limit": "25", "X-RateLimit-Remaining": left})
    assert (state.name, state.limit, state.remaining) == ("minute", 25, counted)
    assert limits.rate_state({"Content-Type": "text/xml"}) == ()


# --- envelopes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"<x/>", b"<Envelope><Body/></Envelope>", b"<Envelope/>"])
def test_what_is_no_envelope(data):
    with pytest.raises(Unreadable):
        soap.body_of(data)


@pytest.mark.parametrize(
    "inner", ["", "<ProcessXmlStringResult/>", "<ProcessXmlStringResult>x</ProcessXmlStringResult>"]
)
def test_an_answer_without_a_document(inner):
    with pytest.raises(Unreadable):
        soap.document_of(parse(f"<ProcessXmlStringResponse>{inner}</ProcessXmlStringResponse>"))


def test_a_document_cannot_break_out_of_its_section():
    document = parse("<a>]]&gt;&lt;/xmlRequest&gt;</a>")
    sent = soap.process_envelope("t", "O1", document)
    inner = parse(sent)[1][0][0].text
    assert parse(inner).text == "]]></xmlRequest>"


def test_a_lone_row_is_a_list_of_one():
    body = parse(
        "<SearchResponse><SearchResult/><data><TotalRows>1</TotalRows><Items><ArrayOfString><string>VRK</string>"
        "<string/></ArrayOfString></Items></data></SearchResponse>"
    )
    assert soap.rows_of(body) == soap.Rows((("VRK", ""),), 1, ())


def test_kept_calls_are_readable_and_name_nobody():
    body = (
        "<xmlRequest>&lt;dimension&gt;&lt;code name=&quot;Jan BV&quot;&gt;1000&lt;/code&gt;&lt;name&gt;Jan &amp;amp; Co"
        "&lt;/name&gt;&lt;field2&gt;Kade 1&lt;/field2&gt;&lt;value&gt;121.00&lt;/value&gt;</xmlRequest>"
        "<ArrayOfString><string>1000</string><string>Jan BV</string></ArrayOfString>"
    )
    gate = KeptGate()
    record = CallRecord(
        operation="x", method="POST", url="u", status=200, ms=1, is_write=True, request_body=body, answer_body=body
    )
    recording.QuietGate(gate).after(record, {})
    for kept in (gate.records[0].request_body, gate.records[0].answer_body):
        assert "<value>121.00</value>" in kept
        assert ">1000<" in kept
        assert "Jan" not in kept
        assert "Kade" not in kept


# --- the vendor's samples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fault_generic_500.xml", "fault_token_invalid_401.xml"])
def test_sample_faults(name):
    found = soap.fault_of(soap.body_of(shared("samples", "soap", name).read_bytes()))
    assert found.code == ("354" if "401" in name else "100")


@pytest.mark.parametrize(
    ("name", "rows", "errors"),
    [
        ("finder_dim_deb_response.xml", 2, 0),
        ("finder_empty_response.xml", 0, 0),
        ("finder_error_response.xml", 0, 1),
        ("finder_off_response.xml", 2, 0),
        ("finder_trs_sales_response.xml", 1, 0),
        ("finder_vat_sales_response.xml", 3, 0),
    ],
)
def test_sample_searches(name, rows, errors):
    found = soap.rows_of(soap.body_of(shared("samples", "soap", name).read_bytes()))
    assert (len(found.rows), len(found.errors)) == (rows, errors)
