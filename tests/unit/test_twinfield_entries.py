"""Our documents as Twinfield's transactions, and back: nothing is lost, whatever the figures."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integrations.base.records import AccountRef, Document, DocumentKind, ExternalRef, Line, SupplyKind
from integrations.twinfield import entries
from integrations.twinfield.markup import attribute, child, children, element, leaf, parse, text, written
from integrations.twinfield.unsure import Readings
from integrations.twinfield.values import Unsendable

CENT = Decimal("0.01")
SALES = (DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE)
RATES = {"VH": 21, "VL": 9, "VN": 0, "VV": 0}


@st.composite
def lines(draw):
    code = draw(st.sampled_from(sorted(RATES)))
    net = draw(st.decimals(min_value=-5000, max_value=90000, places=2))
    vat = (net * RATES[code] / 100).quantize(CENT)
    if vat:
        vat += draw(st.sampled_from([0, 0, 0, 1, -1])) * CENT
    return Line(
        description=draw(st.text(max_size=70)),
        net=net,
        vat=vat,
        vat_code=code,
        ledger_account=AccountRef(external_id="8000", code=draw(st.sampled_from(["8000", "8010", "8900"]))),
        taxed=RATES[code] > 0,
    )


@st.composite
def documents(draw):
    kind = draw(st.sampled_from(list(DocumentKind)))
    party = "DEB:1000" if kind.is_sales else "CRD:2000"
    body = draw(st.lists(lines(), min_size=1, max_size=8))
    if sum(line.net + line.vat for line in body) < 0:
        body = [replace(line, net=-line.net + 0, vat=-line.vat + 0) for line in body]
    return Document(
        key="11111111-2222-4333-8444-555555555555",
        reference=draw(st.from_regex(r"[0-9A-Z/.-]{1,20}", fullmatch=True)),
        kind=kind,
        journal="VRK" if kind.is_sales else "INK",
        date=draw(st.dates(date(2020, 1, 1), date(2030, 12, 31))),
        due_date=draw(st.none() | st.dates(date(2020, 1, 1), date(2030, 12, 31))),
        party=ExternalRef(external_id=party),
        lines=tuple(body),
        description=draw(st.text(max_size=70)),
    )


def possible(document):
    """The transaction of a generated document; one with a cent of VAT and no line for it to stand on is passed over."""
    try:
        return wire(document)
    except Unsendable as exc:
        assume(exc.code != "APP-209")
        raise


def wire(document, **readings):
    """The transaction as it travels: written and parsed again."""
    return parse(written(entries.transaction(document, "O1", readings=Readings(**readings))))


def sent_lines(node):
    return list(children(child(node, "lines"), "line"))


def signed(line):
    value = Decimal(text(line, "value"))
    return value if text(line, "debitcredit") == "debit" else -value


def as_answered(node, document):
    """What Twinfield makes of it: a number, VAT lines, the relation's type."""
    child(node, "header").append(leaf("number", "202600017"))
    holder = child(node, "lines")
    for line in sent_lines(node):
        if attribute(line, "type") == "detail" and text(line, "vatvalue"):
            holder.append(
                element(
                    "line",
                    leaf("value", text(line, "vatvalue")),
                    leaf("debitcredit", text(line, "debitcredit")),
                    leaf("vatcode", text(line, "vatcode")),
                    type="vat",
                    id="99",
                )
            )
    return node


@settings(max_examples=80, deadline=None)
@given(documents())
def test_debit_and_credit_are_equal_to_the_cent(document):
    node = possible(document)
    values = [signed(line) for line in sent_lines(node)]
    details = [line for line in sent_lines(node) if attribute(line, "type") == "detail"]
    taxes = [
        Decimal(text(line, "vatvalue") or "0") * (1 if text(line, "debitcredit") == "debit" else -1) for line in details
    ]
    assert sum(values) + sum(taxes) == 0
    assert abs(values[0]) == document.total
    raises_debit = document.kind.is_sales != document.kind.is_credit_note
    assert text(sent_lines(node)[0], "debitcredit") == ("debit" if raises_debit else "credit")


@settings(max_examples=80, deadline=None)
@given(documents())
def test_what_was_booked_reads_as_what_we_sent(document):
    node = as_answered(possible(document), document)
    found = entries.booked_totals(node, document.kind)
    assert (found.net, found.vat, found.total) == (document.net, document.vat, document.total)
    assert found.per_vat_code == document.vat_totals
    assert entries.stored_differently(node, document) == ()
    ref = entries.entry_ref(node, document.kind)
    assert ref.external_id == f"{document.journal}:202600017"


@settings(max_examples=60, deadline=None)
@given(documents())
def test_an_entry_in_the_wrong_direction_never_equals_ours(document):
    node = as_answered(possible(document), document)
    other = {"debit": "credit", "credit": "debit"}
    for line in sent_lines(node):
        side = child(line, "debitcredit")
        side.text = other[side.text]
    found = entries.booked_totals(node, document.kind)
    assert found.total == -document.total + 0


@settings(max_examples=60, deadline=None)
@given(documents())
def test_lengths_order_and_signs(document):
    node = possible(document)
    found = sent_lines(node)
    assert [attribute(line, "type") for line in found] == ["total"] + ["detail"] * len(document.lines)
    assert [attribute(line, "id") for line in found] == [str(n) for n in range(1, len(found) + 1)]
    for line in found:
        assert len(text(line, "description")) <= 40
        for name in ("value", "vatvalue"):
            assert not text(line, name).startswith("-")
    assert child(node, "header", "number") is None
    assert text(node, "header", "invoicenumber") == document.reference
    assert (child(node, "header", "duedate") is None) is (document.due_date is None)


def one(*body, **changes):
    return Document(
        **{
            "key": "k",
            "reference": "2026/1",
            "kind": DocumentKind.SALES_INVOICE,
            "journal": "VRK",
            "date": date(2026, 3, 17),
            "due_date": None,
            "party": ExternalRef(external_id="DEB:1000"),
            "lines": body,
            **changes,
        }
    )


def line(net, vat, code="VH", **changes):
    account = AccountRef(external_id="8000", code="8000")
    made = Line(description="", net=Decimal(net), vat=Decimal(vat), vat_code=code, ledger_account=account)
    return replace(made, **changes)


def vat_values(node):
    return [text(found, "vatvalue") for found in sent_lines(node)[1:]]


def test_a_cent_on_the_other_side_moves_to_the_widest_line_of_its_code():
    node = wire(one(line("100.00", "21.01"), line("0.02", "-0.01"), line("40.00", "3.60", "VL")))
    assert vat_values(node) == ["21.00", "0.00", "3.60"]


def test_a_cent_with_nowhere_to_go_is_refused():
    with pytest.raises(Unsendable) as caught:
        wire(one(line("0.01", "-0.01"), line("100.00", "9.00", "VL")))
    assert caught.value.code == "APP-209"


@pytest.mark.parametrize(
    ("body", "pinned"),
    [
        ([line("100.00", "21.00")], ["21.00"]),
        ([line("100.00", "0.00", "VN")], [""]),
        ([line("0.01", "0.00", taxed=True)], ["0.00"]),
        ([line("0.01", "0.00"), line("1.00", "0.21")], ["0.00", "0.21"]),
    ],
)
def test_zero_vat_is_stated_where_it_is_a_statement(body, pinned):
    assert vat_values(wire(one(*body))) == pinned


def test_vat_may_be_left_to_twinfield():
    assert vat_values(wire(one(line("100.00", "21.00")), pin_vat=False)) == [""]
    assert vat_values(wire(one(line("0.01", "0.00", taxed=True)), pin_zero_vat=False)) == [""]


@pytest.mark.parametrize("sends", [True, False])
def test_the_period(sends):
    node = wire(one(line("1.00", "0.21"), period="2026/03"), send_period=sends)
    assert text(node, "header", "period") == ("2026/03" if sends else "")


def never(code):
    raise AssertionError(code)


@pytest.mark.parametrize(
    ("supply", "sends", "kind", "dated"),
    [
        (SupplyKind.EU_GOODS, True, "goods", ""),
        (SupplyKind.EU_SERVICES, True, "services", "20260317"),
        (SupplyKind.EU_SERVICES, False, "", ""),
        (SupplyKind.ORDINARY, True, "", ""),
    ],
)
def test_what_was_performed(supply, sends, kind, dated):
    known = one(line("1.00", "0.00", "ICP", supply=supply))
    asked = one(line("1.00", "0.00", "ICP"))
    for document, supply_of in ((known, never), (asked, lambda code: supply)):
        node = entries.transaction(document, "O1", supply_of, Readings(send_performance=sends))
        sent = sent_lines(node)[1]
        assert (text(sent, "performancetype"), text(sent, "performancedate")) == (kind, dated)


def test_only_untaxed_sales_ask_for_it():
    entries.transaction(one(line("1.00", "0.21")), "O1", never)
    bought = one(
        line("1.00", "0.00", "IV"),
        kind=DocumentKind.PURCHASE_INVOICE,
        journal="INK",
        party=ExternalRef(external_id="CRD:2000"),
    )
    entries.transaction(bought, "O1", never)


@pytest.mark.parametrize(
    ("path", "value", "remark"),
    [
        (("header", "code"), "VRC", "journal VRC"),
        (("header", "invoicenumber"), "2026/2", "reference 2026/2"),
        (("header", "currency"), "USD", "currency USD"),
        (("header", "date"), "20260318", "date 2026-03-18"),
        (("header", "period"), "2026/04", "period 2026/04"),
        (("lines", "line", "dim2"), "1001", "another relation"),
    ],
)
def test_what_is_stored_otherwise_is_remarked(path, value, remark):
    document = one(line("1.00", "0.21"), period="2026/03")
    node = wire(document)
    child(node, *path).text = value
    assert entries.stored_differently(node, document) == (remark,)


def test_dropped_lines_and_other_accounts_are_remarked():
    document = one(line("1.00", "0.21"), line("2.00", "0.42"))
    node = wire(document)
    last = sent_lines(node)[-1]
    child(last, "dim1").text = "8010"
    assert entries.stored_differently(node, document) == ("another ledger account",)
    child(node, "lines").remove(last)
    assert entries.stored_differently(node, document) == ("1 lines",)


def test_answers_that_say_too_little():
    empty = parse("<transaction><header/><lines/></transaction>")
    assert entries.booked_totals(empty, DocumentKind.SALES_INVOICE) is None
    assert entries.booked_record(empty, True) is None
    assert entries.entry_ref(empty).external_id == ""
    broken = parse(
        "<transaction><header/><lines><line type='total'><value>1.005</value><debitcredit>debit</debitcredit></line>"
        "</lines></transaction>"
    )
    assert entries.booked_totals(broken, DocumentKind.SALES_INVOICE) is None


def test_vat_lines_that_do_not_add_up_are_not_given_per_code():
    document = one(line("100.00", "21.00"))
    node = as_answered(wire(document), document)
    child(node, "lines")[-1].remove(child(child(node, "lines")[-1], "debitcredit"))
    assert entries.booked_totals(node, document.kind).per_vat_code is None
