"""What counts as a sound translation."""

import polib
import pytest

from config.translations import entry_fault


def entry(msgid, msgstr="", **kwargs):
    return polib.POEntry(msgid=msgid, msgstr=msgstr, **kwargs)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (entry("Booked", "Definitief"), None),
        (entry("Booked"), "not translated"),
        (entry("Booked", "Definitief", flags=["fuzzy"]), "only guessed"),
        (entry("Since %(time)s", "Sinds %(time)s"), None),
        (entry("Since %(time)s", "Sinds %(tijd)s"), "other placeholders"),
        (entry("{n} invoices", "facturen"), "other placeholders"),
        (entry("{n} invoice", msgid_plural="{n} invoices", msgstr_plural={0: "één factuur", 1: "{n} facturen"}), None),
        (entry("{n} invoice", msgid_plural="{n} invoices", msgstr_plural={0: "{n} factuur", 1: ""}), "not translated"),
        (
            entry("{n} invoice", msgid_plural="{n} invoices", msgstr_plural={0: "{m} factuur", 1: "{n} facturen"}),
            "other placeholders",
        ),
    ],
)
def test_fault(given, fault):
    assert entry_fault(given) == fault
