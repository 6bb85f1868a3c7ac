"""What happens to parties that other apps have to know about."""

from __future__ import annotations

from django.dispatch import Signal

# Sent within the transaction that does it. parties: rows that went into the recycle bin.
parties_binned = Signal()
# parties: rows that came out of it. A receiver may answer with sentences for the person: {party's key: [sentence]}.
parties_restored = Signal()

# Sent once the merge, or its undoing, is committed. merge: the `Merge`.
parties_merged = Signal()
merge_undone = Signal()
