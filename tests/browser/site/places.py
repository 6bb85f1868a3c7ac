"""Every page that people work on, in one list, and the rows that they show. A new page is one more line in PLACES."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db.models import Model
from django.utils import timezone

from crm import merging
from crm.importing import services as imports
from crm.importing.criteria import Criterion
from crm.models import ImportBatch, ImportState, Segment
from integrations import services
from integrations.admin.wizard.order import STEPS
from integrations.models import Connection, ConnectionStatus, Issue, NotificationPreference, RunTrigger, SyncRun
from integrations.services import wizard
from invoicing.models import CompanyEntity, FiscalYear
from invoicing.services import purchases
from tests import bridge, factories
from tests.purchases.ubl import IBAN, OTHER_IBAN, PDF, SUPPLIER, ubl

from .processes import Site
from .steps import wait_for_the_queue

# What stands in braces is the id of a row of `World`.
PLACES = {
    "start": "/",
    "companies": "/crm/company/",
    "company": "/crm/company/{company}/change/",
    "new company": "/crm/company/add/",
    "deleting a company": "/crm/company/{company}/delete/",
    "segments": "/crm/segment/",
    "segment": "/crm/segment/{segment}/change/",
    "new segment": "/crm/segment/add/",
    "companies of a segment": "/crm/company/?segment={segment}",
    "recycle bin": "/crm/binnedparty/",
    "work on the recycle bin": "/crm/binnedparty/work/",
    "contacts": "/crm/contact/",
    "contact": "/crm/contact/{contact}/change/",
    "invoices": "/invoicing/invoice/",
    "merging, with whom": "/crm/company/{company}/merge/",
    "merging": "/crm/company/{company}/merge/?with={twin}",
    "duplicates": "/crm/duplicatepair/",
    "merging the certain ones": "/crm/duplicatepair/certain/",
    "imports": "/crm/importbatch/",
    "importing": "/crm/importbatch/add/",
    "import, columns": "/crm/importbatch/{counted}/columns/",
    "import, at work": "/crm/importbatch/{at_work}/change/",
    "import, preview": "/crm/importbatch/{counted}/change/",
    "import, left out": "/crm/importbatch/{counted}/change/?show=ambiguous",
    "import, deciding": "/crm/importbatch/{counted}/decide/",
    "import, result": "/crm/importbatch/{imported}/change/?show=all",
    "import, undoing": "/crm/importbatch/{imported}/undo/",
    "merges": "/crm/merge/",
    "merge": "/crm/merge/{merge}/change/",
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
    "expenses": "/invoicing/purchasedocument/",
    "new expense": "/invoicing/purchasedocument/add/",
    "expense": "/invoicing/purchasedocument/{expense}/change/",
    "history of an expense": "/invoicing/purchasedocument/{expense}/history/",
    "access points": "/invoicing/incomingaccess/",
    "new access point": "/invoicing/incomingaccess/add/",
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
    twin: int
    merge: int
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
    segment: int
    expense: int
    counted: int
    imported: int
    at_work: int

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
    twin = factories.CompanyFactory(name="De Kraan Brouwerij", email="info@dekraan.example")
    gone = factories.CompanyFactory(name="Kraan", vat_number="", enterprise_number="", phone="+32 9 555 01 20")
    merge = merging.merge(winner=company, loser=gone, by=root)
    rules = [
        {"field": "tags", "operator": "contains", "value": "Horeca"},
        {"field": "created", "operator": "last_days", "value": 9},
    ]
    segment = Segment.objects.create(name="Horeca", rules={"match": "all", "rules": rules})
    factories.CompanyFactory(name="Gone BV", deleted_at=timezone.now())
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
        entity=entity.pk, year=_first(FiscalYear), company=company.pk, twin=twin.pk, merge=merge.pk, contact=contact.pk, account=account.pk,
        rate=factories.vat_rate("21").rate_id, term=term.pk, draft=draft.pk, paid=paid.pk,
        blocked=blocked.pk, credit_note=credit_note.pk, connection=connection.pk, half=half.pk, run=run.pk,
        issue=_first(Issue), posting=bridge.posting(blocked).pk, user=people["staff"].pk,
        segment=segment.pk, expense=_expense(entity), **_imports(root),
    )  # fmt: skip


def _imports(user: User) -> dict[str, int]:
    """A file that waits to be confirmed, one that was imported, and one that is being counted."""
    for vat_number in ("BE0428759497", "BE0403170701"):
        factories.CompanyFactory(name="Garage Peeters", vat_number=vat_number, phone="016 1")
    rows = (
        "Naam;Btw-nummer;Telefoon\nGarage Peeters;BE0428759497;016 22\nGarage Peeters;;02 1\nNieuw;BE12;\nNieuw BV;;\n"
    )
    batches = {}
    for name in ("imported", "counted"):
        batch = imports.upload(kind="company", file=ContentFile(rows.encode(), name=f"{name}.csv"), by=user)
        meanings = [column["field"] for column in batch.mapping]
        imports.set_up(batch=batch, meanings=meanings, administration_id=None, blank_empty=False)
        wait_for_the_queue()
        batch.refresh_from_db()
        imports.choose(batch=batch, criterion=Criterion("first", ("vat_number", "name")))
        batches[name] = batch
        if name == "imported":
            assert imports.start(batch=batches[name], by=user)
            wait_for_the_queue()
    at_work = ImportBatch.objects.create(
        file_name="busy.csv", rows=900, done_rows=300, state=ImportState.COUNTING, worker="x", by=user
    )
    return {name: batch.pk for name, batch in batches.items()} | {"at_work": at_work.pk}


def _expense(entity: CompanyEntity) -> int:
    """A received document with a PDF and another bank account than before, of a supplier that we know."""
    factories.CompanyFactory(name="Hoste Energie NV", vat_number=SUPPLIER, is_supplier=True, iban=IBAN)
    data = ubl(buyer_vat=entity.vat_number, iban=OTHER_IBAN, pdf=PDF)
    document = purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document
    assert document is not None
    return document.pk


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
