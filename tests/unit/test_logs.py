"""What a log line shows, as text and as JSON."""

import json
import logging

import pytest

from config.logs import JsonFormatter, ReadableFormatter


def record(message, *args, exc_info=None, **extra):
    made = logging.LogRecord("integrations.sync", logging.WARNING, __file__, 1, message, args, exc_info)
    made.__dict__.update(extra)
    return made


def test_json_has_fixed_fields_and_extras():
    line = JsonFormatter().format(record("document %s posted", 7, run=3, ms=12.5))
    shown = json.loads(line)
    assert shown["message"] == "document 7 posted"
    assert shown["level"] == "warning"
    assert shown["logger"] == "integrations.sync"
    assert (shown["run"], shown["ms"]) == (3, 12.5)
    assert shown["time"].endswith("+00:00")
    assert "\n" not in line


@pytest.mark.parametrize("formatter", [JsonFormatter(), ReadableFormatter()])
def test_message_arguments_extras_and_traceback_are_redacted(formatter):
    try:
        raise ValueError("refused for Bearer Zq7secretkW9")
    except ValueError as exc:
        made = record(
            "sent to %s",
            "https://x.example/?access_token=Zq7secretkW9",
            exc_info=(type(exc), exc, exc.__traceback__),
            headers={"Authorization": "Bearer Zq7secretkW9"},
            body='{"password": "Zq7secretkW9"}',
            refresh_token="Zq7secretkW9",
            thing=type("Thing", (), {"__str__": lambda self: "Bearer Zq7secretkW9"})(),
        )
    line = formatter.format(made)
    assert "Zq7secretkW9" not in line
    assert "ValueError: refused for" in line
    # What other handlers see stays as it was.
    assert made.args == ("https://x.example/?access_token=Zq7secretkW9",)
    assert made.refresh_token == "Zq7secretkW9"


def test_readable_line_names_what_is_wrong():
    line = ReadableFormatter().format(record("run stopped", run=3))
    assert line[9:] == "WARNING run stopped run=3"
