"""Every address of the admin, for every role and for strangers: who gets in, by GET and by POST.

The addresses come from the resolver itself, so a page that is added without a place in the tables below fails here.
"""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from crm.models import BinnedParty, DuplicatePair, ImportBatch, ImportState, Merge, Segment
from integrations.models import Notification, Posting, SyncRun
from invoicing.models import FiscalYear, IncomingFile, PaymentTerm, VatRate
from invoicing.services import purchases
from tests import factories

from .conftest import World

ROLES = ("root", "boss", "staff", "accountant", "nobody")
EVERYBODY, SIGNED_IN_WITH_RIGHTS = set(ROLES), {"root", "boss", "staff", "accountant"}
STAFF, ADMINS, ROOT, NONE = {"root", "boss", "staff"}, {"root", "boss"}, {"root"}, set()

# Who may look (GET) and who may change (POST), per section and page. "*" is a section's rule for what it does not name.
# A page that takes forms only is looked at by nobody, one that changes nothing is posted to by whoever may look.
Rule = tuple[set[str], set[str]]
LOOK: Rule = (SIGNED_IN_WITH_RIGHTS, SIGNED_IN_WITH_RIGHTS)
CRUD: dict[str, Rule] = {
    "changelist": (SIGNED_IN_WITH_RIGHTS, SIGNED_IN_WITH_RIGHTS),
    "history": LOOK,
}
# Files of a document: whoever may look takes them along; nothing is posted there.
FILES: dict[str, Rule] = {"pdf": (SIGNED_IN_WITH_RIGHTS, NONE), "einvoice": (SIGNED_IN_WITH_RIGHTS, NONE)}
RULES: dict[str, dict[str, Rule]] = {
    # Which relation of the tool a customer is belongs to the connection: an account admin's.
    "crm_company": {**CRUD, "relation": (NONE, ADMINS), "change": (SIGNED_IN_WITH_RIGHTS, STAFF), "*": (STAFF, STAFF)},
    "crm_contact": {**CRUD, "relation": (NONE, ADMINS), "change": (SIGNED_IN_WITH_RIGHTS, STAFF), "*": (STAFF, STAFF)},
    # Merged by staff, and written by the service alone.
    "crm_merge": {**CRUD, "change": LOOK, "undo": (NONE, STAFF), "*": (NONE, NONE)},
    "crm_tag": {**CRUD, "change": (SIGNED_IN_WITH_RIGHTS, STAFF), "*": (STAFF, STAFF)},
    "crm_segment": {**CRUD, "change": (SIGNED_IN_WITH_RIGHTS, STAFF), "count": LOOK, "*": (STAFF, STAFF)},
    # Nothing is edited in the recycle bin; its actions restore and delete.
    "crm_binnedparty": {
        "changelist": (ADMINS, ADMINS),
        "history": (ADMINS, ADMINS),
        "work": (ADMINS, ADMINS),
        "change": (ADMINS, NONE),
        "*": (NONE, NONE),
    },
    # Files are the account admin's; the others look at what they did.
    "crm_importbatch": {
        **CRUD,
        "change": (SIGNED_IN_WITH_RIGHTS, ADMINS),
        # Looked at by whoever follows an import; it takes no forms.
        "progress": (SIGNED_IN_WITH_RIGHTS, NONE),
        "file": (ADMINS, NONE),
        "differences": (ADMINS, NONE),
        "rule": (NONE, ADMINS),
        "run": (NONE, ADMINS),
        "cancel": (NONE, ADMINS),
        "delete": (NONE, NONE),
        "*": (ADMINS, ADMINS),
    },
    # Decided on the list itself; the address of a pair leads there.
    "crm_duplicatepair": {
        **CRUD,
        "change": LOOK,
        "certain": (STAFF, STAFF),
        "add": (NONE, NONE),
        "delete": (NONE, NONE),
        "*": (NONE, STAFF),
    },
    # Only a way to the company's or the contact's page.
    "crm_party": {**CRUD, "change": LOOK, "*": (NONE, NONE)},
    "invoicing_invoice": {
        **CRUD,
        **FILES,
        "period": LOOK,
        "change": (SIGNED_IN_WITH_RIGHTS, STAFF),
        "*": (STAFF, STAFF),
    },
    # The credit note of these tests is booked, so nobody changes or deletes it: whoever could before is led to its page.
    "invoicing_creditnote": {
        **CRUD,
        **FILES,
        "change": (SIGNED_IN_WITH_RIGHTS, STAFF),
        "totals_of": (NONE, NONE),
        "*": (STAFF, STAFF),
    },
    "invoicing_salesdocument": {**CRUD, "change": LOOK, "*": (NONE, NONE)},
    "invoicing_purchasedocument": {
        **CRUD,
        # The page only shows; each decision has an address of its own.
        "change": (SIGNED_IN_WITH_RIGHTS, NONE),
        "file": LOOK,
        "show": LOOK,
        "delete": (NONE, NONE),
        "*": (STAFF, STAFF),
    },
    # Whoever decides about expenses decides about what could not be read.
    "invoicing_incomingfile": {
        **CRUD,
        "change": (SIGNED_IN_WITH_RIGHTS, NONE),
        "download": LOOK,
        "add": (NONE, NONE),
        "*": (STAFF, STAFF),
    },
    # A token lets documents in: an account admin's.
    "invoicing_incomingaccess": {"*": (ADMINS, ADMINS)},
    "integrations_connection": {
        **CRUD,
        "change": (SIGNED_IN_WITH_RIGHTS, ADMINS),
        "vat": (SIGNED_IN_WITH_RIGHTS, ADMINS),
        "ledger": (SIGNED_IN_WITH_RIGHTS, ADMINS),
        "synchronisation": (SIGNED_IN_WITH_RIGHTS, ADMINS),
        "preview": LOOK,
        "issues": LOOK,
        "runs": LOOK,
        "progress": LOOK,
        # Asked by a button that shows a running sync; it takes no forms.
        "button": (SIGNED_IN_WITH_RIGHTS, NONE),
        "sync": (NONE, STAFF),
        "sync_all": (NONE, STAFF),
        "delete": (NONE, NONE),
        "*": (ADMINS, ADMINS),
    },
    "integrations_posting": {**CRUD, "change": LOOK, "add": (NONE, NONE), "delete": (NONE, NONE), "*": (NONE, STAFF)},
    "integrations_issue": {**CRUD, "change": LOOK, "*": (NONE, NONE)},
    "integrations_syncrun": {**CRUD, "change": LOOK, "*": (NONE, NONE)},
    "integrations_notification": {
        "changelist": (EVERYBODY, EVERYBODY),
        "read": (NONE, EVERYBODY),
        "wishes": (SIGNED_IN_WITH_RIGHTS, SIGNED_IN_WITH_RIGHTS),
    },
    "integrations_module": {"changelist": (ADMINS, ADMINS)},
}
SETTINGS = ("companyentity", "fiscalyear", "vatrate", "paymentterm", "ledgeraccount")
RULES |= {
    f"invoicing_{name}": {**CRUD, "change": (SIGNED_IN_WITH_RIGHTS, ADMINS), "*": (ADMINS, ADMINS)} for name in SETTINGS
}
RULES["invoicing_companyentity"] |= {"accounting": LOOK, "logo": LOOK}
# The program's own tables are a superuser's; those of the queue are looked at only, and these tests have no rows there.
RULES |= {name: {"*": (ROOT, ROOT)} for name in ("auth_user", "auth_group")}
RULES |= {
    f"django_q_{name}": {"changelist": (ROOT, ROOT), "*": (NONE, NONE)} for name in ("schedule", "ormq", "failure")
}
RULES["django_q_schedule"] |= {"change": (ROOT, NONE), "history": (ROOT, ROOT)}
# Of the admin itself; these ask for nothing but a log-in, or check what they are asked about.
FRAME = {
    "search", "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n",
    "view_on_site", "app_list",
}  # fmt: skip
# These call the tool; that they are refused to others is tested here, that they work where a tool answers.
ASKS_THE_TOOL = {"integrations_connection_lists"}


def addresses() -> dict[str, str]:
    """Name and route of every page of the admin."""
    found: dict[str, str] = {}

    def walk(patterns, prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and pattern.name:
                found[pattern.name] = route

    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace == admin.site.name:
            walk(pattern.url_patterns, "")
    return found


NEXT = reverse("admin:password_change")  # a page that everybody may open
PAGES = {name: route for name, route in addresses().items() if name not in FRAME}


def section_of(name: str) -> str:
    """The longest section that the page's name begins with; empty for a page without a place in the table."""
    fits = [section for section in RULES if name.startswith(f"{section}_")]
    return max(fits, key=len, default="")


def rule_of(name: str) -> Rule | None:
    section = section_of(name)
    rules = RULES.get(section, {})
    return rules.get(name.removeprefix(f"{section}_"), rules.get("*"))


def url_of(name: str, world: World) -> str:
    term = PaymentTerm.objects.first() or factories.PaymentTermFactory()
    merge = Merge.objects.first() or Merge.objects.create(
        winner=factories.PartyFactory(), loser=factories.PartyFactory(deleted_at=timezone.now())
    )
    segment = Segment.objects.first() or Segment.objects.create(
        name="Belgian ones", rules={"match": "all", "rules": [{"field": "country", "operator": "is", "value": "BE"}]}
    )
    binned = BinnedParty.objects.first() or factories.CompanyFactory(deleted_at=timezone.now())
    done, _made = ImportBatch.objects.get_or_create(file_name="customers.csv", state=ImportState.DONE)
    rows = {
        "crm_importbatch": done.pk,
        "crm_company": world.company.pk, "crm_contact": world.contact.pk, "crm_tag": world.tag.pk,
        "crm_segment": segment.pk, "crm_binnedparty": binned.pk,
        "crm_party": world.company.pk, "crm_merge": merge.pk, "invoicing_companyentity": world.entity.pk,
        "invoicing_fiscalyear": FiscalYear.objects.filter(entity=world.entity).values_list("pk", flat=True)[0],
        "invoicing_vatrate": VatRate.objects.values_list("pk", flat=True)[0],
        "invoicing_paymentterm": term.pk, "invoicing_ledgeraccount": world.account.pk,
        "invoicing_invoice": world.draft.pk, "invoicing_creditnote": world.credit_note.pk,
        "invoicing_salesdocument": world.booked.pk, "integrations_connection": world.connection.pk,
        "integrations_syncrun": world.run.pk, "integrations_posting": world.blocked_posting.pk,
        "integrations_issue": world.issue.pk, "invoicing_purchasedocument": world.expense.pk,
        "invoicing_incomingaccess": world.access.pk, "invoicing_incomingfile": _refused_file(),
    }  # fmt: skip
    if section_of(name) == "crm_duplicatepair":
        rows["crm_duplicatepair"] = _pair(world)
    route = PAGES[name]
    args = []
    for part in re.findall(r"<[^>]+>", route):
        if part == "<slug:key>":
            args.append("situation")
            continue
        row = rows.get(section_of(name), 1)
        if "line" in part:
            row = world.draft.lines.first().pk
        elif "file" in part:
            row = world.expense.files.get().pk
        args.append(row)
    return reverse(f"admin:{name}", args=args)


def _refused_file() -> int:
    """A file that could not be read."""
    if not IncomingFile.objects.exists():
        purchases.take_in(data=b"<html/>", delivery=purchases.Delivery(name="page.xml"))
    return IncomingFile.objects.get().pk


def _pair(world: World) -> int:
    """A pair of the company with another one."""
    found = DuplicatePair.objects.first()
    if found is None:
        found = DuplicatePair.objects.create(
            first_id=world.company.pk, second=factories.CompanyFactory(), kind="company", reasons=["vat"], score=90
        )
    return found.pk


def is_refused(answer) -> bool:
    """Not let in: forbidden, not taking this kind of request, or sent away to the log-in page or the start.

    What leads on to another page (a party's to the company's) is judged by where it leads.
    """
    if answer.status_code == 302:
        target = answer["Location"]
        if target.startswith(reverse("admin:login")) or target == reverse("admin:index"):
            return True
        return target.startswith("/") and is_refused(answer.client.get(target))
    return answer.status_code in (403, 405)


def test_the_walk_sees_every_page_and_each_has_its_place():
    assert len(PAGES) > 100
    assert [name for name in PAGES if rule_of(name) is None] == []
    for name in ("integrations_connection_sync", "integrations_module_changelist", "integrations_notification_read"):
        assert name in PAGES


@pytest.mark.parametrize("role", ROLES)
def test_who_may_look(role, world, sign_in):
    client = sign_in(role)
    wrong = {}
    for name in PAGES:
        if name in ASKS_THE_TOOL:
            continue
        look, _ = rule_of(name)
        answer = client.get(url_of(name, world))
        if answer.status_code == 405:
            continue  # takes forms only, from whoever may send them
        refused = is_refused(answer)
        if refused == (role in look):
            wrong[name] = "refused" if refused else "let in"
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_who_may_change(role, world, sign_in):
    """Every page is posted to in its own transaction, taken back: one does not change the rows of the next."""
    client = sign_in(role)
    wrong = {}
    for name in PAGES:
        if name in ASKS_THE_TOOL and role in rule_of(name)[1]:
            continue
        _, change = rule_of(name)
        point = transaction.savepoint()
        refused = is_refused(client.post(url_of(name, world), {"reason": "x", "next": NEXT}))
        transaction.savepoint_rollback(point)
        if refused == (role in change):
            wrong[name] = "refused" if refused else "let in"
    assert wrong == {}


def test_a_refusal_changes_nothing(world, sign_in):
    before = (LogEntry.objects.count(), SyncRun.objects.count(), Notification.objects.count())
    states = list(Posting.objects.order_by("pk").values_list("state", "reason_code"))
    for role in ("accountant", "nobody"):
        client = sign_in(role)
        for name in PAGES:
            if role not in rule_of(name)[1]:
                client.post(url_of(name, world), {"reason": "x", "post": "yes"})
    assert (LogEntry.objects.count(), SyncRun.objects.count(), Notification.objects.count()) == before
    assert list(Posting.objects.order_by("pk").values_list("state", "reason_code")) == states


def test_a_stranger_is_sent_to_the_log_in_everywhere(world, client):
    login = reverse("admin:login")
    for name in PAGES:
        for answer in (client.get(url_of(name, world)), client.post(url_of(name, world), {})):
            assert answer.status_code == 302, name
            assert answer["Location"].startswith(login), name
    assert SyncRun.objects.count() == 1
