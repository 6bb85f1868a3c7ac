"""What the answer to ProcessSalesInvoices says of each invoice that went out. Pure.

Invoices are handled one by one until six were incorrect; the rest is not handled. Answers are matched on Reference,
never on their place. Source: vendor notes, sales, response.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.records import (
    BookedTotals,
    Document,
    DocumentKind,
    DocumentRef,
    NotTried,
    Outcome,
    Posted,
    Refused,
    Unclear,
)
from .refusals import catalogue_code
from .soap import Element, Unreadable, children, descendants, name_of, parse, value
from .values import clean, text, truth, whole

_RESPONSE = "SalesInvoicesImportResponse"
STOP_AFTER = 6


def payload(result: Element | None) -> Element:
    """The response inside a result, which may hold it as elements or as escaped text. Raises Unreadable."""
    if result is None:
        raise Unreadable("an empty result")
    if name_of(result) == _RESPONSE:
        return result
    found = next(descendants(result, _RESPONSE), None)
    if found is not None:
        return found
    inner = text(result.text)
    if not inner:
        raise Unreadable("an empty result")
    root = parse(inner.encode())
    if name_of(root) != _RESPONSE:
        raise Unreadable(f"no {_RESPONSE}")
    return root


def sales_ref(reference: str, *, year: int | None = None, kind: DocumentKind | None = None) -> DocumentRef:
    """Where a sales booking stands: Yuki hands out no key with it, and takes no number twice, so the number it is."""
    return DocumentRef(
        external_id=reference, number=reference, fiscal_year="" if year is None else str(year), kind=kind
    )


def outcomes(documents: Sequence[Document], result: Element | None) -> list[Outcome]:
    """The outcome of each document that went out in this order, without totals: the answer has none.

    Raises Unreadable for an answer that is none. Of a document that the answer does not mention nothing is known,
    unless six incorrect ones explain it.
    """
    response = payload(result)
    rows: dict[str, list[Element]] = {}
    for row in children(response, "Invoice"):
        rows.setdefault(value(row, "Reference"), []).append(row)
    failed = max(
        whole(value(response, "TotalFailed")) or 0,
        sum(truth(value(row, "Succeeded")) is False for found in rows.values() for row in found),
    )
    refused = 0
    answers: list[Outcome] = []
    for document in documents:
        found = rows.get(clean(document.reference), [])
        outcome = _outcome(document, found, stopped=failed >= STOP_AFTER, over=refused >= STOP_AFTER)
        refused += isinstance(outcome, Refused)
        answers.append(outcome)
    return answers


def _outcome(document: Document, rows: Sequence[Element], *, stopped: bool, over: bool) -> Outcome:
    if not rows:
        if stopped:
            return NotTried(reason="Yuki stopped after six incorrect invoices")
        return Unclear(text="the answer does not mention it")
    if len(rows) > 1:
        return Unclear(text="the answer mentions it more than once")
    row = rows[0]
    ref = sales_ref(clean(document.reference), year=document.date.year, kind=document.kind)
    succeeded, processed = truth(value(row, "Succeeded")), truth(value(row, "Processed"))
    if succeeded and processed:
        return Posted(ref=ref)
    if succeeded and processed is False:
        # It stands there without its number and waits for a person; sending it again would make a second one.
        return Posted(ref=ref, totals=BookedTotals(), remarks=("saved as a draft in Yuki and not booked",))
    if succeeded is False and over:
        return NotTried(reason="Yuki stopped after six incorrect invoices")
    if succeeded is False:
        message = value(row, "Message")
        return Refused(code=catalogue_code(message), text=message or "refused without a reason")
    return Unclear(text="the answer says neither yes nor no")
