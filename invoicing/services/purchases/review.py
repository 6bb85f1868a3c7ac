"""Approving and refusing: who decided what about an expense, once, with everything that had to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.figures import amount, number
from config.fingerprints import fingerprint
from crm import audit

from ...errors import InvoicingError, NotPossible, Problem
from ...foreign_vat import is_foreign_vat, vat_country
from ...models import LedgerAccount, PurchaseDocument, PurchaseLine, PurchaseReview, ReviewState, VatRate
from ...peppol.checks.formal import is_formal
from ...peppol.statuses import OTHER, REASON_CODES
from . import bridge, mailing, responding
from .duplicates import duplicates_of
from .proposals import rates_of, vat_of
from .rates import set_rate
from .suppliers import account_of


class ApprovalRefused(InvoicingError):
    """The document stays as it was; `problems` says why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.text for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChoice:
    """Where one line is booked."""

    account: LedgerAccount | None
    vat_rate: VatRate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """What the person says to have checked. `iban` names the accounts that the tick was beside: it holds for no other.

    `findings`: the amounts were compared, although rules of e-invoices are broken that its sender had to keep.
    `unbooked`: approve it although the books cannot take it yet, because a VAT rate, an account or the exchange rate is
    missing.
    """

    iban: str = ""
    not_a_duplicate: bool = False
    findings: bool = False
    unbooked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    document: PurchaseDocument
    problems: tuple[Problem, ...] = ()

    @property
    def is_approved(self) -> bool:
        return not self.problems


_NOTHING_TICKED = Ticks()


def mark_of(document: PurchaseDocument) -> str:
    """A mark of what is decided about: amounts, dates, supplier, and how its lines are booked."""
    return fingerprint(
        (document.kind, document.entity_id, document.supplier_id, document.supplier_name, document.number),
        (document.date, document.due_date, document.iban, document.quarantine),
        (document.currency, document.exchange_rate, document.net_total, document.vat_total, document.total),
        sorted(
            (line.pk, line.position, line.description, line.net, line.ledger_account_id, line.vat_rate_id)
            for line in document.lines.all()
        ),
    )


def changed_since(document: PurchaseDocument, seen: str) -> Problem | None:
    """The problem that it is not what a person looked at; `seen` is the mark of the page, None when it still is."""
    if not seen or seen == mark_of(document):
        return None
    words = _("%(document)s was changed since this page was opened, so nothing was done with it. Look at it again.")
    return Problem(code="changed", text=words % {"document": document})


def problems_of(document: PurchaseDocument, ticks: Ticks = _NOTHING_TICKED) -> list[Problem]:
    """What stands in the way of approving, as it is today."""
    found: list[Problem] = []
    if document.quarantine:
        found.append(Problem(code="quarantine", text=_("It is in quarantine and no expense of ours.")))
    if not document.is_complete:
        found.append(
            Problem(code="incomplete", text=_("Fill in what the document says first: supplier, date and total."))
        )
    if document.is_peppol and document.supplier_id is None:
        found.append(Problem(code="no-supplier", text=_("Choose the supplier or create it first.")))
    account = account_of(document)
    if account.changed and ticks.iban != account.text:
        text = _("The bank account differs from the one we know. Check it with the supplier and tick that you did.")
        found.append(Problem(code="iban", text=text))
    if not ticks.not_a_duplicate:
        others = [other for other in duplicates_of(document) if other.review != ReviewState.REFUSED]
        if others:
            text = _("It looks like %(other)s, received before. Tick that it is another document, or refuse it.")
            found.append(Problem(code="duplicate", text=text % {"other": others[0]}))
    broken = broken_rules(document)
    if broken and not ticks.findings:
        text = ngettext(
            "%(n)d rule of e-invoices is broken. Check the amounts and the currency, and tick that you did.",
            "%(n)d rules of e-invoices are broken. Check the amounts and the currency, and tick that you did.",
            broken,
        )
        found.append(Problem(code="findings", text=text % {"n": broken}))
    if not ticks.unbooked:
        found += missing_for_books(document)
    return found


def broken_rules(document: PurchaseDocument) -> int:
    """How many rules the document breaks that touch what is booked: somebody looks before it is approved."""
    return _broken(document) - formal_rules(document)


def formal_rules(document: PurchaseDocument) -> int:
    """How many rules it breaks without any difference for the booking."""
    return sum(row.get("level") == "error" and is_formal(row.get("code", "")) for row in document.findings)


def _broken(document: PurchaseDocument) -> int:
    return sum(row.get("level") == "error" for row in document.findings)


def missing_for_books(document: PurchaseDocument) -> list[Problem]:
    """What a connection that books this document will ask for, and nobody gave yet."""
    if not document.total or not bridge.booked_by_us(document):
        return []
    found: list[Problem] = []
    categories = list(document.lines.filter(vat_rate=None).values_list("vat_category", flat=True))
    abroad = sum(is_foreign_vat(document, category) for category in categories)
    if abroad:
        text = _(
            "VAT of %(country)s is not deducted here: choose a rate that is not subject to VAT, and it becomes part of"
            " the cost. Where there is none, add it under VAT rates."
        )
        found.append(Problem(code="vat-rate", text=text % {"country": vat_country(document)}))
    if open_lines := len(categories) - abroad:
        text = ngettext(
            "%(n)d line has no VAT rate of ours: choose it.",
            "%(n)d lines have no VAT rate of ours: choose them.",
            open_lines,
        )
        found.append(Problem(code="vat-rate", text=text % {"n": open_lines}))
    if bare := bridge.lines_without_account(document):
        text = ngettext(
            "%(n)d line has no ledger account, and none is set for its VAT rate: choose one.",
            "%(n)d lines have no ledger account, and none is set for their VAT rate: choose one for each.",
            bare,
        )
        found.append(Problem(code="account", text=text % {"n": bare}))
    if document.is_foreign and document.exchange_rate is None:
        text = _("It is in %(currency)s: enter the exchange rate.")
        found.append(Problem(code="exchange-rate", text=text % {"currency": document.currency}))
    return found


@transaction.atomic
def approve(
    *,
    document: PurchaseDocument,
    by: AbstractBaseUser | None,
    lines: Mapping[int, LineChoice] | None = None,
    rate: Decimal | None = None,
    ticks: Ticks = _NOTHING_TICKED,
    seen: str = "",
) -> PurchaseDocument:
    """Approve a document, with where its lines are booked. One transaction, in the history and the audit trail.

    `lines`: the choice per line's key; those left out keep what was proposed. `rate`: the exchange rate of a document in
    another currency, where the person entered one. `seen`: `mark_of` the document on the page where the person decided;
    another one by now is not approved. ApprovalRefused: something has to be looked at first. NotPossible:
    somebody decided meanwhile.
    """
    found = _locked(document)
    if (changed := changed_since(found, seen)) is not None:
        raise ApprovalRefused([changed])
    if lines:
        _choose(found, lines)
    if rate is not None:
        set_rate(found, rate)
    if problems := problems_of(found, ticks):
        raise ApprovalRefused(problems)
    checked = account_of(found).text[:200]
    now = timezone.now()
    who = audit.actor_name(by)
    found.review, found.reviewed_at, found.reviewed_by = ReviewState.APPROVED, now, who
    if checked:
        found.iban_checked_at, found.iban_checked_by = now, who
    found.save()
    PurchaseReview.objects.create(document=found, state=ReviewState.APPROVED, by=who, checked_iban=checked)
    _settle_supplier(found, by)
    words = _("Approved: %(amount)s.") % {"amount": amount(found.signed_total, found.currency)}
    if checked:
        words += " " + _("New bank account %(iban)s checked with the supplier.") % {"iban": checked}
    if broken_rules(found):
        words += " " + _("Checked although rules of e-invoices are broken.")
    audit.record(by=by, objects=[found], flag=audit.CHANGED, message=words)
    _after_approval(found, by)
    return found


def approve_many(
    *, documents: Sequence[PurchaseDocument], by: AbstractBaseUser | None, seen: Mapping[int, str] | None = None
) -> list[ReviewOutcome]:
    """Approve each in a transaction of its own; what a person has to look at is left with its reasons.

    `seen`: per key of a document the mark of what the person confirmed, as for `approve`.
    """
    marks = seen or {}
    outcomes = []
    for document in documents:
        try:
            outcomes.append(ReviewOutcome(document=approve(document=document, by=by, seen=marks.get(document.pk, ""))))
        except ApprovalRefused as refused:
            outcomes.append(ReviewOutcome(document=document, problems=refused.problems))
        except NotPossible as error:
            outcomes.append(ReviewOutcome(document=document, problems=(Problem(code="decided", text=str(error)),)))
    return outcomes


@transaction.atomic
def refuse(
    *, document: PurchaseDocument, reason: str, by: AbstractBaseUser | None, told_as: str = OTHER, tells: bool = True
) -> PurchaseDocument:
    """Refuse a document with a reason. NotPossible: no reason, or somebody decided meanwhile.

    `told_as`: the code under which the supplier is told the reason, where it is told through Peppol; `tells` False: the
    person tells it, or nobody has to.
    """
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise NotPossible(_("Say why it is refused."))
    if told_as not in REASON_CODES:
        raise NotPossible(_("Choose what the supplier is told as the reason."))
    found = _locked(document)
    who = audit.actor_name(by)
    found.review, found.reviewed_at, found.reviewed_by = ReviewState.REFUSED, timezone.now(), who
    found.refusal_reason = reason
    found.save()
    PurchaseReview.objects.create(document=found, state=ReviewState.REFUSED, by=who, reason=reason)
    words = _("Refused: %(reason)s") % {"reason": reason}
    audit.record(by=by, objects=[found], flag=audit.CHANGED, message=words)
    if tells:
        responding.note_decision(found, by, reason_code=told_as)
    return found


@transaction.atomic
def mend(
    *,
    document: PurchaseDocument,
    lines: Mapping[int, LineChoice],
    rate: Decimal | None = None,
    by: AbstractBaseUser | None,
    seen: str = "",
) -> list[str]:
    """Change where the lines of an approved document are booked, or its exchange rate, until it is sent.

    Returns what changed, in words; logged. `seen`: as for `approve`. NotPossible: it is not approved, was claimed for
    sending, or was changed since the person looked. What a sync
    made of the lines before is not sent: its claim looks whether the document changed since.
    """
    found = _approved_and_unsent(document)
    if (problem := changed_since(found, seen)) is not None:
        raise NotPossible(problem.text)
    changed = _choose(found, lines)
    if rate is not None and set_rate(found, rate):
        words = _("Exchange rate: 1 %(currency)s = %(rate)s %(home)s.")
        names = {"currency": found.currency, "rate": number(found.exchange_rate), "home": found.entity.currency}  # type: ignore[union-attr]
        changed.append(words % names)
    if changed:
        found.save()
        audit.record(by=by, objects=[found], flag=audit.CHANGED, message=" ".join(changed)[:2000])
    return changed


@transaction.atomic
def reopen(
    *,
    document: PurchaseDocument,
    by: AbstractBaseUser | None,
    reason: str = "",
    knows_it_was_mailed: bool = False,
    tells_the_supplier: bool = False,
) -> PurchaseDocument:
    """Take a decision back: the document waits for one again. In the history and the audit trail.

    An approval only with a reason, and only as long as nothing of it can be in the books: what a sync claimed for
    sending stays approved, and what it prepared before is not sent, since the claim sees that the document changed.
    `knows_it_was_mailed`: the person tells the bookkeeping, which has it by e-mail. `tells_the_supplier`: the person
    tells the supplier, who heard of the decision through Peppol, where it cannot be taken back. NotPossible says what
    stands in the way.
    """
    found = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    reason = " ".join(reason.split())[:300]
    if found.is_pending:
        raise NotPossible(_("%(document)s waits for a decision already.") % {"document": found})
    if found.review == ReviewState.APPROVED:
        if not reason:
            raise NotPossible(_("Say why the approval is taken back."))
        _refuse_sent(found)
        _refuse_mailed(found, knows_it_was_mailed)
        words = _("The approval is taken back: %(reason)s") % {"reason": reason}
    else:
        words = _("The refusal is taken back.")
    _leave_untold(found, tells_the_supplier)
    found.review, found.reviewed_at, found.reviewed_by, found.refusal_reason = ReviewState.PENDING, None, "", ""
    # Whoever approves it again looks at the bank account again.
    found.iban_checked_at, found.iban_checked_by = None, ""
    found.save()
    PurchaseReview.objects.create(document=found, state=ReviewState.PENDING, by=audit.actor_name(by), reason=reason)
    audit.record(by=by, objects=[found], flag=audit.CHANGED, message=words)
    return found


def why_fixed(document: PurchaseDocument) -> str:
    """Why nothing of an approved document may change any more, in a sentence; empty while it may."""
    if bridge.may_be_in_books(document):
        return _(
            "It is in the books, or on its way there. Let the booking be corrected there, or ask for a credit note."
        )
    return ""


def _refuse_sent(document: PurchaseDocument) -> None:
    if text := why_fixed(document):
        raise NotPossible(text)


def _refuse_mailed(document: PurchaseDocument, knows: bool) -> None:
    if mailing.is_leaving(document):
        raise NotPossible(_("It is being e-mailed to the bookkeeping right now. Try again in a quarter of an hour."))
    if not knows and mailing.may_have_left(document):
        raise NotPossible(_("The bookkeeping has it by e-mail. Tick that you tell them what changes."))


def _leave_untold(document: PurchaseDocument, tells: bool) -> None:
    """Withdraw what the supplier was not told yet, and only then look at what it was: a worker may be at it."""
    responding.withdraw_decision(document)
    if not tells and responding.told_decision(document) is not None:
        text = _("The supplier was told of this decision through Peppol. Tick that you tell them what changes.")
        raise NotPossible(text)


def _approved_and_unsent(document: PurchaseDocument) -> PurchaseDocument:
    """The row as it stands, locked where the database can. NotPossible: it is not approved, or was claimed for sending."""
    found = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    if found.review != ReviewState.APPROVED:
        raise NotPossible(_("%(document)s is not approved.") % {"document": found})
    _refuse_sent(found)
    return found


def next_to_approve(*, after: PurchaseDocument | None = None) -> PurchaseDocument | None:
    """The document to decide about next: the one received after `after`, else the one that waits longest."""
    waiting = PurchaseDocument.objects.to_approve().order_by("pk")
    if after is None:
        return waiting.first()
    return waiting.filter(pk__gt=after.pk).first() or waiting.exclude(pk=after.pk).first()


def _locked(document: PurchaseDocument) -> PurchaseDocument:
    """The row as it stands, locked where the database can; a decision is made once."""
    found = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    if not found.is_pending:
        text = _("%(document)s is decided about already, by %(who)s.")
        raise NotPossible(text % {"document": found, "who": found.reviewed_by})
    return found


def _choose(document: PurchaseDocument, lines: Mapping[int, LineChoice]) -> list[str]:
    """Write the choices; returns what changed, in words."""
    changed: list[PurchaseLine] = []
    words = []
    rates = rates_of(document)
    for row in document.lines.filter(pk__in=lines).select_related("ledger_account", "vat_rate"):
        choice = lines[row.pk]
        if choice.account is not None and choice.account.entity_id != document.entity_id:
            raise NotPossible(_("This ledger account belongs to another entity."))
        if (choice.account, choice.vat_rate) == (row.ledger_account, row.vat_rate):
            continue
        if choice.vat_rate not in (None, row.vat_rate) and choice.vat_rate not in rates.fitting(*vat_of(row)):
            text = _("VAT rate %(rate)s does not fit line %(line)s. Choose another one.")
            raise NotPossible(text % {"rate": choice.vat_rate, "line": row.position})
        if choice.account != row.ledger_account:
            row.proposal = {}
            names = {"line": row.position, "account": choice.account or "–"}
            words.append(_("Line %(line)s: account %(account)s.") % names)
        if choice.vat_rate != row.vat_rate:
            names = {"line": row.position, "rate": choice.vat_rate.code if choice.vat_rate else "–"}
            words.append(_("Line %(line)s: VAT rate %(rate)s.") % names)
        row.ledger_account, row.vat_rate = choice.account, choice.vat_rate
        changed.append(row)
    PurchaseLine.objects.bulk_update(changed, ["ledger_account", "vat_rate", "proposal"], batch_size=200)
    return words


def _settle_supplier(document: PurchaseDocument, by: AbstractBaseUser | None) -> None:
    """Whoever sends us approved invoices is a supplier, and its account is the one we pay to if none was known."""
    from crm.services import as_page

    party = document.supplier
    if party is None:
        return
    changed = {}
    if not party.is_supplier:
        changed["is_supplier"] = True
    if changed:
        type(party).objects.filter(pk=party.pk).update(**changed)
        audit.record(by=by, objects=[as_page(party)], flag=audit.CHANGED, message=_("Is a supplier from now on."))


def _after_approval(document: PurchaseDocument, by: AbstractBaseUser | None) -> None:
    mailing.mail_by_itself(document)
    responding.note_decision(document, by)
