"""The words of every problem: exact where people meet them most, whole and plain everywhere."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.utils import translation

import integrations
from crm.models import Party
from integrations.messages import (
    Fix,
    ProblemText,
    connection_reason,
    fix_url,
    issue_text,
    note_text,
    posting_reason,
    problem_text,
    run_reason,
    values,
    waiting_for_customer,
)
from integrations.messages.catalogue import MESSAGES
from integrations.messages.menus import MENUS
from integrations.messages.texts import FIX_LABELS, Effect, Message
from integrations.models import (
    Administration,
    Connection,
    ConnectionStatus,
    Issue,
    Posting,
    PostingState,
    RunState,
    SyncRun,
)
from integrations.registry import TOOLS
from invoicing.models import CompanyEntity, SalesDocument, SalesKind

TOOL = "Exact Online"
DOCUMENT = {"document": "Invoice 2026/142", "customer": "De Kraan", "amount": "1234.50 EUR"}
WHAT = "Invoice 2026/142 (De Kraan, 1,234.50 EUR)"
ASK_FOR_THE_RIGHT = "Ask your accountant, or whoever manages the users there, for what is missing. Then sync again."

# The catalogue: first and last number of each of its series.
SERIES = [
    ("APP", 101, 120), ("APP", 201, 223), ("IMP", 301, 309), ("MRG", 310, 312), ("AUT", 401, 415), ("PER", 501, 506),
    ("JRN", 510, 514), ("NUM", 520, 524), ("LED", 601, 607), ("VAT", 620, 626), ("PAR", 640, 650), ("MND", 655, 655),
    ("SYS", 701, 709), ("PAY", 720, 725), ("PEP", 730, 732), ("ALL", 999, 999),
]  # fmt: skip
CATALOGUE = {f"{family}-{number}" for family, first, last in SERIES for number in range(first, last + 1)}
CODE = re.compile(r"[A-Z]{3}-\d{3}")
PLACEHOLDER = re.compile(r"%\((\w+)\)")

# Values that a problem of any kind may carry, among them what nobody should see.
ALL_PARAMS = {
    "account": "700000", "administration": "De Kraan BV", "by": "Lotte", "code": "10023", "criterion": "VAT number",
    "currency": "USD", "date": "2026-03-14", "difference": "0.01", "email": "a b@example.org", "entity": "Linde BV",
    "external_id": "5f0c2b2e-93a7-4c0c-9d5c-2f1a5d2f7a10", "field": "Postcode", "journal": "70",
    "kind": "sales-invoice", "limit": "5000", "mb": "5", "columns": "200", "rows": "35000", "number": "26700142",
    "open": "12.00", "other": "Rode Kat", "ours": "121.00", "paid": "20.00", "party": "De Kraan",
    "pattern": "BE0999999999", "period": "2026 / 03", "rate": "6", "reference": "2026/142",
    "relation": "10023 De Kraan", "relations": "10023 De Kraan, 10024 Kraan", "row": "7", "resource": "crm/Accounts",
    "action": "GET", "right": "manage accounts; GET crm/Accounts", "since": "2026-03-14T09:00:00+00:00",
    "start_date": "2026-01-01", "step": "VAT codes", "sum": "120.99", "term": "45 days", "text": "Ongeldig: Dagboek",
    "total": "121.00", "until": "2026-03-14T23:00:00+00:00", "value": "maybe", "vat_code": "21", "vat_number": "BE0123",
}  # fmt: skip


def messages() -> Iterator[tuple[str, Message, set[str]]]:
    """Every message with its cases, and the values that are certain in a case."""
    for code, message in MESSAGES.items():
        yield code, message, set()
        for when, case in message.cases.items():
            yield f"{code} {when}", case, {when.partition("=")[0]}


each_message = pytest.mark.parametrize(
    ("code", "message", "certain"), list(messages()), ids=lambda value: value if isinstance(value, str) else ""
)


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?:\s|$)", text))


def assert_plain(text: ProblemText) -> None:
    """Whole sentences without holes, at most three, in words of people."""
    everything = f"{text} {text.headline} {text.fix_label}"
    assert text.sentence.endswith(".")
    assert not text.sentence.endswith("..")
    assert text.sentence[0].isupper() or text.sentence[0].isdigit()
    assert text.headline
    assert not text.headline.endswith(".")
    assert not text.advice or text.advice.endswith(".")
    assert 1 <= sentences(str(text)) <= 3
    assert sentences(text.advice) <= 2
    assert not re.search(r"%\(|%s|\{|\}|  |None", everything)
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", everything)
    assert not re.search(r"\b(?:GET|POST|HTTP|JSON|token|endpoint|division|GLAccount|crm/|SalesDocument)", everything)
    assert not re.search(r"\bplease\b|!|\boops\b|\bsorry\b", everything, re.IGNORECASE)
    assert not CODE.search(everything)


# --- the cases people meet most, word by word -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "params", "sentence", "advice", "label"),
    [
        (
            "AUT-401",
            {},
            "The connection with Exact Online has been lost.",
            "Sign in again; all settings are kept and the documents wait.",
            "Sign in again",
        ),
        (
            "AUT-401",
            {"cause": "client"},
            "Exact Online does not accept the client ID or the client secret of this installation.",
            "Let whoever maintains this installation correct them, then sign in again.",
            "Sign in again",
        ),
        (
            "AUT-404",
            {"administration": "Linde Studio"},
            "Administration “Linde Studio” of Exact Online is no longer open to this sign-in.",
            "Ask for access to all current and future administrations in Exact Online, then sign in again.",
            "Sign in again",
        ),
        (
            "AUT-403",
            {"right": "view financial master data"},
            "The user in Exact Online lacks this right: view financial master data.",
            ASK_FOR_THE_RIGHT,
            "Copy for my accountant",
        ),
        (
            "AUT-403",
            {"right": "manage accounts; view debtor reports"},
            "The user in Exact Online lacks these rights: manage accounts; view debtor reports.",
            ASK_FOR_THE_RIGHT,
            "Copy for my accountant",
        ),
        (
            "AUT-403",
            {"right": "POST crm/Accounts", "resource": "crm/Accounts", "action": "POST"},
            "The user in Exact Online lacks a right that the connection needs.",
            ASK_FOR_THE_RIGHT,
            "Copy for my accountant",
        ),
        (
            "PER-502",
            {"period": "2026 / 03", "journal": ""},
            f"{WHAT} was not posted: period 2026 / 03 is closed in Exact Online.",
            "Ask your accountant to reopen the period in Exact Online; the next sync goes on.",
            "Copy for my accountant",
        ),
        (
            "PER-502",
            {"period": "2026 / 03", "journal": "70"},
            f"{WHAT} was not posted: period 2026 / 03 is closed for journal 70 in Exact Online.",
            "Ask your accountant to reopen the period in Exact Online; the next sync goes on.",
            "Copy for my accountant",
        ),
        (
            "PER-503",
            {"year": "2027", "date": "2027-03-14"},
            f"{WHAT} was not posted: Exact Online has no fiscal year that contains 14 Mar 2027.",
            "Create the year in Exact Online under Master data > Financial > Period/date table, "
            "or ask your accountant; the next sync goes on.",
            "Copy for my accountant",
        ),
        (
            "APP-102",
            {"rate": "6"},
            f"{WHAT} was not posted: VAT rate 6% is not linked to a VAT code of Exact Online.",
            "Link it under VAT codes; the next sync goes on.",
            "Link VAT rate 6%",
        ),
        (
            "APP-102",
            {"rate": "MC"},
            f"{WHAT} was not posted: VAT rate MC is not linked to a VAT code of Exact Online.",
            "Link it under VAT codes; the next sync goes on.",
            "Link VAT rate MC",
        ),
        (
            "APP-103",
            {"vat_code": "21L"},
            f"{WHAT} was not posted: VAT code 21L does not exist in Exact Online any more, or is blocked there.",
            "Choose another code under VAT codes, or restore this one in Exact Online "
            "under Master data > Financial > VAT codes.",
            "Replace VAT code 21L",
        ),
        (
            "APP-201",
            {"party": "De Kraan", "vat_number": "BE0123", "pattern": "BE0999999999 / BE1999999999"},
            f"{WHAT} was not posted: VAT number BE0123 of De Kraan is not valid.",
            "Correct it on the customer. Expected: BE0999999999 / BE1999999999.",
            "Correct the VAT number",
        ),
        (
            "NUM-520",
            {"reference": "2026/142", "journal": "70", "number": "26700142", "external_id": "5f0c", "total": "121.00"},
            f"{WHAT} was not posted: number 2026/142 already stands in journal 70 of Exact Online, as entry 26700142.",
            "Compare both. Link to the existing entry if it is this document, else mark it as another one.",
            "Link to existing",
        ),
        (
            "NUM-520",
            {"text": "Bestaat reeds: Nummer", "reference": "2026/142"},
            f"{WHAT} was not posted: number 2026/142 is already used in Exact Online.",
            "Compare both. Link to the existing entry if it is this document, else mark it as another one.",
            "Link to existing",
        ),
        (
            "NUM-520",
            {"reference": "2026/142", "number": "26700142", "journal": "70", "reason": "not equal: party, total"},
            f"{WHAT} may stand in Exact Online as entry 26700142, but something differs: customer, total.",
            "Compare both. Link to the existing entry if it is this document, else delete it in Exact Online.",
            "Link to existing",
        ),
        (
            "APP-210",
            {"currency": "USD", "missing": "rate"},
            f"{WHAT} was not posted: it is in USD and has no exchange rate.",
            "Credit the document and make a new one with the exchange rate of its date.",
            "Open the document",
        ),
        (
            "APP-210",
            {"currency": "USD"},
            f"{WHAT} was not posted: currency USD is not active in this administration of Exact Online.",
            "Activate the currency in Exact Online, or exclude the document.",
            "Copy for my accountant",
        ),
        (
            "APP-209",
            {"what": "VAT 21", "ours": "21.00", "theirs": "21.01", "difference": "0.01"},
            f"{WHAT} stands in Exact Online with another amount: VAT of code 21 21.01 there, 21.00 here.",
            "Let the entry in Exact Online be corrected, or credit the document here. It is not sent again.",
            "Open the document",
        ),
        (
            "SYS-704",
            {"what": "another relation; date 2026-03-15; 3 lines"},
            f"{WHAT} stands in Exact Online with other data than we sent: customer; date 15 Mar 2026; number of lines.",
            "Compare both, and let the entry in Exact Online be corrected. It is not sent again.",
            "Open the document",
        ),
        (
            "ALL-999",
            {"text": "Onbekende fout 17."},
            "Exact Online refused invoice 2026/142 (De Kraan, 1,234.50 EUR): “Onbekende fout 17”.",
            "Look at the technical details. Copy them for your accountant if the words do not help.",
            "Copy for my accountant",
        ),
    ],
)
def test_the_words_of(code, params, sentence, advice, label):
    text = problem_text(code, params, tool=TOOL, **DOCUMENT)

    assert (text.sentence, text.advice, text.fix_label) == (sentence, advice, label)


def test_many_documents_are_one_sentence():
    text = problem_text("APP-102", {"rate": "6"}, tool=TOOL, count=6)

    assert text.sentence == "6 documents were not posted: VAT rate 6% is not linked to a VAT code of Exact Online."
    assert text.headline == "VAT rate 6% is not linked to a VAT code of Exact Online"


def test_many_documents_with_their_sum():
    text = problem_text("APP-102", {"rate": "6"}, tool=TOOL, count=6, amount="9310.20 EUR")

    assert text.sentence == (
        "6 documents of together 9,310.20 EUR were not posted: VAT rate 6% is not linked to a VAT code of Exact Online."
    )


def test_without_a_document_the_cause_stands_alone():
    text = problem_text("APP-102", {"rate": "6"}, tool="exact")

    assert text.sentence == "VAT rate 6% is not linked to a VAT code of Exact Online."


def test_a_document_known_by_its_reference_only_is_named_by_it():
    text = problem_text("PAY-721", {"reference": "2026/142"}, tool=TOOL)

    assert text.sentence == "Document 2026/142 is marked paid here but is open in Exact Online."


def test_an_unknown_code_shows_the_tool_s_words():
    text = problem_text("XYZ-123", {"text": "Kein Zugriff"}, tool=TOOL, **DOCUMENT)

    assert text.sentence == "Exact Online refused invoice 2026/142 (De Kraan, 1,234.50 EUR): “Kein Zugriff”."
    assert text.code == "XYZ-123"
    assert text.raw == "Kein Zugriff"


def test_long_words_of_a_tool_are_cut_and_kept_aside():
    text = problem_text("ALL-999", {"text": "x" * 500}, tool=TOOL, **DOCUMENT)

    assert text.sentence.endswith(f"“{'x' * 199}…”.")
    assert text.raw == "x" * 500


def test_signs_in_stored_values_are_no_placeholders():
    text = problem_text("ALL-999", {"text": "100%(tool)s %d"}, tool=TOOL)

    assert text.sentence == "Exact Online refused it: “100%(tool)s %d”."


def test_amounts_and_dates_follow_the_language():
    with translation.override("nl"):
        amount = problem_text("APP-102", {"rate": "5.5"}, tool=TOOL, **DOCUMENT).sentence
        day = problem_text("PER-503", {"date": "2027-03-14"}, tool=TOOL).headline

    assert "1.234,50 EUR" in amount
    assert "5,5%" in amount
    assert "14 mrt 2027" in day.lower()


# --- every message ----------------------------------------------------------------------------------------------------


def test_every_code_of_the_catalogue_has_words_and_no_other():
    assert set(MESSAGES) == CATALOGUE


def test_every_code_raised_in_the_source_has_words():
    root = Path(integrations.__file__).parent
    raised: set[str] = set()
    for path in root.rglob("*.py"):
        if "messages" in path.relative_to(root).parts[:1]:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                raised.add(node.value)

    assert {"APP-102", "NUM-520", "AUT-405", "SYS-708", "MND-655"} <= raised  # the search finds what is there
    assert raised - set(MESSAGES) == set()


@pytest.mark.parametrize("code", sorted(MESSAGES))
@pytest.mark.parametrize("params", [{}, ALL_PARAMS], ids=["empty", "full"])
@pytest.mark.parametrize(
    "words", [{}, DOCUMENT, {"count": 6}, {"count": 1, "counted": True}], ids=["bare", "document", "many", "one"]
)
def test_every_text_is_whole_short_and_plain(code, params, words):
    assert_plain(problem_text(code, params, tool=TOOL, **words))


# What makes a case apply that is not simply a value of its own name.
REASONS = {
    "differences": "not equal: party, total",
    "equal": "2 entries are equal to it",
    "unproven": "the right to see the entries is not proven",
    "reason": "something else",
}
CASES = [(code, when) for code, message in MESSAGES.items() for when in message.cases]


@pytest.mark.parametrize(("code", "when"), CASES)
@pytest.mark.parametrize("words", [{}, DOCUMENT, {"count": 6}], ids=["bare", "document", "many"])
def test_every_case_of_a_text_is_taken_and_plain(code, when, words):
    name, _, wanted = when.partition("=")
    params = {"reason": REASONS[name]} if name in REASONS else {name: wanted or ALL_PARAMS.get(name, "1.00")}
    text = problem_text(code, params, tool=TOOL, **words)

    assert_plain(text)
    assert text.headline != problem_text(code, {}, tool=TOOL, **words).headline


@each_message
def test_the_last_wording_needs_nothing_that_may_be_missing(code, message, certain):
    assert set(PLACEHOLDER.findall(str(message.cause[-1]))) <= {"tool", *certain}
    for templates in (message.advice, message.label, message.headline):
        if templates:
            assert set(PLACEHOLDER.findall(str(templates[-1]))) <= {"tool", *certain}


@each_message
def test_causes_can_follow_a_colon(code, message, certain):
    """They begin small, or with a value or an abbreviation, and have no full stop of their own."""
    for cause in message.cause:
        text = str(cause)
        assert text[0].islower() or text.startswith(("%(", "“", "VAT "))
        assert not text.endswith(".")


@each_message
def test_advice_comes_with_somewhere_to_go_or_somebody_who_acts(code, message, certain):
    if message.for_accountant:
        assert message.fix is not Fix.NONE
    if message.who == "accountant":
        assert message.for_accountant
    if message.who != "nobody":
        assert message.advice


def test_a_menu_is_named_where_the_tool_has_one_and_left_out_where_not():
    exact = problem_text("LED-603", {"account": "700000"}, tool="Exact Online")
    yuki = problem_text("LED-603", {"account": "700000"}, tool="Yuki")

    assert exact.advice == (
        "Choose another on the lines or under Ledger accounts, or unblock it in Exact Online "
        "under Master data > Financial > Ledger accounts."
    )
    assert yuki.advice == "Choose another on the lines or under Ledger accounts, or unblock it in Yuki."


def test_menus_are_those_of_the_tools_on_offer():
    assert {tool.label.lower() for tool in TOOLS.values()} <= set(MENUS)


def test_every_fix_has_a_label():
    assert set(FIX_LABELS) == set(Fix)
    assert [fix for fix, label in FIX_LABELS.items() if not str(label)] == [Fix.NONE]


def test_texts_are_translated_when_they_are_shown(monkeypatch):
    """The tables hold lazy texts: what is loaded before a language is chosen still follows it."""
    with translation.override("nl"):
        catalog = translation.trans_real.catalog()._catalog
        source, dutch = "the period is closed in %(tool)s", "de periode is afgesloten in %(tool)s"
        monkeypatch.setitem(catalog._catalogs[0], source, dutch)
        text = problem_text("PER-502", {}, tool=TOOL)

    assert text.headline == "De periode is afgesloten in Exact Online"


# --- postings, issues, connections, runs ------------------------------------------------------------------------------
# None of these tests has a database: a query would fail them.


def connection(**fields):
    entity = CompanyEntity(pk=1, name="Linde Studio")
    administration = Administration(pk=1, tool="exact", name="Linde Boeken")
    return Connection(pk=1, tool="exact", entity=entity, administration=administration, **fields)


def document(**fields):
    values = {
        "pk": 7, "number": "2026/142", "buyer_name": "De Kraan", "total": Decimal("1234.50"), "currency": "EUR",
        "kind": SalesKind.INVOICE, "date": date(2026, 3, 14), "party": Party(pk=3, name="De Kraan NV"),
    } | fields  # fmt: skip
    return SalesDocument(**values)


def posting(state, **fields):
    values = {
        "connection": connection(), "sales_document": document(), "kind": "sales-invoice", "reference": "2026/142",
    } | fields  # fmt: skip
    return Posting(pk=9, state=state, **values)


@pytest.mark.parametrize("state", [PostingState.WAITING, PostingState.SENDING, PostingState.POSTED])
def test_a_state_that_says_everything_has_no_reason(state):
    assert posting_reason(posting(state)) is None


def test_a_blocked_posting_names_its_document():
    text = posting_reason(posting(PostingState.BLOCKED, reason_code="APP-104"))

    assert text.sentence == (
        f"{WHAT} was not posted: a line has no ledger account, and no account is set for its VAT rate."
    )


def test_a_credit_note_is_called_so():
    found = posting(PostingState.BLOCKED, reason_code="APP-104", sales_document=document(kind=SalesKind.CREDIT_NOTE))

    assert posting_reason(found).sentence.startswith("Credit note 2026/142 (De Kraan, 1,234.50 EUR) was not posted:")


def test_a_refused_posting_keeps_the_tool_s_words_aside():
    found = posting(
        PostingState.REFUSED,
        reason_code="PER-502",
        reason_params={"text": "Periode gesloten: 2026 / 03", "reference": "2026/142"},
        vendor_text="Periode gesloten: 2026 / 03",
    )
    text = posting_reason(found)

    assert text.sentence == f"{WHAT} was not posted: the period is closed in Exact Online."
    assert text.raw == "Periode gesloten: 2026 / 03"
    assert text.who == "accountant"


@time_machine.travel(datetime(2026, 3, 14, 12, 0, tzinfo=UTC), tick=False)
def test_an_unclear_posting_says_when_it_is_looked_for(settings):
    settings.TIME_ZONE = "Europe/Brussels"
    at = datetime(2026, 3, 14, 13, 20, tzinfo=UTC)
    text = posting_reason(posting(PostingState.UNCLEAR, reason_code="SYS-703", not_before=at))

    assert text.sentence == "Exact Online did not answer for invoice 2026/142 (De Kraan, 1,234.50 EUR)."
    assert text.advice == "We check first whether the booking arrived. Next look at 14:20."
    assert text.who == "nobody"


@time_machine.travel(datetime(2026, 3, 14, 12, 0, tzinfo=UTC), tick=False)
def test_a_posting_left_behind_by_a_stopped_worker_is_looked_for(settings):
    settings.TIME_ZONE = "Europe/Brussels"
    at = datetime(2026, 3, 15, 1, 0, tzinfo=UTC)
    text = posting_reason(posting(PostingState.UNCLEAR, reason_code="SYS-705", not_before=at))

    assert text.sentence == "The sync stopped while invoice 2026/142 (De Kraan, 1,234.50 EUR) was being sent."
    assert text.advice == "We check first whether the booking arrived. Next look at 02:00 on 15 Mar 2026."


def test_a_look_up_that_may_not_see_entries_asks_for_the_right():
    found = posting(
        PostingState.UNCLEAR,
        reason_code="SYS-703",
        reason_params={"reference": "2026/142", "reason": "the right to see the entries is not proven", "number": ""},
    )
    text = posting_reason(found)

    assert text.sentence == (
        "We cannot see whether invoice 2026/142 (De Kraan, 1,234.50 EUR) arrived in Exact Online: a right is missing."
    )
    assert text.for_accountant


def test_a_posting_deleted_in_the_tool():
    params = {"number": "26700142", "reference": "2026/142"}
    text = posting_reason(posting(PostingState.GONE, reason_code="PAY-722", reason_params=params))

    assert text.sentence == ("Entry 26700142 of invoice 2026/142 (De Kraan, 1,234.50 EUR) was deleted in Exact Online.")
    assert text.advice == "Send the document again, or exclude it."


def test_paid_here_and_open_there_is_said_of_a_posted_document():
    text = posting_reason(posting(PostingState.POSTED, paid_here_open_there=True))

    assert text.sentence == f"{WHAT} is marked paid here but is open in Exact Online."


def test_excluded_because_it_is_in_another_administration():
    text = posting_reason(posting(PostingState.EXCLUDED, reason_params={"already_in": "Linde Oud"}))

    assert str(text) == "Excluded: already in Linde Oud."


def test_excluded_by_a_person_with_the_reason():
    found = posting(PostingState.EXCLUDED, reason_params={"reason": "Test invoice."}, excluded_by="Lotte Claes")

    assert str(posting_reason(found)) == "Excluded by Lotte Claes: Test invoice."


def test_waiting_for_the_customer():
    text = waiting_for_customer(posting(PostingState.WAITING))

    assert text.sentence == f"{WHAT} waits until its customer stands in the books."


def test_a_posting_without_loaded_relations_needs_no_query():
    found = Posting(
        pk=9, connection_id=1, sales_document_id=7, kind="sales-credit-note", reference="C2026/3",
        state=PostingState.BLOCKED, reason_code="PER-502",
    )  # fmt: skip

    assert posting_reason(found).sentence == (
        "Credit note C2026/3 was not posted: the period is closed in the bookkeeping tool."
    )


def test_an_issue_counts_its_documents():
    issue = Issue(connection=connection(), code="APP-102", cause_key="vat-rate:12:sales", params={"rate": "6"}, count=6)

    assert issue_text(issue).sentence == (
        "6 documents were not posted: VAT rate 6% is not linked to a VAT code of Exact Online."
    )


def test_an_issue_of_one_document_counts_it_too():
    issue = Issue(connection=connection(), code="APP-102", cause_key="vat-rate:12:sales", params={"rate": "6"}, count=1)

    assert issue_text(issue).sentence == (
        "1 document was not posted: VAT rate 6% is not linked to a VAT code of Exact Online."
    )


def test_an_issue_that_is_not_counted_yet_says_its_cause():
    issue = Issue(connection=connection(), code="APP-102", cause_key="vat-rate:12:sales", params={"rate": "6"})

    assert issue_text(issue).sentence == "VAT rate 6% is not linked to a VAT code of Exact Online."


def test_an_unknown_refusal_of_several_documents():
    issue = Issue(
        connection=connection(), code="ALL-999", cause_key="refused:Fout 17", count=2, vendor_text="Fout 17",
        params={"text": "Fout 17", "reference": "2026/142"},
    )  # fmt: skip
    text = issue_text(issue)

    assert text.sentence == "Exact Online refused 2 documents: “Fout 17”."
    assert text.headline == "Exact Online answered: “Fout 17”"


def test_an_issue_of_the_connection_names_the_administration():
    issue = Issue(connection=connection(), code="AUT-404", cause_key="connection:access", count=4)

    assert issue_text(issue).sentence == (
        "Administration “Linde Boeken” of Exact Online is no longer open to this sign-in."
    )


def test_an_error_of_our_own_is_not_put_on_the_tool():
    issue = Issue(
        connection=connection(), code="ALL-999", cause_key="connection:crash", vendor_text="KeyError: 'number'"
    )
    text = issue_text(issue)

    assert text.sentence == "The sync stopped: an error in this program."
    assert text.raw == "KeyError: 'number'"


@time_machine.travel(datetime(2026, 3, 14, 12, 0, tzinfo=UTC), tick=False)
def test_a_used_up_day(settings):
    settings.TIME_ZONE = "Europe/Brussels"
    issue = Issue(
        connection=connection(), code="SYS-701", cause_key="connection:limit",
        params={"until": "2026-03-15T00:00:00+00:00", "scope": "day", "limit": "5000"},
    )  # fmt: skip

    assert str(issue_text(issue)) == (
        "The 5,000 calls that Exact Online allows per day are used up. "
        "The sync goes on by itself at 01:00 on 15 Mar 2026; nothing is lost."
    )


def test_a_connection_that_lost_its_sign_in():
    text = connection_reason(connection(status=ConnectionStatus.RECONNECT_NEEDED, status_code="AUT-405"))

    assert text.sentence == "The user who signed in at Exact Online is no longer active there."
    assert text.fix is Fix.SIGN_IN


def test_a_connection_without_code_is_told_by_its_status():
    unfinished = connection_reason(connection(status=ConnectionStatus.CONFIGURATION_NEEDED))
    lost = connection_reason(connection(status=ConnectionStatus.RECONNECT_NEEDED))

    assert unfinished.sentence == "The connection between Linde Studio and Exact Online is not finished."
    assert lost.sentence == "The connection with Exact Online has been lost."


@pytest.mark.parametrize("status", [ConnectionStatus.CONNECTED, ConnectionStatus.PAUSED, ConnectionStatus.DEACTIVATED])
def test_a_connection_that_nothing_is_wrong_with(status):
    assert connection_reason(connection(status=status)) is None


def test_why_a_run_stopped():
    run = SyncRun(
        connection=connection(), state=RunState.STOPPED, error_code="AUT-403",
        error_params={"right": "manage accounts", "resource": "crm/Accounts"}, error_text="forbidden",
    )  # fmt: skip

    assert run_reason(run).sentence == ("The sync stopped: the user in Exact Online lacks this right: manage accounts.")


def test_a_run_that_ended_in_silence():
    run = SyncRun(connection=connection(), state=RunState.STOPPED, error_code="SYS-703", error_text="timed out")
    text = run_reason(run)

    assert text.sentence == "The sync stopped: Exact Online does not answer."
    assert text.advice == "Start the sync again later; nothing is lost. What was on its way is checked first."


def test_a_run_that_an_error_of_our_own_stopped():
    run = SyncRun(connection=connection(), state=RunState.STOPPED, error_code="ALL-999", error_text="KeyError")

    assert run_reason(run).sentence == "The sync stopped: an error in this program."


def test_a_run_that_an_unknown_refusal_stopped():
    run = SyncRun(connection=connection(), state=RunState.STOPPED, error_code="ALL-999", error_text="Geen toegang.")

    assert run_reason(run).sentence == "The sync stopped: “Geen toegang”."


@time_machine.travel(datetime(2026, 3, 14, 12, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("cursor", "sentence"),
    [
        ({"waits_for": "answer", "retries": 2}, "Exact Online did not answer."),
        ({"waits_for": "limit", "retries": 2}, "Exact Online allows no more calls for the moment."),
        ({"waits_for": "check"}, "What was on its way is looked for in Exact Online first."),
        ({}, "The sync waits for Exact Online."),
    ],
)
def test_what_a_postponed_run_waits_for(settings, cursor, sentence):
    settings.TIME_ZONE = "Europe/Brussels"
    at = datetime(2026, 3, 14, 12, 5, tzinfo=UTC)
    run = SyncRun(connection=connection(), state=RunState.POSTPONED, not_before=at, cursor=cursor)

    assert str(run_reason(run)) == f"{sentence} It goes on by itself at 13:05; nothing is lost."


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.SUCCEEDED, RunState.WITH_ISSUES])
def test_a_run_that_goes_well_has_no_reason(state):
    assert run_reason(SyncRun(connection=connection(), state=state)) is None


def test_a_note_is_a_remark():
    text = note_text({"code": "APP-110", "params": {"term": "45 days"}}, "exact")

    assert text.sentence == "Payment term “45 days” does not exist in Exact Online; the default term is used."
    assert text.who == "nobody"


def test_a_file_that_was_not_attached():
    text = note_text({"code": "SYS-708", "params": {"text": "a.pdf is larger than 9 MB"}}, "exact")

    assert text.sentence == "Posted, but the file was not attached: “a.pdf is larger than 9 MB”."


def test_the_customer_is_never_taken_for_the_other_party():
    """IMP-306 speaks of the party that has the number already; with no name it says so."""
    text = problem_text("IMP-306", {"external_id": "10023", "party": ""}, tool=TOOL, **DOCUMENT)

    assert text.headline == "A relation in Exact Online is already linked to another customer"
    assert text.sentence.endswith(": number 10023 of Exact Online is already linked to another customer.")


# --- where to go ------------------------------------------------------------------------------------------------------


def test_fixes_on_the_connection_need_the_connection():
    assert fix_url(Fix.VAT_CODES, connection=None) is None
    assert fix_url(Fix.SIGN_IN, connection=Connection(tool="exact")) is None


def test_fixes_open_the_page_of_the_row():
    assert fix_url(Fix.PARTY, connection=None, party_id=3) == "/crm/party/3/change/#relation"
    assert fix_url(Fix.PARTY, connection=None, party_id=3, code="APP-219") == "/crm/party/3/change/#relation"
    assert fix_url(Fix.PARTY, connection=None, party_id=3, code="APP-203") == "/crm/party/3/change/#id_country"
    assert fix_url(Fix.PARTY, connection=None, party_id=3, code="APP-201") == "/crm/party/3/change/#id_vat_number"
    assert fix_url(Fix.DOCUMENT, connection=None, document_id=7) == "/invoicing/salesdocument/7/change/"
    assert fix_url(Fix.FISCAL_YEAR, connection=None) == "/invoicing/fiscalyear/"


@pytest.mark.parametrize(
    ("fix", "place"),
    [
        (Fix.VAT_CODES, "#rate-12"),
        (Fix.JOURNALS, "#settings"),
        (Fix.DISCOUNT_ACCOUNT, "#id_discount_account"),
        (Fix.SIGN_IN, ""),
    ],
)
def test_fixes_on_the_connection_point_at_the_place(fix, place):
    url = fix_url(fix, connection=connection(), rate_id=12)

    assert url is not None
    assert url.startswith("/integrations/connection/1/")
    assert url.endswith(f"/{place}")


@pytest.mark.parametrize("fix", [Fix.PARTY, Fix.DOCUMENT, Fix.POSTING])
def test_a_fix_without_its_row_leads_nowhere(fix):
    assert fix_url(fix, connection=connection()) is None


@pytest.mark.parametrize("fix", [Fix.IN_TOOL, Fix.NONE])
def test_what_is_not_put_right_here_has_no_page(fix):
    assert fix_url(fix, connection=connection(), party_id=3, document_id=7, posting_id=9) is None


def test_effects_of_messages_about_the_connection_name_no_document():
    """Signing in concerns all documents alike."""
    assert {message.effect for code, message in MESSAGES.items() if code.startswith("AUT-")} == {Effect.ALONE}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.key)
def test_what_a_tool_says_of_itself_can_be_translated(tool):
    assert {right.right for right in tool.rights} <= values._RIGHTS.keys()
    assert {right.needed_for for right in tool.rights} <= values._PURPOSES.keys()
    assert {tool.sign_in_hint} - {""} <= values._SIGN_IN_HINTS.keys()
    asked = {words for field in tool.credential_fields for words in (field.label, field.hint)}
    assert asked - {""} <= values._CREDENTIALS.keys()
