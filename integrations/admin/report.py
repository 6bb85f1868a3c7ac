"""What a run did, one line per kind of item, and how many calls it and its administration have used.

The kinds are those that the connector serves: the tool's lists, customers and suppliers, invoices and credit notes,
purchases by Peppol, and payments back. Source: S-131, S-139; ui sheet, section 4.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.figures import number

from ..models import Administration, SyncRun
from ..registry import get_tool

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """`issues`: open issues after the run, told beside the documents that they hold up."""

    item: str
    looked_at: int
    done: int
    blocked: int
    remark: str = ""
    issues: int = 0


@dataclass(frozen=True, slots=True)
class RunSums:
    """A run in the figures of a list: what was done per kind."""

    parties: int
    sales: int
    split: tuple[int, int] | None  # of these invoices and credit notes; None where the run did not count them apart
    purchases: int
    payments: int
    blocked: int
    calls: int


@dataclass(frozen=True, slots=True)
class CallsToday:
    used: int
    limit: int
    free_at: datetime
    by_tool: bool = True  # else the tool says nothing of today, and these are the calls that our own runs counted


class _Counts:
    """A run's counters of one kind, or of several together; what was never counted is zero."""

    def __init__(self, run: SyncRun, *items: str) -> None:
        self._rows: list[dict[str, int]] = [run.counters.get(item) or {} for item in items]

    def __getitem__(self, what: str) -> int:
        return max(sum(row.get(what, 0) for row in self._rows), 0)

    def __bool__(self) -> bool:
        return any(self._rows)

    def sum(self, *what: str) -> int:
        return sum(self[one] for one in what)


def sums_of(run: SyncRun) -> RunSums:
    parties, sales = _Counts(run, "parties", "suppliers"), _Counts(run, "sales")
    purchases, payments = _Counts(run, "purchases"), _Counts(run, "payments")
    return RunSums(
        parties=parties.sum("created", "updated", "linked"),
        sales=sales.sum("posted", "differs"),
        split=(_done(_Counts(run, "invoices")), _done(_Counts(run, "credit_notes"))) if _is_split(run) else None,
        purchases=purchases.sum("posted", "differs"),
        payments=payments.sum("paid", "partly"),
        blocked=sales.sum("blocked", "refused") + purchases.sum("blocked", "refused"),
        calls=_Counts(run, "calls")["all"],
    )


def report_of(run: SyncRun) -> list[ReportRow]:
    """The lines of one run; those of a first sync and of files only where the run had to do with them."""
    rows = [_lists(run)]
    if references := _Counts(run, "references"):
        read = references["read"]
        rows.append(ReportRow(_("Bookings that stood there before"), read, read, 0, _("read before the first send")))
    rows += [_parties(run), *_sales(run)]
    if files := _Counts(run, "attachments"):
        attached, refused = files["attached"], files["refused"]
        remark = _joined((files["left"], _("%(n)s wait for the next sync")))
        rows.append(ReportRow(_("Attachments"), attached + refused + files["left"], attached, refused, remark))
    return [*rows, _purchases(run), _payments(run)]


def _joined(*parts: tuple[int, str]) -> str:
    """The parts that count something, as one remark; each text names its number as %(n)s."""
    return ", ".join(text % {"n": number(count)} for count, text in parts if count)


def _lists(run: SyncRun) -> ReportRow:
    found = _Counts(run, "catalogue")
    lists, emptied = found["lists"], found["emptied"]
    remark = _joined((emptied, _("%(n)s came back empty and were kept as they were")))
    if not lists:
        remark = _("Not due: they were read not long ago.")
    return ReportRow(_("Ledger accounts, VAT codes and other lists"), lists, lists - emptied, 0, remark)


def _parties(run: SyncRun) -> ReportRow:
    found = _Counts(run, "parties", "suppliers")
    done, refused = found.sum("created", "updated", "linked"), found["refused"]
    remark = _joined(
        (found["created"], _("%(n)s new")),
        (found["updated"], _("%(n)s changed")),
        (found["linked"], _("%(n)s found there")),
        (found["unlinked"], _("%(n)s no longer there")),
        (found["unclear"], _("%(n)s unclear")),
    )
    return ReportRow(_("Customers and suppliers"), done + refused + found["unclear"], done, refused, remark)


def _is_split(run: SyncRun) -> bool:
    """Whether the counters of invoices and of credit notes add up to those of all sales documents.

    Runs from before they were counted apart have none, and one that an update of the program fell into has too few.
    """
    counters = run.counters
    invoices, credit_notes = counters.get("invoices") or {}, counters.get("credit_notes") or {}
    sales: dict[str, int] = counters.get("sales") or {}
    return all(invoices.get(what, 0) + credit_notes.get(what, 0) == count for what, count in sales.items())


def _done(found: _Counts) -> int:
    return found.sum("posted", "differs")


def _sales(run: SyncRun) -> list[ReportRow]:
    """Invoices and credit notes, in a line each where the run counted them apart. Open issues are told once."""
    issues = _Counts(run, "issues")["open"]
    if not _is_split(run):
        return [_documents(_("Invoices, credit notes"), _Counts(run, "sales"), issues)]
    invoices, credit_notes = _Counts(run, "invoices"), _Counts(run, "credit_notes")
    on_credit_notes = not _blocked(invoices) and bool(_blocked(credit_notes))
    return [
        _documents(_("Invoices"), invoices, 0 if on_credit_notes else issues),
        _documents(_("Credit notes"), credit_notes, issues if on_credit_notes else 0),
    ]


def _blocked(found: _Counts) -> int:
    return found.sum("blocked", "refused")


def _documents(item: str, found: _Counts, issues: int) -> ReportRow:
    done, blocked = _done(found), _blocked(found)
    remark = _joined(
        (found["differs"], _("%(n)s with other totals there")),
        (found["unclear"], _("%(n)s unclear")),
        (found["taken"], _("%(n)s being processed there")),
        (found["excluded"], _("%(n)s excluded")),
        (found["found"], _("%(n)s found there")),
        (found["waiting_for_customer"], _("%(n)s wait for their customer")),
        (max(found["left"] - found["taken"], 0), _("%(n)s wait for the next sync")),
    )
    # An answer to what an earlier run sent may come in this one, which planned less.
    return ReportRow(item, max(found["planned"], done + blocked), done, blocked, remark, issues)


def _purchases(run: SyncRun) -> ReportRow:
    found = _Counts(run, "purchases")
    done, blocked = found.sum("posted", "differs"), found.sum("blocked", "refused")
    remark = _joined(
        (found["taken"], _("%(n)s being processed there")),
        (found["excluded"], _("%(n)s excluded")),
        (found["found"], _("%(n)s found there")),
        (found["waiting_for_supplier"], _("%(n)s wait for their supplier")),
        (max(found["left"] - found["taken"], 0), _("%(n)s wait for the next sync")),
    )
    others = found["other_origin"]
    if others:
        words = ngettext(
            "%(n)s did not come by Peppol and is not sent by the connector",
            "%(n)s did not come by Peppol and are not sent by the connector",
            others,
        ) % {"n": number(others)}
        remark = f"{remark}, {words}" if remark else words
    remark = remark or _("What did not come by Peppol is not sent by the connector.")
    return ReportRow(_("Purchases by Peppol"), max(found["planned"], done + blocked), done, blocked, remark)


def _payments(run: SyncRun) -> ReportRow:
    found = _Counts(run, "payments")
    done = found.sum("paid", "partly")
    remark = _joined(
        (found["paid"], _("%(n)s paid")),
        (found["partly"], _("%(n)s partly paid")),
        (found["paid_here_open_there"], _("%(n)s paid here, open there")),
        (found["gone"], _("%(n)s deleted there")),
    )
    return ReportRow(_("Payments"), max(found["rows"], done), done, 0, remark)


def calls_words(run: SyncRun) -> str:
    """How many calls a run made, and for what beside the documents."""
    total = number(_Counts(run, "calls")["all"])
    apart = _joined(
        (_Counts(run, "parties")["mirror_calls"], _("%(n)s for the list of relations")),
        (_Counts(run, "attachments")["calls"], _("%(n)s for attachments")),
    )
    return _("%(n)s, of these %(apart)s") % {"n": total, "apart": apart} if apart else total


def calls_today(administration: Administration | None) -> list[CallsToday]:
    """What is used up of the limits that the tool has per day: as last heard of it, else by our own count."""
    if administration is None:
        return []
    now = timezone.now()
    found = []
    for limit in get_tool(administration.tool).limits.calls:
        row: dict[str, Any] = (administration.counters or {}).get(limit.name) or {}
        if limit.seconds < _DAY.total_seconds():
            continue
        free_at = datetime.fromisoformat(row["reset"]) if row else now
        if free_at > now:
            allowed = row.get("limit") or limit.calls
            found.append(CallsToday(max(allowed - row["left"], 0), allowed, free_at))
        else:
            found.append(CallsToday(_own_count(administration), limit.calls, now, by_tool=False))
    return found


def _own_count(administration: Administration) -> int:
    """The calls of the runs that began today."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    runs = SyncRun.objects.filter(connection__administration=administration, created_at__gte=today)
    return sum(_Counts(run, "calls")["all"] for run in runs.only("counters"))
