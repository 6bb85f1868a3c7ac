"""Customers and suppliers as contacts of Yuki: read in pages, found before they are made, saved, given our code.

Contacts belong to a domain, which several administrations may share. Source: vendor notes, contacts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ..base.errors import IntegrationError, OutcomeUnknown, ProtocolSurprise, Rejected, Unreachable
from ..base.records import (
    ContactRecord,
    Document,
    DocumentRef,
    ExternalRef,
    NotTried,
    Outcome,
    Page,
    PartyData,
    PartyRecord,
    Posted,
    Refused,
    Unclear,
)
from . import invoices, mapping, matching
from .client import YukiClient
from .cursors import ContactCursor
from .limits import CONTACTS_PER_PAGE
from .lookups import Lookups
from .refusals import catalogue_code
from .soap import Element, Parameters, descendants
from .values import Unsendable, clean, guid, guid_in, moment

# Contacts changed while a pass was going on, and clocks that differ, are read again.
_OVERLAP = timedelta(days=1)


class Contacts:
    """The contacts of our administration's domain."""

    def __init__(self, client: YukiClient, lookups: Lookups, now: Callable[[], datetime]) -> None:
        self._client = client
        self._lookups = lookups
        self._now = now
        self._coded: dict[str, str] = {}  # contacts whose code was written or read here

    def pages(self, cursor: str) -> Iterator[Page[PartyRecord]]:
        """All customers and suppliers in use, a hundred a page, or those changed since the cursor."""
        return self._pages(cursor, "Both")

    def roleless(self, cursor: str) -> Iterator[Page[PartyRecord | ContactRecord]]:
        """All others in use, a hundred a page. UNSURE whether type "None" lists these or everybody: both will do."""
        for page in self._pages(cursor, "None"):
            others = tuple(record for record in page.items if not record.roles)
            yield Page(items=others, cursor=page.cursor, is_last=page.is_last)

    def _pages(self, cursor: str, contact_type: str) -> Iterator[Page[PartyRecord]]:
        place = ContactCursor.load(cursor)
        if not place.begun:
            place = replace(place, begun=self._now().isoformat(), page=1)
        before: list[str] = []
        while True:
            records = self._page(place, contact_type)
            ids = [record.external_id for record in records]
            # A page that repeats the one before it is how a list ends that knows no end.
            ends = len(records) < CONTACTS_PER_PAGE or ids == before
            if ends:
                done = ContactCursor(since=place.begun)
                items = () if ids == before else tuple(records)
                yield Page(items=items, cursor=done.dump(), is_last=True)
                return
            place = replace(place, page=place.page + 1)
            before = ids
            yield Page(items=tuple(records), cursor=place.dump(), is_last=False)

    def _page(self, place: ContactCursor, contact_type: str) -> list[PartyRecord]:
        since = datetime.fromisoformat(place.since) - _OVERLAP if place.since else None
        result = self._client.call(
            "Contact",
            "GetSuppliersAndCustomers",
            (
                *self._search("All", "", since=since, active="Active", page=place.page),
                ("contactType", contact_type),
            ),
        )
        return [mapping.party(node) for node in descendants(result, "Contact") if guid(node.get("ID"))]

    def _search(
        self,
        option: str,
        wanted: str,
        *,
        since: datetime | None = None,
        active: str = "Both",
        page: int = 1,
    ) -> Parameters:
        return (
            ("domainID", self._lookups.domain()),
            ("searchOption", option),
            ("searchValue", wanted),
            ("sortOrder", "CreatedAsc"),
            ("modifiedAfter", None if since is None else moment(since)),
            ("active", active),
            ("pageNumber", str(page)),
        )

    def find(self, party: PartyData) -> list[ExternalRef]:
        """Contacts that may be the party, by the strongest fact that finds any; a call for each fact until then.

        Spelling differs over there, so the answers are compared again in normal form.
        """
        for option, wanted in matching.searches(party):
            found = []
            for record in self._found(option, wanted):
                fact = matching.matched_by(party, record)
                if fact:
                    found.append(mapping.external_ref(record, fact))
            if found:
                return matching.strongest_first(found)
        return []

    def _found(self, option: str, wanted: str) -> list[PartyRecord]:
        result = self._client.call("Contact", "SearchContacts", self._search(option, wanted))
        return [mapping.party(node) for node in descendants(result, "Contact") if guid(node.get("ID"))]

    def save(self, batch: Sequence[PartyData]) -> list[Outcome]:
        """Create or update each contact, a call a party, and one more to see the code of an existing one.

        Invoices bring their customers along; this is for contacts that others made and that have no code yet, and for
        changes without an invoice.
        """
        outcomes: list[Outcome] = []
        for party in batch:
            try:
                outcomes.append(self._save(party))
            except Unsendable as exc:
                outcomes.append(Refused(code=exc.code, text=exc.text))
            except OutcomeUnknown as exc:
                outcomes.append(Unclear(text=str(exc)))
            except Unreachable as exc:
                outcomes.append(NotTried(reason=str(exc)))
            except (Rejected, ProtocolSurprise) as exc:
                outcomes.append(Refused(code=exc.code, text=exc.vendor_text or str(exc), vendor_code=exc.vendor_code))
            except IntegrationError as exc:
                if not outcomes:
                    raise
                outcomes += [NotTried(reason=str(exc))] * (len(batch) - len(outcomes))
                break
        return outcomes

    def _save(self, party: PartyData) -> Outcome:
        key = guid(party.external_id)
        if party.external_id and not key:
            raise Unsendable("PAR-641", f"{party.external_id} is no key of Yuki")
        if not key and not clean(party.name):
            raise Unsendable("APP-204", "the party has no name")
        code = clean(party.reference)
        if key:
            present = self._code_of(key)
            if present is None:
                return Refused(code="PAR-641", text=f"there is no contact {key}")
            # The contact's own code belongs to others; ours is written where there is none.
            document = mapping.contact_document(party, code="" if present else code)
            code = present or code
        else:
            document = mapping.contact_document(party, code=code)
        outcome = self._update(document, key, code)
        if isinstance(outcome, Posted):
            self._coded[outcome.ref.external_id] = code
        return outcome

    def _code_of(self, key: str) -> str | None:
        """The code of a contact, empty when it has none; None when there is no such contact."""
        if key not in self._coded:
            found = [record for record in self._found("ID", key) if record.external_id == key]
            if not found:
                return None
            self._coded[key] = found[0].code
        return self._coded[key]

    def _update(self, document: Element, key: str, code: str) -> Outcome:
        result = self._client.call(
            "Contact",
            "UpdateContact",
            (("domainID", self._lookups.domain()), ("xmlDoc", document)),
            is_write=True,
        )
        failed = [text for node in descendants(result, "Failed") if (text := clean(node.text or ""))]
        if failed:
            return Refused(code=catalogue_code(failed[0]), text="; ".join(failed))
        words = next((clean(node.text or "") for node in descendants(result, "Succeeded")), None)
        if words is None:
            return Unclear(text="the answer says neither yes nor no")
        saved = guid_in(words) or key
        if not saved and code:
            # It was saved; which key it got is looked up by the code that only we give.
            found = self._found("Code", code)
            saved = found[0].external_id if len(found) == 1 else ""
        if not saved:
            return Unclear(text="the answer names no contact")
        return Posted(ref=DocumentRef(external_id=saved, number=code))

    def give_code(self, document: Document) -> Outcome | None:
        """Write our code to a contact that others made and that has none: by its name alone Yuki could miss it, and
        make a second one. What stands in the way, None when nothing does."""
        key = guid(document.party.external_id)
        if not key or clean(document.party.code):
            return None
        code = invoices.contact_code(document)
        try:
            present = self._code_of(key)
            if present is None:
                return Refused(code="PAR-641", text=f"there is no contact {key}")
            if present and present != code:
                return Refused(code="PAR-650", text=f"the contact has the code {present} and not {code}")
            outcome = self._update(mapping.code_document(key, code), key, code) if not present else None
        except (OutcomeUnknown, Unreachable) as exc:
            return NotTried(reason=f"the contact got no code: {exc}")
        except Rejected as exc:
            return Refused(code="PAR-650", text=exc.vendor_text or str(exc))
        if isinstance(outcome, Refused):
            return replace(outcome, code="PAR-650")
        if isinstance(outcome, Unclear):
            return NotTried(reason=outcome.text)
        self._coded[key] = code
        return None
