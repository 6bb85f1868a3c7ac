"""What the plan holds back: every problem with its code, its issue, and its disappearance after the fix."""

from datetime import date
from decimal import Decimal

import pytest

from crm.models import Party
from integrations import services
from integrations.models import (
    BookedReference,
    Connection,
    Issue,
    Posting,
    SyncRun,
    VatCode,
    VatLink,
)
from integrations.registry import get_tool
from integrations.sync import engine, selection
from integrations.sync.books import load_books
from integrations.sync.planning import plan_document
from invoicing.models import SalesDocument
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def touch(box, table, code, **values):
    box.call("touch", {"table": table, "code": code, "division": int(bridge.DIVISION), "values": values})


def close_period(box, closed=True, **fields):
    box.call("close_period", {"division": int(bridge.DIVISION), "year": 2026, "period": 3, "closed": closed, **fields})


def own_account(connection, code):
    return factories.LedgerAccountFactory(entity=connection.entity, code=code)


def link_vat(connection, code):
    rate = factories.vat_rate("21").rate_id
    services.link_vat(connection=connection, direction="sales", links={rate: code}, user=None)


class Case:
    """Breaks something for one document, and repairs it."""

    code = ""
    fields: dict = {}

    def __init__(self, box, connection):
        self.box, self.connection = box, connection

    def document_fields(self):
        return self.fields

    def damage(self, document):
        pass

    def repair(self, document):
        pass


class UnlinkedVat(Case):
    code = "APP-102"

    def damage(self, document):
        link_vat(self.connection, None)

    def repair(self, document):
        link_vat(self.connection, "4")


class VatCodeGone(Case):
    code = "APP-103"

    def damage(self, document):
        touch(self.box, "vatcodes", "4", IsBlocked=True)

    def repair(self, document):
        touch(self.box, "vatcodes", "4", IsBlocked=False)


class NoAccount(Case):
    code = "APP-104"

    def damage(self, document):
        rate = factories.vat_rate("21").rate_id
        services.link_ledger(connection=self.connection, direction="sales", links={rate: None}, user=None)

    def repair(self, document):
        services.save_settings(connection=self.connection, user=None, default_ledger_account="700100")


class UnknownAccount(Case):
    code = "APP-105"

    def document_fields(self):
        return {"lines": [factories.line(account=own_account(self.connection, "799999"))]}

    def repair(self, document):
        touch(self.box, "glaccounts", "700800", Code="799999")


class NoDiscountAccount(Case):
    code = "APP-106"
    fields = {"discounts": ("10",)}

    def damage(self, document):
        services.save_settings(connection=self.connection, user=None, discount_account=None)

    def repair(self, document):
        services.save_settings(connection=self.connection, user=None, discount_account="708000")


class NoJournal(Case):
    code = "APP-107"

    def damage(self, document):
        services.save_settings(connection=self.connection, user=None, journals={"invoice": None})

    def repair(self, document):
        services.save_settings(connection=self.connection, user=None, journals={"invoice": "70"})


class SameJournal(Case):
    code = "APP-107"

    def damage(self, document):
        services.save_settings(connection=self.connection, user=None, journals={"credit_note": "70"})

    def repair(self, document):
        services.save_settings(connection=self.connection, user=None, journals={"credit_note": "71"})


class WrongJournal(Case):
    code = "APP-108"

    def damage(self, document):
        touch(self.box, "journals", "70", Type=22)

    def repair(self, document):
        touch(self.box, "journals", "70", Type=20)


class NoTerm(Case):
    code = "APP-109"

    def document_fields(self):
        return {"payment_term": factories.PaymentTermFactory(code="21D", name="21 days", days=21)}

    def damage(self, document):
        services.save_settings(connection=self.connection, user=None, default_payment_term=None)

    def repair(self, document):
        services.save_settings(connection=self.connection, user=None, default_payment_term="30")


class InclusiveCode(Case):
    code = "APP-119"

    def damage(self, document):
        VatLink.objects.filter(rate=factories.vat_rate("21").rate_id).update(vat_code=VatCode.objects.get(code="3"))

    def repair(self, document):
        link_vat(self.connection, "4")


class BadVatNumber(Case):
    code = "APP-201"

    def damage(self, document):
        Party.objects.filter(pk=document.party_id).update(vat_number="BE0123456789")

    def repair(self, document):
        Party.objects.filter(pk=document.party_id).update(vat_number=factories.vat_number_be(77))


class NoCountry(Case):
    code = "APP-203"

    def damage(self, document):
        Party.objects.filter(pk=document.party_id).update(country="")

    def repair(self, document):
        Party.objects.filter(pk=document.party_id).update(country="BE")


class PeriodClosed(Case):
    code = "PER-502"

    def damage(self, document):
        close_period(self.box)

    def repair(self, document):
        close_period(self.box, closed=False)


class PeriodClosedForOurJournal(Case):
    code = "PER-502"

    def damage(self, document):
        close_period(self.box, journals=["70"])

    def repair(self, document):
        close_period(self.box, closed=False, journals=["70"])


class AccountBlocked(Case):
    code = "LED-603"

    def document_fields(self):
        return {"lines": [factories.line(account=own_account(self.connection, "700200"))]}

    def damage(self, document):
        touch(self.box, "glaccounts", "700200", IsBlocked=True)

    def repair(self, document):
        touch(self.box, "glaccounts", "700200", IsBlocked=False)


CASES = Case.__subclasses__()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_invariant_2_a_problem_is_told_counted_and_gone_after_the_fix(box, connection, case):
    trouble = case(box, connection)
    document = factories.booked_invoice(entity=connection.entity, **trouble.document_fields())
    other = factories.booked_invoice(
        entity=connection.entity, lines=[factories.line("10", code="6")], kind="credit_note"
    )
    trouble.damage(document)
    since = box.last_request()

    run = bridge.sync(connection)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code, run.state) == ("blocked", case.code, "with_issues")
    assert (posting.issue.code, posting.issue.resolved_at) == (case.code, None)
    assert posting.issue.count == posting.issue.postings.count()
    assert not [r for r in box.requests(since) if r["method"] == "POST" and f'"{document.number}"' in r["body"]]
    # What concerns the other document as well holds it up as well, and nothing else does.
    assert bridge.posting(other).state == ("blocked" if case in (SameJournal, NoTerm, PeriodClosed) else "posted")

    trouble.repair(document)
    run = bridge.sync(connection)
    assert (bridge.posting(document).state, run.state) == ("posted", "succeeded"), bridge.posting(document).reason_code
    assert not Issue.objects.open().exists()
    assert {document.number, other.number} <= box.entries().keys()


def test_a_missing_fiscal_year_names_the_year(box, connection):
    factories.FiscalYearFactory(entity=connection.entity, year=2029)
    document = factories.booked_invoice(entity=connection.entity, day=date(2029, 1, 5))

    bridge.sync(connection)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("blocked", "PER-503")
    assert posting.reason_params == {"year": "2029", "date": "2029-01-05"}


def test_totals_that_disagree_with_their_lines_are_not_sent(connection):
    """The database refuses such a change to a booked document; should it ever happen, the plan sees it."""
    document = factories.booked_invoice(entity=connection.entity)
    (loaded,) = selection.loaded(SalesDocument.objects.filter(pk=document.pk))
    (total,) = loaded.vat_totals.all()
    total.vat = Decimal("20.99")
    planned = plan_document(loaded, load_books(connection, get_tool("exact")), key="k", reference=document.number)
    assert (planned.document, planned.problem.code) == (None, "APP-209")
    assert planned.problem.params == {"difference": "0.01", "ours": "121.00", "sum": "120.99"}


@pytest.mark.parametrize(("currency", "rate"), [("USD", "1"), ("SEK", "0.09")])
def test_a_currency_without_rate_or_unknown_over_there(box, connection, currency, rate):
    document = factories.booked_invoice(entity=connection.entity, currency=currency, exchange_rate=Decimal(rate))
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code, posting.reason_params["currency"]) == ("blocked", "APP-210", currency)
    assert document.number not in box.entries()


@pytest.mark.parametrize("lines", [("0",), ("10", "-10")])
def test_nothing_to_book(box, connection, lines):
    document = factories.booked_invoice(entity=connection.entity, lines=[factories.line(p) for p in lines])
    bridge.sync(connection)
    assert (bridge.posting(document).state, bridge.posting(document).reason_code) == ("blocked", "APP-208")


def test_one_cause_is_one_issue_with_the_number_it_holds_up(box, connection):
    party = factories.PartyFactory()
    documents = [factories.booked_invoice(entity=connection.entity, party=party) for _ in range(4)]
    close_period(box)
    bridge.sync(connection)
    bridge.sync(connection)

    (issue,) = Issue.objects.open()
    assert (issue.code, issue.count) == ("PER-502", 4)
    services.exclude(posting=bridge.posting(documents[0]), reason="Booked on paper", user=None)
    issue.refresh_from_db()
    assert (issue.count, issue.resolved_at) == (3, None)


# --- what stands there already ------------------------------------------------------------------------------------


def by_hand(box, document, total="121.00", **fields):
    """The accountant booked it before we came."""
    net = Decimal(total) / Decimal("1.21")
    entry = {
        "kind": "invoice",
        "journal": "70",
        "relation": "Bakkerij Zonnekorrel",
        "date": document.date.isoformat(),
        "due_date": document.date.isoformat(),
        "reference": document.number,
        "lines": [{"account": "700000", "vat_code": "4", "net": f"{net:.2f}", "vat": f"{Decimal(total) - net:.2f}"}],
        **fields,
    }
    box.call("seed", {"division": int(bridge.DIVISION), "entries": [entry]})


@pytest.mark.both_databases
def test_invariant_1_what_stands_there_by_hand_is_a_question_and_never_booked_again(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    other = factories.booked_invoice(entity=connection.entity)
    by_hand(box, document)
    before = box.entries()[document.number]

    run = bridge.sync(connection)
    bridge.sync(connection)

    posting = bridge.posting(document)
    assert (run.state, posting.state, posting.reason_code) == ("with_issues", "blocked", "NUM-520")
    assert posting.reason_params["external_id"] == before["entry_id"]
    assert (box.entries()[document.number], bridge.posting(other).state) == (before, "posted")

    services.link_to_existing(posting=posting, external_id=before["entry_id"], user=None)
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert (posting.state, posting.external_id) == ("posted", before["entry_id"])
    assert box.entries()[document.number] == before
    assert not Issue.objects.open().exists()


def test_a_linked_booking_of_another_amount_differs(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    by_hand(box, document, total="121.10")
    bridge.sync(connection)
    posting = bridge.posting(document)
    services.link_to_existing(posting=posting, external_id=posting.reason_params["external_id"], user=None)
    posting = bridge.posting(document)
    assert (posting.state, posting.reason_params["difference"]) == ("differs", "0.10")
    bridge.sync(connection)
    assert box.entries()[document.number]["total"] == "121.10"
    assert bridge.posting(document).state == "differs"


def test_a_booking_that_was_deleted_meanwhile_is_not_linked(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    by_hand(box, document)
    bridge.sync(connection)
    posting = bridge.posting(document)
    box.call("delete_entry", {"reference": document.number, "division": int(bridge.DIVISION)})

    with pytest.raises(services.PostingError):
        services.link_to_existing(posting=posting, external_id=posting.reason_params["external_id"], user=None)

    assert bridge.posting(document).state == "blocked"
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert bridge.assert_same_books(box, connection) == 1


def test_another_document_under_our_number_two_of_them(box, connection):
    box.switch(entry_id_from_caller=False)
    document = factories.booked_invoice(entity=connection.entity)
    by_hand(box, document, total="50.00")
    by_hand(box, document, total="60.00", reference=f" {document.number.lower()}")
    bridge.sync(connection)
    for _ in range(2):
        posting = bridge.posting(document)
        assert posting.reason_code == "NUM-520"
        services.not_the_same(posting=posting, external_id=posting.reason_params["external_id"], user=None)
        bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    totals = [e["total"] for e in all_entries(box) if e["reference"].strip() == document.number]
    assert sorted(totals) == ["121.00", "50.00", "60.00"]


def all_entries(box):
    books = box.call(f"books/exact?division={bridge.DIVISION}&parts=entries", method="GET")["divisions"][0]
    return [e for e in books["entries"] if e["reference"]]


def test_the_comparison_of_a_person_survives_a_refusal(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    by_hand(box, document, total="50.00")
    bridge.sync(connection)
    posting = bridge.posting(document)
    services.not_the_same(posting=posting, external_id=posting.reason_params["external_id"], user=None)
    box.fault("status", method="POST", path="SalesEntries", status=400,
              body={"error": {"code": "", "message": {"value": "Ongeldig: iets"}}})  # fmt: skip
    bridge.sync(connection)
    assert bridge.posting(document).state == "refused"
    services.retry(posting=bridge.posting(document), user=None)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"


def test_a_start_date_moved_back_reads_the_books_again(box, connection):
    recent = factories.booked_invoice(entity=connection.entity, day=date(2026, 3, 20))
    bridge.sync(connection)
    # A second start date further back: January is open again, and the accountant booked it by hand.
    services.save_settings(connection=connection, user=None, start_date=date(2026, 3, 1))
    bridge.sync(connection)
    early = factories.booked_invoice(entity=connection.entity, day=date(2025, 12, 5))
    by_hand(box, early)
    services.save_settings(connection=connection, user=None, start_date=date(2025, 12, 1))

    bridge.sync(connection)

    assert (bridge.posting(early).state, bridge.posting(early).reason_code) == ("blocked", "NUM-520")
    assert bridge.posting(recent).state == "posted"


def test_a_start_date_moved_on_holds_back_what_waits(box, connection):
    document = factories.booked_invoice(entity=connection.entity, day=date(2026, 3, 3))
    close_period(box)
    bridge.sync(connection)
    assert bridge.posting(document).reason_code == "PER-502"
    close_period(box, closed=False)
    services.save_settings(connection=connection, user=None, start_date=date(2026, 4, 1))
    services.retry(posting=bridge.posting(document), user=None)

    bridge.sync(connection)

    assert (bridge.posting(document).state, bridge.posting(document).reason_code) == ("blocked", "APP-114")
    assert document.number not in box.entries()
    assert not Issue.objects.open().exists()
    services.save_settings(connection=connection, user=None, start_date=date(2026, 3, 1))
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"


def test_two_entities_with_the_same_numbers_in_one_administration(box, connection):
    mine = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    second = bridge.connect(box)
    theirs = factories.booked_invoice(entity=second.entity)
    assert mine.number == theirs.number

    run = bridge.sync(second)

    posting = bridge.posting(theirs)
    assert (run.state, posting.state, posting.reason_code) == ("with_issues", "blocked", "APP-112")
    assert posting.reason_params["other"] == connection.entity.name
    assert posting.issue.count == 1
    bridge.sync(second)
    assert (bridge.posting(theirs).reason_code, bridge.posting(mine).state) == ("APP-112", "posted")
    assert box.entries()[mine.number]["entry_id"] == bridge.posting(mine).external_id


def test_a_second_entity_reads_what_stands_there_before_its_own_first_send(box, connection):
    bridge.sync(connection)  # the first entity has read the books long ago
    second = bridge.connect(box)
    second.entity.fiscal_years.filter(label="2026").update(invoice_prefix="Z")
    document = factories.booked_invoice(entity=second.entity)
    by_hand(box, document)

    bridge.sync(second)

    assert (bridge.posting(document).state, bridge.posting(document).reason_code) == ("blocked", "NUM-520")


def test_reactivation_sends_nothing_twice_and_sees_what_was_booked_meanwhile(box, connection):
    sent = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    services.deactivate(connection=connection, user=None)
    late = factories.booked_invoice(entity=connection.entity)
    by_hand(box, late)
    connection = services.reactivate(connection=connection, user=None)
    since = box.last_request()

    bridge.sync(connection)

    assert bridge.posting(sent).state == "posted"
    assert bridge.posting(late).reason_code == "NUM-520"
    assert [r for r in box.requests(since) if r["method"] == "POST" and "SalesEntries" in r["path"]] == []


@pytest.mark.both_databases
def test_a_second_administration_gets_only_what_the_first_does_not_have(box, connection):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(2)]
    bridge.sync(connection)
    services.deactivate(connection=connection, user=None)
    other = bridge.connect(box, connection.entity, division="3120452")
    fresh = factories.booked_invoice(entity=connection.entity)

    bridge.sync(other)

    states = {p.sales_document_id: (p.state, p.reason_params) for p in Posting.objects.filter(connection=other)}
    name = Connection.objects.get(pk=connection.pk).administration.name
    assert [states[d.pk] for d in documents] == [("excluded", {"already_in": name})] * 2
    assert states[fresh.pk][0] == "posted"
    assert set(box.entries("3120452")) & {d.number for d in [*documents, fresh]} == {fresh.number}
    # Taking the exclusion back does not make a second booking.
    posting = Posting.objects.get(connection=other, sales_document=documents[0])
    with pytest.raises(services.PostingError, match=f"stands in the books of {name}"):
        services.include(posting=posting, user=None)
    bridge.sync(other)
    assert documents[0].number not in box.entries("3120452")


# --- decisions during a run ---------------------------------------------------------------------------------------


def test_a_retry_in_the_middle_of_a_run_does_not_slip_past_the_plan(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    by_hand(box, document)
    bridge.sync(connection)
    run = services.start_sync(connection)
    # The plan is over and the sales step begins: now the person clicks.
    type(run).objects.filter(pk=run.pk).update(step="sales", cursor={"references_read": True})
    services.retry(posting=bridge.posting(document), user=None)
    assert bridge.posting(document).state == "waiting"

    engine.advance(run.pk, run.slice_number)

    assert (bridge.posting(document).state, bridge.posting(document).reason_code) == ("blocked", "NUM-520")
    assert len([e for e in all_entries(box) if e["reference"] == document.number]) == 1


def test_excluded_stays_out_until_included(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    close_period(box)
    bridge.sync(connection)
    services.exclude(posting=bridge.posting(document), reason="On paper", user=None)
    close_period(box, closed=False)
    bridge.sync(connection)
    assert (bridge.posting(document).state, bridge.posting(document).reason_params) == (
        "excluded", {"reason": "On paper"}
    )  # fmt: skip
    assert document.number not in box.entries()
    services.include(posting=bridge.posting(document), user=None)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"


def test_nothing_can_be_decided_about_what_may_be_there(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    posting = bridge.posting(document)
    for state in ("sending", "unclear", "posted"):
        Posting.objects.filter(pk=posting.pk).update(state=state)
        posting.refresh_from_db()
        with pytest.raises(services.PostingError):
            services.exclude(posting=posting, reason="no", user=None)
        with pytest.raises(services.PostingError):
            services.retry(posting=posting, user=None)
        assert bridge.posting(document).state == state


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cure", ["payload", "catalogue", "party", "retry", "nothing"])
def test_a_refusal_is_offered_again_only_after_a_change(box, connection, cure):
    document = factories.booked_invoice(entity=connection.entity)
    text = "Ongeldig: iets wat wij niet weten"
    box.fault("status", method="POST", path="SalesEntries", status=400,
              body={"error": {"code": "", "message": {"lang": "", "value": text}}})  # fmt: skip
    run = bridge.sync(connection)
    posting = bridge.posting(document)
    assert (run.state, posting.state, posting.reason_code) == ("with_issues", "refused", "ALL-999")
    assert posting.vendor_text == posting.issue.vendor_text == text
    since = box.last_request()
    bridge.sync(connection)
    assert [r for r in box.requests(since) if r["method"] == "POST" and "SalesEntries" in r["path"]] == []
    assert bridge.posting(document).state == "refused"

    if cure == "payload":
        rate = factories.vat_rate("21").rate_id
        services.link_ledger(connection=connection, direction="sales", links={rate: "700100"}, user=None)
    elif cure == "catalogue":
        touch(box, "glaccounts", "700300", Description="Renamed by the accountant")
    elif cure == "party":
        document.party.email = "new@example.com"
        document.party.save()
    elif cure == "retry":
        services.retry(posting=bridge.posting(document), user=None)
    bridge.sync(connection)

    offered = cure != "nothing"
    assert bridge.posting(document).state == ("posted" if offered else "refused")
    assert (document.number in box.entries()) == offered
    assert Issue.objects.open().count() == (0 if offered else 1)


def test_a_change_at_the_tool_after_the_lists_were_read_is_refused_in_its_words(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    run = services.start_sync(connection)
    # The lists are as the set-up read them; then somebody closes the period, and then the entry arrives.
    SyncRun.objects.filter(pk=run.pk).update(step="plan")
    close_period(box)
    bridge.work_off(run)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("refused", "PER-502")
    assert posting.vendor_text == posting.issue.vendor_text != ""
    bridge.sync(connection)
    assert bridge.posting(document).state == "blocked"  # now the lists say so, and nobody is asked
    close_period(box, closed=False)
    bridge.sync(connection)
    assert (bridge.posting(document).state, box.entries()[document.number]["total"]) == ("posted", "121.00")


def test_the_books_that_were_read_hold_no_own_bookings_as_questions(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    type(connection.administration).objects.update(references_since=None)
    bridge.sync(connection)
    assert BookedReference.objects.filter(reference=document.number).exists()
    assert SalesDocument.objects.get(pk=document.pk).postings.get().state == "posted"
    assert not Issue.objects.open().exists()
