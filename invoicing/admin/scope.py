"""What may be chosen on the lines of a draft: the VAT rates and ledger accounts of its entity and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import get_format

from config.figures import rate_name
from crm.models import Party

from ..models import CompanyEntity, LedgerAccount, LedgerAccountKind, SalesDocument, VatRateVersion


@dataclass
class DocumentScope:
    """The choices of one form. Rates and accounts are read once, whatever the number of lines."""

    entity: CompanyEntity | None
    day: date
    document: SalesDocument | None = None

    @cached_property
    def rates(self) -> dict[str, VatRateVersion]:
        """Rate versions by their key as text: those of the entity valid on the day, and those already in use."""
        if self.entity is None:
            return {}
        theirs = Q(rate__entity=self.entity) | Q(rate__entity__isnull=True, rate__country=self.entity.country)
        day = Q(valid_from__lte=self.day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=self.day))
        condition = theirs & day & Q(rate__active=True)
        if self.document is not None and self.document.pk:
            condition |= Q(pk__in=self.document.lines.values("vat_rate"))
        rows = VatRateVersion.objects.filter(condition).select_related("rate").order_by("-percentage", "rate__code")
        return {str(row.pk): row for row in rows}

    @cached_property
    def default_rate(self) -> VatRateVersion | None:
        marked = [row for row in self.rates.values() if row.rate.is_default]
        return marked[0] if marked else None

    def rate_choices(self) -> list[tuple[str, str]]:
        return [("", "–"), *((key, rate_words(row)) for key, row in self.rates.items())]

    @cached_property
    def accounts(self) -> dict[str, LedgerAccount]:
        """Accounts by code: active ones of the entity that revenue may go to, and those already in use."""
        if self.entity is None:
            return {}
        condition = Q(entity=self.entity, active=True) & ~Q(kind=LedgerAccountKind.COST)
        if self.document is not None and self.document.pk:
            condition |= Q(pk__in=self.document.lines.values("ledger_account"))
        return {row.code: row for row in LedgerAccount.objects.filter(condition).order_by("code")}

    def find_account(self, text: str) -> LedgerAccount | None:
        """Return the account that a person typed: its code, or its code and name. None when there is no such one."""
        text = text.strip()
        return self.accounts.get(text) or next((row for row in self.accounts.values() if str(row) == text), None)


def rate_words(version: VatRateVersion) -> str:
    """A rate as it is chosen: "21% Standard rate"."""
    return rate_name(version.percentage, version.rate.name or version.rate.code)


def scope_of(request: HttpRequest, document: SalesDocument | None) -> DocumentScope:
    """Return the scope that the form as sent (or opened) works in; kept on the request, since many forms ask."""
    kept: DocumentScope | None = getattr(request, "_document_scope", None)
    if kept is not None and (kept.document.pk if kept.document else None) == (document.pk if document else None):
        return kept
    entity = _sent_entity(request) or (document.entity if document is not None else None) or _usual_entity()
    day = _sent_day(request) or (document.date if document is not None else None) or timezone.localdate()
    credited = document.credited_invoice if document is not None else None
    # A credit note takes back the VAT of its invoice, at the percentage of then.
    found = DocumentScope(entity=entity, day=credited.date if credited is not None else day, document=document)
    request._document_scope = found  # type: ignore[attr-defined]
    return found


def sent_party(request: HttpRequest) -> Party | None:
    """The customer chosen in a form that was sent or opened with one; None when there is none yet."""
    key = request.POST.get("party") or request.GET.get("party") or ""
    return Party.objects.select_related("payment_term").filter(pk=key).first() if key.isdigit() else None


def _sent_entity(request: HttpRequest) -> CompanyEntity | None:
    key = request.POST.get("entity") or request.GET.get("entity") or ""
    return CompanyEntity.objects.filter(pk=key).first() if key.isdigit() else None


def _usual_entity() -> CompanyEntity | None:
    """The entity of the newest document: most likely the one that the next is for."""
    newest = SalesDocument.objects.select_related("entity").order_by("-pk").first()
    return newest.entity if newest is not None else CompanyEntity.objects.first()


def _sent_day(request: HttpRequest) -> date | None:
    """The document date as typed, in any of the formats of the person's language; None when it is none yet."""
    text = (request.POST.get("date") or "").strip()
    try:
        found = parse_date(text)
    except ValueError:
        return None
    if found is not None:
        return found
    for form in get_format("DATE_INPUT_FORMATS"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
