"""Views, filters and searches of the lists of documents, against the same asked of each row in plain Python."""

import html
import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.admin import lists
from crm import search
from integrations import standing, unplaced
from integrations.apps import check_triggers
from integrations.models import Administration, Connection, ConnectionStatus, PartyLink, Posting, PostingState, Unplaced
from invoicing.admin.columns import quarter_of
from invoicing.models import CompanyEntity, PaymentState, SalesDocument, SalesKind
from tests import factories

from .conftest import connect, post

IN_BOOKS, SETTLED = {"posted", "differs"}, {"posted", "differs", "excluded"}


def connect_again(entity: CompanyEntity, status: str) -> Connection:
    """A connection of the same entity with a second administration."""
    administration = Administration.objects.create(tool="exact", external_id=f"B{entity.pk}", name="Other books")
    return Connection.objects.create(entity=entity, tool="exact", administration=administration, status=status)


@pytest.fixture
def archive(db, monkeypatch) -> list[SalesDocument]:
    """Some hundred documents of four entities, in every state and on both sides of every date that counts."""
    chance = random.Random(20261121)
    today = timezone.localdate()
    years = (today.year - 1, today.year)
    entities = [factories.EntityFactory(name=f"Entity {n}", years=years) for n in range(4)]
    living = [connect(entities[0]), connect(entities[1]), connect(entities[2])]
    former = connect_again(entities[0], ConnectionStatus.DEACTIVATED)
    starts = [date(years[0], 1, 1), today - timedelta(days=60), None]
    for connection, start in zip(living, starts, strict=True):
        Connection.objects.filter(pk=connection.pk).update(start_date=start)
    names = ["Bakkerij Peeters", "Garage Peeters", "Hotel Gérard", "Café 2026", "Drukkerij Maes"]
    parties = [factories.CompanyFactory(name=name) for name in names]
    for party in parties[:3]:
        for connection in (former, *living[:2]):
            if chance.random() < 0.6:
                PartyLink.objects.create(
                    administration=connection.administration, party=party, code="1", primary=chance.random() < 0.8,
                    external_id=chance.choice(["", f"guid-{party.pk}"]), role="customer",
                )  # fmt: skip
    for entity in entities:
        plans = [
            factories.Plan(
                party=chance.choice(parties), lines=[factories.line(chance.choice(["10", "2500"]))],
                day=max(today - timedelta(days=chance.randrange(0, 150)), date(years[0], 1, 1)),
                kind=chance.choice([SalesKind.INVOICE, SalesKind.INVOICE, SalesKind.CREDIT_NOTE]),
            )
            for _ in range(25)
        ]  # fmt: skip
        factories.booked_documents(entity, plans)
        factories.draft_invoice(entity=entity, party=chance.choice(parties))
    for document in SalesDocument.objects.booked():
        payment = chance.choice(PaymentState.values)
        SalesDocument.objects.filter(pk=document.pk).update(payment_state=payment)
        for connection in {entities[0].pk: (former, living[0]), entities[1].pk: (living[1],)}.get(
            document.entity_id, ()
        ):
            if chance.random() < 0.7:
                state = chance.choice([*PostingState.values, "posted", "posted"])
                post(document, connection, state, paid_here_open_there=chance.random() < 0.2)
    return list(SalesDocument.objects.select_related("party"))


class Facts:
    """What the conditions mean, read from the rows of one document."""

    def __init__(self, document: SalesDocument) -> None:
        self.document = document
        self.live = Connection.objects.filter(entity=document.entity_id).exclude(status="deactivated").first()
        self.postings = list(document.postings.all())
        self.states = {posting.state for posting in self.postings}
        start = self.live.start_date if self.live else None
        self.in_scope = document.is_booked and start is not None and start <= document.date
        self.unpaid = document.is_booked and document.payment_state != "paid"
        self.not_posted = self.in_scope and not self.states & SETTLED
        self.waiting = self.in_scope and not self.states - {"waiting"}
        here = self.live.administration_id if self.live else None
        links = PartyLink.objects.filter(party=document.party_id, administration=here, primary=True)
        self.has_number = any(link.external_id for link in links)


def of_views() -> dict[str, Callable[[Facts], bool]]:
    today = timezone.localdate()
    first, following = quarter_of(today)
    return {
        "": lambda f: True,
        "quarter": lambda f: first <= f.document.date < following,
        "drafts": lambda f: not f.document.is_booked,
        "not-posted": lambda f: f.not_posted,
        "blocked": lambda f: bool(f.states & {"blocked", "refused"}),
        "check": lambda f: bool(f.states & {"unclear", "differs", "gone"}),
        "open-long": lambda f: f.unpaid and f.document.date < today - timedelta(days=30),
        "overdue": lambda f: f.unpaid and f.document.due_date is not None and f.document.due_date < today,
        "paid-here": lambda f: any(posting.paid_here_open_there for posting in f.postings),
        "no-external-id": lambda f: f.in_scope and not f.has_number,
    }


def of_postings() -> dict[str, Callable[[Facts], bool]]:
    states = {state: lambda f, state=state: state in f.states for state in PostingState.values}
    return {**states, "not_posted": lambda f: f.not_posted, "waiting": lambda f: f.waiting}


def shown(client, query: str, kind: str = "invoice") -> list[int]:
    """The keys of all rows of a list, over all its pages, in its order."""
    name = {"invoice": "invoicing_invoice", "credit_note": "invoicing_creditnote"}[kind]
    keys: list[int] = []
    for page in range(1, 40):
        cl = client.get(reverse(f"admin:{name}_changelist") + f"?{query}&p={page}").context["cl"]
        keys += [row.pk for row in cl.result_list]
        if page >= cl.paginator.num_pages:
            return keys
    raise AssertionError("too many pages")


def expected(archive: list[SalesDocument], fits: Callable[[Facts], bool], kind: str = "invoice") -> list[int]:
    rows = [document for document in archive if document.kind == kind and fits(Facts(document))]
    return [row.pk for row in sorted(rows, key=lambda row: (row.date, row.pk), reverse=True)]


@pytest.fixture(params=["few", "many"])
def bounds(request, monkeypatch) -> str:
    """Once as it is, once with every bound so low that the plain conditions answer."""
    if request.param == "many":
        monkeypatch.setattr(standing, "NAMED_BOUND", 2)
    return request.param


def test_each_view_holds_the_rows_it_says_in_their_order(archive, bounds, sign_in):
    client = sign_in("boss")
    for view, fits in of_views().items():
        rows = expected(archive, fits)
        assert shown(client, f"view={view}") == rows, view
        assert view == "paid-here" or rows, f"nothing to see in {view}"
        if view not in ("open-long", "overdue", "paid-here"):
            assert shown(client, f"view={view}", "credit_note") == expected(archive, fits, "credit_note"), view


def test_each_chip_counts_the_rows_of_its_view(archive, bounds, sign_in):
    answer = sign_in("boss").get(reverse("admin:invoicing_invoice_changelist"))
    counts = {chip.view.key: chip.count for chip in lists.list_chips(answer.context["cl"], answer.wsgi_request)}
    # None of the archive went through Peppol; who answers counts in test_answers.py.
    nobody = {"e-invoice-asks": 0}
    assert counts == nobody | {view: len(expected(archive, fits)) for view, fits in of_views().items()}


def test_each_state_of_posting_and_payment_filters_its_rows(archive, bounds, sign_in):
    client = sign_in("boss")
    for state, fits in of_postings().items():
        assert shown(client, f"posting={state}") == expected(archive, fits), state
    for state in PaymentState.values:
        rows = expected(archive, lambda f, state=state: f.document.payment_state == state)
        assert shown(client, f"payment_state__exact={state}") == rows, state


def test_of_each_entity_the_list_holds_what_is_not_posted(archive, bounds, sign_in):
    client = sign_in("boss")
    for entity in CompanyEntity.objects.all():
        for query, fits in [
            ("view=not-posted", lambda f: f.not_posted),
            ("posting=not_posted", lambda f: f.not_posted),
            ("posting=waiting", lambda f: f.waiting),
        ]:
            rows = expected(archive, lambda f, fits=fits: fits(f) and f.document.entity_id == entity.pk)  # noqa: B023
            assert shown(client, f"{query}&entity__id__exact={entity.pk}") == rows, (entity, query)


def test_a_view_a_filter_and_a_search_hold_together(archive, bounds, sign_in):
    held = expected(archive, lambda f: f.not_posted and "Peeters" in f.document.party.name)
    entity = SalesDocument.objects.get(pk=held[0]).entity_id
    rows = expected(
        archive, lambda f: f.not_posted and f.document.entity_id == entity and "Peeters" in f.document.party.name
    )
    assert shown(sign_in("boss"), f"view=not-posted&entity__id__exact={entity}&q=peeters") == rows


@pytest.mark.parametrize("term", ["2026/0", "2025/00", "peeters", "gerard", "Café 2026", "2026", "maes", "zzz"])
def test_a_search_finds_numbers_by_their_beginning_and_customers_by_name(term, archive, sign_in):
    key = search.name_key(term)

    def fits(facts: Facts) -> bool:
        document = facts.document
        return document.number.startswith(term) or key in document.party.name_key

    assert shown(sign_in("boss"), f"q={quote_plus(term)}") == expected(archive, fits)


def test_postings_are_found_alike(archive, sign_in):
    client = sign_in("boss")

    def keys(query: str) -> list[int]:
        found: list[int] = []
        for page in range(1, 9):
            cl = client.get(reverse("admin:integrations_posting_changelist") + f"?{query}&p={page}").context["cl"]
            found += [row.pk for row in cl.result_list]
            if page >= cl.paginator.num_pages:
                break
        return found

    rows = list(Posting.objects.select_related("sales_document__party").order_by("-pk"))
    assert keys("") == [row.pk for row in rows]
    assert keys("q=peeters") == [row.pk for row in rows if "Peeters" in row.sales_document.party.name]
    some = next(row for row in rows if row.number)
    assert keys(f"q={some.reference}") == [row.pk for row in rows if row.reference.startswith(some.reference)]
    assert keys(f"q={some.number}") == [some.pk]
    assert keys(f"q={some.external_id}") == [some.pk]


def test_a_list_that_is_cut_says_so_and_keeps_its_order(archive, monkeypatch, sign_in):
    client, url = sign_in("boss"), reverse("admin:invoicing_invoice_changelist")
    rows = expected(archive, lambda f: True)
    whole = client.get(url).content.decode()
    assert "There are more than" not in whole
    monkeypatch.setattr(lists.BoundedPaginator, "bound", 60)
    answer = client.get(f"{url}?p=2")
    assert len(rows) > 60
    assert answer.context["cl"].result_count == 60
    assert [row.pk for row in answer.context["cl"].result_list] == rows[50:60]
    page = answer.content.decode()
    assert "There are more than 60 rows; these are the first ones. Search or filter to reach the others." in page
    assert "Total of these invoices" not in page
    # What is searched for is reached, however far back it lies.
    monkeypatch.setattr(lists.BoundedPaginator, "bound", 1)
    assert [row.pk for row in client.get(f"{url}?q=gerard").context["cl"].result_list] == expected(
        archive, lambda f: f.document.party.name == "Hotel Gérard"
    )[:1]


def test_a_search_that_fits_too_many_customers_says_so(archive, monkeypatch, sign_in):
    client, url = sign_in("boss"), reverse("admin:invoicing_invoice_changelist")
    words = "customers fit “peeters”"
    assert words not in client.get(f"{url}?q=peeters").content.decode()
    monkeypatch.setattr(search, "MATCH_BOUND", 1)
    monkeypatch.setattr("crm.admin.searching.MATCH_BOUND", 1)
    answer = client.get(f"{url}?q=peeters")
    assert answer.content.decode().count(words) == 1
    assert {row.party.name for row in answer.context["cl"].result_list} == {"Bakkerij Peeters"}


def test_what_is_not_posted_costs_the_same_for_any_number(archive, sign_in):
    client, url = sign_in("boss"), reverse("admin:invoicing_invoice_changelist") + "?posting=not_posted"

    def queries() -> int:
        client.get(url)
        with CaptureQueriesContext(database) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    before = queries()
    entity = SalesDocument.objects.filter(standing.not_posted()).first().entity
    plans = [factories.Plan(party=archive[0].party, lines=[factories.line("10")]) for _ in range(60)]
    factories.booked_documents(entity, plans)
    assert queries() == before


def sums(client, query: str = "") -> list[tuple[str, Decimal]]:
    answer = client.get(reverse("admin:invoicing_invoice_changelist") + query)
    return [(found.currency, found.amount) for found in lists.list_sums(answer.context["cl"])]


def test_a_list_is_added_up_per_currency(archive, sign_in):
    client = sign_in("boss")
    mine = [row for row in archive if row.kind == "invoice"]
    assert sums(client) == [("EUR", sum(row.total for row in mine))]
    foreign = next(row for row in mine if not row.is_booked)
    SalesDocument.objects.filter(pk=foreign.pk).update(currency="USD")
    assert sums(client) == [
        ("EUR", sum(row.total for row in mine if row.pk != foreign.pk)), ("USD", foreign.total),
    ]  # fmt: skip
    page = client.get(reverse("admin:invoicing_invoice_changelist") + "?view=drafts")
    assert f"{foreign.total:,} USD" in page.content.decode()


def test_values_of_rows_are_escaped_and_lead_back_to_the_filtered_list(db, sign_in):
    party = factories.CompanyFactory(name="<b>Peeters & Zoon</b>")
    row = factories.booked_invoice(entity=factories.EntityFactory(), party=party)
    page = sign_in("boss").get(reverse("admin:invoicing_invoice_changelist") + f"?q={row.number}").content.decode()
    assert "&lt;b&gt;Peeters &amp; Zoon&lt;/b&gt;" in page
    assert "<b>Peeters" not in page
    found = re.search(rf'href="(/invoicing/invoice/{row.pk}/change/[^"]*)"', page)
    assert found is not None
    assert parse_qs(urlsplit(html.unescape(found[1])).query)["_changelist_filters"] == [f"q={quote_plus(row.number)}"]


# --- the documents without a posting, as triggers keep them -----------------------------------------------------------


def unplaced_ids() -> set[int]:
    return set(Unplaced.objects.values_list("document_id", flat=True))


def really_unplaced() -> set[int]:
    return set(SalesDocument.objects.booked().filter(postings=None).values_list("pk", flat=True))


def test_a_document_is_unplaced_from_its_booking_to_its_first_posting(db):
    entity = factories.EntityFactory()
    draft = factories.draft_invoice(entity=entity, party=factories.CompanyFactory())
    assert unplaced_ids() == set()
    invoice = factories.booked_invoice(entity=entity, party=draft.party)
    assert list(Unplaced.objects.values_list("document_id", "entity_id", "date")) == [
        (invoice.pk, entity.pk, invoice.date)
    ]
    first, second = post(invoice, connect(entity), "waiting"), None
    assert unplaced_ids() == set()
    Connection.objects.update(status=ConnectionStatus.DEACTIVATED)
    second = post(invoice, connect_again(entity, ConnectionStatus.CONNECTED), "blocked")
    first.delete()
    assert unplaced_ids() == set()
    second.delete()
    assert unplaced_ids() == {invoice.pk}


def test_the_unplaced_follow_every_way_of_writing(archive):
    assert unplaced_ids() == really_unplaced()
    assert unplaced_ids()


def test_what_was_written_without_triggers_is_put_right(archive):
    assert unplaced.missing(database) == set()
    unplaced.remove(database)
    assert len(unplaced.missing(database)) == 5
    (warning,) = check_triggers(None, databases=["default"])
    assert "integrations_unplaced_booked" in warning.msg
    Posting.objects.filter(pk__in=Posting.objects.values("pk")[:5]).delete()
    lost = Unplaced.objects.first()
    Unplaced.objects.exclude(pk=lost.pk).delete()
    Posting.objects.create(
        connection=Connection.objects.first(), administration=Connection.objects.first().administration,
        sales_document_id=lost.pk, kind="sales-invoice", reference="by hand",
    )  # fmt: skip
    assert unplaced_ids() != really_unplaced()
    unplaced.install(database)
    assert check_triggers(None, databases=["default"]) == []
    assert unplaced_ids() == really_unplaced()
