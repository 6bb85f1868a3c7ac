"""Bodies of POST and PUT: from JSON to typed values in stored form."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..messages import Request
from ..store import Row
from .facts import Property, Resource, resources
from .odata import guid, moment
from .refusals import Stream
from .views import NAVIGATION

_TICKS = re.compile(r"/Date\((-?\d+)\)/\Z")
_BOUNDS = {"byte": (0, 255), "int16": (-32768, 32767), "int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_NO_ENTITY = "The request should be a valid top-level resource object."


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object of a POST or PUT. Raises Malformed (400) with the service's text otherwise."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise Stream(_NO_ENTITY)
    try:
        # Numbers with a point stay exact: amounts are compared to the cent.
        body = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        raise Stream(_NO_ENTITY) from None
    if not isinstance(body, dict):
        raise Stream(_NO_ENTITY)
    return body


def typed(resource: Resource, body: dict[str, Any], creating: bool, settings: dict[str, Any]) -> Row:
    """Return the writable values of a body in stored form. Raises Malformed (400) for unknown names and wrong types."""
    values: Row = {}
    for name, value in body.items():
        if name == "__metadata":
            continue
        prop = resource.properties.get(name)
        if prop is None:
            raise Stream(f"The property name '{name}' specified for type '{resource.type_name}' is not valid.")
        if not (prop.creatable if creating else prop.updatable):
            if name == "Type" and settings["type_in_post"] == "flip":
                values[name] = _value(resource, prop, value)
            elif settings["readonly_in_post"] == "refuse":
                raise Stream(f"The property '{name}' is read-only.")
            continue
        if prop.kind == "nav":
            values[name] = _children(resource, name, value, settings)
        elif name != resource.key or creating:
            values[name] = _value(resource, prop, value)
    return values


def _children(resource: Resource, name: str, value: Any, settings: dict[str, Any]) -> list[Row]:
    place = NAVIGATION.get((resource.path.lower(), name))
    if isinstance(value, dict):
        value = value.get("results")
    if place is None or not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Stream(_conversion(name, "Collection"))
    return [typed(resources()[place[0]], one, True, settings) for one in value]


def _conversion(name: str, kind: str) -> str:
    return (
        f"Error encountered in converting the value from request payload for property '{name}' to type '{kind}',"
        " which is the property's expected type. See inner exception for more detail."
    )


def _value(resource: Resource, prop: Property, value: Any) -> Any:
    if value is None:
        return None
    try:
        return _CONVERT[prop.kind](prop.kind, value)
    except (ValueError, TypeError, InvalidOperation, binascii.Error, KeyError):
        raise Stream(_conversion(prop.name, f"Edm.{prop.kind}")) from None


def _text(kind: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _guid(kind: str, value: Any) -> str:
    return guid(_text(kind, value).strip("{}"))


def _whole(kind: str, value: Any) -> int:
    if isinstance(value, bool) or not (
        isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"-?\d+", value))
    ):
        raise TypeError
    low, high = _BOUNDS[kind]
    if not low <= int(value) <= high:
        raise ValueError
    return int(value)


def _double(kind: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    found = Decimal(value)  # decimal text is taken too
    if not found.is_finite():
        raise ValueError
    return found


def _truth(kind: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(kind: str, value: Any) -> str:
    text = _text(kind, value)
    if found := _TICKS.match(text):
        return datetime.fromtimestamp(int(found[1]) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    found_text = moment(text)
    datetime.fromisoformat(found_text)  # 30 February is no date
    return found_text


def _binary(kind: str, value: Any) -> str:
    base64.b64decode(_text(kind, value), validate=True)
    return str(value)


_CONVERT: dict[str, Callable[[str, Any], Any]] = {
    "string": _text,
    "guid": _guid,
    "byte": _whole,
    "int16": _whole,
    "int32": _whole,
    "int64": _whole,
    "double": _double,
    "bool": _truth,
    "date": _date,
    "binary": _binary,
}
