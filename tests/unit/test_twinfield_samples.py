"""What we send follows the order of the vendor's samples, and what the samples answer is understood."""

from datetime import date
from decimal import Decimal

import pytest

from integrations.base.records import DocumentKind, DocumentQuery, Found, VatDirection
from integrations.twinfield import browse, entries, finding, mapping, soap
from integrations.twinfield.markup import attribute, child, children, name_of, parse, text
from integrations.twinfield.refusals import catalogue_code, messages_of
from integrations.twinfield.settling import settlement_rows
from tests.sandbox.twinfield_box import document, line, party, purchase, shared


def sample(name, folder="xml"):
    return parse(shared("samples", folder, name).read_bytes())


def inner(name):
    """The document inside a sample envelope."""
    return soap.document_of(soap.body_of(shared("samples", "soap", name).read_bytes()))


def orders(root):
    """The order of the children of every kind of element: which names come before which."""
    found = {}
    for node in root.iter():
        names = list(dict.fromkeys(name_of(one) for one in node))
        known = found.setdefault(name_of(node), [])
        place = 0
        for name in names:
            if name in known:
                place = known.index(name) + 1
            else:
                known.insert(place, name)
                place += 1
    return found


def follows(ours, theirs):
    """Whether our children that the sample knows stand in its order, and attributes are ones it has."""
    order = orders(theirs)
    attributes = {}
    for node in theirs.iter():
        attributes.setdefault(name_of(node), set()).update(node.attrib)
    for node in ours.iter():
        name = name_of(node)
        known = order.get(name, [])
        places = [known.index(name_of(one)) for one in node if name_of(one) in known]
        assert places == sorted(places), f"children of {name}"
        assert set(node.attrib) <= attributes.get(name, set(node.attrib)) | {"id", "optimize"}, f"attributes of {name}"


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (document(line(), line("-5.00", "-1.05"), payment_reference="+++1+++"), "sales_transactions_request.xml"),
        (document(kind=DocumentKind.SALES_CREDIT_NOTE), "sales_transactions_request.xml"),
        (purchase(payment_reference="+++1+++"), "purchase_transactions_request.xml"),
    ],
)
def test_transactions_stand_in_the_order_of_the_samples(made, name):
    follows(entries.transaction(made, "DEMO01"), next(children(sample(name), "transaction")))


def test_dimensions_stand_in_the_order_of_the_samples():
    follows(mapping.dimension(party(bic="GKCCBEBB"), "DEMO01", None), sample("dimensions_upsert_request.xml"))


@pytest.mark.parametrize("since", ["", "20260101000000"])
def test_browses_stand_in_the_order_of_the_samples(since):
    ours = browse.columns(True, browse.PAID, daybook="VRK", years=(2026, 2026), since=since, bare=True)
    follows(ours, sample("browse_100_payment_status_request.xml"))


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (mapping.read_of("dimensions", "DEMO01", "9999", dimension_type="DEB"), "read_dimension_request.xml"),
        (mapping.read_of("transaction", "DEMO01", "VRK", number="202600017"), "read_transaction_request.xml"),
        (mapping.read_of("vat", "DEMO01", "VH"), "read_vat_request.xml"),
        (mapping.list_of("dimensions", "DEMO01", "PNL"), "list_dimensions_request.xml"),
    ],
)
def test_queries_are_those_of_the_samples(made, name):
    theirs = sample(name)
    assert [(name_of(one), one.text) for one in made] == [(name_of(one), (one.text or "").strip()) for one in theirs]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (soap.process_envelope("t", "", mapping.list_of("offices")), "processxmlstring_list_offices_request.xml"),
        (
            soap.search_envelope("t", "DEMO01", "TRS", "*", 0, 1, 100, {"office": "DEMO01", "category": "sales"}),
            "finder_trs_sales_request.xml",
        ),
        (soap.periods_envelope("t", "DEMO01", "GetPeriods", 2026), "periodservice_getperiods_request.xml"),
    ],
)
def test_envelopes_are_those_of_the_samples(made, name):
    def shape(node):
        texts = (node.text or "").strip()
        token = name_of(node) == "AccessToken"
        return node.tag, "" if token else texts, sorted(node.attrib.values()), [shape(one) for one in node]

    assert shape(parse(made)) == shape(sample(name, "soap"))


# --- back -----------------------------------------------------------------------------------------------------


def test_offices():
    found = mapping.offices(inner("processxmlstring_list_offices_response.xml"))
    assert [(one.external_id, one.name) for one in found] == [
        ("DEMO01", "Demo Trading BV"),
        ("DEMO02", "Demo Holding BV"),
    ]


def test_accounts():
    found = mapping.ledger_accounts(sample("list_dimensions_response.xml"), "PNL", "NL")
    assert [one.code for one in found] == ["8000", "8020", "8900"]


def test_a_vat_code():
    found = mapping.vat_code(("VH", "BTW Hoog"), VatDirection.SALES, sample("read_vat_response.xml"), date(2026, 1, 1))
    assert (found.code, found.percentage, found.active) == ("VH", Decimal("21.00"), True)


def test_periods():
    body = soap.body_of(shared("samples", "soap", "periodservice_getperiods_response.xml").read_bytes())
    found = mapping.fiscal_periods(mapping.periods(body, 2026))
    assert [(one.external_id, one.start.month, one.closed) for one in found] == [
        ("2026/01", 1, True),
        ("2026/02", 2, True),
        ("2026/03", 3, False),
        ("2026/04", 4, False),
    ]


def test_a_mixed_batch_of_dimensions():
    good, bad = children(sample("dimensions_upsert_response_mixed.xml"), "dimension")
    record = mapping.party(good)
    assert (record.external_id, record.name, record.vat_number) == ("DEB:1002", "Initech BVBA", "BE0123456749")
    assert catalogue_code(messages_of(bad)) == "PAR-644"


def test_a_dimension_that_is_not_there():
    assert catalogue_code(messages_of(sample("read_dimension_not_found_response.xml"))) == "PAR-641"


def test_a_mixed_batch_of_transactions():
    bad, good, *_ = children(sample("sales_transactions_response_mixed.xml"), "transaction")
    assert (attribute(bad, "result"), catalogue_code(messages_of(bad))) == ("0", "VAT-623")
    ref = entries.entry_ref(good, DocumentKind.SALES_INVOICE)
    totals = entries.booked_totals(good, DocumentKind.SALES_INVOICE)
    assert ref.external_id == "VRK:202600017"
    assert (totals.net, totals.vat, totals.total) == (Decimal("100.00"), Decimal("21.00"), Decimal("121.00"))
    assert [(row.vat_code, row.vat) for row in totals.per_vat_code] == [("VH", Decimal("21.00"))]
    assert entries.party_of(good) == "DEB:1001"


def test_a_paid_transaction():
    record = entries.booked_record(sample("read_transaction_response_paid.xml"), True)
    assert (record.reference, record.total, record.party_external_id) == ("2026/0043", Decimal("121.00"), "DEB:1001")


def test_a_table_of_payments():
    asked, answer = sample("browse_100_payment_status_request.xml"), sample("browse_100_payment_status_response.xml")
    rows = browse.rows_of(asked, answer)
    assert [row.key for row in rows][:2] == ["VRK:202600017", "VRK:202600018"]
    found = {row.external_id: row for row in settlement_rows(rows, True)}
    paid = found["VRK:202600017:paid"]
    assert (paid.amount, paid.settled, paid.settled_on) == (Decimal("121.00"), True, date(2026, 4, 18))
    assert found["VRK:202600018:open"].amount == Decimal("60.50")
    records = {record.reference: record for record in finding.entries_of(rows, True)}
    assert records["CN2026/0003"].kind is DocumentKind.SALES_CREDIT_NOTE
    query = DocumentQuery(
        key="k",
        reference="2026/0043",
        kind=DocumentKind.SALES_INVOICE,
        party_external_id="DEB:1001",
        date=date(2026, 3, 16),
        total=Decimal("121.00"),
        currency="EUR",
        journal="VRK",
    )
    assert isinstance(finding.judge(query, list(records.values())), Found)


def test_a_refused_browse_and_a_refused_deletion():
    assert catalogue_code(messages_of(sample("browse_error_response.xml"))) == "ALL-999"
    refused = sample("delete_transaction_response_final_error.xml")
    assert messages_of(refused)[0].words == "De status van de boeking moet Concept zijn."


def test_lines_of_the_sample_are_where_we_look_for_them():
    transaction = next(children(sample("sales_transactions_request.xml"), "transaction"))
    first = child(transaction, "lines", "line")
    assert (text(first, "dim2"), text(first, "debitcredit"), attribute(first, "type")) == ("1000", "debit", "total")
