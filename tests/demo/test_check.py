"""The comparison behind `make demo ONCE=1` accepts what was planned and names each kind of deviation."""

from dataclasses import replace
from decimal import Decimal

import pytest

from config.demo.check import (
    BookEntry,
    OurDocument,
    check_books,
    check_payments,
    check_relations,
    check_runs,
    check_states,
    planned_payment,
    signed_total,
)
from config.demo.plan import BLOCKED, NOT_IN_SCOPE, POSTED, REFUSED, ConnectionPlan, documents, plans

PLAN = plans()[0]
PLANNED = documents("E1")
HISTORY = BookEntry(
    external_id="old-1", reference="2025/0290", credit_note=False, date="2025-10-06", currency="EUR", journal="70",
    number="25700001", total=Decimal("1512.50"), per_code={"4": (Decimal("1250.00"), Decimal("262.50"))},
)  # fmt: skip


def as_planned(plan: ConnectionPlan = PLAN) -> dict[str, OurDocument]:
    ours = {}
    for number, document in enumerate(documents(plan.entity), 1):
        expected = document.expect[plan.book]
        posted = expected.state == POSTED
        state, amount = planned_payment(plan, document)
        ours[document.name] = OurDocument(
            name=document.name,
            booked=bool(document.number),
            credit_note=document.kind == "credit_note",
            currency=document.currency,
            total=document.total,
            per_rate=dict(document.per_rate),
            state=expected.state if expected.state != NOT_IN_SCOPE else "",
            code=expected.codes[0] if expected.state in (BLOCKED, REFUSED) else "",
            notes=expected.info if posted else (),
            external_id=f"id-{number}" if posted else "",
            number_in_tool=f"2670{number:04d}" if posted else "",
            payment_state=state,
            paid_amount=amount,
        )
    return ours


def books_as_planned(plan: ConnectionPlan = PLAN) -> list[BookEntry]:
    entries = [HISTORY]
    ours = as_planned(plan)
    for document in documents(plan.entity):
        if document.expect[plan.book].state != POSTED:
            continue
        sign = -1 if document.total < 0 else 1
        credit_note = document.goes_out_as_credit_note
        per_code = {
            plan.vat_links["sales"][rate]: (base * sign, vat * sign) for rate, (base, vat) in document.per_rate.items()
        }
        entries.append(
            BookEntry(
                external_id=ours[document.number].external_id,
                reference=document.number,
                credit_note=credit_note,
                date=document.day.isoformat(),
                currency=document.currency,
                journal=plan.journals.get("credit_note" if credit_note else "invoice", ""),
                number=ours[document.number].number_in_tool,
                total=document.total * sign,
                per_code=per_code,
            )
        )
    return entries


def altered(name: str, **values: object) -> dict[str, OurDocument]:
    ours = as_planned()
    ours[name] = replace(ours[name], **values)
    return ours


def altered_books(which: str, **values: object) -> list[BookEntry]:
    return [replace(entry, **values) if entry.reference == which else entry for entry in books_as_planned()]


def texts(deviations: list) -> list[str]:
    return [str(one) for one in deviations]


@pytest.mark.parametrize("plan", [plan for plan in plans() if plan.connect], ids=lambda plan: plan.key)
def test_what_was_planned_passes(plan):
    planned, ours = documents(plan.entity), as_planned(plan)
    assert check_states(plan, planned, ours) == []
    assert check_books(plan, planned, ours, [HISTORY], books_as_planned(plan)) == []
    assert check_payments(plan, planned, ours) == []


def test_a_refusal_of_the_tool_with_another_code_is_named():
    plan = next(plan for plan in plans() if plan.tool == "twinfield")
    ours = as_planned(plan)
    ours["202620005"] = replace(ours["202620005"], code="SYS-707")
    assert texts(check_states(plan, documents(plan.entity), ours)) == ["202620005: reason is SYS-707, planned LED-607"]


def test_a_journal_where_the_tool_has_none_is_named():
    plan = next(plan for plan in plans() if plan.tool == "yuki")
    books = [
        replace(entry, journal="70") if entry.reference == "26410002" else entry for entry in books_as_planned(plan)
    ]
    assert texts(check_books(plan, documents(plan.entity), as_planned(plan), [HISTORY], books)) == [
        "26410002: journal is 70, planned "
    ]


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("2026/0016", {"state": "unclear"}, "2026/0016: is unclear, planned posted"),
        ("2026/0016", {"state": "blocked", "code": "APP-103"}, "2026/0016: is blocked (APP-103), planned posted"),
        ("2026/0016", {"state": ""}, "2026/0016: is not_in_scope, planned posted"),
        ("2026/0016", {"state": "differs"}, "2026/0016: is differs, planned posted"),
        ("2026/0002", {"state": "posted", "code": ""}, "2026/0002: is posted, planned blocked PER-502"),
        ("2026/0002", {"code": "APP-105"}, "2026/0002: reason is APP-105, planned PER-502"),
        ("2026/0001", {"state": "waiting"}, "2026/0001: is waiting, planned not_in_scope APP-114"),
        ("ORD-070", {"booked": True}, "ORD-070: booked is True, planned False"),
        ("2026/0035", {"notes": ()}, "2026/0035: remarks is [], planned ['APP-110']"),
        ("2026/0016", {"notes": ("APP-120",)}, "2026/0016: remarks is ['APP-120'], planned []"),
        ("2026/0016", {"total": Decimal("1.23")}, "2026/0016: total here is 1.23, planned 1.22"),
        ("2026/0014", {"currency": "EUR"}, "2026/0014: currency here is EUR, planned USD"),
        ("C2026/0001", {"credit_note": False}, "C2026/0001: credit note is False, planned True"),
        (
            "2026/0016",
            {"per_rate": {"6": (Decimal("1.01"), Decimal("0.21"))}},
            "2026/0016: VAT per rate here is 6: 1.01 + 0.21, planned 21: 1.01 + 0.21",
        ),
    ],
)
def test_a_document_that_stands_otherwise_is_named(name, values, text):
    assert texts(check_states(PLAN, PLANNED, altered(name, **values))) == [text]


def test_a_document_that_is_missing_here_is_named():
    ours = as_planned()
    del ours["2026/0040"]
    assert texts(check_states(PLAN, PLANNED, ours)) == ["2026/0040: does not exist here"]


@pytest.mark.parametrize(
    ("reference", "values", "text"),
    [
        ("2026/0016", {"total": Decimal("1.23")}, "2026/0016: total in the books is 1.23, planned 1.22"),
        ("2026/0032", {"total": Decimal("-892.00")}, "2026/0032: total in the books is -892.00, planned 892.00"),
        ("2026/0032", {"credit_note": False}, "2026/0032: credit note in the books is False, planned True"),
        ("C2026/0001", {"journal": "70"}, "C2026/0001: journal is 70, planned 71"),
        ("2026/0016", {"date": "2026-03-06"}, "2026/0016: date in the books is 2026-03-06, planned 2026-03-05"),
        ("2026/0014", {"currency": "EUR"}, "2026/0014: currency in the books is EUR, planned USD"),
        ("2026/0016", {"external_id": "another"}, "2026/0016: id in the tool is id-16, planned another"),
        ("2026/0016", {"number": "1"}, "2026/0016: number in the tool is 26700016, planned 1"),
        (
            "2026/0016",
            {"per_code": {"4": (Decimal("1.01"), Decimal("0.22"))}},
            "2026/0016: VAT per code in the books is 4: 1.01 + 0.22, planned 4: 1.01 + 0.21",
        ),
        ("2026/0016", {"reference": ""}, "an entry without reference: is in the books and should not be"),
        ("2025/0290", {"total": Decimal("1.00")}, "2025/0290: stood in the books before and was changed"),
    ],
)
def test_an_entry_that_stands_otherwise_in_the_books_is_named(reference, values, text):
    found = texts(check_books(PLAN, PLANNED, as_planned(), [HISTORY], altered_books(reference, **values)))
    assert text in found
    assert len(found) == (2 if "reference" in values else 1)


def test_an_entry_too_many_or_too_few_is_named():
    books = books_as_planned()
    twice = replace(next(entry for entry in books if entry.reference == "2026/0016"), external_id="twin")
    blocked = replace(twice, reference="2026/0002", external_id="blocked")
    assert texts(check_books(PLAN, PLANNED, as_planned(), [HISTORY], [twice, *books])) == [
        "2026/0016: is in the books 2 times"
    ]
    assert texts(check_books(PLAN, PLANNED, as_planned(), [HISTORY], [*books, blocked])) == [
        "2026/0002: is in the books and should not be"
    ]
    assert texts(
        check_books(PLAN, PLANNED, as_planned(), [HISTORY], [e for e in books if e.reference != "2026/0016"])
    ) == ["2026/0016: is not in the books"]
    assert texts(check_books(PLAN, PLANNED, as_planned(), [HISTORY], books[1:])) == [
        "2025/0290: stood in the books before and is gone"
    ]


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("2026/0016", {"payment_state": "open"}, "2026/0016: payment is open, planned paid"),
        ("2026/0023", {"payment_state": "paid"}, "2026/0023: payment is paid, planned partly_paid"),
        ("2026/0023", {"paid_amount": Decimal("1748.42")}, "2026/0023: paid amount is 1748.42, planned 1748.41"),
        ("2026/0032", {"payment_state": "paid"}, "2026/0032: payment is paid, planned open"),
        ("2026/0002", {"payment_state": "partly_paid"}, "2026/0002: payment is partly_paid, planned open"),
    ],
)
def test_a_payment_that_stands_otherwise_is_named(name, values, text):
    assert texts(check_payments(PLAN, PLANNED, altered(name, **values))) == [text]


def test_credit_notes_count_down():
    entries = [replace(HISTORY, total=Decimal("10.00")), replace(HISTORY, total=Decimal("3.25"), credit_note=True)]
    assert signed_total(entries) == Decimal("6.75")


def test_a_sync_that_was_stopped_is_named():
    ended = {"state": "with_issues", "error": ""}
    assert check_runs([ended, {"state": "succeeded", "error": ""}]) == []
    assert texts(check_runs([ended, {"state": "stopped", "error": "AUT-401"}])) == ["sync 2 ended as stopped (AUT-401)"]


def test_relations_too_many_are_named():
    assert check_relations(before=25, created=17, after=42, last=42) == []
    assert texts(check_relations(before=25, created=17, after=43, last=44)) == [
        "number of relations there is 43, planned 42",
        "number of relations there after the second sync is 44, planned 43",
    ]


def test_a_payment_alone_does_not_change_an_entry():
    paid = [replace(entry, open_amount=Decimal("1.00")) for entry in books_as_planned()]
    assert check_books(PLAN, PLANNED, as_planned(), [HISTORY], paid) == []
