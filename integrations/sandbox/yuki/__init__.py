"""Yuki as the sandbox speaks it."""

from .service import YukiVendor

__all__ = ["YukiVendor"]
