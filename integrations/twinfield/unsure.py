"""The one place that lists what our facts about Twinfield leave open, and how each reading is handled.

`Readings` holds a switch where an answer cannot tell which reading is right; the defaults are our best reading.
Where an answer does tell, the code copes with both and the line below says where. `docs/twinfield.md` repeats this list
for the first live test.

Copes with both by itself
- CompanyId in the header: sent as nil, which serves those who need it and those who leave it out (`soap`).
- Client proof in the Basic header; a renewal that leaves the refresh token out keeps the one we have (`auth`).
- Code of a fault: in the reason phrase, in the body, or in both (`client`, `soap`).
- Order of the items in the answer to a batch: paired by what they are, position only helps (`pairing`).
- VAT lines in the answer to a posting: there, or computed from the detail lines (`entries`).
- Text of a closed period: anything about a period, or on its element (`refusals`).
- Text of a refusal: unknown ones stay visible as ALL-999 (`refusals`).
- Amounts of a browse in document currency: used; where the field is refused, those of the books are, for bookings in
  the currency of the administration only (`browse`).
- A filter on the moment of change that faults: the whole day book is read instead (`settling`).
- Whether a browse of all day books shows hidden ones: those that it shows no entry of are asked for by name, and what
  is too much for one answer is read by day book and year (`listing`).
- Whether lists show inactive dimensions: those that a list lacks are asked of the finder (`listing`).
- Retry-After as seconds, as a date, or missing (`limits`).
- Dimension status in a finder's third column, in the user's language: the read decides (`listing`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Switches for what no answer can tell us; changed only after a live test."""

    # Entries are made provisional: the accountant can still change them, and they can be deleted. "final": immutable.
    destiny: str = "temporary"
    # Our mark of a party goes out as its short name, so that an unclear creation is found again. False: it is left
    # out, should short names be refused or shortened; then name and number decide.
    mark_as_short_name: bool = True
    # The VAT of a line is pinned with `vatvalue`. False: left to Twinfield, which then rounds by itself.
    pin_vat: bool = True
    # A VAT amount of zero is pinned as well where our rate is above zero (lines of a cent).
    pin_zero_vat: bool = True
    # The period is sent beside the date. False: Twinfield derives it from the date.
    send_period: bool = True
    # A supply inside the EU is known by the group of its VAT code; those need a performance type. False: none is sent.
    send_performance: bool = True
    # The address of an existing relation keeps its id, so that it is replaced and not added. False: no address is sent
    # on an update at all.
    update_addresses: bool = True
    # Matching a payment moves the moment of change of the line. False: every reading is a full one.
    matching_moves_modified: bool = True
    # Browse answers come with bare cells, read by position. False: with the field on every cell.
    bare_cells: bool = True


DEFAULT_READINGS = Readings()

# Groups of the Dutch return that hold supplies inside the EU, and those where the buyer owes the VAT. UNSURE: other
# countries' groups are not known to us; a code of theirs that needs a performance type is refused with Twinfield's text.
EU_SUPPLY_GROUPS = frozenset({"NL3B"})
BUYER_OWES_GROUPS = frozenset({"NL2A", "NL4A", "NL4B"})
# The name of a VAT code tells services from goods. UNSURE: Twinfield shows no field for it in what we know.
SERVICE_WORDS = ("dienst", "service", "prestation", "leistung")
