"""What goes wrong while somebody sets a connection up: a tool that refuses, two windows, a lost sign-in, a switch-off."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations import services
from integrations.admin.wizard import filling, frame
from integrations.models import (
    Connection,
    ConnectionStatus,
    FiscalPeriod,
    Grant,
    GrantStatus,
    LedgerLink,
    Posting,
    PostingState,
    VatLink,
)
from integrations.services import wizard as saved
from integrations.services.errors import ConnectError
from integrations.services.wizard import read_progress
from invoicing.models import LedgerAccount, SalesLine, VatRate
from tests import bridge, factories

from .test_wizard import BOOKS, Setup, entity, messages, setup  # noqa: F401 - fixtures

OTHER_BOOKS = "3120452"
REFUSALS = {
    "the minute limit": {"kind": "rate_minute"},
    "the day limit": {"kind": "rate_day"},
    "maintenance": {"kind": "status", "status": 503},
    "no answer": {"kind": "drop_before"},
}


MOVES = 'hx-trigger="load"'  # the page asks for the next list by itself


def refuse(box, what: str) -> None:
    box.fault(**REFUSALS[what], path="api/v1", times=50)


def give_again(box) -> None:
    box.call("faults", method="DELETE")


# --- the tool refuses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", REFUSALS)
def test_a_tool_that_refuses_its_lists_is_not_asked_again_by_the_page_itself(setup, entity, what):  # noqa: F811
    setup.start(entity)
    setup.to("administration")
    setup.post("administration", administration=BOOKS)
    page = setup.get("administration").content.decode()
    assert MOVES in page
    refuse(setup.box, what)
    answer = setup.client.post(setup.url("administration"), {"go": "fetch"}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == f"{setup.url('administration')}?halted=1"
    halted = setup.client.get(answer["HX-Redirect"])
    assert "Try it again later. What you filled in is saved." in messages(halted)
    assert "sync" not in messages(halted)
    assert "Try again" in halted.content.decode()
    assert MOVES not in halted.content.decode()
    # Without script it is the answer to the form that says so.
    plain = setup.client.post(setup.url("administration"), {"go": "fetch"})
    assert MOVES not in plain.content.decode()
    give_again(setup.box)
    assert MOVES in setup.get("administration").content.decode()


def test_a_choice_that_the_tool_did_not_answer_is_asked_once_and_said_once(setup, entity):  # noqa: F811
    setup.start(entity)
    setup.to("administration")
    refuse(setup.box, "maintenance")
    before = setup.box.last_request()
    page = setup.post("administration", administration=BOOKS)
    asked = [row["path"] for row in setup.box.requests(before) if "Divisions" in row["path"]]
    give_again(setup.box)
    assert messages(page).count("What you filled in is saved") == 1
    refuse(setup.box, "maintenance")
    before = setup.box.last_request()
    setup.get("administration")
    assert len(asked) == len([r for r in setup.box.requests(before) if "Divisions" in r["path"]])


@pytest.mark.parametrize("refused", [False, True])
def test_reading_lists_again_keeps_what_stands_on_the_page(setup, entity, refused):  # noqa: F811
    setup.start(entity)
    setup.to("journals")
    answers = {**setup.proposed("journals"), "start_date": "2026-03-04", "default_payment_term": "60"}
    if refused:
        refuse(setup.box, "maintenance")
    page = setup.client.post(setup.url("journals"), {"go": "again", **answers})
    shown = {field.html_name: field.value() for field in page.context["form"]}
    assert {name: shown[name] for name in answers} == answers
    give_again(setup.box)

    setup.to("vat-codes")
    zero = f"sales-{VatRate.objects.get(code='0').pk}"
    answers = {**setup.proposed("vat-codes"), zero: "N"}
    if refused:
        refuse(setup.box, "maintenance")
    page = setup.client.post(setup.url("vat-codes"), {"go": "again", **answers})
    assert {field.html_name: field.value() for field in page.context["form"]}[zero] == "N"
    assert not VatLink.objects.exists()
    give_again(setup.box)

    setup.to("ledger-accounts")
    answers = {**setup.proposed("ledger-accounts"), "default_ledger_account": "700200"}
    if refused:
        refuse(setup.box, "maintenance")
    page = setup.client.post(setup.url("ledger-accounts"), {"go": "again", **answers})
    assert {row.field.name: row.field.value() for row in page.context["extra"]}["default_ledger_account"] == "700200"


def test_a_check_that_fails_after_a_new_sign_in_shows_no_rights_of_the_one_before(setup, entity):  # noqa: F811
    connection = setup.start(entity)
    setup.to("journals")
    refuse(setup.box, "maintenance")
    setup.sign_in()
    give_again(setup.box)
    assert setup.at() == "access"
    page = setup.get("access")
    assert page.context["checked_at"] is None
    assert "None is missing" not in page.content.decode()
    setup.client.post(setup.url("access"), {"go": "check"})
    assert read_progress(connection).facts["access"]["missing"] == []
    assert setup.at() == "journals"


# --- the sign-in, the module ------------------------------------------------------------------------------------------


def lose_sign_in(connection: Connection) -> None:
    Grant.objects.filter(connections=connection).update(
        status=GrantStatus.LOST, lost_code="AUT-401", lost_text="revoked"
    )


@pytest.mark.parametrize("step", ["administration", "journals", "vat-codes", "ledger-accounts", "check"])
def test_a_lost_sign_in_leads_to_signing_in_and_back_with_everything_kept(setup, entity, step):  # noqa: F811
    connection = setup.start(entity)
    setup.to(step)
    before = read_progress(connection)
    lose_sign_in(connection)
    answer = setup.client.get(setup.url(step), follow=True)
    assert "First finish: Sign in." in messages(answer)
    assert answer.redirect_chain[-1][0] == setup.url("sign-in")
    connection.refresh_from_db()
    assert connection.status in (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED)
    setup.sign_in()
    assert setup.at() == step
    after = read_progress(connection)
    assert {key: row for key, row in after.steps.items() if key != "access"} == {
        key: row for key, row in before.steps.items() if key != "access"
    }


def test_a_sign_in_that_is_found_lost_by_the_step_itself_leads_to_signing_in(setup, entity):  # noqa: F811
    connection = setup.start(entity)
    setup.to("journals")
    # The tool takes the token back: it is noticed when the next list is asked for.
    Grant.objects.filter(connections=connection).update(
        expires_at=timezone.now() - timedelta(hours=1), refresh_token=""
    )
    answer = setup.client.post(setup.url("journals"), {"go": "again", **setup.proposed("journals")})
    assert answer["Location"] == setup.url("sign-in")
    assert Grant.objects.get(connections=connection).status == GrantStatus.LOST


def switch_off() -> None:
    services.set_module(is_on=False, entity_limit=None, ends_on=None, user=None)


def test_a_module_switched_off_midway_stops_the_set_up_and_says_so(setup, entity):  # noqa: F811
    connection = setup.start(entity)
    setup.to("vat-codes")
    answers = setup.proposed("vat-codes")
    switch_off()
    for answer in (
        setup.client.get(setup.url("vat-codes"), follow=True),
        setup.client.post(setup.url("vat-codes"), {"go": "continue", "seen": "", **answers}, follow=True),
    ):
        assert "This connection is switched off." in messages(answer)
        assert "finished" not in messages(answer)
    assert not VatLink.objects.exists()
    services.set_module(is_on=True, entity_limit=None, ends_on=None, user=None)
    services.reactivate(connection=connection, user=None)
    assert setup.at() == "vat-codes"


def test_coming_back_from_a_sign_in_does_not_switch_a_connection_on(setup, entity):  # noqa: F811
    connection = setup.start(entity)
    setup.post("situation", situation="both")
    leaving = setup.client.post(setup.url("sign-in"), {"go": "sign-in"})
    state, code = setup.box.consent(leaving["Location"])
    services.deactivate(connection=connection, user=None)
    # A colleague has begun anew meanwhile; one entity has one live connection.
    newer = services.start_connection(entity=entity, tool="exact", site="nl", user=None)
    back = reverse("admin:integrations_connection_signed_in")
    answer = setup.client.get(back, {"state": state, "code": code}, follow=True)
    assert answer.status_code == 200
    connection.refresh_from_db()
    assert connection.status == ConnectionStatus.DEACTIVATED
    assert list(Connection.objects.live()) == [newer]


def test_a_connection_switched_off_between_look_and_save_is_not_finished(setup, entity):  # noqa: F811
    connection = setup.start(entity)
    setup.to("check")
    stale = Connection.objects.get(pk=connection.pk)
    switch_off()
    with pytest.raises(ConnectError), saved.one_save(connection=stale, step="check", known=None):
        raise AssertionError("not reached")
    with pytest.raises(ConnectError, match="switched off"):
        services.choose_administration(connection=stale, external_id=OTHER_BOOKS, user=None)
    connection.refresh_from_db()
    assert connection.administration.external_id == BOOKS


# --- the administration is changed midway ----------------------------------------------------------------------------


def test_another_administration_forgets_every_code_of_the_former_one(setup, entity):  # noqa: F811
    connection = setup.start(entity)
    setup.to("customers")
    rate = VatRate.objects.get(code="21")
    former = connection_of(connection).administration
    services.link_ledger(connection=connection_of(connection), direction="sales", links={rate.pk: "700000"}, user=None)
    assert VatLink.objects.filter(connection=connection).exists()
    setup.post("administration", administration=OTHER_BOOKS, belongs=OTHER_BOOKS)
    now = connection_of(connection)
    assert now.administration.external_id == OTHER_BOOKS
    assert not VatLink.objects.filter(connection=connection).exists()
    assert not LedgerLink.objects.filter(connection=connection).exists()
    assert (now.invoice_journal, now.default_payment_term, now.discount_account) == (None, None, None)
    progress = read_progress(connection)
    assert not {"journals", "vat-codes", "ledger-accounts", "check"} & set(progress.steps)
    assert progress.facts.get("relations") is None
    assert "situation" in progress.steps
    # Step by step: the lists of these books are read, and each choice is made anew from them.
    assert setup.at() == "administration"
    setup.client.post(setup.url("administration"), {"go": "fetch"})
    assert setup.at() == "journals"
    setup.to("customers")
    for link in VatLink.objects.filter(connection=connection).select_related("vat_code"):
        assert link.vat_code.administration_id == now.administration_id != former.pk


def connection_of(connection: Connection) -> Connection:
    return Connection.objects.select_related("administration").get(pk=connection.pk)


def test_a_page_of_the_former_administration_links_nothing(setup, entity, monkeypatch):  # noqa: F811
    """The change lands after this request has read the connection, and before it saves."""
    connection = setup.start(entity)
    setup.to("vat-codes")
    answers = setup.proposed("vat-codes")
    honest = frame.Step.choices

    def overtaken(step, wizard):
        monkeypatch.setattr(frame.Step, "choices", honest)
        services.choose_administration(connection=connection, external_id=OTHER_BOOKS, user=None)
        return honest(step, wizard)

    monkeypatch.setattr(frame.Step, "choices", overtaken)
    page = setup.client.post(setup.url("vat-codes"), {"go": "continue", "seen": "", **answers}, follow=True)
    assert "another administration was chosen" in messages(page)
    assert page.redirect_chain[-1][0] == setup.url("access")  # rights are those of an administration
    assert not VatLink.objects.exists()


# --- two windows, and half a save ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theirs", "words"), [("both", "Already saved"), ("app-empty", "in another window")])
def test_of_two_saves_at_once_the_second_sees_the_first(setup, entity, people, monkeypatch, theirs, words):  # noqa: F811
    connection = setup.start(entity)
    honest = frame.Step.choices

    def overtaken(step, wizard):
        monkeypatch.setattr(frame.Step, "choices", honest)
        mark = saved.mark_of({"situation": [theirs]})
        saved.save_step(connection=connection, step="situation", user=people["root"], mark=mark, situation=theirs)
        return honest(step, wizard)

    monkeypatch.setattr(frame.Step, "choices", overtaken)
    answer = setup.client.post(setup.url("situation"), {"go": "continue", "seen": "", "situation": "both"}, follow=True)
    assert words in messages(answer)
    assert read_progress(connection).facts["situation"] == theirs
    assert read_progress(connection).steps["situation"].by == "root"


def test_a_save_that_fails_halfway_has_saved_nothing(setup, entity, monkeypatch):  # noqa: F811
    connection = setup.start(entity)
    setup.to("vat-codes")
    answers = setup.proposed("vat-codes")
    honest = services.link_vat

    def refusing(*, direction, **fields):
        if direction == "purchase":
            raise ConnectError("blocked meanwhile")
        return honest(direction=direction, **fields)

    monkeypatch.setattr(filling.services, "link_vat", refusing)
    page = setup.client.post(setup.url("vat-codes"), {"go": "continue", "seen": "", **answers})
    assert "blocked meanwhile" in messages(page)
    assert not VatLink.objects.filter(connection=connection).exists()
    assert "vat-codes" not in read_progress(connection).steps
    shown = {field.html_name: field.value() for field in page.context["form"]}
    assert {name: shown[name] for name in answers} == answers


# --- lines that are filled -------------------------------------------------------------------------------------------


def test_lines_of_documents_in_the_books_are_neither_counted_nor_filled(setup, entity):  # noqa: F811
    today = timezone.localdate()
    waiting, sent, found_there, unclear = (
        factories.booked_invoice(entity=entity, day=today, lines=[factories.line("100")]) for _ in range(4)
    )
    connection = setup.start(entity)
    setup.to("ledger-accounts")
    here = connection_of(connection)
    for document, state, at in (
        (sent, PostingState.POSTED, timezone.now()),
        (found_there, PostingState.POSTED, None),  # linked by a person to a booking that stood there
        (unclear, PostingState.UNCLEAR, timezone.now()),
    ):
        Posting.objects.create(
            connection=here, administration=here.administration, sales_document=document, kind="sales-invoice",
            reference=document.number, state=state, sent_at=at,
        )  # fmt: skip
    assert setup.get("ledger-accounts").context["blank_count"] == 1
    rate = VatRate.objects.get(code="21")
    answers = {**setup.proposed("ledger-accounts"), f"sales-{rate.pk}": "700000", "fill_lines": "on"}
    page = setup.client.post(setup.url("ledger-accounts"), {"go": "continue", "seen": "", **answers}, follow=True)
    assert "1 line got its ledger account." in messages(page)
    filled = SalesLine.objects.filter(document__entity=entity, ledger_account__isnull=False)
    assert [line.document_id for line in filled] == [waiting.pk]
    again = setup.post("ledger-accounts", **answers)
    assert again.status_code == 302
    assert filled.count() == 1
    assert LedgerAccount.objects.get(pk=filled.get().ledger_account_id).entity_id == entity.pk


def test_lists_read_for_another_entity_serve_this_one_as_well(setup, entity):  # noqa: F811
    today = timezone.localdate()
    bridge.connect(setup.box)
    factories.booked_invoice(entity=entity, day=today, lines=[factories.line("100")])
    setup.start(entity)
    setup.to("ledger-accounts")
    rate = VatRate.objects.get(code="21")
    answers = {**setup.proposed("ledger-accounts"), f"sales-{rate.pk}": "700000", "fill_lines": "on"}
    page = setup.client.post(setup.url("ledger-accounts"), {"go": "continue", "seen": "", **answers}, follow=True)
    assert "1 line got its ledger account." in messages(page)


# --- a connection that has settings and no steps ----------------------------------------------------------------------


def test_a_connection_made_without_the_set_up_is_walked_with_what_it_has(setup, entity, people):  # noqa: F811
    connection = bridge.connect(setup.box, entity, user=people["boss"])
    assert read_progress(connection).steps == {}
    Connection.objects.filter(pk=connection.pk).update(first_success_at=timezone.now())
    linked = dict(VatLink.objects.filter(direction="sales").values_list("rate__code", "vat_code__code"))
    services.deactivate(connection=connection, user=None)
    Connection.objects.filter(pk=connection.pk).update(default_payment_term=None)
    services.reactivate(connection=connection, user=None)
    connection.refresh_from_db()
    assert connection.status == ConnectionStatus.CONFIGURATION_NEEDED
    setup.connection = connection

    setup.to("check")
    connection.refresh_from_db()
    assert connection.start_date == bridge.START
    assert connection.default_payment_term.code == "30"
    assert connection.discount_account.code == "708000"
    kept = dict(VatLink.objects.filter(direction="sales").values_list("rate__code", "vat_code__code"))
    assert {code: kept[code] for code in linked} == linked
    setup.client.post(setup.url("check"), {"go": "continue"})
    connection.refresh_from_db()
    # It was asked for every night: that begins with the first success after the pause.
    assert (connection.status, connection.automatic_sync) == (ConnectionStatus.CONNECTED, False)
    assert connection.becomes_automatic


# --- before the start -------------------------------------------------------------------------------------------------


def test_books_without_a_financial_year_are_not_called_open(setup, entity):  # noqa: F811
    setup.start(entity)
    setup.to("check")
    assert setup.get("check").context["years"] == []
    FiscalPeriod.objects.all().delete()
    page = setup.get("check")
    assert page.context["years"] == [
        "No financial year of the administration is known; the accountant has to open one."
    ]
    assert "are open from the start date" not in page.content.decode()


def test_a_period_closed_for_purchases_alone_is_told_too(setup, entity):  # noqa: F811
    setup.start(entity)
    setup.to("check")
    connection = connection_of(setup.connection)
    today = timezone.localdate()
    FiscalPeriod.objects.filter(start__lte=today, end__gte=today).update(closed_journals=["60"])
    Connection.objects.filter(pk=connection.pk).update(start_date=today)
    remarks = setup.get("check").context["years"]
    assert [f"{today:%B %Y}" in remark for remark in remarks] == [True]
