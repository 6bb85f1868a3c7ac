"""The national rules for sellers in the Netherlands. Belgium has none in this release."""

from __future__ import annotations

from collections.abc import Iterator

from invoicing.peppol.checks.words import error, is_national
from invoicing.peppol.document import Document, Finding, Kind, Party, gettext_noop

_REGISTERS = frozenset({"0106", "0190"})
_MEANS = frozenset({"30", "48", "49", "57", "58", "59"})


def findings(document: Document) -> Iterator[Finding]:
    if document.seller.address.country != "NL":
        return
    if document.kind is Kind.CREDIT_NOTE and not document.references.preceding:
        yield error("NL-R-001", gettext_noop("A Dutch credit note must name the invoice that it credits."))
    if not _has_address(document.seller):
        yield error("NL-R-002", gettext_noop("The seller's address lacks street, city or postcode."), "seller")
    if not _is_registered(document.seller):
        yield error("NL-R-003", gettext_noop("The seller has no KVK number or OIN."), "seller")
    owed = document.totals.payable if document.kind is Kind.INVOICE else -document.totals.payable
    if owed > 0 and not document.payment:
        yield error("NL-R-007", gettext_noop("The document does not say how to pay."))
    if not document.references.order and any(line.order_line for line in document.lines):
        yield error("NL-R-009", gettext_noop("Lines refer to an order, but the document names none."))
    if not is_national(document, "NL"):
        return
    if not _has_address(document.buyer):
        yield error("NL-R-004", gettext_noop("The buyer's address lacks street, city or postcode."), "buyer")
    if document.buyer.legal_id and not _is_registered(document.buyer):
        yield error("NL-R-005", gettext_noop("The buyer's number is no KVK number or OIN."), "buyer")
    if any(means.code not in _MEANS for means in document.payment):
        yield error(
            "NL-R-008", gettext_noop("The way of paying is not one that is used in the Netherlands."), "PaymentMeans"
        )


def _has_address(party: Party) -> bool:
    return bool(party.address.street and party.address.city and party.address.postcode)


def _is_registered(party: Party) -> bool:
    return party.legal_id is not None and party.legal_id.scheme in _REGISTERS
