"""Exact Online's lists and relations as our records, and our parties as Exact's accounts. Pure.

Every code is stripped: Exact pads them with blanks. Documents are in `entries`. Source: vendor notes, resources.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ..base.records import (
    AccountKind,
    AdministrationRecord,
    ContactRecord,
    ExternalRef,
    FiscalPeriodRecord,
    JournalKind,
    JournalRecord,
    LedgerAccountRecord,
    PartyData,
    PartyRecord,
    PartyRole,
    PaymentMethod,
    PaymentTermRecord,
    SettlementRow,
    VatCodeRecord,
    VatDirection,
)
from .answers import Row
from .matching import normal_enterprise_number, normal_vat_number
from .unsure import DEFAULT_READINGS, Readings
from .values import amount, day, decimal, guid, per_cent, text, truth, whole

# --- administrations ------------------------------------------------------------------------------------------

_DIVISION_STATUS = {0: "inactive", 1: "", 2: "archived"}
_BLOCKING = {
    0: "",
    1: "backup or restore is going on",
    2: "conversion is going on",
    3: "conversion is going on",
    4: "conversion is going on",
    5: "data is being copied",
    6: "data is being copied",
}


def administration(row: Row) -> AdministrationRecord:
    """A division. Open: active and not blocked; its epoch is the day it was moved, which voids all Timestamps."""
    reasons = [
        _DIVISION_STATUS.get(_number(row, "Status", 1), "not active"),
        _BLOCKING.get(_number(row, "BlockingStatus", 0), "blocked"),
    ]
    reason = ", ".join(filter(None, reasons))
    return AdministrationRecord(
        external_id=text(row.get("Code")),
        name=text(row.get("Description")) or text(row.get("CustomerName")),
        country=text(row.get("Country")).upper(),
        currency=text(row.get("Currency")).upper() or "EUR",
        vat_number=normal_vat_number(text(row.get("VATNumber")), text(row.get("Country"))),
        number=text(row.get("Hid")),
        is_open=not reason,
        closed_reason=reason,
        epoch=text(row.get("DivisionMoveDate")),
    )


# --- catalogue ------------------------------------------------------------------------------------------------

_JOURNAL_KINDS = {
    20: JournalKind.SALES,
    21: JournalKind.SALES_RETURN,
    22: JournalKind.PURCHASE,
    23: JournalKind.PURCHASE_RETURN,
}


def journal(row: Row) -> JournalRecord:
    """A journal; entries name it by its code."""
    kind = _number(row, "Type", 0)
    return JournalRecord(
        external_id=guid(row.get("ID")),
        code=text(row.get("Code")),
        name=text(row.get("Description")),
        kind=_JOURNAL_KINDS.get(kind, JournalKind.OTHER),
        vendor_type=str(kind),
        active=truth(row.get("IsBlocked")) is not True,
        ledger_account_code=text(row.get("GLAccountCode")),
    )


_REVENUE_TYPES = {110}
# Cost of goods, other, general, depreciation, research, employees, exceptional.
_COST_TYPES = {111, 120, 121, 122, 123, 125, 126, 130}
# Receivable, payable and VAT accounts are booked by Exact itself and refused on a line.
_CONTROL_TYPES = {20, 22, 24}
_COST_CENTRE_MANDATORY = 1


def ledger_account(row: Row) -> LedgerAccountRecord:
    """A ledger account; entries name it by its GUID."""
    kind = _number(row, "Type", 0)
    return LedgerAccountRecord(
        external_id=guid(row.get("ID")),
        code=text(row.get("Code")),
        name=text(row.get("Description")),
        kind=_account_kind(kind),
        vendor_type=str(kind),
        active=truth(row.get("IsBlocked")) is not True,
        bookable=kind not in _CONTROL_TYPES,
        needs_cost_centre=whole(row.get("UseCostcenter")) == _COST_CENTRE_MANDATORY,
    )


def _account_kind(kind: int) -> AccountKind:
    if kind in _REVENUE_TYPES:
        return AccountKind.REVENUE
    return AccountKind.COST if kind in _COST_TYPES else AccountKind.OTHER


_VAT_DIRECTIONS = {"S": VatDirection.SALES, "P": VatDirection.PURCHASE, "B": VatDirection.BOTH}
_VAT_INCLUSIVE = "I"
_VAT_WITHOUT_PERCENTAGE = {"B", "N"}


def vat_code(row: Row) -> VatCodeRecord:
    """A VAT code with its percentage of today; types B (base only) and N (no VAT) count as 0."""
    kind = text(row.get("Type")).upper()
    percentage = per_cent(row.get("Percentage"))
    if percentage is None and kind in _VAT_WITHOUT_PERCENTAGE:
        percentage = Decimal("0.00")
    return VatCodeRecord(
        external_id=guid(row.get("ID")),
        code=text(row.get("Code")),
        name=text(row.get("Description")),
        percentage=percentage,
        direction=_VAT_DIRECTIONS.get(text(row.get("VATTransactionType")).upper(), VatDirection.BOTH),
        inclusive=kind == _VAT_INCLUSIVE,
        active=truth(row.get("IsBlocked")) is not True,
        reverse_charge=truth(row.get("Charged")) is True,
        vendor_type=kind,
        country=text(row.get("OssCountry")).upper(),
    )


_PAYMENT_METHODS = {
    "B": PaymentMethod.ON_CREDIT,
    "I": PaymentMethod.DIRECT_DEBIT,
    "K": PaymentMethod.CASH,
}


def payment_terms(rows: Iterable[Row]) -> tuple[PaymentTermRecord, ...]:
    """Payment conditions, one record per code.

    Several rows under one code are instalments; such a condition has no single number of days, so it gets the
    method OTHER, which equals no term of ours. Collection through a payment provider (Q) is OTHER as well.
    """
    by_code: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_code[text(row.get("Code"))].append(row)
    return tuple(_payment_term(code, group) for code, group in by_code.items() if code)


def _payment_term(code: str, rows: Sequence[Row]) -> PaymentTermRecord:
    first = rows[0]
    share = per_cent(first.get("Percentage"))
    in_parts = len(rows) > 1 or (share is not None and Decimal(0) < share < Decimal(100))
    method = _PAYMENT_METHODS.get(text(first.get("PaymentMethod")).upper(), PaymentMethod.OTHER)
    return PaymentTermRecord(
        external_id=guid(first.get("ID")),
        code=code,
        name=text(first.get("Description")),
        days=max(_number(row, "PaymentDays", 0) for row in rows),
        month_ends=max(_number(row, "PaymentEndOfMonths", 0) for row in rows),
        method=PaymentMethod.OTHER if in_parts else method,
        has_discount=any(_has_discount(row) for row in rows),
    )


def _has_discount(row: Row) -> bool:
    return bool(decimal(row.get("DiscountPercentage"))) or bool(whole(row.get("DiscountPaymentDays")))


_CLOSED = 1


def fiscal_periods(
    periods: Iterable[Row], statuses: Iterable[Row], journals: frozenset[str] = frozenset()
) -> tuple[FiscalPeriodRecord, ...]:
    """Periods with the journals for which they are closed.

    `statuses` may hold the closed ones only. `journals`: all sales and purchase journals, to tell "closed for
    every journal"; unknown (empty) never says so.
    """
    closed: dict[tuple[int, int], set[str]] = defaultdict(set)
    for row in statuses:
        if whole(row.get("Status")) == _CLOSED:
            closed[_number(row, "Year", 0), _number(row, "Period", 0)].add(text(row.get("Journal")))
    records = []
    for row in periods:
        start, end = day(row.get("StartDate")), day(row.get("EndDate"))
        if start is None or end is None:
            continue
        year, number = _number(row, "FinYear", 0), _number(row, "FinPeriod", 0)
        shut = frozenset(closed.get((year, number), ()))
        records.append(
            FiscalPeriodRecord(
                external_id=guid(row.get("ID")) or f"{year}/{number}",
                year=year,
                number=number,
                start=start,
                end=end,
                closed=bool(journals) and journals <= shut,
                closed_journals=shut,
            )
        )
    return tuple(sorted(records, key=lambda record: (record.start, record.number)))


# --- parties --------------------------------------------------------------------------------------------------

_CUSTOMER = "C"
# UNSURE: codes of languages; these are the ones met in public.
_LANGUAGES = {("nl", "BE"): "NL-BE", ("fr", "BE"): "FR-BE", ("nl", ""): "NL", ("fr", ""): "FR", ("en", ""): "EN"}


def account_roles(row: Row) -> frozenset[PartyRole]:
    """One account is customer (status C), supplier (a flag), both or neither."""
    roles = set()
    if text(row.get("Status")).upper() == _CUSTOMER:
        roles.add(PartyRole.CUSTOMER)
    if truth(row.get("IsSupplier")):
        roles.add(PartyRole.SUPPLIER)
    return frozenset(roles)


def party(row: Row) -> PartyRecord:
    """An account as a party; its VAT and enterprise number in normal form, however they were typed."""
    country = text(row.get("Country")).upper()
    return PartyRecord(
        external_id=guid(row.get("ID")),
        code=text(row.get("Code")),
        name=text(row.get("Name")),
        reference=text(row.get("SearchCode")),
        vat_number=normal_vat_number(text(row.get("VATNumber")), country),
        enterprise_number=normal_enterprise_number(text(row.get("ChamberOfCommerce")), country),
        street=text(row.get("AddressLine1")),
        postcode=text(row.get("Postcode")),
        city=text(row.get("City")),
        country=country,
        language=text(row.get("Language")).split("-")[0].lower(),
        email=text(row.get("Email")),
        phone=text(row.get("Phone")),
        website=text(row.get("Website")),
        roles=account_roles(row),
        blocked=truth(row.get("Blocked")) is True,
    )


def contact(row: Row, today: date) -> ContactRecord | None:
    """A person at an account; None for one of no account, of no name, or who is no longer there.

    The address and numbers for business count first. The middle name is what stands between the two others ("van der").
    """
    first, last = text(row.get("FirstName")), text(row.get("LastName"))
    last = f"{text(row.get('MiddleName'))} {last}".strip() if last else text(row.get("MiddleName"))
    key, account, end = guid(row.get("ID")), guid(row.get("Account")), day(row.get("EndDate"))
    if not key or not account or not (first or last) or (end is not None and end < today):
        return None
    return ContactRecord(
        external_id=key,
        company_external_id=account,
        name=f"{first} {last}".strip(),
        first_name=first,
        last_name=last,
        email=text(row.get("BusinessEmail")) or text(row.get("Email")),
        phone=next((found for name in _PHONES if (found := text(row.get(name)))), ""),
        language=text(row.get("Language")).split("-")[0].lower(),
        role=text(row.get("JobTitleDescription")),
    )


_PHONES = ("BusinessPhone", "BusinessMobile", "Phone", "Mobile")


def external_ref(record: PartyRecord, matched_by: str) -> ExternalRef:
    """A found account, and by which fact."""
    return ExternalRef(
        external_id=record.external_id,
        code=record.code,
        name=record.name,
        matched_by=matched_by,
        roles=record.roles,
        blocked=record.blocked,
    )


def account_payload(data: PartyData, readings: Readings = DEFAULT_READINGS) -> dict[str, Any]:
    """A party as the body of a POST, or of a PUT when it has an external id.

    Empty text is left out, so it blanks nothing over there; a role is given, never taken away. Our own mark goes
    into the search code at creation only: on an account that others made the field is theirs.
    """
    is_customer = PartyRole.CUSTOMER in data.roles
    is_supplier = PartyRole.SUPPLIER in data.roles
    payload: dict[str, Any] = {
        "Name": data.name,
        "Status": _CUSTOMER if is_customer else "",
        "SearchCode": "" if data.external_id else data.reference,
        "VATNumber": data.vat_number,
        "ChamberOfCommerce": data.enterprise_number,
        "AddressLine1": data.street,
        "Postcode": data.postcode,
        "City": data.city,
        "Country": data.country.upper(),
        "Language": language_code(data.language, data.country) if readings.send_language else "",
        "Email": data.email,
        "Phone": data.phone,
        "Website": data.website,
        "PaymentConditionSales": data.payment_term_code if is_customer else "",
        "PaymentConditionPurchase": data.payment_term_code if is_supplier else "",
    }
    filled = {name: value for name, value in payload.items() if value}
    if is_supplier:
        filled["IsSupplier"] = True
    return filled


def language_code(language: str, country: str) -> str:
    """Exact's code for a language, by country where it has such a variant; empty for one we have not met."""
    short = language.split("-")[0].lower()
    return _LANGUAGES.get((short, country.upper())) or _LANGUAGES.get((short, ""), "")


# --- settlements ----------------------------------------------------------------------------------------------

PAYMENT_TERMS_SELECT = (
    "Timestamp",
    "ID",
    "LineType",
    "IsFullyPaid",
    "Status",
    "TransactionEntryID",
    "TransactionType",
    "YourRef",
    "AmountFC",
    "LastPaymentDate",
    "EndDate",
)
_RECEIVABLE = 20
_PAYABLE = 22
_MATCHED = 50
# Sales and purchase entries and their credit notes; the other kinds are bank and memorial lines.
_ENTRY_TYPES = {20, 21, 30, 31}


def settlement_row(row: Row, *, line_type: int | None = None) -> SettlementRow | None:
    """A term of a sales or purchase entry; None for rows of anything else.

    Signs are not used: receivables show negative amounts while they are open. Status 40 (in a payment file) is
    not paid. UNSURE for payables, so there an end date counts as well. `line_type`: for lists that hold one side.
    """
    side = whole(row.get("LineType")) if line_type is None else line_type
    entry = guid(row.get("TransactionEntryID"))
    external_id = guid(row.get("ID"))
    kind = whole(row.get("TransactionType"))
    if side not in (_RECEIVABLE, _PAYABLE) or not entry or not external_id:
        return None
    if kind is not None and kind not in _ENTRY_TYPES:
        return None
    settled = truth(row.get("IsFullyPaid")) is True or whole(row.get("Status")) == _MATCHED
    ended = day(row.get("EndDate"))
    if side == _PAYABLE and ended is not None:
        settled = True
    return SettlementRow(
        external_id=external_id,
        document_external_id=entry,
        reference=text(row.get("YourRef")),
        is_sales=side == _RECEIVABLE,
        amount=abs(amount(row.get("AmountFC")) or Decimal("0.00")),
        settled=settled,
        settled_on=(day(row.get("LastPaymentDate")) or ended) if settled else None,
        version=timestamp(row),
    )


def deleted_settlement(row: Row) -> SettlementRow:
    """A term that is gone: it was merged with a neighbour, or its entry was deleted."""
    return SettlementRow(
        external_id=guid(row.get("EntityKey")),
        document_external_id="",
        reference="",
        is_sales=True,
        amount=Decimal("0.00"),
        settled=False,
        version=timestamp(row),
        deleted=True,
    )


def timestamp(row: Row) -> int:
    """The row version of a sync row; it grows with every change and says nothing about time."""
    return whole(row.get("Timestamp")) or 0


def _number(row: Row, name: str, default: int) -> int:
    found = whole(row.get(name))
    return default if found is None else found
