"""Many documents at once: offered again, or kept out of the sync; numbers first, each decided by itself."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from integrations.models import Posting, PostingState
from invoicing.admin import sending
from tests import factories

from .conftest import post

INVOICES = reverse("admin:invoicing_invoice_changelist")


@pytest.fixture
def held(world):
    """A refused invoice beside the blocked one of the world, and one that is being sent."""
    rows = [factories.line(account=world.account)]
    made = {}
    for name, state in (("refused", PostingState.REFUSED), ("sending", PostingState.SENDING)):
        document = factories.booked_invoice(entity=world.entity, party=world.company, lines=rows)
        made[name] = post(document, world.connection, state, reason_code="LED-603" if name == "refused" else "")
    return made


def choose(client, action, *documents, **fields):
    data = {"action": action, "_selected_action": [document.pk for document in documents], **fields}
    return client.post(INVOICES, data)


def messages(client):
    return [str(message) for message in client.get(INVOICES).context["messages"]]


def states():
    return dict(Posting.objects.values_list("reference", "state"))


def test_retrying_shows_the_numbers_first_and_then_offers_them_again(world, held, sign_in):
    client = sign_in("staff")
    chosen = (world.blocked, held["refused"].sales_document, held["sending"].sales_document, world.booked, world.draft)
    before = states()
    asked = choose(client, "retry_selected", *chosen)
    page = asked.content.decode()
    assert "2 documents are offered to the books again with the next sync." in page
    assert "3 selected documents are left out: their state does not allow it." in page
    assert [str(posting) for posting in asked.context["postings"]] == [world.blocked.number, held["refused"].reference]
    assert states() == before

    done = choose(client, "retry_selected", *chosen, confirmed="1")
    assert done.status_code == 302
    assert messages(client) == ["2 documents are offered again with the next sync."]
    waiting = {world.blocked.number: "waiting", held["refused"].reference: "waiting"}
    assert states() == {**before, **waiting}
    logged = LogEntry.objects.filter(user__username="staff", change_message__contains="Retry")
    documents = logged.filter(content_type__app_label="invoicing").values_list("object_id", flat=True)
    assert set(documents) == {str(world.blocked.pk), str(held["refused"].sales_document_id)}


def test_excluding_asks_for_a_reason_and_keeps_it(world, held, sign_in):
    client = sign_in("staff")
    refused = held["refused"]
    before = states()
    assert "required" in choose(client, "exclude_selected", refused.sales_document).content.decode()
    again = choose(client, "exclude_selected", refused.sales_document, confirmed="1", reason="  ").content.decode()
    assert "Give a reason." in again
    assert states() == before
    choose(client, "exclude_selected", refused.sales_document, confirmed="1", reason="Booked by hand")
    assert messages(client) == ["1 document is excluded from the sync."]
    refused.refresh_from_db()
    assert (refused.state, refused.reason_params, refused.excluded_by) == (
        "excluded",
        {"reason": "Booked by hand"},
        "staff",
    )
    assert states() == {**before, refused.reference: "excluded"}


def test_one_that_changed_meanwhile_stops_no_other(world, held, sign_in, monkeypatch):
    client = sign_in("staff")
    real = sending.bridge.retry

    def taken(*, posting, user):
        if posting.reference == held["refused"].reference:
            Posting.objects.filter(pk=posting.pk).update(state=PostingState.SENDING)
        real(posting=posting, user=user)

    monkeypatch.setattr(sending.bridge, "retry", taken)
    choose(client, "retry_selected", held["refused"].sales_document, world.blocked, confirmed="1")
    said = messages(client)
    assert said[-1] == "1 document is offered again with the next sync."
    assert said[0].startswith(f"{held['refused'].reference}: ")
    assert states()[held["refused"].reference] == "sending"
    assert states()[world.blocked.number] == "waiting"


def test_nothing_that_fits_is_said(world, sign_in):
    client = sign_in("staff")
    assert choose(client, "retry_selected", world.booked, world.draft).status_code == 302
    assert messages(client) == ["None of the selected documents waits for this."]


def test_too_many_at_once_are_refused_whole(world, held, sign_in, monkeypatch):
    monkeypatch.setattr(sending, "MANY_AT_ONCE", 1)
    client = sign_in("staff")
    before = states()
    choose(client, "retry_selected", world.blocked, held["refused"].sales_document, confirmed="1")
    assert messages(client) == ["Select at most 1 documents at once."]
    assert states() == before


@pytest.mark.parametrize("action", ["retry_selected", "exclude_selected"])
def test_who_may_only_look_is_offered_neither(action, world, held, sign_in):
    client = sign_in("accountant")
    assert action not in client.get(INVOICES).content.decode()
    before = states()
    choose(client, action, world.blocked, confirmed="1", reason="x")
    assert states() == before
    assert action in sign_in("staff").get(INVOICES).content.decode()
