"""The address for access points: who may hand in, once, within which bounds."""

import hashlib
import hmac

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from invoicing.models import IncomingAccess, IncomingFile, PurchaseDocument
from invoicing.services import purchases
from invoicing.services.purchases import waiting
from tests import factories
from tests.purchases.ubl import PDF, ubl

pytestmark = [pytest.mark.django_db]


ENVELOPE = (
    b'<StandardBusinessDocument xmlns="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader">'
    b"<StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion><DocumentIdentification>"
    b"<InstanceIdentifier>env-1</InstanceIdentifier></DocumentIdentification></StandardBusinessDocumentHeader>"
    b"%s</StandardBusinessDocument>"
)


@pytest.fixture(autouse=True)
def _no_counts():
    cache.clear()
    yield
    cache.clear()


def access_for(entity, **fields):
    access = IncomingAccess(entity=entity, name="Access point", **fields)
    access.token = access.renew()
    access.save()
    return access


@pytest.fixture
def access(entity):
    return access_for(entity)


@pytest.fixture
def post(client, access):
    def send(data, token=None, kind="application/xml", **headers):
        token = access.token if token is None else token
        named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        return client.post(
            reverse("peppol_incoming"), data, content_type=kind, HTTP_AUTHORIZATION=f"Bearer {token}", **named
        )

    return send


def test_the_bytes_are_kept_before_the_answer_and_read_after_it(post, entity, access):
    data = ubl(buyer_vat=entity.vat_number)
    answer = post(data, x_message_id="msg-1")
    assert (answer.status_code, answer.json()["code"]) == (202, "queued")
    kept = IncomingFile.objects.get()
    assert (bytes(kept.content), kept.state, kept.message_id, kept.access) == (data, "waiting", "msg-1", access)
    assert not PurchaseDocument.objects.exists()
    access.refresh_from_db()
    assert access.last_used_at is not None
    assert purchases.read_waiting() == 1
    row = PurchaseDocument.objects.get()
    assert (row.message_id, row.access, row.received_by) == ("msg-1", access, "Access point")
    assert not IncomingFile.objects.exists()


def test_a_message_that_comes_twice_is_stored_once_before_and_after_it_is_read(post, entity):
    data = ubl(buyer_vat=entity.vat_number)
    assert [post(data, x_message_id="msg-1").status_code for _ in range(3)] == [202, 200, 200]
    assert post(data, x_message_id="msg-2").status_code == 200
    purchases.read_waiting()
    assert post(data, x_message_id="msg-1").status_code == 200
    assert (PurchaseDocument.objects.count(), IncomingFile.objects.count()) == (1, 0)


def test_another_file_under_the_same_message_id_is_not_swallowed(post, entity):
    assert post(ubl(buyer_vat=entity.vat_number), x_message_id="msg-1").status_code == 202
    other = ubl(buyer_vat=entity.vat_number, number="other")
    for _ in range(2):
        answer = post(other, x_message_id="msg-1")
        assert (answer.status_code, answer.json()["code"]) == (409, "message-id")
        purchases.read_waiting()
    assert post(other, x_message_id="msg-2").status_code == 202


def test_a_task_that_comes_twice_or_after_a_dead_worker_stores_once(post, entity, monkeypatch):
    post(ubl(buyer_vat=entity.vat_number))
    pk = IncomingFile.objects.get().pk

    def dies(**_kwargs):
        raise SystemExit

    monkeypatch.setattr(waiting, "receive", dies)
    with pytest.raises(SystemExit):
        waiting.read_file(pk)
    monkeypatch.undo()
    assert waiting.read_file(pk) is False  # as far as anybody knows, the other one is at it
    monkeypatch.setattr(waiting, "LOST", -waiting.LOST)
    assert [waiting.read_file(pk), waiting.read_file(pk)] == [True, False]
    assert PurchaseDocument.objects.count() == 1


def test_a_worker_that_died_after_storing_leaves_one_document(post, entity):
    data = ubl(buyer_vat=entity.vat_number)
    post(data)
    purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml"))
    assert purchases.read_waiting() == 1
    assert (PurchaseDocument.objects.count(), IncomingFile.objects.count()) == (1, 0)


def test_a_file_that_kills_its_workers_is_given_up_with_a_reason(post, entity):
    post(ubl(buyer_vat=entity.vat_number))
    IncomingFile.objects.update(tries=waiting.TRIES)
    purchases.read_waiting()
    assert IncomingFile.objects.get().reason["code"] == "too-hard"


def test_what_the_queue_lost_is_read_all_the_same(post, entity, monkeypatch):
    queued = []
    monkeypatch.setattr(waiting, "async_task", lambda task, *args, **_named: queued.append((task, *args)))
    post(ubl(buyer_vat=entity.vat_number))
    waiting.queue_waiting()
    assert queued == []  # its own task is about to come
    IncomingFile.objects.update(received_at=timezone.now() - 2 * waiting._GRACE)
    waiting.queue_waiting()
    assert queued == [(waiting.READ_ALL,)]


def test_a_message_named_by_its_envelope_only_is_told_from_another(post, entity):
    for number in "12":
        body = ubl(buyer_vat=entity.vat_number, number=number).split(b"?>", 1)[1]
        assert post(ENVELOPE % body).status_code == 202
    purchases.read_waiting()
    assert PurchaseDocument.objects.get().message_id == "env-1"
    assert IncomingFile.objects.get().reason["code"] == "message-id"


def test_when_the_room_is_full_the_access_point_keeps_it(post, entity, monkeypatch):
    monkeypatch.setattr(waiting, "KEPT_BYTES", 100)
    answer = post(ubl(buyer_vat=entity.vat_number))
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "full", "60")
    assert not IncomingFile.objects.exists()


@pytest.mark.parametrize("token", ["", "x", "x.y", "é.y", "a" * 300 + ".b"])
def test_a_wrong_token_lets_nothing_in(post, entity, token):
    assert post(ubl(buyer_vat=entity.vat_number), token=token).status_code == 401
    assert not PurchaseDocument.objects.exists()


def test_half_a_token_an_old_one_and_one_that_is_off_let_nothing_in(post, entity, access):
    data = ubl(buyer_vat=entity.vat_number)
    public = access.token.partition(".")[0]
    assert post(data, token=f"{public}.wrong").status_code == 401
    old = access.token
    access.renew()
    access.save()
    assert post(data, token=old).status_code == 401
    off = access_for(entity, active=False)
    assert post(data, token=off.token).status_code == 401


def test_a_stranger_who_guesses_is_made_to_wait(post, entity):
    answers = [post(b"x", token="a.b").status_code for _ in range(25)]
    assert answers == [401] * 20 + [429] * 5
    assert post(b"x", token="a.b")["Retry-After"] == "60"
    # Behind a proxy the stranger may have the same address as the access point.
    assert post(ubl(buyer_vat=entity.vat_number)).status_code == 202


def test_an_access_point_has_a_number_of_documents_a_minute(post, entity, settings):
    settings.BOEKBRUG_PEPPOL_PER_MINUTE = 3
    assert [post(b"<x/>").status_code for _ in range(5)] == [202, 200, 200, 429, 429]


def test_a_document_of_another_entity_is_kept_apart(post, access):
    other = factories.EntityFactory()
    assert post(ubl(buyer_vat=other.vat_number)).status_code == 202
    purchases.read_waiting()
    row = PurchaseDocument.objects.get()
    assert (row.entity, row.quarantine) == (None, "other_entity")


def test_what_was_kept_apart_at_another_door_is_not_lost_for_whom_it_is(post, access):
    other = factories.EntityFactory()
    data = ubl(buyer_vat=other.vat_number)
    post(data)
    purchases.read_waiting()
    assert post(data).status_code == 200
    assert PurchaseDocument.objects.get().quarantine == "other_entity"
    assert post(data, token=access_for(other).token).status_code == 202
    purchases.read_waiting()
    row = PurchaseDocument.objects.get()
    assert (row.entity, row.quarantine, row.review) == (other, "", "pending")
    assert IncomingFile.objects.count() == 0


def test_a_body_without_a_length_is_asked_for_one(post, entity):
    answer = post(ubl(buyer_vat=entity.vat_number), transfer_encoding="chunked")
    assert (answer.status_code, answer.json()["code"]) == (411, "length")


def test_what_another_received_is_not_told(post, client):
    other = factories.EntityFactory()
    data = ubl(buyer_vat=other.vat_number, number="SECRET-1")
    assert post(data, token=access_for(other).token).status_code == 202
    assert (answer := post(data)).status_code == 503
    assert answer["Retry-After"] == "60"
    purchases.read_waiting()
    answer = post(data)
    assert (answer.status_code, answer.json()["text"]) == (200, "Received before.")


def test_a_signature_is_asked_where_there_is_a_secret(post, entity):
    signed = access_for(entity, signing_secret="s3cret")
    data = ubl(buyer_vat=entity.vat_number)
    right = hmac.new(b"s3cret", data, hashlib.sha256).hexdigest()
    assert post(data, token=signed.token).status_code == 401
    assert post(data, token=signed.token, x_signature=f"sha256={'0' * 64}").status_code == 401
    assert not IncomingFile.objects.exists()
    assert post(data, token=signed.token, x_signature=f"sha256={right}").status_code == 202


def test_more_than_the_bound_is_refused_with_and_without_an_honest_length(post, entity, settings, client, access):
    settings.BOEKBRUG_PEPPOL_MAX_MB = 1
    data = ubl(buyer_vat=entity.vat_number, note="x" * (1024 * 1024))
    assert post(data).status_code == 413
    assert not IncomingFile.objects.exists()

    from django.test import RequestFactory

    from invoicing.endpoint import incoming

    request = RequestFactory().post(
        reverse("peppol_incoming"), data, content_type="application/xml", HTTP_AUTHORIZATION=f"Bearer {access.token}"
    )
    del request.META["CONTENT_LENGTH"]
    assert incoming(request).status_code == 413


def test_a_document_up_to_the_bound_is_taken(post, entity):
    """Django itself refuses larger forms than this; a document is no form."""
    data = ubl(buyer_vat=entity.vat_number, note="x" * (6 * 1024 * 1024))
    assert post(data).status_code == 202
    purchases.read_waiting()
    assert PurchaseDocument.objects.count() == 1


@pytest.mark.parametrize("data", [b"{}", PDF, b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"])
def test_what_is_no_document_is_kept_with_the_reason(post, data):
    assert post(data).status_code == 202
    purchases.read_waiting()
    kept = IncomingFile.objects.get()
    assert (kept.state, bytes(kept.content)) == ("refused", data)
    assert len(purchases.reason_words(kept)) > 20
    assert "root:" not in purchases.reason_words(kept)
    assert not PurchaseDocument.objects.exists()
    assert post(data).status_code == 200


def test_an_empty_body_is_refused_at_once(post):
    assert post(b"").status_code == 422
    assert not IncomingFile.objects.exists()


def test_packed_bodies_other_types_and_other_verbs_are_refused(post, client):
    assert post(b"\x1f\x8b", content_encoding="gzip").status_code == 415
    assert post(b"a=b", kind="application/x-www-form-urlencoded").status_code == 415
    assert post(b"<x/>", x_message_id="a b").status_code == 400
    assert client.get(reverse("peppol_incoming")).status_code == 405
