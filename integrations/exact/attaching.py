"""Files beside entries: a document is made, hung on its entry, and then filled.

In this order, since Exact keeps what no entry points to: whatever breaks off leaves at most an empty document behind, and
the next look finds the one that hangs there. Source: vendor notes, PDF attach.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from ..base.errors import AccessDenied, RateLimited, Temporary
from ..base.records import DocumentRef, Enclosure, File, Outcome, Posted, Refused, Unclear
from . import entries, resources
from .client import ExactClient, or_lists
from .limits import LIMITS
from .resources import PURCHASE_ENTRIES, SALES_ENTRIES, EntryResource
from .sending import outcome_of, refused
from .values import Unsendable, guid, guid_literal

CODE = "SYS-708"


@dataclass(frozen=True, slots=True)
class _Place:
    """An entry, and the document that hangs on it already (empty: none)."""

    resource: EntryResource
    document: str


def attach(client: ExactClient, batch: Sequence[Enclosure]) -> Iterator[Outcome]:
    """The outcomes in order, each as soon as it is known. Raises what stops the connection."""
    places: dict[str, _Place] | None = None
    for enclosure in batch:
        try:
            _check(enclosure)
            if places is None:
                places = _places(client, [one.ref for one in batch if guid(one.ref.external_id)])
            found = places.get(guid(enclosure.ref.external_id))
            outcome = outcome_of((enclosure, found), lambda both: _attach(client, *both))
        except Unsendable as exc:
            outcome = Refused(code=exc.code, text=exc.text)
        except AccessDenied as exc:
            outcome = refused(exc)
        yield replace(outcome, code=CODE) if isinstance(outcome, Refused) else outcome


def _check(enclosure: Enclosure) -> None:
    """Raise Unsendable for what needs no call to be known."""
    if not guid(enclosure.ref.external_id):
        raise Unsendable(CODE, f"{enclosure.ref.external_id} is no key of Exact Online")
    limit = LIMITS.attachment_bytes or 0
    for file in enclosure.files:
        if len(file.content) > limit:
            raise Unsendable(CODE, f"{file.name} is larger than {limit // 2**20} MB")


def _places(client: ExactClient, refs: Sequence[DocumentRef]) -> dict[str, _Place]:
    """Where the entries stand, by their keys; one call for many."""
    found = {}
    for resource, keys in _by_resource(refs):
        for filter_by in or_lists([f"EntryID eq {guid_literal(key)}" for key in keys]):
            for row in client.rows(resource.path, select=("EntryID", "Document"), filter_by=filter_by):
                found[guid(row.get("EntryID"))] = _Place(resource, guid(row.get("Document")))
    return found


def _by_resource(refs: Sequence[DocumentRef]) -> Iterator[tuple[EntryResource, list[str]]]:
    for resource in (SALES_ENTRIES, PURCHASE_ENTRIES):
        kinds = [ref for ref in refs if ref.kind is None or entries.resource_for(ref.kind) is resource]
        if kinds:
            yield resource, [guid(ref.external_id) for ref in kinds]


def _attach(client: ExactClient, enclosure: Enclosure, place: _Place | None) -> Outcome:
    if place is None:
        return Refused(code=CODE, text="the entry is not to be seen")
    document, there = place.document, frozenset[str]()
    try:
        if document:
            there = _names(client, document)
        else:
            document = _hang(client, enclosure, place.resource)
        if not document:
            return Unclear(text="the answer names no key")
        for file in enclosure.files:
            if file.name not in there:
                _put(client, document, file)
    except AccessDenied as exc:
        return refused(exc)
    except RateLimited:
        raise
    except Temporary as exc:
        return Unclear(text=f"the document is there, its files may not be: {exc}")
    return Posted(ref=DocumentRef(external_id=document))


def _hang(client: ExactClient, enclosure: Enclosure, resource: EntryResource) -> str:
    """Make a document and hang it on its entry; returns its key."""
    subject = PurePath(enclosure.files[0].name).stem
    values = {"Subject": subject, "Type": resource.document_type}
    document = guid(client.create(resources.DOCUMENTS, values).get("ID"))
    if document:
        client.update(resource.path, guid(enclosure.ref.external_id), {"Document": document})
    return document


def _names(client: ExactClient, document: str) -> frozenset[str]:
    by_document = f"Document eq {guid_literal(document)}"
    rows = client.rows(resources.ATTACHMENTS, select=("ID", "FileName"), filter_by=by_document)
    return frozenset(str(row.get("FileName")) for row in rows)


def _put(client: ExactClient, document: str, file: File) -> None:
    content = base64.b64encode(file.content).decode("ascii")
    client.create(resources.ATTACHMENTS, {"Document": document, "FileName": file.name, "Attachment": content})
