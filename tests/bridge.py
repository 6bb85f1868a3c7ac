"""An entity connected to the sandbox through the same services that a person's clicks use, for tests of the sync."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from integrations import services
from integrations.models import Connection, Posting, SyncRun
from integrations.sync import dispatcher, engine
from invoicing.models import CompanyEntity, SalesDocument, VatRate
from tests import factories

DIVISION = "3120451"
RETURN_TO = "http://127.0.0.1/admin/integrations/signin/"
VAT_CODES = {"21": "4", "12": "2", "6": "1", "0": "0", "MC": "5", "CM": "6", "VCMD": "7", "EX": "8"}
ACCOUNTS = {
    "21": "700000",
    "12": "700010",
    "6": "700020",
    "0": "700300",
    "MC": "700500",
    "CM": "700600",
    "EX": "700700",
}
START = date(2026, 2, 1)


class Box:
    """The sandbox from outside: books, faults, payments, its request log."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._session = requests.Session()

    def call(self, verb: str, data: Any = None, method: str = "POST") -> Any:
        answer = self._session.request(method, f"{self.base_url}/_sandbox/{verb}", json=data, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind: str, **fields: Any) -> None:
        self.call("faults", {"kind": kind, **fields})

    def switch(self, **switches: Any) -> None:
        self.call("settings", {"exact": switches})

    def entries(self, division: str = DIVISION) -> dict[str, dict[str, Any]]:
        """Sales entries by our reference; an entry that stands twice fails here, whatever the test is about."""
        books = self.call(f"books/exact?division={division}&parts=entries", method="GET")["divisions"][0]
        found: dict[str, dict[str, Any]] = {}
        for row in books["entries"]:
            if row["kind"] != "sales":
                continue
            assert row["reference"] not in found, f"{row['reference']} stands twice in the books"
            found[row["reference"]] = row
        return found

    def parties(self, division: str = DIVISION) -> list[dict[str, Any]]:
        return self.call(f"books/exact?division={division}&parts=parties", method="GET")["divisions"][0]["parties"]

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        return self.call(f"requests?since={since}", method="GET")["requests"]

    def last_request(self) -> int:
        return self.call("requests", method="GET")["last_seq"]

    def pay(self, reference: str, amount: str | None = None, **fields: Any) -> None:
        payment = {"reference": reference, "kind": "sales", "division": int(DIVISION), **fields}
        self.call("pay", payment if amount is None else {**payment, "amount": amount})

    def consent(self, url: str) -> tuple[str, str]:
        """The person at the consent page; returns state and code."""
        fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        answer = self._session.post(
            url.partition("?")[0],
            data={**fields, "username": "demo", "password": "demo", "decision": "allow"},
            allow_redirects=False,
            timeout=20,
        )
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return query["state"][0], query["code"][0]


def sign_in(connection: Connection, box: Box, user: AbstractBaseUser) -> Connection:
    url = services.begin_sign_in(connection=connection, user=user, redirect_uri=RETURN_TO)
    state, code = box.consent(url)
    return services.complete_sign_in(state=state, code=code, user=user)


def connect(
    box: Box,
    entity: CompanyEntity | None = None,
    *,
    user: AbstractBaseUser | None = None,
    division: str = DIVISION,
    rates: Mapping[str, str] = VAT_CODES,
    start: date = START,
) -> Connection:
    """A connected entity with every setting made, ready to sync."""
    user = user or factories.UserFactory()
    entity = entity or factories.EntityFactory()
    for code in rates:
        factories.vat_rate(code)
    connection = services.start_connection(entity=entity, tool="exact", site="be", user=user)
    connection = sign_in(connection, box, user)
    connection = services.choose_administration(connection=connection, external_id=division, user=user)
    services.load_lists(connection=connection)
    services.save_settings(
        connection=connection,
        user=user,
        start_date=start,
        journals={"invoice": "70", "credit_note": "71", "purchase_invoice": "60", "purchase_credit_note": "61"},
        default_payment_term="30",
        discount_account="708000",
        # Counted apart from bookings, and tried apart: test_attaching.py.
        attach_files=False,
    )
    ids = dict(VatRate.objects.filter(country="BE", entity=None).values_list("code", "pk"))
    services.link_vat(connection=connection, direction="sales", links={ids[c]: v for c, v in rates.items()}, user=user)
    services.link_ledger(
        connection=connection, direction="sales", links={ids[c]: ACCOUNTS.get(c, "700000") for c in rates}, user=user
    )
    return services.finish_setup(connection=connection, user=user)


def sync(connection: Connection, *, slices: int = 200) -> SyncRun:
    """Run a sync to its end in this process, waking it when it waits; returns the finished run."""
    run = services.start_sync(connection)
    return work_off(run, slices=slices)


def work_off(run: SyncRun, *, slices: int = 200) -> SyncRun:
    for _ in range(slices):
        run.refresh_from_db()
        if run.is_finished:
            return run
        cut_short(run)
        if not engine.advance(run.pk, run.slice_number):
            dispatcher.wake_runs()
    raise AssertionError(f"the run is still {run.state} in step {run.step}")


def cut_short(run: SyncRun) -> None:
    """A run's short wait is waited for, as the dispatcher would; a long one is cut short."""
    if run.not_before is not None:
        wait = (run.not_before - timezone.now()).total_seconds()
        if 0 < wait < 6:
            time.sleep(wait)
        SyncRun.objects.filter(pk=run.pk).update(not_before=None)


def work_off_once(run: SyncRun) -> bool:
    """Give a run's present slice to this process, as a worker would; False when it is not its turn yet."""
    dispatcher.wake_runs()
    run.refresh_from_db()
    return engine.advance(run.pk, run.slice_number)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def posting(document: SalesDocument) -> Posting:
    return Posting.objects.get(sales_document_id=document.pk)


def assert_same_books(box: Box, connection: Connection, division: str = DIVISION) -> int:
    """Every posted document stands in the sandbox to the cent, per VAT code; returns how many."""
    entries = box.entries(division)
    postings = Posting.objects.filter(connection=connection, state="posted").select_related("sales_document")
    count = 0
    for one in postings:
        document = one.sales_document
        entry = entries[one.reference]
        sign = -1 if one.kind.endswith("credit-note") else 1
        assert sign * Decimal(entry["total"]) == abs(document.total), (one.reference, entry)
        assert one.external_id == entry["entry_id"]
        ours = {}
        for total in document.vat_totals.select_related("vat_rate__rate"):
            code = VAT_CODES[total.vat_rate.rate.code]
            base, vat = ours.get(code, (Decimal(0), Decimal(0)))
            ours[code] = (base + abs_sign(document, total.base), vat + abs_sign(document, total.vat))
        theirs: dict[str, tuple[Decimal, Decimal]] = {}
        for line in entry["lines"]:
            base, vat = theirs.get(line["vat_code"], (Decimal(0), Decimal(0)))
            theirs[line["vat_code"]] = (
                base + sign * Decimal(line["net"]),
                vat + sign * Decimal(line["vat"]),
            )
        assert theirs == ours, one.reference
        count += 1
    return count


def abs_sign(document: SalesDocument, amount: Decimal) -> Decimal:
    return -amount if document.total < 0 else amount
