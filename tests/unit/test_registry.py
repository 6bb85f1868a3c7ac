"""The registry of bookkeeping tools and the check that guards it."""

from dataclasses import replace

import pytest

from integrations.base.provider import Capability, Limits
from integrations.base.signin import Site
from integrations.checks import registry_errors
from integrations.exact.tool import EXACT
from integrations.registry import TOOLS, get_tool


def test_exact_is_listed_under_its_key():
    assert get_tool("exact") is EXACT
    assert TOOLS["exact"].label == "Exact Online"


def test_an_unknown_tool_is_an_error_that_names_it():
    with pytest.raises(LookupError, match="there is no bookkeeping tool 'abacus'"):
        get_tool("abacus")


def test_the_registry_as_it_is_has_no_fault():
    assert registry_errors(TOOLS) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key": "exakt"}, "it calls itself 'exakt'"),
        ({"label": ""}, "it has no name for people"),
        ({"sites": ()}, "it has no site"),
        ({"sites": (EXACT.sites[0], EXACT.sites[0])}, "two sites have the same code"),
        ({"sites": (Site(code="x", label="X", base_url="http://x.example"),)}, "site x is not reached by https"),
        ({"oauth": None}, "it signs in by OAuth and has no OAuth side"),
        ({"limits": Limits(documents_per_call=0)}, "it takes less than one document or party a call"),
        (
            {"capabilities": frozenset({Capability.ATTACHMENTS_WITH_BOOKING, Capability.ATTACHMENTS_AFTER_BOOKING})},
            "it takes attachments both with the booking and after it",
        ),
    ],
)
def test_each_fault_is_told(changes, words):
    (error,) = registry_errors({"exact": replace(EXACT, **changes)})
    assert error.id == "boekbrug.E020"
    assert error.msg == f"Bookkeeping tool 'exact': {words}."
