"""Drafts through their form, booking through button and action, and what a booked document allows."""

import html
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from integrations import services
from integrations.models import Posting, PostingState
from invoicing.models import DocumentStatus, Invoice, PaymentState, SalesDocument, SalesKind
from tests import factories

from .conftest import World, connect


def form(world: World, *lines: dict[str, str], **fields: str) -> dict[str, str]:
    """A filled-in form of a new invoice; lines take description, quantity, unit_price, discount, vat_rate, account."""
    data = {
        "entity": str(world.entity.pk), "party": str(world.company.pk), "date": "2026-05-04", "due_date": "",
        "payment_term": "", "customer_reference": "PO 5512", "currency": "EUR", "exchange_rate": "", "language": "",
        "note": "", "lines-TOTAL_FORMS": str(len(lines)), "lines-INITIAL_FORMS": "0", "discounts-TOTAL_FORMS": "0",
        "discounts-INITIAL_FORMS": "0", **fields,
    }  # fmt: skip
    for index, line in enumerate(lines):
        whole = {"description": "Work", "quantity": "1", "unit_price": "100", "discount": "0", "account": "", **line}
        whole.setdefault("vat_rate", str(factories.vat_rate().pk))
        data |= {f"lines-{index}-{name}": value for name, value in whole.items()}
    return data


def add(client, data: dict[str, str], **extra: str):
    return client.post(reverse("admin:invoicing_invoice_add"), {**data, **extra})


def test_a_draft_is_saved_with_totals_and_due_date(world, sign_in):
    factories.PaymentTermFactory(is_default=True)
    data = form(
        world,
        {"description": "Design", "quantity": "32", "unit_price": "95", "account": "700000"},
        {"description": "Oak bar", "unit_price": "2150", "discount": "10", "account": "700000 Sales"},
        {"unit_price": "84.36", "quantity": "3", "vat_rate": str(factories.vat_rate("6").pk)},
        **{"discounts-TOTAL_FORMS": "1", "discounts-0-percentage": "2", "discounts-0-description": "Loyal"},
    )
    answer = add(sign_in("staff"), data, _save="1")
    assert answer.status_code == 302, answer.context["errors"]
    draft = Invoice.objects.order_by("-pk")[0]
    assert draft.status == DocumentStatus.DRAFT
    assert (draft.net_total, draft.vat_total, draft.total) == (
        Decimal("5123.52"),
        Decimal("1038.74"),
        Decimal("6162.26"),
    )
    assert draft.due_date == date(2026, 6, 3)
    assert [(line.position, line.net) for line in draft.lines.order_by("position")] == [
        (1, Decimal("3040.00")), (2, Decimal("1935.00")), (3, Decimal("253.08")),
    ]  # fmt: skip
    assert [line.ledger_account for line in draft.lines.order_by("position")] == [world.account, world.account, None]
    assert (draft.language, draft.customer_reference) == ("nl", "PO 5512")


def test_lines_take_only_what_belongs_to_the_entity(world, sign_in):
    client = sign_in("staff")
    dutch = factories.vat_rate("21", "NL")
    others = factories.LedgerAccountFactory(code="800000")
    before = SalesDocument.objects.count()
    answer = add(client, form(world, {"vat_rate": str(dutch.pk), "account": others.code}))
    assert answer.status_code == 200
    errors = answer.context["inline_admin_formsets"][0].formset.errors[0]
    assert set(errors) == {"vat_rate", "account"}
    assert "There is no active ledger account “800000”." in str(errors["account"])
    assert SalesDocument.objects.count() == before


def test_a_draft_is_edited_in_place_and_lines_keep_their_order(world, sign_in):
    client = sign_in("staff")
    line = world.draft.lines.get()
    url = reverse("admin:invoicing_invoice_change", args=[world.draft.pk])
    data = form(
        world,
        {"id": str(line.pk), "document": str(world.draft.pk), "quantity": "2", "account": "700000"},
        {"description": "Second", "document": str(world.draft.pk), "unit_price": "10"},
        **{"lines-INITIAL_FORMS": "1"},
    )
    assert client.post(url, {**data, "_continue": "1"}).status_code == 302
    world.draft.refresh_from_db()
    assert [row.description for row in world.draft.lines.order_by("position")] == ["Work", "Second"]
    assert world.draft.net_total == Decimal("210.00")


def test_the_totals_while_typing_are_those_that_saving_gives(world, sign_in):
    client = sign_in("staff")
    lines = ({"quantity": "3", "unit_price": "33.335"}, {"quantity": "1", "unit_price": "0.005", "discount": "12.5"})
    data = form(world, *lines, **{"discounts-TOTAL_FORMS": "1", "discounts-0-percentage": "3.33"})
    typed = client.post(reverse("admin:invoicing_invoice_totals"), data).json()
    assert typed["lines"] == {"lines-0": "100.01", "lines-1": "0.00"}
    add(client, data, _save="1")
    draft = Invoice.objects.order_by("-pk")[0]
    for value in (draft.net_total, draft.vat_total, draft.total):
        assert f">{value}<" in typed["totals"]


def test_the_totals_of_half_a_form_save_nothing_and_count_what_is_complete(world, sign_in):
    client = sign_in("staff")
    before = SalesDocument.objects.count()
    data = form(
        world,
        {"unit_price": "50"},
        {"unit_price": ""},
        {"unit_price": "1e30"},
        {"quantity": "x"},
        {"vat_rate": "999999"},
    )
    answer = client.post(reverse("admin:invoicing_invoice_totals"), data)
    assert answer.status_code == 200
    assert answer.json()["lines"] == {"lines-0": "50.00"}
    assert ">60.50<" in answer.json()["totals"]
    assert SalesDocument.objects.count() == before


def test_another_entity_brings_its_own_rates_and_accounts(world, sign_in):
    dutch = factories.EntityFactory(country="NL", name="Nederland B.V.")
    rate = factories.vat_rate("9", "NL")
    factories.LedgerAccountFactory(entity=dutch, code="800000", name="Omzet")
    data = form(world, entity=str(dutch.pk), _scope="1")
    answer = sign_in("staff").post(reverse("admin:invoicing_invoice_totals"), data).json()
    assert [pair[0] for pair in answer["rates"]] == ["", str(rate.pk)]
    assert answer["accounts"] == ["800000 Omzet"]


# --- booking ------------------------------------------------------------------------------------------------------


def test_the_button_saves_and_leads_to_a_page_that_asks_first(world, sign_in):
    client = sign_in("staff")
    answer = add(client, form(world, {}), _book="1")
    draft = Invoice.objects.order_by("-pk")[0]
    assert answer["Location"] == reverse("admin:invoicing_invoice_book", args=[draft.pk])
    page = client.get(answer["Location"]).content.decode()
    for words in ("2026/0003", "4 May 2026", "121.00 EUR", "Brouwerij De Kraan NV", "Book as 2026/0003"):
        assert words in page, words
    draft.refresh_from_db()
    assert draft.status == DocumentStatus.DRAFT

    answer = client.post(reverse("admin:invoicing_invoice_book", args=[draft.pk]))
    draft.refresh_from_db()
    assert (draft.status, draft.number, draft.booked_by) == (DocumentStatus.BOOKED, "2026/0003", "staff")
    assert LogEntry.objects.filter(object_id=str(draft.pk), change_message="Booked as 2026/0003.").count() == 1
    # Once more, as from a second window: nothing happens, no number is used up.
    client.post(reverse("admin:invoicing_invoice_book", args=[draft.pk]))
    assert SalesDocument.objects.filter(number="2026/0004").count() == 0


def test_what_cannot_be_booked_says_why_and_stays_a_draft(world, sign_in):
    client = sign_in("staff")
    draft = factories.draft_invoice(entity=world.entity, party=world.company, day=date(2031, 1, 1))
    url = reverse("admin:invoicing_invoice_book", args=[draft.pk])
    page = client.get(url).content.decode()
    assert "no fiscal year" in page
    assert "Book as" not in page
    answer = client.post(url, follow=True)
    assert "no fiscal year" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.number == ""


def test_the_action_shows_the_effect_and_books_by_date(world, sign_in):
    client = sign_in("staff")
    late = factories.draft_invoice(entity=world.entity, party=world.company, day=date(2026, 6, 2))
    early = factories.draft_invoice(entity=world.entity, party=world.company, day=date(2026, 6, 1))
    bad = factories.draft_invoice(entity=world.entity, party=world.company, lines=[])
    url = reverse("admin:invoicing_invoice_changelist")
    chosen = {"action": "book_selected", "_selected_action": [late.pk, early.pk, bad.pk, world.booked.pk]}
    page = client.post(url, chosen).content.decode()
    assert "3 drafts are booked" in page
    assert "1 document that is booked already is left out" in page
    assert "There are no lines." in page
    assert "Book 2 drafts" in page
    assert SalesDocument.objects.drafts().filter(pk__in=[late.pk, early.pk, bad.pk]).count() == 3

    answer = client.post(url, {**chosen, "confirmed": "1"}, follow=True)
    words = answer.content.decode()
    assert "2 documents booked: 2026/0003, 2026/0004." in words
    assert "not booked" in words
    early.refresh_from_db()
    late.refresh_from_db()
    bad.refresh_from_db()
    assert (early.number, late.number, bad.number) == ("2026/0003", "2026/0004", "")


# --- booked documents ---------------------------------------------------------------------------------------------


def test_a_booked_document_is_not_changed_or_deleted_through_the_admin(world, sign_in):
    client = sign_in("root")
    stored = SalesDocument.objects.filter(pk=world.booked.pk).values().get()
    url = reverse("admin:invoicing_invoice_change", args=[world.booked.pk])
    data = form(world, {"unit_price": "1"}, date="2026-01-02")
    # Whoever could change or delete it as a draft is led to its page.
    assert client.post(url, {**data, "_save": "1"})["Location"] == url
    delete = reverse("admin:invoicing_invoice_delete", args=[world.booked.pk])
    assert client.post(delete, {"post": "yes"})["Location"] == url
    action = {"action": "delete_selected", "_selected_action": [world.booked.pk], "post": "yes"}
    client.post(reverse("admin:invoicing_invoice_changelist"), action)
    assert SalesDocument.objects.filter(pk=world.booked.pk).values().get() == stored
    assert world.booked.lines.get().unit_price == Decimal(100)


def test_a_draft_booked_meanwhile_is_not_overwritten(world, sign_in):
    """The form was opened as a draft; another window booked it before it is sent."""
    from invoicing import services

    client = sign_in("staff")
    url = reverse("admin:invoicing_invoice_change", args=[world.draft.pk])
    services.book(document=world.draft, by=None)
    stored = SalesDocument.objects.filter(pk=world.draft.pk).values().get()
    assert client.post(url, {**form(world, {"unit_price": "1"}), "_save": "1"})["Location"] == url
    assert SalesDocument.objects.filter(pk=world.draft.pk).values().get() == stored


def test_the_page_of_a_booked_document_says_everything(world, sign_in):
    page = sign_in("staff").get(reverse("admin:invoicing_invoice_change", args=[world.booked.pk])).content.decode()
    for words in (
        "Number, dates, lines and VAT no longer change", "Brouwerij De Kraan NV", "Markt 1, 8000 Brugge, Belgium", "1042",
        "700000 Sales", "Exact Online", world.posting.number, "Equal to the cent", "Mark as paid by hand",
        "Make credit note", "Becomes Paid when it is fully settled in Exact Online",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_of_a_blocked_document_says_why_and_leads_to_the_fix(world, sign_in):
    page = sign_in("boss").get(reverse("admin:invoicing_invoice_change", args=[world.blocked.pk])).content.decode()
    assert "VAT rate 6% is not linked to a VAT code of Exact Online" in page
    assert reverse("admin:integrations_connection_vat", args=[world.connection.pk]) in page
    assert reverse("admin:integrations_issue_change", args=[world.issue.pk]) in page
    for verb in ("retry", "exclude", "link"):
        assert reverse(f"admin:integrations_posting_{verb}", args=[world.blocked_posting.pk]) in page
    assert reverse("admin:integrations_posting_send_again", args=[world.blocked_posting.pk]) not in page


def test_a_file_that_stayed_here_is_said_and_can_be_tried_again(world, sign_in):
    note = {"code": "SYS-708", "params": {"text": "terms.pdf is larger than 9 MB"}}
    Posting.objects.filter(pk=world.posting.pk).update(notes=[note], attached_at=timezone.now())
    client = sign_in("staff")
    again = reverse("admin:integrations_posting_attach_again", args=[world.posting.pk])
    for url in (
        reverse("admin:invoicing_invoice_change", args=[world.booked.pk]),
        reverse("admin:integrations_posting_change", args=[world.posting.pk]),
    ):
        page = html.unescape(client.get(url).content.decode())
        assert "the file was not attached: “terms.pdf is larger than 9 MB”" in page
        assert again in page
    assert (
        "Not every file was attached"
        in client.get(reverse("admin:invoicing_invoice_change", args=[world.booked.pk])).content.decode()
    )
    client.post(again)
    world.posting.refresh_from_db()
    assert (world.posting.notes, world.posting.attached_at) == ([], None)
    page = client.get(reverse("admin:invoicing_invoice_change", args=[world.booked.pk])).content.decode()
    assert again not in page


def test_paid_by_hand_and_taken_back(world, sign_in):
    client = sign_in("staff")
    client.post(reverse("admin:invoicing_invoice_paid", args=[world.booked.pk]), {"on": "2026-03-20"})
    world.booked.refresh_from_db()
    assert (world.booked.payment_state, world.booked.paid_on) == (PaymentState.PAID, date(2026, 3, 20))
    assert world.booked.payments.get().entered_by == "staff"
    client.post(reverse("admin:invoicing_invoice_paid_undo", args=[world.booked.pk]))
    world.booked.refresh_from_db()
    assert (world.booked.payment_state, world.booked.payments.count()) == (PaymentState.OPEN, 0)


def test_a_payment_does_not_lie_in_the_future(world, sign_in):
    tomorrow = timezone.localdate() + timedelta(days=1)
    url = reverse("admin:invoicing_invoice_paid", args=[world.booked.pk])
    answer = sign_in("staff").post(url, {"on": tomorrow.isoformat()}, follow=True)
    assert "A payment cannot lie in the future." in answer.content.decode()
    assert world.booked.payments.count() == 0


def test_a_credit_note_is_made_as_a_draft(world, sign_in):
    client = sign_in("staff")
    url = reverse("admin:invoicing_invoice_credit", args=[world.blocked.pk])
    assert "Make the draft" in client.get(url).content.decode()
    assert SalesDocument.objects.filter(kind=SalesKind.CREDIT_NOTE).count() == 1
    answer = client.post(url)
    credit = SalesDocument.objects.get(kind=SalesKind.CREDIT_NOTE, credited_invoice=world.blocked)
    assert answer["Location"] == reverse("admin:invoicing_creditnote_change", args=[credit.pk])
    assert (credit.status, credit.total) == (DocumentStatus.DRAFT, world.blocked.total)


def test_the_account_of_a_line_changes_until_it_is_sent(world, sign_in):
    client = sign_in("staff")
    other = factories.LedgerAccountFactory(entity=world.entity, code="701000", name="Furniture")
    for document, changed in ((world.blocked, True), (world.booked, False)):
        line = document.lines.get()
        client.post(
            reverse("admin:invoicing_invoice_account", args=[document.pk, line.pk]), {"account": "701000 Furniture"}
        )
        line.refresh_from_db()
        assert (line.ledger_account == other) is changed


def test_a_document_without_connection_offers_to_connect(world, sign_in):
    entity = factories.EntityFactory()
    lonely = factories.booked_invoice(entity=entity, party=world.company)
    page = sign_in("boss").get(reverse("admin:invoicing_invoice_change", args=[lonely.pk])).content.decode()
    assert "Not connected" in page
    assert f"{reverse('admin:integrations_connection_add')}?entity={entity.pk}" in page


def test_old_links_find_the_page_of_a_document(world, sign_in):
    client = sign_in("accountant")
    for document, page in ((world.booked, "invoice"), (world.credit_note, "creditnote")):
        answer = client.get(reverse("admin:invoicing_salesdocument_change", args=[document.pk]))
        assert answer["Location"] == reverse(f"admin:invoicing_{page}_change", args=[document.pk])


@pytest.mark.parametrize(("verb", "state"), [("retry", PostingState.WAITING), ("exclude", PostingState.EXCLUDED)])
def test_verbs_of_a_posting_change_it_and_come_back(verb, state, world, sign_in):
    here = reverse("admin:invoicing_invoice_change", args=[world.blocked.pk])
    url = reverse(f"admin:integrations_posting_{verb}", args=[world.blocked_posting.pk])
    answer = sign_in("staff").post(url, {"next": here, "reason": "Booked by hand"})
    assert answer["Location"] == here
    world.blocked_posting.refresh_from_db()
    assert world.blocked_posting.state == state
    assert LogEntry.objects.filter(object_id=str(world.blocked.pk), user__username="staff").exists()


def test_a_form_does_not_lead_to_another_site(world, sign_in):
    url = reverse("admin:integrations_posting_retry", args=[world.blocked_posting.pk])
    answer = sign_in("staff").post(url, {"next": "https://evil.example/"})
    assert answer["Location"] == reverse("admin:integrations_posting_change", args=[world.blocked_posting.pk])


def test_a_verb_that_does_not_fit_the_state_changes_nothing(world, sign_in):
    connect(factories.EntityFactory())
    url = reverse("admin:integrations_posting_send_again", args=[world.posting.pk])
    answer = sign_in("staff").post(url, follow=True)
    assert "changed meanwhile" in answer.content.decode()
    world.posting.refresh_from_db()
    assert world.posting.state == PostingState.POSTED


@pytest.mark.parametrize("state", ["blocked", "refused", "waiting", "gone"])
def test_a_document_of_a_deactivated_connection_says_so_and_has_no_button_that_cannot_work(world, sign_in, state):
    posting = world.blocked_posting
    Posting.objects.filter(pk=posting.pk).update(state=state)
    services.deactivate(connection=world.connection, user=None)
    client = sign_in("boss")
    for url in (
        reverse("admin:invoicing_invoice_change", args=[world.blocked.pk]),
        reverse("admin:integrations_posting_change", args=[posting.pk]),
    ):
        page = client.get(url).content.decode()
        assert "The connection with Exact Online is deactivated, so nothing is sent." in page
        assert "Goes with the next sync." not in page
        for verb in ("retry", "exclude", "link", "send_again", "refresh", "other"):
            assert reverse(f"admin:integrations_posting_{verb}", args=[posting.pk]) not in page, verb

    services.reactivate(connection=world.connection, user=None)
    page = client.get(reverse("admin:invoicing_invoice_change", args=[world.blocked.pk])).content.decode()
    assert "is deactivated" not in page


def test_what_the_tool_shows_nowhere_is_sent_again_by_a_person_only(world, sign_in):
    posting = world.blocked_posting
    client = sign_in("staff")
    page, verb = (
        reverse(f"admin:integrations_posting_{name}", args=[posting.pk]) for name in ("change", "send_unseen")
    )
    Posting.objects.filter(pk=posting.pk).update(
        state=PostingState.UNCLEAR, reason_code="SYS-703", reason_params={}, sent_at=timezone.now()
    )
    assert verb not in client.get(page).content.decode()
    client.post(verb)
    posting.refresh_from_db()
    assert posting.state == PostingState.UNCLEAR

    Posting.objects.filter(pk=posting.pk).update(reason_params={"seen": "nowhere"})
    words = client.get(page).content.decode()
    assert verb in words
    assert "does not show it anywhere" in words
    client.post(verb)
    posting.refresh_from_db()
    assert (posting.state, posting.sent_at, posting.reason_code) == (PostingState.WAITING, None, "")


def test_what_a_deactivated_connection_booked_stays_posted(world, sign_in):
    services.deactivate(connection=world.connection, user=None)
    page = sign_in("boss").get(reverse("admin:invoicing_invoice_change", args=[world.booked.pk])).content.decode()
    assert "Posted" in page
    assert "so nothing is sent" not in page
    assert reverse("admin:integrations_posting_refresh", args=[world.posting.pk]) not in page
