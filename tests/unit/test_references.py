"""Numbers of documents and structured communications."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.be import ogm_vcs

from invoicing.references import document_number, prefixes_may_clash, structured_communication


@pytest.mark.parametrize(
    ("sequence", "number"), [(1, "2026/0001"), (142, "2026/0142"), (9999, "2026/9999"), (10001, "2026/10001")]
)
def test_number(sequence, number):
    assert document_number("2026/", sequence) == number


def test_structured_communication():
    assert structured_communication(3, 142) == "+++000/3000/14229+++"
    # 97 where the remainder is zero: 97 x 20619 = 2000043
    assert structured_communication(2, 43) == "+++000/2000/04397+++"


@given(st.integers(1, 9999), st.integers(1, 999_999))
def test_structured_communication_passes_the_banks_check(year, sequence):
    assert ogm_vcs.is_valid(structured_communication(year, sequence))


@given(
    st.tuples(st.integers(1, 9999), st.integers(1, 999_999)), st.tuples(st.integers(1, 9999), st.integers(1, 999_999))
)
def test_no_two_documents_share_one(one, other):
    assert (structured_communication(*one) == structured_communication(*other)) == (one == other)


@pytest.mark.parametrize(("year", "sequence"), [(10_000, 1), (1, 1_000_000), (0, 1), (1, 0)])
def test_none_rather_than_a_shared_one(year, sequence):
    assert structured_communication(year, sequence) == ""


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("2026/", "2026/", True), ("2026/", "C2026/", False), ("2026", "20261", True), ("2026", "2027", False),
        ("20269", "2026", True), ("2026/", "2026", False), ("F", "F9", True), ("F", "FC", False),
    ],
)  # fmt: skip
def test_prefixes_that_can_give_one_number_twice(one, other, clash):
    assert prefixes_may_clash(one, other) is clash
