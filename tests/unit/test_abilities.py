"""The matrix of the docs is what the set-up shows."""

from django.utils import translation

from config.environment import BASE_DIR
from integrations.messages.abilities import abilities_of
from integrations.registry import TOOLS


def test_the_matrix_of_the_docs_is_what_the_tools_say_of_themselves():
    text = (BASE_DIR / "docs" / "tools.md").read_text()
    assert f"| | {' | '.join(tool.label for tool in TOOLS.values())} |" in text
    with translation.override("en"):
        for cells in zip(*(abilities_of(tool) for tool in TOOLS.values()), strict=True):
            row = " | ".join("yes" if cell.yes else "no" for cell in cells)
            assert f"| {cells[0].words} | {row} |" in text


def test_every_tool_has_its_own_page_with_a_first_live_test():
    names = {"exact": "exact-online"}
    for tool in TOOLS.values():
        page = BASE_DIR / "docs" / f"{names.get(tool.key, tool.key)}.md"
        assert "## First live test" in page.read_text()
