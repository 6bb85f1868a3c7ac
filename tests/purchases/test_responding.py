"""What a supplier is told of its e-invoice: receipt at once, a decision after a while, each once, and never back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from invoicing.errors import NotPossible
from invoicing.models import SupplierResponse, SupplierResponseState
from invoicing.peppol.access import FileOutbox, NotTaken
from invoicing.peppol.reading.responses import Response, read_response
from invoicing.services import purchases
from invoicing.services.purchases import responding
from tests import factories
from tests.peppol.answers import MESSAGE_RESPONSE, answer
from tests.purchases.ubl import OTHER_IBAN, SUPPLIER, ubl

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OURS = "0208:0765432146"


@pytest.fixture
def entity(entity, settings):
    settings.BOEKBRUG_PEPPOL_RESPONSE_MINUTES = 60
    entity.peppol_id, entity.answers_suppliers = OURS, True
    entity.save()
    return entity


@pytest.fixture
def outbox(tmp_path, settings) -> Path:
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = str(tmp_path / "outbox")
    return tmp_path / "outbox"


@pytest.fixture(autouse=True)
def _known(supplier, outbox):
    """The supplier is known, and there is an access point."""


def left(outbox) -> list[Response]:
    found = [
        read_response(path.read_bytes()) for path in sorted(outbox.glob("*.xml"), key=lambda p: p.stat().st_mtime_ns)
    ]
    assert all(isinstance(one, Response) for one in found), found
    return found


def codes(outbox) -> list[str]:
    return [one.code for one in left(outbox)]


def time_passes(minutes: int = 61) -> None:
    """What waits waited for so long already."""
    for row in SupplierResponse.objects.all():
        moved = {"not_before": row.not_before - timedelta(minutes=minutes), "changed_at": row.changed_at - timedelta(minutes=minutes)}  # fmt: skip
        SupplierResponse.objects.filter(pk=row.pk).update(**moved)


def states() -> dict[str, str]:
    return dict(SupplierResponse.objects.values_list("code", "state"))


def test_receipt_is_told_at_once_and_the_approval_when_it_settled(expense, outbox):
    document = expense()
    assert purchases.send_due() == 1
    (told,) = left(outbox)
    assert (told.code, told.document, str(told.sender), str(told.receiver)) == (
        "AB", "INV-88213", OURS, f"0208:{SUPPLIER[2:]}",
    )  # fmt: skip
    purchases.approve(document=document, by=factories.UserFactory(username="lotte"))
    assert purchases.send_due() == 0
    time_passes()
    assert (purchases.send_due(), codes(outbox)) == (1, ["AB", "AP"])
    row = SupplierResponse.objects.get(code="AP")
    assert (row.state, row.by, bytes(row.content)) == (
        SupplierResponseState.SENT, "lotte", (outbox / f"{row.number}.xml").read_bytes(),
    )  # fmt: skip
    assert LogEntry.objects.filter(object_id=str(document.pk), change_message__contains="told through Peppol").count() == 2  # fmt: skip
    time_passes()
    assert purchases.send_due() == 0
    assert codes(outbox) == ["AB", "AP"]


def test_a_refusal_is_told_with_its_reason(expense, outbox):
    document = expense()
    purchases.refuse(document=document, reason="The price is not the one we agreed on", by=None, told_as="PRI")
    time_passes()
    purchases.send_due()
    told = left(outbox)[-1]
    assert told.code == "RE"
    assert [(reason.list_id, reason.code, reason.text) for reason in told.reasons] == [
        ("OPStatusReason", "PRI", "The price is not the one we agreed on")
    ]


def test_a_refusal_that_the_person_keeps_to_themselves_is_not_told(expense, outbox):
    purchases.refuse(document=expense(), reason="Paid by the other company", by=None, tells=False)
    time_passes()
    purchases.send_due()
    assert codes(outbox) == ["AB"]
    with pytest.raises(NotPossible, match="Choose what the supplier is told"):
        purchases.refuse(document=expense(number="2"), reason="x", by=None, told_as="XYZ")


def test_a_decision_taken_back_in_time_is_never_told(expense, outbox):
    document = expense()
    purchases.approve(document=document, by=None)
    purchases.reopen(document=document, by=None, reason="Wrong account")
    time_passes()
    purchases.send_due()
    purchases.refuse(document=document, reason="Not ours", by=None)
    time_passes()
    purchases.send_due()
    assert codes(outbox) == ["AB", "RE"]
    assert states() == {"AB": "sent", "AP": "withdrawn", "RE": "sent"}


@pytest.mark.parametrize("first", ["approve", "refuse"])
def test_a_decision_that_was_told_is_not_told_otherwise(expense, outbox, first):
    """The network knows no way back: the person who takes it back tells the supplier."""
    document = expense()
    if first == "approve":
        purchases.approve(document=document, by=None)
    else:
        purchases.refuse(document=document, reason="Not ours", by=None)
    time_passes()
    purchases.send_due()
    told = codes(outbox)
    with pytest.raises(NotPossible, match="you tell them"):
        purchases.reopen(document=document, by=None, reason="A mistake")
    document.refresh_from_db()
    assert not document.is_pending
    purchases.reopen(document=document, by=None, reason="A mistake", tells_the_supplier=True)
    document.refresh_from_db()
    if first == "approve":
        purchases.refuse(document=document, reason="Not ours", by=None)
    else:
        purchases.approve(document=document, by=None)
    document.refresh_from_db()
    assert purchases.is_told_otherwise(document)
    time_passes()
    assert purchases.send_due() == 0
    assert codes(outbox) == told


def test_the_same_decision_once_more_is_not_told_twice(expense, outbox):
    document = expense()
    purchases.approve(document=document, by=None)
    time_passes()
    purchases.send_due()
    purchases.reopen(document=document, by=None, reason="Account", tells_the_supplier=True)
    purchases.approve(document=document, by=None)
    time_passes()
    assert purchases.send_due() == 0
    document.refresh_from_db()
    assert not purchases.is_told_otherwise(document)


# --- whether it is told ---


def test_nobody_is_told_unless_the_entity_wants_it(entity, expense, outbox):
    entity.answers_suppliers = False
    entity.save()
    document = expense()
    purchases.approve(document=document, by=None)
    assert not SupplierResponse.objects.exists()


def test_a_supplier_that_demands_an_answer_gets_it(entity, receive, outbox):
    entity.answers_suppliers = False
    entity.save()
    data = ubl(buyer_vat=entity.vat_number).replace(
        b"urn:fdc:peppol.eu:2017:poacc:billing:01:1.0", b"urn:peppol:bis:billing_with_response"
    )
    document = receive(data).document
    assert purchases.demands_response(document)
    purchases.send_due()
    assert codes(outbox) == ["AB"]
    assert b"urn:peppol:bis:billing_with_response" in next(outbox.glob("*.xml")).read_bytes()


def test_without_an_access_point_or_an_address_the_page_says_so(entity, expense, settings):
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = ""
    document = expense()
    assert "no Peppol access point" in purchases.why_untold(document)
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = "/nowhere"
    assert purchases.why_untold(document) == ""
    entity.peppol_id = ""
    entity.save()
    document.refresh_from_db()
    assert "has no Peppol ID" in purchases.why_untold(document)
    assert not SupplierResponse.objects.exists()


def test_an_address_that_the_network_knows_no_more_gets_no_answer(entity, receive, outbox):
    data = ubl(buyer_vat=entity.vat_number).replace(b'schemeID="0208">' + SUPPLIER[2:].encode(), b'schemeID="9956">' + SUPPLIER[2:].encode(), 1)  # fmt: skip
    document = receive(data).document
    assert "to which Peppol address" in purchases.why_untold(document)
    assert not SupplierResponse.objects.exists()


def test_an_address_by_vat_number_is_written_in_capitals(expense, outbox):
    document = expense(supplier_vat="NL123456782B90")
    document.supplier_snapshot.pop("address")
    document.save()
    purchases.send_due()
    assert str(left(outbox)[0].receiver) == "9944:NL123456782B90"


def test_a_second_file_of_one_number_says_nothing_about_that_number(expense, outbox):
    """Refusing the copy must not tell the supplier that the document itself is refused."""
    expense()
    copy = expense(note="again")
    assert copy.copy_number == 1
    assert "came before" in purchases.why_untold(copy)
    purchases.refuse(document=copy, reason="Received twice", by=None)
    time_passes()
    purchases.send_due()
    assert codes(outbox) == ["AB"]


def test_what_is_in_quarantine_is_answered_only_once_it_is_ours(entity, receive, outbox):
    document = receive(ubl(buyer_vat=factories.vat_number_be(900_777))).document
    assert document.quarantine
    assert not SupplierResponse.objects.exists()
    purchases.lift_quarantine(document=document, entity=entity, reason="Our old number", by=None)
    purchases.send_due()
    assert codes(outbox) == ["AB"]


def test_what_was_typed_or_is_a_pdf_is_not_answered(entity, outbox):
    from tests.purchases.test_review import typed
    from tests.purchases.ubl import PDF

    made = purchases.save_typed(typed=typed(entity), by=None, file=("bon.pdf", PDF))
    purchases.approve(document=made, by=None)
    assert not SupplierResponse.objects.exists()


def test_an_entity_that_wants_it_no_more_tells_nothing_more(entity, expense, outbox):
    purchases.approve(document=expense(), by=None)
    entity.answers_suppliers = False
    entity.save()
    time_passes()
    assert purchases.send_due() == 0
    assert states() == {"AB": "withdrawn", "AP": "withdrawn"}


# --- an access point that fails ---


@pytest.fixture
def refusing(monkeypatch):
    """An access point that takes nothing."""

    def send(self, message):
        raise NotTaken("The disk is full")

    monkeypatch.setattr(FileOutbox, "send", send)
    return monkeypatch


def test_what_surely_failed_is_tried_again_with_the_same_message(expense, outbox, refusing):
    expense()
    assert purchases.send_due() == 0
    row = SupplierResponse.objects.get()
    assert (row.state, row.attempts, row.error) == (SupplierResponseState.WAITING, 1, "The disk is full")
    assert row.not_before > timezone.now()
    refused = bytes(row.content)
    refusing.undo()
    time_passes(2)
    assert purchases.send_due() == 1
    row.refresh_from_db()
    assert (row.state, row.error, bytes(row.content)) == (SupplierResponseState.SENT, "", refused)


def test_after_many_tries_a_person_is_asked(expense, outbox, refusing):
    document = expense()
    for _attempt in range(len(responding._WAITS) + 1):
        purchases.send_due()
        time_passes(60 * 24)
    row = SupplierResponse.objects.get()
    assert row.state == SupplierResponseState.FAILED
    assert purchases.send_due() == 0
    refusing.undo()
    purchases.send_again(document=document, pk=row.pk, by=None)
    assert purchases.send_due() == 1
    with pytest.raises(NotPossible, match="told already"):
        purchases.send_again(document=document, pk=row.pk, by=None)


def test_what_broke_off_is_not_sent_again_before_a_person_looked(expense, outbox, monkeypatch):
    document = expense()

    class Dies(BaseException):
        """As when the worker is killed."""

    def send(self, message):
        raise Dies

    with monkeypatch.context() as patch:
        patch.setattr(FileOutbox, "send", send)
        with pytest.raises(Dies):
            purchases.send_due()
    row = SupplierResponse.objects.get()
    assert row.state == SupplierResponseState.SENDING
    assert purchases.send_due() == 0
    with pytest.raises(NotPossible, match="on its way"):
        purchases.send_again(document=document, pk=row.pk, by=None, looked=True)
    time_passes(6)
    row.refresh_from_db()
    assert row.is_unclear
    with pytest.raises(NotPossible, match="Look at your access point"):
        purchases.send_again(document=document, pk=row.pk, by=None)
    assert purchases.send_due() == 0
    purchases.send_again(document=document, pk=row.pk, by=None, looked=True)
    assert (purchases.send_due(), codes(outbox)) == (1, ["AB"])


@pytest.mark.parametrize("by", ["number", "message_id"])
def test_an_answer_that_the_network_turns_down_is_said_and_sent_anew(expense, outbox, by):
    document = expense()
    purchases.send_due()
    row = SupplierResponse.objects.get()
    network = {"kind": MESSAGE_RESPONSE, "document": getattr(row, by), "sender": "0242:000001", "receiver": OURS}
    found = purchases.take_in(data=answer(**network, code="AP"), delivery=purchases.Delivery())
    row.refresh_from_db()
    assert (found.document, row.state) == (document, SupplierResponseState.SENT)
    refused = answer(**network, code="RE", description="Nobody takes it there")
    for _time in range(2):
        purchases.take_in(data=refused, delivery=purchases.Delivery())
    row.refresh_from_db()
    assert (row.state, row.error) == (
        SupplierResponseState.FAILED, "The network turned it down: Nobody takes it there",
    )  # fmt: skip
    assert LogEntry.objects.filter(change_message__contains="turned it down").count() == 1
    purchases.send_again(document=document, pk=row.pk, by=None)
    assert (purchases.send_due(), codes(outbox)) == (1, ["AB", "AB"])
    assert len({one.number for one in left(outbox)}) == 2


def test_a_task_that_comes_twice_tells_once(expense, outbox):
    expense()
    row = SupplierResponse.objects.get()
    assert responding.send_response(row.pk)
    next(outbox.glob("*.xml")).unlink()
    assert not responding.send_response(row.pk)
    assert list(outbox.glob("*.xml")) == []


def test_a_receipt_that_did_not_leave_says_nothing_after_the_approval(expense, outbox, refusing):
    document = expense()
    purchases.send_due()
    purchases.approve(document=document, by=None)
    SupplierResponse.objects.filter(code="AB").update(not_before=timezone.now() + timedelta(hours=2))
    refusing.undo()
    SupplierResponse.objects.filter(code="AP").update(not_before=timezone.now())
    assert purchases.send_due() == 1
    time_passes(60 * 3)
    assert purchases.send_due() == 0
    assert codes(outbox) == ["AP"]
    assert states() == {"AB": "withdrawn", "AP": "sent"}


def test_the_dispatcher_queues_what_is_due_only_where_it_can_leave(expense, settings, monkeypatch):
    queued = []
    monkeypatch.setattr(responding, "async_task", lambda *args, **kwargs: queued.append(args))
    purchases.queue_due()
    assert queued == []
    expense()
    purchases.queue_due()
    assert queued == [(responding.SEND_DUE,)]
    settings.BOEKBRUG_PEPPOL_OUTBOX_DIR = ""
    purchases.queue_due()
    assert len(queued) == 1


def test_an_account_to_check_stops_the_answer_with_the_approval(expense, outbox):
    document = expense(iban=OTHER_IBAN)
    with pytest.raises(purchases.ApprovalRefused):
        purchases.approve(document=document, by=None)
    time_passes()
    purchases.send_due()
    assert codes(outbox) == ["AB"]
