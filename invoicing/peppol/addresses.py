"""Electronic addresses and legal numbers of our own documents: what a Peppol ID or a company's numbers make of them. Pure.

Source: code list of participant identifier schemes 9.7; sheet on Peppol, section 4.
"""

from __future__ import annotations

import re

from crm.numbers import is_valid_enterprise_number
from invoicing.issued import Side
from invoicing.peppol.checks.identifiers import SCHEMES
from invoicing.peppol.document import Identifier

ENTERPRISE_BE = "0208"
KVK = "0106"
OIN = "0190"

_WRITTEN = re.compile(r"(?:iso6523-actorid-upis::)?([0-9]{4}):(\S{1,100})")

# Schemes whose identifier is the VAT number with its prefix. Countries that address by another number are left out:
# there only the customer knows the address.
_VAT_SCHEMES = {
    "BE": "9925", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930", "EE": "9931", "GB": "9932", "EL": "9933",
    "HR": "9934", "IE": "9935", "LT": "9937", "LU": "9938", "LV": "9939", "MT": "9943", "NL": "9944", "PL": "9945",
    "PT": "9946", "RO": "9947", "SI": "9949", "SK": "9950", "HU": "9910", "ES": "9920", "AT": "9914", "FR": "9957",
}  # fmt: skip


def parse_peppol_id(text: str) -> Identifier | None:
    """Return the identifier that is written as "0208:0123456789"; None: it is not written so."""
    match = _WRITTEN.fullmatch(text.strip())
    return Identifier(scheme=match[1], value=match[2]) if match else None


def is_in_use(scheme: str) -> bool:
    """Whether the network still delivers to addresses of this scheme."""
    return scheme in SCHEMES


def endpoint_of(side: Side) -> Identifier | None:
    """Return where documents for this side are delivered: its Peppol ID, else what its numbers say. None: neither does."""
    if side.peppol_id.strip():
        return parse_peppol_id(side.peppol_id)
    legal = legal_id_of(side)
    if legal is not None and legal.scheme:
        return legal
    scheme = _VAT_SCHEMES.get(side.vat_number[:2])
    return Identifier(scheme=scheme, value=side.vat_number) if scheme else None


def legal_id_of(side: Side) -> Identifier | None:
    """Return the number in the register of companies, with its scheme for Belgium and the Netherlands."""
    number = side.enterprise_number
    if side.country == "BE":
        number = number or (side.vat_number[2:] if side.vat_number.startswith("BE") else "")
        return Identifier(value=number, scheme=ENTERPRISE_BE) if is_valid_enterprise_number(number, "BE") else None
    if side.country == "NL":
        if re.fullmatch(r"[0-9]{20}", number):
            return Identifier(value=number, scheme=OIN)
        if is_valid_enterprise_number(number, "NL"):
            return Identifier(value=number, scheme=KVK)
        written = parse_peppol_id(side.peppol_id)
        return written if written is not None and written.scheme in (KVK, OIN) else None
    return Identifier(value=number) if number else None
