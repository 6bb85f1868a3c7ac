"""Exact Online as the sandbox speaks it."""

from .service import ExactVendor

__all__ = ["ExactVendor"]
