"""A whole sync with Twinfield: which calls it costs, and that what is not asked for again is not missed."""

import re
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from integrations import services
from integrations.base.errors import RateLimited
from integrations.models import Posting, VatCode
from integrations.sandbox.server import Sandbox
from invoicing.models import SalesDocument
from tests import bridge, factories
from tests.bench.sync_calls import FIXED, least, mirror_calls
from tests.contract import world
from tests.contract.profiles import PROFILES

pytestmark = pytest.mark.django_db(transaction=True)

TWINFIELD = next(profile for profile in PROFILES if profile.key == "twinfield")
MANY = [f"Q{n:02}" for n in range(40)]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(port=0, books=["twinfield"]) as sandbox:
        yield sandbox


@pytest.fixture
def box(sandbox, settings):
    sandbox.reset(["twinfield"])
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 5
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20
    return world.tool_box(TWINFIELD, sandbox.base_url, settings)


@pytest.fixture
def connection(box):
    return world.connect(box)


def invoice(connection, code="21", **fields):
    [pk] = factories.booked_documents(
        connection.entity,
        [
            factories.Plan(
                party=fields.pop("party", None) or factories.CompanyFactory(country="NL"),
                day=TWINFIELD.day,
                lines=[factories.line("100.00", code=code, country="NL")],
            )
        ],
    )
    return SalesDocument.objects.get(pk=pk)


def touch_vat(box, code, like="", **values):
    box.verb("touch", table="vatcodes", code=code, like=like, values=values)


def read_codes(box, since):
    """The VAT codes that were read one by one."""
    bodies = [row["body"] for row in box.requests(since)]
    return [code for body in bodies for code in re.findall(r"<type>vat</type>.*?<code>(.*?)</code>", body)]


def make_older(connection, *, lists=0, details=0):
    """As if the lists, and the details of VAT codes, had been read that many days earlier."""
    administration = connection.administration
    administration.refresh_from_db()
    for kind, at in administration.refreshed_at.items():
        administration.refreshed_at[kind] = (datetime.fromisoformat(at) - timedelta(days=lists)).isoformat()
    administration.save(update_fields=["refreshed_at"])
    for code in VatCode.objects.exclude(details_at=None):
        VatCode.objects.filter(pk=code.pk).update(details_at=code.details_at - timedelta(days=details))


def sync(connection, box):
    since = box.last_request()
    run = bridge.sync(connection)
    return run, since


def test_a_first_sync_of_an_office_with_forty_vat_codes_keeps_to_its_calls(box):
    for code in MANY:
        touch_vat(box, code, like="VN")
    for number in range(4):
        box.verb("touch", table="daybooks", code=f"VR{number}", like="VRK", values={"name": "Verkoop"})
    connection = world.connect(box)
    for number in range(30):
        invoice(connection, code=("21", "0", "VERL", "CM", "VCMD", "EX")[number % 6])
    run, since = sync(connection, box)
    assert run.state == "succeeded", (run.counters, run.error_code)
    assert read_codes(box, since) == []
    assert len(box.requests(since)) - mirror_calls(run) <= least("twinfield", 30, 30) + FIXED
    world.assert_books(box, list(connection.entity.sales_documents.all()))


def test_supplies_inside_the_eu_are_known_without_asking(connection, box):
    documents = [invoice(connection, "CM"), invoice(connection, "VCMD")]
    _, since = sync(connection, box)
    world.assert_books(box, documents)  # refused without the kind of supply
    sent = "".join(row["body"] for row in box.requests(since))
    assert re.findall(r"<performancetype>(\w+)", sent) == ["goods", "services"]
    assert read_codes(box, since) == []


def test_what_the_mirror_does_not_know_yet_is_asked_for(connection, box):
    VatCode.objects.update(supply="", details_at=None)
    document = invoice(connection, "CM")
    _, since = sync(connection, box)
    world.assert_books(box, [document])
    assert read_codes(box, since) == ["ICP"]


def test_linked_codes_are_looked_at_again_a_few_at_a_time(connection, box):
    for code in MANY:
        touch_vat(box, code, like="VN")
    services.load_lists(connection=connection)
    make_older(connection, lists=8, details=8)
    linked = set(connection.vat_links.values_list("vat_code__code", flat=True))
    assert linked >= set(TWINFIELD.vat_codes.values())
    left = len(linked)
    assert left > 5
    read = set()
    while left > 0:
        _, since = sync(connection, box)
        codes = read_codes(box, since)
        assert len(codes) == min(left, 5)
        read.update(codes)
        left -= 5
        make_older(connection, lists=8 if left > 0 else 0)
    assert read == linked
    _, since = sync(connection, box)
    assert "finder" not in "".join(row["path"] for row in box.requests(since))


def test_changes_of_a_linked_code_are_seen_within_the_week(connection, box):
    touch_vat(box, "VL", percentages=[["2001-01-01", "9"], ["2026-01-01", "12"]])
    make_older(connection, lists=8, details=8)
    VatCode.objects.filter(code="VL").update(details_at=VatCode.objects.get(code="VL").details_at - timedelta(days=1))
    sync(connection, box)
    assert VatCode.objects.get(code="VL").percentage == Decimal("12.000")


def test_new_and_renamed_codes_are_read_at_the_next_list(connection, box):
    touch_vat(box, "VX", like="VN", description="Nieuw nultarief")
    touch_vat(box, "IH", description="Btw hoog vanaf nu", percentages=[["2001-01-01", "24"]])
    make_older(connection, lists=8)
    _, since = sync(connection, box)
    assert sorted(read_codes(box, since)) == ["IH", "VX"]
    assert VatCode.objects.get(code="IH").percentage == Decimal("24.000")
    assert VatCode.objects.get(code="VX").name == "Nieuw nultarief"


def test_a_code_that_is_switched_off_holds_documents_up(connection, box):
    touch_vat(box, "VL", active=False)
    make_older(connection, lists=8)
    document = invoice(connection, "9")
    sync(connection, box)
    posting = Posting.objects.get(sales_document=document)
    assert (posting.state, posting.reason_code) == ("blocked", "APP-103")
    assert box.entries().keys() & {document.number} == set()


def test_before_the_next_list_twinfield_itself_refuses_it(connection, box):
    touch_vat(box, "VL", active=False)
    document = invoice(connection, "9")
    sync(connection, box)
    assert Posting.objects.get(sales_document=document).state == "refused"
    assert document.number not in box.entries()


def test_a_person_reads_all_of_them(connection, box):
    touch_vat(box, "EXP", percentages=[["2001-01-01", "3"]])
    since = box.last_request()
    services.load_lists(connection=connection)
    assert len(read_codes(box, since)) == VatCode.objects.filter(active=True).count()
    assert VatCode.objects.get(code="EXP").percentage == Decimal("3.000")


def test_forty_codes_are_read_over_some_minutes(connection, box):
    """25 credits a minute are fewer than there are codes; each attempt goes on where the one before stopped."""
    for code in MANY:
        touch_vat(box, code, like="VN")
    box.switch(limits=True)
    since, attempts = box.last_request(), 0
    while True:
        box.verb("limits", clear=True)
        attempts += 1
        assert attempts < 6
        try:
            services.load_lists(connection=connection)
            break
        except RateLimited:
            assert VatCode.objects.filter(active=True).count() >= 17
            box.call("clock", {"advance_seconds": 61})
    assert VatCode.objects.filter(code__in=MANY, active=True).count() == 40
    asked = Counter(read_codes(box, since))
    assert max(asked.values()) <= 2  # the one that met the limit
    assert len(asked) == 57
