"""Every page that people work on, in one list, and the rows that they show. A new page is one more line in PLACES."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.db.models import Model

from integrations import services
from integrations.admin.wizard.order import STEPS
from integrations.models import Connection, ConnectionStatus, Issue, NotificationPreference, RunTrigger, SyncRun
from integrations.services import wizard
from invoicing.models import FiscalYear
from tests import bridge, factories

from .processes import Site
from .steps import wait_for_the_queue

# What stands in braces is the id of a row of `World`.
PLACES = {
    "start": "/",
    "companies": "/crm/company/",
    "company": "/crm/company/{company}/change/",
    "new company": "/crm/company/add/",
    "deleting a company": "/crm/company/{company}/delete/",
    "contacts": "/crm/contact/",
    "contact": "/crm/contact/{contact}/change/",
    "invoices": "/invoicing/invoice/",
    "invoices, nothing found": "/invoicing/invoice/?q=nothing-like-this",
    "booked invoice": "/invoicing/invoice/{paid}/change/",
    "blocked invoice": "/invoicing/invoice/{blocked}/change/",
    "draft": "/invoicing/invoice/{draft}/change/",
    "new invoice": "/invoicing/invoice/add/",
    "booking": "/invoicing/invoice/{draft}/book/",
    "crediting": "/invoicing/invoice/{paid}/credit/",
    "history of an invoice": "/invoicing/invoice/{paid}/history/",
    "credit notes": "/invoicing/creditnote/",
    "credit note": "/invoicing/creditnote/{credit_note}/change/",
    "expenses": "/expenses/",
    "connections": "/integrations/connection/",
    "connecting": "/integrations/connection/add/",
    "connection": "/integrations/connection/{connection}/change/",
    "connection half set up": "/integrations/connection/{half}/change/",
    "set-up, situation": "/integrations/connection/{half}/setup/situation/",
    "set-up, sign-in": "/integrations/connection/{half}/setup/sign-in/",
    "set-up, access": "/integrations/connection/{half}/setup/access/",
    "set-up, administration": "/integrations/connection/{half}/setup/administration/",
    "set-up, journals": "/integrations/connection/{half}/setup/journals/",
    "set-up, VAT codes": "/integrations/connection/{half}/setup/vat-codes/",
    "set-up, ledger accounts": "/integrations/connection/{half}/setup/ledger-accounts/",
    "set-up, customers": "/integrations/connection/{half}/setup/customers/",
    "set-up, automatic": "/integrations/connection/{half}/setup/automatic/",
    "set-up, check": "/integrations/connection/{half}/setup/check/",
    "VAT codes": "/integrations/connection/{connection}/vat-codes/",
    "ledger accounts of the tool": "/integrations/connection/{connection}/ledger-accounts/",
    "synchronisation": "/integrations/connection/{connection}/synchronisation/",
    "issues of a connection": "/integrations/connection/{connection}/issues/",
    "history of runs": "/integrations/connection/{connection}/history-of-runs/",
    "deactivating": "/integrations/connection/{connection}/deactivate/",
    "preview": "/integrations/connection/{connection}/preview/",
    "runs": "/integrations/syncrun/",
    "run": "/integrations/syncrun/{run}/change/",
    "issues": "/integrations/issue/",
    "issue": "/integrations/issue/{issue}/change/",
    "postings": "/integrations/posting/",
    "posting": "/integrations/posting/{posting}/change/",
    "notifications": "/integrations/notification/",
    "wishes": "/integrations/notification/wishes/",
    "entities": "/invoicing/companyentity/",
    "entity": "/invoicing/companyentity/{entity}/change/",
    "new entity": "/invoicing/companyentity/add/",
    "fiscal years": "/invoicing/fiscalyear/",
    "fiscal year": "/invoicing/fiscalyear/{year}/change/",
    "VAT rates": "/invoicing/vatrate/",
    "VAT rate": "/invoicing/vatrate/{rate}/change/",
    "payment terms": "/invoicing/paymentterm/",
    "payment term": "/invoicing/paymentterm/{term}/change/",
    "ledger accounts": "/invoicing/ledgeraccount/",
    "ledger account": "/invoicing/ledgeraccount/{account}/change/",
    "module": "/integrations/module/",
    "users": "/auth/user/",
    "user": "/auth/user/{user}/change/",
    "password": "/password_change/",
}
# Looked at by somebody who is not signed in.
OUTSIDE = {"log-in": "/login/"}


@dataclass(frozen=True, slots=True)
class World:
    """One of everything that a page of the list shows."""

    entity: int
    year: int
    company: int
    contact: int
    account: int
    rate: int
    term: int
    draft: int
    paid: int
    blocked: int
    credit_note: int
    connection: int
    half: int
    run: int
    issue: int
    posting: int
    user: int

    def url(self, path: str) -> str:
        return path.format(**asdict(self))


def make_world(site: Site, people: dict[str, User]) -> World:
    """An entity that synced twice: posted, paid and blocked documents, an issue, notices; one half connected."""
    root = people["root"]
    term = factories.PaymentTermFactory(is_default=True)
    entity = factories.EntityFactory(name="Linde Studio BV", years=())
    factories.FiscalYearFactory(entity=entity, next_invoice_number=101)
    account = factories.LedgerAccountFactory(entity=entity)
    company = factories.CompanyFactory(name="Brouwerij De Kraan NV")
    company.tags.add(factories.TagFactory(name="Horeca"))
    contact = factories.ContactFactory()
    connection = bridge.connect(site.box, entity, user=root)
    half = _half_set_up(site, root)
    NotificationPreference.objects.create(user=root, connection=connection, on_payment=True)

    rows = [factories.line(account=account, description="Design of taproom, phase 2"), factories.line("45.5", code="6")]
    paid = factories.booked_invoice(entity=entity, party=company, lines=rows)
    part = factories.booked_invoice(entity=entity, party=contact, lines=rows, discounts=("10",))
    blocked = factories.booked_invoice(entity=entity, party=company, lines=[factories.line(code="9")])
    credit_note = factories.booked_credit_note(entity=entity, party=company, lines=rows, credited_invoice=paid)
    _sync(connection, root)
    site.box.pay(paid.number)
    site.box.pay(part.number, "50.00")
    run = _sync(connection, root)
    draft = factories.draft_invoice(entity=entity, party=company, lines=rows, discounts=("2.5",))
    # Waits for the next sync, for the preview.
    factories.booked_invoice(entity=entity, party=company, lines=rows)
    return World(
        entity=entity.pk, year=_first(FiscalYear), company=company.pk, contact=contact.pk, account=account.pk,
        rate=factories.vat_rate("21").rate_id, term=term.pk, draft=draft.pk, paid=paid.pk,
        blocked=blocked.pk, credit_note=credit_note.pk, connection=connection.pk, half=half.pk, run=run.pk,
        issue=_first(Issue), posting=bridge.posting(blocked).pk, user=people["staff"].pk,
    )  # fmt: skip


def _half_set_up(site: Site, user: User) -> Connection:
    """A connection whose set-up stands at its last step, so that each step can be opened."""
    half = bridge.connect(site.box, factories.EntityFactory(name="Linde Services BV"), user=user)
    Connection.objects.filter(pk=half.pk).update(status=ConnectionStatus.CONFIGURATION_NEEDED)
    for step in STEPS[:-1]:
        wizard.save_step(connection=half, step=step.key, user=user)
    wizard.check_rights(connection=half, user=user)
    wizard.count_relations(connection=half)
    return half


def _sync(connection: Connection, user: User) -> SyncRun:
    """Have the worker do a whole sync."""
    run = services.start_sync(connection, RunTrigger.MANUAL, user)
    wait_for_the_queue()
    return run


def _first(model: type[Model]) -> int:
    return model._default_manager.values_list("pk", flat=True)[0]
