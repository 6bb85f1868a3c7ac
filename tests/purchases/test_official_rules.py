"""The official rules over what comes in: findings on the expense, never in its way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from invoicing.peppol import official, official_process
from invoicing.services import purchases
from tests.peppol.samples import official_rules
from tests.purchases.ubl import ubl

pytestmark = pytest.mark.django_db


@pytest.fixture
def rules(settings) -> Path:
    found = official_rules()
    settings.BOEKBRUG_PEPPOL_RULES_DIR = str(found)
    settings.BOEKBRUG_PEPPOL_RULES_SECONDS = 60
    return found


@pytest.fixture(autouse=True)
def _no_process_left():
    yield
    official_process._stop()


def codes(document) -> list[str]:
    return [row["code"] for row in document.findings]


def test_what_only_the_official_rules_know_shows_on_the_expense(rules, expense, entity, admin_client):
    clean = expense()
    assert codes(clean)[-1] == "official"
    # An element that nobody needs is none of our findings, and a warning of theirs.
    data = ubl(buyer_vat=entity.vat_number, number="INV-2")
    odd = data.replace(
        b"<cbc:ID>INV-2</cbc:ID>", b"<cbc:ID>INV-2</cbc:ID><cbc:CopyIndicator>false</cbc:CopyIndicator>", 1
    )
    found = purchases.receive(data=odd, delivery=purchases.Delivery(name="odd.xml")).document
    [row] = [row for row in found.findings if row["code"].startswith("UBL-CR-")]
    assert row["level"] == "warning"
    page = admin_client.get(reverse("admin:invoicing_purchasedocument_change", args=[found.pk])).content.decode()
    assert row["code"] in page
    page = admin_client.get(reverse("admin:invoicing_purchasedocument_change", args=[clean.pk])).content.decode()
    assert "The official rules, release 2026.5, found nothing." in page


def test_one_process_serves_many_and_a_new_one_comes_after_a_crash(rules, expense):
    expense()
    first = official_process._running._process
    expense(number="INV-2")
    assert official_process._running._process is first
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert codes(expense(number="INV-3"))[-1] == "official"


def test_it_takes_no_longer_than_it_may(rules, expense, settings):
    settings.BOEKBRUG_PEPPOL_RULES_SECONDS = 0.001
    document = expense()
    assert codes(document)[-1] == "not-checked"
    assert official_process._running is None
    settings.BOEKBRUG_PEPPOL_RULES_SECONDS = 60
    assert codes(expense(number="INV-2"))[-1] == "official"


def test_without_rules_nothing_is_said_on_an_expense_and_the_check_says_it(expense, settings, tmp_path, capsys):
    assert "official" not in codes(expense())
    settings.BOEKBRUG_PEPPOL_RULES_DIR = str(tmp_path)
    assert "official" not in codes(expense(number="INV-2"))
    call_command("check", "invoicing")
    assert "invoicing.W002" in capsys.readouterr().err


def test_a_processor_that_is_not_there_is_told_by_the_process(monkeypatch, tmp_path):
    for name in ("CEN-EN16931-UBL.xslt", "PEPPOL-EN16931-UBL.xslt"):
        (tmp_path / name).write_text("no rules")
    (tmp_path / "saxonche.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(official.NotAvailable, match="saxonche is not installed"):
        official_process.check(ubl(buyer_vat="BE0765432146"), tmp_path, seconds=60)
