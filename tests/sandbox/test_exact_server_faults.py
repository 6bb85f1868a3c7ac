"""Ordered faults, limits, the error budget and missing rights."""

import time

import pytest
import requests

from integrations.sandbox.server import Sandbox
from tests.sandbox.conftest import EMPTY, MAIN, ExactCaller
from tests.sandbox.test_exact_server_entries import SALES, invoice


def references(exact: ExactCaller) -> list[str]:
    return [row["reference"] for row in exact.books(parts="entries")["entries"]]


def test_drop_before_applies_nothing(exact: ExactCaller) -> None:
    body = invoice(exact)
    exact.fault("drop_before", method="POST", path="SalesEntries")
    with pytest.raises(requests.ConnectionError):
        exact.post(SALES, body)
    assert "2026/0500" not in references(exact)
    assert exact.requests()[-1]["status"] is None
    assert exact.requests()[-1]["fault"] == "drop_before"
    assert exact.post(SALES, body).status_code == 201


def test_drop_after_applies_and_hangs_up(exact: ExactCaller) -> None:
    body = invoice(exact)
    exact.fault("drop_after", method="POST", path="SalesEntries")
    with pytest.raises(requests.ConnectionError):
        exact.post(SALES, body)
    assert references(exact).count("2026/0500") == 1
    found = exact.rows(SALES, select="EntryID", filter="YourRef eq '2026/0500'")
    assert len(found) == 1


@pytest.mark.parametrize(("when", "applied"), [("before", 0), ("after", 1)])
def test_delay_and_a_caller_who_gives_up(exact: ExactCaller, when: str, applied: int) -> None:
    body = invoice(exact)
    exact.fault("delay", method="POST", seconds=0.6, when=when)
    with pytest.raises(requests.ReadTimeout):
        exact.session.post(exact.url(SALES), json=body, timeout=0.2)
    assert references(exact).count("2026/0500") == applied
    time.sleep(0.7)
    assert references(exact).count("2026/0500") == 1  # a late call is booked all the same


def test_status_with_body_headers_and_apply(exact: ExactCaller) -> None:
    exact.fault("status", path="financial/Journals", status=503, headers={"Retry-After": "7"}, times=2)
    for _ in range(2):
        answer = exact.get("financial/Journals")
        assert (answer.status_code, answer.content, answer.headers["Retry-After"]) == (503, b"", "7")
    assert exact.get("financial/Journals").status_code == 200
    error = {"error": {"code": "", "message": {"lang": "", "value": "Time-out"}}}
    body = invoice(exact)
    exact.fault("status", method="POST", status=500, body=error, apply=True)
    answer = exact.post(SALES, body)
    assert (answer.status_code, answer.json()) == (500, error)
    assert references(exact).count("2026/0500") == 1


def test_half_a_body(exact: ExactCaller) -> None:
    exact.fault("truncate", path="financial/Journals")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        exact.get("financial/Journals")
    assert exact.get("financial/Journals").status_code == 200


def test_garbage_after_booking(exact: ExactCaller) -> None:
    body = invoice(exact)
    exact.fault("garbage", method="POST")
    answer = exact.post(SALES, body)
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert references(exact).count("2026/0500") == 1


@pytest.mark.parametrize(
    ("kind", "status", "present", "absent"),
    [
        ("expired_token", 401, "WWW-Authenticate", "X-RateLimit-Limit"),
        ("rate_minute", 429, "X-RateLimit-Minutely-Reset", "X-RateLimit-Reset"),
        ("rate_day", 429, "X-RateLimit-Reset", "X-RateLimit-Minutely-Reset"),
    ],
)
def test_the_vendor_says_so_itself(exact: ExactCaller, kind: str, status: int, present: str, absent: str) -> None:
    exact.fault(kind)
    answer = exact.get("financial/Journals")
    assert (answer.status_code, answer.content) == (status, b"")
    assert present in answer.headers
    assert absent not in answer.headers


def test_empty_list(exact: ExactCaller) -> None:
    exact.fault("empty_list", path="ReceivablesList")
    assert exact.rows("read/financial/ReceivablesList") == []
    assert len(exact.rows("read/financial/ReceivablesList")) == 2


def test_matching_by_body_vendor_skip_and_times(exact: ExactCaller) -> None:
    url = f"{exact.sandbox.base_url}/_sandbox/faults"
    exact.control("faults", kind="status", status=502, method="POST", body_contains="2026/0777")
    exact.control("faults", kind="status", status=504, path=r"Journals\?.*Type", skip=1)
    assert exact.post(SALES, invoice(exact)).status_code == 201
    assert exact.post(SALES, invoice(exact, YourRef="2026/0777")).status_code == 502
    statuses = [exact.get("financial/Journals", filter="Type eq 20").status_code for _ in range(3)]
    assert statuses == [200, 504, 200]
    assert requests.get(url, timeout=20).json() == []
    exact.control("faults", kind="drop_before", path="never")
    assert [fault["kind"] for fault in requests.get(url, timeout=20).json()] == ["drop_before"]
    requests.delete(url, timeout=20)
    assert requests.get(url, timeout=20).json() == []


@pytest.mark.parametrize(
    "fault", [{"kind": "explode"}, {"kind": "delay", "sekonds": 2}, {"kind": "delay", "path": "("}, "drop"]
)
def test_wrong_orders_are_refused(exact: ExactCaller, fault: object) -> None:
    answer = requests.post(f"{exact.sandbox.base_url}/_sandbox/faults", json=fault, timeout=20)
    assert answer.status_code == 400
    assert requests.get(f"{exact.sandbox.base_url}/_sandbox/faults", timeout=20).json() == []


# limits


def test_minute_limit_counts_per_division_and_resets(exact: ExactCaller) -> None:
    exact.settings(limits=True, minute_limit=5)
    exact.control("limits", clear=True)
    exact.to_next(60)
    left = [exact.get("financial/Journals").headers["X-RateLimit-Minutely-Remaining"] for _ in range(5)]
    assert left == ["4", "3", "2", "1", "0"]
    over = exact.get("financial/Journals")
    assert (over.status_code, over.content) == (429, b"")
    assert over.headers["X-RateLimit-Minutely-Remaining"] == "0"
    assert int(over.headers["X-RateLimit-Minutely-Reset"]) % 60_000 == 0
    assert "X-RateLimit-Remaining" not in over.headers
    assert exact.get("financial/Journals", EMPTY).status_code == 200  # another division has its own
    assert exact.get("current/Me", None).status_code == 200  # no division, not counted
    assert "X-RateLimit-Limit" not in exact.get("current/Me", None).headers
    other = ExactCaller(exact.sandbox, client="other-client")
    assert other.get("financial/Journals").status_code == 200  # another app has its own
    exact.control("clock", advance_seconds=60)
    assert exact.get("financial/Journals").status_code == 200


def test_day_limit(exact: ExactCaller) -> None:
    exact.settings(limits=True, day_limit=3)
    exact.control("limits", clear=True)
    exact.to_next(86_400)
    left = [exact.get("financial/Journals").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    over = exact.get("financial/Journals")
    assert (over.status_code, over.content) == (429, b"")
    assert int(over.headers["X-RateLimit-Reset"]) % 86_400_000 == 0
    assert "X-RateLimit-Minutely-Limit" not in over.headers
    exact.control("clock", advance_seconds=86_400)
    exact.sign_in()
    assert exact.get("financial/Journals").status_code == 200


def test_limits_off_keep_the_headers(exact: ExactCaller) -> None:
    exact.settings(minute_limit=2)
    for _ in range(4):
        answer = exact.get("financial/Journals")
    assert answer.status_code == 200
    assert answer.headers["X-RateLimit-Minutely-Remaining"] == "2"


def test_error_budget_blocks_one_endpoint_for_an_hour(exact: ExactCaller) -> None:
    exact.to_next(3600)
    for _ in range(10):
        assert exact.get("crm/Accounts", select="Nmae").status_code == 400
    blocked = exact.get("crm/Accounts", select="ID")
    assert (blocked.status_code, blocked.content) == (429, b"")
    assert exact.get("crm/Contacts", select="ID").status_code == 200
    assert exact.get("crm/Accounts", EMPTY, select="ID").status_code == 200
    exact.control("clock", advance_seconds=3599)
    exact.sign_in()
    assert exact.get("crm/Accounts", select="ID").status_code == 429
    exact.control("clock", advance_seconds=2)
    assert exact.get("crm/Accounts", select="ID").status_code == 200
    for _ in range(10):
        exact.get("crm/Accounts", select="Nmae")
    exact.control("clock", advance_seconds=3601)
    exact.sign_in()
    assert exact.get("crm/Accounts", select="ID").status_code == 429  # the second block is longer


def test_error_budget_counts_401_403_404_but_not_500(exact: ExactCaller) -> None:
    exact.settings(error_budget_limit=3)
    exact.to_next(3600)
    body = invoice(exact, Journal="99")
    for _ in range(5):
        assert exact.post(SALES, body).status_code == 500
    assert exact.get(f"{SALES}(guid'00000000-0000-0000-0000-000000000000')").status_code == 404
    exact.control("rights", resource=SALES, actions=["POST"], allowed=False)
    assert exact.post(SALES, body).status_code == 403
    exact.control("clock", advance_seconds=601)
    assert exact.get(SALES, select="EntryID").status_code == 401
    exact.sign_in()
    assert exact.get(SALES, select="EntryID").status_code == 429
    exact.settings(error_budget=False)
    assert exact.get(SALES, select="EntryID").status_code == 200


# rights


def has_right(exact: ExactCaller, endpoint: str, action: str) -> bool:
    answer = exact.call("GET", f"users/UserHasRights?endpoint='{endpoint}'&action='{action}'")
    return answer.json()["d"]["UserHasRights"]


def test_a_missing_right_reads_empty_and_writes_403(exact: ExactCaller) -> None:
    exact.control(
        "rights", user="demo", division=MAIN, resource="salesentry/SalesEntries", actions=["GET"], allowed=False
    )
    assert exact.rows(SALES, select="EntryID") == []
    assert exact.get(f"{SALES}/$count").text == "0"
    assert has_right(exact, SALES, "GET") is False
    assert has_right(exact, SALES, "POST") is True
    assert exact.post(SALES, invoice(exact)).status_code == 201
    exact.control("rights", resource=SALES, actions=["POST"], allowed=False)
    refused = exact.post(SALES, invoice(exact))
    assert (refused.status_code, refused.json()["error"]["message"]["value"]) == (403, "Forbidden")
    assert has_right(exact, "SalesEntry/salesentries", "POST") is False
    exact.control("rights", resource=SALES, actions=["GET", "POST"], allowed=True)
    assert len(exact.rows(SALES, select="EntryID")) == 8


def test_rights_cover_bulk_and_sync_and_other_users_keep_theirs(exact: ExactCaller) -> None:
    exact.control("rights", resource="crm/Accounts", actions=["GET"], allowed=False)
    assert exact.rows("bulk/CRM/Accounts", select="ID") == []
    assert exact.rows("sync/CRM/Accounts", select="ID") == []
    assert len(ExactCaller(exact.sandbox, user="clerk").rows("crm/Accounts", select="ID")) == 25


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("bare", {"d": True}), ("list", {"d": {"results": [{"UserHasRights": True}]}}), ("text", True)],
)
def test_shapes_of_the_rights_answer(exact: ExactCaller, shape: str, expected: object) -> None:
    exact.settings(rights_shape=shape)
    answer = exact.call("GET", "Users/UserHasRights?endpoint='crm/Accounts'&action='GET'")
    assert answer.json() == expected


def test_access_and_scopes(exact: ExactCaller) -> None:
    exact.control("access", division=MAIN, reason="LicenseExpired")
    answer = exact.get("financial/Journals")
    assert (answer.status_code, answer.headers["Reason"]) == (403, "LicenseExpired")
    assert MAIN not in {row["Code"] for row in exact.rows("system/Divisions", EMPTY, select="Code")}
    exact.control("access", division=MAIN, allowed=True)
    exact.settings(missing_scopes=["crm accounts"])
    answer = exact.get("crm/Accounts", select="ID")
    assert answer.status_code == 403
    expected = "Forbidden - Application Scope Violated. Cannot read 'crm.accounts' scope."
    assert answer.json()["error"]["message"]["value"] == expected


def test_switches_are_checked(exact: ExactCaller) -> None:
    url = f"{exact.sandbox.base_url}/_sandbox/settings"
    for wrong in ({"langage": "nl"}, {"language": "fr"}, {"missing_scopes": "all"}, {"minute_limit": "ten"}):
        assert requests.post(url, json={"exact": wrong}, timeout=20).status_code == 400
    assert requests.post(url, json={"language": "en"}, timeout=20).json()["exact"]["language"] == "en"


def test_reset_forgets_everything(exact: ExactCaller, exact_sandbox: Sandbox) -> None:
    before = exact.books()
    exact.post(SALES, invoice(exact))
    exact.settings(language="en")
    exact.fault("drop_before")
    exact.control("reset", books=["exact-be", "exact-nl"])
    assert exact.get("financial/Journals").status_code == 401
    exact.sign_in()
    after = exact.books()
    for one in (before, after):
        for term in one["terms"]:
            del term["id"], term["timestamp"]
    assert after == before
    assert exact_sandbox.vendors["exact"].settings()["language"] == "nl"
