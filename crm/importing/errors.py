"""What can be wrong with a file or a row: a code of the catalogue, what exactly, and its values."""

from __future__ import annotations

from typing import Any


class ImportRefused(Exception):
    """The file, or what is wanted with it, is refused as a whole; nothing was written.

    `reason` is a key of `crm.importing.words`, finer than the catalogue's code.
    """

    def __init__(self, code: str, reason: str = "", **params: Any) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code, self.reason, self.params = code, reason, params

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "reason": self.reason, "params": self.params}
