"""What `make demo ONCE=1` proves of purchases: each kind of deviation is named."""

from dataclasses import replace
from decimal import Decimal

import pytest

from config.demo import expenses
from config.demo.check import BookEntry
from config.demo.plan import ENTITIES, plans

PLAN = next(plan for plan in plans() if plan.key == "E1-exact-be")
YUKI = next(plan for plan in plans() if plan.key == "E4-yuki-be")
STOOD = BookEntry(
    external_id="old", reference="DI-26-311", credit_note=False, date="2025-05-04", currency="EUR", journal="60",
    number="1", total=Decimal("1.21"), per_code={"31": (Decimal("1.00"), Decimal("0.21"))},
)  # fmt: skip


def states(plan) -> dict[str, str]:
    return {one.number: "posted" for one in expenses.expenses(plan.entity) if one.then == expenses.APPROVE}


def books() -> list[BookEntry]:
    first, second, third = (one for one in expenses.expenses("E1") if one.then == expenses.APPROVE)
    amounts = [
        {"31": (Decimal("480.00"), Decimal("100.80")), "34": (Decimal("120.00"), Decimal("7.20"))},
        {"31": (Decimal("580.73"), Decimal("121.95"))},
        {"31": (Decimal("60.00"), Decimal("12.60"))},
    ]
    return [STOOD] + [
        BookEntry(
            external_id=f"new-{one.number}", reference=one.number, credit_note=one.is_credit_note,
            date=one.day.isoformat(), currency="EUR", journal="61" if one.is_credit_note else "60", number="2",
            total=sum((base + vat for base, vat in per_code.values()), Decimal(0)), per_code=per_code,
        )
        for one, per_code in zip((first, second, third), amounts, strict=True)
    ]  # fmt: skip


def found(plan=PLAN, ours=None, after=None, files=()) -> list[str]:
    ours = states(plan) if ours is None else ours
    return [
        str(one) for one in expenses.check_expenses(plan, ours, [STOOD], books() if after is None else after, files)
    ]


def test_what_is_as_planned_deviates_in_nothing():
    assert found() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:-1], "purchases in the books"),
        (lambda rows: [*rows, replace(rows[-1], external_id="again")], "purchases in the books"),
        (lambda rows: [*rows, replace(rows[-1], external_id="x", reference="2026.1181")], "purchases in the books"),
        (lambda rows: [*rows[:-1], replace(rows[-1], total=Decimal("72.61"))], "total in the books"),
        (lambda rows: [*rows[:-1], replace(rows[-1], journal="60")], "journal"),
        (lambda rows: [*rows[:-1], replace(rows[-1], date="2026-05-21")], "date in the books"),
        (
            lambda rows: [*rows[:-1], replace(rows[-1], per_code={"34": (Decimal("60.00"), Decimal("12.60"))})],
            "VAT per code in the books",
        ),
    ],
)
def test_each_deviation_is_named(change, words):
    [deviation] = found(after=change(books()))
    assert words in deviation


def test_one_that_was_not_sent_or_should_not_have_been_is_named():
    ours = states(PLAN)
    assert len(found(ours={**ours, "2026.1181": "posted"})) == 1
    ours.popitem()
    assert len(found(ours=ours)) == 1


def test_an_archive_holds_the_files_of_the_approved_ones():
    names = [f"{number}_key.xml" for number in states(YUKI)]
    assert found(YUKI, after=[], files=["other.pdf", *names]) == []
    assert len(found(YUKI, after=[], files=names[1:])) == 1
    assert len(found(YUKI, after=[], files=[*names, names[0]])) == 1
    waiting = next(one.number for one in expenses.expenses("E4") if one.then == expenses.WAIT)
    assert len(found(YUKI, after=[], files=[*names, f"{waiting}_key.xml"])) == 1


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_has_some_of_each(entity):
    assert [one.then for one in expenses.expenses(entity)].count(expenses.APPROVE) == 3
    assert sum(bool(one.iban) for one in expenses.expenses(entity)) == 1
