"""Whatever a stranger sends: a clear refusal or a finding, never an exception, never a file of ours in what comes back."""

from __future__ import annotations

import base64
import random
import time

import pytest

from invoicing.peppol.document import Level
from invoicing.peppol.reading import Limits, NotReadable, Reading, read
from tests.peppol.mutations import INVOICE, SBDH, attacks, spoilt
from tests.peppol.samples import CBC, DATA, OWN, dump, own, reading, refusal, tree

SECRET = "the-secret-of-this-machine-48151623"
SPOILT = 500


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    path = tmp_path_factory.mktemp("private") / "secret.txt"
    path.write_text(SECRET)
    return str(path)


def told(found: Reading | NotReadable) -> str:
    """Everything that a reading gives back, as text."""
    if isinstance(found, NotReadable):
        return repr(found) + found.reason
    files = b"".join(attachment.content or b"" for attachment in found.document.attachments)
    sentences = "".join(finding.sentence for finding in found.findings)
    return repr(found) + sentences + found.readable.decode() + files.decode(errors="replace")


def test_five_hundred_spoilt_documents_are_refused_or_found_out(secret):
    silent, outcomes = [], set()
    for number in range(SPOILT):
        name, data = spoilt(number, secret)
        found = read(data)
        assert SECRET not in told(found), name
        if isinstance(found, NotReadable):
            assert found.reason, name
            assert "%(" not in found.reason, name
            outcomes.add(found.code)
        elif not any(finding.level is not Level.NOTE for finding in found.findings):
            silent.append(name)
    assert not silent
    # Each kind of refusal was really met, so that the ways of spoiling are not all one.
    assert outcomes >= {
        "empty", "packed", "pdf", "not-xml", "doctype", "encoding", "broken", "too-deep", "too-many", "not-ubl",
        "self-billing", "missing", "ambiguous", "not-a-number", "not-a-date",
    }  # fmt: skip


def test_random_damage_never_raises(secret):
    for number in range(500):
        rng = random.Random(number)
        data = bytearray(own(rng.choice(OWN)))
        for _ in range(rng.randint(1, 30)):
            at = rng.randrange(len(data))
            match rng.randrange(4):
                case 0:
                    data[at] = rng.randrange(256)
                case 1:
                    del data[at : at + rng.randrange(50)]
                case 2:
                    data[at:at] = bytes(data[: rng.randrange(80)])
                case 3:
                    data[at:at] = rng.choice([b"<a>", b"</cbc:ID>", b"-", b"\xc3", b"&lt;", b'"'])
        assert isinstance(read(bytes(data)), Reading | NotReadable)


@pytest.mark.parametrize("number", range(11))
def test_every_document_type_is_refused_in_every_encoding(number, secret):
    for seed in range(6):
        attack = attacks(secret)[number]
        assert refusal(attack(random.Random(seed), own("invoice-full.xml"))).code == "doctype"


def test_the_attack_would_work_on_a_careless_reader(secret):
    """Otherwise the secret proves nothing."""
    from lxml import etree

    data = attacks(secret)[0](random.Random(1), own("invoice-full.xml"))
    careless = etree.XMLParser(load_dtd=True, resolve_entities=True, no_network=False)
    assert SECRET in etree.tostring(etree.fromstring(data, careless)).decode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b'{"ID": 1}', "not-xml"),
        (b"ID;total", "not-xml"),
        (b"%PDF-1.4", "pdf"),
        (b"PK\x03\x04abc", "packed"),
        (b"\x1f\x8b\x08abc", "packed"),
        (b"<html><body>", "not-xml"),
        (b"<Invoice/>", "not-ubl"),
        (b"<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>", "not-ubl"),
        (f"<Invoice xmlns='{INVOICE}'/>".encode(), "missing"),
        (f"<Invoice xmlns='{INVOICE}'>".encode(), "broken"),
        (f"<StandardBusinessDocument xmlns='{SBDH}'/>".encode(), "envelope"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "encoding"),
        (b"<?xml version='1.0' encoding='cp037'?><a/>", "encoding"),
        ("<Invoice>é</Invoice>".encode("latin-1"), "broken"),
    ],
)
def test_what_is_no_invoice_is_refused_with_its_reason(data, code):
    assert refusal(data).code == code


def test_an_envelope_holds_one_document():
    body = own("invoice-full.xml").split(b"?>", 1)[1]
    head = f"<StandardBusinessDocument xmlns='{SBDH}'><StandardBusinessDocumentHeader/>".encode()
    end = b"</StandardBusinessDocument>"
    assert refusal(head + body + body + end).code == "envelope"
    assert refusal(head + end).code == "envelope"
    assert refusal(head + b"<other/>" + end).code == "not-ubl"
    assert refusal(head + head + body + end + end).code == "not-ubl"


def test_size_elements_depth_and_time_are_bounded():
    data = own("invoice-full.xml")
    assert read(data, Limits(message=len(data) - 1)).code == "too-large"
    assert isinstance(read(data, Limits(message=len(data))), Reading)
    assert read(data, Limits(elements=50)).code == "too-many"
    assert read(data, Limits(depth=3)).code == "too-deep"
    assert read(data, Limits(seconds=-1)).code == "too-slow"


def test_two_million_levels_are_refused_at_once():
    started = time.monotonic()
    assert refusal(b"<a>" * 2_000_000).code == "too-deep"
    assert time.monotonic() - started < 2


def test_a_giant_attachment_refuses_the_message_or_is_left_out():
    root = tree("invoice-full.xml")
    element = root.find(f".//{CBC}EmbeddedDocumentBinaryObject")
    element.text = base64.b64encode(b"%PDF-" + b"0" * 16 * 1024 * 1024).decode()
    found = reading(dump(root))
    kept = next(found.document.attachments)
    assert kept.content is None
    assert kept.size > 16 * 1024 * 1024
    assert "larger than 15 MB" in next(finding for finding in found.findings if finding.code == "attachment").sentence
    assert len(found.readable) < 20_000
    element.text = "A" * 26 * 1024 * 1024
    assert refusal(dump(root)).code == "too-large"


def test_a_long_text_is_no_problem_and_is_cut():
    root = tree("invoice-full.xml")
    root.find(CBC + "Note").text = "x" * 12_000_000
    assert len(reading(dump(root)).document.note) == 20_000


def test_the_data_are_there():
    assert DATA.is_dir()
    assert len(OWN) >= 6
