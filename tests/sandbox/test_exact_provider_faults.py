"""Reading calls under every fault: each status is one of our errors, and nothing is repeated but a 401."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Unreachable,
)
from integrations.base.records import CatalogueKind
from tests.sandbox.exact_box import ExactBox, party

JOURNALS = frozenset({CatalogueKind.JOURNALS})
REFUSAL = {"error": {"code": "", "message": {"lang": "", "value": "Ongeldig: iets"}}}


@pytest.fixture
def box():
    with ExactBox() as box:
        yield box


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "drop_before"}, Unreachable),
        ({"kind": "drop_after"}, Unreachable),
        ({"kind": "truncate"}, Unreachable),
        ({"kind": "garbage"}, Unreachable),
        ({"kind": "rate_minute"}, RateLimited),
        ({"kind": "rate_day"}, RateLimited),
        ({"kind": "status", "status": 429}, RateLimited),
        ({"kind": "status", "status": 400, "body": REFUSAL}, Rejected),
        ({"kind": "status", "status": 403}, AccessDenied),
        ({"kind": "status", "status": 403, "headers": {"Reason": "BlockedCustomer"}}, AdministrationGone),
        ({"kind": "status", "status": 404}, Rejected),
        ({"kind": "status", "status": 405}, ProtocolSurprise),
        ({"kind": "status", "status": 500, "body": REFUSAL}, Rejected),
        ({"kind": "status", "status": 500}, Unreachable),
        ({"kind": "status", "status": 501}, ProtocolSurprise),
        ({"kind": "status", "status": 502}, Unreachable),
        ({"kind": "status", "status": 503}, Unreachable),
        ({"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere.example/"}}, ProtocolSurprise),
    ],
)
def test_every_status_of_a_reading_call(box, fault, error):
    box.fault(path="Journals", **fault)
    with pytest.raises(error):
        box.provider.catalogue(JOURNALS)
    assert len(box.gate.records) == 1
    assert len(box.provider.catalogue(JOURNALS).journals) == 11  # and the next call works again


def test_a_slow_answer(box):
    box.fault("delay", path="Journals", seconds=1.0)
    with pytest.raises(Unreachable):
        box.open(seconds=0.3).catalogue(JOURNALS)


def test_an_expired_token_is_replaced_once(box):
    box.fault("expired_token", path="Journals")
    assert len(box.provider.catalogue(JOURNALS).journals) == 11
    assert len(box.tokens.rejected) == 1


def test_a_token_that_is_refused_twice_is_lost(box):
    box.fault("expired_token", path="Journals", times=2)
    with pytest.raises(AuthorisationLost) as lost:
        box.provider.catalogue(JOURNALS)
    assert (lost.value.code, len(box.gate.records)) == ("AUT-401", 2)


def test_a_token_source_that_has_no_other_token_is_not_asked_again(box):
    box.tokens.reject = lambda token: None
    box.fault("expired_token", path="Journals")
    with pytest.raises(AuthorisationLost):
        box.provider.catalogue(JOURNALS)
    assert len(box.gate.records) == 1


@pytest.mark.parametrize(
    ("kind", "scope", "longest"),
    [("rate_minute", "minute", timedelta(minutes=1)), ("rate_day", "day", timedelta(days=1))],
)
def test_a_limit_says_until_when(box, kind, scope, longest):
    box.fault(kind, path="Journals")
    with pytest.raises(RateLimited) as limited:
        box.provider.catalogue(JOURNALS)
    now = datetime.now(UTC)
    assert limited.value.scope == scope
    assert now < limited.value.until <= now + longest + timedelta(seconds=2)


def test_the_real_minute_limit_is_met_with_the_limit_as_stated(box):
    box.switch(limits=True, minute_limit=2)
    wanted = frozenset({CatalogueKind.JOURNALS, CatalogueKind.VAT_CODES, CatalogueKind.FISCAL_PERIODS})
    box.provider.catalogue(JOURNALS)
    with pytest.raises(RateLimited) as limited:
        box.provider.catalogue(wanted | {CatalogueKind.CURRENCIES, CatalogueKind.PAYMENT_TERMS})
    assert (limited.value.scope, limited.value.limit) == ("minute", 2)


def test_a_next_page_elsewhere_is_not_followed(box):
    page = {"d": {"results": [], "__next": "https://elsewhere.example/api/v1/1/financial/Journals?$skiptoken=1"}}
    box.fault("status", path="Journals", status=200, body=page)
    with pytest.raises(ProtocolSurprise):
        box.provider.catalogue(JOURNALS)
    assert len(box.gate.records) == 1


def test_a_next_page_that_leads_to_itself_ends(box):
    page = {"d": {"results": [], "__next": f"{box.url}/api/v1/3120451/financial/Journals?$skiptoken=1"}}
    box.fault("status", path="Journals", status=200, body=page, times=9)
    with pytest.raises(ProtocolSurprise):
        box.provider.catalogue(JOURNALS)
    assert len(box.gate.records) == 2


def test_a_block_for_too_many_errors_is_waited_out(box):
    """429 with both counters far from their end: how the block of an endpoint looks is not documented."""
    box.switch(error_budget_limit=1)
    box.control("rights", user="demo", resource="crm/Accounts", actions=["PUT"], allowed=False)
    with pytest.raises(AccessDenied):
        box.provider.save_parties([party(external_id="00000000-0000-4000-8000-000000000001")])
    with pytest.raises(RateLimited) as limited:
        box.provider.save_parties([party()])
    assert limited.value.scope == "minute"


def test_operations_are_endpoints_so_that_errors_can_be_counted_per_endpoint(box):
    box.provider.catalogue(frozenset(CatalogueKind))
    box.provider.find_party(party())
    operations = {record.operation for record in box.gate.records}
    assert {"financial/Journals", "crm/Accounts", "users/UserHasRights"} <= operations
    assert not [name for name in operations if "(" in name or "?" in name or name[0].isdigit()]


def test_the_token_is_in_no_record(box):
    box.provider.catalogue(JOURNALS)
    (record,) = box.gate.records
    assert box.tokens.token not in repr(record) + record.request_body + record.answer_body + record.url
