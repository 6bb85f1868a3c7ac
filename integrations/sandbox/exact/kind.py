"""Sales and purchase: the same ledger work, other tables and codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """Sales or purchase: where the rows are and which codes they carry."""

    name: str
    entries: str
    lines: str
    navigation: str
    party: str
    journal_type: int
    return_type: int
    normal: int
    credit: int
    term_type: int
    side: str  # of VAT codes
    sign: int  # of the party's ledger account: +1 debit
    topic: str


SALES = Kind(
    "sales", "salesentries", "saleslines", "SalesEntryLines", "Customer", 20, 21, 20, 21, 20, "S", 1, "SalesEntries"
)
PURCHASE = Kind(
    "purchase",
    "purchaseentries",
    "purchaselines",
    "PurchaseEntryLines",
    "Supplier",
    22,
    23,
    30,
    31,
    22,
    "P",
    -1,
    "PurchaseEntries",
)
KINDS = (SALES, PURCHASE)
