"""Admin pages of the bridge: connections, runs, issues, postings, notifications, the module's switch."""

from . import connections, issues, module, notifications, postings, runs

__all__ = ["connections", "issues", "module", "notifications", "postings", "runs"]
