"""Electronic invoices to read: our own in tests/data/peppol, and the public ones beside the project where they are."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from lxml import etree

from invoicing.peppol.reading import NotReadable, Reading, read
from tests import reference
from tests.reference import beside

DATA = Path(__file__).resolve().parents[1] / "data" / "peppol"
SHARED = reference.SHARED / "vendors" / "peppol"
RULES = SHARED / "rules"

OWN = sorted(path.name for path in DATA.glob("*.xml"))

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"


def own(name: str) -> bytes:
    return (DATA / name).read_bytes()


def tree(name: str) -> etree._Element:
    return etree.fromstring(own(name))


def dump(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def reading(data: bytes) -> Reading:
    found = read(data)
    assert isinstance(found, Reading), getattr(found, "reason", found)
    return found


def refusal(data: bytes) -> NotReadable:
    found = read(data)
    assert isinstance(found, NotReadable), found
    assert found.reason
    assert "%(" not in found.reason
    return found


def codes(data: bytes) -> set[str]:
    return {finding.code for finding in reading(data).findings}


def shared(*path: str) -> Path:
    """A public example or rule of Peppol beside the project; without it as `beside` says."""
    return beside("vendors", "peppol", *path)


def official_rules() -> Path:
    """The folder of the official rules. Skips without it; without saxonche too, but there the continuous check fails."""
    found = shared("rules")
    if importlib.util.find_spec("saxonche") is None:
        reason = "saxonche is not installed (extra peppol-validation), so the official rules cannot run"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found
