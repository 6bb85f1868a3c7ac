"""The search of the frame, and the look-ups of forms."""

from django.urls import reverse

from tests import factories

from .conftest import World


def lookup(client, model: str, term: str) -> list[str]:
    app, name, field = model.split(".")
    answer = client.get(
        reverse("admin:autocomplete"), {"app_label": app, "model_name": name, "field_name": field, "term": term}
    )
    assert answer.status_code == 200
    return [row["text"] for row in answer.json()["results"]]


def test_the_frame_finds_numbers_and_names(world: World, sign_in):
    client = sign_in("staff")
    page = client.get(reverse("admin:search"), {"s": "2026/0001", "extended": "1"}).content.decode()
    assert reverse("admin:invoicing_invoice_change", args=[world.booked.pk]) in page
    page = client.get(reverse("admin:search"), {"s": "kraan", "extended": "1"}).content.decode()
    assert reverse("admin:crm_company_change", args=[world.company.pk]) in page


def test_the_frame_shows_nothing_to_who_may_not_look(world: World, sign_in):
    page = sign_in("nobody").get(reverse("admin:search"), {"s": "kraan", "extended": "1"}).content.decode()
    assert "Brouwerij" not in page


def test_a_form_finds_live_customers_and_booked_invoices(world: World, sign_in):
    client = sign_in("staff")
    gone = factories.CompanyFactory(name="Kraan in the bin")
    client.post(reverse("admin:crm_company_delete", args=[gone.pk]), {"post": "yes"})
    gone.refresh_from_db()
    assert gone.deleted_at is not None
    assert lookup(client, "invoicing.salesdocument.party", "kraan") == ["Brouwerij De Kraan NV"]
    assert lookup(client, "invoicing.salesdocument.credited_invoice", "2026/") == ["2026/0002", "2026/0001"]


def test_a_customer_with_documents_does_not_go_to_the_bin_and_another_does(world: World, sign_in):
    client = sign_in("staff")
    spare = factories.CompanyFactory(name="Zonder Facturen bv")
    for company in (world.company, spare):
        url = reverse("admin:crm_company_delete", args=[company.pk])
        assert client.get(url).status_code == 200
        page = client.post(url, {"post": "yes"}, follow=True).content.decode()
        company.refresh_from_db()
        kept = company == world.company
        assert (company.deleted_at is None) is kept
        assert ("Brouwerij De Kraan NV is kept" in page) is kept
        assert ("Zonder Facturen bv is in the recycle bin" in page) is not kept
    assert client.get(reverse("admin:crm_company_change", args=[world.company.pk])).status_code == 200
    assert client.get(reverse("admin:crm_company_change", args=[spare.pk])).status_code == 302


def test_old_links_find_the_page_of_a_party(world: World, sign_in):
    client = sign_in("accountant")
    for party, page in ((world.company, "company"), (world.contact, "contact")):
        answer = client.get(reverse("admin:crm_party_change", args=[party.pk]))
        assert answer["Location"] == reverse(f"admin:crm_{page}_change", args=[party.pk])
