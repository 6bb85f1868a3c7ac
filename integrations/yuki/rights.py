"""What the key must be allowed, and a cheap call that tells whether it is.

Rights are ticked per web service when the key is made; a missing one is a fault, so an empty answer is a real one.
Source: vendor notes, common operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from .soap import Parameters


@dataclass(frozen=True, slots=True)
class Right:
    """One web service in the words of Yuki's own screen; `{administration}` and `{domain}` are filled in."""

    code: str
    right: str
    needed_for: str
    service: str
    operation: str
    parameters: tuple[tuple[str, str | None], ...]
    optional: bool = False

    def call(self, administration: str, domain: str) -> Parameters:
        """The parameters of its call."""
        return tuple(
            (name, value if value is None else value.format(administration=administration, domain=domain))
            for name, value in self.parameters
        )


RIGHTS: tuple[Right, ...] = (
    Right(
        "accounting",
        "Financial (Accounting and AccountingInfo)",
        "ledger accounts and payment state",
        "Accounting",
        "CheckOutstandingItemAdmin",
        (("administrationID", "{administration}"), ("Reference", "-")),
    ),
    Right(
        "accounting-info",
        "Financial (Accounting and AccountingInfo)",
        "looking up what was booked",
        "AccountingInfo",
        "GetCustomPaymentMethods",
        (("administrationID", "{administration}"),),
    ),
    Right(
        "vat",
        "Financial (VAT)",
        "VAT codes",
        "Vat",
        "ActiveVATCodesList",
        (("administrationID", "{administration}"),),
    ),
    Right(
        "sales",
        "Sales",
        "invoices and credit notes",
        "Sales",
        "GetSalesItems",
        (("administrationID", "{administration}"),),
    ),
    Right(
        "contacts",
        "Contacts (read and write)",
        "customers and suppliers",
        "Contact",
        "SearchContacts",
        (
            ("domainID", "{domain}"),
            ("searchOption", "Code"),
            ("searchValue", "-"),
            ("sortOrder", "Name"),
            ("modifiedAfter", None),
            ("active", "Active"),
            ("pageNumber", "1"),
        ),
    ),
    Right("archive", "Archive", "looking up what was sent", "Archive", "DocumentFolders", ()),
)
