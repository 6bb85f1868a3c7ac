"""The page where customers pay shows the books of all tools, and its buttons work in each."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from config.demo.plan import ConnectionPlan, plans
from config.demo.sandbox import SandboxDoor
from integrations.registry import TOOLS
from integrations.sandbox.server import Sandbox

PLANS = [plan for plan in plans() if plan.connect]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def page(sandbox: Sandbox, **params: str) -> str:
    answer = requests.get(f"{sandbox.base_url}/", params=params, timeout=10)
    assert answer.status_code == 200
    return answer.text


def fields(form: str) -> dict[str, str]:
    return dict(re.findall(r"<input type='hidden' name='(\w+)' value='([^']*)'", form))


def test_every_administration_stands_under_its_tool(sandbox):
    parts = re.split(r"<h2 id='\w+'>", page(sandbox).partition("</nav>")[0])[1:]
    listed = {part.partition("<")[0]: re.findall(r"division=([\w-]+)", part) for part in parts}
    assert list(listed) == [tool.label for tool in TOOLS.values()]
    for plan in PLANS:
        assert plan.administration in listed[TOOLS[plan.tool].label]
        assert sum(divisions.count(plan.administration) for divisions in listed.values()) == 1


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.tool)
def test_a_click_pays_and_another_takes_it_back(sandbox, plan: ConnectionPlan):
    def open_amounts() -> dict[str, Decimal]:
        found = SandboxDoor(sandbox.base_url).books(plan.tool, plan.administration)
        return {entry.external_id: entry.open_amount for entry in found.entries}

    before = open_amounts()
    shown = page(sandbox, division=plan.administration)
    assert f"{TOOLS[plan.tool].label} {plan.administration}" in shown
    forms = re.findall(r"<form class='pay' method='post' action='/pay'>(.*?)</form>", shown)
    form = next(found for found in map(fields, forms) if before.get(found["entry_id"]))
    assert form["vendor"] == plan.tool
    answer = requests.post(f"{sandbox.base_url}/pay", data={**form, "part": "1", "amount": "1,50"}, timeout=10)
    assert " paid on " in answer.text
    assert open_amounts() == {**before, form["entry_id"]: before[form["entry_id"]] - Decimal("1.50")}
    requests.post(f"{sandbox.base_url}/pay", data=form, timeout=10)
    assert open_amounts()[form["entry_id"]] == 0
    answer = requests.post(f"{sandbox.base_url}/unpay", data=form, timeout=10)
    assert "is open again" in answer.text
    assert open_amounts() == before


def test_it_opens_with_books_that_hold_something(sandbox):
    assert "No documents here yet" not in page(sandbox)
