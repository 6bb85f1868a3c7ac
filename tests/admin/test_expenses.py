"""The pages of expenses: the list, uploads, the review, files of strangers."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from integrations.models import Connection, ConnectionStatus, Posting
from invoicing.models import IncomingFile, LedgerAccountKind, PurchaseDocument, ReviewState
from invoicing.services import purchases
from tests import factories
from tests.admin.conftest import connect
from tests.purchases.ubl import IBAN, OTHER_IBAN, PDF, SUPPLIER, ubl

pytestmark = [pytest.mark.django_db]
LIST = "admin:invoicing_purchasedocument_changelist"


def page(verb, *args):
    return reverse(f"admin:invoicing_purchasedocument_{verb}", args=args)


@pytest.fixture
def entity(db):
    factories.vat_rate("21")
    return factories.EntityFactory(name="Linde Studio BV")


@pytest.fixture
def supplier(db):
    return factories.CompanyFactory(name="Hoste Energie NV", vat_number=SUPPLIER, is_supplier=True, iban=IBAN)


@pytest.fixture
def expense(entity):
    def make(**fields):
        data = ubl(**{"buyer_vat": entity.vat_number, **fields})
        return purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document

    return make


def upload(client, *files, **fields):
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post(page("upload"), {"files": sent, **fields}, follow=True)


def texts(answer):
    return [str(message) for message in answer.context["messages"]]


# --- Uploads ---


def test_ten_files_at_once_each_for_itself(entity, sign_in):
    good = [(f"{n}.xml", ubl(buyer_vat=entity.vat_number, number=str(n))) for n in range(8)]
    answer = upload(sign_in("staff"), *good, ("copy.xml", good[0][1]), ("page.xml", b"<html/>"))
    assert PurchaseDocument.objects.count() == 8
    found = texts(answer)
    assert found[0] == "8 documents received."
    assert found[1].startswith("copy.xml: 0 was received before")
    assert found[2].startswith("page.xml: ")


BOMB = b'<!DOCTYPE l [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'
XXE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


@pytest.mark.parametrize("data", [BOMB, XXE, b"\xff\xfe\x00<", b"x" * 2000, b"<a>" * 3000, b"%PD", b"PK\x03\x04"])
def test_hostile_files_leave_nothing_but_a_sentence(entity, sign_in, data):
    answer = upload(sign_in("staff"), ("<img src=x onerror=alert(1)>.xml", data))
    assert answer.status_code == 200
    assert not PurchaseDocument.objects.exists()
    shown = answer.content.decode()
    assert "root:" not in shown
    assert "<img src=x" not in shown
    assert len(texts(answer)[0]) > 20


def test_a_refused_file_is_listed_downloaded_read_again_and_deleted(entity, sign_in, monkeypatch):
    data = ubl(buyer_vat=entity.vat_number).replace(b"<cbc:IssueDate>2026-11-10", b"<cbc:IssueDate>soon")
    client = sign_in("staff")
    upload(client, ("odd.xml", data))
    upload(client, ("odd.xml", data))
    kept = IncomingFile.objects.get()
    assert "1 file could not be read and is kept." in client.get(reverse(LIST)).content.decode()
    files = "admin:invoicing_incomingfile"
    shown = client.get(reverse(f"{files}_changelist")).content.decode()
    assert "odd.xml" in shown
    assert "is not a date that we can read" in shown
    answer = sign_in("accountant").get(reverse(f"{files}_download", args=[kept.pk]))
    assert (answer.content, answer["Content-Type"]) == (data, "application/octet-stream")
    assert answer["X-Content-Type-Options"] == "nosniff"
    # Read again it is refused again; once the reader knows better, it is a document.
    read = reverse(f"{files}_read", args=[kept.pk])
    assert "is not a date" in texts(client.post(read, follow=True))[0]
    assert IncomingFile.objects.count() == 1
    IncomingFile.objects.update(content=ubl(buyer_vat=entity.vat_number))
    client.post(read)
    document = PurchaseDocument.objects.get()
    assert document.number == "INV-88213"
    upload(client, ("other.xml", b"<html/>"))
    other = IncomingFile.objects.get(name="other.xml")
    assert sign_in("accountant").post(reverse(f"{files}_delete", args=[other.pk]), {"post": "yes"}).status_code == 403
    client = sign_in("staff")
    client.post(reverse(f"{files}_delete", args=[other.pk]), {"post": "yes"})
    assert not IncomingFile.objects.filter(pk=other.pk).exists()
    assert other.sha256 in LogEntry.objects.filter(object_id=other.pk).latest("pk").change_message


def test_when_there_is_no_room_the_person_is_told(entity, sign_in, monkeypatch):
    monkeypatch.setattr("invoicing.services.purchases.waiting.KEPT_BYTES", 3)
    assert "It is not kept either" in texts(upload(sign_in("staff"), ("a.xml", b"<html/>")))[0]
    assert not IncomingFile.objects.exists()


def test_files_that_are_too_large_or_too_many_are_refused(entity, sign_in, settings):
    settings.BOEKBRUG_PEPPOL_MAX_MB = 1
    client = sign_in("staff")
    assert "larger than 1 MB" in texts(upload(client, ("a.xml", b"x" * 1_100_000)))[0]
    assert "at most 50 files" in texts(upload(client, *[("a.xml", b"x")] * 51))[0]
    assert texts(upload(client)) == ["Choose one or more files first."]


def test_a_pdf_is_for_the_entity_that_is_chosen(entity, sign_in):
    factories.EntityFactory()
    client = sign_in("staff")
    assert "Choose the entity" in texts(upload(client, ("a.pdf", PDF)))[0]
    upload(client, ("a.pdf", PDF), entity=entity.pk)
    assert PurchaseDocument.objects.get().entity == entity


def test_what_a_stranger_writes_is_never_markup(entity, sign_in, expense):
    evil = '<script>alert("x")</script>'
    document = expense(supplier=evil, number=evil[:20], note=evil, lines=((evil, "1.00", "21"),))
    for url in (reverse(LIST), page("change", document.pk), page("history", document.pk)):
        assert "<script>alert" not in sign_in("staff").get(url).content.decode()


# --- The list ---


def test_the_list_costs_the_same_queries_whatever_its_length(
    entity, supplier, expense, sign_in, django_assert_max_num_queries
):
    client = sign_in("staff")
    for n in range(3):
        expense(number=str(n))
    client.get(reverse(LIST))
    with django_assert_max_num_queries(30) as few:
        client.get(reverse(LIST))
    for n in range(3, 23):
        expense(number=str(n), supplier_vat=factories.vat_number_be(910_000 + n))
    with django_assert_max_num_queries(len(few)):
        assert client.get(reverse(LIST)).status_code == 200


def test_the_column_of_totals_adds_up(entity, expense, sign_in):
    expense()
    expense(credit=True, number="CN-1", lines=(("Back", "100.00", "21"),))
    shown = sign_in("staff").get(reverse(LIST)).content.decode()
    assert "-121.00" in shown
    assert "1,083.89 EUR" in shown


def test_the_chips_say_what_they_hold(entity, supplier, expense, sign_in):
    expense(number="1")
    expense(number="2", iban=OTHER_IBAN)
    expense(number="3", supplier_vat=factories.vat_number_be(910_001))
    purchases.refuse(document=expense(number="4"), reason="no", by=None)
    expense(number="5", buyer_vat=factories.vat_number_be(910_002))
    purchases.receive(data=PDF, delivery=purchases.Delivery(name="a.pdf"))
    client = sign_in("staff")
    numbers = {}
    for key in ("", "to-approve", "approved", "refused", "iban", "unknown", "not-peppol", "quarantine"):
        numbers[key] = client.get(reverse(LIST), {"view": key} if key else {}).context["cl"].result_count
    assert numbers == {
        "": 6, "to-approve": 4, "approved": 0, "refused": 1, "iban": 1, "unknown": 2, "not-peppol": 1, "quarantine": 1,
    }  # fmt: skip


@pytest.mark.parametrize("term", ["INV-88", "inv-88213", "Hoste", "hoste en"])
def test_it_is_found_by_number_and_by_supplier(entity, supplier, expense, sign_in, term):
    expense()
    expense(number="other", supplier_vat=factories.vat_number_be(910_001), supplier="Nys")
    assert sign_in("staff").get(reverse(LIST), {"q": term}).context["cl"].result_count == 1


def test_many_are_approved_after_a_page_that_says_what_is_left_out(entity, supplier, expense, sign_in):
    rows = [expense(number="1"), expense(number="2", iban=OTHER_IBAN)]
    client = sign_in("staff")
    sent = {"action": "approve_selected", "_selected_action": [row.pk for row in rows]}
    asked = client.post(reverse(LIST), sent)
    assert (asked.context["ready"], len(asked.context["rows"])) == (1, 2)
    answer = client.post(reverse(LIST), {**sent, "confirmed": "1"}, follow=True)
    assert texts(answer)[0] == "1 expense is approved."
    assert dict(PurchaseDocument.objects.values_list("number", "review")) == {"1": "approved", "2": "pending"}
    # Who only looks has no such action.
    sign_in("accountant").post(reverse(LIST), {**sent, "confirmed": "1"})
    assert PurchaseDocument.objects.get(number="2").is_pending


# --- The review ---


def test_approving_without_the_tick_or_with_the_tick_of_another_account_changes_nothing(
    entity, supplier, expense, sign_in
):
    document = expense(iban=OTHER_IBAN)
    client = sign_in("staff")
    for tick in ({}, {"checked_iban": IBAN}, {"checked_iban": "on"}):
        answer = client.post(page("approve", document.pk), tick, follow=True)
        assert "Check it with the supplier" in texts(answer)[0]
    document.refresh_from_db()
    assert document.is_pending
    client.post(page("approve", document.pk), {"checked_iban": OTHER_IBAN})
    document.refresh_from_db()
    assert document.review == ReviewState.APPROVED
    shown = client.get(page("history", document.pk)).content.decode()
    assert f"New bank account {OTHER_IBAN} checked with the supplier." in shown


def test_accounts_are_chosen_per_line_or_for_all_and_a_wrong_one_stops(entity, supplier, expense, sign_in):
    power = factories.LedgerAccountFactory(entity=entity, code="612100", name="Power", kind=LedgerAccountKind.COST)
    other = factories.LedgerAccountFactory(entity=entity, code="613000", name="Other", kind=LedgerAccountKind.COST)
    document = expense()
    first, second = document.lines.all()
    client = sign_in("staff")
    answer = client.post(page("approve", document.pk), {f"account-{first.pk}": "999 None"}, follow=True)
    assert "no active ledger account" in texts(answer)[0]
    assert PurchaseDocument.objects.get().is_pending
    client.post(page("approve", document.pk), {f"account-{first.pk}": "612100 Power", f"account-{second.pk}": "613000"})
    assert [line.ledger_account for line in document.lines.all()] == [power, other]
    many = expense(number="many", lines=tuple((f"Item {n}", "1.00", "21") for n in range(120)))
    client.post(page("approve", many.pk), {"account-all": "613000 Other"})
    assert set(many.lines.values_list("ledger_account", flat=True)) == {other.pk}


def test_the_review_of_a_long_document_is_bounded(entity, supplier, expense, sign_in, django_assert_max_num_queries):
    document = expense(lines=tuple((f"Item {n}", "1.00", "21") for n in range(1000)))
    client = sign_in("staff")
    client.get(page("change", document.pk))
    with django_assert_max_num_queries(45):
        answer = client.get(page("change", document.pk))
    assert "800 more lines stand in the original file" in answer.content.decode()
    assert len(answer.content) < 400_000


def test_who_may_only_look_sees_no_buttons(entity, expense, sign_in):
    document = expense()
    shown = sign_in("accountant").get(page("change", document.pk)).content.decode()
    assert "INV-88213" in shown
    for word in ("/approve/", "/refuse/", "/supplier/", "/edit/"):
        assert word not in shown


def test_a_quarantined_document_says_why_and_can_only_be_refused(entity, expense, sign_in):
    document = expense(buyer_vat=factories.vat_number_be(910_002))
    client = sign_in("staff")
    shown = client.get(page("change", document.pk)).content.decode()
    assert "Its buyer is none of our entities" in shown
    client.post(page("approve", document.pk))
    document.refresh_from_db()
    assert document.is_pending
    client.post(page("refuse", document.pk), {"reason": "Not ours"})
    document.refresh_from_db()
    assert document.review == ReviewState.REFUSED


# --- After the decision ---


def test_an_approval_is_taken_back_and_lines_are_mended_on_the_page(entity, supplier, expense, sign_in):
    account = factories.LedgerAccountFactory(entity=entity, code="612100", name="Power", kind=LedgerAccountKind.COST)
    document = purchases.approve(document=expense(), by=None)
    client = sign_in("staff")
    shown = client.get(page("change", document.pk)).content.decode()
    assert "Take the approval back" in shown
    assert "Save how to book it" in shown
    first = document.lines.first()
    answer = client.post(page("mend", document.pk), {f"account-{first.pk}": "612100"}, follow=True)
    assert texts(answer) == ["Saved: Line 1: account 612100 Power."]
    first.refresh_from_db()
    assert first.ledger_account == account
    assert texts(client.post(page("mend", document.pk), {f"account-{first.pk}": "999"}, follow=True)) == [
        "There is no active ledger account “999”."
    ]
    assert "Say why" in texts(client.post(page("reopen", document.pk), {}, follow=True))[0]
    client.post(page("reopen", document.pk), {"reason": "Wrong supplier"})
    document.refresh_from_db()
    assert document.is_pending
    assert "Wrong supplier" in client.get(page("change", document.pk)).content.decode()
    for verb in ("mend", "reopen", "lift", "paid"):
        assert sign_in("accountant").post(page(verb, document.pk), {"reason": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("typed", "rate"), [("0.9213", "0.9213"), ("0,9213", "0.9213"), ("1.095", "1.095"), ("1,095", "1.095")]
)
def test_an_exchange_rate_is_typed_with_either_sign(entity, supplier, sign_in, typed, rate):
    data = ubl(buyer_vat=entity.vat_number).replace(b"EUR", b"USD")
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml")).document
    client = sign_in("staff")
    assert "One USD in EUR" in client.get(page("change", document.pk)).content.decode()
    assert (
        "no exchange rate" in texts(client.post(page("approve", document.pk), {"exchange_rate": "x1"}, follow=True))[0]
    )
    client.post(page("approve", document.pk), {"exchange_rate": typed})
    document.refresh_from_db()
    assert (document.review, document.exchange_rate) == ("approved", Decimal(rate))


def test_quarantine_is_lifted_on_the_page(entity, sign_in, expense):
    document = expense(buyer_vat=factories.vat_number_be(987_654))
    client = sign_in("staff")
    shown = client.get(page("change", document.pk)).content.decode()
    assert factories.vat_number_be(987_654) in shown  # whom it is addressed to
    assert texts(client.post(page("lift", document.pk), {"reason": "x"}, follow=True)) == [
        "Choose the entity whose expense it is."
    ]
    client.post(page("lift", document.pk), {"reason": "Our branch", "entity": entity.pk})
    document.refresh_from_db()
    assert (document.entity, document.quarantine) == (entity, "")


def test_a_person_marks_an_expense_as_paid_and_takes_it_back(entity, supplier, expense, sign_in):
    document = purchases.approve(document=expense(), by=None)
    client = sign_in("staff")
    for wrong in ("", "2026-02-31", "soon", "2999-01-01"):
        client.post(page("paid", document.pk), {"paid_on": wrong})
        document.refresh_from_db()
        assert document.payment_state == "open"
    client.post(page("paid", document.pk), {"paid_on": "2026-11-12"})
    document.refresh_from_db()
    assert (document.payment_state, document.paid_amount, str(document.paid_on)) == (
        "paid",
        document.total,
        "2026-11-12",
    )
    client.post(page("paid", document.pk), {"open": "1"})
    document.refresh_from_db()
    assert (document.payment_state, document.paid_amount, document.paid_on) == ("open", 0, None)


# --- Files ---


def test_files_are_downloaded_as_they_came_and_run_nowhere(entity, expense, sign_in):
    data = ubl(buyer_vat=entity.vat_number, pdf=PDF)
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml")).document
    original, pdf = document.files.get(role="original"), document.files.get(role="attachment")
    client = sign_in("accountant")
    answer = client.get(page("file", document.pk, original.pk))
    assert answer.content == data
    assert answer["Content-Disposition"] == 'attachment; filename="a.xml"'
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY")
    assert "sandbox" in answer["Content-Security-Policy"]
    shown = client.get(page("show", document.pk, pdf.pk))
    assert (shown["Content-Type"], shown["X-Frame-Options"]) == ("application/pdf", "SAMEORIGIN")
    assert shown["Content-Disposition"].startswith("inline")
    # The XML is never shown, and a file is not reached by another document.
    assert client.get(page("show", document.pk, original.pk)).status_code == 404
    assert client.get(page("file", expense(number="2").pk, pdf.pk)).status_code == 404
    assert sign_in("nobody").get(page("file", document.pk, pdf.pk)).status_code == 403


def test_the_token_of_an_access_point_is_shown_once(entity, sign_in):
    client = sign_in("boss")
    add = reverse("admin:invoicing_incomingaccess_add")
    answer = client.post(
        add, {"entity": entity.pk, "name": "AP", "active": "on", "signing_secret": "s3cret"}, follow=True
    )
    token = re.search(r"<code>([0-9a-f]{12}\.[\w-]{40,})</code>", answer.content.decode())[1]
    access = entity.incoming_accesses.get()
    assert access.accepts(token.partition(".")[2])
    url = reverse("admin:invoicing_incomingaccess_change", args=[access.pk])
    shown = client.get(url).content.decode()
    assert token not in shown
    assert "s3cret" not in shown
    # Saved without typing the secret again, it stays.
    client.post(url, {"name": "AP 2", "active": "on", "signing_secret": ""})
    access.refresh_from_db()
    assert (access.name, access.signing_secret) == ("AP 2", "s3cret")
    client.post(reverse("admin:invoicing_incomingaccess_renew", args=[access.pk]))
    access.refresh_from_db()
    assert not access.accepts(token.partition(".")[2])


def test_the_page_asks_to_compare_where_rules_are_broken(entity, supplier, sign_in):
    data = ubl(buyer_vat=entity.vat_number).replace(b'currencyID="EUR"', b'currencyID="USD"')
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document
    client = sign_in("staff")
    assert 'name="checked_findings"' in client.get(page("change", document.pk)).content.decode()
    client.post(page("approve", document.pk))
    document.refresh_from_db()
    assert document.is_pending
    client.post(page("approve", document.pk), {"checked_findings": "1"})
    document.refresh_from_db()
    assert document.review == ReviewState.APPROVED


def test_the_page_shows_a_formal_rule_and_asks_nothing(entity, supplier, sign_in):
    data = ubl(buyer_vat=entity.vat_number).replace(b' unitCode="C62"', b"")
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document
    client = sign_in("staff")
    shown = client.get(page("change", document.pk)).content.decode()
    assert 'name="checked_findings"' not in shown
    assert "formal, changes nothing in the booking" in shown
    assert "Totals add up; 2 formal rules are broken, see below" in shown
    client.post(page("approve", document.pk))
    document.refresh_from_db()
    assert document.review == ReviewState.APPROVED


def test_what_is_held_up_is_sent_by_e_mail_from_its_page(entity, expense, supplier, sign_in):
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = "boekhouding@linde.example"
    entity.save()
    document = purchases.approve(document=expense(), by=None)
    connection = connect(entity)
    posting = Posting.objects.create(
        connection=connection, administration=connection.administration, purchase_document=document,
        kind="purchase-invoice", reference="INV #1", state="blocked", reason_code="APP-217",
    )  # fmt: skip
    client = sign_in("staff")
    assert "Send it by e-mail instead" in client.get(page("change", document.pk)).content.decode()
    client.post(page("mail", document.pk), {"instead": "1"})
    posting.refresh_from_db()
    assert (posting.state, document.mailings.get().address) == ("excluded", "boekhouding@linde.example")


@pytest.mark.parametrize("tool", ["yuki", "exact"])
def test_the_page_says_whether_a_file_or_a_booking_goes_there(entity, supplier, expense, sign_in, tool):
    Connection.objects.create(entity=entity, tool=tool, status=ConnectionStatus.CONNECTED, start_date=date(2020, 1, 1))
    text = sign_in("staff").get(page("change", expense().pk)).content.decode()
    assert ("Its file goes to the archive of Yuki" in text) == (tool == "yuki")
    assert ("Goes to Exact Online with the next sync after approval." in text) == (tool == "exact")
