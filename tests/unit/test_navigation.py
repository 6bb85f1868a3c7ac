"""The menu of each kind of person."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import RequestFactory

from config.navigation import MENU, navigation

pytestmark = pytest.mark.django_db


def menu(user):
    request = RequestFactory().get("/")
    request.user = user
    return {
        str(group.get("title", "")): [str(item["title"]) for item in group["items"]] for group in navigation(request)
    }


def test_a_superuser_sees_every_page_that_exists():
    found = menu(User.objects.create_superuser("admin", password="x"))
    assert found[""] == ["Start"]
    assert "Users" in found["Settings"]
    assert found["System"] == ["Schedules", "Queued tasks", "Failed tasks"]


def test_someone_without_rights_sees_the_start_only():
    assert menu(User.objects.create_user("new", password="x", is_staff=True)) == {"": ["Start"]}


def test_the_queue_is_not_shown_by_a_right_alone():
    user = User.objects.create_user("lotte", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["django_q", "auth"]))
    found = menu(User.objects.get(pk=user.pk))
    assert found["Settings"] == ["Users", "Groups"]
    assert "System" not in found


def test_every_link_of_the_menu_leads_somewhere(admin_client):
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="admin")
    for group in navigation(request):
        for item in group["items"]:
            assert admin_client.get(item["link"]).status_code == 200, item["link"]


def test_every_entry_names_a_model_that_exists():
    from django.apps import apps

    for group in MENU:
        for entry in group.entries:
            apps.get_model(entry.model)
