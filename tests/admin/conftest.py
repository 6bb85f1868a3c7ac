"""People of each role, and a world with one of everything, for the pages of the admin."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from crm.models import Company, Contact, Tag
from integrations.models import (
    Administration,
    Connection,
    ConnectionStatus,
    Heartbeat,
    Issue,
    Journal,
    PartyLink,
    Posting,
    PostingState,
    SyncRun,
    ToolLedgerAccount,
    ToolPaymentTerm,
    VatCode,
    VatLink,
)
from invoicing.models import CompanyEntity, IncomingAccess, LedgerAccount, PurchaseDocument, SalesDocument
from invoicing.services import purchases
from tests import factories
from tests.engine.conftest import _sandbox, box  # noqa: F401 - fixtures: the sandbox of Exact Online, started here
from tests.purchases.ubl import PDF

START = date(2026, 1, 1)


def restore_roles() -> None:
    """Make the groups again where a test that commits has emptied the tables; by the migrations' own hand."""
    if not Group.objects.filter(name="Staff").exists():
        schema_editor = SimpleNamespace(connection=database)
        import_module("config.migrations.0001_roles").make_roles(apps, schema_editor)
        for name in ("0002_rights_over_customers", "0003_rights_over_purchases"):
            import_module(f"config.migrations.{name}").give_rights(apps, schema_editor)


@pytest.fixture
def people(db: None) -> dict[str, User]:
    """One person per role; the groups and their rights are those that the migration makes."""
    restore_roles()
    found = {}
    for name, group in (("boss", "Account admin"), ("staff", "Staff"), ("accountant", "Accountant")):
        found[name] = factories.UserFactory(username=name)
        found[name].groups.add(Group.objects.get(name=group))
    found["nobody"] = factories.UserFactory(username="nobody")
    found["root"] = factories.UserFactory(username="root", is_superuser=True)
    return found


@pytest.fixture
def sign_in(people: dict[str, User]) -> Any:
    """A test client in which the person of that name is signed in."""

    def as_person(name: str) -> Client:
        client = Client()
        client.force_login(people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return as_person


@dataclass
class World:
    entity: CompanyEntity
    company: Company
    contact: Contact
    tag: Tag
    account: LedgerAccount
    draft: SalesDocument
    booked: SalesDocument
    blocked: SalesDocument
    credit_note: SalesDocument
    connection: Connection
    posting: Posting
    blocked_posting: Posting
    issue: Issue
    run: SyncRun
    expense: PurchaseDocument
    access: IncomingAccess


def connect(entity: CompanyEntity, **fields: Any) -> Connection:
    """A connected entity, written as rows: these pages must not need a tool that answers."""
    administration = Administration.objects.create(
        tool="exact", site="be", external_id=f"A{entity.pk}", name=f"Books of {entity}", country="BE"
    )
    now = timezone.now()
    common = {"administration": administration, "last_seen_at": now}
    sales = Journal.objects.create(external_id="70", code="70", name="Sales", kind="sales", **common)
    credit = Journal.objects.create(external_id="71", code="71", name="Credit", kind="sales", **common)
    term = ToolPaymentTerm.objects.create(
        external_id="30", code="30", name="30 days", days=30, method="on-credit", **common
    )
    ToolLedgerAccount.objects.create(external_id="g7", code="700000", name="Sales", kind="revenue", **common)
    code = VatCode.objects.create(external_id="4", code="4", name="21", percentage=21, direction="sales", **common)
    VatCode.objects.create(
        external_id="4i", code="4I", name="21 incl", percentage=21, direction="sales", inclusive=True, **common
    )
    connection = Connection.objects.create(
        entity=entity, tool="exact", site="be", administration=administration, status=ConnectionStatus.CONNECTED,
        start_date=START, invoice_journal=sales, credit_note_journal=credit, default_payment_term=term,
        first_success_at=now, **fields,
    )  # fmt: skip
    VatLink.objects.create(connection=connection, rate=factories.vat_rate().rate, direction="sales", vat_code=code)
    return connection


def post(document: SalesDocument, connection: Connection, state: str = PostingState.POSTED, **fields: Any) -> Posting:
    """The posting row of a document, as a sync leaves it."""
    assert connection.administration is not None
    if state == PostingState.POSTED:
        fields = {
            "external_id": f"guid-{document.pk}", "journal": "70", "number": str(26_700_000 + document.pk),
            "posted_at": timezone.now(), "sent_at": timezone.now(), "attempts": 1,
            "tool_totals": {"total": str(document.total)}, **fields,
        }  # fmt: skip
    return Posting.objects.create(
        connection=connection, administration=connection.administration, sales_document=document,
        kind="sales-credit-note" if document.is_credit_note else "sales-invoice",
        reference=document.number, state=state, **fields,
    )  # fmt: skip


@pytest.fixture
def world(db: None) -> World:
    """One of everything: a draft, a posted and a blocked invoice, a credit note, a connection, an issue, a run."""
    entity = factories.EntityFactory(name="Linde Studio BV")
    account = factories.LedgerAccountFactory(entity=entity)
    company = factories.CompanyFactory(name="Brouwerij De Kraan NV")
    contact = factories.ContactFactory()
    tag = factories.TagFactory()
    company.tags.add(tag)
    rows = [factories.line(account=account)]
    draft = factories.draft_invoice(entity=entity, party=company, lines=rows)
    booked = factories.booked_invoice(entity=entity, party=company, lines=rows)
    blocked = factories.booked_invoice(entity=entity, party=contact, lines=rows)
    credit_note = factories.booked_credit_note(entity=entity, party=company, lines=rows, credited_invoice=booked)
    connection = connect(entity)
    now = timezone.now()
    PartyLink.objects.create(administration=connection.administration, party=company, external_id="guid", code="1042")
    issue = Issue.objects.create(
        connection=connection, code="APP-102", cause_key="vat-rate:1", params={"rate": "6%"}, count=1,
        first_seen_at=now - timedelta(days=2), last_seen_at=now,
    )  # fmt: skip
    posting = post(booked, connection)
    blocked_posting = post(
        blocked, connection, PostingState.BLOCKED, reason_code="APP-102", reason_params={"rate": "6%"}, issue=issue
    )
    run = SyncRun.objects.create(
        connection=connection, trigger="manual", state="with_issues", step="close", finished_at=now,
        counters={"sales": {"planned": 2, "to_send": 1, "posted": 1, "blocked": 1}, "payments": {"paid": 0}},
    )  # fmt: skip
    Heartbeat.objects.create(name="worker", beat_at=now)
    return World(
        entity, company, contact, tag, account, draft, booked, blocked, credit_note, connection, posting,
        blocked_posting, issue, run, expense_of(entity), access_of(entity),
    )  # fmt: skip


def expense_of(entity: CompanyEntity) -> PurchaseDocument:
    """A receipt that a person typed and nobody decided about yet."""
    typed = purchases.TypedPurchase(
        kind="receipt", entity=entity, supplier=None, supplier_name="Parking Centrum", number="", date=START,
        due_date=None, currency="EUR", description="Parking", total=Decimal("18.00"), vat=Decimal("3.12"),
        vat_rate=None, ledger_account=None,
    )  # fmt: skip
    return purchases.save_typed(typed=typed, by=None, file=("ticket.pdf", PDF))


def access_of(entity: CompanyEntity) -> IncomingAccess:
    access = IncomingAccess(entity=entity, name="Access point")
    access.renew()
    access.save()
    return access
