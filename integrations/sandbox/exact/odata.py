"""The query language of the service: `$filter` and its kin, in the OData 2 dialect.

A filter becomes a predicate over stored rows plus, where the filter names exact values, the few keys to
look at. Stored values: guid lower-case text, date `YYYY-MM-DDTHH:MM:SS` text, numbers int or Decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..store import Key, Row, Table
from .facts import Property, Resource
from .refusals import Malformed

Predicate = Callable[[Row], bool]
Narrow = Callable[[Table], "set[Key] | None"]

_TOKEN = re.compile(
    r"\s*(?:(?P<guid>guid'(?P<guid_text>[^']*)')|(?P<date>datetime'(?P<date_text>[^']*)')"
    r"|(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?P<suffix>[LlMmDdFf]?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)|(?P<mark>[(),]))"
)
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d))?(?:\.\d+)?Z?)?\Z")
_NUMBERS = frozenset({"int16", "int32", "int64", "byte", "double"})
_MIRROR = {"eq": "eq", "ne": "ne", "gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
_FUNCTIONS = {"startswith": 2, "endswith": 2, "substringof": 2, "trim": 1, "tolower": 1, "toupper": 1}


def guid(text: str) -> str:
    """Return a guid in the stored form. Raises ValueError when it is none."""
    if not _GUID.match(text):
        raise ValueError(text)
    return text.lower()


def moment(text: str) -> str:
    """Return a date or moment in the stored form. Raises ValueError when it is none."""
    found = _DATE.match(text)
    if not found:
        raise ValueError(text)
    return f"{found[1]}T{found[2] or '00:00'}:{found[3] or '00'}"


def number(text: str) -> int | Decimal:
    """Return a number literal as int, or Decimal when it has a point."""
    return Decimal(text) if "." in text else int(text)


@dataclass(slots=True)
class Condition:
    """A boolean expression; `narrow` returns the keys it can hold for (None: look at all rows)."""

    test: Predicate
    narrow: Narrow | None = None
    after: int | None = None  # only row versions above this one can match


@dataclass(slots=True)
class _Operand:
    """A value inside a comparison: a property, a function of one, or a literal."""

    kind: str
    read: Callable[[Row], Any]
    prop: str = ""  # the plain property, for the index
    literal: bool = False
    value: Any = None


class Filter:
    """Parser of one `$filter`; use `parse`."""

    def __init__(self, text: str, resource: Resource) -> None:
        self._text = text
        self._resource = resource
        self._tokens: list[tuple[str, str]] = self._split(text)
        self._at = 0

    @classmethod
    def parse(cls, text: str, resource: Resource) -> Condition:
        """Return the condition of a filter text. Raises Malformed (400) on anything the service refuses."""
        parser = cls(text, resource)
        found = parser._or()
        if parser._at < len(parser._tokens):
            raise parser._syntax()
        return found

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if not found:
                raise self._syntax(at)
            at = found.end()
            if found["guid"]:
                tokens.append(("guid", found["guid_text"]))
            elif found["date"]:
                tokens.append(("date", found["date_text"]))
            elif found["string"]:
                tokens.append(("string", found["string"][1:-1].replace("''", "'")))
            elif found["number"]:
                tokens.append(("number", found["number"]))
            elif found["name"]:
                tokens.append(("name", found["name"]))
            else:
                tokens.append(("mark", found["mark"]))
        return tokens

    def _syntax(self, at: int | None = None) -> Malformed:
        place = len(self._text) if at is None else at
        return Malformed(f"Syntax error at position {place} in '{self._text}'.")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, mark: str) -> None:
        if self._next() != ("mark", mark):
            raise self._syntax()

    def _or(self) -> Condition:
        left = self._and()
        while self._peek() == ("name", "or"):
            self._at += 1
            left = _either(left, self._and())
        return left

    def _and(self) -> Condition:
        left = self._not()
        while self._peek() == ("name", "and"):
            self._at += 1
            left = _both(left, self._not())
        return left

    def _not(self) -> Condition:
        if self._peek() == ("name", "not"):
            self._at += 1
            inner = self._not().test
            return Condition(lambda row: not inner(row))
        return self._comparison()

    def _comparison(self) -> Condition:
        if self._peek() == ("mark", "("):
            # A bracket may hold a condition or, rarely, one operand; conditions are all that clients write.
            self._at += 1
            inner = self._or()
            self._expect(")")
            return inner
        left = self._operand()
        kind, word = self._peek()
        if kind == "name" and word in _MIRROR:
            self._at += 1
            return self._compare(left, word, self._operand())
        if left.kind != "bool":
            raise self._syntax()
        read = left.read
        return Condition(lambda row: bool(read(row)))

    def _operand(self) -> _Operand:
        kind, text = self._next()
        match kind:
            case "guid":
                try:
                    return _literal("guid", guid(text))
                except ValueError:
                    raise Malformed(f"Unrecognized 'Edm.Guid' literal 'guid'{text}'' in '{self._text}'.") from None
            case "date":
                try:
                    return _literal("date", moment(text))
                except ValueError:
                    raise Malformed(
                        f"Unrecognized 'Edm.DateTime' literal 'datetime'{text}'' in '{self._text}'."
                    ) from None
            case "string":
                return _literal("string", text)
            case "number":
                return _literal("number", number(text))
            case "name" if text in ("true", "false"):
                return _literal("bool", text == "true")
            case "name" if text == "null":
                return _literal("null", None)
            case "name" if self._peek() == ("mark", "("):
                return self._function(text)
            case "name":
                return self._property(text)
        raise self._syntax()

    def _property(self, name: str) -> _Operand:
        if "/" in name:
            raise Malformed(f"Filtering on a navigation property is not supported: {name}.")
        prop = self._resource.properties.get(name)
        if prop is None or not prop.readable:
            raise Malformed(f"No property '{name}' exists in type '{self._resource.type_name}' at position 0.")
        if prop.kind in ("nav", "complex", "binary"):
            raise Malformed(f"Filtering on property '{name}' is not supported.")
        allowed = self._resource.filterable
        if allowed is not None and name not in allowed:
            raise Malformed(f"Filtering on property '{name}' is not allowed for {self._resource.path}.")
        kind = "number" if prop.kind in _NUMBERS else prop.kind
        return _Operand(kind, lambda row: row.get(name), prop=name)

    def _function(self, name: str) -> _Operand:
        if name not in _FUNCTIONS:
            raise Malformed(f"Unknown function '{name}' at position 0.")
        self._expect("(")
        arguments = [self._operand()]
        while self._peek() == ("mark", ","):
            self._at += 1
            arguments.append(self._operand())
        self._expect(")")
        if len(arguments) != _FUNCTIONS[name] or any(one.kind != "string" for one in arguments):
            raise Malformed(f"No applicable function found for '{name}' at position 0 with the specified arguments.")
        reads = [one.read for one in arguments]
        first = reads[0]
        match name:
            case "trim":
                return _Operand("string", lambda row: (first(row) or "").strip())
            case "tolower":
                return _Operand("string", lambda row: (first(row) or "").lower())
            case "toupper":
                return _Operand("string", lambda row: (first(row) or "").upper())
        second = reads[1]
        match name:
            case "startswith":
                return _Operand("bool", lambda row: (first(row) or "").startswith(second(row) or ""))
            case "endswith":
                return _Operand("bool", lambda row: (first(row) or "").endswith(second(row) or ""))
        return _Operand("bool", lambda row: (first(row) or "") in (second(row) or ""))

    def _compare(self, left: _Operand, word: str, right: _Operand) -> Condition:
        if left.kind != right.kind and "null" not in (left.kind, right.kind):
            raise Malformed(
                f"Operator '{word}' incompatible with operand types '{_edm(left.kind)}' and '{_edm(right.kind)}'."
            )
        if left.literal and not right.literal:
            left, right, word = right, left, _MIRROR[word]
        read, test = left.read, _TESTS[word]
        if not right.literal:
            other = right.read
            return Condition(lambda row: test(read(row), other(row)))
        value = right.value
        if left.kind == "string" and isinstance(value, str):
            # The database behind the service does not see trailing blanks.
            value = value.rstrip(" ") or value
        condition = Condition(lambda row: test(read(row), value))
        if left.prop and word == "eq" and value is not None:
            prop = left.prop
            condition.narrow = lambda table: table.lookup(prop, value)
        if left.prop == "Timestamp" and word in ("gt", "ge") and value is not None:
            condition.after = int(value) - (word == "ge")
        return condition


def _literal(kind: str, value: Any) -> _Operand:
    return _Operand(kind, lambda row: value, literal=True, value=value)


def _edm(kind: str) -> str:
    names = {"guid": "Guid", "string": "String", "bool": "Boolean", "date": "DateTime", "number": "Double"}
    return "Edm." + names.get(kind, kind)


def _ordered(check: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda a, b: a is not None and b is not None and check(a, b)


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": _ordered(lambda a, b: a > b),
    "ge": _ordered(lambda a, b: a >= b),
    "lt": _ordered(lambda a, b: a < b),
    "le": _ordered(lambda a, b: a <= b),
}


def _both(left: Condition, right: Condition) -> Condition:
    a, b = left.test, right.test
    stamps = [one.after for one in (left, right) if one.after is not None]
    return Condition(
        lambda row: a(row) and b(row),
        narrow=_narrow_both(left.narrow, right.narrow),
        after=max(stamps) if stamps else None,
    )


def _narrow_both(left: Narrow | None, right: Narrow | None) -> Narrow | None:
    if left is None or right is None:
        return left or right

    def narrow(table: Table) -> set[Key] | None:
        a, b = left(table), right(table)
        if a is None or b is None:
            return b if a is None else a
        return a & b

    return narrow


def _either(left: Condition, right: Condition) -> Condition:
    a, b = left.test, right.test
    na, nb = left.narrow, right.narrow

    def narrow(table: Table) -> set[Key] | None:
        found_a = na(table) if na else None
        found_b = nb(table) if nb else None
        return None if found_a is None or found_b is None else found_a | found_b

    return Condition(lambda row: a(row) or b(row), narrow=narrow if na and nb else None)


def readable(resource: Resource, name: str) -> Property:
    """Return a readable property of a resource. Raises Malformed (400) when there is none."""
    prop = resource.properties.get(name)
    if prop is None or not prop.readable:
        raise Malformed(f"Could not find a property named '{name}' on type '{resource.type_name}'.")
    return prop
