"""Purchases of the demo: e-invoices of its suppliers, written by our own writer and taken in like any other.

Some are approved and go to the books, some wait for a decision (one of them from another bank account than the supplier
ever had), one is refused.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import User

from crm.models import Party
from integrations.models import Connection, Posting
from invoicing.amounts import AmountLine, document_totals
from invoicing.issued import Issued, IssuedLine, Rate, RateTotal, Side
from invoicing.models import CompanyEntity, LedgerAccount, LedgerAccountKind, PurchaseDocument, VatRateVersion
from invoicing.peppol.composing import compose
from invoicing.peppol.document import Kind
from invoicing.peppol.writing import write
from invoicing.printing.pdf import render
from invoicing.services import purchases

from .check import ZERO, Amounts, BookEntry, Deviation, Findings
from .parties import party_uid
from .plan import POSTED, ConnectionPlan, read

APPROVE, WAIT, REFUSE = "approve", "wait", "refuse"
_SIDE = ("name", "street", "postcode", "city", "country", "vat_number", "enterprise_number", "peppol_id", "email", "phone", "iban")  # fmt: skip
# Yuki names a file by the document's number and our key.
_AFTER_NUMBER = "_"


class NotAsPlanned(Exception):
    """A purchase was not taken in, or otherwise than its data say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    text: str
    net: Decimal
    rate: str
    account: str  # empty: whoever approves chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedExpense:
    entity: str
    supplier: str
    kind: Kind
    number: str
    day: date
    due: date
    lines: tuple[PlannedLine, ...]
    then: str  # approve | wait | refuse
    reason: str  # of the refusal
    credits: str
    iban: str  # another account than the supplier's; empty: that one

    @property
    def is_credit_note(self) -> bool:
        return self.kind is Kind.CREDIT_NOTE


@functools.cache
def expenses(entity: str) -> tuple[PlannedExpense, ...]:
    """Return the planned purchases of an entity (E1 to E4)."""
    return tuple(
        PlannedExpense(
            entity=entity,
            supplier=row["supplier"],
            kind=Kind.CREDIT_NOTE if row["kind"] == "credit_note" else Kind.INVOICE,
            number=row["number"],
            day=date.fromisoformat(row["date"]),
            due=date.fromisoformat(row["due"]),
            lines=tuple(
                PlannedLine(
                    text=line["text"], net=Decimal(line["net"]), rate=line["rate"], account=line.get("account", "")
                )
                for line in row["lines"]
            ),
            then=row["then"],
            reason=row.get("reason", ""),
            credits=row.get("credits", ""),
            iban=row.get("iban", ""),
        )
        for row in read("expenses")
        if row["entity"] == entity
    )


# --- Into our database ---


def load(entity: CompanyEntity, planned: PlannedExpense, by: User) -> bool:
    """Take a purchase in and decide about it; False: it is there already. NotAsPlanned: it came out otherwise."""
    supplier = Party.objects.get(uid=party_uid(planned.supplier))
    if PurchaseDocument.objects.filter(entity=entity, supplier=supplier, number=planned.number).exists():
        return False
    record = _issued(entity, supplier, planned)
    delivery = purchases.Delivery(name=f"{planned.number}.xml", by=by)
    found = purchases.receive(data=_ubl(record, planned.number), delivery=delivery)
    document = found.document
    if found.answer is not purchases.Answer.STORED or document is None or document.quarantine:
        raise NotAsPlanned(f"{planned.number}: {found.text}")
    if (document.entity, document.supplier, document.total) != (entity, supplier, record.total):
        raise NotAsPlanned(f"{planned.number}: came out as {document.total} of {document.supplier_name}")
    if planned.then == APPROVE:
        purchases.approve(document=document, by=by, lines=_choices(entity, planned, document))
    elif planned.then == REFUSE:
        purchases.refuse(document=document, reason=planned.reason, by=by)
    return True


def _choices(
    entity: CompanyEntity, planned: PlannedExpense, document: PurchaseDocument
) -> dict[int, purchases.LineChoice]:
    choices = {}
    for line, row in zip(planned.lines, document.lines.order_by("position"), strict=True):
        account = None
        if line.account:
            account, _ = LedgerAccount.objects.get_or_create(
                entity=entity, code=line.account, defaults={"name": line.account, "kind": LedgerAccountKind.COST}
            )
        rate = _version(entity, planned, line.rate).rate
        choices[row.pk] = purchases.LineChoice(account=account, vat_rate=rate)
    return choices


def _version(entity: CompanyEntity, planned: PlannedExpense, code: str) -> VatRateVersion:
    return VatRateVersion.objects.on(planned.day).get(rate__country=entity.country, rate__code=code, rate__entity=None)


def _ubl(record: Issued, number: str) -> bytes:
    composed = compose(record, pdf=render(record), pdf_name=f"{number}.pdf")
    if composed.document is None:
        raise NotAsPlanned(f"{number}: {'; '.join(problem.sentence for problem in composed.problems)}")
    return write(composed.document)


def _issued(entity: CompanyEntity, supplier: Party, planned: PlannedExpense) -> Issued:
    """The document as the supplier made it out."""
    rates = {
        line.rate: Rate(code=line.rate, category="S", percent=_version(entity, planned, line.rate).percentage)
        for line in planned.lines
    }
    totals = document_totals(
        [
            AmountLine(rate=rates[line.rate], percentage=rates[line.rate].percent, net=line.net)
            for line in planned.lines
        ],
        [],
    )
    seller = {name: str(getattr(supplier, name) or "") for name in _SIDE}
    return Issued(
        kind=planned.kind,
        number=planned.number,
        day=planned.day,
        day_due=planned.due,
        seller=Side(**{**seller, "iban": planned.iban or seller["iban"]}),
        buyer=Side(**{name: str(getattr(entity, name) or "") for name in _SIDE}),
        lines=tuple(
            IssuedLine(
                description=line.text, quantity=Decimal(1), unit_price=line.net, net=line.net, rate=rates[line.rate]
            )
            for line in planned.lines
        ),
        rates=tuple(
            RateTotal(rate=row.rate, lines_net=row.lines_net, base=row.base, vat=row.vat) for row in totals.rates
        ),
        net=totals.net,
        vat=totals.vat,
        total=totals.total,
        credited_number=planned.credits,
    )


# --- What came of it ---


def states(connection: Connection) -> dict[str, str]:
    """The state of each posted or waiting purchase of the connection, by its number."""
    rows = Posting.objects.filter(connection=connection, purchase_document__isnull=False)
    return dict(rows.values_list("purchase_document__number", "state"))


def check_expenses(
    plan: ConnectionPlan,
    found: dict[str, str],
    before: Sequence[BookEntry],
    after: Sequence[BookEntry],
    files: Sequence[str],
) -> list[Deviation]:
    """Compare purchases with the plan: each approved one in the books once and to the cent, and no other.

    `found`: the states here. `files`: names in the archive of a tool that takes purchases as files and books them there.
    """
    findings = Findings()
    planned = {one.number: one for one in expenses(plan.entity) if one.then == APPROVE}
    findings.same("", "purchases sent", dict.fromkeys(sorted(planned), POSTED), dict(sorted(found.items())))
    if plan.journals:
        known = {entry.external_id for entry in before}
        new = [entry for entry in after if entry.external_id not in known]
        times = Counter(entry.reference for entry in new)
        findings.same("", "purchases in the books", dict.fromkeys(sorted(planned), 1), dict(sorted(times.items())))
        for entry in new:
            if entry.reference in planned:
                _check_entry(findings, plan, planned[entry.reference], entry)
    else:
        numbers = [name.rpartition(_AFTER_NUMBER)[0] for name in files]
        wanted = dict.fromkeys(sorted(planned), 1)
        findings.same("", "purchases in the archive", wanted, {number: numbers.count(number) for number in wanted})
        waiting = {one.number for one in expenses(plan.entity)} - set(planned)
        findings.same("", "purchases in the archive that nobody approved", [], sorted(waiting & set(numbers)))
    return findings.list


def _check_entry(findings: Findings, plan: ConnectionPlan, planned: PlannedExpense, entry: BookEntry) -> None:
    per_code = _per_code(plan, planned)
    total = sum((base + vat for base, vat in per_code.values()), ZERO)
    journal = plan.journals["purchase_credit_note" if planned.is_credit_note else "purchase_invoice"]
    findings.same(planned.number, "journal", journal, entry.journal)
    findings.same(planned.number, "date in the books", planned.day.isoformat(), entry.date)
    findings.same(planned.number, "total in the books", total, abs(entry.total))
    shown = {code: (abs(base), abs(vat)) for code, (base, vat) in entry.per_code.items()}
    findings.same(planned.number, "VAT per code in the books", sorted(per_code.items()), sorted(shown.items()))


def _per_code(plan: ConnectionPlan, planned: PlannedExpense) -> Amounts:
    """Base and VAT per code of the tool; the VAT of a rate is that of its base."""
    entity_rates = {line.rate: ZERO for line in planned.lines}
    for line in planned.lines:
        entity_rates[line.rate] += line.net
    totals = document_totals(
        [AmountLine(rate=rate, percentage=Decimal(rate), net=net) for rate, net in entity_rates.items()], []
    )
    codes = plan.vat_links["purchase"]
    return {codes[row.rate]: (row.base, row.vat) for row in totals.rates}
