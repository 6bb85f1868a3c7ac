"""Files of booked documents on their pages: PDF, e-invoice, both of many as a ZIP, and the hand-over to Peppol."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from invoicing import services
from invoicing.admin import period
from invoicing.models import DeliveryState, PeppolDelivery, SalesDocument
from invoicing.peppol.access import FileOutbox, Message, NotTaken
from invoicing.peppol.document import Identifier
from invoicing.peppol.reading import Reading, read
from tests import factories

pytestmark = pytest.mark.django_db


def url(document: SalesDocument, verb: str) -> str:
    kind = "creditnote" if document.is_credit_note else "invoice"
    return reverse(f"admin:invoicing_{kind}_{verb}", args=[document.pk])


@pytest.fixture
def sender():
    return factories.EntityFactory(
        peppol_id="0208:0765432146", enterprise_number="0765432146", vat_number="BE0765432146"
    )


@pytest.fixture
def invoice(sender):
    return factories.booked_invoice(entity=sender, lines=[factories.line("99.99", discount="10"), factories.line(code="6")], discounts=["2.5"])  # fmt: skip


@pytest.fixture
def outbox(tmp_path, settings) -> Path:
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = str(tmp_path / "outbox")
    return tmp_path / "outbox"


def test_the_pdf_is_a_file_to_keep(invoice, sign_in):
    answer = sign_in("accountant").get(url(invoice, "pdf"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="invoice-2026-0001.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(b"%PDF-")
    assert sign_in("accountant").get(url(invoice, "pdf")).content == answer.content


def test_the_e_invoice_says_what_was_booked(invoice, sign_in):
    answer = sign_in("accountant").get(url(invoice, "einvoice"))
    assert answer["Content-Type"] == "application/xml"
    reading = read(answer.content)
    assert isinstance(reading, Reading)
    document = reading.document
    assert (document.number, document.totals.net, document.totals.total) == (
        invoice.number,
        invoice.net_total,
        invoice.total,
    )
    assert document.payment_reference == invoice.structured_communication
    (attachment,) = document.attachments
    assert attachment.content == services.pdf_of(invoice).content


def test_without_an_e_invoice_the_reasons_are_said_and_the_pdf_stays(sender, sign_in):
    invoice = factories.booked_invoice(entity=sender, party=factories.ContactFactory())
    client = sign_in("staff")
    page = client.get(url(invoice, "change")).content.decode()
    assert "has no Peppol ID, and no number from which it follows" in page
    assert url(invoice, "pdf") in page
    assert url(invoice, "einvoice") not in page
    answer = client.get(url(invoice, "einvoice"), follow=True)
    assert "has no Peppol ID, and no number from which it follows" in answer.content.decode()
    assert client.get(url(invoice, "pdf")).content.startswith(b"%PDF-")


def test_a_peppol_id_that_came_later_is_used_for_delivery_alone(sender, sign_in):
    invoice = factories.booked_invoice(entity=sender, party=factories.ContactFactory())
    invoice.party.peppol_id = "0088:5412345000013"
    invoice.party.name = "Someone else"
    invoice.party.save()
    reading = read(sign_in("staff").get(url(invoice, "einvoice")).content)
    assert isinstance(reading, Reading)
    assert str(reading.document.buyer.endpoint) == "0088:5412345000013"
    assert reading.document.buyer.called == invoice.buyer_name


def test_what_a_booked_document_says_stays_when_its_rate_and_term_change(sender):
    rate = factories.vat_rate("CM").rate
    type(rate).objects.filter(pk=rate.pk).update(
        category="E", exemption_code="VATEX-EU-132", legal_note="Exempt, article 44"
    )
    rate.refresh_from_db()
    term = factories.PaymentTermFactory(name="Thirty days")
    invoice = factories.booked_invoice(
        entity=sender, party=factories.PartyFactory(payment_term=term), lines=[factories.line(code="CM")]
    )
    before = services.files_of(invoice)
    assert b"VATEX-EU-132" in before[1].content
    assert b"Thirty days" in before[1].content
    rate.category, rate.exemption_code, rate.legal_note = "S", "", "Other words"
    rate.save()
    term.name, term.direct_debit = "Sixty days", True
    term.save()
    after = services.files_of(SalesDocument.objects.get(pk=invoice.pk))
    assert [file.content for file in after] == [file.content for file in before]


def test_a_document_booked_before_its_rates_were_kept_says_what_stands_there_today(invoice):
    record = services.issuing.issued(invoice)
    kept = {k: v for k, v in invoice.seller_snapshot.items() if k not in ("rates", "term", "is_direct_debit")}
    invoice.seller_snapshot = kept
    assert services.issuing.issued(invoice) == record


def test_a_draft_has_no_files(sign_in):
    draft = factories.draft_invoice()
    for verb in ("pdf", "einvoice"):
        answer = sign_in("staff").get(url(draft, verb))
        assert answer.status_code == 302
        assert answer["Location"] == url(draft, "change")
    with pytest.raises(services.NotPossible):
        services.pdf_of(draft)


def test_files_cost_the_same_queries_however_many_lines(sender, django_assert_num_queries):
    small = factories.booked_invoice(entity=sender)
    large = factories.booked_invoice(entity=sender, lines=[factories.line(code=c) for c in ("21", "6") * 20])
    for document in (small, large):
        with django_assert_num_queries(5):
            services.files_of(SalesDocument.objects.get(pk=document.pk))


# --- many as one ZIP ---


def zip_of(client, documents, **more):
    data = {"action": "download_zip", "_selected_action": [document.pk for document in documents], **more}
    return client.post(reverse("admin:invoicing_invoice_changelist"), data)


def test_many_as_one_zip(invoice, sender, sign_in):
    person = factories.booked_invoice(entity=sender, party=factories.ContactFactory())
    elsewhere = factories.booked_invoice()
    draft = factories.draft_invoice()
    answer = zip_of(sign_in("accountant"), [invoice, person, elsewhere, draft])
    assert answer.streaming
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names)) == 6
        own = [name for name in names if name.endswith("invoice-2026-0001.xml")]
        assert len(own) == 2  # one of each entity
        assert archive.read(own[0].replace(".xml", ".pdf")).startswith(b"%PDF-")
        missing = archive.read("missing.txt").decode()
    assert person.number in missing
    assert missing.count("\n") == 1


def test_a_zip_of_drafts_or_of_too_many_is_refused_in_words(sign_in, invoice, monkeypatch):
    client = sign_in("staff")
    answer = zip_of(client, [factories.draft_invoice()])
    assert answer.status_code == 302
    monkeypatch.setattr("invoicing.admin.downloads.MANY_AT_ONCE", 1)
    answer = zip_of(client, [invoice, factories.booked_invoice()])
    assert answer.status_code == 302
    words = client.get(reverse("admin:invoicing_invoice_changelist")).content.decode()
    assert "Select at most 1 documents at once" in words
    assert "drafts have no files yet" in words


def period_of(client, first, last, **more):
    return client.post(reverse("admin:invoicing_invoice_period"), {"first": first, "last": last, **more})


def test_the_files_of_a_period_are_those_booked_in_it_of_both_kinds(sender, invoice, sign_in):
    other = factories.booked_invoice(day=invoice.date)
    credit = factories.booked_credit_note(entity=sender, day=invoice.date)
    before = factories.booked_invoice(entity=sender, day=invoice.date - timedelta(days=1))
    factories.draft_invoice(entity=sender, day=invoice.date)
    client, day = sign_in("accountant"), invoice.date.isoformat()
    assert (
        reverse("admin:invoicing_invoice_period")
        in client.get(reverse("admin:invoicing_creditnote_changelist")).content.decode()
    )

    answer = period_of(client, day, day)
    names = zipfile.ZipFile(io.BytesIO(answer.getvalue())).namelist()
    assert names[0] == "documents.csv"
    assert sum(name.endswith(".pdf") for name in names) == 3

    archive = zipfile.ZipFile(io.BytesIO(period_of(client, day, day, entity=sender.pk).getvalue()))
    pdf = [name for name in archive.namelist() if name.endswith(".pdf")]
    assert {name.rpartition("/")[2] for name in pdf} == {
        f"{services.issuing.file_stem(document)}.pdf" for document in (invoice, credit)
    }
    listed = archive.read("documents.csv").decode("utf-8-sig")
    assert (invoice.number in listed, credit.number in listed) == (True, True)
    assert other.buyer_name not in listed
    assert before.buyer_name not in listed
    assert LogEntry.objects.filter(change_message__contains="as ZIP").count() == 2


def test_a_period_of_any_number_is_taken_along(sender, sign_in, monkeypatch):
    """More than a selection may hold; only a bound of its own ends it, in words."""
    made = [factories.booked_invoice(entity=sender) for _ in range(3)]
    monkeypatch.setattr("invoicing.admin.downloads.MANY_AT_ONCE", 2)
    client, day = sign_in("staff"), made[0].date.isoformat()
    names = zipfile.ZipFile(io.BytesIO(period_of(client, day, day).getvalue())).namelist()
    assert sum(name.endswith(".xml") for name in names) == 3
    monkeypatch.setattr("invoicing.admin.period.MOST", 2)
    assert "choose a shorter period" in period_of(client, day, day).content.decode()
    assert "Nothing was booked in that period" in period_of(client, "2001-01-01", "2001-01-31").content.decode()
    assert "ends before it begins" in period_of(client, "2001-02-01", "2001-01-31").content.decode()


def test_only_a_few_archives_are_made_at_once(sender, sign_in):
    """Each keeps a thread of the web server; the place is free again when the answer ends or breaks off."""
    made = factories.booked_invoice(entity=sender)
    client, day = sign_in("staff"), made.date.isoformat()
    running = [period_of(client, day, day) for _ in range(period.AT_ONCE)]
    refused = period_of(client, day, day)
    assert "Others are downloading the files of a period right now." in refused.content.decode()
    broken_off, whole = running
    next(iter(broken_off))
    broken_off._iterator.close()  # as the server closes it, without the test client's end of the database connection
    assert zipfile.ZipFile(io.BytesIO(whole.getvalue())).testzip() is None
    for _ in range(period.AT_ONCE + 1):
        assert zipfile.ZipFile(io.BytesIO(period_of(client, day, day).getvalue())).testzip() is None


# --- handing over ---


def test_handing_over_writes_the_file_once(invoice, outbox, sign_in):
    client = sign_in("staff")
    assert url(invoice, "hand_over") in client.get(url(invoice, "change")).content.decode()
    answer = client.post(url(invoice, "hand_over"), follow=True)
    assert "is handed over to Peppol" in answer.content.decode()
    (file,) = outbox.glob("*.xml")
    assert file.name == f"invoice-2026-0001-{invoice.pk}.xml"
    delivery = PeppolDelivery.objects.get(document=invoice)
    assert (delivery.state, bytes(delivery.content)) == (DeliveryState.SENT, file.read_bytes())
    assert delivery.handed_over_by == "staff"
    assert LogEntry.objects.filter(object_id=str(invoice.pk), change_message__contains="Peppol").count() == 1
    file.unlink()
    page = client.get(url(invoice, "change")).content.decode()
    assert url(invoice, "hand_over") not in page
    client.post(url(invoice, "hand_over"))
    assert list(outbox.glob("*.xml")) == []


def test_only_who_works_on_documents_hands_over(invoice, outbox, sign_in):
    assert url(invoice, "hand_over") not in sign_in("accountant").get(url(invoice, "change")).content.decode()
    assert sign_in("accountant").post(url(invoice, "hand_over")).status_code == 403
    assert not PeppolDelivery.objects.exists()


def test_what_may_not_be_handed_over_says_why(sender, outbox):
    assert services.reasons_against(factories.booked_invoice()) != ()  # no Peppol ID of the entity
    dutch = factories.PartyFactory(country="NL", vat_number="NL004495445B01", enterprise_number="87654321")
    (reason,) = services.reasons_against(factories.booked_invoice(entity=sender, party=dutch))
    assert "is no Belgian company" in reason
    with pytest.raises(services.NotPossible):
        services.hand_over(document=factories.draft_invoice(entity=sender), by=None)
    assert not outbox.exists()


def test_a_customer_that_is_not_on_the_network_gets_the_pdf(invoice, outbox, sign_in):
    """Without a list nobody knows; with one, who is not on it is not sent to."""
    client = sign_in("staff")
    assert "is not known here" in client.get(url(invoice, "change")).content.decode()
    outbox.mkdir()
    (outbox / "registered.txt").write_text("# all receivers\n0208:0403019261\n")
    page = client.get(url(invoice, "change")).content.decode()
    assert url(invoice, "hand_over") not in page
    assert f"{invoice.buyer_name} is not registered on Peppol as 0208:" in page
    with pytest.raises(services.NotPossible, match="Send the PDF by e-mail"):
        services.hand_over(document=invoice, by=None)
    assert list(outbox.glob("*.xml")) == []

    number = invoice.buyer_snapshot["vat_number"][2:]
    (outbox / "registered.txt").write_text(f"0208:0403019261\niso6523-actorid-upis::0208:{number} # since May\n")
    assert "The customer is registered on Peppol." in client.get(url(invoice, "change")).content.decode()
    assert services.hand_over(document=invoice, by=None).state == DeliveryState.SENT


@pytest.mark.parametrize(
    ("lines", "registered"),
    [(None, None), ("", None), ("# nobody yet\n", None), ("9925:be0765432146\n", True), ("9925:BE0403019261\n", False)],
)
def test_a_folder_knows_only_whom_its_list_names(tmp_path, lines, registered):
    if lines is not None:
        (tmp_path / "registered.txt").write_text(lines)
    assert FileOutbox(tmp_path).is_registered(Identifier(scheme="9925", value="BE0765432146")) is registered


def test_without_an_access_point_nothing_is_offered(invoice, sign_in):
    assert url(invoice, "hand_over") not in sign_in("staff").get(url(invoice, "change")).content.decode()
    with pytest.raises(services.NotPossible, match="no Peppol access point"):
        services.hand_over(document=invoice, by=None)


def test_a_failure_is_kept_and_tried_again(invoice, outbox):
    outbox.write_text("a file where the folder should be")
    delivery = services.hand_over(document=invoice, by=None)
    assert delivery.state == DeliveryState.SENDING_FAILED
    assert delivery.error
    outbox.unlink()
    again = services.hand_over(document=invoice, by=None)
    assert (again.pk, again.state, again.error) == (delivery.pk, DeliveryState.SENT, "")
    (file,) = outbox.glob("*.xml")
    assert file.read_bytes() == bytes(delivery.content)


def test_after_a_failure_a_corrected_peppol_id_is_used(invoice, outbox):
    invoice.party.peppol_id = "0088:5412345000013"
    invoice.party.save()
    outbox.write_text("a file where the folder should be")
    services.hand_over(document=invoice, by=None)
    outbox.unlink()
    invoice.party.peppol_id = "0088:5412345000020"
    invoice.party.save()
    again = services.hand_over(document=SalesDocument.objects.get(pk=invoice.pk), by=None)
    (file,) = outbox.glob("*.xml")
    assert b"5412345000020" in file.read_bytes()
    assert b"5412345000013" not in file.read_bytes()
    assert (again.state, again.receiver) == (DeliveryState.SENT, "0088:5412345000020")
    assert bytes(again.content) == file.read_bytes()


def test_what_was_fetched_before_the_answer_was_kept_never_leaves_twice(invoice, outbox, monkeypatch):
    """The worker dies after the file appeared, and the access point takes it away."""
    kept = FileOutbox.send

    def dies(self, message):
        kept(self, message)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FileOutbox, "send", dies)
        with pytest.raises(KeyboardInterrupt):
            services.hand_over(document=invoice, by=None)
    (file,) = outbox.glob("*.xml")
    file.unlink()
    PeppolDelivery.objects.update(changed_at=timezone.now() - timedelta(minutes=10))
    with pytest.raises(services.NotPossible, match="Look at your access point"):
        services.hand_over(document=invoice, by=None)
    assert services.hand_over(document=invoice, by=None, looked=True).state == DeliveryState.SENT
    assert list(outbox.glob("*.xml")) == []


def test_one_that_broke_off_waits_before_it_is_offered_again(invoice, outbox, monkeypatch, sign_in):
    def broken(self, message):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(FileOutbox, "send", broken)
        with pytest.raises(KeyboardInterrupt):
            services.hand_over(document=invoice, by=None)
    with pytest.raises(services.NotPossible, match="being handed over"):
        services.hand_over(document=invoice, by=None)
    PeppolDelivery.objects.update(changed_at=timezone.now() - timedelta(minutes=10))
    client = sign_in("staff")
    assert "Nothing says that it left" in client.get(url(invoice, "change")).content.decode()
    client.post(url(invoice, "hand_over"))
    assert PeppolDelivery.objects.get().state == DeliveryState.SENDING
    client.post(url(invoice, "hand_over"), {"looked": "on"})
    assert PeppolDelivery.objects.get().state == DeliveryState.SENT


def test_the_outbox_takes_the_same_once_and_nothing_else_under_its_name(tmp_path):
    box = FileOutbox(tmp_path / "deep" / "outbox")
    ends = {"sender": Identifier(scheme="0208", value="1"), "receiver": Identifier(scheme="0208", value="2")}
    threads = [threading.Thread(target=box.send, args=(Message(key="../a b", xml=b"<a/>", **ends),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [file.name for file in (tmp_path / "deep" / "outbox").glob("*.xml")] == ["a-b.xml"]
    assert box.send(Message(key="../a b", xml=b"<a/>", **ends)) == "a-b.xml"
    with pytest.raises(NotTaken):
        box.send(Message(key="../a b", xml=b"<b/>", **ends))
    assert (tmp_path / "deep" / "outbox" / "a-b.xml").read_bytes() == b"<a/>"
