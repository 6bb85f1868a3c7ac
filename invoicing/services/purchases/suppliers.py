"""Who a document is from: matched by numbers, proposed by name, made from the document; and its bank account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config.figures import before_stop
from crm import audit
from crm import services as crm
from crm.models import Company, Party, PartyKind
from crm.names import name_key
from crm.numbers import is_valid_iban, normalise_iban, normalise_vat_number

from ...errors import NotPossible
from ...models import MatchedBy, PurchaseDocument, ReviewState
from ...peppol.document import Document
from .addressing import Numbers

PROPOSED = 5
# Undecided documents of one sender that are recognised together with the one that a person looks at.
SAME_SENDER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`party` None: nobody, or several that the same number fits."""

    party: Party | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """What is known of a supplier's bank account beside those of a document."""

    unknown: tuple[str, ...] = ()  # accounts of the document that differ from what is known
    known: str = ""  # the one used last
    documents: int = 0  # approved ones with it
    last_on: date | None = None

    @property
    def changed(self) -> bool:
        return bool(self.unknown)

    @property
    def text(self) -> str:
        """The unknown accounts as one text, for the tick that says that just these were checked."""
        return ", ".join(self.unknown)


def snapshot_of(document: Document, numbers: Numbers) -> dict[str, Any]:
    """The supplier as the document writes it."""
    seller = document.seller
    other = document.tax_representative
    representative = normalise_vat_number(other.vat_number, other.address.country.upper()) if other else ""
    street = ", ".join(part for part in (seller.address.street, seller.address.additional_street) if part)
    return {
        "name": seller.called[:200],
        "endpoint": numbers.endpoint[:60],
        "address": str(seller.endpoint or "")[:120],
        "vat_number": numbers.vat[:24],
        "enterprise_number": numbers.enterprise[:24],
        "street": (street or seller.address.line)[:200],
        "postcode": seller.address.postcode[:16],
        "city": seller.address.city[:100],
        "country": seller.address.country[:2].upper(),
        "email": seller.contact.email[:254],
        "phone": seller.contact.phone[:40],
        "accounts": [normalise_iban(account)[:40] for account in document.accounts],
        "representative_vat": representative[:24],
        "buyer": document.buyer.called[:200],
    }


def match_supplier(*, numbers: Numbers, accounts: list[str]) -> Match:
    """Return the party that a number names, the surest first; a name alone never decides (sheet, section 4)."""
    live = Party.objects.live()
    tries: Iterator[tuple[str, Q]] = (
        (by, condition)
        for by, value, condition in (
            (MatchedBy.ENDPOINT, numbers.endpoint, Q(peppol_id__iexact=numbers.endpoint)),
            (MatchedBy.VAT, numbers.vat, Q(vat_number=numbers.vat)),
            (MatchedBy.ENTERPRISE, numbers.enterprise, Q(enterprise_number=numbers.enterprise)),
            (MatchedBy.IBAN, accounts, Q(iban__in=accounts, is_supplier=True)),
        )
        if value
    )
    for by, condition in tries:
        found = list(live.filter(condition).order_by("pk")[:3])
        if len(found) > 1:
            # A company and its branch share a number; the one that is a supplier already is meant.
            found = [party for party in found if party.is_supplier] if len(found) < 3 else []
        if len(found) == 1 and not _contradicts(found[0], numbers, by):
            return Match(party=found[0], by=by)
    return Match()


def _contradicts(party: Party, numbers: Numbers, by: str) -> bool:
    """Whether a weaker number fits a party that bears another of a stronger kind: then it is not the same one."""
    if by == MatchedBy.IBAN:
        other_vat = bool(numbers.vat and party.vat_number and numbers.vat != party.vat_number)
        return other_vat or bool(
            numbers.enterprise and party.enterprise_number and numbers.enterprise != party.enterprise_number
        )
    return False


def proposed_suppliers(document: PurchaseDocument) -> list[Party]:
    """Parties with the name of the supplier or one of its numbers, for a person to choose from."""
    seen = document.supplier_snapshot
    condition = Q(name_key=name_key(document.supplier_name)[:200]) if document.supplier_name else Q(pk=None)
    for field, key in (("vat_number", "vat_number"), ("enterprise_number", "enterprise_number")):
        if seen.get(key):
            condition |= Q(**{field: seen[key]})
    return list(Party.objects.live().filter(condition).order_by("-is_supplier", "name", "pk")[:PROPOSED])


# --- The bank account ---


def compare_accounts(
    *, supplier_id: int | None, accounts: Sequence[str], party_iban: str, leaving_out: int | None
) -> BankAccount:
    """Compare the accounts of a document with those known of the supplier: its own, and of documents approved before.

    Each is looked at: a fraudster may hide a new one behind the old. Nothing known yet is no change, and what a
    refused or pending document says is not known.
    """
    if supplier_id is None or not accounts:
        return BankAccount()
    approved = PurchaseDocument.objects.filter(supplier=supplier_id, review=ReviewState.APPROVED).exclude(iban="")
    earlier = approved.exclude(pk=leaving_out or 0)
    own = normalise_iban(party_iban)
    seen = {own, *earlier.filter(iban__in=accounts).values_list("iban", flat=True)}
    unknown = tuple(account for account in dict.fromkeys(accounts) if account not in seen)
    if not unknown:
        return BankAccount()
    last = earlier.order_by("-date", "-pk").first()
    known = last.iban if last is not None else own
    if not known:
        return BankAccount()
    same = earlier.filter(iban=known)
    return BankAccount(unknown=unknown, known=known, documents=same.count(), last_on=last.date if last else None)


def account_of(document: PurchaseDocument) -> BankAccount:
    """How the document's accounts stand today."""
    party = document.supplier
    accounts = list(document.supplier_snapshot.get("accounts", []))
    return compare_accounts(
        supplier_id=document.supplier_id,
        accounts=accounts or ([document.iban] if document.iban else []),
        party_iban=party.iban if party is not None else "",
        leaving_out=document.pk,
    )


def note_account(document: PurchaseDocument) -> None:
    """Keep on the row whether its accounts differ from what is known; changes the object only."""
    account = account_of(document)
    document.iban_changed, document.known_iban = account.changed, account.known
    if account.changed:
        document.iban = account.unknown[0]


# --- Verbs ---


@transaction.atomic
def assign_supplier(*, document: PurchaseDocument, party: Party, by: AbstractBaseUser | None) -> PurchaseDocument:
    """Say who the supplier of an undecided document is; proposals and the comparison of accounts follow. Logged."""
    found, others = _undecided(document)
    _take(found, party, MatchedBy.PERSON, by)
    _recognise(others, by)
    return found


@transaction.atomic
def create_supplier(*, document: PurchaseDocument, by: AbstractBaseUser | None) -> PurchaseDocument:
    """Make the supplier that the document proposes and take it; one that is there by now is taken as it is.

    Other undecided documents of that sender get it too. NotPossible: what it says cannot be stored.
    """
    found, others = _undecided(document)
    if found.supplier_id is not None:
        raise NotPossible(_("This document has a supplier already."))
    if _recognise([found], by):
        _recognise(others, by)
        return found
    party = supplier_from(found.supplier_snapshot, found.supplier_name)
    try:
        crm.save_party(party=party, by=by)
    except ValidationError as error:
        raise NotPossible(" ".join(error.messages)) from error
    _take(found, party, MatchedBy.PERSON, by)
    _recognise(others, by)
    return found


def _take(document: PurchaseDocument, party: Party, how: str, by: AbstractBaseUser | None) -> None:
    from .proposals import propose

    document.supplier, document.matched_by = party, how
    document.supplier_name = document.supplier_name or party.name
    note_account(document)
    document.save()
    propose(document)
    audit.record(
        by=by, objects=[document], flag=audit.CHANGED, message=_("Supplier: %(party)s.") % {"party": before_stop(party)}
    )


def _recognise(documents: Sequence[PurchaseDocument], by: AbstractBaseUser | None) -> int:
    """Match documents without a supplier once more, by the numbers that they bear; returns how many are known now."""
    known = 0
    for document in documents:
        seen = document.supplier_snapshot
        numbers = Numbers(
            endpoint=str(seen.get("endpoint", "")),
            vat=str(seen.get("vat_number", "")),
            enterprise=str(seen.get("enterprise_number", "")),
        )
        match = match_supplier(numbers=numbers, accounts=[])
        if match.party is not None:
            _take(document, match.party, match.by, by)
            known += 1
    return known


def supplier_from(seen: Mapping[str, Any], name: str) -> Company:
    """A supplier with what a document says of it; not stored. What our own forms would refuse is left out."""
    email = str(seen.get("email", ""))
    accounts = [account for account in seen.get("accounts", []) if is_valid_iban(account)]
    return Company(
        kind=PartyKind.COMPANY,
        name=str(seen.get("name") or name)[:200],
        vat_number=str(seen.get("vat_number", "")),
        enterprise_number=str(seen.get("enterprise_number", "")),
        street=str(seen.get("street", "")),
        postcode=str(seen.get("postcode", "")),
        city=str(seen.get("city", "")),
        country=str(seen.get("country", "")),
        email=email if "@" in email and " " not in email else "",
        phone=str(seen.get("phone", "")),
        iban=accounts[0][:34] if accounts else "",
        peppol_id=str(seen.get("endpoint", "")),
        is_customer=False,
        is_supplier=True,
    )


def _undecided(document: PurchaseDocument) -> tuple[PurchaseDocument, list[PurchaseDocument]]:
    """The document as it stands, and others of its sender that have no supplier yet; all locked, in one order.

    Two people who make the same supplier from two documents wait for each other so. NotPossible: somebody decided
    about it meanwhile.
    """
    of_sender = Q(pk=document.pk)
    if document.is_peppol and document.supplier_key:
        ids = PurchaseDocument.objects.filter(
            supplier_key=document.supplier_key, supplier=None, review=ReviewState.PENDING, source=document.source
        ).order_by("pk")
        of_sender |= Q(pk__in=list(ids.values_list("pk", flat=True)[:SAME_SENDER]))
    rows = list(PurchaseDocument.objects.select_for_update().filter(of_sender).order_by("pk"))
    found = next(row for row in rows if row.pk == document.pk)
    if not found.is_pending:
        raise NotPossible(_("%(document)s is decided about already.") % {"document": found})
    return found, [row for row in rows if row is not found and row.is_pending and row.supplier_id is None]
