"""How many invoices have a customer with an external ID: the figure beside a connection, and the way to the others."""

from datetime import date

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.search import find_parties
from integrations import completeness, standing
from integrations.models import PartyLink
from invoicing.models import Invoice
from tests import factories

pytestmark = pytest.mark.django_db


def lacking(connection):
    return Invoice.objects.filter(standing.without_external_id(), entity=connection.entity_id).count()


def test_the_figure_is_that_of_the_list_behind_it(world, sign_in):
    connection = world.connection
    factories.booked_invoice(entity=world.entity, party=world.contact, day=date(2025, 12, 1))  # before its start
    found = completeness.completeness_of(connection)
    assert (found.total, found.known, found.lacking, found.is_cut) == (2, 1, 1, False)
    client = sign_in("accountant")
    for page in ("change", "synchronisation"):
        url = reverse(f"admin:integrations_connection_{page}", args=[connection.pk])
        shown = client.get(url).content.decode()
        if page == "change":
            assert "1 of 2 invoices have a customer with external ID." in shown
            assert f"view=no-external-id&amp;entity__id__exact={world.entity.pk}" in shown
    boss = sign_in("boss").get(reverse("admin:integrations_connection_synchronisation", args=[connection.pk]))
    assert "1 of 2 invoices have a customer with external ID." in boss.content.decode()
    PartyLink.objects.create(administration=connection.administration, party=world.contact, external_id="g2")
    found = completeness.completeness_of(connection)
    assert (found.known, found.lacking) == (2, 0) == (2, lacking(connection))


def test_before_the_set_up_is_done_there_is_none(world):
    world.connection.start_date = None
    assert completeness.completeness_of(world.connection) is None


def test_it_costs_the_same_whatever_the_invoices_and_large_ones_are_kept(world, monkeypatch):
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            completeness.completeness_of(world.connection)
        return len(captured)

    few = queries()
    for _ in range(5):
        factories.booked_invoice(entity=world.entity, party=factories.CompanyFactory())
    assert queries() == few <= 6
    monkeypatch.setattr(completeness, "_LARGE", 1)
    cache.clear()
    assert completeness.completeness_of(world.connection).total == 7
    factories.booked_invoice(entity=world.entity, party=world.company)
    assert completeness.completeness_of(world.connection).total == 7  # a minute old at most
    cache.clear()
    monkeypatch.setattr(standing, "NAMED_BOUND", 3)
    found = completeness.completeness_of(world.connection)
    assert (found.total, found.lacking, found.is_cut) == (8, 3, True)


def test_a_long_name_is_found_as_a_whole_and_no_other_with_its_words():
    kraan = factories.CompanyFactory(name="Brouwerij De Kraan NV")
    factories.CompanyFactory(name="Kraan De Brouwerij NV")
    longer = factories.CompanyFactory(name="Groot-Brouwerij De Kraan NV Gent")
    for term in ("brouwerij de kraan nv", "BROUWERIJ de Kräan NV", "werij de kra", "Brouwerij, De Kraan"):
        assert set(find_parties(term).values_list("pk", flat=True)) == {kraan.pk, longer.pk}, term
    assert not find_parties("brouwerij 100% kraan").exists()
