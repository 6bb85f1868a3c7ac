"""What Exact Online's answers hold, and which of our errors a status is."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    OutcomeUnknown,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Unreachable,
)
from integrations.base.http import Answer
from integrations.exact.answers import Unreadable, entity_of, error_for, page_of, rows_of
from integrations.exact.cursors import Cursor, known_until
from integrations.exact.rights import RIGHTS, first_boolean, right_of

NOW = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC)
SALES = "salesentry/SalesEntries"


def answer(status=200, body=b"", **headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body, ms=1.0)


def refusal(text):
    return {"error": {"code": "", "message": {"lang": "", "value": text}}}


ROW = {"ID": "x"}


@pytest.mark.parametrize(
    ("body", "rows", "link"),
    [
        ({"d": {"results": [ROW], "__next": "https://x/next"}}, (ROW,), "https://x/next"),
        ({"d": {"results": [], "__count": "0"}}, (), ""),
        ({"d": [ROW, ROW]}, (ROW, ROW), ""),
        ({"d": ROW}, (ROW,), ""),
    ],
)
def test_every_shape_of_a_list(body, rows, link):
    found = page_of(answer(body=body))
    assert (found.rows, found.next_link) == (rows, link)


@pytest.mark.parametrize("body", [{"d": ROW}, {"d": {"results": [ROW]}}, {"d": [ROW]}])
def test_every_shape_of_a_single_object(body):
    assert entity_of(answer(body=body)) == ROW


@pytest.mark.parametrize(
    "body", [b"", b'{"d":{"results":[', b"<feed/>", b"\xff\xfe", b"null", b"[]", {"e": 1}, {"d": None}, {"d": ["x"]}]
)
def test_anything_else_cannot_be_read(body):
    with pytest.raises(Unreadable):
        page_of(answer(body=body))


def test_amounts_never_become_binary_floats():
    (row,) = page_of(answer(body=b'{"d":[{"AmountFC":0.30}]}')).rows
    assert row["AmountFC"] == "0.30"


def test_expanded_lines():
    assert rows_of({"results": [ROW]}) == (ROW,)
    assert rows_of([ROW]) == (ROW,)
    assert rows_of({"__deferred": {"uri": "https://x"}}) is None
    assert rows_of(None) is None


def error(found, *, is_write=False, operation=SALES):
    method = "POST" if is_write else "GET"
    return error_for(found, operation=operation, method=method, is_write=is_write, now=NOW)


@pytest.mark.parametrize(
    ("status", "body", "read", "write"),
    [
        (400, b"", Rejected, Rejected),
        (400, refusal("Error processing request stream."), Rejected, Rejected),
        (401, b"", AuthorisationLost, AuthorisationLost),
        (403, b"", AccessDenied, AccessDenied),
        (404, b"", Rejected, Rejected),
        (405, b"", ProtocolSurprise, ProtocolSurprise),
        (408, b"", Unreachable, OutcomeUnknown),
        (409, b"", Rejected, Rejected),
        (429, b"", RateLimited, RateLimited),
        (500, refusal("Gegeven bestaat reeds."), Rejected, Rejected),
        (500, refusal(""), Unreachable, OutcomeUnknown),
        (500, b"", Unreachable, OutcomeUnknown),
        (500, b"<html>oops</html>", Unreachable, OutcomeUnknown),
        (500, b'{"error":{"code":"","mess', Unreachable, OutcomeUnknown),
        (501, b"", ProtocolSurprise, ProtocolSurprise),
        (502, refusal("Bad gateway"), Unreachable, OutcomeUnknown),
        (503, b"", Unreachable, OutcomeUnknown),
        (504, b"", Unreachable, OutcomeUnknown),
    ],
)
def test_every_status_is_one_of_our_errors(status, body, read, write):
    assert type(error(answer(status, body))) is read
    assert type(error(answer(status, body), is_write=True)) is write


def test_a_business_refusal_keeps_its_own_words():
    found = error(answer(500, refusal("Ongeldig: Btw&#45;nummer\r\nVerplicht: Naam")), operation="crm/Accounts")
    assert (found.code, found.status) == ("PAR-642", 500)
    assert found.vendor_text == str(found) == "Ongeldig: Btw-nummer; Verplicht: Naam"


def test_an_unknown_refusal_stays_visible():
    found = error(answer(500, refusal("Iets heel anders")), is_write=True)
    assert (found.code, found.vendor_text) == ("ALL-999", "Iets heel anders")


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        ("BlockedUser", AuthorisationLost, "AUT-405"),
        ("InactiveUser", AuthorisationLost, "AUT-405"),
        ("BlockedCustomer", AdministrationGone, "AUT-415"),
        ("LicenseExpired", AdministrationGone, "AUT-415"),
        ("DivisionBlocked: the division is blocked", AdministrationGone, "AUT-415"),
        ("NoDivisionAccess", AdministrationGone, "AUT-404"),
        ("SomethingNew", AccessDenied, "AUT-403"),
    ],
)
def test_reasons_of_a_403(reason, kind, code):
    found = error(answer(403, b"", Reason=reason))
    assert (type(found), found.code) == (kind, code)
    assert found.vendor_code == reason.split(":")[0]


def test_a_403_names_the_right_that_is_missing():
    found = error(answer(403, refusal("Forbidden")), is_write=True)
    assert found.params["right"] == "enter, modify and delete sales entries"
    assert "cause" not in found.params


def test_a_missing_scope_is_the_apps_matter_not_the_users():
    text = "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope."
    found = error(answer(403, refusal(text)), operation="system/Divisions")
    assert (type(found), found.code, found.params["cause"]) == (AccessDenied, "AUT-403", "scope")
    assert found.vendor_text == text


def test_a_429_says_until_when():
    ends = int((NOW + timedelta(seconds=20)).timestamp() * 1000)
    found = error(answer(429, b"", X_RateLimit_Minutely_Remaining="0", X_RateLimit_Minutely_Reset=str(ends)))
    assert (found.scope, found.until) == ("minute", NOW + timedelta(seconds=21))


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        ({"UserHasRights": True}, True),
        ({"UserHasRights": False}, False),
        (True, True),
        (False, False),
        ({"results": [{"UserHasRights": False}]}, False),
        ([{"x": None}, {"y": [True]}], True),
        ({"UserHasRights": "true"}, True),
        ({"UserHasRights": "False"}, False),
        ({"UserHasRights": 1}, None),
        ({}, None),
        ("perhaps", None),
    ],
)
def test_a_right_is_the_first_boolean_anywhere(shape, value):
    assert first_boolean(shape) is value


def test_the_five_rights_are_asked_for_and_two_more_are_optional():
    assert [right.right for right in RIGHTS if not right.optional] == [
        "manage accounts",
        "enter, modify and delete sales entries",
        "view creditor reports",
        "view debtor reports",
        "view financial master data",
    ]
    assert [right.code for right in RIGHTS if right.optional] == ["purchase-entries", "documents"]


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("sync/CRM/Accounts", "accounts"),
        ("bulk/Financial/GLAccounts", "financial-master-data"),
        ("sync/Cashflow/PaymentTerms", "debtor-reports"),
        ("purchaseentry/PurchaseEntries", "purchase-entries"),
    ],
)
def test_a_resource_has_its_right(resource, code):
    assert right_of(resource, "GET").code == code


def test_a_resource_of_which_we_know_no_right():
    assert right_of("system/Divisions", "GET") is None


def test_a_cursor_survives_as_text():
    cursor = Cursor(after=5, high=9, next="api/v1/1/sync/x?$skiptoken=7L", deleted_after=3, deleted_on="2026-03-04")
    assert Cursor.load(cursor.dump()) == cursor
    assert Cursor().dump() == "{}"


@pytest.mark.parametrize("text", ["", "{}", "[]", "17", "x", '{"after":"5"}', '{"after":true}', '{"new":1}', "null"])
def test_a_cursor_that_cannot_be_read_is_the_beginning(text):
    assert Cursor.load(text) == Cursor()


@pytest.mark.parametrize(
    ("link", "until"),
    [
        ("", 60),  # the first page
        ("api/v1/1/sync/x?$select=ID&$skiptoken=40L", 60),  # goes on at the highest version so far
        ("api/v1/1/sync/x?$skiptoken=40&$select=ID", 60),
        ("api/v1/1/sync/x?$skiptoken=1000", 40),  # a number, but of what?
        ("api/v1/1/sync/x?$skiptoken=guid'6b1f'", 40),
        ("api/v1/1/sync/x?$skiptoken=40,guid'6b1f'", 40),
    ],
)
def test_only_pages_by_version_move_what_is_known_beyond_the_first_page(link, until):
    assert known_until(Cursor(after=5, high=40), link, [7, 60]) == until


def test_a_first_page_without_rows_leaves_what_was_known():
    assert known_until(Cursor(after=5, high=5), "", []) == 5
