"""The official rules over a document that comes in, where this installation has them: findings, never a refusal."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop

from ...peppol import official_process
from ...peppol.document import Finding, Level
from ...peppol.official import NotAvailable
from ...peppol.reading import Reading

NOTHING_FOUND = "official"  # the code of the finding that says so; of no rule, and of no use to a reader
logger = logging.getLogger(__name__)


def official_findings(found: Reading) -> tuple[Finding, ...]:
    """What the official rules say beside our own; nothing where there are none, which `manage.py check` tells.

    A rule that ours know too is told once, in our words.
    """
    folder = settings.BOEKBRUG_PEPPOL_RULES_DIR
    if not folder:
        return ()
    try:
        checked = official_process.check(found.readable, Path(folder), seconds=settings.BOEKBRUG_PEPPOL_RULES_SECONDS)
    except NotAvailable:
        logger.warning("the official rules of Peppol are not here", extra={"folder": folder})
        return ()
    except Exception:
        # The document counts, whatever becomes of a check that is there for comfort.
        logger.exception("the official rules of Peppol could not be run")
        return ()
    known = {finding.code for finding in found.findings}
    said = tuple(finding for finding in checked.findings if finding.code not in known)
    if checked.findings:
        return said
    text = gettext_noop("The official rules, release %(release)s, found nothing.")
    return (Finding(code=NOTHING_FOUND, level=Level.NOTE, text=text, values={"release": checked.release}),)
