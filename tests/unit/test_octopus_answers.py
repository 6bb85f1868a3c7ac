"""Statuses and bodies of Octopus as our errors, and refusals as codes of the catalogue."""

import json
from datetime import UTC, datetime

import pytest

from integrations.base.errors import (
    AccessDenied,
    AuthorisationLost,
    OutcomeUnknown,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Unreachable,
)
from integrations.base.http import Answer
from integrations.octopus.answers import JournalBusy, Unreadable, error_for, last_number, object_of, rows_of, texts_of
from integrations.octopus.limits import BOOKING_SAVE, LIMITS, VAT_CODES, tomorrow
from integrations.octopus.refusals import catalogue_code

NOW = datetime(2026, 5, 11, 21, 30, tzinfo=UTC)


def answer(status, body=None):
    raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status=status, headers={}, body=raw, ms=1.0)


def error(status, body=None, *, write=True, operation=BOOKING_SAVE):
    method = "POST" if write else "GET"
    return error_for(answer(status, body), operation=operation, method=method, is_write=write, now=NOW)


@pytest.mark.parametrize(
    ("status", "body", "write", "kind"),
    [
        (400, {"technicalInfo": "Invalid or missing parameters passed"}, True, Rejected),
        (400, None, True, Rejected),
        (400, "<html>", True, Rejected),
        (401, {"technicalInfo": "x"}, True, AuthorisationLost),
        (404, {"technicalInfo": "nothing"}, True, Rejected),
        (404, "<html>", False, ProtocolSurprise),
        (408, None, True, OutcomeUnknown),
        (413, None, True, Rejected),
        (429, None, True, RateLimited),
        (500, {"technicalInfo": "wrong type"}, True, OutcomeUnknown),
        (502, "<html>", True, OutcomeUnknown),
        (500, None, False, Unreachable),
        (503, None, False, Unreachable),
        (302, None, True, ProtocolSurprise),
    ],
)
def test_statuses(status, body, write, kind):
    assert type(error(status, body, write=write)) is kind


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (None, JournalBusy, "JRN-513"),
        ({"errorMessage": "Het dagboek is in gebruik door een andere gebruiker."}, JournalBusy, "JRN-513"),
        ({"technicalInfo": "whatever"}, JournalBusy, "JRN-513"),
        ({"errorMessage": "De periode van het boekjaar is afgesloten."}, Rejected, "PER-501"),
        ({"errorMessage": "Onvoldoende rechten."}, AccessDenied, "AUT-403"),
        ({"technicalInfo": "Maximum number of calls per day reached"}, RateLimited, "SYS-701"),
    ],
)
def test_a_forbidden_booking_by_its_words(body, kind, code):
    found = error(403, body)
    assert (type(found), found.code) == (kind, code)


def test_a_forbidden_reading_is_a_right():
    assert type(error(403, None, write=False, operation=VAT_CODES)) is AccessDenied


@pytest.mark.parametrize(
    "words",
    [
        "Maximum number of calls per day reached for vatcodes",
        "Too many requests",
        "Het maximaal aantal oproepen per dag is bereikt",
        "Trop d'appels aujourd'hui",
    ],
)
@pytest.mark.parametrize("key", ["technicalInfo", "errorMessage"])
def test_a_quota_speaks_of_calls_whatever_its_status(words, key):
    found = error(400, {key: words})
    assert isinstance(found, RateLimited)
    assert (found.scope, found.until) == ("day", datetime(2026, 5, 12, tzinfo=UTC))


def test_tomorrow_is_behind_midnight_in_belgium_too():
    assert tomorrow(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == datetime(2026, 7, 2, tzinfo=UTC)
    assert tomorrow(datetime(2026, 7, 2, tzinfo=UTC)) == datetime(2026, 7, 3, tzinfo=UTC)


def test_the_last_number_of_a_refusal():
    technical = (
        "Unable to insert booking in dossier 49000.  Illegal document seq Nr.  Last Document = 6.  New Document = 1. "
    )
    found = error(400, {"errorCode": -13, "errorMessage": "Nummer ongeldig", "technicalInfo": technical})
    assert (found.code, found.vendor_code, last_number(found)) == ("NUM-520", "-13", 6)
    assert (found.vendor_text, str(found)) == ("Nummer ongeldig", "Nummer ongeldig")
    assert last_number(error(400, {"errorCode": -13})) is None


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (-13, "", "NUM-520"),
        (-14, "", "PER-506"),
        (0, "De periode is niet toegankelijk.", "PER-501"),
        (0, "Book year period is closed.", "PER-501"),
        (0, "La période est clôturée.", "PER-501"),
        (0, "Le journal est clôturé.", "PER-501"),
        (0, "La période n'existe pas dans l'exercice.", "PER-506"),
        (0, "The date does not lie in the period.", "PER-506"),
        (0, "Le journal est utilisé par un autre utilisateur.", "JRN-513"),
        (0, "Le journal n'est pas du bon type.", "JRN-510"),
        (0, "The journal does not exist.", "AUT-409"),
        (0, "Le code TVA n'existe pas.", "APP-103"),
        (0, "Le compte n'existe pas.", "LED-605"),
        (0, "A cost centre is mandatory for this account.", "LED-607"),
        (0, "La relation n'existe pas.", "PAR-641"),
        (0, "Er bestaat al een relatie met dit btw-nummer.", "PAR-649"),
        (0, "The total is not equal to the sum of the lines.", "APP-209"),
        (0, "De munt is niet actief.", "APP-210"),
        (0, "L'annexe est trop grande.", "SYS-708"),
        (0, "Droits insuffisants.", "AUT-403"),
        (0, "Something else.", "ALL-999"),
        (-99, "", "ALL-999"),
    ],
)
def test_refusals(number, words, code):
    assert catalogue_code(number, words) == code


def test_the_technical_text_speaks_where_the_other_does_not():
    assert catalogue_code(0, "", "Bookyear period is closed") == "PER-501"
    assert catalogue_code(0, "Iets", "Bookyear period is closed") == "PER-501"


@pytest.mark.parametrize("body", ["<html>", "", "3", '["x", {}]'])
def test_what_is_no_list(body):
    with pytest.raises(Unreadable):
        rows_of(answer(200, body))
    with pytest.raises(Unreadable):
        object_of(answer(200, body))


def test_lists_of_texts():
    assert texts_of(answer(200, ["EUR", "USD"])) == ("EUR", "USD")
    with pytest.raises(Unreadable):
        texts_of(answer(200, [1]))


def test_amounts_pass_through_no_float():
    assert object_of(answer(200, '{"amount": 0.1}')) == {"amount": "0.1"}


def test_no_two_limits_count_one_call_twice():
    names = [name for limit in LIMITS.calls for name in limit.operations]
    assert len(names) == len(set(names)) == len(LIMITS.calls)
