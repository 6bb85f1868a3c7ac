"""Lines of an entry: ledger account, VAT code, VAT."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..store import Row
from .amounts import cents
from .kind import Kind
from .refusals import Business
from .world import Division, new_id

# Properties of a line that a caller sets and the ledger only keeps
KEPT_ON_LINES = (
    "CostCenter",
    "CostUnit",
    "Description",
    "From",
    "Notes",
    "Project",
    "Quantity",
    "SerialNumber",
    "To",
    "VATNonDeductiblePercentage",
    "PrivateUsePercentage",
)


def make_line(division: Division, kind: Kind, raw: Row) -> Row:
    """Return a line as stored, with its VAT; the entry's own data is added when it is saved."""
    account = _ledger_account(division, raw)
    amount, override = raw.get("AmountFC"), raw.get("VATAmountFC")
    if amount is None:
        raise Business("mandatory", "amount")
    for value, field in ((amount, "amount"), (override, "vat_amount")):
        if value is not None and value != cents(value):
            raise Business("invalid", field)
    code = raw.get("VATCode") or (account and account.get("VATCode"))
    vat = _vat_code(division, kind, code) if code else None
    net, tax, charged = _vat(vat, cents(amount), None if override is None else cents(override))
    line: Row = {name: raw.get(name) for name in KEPT_ON_LINES}
    return line | {
        "ID": raw.get("ID") or new_id(),
        "AmountFC": net,
        "GLAccount": account and account["ID"],
        "GLAccountCode": account and account["Code"],
        "GLAccountDescription": account and account["Description"],
        "VATCode": vat["Code"] if vat else None,
        "VATCodeDescription": vat["Description"] if vat else None,
        "VATPercentage": vat["Percentage"] if vat else None,
        "VATAmountFC": tax,
        "VATBaseAmountFC": net if vat and vat["Type"] != "N" else Decimal("0.00"),
        "_charged": charged,
    }


def _ledger_account(division: Division, raw: Row) -> Row | None:
    """Return the ledger account of a line; None only where the switch drops ids of another division."""
    if not raw.get("GLAccount"):
        raise Business("mandatory", "gl_account")
    account = division["glaccounts"].get(division.reference("glaccounts", raw["GLAccount"], "gl_account"))
    if account is None:
        return None
    if account["IsBlocked"]:
        raise Business("blocked", "gl_account")
    if account["Type"] in (20, 22, 24):
        raise Business("invalid", "gl_type")
    if account.get("UseCostcenter") == 1 and not raw.get("CostCenter"):
        raise Business("mandatory", "cost_centre")
    return account


def _vat_code(division: Division, kind: Kind, code: Any) -> Row:
    found = division.by_code("vatcodes", code)
    if not found:
        raise Business("unknown", "vat_code")
    if found[0]["IsBlocked"]:
        raise Business("blocked", "vat_code")
    if found[0]["VATTransactionType"] not in (kind.side, "B"):
        raise Business("not_allowed", "vat_code")
    return found[0]


def _vat(vat: Row | None, amount: Decimal, override: Decimal | None) -> tuple[Decimal, Decimal, Decimal]:
    """Return (net, VAT in the total, VAT of a reverse charge) of a line.

    Type E adds VAT to the amount, I takes it out, B and N have none. A given VAT amount replaces the
    computed one. With a charged code the buyer owes the VAT: it is booked on both sides, outside the total.
    """
    zero = Decimal("0.00")
    if vat is None or vat["Type"] in ("B", "N"):
        if override:
            raise Business("invalid", "vat_amount")
        return amount, zero, zero
    fraction = vat["Percentage"]
    if vat["Type"] == "I":
        tax = override if override is not None else amount - cents(amount / (1 + fraction))
        return amount - tax, tax, zero
    computed = cents(amount * fraction)
    if vat["Charged"]:
        return amount, zero, override or computed
    return amount, computed if override is None else override, zero
