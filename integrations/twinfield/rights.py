"""The rights a user needs in Twinfield. Pure.

Twinfield has no question for rights: a call without one is refused by name. So each is tried by the smallest call that
needs it. Source: vendor notes, errors; S-075.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Right:
    """One right, and what it is needed for."""

    code: str
    right: str
    needed_for: str
    optional: bool = False


OFFICE = Right("company", "open the administration", "everything")
CUSTOMERS = Right("customers", "see and change customers", "customers")
SALES = Right("sales-transactions", "enter sales transactions", "invoices and credit notes")
BALANCES = Right("customer-balances", "see the open items of customers", "payment state of invoices")
SUPPLIERS = Right("suppliers", "see and change suppliers", "suppliers", optional=True)
PURCHASES = Right("purchase-transactions", "enter purchase transactions", "expenses", optional=True)
RIGHTS = (OFFICE, CUSTOMERS, SALES, BALANCES, SUPPLIERS, PURCHASES)
