"""Text as every tool can keep it."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from integrations.base.texts import clean

ANYTHING = st.text(st.characters(), max_size=200)


@given(ANYTHING, st.integers(1, 60))
@example("a\x00\x07\ud800\uffff b", 60)
def test_clean_text_fits_and_can_be_written(text, length):
    found = clean(text, length)
    assert len(found) <= length
    assert clean(found) == found
    assert json.loads(json.dumps(found, ensure_ascii=False).encode()) == found
    node = etree.Element("a")
    node.text = found
    assert (etree.fromstring(etree.tostring(node)).text or "") == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("first line\r\nsecond\tthird", "first line second third"),
        ("bell \x07 rings", "bell rings"),
        ("half \ud83e of it", "half of it"),
        ("\u2028 \u00a0", ""),
        ("Überprüfung & <façade> 🧇", "Überprüfung & <façade> 🧇"),
    ],
)
def test_what_cannot_be_shown_is_left_out(text, found):
    assert clean(text) == found


def test_what_is_cut_ends_without_a_blank():
    assert clean("one two", 4) == "one"
