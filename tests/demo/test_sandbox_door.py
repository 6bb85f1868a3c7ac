"""What the demo does in the sandbox works against the sandbox itself, over HTTP."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest

from config.demo.check import BookEntry
from config.demo.plan import ConnectionPlan, plans
from config.demo.sandbox import SandboxDoor
from integrations.sandbox.server import Sandbox

PLANS = {plan.tool: plan for plan in plans() if plan.connect}
EXACT = PLANS["exact"]


@pytest.fixture(scope="module")
def running():
    with Sandbox(books=[plan.book for plan in PLANS.values()]) as running:
        yield running


@pytest.fixture
def sandbox(running):
    running.reset([plan.book for plan in PLANS.values()])
    return running


def sign_in_url(sandbox: Sandbox, path: str = "exact/api/oauth2/auth", **changed: str) -> str:
    query = {
        "client_id": "demo-client",
        "redirect_uri": "http://127.0.0.1:8000/back/",
        "response_type": "code",
        "state": "a state",
        **changed,
    }
    return f"{sandbox.base_url}/{path}?{urlencode(query)}"


def test_consent_gives_state_and_code(sandbox):
    state, code = SandboxDoor(sandbox.base_url).consent(sign_in_url(sandbox))
    assert state == "a state"
    assert code.startswith("stampBE001.")
    assert "!" in code


def test_consent_at_twinfield_too(sandbox):
    url = sign_in_url(sandbox, "twinfield/auth/authentication/connect/authorize", nonce="a nonce")
    state, code = SandboxDoor(sandbox.base_url).consent(url)
    assert state == "a state"
    assert len(code) > 20


def test_a_refused_sign_in_is_said(sandbox):
    with pytest.raises(RuntimeError, match="did not let us in: 400"):
        SandboxDoor(sandbox.base_url).consent(sign_in_url(sandbox, client_id="nobody"))


def test_the_books_before_the_first_sync_hold_their_history(sandbox):
    books = SandboxDoor(sandbox.base_url).books("exact", EXACT.administration)
    assert (len(books.entries), books.relations) == (7, 25)
    first = min(books.entries, key=lambda entry: entry.date)
    assert (first.reference, first.date, first.credit_note, first.journal) == ("2025/0290", "2025-10-06", False, "70")
    assert first.total == Decimal("1512.50")
    assert first.per_code == {"4": (Decimal("1250.00"), Decimal("262.50"))}
    assert first.open_amount == Decimal("0.00")
    number_in_books = next(entry for entry in books.entries if entry.reference == "2026/0010")
    assert number_in_books.open_amount == number_in_books.total == Decimal("1222.29")


# The planted document whose number stands in the books already, of each tool.
TAKEN = {"exact": "2026/0010", "octopus": "26-10009", "twinfield": "202620006", "yuki": "26410005"}


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.tool)
def test_a_payment_shows_in_the_books_and_too_much_is_refused(sandbox, plan: ConnectionPlan):
    door, number = SandboxDoor(sandbox.base_url), TAKEN[plan.tool]

    def there() -> BookEntry:
        books = door.books(plan.tool, plan.administration)
        return next(entry for entry in books.entries if entry.reference == number)

    entry = there()
    assert entry.open_amount == entry.total > Decimal("2.00")
    assert not entry.credit_note
    assert sum(base + vat for base, vat in entry.per_code.values()) == entry.total
    assert set(entry.per_code) <= set(plan.vat_links["sales"].values())
    door.pay(plan.tool, plan.administration, number, entry.total - 2, "2026-03-20")
    assert there().open_amount == Decimal("2.00")
    with pytest.raises(RuntimeError, match="refused pay"):
        door.pay(plan.tool, plan.administration, number, Decimal("2.01"), "2026-03-20")
