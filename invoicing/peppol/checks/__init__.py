"""Our own check of a document against the rules of EN 16931 and Peppol that matter to a bookkeeper.

Never raises and never refuses: what breaks a rule is a finding with the rule's own name. It covers parties and
identifiers, payment, VAT and arithmetic, with the rules' own tolerances; `invoicing.peppol.official` runs all rules where the
rule files and their processor are installed. Written for documents as they were sent, before a negative one is turned.
Source: OpenPEPPOL BIS Billing 3.0.21 and EN 16931 UBL rules 1.3.16.
"""

from __future__ import annotations

from decimal import localcontext

from invoicing.peppol.checks import dutch, header, identifiers, sums, vat
from invoicing.peppol.document import Document, Finding

__all__ = ["check"]

# Quantity x price x percentage of 18 digits each.
_DIGITS = 60


def check(document: Document) -> list[Finding]:
    """Return what is wrong or strange in `document`, in the order of the document as far as there is one."""
    with localcontext(prec=_DIGITS):
        return [
            *header.findings(document),
            *identifiers.findings(document),
            *dutch.findings(document),
            *vat.findings(document),
            *sums.findings(document),
        ]
