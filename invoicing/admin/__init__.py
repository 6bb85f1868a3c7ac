"""Admin pages of own entities, rates, terms and accounts, and of sales and purchase documents."""

from . import documents, entities, expenses, incoming, ledger, rates, refused_files

__all__ = ["documents", "entities", "expenses", "incoming", "ledger", "rates", "refused_files"]
