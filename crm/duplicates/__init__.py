"""Customers that may be one: found among all, kept as a work list, merged or set aside. Source: S-046, S-050, S-053, N-21.

`refresh` brings the list in step for all, `refresh_for` for those that changed; `likely` says who may exist already.
An app that knows numbers of customers tells them by `register` in `ready()`.
"""

from .jobs import ask_for_look, pick_up
from .likely import Likely, likely
from .registry import register
from .table import Counts, refresh, refresh_for

__all__ = ["Counts", "Likely", "ask_for_look", "likely", "pick_up", "refresh", "refresh_for", "register"]
