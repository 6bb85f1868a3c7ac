"""PDF and e-invoice beside each booking: made when they are sent, switched per connection, never in a booking's way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import services
from integrations.exact.provider import ExactProvider
from integrations.models import Administration, Posting, SyncRun
from integrations.sync.steps import files
from invoicing.services import issuing
from tests import bridge, factories

from .test_runs import attach, documents_there, writes


@pytest.fixture
def attaching(connection):
    connection.entity.peppol_id = "0208:0765432146"
    connection.entity.vat_number = "BE0765432146"
    connection.entity.save()
    services.save_settings(connection=connection, user=None, attach_files=True)
    connection.refresh_from_db()
    return connection


def names(box):
    return sorted(file["name"] for document in documents_there(box) for file in document["files"])


def test_pdf_and_e_invoice_go_beside_the_booking_once(box, attaching):
    document = factories.booked_invoice(entity=attaching.entity)
    bridge.sync(attaching)
    stem = issuing.file_stem(document)
    assert names(box) == [f"{stem}.pdf", f"{stem}.xml"]
    assert bridge.posting(document).attached_at is not None
    assert not document.files.exists()
    since = box.last_request()
    bridge.sync(attaching)
    assert writes(box, since) == []


def test_a_file_of_ones_own_goes_along(box, attaching):
    document = factories.booked_invoice(entity=attaching.entity)
    attach(document, name="terms.pdf")
    bridge.sync(attaching)
    stem = issuing.file_stem(document)
    assert names(box) == [f"{stem}.pdf", f"{stem}.xml", "terms.pdf"]


def test_without_an_e_invoice_the_pdf_goes_alone(box, attaching):
    document = factories.booked_invoice(entity=attaching.entity, party=factories.ContactFactory())
    bridge.sync(attaching)
    assert names(box) == [f"{issuing.file_stem(document)}.pdf"]


def test_switched_off_nothing_goes_and_switching_on_looks_forward_only(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    assert connection.attach_since is None
    bridge.sync(connection)
    services.save_settings(connection=connection, user=None, attach_files=True)
    connection.refresh_from_db()
    bridge.sync(connection)
    assert documents_there(box) == []
    assert bridge.posting(document).attached_at is None
    since = connection.attach_since
    services.save_settings(connection=connection, user=None, attach_files=True)
    connection.refresh_from_db()
    assert connection.attach_since == since
    services.save_settings(connection=connection, user=None, attach_files=False)
    connection.refresh_from_db()
    assert connection.attach_since is None


def test_a_new_connection_attaches(db):
    started = services.start_connection(entity=factories.EntityFactory(), tool="exact", site="be", user=None)
    assert started.attach_since is not None
    assert timezone.now() - started.attach_since < timedelta(minutes=1)


def test_files_that_cannot_be_made_hold_up_nothing(box, attaching, monkeypatch):
    def broken(document):
        raise ZeroDivisionError

    monkeypatch.setattr(files.issuing, "files_of", broken)
    document = factories.booked_invoice(entity=attaching.entity)
    run = bridge.sync(attaching)
    posting = bridge.posting(document)
    assert (run.state, posting.state) == ("succeeded", "posted")
    assert [note["code"] for note in posting.notes] == ["SYS-708"]
    assert documents_there(box) == []
    assert not Posting.objects.filter(attached_at=None).exists()


def booked(attaching, count):
    return [factories.booked_invoice(entity=attaching.entity) for _ in range(count)]


def test_a_minutes_limit_postpones_and_every_file_goes_in_the_same_run(box, attaching):
    documents = booked(attaching, 3)
    box.fault("rate_minute", path="DocumentAttachments", skip=3)
    run = services.start_sync(attaching)
    waits = 0
    while not run.is_finished:
        waits += run.not_before is not None
        SyncRun.objects.filter(pk=run.pk).update(not_before=None)
        Administration.objects.update(counters={})
        bridge.work_off_once(run)
        run.refresh_from_db()
    assert (run.state, waits) == ("succeeded", 1)
    assert len(names(box)) == 6
    assert all(bridge.posting(one).attached_at is not None for one in documents)


def test_the_last_calls_of_a_day_are_left_to_bookings(box, attaching):
    documents = booked(attaching, 6)
    box.call("limits", {"vendor": "exact", "clear": True})
    box.switch(limits=True, minute_limit=10_000, day_limit=45)
    run = bridge.sync(attaching)
    attaching.refresh_from_db()
    files_then = run.counters["attachments"]
    assert {bridge.posting(one).state for one in documents} == {"posted"}
    assert (files_then["attached"] > 0, files_then["left"] > 0) == (True, True)
    assert len(names(box)) == 2 * files_then["attached"]
    assert attaching.follow_up_at > timezone.now()
    box.switch(limits=False)
    bridge.sync(attaching)
    assert len(names(box)) == 12


def test_a_tool_that_takes_no_files_is_not_asked_for_each(box, attaching):
    """Ten refusals an hour and Exact Online closes the endpoint, for bookings too."""
    documents = booked(attaching, 5)
    box.fault("status", method="POST", path="documents/Documents$", status=403, body="", times=100)
    run = bridge.sync(attaching)
    assert (run.state, run.counters["attachments"]["refused"], run.counters["attachments"]["left"]) == (
        "succeeded",
        3,
        2,
    )
    noted = [bool(bridge.posting(one).notes) for one in documents]
    assert noted == [True] * 3 + [False] * 2
    box.call("faults", method="DELETE")
    bridge.sync(attaching)
    assert len(names(box)) == 4


def test_files_are_made_as_late_as_they_are_sent(attaching, monkeypatch):
    """A page of bookings with large files would fill the memory."""
    monkeypatch.setattr(files, "TOGETHER", 2)
    booked(attaching, 3)
    at_once = []
    attach = ExactProvider.attach
    monkeypatch.setattr(ExactProvider, "attach", lambda self, batch: at_once.append(len(batch)) or attach(self, batch))
    bridge.sync(attaching)
    assert at_once == [2, 1]


def test_a_person_has_refused_files_tried_again(box, attaching):
    document = factories.booked_invoice(entity=attaching.entity)
    box.fault("status", method="POST", path="documents/Documents$", status=403, body="")
    bridge.sync(attaching)
    posting = bridge.posting(document)
    assert services.may_attach_again(posting)
    services.attach_again(posting=posting, user=factories.UserFactory())
    bridge.sync(attaching)
    assert len(names(box)) == 2
    posting.refresh_from_db()
    assert (posting.notes, posting.state) == ([], "posted")
    with pytest.raises(services.PostingError):
        services.attach_again(posting=posting, user=None)
