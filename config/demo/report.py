"""The short tables of what was sent and what came back, and the same as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from integrations.registry import get_tool

from .check import ZERO, BookEntry, Deviation, OurDocument, signed_total
from .outcome import Customers
from .plan import BLOCKED, POSTED, REFUSED, ConnectionPlan

Row = tuple[str, str, str]


@dataclass(slots=True)
class ConnectionReport:
    """What the demo did for one connection."""

    plan: ConnectionPlan
    entity: str
    sent: dict[str, OurDocument] = field(default_factory=dict)  # after the first sync
    paid: dict[str, OurDocument] = field(default_factory=dict)  # after the payments came back
    expenses: dict[str, str] = field(default_factory=dict)  # purchases that were sent: number and state
    before: tuple[BookEntry, ...] = ()
    after: tuple[BookEntry, ...] = ()
    customers: Customers = field(default_factory=lambda: Customers(0, 0))
    runs: list[dict[str, Any]] = field(default_factory=list)
    payments_made: int = 0
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Names the entity, the tool and the administration."""
        return f"{self.entity} → {get_tool(self.plan.tool).label} (sandbox), administration {self.plan.administration}"

    def sent_rows(self) -> list[Row]:
        """Rows of the table after the first sync."""
        states = Counter(document.state or "out of scope" for document in self.sent.values())
        remarks = Counter(
            note for document in self.sent.values() if document.state == POSTED for note in document.notes
        )
        rows: list[Row] = [
            ("posted", str(states.pop(POSTED, 0)), _counts("remarked", remarks)),
            ("blocked", str(states.pop(BLOCKED, 0)), "each with its reason, below"),
            ("out of scope", str(states.pop("out of scope", 0)), "drafts, and dated before the start date"),
        ]
        if REFUSED in states:
            rows.append(("refused", str(states.pop(REFUSED)), "by the tool itself, with its reason"))
        rows += [(state, str(number), "") for state, number in sorted(states.items())]
        found = self.customers
        rows.append(
            ("customers", str(found.linked + found.created), f"{found.linked} found there, {found.created} created")
        )
        if self.expenses:
            bought = Counter(self.expenses.values())
            others = _counts("others", Counter({state: n for state, n in bought.items() if state != POSTED}))
            rows.append(("purchases posted", str(bought[POSTED]), others))
        for currency, (ours, theirs) in self.totals().items():
            rows.append((f"total {currency}", f"{ours:,.2f}", f"in the books {theirs:,.2f}"))
        return rows

    def held_rows(self) -> list[Row]:
        """Rows of the documents that are neither posted nor out of scope: number, code, what a person reads."""
        held = [document for document in self.sent.values() if document.state not in ("", POSTED)]
        return [(document.name, document.code, document.headline) for document in sorted(held, key=lambda d: d.name)]

    def paid_rows(self) -> list[Row]:
        """Rows of the table after the payments."""
        posted = [document for document in self.paid.values() if document.state == POSTED]
        states = Counter(document.payment_state for document in posted)
        rows: list[Row] = [
            ("payments made there", str(self.payments_made), ""),
            ("paid", str(states["paid"]), ""),
            ("partly paid", str(states["partly_paid"]), ""),
            ("open", str(states["open"]), ""),
        ]
        for currency in sorted({document.currency for document in posted if document.paid_amount}):
            back = sum((document.paid_amount for document in posted if document.currency == currency), ZERO)
            rows.append((f"back in {currency}", f"{back:,.2f}", ""))
        return rows

    def totals(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Per currency: what our posted documents come to, and what the tool's entries of ours or new ones come to."""
        ours = {document.external_id for document in self.sent.values()}
        foreign = {entry.external_id for entry in self.before} - ours
        new = [entry for entry in self.after if entry.external_id not in foreign]
        posted = [document for document in self.sent.values() if document.state == POSTED]
        return {
            currency: (
                sum((document.signed_total for document in posted if document.currency == currency), ZERO),
                signed_total(entry for entry in new if entry.currency == currency),
            )
            for currency in sorted({entry.currency for entry in new} | {document.currency for document in posted})
        }

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON values, amounts as text."""
        return {
            "connection": self.plan.key,
            "entity": self.entity,
            "tool": self.plan.tool,
            "administration": self.plan.administration,
            "runs": self.runs,
            "documents": _documents_json(self.sent, self.paid),
            "expenses": dict(sorted(self.expenses.items())),
            "customers": {"found": self.customers.linked, "created": self.customers.created},
            "totals": {
                currency: {"ours": f"{ours:.2f}", "books": f"{theirs:.2f}"}
                for currency, (ours, theirs) in self.totals().items()
            },
            "payments_made": self.payments_made,
            "deviations": [str(one) for one in self.deviations],
        }


def _documents_json(sent: Mapping[str, OurDocument], paid: Mapping[str, OurDocument]) -> list[dict[str, Any]]:
    return [
        {
            "document": name,
            "state": document.state or "not_in_scope",
            "code": document.code,
            "reason": document.reason,
            "remarks": sorted(set(document.notes)),
            "total": f"{document.total:.2f}",
            "number_in_tool": document.number_in_tool,
            "payment": paid[name].payment_state if name in paid else document.payment_state,
            "paid": f"{paid[name].paid_amount if name in paid else document.paid_amount:.2f}",
        }
        for name, document in sorted(sent.items())
    ]


def _counts(word: str, counted: Mapping[str, int]) -> str:
    if not counted:
        return ""
    return f"{word}: " + ", ".join(f"{code} × {number}" for code, number in sorted(counted.items()))


def deviation_lines(deviations: Sequence[Deviation]) -> list[str]:
    """Return one line per deviation, or the sentence that there is none."""
    if not deviations:
        return ["Everything is as planned: documents, codes, books to the cent, payments."]
    return [f"{len(deviations)} things are not as planned:", *(f"  - {one}" for one in deviations)]
