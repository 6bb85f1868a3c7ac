"""Every form of the admin that a person opens and saves as it is: nothing is asked for that it does not show."""

import io

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from lxml import html
from PIL import Image

from tests.admin.test_every_url import PAGES, url_of

pytestmark = [pytest.mark.django_db]


def test_every_form_that_is_opened_can_be_saved_as_it_is(world, sign_in):
    client = sign_in("boss")
    saved: set[str] = set()
    wrong: dict[str, list[str]] = {}
    for name in sorted(name for name in PAGES if name.endswith("_change")):
        opened = client.get(url_of(name, world), follow=True)
        page = html.fromstring(opened.content)
        forms = [form for form in page.forms if (form.get("id") or "").endswith("_form")]
        if not forms or not page.xpath("//*[@name='_save']"):
            continue  # it only shows
        answer = client.post(opened.request["PATH_INFO"], {**dict(forms[0].form_values()), "_save": ""})
        if answer.status_code == 302:
            saved.add(name)
        else:
            texts = html.fromstring(answer.content).xpath("//*[contains(@class, 'error')]//text()")
            wrong[name] = [text.strip() for text in texts if text.strip()]
    assert wrong == {}
    assert {"invoicing_companyentity_change", "invoicing_fiscalyear_change", "crm_company_change"} <= saved


def test_a_logo_is_shown_stays_when_the_form_is_saved_and_is_served_to_those_who_may_look(
    world, sign_in, tmp_path, settings
):
    settings.MEDIA_ROOT = tmp_path
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(picture, "PNG")
    entity = world.entity
    entity.logo.save("mark.png", ContentFile(picture.getvalue()))
    client = sign_in("boss")
    opened = client.get(reverse("admin:invoicing_companyentity_change", args=[entity.pk]))
    shown = reverse("admin:invoicing_companyentity_logo", args=[entity.pk])
    page = html.fromstring(opened.content)
    assert page.xpath(f"//a[@href='{shown}']")
    assert client.get(shown).getvalue() == picture.getvalue()
    form = page.get_element_by_id("companyentity_form")
    client.post(opened.request["PATH_INFO"], {**dict(form.form_values()), "_save": ""})
    entity.refresh_from_db()
    assert entity.logo.name == "logos/mark.png"
    assert sign_in("nobody").get(shown).status_code == 403
    looking = sign_in("accountant").get(opened.request["PATH_INFO"]).content.decode()
    assert (shown in looking, "/logos/mark.png" in looking) == (True, False)
