"""The page a person sees at `/`: the books per administration, with buttons that pay."""

from __future__ import annotations

import html
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from .messages import BadControl, Request, Response, html_response, redirect

if TYPE_CHECKING:
    from .server import Sandbox

PER_PAGE = 100
_CURRENT = " aria-current=page"
_STYLE = """
:root { color-scheme: light; --line: #d5dbe2; --ink: #1d2530; --soft: #55606d; --blue: #1d5fa8; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: #eef1f4; }
header, main { max-width: 76rem; margin: 0 auto; padding: 1rem; }
header h1 { margin: 0; font-size: 1.3rem; }
header p { margin: .25rem 0 0; color: var(--soft); }
nav { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0 1rem; }
nav.books { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1rem; align-items: baseline; }
nav.books h2 { font-size: .85rem; color: var(--soft); margin: 0; }
nav.books ul { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; padding: 0; list-style: none; }
nav.books a { display: inline-block; }
nav a { padding: .4rem .75rem; border: 1px solid var(--line); border-radius: 6px; background: #fff;
  color: var(--blue); text-decoration: none; }
nav a[aria-current] { background: var(--blue); border-color: var(--blue); color: #fff; }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 1rem; margin-bottom: 1rem; }
h2 { margin: 0 0 .25rem; font-size: 1.1rem; }
.facts { color: var(--soft); margin: 0 0 .75rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .5rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: middle; }
th { font-size: .8rem; color: var(--soft); font-weight: 600; }
.money { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
button, .tag, td[data-label='Date'] { white-space: nowrap; }
.tag { display: inline-block; padding: .1rem .5rem; border-radius: 99px; font-size: .8rem;
  background: #e3efe4; color: #1d5c2a; }
.tag.open { background: #fdf0d5; color: #7a4d00; }
.tag.part { background: #e0ecf9; color: #164a83; }
form.pay { display: flex; gap: .4rem; justify-content: flex-end; }
form.find { display: flex; gap: .4rem; margin-bottom: .75rem; }
input { width: 6.5rem; padding: .35rem .5rem; font: inherit; border: 1px solid #8a95a3; border-radius: 6px; }
form.find input { width: 100%; max-width: 20rem; }
button { padding: .35rem .75rem; font: inherit; border-radius: 6px; border: 1px solid var(--blue);
  background: var(--blue); color: #fff; cursor: pointer; }
button.quiet { background: #fff; color: var(--blue); }
button:focus-visible, input:focus-visible, a:focus-visible { outline: 3px solid #f2b134; outline-offset: 2px; }
.note { background: #e3efe4; border: 1px solid #8bb694; border-radius: 6px; padding: .5rem .75rem; margin: 0 0 1rem; }
.note.bad { background: #fdecec; border-color: #c63c3c; }
@media (max-width: 720px) {
  thead { position: absolute; left: -9999px; }
  table, tbody, tr, td { display: block; width: 100%; }
  tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
  td { display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: .15rem 0; }
  td::before { content: attr(data-label); color: var(--soft); font-size: .85rem; }
  td.money { text-align: right; }
  form.pay { flex-wrap: wrap; }
  header, main { padding: .75rem; }
  nav.books { grid-template-columns: 1fr; gap: .35rem; }
}
"""


def _e(value: object) -> str:
    return html.escape("" if value is None else str(value), quote=True)


def _link(**params: object) -> str:
    kept = {name: value for name, value in params.items() if value not in ("", None, 1)}
    return "/?" + urlencode(kept) if kept else "/"


class Page:
    """Shows the books and takes the Pay and Unpay forms."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle(self, request: Request) -> Response:
        """Answer `/`, and POST to `/pay` and `/unpay`."""
        if request.path in ("/pay", "/unpay"):
            if request.method != "POST":
                return redirect("/")
            return self._pay(request, request.path[1:])
        if request.path != "/" or request.method not in ("GET", "HEAD"):
            return html_response("<p>Nothing here. <a href='/'>The books</a></p>", 404)
        return html_response(self._books(request))

    def _pay(self, request: Request, verb: str) -> Response:
        origin = request.headers.get("origin")
        if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
            return html_response("<p>This form came from another site.</p>", 403)
        fields = request.form()
        vendor = self._sandbox.vendors.get(fields.get("vendor", ""))
        back = {"division": fields.get("division", ""), "q": fields.get("q", ""), "page": fields.get("page", "")}
        if vendor is None:
            return html_response("<p>Unknown vendor.</p>", 400)
        wanted: dict[str, Any] = {"entry_id": fields.get("entry_id"), "division": fields.get("division")}
        if fields.get("part"):
            wanted["amount"] = fields.get("amount", "").strip().replace(",", ".") or "0"
        try:
            with self._sandbox.lock:
                done = vendor.actions[verb](wanted)
                self._sandbox.store.commit()
        except (BadControl, ArithmeticError, ValueError) as exc:
            text = exc.text if isinstance(exc, BadControl) else "That is not an amount."
            return redirect(_link(**back, bad=text), 303)
        said = (
            f"{done['paid']} {done['currency']} paid on {done['reference']}"
            if verb == "pay"
            else f"{done['reference']} is open again"
        )
        return redirect(_link(**back, note=said), 303)

    def _books(self, request: Request) -> str:
        params = request.params
        with self._sandbox.lock:
            tabs = [
                (vendor, one)
                for vendor in self._sandbox.vendors.values()
                for one in vendor.books({"parts": "totals"})["divisions"]
            ]
            # Nobody comes to see empty books.
            fullest = max(tabs, key=lambda tab: int(tab[1]["totals"]["sales_count"]), default=None)
            chosen = next((tab for tab in tabs if str(tab[1]["division"]) == params.get("division")), fullest)
            entries: list[dict[str, Any]] = []
            if chosen is not None:
                found = chosen[0].books({"division": str(chosen[1]["division"]), "parts": "entries"})
                entries = found["divisions"][0]["entries"]
        links = "".join(
            f"<h2 id='{_e(vendor.key)}'>{_e(vendor.title)}</h2><ul aria-labelledby='{_e(vendor.key)}'>"
            + "".join(
                f"<li><a href='{_e(_link(division=one['division']))}'"
                f"{_CURRENT if chosen and one is chosen[1] else ''}>{_e(one['name'])}</a></li>"
                for owner, one in tabs
                if owner is vendor
            )
            + "</ul>"
            for vendor in dict.fromkeys(owner for owner, _ in tabs)
        )
        note = ""
        if params.get("bad"):
            note = f"<p class='note bad' role='alert'>{_e(params['bad'])}</p>"
        elif params.get("note"):
            note = f"<p class='note' role='status'>{_e(params['note'])}</p>"
        body = (
            self._section(chosen[0].key, chosen[0].title, chosen[1], entries, params)
            if chosen
            else "<p>There are no books.</p>"
        )
        return (
            "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'><title>Sandbox: the books</title>"
            f"<style>{_STYLE}</style></head><body><header><h1>Sandbox</h1>"
            "<p>The other side of the bridge: what the bookkeeping tools hold. "
            "Pay a document here and see it arrive.</p></header>"
            f"<main><nav class='books' aria-label='Administrations'>{links}</nav>{note}{body}</main></body></html>"
        )

    def _section(
        self, key: str, title: str, one: dict[str, Any], entries: list[dict[str, Any]], params: dict[str, str]
    ) -> str:
        query = params.get("q", "").strip()
        if query:
            entries = [
                row
                for row in entries
                if query.lower() in f"{row['reference']} {row['party_name']} {row['number']}".lower()
            ]
        entries = sorted(entries, key=lambda row: (row["date"], row["number"]), reverse=True)
        page = max(int(params["page"]), 1) if params.get("page", "").isdigit() else 1
        shown = entries[(page - 1) * PER_PAGE : page * PER_PAGE]
        totals = one["totals"]
        rows = "".join(self._row(key, one["division"], row, query, page) for row in shown)
        table = (
            "<table><thead><tr><th>Reference</th><th>Party</th><th>Date</th><th>Journal</th>"
            "<th class='money'>Total</th><th class='money'>Open</th><th>State</th><th></th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
            if shown
            else "<p>No documents here yet. Run a sync and they will stand here.</p>"
        )
        pages = ""
        if len(entries) > PER_PAGE:
            division = one["division"]
            earlier = f"<a href='{_e(_link(division=division, q=query, page=page - 1))}'>Newer</a>" if page > 1 else ""
            later = (
                f"<a href='{_e(_link(division=division, q=query, page=page + 1))}'>Older</a>"
                if page * PER_PAGE < len(entries)
                else ""
            )
            pages = f"<nav aria-label='Pages'>{earlier}{later}</nav>"
        facts = (
            f"{title} {one['division']}",
            f"{totals['parties']} parties",
            f"{totals['sales_count']} sales, {totals['purchase_count']} purchases",
            f"to receive {totals['open_receivable']} {one['currency']}",
            f"to pay {totals['open_payable']} {one['currency']}",
        )
        return (
            f"<section><h2>{_e(one['name'])}</h2><p class='facts'>{' &middot; '.join(map(_e, facts))}</p>"
            "<form class='find' method='get' action='/'>"
            f"<input type='hidden' name='division' value='{_e(one['division'])}'>"
            f"<input type='search' name='q' value='{_e(query)}' aria-label='Find a reference or party'"
            " placeholder='Reference or party'>"
            f"<button class='quiet'>Find</button></form>{table}{pages}</section>"
        )

    @staticmethod
    def _row(key: str, division: object, row: dict[str, Any], query: str, page: int) -> str:
        open_amount, total = Decimal(row["open"]), Decimal(row["total"])
        state, word = (
            ("open", "open")
            if open_amount == total and total
            else ("part", "partly paid")
            if open_amount
            else ("", "paid")
        )
        hidden = "".join(
            f"<input type='hidden' name='{name}' value='{_e(value)}'>"
            for name, value in (
                ("vendor", key),
                ("division", division),
                ("entry_id", row["entry_id"]),
                ("q", query),
                ("page", page),
            )
        )
        reference = _e(row["reference"] or row["number"])
        if open_amount:
            buttons = (
                f"<form class='pay' method='post' action='/pay'>{hidden}<button>Pay</button>"
                f"<input name='amount' inputmode='decimal' aria-label='Part of {reference} to pay'"
                f" placeholder='{_e(abs(open_amount))}'>"
                "<button class='quiet' name='part' value='1'>Pay part</button></form>"
            )
        else:
            buttons = (
                f"<form class='pay' method='post' action='/unpay'>{hidden}"
                "<button class='quiet'>Take back</button></form>"
            )
        cells = (
            ("Reference", f"<strong>{reference}</strong>", ""),
            ("Party", _e(row["party_name"]), ""),
            ("Date", _e(row["date"]), ""),
            ("Journal", " &middot; ".join(_e(one) for one in (row["journal"], row["number"]) if one), ""),
            ("Total", f"{_e(row['total'])} {_e(row['currency'])}", "money"),
            ("Open", _e(row["open"]), "money"),
            ("State", f"<span class='tag {state}'>{word}</span>", ""),
            ("", buttons, ""),
        )
        return (
            "<tr>"
            + "".join(f"<td data-label='{label}' class='{css}'>{inner}</td>" for label, inner, css in cells)
            + "</tr>"
        )
