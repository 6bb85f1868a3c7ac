"""Which broken rules change nothing in the booking: shown, but nobody has to look before approving.

A rule is in this table only where what it asks for is not booked: neither an amount, a currency or VAT, nor whose
document it is, nor a number that the check for duplicates compares. Whatever is not here, a rule of a later release
too, asks for a look. Warnings never ask.
"""

from __future__ import annotations

_IDENTIFIERS = """
NL-R-003 NL-R-005
PEPPOL-COMMON-R040 PEPPOL-COMMON-R041 PEPPOL-COMMON-R042 PEPPOL-COMMON-R043 PEPPOL-COMMON-R049 PEPPOL-COMMON-R050
PEPPOL-COMMON-R052 PEPPOL-COMMON-R053 PEPPOL-COMMON-R054 PEPPOL-COMMON-R055 PEPPOL-COMMON-R056-1 PEPPOL-COMMON-R057
PEPPOL-EN16931-R010 PEPPOL-EN16931-R020 PEPPOL-EN16931-CL008
BR-62 BR-63 BR-CL-10 BR-CL-11 BR-CL-25
"""  # How numbers and electronic addresses are written. The supplier is known, or chosen by a person, before approval.

_ADDRESSES = """
NL-R-002 NL-R-004 NL-R-006 BR-10 BR-11 BR-57 BR-CL-26
UBL-SR-24 UBL-SR-25 UBL-SR-51
"""  # The seller's country (BR-09) decides about VAT, so it is not among them.

_REFERENCES = """
NL-R-001 NL-R-009 BR-52 BR-55 BR-CL-07 BR-CL-24 PEPPOL-EN16931-CL001
PEPPOL-EN16931-R003 PEPPOL-EN16931-R080 PEPPOL-EN16931-R100 PEPPOL-EN16931-R101
UBL-SR-01 UBL-SR-02 UBL-SR-03 UBL-SR-04 UBL-SR-06 UBL-SR-07 UBL-SR-33 UBL-SR-35 UBL-SR-39 UBL-SR-43 UBL-SR-52
UBL-SR-56 UBL-DT-06 UBL-DT-07
"""  # Orders, contracts, attachments.

_PAYING = """
NL-R-007 NL-R-008 BR-49 BR-50 BR-61 BR-CL-16 PEPPOL-EN16931-R061 UBL-SR-27 UBL-SR-46
"""  # How to pay it. A bank account that is new asks for its own tick.

_WORDS = """
BR-21 BR-23 BR-25 BR-33 BR-38 BR-42 BR-44 BR-54 BR-64 BR-65
BR-CL-08 BR-CL-13 BR-CL-19 BR-CL-20 BR-CL-21 BR-CL-23
BR-CO-05 BR-CO-06 BR-CO-07 BR-CO-08 BR-CO-21 BR-CO-22 BR-CO-23 BR-CO-24
PEPPOL-EN16931-CL002 PEPPOL-EN16931-CL003 PEPPOL-EN16931-R002 UBL-SR-30 UBL-SR-31 UBL-SR-34 UBL-SR-50
"""  # What lines, reductions and notes say, and their codes.

_PERIODS = """
BR-29 BR-30 BR-CO-19 BR-CO-20 PEPPOL-EN16931-CL006 PEPPOL-EN16931-R110 PEPPOL-EN16931-R111 UBL-SR-08 UBL-SR-36
"""  # The period that is invoiced; the VAT date (BR-CO-03) is not among them.

_FORM = """
BR-01 PEPPOL-EN16931-R001 PEPPOL-EN16931-R004 PEPPOL-EN16931-R007 PEPPOL-EN16931-R008
"""  # Under which name of rules it was written.

_TABLE = (_IDENTIFIERS, _ADDRESSES, _REFERENCES, _PAYING, _WORDS, _PERIODS, _FORM)
FORMAL = frozenset(code for codes in _TABLE for code in codes.split())


def is_formal(code: str) -> bool:
    """Whether a document that breaks this rule is booked the same."""
    return code in FORMAL
