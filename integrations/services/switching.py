"""Switching one connection off, as a person, the module's switch and its last day all do."""

from __future__ import annotations

from ..models import Connection, ConnectionStatus


def switch_off(connection: Connection) -> None:
    """Deactivate a locked row and keep the wish for a sync every night, for when it is switched on again."""
    facts = connection.wizard_progress.get("facts", {})
    wish = connection.automatic_sync or connection.becomes_automatic
    connection.wizard_progress = {**connection.wizard_progress, "facts": {**facts, "automatic": wish}}
    connection.status = ConnectionStatus.DEACTIVATED
    connection.automatic_sync, connection.follow_up_at = False, None
    connection.save(update_fields=["status", "automatic_sync", "follow_up_at", "wizard_progress"])
