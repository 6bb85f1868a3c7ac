"""Rounding, totals per VAT rate, and cents spread over lines."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.amounts import (
    AmountLine,
    document_totals,
    line_net,
    percentage_of,
    round_cents,
    spread,
    vat_per_line,
)

D = Decimal
cents = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=2)
percentages = st.decimals(min_value=0, max_value=100, places=2)


def amount_line(net, rate="21", percentage=None):
    return AmountLine(rate=rate, percentage=D(rate if percentage is None else percentage), net=D(net))


def half_up(value: Fraction) -> Fraction:
    """The rule, spelled out in whole numbers."""
    sign = -1 if value < 0 else 1
    return sign * Fraction(int(abs(value) * 100 + Fraction(1, 2)), 100)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("1.005", "1.01"), ("-1.005", "-1.01"), ("1.0049999", "1.00"), ("2.675", "2.68"), ("0.125", "0.13"),
        ("7", "7.00"), ("-0.004", "0.00"), ("0", "0.00"),
    ],
)  # fmt: skip
def test_half_a_cent_goes_away_from_zero(amount, rounded):
    assert str(round_cents(D(amount))) == rounded


@given(
    st.fractions(min_value=-10_000, max_value=10_000, max_denominator=10**6).map(
        lambda f: D(f.numerator) / f.denominator
    )
)
def test_rounding_is_exact_and_symmetric(amount):
    assert Fraction(round_cents(amount)) == half_up(Fraction(amount))
    assert round_cents(-amount) == -round_cents(amount)


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "net"),
    [
        ("3", "19.99", "0", "59.97"),
        ("1.5", "33.333333", "0", "50.00"),
        ("1", "100", "33.33", "66.67"),
        ("-2", "10.005", "0", "-20.01"),
        ("4", "99.99", "100", "0.00"),
        # 35 digits before rounding: one rounding too early would give .01
        ("9999999999.9999", "9999999999.999999", "0", "99999999999998990000.00"),
    ],
)
def test_net_of_a_line(quantity, price, discount, net):
    assert line_net(D(quantity), D(price), D(discount)) == D(net)


@given(
    st.decimals(min_value=-(10**6), max_value=10**6, places=4),
    st.decimals(min_value=-(10**6), max_value=10**6, places=6),
    percentages,
)
def test_net_of_a_line_is_rounded_once(quantity, price, discount):
    exact = Fraction(quantity) * Fraction(price) * (100 - Fraction(discount)) / 100
    assert Fraction(line_net(quantity, price, discount)) == half_up(exact)


def test_a_mix_of_rates_with_two_discounts_in_order():
    totals = document_totals(
        [
            amount_line("1234.56"),
            amount_line("99.99", "6"),
            amount_line("765.43"),
            amount_line("10.01", "12"),
            amount_line("250.00", "MC", "0"),
        ],
        [D("10"), D("2.5")],
    )
    shown = [tuple(str(v) for v in (r.rate, r.lines_net, r.discount, r.base, r.vat)) for r in totals.rates]
    assert shown == [
        # 1999.99 - 200.00 = 1799.99; - 45.00 = 1754.99; VAT 368.5479
        ("21", "1999.99", "245.00", "1754.99", "368.55"),
        # 99.99 - 10.00 = 89.99; - 2.25 = 87.74; VAT 5.2644
        ("6", "99.99", "12.25", "87.74", "5.26"),
        # 10.01 - 1.00 = 9.01; - 0.23 = 8.78; VAT 1.0536
        ("12", "10.01", "1.23", "8.78", "1.05"),
        # 250.00 - 25.00 = 225.00; - 5.63 (5.625) = 219.37
        ("MC", "250.00", "30.63", "219.37", "0.00"),
    ]
    assert (totals.net, totals.vat, totals.total) == (D("2070.88"), D("374.86"), D("2445.74"))


def test_vat_is_computed_on_the_sum_not_per_line():
    # 3 x 0.10 at 21 %: 0.021 per line would be 0.02 each and 0.06 together.
    totals = document_totals([amount_line("0.12")] * 3)
    assert totals.rates[0].vat == D("0.08")
    assert percentage_of(D("0.12"), D(21)) * 3 == D("0.09")


def test_order_of_discounts_matters_and_is_kept():
    first = document_totals([amount_line("0.05")], [D("50"), D("10")])
    second = document_totals([amount_line("0.05")], [D("10"), D("50")])
    assert (first.net, second.net) == (D("0.02"), D("0.02"))
    # 0.15: 50 % is 0.08 (0.075), leaves 0.07, 33 % of it 0.02; the other way 0.05 then 0.05 leaves 0.05.
    assert document_totals([amount_line("0.15")], [D("50"), D("33")]).net == D("0.05")
    assert document_totals([amount_line("0.07")], [D("50"), D("7")]).net == D("0.03")
    assert document_totals([amount_line("0.07")], [D("7"), D("50")]).net == D("0.03")


def test_no_lines_make_zero():
    totals = document_totals([])
    assert (totals.rates, str(totals.net), str(totals.vat), str(totals.total)) == ((), "0.00", "0.00", "0.00")


def test_one_rate_with_two_percentages_is_refused():
    with pytest.raises(ValueError, match="both 21 and 20"):
        document_totals([amount_line("1"), amount_line("1", "21", "20")])


line_sets = st.lists(
    st.builds(
        lambda net, rate: AmountLine(rate=rate, percentage=D(rate), net=net),
        cents,
        st.sampled_from(["21", "12", "6", "0"]),
    ),
    max_size=12,
)


@given(line_sets, st.lists(percentages, max_size=3))
def test_totals_add_up_and_mirror(lines, discounts):
    totals = document_totals(lines, discounts)
    for rate in totals.rates:
        assert rate.base == rate.lines_net - rate.discount
        assert rate.vat == percentage_of(rate.base, rate.percentage)
        assert rate.lines_net == sum(line.net for line in lines if line.rate == rate.rate)
        assert abs(rate.base) <= abs(rate.lines_net)
    assert totals.net == sum((r.base for r in totals.rates), D(0))
    assert totals.vat == sum((r.vat for r in totals.rates), D(0))
    assert totals.total == totals.net + totals.vat
    for amount in (totals.net, totals.vat, totals.total):
        assert amount == round_cents(amount)

    mirrored = document_totals([AmountLine(rate=x.rate, percentage=x.percentage, net=-x.net) for x in lines], discounts)
    assert (mirrored.net, mirrored.vat, mirrored.total) == (-totals.net, -totals.vat, -totals.total)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("100.00", ["1", "1", "1"], ["33.34", "33.33", "33.33"]),
        ("0.01", ["5", "9", "9"], ["0.00", "0.01", "0.00"]),
        ("10.00", ["0", "3", "0"], ["0.00", "10.00", "0.00"]),
        ("-7.00", ["2", "1"], ["-4.67", "-2.33"]),
        ("21.00", ["150", "-50"], ["31.50", "-10.50"]),
        # The weights cancel out: no proportion, the largest gets all.
        ("0.02", ["-4", "4"], ["0.02", "0.00"]),
        ("3.00", ["0", "0"], ["3.00", "0.00"]),
        ("0.00", ["0", "0"], ["0.00", "0.00"]),
        # Two cents are left over: one each for the two largest.
        ("0.02", ["1", "2", "2", "1", "1", "1"], ["0.00", "0.01", "0.01", "0.00", "0.00", "0.00"]),
    ],
)
def test_spread(amount, weights, parts):
    assert [str(p) for p in spread(D(amount), [D(w) for w in weights])] == parts


def test_spread_refuses_what_it_cannot_do():
    assert spread(D(0), []) == []
    with pytest.raises(ValueError, match="nothing to spread"):
        spread(D("0.01"), [])
    with pytest.raises(ValueError, match="whole cents"):
        spread(D("0.001"), [D(1)])


@given(cents, st.lists(cents, min_size=1, max_size=20))
def test_spread_adds_up_exactly(amount, weights):
    parts = spread(amount, weights)
    assert sum(parts, D(0)) == amount
    assert len(parts) == len(weights)
    assert all(part == round_cents(part) for part in parts)


@given(cents, st.lists(st.decimals(min_value=0, max_value=10**6, places=2), min_size=1, max_size=20))
def test_spread_over_positive_weights_is_proportional_to_a_cent_and_a_half(amount, weights):
    parts = spread(amount, weights)
    total = sum(Fraction(w) for w in weights)
    for part, weight in zip(parts, weights, strict=True):
        if total:
            assert abs(Fraction(part) - Fraction(amount) * Fraction(weight) / total) <= Fraction(15, 1000)
            if not weight:
                assert part == 0


def test_vat_per_line_puts_the_difference_on_the_largest():
    # VAT of the rate 0.08 (0.0756), per line 0.03 each: one cent comes off the first of the equals.
    assert vat_per_line([D("0.12")] * 3, D(21), D("0.08")) == [D("0.02"), D("0.03"), D("0.03")]
    assert vat_per_line([D("1.02"), D("50.02")], D(21), D("10.72")) == [D("0.21"), D("10.51")]
    assert vat_per_line([D("10"), D("20")], D(0), D(0)) == [D(0), D(0)]


def test_vat_per_line_stays_right_where_lines_cancel():
    assert vat_per_line([D("100.00"), D("-99.98")], D(21), D("0.00")) == [D("21.00"), D("-21.00")]
    assert spread(D("0.00"), [D("100.00"), D("-99.98")]) == [D(0), D(0)]


@given(
    st.lists(cents, min_size=1, max_size=30),
    st.sampled_from([D(21), D(6), D(0), D("5.5")]),
    st.lists(percentages, max_size=2),
)
def test_vat_per_line_adds_up_and_strays_by_a_cent(nets, percentage, discounts):
    totals = document_totals([AmountLine(rate="r", percentage=percentage, net=net) for net in nets], discounts)
    booked = [*nets, -totals.rates[0].discount]
    parts = vat_per_line(booked, percentage, totals.vat)
    assert sum(parts, D(0)) == totals.vat
    for net, part in zip(booked, parts, strict=True):
        if net:
            assert abs(part - percentage_of(net, percentage)) <= D("0.01")
