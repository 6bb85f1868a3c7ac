"""Admin pages of own entities, rates, terms and accounts, and of the sales documents."""

from . import documents, entities, ledger, rates

__all__ = ["documents", "entities", "ledger", "rates"]
