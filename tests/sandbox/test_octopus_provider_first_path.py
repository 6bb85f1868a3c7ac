"""The shortest way through Octopus: sign in, lists, a party, an invoice, a payment."""

from datetime import date
from decimal import Decimal

from integrations.base.records import CatalogueKind, ExternalRef, Posted
from tests.sandbox.octopus_box import QUARTERS, book, document, line, party


def test_from_the_password_to_a_payment(octopus):
    tokens = octopus.sign_in().log_in({"user": "demo@U1", "password": "demo"})
    assert tokens.access_token
    assert QUARTERS in [record.external_id for record in octopus.provider.administrations()]
    lists = octopus.provider.catalogue(frozenset(CatalogueKind))
    assert "V1" in [journal.code for journal in lists.journals]
    (saved,) = octopus.provider.save_parties([party()])
    assert isinstance(saved, Posted)
    number = octopus.provider.last_number("V1", "4")
    period = next(p for p in lists.fiscal_periods if p.start <= date(2026, 5, 11) <= p.end)
    invoice = document(
        ExternalRef(external_id=saved.ref.external_id),
        line("700100", "100.10", "21.02"),
        line("700120", "30.00", "1.80", "06"),
        number=number + 1,
        period=period.external_id,
    )
    (posted,) = book(octopus.provider, invoice)
    assert isinstance(posted, Posted)
    assert (posted.ref.external_id, posted.totals.total, posted.remarks) == ("4/V1/2", Decimal("152.92"), ())
    octopus.control("pay", reference="2026/0142", date="2026-06-01")
    found = octopus.provider.settlements("", [])
    (row,) = [row for row in found.rows if row.document_external_id == "4/V1/2"]
    assert (row.amount, row.settled, row.settled_on, row.is_sales) == (
        Decimal("152.92"),
        True,
        date(2026, 6, 1),
        True,
    )
