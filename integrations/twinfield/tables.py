"""Runs browses, and copes with what is not certain about them. Source: vendor notes, browse request and answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..base.errors import ProtocolSurprise, Rejected
from . import browse
from .browse import Malformed, Row
from .client import TwinfieldClient
from .unsure import Readings

logger = logging.getLogger(__name__)
_BOOKS_CURRENCY = "EUR"


class Tables:
    """Browses of one office. Amounts in document currency; where that field is refused, those of the books."""

    def __init__(self, client: TwinfieldClient, readings: Readings) -> None:
        self._client = client
        self._readings = readings
        self._in_base = False

    def lines(
        self,
        is_sales: bool,
        shown: Sequence[str],
        *,
        daybook: str,
        years: tuple[int, int],
        equal: dict[str, str] | None = None,
        since: str = "",
    ) -> list[Row]:
        """Lines of a day book (empty: of all) over book years. Raises Rejected, ProtocolSurprise for a table that cannot be read."""
        while True:
            asked = browse.columns(
                is_sales,
                shown,
                daybook=daybook,
                years=years,
                equal=equal,
                since=since,
                in_base=self._in_base,
                bare=self._readings.bare_cells,
            )
            try:
                answer = self._client.read(asked)
            except Rejected:
                if self._in_base:
                    raise
                # UNSURE whether the amounts in document currency are known there: once more with those of the books.
                self._in_base = True
                logger.warning("a browse was refused; trying the amounts of the books")
                continue
            try:
                rows = browse.rows_of(asked, answer, in_base=self._in_base)
            except Malformed as exc:
                raise ProtocolSurprise(f"a table cannot be read: {exc}", operation="processxml/columns") from exc
            if self._in_base:
                rows = [row for row in rows if row.text(browse.CURRENCY) in ("", _BOOKS_CURRENCY)]
            return [row for row in rows if not daybook or row.daybook == daybook]
