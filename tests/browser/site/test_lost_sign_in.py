"""The sign-in is revoked at the tool: a sync says so, the admin signs in again, and nothing is lost or sent twice."""

import pytest
from playwright.sync_api import expect

from integrations.models import Connection, LedgerLink, PartyLink, VatLink
from tests import factories

from .steps import label, sync

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def links_of(connection: Connection) -> list[tuple]:
    """Everything that a person or a sync linked, to compare."""
    return [
        *VatLink.objects.filter(connection=connection).order_by("pk").values_list("rate", "direction", "vat_code"),
        *LedgerLink.objects.filter(connection=connection).order_by("pk").values_list("rate", "direction", "account"),
        *PartyLink.objects.filter(administration=connection.administration)
        .order_by("pk")
        .values_list("party", "external_id"),
        *connection.postings.order_by("pk").values_list("reference", "state", "external_id"),
    ]


def test_signing_in_again_keeps_all_links_and_posts_nothing_twice(site, connection, company, visit):
    first = factories.booked_invoice(entity=connection.entity, party=company)
    clerk = visit("staff", f"/integrations/connection/{connection.pk}/change/")
    sync(clerk)
    expect(label(clerk, "Connected")).to_be_visible()
    before = links_of(connection)
    assert len(before) > 10
    boss = visit("boss")

    site.box.revoke()
    second = factories.booked_invoice(entity=connection.entity, party=company)
    sync(clerk)
    expect(label(clerk, "Reconnect needed")).to_be_visible()
    expect(clerk.get_by_role("alert")).to_contain_text("Exact Online")
    expect(clerk.get_by_role("button", name="Sync", exact=True)).to_have_count(0)
    expect(clerk.get_by_role("button", name="Sign in again")).to_have_count(0)

    boss.reload()
    boss.get_by_label("Notifications, 1 unread").click()
    bell = boss.locator(".bb-bell")
    expect(bell.get_by_text("The connection with Exact Online has been lost")).to_be_visible()
    bell.get_by_role("link", name="Sign in again").click()
    boss.get_by_role("button", name="Sign in again").click()
    expect(boss.get_by_role("heading", name="Exact Online (sandbox)")).to_be_visible()
    boss.get_by_label("User name").fill("demo")
    boss.get_by_label("Password").fill("demo")
    boss.get_by_role("button", name="Allow").click()
    expect(boss.get_by_text("Signed in at Exact Online.")).to_be_visible()
    expect(label(boss, "Connected")).to_be_visible()
    connection.refresh_from_db()
    kept = links_of(connection)
    assert [row for row in before if row not in kept] == []

    sync(boss)
    # The sandbox's books fail on a reference that stands there twice.
    assert {first.number, second.number} <= site.box.entries().keys()
    since = site.box.last_request()
    sync(boss)
    assert [call for call in site.box.requests(since) if call["method"] == "POST"] == []
    assert [row for row in before if row not in links_of(connection)] == []
