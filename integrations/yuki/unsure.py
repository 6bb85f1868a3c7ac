"""The one place that lists what our facts about Yuki leave open, and how each reading is handled.

`Readings` holds a switch where an answer cannot tell which reading is right; the defaults are our best reading.
Where an answer does tell, the code copes with both and the line below says where. `docs/yuki.md` repeats this
list for the first live test.

Copes with both by itself
- The result of ProcessSalesInvoices: elements, or escaped text (`answers.payload`).
- What follows the sixth incorrect invoice: missing from the answer, or listed (`answers.outcomes`).
- Order of the answer: matched on Reference, never on position (`answers.outcomes`).
- An empty CheckOutstandingItem or list: with its wrapper or without (`soap.descendants`).
- Type and sign of a credit invoice among the open items: the type is not looked at, a positive amount is compared by
  its size only where the kind is not in question (`listing.open_item`, `settling`).
- A credit or direct-debit invoice that never stands among the open items: asked about after two days (`settling`).
- Number of the first record of a list, 0 or 1: pages overlap by one and are joined by id (`listing.records`).
- How many ledger lines an answer has at most: fewer than asked for are no end of the list (`listing.records`), and
  where many do not come in time fewer are asked for (`lookups`).
- Whether VAT is shown on revenue and VAT lines of the transactions: without it, totals only (`listing.bookings`).
- What a missing right, a spent day and an unknown key are told with: fault, or status 403, 429, 401 (`refusals`).
- Moment at which the day's calls are counted anew: the next midnight in UTC, a little later (`limits.day_ends`).
- Words of UpdateContact for a new contact: any GUID counts, without one it is looked for by its code (`contacts`).
- A contact found by name whose code is another: the booking is read back and compared (`finding.differences`).
- A refusal's wording: unknown ones stay visible, SYS-707 (`refusals`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Account prefixes of a country's chart in Yuki; UNSURE for a chart that somebody changed."""

    debtors: tuple[str, ...]
    creditors: tuple[str, ...]
    revenue: tuple[str, ...]
    results: tuple[str, ...]  # every account of the profit and loss account
    costs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Switches for what no answer can tell us; changed only after a live test."""

    # LineAmount and LineVATAmount always go out, so that no rounding is left to Yuki. False: only where a rounding per
    # line or per rate would give other amounts than ours; the vendor discourages them.
    state_line_amounts: bool = True
    # A credit line goes out as a negative quantity with a positive price. False: quantity one, negative price.
    negative_quantity: bool = True
    # How long a booking may take to show up in transactions, open items and archive. Before that nothing is absent.
    processing: timedelta = timedelta(minutes=15)
    # How long a booking that was never seen open may be missing before somebody is asked (rule of the vendor notes).
    never_seen_open: timedelta = timedelta(hours=48)
    # How long a purchase that was seen open may be missing from what we owe, while its booking still stands in the ledger
    # and no matching is shown, before it counts as paid. The vendor notes take "seen open, then gone" for paid at once;
    # Yuki may be at work on it. None: only a matching says so, and a person is asked.
    gone_purchase_is_paid: timedelta | None = timedelta(hours=48)
    # How old the tool's own word may be that a ledger account is in use, before the chart is read again.
    account_age: timedelta = timedelta(days=2)
    # Belgian accounts have six digits, Dutch ones five.
    charts: dict[int, Chart] = field(
        default_factory=lambda: {
            6: Chart(
                debtors=("400",),
                creditors=("440",),
                revenue=("70",),
                results=("6", "7"),
                costs=("60", "61", "62", "63", "64", "65"),
            ),
            5: Chart(
                debtors=("13",), creditors=("16",), revenue=("8",), results=("4", "7", "8", "9"), costs=("4", "7")
            ),
        }
    )


DEFAULT_READINGS = Readings()
