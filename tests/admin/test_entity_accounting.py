"""The section Accounting of an entity: a card per tool in every state, who may do what, and taking over links."""

from datetime import date

import pytest
from django.urls import reverse

from integrations import registry, services
from integrations.models import Connection, ConnectionStatus, Module, Posting, VatLink
from invoicing.models import CompanyEntity
from tests import bridge, factories

from .conftest import connect


def accounting(entity) -> str:
    return reverse("admin:invoicing_companyentity_accounting", args=[entity.pk])


def cards(answer) -> dict:
    return {card.tool: card for card in answer.context["cards"]}


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def put(connection, status: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(status=status)


def test_every_tool_has_a_card_and_an_entity_without_connection_can_connect(world, sign_in):
    entity = factories.EntityFactory()
    answer = sign_in("boss").get(accounting(entity))
    assert set(cards(answer)) == {tool.label for tool in registry.TOOLS.values()}
    card = cards(answer)["Exact Online"]
    assert card.state == "none"
    assert card.urls["connect"].endswith(f"?entity={entity.pk}&tool=exact")
    assert sign_in("boss").get(card.urls["connect"]).status_code == 200


def test_a_live_connection_shows_its_facts_and_buttons(world, sign_in):
    answer = sign_in("boss").get(accounting(world.entity))
    card = cards(answer)["Exact Online"]
    assert card.state == "connected"
    assert {fact.words for fact in card.facts} >= {"Administration", "Since", "Last sync", "Automatic"}
    assert {"preview", "open", "history", "deactivate"} <= set(card.urls)
    assert answer.context["own_sync"].url == reverse("admin:integrations_connection_sync", args=[world.connection.pk])


def test_a_sync_every_night_that_was_asked_for_in_the_set_up_is_not_called_by_hand(world, sign_in):
    chosen = {"facts": {"automatic": True}}
    Connection.objects.filter(pk=world.connection.pk).update(
        automatic_sync=False, first_success_at=None, wizard_progress=chosen
    )
    client = sign_in("boss")
    own = reverse("admin:integrations_connection_change", args=[world.connection.pk])
    for page in (own, accounting(world.entity), reverse("admin:integrations_connection_changelist")):
        assert "very night after the first successful sync" in text(client.get(page)), page


def test_a_connector_without_connections_warns_of_none(world, sign_in):
    client = sign_in("boss")
    assert "Switching off deactivates 1 connection;" in text(client.get(accounting(world.entity)))
    Connection.objects.update(status=ConnectionStatus.DEACTIVATED)
    assert "Switching off deactivates" not in text(client.get(accounting(world.entity)))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ConnectionStatus.CONFIGURATION_NEEDED, "Continue set-up"),
        (ConnectionStatus.CONNECTING, "Continue set-up"),
        (ConnectionStatus.RECONNECT_NEEDED, "All links are kept."),
        (ConnectionStatus.DEACTIVATED, "Reactivate"),
        (ConnectionStatus.PAUSED, "Paused"),
    ],
)
def test_each_state_says_what_to_do_next(world, sign_in, status, words):
    put(world.connection, status)
    for who in ("boss", "staff", "accountant"):
        assert sign_in(who).get(accounting(world.entity)).status_code == 200
    assert words in text(sign_in("boss").get(accounting(world.entity)))


def test_the_live_connection_is_shown_though_a_newer_one_was_given_up(world, sign_in):
    Connection.objects.create(entity=world.entity, tool="exact", status=ConnectionStatus.DEACTIVATED)
    card = cards(sign_in("boss").get(accounting(world.entity)))["Exact Online"]
    assert (card.state, card.connection) == ("connected", world.connection)
    assert not card.why_not


def test_another_tool_waits_until_the_live_one_is_deactivated(world, sign_in, monkeypatch):
    other = registry.TOOLS["exact"].__class__(
        **{name: getattr(registry.TOOLS["exact"], name) for name in registry.TOOLS["exact"].__dataclass_fields__}
        | {"key": "other", "label": "Other Books"}
    )
    monkeypatch.setitem(registry.TOOLS, "other", other)
    answer = sign_in("boss").get(accounting(world.entity))
    assert answer.context["cards"][0].tool == "Exact Online"
    assert cards(answer)["Other Books"].urls["connect"] == ""
    assert "Exact Online is live for this entity." in text(answer)


def test_a_country_that_is_not_offered_and_a_module_that_is_off_say_so(world, sign_in):
    entity = factories.EntityFactory(country="FR", vat_number="")
    words = text(sign_in("boss").get(accounting(entity)))
    assert "Offered to entities in Belgium, Netherlands." in words
    assert "is in France." in words
    services.set_module(is_on=False, entity_limit=None, ends_on=None, user=None)
    assert Module.current().is_on is False
    answer = sign_in("boss").get(accounting(world.entity))
    assert cards(answer)["Exact Online"].is_off
    assert "The accounting connector is switched off." in text(answer)


def test_staff_may_sync_and_the_accountant_only_looks(world, sign_in):
    staff = cards(sign_in("staff").get(accounting(world.entity)))["Exact Online"]
    assert "deactivate" not in staff.urls
    assert sign_in("staff").get(accounting(world.entity)).context["own_sync"].url
    looking = sign_in("accountant").get(accounting(world.entity))
    assert not looking.context["own_sync"].url
    assert looking.context["module_url"] == ""
    assert sign_in("nobody").get(accounting(world.entity)).status_code == 403


def test_the_number_of_queries_does_not_grow_with_former_connections(world, sign_in, django_assert_max_num_queries):
    client = sign_in("boss")
    client.get(accounting(world.entity))
    for _ in range(5):
        connect(factories.EntityFactory())
    with django_assert_max_num_queries(34):
        client.get(accounting(world.entity))


def test_links_are_compared_and_taken_over(box, sign_in, people):
    source = bridge.connect(box, factories.EntityFactory(name="Linde Studio BV"), user=people["boss"])
    target = bridge.connect(box, factories.EntityFactory(), user=people["boss"], division="3120452")
    target.vat_links.all().delete()
    client = sign_in("boss")
    page = client.get(accounting(target.entity))
    assert list(page.context["sources"]) == [source]
    url = reverse("admin:invoicing_companyentity_copy_links", args=[target.entity_id])
    compared = client.get(url, {"source": source.pk})
    assert compared.context["to_set"] == len(bridge.VAT_CODES)
    assert VatLink.objects.filter(connection=target).count() == 0
    answer = client.post(url, {"source": source.pk}, follow=True)
    assert f"{len(bridge.VAT_CODES)} choices were taken over." in text(answer)
    assert VatLink.objects.filter(connection=target).count() == len(bridge.VAT_CODES)
    assert "Nothing was left to take over." in text(client.post(url, {"source": source.pk}, follow=True))
    assert sign_in("staff").post(url, {"source": source.pk}).status_code == 403
    assert "Choose an entity with links of Exact Online." in text(client.get(url, {"source": "x"}, follow=True))


def test_the_entity_page_has_the_tab(world, sign_in):
    shown = text(sign_in("boss").get(reverse("admin:invoicing_companyentity_change", args=[world.entity.pk])))
    assert f'href="{accounting(world.entity)}"' in shown


# --- the way there ----------------------------------------------------------------------------------------------------


def test_who_may_connect_is_led_there_from_the_start_page_and_the_list(world, sign_in):
    """Only where the connector is offered, and where nothing is connected yet."""
    free, abroad = (
        factories.EntityFactory(name="Vrij Atelier"),
        factories.EntityFactory(name="Atelier Libre", country="FR"),
    )
    for name, led in (("boss", True), ("staff", False), ("accountant", False)):
        client = sign_in(name)
        for url in (reverse("admin:index"), reverse("admin:invoicing_companyentity_changelist")):
            page = client.get(url).content.decode()
            assert (f'<a class="bb-link" href="{accounting(free)}">Connect</a>' in page) == led, (name, url)
            for other in (abroad, world.entity):
                assert f'<a class="bb-link" href="{accounting(other)}">Connect</a>' not in page, (name, url)


def test_a_new_entity_and_its_first_year_say_what_comes_next(world, sign_in):
    client = sign_in("boss")
    data = {"name": "Nieuw & Co", "country": "BE", "currency": "EUR", "language": "nl"}
    page = client.post(reverse("admin:invoicing_companyentity_add"), data, follow=True).content.decode()
    made = CompanyEntity.objects.get(name="Nieuw & Co")
    url = f"{reverse('admin:invoicing_fiscalyear_add')}?entity={made.pk}"
    assert f'Next: <a href="{url}">Add a fiscal year to Nieuw &amp; Co</a>.' in page
    year = {
        "entity": made.pk, "label": "2026", "start": "2026-01-01", "end": "2026-12-31", "invoice_prefix": "2026/",
        "next_invoice_number": "1", "credit_note_prefix": "C2026/", "next_credit_note_number": "1",
    }  # fmt: skip
    add = reverse("admin:invoicing_fiscalyear_add")
    page = client.post(add, year, follow=True).content.decode()
    assert f'Next: <a href="{accounting(made)}">Connect Nieuw &amp; Co with its bookkeeping</a>.' in page
    ready = {**year, "entity": world.entity.pk, "label": "2033", "start": "2033-01-01", "end": "2033-12-31"}
    assert "Next:" not in client.post(add, ready, follow=True).content.decode()


def test_a_tool_without_documents_says_that_there_are_none_yet(world, sign_in):
    Connection.objects.filter(pk=world.connection.pk).update(status="deactivated", start_date=date(2026, 1, 1))
    Posting.objects.update(state="waiting")
    card = next(card for card in sign_in("boss").get(accounting(world.entity)).context["cards"] if card.connection)
    assert [fact.value for fact in card.facts if fact.words == "In the books"] == ["none yet"]
    Posting.objects.update(state="posted")
    card = next(card for card in sign_in("boss").get(accounting(world.entity)).context["cards"] if card.connection)
    assert [fact.value for fact in card.facts if fact.words == "In the books"] == ["2"]
