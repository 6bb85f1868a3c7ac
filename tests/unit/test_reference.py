"""What needs the material beside a checkout: left out without it, and never in silence where it is."""

import pytest

from tests import reference


@pytest.fixture
def beside_us(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "SHARED", tmp_path / "shared")
    return tmp_path / "shared"


@pytest.mark.parametrize("ci", ["", "true"])
def test_without_the_folder_a_test_is_skipped_with_its_reason(beside_us, monkeypatch, ci):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(pytest.skip.Exception, match=r"not beside the project \(\.\./shared/vendors/x\)"):
        reference.beside("vendors", "x")


def test_a_part_that_is_missing_fails_in_the_continuous_check_alone(beside_us, monkeypatch):
    beside_us.mkdir()
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        reference.beside("vendors", "x")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="vendors/x"):
        reference.beside("vendors", "x")
    (beside_us / "vendors" / "x").mkdir(parents=True)
    assert reference.beside("vendors", "x") == beside_us / "vendors" / "x"
