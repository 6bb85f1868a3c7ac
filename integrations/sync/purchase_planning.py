"""From an approved purchase document to the booking it will become, or to the reason why it cannot go yet.

What the document says of its VAT is booked, not what we would compute. Where the tool takes a purchase as a file and
books it over there, nothing of VAT codes and accounts is needed. Source: domain rules 7 and 15; vendor notes on
purchases; catalogue APP-1xx, APP-21x.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from invoicing.amounts import spread, vat_per_line
from invoicing.foreign_vat import is_foreign_vat, vat_country
from invoicing.models import PurchaseDocument, PurchaseLine, PurchaseVatTotal, ReviewState, VatCategory

from ..base.provider import Capability, Limits
from ..base.records import AccountRef, Document, DocumentKind, ExternalRef, Line, SupplyKind
from ..models import LinkDirection, ToolLedgerAccount
from .books import Books
from .planning import (
    Planned,
    account_problem,
    account_ref,
    linked_vat_code,
    party_problem,
    period_problem,
)
from .problems import Note, Problem

_ZERO = Decimal("0.00")
_CENT = Decimal("0.01")
_NO_PARTY = ExternalRef(external_id="")
_NO_ACCOUNT = AccountRef(external_id="", code="")
# It went to the bookkeeping by e-mail: booked by us as well, it would stand there twice.
MAILED = "APP-223"
# Longer ones are sentences of the supplier, and no communication that a bank hands on.
_COMMUNICATION = 35
_REFERENCE = 40
_Vat = tuple[str, Decimal]


def purchase_kind(document: PurchaseDocument) -> DocumentKind:
    """What the books receive: a negative total turns the kind around, as with sales."""
    is_credit = document.is_credit_note != (document.total < 0)
    return DocumentKind.PURCHASE_CREDIT_NOTE if is_credit else DocumentKind.PURCHASE_INVOICE


def own_mark(document: PurchaseDocument) -> str:
    """What a posting goes by here: suppliers share numbers, and a number of theirs may be one of ours."""
    tail = f" #{document.pk}"
    return f"{_number(document)[: _REFERENCE - len(tail)]}{tail}"


def reference_there(document: PurchaseDocument, limits: Limits) -> str:
    """The supplier's number as the tool gets it; of one that is too long its end, which tells two apart."""
    return _number(document)[-limits.field_lengths.get("document.reference", _REFERENCE) :].strip()


def plan_purchase(document: PurchaseDocument, books: Books, *, key: str, reference: str) -> Planned:
    """Check `document` and build its booking. The first problem found is the one that is told.

    `reference` is the posting's own and stays here; the books get the supplier's number.
    """
    kind = purchase_kind(document)
    notes: list[Note] = []
    as_file = Capability.PURCHASES_AS_FILES in books.tool.capabilities
    problem = _review_problem(document) or _amount_problem(document)
    if problem is None and not as_file:
        problem = (
            books.journal_problem(kind)
            or period_problem(document.date, kind, books)
            or _currency_problem(document, books)
            or (party_problem(document.supplier, notes) if document.supplier is not None else None)
        )
    lines: list[Line] = []
    if problem is None:
        lines, problem = _file_lines(document) if as_file else _lines(document, books)
    if problem is not None:
        return Planned(kind=kind, document=None, problem=problem, notes=tuple(notes))
    built = _build(document, kind, books, lines, key)
    if built.total != abs(document.total):
        return Planned(kind=kind, document=None, problem=_sum_problem(document, built.total), notes=tuple(notes))
    return Planned(kind=kind, document=built, problem=None, notes=tuple(notes))


# --- checks -------------------------------------------------------------------------------------------------------


def _review_problem(document: PurchaseDocument) -> Problem | None:
    own = f"document:{document.pk}"
    if document.review != ReviewState.APPROVED:
        return Problem(code="APP-214", cause_key=own)
    if not document.is_peppol:
        return Problem(code="APP-215", cause_key=own)
    if document.supplier_id is None:
        return Problem(code="APP-216", cause_key=own)
    if not _number(document):
        return Problem(code="APP-217", cause_key=own)
    return None


def _amount_problem(document: PurchaseDocument) -> Problem | None:
    if document.total == 0 or not document.lines.all():
        return Problem(code="APP-208", cause_key=f"document:{document.pk}")
    summed = sum((total.base + total.vat for total in document.vat_totals.all()), _ZERO)
    return _sum_problem(document, summed) if summed != document.total else None


def _sum_problem(document: PurchaseDocument, summed: Decimal) -> Problem:
    return Problem(
        code="APP-209",
        cause_key=f"document:{document.pk}",
        params={
            "difference": str(document.total - summed),
            "ours": str(document.total),
            "sum": str(summed),
            "side": "purchase",
        },
    )


def _currency_problem(document: PurchaseDocument, books: Books) -> Problem | None:
    """As with sales: the tool has to take the currency, and somebody has to have said the rate."""
    if document.currency == books.currency:
        return None
    if Capability.FOREIGN_CURRENCY not in books.tool.capabilities or (
        books.currencies and document.currency not in books.currencies
    ):
        key = f"currency:{document.currency}:purchase"
        return Problem(code="APP-210", cause_key=key, params={"currency": document.currency})
    if document.exchange_rate in (None, Decimal(0), Decimal(1)):
        params = {"currency": document.currency, "missing": "rate-of-purchase"}
        return Problem(code="APP-210", cause_key=f"rate:purchase:{document.pk}", params=params)
    return None


# --- building -----------------------------------------------------------------------------------------------------


def _number(document: PurchaseDocument) -> str:
    return " ".join(document.number.split())


def _build(document: PurchaseDocument, kind: DocumentKind, books: Books, lines: list[Line], key: str) -> Document:
    if document.total < 0:
        lines = [replace(line, net=-line.net, vat=-line.vat) for line in lines]
    journal = books.journals.get(kind)
    period = books.period_of(document.date)
    number = _number(document)
    communication = " ".join(document.payment_reference.split())
    supplier = document.supplier.name if document.supplier is not None else document.supplier_name
    return Document(
        key=key,
        reference=reference_there(document, books.tool.limits),
        kind=kind,
        journal=journal.code if journal else "",
        date=document.date,
        due_date=document.due_date,
        party=_NO_PARTY,
        lines=tuple(lines),
        currency=document.currency,
        exchange_rate=_rate(document, books),
        description=f"{number} {supplier}".strip(),
        payment_reference=communication if len(communication) <= _COMMUNICATION else "",
        direct_debit=document.is_direct_debit,
        period=period.external_id if period is not None else "",
    )


def _rate(document: PurchaseDocument, books: Books) -> Decimal:
    """The rate as it goes out; without the noughts that the database fills it up with, which change no fingerprint."""
    if document.currency == books.currency or document.exchange_rate is None:
        return Decimal(1)
    return document.exchange_rate.normalize()


def _vat_of(row: PurchaseLine | PurchaseVatTotal) -> _Vat:
    if isinstance(row, PurchaseLine):
        category, percent = row.vat_category, row.vat_percent
    else:
        category, percent = row.category, row.percent
    return category, (percent or _ZERO).normalize()


def _file_lines(document: PurchaseDocument) -> tuple[list[Line], Problem | None]:
    """The sums per VAT rate: they tell the amount, and whoever books the file decides about the rest."""
    rows = [
        Line(description="", net=total.base, vat=total.vat, vat_code="", ledger_account=_NO_ACCOUNT)
        for total in document.vat_totals.all()
    ]
    return rows, None


def _lines(document: PurchaseDocument, books: Books) -> tuple[list[Line], Problem | None]:
    """The lines with their share of the VAT that the document states per category and percentage."""
    groups: dict[_Vat, list[PurchaseLine]] = {}
    for own in document.lines.all():
        groups.setdefault(_vat_of(own), []).append(own)
    placed: dict[int, Line] = {}
    for total in document.vat_totals.all():
        vat = _vat_of(total)
        rows = groups.pop(vat, [])
        nets = _nets(rows, total.base)
        if nets is None:
            return [], _sum_problem(document, sum((row.net for row in rows), _ZERO) + total.vat)
        # Lines that state no percentage share the VAT by their size.
        shares = spread(total.vat, nets) if total.percent is None else vat_per_line(nets, vat[1], total.vat)
        for row, net, share in zip(rows, nets, shares, strict=True):
            line, problem = _line(row, net, share, books)
            if line is None:
                return [], problem
            placed[row.pk] = line
    if groups:
        return [], _sum_problem(document, sum((line.net + line.vat for line in placed.values()), _ZERO))
    return [placed[own.pk] for own in document.lines.all()], None


def _nets(rows: list[PurchaseLine], base: Decimal) -> list[Decimal] | None:
    """The net amounts of a group's lines as they are booked, None where they are not the taxable amount.

    Suppliers round each line: up to a cent a line goes to the largest one, so that what is booked is what they state.
    """
    rest = base - sum((row.net for row in rows), _ZERO)
    if not rows or abs(rest) > _CENT * len(rows):
        return None
    nets = [row.net for row in rows]
    if rest:
        largest = max(range(len(rows)), key=lambda place: abs(nets[place]))
        nets[largest] += rest
    return nets


def _line(row: PurchaseLine, net: Decimal, vat: Decimal, books: Books) -> tuple[Line | None, Problem | None]:
    rate = row.vat_rate
    is_cost = bool(vat) and is_foreign_vat(row.document, row.vat_category)
    if rate is None or (is_cost and rate.category != VatCategory.O):
        # What the document says was recognised as none of our rates; another rate of nought is no substitute, and
        # another country's VAT goes under none of ours that is deducted.
        said = (
            f"{row.vat_percent.normalize():f} % {row.vat_category}" if row.vat_percent is not None else row.vat_category
        )
        country = vat_country(row.document) if is_cost else ""
        return None, Problem(
            code="APP-102",
            cause_key=f"vat:{country}{row.vat_category}:{row.vat_percent}:purchase",
            params={"rate": said.strip(), **({"country": country} if country else {"missing": "on-line"})},
        )
    code, problem = linked_vat_code(rate.pk, rate.code, books, LinkDirection.PURCHASE)
    if code is None:
        return None, problem
    account, problem = _account(row, rate.pk, books)
    if account is None:
        return None, problem
    return (
        Line(
            description=row.description,
            net=net + vat if is_cost else net,
            vat=_ZERO if is_cost else vat,
            vat_code=code.code,
            ledger_account=account_ref(account),
            quantity=row.quantity,
            taxed=bool(row.vat_percent or vat) and not is_cost,
            supply=SupplyKind(code.supply) if code.supply else None,
        ),
        None,
    )


def _account(row: PurchaseLine, rate_id: int, books: Books) -> tuple[ToolLedgerAccount | None, Problem | None]:
    """The tool's account of a line: the line's own, else that of its VAT rate. The default account is one of sales."""
    if row.ledger_account is not None:
        code = row.ledger_account.code
        account = books.accounts.get(code)
    else:
        account = books.purchase_ledger_links.get(rate_id)
        if account is None:
            return None, Problem(code="APP-104", cause_key="no-account:purchase")
        code = account.code
    problem = account_problem(account, code, books)
    return (account, None) if problem is None else (None, problem)
