"""Our templates: no class that no stylesheet has, no inline style or script; and every state has its words."""

import re
from pathlib import Path

import pytest
import unfold
from django.conf import settings

from config.states import STATES, label_for, state_label
from integrations.models import ConnectionStatus, PostingState, RunState
from invoicing.models import DocumentStatus, PaymentState

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
OURS = Path(settings.BASE_DIR) / "config" / "static" / "boekbrug" / "boekbrug.css"
UNFOLDS = Path(unfold.__file__).parent / "static" / "unfold"
# Said in a template, styled by nobody: hooks of Unfold's or Django's own scripts.
HOOKS = {"module", "addlink", "active", "group", "icon", "empty", "question", "clear", "all"}
_TAG = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_CLASS = re.compile(r'(?<![:\w-])class="([^"]*)"')


def known_classes() -> set[str]:
    text = OURS.read_text() + (UNFOLDS / "css" / "styles.css").read_text()
    text += (UNFOLDS / "fonts" / "material-symbols" / "styles.css").read_text()
    return {name.replace("\\", "") for name in re.findall(r"\.((?:\\.|[\w-])+)", text)}


def test_every_class_of_our_templates_exists():
    known = known_classes() | HOOKS
    strangers = {}
    for template in TEMPLATES:
        text = re.sub(r"\{#.*?#\}", "", template.read_text())
        for value in _CLASS.findall(_TAG.sub(" ", text)):
            unknown = set(value.split()) - known
            if unknown:
                strangers.setdefault(str(template.relative_to(settings.BASE_DIR)), set()).update(unknown)
    assert strangers == {}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_inline_style_or_script(template):
    text = template.read_text()
    assert not re.search(r"\sstyle=", text)
    assert "<style" not in text
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("document", DocumentStatus), ("posting", PostingState), ("payment", PaymentState),
        ("connection", ConnectionStatus), ("run", RunState),
    ],
)  # fmt: skip
def test_every_state_has_a_label(kind, states):
    for state in states:
        assert label_for(kind, state).word


def test_no_two_states_of_a_kind_share_a_word():
    for kind, labels in STATES.items():
        words = [str(label.word) for label in labels.values()]
        assert len(set(words)) == len(words), kind


def test_every_colour_of_a_label_has_its_rule():
    sheet = OURS.read_text()
    for labels in STATES.values():
        for label in labels.values():
            assert f".is-{label.colour}" in sheet


def test_a_label_says_its_word_and_escapes_its_reason():
    html = state_label("posting", "blocked", title='<b>"x"</b>')
    assert "Blocked" in html
    assert "<b>" not in html
