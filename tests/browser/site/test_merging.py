"""Two companies that are one: found from the page, compared, merged, and made two again."""

import re

import pytest
from playwright.sync_api import expect

from crm import merging
from crm.models import Merge, Party
from integrations.models import PartyLink
from tests import factories

from .test_every_page import PHONE, Axe, look_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def twins(connection, site):
    """One with an invoice in the books, and one that came from the tool with another number and a phone."""
    kraan = factories.CompanyFactory(name="Brouwerij De Kraan NV", email="boekhouding@dekraan.example")
    twin = factories.CompanyFactory(
        name="De Kraan Brouwerij", email="info@dekraan.example", phone="+32 9 555 01 20", vat_number=kraan.vat_number,
        enterprise_number=kraan.enterprise_number, is_supplier=True, notes="Delivers on Monday.",
    )  # fmt: skip
    twin.tags.add(factories.TagFactory(name="Exact Online Import"))
    factories.ContactFactory(first_name="An", last_name="Peeters").companies.create(company=twin, role="Buyer")
    for one, code in ((kraan, "1042"), (twin, "2000")):
        PartyLink.objects.create(
            administration=connection.administration, party=one, external_id=f"guid-{code}", code=code
        )
    document = factories.booked_invoice(entity=connection.entity, party=twin)
    return kraan, twin, document


def test_found_compared_merged_and_made_two_again(site, connection, people, visit):
    kraan, twin, document = twins(connection, site)
    page = visit("staff", f"/crm/company/{kraan.pk}/change/")
    page.get_by_role("link", name="Merge with…").click()
    visit.keep(page, "with-whom")
    page.get_by_role("row", name=re.compile("De Kraan Brouwerij")).get_by_role("link", name="Compare").click()
    expect(page.get_by_text("3 values differ.")).to_be_visible()
    visit.keep(page, "compare")
    page.set_viewport_size(PHONE)
    visit.keep(page, "compare-phone")
    page.set_viewport_size({"width": 1280, "height": 900})

    page.get_by_role("radio", name="info@dekraan.example").check()
    page.get_by_role("button", name="Merge into Brouwerij De Kraan NV").click()
    # The browser itself asks for the number that nobody chose.
    assert Merge.objects.count() == 0
    page.get_by_role("radio", name="2000").check()
    page.get_by_role("button", name="Merge into Brouwerij De Kraan NV").click()

    expect(page.get_by_text("De Kraan Brouwerij was merged into Brouwerij De Kraan NV.")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("info@dekraan.example")
    expect(page.get_by_role("link", name=str(document))).to_be_visible()
    visit.keep(page, "merged")
    page.goto(f"{site.url}/crm/company/{twin.pk}/change/")
    expect(page).to_have_url(re.compile(f"/crm/company/{kraan.pk}/change/"))

    page.get_by_role("link", name=re.compile("Details and undo")).click()
    visit.keep(page, "details")
    page.get_by_role("button", name="Undo the merge").click()
    expect(page.get_by_text("are two again")).to_be_visible()
    assert Party.objects.live().filter(pk__in=(kraan.pk, twin.pk)).count() == 2
    assert PartyLink.objects.filter(party=twin, primary=True).get().code == "2000"


def test_three_rows_of_the_list_without_script(site, connection, people, visit):
    kraan, twin, _document = twins(connection, site)
    third = factories.CompanyFactory(name="Kraan")
    page = visit("staff", "/crm/company/", java_script_enabled=False)
    for one in (kraan, twin, third):
        page.locator(f'input[name="_selected_action"][value="{one.pk}"]').check()
    page.locator('select[name="action"]').select_option("merge_selected")
    page.get_by_role("button", name=re.compile("^(Run|Go)")).first.click()
    visit.keep(page, "which-stays")
    page.get_by_role("radio", name="Brouwerij De Kraan NV").check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("radio", name="1042").check()
    page.get_by_role("button", name=re.compile("Merge into")).click()
    expect(page.get_by_text("was merged into").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Merge into")).click()
    expect(page).to_have_url(re.compile("/crm/company/"))
    assert Party.objects.filter(merged_into=kraan).count() == 2


def test_the_pages_are_accessible_and_fit(site, connection, people, visit):
    kraan, twin, _document = twins(connection, site)
    third = factories.CompanyFactory(name="Kraan " + "Zeerlangenaam" * 8, vat_number="", enterprise_number="")
    page = visit("boss")
    page.evaluate(Axe().axe_script)
    wrong: list[str] = []
    base = f"{site.url}/crm/company/{kraan.pk}"
    look_at(page, f"{base}/merge/", wrong)
    look_at(page, f"{base}/merge/?with={twin.pk}", wrong)
    look_at(page, f"{base}/merge/?with={third.pk}", wrong)
    done = merging.merge(winner=kraan, loser=third, by=people["boss"])
    look_at(page, f"{site.url}/crm/merge/{done.pk}/change/", wrong)
    look_at(page, f"{site.url}/crm/merge/", wrong)
    look_at(page, f"{base}/change/", wrong)
    assert not wrong, "\n".join(wrong)
