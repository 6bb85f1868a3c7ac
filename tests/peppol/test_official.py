"""The official rules on our own documents, and our rules beside them."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from invoicing.peppol import official
from invoicing.peppol.document import Level
from tests.peppol.samples import CAC, CBC, OWN, dump, official_rules, own, reading, shared, tree

# Rules on amounts and VAT categories, which ours state exactly as the official ones do.
SAME = re.compile(
    r"BR-CO-(10|11|12|13|14|15|16|17)|BR-(S|Z|E|AE|IC|G|O)-0[1-8]|BR-(Z|E|AE|IC|G|O)-09|BR-[A-Z]+-10|BR-O-1[1-4]|BR-IC-1[12]"
    r"|PEPPOL-EN16931-(R04[0-26]|R055|R061|R12[01]|P010[4-7])|PEPPOL-COMMON-R04[03]|NL-R-00[1-9]"
)
CHANGED = 240


@pytest.fixture(scope="module")
def rules():
    return official_rules()


@pytest.mark.parametrize("name", OWN)
def test_our_samples_break_no_official_rule(name, rules):
    checked = official.check(own(name), rules)
    assert (checked.release, checked.findings, checked.is_valid) == ("2026.5", (), True)


@pytest.mark.parametrize("name", OWN)
def test_the_readable_document_still_fits_the_schema(name):
    kind = "creditnote" if name.startswith("credit") else "invoice"
    schema = etree.XMLSchema(etree.parse(str(shared("xsd", "ubl-2.1", f"driver-{kind}.xsd"))))
    assert schema.validate(etree.fromstring(reading(own(name)).readable)), schema.error_log


def test_a_broken_rule_is_told_with_its_place(rules):
    root = tree("invoice-full.xml")
    root.find(f".//{CBC}PayableAmount").text = "567.41"
    root.find(f".//{CAC}PartyLegalEntity/{CBC}CompanyID").text = "0631425756"
    checked = official.check(dump(root), rules)
    assert not checked.is_valid
    assert {(finding.code, finding.level, finding.place) for finding in checked.findings} == {
        ("BR-CO-16", Level.ERROR, "Invoice/LegalMonetaryTotal"),
        ("PEPPOL-COMMON-R043", Level.ERROR, "Invoice/AccountingSupplierParty/Party/PartyLegalEntity/CompanyID"),
    }
    assert all(finding.sentence and "[" not in finding.sentence[:2] for finding in checked.findings)


def test_warnings_do_not_make_it_invalid(rules):
    root = tree("invoice-intra-community.xml")
    for element in root.iter():
        if element.get("schemeID") == "0106":
            element.text = "1234"
    checked = official.check(dump(root), rules)
    assert {finding.code for finding in checked.findings} == {"PEPPOL-COMMON-R054"}
    assert checked.is_valid


def test_what_the_rules_cannot_digest_is_a_finding(rules):
    root = tree("invoice-full.xml")
    root.find(f".//{CBC}PayableAmount").text = "much"
    assert [finding.code for finding in official.check(dump(root), rules).findings] == ["not-checkable"]
    assert [finding.code for finding in official.check(b"no xml", rules).findings] == ["not-checkable"]


def test_a_document_type_never_reaches_the_processor(rules, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the-secret-48151623")
    data = own("invoice-full.xml").replace(b"?>", f'?><!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret}">]>'.encode(), 1)
    [finding] = official.check(data.replace(b"MKT-04", b"&x;"), rules).findings
    assert finding.code == "not-checkable"
    assert "48151623" not in finding.sentence


def test_without_rule_files_it_says_so(tmp_path):
    with pytest.raises(official.NotAvailable, match="no folder"):
        official.check(own("invoice-full.xml"), tmp_path / "absent")
    with pytest.raises(official.NotAvailable, match="no rule files"):
        official.check(own("invoice-full.xml"), tmp_path)


def test_the_last_release_counts(tmp_path):
    for release in ("2025.11", "2026.5", "notes"):
        (tmp_path / release).mkdir()
    for release in ("2025.11", "2026.5"):
        for name in ("CEN-EN16931-UBL.xslt", "PEPPOL-EN16931-UBL.xslt"):
            (tmp_path / release / name).touch()
    assert official.rules_folder(tmp_path) == (tmp_path / "2026.5").resolve()
    assert official.rules_folder(tmp_path / "2025.11") == (tmp_path / "2025.11").resolve()


def test_without_the_processor_it_says_so(tmp_path):
    """In a process of its own, where saxonche cannot be imported."""
    for name in ("CEN-EN16931-UBL.xslt", "PEPPOL-EN16931-UBL.xslt"):
        (tmp_path / name).touch()
    code = (
        "import sys; sys.modules['saxonche'] = None\n"
        "from pathlib import Path; from invoicing.peppol import official, reading\n"
        f"data = Path({str(Path(__file__).parents[1] / 'data/peppol/invoice-full.xml')!r}).read_bytes()\n"
        "assert reading.read(data).findings == ()\n"
        "try: official.check(data, Path(sys.argv[1]))\n"
        "except official.NotAvailable as error: print(error)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True
    )
    assert "saxonche is not installed" in done.stdout


def changed(number: int) -> tuple[str, bytes]:
    """A document with one or two numbers or VAT categories changed."""
    rng = random.Random(number)
    name = rng.choice(OWN)
    root = tree(name)
    numbers = [
        e for e in root.iter() if e.get("currencyID") or e.get("unitCode") or e.tag.endswith(("}Percent", "Numeric"))
    ]
    categories = [e.find(CBC + "ID") for e in root.iter(CAC + "ClassifiedTaxCategory", CAC + "TaxCategory")]
    done = []
    for _ in range(rng.randint(1, 2)):
        if rng.random() < 0.7:
            element = rng.choice(numbers)
            value = float(element.text)
            # Not exactly at a tolerance: there the official rules depend on binary fractions.
            element.text = f"{value + rng.choice([-1.5, 1.5, 0.01, -0.01, 0.03, 5, -2 * value]):.2f}"
        else:
            element = rng.choice(categories)
            element.text = rng.choice(["S", "E", "O", "K", "AE", "Z", "G"])
        done.append(f"{etree.QName(element).localname}={element.text}")
    return f"{number} {name} {' '.join(done)}", dump(root)


def test_ours_and_the_official_ones_agree_on_amounts_and_vat(rules):
    apart, seen = [], set()
    for number in range(CHANGED):
        what, data = changed(number)
        found = reading(data)
        theirs = {
            finding.code for finding in official.check(found.readable, rules).findings if SAME.fullmatch(finding.code)
        }
        ours = {finding.code for finding in found.findings if SAME.fullmatch(finding.code)}
        seen |= theirs
        if ours != theirs:
            apart.append((what, "ours:", sorted(ours - theirs), "theirs:", sorted(theirs - ours)))
    assert not apart
    # The changes really met many of the rules.
    assert len(seen) > 40
