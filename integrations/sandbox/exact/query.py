"""Reading: from the options of a GET to the rows of its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ..messages import Request
from ..store import Key, Row
from .facts import Resource, resources
from .odata import Condition, Filter, guid, readable
from .refusals import Malformed
from .render import Renderer, plain_names
from .views import NAVIGATION, VIEWS, Source
from .world import Division, World

_OPTIONS = frozenset({"$select", "$filter", "$top", "$orderby", "$expand", "$inlinecount", "$skiptoken", "$format"})
_SKIPTOKEN = re.compile(r"(?:guid'([^']*)'|'((?:[^']|'')*)'|(-?\d+)L?)\Z")


@dataclass(slots=True)
class Options:
    """The parsed query options of one GET."""

    select: list[str] | None = None  # plain properties; None: all
    navigation: dict[str, list[str] | None] = field(default_factory=dict)  # expanded: chosen properties there
    deferred: list[str] = field(default_factory=list)
    condition: Condition | None = None
    top: int | None = None
    order: list[tuple[str, bool]] = field(default_factory=list)  # property, descending
    count: bool = False
    after: Key | None = None


def parse_options(resource: Resource, request: Request, world: World, single: bool = False) -> Options:
    """Return the options of a GET. Raises Malformed (400) on whatever the service refuses."""
    params = request.params
    for name in params:
        if name.startswith("$") and name not in _OPTIONS:
            raise Malformed(f"The query parameter '{name}' is not supported on this resource.")
    options = Options()
    if (top := params.get("$top")) is not None:
        if not top.isdigit():
            raise Malformed(f"Incorrect format for $top argument '{top}'.")
        options.top = int(top)
    if (
        "$select" not in params
        and not single
        and resource.select_required
        and world.settings["require_select"]
        and options.top != 1
    ):
        raise Malformed("Please add a $select or a $top=1 statement to the query string.")
    _select(resource, params.get("$select"), params.get("$expand"), options)
    if text := params.get("$filter"):
        options.condition = Filter.parse(text, resource)
    elif world.settings["accounts_need_filter"] and resource.path == "crm/Accounts" and not single:
        raise Malformed("Please add a $filter statement to the query string.")
    for piece in filter(None, (piece.strip() for piece in params.get("$orderby", "").split(","))):
        name, _, way = piece.partition(" ")
        if way.strip() not in ("", "asc", "desc"):
            raise Malformed(f"Syntax error in $orderby '{piece}'.")
        if readable(resource, name).kind in ("nav", "complex", "binary"):
            raise Malformed(f"Ordering by '{name}' is not supported.")
        options.order.append((name, way.strip() == "desc"))
    if (wish := params.get("$inlinecount")) is not None:
        if wish not in ("allpages", "none"):
            raise Malformed("Unknown $inlinecount option, only 'allpages' and 'none' are supported.")
        options.count = wish == "allpages"
    if token := params.get("$skiptoken"):
        found = _SKIPTOKEN.match(token)
        if not found:
            raise Malformed("The $skiptoken is not valid.")
        if found[1] is not None:
            options.after = found[1].lower()
        else:
            options.after = int(found[3]) if found[3] is not None else (found[2] or "").replace("''", "'")
    return options


def _select(resource: Resource, select: str | None, expand: str | None, options: Options) -> None:
    expanded: list[str] = []
    for name in filter(None, (piece.strip() for piece in (expand or "").split(","))):
        if (resource.path.lower(), name) not in NAVIGATION:
            raise Malformed(f"Could not find a navigation property named '{name}' on type '{resource.type_name}'.")
        expanded.append(name)
    navigations = [name for name, prop in resource.properties.items() if prop.kind == "nav" and prop.readable]
    names = [piece.strip() for piece in (select or "").split(",") if piece.strip()]
    if not names or "*" in names:
        options.navigation = dict.fromkeys(expanded)
        options.deferred = [name for name in navigations if name not in expanded]
        return
    options.select = []
    for name in names:
        head, _, rest = name.partition("/")
        prop = readable(resource, head)
        if not rest:
            if prop.kind != "nav":
                options.select.append(head)
            elif head in expanded:
                options.navigation[head] = None
            else:
                options.deferred.append(head)
            continue
        if head not in expanded:
            raise Malformed(f"Only navigation properties specified in $expand can be traversed in $select: '{name}'.")
        there = resources()[NAVIGATION[resource.path.lower(), head][0]]
        chosen = options.navigation.setdefault(head, [])
        if rest != "*" and chosen is not None:
            readable(there, rest)
            chosen.append(rest)


@dataclass(slots=True)
class Page:
    """Rows of one page, the token of the next one (None: last page), the number of all matching rows when asked."""

    rows: list[Row]
    next_token: str | None
    total: int | None


def run(world: World, division: Division | None, user: str, resource: Resource, options: Options) -> Page:
    """Return one page of a resource."""
    source = VIEWS[resource.path.lower()](world, division, user)
    size = _page_size(world, resource)
    matching = _matching(resource, source, options)
    total: int | None = None
    if options.count:
        everything = list(_matching(resource, source, Options(condition=options.condition)))
        total = len(everything)
    if options.order:
        rows = sorted(matching, key=lambda row: _sort_key(row.get(resource.key)))
        for name, descending in reversed(options.order):
            rows.sort(key=lambda row, name=name: _sort_key(row.get(name)), reverse=descending)  # type: ignore[misc]
        if options.after is not None:
            at = next((i for i, row in enumerate(rows) if row.get(resource.key) == options.after), len(rows) - 1)
            rows = rows[at + 1 :]
        matching = iter(rows)
    limit = options.top if options.top is not None else None
    wanted = min(size, limit) if size and limit is not None else (size or limit)
    page: list[Row] = []
    more = False
    for row in matching:
        if wanted is not None and len(page) >= wanted:
            more = limit is None or limit > len(page)
            break
        page.append(row)
    token = _token(resource, page[-1]) if more and page else None
    return Page(page, token, total)


def _page_size(world: World, resource: Resource) -> int | None:
    settings = world.settings
    if resource.is_read_service:
        return settings["read_page_size"] or None
    override = settings["bulk_page_size" if resource.is_bulk else "page_size"]
    return int(override or resource.page)


def _sort_key(value: Any) -> tuple[bool, Any]:
    return value is not None, value if value is not None else 0


def _token(resource: Resource, row: Row) -> str:
    value = row.get(resource.key)
    match resource.properties[resource.key].kind:
        case "guid":
            return f"guid'{value}'"
        case "int64":
            return f"{value}L"
        case "string":
            return "'" + str(value).replace("'", "''") + "'"
    return str(value)


def _matching(resource: Resource, source: Source, options: Options) -> Iterator[Row]:
    condition = options.condition
    test = condition.test if condition else None
    after = None if options.order else options.after
    if source.table is None:
        yield from _from_list(resource, source.rows or [], test, after)
        return
    table, only = source.table, source.only
    if resource.key == "Timestamp" and (condition is None or condition.narrow is None):
        stamp = max(condition.after or 0 if condition else 0, int(after or 0))
        rows: Iterator[Row] = iter(table.since(stamp) if stamp else list(table))
    else:
        keys = condition.narrow(table) if condition and condition.narrow else None
        if keys is not None:
            ordered = [table.rows[key] for key in sorted(keys)]
            if resource.key == "Timestamp":
                ordered.sort(key=lambda row: int(row["Timestamp"]))
            rows = (row for row in ordered if after is None or row[resource.key] > after)
        else:
            rows = (table.rows[key] for key in table.keys_after(after))
    for row in rows:
        if only is not None and row.get(only[0]) != only[1]:
            continue
        if test is None or test(row):
            yield row


def _from_list(resource: Resource, rows: list[Row], test: Any, after: Key | None) -> Iterator[Row]:
    """Yield rows of a made list in its own order, going on after the row with key `after`."""
    passed = after is None
    for row in rows:
        if passed:
            if test is None or test(row):
                yield row
        elif row.get(resource.key) == after:
            passed = True


def find(world: World, division: Division | None, user: str, resource: Resource, key: str) -> Row | None:
    """Return the row a key between brackets points to, None when there is none. Raises Malformed on a wrong key."""
    kind = resource.properties[resource.key].kind
    found = _SKIPTOKEN.match(key.strip())
    value: Key = None
    if found:
        try:
            if kind == "guid" and found[1] is not None:
                value = guid(found[1])
            elif kind == "string" and found[2] is not None:
                value = found[2]
            elif kind.startswith("int") and found[3] is not None:
                value = int(found[3])
        except ValueError:
            value = None
    if value is None:
        raise Malformed(f"Bad Request - Error in query syntax. The key ({key}) does not fit {resource.path}.")
    source = VIEWS[resource.path.lower()](world, division, user)
    if source.table is not None:
        row = (
            source.table.get(value)
            if source.table.key == resource.key
            else next(iter(source.table.where(resource.key, value)), None)
        )
        if row is not None and source.only is not None and row.get(source.only[0]) != source.only[1]:
            return None
        return row
    return next((row for row in source.rows or [] if row.get(resource.key) == value), None)


class Answer:
    """Writes rows with the chosen properties and expanded or deferred collections."""

    def __init__(
        self, world: World, division: Division | None, user: str, resource: Resource, options: Options, root: str
    ) -> None:
        self._world, self._division, self._user = world, division, user
        self._resource, self._options = resource, options
        percent = world.settings["percentages"] == "percent"
        self._renderer = Renderer(resource, root, options.select, percent)
        self._lines: dict[str, tuple[Renderer, Resource, str, str]] = {}
        for name, chosen in options.navigation.items():
            path, theirs, ours = NAVIGATION[resource.path.lower(), name]
            there = resources()[path]
            self._lines[name] = (Renderer(there, root, chosen, percent), there, theirs, ours)

    def entity(self, row: Row) -> dict[str, Any]:
        """Return one row as the wire shows it."""
        out = self._renderer.entity(row)
        for name in self._options.deferred:
            out[name] = self._renderer.deferred(row, name)
        for name, (renderer, there, theirs, ours) in self._lines.items():
            out[name] = {"results": [renderer.entity(line) for line in self._children(there, theirs, row[ours])]}
        return out

    def _children(self, there: Resource, prop: str, value: Key) -> list[Row]:
        table = VIEWS[there.path.lower()](self._world, self._division, self._user).table
        return [] if table is None else sorted(table.where(prop, value), key=lambda row: row.get("LineNumber") or 0)

    def nothing_but_key(self, row: Row) -> dict[str, Any]:
        """Return the answer to a POST without `Prefer`: the key, and null for the rest."""
        bare = {self._resource.key: row[self._resource.key]}
        return self._renderer.entity(bare) | {
            name: self._renderer.deferred(row, name) for name in self._options.deferred
        }


def next_link(request: Request, token: str) -> str:
    """Return the address of the next page: the same options plus the token."""
    kept = "&".join(
        part for part in request.query.split("&") if part and not part.startswith(("$skiptoken=", "%24skiptoken="))
    )
    return f"{request.base_url}{request.path}?{kept}{'&' if kept else ''}$skiptoken={quote(token, safe='')}"


def whole(resource: Resource) -> Options:
    """Return the options of an answer with every property and deferred collections."""
    options = Options(select=list(plain_names(resource)))
    options.deferred = [name for name, prop in resource.properties.items() if prop.kind == "nav" and prop.readable]
    return options
