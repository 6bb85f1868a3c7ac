"""Lists over many sales documents: each page's time with 1,000,000 documents against its time with 10,000.

    python -m tests.bench.lists --json

Makes two PostgreSQL databases of its own, fills them by the database's own hand (`tests.bench.archive`; some minutes
for a million), asks the real pages of the admin by Django's test client, and drops them. Every page is asked in turn of
one and of the other, so a machine that slows down slows both; the median of the rounds is told. The first answer of
each is not counted: it fills the caches that a process has.

small_ms, large_ms: one page, all of it, as the server makes it. ratio: large against small. bound: the ratio that is
asked for; none where the page is shown for comparison. queries: statements of the page; where both differ, told as
"small / large". A long list makes fewer, as it is not added up and its views are not counted; more are never allowed,
save the one that reads the rows where the small list has none.
bytes: HTML before compression of the larger page, at most 400,000.
Exits with 1 when a page is over its bound. Speed of the machine drifts; quote ratios.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.bench.surroundings import arguments, counted_queries, scratch_database, show

MOST_BYTES = 400_000
FAST, BY_NAME = 1.5, 3.0
# Stands in the HTML of a list once for each row.
ROW = b'name="_selected_action"'


@dataclass(frozen=True, slots=True)
class Page:
    """`url` with its query; `bound` None: told, not judged."""

    name: str
    url: str
    bound: float | None = FAST


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two databases, with a client signed in there."""

    database: str
    client: Any
    pages: list[Page]


def main() -> int:
    parser = arguments(__doc__ or "", small=10_000, large=1_000_000, customers=5_000, rounds=7)
    parser.set_defaults(database="postgres")
    options = parser.parse_args()
    if options.database != "postgres":
        parser.error("the lists are measured on PostgreSQL")
    with scratch_database("postgres"), second_database() as (small, large):
        filling = time.perf_counter()
        sides = [side(small, options.small, options.customers), side(large, options.large, options.customers)]
        filling = time.perf_counter() - filling
        pages = measure(*sides, rounds=options.rounds)
    figures: dict[str, Any] = {
        "small": options.small,
        "large": options.large,
        "customers": options.customers,
        "fill_s": round(filling, 1),
    }
    if options.json:
        show({**figures, "pages": pages}, True)
    else:
        show(figures, False)
        table(pages)
    return 1 if any(page["over"] for page in pages) else 0


@contextmanager
def second_database() -> Iterator[tuple[str, str]]:
    """A copy of the empty scratch database beside it; the names of both."""
    from django.conf import settings
    from django.db import connections

    name = settings.DATABASES["default"]["NAME"]
    other = f"{name}_large"
    connections.close_all()
    import psycopg

    wanted = settings.DATABASES["default"]
    server = {"host": wanted["HOST"], "port": wanted["PORT"], "user": wanted["USER"], "password": wanted["PASSWORD"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as admin:
        admin.execute(f'CREATE DATABASE "{other}" TEMPLATE "{name}"')
    try:
        yield name, other
    finally:
        use(name)
        with psycopg.connect(dbname="postgres", autocommit=True, **server) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')


def use(name: str) -> None:
    """Let Django's one connection lead to the database of that name."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def side(database: str, documents: int, customers: int) -> Side:
    from tests.bench import archive

    use(database)
    return signed_in(database, archive.fill(documents, customers))


def signed_in(database: str, user: Any) -> Side:
    from django.test import Client

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return Side(database, client, pages_of())


def pages_of() -> list[Page]:
    """What a bookkeeper asks, with values that occur in the database that is in use."""
    from django.urls import reverse
    from django.utils import timezone

    from crm.models import Party
    from invoicing.admin import columns
    from invoicing.models import Invoice
    from tests.bench import archive

    invoices, notes = reverse("admin:invoicing_invoice_changelist"), reverse("admin:invoicing_creditnote_changelist")
    postings = reverse("admin:integrations_posting_changelist")
    today = timezone.localdate()
    some = Invoice.objects.exclude(number="").select_related("party").order_by("pk")
    middle = some[some.count() // 2]
    regular = archive.regular_of(Party.objects.order_by("pk").values_list("pk", flat=True)[0])
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    year = today.year - 1
    found = [Page("invoices", invoices)]
    found += [
        Page(f"invoices, {view.key}", f"{invoices}?view={view.key}")
        for view in columns.views(payments=True)
        if view.key
    ]
    found += [
        Page("invoices, of one entity", f"{invoices}?entity__id__exact={middle.entity_id}"),
        Page("invoices, of one entity not posted", f"{invoices}?entity__id__exact={middle.entity_id}&view=not-posted"),
        Page(
            "invoices, last month", f"{invoices}?date_from={month}&date_to={today.replace(day=1) - timedelta(days=1)}"
        ),
        Page("invoices, last year", f"{invoices}?date_from={year}-01-01&date_to={year}-12-31"),
        Page("invoices, of one customer", f"{invoices}?party__id__exact={regular}"),
        *(
            Page(f"invoices, posting {state}", f"{invoices}?posting={state}")
            for state in ("not_posted", "waiting", "blocked", "posted", "excluded")
        ),
        *(
            Page(f"invoices, payment {state}", f"{invoices}?payment_state__exact={state}")
            for state in ("open", "partly_paid", "paid")
        ),
        Page("invoices, number", f"{invoices}?q={middle.number}"),
        Page("invoices, beginning of a number", f"{invoices}?q={middle.number[:7]}"),
        Page("invoices, structured communication", f"{invoices}?q=%2B{middle.structured_communication[1:]}"),
        Page("invoices, no such number", f"{invoices}?q=2031/77"),
        Page("invoices, name of one customer", f"{invoices}?q={middle.party.name}", BY_NAME),
        Page("invoices, family name", f"{invoices}?q=Peeters", BY_NAME),
        Page("invoices, word in every name", f"{invoices}?q=bv", BY_NAME),
        Page("invoices, page 20", f"{invoices}?p=20"),
        Page("invoices, by total", f"{invoices}?o=6", None),
        Page("credit notes", notes),
        Page("credit notes, not-posted", f"{notes}?view=not-posted"),
        Page("credit notes, name of one customer", f"{notes}?q={middle.party.name}", BY_NAME),
        Page("postings", postings),
        *(Page(f"postings, {view}", f"{postings}?view={view}") for view in ("waiting", "held", "posted", "excluded")),
        Page("postings, number", f"{postings}?q={middle.number}"),
        Page("postings, name of one customer", f"{postings}?q={middle.party.name}", BY_NAME),
        Page("search of the frame, number", f"{reverse('admin:search')}?s={middle.number}"),
        Page("start", reverse("admin:index")),
    ]
    return found


def measure(small: Side, large: Side, *, rounds: int, only: str = "") -> list[dict[str, Any]]:
    """Ask every page of both sides in turn."""
    told = []
    for here, there in zip(small.pages, large.pages, strict=True):
        if only not in here.name:
            continue
        times: tuple[list[float], list[float]] = ([], [])
        counts: tuple[list[int], list[int]] = ([], [])
        sizes, empty = [0, 0], [False, False]
        for _ in range(rounds):
            for n, (one, page) in enumerate(((small, here), (large, there))):
                use(one.database)
                ask(one.client, page.url)  # connects, and is not counted
                started = time.perf_counter()
                with counted_queries() as counter:
                    answer = ask(one.client, page.url)
                times[n].append((time.perf_counter() - started) * 1000)
                counts[n].append(counter.count)
                sizes[n] = max(sizes[n], len(answer.content))
                empty[n] = ROW not in answer.content
        # What is kept for a while, a beat or a figure, is read anew by one answer of many.
        queries = [min(counts[0]), min(counts[1])]
        spare = 1 if empty == [True, False] else 0
        told.append(_told(here, *map(statistics.median, times), queries, max(sizes), spare))
    return told


def ask(client: Any, url: str) -> Any:
    answer = client.get(url)
    if answer.status_code != 200:
        sys.exit(f"{url} answered {answer.status_code}")
    return answer


def _told(page: Page, small: float, large: float, queries: list[int], size: int, spare: int) -> dict[str, Any]:
    ratio = large / small
    same = queries[0] == queries[1]
    return {
        "page": page.name,
        "small_ms": round(small),
        "large_ms": round(large),
        "ratio": round(ratio, 2),
        "bound": page.bound,
        "queries": queries[1] if same else f"{queries[0]} / {queries[1]}",
        "bytes": size,
        "over": page.bound is not None and (ratio > page.bound or size > MOST_BYTES or queries[1] > queries[0] + spare),
    }


def table(pages: list[dict[str, Any]]) -> None:
    heads = ["page", "small_ms", "large_ms", "ratio", "bound", "queries", "bytes"]
    widths = [max(len(str(page[head])) for page in [*pages, {h: h for h in heads}]) for head in heads]
    print("  ".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)))
    for page in pages:
        cells = [str("-" if page[head] is None else page[head]) for head in heads]
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"{line}  OVER" if page["over"] else line)


if __name__ == "__main__":
    sys.exit(main())
