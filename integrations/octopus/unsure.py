"""The one place that lists what our facts about Octopus leave open, and how each reading is handled.

`Readings` holds a switch where an answer cannot tell which reading is right; the defaults are our best reading.
Where an answer does tell, the code copes with both and the line below says where. `docs/octopus.md` repeats this list
for the first live test.

Copes with both by itself
- Time stamps in UTC or in Belgian time: ours are UTC and three hours early (`values.OVERLAP`).
- Quotas per dossier or per login: ours are per dossier; a refusal holds the operation until tomorrow (`answers`).
- The answer when a quota is passed: 429, or any 4xx whose text speaks of calls (`answers.is_quota`).
- A search that finds nothing: 404 or an empty list (`client`). Which key carries the text of a 404 (`answers`).
- `vatNr` of a search normalised or not: asked dotted and plain, compared in normal form (`matching`).
- PUT of a relation keeps or blanks what is left out: the whole row goes back with our changes (`mapping`).
- A second relation with the same VAT number is made or refused: looked for before (`provider`, the engine).
- Changed relations since the beginning show inactive ones or not: only where one was seen does a creation go without a
  look of its own, on a list read at most two minutes ago (`listing`, the engine's mirror).
- VAT codes listed again for credit notes (types 3 and 4): counted once (`mapping.vat_codes`).
- Lines of a credit note read back positive or negative (`bookings.booked_totals`).
- Which amount of a balancing is filled: the one that is not zero (`settling`).
- A closed period answered as 400 or 403: told apart by its text (`refusals`); checked before anyway.
- A write of a user who may only read answered as 401 or 403 (`client`).
- Length of a comment: what comes back shorter is a remark, and is not taken for ours when looked for.
- Length of a search field: a cut mark is known by its beginning (`matching.is_ours`).
- Size of a file: when it is refused the booking goes again without it, under the same number; should that number be
  taken by then, our own booking stood already, and it is looked at (`provider`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Switches for what no answer can tell us; changed only after a live test."""

    # A relation that we make carries our mark in `searchField2`, so that it is known again. False: leave it out; then
    # only our number in `externalRelationId` says so.
    mark_in_search_field: bool = True
    # exchangeRate is what one unit of the document's currency costs in euros. False: the reverse.
    rate_multiplies: bool = True
    # `amount` of a credit note is negative and its lines are positive. False: all of it is negative.
    credit_lines_positive: bool = True


DEFAULT_READINGS = Readings()
