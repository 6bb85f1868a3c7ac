"""The start page: how it is, what a person must do, and each entity on one line. Figures come from our own tables."""

from .page import dashboard

__all__ = ["dashboard"]
