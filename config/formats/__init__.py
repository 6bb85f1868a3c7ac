"""Dates and moments as `config.figures` writes them, for pages that are Django's own, as the history of a row."""
