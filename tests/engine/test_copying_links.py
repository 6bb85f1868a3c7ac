"""Taking over links from another entity with the same tool: compared first, own choices stay, twice is once."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations import services
from integrations.models import Connection, LedgerLink, ToolLedgerAccount, ToolPaymentTerm, VatCode, VatLink
from invoicing.models import VatRate, VatRateVersion
from tests import bridge, factories

OTHER_BOOKS = "3120452"


@pytest.fixture
def two(box, db):
    user = factories.UserFactory()
    source = bridge.connect(box, factories.EntityFactory(), user=user)
    target = bridge.connect(box, factories.EntityFactory(), user=user, division=OTHER_BOOKS)
    target.vat_links.all().delete()
    target.ledger_links.all().delete()
    Connection.objects.filter(pk=target.pk).update(discount_account=None, default_ledger_account=None)
    target.refresh_from_db()
    return source, target, user


def own_rate(connection, code: str, percentage: str, country: str = "DE") -> VatRate:
    """A rate of the connection's entity alone, as for sales to consumers in another country."""
    rate = VatRate.objects.create(entity=connection.entity, country=country, code=code, name=f"OSS {code}")
    VatRateVersion.objects.create(rate=rate, percentage=Decimal(percentage), valid_from=date(2020, 1, 1))
    return rate


def outcomes(source, target):
    return {(r.kind, r.direction, r.code): str(r.outcome) for r in services.compare_links(source=source, target=target)}


def test_everything_that_exists_there_is_taken_over_once(two):
    source, target, user = two
    compared = services.compare_links(source=source, target=target)
    wanted = sum(row.outcome == "set" for row in compared)
    assert wanted == len(bridge.VAT_CODES) * 2 + 1  # VAT codes, ledger accounts, account for discounts
    before = LogEntry.objects.count()
    assert services.copy_links(source=source, target=target, user=user) == wanted
    logged = LogEntry.objects.filter(object_id=str(target.pk), user=user).order_by("-pk")
    assert f"Taken over from {source.entity}: {wanted}" in {entry.change_message for entry in logged}
    # Once for the VAT codes, the accounts, the setting; and where it came from.
    assert LogEntry.objects.count() == before + 4
    theirs = {(link.rate_id, link.vat_code.code) for link in VatLink.objects.filter(connection=target)}
    assert theirs == {(link.rate_id, link.vat_code.code) for link in VatLink.objects.filter(connection=source)}
    assert all(link.vat_code.administration_id == target.administration_id for link in target.vat_links.all())
    target.refresh_from_db()
    assert target.discount_account.code == "708000"
    assert services.copy_links(source=source, target=target, user=user) == 0
    assert LogEntry.objects.count() == before + 4
    assert set(outcomes(source, target).values()) == {"same"}


def test_own_choices_stay_and_what_is_not_there_is_told(two):
    source, target, user = two
    rate = VatLink.objects.get(connection=source, direction="sales", vat_code__code="4").rate
    services.link_vat(connection=target, direction="sales", links={rate.pk: "2"}, user=user)
    VatCode.objects.filter(administration=target.administration, code="1").update(active=False)
    found = outcomes(source, target)
    assert found["vat", "sales", "4"] == "stays"
    assert found["vat", "sales", "1"] == "no-code"
    services.copy_links(source=source, target=target, user=user)
    assert VatLink.objects.get(connection=target, rate=rate).vat_code.code == "2"
    assert not VatLink.objects.filter(connection=target, vat_code__code="1").exists()


def test_journals_and_start_date_are_not_touched(two):
    source, target, user = two
    before = (target.invoice_journal_id, target.start_date, target.status)
    services.copy_links(source=source, target=target, user=user)
    target.refresh_from_db()
    assert (target.invoice_journal_id, target.start_date, target.status) == before


def test_rates_of_another_country_are_left_out(two):
    source, target, _user = two
    LedgerLink.objects.filter(connection=source).delete()
    target.entity.country = "NL"
    target.entity.save()
    found = {row.outcome for row in services.compare_links(source=source, target=target) if row.kind == "vat"}
    assert found == {"no-rate"}


def test_only_entities_with_links_of_the_same_tool_are_offered(two):
    source, target, _user = two
    assert list(services.sources_for(target)) == [source]
    assert list(services.sources_for(source)) == []
    with pytest.raises(services.ConnectError):
        services.compare_links(source=target, target=target)


def test_connections_that_are_not_ready_or_of_another_tool_are_refused(two):
    source, target, user = two
    Connection.objects.filter(pk=target.pk).update(tool="other")
    with pytest.raises(services.ConnectError, match="same tool"):
        services.copy_links(source=source, target=target, user=user)
    # What was read before somebody changed it does not count.
    Connection.objects.filter(pk=target.pk).update(tool="exact", administration=None)
    with pytest.raises(services.ConnectError, match="administration"):
        services.copy_links(source=source, target=target, user=user)
    assert not VatLink.objects.filter(connection=target).exists()


def test_a_source_is_offered_once_however_many_links_it_has(two):
    source, target, _user = two
    assert LedgerLink.objects.filter(connection=source).count() > 1
    assert [row.pk for row in services.sources_for(target)] == [source.pk]
    VatLink.objects.filter(connection=source).delete()
    assert [row.pk for row in services.sources_for(target)] == [source.pk]
    LedgerLink.objects.filter(connection=source).delete()
    assert list(services.sources_for(target)) == []


def test_a_code_that_means_something_else_there_is_not_taken_over(two):
    source, target, user = two
    VatCode.objects.filter(administration=target.administration, code="4").update(percentage=6)
    VatCode.objects.filter(administration=target.administration, code="1").update(inclusive=True)
    VatCode.objects.filter(administration=target.administration, code="2").update(direction="purchase")
    Connection.objects.filter(pk=target.pk).update(default_payment_term=None)
    ToolPaymentTerm.objects.filter(administration=target.administration, code="30").update(days=60)
    found = outcomes(source, target)
    assert {found["vat", "sales", code] for code in ("4", "1", "2")} == {"other-code"}
    assert found["default_payment_term", "", "30"] == "other-code"
    services.copy_links(source=source, target=target, user=user)
    taken = set(VatLink.objects.filter(connection=target).values_list("vat_code__code", flat=True))
    assert taken == set(bridge.VAT_CODES.values()) - {"4", "1", "2"}
    target.refresh_from_db()
    assert target.default_payment_term is None


def test_accounts_that_the_pages_would_not_offer_are_not_taken_over(two):
    source, target, user = two
    here = ToolLedgerAccount.objects.filter(administration=target.administration)
    here.filter(code="700000").update(bookable=False)
    here.filter(code="700010").update(kind="cost")
    here.filter(code="708000").update(bookable=False)
    found = outcomes(source, target)
    assert found["ledger", "sales", "700000"] == "other-code"
    assert found["ledger", "sales", "700010"] == "other-code"
    assert found["ledger", "sales", "700020"] == "set"
    assert found["discount_account", "", "708000"] == "other-code"
    services.copy_links(source=source, target=target, user=user)
    target.refresh_from_db()
    assert target.discount_account is None


def test_own_rates_are_the_same_by_country_category_and_percentage(two):
    source, target, user = two
    theirs = own_rate(source, "DE19", "19")
    services.link_vat(connection=source, direction="sales", links={theirs.pk: "0"}, user=user)
    only = {"kind": "vat", "name": "19% OSS DE19"}

    def row():
        return next(
            r for r in services.compare_links(source=source, target=target) if {"kind": r.kind, "name": r.name} == only
        )

    assert str(row().outcome) == "no-rate"
    own_rate(target, "DE7", "7")
    own_rate(target, "FR19", "19", country="FR")
    assert str(row().outcome) == "no-rate"
    ours = own_rate(target, "OSS-DE", "19")
    assert (str(row().outcome), row().rate_id) == ("set", ours.pk)
    # Two that are equally the same: the code decides, and where it does not, a person.
    other = own_rate(target, "GERMANY", "19")
    assert str(row().outcome) == "no-rate"
    VatRate.objects.filter(pk=other.pk).update(code="DE19")
    assert (str(row().outcome), row().rate_id) == ("set", other.pk)
    services.copy_links(source=source, target=target, user=user)
    assert VatLink.objects.get(connection=target, rate=other).vat_code.code == "0"
    assert not VatLink.objects.filter(connection=target, rate__in=[ours, theirs]).exists()


def test_two_rates_of_the_source_do_not_fight_over_one_here(two):
    source, target, user = two
    first, second = own_rate(source, "A", "19"), own_rate(source, "B", "19")
    services.link_vat(connection=source, direction="sales", links={first.pk: "0", second.pk: "8"}, user=user)
    ours = own_rate(target, "C", "19")
    found = {r.name: str(r.outcome) for r in services.compare_links(source=source, target=target) if r.kind == "vat"}
    assert (found["19% OSS A"], found["19% OSS B"]) == ("set", "stays")
    services.copy_links(source=source, target=target, user=user)
    assert VatLink.objects.get(connection=target, rate=ours).vat_code.code == "0"


def test_rates_that_are_no_longer_used_are_left_alone(two):
    source, target, user = two
    VatRate.objects.filter(code="12").update(active=False)
    assert ("vat", "sales", "2") not in outcomes(source, target)
    services.copy_links(source=source, target=target, user=user)
    assert not VatLink.objects.filter(connection=target, rate__code="12").exists()


def test_the_number_of_queries_does_not_grow_with_the_links(two):
    source, target, user = two

    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            services.compare_links(source=source, target=target)
        return len(queries)

    def add(number: int) -> None:
        rate = own_rate(source, f"R{number}", str(number + 1))
        own_rate(target, f"S{number}", str(number + 1))
        services.link_vat(connection=source, direction="sales", links={rate.pk: "0"}, user=user)

    add(0)
    few = asked()
    for number in range(1, 12):
        add(number)
    assert asked() == few


def test_the_history_names_the_kind_of_link_the_rate_and_both_codes(two):
    source, _target, user = two
    link = VatLink.objects.get(connection=source, direction="sales", vat_code__code="4")
    services.link_vat(connection=source, direction="sales", links={link.rate_id: "2"}, user=user)
    services.link_vat(connection=source, direction="sales", links={link.rate_id: None}, user=user)
    logged = LogEntry.objects.filter(object_id=str(source.pk)).order_by("-pk")[:2]
    rate = link.rate.name or link.rate.code
    assert [entry.change_message for entry in logged] == [
        f"VAT code, Sales: {rate}: 2 → –",
        f"VAT code, Sales: {rate}: 4 → 2",
    ]
