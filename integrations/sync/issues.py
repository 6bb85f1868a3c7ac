"""Issues by cause: opened while planning and sending, counted and closed at the end of a run.

One open issue per connection, code and cause, by constraint. An issue closes when no posting refers to it any
more and, for those of the connection itself, when a run got past what stopped it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q
from django.utils import timezone

from ..models import Connection, Issue, Posting, PostingState
from .problems import Problem

CONNECTION_CAUSE = "connection"  # cause keys of problems that concern no single document begin so
HELD_UP = (PostingState.BLOCKED, PostingState.REFUSED, PostingState.UNCLEAR, PostingState.DIFFERS, PostingState.GONE)


class IssueBook:
    """The open issues of a connection, kept in memory for the length of a slice."""

    def __init__(self, connection_id: int) -> None:
        self._connection_id = connection_id
        self._open: dict[tuple[str, str], Issue] | None = None
        self._seen: set[int] = set()

    def ids_for(self, problems: Iterable[Problem]) -> dict[tuple[str, str], int]:
        """Open (or find) the issue of each problem's cause; at most three queries, whatever their number."""
        known = self._known()
        wanted = {p.cause: p for p in problems}
        missing = [p for cause, p in wanted.items() if cause not in known]
        now = timezone.now()
        if missing:
            Issue.objects.bulk_create(
                [
                    Issue(
                        connection_id=self._connection_id,
                        code=p.code,
                        cause_key=p.cause[1],
                        params=p.params,
                        party_id=p.party_id,
                        vendor_text=p.vendor_text,
                        first_seen_at=now,
                        last_seen_at=now,
                    )
                    for p in missing
                ],
                ignore_conflicts=True,  # another worker of this connection may have opened it
            )
            self._open = None
            known = self._known()
        ids = {cause: known[cause].pk for cause in wanted if cause in known}
        self._touch({cause: p for cause, p in wanted.items() if cause in ids})
        return ids

    def id_for(self, problem: Problem) -> int:
        return self.ids_for([problem])[problem.cause]

    def _known(self) -> dict[tuple[str, str], Issue]:
        if self._open is None:
            rows = Issue.objects.open().filter(connection_id=self._connection_id)
            self._open = {(issue.code, issue.cause_key): issue for issue in rows}
        return self._open

    def _touch(self, problems: dict[tuple[str, str], Problem]) -> None:
        """Note once per slice that a cause was met again, with its present words."""
        known = self._known()
        fresh: list[int] = []
        for cause, problem in problems.items():
            issue = known[cause]
            if issue.pk in self._seen:
                continue
            self._seen.add(issue.pk)
            if issue.params != problem.params or (problem.vendor_text and issue.vendor_text != problem.vendor_text):
                issue.params = problem.params
                issue.vendor_text = problem.vendor_text or issue.vendor_text
                issue.save(update_fields=["params", "vendor_text"])
            fresh.append(issue.pk)
        if fresh:
            Issue.objects.filter(pk__in=fresh).update(last_seen_at=timezone.now())


def open_connection_issue(
    connection: Connection, code: str, *, cause: str = "", params: dict[str, str] | None = None, text: str = ""
) -> int:
    """Open the issue of something that stops, or threatens, the whole connection."""
    key = f"{CONNECTION_CAUSE}:{cause}" if cause else CONNECTION_CAUSE
    return IssueBook(connection.pk).id_for(Problem(code=code, cause_key=key, params=params or {}, vendor_text=text))


def _reopen(connection: Connection) -> None:
    """Open again what a click closed while a worker was still using it: something is held up by it after all."""
    closed = Issue.objects.filter(connection=connection, resolved_at__isnull=False, postings__state__in=HELD_UP)
    for issue in closed.distinct():
        twin = Issue.objects.open().filter(connection=connection, code=issue.code, cause_key=issue.cause_key).first()
        if twin is None:
            Issue.objects.filter(pk=issue.pk).update(resolved_at=None)
        else:
            issue.postings.filter(state__in=HELD_UP).update(issue=twin)


def settle_issues(connection: Connection, *, run_succeeded: bool, keep_causes: frozenset[str] = frozenset()) -> int:
    """Count what each open issue holds up, close those that hold up nothing, and return how many stay open.

    Issues of the connection itself close when `run_succeeded`, save those with a cause in `keep_causes`.
    """
    now = timezone.now()
    _reopen(connection)
    held = dict(
        Posting.objects.filter(connection=connection, issue__isnull=False, state__in=HELD_UP)
        .values_list("issue")
        .annotate(n=Count("pk"))
    )
    marked = dict(
        Posting.objects.filter(connection=connection, issue__isnull=False, paid_here_open_there=True)
        .exclude(state__in=HELD_UP)
        .values_list("issue")
        .annotate(n=Count("pk"))
    )
    stay = 0
    closing: list[int] = []
    for issue in Issue.objects.open().filter(connection=connection):
        count = held.get(issue.pk, 0) + marked.get(issue.pk, 0)
        of_connection = issue.cause_key.split(":", 1)[0] == CONNECTION_CAUSE
        if count == 0 and (not of_connection or (run_succeeded and issue.cause_key not in keep_causes)):
            closing.append(issue.pk)
            continue
        stay += 1
        if issue.count != count:
            issue.count = count
            issue.save(update_fields=["count"])
    if closing:
        Issue.objects.filter(Q(pk__in=closing)).update(resolved_at=now, count=0)
    return stay
