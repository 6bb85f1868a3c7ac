"""Numbers stay gap-free and single with several bookers at once, some of whom fail after taking one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from invoicing import services
from invoicing.models import FiscalYear, SalesDocument, SalesKind, SalesLine
from invoicing.services import BookingRefused
from tests import factories as f

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
BOOKERS = 4


def at_once(*jobs):
    """Run the jobs in threads of their own, with connections of their own, released together."""
    gate = threading.Barrier(len(jobs))

    def run(job):
        try:
            gate.wait(timeout=30)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(run, job) for job in jobs]
        return [future.result(timeout=120) for future in futures]


class ChangedMyMind(Exception):
    pass


def test_several_bookers_share_one_row_of_numbers():
    entity = f.EntityFactory()
    drafts = [
        [f.draft_invoice(entity=entity, kind=kind) for kind in (SalesKind.INVOICE, SalesKind.CREDIT_NOTE) * 6]
        for _ in range(BOOKERS)
    ]

    def booker(own):
        return lambda: [services.book(document=document, by=None).number for document in own]

    numbers = [number for given in at_once(*(booker(own) for own in drafts)) for number in given]
    expected = [f"2026/{n:04d}" for n in range(1, 25)] + [f"C2026/{n:04d}" for n in range(1, 25)]
    assert sorted(numbers) == expected
    year = entity.fiscal_years.get(label="2026")
    assert (year.next_invoice_number, year.next_credit_note_number) == (25, 25)
    stored = SalesDocument.objects.booked().filter(kind=SalesKind.INVOICE)
    assert sorted(stored.values_list("sequence", flat=True)) == list(range(1, 25))


def test_who_fails_after_taking_a_number_leaves_no_gap():
    entity = f.EntityFactory()
    drafts = [[f.draft_invoice(entity=entity) for _ in range(8)] for _ in range(BOOKERS)]
    # A user that does not exist: the log entry breaks the commit, long after the number was taken.
    ghost = User(pk=10**9, username="ghost")

    def steady(own):
        for document in own:
            services.book(document=document, by=None)

    def fickle(own):
        for place, document in enumerate(own):
            try:
                with transaction.atomic():
                    services.book(document=document, by=None)
                    if place % 2:
                        raise ChangedMyMind
            except ChangedMyMind:
                pass

    def broken(own):
        for document in own:
            with pytest.raises(IntegrityError):
                services.book(document=document, by=ghost)

    at_once(lambda: steady(drafts[0]), lambda: fickle(drafts[1]), lambda: broken(drafts[2]), lambda: steady(drafts[3]))
    booked = SalesDocument.objects.booked()
    assert sorted(booked.values_list("number", flat=True)) == [f"2026/{n:04d}" for n in range(1, 21)]
    assert not get_user_model().objects.filter(pk=ghost.pk).exists()
    # What failed is an untouched draft, and the next number follows.
    assert SalesDocument.objects.drafts().filter(number="", sequence=None, booked_at=None).count() == 12
    assert services.book(document=drafts[2][0], by=None).number == "2026/0021"


def test_one_document_booked_by_all_at_once_gets_one_number():
    draft = f.draft_invoice()

    def book():
        try:
            return services.book(document=SalesDocument.objects.get(pk=draft.pk), by=None).number
        except BookingRefused as refused:
            return refused.problems[0].code

    assert sorted(at_once(*[book] * BOOKERS)) == ["2026/0001", *["already-booked"] * (BOOKERS - 1)]
    assert FiscalYear.objects.get(entity=draft.entity, label="2026").next_invoice_number == 2


def test_two_credit_notes_at_once_credit_no_more_than_was_invoiced():
    invoice = f.booked_invoice()
    drafts = [services.credit_invoice(invoice=invoice, by=None, day=date(2026, 3, 20)) for _ in range(2)]

    def booker(document):
        def book():
            try:
                return services.book(document=document, by=None).number
            except BookingRefused as refused:
                return refused.problems[0].code

        return book

    assert sorted(at_once(*(booker(document) for document in drafts))) == ["C2026/0001", "credited-too-much"]


@pytest.mark.postgres
def test_a_line_written_while_the_document_is_booked_waits_and_is_refused():
    draft = f.draft_invoice()
    total = draft.total
    is_booking, may_commit = threading.Event(), threading.Event()

    def book():
        with transaction.atomic():
            services.book(document=SalesDocument.objects.get(pk=draft.pk), by=None)
            is_booking.set()
            assert may_commit.wait(timeout=30)

    def add_line():
        assert is_booking.wait(timeout=30)
        # It still sees a draft; the database lets it wait for the booker.
        line = SalesLine(
            document_id=draft.pk, description="Late", unit_price=1000, vat_rate=f.vat_rate("21"), position=9
        )
        threading.Timer(0.5, may_commit.set).start()
        with pytest.raises(IntegrityError, match="a booked document is final"):
            line.save()
        return may_commit.is_set()

    assert at_once(book, add_line) == [None, True]
    stored = SalesDocument.objects.get(pk=draft.pk)
    assert (stored.number, stored.total, stored.lines.count()) == ("2026/0001", total, 1)
