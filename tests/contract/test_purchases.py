"""Approved purchases: into the books once and to the cent, paid there and then here. The same for every tool."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from integrations import services
from integrations.base.provider import Capability
from integrations.messages import posting_reason
from integrations.models import Notification, PartyLink, Posting, RunState
from integrations.registry import get_tool
from integrations.services import notices
from integrations.sync import claims
from invoicing.errors import NotPossible
from invoicing.models import (
    MAILING_LOST,
    PurchaseDocument,
    PurchaseFile,
    PurchaseKind,
    PurchaseMailing,
    ReviewState,
    VatRate,
    VatRateVersion,
)
from invoicing.services import purchases as expenses
from invoicing.services.purchases import mailing
from tests import bridge, factories

from . import purchases, world
from .profiles import PROFILES
from .purchases import purchase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def booked_by_us(profile) -> None:
    """Only tools in which we make the booking ourselves."""
    if Capability.PURCHASES_AS_FILES in get_tool(profile.key).capabilities:
        pytest.skip("this tool takes a file, and somebody there books it")


def posting(document: PurchaseDocument) -> Posting:
    return Posting.objects.get(purchase_document=document)


@pytest.mark.usefixtures("booked_by_us")
def test_thirty_mixed_purchases_stand_there_to_the_cent_and_only_once(connection, profile, box):
    made = purchases.mixed(connection, profile)
    run = bridge.sync(connection)
    assert run.state == RunState.SUCCEEDED, (run.counters, run.error_code)
    purchases.assert_books(box, made)
    assert run.counters["purchases"]["posted"] == 30
    entries, parties = purchases.entries(box), box.parties()
    since = box.last_request()
    again = bridge.sync(connection)
    assert again.state == RunState.SUCCEEDED
    assert (purchases.entries(box), box.parties()) == (entries, parties)
    assert [row for row in box.requests(since) if row["method"] == "POST" and "Entries" in row["path"]] == []


@pytest.fixture
def taken_as_files(profile) -> None:
    if Capability.PURCHASES_AS_FILES not in get_tool(profile.key).capabilities:
        pytest.skip("in this tool we make the booking ourselves")


def uploads(box) -> list[dict]:
    """The documents in the purchase folder of the archive that carry a number of ours."""
    numbers = set(PurchaseDocument.objects.values_list("number", flat=True))
    rows = [row for row in box._books("documents") if row["folder"] == 1]
    return [row for row in rows if row["files"][0]["name"].split("_")[0] in numbers]


@pytest.mark.usefixtures("taken_as_files")
def test_thirty_mixed_purchases_lie_in_the_archive_once_with_their_files(connection, profile, box):
    made = purchases.mixed(connection, profile)
    before = len(box.parties())
    run = bridge.sync(connection)
    assert run.state == RunState.SUCCEEDED, (run.counters, run.error_code)
    postings = {p.external_id: p for p in Posting.objects.filter(purchase_document__in=made, state="posted")}
    there = uploads(box)
    assert len(postings) == len(there) == 30
    assert {row["id"] for row in there} == set(postings)
    for row in there:
        assert [file["name"].rpartition(".")[2] for file in row["files"]] == ["xml", "pdf"]
        assert row["files"][0]["name"].startswith(posting_number(postings[row["id"]]))
    # Whoever books the files finds the suppliers; we make none.
    assert len(box.parties()) == before
    bridge.sync(connection)
    assert uploads(box) == there


def posting_number(posting: Posting) -> str:
    return posting.document.number


@pytest.mark.usefixtures("taken_as_files")
@pytest.mark.parametrize("kind", ["drop_after", "truncate"])
def test_an_upload_without_an_answer_is_found_and_not_made_twice(connection, profile, box, kind):
    made = [purchase(connection, profile) for _ in range(3)]
    box.fault(kind, **purchases.writes(profile), times=1)
    for _ in range(3):
        bridge.sync(connection)
    assert Posting.objects.filter(purchase_document__in=made, state="posted").count() == 3
    assert len(uploads(box)) == 3


@pytest.mark.usefixtures("taken_as_files")
@pytest.mark.parametrize("decision", ["send", "link"])
def test_an_upload_without_an_answer_that_somebody_renamed_waits_for_a_person(connection, profile, box, decision):
    """A file that is not found may have been moved, joined or renamed there: only a person sends it again."""
    made = purchase(connection, profile)
    box.switch(archive_delay_seconds=3600)
    box.fault("drop_after", **purchases.writes(profile), times=1)
    bridge.sync(connection)
    (row,) = uploads(box)
    box.verb("refile", document=row["id"], rename="facture.xml")
    box.switch(archive_delay_seconds=0)
    for _ in range(2):
        bridge.sync(connection)
    found = posting(made)
    assert (found.state, found.reason_code, found.attempts) == ("unclear", "SYS-703", 1)
    assert services.is_seen_nowhere(found)
    assert uploads(box) == []
    user = factories.UserFactory()
    if decision == "link":
        services.link_to_existing(posting=found, external_id="facture.xml", user=user)
    else:
        services.send_unseen(posting=found, user=user)
        bridge.sync(connection)
    assert posting(made).state == "posted"
    assert len(uploads(box)) == (0 if decision == "link" else 1)


@pytest.mark.usefixtures("booked_by_us")
def test_paid_there_is_paid_here(connection, profile, box):
    paid, part, untouched = (purchase(connection, profile) for _ in range(3))
    bridge.sync(connection)
    box.pay(paid.number, kind="purchase")
    box.pay(part.number, "21.00", kind="purchase")
    bridge.sync(connection)
    for document in (paid, part, untouched):
        document.refresh_from_db()
    assert [d.payment_state for d in (paid, part, untouched)] == ["paid", "partly_paid", "open"]
    assert (paid.paid_amount, part.paid_amount) == (paid.total, 21)
    assert paid.paid_on is not None


@pytest.mark.usefixtures("taken_as_files")
def test_a_file_that_was_booked_and_paid_there_is_paid_here(connection, profile, box):
    paid, deleted = purchase(connection, profile), purchase(connection, profile)
    bridge.sync(connection)
    for document in (paid, deleted):
        line = ["613310", "1:21.00", str(document.net_total), str(document.vat_total)]
        box.verb(
            "book_upload",
            document=posting(document).external_id,
            contact="K101",
            reference=document.number,
            date=document.date.isoformat(),
            lines=[line],
        )
    bridge.sync(connection)
    paid.refresh_from_db()
    assert paid.payment_state == "open"
    box.pay(paid.number, kind="purchase")
    box.verb("delete_entry", reference=deleted.number, kind="purchase")
    bridge.sync(connection)
    for document in (paid, deleted):
        document.refresh_from_db()
    assert (paid.payment_state, paid.paid_amount) == ("paid", paid.total)
    assert (deleted.payment_state, posting(deleted).issue.code) == ("open", "PAY-725")
    assert posting(paid).issue is None


@pytest.mark.usefixtures("booked_by_us")
def test_one_company_is_customer_and_supplier(connection, profile, box):
    company = factories.CompanyFactory(country=profile.country)
    sold = factories.booked_invoice(entity=connection.entity, day=profile.day, party=company)
    bought = purchase(connection, profile, supplier=company)
    bridge.sync(connection)
    world.assert_books(box, [sold])
    purchases.assert_books(box, [bought])
    # And the other way about: first bought from, then sold to.
    other = factories.CompanyFactory(country=profile.country)
    first = purchase(connection, profile, supplier=other)
    bridge.sync(connection)
    then = factories.booked_invoice(entity=connection.entity, day=profile.day, party=other)
    bridge.sync(connection)
    purchases.assert_books(box, [first])
    world.assert_books(box, [then])
    wanted = 2 if Capability.SEPARATE_ROLE_CODES in get_tool(profile.key).capabilities else 1
    for party in (company, other):
        assert PartyLink.objects.filter(party=party).count() == wanted
        assert len([row for row in box.parties() if row["name"] == party.name]) == wanted


def test_only_approved_peppol_documents_go(connection, profile, box):
    refused = purchase(connection, profile, review=ReviewState.REFUSED)
    pending = purchase(connection, profile, review=ReviewState.PENDING)
    by_hand = purchase(connection, profile, source="manual")
    receipt = purchase(connection, profile, source="upload", kind=PurchaseKind.RECEIPT)
    early = purchase(connection, profile, date=profile.start.replace(month=1))
    bridge.sync(connection)
    assert not Posting.objects.filter(purchase_document__in=[refused, pending, by_hand, receipt, early]).exists()


@pytest.mark.parametrize("profile", PROFILES[:1], indirect=True, ids=str)
def test_whoever_started_a_sync_is_told_what_became_of_expenses(connection, profile, box, capsys):
    held, _goes = purchase(connection, profile, [("10.00", "0", None)]), purchase(connection, profile)
    connection.vat_links.filter(direction="purchase", rate__code="0").delete()
    factories.booked_invoice(entity=connection.entity, day=profile.day)
    starter = factories.UserFactory()
    bridge.work_off(services.start_sync(connection, "manual", starter))
    params = Notification.objects.get(user=starter).params
    counted = {"sent": 1, "expenses": 1, "customers": 2, "blocked": 0, "expenses_blocked": 1}
    assert {name: params[name] for name in counted} == counted
    notice = notices.notice_of(Notification.objects.select_related("connection__entity", "run").get(user=starter))
    words = "1 document sent, 1 expense sent, 2 customers and suppliers sent, 1 expense blocked."
    assert notice.detail == words
    shown = services.progress(connection=connection)
    assert (shown["sent"], shown["purchases_sent"], shown["purchases_blocked"]) == (1, 1, 1)
    assert posting(held).state == "blocked"
    call_command("sync", connection=connection.pk, wait=True)
    assert "0 documents sent, 0 expenses sent, 1 expenses blocked" in capsys.readouterr().out


@pytest.mark.usefixtures("booked_by_us")
def test_a_rate_that_is_not_linked_holds_up_its_document_alone(connection, profile, box):
    held, goes = purchase(connection, profile, [("10.00", "0", None)]), purchase(connection, profile)
    connection.vat_links.filter(direction="purchase", rate__code="0").delete()
    bridge.sync(connection)
    assert (posting(held).state, posting(held).reason_code) == ("blocked", "APP-102")
    purchases.assert_books(box, [goes])


@pytest.mark.usefixtures("booked_by_us")
@pytest.mark.parametrize("kind", ["drop_after", "truncate"])
def test_a_booking_without_an_answer_is_found_and_not_made_twice(connection, profile, box, kind):
    known = purchase(connection, profile)
    bridge.sync(connection)
    more = [purchase(connection, profile, supplier=known.supplier) for _ in range(3)]
    box.fault(kind, **purchases.writes(profile), times=1)
    for _ in range(3):
        bridge.sync(connection)
    purchases.assert_books(box, [known, *more])


@pytest.mark.usefixtures("booked_by_us")
def test_what_already_stands_there_from_that_supplier_is_asked_about(connection, profile, box):
    first = purchase(connection, profile)
    bridge.sync(connection)
    Posting.objects.all().delete()
    type(connection).objects.filter(pk=connection.pk).update(first_success_at=None)
    type(connection.administration).objects.update(references_since=None)
    later = profile.day + timedelta(days=3)
    other = purchase(connection, profile, [("77.00", "21", None)], number=first.number, date=later)
    bridge.sync(connection)
    assert posting(first).state in ("blocked", "unclear")
    assert posting(first).issue.code.startswith("NUM-")
    # The same number of another supplier is another document.
    assert posting(other).state == "posted"


@pytest.mark.usefixtures("booked_by_us")
def test_a_purchase_deleted_there_is_said_and_never_silently_sent_again(connection, profile, box):
    gone, stays = purchase(connection, profile), purchase(connection, profile)
    bridge.sync(connection)
    box.verb("delete_entry", reference=gone.number, kind="purchase")
    for _ in range(2):
        bridge.sync(connection)
    if posting(gone).state == "posted":
        # The tool's lists of changes do not name it: the button on the document asks for that very booking.
        services.refresh_from_tool(posting=posting(gone), user=factories.UserFactory())
    assert (posting(gone).state, posting(stays).state) == ("gone", "posted")
    assert gone.number not in purchases.numbers_there(box)
    services.send_again(posting=posting(gone), user=factories.UserFactory())
    bridge.sync(connection)
    purchases.assert_books(box, [gone, stays])


def test_the_suppliers_file_goes_along_and_a_refused_one_harms_nothing(connection, profile, box):
    capabilities = get_tool(profile.key).capabilities
    if Capability.ATTACHMENTS_AFTER_BOOKING not in capabilities:
        pytest.skip("this tool takes no files beside a booking")
    document = purchase(connection, profile)
    bridge.sync(connection)
    assert (posting(document).attached_at is not None, posting(document).notes) == (True, [])
    refused = purchase(connection, profile)
    PurchaseFile.objects.filter(document=refused).update(
        content=b"x" * (get_tool(profile.key).limits.attachment_bytes + 1)
    )
    bridge.sync(connection)
    assert posting(refused).state == "posted"
    assert [note["code"] for note in posting(refused).notes] == ["SYS-708"]


@pytest.mark.usefixtures("booked_by_us")
def test_a_purchase_refused_after_it_was_planned_stays_out(connection, profile, box):
    document = purchase(connection, profile)
    link = connection.vat_links.get(direction="purchase", rate__code="21")
    link.delete()
    bridge.sync(connection)
    assert posting(document).reason_code == "APP-102"
    document.review = ReviewState.REFUSED
    document.save()
    link.pk = None
    link.save()
    services.retry(posting=posting(document), user=factories.UserFactory())
    bridge.sync(connection)
    assert (posting(document).state, posting(document).reason_code) == ("blocked", "APP-214")
    assert document.number not in purchases.numbers_there(box)


@pytest.mark.usefixtures("booked_by_us")
def test_a_purchase_in_dollars_waits_for_its_rate_and_then_goes_with_it(connection, profile, box):
    held, goes = purchase(connection, profile, currency="USD"), purchase(connection, profile, currency="USD")
    PurchaseDocument.objects.filter(pk=goes.pk).update(exchange_rate="0.92128545", rate_from="vat")
    bridge.sync(connection)
    assert (posting(held).state, posting(held).reason_code) == ("blocked", "APP-210")
    assert posting(held).reason_params["missing"] == "rate-of-purchase"
    expenses.mend(document=held, lines={}, rate=Decimal("0.93"), by=None)
    bridge.sync(connection)
    purchases.assert_books(box, [held, goes])
    rates = {row["reference"]: Decimal(str(row["rate"])) for row in purchases.entries(box).values() if row.get("rate")}
    if profile.key != "twinfield":  # which takes the rates of its own tables
        assert (rates[held.number], rates[goes.number]) == (Decimal("0.93"), Decimal("0.92128545"))


@pytest.mark.usefixtures("booked_by_us")
def test_an_approval_taken_back_stays_out_and_goes_once_it_is_approved_again(connection, profile, box):
    document, odd = purchase(connection, profile), purchase(connection, profile)
    odd.lines.update(vat_rate=None)
    link = connection.vat_links.get(direction="purchase", rate__code="21")
    link.delete()
    bridge.sync(connection)
    assert {posting(d).reason_code for d in (document, odd)} == {"APP-102"}
    assert posting(odd).reason_params["missing"] == "on-line"
    link.pk = None
    link.save()
    expenses.reopen(document=document, by=None, reason="Wrong account")
    line = odd.lines.get()
    rate = factories.vat_rate("21", profile.country).rate
    choice = expenses.LineChoice(account=line.ledger_account, vat_rate=rate)
    expenses.mend(document=odd, lines={line.pk: choice}, by=None)
    bridge.sync(connection)
    purchases.assert_books(box, [odd])
    assert document.number not in purchases.numbers_there(box)
    assert (posting(document).state, posting(document).reason_code) == ("blocked", "APP-214")
    with pytest.raises(NotPossible):
        expenses.reopen(document=odd, by=None, reason="Too late")
    expenses.approve(document=document, by=None, ticks=expenses.Ticks(not_a_duplicate=True))
    bridge.sync(connection)
    purchases.assert_books(box, [document, odd])


@pytest.mark.parametrize("profile", PROFILES[:1], indirect=True, ids=str)
def test_a_person_and_a_sync_at_once_never_send_what_was_taken_back(connection, profile, box, monkeypatch):
    """Whoever commits first wins: the claim, which locks the document, or the person, whom the claim then sees."""
    late, early = purchase(connection, profile), purchase(connection, profile)
    claim, refused = claims.mark_sending, []

    def between(batch, lease):
        """The booking is built; the person takes the approval back before it is claimed, or just after."""
        if batch[0][0].purchase_document_id == early.pk:
            expenses.reopen(document=early, by=None, reason="Wrong account")
        claimed = claim(batch, lease)
        if batch[0][0].purchase_document_id == late.pk:
            with pytest.raises(NotPossible) as told:
                expenses.reopen(document=late, by=None, reason="Wrong account")
            refused.append(str(told.value))
        return claimed

    monkeypatch.setattr(claims, "mark_sending", between)
    bridge.sync(connection)
    monkeypatch.undo()
    assert len(refused) == 1
    assert early.number not in purchases.numbers_there(box)
    purchases.assert_books(box, [late])
    bridge.sync(connection)
    assert (posting(early).state, posting(early).reason_code) == ("blocked", "APP-214")
    purchases.assert_books(box, [late])


@pytest.mark.usefixtures("taken_as_files")
def test_a_filed_purchase_is_followed_from_its_booking_there_to_its_payment(connection, profile, box):
    """Whoever keeps the books there books the file; its debt is known by the key of the upload."""
    document, untouched = purchase(connection, profile), purchase(connection, profile)
    bridge.sync(connection)
    bridge.sync(connection)
    document.refresh_from_db()
    # Not booked there yet: it is in no list of debts, and that says nothing.
    assert (document.payment_state, posting(document).issue) == ("unknown", None)
    box.verb(
        "book_upload",
        document=posting(document).external_id,
        contact="K101",
        reference=document.number,
        date=document.date.isoformat(),
        lines=[["613310", "1:21.00", "100.00", "21.00"]],
    )
    bridge.sync(connection)
    box.pay(document.number, "21.00", kind="purchase")
    bridge.sync(connection)
    document.refresh_from_db()
    assert (document.payment_state, document.paid_amount) == ("partly_paid", 21)
    box.pay(document.number, kind="purchase")
    bridge.sync(connection)
    document.refresh_from_db()
    # Seen open once and gone from the list: paid.
    assert (document.payment_state, document.paid_amount, posting(document).issue) == ("paid", document.total, None)
    untouched.refresh_from_db()
    assert (untouched.payment_state, posting(untouched).issue) == ("unknown", None)


@pytest.mark.parametrize("profile", PROFILES[:1], indirect=True, ids=str)
def test_numbers_that_are_shown_before_something_is_done_count_purchases(connection, profile, box):
    sold = factories.booked_invoice(entity=connection.entity, day=profile.day)
    bought = purchase(connection, profile)
    credited = purchase(connection, profile, supplier=bought.supplier, kind=PurchaseKind.CREDIT_NOTE)
    refused = purchase(connection, profile, review=ReviewState.REFUSED)
    ids = [bought.supplier_id, sold.party_id]
    found = list(services.preview_parties(connection=connection, party_ids=ids, suppliers=True))
    assert {row.party.pk: row.action for row in found}[bought.supplier_id] == "create"
    later = services.consequences_of(connection, {"start_date": profile.day + timedelta(days=1)})
    assert (later.leaving.count, later.leaving.expenses) == (3, 2)
    assert later.leaving.sums == (("EUR", sold.total),)
    assert later.leaving.expense_sums == (("EUR", 0),)
    bridge.sync(connection)
    assert list(services.preview_parties(connection=connection, party_ids=[bought.supplier_id], suppliers=True)) == []
    moved = services.consequences_of(connection, {"journals": {"purchase_invoice": None}})
    assert [(row.kind, row.posted) for row in moved.journals] == [("purchase_invoice", 1)]
    affected = services.linked_since(connection, profile.day)
    assert (affected.count, affected.expenses) == (3, 2)
    # As many as were told lose their link.
    _, released = services.deactivate(connection=connection, user=factories.UserFactory(), unlink_from=profile.day)
    assert released == affected.count
    assert {posting(d).state for d in (bought, credited)} == {"waiting"}
    assert not Posting.objects.filter(purchase_document=refused).exists()


@pytest.mark.parametrize("profile", PROFILES[:1], indirect=True, ids=str)
def test_what_comes_to_nothing_is_done_by_itself(connection, profile, box):
    nothing = purchase(connection, profile, [("10.00", "21", None), ("-10.00", "21", None)])
    assert nothing.total == 0
    bridge.sync(connection)
    row = posting(nothing)
    assert (row.state, row.issue) == ("excluded", None)
    assert posting_reason(row).sentence == "Excluded by itself: its total is zero, so there is nothing to book."
    assert nothing.number not in purchases.numbers_there(box)


@pytest.mark.parametrize("profile", PROFILES[:1], indirect=True, ids=str)
def test_a_total_that_a_supplier_got_wrong_is_the_suppliers_to_correct(connection, profile, box):
    wrong = purchase(connection, profile)
    PurchaseDocument.objects.filter(pk=wrong.pk).update(total=wrong.total + 1)
    bridge.sync(connection)
    row = posting(wrong)
    assert (row.state, row.reason_code) == ("blocked", "APP-209")
    advice = posting_reason(row).advice
    assert advice.startswith("Take the approval back, refuse it and ask the supplier for a corrected one;")
    assert "whoever runs this program" not in advice


def mailed(document: PurchaseDocument, state: str, error: str = "") -> None:
    PurchaseMailing.objects.create(document=document, address="boekhouding@linde.example", state=state, error=error)


def test_what_went_by_e_mail_is_asked_about_before_it_is_booked_as_well(connection, profile, box):
    sent, lost, failed = (purchase(connection, profile) for _ in range(3))
    mailed(sent, "confirmed")
    mailed(lost, "failed", MAILING_LOST)  # its worker died: nobody knows whether it left
    mailed(failed, "failed", "SMTPRecipientsRefused")
    for _ in range(2):
        bridge.sync(connection)
    assert [(posting(d).state, posting(d).reason_code) for d in (sent, lost, failed)] == [
        ("blocked", "APP-223"), ("blocked", "APP-223"), ("posted", ""),
    ]  # fmt: skip
    assert {sent.number, lost.number} & set(purchases.numbers_there(box)) == set()
    # Nobody booked the e-mail: a person sends it.
    services.retry(posting=posting(sent), user=factories.UserFactory())
    for _ in range(2):
        bridge.sync(connection)
    assert (posting(sent).state, posting(lost).state) == ("posted", "blocked")
    assert purchases.numbers_there(box).count(sent.number) == 1


def test_what_is_mailed_between_plan_and_claim_is_not_booked_from_the_old_plan(connection, profile, box, monkeypatch):
    entity = connection.entity
    entity.bookkeeping_email = entity.confirmed_bookkeeping_email = "boekhouding@linde.example"
    entity.save()
    document = purchase(connection, profile)
    claim = claims.mark_sending

    def mail_first(batch, lease):
        monkeypatch.setattr(mailing, "handled_by_connection", lambda document: False)
        if not document.mailings.exists():
            mailing.send_to_bookkeeping(document=document, by=None)
        return claim(batch, lease)

    monkeypatch.setattr(claims, "mark_sending", mail_first)
    for _ in range(2):
        bridge.sync(connection)
    assert document.mailings.count() == 1
    assert (posting(document).state, posting(document).reason_code) == ("blocked", "APP-223")
    assert document.number not in purchases.numbers_there(box)


@pytest.mark.usefixtures("booked_by_us")
def test_another_countrys_vat_becomes_cost_and_is_deducted_nowhere(connection, profile, box):
    document = purchase(connection, profile, supplier_snapshot={"vat_number": "FR40303265045"})
    bridge.sync(connection)
    assert (posting(document).state, posting(document).reason_code) == ("blocked", "APP-102")
    assert posting(document).reason_params["country"] == "FR"
    assert document.number not in purchases.numbers_there(box)
    rate = VatRate.objects.create(country=profile.country, code="NONE", name="None", category="O")
    VatRateVersion.objects.create(rate=rate, percentage=0, valid_from="2020-01-01")
    nought = connection.vat_links.get(direction="purchase", rate__code="0").vat_code
    connection.vat_links.create(direction="purchase", rate=rate, vat_code=nought)
    document.lines.update(vat_rate=rate, ledger_account=purchases._account(connection, profile.cost_accounts[0]))
    bridge.sync(connection)
    entry = purchases.entries(box)[posting(document).external_id]
    total, amounts = world.booked(entry)
    assert (abs(total), {code: tuple(map(abs, sums)) for code, sums in amounts.items()}) == (
        document.total, {profile.purchase_vat_codes["0"]: (document.total, 0)},
    )  # fmt: skip
