"""Customers from a file: read within limits, mapped, counted without writing, written in one transaction, undone."""
