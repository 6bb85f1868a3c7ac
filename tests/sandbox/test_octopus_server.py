"""The sandbox's Octopus side, asked plainly: strict as the service, and alive after a restart."""

from typing import Any

import pytest
import requests

from integrations.sandbox.octopus.auth import SOFTWARE_HOUSE
from integrations.sandbox.server import Sandbox
from tests.sandbox.octopus_box import BARE, MONTHS, QUARTERS

DOSSIER = int(QUARTERS)


class Caller:
    """A plain caller: signed in as demo; no retry, no cleverness."""

    def __init__(self, sandbox: Sandbox, dossier: str = QUARTERS, locale: int = 1) -> None:
        self.sandbox = sandbox
        self.root = f"{sandbox.base_url}/octopus"
        self.http = requests.Session()
        self.dossier = dossier
        self.login = self.sign_in().json()["token"]
        self.token = self.connect(dossier, locale).json()["Dossiertoken"]

    def sign_in(self, user: str = "demo@U1", password: str = "demo", house: str = SOFTWARE_HOUSE) -> requests.Response:
        body = {"user": user, "password": password}
        return self.http.post(f"{self.root}/authentication", json=body, headers={"softwareHouseUuid": house})

    def connect(self, dossier: str, locale: int = 1) -> requests.Response:
        return self.http.post(
            f"{self.root}/dossiers?dossierId={dossier}&localeId={locale}", headers={"Token": self.login}
        )

    def call(self, method: str, path: str, **kw: Any) -> requests.Response:
        headers = {"dossierToken": self.token, **kw.pop("headers", {})}
        return self.http.request(
            method, f"{self.root}/dossiers/{self.dossier}/{path}", headers=headers, timeout=20, **kw
        )

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.call("GET", path, params=params)

    def control(self, verb: str, **fields: Any) -> Any:
        answer = self.http.post(f"{self.sandbox.base_url}/_sandbox/{verb}", json={"vendor": "octopus", **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def switch(self, **switches: Any) -> None:
        self.control("settings", octopus=switches)

    def books(self, **params: Any) -> dict[str, Any]:
        params.setdefault("division", self.dossier)
        found = self.http.get(f"{self.sandbox.base_url}/_sandbox/books/octopus", params=params).json()
        return found["divisions"][0]


@pytest.fixture
def caller(_running_sandbox):
    _running_sandbox.reset()
    found = Caller(_running_sandbox)
    found.switch(limits=False)
    return found


def booking(**changes: Any) -> dict[str, Any]:
    inner = {
        "bookyearKey": {"id": 4},
        "journalKey": "V1",
        "documentSequenceNr": 2,
        "bookyearPeriodeNr": 202602,
        "documentDate": "2026-05-11",
        "expiryDate": "2026-06-10",
        "amount": 121.0,
        "currencyCode": "EUR",
        "exchangeRate": 1.0,
        "relationIdentificationServiceData": {"relationKey": {"id": 1}},
        "comment": "2026/15",
        "paymentMethod": 1,
        "bookingLines": [{"accountKey": 700000, "baseAmount": 100.0, "vatCodeKey": "21", "vatAmount": 21.0}],
        **changes,
    }
    return {"buySellBookingServiceData": {name: value for name, value in inner.items() if value is not ...}}


# --- sign-in --------------------------------------------------------------------------------------------------


def test_about_needs_no_token(caller):
    answer = requests.get(f"{caller.root}/about/version", timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain")


def test_a_bad_password_raises_a_counter_and_says_so(caller):
    answer = caller.sign_in(password="wrong")
    assert answer.status_code == 401
    assert list(answer.json()) == ["technicalInfo"]
    assert "failed login attempt count for user demo@U1" in answer.json()["technicalInfo"]
    assert caller.control("password")["failed"] == 1
    caller.sign_in()
    assert caller.control("password")["failed"] == 0


def test_the_wrong_token_header(caller):
    answer = caller.http.get(f"{caller.root}/dossiers/{QUARTERS}/vatcodes", headers={"Token": caller.token}, timeout=20)
    assert (answer.status_code, answer.json()["errorCode"]) == (401, -79)
    assert caller.http.get(f"{caller.root}/dossiers", headers={"Token": caller.token}).status_code == 401


def test_tokens_live_ten_minutes_and_belong_to_one_dossier(caller):
    caller.control("clock", advance_seconds=590)
    assert caller.get("vatcodes").status_code == 200
    elsewhere = caller.http.get(
        f"{caller.root}/dossiers/{MONTHS}/vatcodes", headers={"dossierToken": caller.token}, timeout=20
    )
    assert elsewhere.status_code == 401
    caller.control("clock", advance_seconds=20)
    assert caller.get("vatcodes").status_code == 401


def test_opening_dossiers(caller):
    assert caller.connect("1").status_code == 404
    caller.control("access", division=DOSSIER)
    assert caller.connect(QUARTERS).status_code == 403
    assert caller.connect(MONTHS).status_code == 200
    shown = caller.http.get(f"{caller.root}/dossiers", headers={"Token": caller.login}, timeout=20).json()
    assert [row["dossierKey"]["id"] for row in shown] == [int(MONTHS), int(BARE)]


# --- shapes ---------------------------------------------------------------------------------------------------


def test_null_is_left_out_and_a_blank_country_is_two_blanks(caller):
    caller.control("seed", division=DOSSIER, relations=[{"name": "Bare"}])
    (row,) = caller.get("relations", name="bare").json()
    assert row["country"] == "  "
    assert "city" not in row
    assert caller.get("relations").headers["Content-Type"] == "application/json"


def test_searches_are_ored_and_exact(caller):
    assert len(caller.get("relations", name="BAKKERIJ zonnekorrel", relationId=3).json()) == 2
    assert caller.get("relations", name="Bakkerij").json() == []
    assert caller.get("relations", nme="x").status_code == 400
    assert len(caller.get("relations").json()) == 24


@pytest.mark.parametrize("path", ["bookyears/9/journals", "accounts?bookyearId=9"])
def test_nothing_there_is_a_404_with_a_body(caller, path):
    answer = caller.get(path)
    assert answer.status_code == 404
    assert answer.json()["technicalInfo"]


def test_an_unknown_address_is_no_answer_of_the_service(caller):
    answer = caller.get("nothing")
    assert answer.status_code == 404
    assert "html" in answer.text


def test_wrong_parameter_names_are_a_bare_400(caller):
    answer = caller.get("buysellbookings", bookyearKeyId=4, journalKey="V1", documentSeqNr=1)
    assert (answer.status_code, answer.json()) == (400, {"technicalInfo": "Invalid or missing parameters passed"})
    assert caller.get("buysellbookings", bookyearId=4, journalKey="V1", documentSeqNr=1).status_code == 200
    assert caller.get("balancings/modified", modifiedTimeStamp="2026-05-11").status_code == 400


# --- bookings -------------------------------------------------------------------------------------------------


def test_a_booking_answers_201_without_a_body_and_reads_back_as_sent(caller):
    answer = caller.call("POST", "buysellbookings", json=booking())
    assert (answer.status_code, answer.content) == (201, b"")
    read = caller.get("buysellbookings", bookyearId=4, journalKey="V1", documentSeqNr=2).json()
    sent = booking()["buySellBookingServiceData"]
    assert {name: read[name] for name in sent if name not in ("bookingLines", "relationIdentificationServiceData")} == {
        name: value for name, value in sent.items() if name not in ("bookingLines", "relationIdentificationServiceData")
    }
    assert read["bookingLines"][0]["baseAmount"] == 100.0


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"documentSequenceNr": 1}, 400, -13),
        ({"documentSequenceNr": 3, "bookyearPeriodeNr": 1}, 400, -13),
        ({"bookyearPeriodeNr": 1}, 400, -14),
        ({"bookyearPeriodeNr": ...}, 400, -905),
        ({"bookyearPeriodeNr": 202601}, 400, -906),
        ({"bookyearPeriodeNr": 202603}, 400, -907),
        ({"bookyearKey": {"id": 9}}, 400, -901),
        ({"journalKey": "V9"}, 400, -902),
        ({"journalKey": "V3", "documentSequenceNr": 1}, 400, -903),
        ({"journalKey": "F1"}, 400, -903),
        ({"journalKey": "V5", "documentSequenceNr": 1}, 403, -931),
        ({"relationIdentificationServiceData": {"relationKey": {"id": 99}}}, 400, -908),
        ({"amount": 120.99}, 400, -914),
        ({"amount": -121.01}, 400, -914),
        ({"bookingLines": []}, 400, -914),
        ({"expiryDate": "2026-05-10"}, 400, -915),
        ({"currencyCode": "JPY"}, 400, -916),
        ({"documentDate": "11/05/2026"}, 500, None),
        ({"amount": "121.00"}, 500, None),
        ({"documentSequenceNr": "2"}, 500, None),
        ({"bookingLines": [{"accountKey": {"id": 700000}, "baseAmount": 121.0}]}, 500, None),
        ({"currencyCode": ...}, 400, None),
        ({"relationIdentificationServiceData": ...}, 400, None),
    ],
)
def test_what_is_wrong_books_nothing(caller, changes, status, code):
    before = caller.books(parts="entries")
    answer = caller.call("POST", "buysellbookings", json=booking(**changes))
    assert (answer.status_code, answer.json().get("errorCode")) == (status, code)
    assert caller.books(parts="entries") == before


def test_the_refused_number_names_the_last_one(caller):
    answer = caller.call("POST", "buysellbookings", json=booking(documentSequenceNr=1))
    assert answer.json()["technicalInfo"] == (
        "Unable to insert booking in dossier 99000102.  Illegal document seq Nr.  Last Document = 1.  New Document = 1. "
    )


def test_texts_come_in_the_language_of_the_token(caller):
    french = Caller(caller.sandbox, locale=2)
    texts = {
        one.call("POST", "buysellbookings", json=booking(bookyearPeriodeNr=1)).json()["errorMessage"]
        for one in (caller, french)
    }
    assert texts == {"De periode bestaat niet in het boekjaar.", "La période n'existe pas dans l'exercice."}


def test_a_journal_that_is_open_elsewhere(caller):
    caller.control("lock_journal", division=DOSSIER, journal="V1")
    assert caller.call("POST", "buysellbookings", json=booking()).status_code == 403
    caller.control("lock_journal", division=DOSSIER, journal="V1", locked=False)
    assert caller.call("POST", "buysellbookings", json=booking()).status_code == 201


def test_a_change_needs_the_bare_object(caller):
    caller.call("POST", "buysellbookings", json=booking())
    assert caller.call("PUT", "buysellbookings", json=booking()).status_code == 400
    inner = booking(comment="changed")["buySellBookingServiceData"]
    assert caller.call("PUT", "buysellbookings", json=inner).status_code == 204
    assert [row["reference"] for row in caller.books()["entries"]].count("changed") == 1


def test_late_files_use_the_misspelt_headers(caller):
    body = {"fileName": "a.pdf", "fileData": "JVBERi0xLjQK"}
    path = "bookyears/4/bookings/attachements"
    wrong = caller.call("POST", path, json=body, headers={"journalKey": "V1", "documentSequenceNr": "1"})
    assert wrong.status_code == 400
    right = caller.call("POST", path, json=body, headers={"journalKey": "V1", "documentSequennceNr": "1"})
    assert (right.status_code, right.content) == (204, b"")
    not_base64 = {"fileName": "a.pdf", "fileData": "%%"}
    answer = caller.call("POST", path, json=not_base64, headers={"journalKey": "V1", "documentSequennceNr": "1"})
    assert answer.status_code == 500


# --- relations and matching -----------------------------------------------------------------------------------


def test_a_relation_is_made_with_the_services_defaults_and_found_by_its_number(caller):
    body = {"currencyCode": "EUR", "relationIdentificationServiceData": {"externalRelationId": 99999}, "name": "New"}
    made = caller.call("PUT", "relations", json=body)
    assert made.status_code == 201
    assert made.json()["relationIdentificationServiceData"] == {"externalRelationId": 99999, "relationKey": {"id": 26}}
    assert (made.json()["expirationType"], made.json()["expirationDays"], made.json()["active"]) == (2, 30, True)
    again = caller.call("PUT", "relations", json={**body, "name": "Newer"})
    assert (again.status_code, again.content) == (204, b"")
    assert caller.call("PUT", "relations", json={"name": "x"}).status_code == 400
    assert caller.call("PUT", "relations", json={**body, "externalRelationId": 2}).status_code == 204
    huge = {**body, "relationIdentificationServiceData": {"externalRelationId": 2**31}}
    assert caller.call("PUT", "relations", json=huge).status_code == 500


def key(journal: str, number: int, line: int = -1) -> dict[str, Any]:
    return {
        "bookyearKey": {"id": 4},
        "journalKey": journal,
        "documentSequenceNr": number,
        "lineSequenceNr": line,
    }


def test_matching_by_hand_and_taking_it_back(caller):
    caller.control("pay", reference="26-10009", amount="96.10", date="2026-06-01")
    pair = {"debetKey": key("V1", 1), "creditKey": key("F1", 2, 1)}
    assert caller.call("DELETE", "balancings/delete", json=pair).status_code == 204
    assert caller.call("DELETE", "balancings/delete", json=pair).status_code == 400
    too_much = caller.call("POST", "balancings", json={**pair, "balanceAmount": 500.0})
    assert too_much.json()["errorCode"] == -921
    assert caller.call("POST", "balancings", json={**pair, "balanceAmount": 96.1}).status_code == 201
    swapped = {"debetKey": pair["creditKey"], "creditKey": pair["debetKey"], "balanceAmount": 1.0}
    assert caller.call("POST", "balancings", json=swapped).status_code == 400
    (row,) = [one for one in caller.books()["entries"] if one["reference"] == "26-10009"]
    assert row["open"] == "400.00"


def test_open_documents_of_clients_and_suppliers(caller):
    body = {"fromBookyearKey": {"id": 3}, "toBookyearKey": {"id": 5}, "relationId": -1, "externalRelationId": -1}
    clients = caller.call("POST", "reports/clients/open", json=body).json()
    assert {(row["comment"], row["openDocAmount"]) for row in clients} == {("25-10295", 897.82), ("26-10009", 496.1)}
    suppliers = caller.call("POST", "reports/suppliers/open", json={**body, "fromBookyearKey": {"id": 4}}).json()
    assert [row["comment"] for row in suppliers] == ["F4414"]
    caller.control("pay", reference="F4414", date="2026-06-01")
    assert caller.call("POST", "reports/suppliers/open", json=body).status_code == 404


def test_modified_goes_by_the_moment_of_writing(caller):
    caller.control("clock", advance_seconds=86400)
    fresh = Caller(caller.sandbox)
    fresh.call("POST", "buysellbookings", json=booking())
    since = fresh.http.get(f"{fresh.sandbox.base_url}/_sandbox/clock").json()["now"][:10] + " 00:00:00.000"
    rows = fresh.get("buysellbookings/modified", bookyearId=-1, modifiedTimeStamp=since).json()
    assert [row["comment"] for row in rows] == ["2026/15"]
    nothing = fresh.get("buysellbookings/modified", bookyearId=3, modifiedTimeStamp=since)
    assert nothing.status_code == 404


# --- quotas, state --------------------------------------------------------------------------------------------


def test_daily_quotas_per_operation_and_dossier(caller):
    caller.switch(limits=True)
    assert [caller.get("vatcodes").status_code for _ in range(3)] == [200, 200, 429]
    assert caller.get("currencies").status_code == 200
    assert Caller(caller.sandbox, MONTHS).get("vatcodes").status_code == 200
    assert [caller.get("relations").status_code for _ in range(3)] == [200, 200, 429]
    assert caller.get("relations", relationId=1).status_code == 200
    caller.control("clock", advance_seconds=86400)
    assert Caller(caller.sandbox).get("vatcodes").status_code == 200


def test_quotas_may_count_per_login(caller):
    caller.switch(limits=True, quota_scope="login")
    elsewhere = Caller(caller.sandbox, MONTHS)
    found = [
        caller.get("vatcodes").status_code,
        elsewhere.get("vatcodes").status_code,
        caller.get("vatcodes").status_code,
    ]
    assert found == [200, 200, 429]


def test_books_survive_a_restart(tmp_path):
    state = str(tmp_path / "state.sqlite3")
    with Sandbox(port=0, state=state, books=["octopus"]) as box:
        first = Caller(box)
        assert first.call("POST", "buysellbookings", json=booking()).status_code == 201
        first.control("pay", reference="2026/15", amount="21.00", date="2026-06-01")
        first.control("delete_entry", reference="26-10009")
        first.switch(file_bytes=10)
        books, token = first.books(), first.token
    with Sandbox(port=0, state=state) as box:
        second = Caller(box)
        assert second.books() == books
        second.token = token
        assert second.get("vatcodes").status_code == 200
        gone = second.get(
            "bookyears/-1/bookings/modified", journalTypeId=-1, modifiedTimeStamp="1980-01-01 00:00:00.000"
        ).json()["deletedBookings"]
        assert gone == [{"bookyearKey": {"id": 4}, "journalType": 2, "journalSequenceNr": 1, "documentSequenceNr": 1}]
        assert second.control("settings", octopus={})["octopus"]["file_bytes"] == 10


def test_the_books_have_the_shape_of_every_tools_books(caller):
    ours = caller.books()
    exact = requests.get(f"{caller.sandbox.base_url}/_sandbox/books/exact", timeout=20).json()["divisions"][0]
    assert set(ours) == set(exact)
    shared = {"entry_id", "kind", "reference", "journal", "number", "date", "total", "open", "party_name", "lines"}
    assert shared <= set(ours["entries"][0])
    assert {"net", "vat", "vat_code", "account"} <= set(ours["entries"][0]["lines"][0])
    assert set(ours["totals"]) <= set(exact["totals"])


def test_people_see_the_dossier_and_pay_on_the_page(caller):
    root = caller.sandbox.base_url
    assert "26-10009" in requests.get(f"{root}/?division={QUARTERS}", timeout=20).text
    form = {"vendor": "octopus", "division": QUARTERS, "entry_id": "4/V1/1", "part": "1", "amount": "96,10"}
    answer = requests.post(f"{root}/pay", data=form, timeout=20)
    assert "96.10 EUR paid on 26-10009" in answer.text


@pytest.mark.parametrize("count", [3])
def test_seeds_are_the_same_every_time(caller, count):
    made = caller.control("seed", division=DOSSIER, relations=count, entries=count)
    assert made == {"relations": [26, 27, 28], "entries": ["4/V1/2", "4/V1/3", "4/V1/4"]}
    assert [row["total"] for row in caller.books()["entries"] if row["reference"].startswith("SEED")] == [
        "121.00",
        "125.48",
        "129.95",
    ]


def test_switches_and_verbs_refuse_what_they_do_not_know(caller):
    root = f"{caller.sandbox.base_url}/_sandbox"
    assert requests.post(f"{root}/settings", json={"octopus": {"nonsense": 1}}, timeout=20).status_code == 400
    assert requests.post(f"{root}/settings", json={"octopus": {"merge": "x"}}, timeout=20).status_code == 400
    wrong = {"vendor": "octopus", "reference": "nothing"}
    assert requests.post(f"{root}/pay", json=wrong, timeout=20).status_code == 404
    assert requests.post(f"{root}/rights", json={"vendor": "octopus", "user": "x"}, timeout=20).status_code == 404
