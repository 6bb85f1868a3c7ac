"""The resources of Exact Online that we call, and the properties we ask of each.

Always a `$select`: some resources refuse without one, and a property we do not need costs time on both sides. Only
properties that stand in every country's version are asked for: one unknown name refuses the whole call.
"""

from __future__ import annotations

from dataclasses import dataclass

DIVISIONS = "system/Divisions"
DIVISIONS_SELECT = (
    "Code",
    "Hid",
    "Description",
    "CustomerName",
    "Country",
    "Currency",
    "VATNumber",
    "Status",
    "BlockingStatus",
    "DivisionMoveDate",
)

JOURNALS = "financial/Journals"
JOURNALS_SELECT = ("ID", "Code", "Description", "Type", "GLAccountCode", "IsBlocked")

LEDGER_ACCOUNTS = "bulk/Financial/GLAccounts"
LEDGER_ACCOUNTS_SELECT = ("ID", "Code", "Description", "Type", "IsBlocked", "UseCostcenter")

VAT_CODES = "vat/VATCodes"
VAT_CODES_SELECT = (
    "ID",
    "Code",
    "Description",
    "Type",
    "Percentage",
    "VATTransactionType",
    "IsBlocked",
    "Charged",
    "OssCountry",
)

PAYMENT_CONDITIONS = "cashflow/PaymentConditions"
PAYMENT_CONDITIONS_SELECT = (
    "ID",
    "Code",
    "Description",
    "PaymentDays",
    "PaymentEndOfMonths",
    "PaymentMethod",
    "DiscountPercentage",
    "DiscountPaymentDays",
    "Percentage",
)

PERIODS = "financial/FinancialPeriods"
PERIODS_SELECT = ("ID", "FinYear", "FinPeriod", "StartDate", "EndDate")
JOURNAL_STATUS = "read/financial/JournalStatusList"
JOURNAL_STATUS_SELECT = ("Journal", "Year", "Period", "Status")

CURRENCIES = "general/Currencies"
CURRENCIES_SELECT = ("Code",)

ACCOUNTS = "crm/Accounts"
ACCOUNTS_SYNC = "sync/CRM/Accounts"
ACCOUNTS_SELECT = (
    "ID",
    "Code",
    "Name",
    "SearchCode",
    "VATNumber",
    "ChamberOfCommerce",
    "AddressLine1",
    "Postcode",
    "City",
    "Country",
    "Language",
    "Email",
    "Phone",
    "Website",
    "Status",
    "IsSupplier",
    "Blocked",
)

CONTACTS = "crm/Contacts"
CONTACTS_SYNC = "sync/CRM/Contacts"
CONTACTS_SELECT = (
    "ID",
    "Account",
    "FirstName",
    "MiddleName",
    "LastName",
    "BusinessEmail",
    "Email",
    "BusinessPhone",
    "BusinessMobile",
    "Phone",
    "Mobile",
    "Language",
    "JobTitleDescription",
    "EndDate",
)

DELETED = "sync/Deleted"
DELETED_SELECT = ("Timestamp", "EntityKey", "EntityType")
DELETED_ACCOUNTS = 2
DELETED_PAYMENT_TERMS = 10

PAYMENT_TERMS = "sync/Cashflow/PaymentTerms"
RECEIVABLES = "bulk/Cashflow/Receivables"
PAYABLES = "cashflow/Payments"

DOCUMENTS = "documents/Documents"
ATTACHMENTS = "documents/DocumentAttachments"


@dataclass(frozen=True, slots=True)
class EntryResource:
    """Sales and purchase entries are twins; here is what differs."""

    path: str
    party: str  # the property that holds the party
    lines: str
    document_type: int  # of a document that is attached to such an entry
    is_sales: bool

    @property
    def select(self) -> tuple[str, ...]:
        """What a list of entries shows."""
        return (
            "EntryID",
            "EntryNumber",
            "Journal",
            self.party,
            "EntryDate",
            "YourRef",
            "AmountFC",
            "VATAmountFC",
            "Currency",
            "Type",
            "ReportingYear",
        )

    @property
    def select_with_lines(self) -> tuple[str, ...]:
        """The same, with the lines inside; goes with an expand of `lines`."""
        inner = ("AmountFC", "VATAmountFC", "VATCode", "GLAccount")
        return (*self.select, *(f"{self.lines}/{name}" for name in inner))


SALES_ENTRIES = EntryResource("salesentry/SalesEntries", "Customer", "SalesEntryLines", 10, True)
PURCHASE_ENTRIES = EntryResource("purchaseentry/PurchaseEntries", "Supplier", "PurchaseEntryLines", 20, False)
