"""What is said of an invoice over the network: written as the schema and the rules want it, read back, in its order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from invoicing.peppol.document import Identifier
from invoicing.peppol.official import rules_folder
from invoicing.peppol.reading import NotReadable, read
from invoicing.peppol.reading.limits import Limits
from invoicing.peppol.reading.responses import Response, read_response
from invoicing.peppol.responses import PROFILE, WITH_RESPONSE, InvoiceResponse, Named, write_response
from invoicing.peppol.statuses import ORDER, REASON_CODES, may_follow
from tests.peppol.answers import answer
from tests.peppol.samples import SHARED, official_rules

SAID = InvoiceResponse(
    number="response-1",
    day=date(2026, 11, 21),
    sender=Named(endpoint=Identifier(value="0765432146", scheme="0208"), name="Linde & Zoon"),
    receiver=Named(endpoint=Identifier(value="NL123456782B01", scheme="9944"), name="Hoste <Energie>"),
    code="AB",
    decided_on=date(2026, 11, 20),
    document_number="INV 88213",
    document_day=date(2026, 11, 10),
    document_type="380",
)
EACH = [
    *(replace(SAID, code=code) for code in ("AB", "AP")),
    *(
        replace(SAID, code="RE", reason_code=code, reason="Not\nordered \x01by us")
        for code in REASON_CODES
        if code != "PPD"
    ),
    replace(SAID, code="AP", profile=WITH_RESPONSE, document_type="381"),
]


def read_well(data: bytes) -> Response:
    found = read_response(data)
    assert isinstance(found, Response), found
    return found


def refusal(data: bytes) -> NotReadable:
    found = read_response(data)
    assert isinstance(found, NotReadable), found
    assert "%(" not in found.reason
    return found


def test_what_is_written_reads_back_the_same():
    said = replace(SAID, code="RE", reason_code="PRI", reason="Not\nordered \x01by us")
    data = write_response(said)
    assert write_response(said) == data
    found = read_well(data)
    assert (found.number, found.day, found.is_network, found.code) == ("response-1", SAID.day, False, "RE")
    assert (str(found.sender), str(found.receiver)) == ("0208:0765432146", "9944:NL123456782B01")
    assert (found.document, found.sender_name) == ("INV 88213", "Linde & Zoon")
    assert [(reason.list_id, reason.code, reason.text) for reason in found.reasons] == [
        ("OPStatusReason", "PRI", "Not ordered by us")
    ]
    assert PROFILE.encode() in data


@cache
def _schema() -> etree.XMLSchema:
    driver = SHARED / "xsd" / "ubl-2.1" / "driver-applicationresponse.xsd"
    if not driver.exists():
        pytest.skip("the schema of answers is not beside the project (xsd/ubl-2.1/driver-applicationresponse.xsd)")
    return etree.XMLSchema(etree.parse(driver))


@cache
def _rules() -> tuple[object, object]:
    path = rules_folder(official_rules()) / "PEPPOLBIS-T111.xslt"
    if not Path(path).exists():
        pytest.skip(f"the rules of answers are not beside the project ({path.name})")
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    return processor, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(path))


@pytest.mark.parametrize("said", EACH, ids=lambda said: f"{said.code} {said.reason_code} {said.document_type}")
def test_the_schema_accepts_what_is_written(said):
    schema = _schema()
    assert schema.validate(etree.fromstring(write_response(said))), schema.error_log


def test_the_official_rules_find_nothing_in_what_is_written():
    processor, rules = _rules()
    for said in EACH:
        text = etree.tostring(etree.fromstring(write_response(said)), encoding="unicode")
        report = rules.transform_to_string(xdm_node=processor.parse_xml(xml_text=text))  # type: ignore[attr-defined]
        failed = etree.fromstring(report.encode()).iter("{http://purl.oclc.org/dsdl/svrl}failed-assert")
        assert [row.get("id") for row in failed] == []


# --- the order ---


@pytest.mark.parametrize(
    ("told", "code", "may"),
    [
        ([], "PD", True),
        (["AB"], "RE", True),
        (["AB", "UQ"], "UQ", True),
        (["UQ"], "IP", False),
        (["CA"], "AP", True),
        (["AP"], "PD", True),
        (["AP"], "RE", False),
        (["AP"], "AP", False),
        (["RE"], "AP", False),
        (["RE"], "PD", False),
        (["PD", "AB"], "AP", False),
        (["AB"], "AB", False),
    ],
)
def test_a_status_never_goes_back(told, code, may):
    assert may_follow(told, code) is may


def test_nothing_follows_the_last_ones():
    for last, code in itertools.product(("RE", "PD"), ORDER):
        assert not may_follow([last], code)


# --- reading ---


def test_all_kinds_of_words_are_read():
    found = read_well(
        answer(
            code="RE",
            reasons=[("OPStatusReason", "REF", "The order is missing"), ("OPStatusAction", "NIN", "")],
            condition=("BT-13", "PO 4711"),
            buyer=("0208", "0876543270"),
        )
    )
    assert [(reason.code, reason.text) for reason in found.reasons] == [
        ("REF", "The order is missing\nBT-13: PO 4711"),
        ("NIN", ""),
    ]
    assert found.words == "The order is missing\nBT-13: PO 4711"
    assert [str(buyer) for buyer in found.buyers] == ["0208:0876543270"]


@pytest.mark.parametrize("kind", ["urn:fdc:peppol.eu:poacc:trns:mlr:3", "urn:peppol:edec:mls:1.0"])
def test_what_the_network_says_is_told_apart(kind):
    found = read_well(
        answer(code="RE", kind=kind, description="Not valid", lines=[("/Invoice/ID", "[BR-02] no number")])
    )
    assert (found.is_network, found.code) == (True, "RE")
    assert found.words == "Not valid\n[BR-02] no number – /Invoice/ID"
    assert refusal(answer(code="PD", kind=kind)).code == "response-code"


def test_the_envelope_is_believed_before_the_message():
    found = read_well(answer(envelope=("0208:0111111111", "0208:0222222222")))
    assert (str(found.sender), str(found.receiver)) == ("0208:0111111111", "0208:0222222222")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (answer(kind="urn:fdc:peppol.eu:poacc:trns:order_response:3"), "response-kind"),
        (answer(code="XX"), "response-code"),
        (answer(document=""), "missing"),
        (answer().replace(b"?>", b'?><!DOCTYPE x [<!ENTITY y "z">]>', 1), "doctype"),
        (answer().replace(b"<cac:SenderParty>", b"<cac:SenderParty><cbc:ID>x</cbc:ID></cac:SenderParty><cac:SenderParty>"), "ambiguous"),
        (b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>", "not-ubl"),
        (answer()[:-30], "broken"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_for_sure_is_refused(data, code):
    assert refusal(data).code == code


def test_the_limits_of_documents_hold():
    assert refusal_of(Limits(message=100)).code == "too-large"
    assert refusal_of(Limits(elements=5)).code == "too-many"


def refusal_of(limits: Limits) -> NotReadable:
    found = read_response(answer(), limits)
    assert isinstance(found, NotReadable)
    return found


def test_an_answer_is_no_invoice():
    found = read(answer())
    assert isinstance(found, NotReadable)
    assert found.code == "response"
