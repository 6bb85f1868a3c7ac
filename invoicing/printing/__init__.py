"""Booked documents on paper: the PDF that a customer gets. Pure: records in, bytes out; no database, clock or settings."""

from __future__ import annotations

from invoicing.issued import Issued


def render(issued: Issued) -> bytes:
    """Return the PDF of a booked document."""
    # What draws it takes ten megabytes, and most processes never print.
    from .pdf import render as draw

    return draw(issued)
