"""Pages of the installation itself: users and groups, and the queue for superusers."""

from . import system, users

__all__ = ["system", "users"]
