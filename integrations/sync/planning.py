"""From a booked sales document to the booking it will become, or to the reason why it cannot go yet.

Everything that we can know is checked here, so that the tool is not asked what we know (its error budget is
small). Reads only what it is given: a document with its lines, totals and party loaded, and the `Books`.
Source: design section 5, step "plan"; catalogue APP-1xx, APP-2xx, PER; domain rules 2, 4, 5, 7, 11.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils import timezone

from crm.countries import COUNTRIES
from crm.models import Party, VatType
from crm.numbers import expected_vat_pattern, is_valid_vat_number
from invoicing.amounts import vat_per_line
from invoicing.legal_notes import is_service_outside
from invoicing.models import SalesDocument, SalesLine, SalesVatTotal, VatCategory

from ..base.provider import Capability
from ..base.records import AccountRef, Document, DocumentKind, ExternalRef, Line, PartyData, PartyRole, SupplyKind
from ..models import LinkDirection, ToolLedgerAccount, VatCode
from .books import Books
from .problems import Note, Problem
from .terms import OwnTerm, match_payment_term

_NO_PARTY = ExternalRef(external_id="")
_SHIFTED = frozenset({VatCategory.AE.value, VatCategory.K.value, VatCategory.G.value})
_LIABLE_TYPES = frozenset({VatType.VAT_LIABLE.value, VatType.NOT_VAT_LIABLE.value})
_EXEMPT_TYPES = frozenset({VatType.INTRA_COMMUNITY.value, VatType.OUTSIDE_EU.value, VatType.CONTRACTOR.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What became of one document: a booking to be sent (its party still open), or a problem."""

    kind: DocumentKind
    document: Document | None
    problem: Problem | None
    notes: tuple[Note, ...] = ()

    @property
    def payload_hash(self) -> str:
        return document_hash(self.document) if self.document is not None else ""


def document_hash(document: Document) -> str:
    """A fingerprint of what goes to the tool; the party, our key and the number that it gets there aside."""
    return hashlib.sha256(
        repr(replace(document, key="", party=_NO_PARTY, number=None, party_data=None)).encode()
    ).hexdigest()


def booked_kind(document: SalesDocument) -> DocumentKind:
    """What the books receive: a negative total turns the kind around (S-135)."""
    is_credit = document.is_credit_note != (document.total < 0)
    return DocumentKind.SALES_CREDIT_NOTE if is_credit else DocumentKind.SALES_INVOICE


def plan_document(document: SalesDocument, books: Books, *, key: str, reference: str) -> Planned:
    """Check `document` and build its booking. The first problem found is the one that is told."""
    kind = booked_kind(document)
    notes: list[Note] = []
    built: Document | None = None
    problem = (
        _amount_problem(document)
        or books.journal_problem(kind)
        or period_problem(document.date, kind, books)
        or _currency_problem(document, books)
        or party_problem(document.party, notes)
    )
    if problem is None:
        built, problem = _build(document, kind, books, key=key, reference=reference, notes=notes)
    if problem is None:
        _remark_on_vat_type(document, notes)
    return Planned(kind=kind, document=built if problem is None else None, problem=problem, notes=tuple(notes))


# --- checks ---------------------------------------------------------------------------------------------------


def _amount_problem(document: SalesDocument) -> Problem | None:
    lines: list[SalesLine] = list(document.lines.all())
    if not lines or document.total == 0:
        return Problem(code="APP-208", cause_key=f"document:{document.pk}")
    totals: list[SalesVatTotal] = list(document.vat_totals.all())
    per_rate: dict[int, Decimal] = {}
    for line in lines:
        per_rate[line.vat_rate_id] = per_rate.get(line.vat_rate_id, Decimal("0.00")) + line.net
    ours = document.total
    summed = sum((t.base + t.vat for t in totals), Decimal("0.00"))
    if (
        ours != summed
        or per_rate != {t.vat_rate_id: t.lines_net for t in totals}
        or any(t.lines_net - t.discount != t.base for t in totals)
    ):
        return Problem(
            code="APP-209",
            cause_key=f"document:{document.pk}",
            params={"difference": str(ours - summed), "ours": str(ours), "sum": str(summed)},
        )
    return None


def period_problem(day: date, kind: DocumentKind, books: Books) -> Problem | None:
    """Why nothing dated `day` can go to the journal of `kind`, or None."""
    if not books.periods:
        return None  # the tool has no such list, or we may not see it; then it will say so itself
    period = books.period_of(day)
    if period is None:
        year = str(day.year)
        return Problem(
            code=books.code("period-missing"),
            cause_key=f"fiscal-year:{year}",
            params={"year": year, "date": day.isoformat()},
        )
    journal = books.journals.get(kind)
    if period.closed or (journal is not None and journal.code in period.closed_journals):
        name = f"{period.year} / {period.period:02d}"
        return Problem(
            code=books.code("period-closed"),
            cause_key=f"period:{name}:{journal.code if journal and not period.closed else ''}",
            params={"period": name, "journal": journal.code if journal else ""},
        )
    return None


def _currency_problem(document: SalesDocument, books: Books) -> Problem | None:
    if document.currency == books.currency:
        return None
    if Capability.FOREIGN_CURRENCY not in books.tool.capabilities or (
        books.currencies and document.currency not in books.currencies
    ):
        return Problem(
            code="APP-210", cause_key=f"currency:{document.currency}", params={"currency": document.currency}
        )
    if document.exchange_rate in (None, Decimal(0)) or document.exchange_rate == 1:
        # A rate of exactly one between two currencies is a rate that nobody filled in.
        return Problem(
            code="APP-210", cause_key=f"rate:{document.pk}", params={"currency": document.currency, "missing": "rate"}
        )
    return None


def party_problem(party: Party, notes: list[Note]) -> Problem | None:
    """Why no document of `party` can go, or None; what is only worth knowing joins `notes`."""
    params = {"party": party.name}
    if party.country not in COUNTRIES:
        return Problem(code="APP-203", cause_key=f"party:{party.pk}", params=params, party_id=party.pk)
    if party.vat_number and not is_valid_vat_number(party.vat_number):
        pattern = expected_vat_pattern(party.vat_number, party.country)
        return Problem(
            code="APP-201",
            cause_key=f"party:{party.pk}",
            params={**params, "vat_number": party.vat_number, "pattern": pattern},
            party_id=party.pk,
        )
    if party.vat_type == VatType.VAT_LIABLE and not party.vat_number:
        notes.append(Note(code="APP-202", params=params))
    return None


def _remark_on_vat_type(document: SalesDocument, notes: list[Note]) -> None:
    kind = document.party.vat_type
    totals = list(document.vat_totals.all())
    charged = any(t.vat != 0 for t in totals)
    rates = [t.vat_rate.rate for t in totals]
    shifted = any(rate.category in _SHIFTED or is_service_outside(rate.category, rate.code) for rate in rates)
    if (kind in _EXEMPT_TYPES and charged) or (kind in _LIABLE_TYPES and shifted):
        notes.append(Note(code="APP-120", params={"party": document.party.name}))


# --- building -------------------------------------------------------------------------------------------------


def _build(
    document: SalesDocument, kind: DocumentKind, books: Books, *, key: str, reference: str, notes: list[Note]
) -> tuple[Document | None, Problem | None]:
    lines, problem = _lines(document, books)
    if problem is not None:
        return None, problem
    if document.total < 0:
        lines = [replace(line, net=-line.net, vat=-line.vat) for line in lines]
    term_code, problem = _term(document, kind, books, notes)
    if problem is not None:
        return None, problem
    journal = books.journals.get(kind)
    credited = document.credited_invoice
    period = books.period_of(document.date)
    built = Document(
        key=key,
        reference=reference,
        kind=kind,
        journal=journal.code if journal else "",
        date=document.date,
        due_date=document.due_date,
        party=_NO_PARTY,
        lines=tuple(lines),
        currency=document.currency,
        exchange_rate=document.exchange_rate if document.currency != books.currency else Decimal(1),
        description=f"{reference} {document.buyer_name or document.party.name}".strip(),
        payment_term_code=term_code,
        payment_reference=document.structured_communication,
        direct_debit=bool(document.payment_term and document.payment_term.direct_debit),
        credited_reference=credited.number if credited is not None else "",
        period=period.external_id if period is not None else "",
    )
    if built.total != abs(document.total):
        return None, Problem(
            code="APP-209",
            cause_key=f"document:{document.pk}",
            params={
                "difference": str(abs(document.total) - built.total),
                "ours": str(document.total),
                "sum": str(built.total),
            },
        )
    return built, None


def _lines(document: SalesDocument, books: Books) -> tuple[list[Line], Problem | None]:
    """The lines with their share of the document's VAT, a document discount as one line per rate after them."""
    by_rate: dict[int, list[SalesLine]] = {}
    for own in document.lines.all():
        by_rate.setdefault(own.vat_rate_id, []).append(own)
    placed: dict[int, Line] = {}
    discounts: list[Line] = []
    for total in document.vat_totals.all():
        rate = total.vat_rate.rate
        vat_code, problem = linked_vat_code(rate.pk, rate.code, books, LinkDirection.SALES)
        if vat_code is None:
            return [], problem
        own_lines = by_rate.get(total.vat_rate_id, [])
        nets = [own.net for own in own_lines]
        if total.discount:
            nets.append(-total.discount)
        shares = vat_per_line(nets, total.vat_rate.percentage, total.vat)
        for own, vat in zip(own_lines, shares, strict=False):
            account, problem = _account(own, rate.pk, books)
            if account is None:
                return [], problem
            placed[own.pk] = Line(
                description=own.description,
                net=own.net,
                vat=vat,
                vat_code=vat_code.code,
                ledger_account=account_ref(account),
                quantity=own.quantity,
                taxed=total.vat_rate.percentage != 0,
                supply=SupplyKind(vat_code.supply) if vat_code.supply else None,
            )
        if total.discount:
            account = books.discount_account
            if account is None:
                return [], Problem(code="APP-106", cause_key="discount-account")
            problem = account_problem(account, account.code, books)
            if problem is not None:
                return [], problem
            discounts.append(
                Line(
                    description=_discount_text(document),
                    net=-total.discount,
                    vat=shares[-1],
                    vat_code=vat_code.code,
                    ledger_account=account_ref(account),
                    taxed=total.vat_rate.percentage != 0,
                    supply=SupplyKind(vat_code.supply) if vat_code.supply else None,
                )
            )
    return [placed[own.pk] for own in document.lines.all()] + discounts, None


def account_ref(account: ToolLedgerAccount) -> AccountRef:
    """The account as a line names it."""
    return AccountRef(
        external_id=account.external_id, code=account.code, seen_on=timezone.localtime(account.last_seen_at).date()
    )


def _discount_text(document: SalesDocument) -> str:
    percentages = " + ".join(f"{d.percentage.normalize():f} %" for d in document.discounts.all())
    first = next((d.description for d in document.discounts.all() if d.description), "")
    return first or percentages


def linked_vat_code(
    rate_id: int, rate_code: str, books: Books, direction: LinkDirection
) -> tuple[VatCode | None, Problem | None]:
    """The tool's code that a VAT rate is linked to, or why it cannot be used."""
    links = books.vat_links if direction == LinkDirection.SALES else books.purchase_vat_links
    code = links.get(rate_id)
    if code is None:
        key = f"vat-rate:{rate_id}:{direction.value}"
        return None, Problem(code="APP-102", cause_key=key, params={"rate": rate_code})
    if not code.active:
        return None, Problem(code="APP-103", cause_key=f"vat-code:{code.code}", params={"vat_code": code.code})
    if code.inclusive:
        return None, Problem(code="APP-119", cause_key=f"vat-code:{code.code}", params={"vat_code": code.code})
    return code, None


def _account(line: SalesLine, rate_id: int, books: Books) -> tuple[ToolLedgerAccount | None, Problem | None]:
    """The tool's account of a line: the line's own, else that of its VAT rate, else the default."""
    if line.ledger_account is not None:
        code = line.ledger_account.code
        account = books.accounts.get(code)
    else:
        account = books.ledger_links.get(rate_id) or books.default_account
        if account is None:
            return None, Problem(code="APP-104", cause_key="no-account")
        code = account.code
    problem = account_problem(account, code, books)
    return (account, None) if problem is None else (None, problem)


def account_problem(account: ToolLedgerAccount | None, code: str, books: Books) -> Problem | None:
    """Why nothing can be booked on the account of this code, or None."""
    params = {"account": code}
    if account is None:
        return Problem(code="APP-105", cause_key=f"account:{code}", params=params)
    if not account.active:
        # Blocked there and gone from there look different only to a tool that shows its blocked accounts.
        situation = "account-blocked" if account.is_shown else "account-gone"
        return Problem(
            code="APP-105" if situation == "account-gone" else books.code(situation),
            cause_key=f"account:{code}",
            params=params,
        )
    if not account.bookable:
        return Problem(code=books.code("account-type"), cause_key=f"account:{code}", params=params)
    if account.needs_cost_centre:
        return Problem(code=books.code("cost-centre"), cause_key=f"account:{code}", params=params)
    return None


def _term(document: SalesDocument, kind: DocumentKind, books: Books, notes: list[Note]) -> tuple[str, Problem | None]:
    """The tool's code of the payment term; credit notes always get the default (S-103)."""
    if Capability.PAYMENT_TERMS not in books.tool.capabilities:
        return "", None
    own = document.payment_term
    default = books.default_term
    if own is not None and not kind.is_credit_note and not document.is_credit_note:
        found = match_payment_term(OwnTerm(kind=own.kind, days=own.days, direct_debit=own.direct_debit), books.terms)
        if found is not None:
            return found.code, None
        if default is not None:
            notes.append(Note(code="APP-110", params={"term": own.name}))
    if default is None or not default.active:
        name = own.name if own is not None else ""
        return "", Problem(code="APP-109", cause_key=f"term:{own.pk if own else 0}", params={"term": name})
    return default.code, None


def party_data(party: Party, *, external_id: str = "", roles: frozenset[PartyRole] | None = None) -> PartyData:
    """Our side of a party as the tools get it."""
    wanted = roles if roles is not None else frozenset({PartyRole.CUSTOMER})
    return PartyData(
        reference=party.mark,
        name=party.name,
        is_person=party.is_person,
        first_name=party.first_name,
        last_name=party.last_name,
        vat_type=party.vat_type,
        vat_number=party.vat_number,
        enterprise_number=party.enterprise_number,
        street=party.street,
        postcode=party.postcode,
        city=party.city,
        country=party.country,
        language=party.language,
        email=party.email,
        phone=party.phone,
        website=party.website,
        iban=party.iban,
        bic=party.bic,
        peppol_id=party.peppol_id,
        roles=wanted,
        external_id=external_id,
    )


def party_hash(data: PartyData) -> str:
    """A fingerprint of what a tool is sent of a party, roles and external id aside."""
    return hashlib.sha256(repr(replace(data, external_id="", roles=frozenset())).encode()).hexdigest()
