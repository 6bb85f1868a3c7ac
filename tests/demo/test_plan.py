"""The demo's data agrees with itself: amounts, numbers and expected outcomes."""

from decimal import ROUND_HALF_UP, Decimal

import pytest

from config.demo.plan import BLOCKED, ENTITIES, NOT_IN_SCOPE, POSTED, REFUSED, Expectation, documents, plans, read
from integrations.registry import TOOLS

CENT = Decimal("0.01")


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def percentage(country: str, code: str) -> Decimal:
    row = next(row for row in read("vat_rates") if (row["country"], row["code"]) == (country, code))
    return Decimal(row["versions"][-1][0])


def test_the_demo_is_as_large_as_it_says():
    assert [len(documents(entity)) for entity in ENTITIES] == [70, 45, 35, 26]
    assert (len(read("companies")), len(read("contacts")), len(read("vat_rates")), len(read("payment_terms"))) == (
        66,
        20,
        20,
        10,
    )


@pytest.mark.parametrize("entity", ENTITIES)
def test_amounts_follow_the_rule_of_rounding(entity):
    country = next(row["country"] for row in read("entities") if row["key"] == entity)
    for document in documents(entity):
        nets: dict[str, Decimal] = {}
        for line in document.lines:
            net = rounded(line.quantity * line.unit_price * (1 - line.discount / 100))
            assert net == line.net, document.name
            nets[line.rate] = nets.get(line.rate, Decimal(0)) + net
        for share, amounts in document.discounts:
            for rate in nets:
                off = rounded(nets[rate] * share / 100)
                assert off == amounts[rate], document.name
                nets[rate] -= off
        vats = {rate: rounded(base * percentage(country, rate) / 100) for rate, base in nets.items()}
        assert document.per_rate == {rate: (base, vats[rate]) for rate, base in nets.items()}, document.name
        assert document.net == sum(nets.values()), document.name
        assert document.vat == sum(vats.values()), document.name
        assert document.total == document.net + document.vat, document.name


@pytest.mark.parametrize("entity", ENTITIES)
def test_numbers_are_the_next_ones_in_the_order_of_the_file(entity):
    year = next(row for row in read("entities") if row["key"] == entity)["fiscal_years"][1]
    prefixes = {"invoice": year["invoice_prefix"], "credit_note": year["credit_note_prefix"]}
    counted = {"invoice": 0, "credit_note": 0}
    for document in documents(entity):
        assert bool(document.number) != bool(document.order)
        if document.number:
            counted[document.kind] += 1
            assert document.number == f"{prefixes[document.kind]}{counted[document.kind]:04d}"


@pytest.mark.parametrize("plan", plans(), ids=lambda plan: plan.key)
def test_every_document_of_a_planned_connection_has_an_expectation(plan):
    planned = documents(plan.entity)
    assert [document.name for document in planned if plan.book not in document.expect] == []
    for document in planned:
        expected = document.expect[plan.book]
        if not document.number:
            assert expected == Expectation(NOT_IN_SCOPE, ("APP-207",)), document.name
        elif document.day < plan.start_date:
            assert expected == Expectation(NOT_IN_SCOPE, ("APP-114",)), document.name
        else:
            assert expected.state in (POSTED, BLOCKED, REFUSED), document.name


def test_each_tool_has_an_entity_of_its_own():
    connected = [plan for plan in plans() if plan.connect]
    assert [plan.entity for plan in connected] == list(ENTITIES)
    assert [plan.tool for plan in connected] == list(TOOLS)


@pytest.mark.parametrize(
    ("key", "posted", "held"),
    [
        ("E1-exact-be", 57, "APP-102 APP-104 APP-105 APP-201 APP-203 APP-208 APP-210 APP-219 LED-603 NUM-520 PER-502"),
        ("E2-octopus", 37, "APP-104 APP-105 APP-201 IMP-306 NUM-520 PER-501 PER-501"),
        ("E3-twinfield", 26, "APP-102 APP-104 APP-106 APP-201 IMP-306 LED-607 NUM-521 PER-504"),
        ("E4-yuki-be", 18, "APP-102 APP-104 APP-105 APP-201 APP-219 NUM-522"),
    ],
)
def test_what_the_connected_entities_must_come_to(key, posted, held):
    plan = next(plan for plan in plans() if plan.key == key)
    outcomes = [document.expect[plan.book] for document in documents(plan.entity)]
    assert [outcome.state for outcome in outcomes].count(POSTED) == posted
    codes = [code for outcome in outcomes if outcome.state in (BLOCKED, REFUSED) for code in outcome.codes]
    assert " ".join(sorted(codes)) == held


@pytest.mark.parametrize("plan", [plan for plan in plans() if plan.connect], ids=lambda plan: plan.key)
def test_every_connected_entity_shows_what_a_tool_has_to_cope_with(plan):
    posted = [document for document in documents(plan.entity) if document.expect[plan.book].state == POSTED]
    assert any(document.kind == "credit_note" for document in posted)
    assert any(len(document.per_rate) > 1 for document in posted)
    assert any(line.discount for document in posted for line in document.lines)
    assert {len(document.payments) for document in posted} >= {0, 1}
    paid = [sum(payment.amount for payment in document.payments) for document in posted if document.payments]
    assert paid
    assert all(0 < amount for amount in paid)


def test_every_rate_of_a_posted_document_is_linked():
    for plan in plans():
        for document in documents(plan.entity):
            if document.expect[plan.book].state == POSTED:
                assert set(document.per_rate) <= set(plan.vat_links["sales"]), document.name


@pytest.mark.parametrize("phrase", ["", "sent", "posted APP-101", "blocked", "refused", "not_in_scope"])
def test_a_phrase_that_says_nothing_exact_is_refused(phrase):
    with pytest.raises(ValueError, match="Not an expectation"):
        Expectation.parse(phrase)


def test_a_phrase_is_read():
    assert Expectation.parse("posted, info APP-110 APP-202") == Expectation(POSTED, (), ("APP-110", "APP-202"))
    assert Expectation.parse("blocked PER-502, info APP-110") == Expectation(BLOCKED, ("PER-502",), ("APP-110",))
