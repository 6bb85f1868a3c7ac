"""PDF and e-invoice beside each booking, in every tool that takes them: once, the right ones, and in no booking's way."""

import hashlib

import pytest
from django.utils import timezone

from integrations.base.provider import Capability
from integrations.models import Administration
from integrations.octopus.provider import OctopusProvider
from integrations.registry import get_tool
from integrations.yuki.provider import YukiProvider
from invoicing.models import DocumentFile
from invoicing.services import issuing
from tests import bridge, factories, workers

from . import world

pytestmark = pytest.mark.django_db(transaction=True)

AFTER, WITH = Capability.ATTACHMENTS_AFTER_BOOKING, Capability.ATTACHMENTS_WITH_BOOKING
# Those that take files together with a booking.
PROVIDERS = {"octopus": OctopusProvider, "yuki": YukiProvider}
# What a call that carries a file is known by, where it is not the call that books.
CARRIES = {"exact": {"method": "POST", "path": "DocumentAttachments"}}


@pytest.fixture
def connection(box, profile, db):
    """Connected, and attaching as a new connection does."""
    entity = world.entity_of(profile)
    if profile.country == "BE":
        entity.peppol_id, entity.vat_number = "0208:0765432146", "BE0765432146"
        entity.save()
    return world.connect(box, entity, attach_files=True)


@pytest.fixture
def taken(profile) -> None:
    """Only tools that take files."""
    if not {AFTER, WITH} & get_tool(profile.key).capabilities:
        pytest.skip("this tool takes no files beside a booking")


def wanted(profile, *documents) -> dict[str, list[tuple[str, str]]]:
    """What has to lie beside these documents: the PDF, and the e-invoice where a tool takes more than one file."""
    return {
        document.number: sorted(
            (file.name, hashlib.sha256(file.content).hexdigest())
            for file in issuing.files_of(document)
            if profile.key != "yuki" or file.media_type == issuing.PDF
        )
        for document in documents
    }


def booked(connection, profile, count: int = 2):
    party = factories.CompanyFactory(country=profile.country)
    return [factories.booked_invoice(entity=connection.entity, day=profile.day, party=party) for _ in range(count)]


@pytest.mark.usefixtures("taken")
def test_files_lie_there_once_with_the_right_bytes(connection, profile, box):
    made = booked(connection, profile)
    made.append(factories.booked_credit_note(entity=connection.entity, day=profile.day, party=made[0].party))
    run = bridge.sync(connection)
    assert run.state == "succeeded"
    world.assert_books(box, made)
    assert box.files() == wanted(profile, *made)
    assert run.counters["attachments"]["attached"] == 3
    assert all(bridge.posting(one).attached_at is not None for one in made)
    since, entries = box.last_request(), box.entries()
    bridge.sync(connection)
    assert (box.files(), box.entries()) == (wanted(profile, *made), entries)
    assert len(box.requests(since)) <= 8


def test_a_tool_that_takes_no_files_gets_none(connection, profile, box):
    if {AFTER, WITH} & get_tool(profile.key).capabilities:
        pytest.skip("this tool takes files")
    made = booked(connection, profile)
    run = bridge.sync(connection)
    world.assert_books(box, made)
    assert "attachments" not in run.counters
    assert [(bridge.posting(one).attached_at, bridge.posting(one).notes) for one in made] == [(None, [])] * 2
    assert not any("PDF" in row.get("body", "") for row in box.requests())


@pytest.mark.usefixtures("taken")
def test_a_refused_file_is_said_on_its_document_and_harms_no_booking(connection, profile, box):
    goes, refused = booked(connection, profile)
    # Above the bound of each tool, so nothing is even tried.
    large = b"%PDF-" + b"x" * (get_tool(profile.key).limits.attachment_bytes + 1)
    DocumentFile.objects.create(document=refused, name="plan.pdf", content=large)
    run = bridge.sync(connection)
    world.assert_books(box, [goes, refused])
    assert run.state == "succeeded"
    assert bridge.posting(goes).notes == []
    [note] = bridge.posting(refused).notes
    assert note["code"] == "SYS-708"
    assert "plan.pdf" in note["params"]["text"]
    assert run.counters["attachments"]["refused"] == 1
    since = box.last_request()
    bridge.sync(connection)
    assert len(box.requests(since)) <= 8


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_lost_answer_neither_doubles_nor_loses_a_file(connection, profile, box, kind):
    known = booked(connection, profile)
    bridge.sync(connection)
    more = booked(connection, profile)
    box.fault(kind, **CARRIES.get(profile.key, profile.writes), times=1)
    for _ in range(3):
        bridge.sync(connection)
    world.assert_books(box, [*known, *more])
    assert box.files() == wanted(profile, *known, *more)
    assert all(bridge.posting(one).attached_at is not None for one in more)


class WorkerDies(BaseException):
    """Nothing catches it, like the end of a process."""


@pytest.mark.usefixtures("taken")
def test_a_file_that_stays_here_is_said_although_the_worker_dies_behind_the_booking(
    connection, profile, box, monkeypatch
):
    """Whoever finds the booking later knows what went along by what was committed before it was made."""
    tool = get_tool(profile.key)
    if profile.key not in PROVIDERS:
        pytest.skip("here files follow the booking")
    [one] = booked(connection, profile, count=1)
    large = b"%PDF-" + b"x" * (tool.limits.attachment_bytes + 1)
    DocumentFile.objects.create(document=one, name="plan.pdf", content=large)
    provider = PROVIDERS[profile.key]
    post = provider.post_documents

    def posted_and_dead(self, batch):
        post(self, batch)
        raise WorkerDies

    with monkeypatch.context() as patched:
        patched.setattr(provider, "post_documents", posted_and_dead)
        with pytest.raises(WorkerDies):
            bridge.sync(connection)
    Administration.objects.filter(pk=connection.administration_id).update(lease_until=timezone.now())
    workers.finish(connection)
    world.assert_books(box, [one])
    [note] = bridge.posting(one).notes
    assert note["code"] == "SYS-708"
    assert "plan.pdf" in note["params"]["text"]
    assert box.files() == wanted(profile, one)
