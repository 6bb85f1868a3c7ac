"""The two changes that a booked document allows beside its payment: a line's account, and the party of a merge."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Party

from .. import freezing
from ..errors import AlreadySent, NotPossible
from ..models import LedgerAccount, SalesDocument, SalesLine
from . import contents
from .log import log_document


@transaction.atomic
def change_line_account(*, line: SalesLine, account: LedgerAccount | None, by: AbstractBaseUser | None) -> SalesLine:
    """Give a line another ledger account, until its document is sent; one transaction, logged.

    AlreadySent: the books have it, correct it there. NotPossible: an account of another entity, or inactive.
    """
    document = contents.locked(line.document)
    if freezing.is_sent(document):
        text = _("%(document)s was sent to the bookkeeping already. Change the ledger account there.")
        raise AlreadySent(text % {"document": document})
    if account is not None and account.entity_id != document.entity_id:
        raise NotPossible(_("Ledger account %(account)s belongs to another entity.") % {"account": account})
    if account is not None and not account.active:
        raise NotPossible(_("Ledger account %(account)s is not active any more.") % {"account": account})
    stored = SalesLine.objects.select_related("ledger_account").get(pk=line.pk)
    if stored.ledger_account_id != (account.pk if account else None):
        before = stored.ledger_account or "–"
        stored.ledger_account = account
        stored.save(update_fields=["ledger_account"])
        # Whoever built a booking from the former account sees by this that it is out of date.
        SalesDocument.objects.filter(pk=document.pk).update(updated_at=timezone.now())
        message = _("Ledger account of line %(place)s: %(before)s → %(after)s.")
        names = {"place": stored.position, "before": before, "after": account or "–"}
        log_document(document=document, by=by, message=message % names)
    line.ledger_account = account
    return line


@transaction.atomic
def change_party(*, document: SalesDocument, party: Party, by: AbstractBaseUser | None) -> SalesDocument:
    """Let a document point to another party, as a merge does; what it says about its buyer stays. Logged."""
    stored = contents.locked(document)
    if stored.party_id != party.pk:
        before = stored.party
        SalesDocument.objects.filter(pk=stored.pk).update(party=party, updated_at=timezone.now())
        message = _("Customer: %(before)s → %(after)s.") % {"before": before, "after": party}
        log_document(document=stored, by=by, message=message)
    document.party = party
    return document
