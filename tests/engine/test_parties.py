"""Customers in the tool: found before created, once, and never blanked."""

from decimal import Decimal

import pytest

from crm.models import Party
from integrations import messages, services
from integrations.models import Issue, PartyLink, Posting, ToolParty
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def account_calls(box, since=0, method=""):
    calls = [r for r in box.requests(since) if "/crm/Accounts" in r["path"] and r["method"] != "GET"]
    return [r for r in calls if not method or r["method"] == method]


def relation(box, party):
    (found,) = [p for p in box.parties() if p["id"] == PartyLink.objects.get(party=party).external_id]
    return found


def seed(box, **values):
    box.call("seed", {"division": int(bridge.DIVISION), "accounts": [{"Status": "C", "Country": "BE", **values}]})


def invoice(connection, party, **fields):
    return factories.booked_invoice(entity=connection.entity, party=party, **fields)


def test_created_once_and_updated_once_after_a_change(box, connection):
    party = factories.PartyFactory(email="a@example.com")
    for _ in range(3):
        invoice(connection, party)
    bridge.sync(connection)
    assert [r["method"] for r in account_calls(box)] == ["POST"]
    assert relation(box, party)["street"] == "Markt 1"

    since = box.last_request()
    bridge.sync(connection)
    invoice(connection, party)
    bridge.sync(connection)
    assert account_calls(box, since) == []

    party.street = "Vismarkt 5"
    party.save()
    bridge.sync(connection)
    assert account_calls(box, since) == []  # nothing of theirs goes out, so nothing is changed over there
    invoice(connection, party)
    bridge.sync(connection)
    bridge.sync(connection)
    assert [r["method"] for r in account_calls(box, since)] == ["PUT"]
    assert relation(box, party)["street"] == "Vismarkt 5"
    assert len([p for p in box.parties() if p["name"] == party.name]) == 1


def test_what_we_do_not_know_is_never_blanked_there(box, connection):
    party = factories.PartyFactory(email="own@example.com")
    invoice(connection, party)
    bridge.sync(connection)
    party.email = party.street = ""
    party.city = "Oostende"
    party.save()
    invoice(connection, party)

    bridge.sync(connection)

    there = relation(box, party)
    assert (there["city"], there["street"], there["email"]) == ("Oostende", "Markt 1", "own@example.com")


FACTS = {
    "reference": lambda p: {"SearchCode": p.mark, "Name": "Quite another name"},
    "VAT number": lambda p: {
        "VATNumber": f"BE {p.vat_number[2:6]}.{p.vat_number[6:9]}.{p.vat_number[9:]}",
        "Name": "Z",
    },
    "enterprise number": lambda p: {"ChamberOfCommerce": p.enterprise_number, "Name": "Y"},
    "name and postcode": lambda p: {"Name": p.name.upper(), "Postcode": p.postcode},
}


@pytest.mark.parametrize("fact", FACTS)
def test_found_by(box, connection, fact):
    party = factories.PartyFactory()
    seed(box, **FACTS[fact](party))
    before = box.parties()
    document = invoice(connection, party)

    bridge.sync(connection)

    assert box.parties() == before  # neither created nor changed
    link = PartyLink.objects.get(party=party)
    assert link.matched_by == fact
    assert box.entries()[document.number]["party"] == link.external_id


def test_several_hits_are_a_question_until_a_person_chose(box, connection):
    party = factories.PartyFactory()
    for name in ("One", "Two"):
        seed(box, Name=name, VATNumber=party.vat_number)
    document, other = invoice(connection, party), invoice(connection, factories.PartyFactory())

    run = bridge.sync(connection)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code, posting.issue.count) == ("blocked", "APP-219", 1)
    assert (run.state, bridge.posting(other).state) == ("with_issues", "posted")
    assert not PartyLink.objects.filter(party=party).exists()
    _one, two = services.candidates(connection=connection, party=party)
    services.link_party(connection=connection, party=party, external_id=two.external_id, user=None)
    run = bridge.sync(connection)
    assert (run.state, box.entries()[document.number]["party"]) == ("succeeded", two.external_id)
    assert not Issue.objects.open().exists()


def test_a_supplier_becomes_a_customer_as_well_and_keeps_its_fields(box, connection):
    party = factories.PartyFactory()
    seed(box, Name="As they know it", VATNumber=party.vat_number, Status="A", IsSupplier=True, City="Luik")
    invoice(connection, party)

    bridge.sync(connection)

    there = relation(box, party)
    assert (there["name"], there["city"], there["is_customer"], there["is_supplier"]) == (
        "As they know it", "Luik", True, True
    )  # fmt: skip
    assert [r["method"] for r in account_calls(box)] == ["PUT"]


def test_a_role_that_could_not_be_given_is_given_later(box, connection):
    party = factories.PartyFactory()
    seed(box, Name="As they know it", VATNumber=party.vat_number, Status="A", IsSupplier=True, City="Luik")
    document = invoice(connection, party)
    # The answer to the role never comes: the worker stops after three silent calls at the latest.
    box.fault("drop_before", method="PUT", path="crm/Accounts", times=1)

    bridge.sync(connection)

    assert bridge.posting(document).state == "posted"
    assert (relation(box, party)["is_customer"], relation(box, party)["city"]) == (True, "Luik")


def test_a_blocked_relation_holds_up_its_documents_alone(box, connection):
    party = factories.PartyFactory()
    seed(box, Name="Blocked", VATNumber=party.vat_number, Blocked=True)
    document, other = invoice(connection, party), invoice(connection, factories.PartyFactory())

    bridge.sync(connection)

    assert (bridge.posting(document).state, bridge.posting(document).reason_code) == ("blocked", "PAR-640")
    assert bridge.posting(other).state == "posted"
    code = ToolParty.objects.get(name="Blocked").code
    box.call(
        "touch", {"table": "accounts", "code": code, "division": int(bridge.DIVISION), "values": {"Blocked": False}}
    )
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"


def deleted(box, party):
    code = PartyLink.objects.get(party=party).code
    box.call("touch", {"table": "accounts", "code": code, "division": int(bridge.DIVISION), "delete": True})


def test_deleted_in_the_tool_then_a_new_invoice(box, connection):
    party = factories.PartyFactory()
    first = invoice(connection, party)
    bridge.sync(connection)
    former = PartyLink.objects.get(party=party).external_id
    deleted(box, party)
    second = invoice(connection, party)

    bridge.sync(connection)
    bridge.sync(connection)

    assert [bridge.posting(d).state for d in (first, second)] == ["posted", "posted"]
    link = PartyLink.objects.get(party=party)
    assert link.external_id != former
    assert box.entries()[second.number]["party"] == link.external_id
    assert len([p for p in box.parties() if p["name"] == party.name]) == 1


def test_deleted_in_the_tool_then_changed_here(box, connection):
    party = factories.PartyFactory()
    invoice(connection, party)
    bridge.sync(connection)
    deleted(box, party)
    party.city = "Oostende"
    party.save()
    second = invoice(connection, party)

    run = bridge.sync(connection)

    assert (run.state, bridge.posting(second).state) == ("succeeded", "posted")
    assert relation(box, party)["city"] == "Oostende"


def test_invariant_7_a_refused_party_stops_its_own_documents_and_is_not_asked_again(box, connection):
    bad, good = factories.PartyFactory(), factories.PartyFactory()
    document, other = invoice(connection, bad), invoice(connection, good)
    box.fault(
        "status",
        method="POST",
        path="crm/Accounts",
        body_contains=bad.name,
        status=400,
        body={"error": {"code": "", "message": {"lang": "", "value": "Ongeldig: E-mailadres"}}},
    )

    bridge.sync(connection)
    assert (bridge.posting(document).state, bridge.posting(document).reason_code) == ("blocked", "APP-205")
    assert bridge.posting(document).vendor_text == "Ongeldig: E-mailadres"
    assert bridge.posting(other).state == "posted"

    since = box.last_request()
    bridge.sync(connection)
    assert account_calls(box, since) == []
    assert bridge.posting(document).state == "blocked"
    Party.objects.get(pk=bad.pk)
    bad.email = "good@example.com"
    bad.save()
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert not Issue.objects.open().exists()


def test_two_of_our_parties_never_share_a_relation(box, connection):
    one, two = factories.PartyFactory(), factories.PartyFactory()
    Party.objects.filter(pk=two.pk).update(vat_number=one.vat_number, enterprise_number=one.enterprise_number)
    first, second = invoice(connection, one), invoice(connection, Party.objects.get(pk=two.pk))
    bridge.sync(connection)
    third = invoice(connection, Party.objects.get(pk=two.pk))
    bridge.sync(connection)
    states = {d.number: bridge.posting(d).state for d in (first, second, third)}
    links = list(PartyLink.objects.values_list("external_id", flat=True))
    assert len(links) == len(set(links))
    assert states[first.number] == "posted"
    assert Posting.objects.filter(state="posted").count() == bridge.assert_same_books(box, connection)


# --- the same customer under other spellings, and others under the same name ----------------------------------------


@pytest.mark.parametrize("number", ["vat_number", "enterprise_number"])
def test_two_of_our_parties_never_make_two_relations_of_one_company(box, connection, number):
    first = factories.PartyFactory()
    other = "enterprise_number" if number == "vat_number" else "vat_number"
    twin = factories.PartyFactory(**{number: getattr(first, number), other: ""})
    documents = [invoice(connection, party) for party in (first, twin, first)]

    for _ in range(2):  # the second time it is the mirror that knows
        bridge.sync(connection)
        postings = [bridge.posting(document) for document in documents]
        assert [posting.state for posting in postings] == ["posted", "blocked", "posted"]
        assert (postings[1].reason_code, postings[1].reason_params["party"]) == ("IMP-306", first.name)
    assert [r["method"] for r in account_calls(box)] == ["POST"]
    assert not PartyLink.objects.filter(party=twin).exists()

    # Somebody cleans up over here: it is another company after all.
    setattr(twin, number, "")
    twin.save()
    bridge.sync(connection)
    assert bridge.posting(documents[1]).state == "posted"
    assert [r["method"] for r in account_calls(box)] == ["POST", "POST"]


@pytest.mark.parametrize("spelling", ["{0}", "be {0:.4}.{1}.{2}", "BE-{0}", "{0:.4} {1} {2}", " be{0} "])
def test_a_vat_number_is_the_same_in_every_spelling(box, connection, spelling):
    party = factories.PartyFactory()
    digits = party.vat_number.removeprefix("BE")
    seed(box, Name="Otherwise spelled", VATNumber=spelling.format(digits, digits[4:7], digits[7:]))
    document = invoice(connection, party)

    bridge.sync(connection)

    assert PartyLink.objects.get(party=party).matched_by == "VAT number"
    assert account_calls(box) == []
    assert relation(box, party)["name"] == "Otherwise spelled"
    assert box.entries()[document.number]["party"] == relation(box, party)["id"]


def test_a_dutch_vat_number_and_a_dotted_enterprise_number(box, connection):
    dutch = factories.PartyFactory(country="NL", vat_number="NL004495445B01", enterprise_number="", postcode="1012 AB")
    belgian = factories.PartyFactory()
    digits = belgian.enterprise_number
    seed(box, Name="Dutch", Country="NL", VATNumber="NL 0044.95.445.B.01")
    seed(box, Name="Belgian", ChamberOfCommerce=f"{digits[:4]}.{digits[4:7]}.{digits[7:]}")
    invoice(connection, dutch), invoice(connection, belgian)

    bridge.sync(connection)

    assert {link.party_id: link.matched_by for link in PartyLink.objects.all()} == {
        dutch.pk: "VAT number",
        belgian.pk: "enterprise number",
    }
    assert account_calls(box) == []


def test_a_namesake_next_door_with_another_vat_number_is_someone_else(box, connection):
    party = factories.PartyFactory(name="Bouwwerken Janssens")
    seed(box, Name="Bouwwerken Janssens", Postcode=party.postcode, VATNumber=factories.vat_number_be(4321))
    seed(box, Name="Bouwwerken Janssens", Postcode="1000")
    before = {p["id"] for p in box.parties()}
    document = invoice(connection, party)

    bridge.sync(connection)

    link = PartyLink.objects.get(party=party)
    assert link.external_id not in before
    assert box.entries()[document.number]["party"] == link.external_id
    assert len(box.parties()) == len(before) + 1


def test_a_relation_that_was_deleted_there_is_no_second_hit(box, connection):
    party = factories.PartyFactory()
    for name in ("Old", "New"):
        seed(box, Name=name, VATNumber=party.vat_number)
    document = invoice(connection, party)
    bridge.sync(connection)
    assert bridge.posting(document).reason_code == "APP-219"
    old = ToolParty.objects.get(name="Old").code
    box.call("touch", {"table": "accounts", "code": old, "division": int(bridge.DIVISION), "delete": True})

    bridge.sync(connection)

    assert (bridge.posting(document).state, relation(box, party)["name"]) == ("posted", "New")
    assert not Issue.objects.open().exists()


def test_the_words_for_a_customer_who_cannot_be_told_and_for_one_who_is_blocked(box, connection):
    party, other = factories.PartyFactory(name="De Kraan"), factories.PartyFactory(name="Het Anker")
    for name in ("Kraan Gent", "Kraan Brugge"):
        seed(box, Name=name, VATNumber=party.vat_number)
    seed(box, Name="Anker", VATNumber=other.vat_number, Blocked=True)
    documents = [invoice(connection, p) for p in (party, other, other)]

    bridge.sync(connection)

    codes = {row.name: row.code for row in ToolParty.objects.filter(name__in=["Kraan Gent", "Kraan Brugge", "Anker"])}
    first, second = (
        messages.posting_reason(Posting.objects.select_related("connection", "sales_document").get(sales_document=d))
        for d in documents[:2]
    )
    assert first.sentence == (
        f"Invoice {documents[0].number} (De Kraan, 121.00 EUR) was not posted: more than one relation in Exact Online "
        f"fits De Kraan ({codes['Kraan Gent']} Kraan Gent, {codes['Kraan Brugge']} Kraan Brugge)."
    )
    assert second.sentence == (
        f"Invoice {documents[1].number} (Het Anker, 121.00 EUR) was not posted: relation {codes['Anker']} Anker, "
        "which fits Het Anker, is blocked in Exact Online."
    )
    assert set(Issue.objects.open().values_list("code", "count")) == {("APP-219", 1), ("PAR-640", 2)}


# --- refusals, and who is not sent at all ---------------------------------------------------------------------------

REFUSED = {"error": {"code": "", "message": {"lang": "", "value": "Ongeldig: Taal"}}}


@pytest.mark.parametrize("cure", ["lists", "retry", "nothing"])
def test_a_refused_party_is_asked_again_only_after_a_change(box, connection, cure):
    party = factories.PartyFactory()
    documents = [invoice(connection, party) for _ in range(2)]
    box.fault("status", method="POST", path="crm/Accounts", status=500, body=REFUSED)
    bridge.sync(connection)
    assert [bridge.posting(d).state for d in documents] == ["blocked", "blocked"]
    (issue,) = Issue.objects.open()
    assert (issue.count, issue.party_id, issue.vendor_text) == (2, party.pk, "Ongeldig: Taal")
    since = box.last_request()
    bridge.sync(connection)
    assert account_calls(box, since) == []

    if cure == "lists":
        values = {"Description": "Renamed over there"}
        box.call(
            "touch",
            {"table": "glaccounts", "code": "700300", "division": int(bridge.DIVISION), "values": values},
        )
    elif cure == "retry":
        services.retry(posting=bridge.posting(documents[0]), user=None)
    bridge.sync(connection)

    asked = cure != "nothing"
    assert [r["method"] for r in account_calls(box, since)] == (["POST"] if asked else [])
    assert [bridge.posting(d).state for d in documents] == (["posted", "posted"] if asked else ["blocked", "blocked"])
    assert Issue.objects.open().exists() != asked


def test_a_refused_change_keeps_the_relation_and_is_not_repeated(box, connection):
    party = factories.PartyFactory()
    invoice(connection, party)
    bridge.sync(connection)
    former = PartyLink.objects.get(party=party).external_id
    party.city = "Oostende"
    party.save()
    document = invoice(connection, party)
    box.fault("status", method="PUT", path="crm/Accounts", status=500, body=REFUSED)
    bridge.sync(connection)
    assert (bridge.posting(document).state, bridge.posting(document).vendor_text) == ("blocked", "Ongeldig: Taal")
    since = box.last_request()
    bridge.sync(connection)
    assert account_calls(box, since) == []
    party.city = "Gent"
    party.save()

    bridge.sync(connection)

    assert PartyLink.objects.get(party=party).external_id == former
    assert (bridge.posting(document).state, relation(box, party)["city"]) == ("posted", "Gent")
    assert not Issue.objects.open().exists()


def test_a_party_whose_documents_are_held_up_is_not_sent(box, connection):
    party = factories.PartyFactory()
    document = invoice(connection, party, currency="SEK", exchange_rate=Decimal("0.09"))

    bridge.sync(connection)

    assert bridge.posting(document).reason_code == "APP-210"
    assert account_calls(box) == []
    assert not PartyLink.objects.filter(party=party).exists()
