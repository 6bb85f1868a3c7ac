"""What a person decides on the pages: which relation a customer is, and whether a booking is the same document."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import PartyLink, Posting
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss(people) -> Client:
    client = Client()
    client.force_login(people["boss"])
    return client


def test_the_relation_of_a_customer_is_chosen_on_its_page(box, people, boss):
    connection = bridge.connect(box)
    party = factories.CompanyFactory(name="Apotheek Groene Vijzel bv")
    same = [
        {"Name": n, "VATNumber": party.vat_number, "Status": "C", "Country": "BE"} for n in ("Vijzel A", "Vijzel B")
    ]
    box.call("seed", {"division": int(bridge.DIVISION), "accounts": same})
    document = factories.booked_invoice(entity=connection.entity, party=party)
    bridge.sync(connection)
    assert bridge.posting(document).reason_code == "APP-219"

    page = boss.get(reverse("admin:crm_company_change", args=[party.pk])).content.decode()
    assert "Which relation of Exact Online is this customer?" in page
    assert "Vijzel A" in page
    assert "Vijzel B" in page
    wanted = connection.administration.tool_parties.get(name="Vijzel B").external_id
    url = reverse("admin:crm_company_relation", args=[party.pk])
    choice = {"connection": connection.pk, "external_id": wanted}
    staff = Client()
    staff.force_login(people["staff"])
    assert staff.post(url, choice).status_code == 403
    assert not PartyLink.objects.filter(party=party, external_id=wanted).exists()
    boss.post(url, choice)

    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert not connection.issues.open().exists()
    assert [p["name"] for p in box.parties() if p["name"].startswith(("Vijzel", "Apotheek Groene Vijzel bv X"))] == [
        "Vijzel A",
        "Vijzel B",
    ]


@pytest.mark.parametrize("same", [True, False])
def test_a_booking_under_our_number_is_linked_or_set_aside(box, people, boss, same):
    connection = bridge.connect(box)
    for _ in range(10):
        document = factories.booked_invoice(entity=connection.entity)
    assert document.number == "2026/0010"  # the demo books hold a booking under this number
    bridge.sync(connection)
    posting = bridge.posting(document)
    assert posting.reason_code == "NUM-520"

    page = boss.get(reverse("admin:invoicing_invoice_change", args=[document.pk])).content.decode()
    assert "Standing there: 70 26700001, 19 Feb 2026, 1,222.29" in page
    verb = "link" if same else "other"
    url = reverse(f"admin:integrations_posting_{verb}", args=[posting.pk])
    boss.post(url, {"external_id": posting.reason_params["external_id"]})

    if same:
        # Linked, but its total is not ours: said, and never sent a second time.
        posting.refresh_from_db()
        assert (posting.state, posting.number) == ("differs", "26700001")
    bridge.sync(connection)
    posting.refresh_from_db()
    standing = list(Posting.objects.filter(connection=connection, state="posted"))
    assert len(standing) == (9 if same else 10)
    assert (posting.state == "posted") is not same
