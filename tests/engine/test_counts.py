"""What a run counts of invoices and of credit notes, apart and together, whatever became of them."""

import pytest

from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def counts(run, part):
    """The counters that are not zero."""
    return {what: number for what, number in run.counters[part].items() if number}


def assert_parts_make_the_whole(run):
    keys = {what for part in ("sales", "invoices", "credit_notes") for what in run.counters[part]}
    for what in keys:
        invoices, credit_notes = (run.counters[part].get(what, 0) for part in ("invoices", "credit_notes"))
        assert invoices + credit_notes == run.counters["sales"].get(what, 0), what


def test_what_is_sent_is_counted_per_kind(box, connection):
    party = factories.CompanyFactory()
    for _ in range(3):
        factories.booked_invoice(entity=connection.entity, party=party)
    factories.booked_credit_note(entity=connection.entity, party=party)
    run = bridge.sync(connection)
    assert counts(run, "invoices") == {"planned": 3, "to_send": 3, "posted": 3}
    assert counts(run, "credit_notes") == {"planned": 1, "to_send": 1, "posted": 1}
    assert_parts_make_the_whole(run)

    again = bridge.sync(connection)
    # Counted, and none: a run of today is told apart from one of before they were counted apart.
    assert again.counters["invoices"] == again.counters["credit_notes"] == {"left": 0}
    assert_parts_make_the_whole(again)


def test_documents_of_a_customer_nobody_can_tell_are_counted_per_kind(box, connection):
    party = factories.CompanyFactory()
    same = [{"Name": name, "VATNumber": party.vat_number, "Status": "C", "Country": "BE"} for name in ("A", "B")]
    box.call("seed", {"division": int(bridge.DIVISION), "accounts": same})
    for _ in range(2):
        factories.booked_invoice(entity=connection.entity, party=party)
    factories.booked_credit_note(entity=connection.entity, party=party)
    run = bridge.sync(connection)
    assert counts(run, "invoices") == {"planned": 2, "blocked": 2}
    assert counts(run, "credit_notes") == {"planned": 1, "blocked": 1}
    assert_parts_make_the_whole(run)


@pytest.mark.parametrize("fault", [{"kind": "drop_after"}, {"kind": "status", "status": 400}])
def test_what_came_back_broken_or_refused_is_counted_under_its_kind(box, connection, fault):
    party = factories.CompanyFactory()
    factories.booked_invoice(entity=connection.entity, party=party)
    factories.booked_credit_note(entity=connection.entity, party=party)
    box.fault(**fault, method="POST", path="salesentry/SalesEntries", times=1)
    run = bridge.sync(connection)
    assert_parts_make_the_whole(run)
    what = "unclear" if fault["kind"] == "drop_after" else "refused"
    assert sum(counts(run, part).get(what, 0) for part in ("invoices", "credit_notes")) == 1
    again = bridge.sync(connection)
    assert_parts_make_the_whole(again)


def test_what_is_left_for_the_next_sync_is_counted_under_its_kind(box, connection, settings):
    settings.BOEKBRUG_QUIET_SECONDS = 60
    factories.booked_credit_note(entity=connection.entity, party=factories.CompanyFactory())
    box.fault("drop_before", method="POST", path="salesentry/SalesEntries", times=1)
    run = bridge.sync(connection)
    assert (run.counters["invoices"]["left"], run.counters["credit_notes"]["left"]) == (0, 1)
    assert_parts_make_the_whole(run)
