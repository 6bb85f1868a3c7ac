"""What the demo does in the sandbox works against the sandbox itself, over HTTP."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest

from config.demo.plan import plans
from config.demo.sandbox import SandboxDoor
from integrations.sandbox.server import Sandbox


@pytest.fixture
def sandbox():
    with Sandbox(books=["exact-be"]) as running:
        yield running


def sign_in_url(sandbox: Sandbox, **changed: str) -> str:
    query = {
        "client_id": "demo-client",
        "redirect_uri": "http://127.0.0.1:8000/back/",
        "response_type": "code",
        "state": "a state",
        **changed,
    }
    return f"{sandbox.base_url}/exact/api/oauth2/auth?{urlencode(query)}"


def test_consent_gives_state_and_code(sandbox):
    state, code = SandboxDoor(sandbox.base_url).consent(sign_in_url(sandbox))
    assert state == "a state"
    assert code.startswith("stampBE001.")
    assert "!" in code


def test_a_refused_sign_in_is_said(sandbox):
    with pytest.raises(RuntimeError, match="did not let us in: 400"):
        SandboxDoor(sandbox.base_url).consent(sign_in_url(sandbox, client_id="nobody"))


def test_the_books_before_the_first_sync_hold_their_history(sandbox):
    books = SandboxDoor(sandbox.base_url).books(plans()[0].administration)
    assert (len(books.entries), books.relations) == (7, 25)
    first = min(books.entries, key=lambda entry: entry.date)
    assert (first.reference, first.date, first.credit_note, first.journal) == ("2025/0290", "2025-10-06", False, "70")
    assert first.total == Decimal("1512.50")
    assert first.per_code == {"4": (Decimal("1250.00"), Decimal("262.50"))}
    assert first.open_amount == Decimal("0.00")
    number_in_books = next(entry for entry in books.entries if entry.reference == "2026/0010")
    assert number_in_books.open_amount == number_in_books.total == Decimal("1222.29")


def test_a_payment_shows_in_the_books_and_too_much_is_refused(sandbox):
    door, administration = SandboxDoor(sandbox.base_url), plans()[0].administration
    door.pay(administration, "2026/0010", Decimal("1000.00"), "2026-03-20")
    entry = next(entry for entry in door.books(administration).entries if entry.reference == "2026/0010")
    assert entry.open_amount == Decimal("222.29")
    with pytest.raises(RuntimeError, match="refused pay"):
        door.pay(administration, "2026/0010", Decimal("222.30"), "2026-03-20")
