"""Admin pages of customers and suppliers."""

from . import parties, tags

__all__ = ["parties", "tags"]
