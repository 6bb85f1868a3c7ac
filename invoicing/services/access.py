"""The Peppol access point of this installation."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from ..peppol.access import AccessPoint, FileOutbox


def access_point() -> AccessPoint | None:
    """The access point of this installation; None where there is none."""
    folder = settings.BOEKBRUG_PEPPOL_OUTBOX_DIR
    return FileOutbox(Path(folder)) if folder else None
