"""Roads on which a booking could be made twice, lost or paid wrongly: each was open once, and stays closed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations import services
from integrations.base.records import Absent
from integrations.exact.provider import ExactProvider
from integrations.models import (
    Administration,
    Connection,
    Exchange,
    Issue,
    PartyLink,
    Posting,
    SyncRun,
)
from integrations.sync import dispatcher, engine, heartbeat
from integrations.sync.steps import parties as parties_step
from integrations.sync.steps import plan as plan_step
from integrations.sync.steps import sending as sales_step
from invoicing import services as invoicing_services
from invoicing.models import Payment
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def issues(connection):
    return list(Issue.objects.open().filter(connection=connection).values_list("code", flat=True))


def hand_book(box, document, party_code=None, reference=None, division=bridge.DIVISION):
    """Book a document in the sandbox as a bookkeeper would, through the API with own tokens."""
    import requests

    tokens = box.call("token", {})
    head = {
        "Authorization": f"Bearer {tokens['access_token']}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    base = f"{box.base_url}/exact/api/v1/{division}"
    accounts = requests.get(
        f"{base}/crm/Accounts", params={"$select": "ID,Name,Status", "$filter": "Status eq 'C'"}, headers=head
    ).json()["d"]
    rows = accounts["results"] if isinstance(accounts, dict) else accounts
    gl = requests.get(
        f"{base}/bulk/Financial/GLAccounts", params={"$select": "ID,Code", "$filter": "Code eq '700000'"}, headers=head
    ).json()["d"]
    gl = (gl["results"] if isinstance(gl, dict) else gl)[0]["ID"]
    answer = requests.post(
        f"{base}/salesentry/SalesEntries",
        json={
            "Customer": rows[0]["ID"],
            "Journal": "70",
            "EntryDate": str(document.date),
            "YourRef": reference or document.number,
            "SalesEntryLines": [{"AmountFC": 50.0, "GLAccount": gl, "VATCode": "4", "VATAmountFC": 10.5}],
        },
        headers={**head, "Prefer": "return=representation"},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["d"]["EntryID"]


def test_deleted_excluded_included_again_then_time_out_is_not_booked_twice(box, connection, settings):
    box.switch(entry_id_from_caller=False)
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    box.call("delete_entry", {"reference": document.number, "division": int(bridge.DIVISION)})
    user = factories.UserFactory()
    posting = bridge.posting(document)
    assert services.refresh_from_tool(posting=posting, user=user) == "gone"
    services.exclude(posting=bridge.posting(document), reason="later", user=user)
    services.include(posting=bridge.posting(document), user=user)
    box.fault("drop_after", method="POST", path="SalesEntries")
    bridge.sync(connection)
    bridge.sync(connection)
    assert document.number in box.entries()  # fails when it stands twice
    assert bridge.posting(document).state == "posted"


def test_absent_counts_only_when_asked_after_the_quiet_time(box, connection, settings, monkeypatch):
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    from integrations.sync import claims
    from integrations.sync.steps import unclear

    posting = bridge.posting(document)
    now = timezone.now()
    Posting.objects.filter(pk=posting.pk).update(state="unclear", external_id="", issue=None)
    quiet = now + timedelta(seconds=1)
    monkeypatch.setattr(claims, "quiet_until", lambda *_: quiet)
    import time

    asked = []

    def slow(self, query):
        asked.append(timezone.now())
        time.sleep(1.5)  # asked before the quiet end, answered after it
        return Absent()

    monkeypatch.setattr(ExactProvider, "find_document", slow)
    put_back = []
    real = unclear._not_there

    def watch(turn, posting, *rest):
        real(turn, posting, *rest)
        put_back.append((asked[-1] < quiet, bridge.posting(document).state))
        raise KeyboardInterrupt

    monkeypatch.setattr(unclear, "_not_there", watch)
    with pytest.raises(KeyboardInterrupt):
        bridge.sync(connection)
    assert put_back == [(True, "unclear")]


def test_an_unclear_document_beside_another_booking_of_its_number_can_be_freed(box, connection):
    factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    document = factories.booked_invoice(entity=connection.entity)
    foreign = hand_book(box, document)  # somebody books the number by hand
    box.fault("drop_before", method="POST", path="SalesEntries")  # and ours is never booked
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("unclear", "NUM-520")
    services.not_the_same(posting=posting, external_id=foreign, user=factories.UserFactory())


def test_connecting_a_second_entity_after_a_move_does_not_hide_the_move(box, connection):
    factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    assert Administration.objects.get().settlement_cursor
    box.call("move_division", {"division": int(bridge.DIVISION)})
    bridge.connect(box, factories.EntityFactory())
    Administration.objects.get()
    Administration.objects.update(checked_at=None)
    before = box.last_request()
    bridge.sync(Connection.objects.get(pk=connection.pk))
    asked = [r["query"] for r in box.requests(before) if "PaymentTerms" in r["path"]]
    assert "Timestamp gt 1L" in str(asked) or "Timestamp%20gt%201L" in str(asked), asked


def test_a_follow_up_that_falls_due_while_its_run_still_closes_is_kept(box, connection):
    services.start_sync(connection)
    Connection.objects.update(follow_up_at=timezone.now() - timedelta(seconds=1))  # set by the limit of this very run
    dispatcher.start_follow_ups()
    assert Connection.objects.get(pk=connection.pk).follow_up_at is not None


def test_a_refusal_after_a_click_has_an_open_issue(box, connection, monkeypatch):
    [factories.booked_invoice(entity=connection.entity) for _ in range(2)]
    body = {"error": {"code": "", "message": {"lang": "", "value": "Iets vreemds"}}}
    box.fault("status", method="POST", path="SalesEntries", status=500, body=body, times=2)
    user = factories.UserFactory()
    real = sales_step._record
    seen = []

    def record(turn, posting, document, outcome):
        real(turn, posting, document, outcome)
        seen.append(posting.pk)
        if len(seen) == 1:
            services.exclude(posting=Posting.objects.get(pk=posting.pk), reason="not for the books", user=user)

    monkeypatch.setattr(sales_step, "_record", record)
    bridge.sync(connection)
    second = Posting.objects.get(pk=seen[1])
    assert second.state == "refused"
    assert issues(connection) == ["ALL-999"], (second.reason_code, second.issue and second.issue.resolved_at)


def test_a_document_sent_again_gets_its_files_again(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    document.files.create(name="a.pdf", content=b"%PDF-1.4 a")
    bridge.sync(connection)
    user = factories.UserFactory()
    box.call("delete_entry", {"reference": document.number, "division": int(bridge.DIVISION)})
    services.refresh_from_tool(posting=bridge.posting(document), user=user)
    services.send_again(posting=bridge.posting(document), user=user)
    before = box.last_request()
    bridge.sync(connection)
    assert [r for r in box.requests(before) if r["method"] == "POST" and "DocumentAttachments" in r["path"]]


def test_linking_a_document_of_a_closed_period_to_its_booking_works(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    there = hand_book(box, document)
    box.call("close_period", {"year": 2026, "period": 3, "division": int(bridge.DIVISION)})
    Administration.objects.update(refreshed_at={})
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("blocked", "PER-502")
    linked = services.link_to_existing(posting=posting, external_id=there, user=factories.UserFactory())
    assert linked.external_id == there


def test_a_run_that_cannot_be_opened_ends(box, connection, settings):
    run = services.start_sync(connection)
    Connection.objects.update(grant=None)
    try:
        engine.advance(run.pk, run.slice_number)
    except Exception:
        pass
    run.refresh_from_db()
    assert run.state == "stopped", run.state


def test_a_run_that_nobody_moves_is_overdue(box, connection):
    services.start_sync(connection)
    SyncRun.objects.update(
        created_at=timezone.now() - timedelta(hours=3), handed_on_at=timezone.now() - timedelta(hours=2)
    )
    dispatcher.wake_runs()  # the dispatcher goes on queuing it; no worker ever takes it
    assert heartbeat.overdue_runs() == 1


def test_a_booking_whose_figures_were_never_seen_is_not_simply_posted(box, connection, monkeypatch):
    from integrations.exact import client

    monkeypatch.setattr(client, "_WRITE_HEADERS", {k: v for k, v in client._WRITE_HEADERS.items() if k != "Prefer"})
    document = factories.booked_invoice(entity=connection.entity)
    box.fault("status", method="GET", path="SalesEntries.*EntryID%20eq", status=503)
    bridge.sync(connection)
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert posting.state != "posted" or posting.tool_totals.get("total"), (posting.state, posting.tool_totals)


def test_a_reference_typed_with_blanks_is_the_same():
    assert plan_step.reference_key("2026 / 0142") == plan_step.reference_key("2026/0142")


def test_retry_keeps_a_relation_that_a_person_chose_and_that_still_stands(box, connection):
    factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    party = factories.ContactFactory(last_name="Anders")
    party.refresh_from_db()
    linked = set(PartyLink.objects.values_list("external_id", flat=True))
    chosen = next(
        p
        for p in box.parties()
        if p["id"] not in linked and "Anders" not in p["name"] and p["postcode"] != party.postcode
    )
    services.link_party(connection=connection, party=party, external_id=chosen["id"], user=factories.UserFactory())
    document = factories.booked_invoice(entity=connection.entity, party=party)
    body = {"error": {"code": "", "message": {"lang": "", "value": "Bestaat niet: Klant"}}}
    box.fault("status", method="POST", path="SalesEntries", status=500, body=body)
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert posting.reason_code == "PAR-641", (posting.state, posting.reason_code)
    count = len(box.parties())
    services.retry(posting=posting, user=factories.UserFactory())
    bridge.sync(connection)
    assert len(box.parties()) == count
    assert PartyLink.objects.get(party=party).external_id == chosen["id"]


def test_after_a_switch_of_administration_what_stands_there_is_read(box, connection):
    user = factories.UserFactory()
    # the second entity's connection lives in division 2 since long
    veteran = bridge.connect(box, factories.EntityFactory(), user=user, division="3120452")
    veteran.entity.fiscal_years.filter(label="2026").update(invoice_prefix="V/")
    factories.booked_invoice(entity=veteran.entity)
    bridge.sync(veteran)
    bridge.sync(connection)  # nothing to send: a success
    document = factories.booked_invoice(entity=connection.entity)
    hand_book(box, document, division="3120452")
    connection = services.choose_administration(
        connection=Connection.objects.get(pk=connection.pk), external_id="3120452", user=user
    )
    services.load_lists(connection=connection)
    services.save_settings(
        connection=connection,
        user=user,
        start_date=bridge.START,
        default_payment_term="30",
        discount_account="708000",
        journals={"invoice": "70", "credit_note": "71", "purchase_invoice": "60", "purchase_credit_note": "61"},
    )
    from invoicing.models import VatRate

    ids = dict(VatRate.objects.filter(country="BE", entity=None).values_list("code", "pk"))
    services.link_vat(
        connection=connection, direction="sales", links={ids[c]: v for c, v in bridge.VAT_CODES.items()}, user=user
    )
    services.link_ledger(
        connection=connection,
        direction="sales",
        links={ids[c]: bridge.ACCOUNTS.get(c, "700000") for c in bridge.VAT_CODES},
        user=user,
    )
    connection = services.finish_setup(connection=connection, user=user)
    bridge.sync(connection)
    box.entries("3120452")  # fails when it stands twice
    assert bridge.posting(document).reason_code == "NUM-520"


def test_linking_to_a_booking_of_another_amount_shows_the_difference(box, connection):
    factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    document = factories.booked_invoice(entity=connection.entity)  # 121.00
    body = {"error": {"code": "", "message": {"lang": "", "value": "Iets vreemds"}}}
    box.fault("status", method="POST", path="SalesEntries", status=500, body=body)
    bridge.sync(connection)
    there = hand_book(box, document, reference="something else")  # 60.50, of another customer
    linked = services.link_to_existing(
        posting=bridge.posting(document), external_id=there, user=factories.UserFactory()
    )
    assert linked.state == "differs", (linked.state, linked.tool_totals)


def test_what_was_refused_with_an_unknown_text_is_looked_for_before_it_goes_again(box, connection):
    box.switch(entry_id_from_caller=False)
    document = factories.booked_invoice(entity=connection.entity)
    body = {"error": {"code": "", "message": {"lang": "", "value": "Execution Timeout Expired."}}}
    box.fault("status", method="POST", path="SalesEntries", status=500, body=body, apply=True)
    bridge.sync(connection)
    document.party.street = "Another 1"
    document.party.save()  # enough to offer it again, nobody clicked
    bridge.sync(connection)
    assert document.number in box.entries()


def test_a_connected_connection_keeps_a_start_date(box, connection):
    with pytest.raises(services.ConnectError):
        services.save_settings(connection=connection, user=factories.UserFactory(), start_date=None)


def test_undoing_a_payment_by_hand_counts_only_what_the_books_say_now(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    box.pay(document.number, "60.50")
    bridge.sync(connection)
    box.call("unpay", {"reference": document.number, "division": int(bridge.DIVISION)})
    bridge.sync(connection)
    document.refresh_from_db()
    assert (document.payment_state, document.paid_amount) == ("open", Decimal("0.00"))
    user = factories.UserFactory()
    invoicing_services.mark_paid_by_hand(document=document, on=date(2026, 4, 1), by=user, amount=Decimal("10"))
    invoicing_services.undo_manual_payment(document=document, by=user)
    document.refresh_from_db()
    assert (document.payment_state, document.paid_amount) == ("open", Decimal("0.00")), list(
        Payment.objects.values("external_id", "amount")
    )


def test_a_deleted_booking_of_the_second_entity_shows_an_issue(box, connection):
    other = bridge.connect(box, factories.EntityFactory())
    other.entity.fiscal_years.filter(label="2026").update(invoice_prefix="B/")
    document = factories.booked_invoice(entity=other.entity)
    bridge.sync(connection)
    bridge.sync(other)
    assert bridge.posting(document).state == "posted"
    box.call("delete_entry", {"reference": document.number, "division": int(bridge.DIVISION)})
    administration = Administration.objects.get()
    Administration.objects.update(
        settlement_cursor=administration.settlement_cursor.replace('"deleted_on":"', '"deleted_on":"0')
    )
    bridge.sync(connection)  # the first entity's run reads the rows of both
    posting = bridge.posting(document)
    assert posting.state == "gone"
    bridge.sync(other)
    assert issues(other) == ["PAY-722"]
    assert posting.issue.resolved_at is None


def test_both_files_of_a_document_hang_on_its_entry(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    document.files.create(name="a.pdf", content=b"%PDF-1.4 a")
    document.files.create(name="a.xml", content=b"<x/>", media_type="application/xml")
    before = box.last_request()
    bridge.sync(connection)
    puts = [r["body"] for r in box.requests(before) if r["method"] == "PUT" and "SalesEntries" in r["path"]]
    assert len(set(map(str, puts))) == 1, puts


def test_exchange_records_hold_no_foreign_relations(box, connection):
    factories.booked_invoice(
        entity=connection.entity, party=factories.ContactFactory(last_name="Zonderling", street="Geheimstraat 7")
    )
    bridge.sync(connection)
    kept = "\n".join(f"{e.url}\n{e.request}\n{e.answer}" for e in Exchange.objects.all())
    assert "crm/Accounts" in kept
    assert "Geheimstraat" not in kept
    assert "Zonderling" not in kept
    names = [p["name"] for p in box.parties()]
    assert not [n for n in names if n and n in kept]


def test_a_booking_a_cent_off_that_is_fully_settled_there_is_paid(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    posting = bridge.posting(document)
    box.pay(document.number)
    # what the tool would show had it booked 120.99
    import integrations.exact.mapping as mapping

    real = mapping.settlement_row

    def cent_less(row, **kw):
        return real({**row, "AmountFC": 120.99}, **kw)

    mapping.settlement_row = cent_less
    Posting.objects.filter(pk=posting.pk).update(state="differs", tool_totals={"total": "120.99"})
    try:
        bridge.sync(connection)
    finally:
        mapping.settlement_row = real
    document.refresh_from_db()
    assert document.payment_state == "paid", (document.payment_state, document.paid_amount)


def test_a_change_made_while_a_creation_was_unanswered_still_goes_out(box, connection):
    party = factories.PartyFactory(street="Oude weg 1")
    factories.booked_invoice(entity=connection.entity, party=party)
    box.fault("drop_after", method="POST", path="crm/Accounts")
    real = parties_step._record
    done = []

    run = services.start_sync(connection)

    def change(turn, work, outcome):
        real(turn, work, outcome)
        if not done:
            done.append(1)
            party.street = "Nieuwe weg 2"
            party.save()

    parties_step._record = change
    try:
        bridge.work_off(run)
    finally:
        parties_step._record = real
    bridge.sync(connection)
    factories.booked_invoice(entity=connection.entity, party=party)
    bridge.sync(connection)
    mine = [p for p in box.parties() if p["name"] == party.name]
    assert len(mine) == 1, mine
    assert "Nieuwe weg 2" in str(mine[0])
