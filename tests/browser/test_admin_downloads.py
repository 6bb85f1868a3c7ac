"""A clerk takes a booked invoice along: its PDF, its e-invoice, and hands it over to Peppol once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from invoicing.peppol.reading import Reading, read
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_invoice_is_taken_along_and_handed_over(clerk: Page, live_server, settings, tmp_path: Path) -> None:
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = str(tmp_path / "outbox")
    entity = factories.EntityFactory(name="Linde Studio BV", peppol_id="0208:0765432146", vat_number="BE0765432146")
    invoice = factories.booked_invoice(entity=entity)
    clerk.goto(live_server.url + reverse("admin:invoicing_invoice_change", args=[invoice.pk]))
    with clerk.expect_download() as waited:
        clerk.get_by_role("link", name="PDF", exact=False).click()
    assert waited.value.suggested_filename == "invoice-2026-0001.pdf"
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF-")
    with clerk.expect_download() as waited:
        clerk.get_by_role("link", name="E-invoice (UBL)").click()
    reading = read(Path(waited.value.path()).read_bytes())
    assert isinstance(reading, Reading)
    assert reading.document.totals.total == invoice.total
    clerk.get_by_role("button", name="Hand over to Peppol").click()
    expect(clerk.get_by_text(re.compile("is handed over to Peppol"))).to_be_visible()
    expect(clerk.get_by_role("button", name="Hand over to Peppol")).to_have_count(0)
    clerk.screenshot(path=str(tmp_path / "page.png"), full_page=True)
    assert len(list((tmp_path / "outbox").glob("*.xml"))) == 1

    person = factories.booked_invoice(entity=entity, party=factories.ContactFactory())
    clerk.goto(live_server.url + reverse("admin:invoicing_invoice_change", args=[person.pk]))
    expect(clerk.get_by_text(re.compile("has no Peppol ID, and no number"))).to_be_visible()
    expect(clerk.get_by_role("link", name="E-invoice (UBL)")).to_have_count(0)
    clerk.screenshot(path=str(tmp_path / "without.png"), full_page=True)
