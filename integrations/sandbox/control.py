"""The control endpoints under `/_sandbox/`, for tests and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .messages import BadControl, Request, Response, json_response

if TYPE_CHECKING:
    from .server import Sandbox
    from .vendor import Vendor


class Control:
    """Routes `/_sandbox/<what>`; a vendor's own verbs come from `Vendor.actions`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle(self, request: Request) -> Response:
        """Answer a control call; a wrong one gets {"error": text}."""
        what = request.plain_path.removeprefix("/_sandbox").strip("/")
        try:
            return json_response(self._do(request, what))
        except BadControl as exc:
            return json_response({"error": exc.text}, exc.status)
        except (KeyError, ValueError, TypeError, ArithmeticError) as exc:
            return json_response({"error": f"{type(exc).__name__}: {exc}"}, 400)

    def _do(self, request: Request, what: str) -> Any:
        box = self._sandbox
        match request.method, what:
            case "GET", "requests":
                since = int(request.params.get("since", "0"))
                return {
                    "last_seq": box.log.last_seq,
                    "requests": box.log.entries(since, request.params.get("vendor", "")),
                }
            case "DELETE", "requests":
                box.log.clear()
                return {"last_seq": box.log.last_seq}
            case "GET", "faults":
                return box.faults.left()
            case "POST", "faults":
                return box.faults.order(request.json())
            case "DELETE", "faults":
                box.faults.clear()
                return []
            case "POST", "reset":
                box.reset(request.json().get("books"))
                return {"ok": True}
            case "GET", "clock":
                return {"now": box.clock.now().isoformat(), "offset": box.clock.offset}
            case "POST", "clock":
                box.advance(float(request.json()["advance_seconds"]))
                return {"now": box.clock.now().isoformat(), "offset": box.clock.offset}
            case "GET", "settings":
                return {key: vendor.settings() for key, vendor in box.vendors.items()}
            case "POST", "settings":
                return self._settings(request.json())
        with box.lock:
            try:
                if request.method == "GET" and what.startswith("books/"):
                    return self._vendor(what.removeprefix("books/")).books(request.params)
                if request.method == "POST":
                    data = request.json()
                    action = self._vendor(data.pop("vendor", "exact")).actions.get(what)
                    if action is not None:
                        return action(data)
            finally:
                box.store.commit()
        raise BadControl(f"There is no {request.method} /_sandbox/{what}.", 404)

    def _vendor(self, key: str) -> Vendor:
        vendor = self._sandbox.vendors.get(key)
        if vendor is None:
            raise BadControl(f"Unknown vendor {key!r}.", 404)
        return vendor

    def _settings(self, wanted: Any) -> dict[str, Any]:
        """Set switches: either {"exact": {...}} or the switches themselves, with "vendor" (exact when absent)."""
        if not isinstance(wanted, dict):
            raise BadControl("Settings are an object.")
        named = {key: value for key, value in wanted.items() if key in self._sandbox.vendors}
        plain = {key: value for key, value in wanted.items() if key not in named and key != "vendor"}
        if plain:
            named.setdefault(wanted.get("vendor", "exact"), {}).update(plain)
        with self._sandbox.lock:
            for key, values in named.items():
                self._vendor(key).change_settings(values)
            self._sandbox.store.commit()
            return {key: vendor.settings() for key, vendor in self._sandbox.vendors.items()}
