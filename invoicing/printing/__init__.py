"""Booked documents on paper: the PDF that a customer gets. Pure: records in, bytes out; no database, clock or settings."""
