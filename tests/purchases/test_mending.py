"""Decisions that are taken back or mended while nothing was sent, and documents that leave quarantine."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from integrations.base.records import DocumentKind
from integrations.models import Administration, Connection, ConnectionStatus, Posting
from invoicing.errors import NotPossible
from invoicing.models import MailingState, PurchaseMailing, RateFrom, ReviewState, VatRate, VatRateVersion
from invoicing.services import purchases
from invoicing.services.purchases import ApprovalRefused, LineChoice, Ticks
from tests import factories
from tests.purchases.ubl import ubl

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def connection(entity):
    books = Administration.objects.create(tool="exact", site="be", external_id="1", name="Books", country="BE")
    return Connection.objects.create(
        entity=entity, tool="exact", administration=books, status=ConnectionStatus.CONNECTED, start_date="2026-01-01"
    )


@pytest.fixture
def approved(expense, supplier):
    def make(**fields):
        return purchases.approve(document=expense(**fields), by=None)

    return make


def posting(connection, document, **fields):
    return Posting.objects.create(
        connection=connection, administration=connection.administration, purchase_document=document,
        kind=DocumentKind.PURCHASE_INVOICE.value, reference=f"mark {document.pk}", **fields,
    )  # fmt: skip


# --- Reopening ---


@pytest.mark.parametrize("state", ["waiting", "blocked", "refused", "excluded"])
def test_an_approval_is_taken_back_while_nothing_was_sent(approved, connection, state):
    document = approved()
    posting(connection, document, state=state)
    with pytest.raises(NotPossible):
        purchases.reopen(document=document, by=None, reason=" ")
    before = document.updated_at
    found = purchases.reopen(document=document, by=factories.UserFactory(username="lotte"), reason="Wrong account")
    assert (found.review, found.reviewed_by) == (ReviewState.PENDING, "")
    assert found.updated_at > before  # what a sync built before is not sent: its claim compares this
    last = document.reviews.first()
    assert (last.state, last.by, last.reason) == ("pending", "lotte", "Wrong account")
    assert "Wrong account" in LogEntry.objects.latest("pk").change_message
    purchases.approve(document=found, by=None)


@pytest.mark.parametrize("state", ["sending", "unclear", "posted", "differs", "gone"])
def test_what_was_claimed_for_sending_stays_approved(approved, connection, state):
    document = approved()
    posting(connection, document, state=state, sent_at=timezone.now())
    choices = {line.pk: LineChoice(account=None, vat_rate=None) for line in document.lines.all()}
    for change in (
        lambda: purchases.reopen(document=document, by=None, reason="Wrong"),
        lambda: purchases.mend(document=document, lines=choices, by=None),
    ):
        with pytest.raises(NotPossible, match="in the books"):
            change()
    document.refresh_from_db()
    assert document.review == ReviewState.APPROVED
    assert document.lines.filter(vat_rate=None).count() == 0


def test_what_was_mailed_is_taken_back_with_a_tick_and_not_mailed_again_by_itself(approved, entity, supplier):
    document = approved()
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = "books@example.com"
    entity.mails_expenses = True
    entity.save()
    mailing = PurchaseMailing.objects.create(document=document, address="books@example.com", by="lotte")
    with pytest.raises(NotPossible, match="right now"):
        purchases.reopen(document=document, by=None, reason="Wrong", knows_it_was_mailed=True)
    PurchaseMailing.objects.filter(pk=mailing.pk).update(state=MailingState.CONFIRMED)
    with pytest.raises(NotPossible, match="Tick"):
        purchases.reopen(document=document, by=None, reason="Wrong")
    found = purchases.reopen(document=document, by=None, reason="Wrong", knows_it_was_mailed=True)
    purchases.approve(document=found, by=None)
    assert PurchaseMailing.objects.count() == 1


# --- Mending ---


def test_an_approved_line_gets_another_account_until_it_is_sent(approved, account):
    document = approved()
    line, other = document.lines.all()
    before = document.updated_at
    changed = purchases.mend(
        document=document, lines={line.pk: LineChoice(account=account, vat_rate=line.vat_rate)}, by=None
    )
    assert changed == ["Line 1: account 612100 Electricity."]
    line.refresh_from_db()
    other.refresh_from_db()
    document.refresh_from_db()
    assert (line.ledger_account, other.ledger_account) == (account, None)
    assert document.updated_at > before
    # Nothing changed: nothing is written, so a sync under way is not disturbed.
    before = document.updated_at
    same = {line.pk: LineChoice(account=account, vat_rate=line.vat_rate)}
    assert purchases.mend(document=document, lines=same, by=None) == []
    document.refresh_from_db()
    assert document.updated_at == before


def test_only_what_is_approved_is_mended(expense, supplier):
    with pytest.raises(NotPossible):
        purchases.mend(document=expense(), lines={}, by=None)


# --- What the books will ask for ---


def test_a_line_without_a_rate_is_asked_about_where_a_connection_books_it(expense, supplier, connection):
    document = expense(lines=(("Odd", "100.00", "13"),))
    assert [problem.code for problem in purchases.problems_of(document)] == ["vat-rate"]
    with pytest.raises(ApprovalRefused):
        purchases.approve(document=document, by=None)
    assert [row.is_approved for row in purchases.approve_many(documents=[document], by=None)] == [False]
    rate = VatRate.objects.create(country="BE", code="13", name="13")
    VatRateVersion.objects.create(rate=rate, percentage=13, valid_from="2020-01-01")
    choice = {document.lines.get().pk: LineChoice(account=None, vat_rate=rate)}
    assert purchases.approve(document=document, by=None, lines=choice).review == ReviewState.APPROVED
    # Held on purpose.
    other = expense(lines=(("Odd", "100.00", "13"),), number="2")
    assert purchases.approve(document=other, by=None, ticks=Ticks(unbooked=True)).review == ReviewState.APPROVED


def test_without_a_connection_or_where_a_file_is_handed_over_nothing_is_asked(expense, supplier, connection):
    document = expense(lines=(("Odd", "100.00", "13"),))
    Connection.objects.update(tool="yuki")
    assert purchases.problems_of(document) == []
    Connection.objects.update(tool="exact", start_date="2026-12-01")
    assert purchases.problems_of(document) == []


# --- Exchange rates ---


def dollars(data: bytes, rates: bytes = b"", vat: str = "") -> bytes:
    """The document in dollars; `rates` stand where UBL has them, `vat` is the VAT in euros."""
    data = data.replace(b'currencyID="EUR"', b'currencyID="USD"')
    data = data.replace(b"Code>EUR</cbc:DocumentCurrencyCode>", b"Code>USD</cbc:DocumentCurrencyCode>")
    if vat:
        data = data.replace(
            b"</cbc:DocumentCurrencyCode>", b"</cbc:DocumentCurrencyCode><cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>"
        )
        total = f'<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">{vat}</cbc:TaxAmount></cac:TaxTotal>'
        data = data.replace(b"<cac:LegalMonetaryTotal>", total.encode() + b"<cac:LegalMonetaryTotal>")
    return data.replace(b"<cac:TaxTotal>", rates + b"<cac:TaxTotal>", 1)


def stated(name: str, source: str, target: str, rate: str, operator: str = "") -> bytes:
    code = f"<cbc:MathematicOperatorCode>{operator}</cbc:MathematicOperatorCode>" if operator else ""
    return (
        f"<cac:{name}><cbc:SourceCurrencyCode>{source}</cbc:SourceCurrencyCode>"
        f"<cbc:TargetCurrencyCode>{target}</cbc:TargetCurrencyCode><cbc:CalculationRate>{rate}</cbc:CalculationRate>"
        f"{code}</cac:{name}>"
    ).encode()


@pytest.mark.parametrize(
    ("rates", "vat", "rate", "by"),
    [
        (stated("PaymentExchangeRate", "USD", "EUR", "0.92127"), "", "0.92127", RateFrom.DOCUMENT),
        (stated("PaymentExchangeRate", "USD", "EUR", "1.25", "Divide"), "", "0.8", RateFrom.DOCUMENT),
        (stated("TaxExchangeRate", "EUR", "USD", "1.0854"), "", "0.92131933", RateFrom.DOCUMENT),
        (stated("PaymentExchangeRate", "GBP", "EUR", "1.15"), "", None, ""),
        (stated("PaymentExchangeRate", "USD", "EUR", "1"), "", None, ""),
        (stated("PaymentExchangeRate", "USD", "EUR", "abc"), "", None, ""),
        (b"", "192.65", "0.92128545", RateFrom.VAT),
        (stated("TaxExchangeRate", "USD", "EUR", "0.93"), "192.65", "0.93", RateFrom.DOCUMENT),
        (b"", "", None, ""),
    ],
)
def test_the_rate_that_the_document_states_is_taken(entity, supplier, receive, rates, vat, rate, by):
    found = receive(dollars(ubl(buyer_vat=entity.vat_number), rates, vat))
    document = found.document
    document.refresh_from_db()
    assert (document.currency, document.exchange_rate, document.rate_from) == ("USD", rate and Decimal(rate), by)


def test_of_little_vat_no_rate_is_told(entity, receive):
    data = ubl(buyer_vat=entity.vat_number, lines=(("Pen", "10.00", "21"),))
    assert receive(dollars(data, vat="1.93")).document.exchange_rate is None


def test_a_foreign_document_asks_for_its_rate_and_keeps_the_one_that_is_entered(entity, supplier, receive, connection):
    document = receive(dollars(ubl(buyer_vat=entity.vat_number))).document
    assert [problem.code for problem in purchases.problems_of(document)] == ["exchange-rate"]
    for wrong in ("0", "1", "-0.9", "1e12", "NaN"):
        with pytest.raises(NotPossible):
            purchases.approve(document=document, by=None, rate=Decimal(wrong))
    found = purchases.approve(document=document, by=None, rate=Decimal("0.921345678"))
    found.refresh_from_db()
    assert (found.exchange_rate, found.rate_from) == (Decimal("0.92134568"), RateFrom.PERSON)
    changed = purchases.mend(document=found, lines={}, rate=Decimal("0.93"), by=None)
    assert changed == ["Exchange rate: 1 USD = 0.93 EUR."]
    with pytest.raises(NotPossible):
        purchases.approve(
            document=receive(number="2").document, by=None, rate=Decimal("0.9"), ticks=Ticks(not_a_duplicate=True)
        )


# --- Quarantine ---


def test_a_person_takes_a_document_out_of_quarantine_with_a_reason(entity, supplier, receive):
    stranger = factories.vat_number_be(987_654)
    document = receive(ubl(buyer_vat=stranger)).document
    assert (document.entity, document.quarantine, document.supplier) == (None, "not_ours", supplier)
    name, numbers = purchases.buyer_of(purchases.read_again(document))
    assert (name, numbers.vat) == ("Linde Studio BV", stranger)
    with pytest.raises(NotPossible):
        purchases.lift_quarantine(document=document, entity=entity, reason="", by=None)
    found = purchases.lift_quarantine(document=document, entity=entity, reason="Our old number", by=None)
    assert (found.entity, found.quarantine, found.review) == (entity, "", "pending")
    assert [line.vat_rate.code for line in found.lines.all()] == ["21", "21"]
    entry = found.reviews.get()
    assert entry.reason == "Out of quarantine (Not addressed to us), for Linde Studio BV: Our old number"
    with pytest.raises(NotPossible):
        purchases.lift_quarantine(document=document, entity=entity, reason="Again", by=None)
    purchases.approve(document=found, by=None)


def test_a_lifted_document_meets_the_one_that_came_before_it(entity, supplier, expense, receive):
    expense()
    document = receive(ubl(buyer_vat=factories.vat_number_be(987_654))).document
    found = purchases.lift_quarantine(document=document, entity=entity, reason="Our old number", by=None)
    assert (found.copy_number, [p.code for p in purchases.problems_of(found)]) == (1, ["duplicate"])


def test_a_self_billed_invoice_never_becomes_an_expense(entity, receive):
    document = receive(self_billing=True).document
    assert document.quarantine == "self_billing"
    with pytest.raises(NotPossible, match="sale"):
        purchases.lift_quarantine(document=document, entity=entity, reason="Mine", by=None)
    purchases.refuse(document=document, reason="Booked under Invoices", by=None)


def test_the_likely_entity_is_the_one_whose_number_was_filled_in_since(entity, receive):
    number = factories.vat_number_be(987_654)
    document = receive(ubl(buyer_vat=number)).document
    assert purchases.likely_entity(purchases.read_again(document)) is None
    other = factories.EntityFactory(vat_number=number)
    assert purchases.likely_entity(purchases.read_again(document)) == other


def test_an_old_mail_on_its_way_may_have_left(approved, entity):
    document = approved()
    row = PurchaseMailing.objects.create(document=document, address="books@example.com", by="lotte")
    PurchaseMailing.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(NotPossible, match="Tick"):
        purchases.reopen(document=document, by=None, reason="Wrong")
