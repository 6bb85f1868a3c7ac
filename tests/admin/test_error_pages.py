"""The pages that say that something failed: they come without a database, a session or a frame, and say what to do."""

import logging
import re

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.template.loader import get_template
from django.test import Client
from django.urls import include, path, reverse

SECRET = "connection to the database of Linde Studio was lost"


def failing(request, kind):
    raise {"404": Http404, "403": PermissionDenied, "400": SuspiciousOperation, "500": RuntimeError}[kind](SECRET)


urlpatterns = [
    path("failing/<str:kind>/", failing),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", admin.site.urls),
]
alone = pytest.mark.urls(__name__)

PAGES = {
    "500": "Something went wrong",
    "404": "This page does not exist",
    "403": "You may not open this page",
    "400": "This request was not understood",
}


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@alone
@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("language", ["en", "nl", "fr"])
def test_each_page_comes_without_the_database(kind, language, visitor):
    """Without the mark for a database, any query of a test fails: so would these."""
    answer = visitor.get(f"/failing/{kind}/", headers={"accept-language": language})
    page = answer.content.decode()
    assert answer.status_code == int(kind)
    assert f'<html lang="{language}">' in page
    assert f'href="{reverse("admin:index")}"' in page
    assert SECRET not in page
    assert "Set-Cookie" not in answer.headers
    if language == "en":
        assert f"<h1>{PAGES[kind]}</h1>" in page
        assert f"<title>{PAGES[kind]} | Boekbrug</title>" in page


@alone
def test_a_fault_says_what_to_do_and_when_it_was_and_is_logged(visitor, caplog):
    with caplog.at_level(logging.ERROR, logger="django.request"):
        page = visitor.get("/failing/500/").content.decode()
    assert "See first whether it was saved" in page
    assert re.search(r"<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}</time>", page)
    assert '<a href="">Try again</a>' in page
    assert any(SECRET in str(record.exc_info) for record in caplog.records)


@alone
def test_the_page_needs_no_request_and_its_sheet_is_there(visitor):
    page = get_template("500.html").render()
    sheet = re.search(r'<link rel="stylesheet" href="/static/([^"]+)">', page)
    assert finders.find(sheet[1])
    # Nothing of the admin's frame, whose menu and button read the database.
    assert "unfold" not in page
    assert "<script" not in page


@alone
@pytest.mark.parametrize("kind", PAGES)
def test_the_page_comes_under_the_same_rules_for_content(kind, visitor):
    assert "script-src 'self'" in visitor.get(f"/failing/{kind}/")["Content-Security-Policy"]


@pytest.mark.django_db
def test_a_form_without_its_key_is_refused_in_words():
    answer = Client(enforce_csrf_checks=True).post(reverse("admin:login"), {"username": "a", "password": "b"})
    assert answer.status_code == 403
    assert "<h1>This form is no longer valid</h1>" in answer.content.decode()


def test_who_may_not_and_what_is_not_get_these_pages(world, sign_in):
    refused = sign_in("accountant").get(reverse("admin:crm_company_add"))
    assert refused.status_code == 403
    assert PAGES["403"] in refused.content.decode()
    missing = sign_in("boss").get("/no/such/page/")
    assert missing.status_code == 404
    assert PAGES["404"] in missing.content.decode()
