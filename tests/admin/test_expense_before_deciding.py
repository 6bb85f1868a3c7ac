"""What the pages of an expense say before somebody decides: what holds it up, what was e-mailed, what looks like a slip."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from integrations.models import LedgerLink, Posting, ToolLedgerAccount
from integrations.services import watching
from invoicing.models import LedgerAccountKind, MailingState, PurchaseMailing, VatRateVersion
from invoicing.services import purchases
from invoicing.services.purchases import mailing
from tests import factories
from tests.admin.conftest import connect
from tests.purchases.test_review import typed as paper_of
from tests.purchases.ubl import IBAN, PDF, SUPPLIER, ubl

from .test_expenses import LIST, page, texts

pytestmark = [pytest.mark.django_db]
ADDRESS = "boekhouding@linde.example"


@pytest.fixture
def entity(db):
    factories.vat_rate("21")
    return factories.EntityFactory(name="Linde Studio BV", bookkeeping_email=ADDRESS)


@pytest.fixture
def supplier(db):
    return factories.CompanyFactory(name="Hoste Energie NV", vat_number=SUPPLIER, is_supplier=True, iban=IBAN)


@pytest.fixture
def expense(entity, supplier):
    def make(**fields):
        data = ubl(**{"buyer_vat": entity.vat_number, "lines": (("Power", "100", "21"),), **fields})
        return purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document

    return make


def shown(client, document):
    return client.get(page("change", document.pk)).content.decode()


def mailed(document):
    PurchaseMailing.objects.create(document=document, address=ADDRESS, state=MailingState.CONFIRMED)


def test_a_line_that_has_an_account_nowhere_is_told_before_the_approval(entity, expense, sign_in):
    connection = connect(entity)
    document, client = expense(), sign_in("staff")
    words = "1 line has no ledger account, and none is set for its VAT rate: choose one."
    answer = client.get(page("change", document.pk))
    assert words in answer.content.decode()
    assert not answer.context["stopping"]
    chosen = {"action": "approve_selected", "_selected_action": [document.pk]}
    many = client.post(reverse(LIST), chosen)
    assert (many.context["ready"], words in many.content.decode()) == (0, True)
    assert "Approve 0 expenses" not in many.content.decode()
    assert "None of them can go now" in many.content.decode()
    client.post(reverse(LIST), {**chosen, "confirmed": "1"})
    document.refresh_from_db()
    assert document.is_pending

    account = factories.LedgerAccountFactory(entity=entity, code="612100", kind=LedgerAccountKind.COST)
    client.post(page("approve", document.pk), {f"account-{document.lines.get().pk}": str(account)})
    document.refresh_from_db()
    assert document.review == "approved"

    other = expense(number="2")
    tool_account = ToolLedgerAccount.objects.filter(administration=connection.administration).first()
    LedgerLink.objects.create(
        connection=connection, rate=VatRateVersion.objects.get().rate, direction="purchase", account=tool_account
    )
    other.lines.update(ledger_account=None)
    assert watching.purchase_lines_without_account(other) == 0


def test_an_account_typed_before_the_supplier_is_created_stays(entity, sign_in):
    account = factories.LedgerAccountFactory(entity=entity, code="612100", kind=LedgerAccountKind.COST)
    data = ubl(buyer_vat=entity.vat_number, lines=(("Power", "100", "21"), ("Net", "50", "21")))
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document
    first, second = document.lines.order_by("position")
    client = sign_in("boss")
    typed = {f"account-{first.pk}": str(account), f"account-{second.pk}": "", "create": "1", "chosen": ""}
    client.post(page("supplier", document.pk), typed)
    document.refresh_from_db()
    assert document.supplier.name == "Hoste Energie NV"
    # The other line would show what is proposed now that the supplier is known.
    second.ledger_account = account
    second.save()
    asked = {row["line"].pk: row["account"] for row in client.get(page("change", document.pk)).context["asked"]}
    assert asked == {first.pk: str(account), second.pk: str(account)}
    other = factories.CompanyFactory(name="Other NV", is_supplier=True)
    client.post(page("supplier", document.pk), {"take": "1", "chosen": other.pk, "party": ""})
    document.refresh_from_db()
    assert document.supplier_id == other.pk


def test_what_is_approved_without_a_rate_does_not_say_that_it_goes(entity, expense, sign_in):
    connect(entity)
    document = expense()
    document.lines.update(vat_rate=None)
    document = purchases.approve(document=document, by=None, ticks=purchases.Ticks(unbooked=True))
    page_of = shown(sign_in("staff"), document)
    assert "It cannot go with the next sync yet. 1 line has no VAT rate of ours: choose it." in page_of
    assert "Goes with the next sync." not in page_of


def test_an_e_mail_is_shown_while_an_approval_is_taken_back(entity, expense, sign_in):
    connect(entity)
    document = purchases.approve(document=expense(), by=None, ticks=purchases.Ticks(unbooked=True))
    mailed(document)
    client = sign_in("staff")
    approved = shown(client, document)
    assert "the bookkeeping has the e-mail" in approved
    assert "It is not sent yet" not in approved
    assert "so the next sync holds it up" in approved
    assert "Goes with the next sync." not in approved
    purchases.reopen(document=document, by=None, reason="slip", knows_it_was_mailed=True)
    pending = shown(client, document)
    assert "To the bookkeeping" in pending
    assert ADDRESS in pending
    assert "The next sync after approval holds it up until you exclude it" in pending
    assert "with the next sync after approval." not in pending


def test_an_exclusion_taken_back_says_that_the_e_mail_holds_it_up(entity, expense, sign_in):
    connection = connect(entity)
    document = purchases.approve(document=expense(), by=None, ticks=purchases.Ticks(unbooked=True))
    mailed(document)
    Posting.objects.create(
        connection=connection, administration=connection.administration, purchase_document=document,
        kind="purchase-invoice", reference="G-1 #1", state="waiting", sent={"included": "yes"},
    )  # fmt: skip
    assert "so the next sync holds it up" in shown(sign_in("staff"), document)


def test_what_is_excluded_does_not_promise_to_go(entity, expense, sign_in):
    connection = connect(entity)
    document = expense()
    Posting.objects.create(
        connection=connection, administration=connection.administration, purchase_document=document,
        kind="purchase-invoice", reference="G-1 #1", state="excluded", excluded_by="An",
    )  # fmt: skip
    assert "It is excluded from the sync, so it does not go to" in shown(sign_in("staff"), document)


def test_dates_that_look_like_slips_are_remarked_on(entity, expense, sign_in):
    ahead = timezone.localdate() + timedelta(days=1800)
    document = expense(day=ahead, due=ahead - timedelta(days=9))
    page_of = shown(sign_in("staff"), document)
    assert "Dated in the future:" in page_of
    assert "before its date of" in page_of
    fine = shown(sign_in("staff"), expense(number="2"))
    assert "Dated in the future:" not in fine
    assert "before its date of" not in fine


@pytest.mark.parametrize(("vat", "told"), [("20.00", True), ("20.96", False), ("21.00", False)])
def test_typed_vat_of_less_than_its_rate_is_remarked_on(entity, sign_in, vat, told):
    version = VatRateVersion.objects.get()
    paper = paper_of(entity, total=Decimal("121.00"), vat=Decimal(vat), vat_rate=version)
    document = purchases.save_typed(typed=paper, by=None)
    page_of = shown(sign_in("staff"), document)
    assert (f"The VAT is {vat}; at 21% it would be 21.00" in page_of) is told


def test_a_mail_about_a_receipt_names_its_kind_once(entity):
    paper = purchases.save_typed(
        typed=paper_of(entity, number="", date=date(2026, 11, 21), supplier=None, supplier_name="Winkel"),
        by=None,
        file=("bon.pdf", PDF),
    )
    document = purchases.approve(document=paper, by=None)
    row = PurchaseMailing.objects.create(document=document, address=ADDRESS, state=MailingState.SENDING)
    assert mailing.deliver(row.pk)
    assert mail.outbox[0].subject == "Receipt of 21 Nov 2026 Winkel"


def test_amounts_of_findings_have_their_decimals_and_no_code_that_says_nothing(entity, expense, sign_in):
    document = expense()
    document.findings = [
        {
            "code": "BR-CO-13", "level": "error", "place": "",
            "text": "The total without VAT is stated as %(stated)s, but works out as %(expected)s.",
            "values": {"stated": "1072", "expected": "72.6"},
        },
        {
            "code": "official", "level": "note", "place": "",
            "text": "The official rules, release %(release)s, found nothing.", "values": {"release": "2026.5"},
        },
    ]  # fmt: skip
    document.save()
    page_of = shown(sign_in("staff"), document)
    assert "stated as 1,072.00, but works out as 72.60." in page_of
    assert "release 2026.5, found nothing." in page_of
    assert "official</span>" not in page_of


def test_the_list_names_the_entity_where_there_are_several(entity, expense, sign_in):
    expense()
    client = sign_in("staff")
    assert "entity" not in client.get(reverse(LIST)).context["cl"].list_display
    factories.EntityFactory(name="Duin BV")
    answer = client.get(reverse(LIST))
    assert "entity" in answer.context["cl"].list_display
    assert texts(answer) == []
