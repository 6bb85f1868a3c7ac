"""The sign-in and consent page."""

from __future__ import annotations

import html
from collections.abc import Mapping

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1d2530; background: #eef1f4; }
main { max-width: 26rem; margin: 8vh auto; padding: 1.75rem; background: #fff;
  border: 1px solid #d5dbe2; border-radius: 10px; }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; }
p.small { color: #55606d; font-size: .875rem; }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
input { width: 100%; padding: .6rem .7rem; font: inherit; border: 1px solid #8a95a3; border-radius: 6px; }
ul { padding-left: 1.2rem; }
.error { background: #fdecec; border: 1px solid #c63c3c; border-radius: 6px; padding: .5rem .75rem; }
.buttons { display: flex; flex-direction: row-reverse; gap: .75rem; margin-top: 1.25rem; }
button { flex: 1; padding: .65rem; font: inherit; font-weight: 600; border-radius: 6px;
  border: 1px solid #1d5fa8; cursor: pointer; }
button.yes { background: #1d5fa8; color: #fff; }
button.no { background: #fff; color: #1d5fa8; }
button:focus-visible, input:focus-visible { outline: 3px solid #f2b134; outline-offset: 2px; }
@media (max-width: 430px) { main { margin: 0; min-height: 100vh; border: 0; border-radius: 0; } }
"""
_HIDDEN = ("client_id", "redirect_uri", "response_type", "state", "force_login")


def _frame(title: str, inner: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><main>{inner}</main></body></html>"
    )


def problem(text: str) -> str:
    """Return the page that says why nobody can consent."""
    return _frame(
        "Sandbox: cannot sign in", f"<h1>This cannot go on</h1><p class='error' role='alert'>{html.escape(text)}</p>"
    )


def page(app: str, fields: Mapping[str, str], user: str, error: str = "") -> str:
    """Return the page: sign-in fields when nobody is signed in, what the app asks for, and the two answers."""
    hidden = "".join(
        f"<input type='hidden' name='{name}' value='{html.escape(fields[name], quote=True)}'>"
        for name in _HIDDEN
        if name in fields
    )
    sign_in = (
        f"<p>Signed in as <strong>{html.escape(user)}</strong>.</p>"
        if user
        else "<label for='username'>User name</label>"
        "<input id='username' name='username' autocomplete='username' value='demo'>"
        "<label for='password'>Password</label>"
        "<input id='password' name='password' type='password' autocomplete='current-password'>"
        "<p class='small'>In the sandbox: demo and demo.</p>"
    )
    alert = f"<p class='error' role='alert'>{html.escape(error)}</p>" if error else ""
    return _frame(
        "Sandbox: sign in to Exact Online",
        f"<h1>Exact Online (sandbox)</h1>{alert}<form method='post'>{hidden}{sign_in}"
        f"<p><strong>{html.escape(app)}</strong> would like to:</p>"
        "<ul><li>see and change your relations</li><li>enter sales and purchase entries</li>"
        "<li>read ledger accounts, VAT codes and open items</li></ul>"
        # Allow comes first in the source: it is what the Enter key presses.
        "<div class='buttons'><button class='yes' name='decision' value='allow'>Allow</button>"
        "<button class='no' name='decision' value='refuse' formnovalidate>Refuse</button></div></form>",
    )
