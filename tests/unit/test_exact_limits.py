"""Exact Online's counters as its headers state them."""

from datetime import UTC, datetime, timedelta

from requests.structures import CaseInsensitiveDict

from integrations.base.provider import RateState
from integrations.exact.limits import LIMITS, blocked_until, rate_state

NOW = datetime(2026, 3, 4, 10, 20, 30, tzinfo=UTC)
MINUTE_END = datetime(2026, 3, 4, 10, 21, tzinfo=UTC)
DAY_END = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)


def ms(moment):
    return str(int(moment.timestamp() * 1000))


MINUTELY = {
    "X-RateLimit-Minutely-Limit": "60",
    "X-RateLimit-Minutely-Remaining": "12",
    "X-RateLimit-Minutely-Reset": ms(MINUTE_END),
}
DAILY = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": ms(DAY_END)}


def test_both_families_are_read_in_any_case_of_letters():
    headers = CaseInsensitiveDict({name.lower(): value for name, value in {**MINUTELY, **DAILY}.items()})
    assert rate_state(headers) == (
        RateState(name="minute", limit=60, remaining=12, reset_at=MINUTE_END),
        RateState(name="day", limit=5000, remaining=4999, reset_at=DAY_END),
    )


def test_only_what_is_stated_is_told():
    assert rate_state({"Content-Type": "application/json"}) == ()
    assert rate_state({"X-RateLimit-Remaining": "7"}) == (RateState(name="day", remaining=7),)
    broken = {"X-RateLimit-Minutely-Remaining": "many", "X-RateLimit-Minutely-Reset": "-1"}
    assert rate_state(broken) == (RateState(name="minute"),)


def test_names_are_those_of_our_limits():
    assert {state.name for state in rate_state({**MINUTELY, **DAILY})} == {limit.name for limit in LIMITS.calls}


def test_a_minute_that_is_used_up_ends_at_its_reset():
    headers = {**MINUTELY, "X-RateLimit-Minutely-Remaining": "0"}
    assert blocked_until(headers, NOW) == ("minute", MINUTE_END + timedelta(seconds=1), 60)


def test_a_day_that_is_used_up_ends_at_its_reset():
    headers = {**DAILY, "X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "9000"}
    assert blocked_until(headers, NOW) == ("day", DAY_END + timedelta(seconds=1), 9000)


def test_with_both_used_up_the_day_counts():
    headers = {**MINUTELY, **DAILY, "X-RateLimit-Remaining": "0", "X-RateLimit-Minutely-Remaining": "0"}
    assert blocked_until(headers, NOW)[0] == "day"


def test_with_calls_left_in_both_the_minute_counts():
    # Met in public: refused although the headers say calls are left (another installation of the same app).
    assert blocked_until({**MINUTELY, **DAILY}, NOW) == ("minute", MINUTE_END + timedelta(seconds=1), 60)


def test_without_headers_a_minute_is_waited():
    assert blocked_until({}, NOW) == ("minute", NOW + timedelta(seconds=60), None)


def test_a_reset_that_has_passed_is_no_reset():
    headers = {**MINUTELY, "X-RateLimit-Minutely-Reset": ms(NOW - timedelta(minutes=5))}
    assert blocked_until(headers, NOW) == ("minute", NOW + timedelta(seconds=60), 60)


def test_a_day_without_reset_ends_at_midnight():
    assert blocked_until({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0"}, NOW) == (
        "day",
        datetime(2026, 3, 5, tzinfo=UTC),
        100,
    )
