"""Why two parties are not merged, or not taken apart."""

from __future__ import annotations


class MergeRefused(Exception):
    """Nothing was changed; the text says why and what to do. `code`: of the catalogue, where it has one."""

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.code = code
