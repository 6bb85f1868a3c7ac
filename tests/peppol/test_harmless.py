"""What means the same is read the same: blanks, prefixes, comments, order, encodings, envelopes, extra elements."""

from __future__ import annotations

import pytest

from tests.peppol.mutations import BYTES, TREES, blanks_before, encoded, harmless
from tests.peppol.samples import OWN, own, reading

HARMLESS = 200


@pytest.fixture(scope="module")
def originals():
    return {name: reading(own(name)) for name in OWN}


@pytest.mark.parametrize("number", range(HARMLESS))
def test_a_harmless_change_is_read_exactly_equal(number, originals):
    name, what, data = harmless(number)
    found = reading(data)
    assert data != own(name), what
    assert found.document == originals[name].document, what
    assert found.findings == originals[name].findings, what
    assert found.sha256 != originals[name].sha256


def test_every_way_of_changing_was_used():
    used = {word for number in range(HARMLESS) for word in harmless(number)[1].split()}
    assert used >= {way.__name__ for way in (*TREES, *BYTES, encoded, blanks_before)}
