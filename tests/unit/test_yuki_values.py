"""Single values, envelopes and limits of Yuki's wire."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.yuki import limits, soap, values
from integrations.yuki.values import Unsendable

GUID = "6e24b17f-be9e-52ea-951e-1b7ff46978ac"


@pytest.mark.parametrize(
    ("wire", "found"),
    [
        ("2026-03-17", date(2026, 3, 17)),
        ("2026-03-17T15:50:52", date(2026, 3, 17)),
        ("4/10/2024 3:50:52 PM", date(2024, 4, 10)),
        ("12/18/2025 10:21:40 AM", date(2025, 12, 18)),
        ("18/12/2025", None),
        ("", None),
        ("soon", None),
    ],
)
def test_dates_come_in_two_forms(wire, found):
    assert values.day(wire) == found


@pytest.mark.parametrize(
    ("wire", "found"), [("True", True), ("false", False), ("1", True), ("0", False), ("", None), ("yes", None)]
)
def test_booleans(wire, found):
    assert values.truth(wire) is found


@pytest.mark.parametrize(
    ("wire", "found"),
    [("1149.50", Decimal("1149.50")), ("-3", Decimal("-3.00")), ("-0.00", Decimal("0.00")), ("NaN", None), ("", None)],
)
def test_amounts(wire, found):
    assert values.amount(wire) == found
    assert found is None or not values.amount(wire).is_signed() or found < 0


def test_guids():
    assert values.guid("{6E24B17F-be9e-52ea-951e-1b7ff46978ac}") == GUID
    assert values.guid("00000000-0000-0000-0000-000000000000") == ""
    assert values.guid("2026/0142") == ""
    assert values.guid_in(f"Succesfully updated Contact {GUID.upper()}.") == GUID
    assert values.guid_in("Succesfully updated") == ""


@pytest.mark.parametrize("wrong", [Decimal("1.001"), Decimal("10000000000"), Decimal("-10000000000")])
def test_an_amount_that_would_be_changed_on_the_way_is_not_sent(wrong):
    with pytest.raises(Unsendable):
        values.money(wrong)


@given(st.decimals(Decimal("-9999999999.99"), Decimal("9999999999.99"), places=2))
def test_amounts_survive_the_way_there_and_back(size):
    assert values.amount(values.money(size)) == size


@given(st.text())
def test_any_text_becomes_one_line_that_xml_can_hold(text):
    clean = values.clean(text)
    assert values.clean(clean) == clean
    (node,) = soap.parse(soap.envelope("X", [("a", text)]))[0]
    assert soap.value(node, "a") == clean


def test_an_envelope_keeps_order_and_kinds():
    root = soap.parse(soap.envelope("Op", [("b", "1"), ("a", None), ("c", b"%PDF")]))
    (called,) = soap.child(root, "Body")
    assert soap.name_of(called) == "Op"
    assert [soap.name_of(one) for one in called] == ["b", "a", "c"]
    assert soap.child(called, "a").get(soap.NIL) == "true"
    assert soap.value(called, "c") == "JVBERg=="
    assert {one.tag.partition("}")[0][1:] for one in called} == {soap.SERVICE}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><br></html>",
        b"\x00\xff",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    ],
)
def test_what_is_no_plain_xml_is_not_read(body):
    with pytest.raises(soap.Unreadable):
        soap.parse(body)


def envelope(inner: str, ns: str = soap.SOAP) -> bytes:
    return f'<e:Envelope xmlns:e="{ns}"><e:Body>{inner}</e:Body></e:Envelope>'.encode()


def test_faults_of_both_versions_are_read():
    one = soap.fault_of(
        soap.parse(
            envelope(
                "<e:Fault><faultcode>soap:Client</faultcode><faultstring>No</faultstring>"
                "<detail><a>why</a></detail></e:Fault>"
            )
        )
    )
    assert one == soap.Fault("soap:Client", "No", "why")
    two = soap.fault_of(
        soap.parse(
            envelope(
                "<e:Fault><e:Code><e:Value>Sender</e:Value></e:Code><e:Reason><e:Text>No</e:Text></e:Reason></e:Fault>",
                "http://www.w3.org/2003/05/soap-envelope",
            )
        )
    )
    assert (two.code, two.words) == ("Sender", "No")
    assert soap.fault_of(soap.parse(envelope("<a/>"))) is None


def test_a_result_may_be_named_after_another_operation_or_be_missing():
    found = soap.result_of(
        soap.parse(
            envelope(
                "<AuthenticateResponse><AuthenticateClientResult>x</AuthenticateClientResult></AuthenticateResponse>"
            )
        ),
        "AuthenticateClient",
    )
    assert found.text == "x"
    assert soap.result_of(soap.parse(envelope("<SetCurrentDomainResponse/>")), "SetCurrentDomain") is None
    for wrong in (b"<a/>", envelope(""), envelope("<Something/>")):
        with pytest.raises(soap.Unreadable):
            soap.result_of(soap.parse(wrong), "Op")


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (datetime(2026, 3, 17, 10, 0, tzinfo=UTC), datetime(2026, 3, 18, 0, 5, tzinfo=UTC)),
        (datetime(2026, 3, 17, 23, 59, tzinfo=UTC), datetime(2026, 3, 18, 0, 5, tzinfo=UTC)),
    ],
)
def test_a_spent_day_ends_after_midnight_everywhere_it_may_be_counted(now, ends):
    assert limits.day_ends(now) == ends


def test_a_fifth_of_the_day_is_left_to_people_and_others():
    (day,) = limits.LIMITS.calls
    assert (day.calls - day.reserve, day.seconds, day.scope) == (800, 86400, "grant")
