"""Who may open and do what: every page of the admin, for every role."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from integrations.models import PostingState, SyncRun
from invoicing.models import DocumentStatus, SalesDocument

from .conftest import World

LISTS = [
    "crm_company", "crm_contact", "crm_tag", "invoicing_companyentity", "invoicing_fiscalyear", "invoicing_vatrate",
    "invoicing_paymentterm", "invoicing_ledgeraccount", "invoicing_invoice", "invoicing_creditnote",
    "invoicing_purchasedocument",
    "integrations_connection", "integrations_syncrun", "integrations_posting", "integrations_issue",
]  # fmt: skip
ROLES = ["boss", "staff", "accountant"]


def pages_to_look_at(world: World) -> dict[str, str]:
    """The pages of single rows that whoever may look may open."""
    connection, draft = world.connection.pk, world.draft.pk
    return {
        "company": reverse("admin:crm_company_change", args=[world.company.pk]),
        "contact": reverse("admin:crm_contact_change", args=[world.contact.pk]),
        "entity": reverse("admin:invoicing_companyentity_change", args=[world.entity.pk]),
        "draft": reverse("admin:invoicing_invoice_change", args=[draft]),
        "booked": reverse("admin:invoicing_invoice_change", args=[world.booked.pk]),
        "blocked": reverse("admin:invoicing_invoice_change", args=[world.blocked.pk]),
        "credit note": reverse("admin:invoicing_creditnote_change", args=[world.credit_note.pk]),
        "history": reverse("admin:invoicing_invoice_history", args=[world.booked.pk]),
        "expense": reverse("admin:invoicing_purchasedocument_change", args=[world.expense.pk]),
        "connection": reverse("admin:integrations_connection_change", args=[connection]),
        "vat codes": reverse("admin:integrations_connection_vat", args=[connection]),
        "ledger accounts": reverse("admin:integrations_connection_ledger", args=[connection]),
        "issues": reverse("admin:integrations_connection_issues", args=[connection]),
        "runs": reverse("admin:integrations_connection_runs", args=[connection]),
        "preview": reverse("admin:integrations_connection_preview", args=[connection]),
        "progress": reverse("admin:integrations_connection_progress") + f"?runs={world.run.pk}",
        "run": reverse("admin:integrations_syncrun_change", args=[world.run.pk]),
        "posting": reverse("admin:integrations_posting_change", args=[world.posting.pk]),
        "issue": reverse("admin:integrations_issue_change", args=[world.issue.pk]),
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_look_at_everything(role, world, sign_in):
    client = sign_in(role)
    answers = {name: client.get(url).status_code for name, url in pages_to_look_at(world).items()}
    answers |= {name: client.get(reverse(f"admin:{name}_changelist")).status_code for name in LISTS}
    assert answers == dict.fromkeys(answers, 200)
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_log_in_without_rights_sees_nothing(world, sign_in):
    client = sign_in("nobody")
    answers = {name: client.get(url).status_code for name, url in pages_to_look_at(world).items()}
    answers |= {name: client.get(reverse(f"admin:{name}_changelist")).status_code for name in LISTS}
    assert answers == dict.fromkeys(answers, 403)
    assert "no rights" in client.get(reverse("admin:index")).content.decode()


def test_strangers_are_sent_to_the_log_in(world, client):
    for url in pages_to_look_at(world).values():
        answer = client.get(url)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("admin:login"))


# What changes data: address, and whether staff may do it beside the account admin.
def verbs(world: World) -> dict[str, tuple[str, bool]]:
    connection = world.connection.pk
    return {
        "totals": (reverse("admin:invoicing_invoice_totals_of", args=[world.draft.pk]), True),
        "book": (reverse("admin:invoicing_invoice_book", args=[world.draft.pk]), True),
        "credit": (reverse("admin:invoicing_invoice_credit", args=[world.booked.pk]), True),
        "paid": (reverse("admin:invoicing_invoice_paid", args=[world.booked.pk]), True),
        "paid undo": (reverse("admin:invoicing_invoice_paid_undo", args=[world.booked.pk]), True),
        "line account": (
            reverse("admin:invoicing_invoice_account", args=[world.blocked.pk, world.blocked.lines.get().pk]),
            True,
        ),
        "sync": (reverse("admin:integrations_connection_sync", args=[connection]), True),
        "sync all": (reverse("admin:integrations_connection_sync_all"), True),
        "retry": (reverse("admin:integrations_posting_retry", args=[world.blocked_posting.pk]), True),
        "exclude": (reverse("admin:integrations_posting_exclude", args=[world.blocked_posting.pk]), True),
        "include": (reverse("admin:integrations_posting_include", args=[world.blocked_posting.pk]), True),
        "link": (reverse("admin:integrations_posting_link", args=[world.blocked_posting.pk]), True),
        "send again": (reverse("admin:integrations_posting_send_again", args=[world.blocked_posting.pk]), True),
        "send unseen": (reverse("admin:integrations_posting_send_unseen", args=[world.blocked_posting.pk]), True),
        "settings": (reverse("admin:integrations_connection_change", args=[connection]), False),
        "vat codes": (reverse("admin:integrations_connection_vat", args=[connection]), False),
        "ledger accounts": (reverse("admin:integrations_connection_ledger", args=[connection]), False),
        "sign in": (reverse("admin:integrations_connection_sign_in", args=[connection]), False),
        "set-up": (reverse("admin:integrations_connection_setup", args=[connection]), False),
        "step": (reverse("admin:integrations_connection_step", args=[connection, "situation"]), False),
        "take over": (reverse("admin:invoicing_companyentity_copy_links", args=[world.entity.pk]), False),
        "lists": (reverse("admin:integrations_connection_lists", args=[connection]), False),
        "deactivate": (reverse("admin:integrations_connection_deactivate", args=[connection]), False),
        "reactivate": (reverse("admin:integrations_connection_reactivate", args=[connection]), False),
        "connect": (reverse("admin:integrations_connection_add"), False),
        "entity": (reverse("admin:invoicing_companyentity_change", args=[world.entity.pk]), False),
        "vat rate": (reverse("admin:invoicing_vatrate_add"), False),
        "payment term": (reverse("admin:invoicing_paymentterm_add"), False),
        "fiscal year": (reverse("admin:invoicing_fiscalyear_add"), False),
    }


def test_the_accountant_changes_nothing(world, sign_in):
    client = sign_in("accountant")
    before = LogEntry.objects.count()
    answers = {name: client.post(url, {"reason": "x"}).status_code for name, (url, _) in verbs(world).items()}
    assert answers == dict.fromkeys(answers, 403)
    assert LogEntry.objects.count() == before
    assert SyncRun.objects.count() == 1
    world.draft.refresh_from_db()
    assert world.draft.status == DocumentStatus.DRAFT
    world.blocked_posting.refresh_from_db()
    assert world.blocked_posting.state == PostingState.BLOCKED


def test_staff_works_on_documents_and_leaves_settings_alone(world, sign_in):
    client = sign_in("staff")
    answers = {name: client.post(url, {}).status_code for name, (url, staff) in verbs(world).items() if not staff}
    assert answers == dict.fromkeys(answers, 403)
    allowed = {name: client.post(url, {}).status_code for name, (url, staff) in verbs(world).items() if staff}
    assert 403 not in allowed.values()


def test_what_changes_data_is_not_done_by_a_link(world, sign_in):
    """Asked for by GET, a verb shows a page that asks first, or answers that it takes forms only."""
    client = sign_in("boss")
    asks_first = {
        "book", "credit", "settings", "vat codes", "ledger accounts", "deactivate", "connect", "entity", "vat rate",
        "payment term", "fiscal year",
    }  # fmt: skip
    leads_on = {"set-up", "step", "take over"}  # of a connection whose set-up is finished, with nothing to take over
    before = LogEntry.objects.count()
    for name, (url, _) in verbs(world).items():
        wanted = 200 if name in asks_first else 302 if name in leads_on else 405
        assert client.get(url).status_code == wanted, name
    assert LogEntry.objects.count() == before
    assert SyncRun.objects.count() == 1
    assert SalesDocument.objects.drafts().count() == 1


def test_forms_need_their_token(world, people):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(people["boss"], backend="django.contrib.auth.backends.ModelBackend")
    for name, (url, _) in verbs(world).items():
        assert client.post(url, {}).status_code == 403, name
    assert SyncRun.objects.count() == 1


def test_the_accountant_is_offered_nothing_to_change(world, sign_in):
    client = sign_in("accountant")
    words = {
        "list": client.get(reverse("admin:invoicing_invoice_changelist")).content.decode(),
        "document": client.get(reverse("admin:invoicing_invoice_change", args=[world.blocked.pk])).content.decode(),
        "connection": client.get(
            reverse("admin:integrations_connection_change", args=[world.connection.pk])
        ).content.decode(),
    }
    for name, page in words.items():
        for offered in ("New invoice", "/sync/", "Retry", "Exclude from sync", "Mark as paid by hand", "Sign in again"):
            assert offered not in page, (name, offered)


def test_users_and_the_queue_are_not_everybodys(world, sign_in):
    queue = reverse("admin:django_q_schedule_changelist")
    users = reverse("admin:auth_user_changelist")
    assert [sign_in(role).get(queue).status_code for role in ("root", "boss", "staff")] == [200, 403, 403]
    assert [sign_in(role).get(users).status_code for role in ("root", "boss", "staff", "accountant")] == [
        200,
        403,
        403,
        403,
    ]
