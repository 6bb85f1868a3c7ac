"""The day books of an office by side, each list read once. Source: vendor notes, finder."""

from __future__ import annotations

from .client import TwinfieldClient

Row = tuple[str, ...]


class Daybooks:
    """Codes and names; intercompany day books are in none of the lists. UNSURE whether `hidden` shows the others too."""

    def __init__(self, client: TwinfieldClient) -> None:
        self._client = client
        self._found: dict[tuple[bool, bool], tuple[Row, ...]] = {}

    def read(self, is_sales: bool) -> tuple[Row, ...]:
        """Those that are offered, asked for anew. One call."""
        self._found.pop((is_sales, False), None)
        return self._rows(is_sales, hidden=False)

    def hidden(self, is_sales: bool) -> frozenset[str]:
        """Codes of those that are found only as hidden ones."""
        return _codes(self._rows(is_sales, hidden=True)) - _codes(self._rows(is_sales, hidden=False))

    def codes(self, is_sales: bool) -> list[str]:
        """Codes of a side in order, hidden ones included. Two calls at most."""
        return sorted(_codes(self._rows(is_sales, hidden=False)) | _codes(self._rows(is_sales, hidden=True)))

    def _rows(self, is_sales: bool, *, hidden: bool) -> tuple[Row, ...]:
        if (is_sales, hidden) not in self._found:
            options = {"office": self._client.office, "category": "sales" if is_sales else "purchase"}
            rows = self._client.search("TRS", {**options, "hidden": "1"} if hidden else options)
            self._found[is_sales, hidden] = tuple(row for row in rows if row and row[0])
        return self._found[is_sales, hidden]


def _codes(rows: tuple[Row, ...]) -> frozenset[str]:
    return frozenset(row[0] for row in rows)
