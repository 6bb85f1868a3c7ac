"""Taking over companies and contacts, the same for every tool: persons at their companies, relations of no role."""

from __future__ import annotations

from crm.binning import move_to_recycle_bin
from crm.models import CompanyContact, Party
from crm.numbers import normalise_vat_number
from integrations import services
from integrations.base.provider import Capability
from integrations.models import ContactLink, PartyLink, Posting, SyncRun
from integrations.registry import get_tool
from tests import bridge, factories


def take_over(connection) -> SyncRun:
    return bridge.work_off(services.start_import(connection=connection, user=None))


def counts(run: SyncRun, item: str) -> dict[str, int]:
    return run.counters.get(item, {})


def customer(box) -> dict:
    """A company that is a customer and in use."""
    return next(row for row in box.parties() if row["is_customer"] and row["vat_number"] and not row.get("blocked"))


def company_of(row: dict) -> Party:
    number = normalise_vat_number(row["vat_number"], row["country"])
    return Party.objects.live().get(vat_number=number, kind="company")


def employ(box, row: dict, name: str = "Lies Claes") -> None:
    """Somebody at the tool notes who to talk to at a relation."""
    if box.profile.key == "exact":
        first, last = name.split(" ", 1)
        values = {
            "FirstName": first,
            "LastName": last,
            "JobTitleDescription": "Bookkeeping",
            "BusinessEmail": "lies@klant.example",
        }
        box.verb("contact", code=row["code"].strip(), values=values)
        return
    address = {"default": "true", "type": "invoice", "country": row["country"], "field4": row["vat_number"]}
    table, code, values = {
        "octopus": ("relations", row["id"], {"contactPerson": name}),
        "twinfield": ("dimensions", row["id"], {"addresses": [{**address, "contact": name}]}),
        "yuki": ("contacts", row["id"], {"MainContactPerson": name}),
    }[box.profile.key]
    box.verb("touch", table=table, code=code, values=values)


def take_role(box, row: dict) -> bool:
    """Make a relation one of no role, as far as the tool has such."""
    if Capability.ROLELESS_RELATIONS not in get_tool(box.profile.key).capabilities:
        return False
    table, code, values = {
        "exact": ("accounts", row["code"].strip(), {"Status": "P", "IsSupplier": False}),
        "octopus": ("relations", row["id"], {"client": False, "supplier": False}),
        "yuki": ("contacts", row["id"], {"IsCustomer": False, "IsSupplier": False}),
    }[box.profile.key]
    box.verb("touch", table=table, code=code, values=values)
    return True


def test_the_person_to_talk_to_becomes_a_contact_at_the_company_once(connection, box):
    row = customer(box)
    employ(box, row)
    run = take_over(connection)
    person = Party.objects.get(name="Lies Claes")
    assert (person.kind, person.first_name, person.last_name) == ("person", "Lies", "Claes")
    assert (person.is_customer, person.is_supplier) == (False, False)
    place = CompanyContact.objects.get(person=person)
    assert place.company == company_of(row)
    assert [tag.name for tag in person.tags.all()] == [f"{get_tool(connection.tool).label} Import"]
    assert counts(run, "contacts")["added"] == ContactLink.objects.count() == 1
    if box.profile.key == "exact":
        assert (person.email, place.role) == ("lies@klant.example", "Bookkeeping")
    # No number of its own: nothing is booked on it.
    assert not PartyLink.objects.filter(party=person).exists()

    before = Party.objects.count()
    again = take_over(connection)
    assert counts(again, "contacts") == {"read": 1, "known": 1}
    assert (Party.objects.count(), CompanyContact.objects.count()) == (before, 1)


def test_a_relation_of_no_role_comes_and_gets_its_role_with_the_first_invoice(connection, box):
    row = customer(box)
    if not take_role(box, row):
        assert all(one["is_customer"] or one["is_supplier"] for one in box.parties())
        return
    take_over(connection)
    party = company_of(row)
    assert (party.is_customer, party.is_supplier) == (False, False)
    link = PartyLink.objects.get(party=party)
    assert (link.external_id, link.is_customer, link.is_supplier) == (str(row["id"]), False, False)

    before = len(box.parties())
    factories.booked_invoice(entity=connection.entity, party=party, day=box.profile.day, lines=[factories.line("100")])
    bridge.sync(connection)
    assert (Posting.objects.get().state, Posting.objects.get().reason_code) == ("posted", "")
    there = next(one for one in box.parties() if one["id"] == row["id"])
    assert there["is_customer"]
    assert len(box.parties()) == before
    assert counts(take_over(connection), "import").get("added", 0) == 0


def test_a_company_that_was_deleted_here_and_imported_again_has_its_person_again(connection, box):
    row = customer(box)
    employ(box, row)
    take_over(connection)
    move_to_recycle_bin(parties=[company_of(row)], by=None)
    take_over(connection)
    person = Party.objects.get(name="Lies Claes")
    places = CompanyContact.objects.filter(person=person, company__deleted_at=None)
    assert [place.company for place in places] == [company_of(row)]
