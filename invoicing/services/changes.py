"""The changes that a booked document allows beside its payment: its lines' accounts, and the party of a merge."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Party

from .. import freezing
from ..errors import AlreadySent, NotPossible
from ..models import LedgerAccount, SalesDocument, SalesLine
from . import contents
from .log import log_document, log_documents

_BATCH = 500


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


def fill_line_accounts(
    *, document_ids: Collection[int], accounts: Mapping[int, LedgerAccount], by: AbstractBaseUser | None
) -> int:
    """Give lines without an account the one of their VAT rate; the number of lines filled.

    `accounts` maps the id of a VAT rate to the account of its lines. Only documents of the accounts' entity that
    are not sent; lines that have an account keep it. One transaction and one log entry per document in batches of
    500; doing it twice changes nothing the second time.
    """
    filled = 0
    ids = sorted(document_ids)
    for start in range(0, len(ids), _BATCH):
        filled += _fill_batch(ids[start : start + _BATCH], accounts, by)
    return filled


@transaction.atomic
def _fill_batch(ids: list[int], accounts: Mapping[int, LedgerAccount], by: AbstractBaseUser | None) -> int:
    entities = {account.entity_id for account in accounts.values() if account.active}
    # The lock that a claim for sending takes as well: nothing becomes sent between this look and the change.
    documents = {d.pk: d for d in SalesDocument.objects.select_for_update().filter(pk__in=ids, entity__in=entities)}
    sent = freezing.sent_among(documents.keys())
    lines = SalesLine.objects.filter(
        document__in=[pk for pk in documents if pk not in sent],
        ledger_account=None,
        vat_rate__rate__in=[rate for rate, account in accounts.items() if account.active],
    ).values_list("pk", "document_id", "vat_rate__rate_id")
    per_account: dict[int, list[int]] = {}
    per_document: dict[int, int] = {}
    for line, document_id, rate in lines:
        account = accounts[rate]
        if account.entity_id == documents[document_id].entity_id:
            per_account.setdefault(account.pk, []).append(line)
            per_document[document_id] = per_document.get(document_id, 0) + 1
    for account_id, line_ids in per_account.items():
        SalesLine.objects.filter(pk__in=line_ids).update(ledger_account=account_id)
    SalesDocument.objects.filter(pk__in=per_document).update(updated_at=timezone.now())
    for document_id, number in per_document.items():
        words = ngettext(
            "Ledger account filled in on %(n)d line by its VAT rate.",
            "Ledger account filled in on %(n)d lines by their VAT rate.",
            number,
        )
        log_document(document=documents[document_id], by=by, message=words % {"n": number})
    return sum(per_document.values())


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


@transaction.atomic
def move_documents(*, document_ids: Collection[int], before: Party, after: Party, by: AbstractBaseUser | None) -> int:
    """Let those of the documents that point to `before` point to `after`, as `change_party` does; how many did.

    In batches of 500, with one log entry per document. `updated_at` moves along: a booking that was built for the
    former customer and has not been sent yet is built anew.
    """
    ids, moved = sorted(document_ids), 0
    message = _("Customer: %(before)s → %(after)s.") % {"before": before, "after": after}
    for start in range(0, len(ids), _BATCH):
        rows = SalesDocument.objects.select_for_update().filter(pk__in=ids[start : start + _BATCH], party=before)
        documents = list(rows.order_by("pk").only("pk", "kind", "status", "number"))
        SalesDocument.objects.filter(pk__in=[d.pk for d in documents]).update(party=after, updated_at=timezone.now())
        log_documents(documents=documents, by=by, message=message)
        moved += len(documents)
    return moved
