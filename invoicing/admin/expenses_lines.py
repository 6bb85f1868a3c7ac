"""Where the lines of an expense are booked: what may be chosen for each, and what a form chose."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.figures import number, rate_name

from ..models import LedgerAccount, PurchaseDocument, PurchaseLine, VatCategory, VatRate
from ..services import purchases
from .expenses_form import find_account, purchase_accounts

ASKED = 60  # lines that a page asks about; the rest keep their proposals, or take what is chosen for all


@dataclass(slots=True)
class Chosen:
    """What a form says: a choice per line, an exchange rate or none, and what of it cannot be understood."""

    lines: dict[int, purchases.LineChoice] = field(default_factory=dict)
    rate: Decimal | None = None
    mistakes: list[str] = field(default_factory=list)


def booking_fields(document: PurchaseDocument, lines: list[PurchaseLine], typed: QueryDict) -> dict[str, Any]:
    """What may be chosen for the lines; accounts once for all, as a list that the fields share.

    `typed`: what a person typed before, which could not be taken as a whole and is shown again.
    Of more lines than are asked about, those without a VAT rate come first: they would be held up.
    """
    if document.entity is None:
        return {"asked": []}
    rates = purchases.rates_of(document)
    asked = []
    for line in sorted(lines, key=lambda row: row.vat_rate_id is not None)[:ASKED] if len(lines) > ASKED else lines:
        offered = {rate.pk: rate for rate in rates.fitting(*purchases.vat_of(line))}
        if line.vat_rate is not None:
            offered.setdefault(line.vat_rate.pk, line.vat_rate)
        choices = [(rate.pk, _rate_words(rate, rates.is_foreign(line.vat_category))) for rate in offered.values()]
        asked.append(
            {
                "line": line,
                "why": _why(line),
                "account": typed.get(f"account-{line.pk}", str(line.ledger_account or "")),
                "rate": typed.get(f"rate-{line.pk}", str(line.vat_rate_id or "")),
                "rates": [(str(key), words) for key, words in choices]
                if len(choices) != 1 or not line.vat_rate_id
                else [],
            }
        )
    return {
        "asked": asked,
        "asks_for_all": len(lines) > 1,
        "typed_for_all": typed.get("account-all", ""),
        "not_asked": max(document.lines.count() - ASKED, 0) if len(lines) > ASKED else 0,
        "account_list": list(purchase_accounts(document.entity).values()),
        "asks_rate": document.is_foreign,
        "home_currency": document.entity.currency,
        "typed_rate": typed.get(
            "exchange_rate", number(document.exchange_rate) if document.exchange_rate is not None else ""
        ),
        "rate_words": document.get_rate_from_display() if document.exchange_rate is not None else "",
        "missing": purchases.missing_for_books(document),
    }


def typed_on_lines(request: HttpRequest, document: PurchaseDocument) -> QueryDict:
    """What a form says beyond what the lines have already: once the supplier is known, these are proposed anew."""
    fields = request.POST.copy()
    for line in document.lines.select_related("ledger_account"):
        known = {f"account-{line.pk}": str(line.ledger_account or ""), f"rate-{line.pk}": str(line.vat_rate_id or "")}
        for name, value in known.items():
            if fields.get(name) == value:
                del fields[name]
    return fields


def _rate_words(rate: VatRate, is_foreign: bool) -> str:
    name = rate_name(None, rate.name or rate.code)
    if is_foreign and rate.category == VatCategory.O:
        return _("Foreign VAT, part of the cost: %(rate)s") % {"rate": name}
    return name


def _why(line: PurchaseLine) -> str:
    count = int(line.proposal.get("count", 0))
    if line.proposal.get("by") == "supplier":
        words = ngettext(
            "As the last invoice of this supplier", "As the last %(n)d invoices of this supplier", max(count, 1)
        )
        return words % {"n": count} if "%(n)d" in words else words
    if line.proposal.get("by") == "vat":
        return _("As other expenses with this VAT rate")
    return ""


def chosen_in(request: HttpRequest, document: PurchaseDocument) -> Chosen:
    """Read the form. Lines that it does not show follow "all", else they stay as they are."""
    entity = document.entity
    chosen = Chosen()
    if entity is None:
        return chosen
    known = purchase_accounts(entity)
    rates = {rate.pk: rate for rate, _percentage in purchases.rates_of(document).rates}
    for_all = request.POST.get("account-all", "").strip()
    unknown: dict[str, None] = {}

    def account_of(text: str, line: PurchaseLine) -> LedgerAccount | None:
        if line.ledger_account is not None and text == str(line.ledger_account):
            return line.ledger_account  # left as it is, though it may be inactive by now
        account = find_account(entity, text, known) if text else None
        if text and account is None:
            unknown[text] = None
        return account

    def rate_of(text: str | None, line: PurchaseLine) -> VatRate | None:
        if text is None or not text.isdigit() or len(text) >= 18:
            return line.vat_rate
        return rates.get(int(text), line.vat_rate)

    for line in document.lines.select_related("ledger_account", "vat_rate"):
        sent = request.POST.get(f"account-{line.pk}")
        text = for_all or (sent.strip() if sent is not None else None)
        account = line.ledger_account if text is None else account_of(text, line)
        rate = rate_of(request.POST.get(f"rate-{line.pk}"), line)
        chosen.lines[line.pk] = purchases.LineChoice(account=account, vat_rate=rate)
    chosen.mistakes = [_("There is no active ledger account “%(text)s”.") % {"text": text} for text in unknown]
    typed = request.POST.get("exchange_rate", "").strip()
    if typed:
        chosen.rate = typed_rate(typed)
        if chosen.rate is None:
            chosen.mistakes.append(_("“%(text)s” is no exchange rate.") % {"text": typed[:40]})
    return chosen


def typed_rate(text: str) -> Decimal | None:
    """The exchange rate that a person typed, with a comma or a point before its decimals; None: it is none.

    Nobody groups the thousands of a rate, so one sign is the decimal one in every language: 1.095 is never 1095.
    """
    compact = "".join(text.split()).replace(",", ".")
    if len(compact) > 20 or not compact.isascii() or not compact.replace(".", "", 1).isdigit():
        return None
    try:
        return Decimal(compact)
    except InvalidOperation:
        return None
