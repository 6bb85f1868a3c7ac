"""Twinfield as the sandbox speaks it."""

from .service import TwinfieldVendor

__all__ = ["TwinfieldVendor"]
