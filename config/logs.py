"""Log lines: readable in the demo, one JSON object each in production, redacted in both."""

import copy
import json
import logging
import os
import traceback
from datetime import UTC, datetime
from typing import Any

from integrations.base.redaction import redact_mapping, redact_text

# Attributes that every record has; what else a record carries came from `extra`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request", "status_code"}


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller gave as `extra`, redacted; what JSON cannot hold as redacted text."""
    found = {key: value for key, value in vars(record).items() if key not in _OWN}
    plain = {
        key: value if isinstance(value, (str, int, float, bool, type(None), dict, list, tuple)) else str(value)
        for key, value in found.items()
    }
    return redact_mapping(plain)


class RedactingFormatter(logging.Formatter):
    """Redacts message, arguments, extra fields and traceback while the line is made.

    A formatter is the last gate before the line leaves, and unlike a filter it works on a copy: what other handlers
    see stays as it was.
    """

    def line(self, record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
        """Return the finished line. `message` and `fields` are redacted already."""
        raise NotImplementedError

    def format(self, record: logging.LogRecord) -> str:
        fields = extra_fields(record)
        message = redact_text(record.getMessage())
        if record.exc_info and record.exc_info[0] is not None:
            fields["traceback"] = redact_text("".join(traceback.format_exception(*record.exc_info)))
        return self.line(copy.copy(record), message, fields)


class JsonFormatter(RedactingFormatter):
    """One JSON object a line: time (UTC), level, logger, process, message, then the extra fields."""

    def line(self, record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
        head = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": os.environ.get("BOEKBRUG_PROCESS", record.processName),
            "pid": record.process,
            "message": message,
        }
        return json.dumps({**fields, **head}, ensure_ascii=False, default=lambda value: redact_text(str(value)))


class ReadableFormatter(RedactingFormatter):
    """Time of day, level when it matters, message, extra fields as name=value."""

    def line(self, record: logging.LogRecord, message: str, fields: dict[str, Any]) -> str:
        trace = fields.pop("traceback", "")
        moment = datetime.fromtimestamp(record.created, tz=UTC).astimezone().strftime("%H:%M:%S")
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        tail = "".join(f" {key}={value}" for key, value in fields.items())
        return f"{moment} {level}{message}{tail}" + (f"\n{trace}" if trace else "")


def logging_config(*, style: str, level: str) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`. `style` is json or readable."""
    formatter = JsonFormatter if style == "json" else ReadableFormatter
    quiet = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"{formatter.__module__}.{formatter.__qualname__}"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Django's own set-up mails errors and prints requests by other ways; everything goes through the one gate.
            "django": {**quiet, "level": "INFO"},
            "django.server": {**quiet, "level": "INFO"},
            "django.request": {**quiet, "level": "WARNING"},
            "gunicorn.error": {**quiet, "level": "INFO"},
            "gunicorn.access": {**quiet, "level": "INFO"},
            # One line per start and end of each task is twice too much; ours say what happened.
            "django-q": {**quiet, "level": "WARNING"},
            "axes": {**quiet, "level": "WARNING"},
            # Wire details and bodies, not even at debug.
            "urllib3": {**quiet, "level": "INFO"},
            "requests_oauthlib": {**quiet, "level": "INFO"},
            "oauthlib": {**quiet, "level": "INFO"},
        },
    }
