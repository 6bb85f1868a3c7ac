"""Drafts: made, filled, recalculated, deleted. Each verb is one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import audit
from crm.models import Party

from ..errors import FrozenDocument, NotPossible
from ..models import CompanyEntity, DocumentStatus, PaymentTerm, SalesDocument, SalesKind, SalesLine
from ..models.frozen import frozen_text
from . import contents
from .inputs import CreditedLine, DiscountInput, LineInput
from .log import log_document


@transaction.atomic
def create_draft(
    *,
    entity: CompanyEntity,
    party: Party,
    day: date,
    kind: str = SalesKind.INVOICE,
    lines: Iterable[LineInput] = (),
    discounts: Iterable[DiscountInput] = (),
    currency: str = "",
    exchange_rate: Decimal = Decimal(1),
    payment_term: PaymentTerm | None = None,
    credited_invoice: SalesDocument | None = None,
    customer_reference: str = "",
    note: str = "",
    by: AbstractBaseUser | None = None,
) -> SalesDocument:
    """Return a new draft with its lines and totals.

    What is not given comes from the party, then from the entity: currency, language and payment term (at last
    the one that is marked as default). ValidationError: a field cannot be like this.
    """
    document = SalesDocument(
        kind=kind,
        entity=entity,
        party=party,
        date=day,
        currency=currency or entity.currency,
        exchange_rate=exchange_rate,
        payment_term=payment_term or default_payment_term(entity=entity, party=party),
        credited_invoice=credited_invoice,
        customer_reference=customer_reference,
        note=note,
        language=party.language or entity.language,
    )
    document.full_clean()
    document.save()
    log_document(document=document, by=by, flag=audit.ADDED, message=_("Draft made."))
    _fill(document, lines, discounts)
    return document


@transaction.atomic
def save_lines(
    *,
    document: SalesDocument,
    lines: Iterable[LineInput],
    discounts: Iterable[DiscountInput] = (),
    by: AbstractBaseUser | None = None,
) -> SalesDocument:
    """Replace all lines and discounts of a draft and compute its totals. FrozenDocument: it is booked."""
    stored = contents.locked(document)
    if stored.is_booked:
        raise FrozenDocument(frozen_text(stored.number))
    stored.lines.all().delete()
    stored.discounts.all().delete()
    log_document(document=stored, by=by, message=_("Lines replaced."))
    _fill(stored, lines, discounts)
    _copy_totals(stored, document)
    return document


@transaction.atomic
def recalculate(*, document: SalesDocument) -> SalesDocument:
    """Compute nets, rows per VAT rate, totals and due date of a draft from what is stored; called at every save.

    FrozenDocument: it is booked, also when another one booked it meanwhile; then nothing of the caller's
    transaction may stay.
    """
    stored = contents.locked(document)
    if stored.is_booked:
        raise FrozenDocument(frozen_text(stored.number))
    _store(contents.load(stored))
    _copy_totals(stored, document)
    return document


@transaction.atomic
def delete_draft(*, document: SalesDocument, by: AbstractBaseUser | None) -> None:
    """Delete a draft for good; it has no number, so it leaves no gap. FrozenDocument: it is booked."""
    stored = contents.locked(document)
    if stored.is_booked:
        raise FrozenDocument(frozen_text(stored.number))
    log_document(document=stored, by=by, flag=audit.DELETED, message=_("Draft deleted."))
    stored.delete()


@transaction.atomic
def credit_invoice(
    *,
    invoice: SalesDocument,
    by: AbstractBaseUser | None,
    lines: Sequence[CreditedLine] | None = None,
    day: date | None = None,
) -> SalesDocument:
    """Return the draft of a credit note for a booked invoice: all of it, or the given lines and quantities.

    Prices, line discounts, VAT rates, accounts, document discounts, currency and rate are the invoice's, so a
    full credit has its totals to the cent. NotPossible: not a booked invoice, nothing above zero to credit, or a
    line or quantity the invoice does not have.
    """
    if invoice.is_credit_note or not invoice.is_booked:
        raise NotPossible(_("Only a booked invoice can be credited."))
    if invoice.total <= 0:
        raise NotPossible(_("%(invoice)s has nothing to credit: its total is not above zero.") % {"invoice": invoice})
    wanted = _credited_quantities(invoice, lines)
    rows = [
        SalesLine(
            description=line.description,
            quantity=quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            vat_rate_id=line.vat_rate_id,
            ledger_account_id=line.ledger_account_id,
        )
        for line, quantity in wanted
    ]
    document = SalesDocument(
        kind=SalesKind.CREDIT_NOTE,
        entity=invoice.entity,
        party=invoice.party,
        date=day or timezone.localdate(),
        currency=invoice.currency,
        exchange_rate=invoice.exchange_rate,
        payment_term=invoice.payment_term,
        credited_invoice=SalesDocument.objects.get(pk=invoice.pk),
        customer_reference=invoice.customer_reference,
        language=invoice.language,
    )
    document.full_clean()
    document.save()
    log_document(
        document=document,
        by=by,
        flag=audit.ADDED,
        message=_("Draft made to credit %(invoice)s.") % {"invoice": invoice},
    )
    contents.new_lines(document, rows)
    copied = [DiscountInput(percentage=d.percentage, description=d.description) for d in invoice.discounts.all()]
    contents.new_discounts(document, copied)
    _store(contents.load(document))
    return document


def default_payment_term(*, entity: CompanyEntity, party: Party) -> PaymentTerm | None:
    """The payment term a new document starts with: the party's, the entity's, or the one marked as default."""
    if party.payment_term is not None:
        return party.payment_term
    if entity.default_payment_term is not None:
        return entity.default_payment_term
    return PaymentTerm.objects.filter(is_default=True, active=True).first()


def _credited_quantities(
    invoice: SalesDocument, lines: Sequence[CreditedLine] | None
) -> list[tuple[SalesLine, Decimal]]:
    stored = {line.pk: line for line in invoice.lines.order_by("position", "pk")}
    if lines is None:
        return [(line, line.quantity) for line in stored.values()]
    if not lines:
        raise NotPossible(_("Choose at least one line to credit."))
    wanted: list[tuple[SalesLine, Decimal]] = []
    seen: set[int] = set()
    for credited in lines:
        line = stored.get(credited.line.pk)
        if line is None or line.pk in seen:
            raise NotPossible(_("Each line to credit is one of %(invoice)s, named once.") % {"invoice": invoice})
        seen.add(line.pk)
        same_direction = (credited.quantity > 0) == (line.quantity > 0)
        if not credited.quantity or not same_direction or abs(credited.quantity) > abs(line.quantity):
            raise NotPossible(
                _("“%(line)s” was invoiced %(invoiced)s times; %(wanted)s cannot be credited.")
                % {"line": line, "invoiced": f"{line.quantity.normalize():f}", "wanted": credited.quantity}
            )
        wanted.append((line, credited.quantity))
    return wanted


def _fill(document: SalesDocument, lines: Iterable[LineInput], discounts: Iterable[DiscountInput]) -> None:
    rows = [
        SalesLine(
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount=line.discount,
            vat_rate=line.vat_rate,
            ledger_account=line.ledger_account,
        )
        for line in lines
    ]
    contents.new_lines(document, rows)
    contents.new_discounts(document, list(discounts))
    _store(contents.load(document))


def _store(loaded: contents.Contents) -> None:
    """Write the computed contents of a draft; FrozenDocument when it was booked between reading and writing."""
    contents.write_parts(loaded)
    document = loaded.document
    changes = {
        "net_total": loaded.totals.net,
        "vat_total": loaded.totals.vat,
        "total": loaded.totals.total,
        "due_date": loaded.due_date,
        "updated_at": timezone.now(),
    }
    drafts = SalesDocument.objects.filter(pk=document.pk, status=DocumentStatus.DRAFT)
    if drafts.update(**changes) != 1:
        raise FrozenDocument(frozen_text(document.number))
    for field, value in changes.items():
        setattr(document, field, value)


def _copy_totals(source: SalesDocument, target: SalesDocument) -> None:
    for field in ("net_total", "vat_total", "total", "due_date", "updated_at"):
        setattr(target, field, getattr(source, field))
