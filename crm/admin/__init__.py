"""Admin pages of customers and suppliers."""

from . import duplicates, importing, merging, parties, recycle_bin, segments, tags

__all__ = ["duplicates", "importing", "merging", "parties", "recycle_bin", "segments", "tags"]
