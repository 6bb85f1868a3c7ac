"""Ten thousand generated documents of each tool in the sandbox's books, to the cent; and that the proof can fail.

`python -m tests.bench.mapping --tool … --documents 100000` does the same with more of them.
"""

from dataclasses import replace
from decimal import Decimal
from itertools import islice

import pytest

from integrations.base.records import Document
from integrations.exact import entries as exact_entries
from integrations.octopus import bookings as octopus_bookings
from integrations.twinfield import entries as twinfield_entries
from integrations.yuki import invoices as yuki_invoices
from tests.contract.profiles import PROFILES

from . import proving
from .generated import documents

PARTS, PER_PART = 5, 2000
TOOLS = [profile.key for profile in PROFILES]
MAPPINGS = {
    "exact": (exact_entries, "entry_payload"),
    "octopus": (octopus_bookings, "booking_payload"),
    "twinfield": (twinfield_entries, "transaction"),
    "yuki": (yuki_invoices, "sales_invoice"),
}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_sent_is_the_document(tool, part):
    proof = proving.prove(tool, PER_PART, f"ci-{part}")
    assert proof.failures[:10] == []
    assert proof.documents == PER_PART
    assert min(proof.kinds.values()) >= PER_PART // 4


def a_cent_more(document: Document) -> Document:
    """The document with a cent of VAT too many on its largest line."""
    place = max(range(len(document.lines)), key=lambda n: abs(document.lines[n].net))
    line = document.lines[place]
    return replace(document, lines=(*document.lines[:place], replace(line, vat=line.vat + Decimal("0.01")),
                                    *document.lines[place + 1 :]))  # fmt: skip


def turned(document: Document) -> Document:
    return replace(document, lines=tuple(replace(one, net=-one.net, vat=-one.vat) for one in document.lines))


def without_a_line(document: Document) -> Document:
    return replace(document, lines=document.lines[1:])


@pytest.mark.parametrize("wrong", [a_cent_more, turned, without_a_line])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_mapping_that_is_wrong_is_noticed(tool, wrong, monkeypatch):
    module, name = MAPPINGS[tool]
    right = getattr(module, name)
    monkeypatch.setattr(module, name, lambda document, *rest, **named: right(wrong(document), *rest, **named))
    proof = proving.prove(tool, 40, "wrong")
    # A tool that numbers without gaps stops behind the first one that is refused.
    assert len({failure.partition(":")[0] for failure in proof.failures}) >= 38


@pytest.mark.parametrize(
    "body",
    [
        b'{"Description": "' + b"x" * 61 + b'"}',
        b'{"Description": "bell \\u0007"}',
        b"{",
        b"<a><b></a>",
        b"<Envelope><xmlRequest>&lt;a&gt;&lt;Description&gt;" + b"x" * 61 + b"&lt;/Description&gt;&lt;/a&gt;"
        b"</xmlRequest></Envelope>",
    ],
)
def test_texts_that_are_wrong_are_noticed(body):
    assert len(proving.faults_of(body, {"Description": 60})) == 1


def test_the_same_seed_gives_the_same_documents_and_they_hold_what_they_should():
    with proving._BOXES["exact"]() as box:
        facts = proving.facts_of(box.provider, proving.profile_of("exact"))
    made = list(documents(facts, 500, "s"))
    assert made == list(documents(facts, 500, "s"))
    assert made[:20] != list(islice(documents(facts, 500, "t"), 20))
    assert all(document.total > 0 for document in made)
    lines = [line for document in made for line in document.lines]
    assert any(line.net == 0 for line in lines)
    assert any(line.net < 0 for line in lines)
    assert any(line.taxed and not line.vat and line.net for line in lines)
    assert max(line.net for line in lines) > 10**6
    assert max(len(document.lines) for document in made) > 30
    assert any(len({line.vat_code for line in document.lines}) == 3 for document in made)
    assert {document.currency for document in made} == {"EUR", "USD"}
