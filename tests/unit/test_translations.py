"""What counts as a sound translation."""

import re
from pathlib import Path

import polib
import pytest
import unfold
from django.conf import settings
from django.utils import translation
from django.utils.translation import trans_real
from unfold.widgets import UnfoldAdminFileFieldWidget

from config.admin.unfold_texts import TEXTS
from config.translations import SOURCES, entry_fault


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


def test_no_text_hides_from_the_extraction_behind_another_name():
    """Gettext looks for certain names of functions; under any other one a text would stay English without a word."""
    hidden = re.compile(r"import .*\bn?p?gettext(_lazy)? as (?!_\b)\w+|^\s+n?p?gettext(_lazy)? as (?!_\b)\w+", re.M)
    sources = [path for name in SOURCES for path in (settings.BASE_DIR / name).rglob("*.py")]
    assert len(sources) > 100
    assert [str(path) for path in sources if hidden.search(path.read_text())] == []


def test_the_texts_of_unfold_that_we_translate_are_still_its_texts():
    """Written otherwise in a new release, one would be English again, and its translation of no use."""
    package = Path(unfold.__file__).parent
    theirs = "".join(path.read_text() for ending in ("html", "py") for path in package.rglob(f"*.{ending}"))
    assert [text for text in TEXTS if text not in theirs] == []


def test_the_box_for_a_file_takes_its_words_from_our_catalogues(monkeypatch):
    words = {"Choose file to upload": "Kies een bestand"}
    catalogue = trans_real.translation("nl")
    plain = catalogue.gettext
    monkeypatch.setattr(catalogue, "gettext", lambda text: words.get(text) or plain(text))
    with translation.override("nl"):
        shown = UnfoldAdminFileFieldWidget().render("file", None)
    assert "Kies een bestand" in shown
    assert "Choose file" not in shown
