"""The one place that lists what our facts about Exact Online leave open, and how each reading is handled.

`Readings` holds a switch where an answer cannot tell which reading is right; the defaults are our best reading.
Where an answer does tell, the code copes with both and the line below says where. `docs/exact-online.md` repeats
this list for the first live test.

Copes with both by itself
- EntryID given by us: honoured, ignored; `entries.entry_ref` takes the key of the answer, `finding` asks for both.
- Answer to a POST without the stored values: `provider` reads the entry once.
- Type of a credit note: 21/31, or only the sign (`entries.is_credit_note`); positive amounts with type 21/31 too.
- Percentages: fraction or per cent (`values.per_cent`).
- JSON: results, bare list, single object (`answers.rows_of`); Int64 and Double as text or number (`values`).
- UserHasRights: any shape with a boolean in it (`rights.first_boolean`); none found proves nothing.
- JournalStatusList: filter on Status accepted or not (`provider`).
- VAT numbers stored as typed: asked in the usual spellings, compared in normal form (`matching`).
- Payables: IsFullyPaid, Status 50 or an end date (`mapping.settlement_row`).
- 429 without reset headers, or with a moment that has passed: one minute (`limits.blocked_until`).
- A user's new consent: ends their earlier tokens or leaves them; one grant per user serves both (`auth`).
- Refusal of a too early refresh: 400 or 401 (`auth`).
- Linking a document to an entry afterwards: works or not, the booking stands either way (`provider.attach`).
- Deleted rows without the right to see them: skipped, with a warning in the log (`provider`).
- A refusal's wording: unknown ones stay visible as ALL-999 (`refusals`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Switches for what no answer can tell us; changed only after a live test."""

    # Lines of a credit note go out negative and without Type. False: positive, should Exact turn the sign itself.
    # Whatever is sent, the answer's effect is checked: an increase of the debt where we wanted a decrease differs.
    credit_notes_negative: bool = True
    # Our posting's key goes out as EntryID. False: leave it out, should Exact refuse it.
    send_entry_id: bool = True
    # AmountFC of an entry's header holds the VAT. False: it is the net amount.
    header_includes_vat: bool = True
    # A VAT amount of zero is left out where our rate is zero and its VAT code has no VAT on any line, so that a
    # reverse-charge code of a purchase still computes what is paid and claimed. True: zeros are sent as well.
    # Where our rate is above zero it is sent: lines of a cent may have VAT alone and none together.
    send_zero_vat: bool = False
    # Accounts get a language. False: leave it out, should its codes be refused.
    send_language: bool = True
    # Rate is what one unit of the document's currency costs in that of the administration. False: the reverse.
    # The answer's two totals are compared, so a wrong reading shows as a remark on the posting.
    rate_multiplies: bool = True
    # Matching a payment moves the Timestamp of the invoice's own term. False: open bookings are asked for one by
    # one (forty a call) at every run.
    matching_moves_timestamp: bool = True


DEFAULT_READINGS = Readings()
