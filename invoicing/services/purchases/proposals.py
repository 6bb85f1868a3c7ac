"""Where a document would be booked: as the supplier's last ones, else as the last ones with the same VAT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from crm.names import name_key

from ...amounts import percentage_of
from ...foreign_vat import is_foreign_vat
from ...legal_notes import is_service_outside
from ...models import PurchaseDocument, PurchaseLine, ReviewState, VatCategory, VatRate, VatRateVersion

# How far back is looked: the lines of the supplier's last documents, and of the entity's.
DOCUMENTS = 12
LINES = 400
# So many approved documents of others make an account the proposal for all lines of a VAT rate.
A_HABIT = 3
# Between the VAT that a document states and what a percentage makes of its base: suppliers round line by line.
_TOLERANCE = Decimal("0.02")

Vat = tuple[str, Decimal | None]


@dataclass(slots=True)
class _Habit:
    """How lines were booked: account and rate by description, by VAT, and over all."""

    by_words: dict[tuple[str, Vat], PurchaseLine] = field(default_factory=dict)
    by_vat: dict[Vat, Counter[int]] = field(default_factory=dict)
    rate_by_vat: dict[Vat, int] = field(default_factory=dict)
    documents: dict[int, set[int]] = field(default_factory=dict)  # account -> documents that used it

    def learn(self, lines: Iterable[PurchaseLine]) -> _Habit:
        """From the newest to the oldest."""
        for line in lines:
            vat = vat_of(line)
            if line.ledger_account_id is not None:
                self.by_words.setdefault((_words(line), vat), line)
                self.by_vat.setdefault(vat, Counter())[line.ledger_account_id] += 1
                self.documents.setdefault(line.ledger_account_id, set()).add(line.document_id)
            if line.vat_rate_id is not None:
                self.rate_by_vat.setdefault(vat, line.vat_rate_id)
        return self

    def account_for(self, line: PurchaseLine, *, least: int = 1) -> int | None:
        """The account of a line in the same words, else the one used most for its VAT, in `least` documents."""
        same = self.by_words.get((_words(line), vat_of(line)))
        if same is not None:
            return same.ledger_account_id
        often = self.by_vat.get(vat_of(line))
        account = often.most_common(1)[0][0] if often else None
        return account if account is not None and self.used_in(account) >= least else None

    def used_in(self, account: int) -> int:
        return len(self.documents.get(account, ()))


def vat_of(line: PurchaseLine) -> Vat:
    return line.vat_category, None if line.vat_percent is None else line.vat_percent.normalize()


def _words(line: PurchaseLine) -> str:
    """A description without its numbers: "Electricity October 2026" and "November 2026" differ in the month only."""
    return name_key("".join(sign for sign in line.description if not sign.isdigit()))[:80]


def propose(document: PurchaseDocument, *, with_rates: bool = True) -> None:
    """Fill in account and VAT rate of the lines that nobody chose yet; a constant number of queries.

    `with_rates` False: a person said which VAT rate it is, or that it is none.
    `proposal` says why: {"by": "supplier" | "vat", "count": documents}. Accounts that are no longer active are not proposed.
    """
    lines = list(document.lines.all())
    if not lines or document.entity_id is None:
        return
    of_supplier = _habit(document, supplier=True)
    of_entity = _habit(document, supplier=False)
    rates = rates_of(document)
    fitting = {vat: rates.fitting(*vat) for vat in {vat_of(line) for line in lines}}
    for line in lines:
        for habit, by in ((of_supplier, "supplier"), (of_entity, "vat")):
            account = habit.account_for(line, least=1 if by == "supplier" else A_HABIT)
            if account is not None:
                line.ledger_account_id = account
                line.proposal = {"by": by, "count": habit.used_in(account)}
                break
        if not with_rates:
            continue
        vat = vat_of(line)
        line.vat_rate_id = _rate_for(vat, rates, {rate.pk for rate in fitting[vat]}, of_supplier, of_entity)
    PurchaseLine.objects.bulk_update(lines, ["ledger_account", "vat_rate", "proposal"], batch_size=200)


def _rate_for(vat: Vat, rates: RatesOfDay, fitting: set[int], of_supplier: _Habit, of_entity: _Habit) -> int | None:
    """What was chosen before, or the only rate that is meant. Of another country's VAT only this supplier's tells."""
    habits = (of_supplier,) if rates.is_foreign(vat[0]) else (of_supplier, of_entity)
    for habit in habits:
        remembered = habit.rate_by_vat.get(vat)
        if remembered in fitting:
            return remembered
    meant = rates.meant(*vat)
    return meant[0].pk if len(meant) == 1 else None


def _habit(document: PurchaseDocument, *, supplier: bool) -> _Habit:
    earlier = PurchaseDocument.objects.filter(entity=document.entity_id, review=ReviewState.APPROVED)
    if supplier:
        if document.supplier_id is None:
            return _Habit()
        earlier = earlier.filter(supplier=document.supplier_id)
    last = list(earlier.order_by("-date", "-pk").values_list("pk", flat=True)[:DOCUMENTS])
    lines = PurchaseLine.objects.filter(document__in=last, ledger_account__active=True)
    return _Habit().learn(lines.order_by("-document__date", "-document", "position")[:LINES])


@dataclass(frozen=True, slots=True)
class RatesOfDay:
    """The rates of the entity's country on the day of a document, with their percentages."""

    document: PurchaseDocument
    rates: tuple[tuple[VatRate, Decimal], ...] = ()

    def is_foreign(self, category: str) -> bool:
        return is_foreign_vat(self.document, category)

    def meant(self, category: str, percent: Decimal | None) -> list[VatRate]:
        """The rates that a line of this VAT means; none where it is another country's."""
        if self.is_foreign(category):
            return []
        if percent is None and category == VatCategory.S:
            return self._by_amounts()
        nought = Decimal(0) if category == VatCategory.O else None
        wanted = nought if percent is None else percent
        return [
            rate
            for rate, percentage in self.rates
            if (rate.category, percentage) == (category, wanted) and not _is_for_sales(rate)
        ]

    def fitting(self, category: str, percent: Decimal | None) -> list[VatRate]:
        """The rates that a person may choose for a line of this VAT.

        What another country charges becomes part of the cost, under a rate that is not subject to VAT. Of what nobody
        charges a person says why. What was typed by a person may be anything.
        """
        if not self.document.is_peppol:
            return [rate for rate, _ in self.rates]
        is_charged = bool(percent) or (percent is None and category == VatCategory.S)
        if not is_charged:
            return [rate for rate, percentage in self.rates if not percentage]
        if self.is_foreign(category):
            return [
                rate
                for rate, percentage in self.rates
                if rate.category == VatCategory.O and not percentage and not _is_for_sales(rate)
            ]
        return self.meant(category, percent)

    def _by_amounts(self) -> list[VatRate]:
        """The standard rates that make the VAT of lines which state no percentage."""
        total = self.document.vat_totals.filter(category=VatCategory.S, percent=None).first()
        if total is None:
            return []
        return [
            rate
            for rate, percentage in self.rates
            if rate.category == VatCategory.S and abs(percentage_of(total.base, percentage) - total.vat) <= _TOLERANCE
        ]


def _is_for_sales(rate: VatRate) -> bool:
    """Services that we give abroad say nothing of what we buy."""
    return is_service_outside(rate.category, rate.code)


def rates_of(document: PurchaseDocument) -> RatesOfDay:
    """The rates that may be meant by a document; one query."""
    if document.entity is None:
        return RatesOfDay(document)
    versions = VatRateVersion.objects.on(document.date).filter(rate__active=True, rate__country=document.entity.country)
    return RatesOfDay(
        document,
        tuple(
            (version.rate, version.percentage.normalize())
            for version in versions.select_related("rate").order_by("-rate__is_default", "rate__code")
            if version.rate.entity_id in (None, document.entity_id)
        ),
    )
