"""What lasts: the state file, the process, the request log, seeding, the page, notices."""

import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from integrations.sandbox.server import Sandbox
from tests.sandbox.conftest import EMPTY, MAIN, ExactCaller
from tests.sandbox.test_exact_server_entries import BAKERY, SALES, invoice

ROOT = Path(__file__).resolve().parents[2]


def test_books_tokens_and_switches_survive_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "sandbox.sqlite3")
    with Sandbox(state=state) as sandbox:
        exact = ExactCaller(sandbox)
        pair = exact.sign_in()
        exact.settings(language="en", limits=False)
        exact.control("rights", resource="crm/Contacts", actions=["POST"], allowed=False)
        exact.control("close_period", division=MAIN, year=2026, period=5)
        exact.control("clock", advance_seconds=500)
        exact.post_full("crm/Accounts", {"Name": "Nieuw", "Status": "C"})
        exact.post_full(SALES, invoice(exact, {"AmountFC": 19.99}))
        exact.control("pay", reference="2026/0500", amount="4.19")
        exact.post_full(SALES, invoice(exact, YourRef="2026/0501"))
        exact.control("delete_entry", reference="2026/0501")
        before = exact.books()
        stamps = exact.rows("sync/Cashflow/PaymentTerms", select="Timestamp")
    with Sandbox(state=state, books=["exact-nl"]) as sandbox:
        exact = ExactCaller(sandbox)
        exact.session.headers["Authorization"] = f"Bearer {pair['access_token']}"
        assert exact.books() == before
        assert sandbox.clock.offset == 500
        assert exact.rows("sync/Cashflow/PaymentTerms", select="Timestamp") == stamps
        assert sandbox.vendors["exact"].settings()["language"] == "en"
        assert exact.post("crm/Contacts", {"Account": BAKERY, "LastName": "A"}).status_code == 403
        assert exact.post(SALES, invoice(exact, EntryDate="2026-05-02")).status_code == 500
        fresh = exact.post_full(SALES, invoice(exact, YourRef="2026/0502"))
        assert fresh["EntryNumber"] == 26700004
        rows = exact.rows(
            "sync/Cashflow/PaymentTerms", select="Timestamp", filter=f"Timestamp gt {stamps[-1]['Timestamp']}L"
        )
        assert len(rows) == 1


def test_state_survives_a_killed_process(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"

    def serve() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--state", str(state), "--no-limits"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        )
        assert process.stdout is not None
        found = re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert found
        return process, found[1]

    process, url = serve()
    try:
        made = requests.post(f"{url}/_sandbox/seed", json={"division": EMPTY, "accounts": 3}, timeout=20).json()
    finally:
        process.kill()
        process.communicate(timeout=20)
    process, url = serve()
    try:
        params = {"division": str(EMPTY), "parts": "parties"}
        parties = requests.get(f"{url}/_sandbox/books/exact", params=params, timeout=20).json()["divisions"][0][
            "parties"
        ]
        assert {party["id"] for party in parties} == set(made["accounts"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_request_log(exact: ExactCaller) -> None:
    exact.get("financial/Journals")
    mark = exact.requests()[-1]["seq"]
    exact.post(SALES, invoice(exact))
    exact.get("financial/Journals", select="Code")
    entries = exact.requests(mark)
    posted = next(entry for entry in entries if entry["method"] == "POST")
    assert posted["vendor"] == "exact"
    assert posted["path"] == f"/exact/api/v1/{MAIN}/salesentry/SalesEntries"
    assert json.loads(posted["body"])["YourRef"] == "2026/0500"
    assert posted["status"] == 201
    assert posted["ms"] < 500
    assert entries[-1]["query"] == "%24select=Code"
    assert [entry["seq"] for entry in entries] == list(range(mark + 1, entries[-1]["seq"] + 1))
    url = f"{exact.sandbox.base_url}/_sandbox/requests"
    assert requests.get(url, params={"vendor": "yuki"}, timeout=20).json()["requests"] == []
    requests.delete(url, timeout=20)
    assert exact.requests() == []
    exact.get("financial/Journals")
    assert exact.requests()[0]["seq"] > entries[-1]["seq"]


def test_seeding_thousands_is_quick_and_repeatable(exact: ExactCaller) -> None:
    started = time.perf_counter()
    exact.control("seed", division=EMPTY, accounts=5000)
    assert time.perf_counter() - started < 10
    rows = exact.rows("bulk/CRM/Accounts", EMPTY, select="ID,Code,Name,VATNumber")
    assert len(rows) == 5000
    assert len({row["Code"] for row in rows}) == 5000
    first = {row["ID"]: row for row in rows}
    made = exact.post("crm/Accounts", {"Name": "A", "VATNumber": rows[17]["VATNumber"]}, EMPTY)
    assert made.status_code == 201  # seeded numbers are valid ones
    exact.control("reset")
    exact.sign_in()
    exact.control("seed", division=EMPTY, accounts=5000)
    exact.settings(limits=False)
    again = exact.rows("bulk/CRM/Accounts", EMPTY, select="ID,Code,Name,VATNumber")
    assert {row["ID"]: row for row in again} == first


def test_seeding_given_relations_and_entries(exact: ExactCaller) -> None:
    given = [{"Name": "Gegeven NV", "Code": "900", "VATNumber": "BE 1900.139.037", "IsSupplier": True}]
    entry = {
        "relation": "900",
        "date": "2026-02-03",
        "reference": "2026/0042",
        "open": "21.00",
        "lines": [{"account": "700100", "vat_code": "4", "net": "100.00", "vat": "21.00"}],
    }
    exact.control("seed", division=EMPTY, accounts=given, entries=[entry])
    stored = exact.entry("2026/0042", EMPTY)
    assert (stored["party_name"], stored["total"], stored["open"]) == ("Gegeven NV", "121.00", "21.00")
    made = exact.control("seed", division=EMPTY, entries=20)
    assert len(made["entries"]) == 20
    assert exact.books(EMPTY, "totals")["totals"]["balance"] == "0.00"
    unknown = {"division": EMPTY, "entries": [entry | {"relation": "nobody"}]}
    assert requests.post(f"{exact.sandbox.base_url}/_sandbox/seed", json=unknown, timeout=20).status_code == 404


def test_touching_the_catalogue_as_somebody_at_the_tool(exact: ExactCaller) -> None:
    exact.control("touch", table="vatcodes", division=MAIN, code="4", values={"IsBlocked": True})
    assert exact.post(SALES, invoice(exact)).status_code == 500
    exact.control("touch", table="accounts", division=MAIN, code="24", delete=True)
    assert exact.rows("crm/Accounts", select="ID", filter="trim(Code) eq '24'") == []
    assert exact.rows("sync/Deleted", select="EntityType,Timestamp")[-1]["EntityType"] == 2


# the page


def test_page_shows_documents_and_pays_them(exact: ExactCaller) -> None:
    base = exact.sandbox.base_url
    page = requests.get(base, timeout=20)
    assert page.status_code == 200
    assert "Brugpijlertje Digitaal bv" in page.text
    page = requests.get(base, params={"division": MAIN}, timeout=20)
    assert "2026/0010" in page.text
    assert "Bakkerij Zonnekorrel" in page.text
    assert "1222.29" in page.text
    entry = exact.entry("2026/0010")
    form = {"vendor": "exact", "division": str(MAIN), "entry_id": entry["entry_id"], "amount": "22,29", "part": "1"}
    back = requests.post(f"{base}/pay", data=form, timeout=20, allow_redirects=False)
    assert back.status_code == 303
    assert exact.entry("2026/0010")["open"] == "1200.00"
    shown = requests.get(base + back.headers["Location"], timeout=20).text
    assert "22.29 EUR paid on 2026/0010" in shown
    assert "partly paid" in shown
    del form["part"]
    requests.post(f"{base}/pay", data=form, timeout=20)
    assert exact.entry("2026/0010")["open"] == "0.00"
    requests.post(f"{base}/unpay", data=form, timeout=20)
    assert exact.entry("2026/0010")["open"] == "1222.29"


@pytest.mark.parametrize("amount", ["much", "", "99999"])
def test_page_says_what_was_wrong(exact: ExactCaller, amount: str) -> None:
    base = exact.sandbox.base_url
    entry = exact.entry("2026/0010")
    form = {"vendor": "exact", "division": str(MAIN), "entry_id": entry["entry_id"], "amount": amount, "part": "1"}
    page = requests.post(f"{base}/pay", data=form, timeout=20)
    assert page.status_code == 200
    assert "role='alert'" in page.text
    assert exact.entry("2026/0010")["open"] == "1222.29"


def test_page_escapes_names_and_refuses_other_sites(exact: ExactCaller) -> None:
    exact.control("seed", division=EMPTY, accounts=[{"Name": "<script>alert(1)</script>", "Code": "1"}])
    line = {"account": "700100", "vat_code": "4", "net": "1.00", "vat": "0.21"}
    exact.control(
        "seed", division=EMPTY, entries=[{"relation": "1", "date": "2026-02-03", "reference": "<b>", "lines": [line]}]
    )
    page = requests.get(exact.sandbox.base_url, params={"division": EMPTY, "q": "'><i>"}, timeout=20).text
    assert "<script" not in page
    assert "<i>" not in page
    page = requests.get(exact.sandbox.base_url, params={"division": EMPTY}, timeout=20).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    entry = exact.entry("<b>", EMPTY)
    form = {"vendor": "exact", "division": str(EMPTY), "entry_id": entry["entry_id"]}
    refused = requests.post(
        f"{exact.sandbox.base_url}/pay", data=form, headers={"Origin": "https://evil.example"}, timeout=20
    )
    assert refused.status_code == 403
    assert exact.entry("<b>", EMPTY)["open"] == "1.21"


# notices


class _Listener(BaseHTTPRequestHandler):
    heard: list[bytes]

    def do_POST(self) -> None:
        self.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_Listener,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard
    server.shutdown()
    thread.join()
    server.server_close()


def wait_for(heard: list[bytes], count: int) -> None:
    for _ in range(100):
        if len(heard) >= count:
            return
        time.sleep(0.02)
    raise AssertionError(heard)


def test_webhook_validation_and_signed_notices(exact: ExactCaller, listener: tuple[str, list[bytes]]) -> None:
    url, heard = listener
    made = exact.post_full("webhooks/WebhookSubscriptions", {"CallbackURL": url, "Topic": "SalesEntries"})
    wait_for(heard, 1)
    assert heard[0] == b""
    entry = exact.post_full(SALES, invoice(exact))
    wait_for(heard, 2)
    raw = heard[1]
    content = raw[len(b'{"Content":') : raw.index(b',"HashCode":')]
    expected = hmac.new(b"demo-webhook-secret", content, hashlib.sha256).hexdigest().upper()
    body = json.loads(raw)
    assert body["HashCode"] == expected
    assert body["Content"]["Topic"] == "SalesEntries"
    assert body["Content"]["Action"] == "Create"
    assert body["Content"]["Key"] == entry["EntryID"]
    assert body["Content"]["Division"] == MAIN
    assert exact.call("DELETE", f"webhooks/WebhookSubscriptions(guid'{made['ID']}')").status_code == 204
    outside = {"CallbackURL": "https://example.com/hook", "Topic": "SalesEntries"}
    assert exact.post("webhooks/WebhookSubscriptions", outside).status_code == 500


# speed and independence


def test_a_call_costs_little(exact: ExactCaller) -> None:
    body = invoice(exact)
    times = []
    for n in range(30):
        body["YourRef"] = f"2026/1{n:03d}"
        started = time.perf_counter()
        assert exact.post(SALES, body).status_code == 201
        times.append(time.perf_counter() - started)
    assert sorted(times)[len(times) // 2] < 0.02  # a stall of delayed acknowledgements alone is 0.04


def test_sandbox_needs_neither_django_nor_a_client() -> None:
    program = (
        "import sys; import integrations.sandbox.server;"
        "bad = [name for name in sys.modules if name.split('.')[0] in ('django', 'requests', 'lxml')"
        " or name.startswith('integrations.') and not name.startswith('integrations.sandbox')];"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
