"""One user at a tool has one grant, whatever the tool does with the user's earlier tokens at a new sign-in."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils import timezone

from integrations import services
from integrations.models import Connection, ConnectionStatus, Grant, GrantStatus, RunState
from tests import bridge, factories


@pytest.fixture(params=[True, False], ids=["old tokens die", "old tokens live"])
def both_readings(request, box):
    box.switch(new_consent_kills_old=request.param)
    return request.param


def consent_as(name, url):
    """Somebody else at the consent page; returns state and code."""
    fields = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    form = {**fields, "username": name, "password": name, "decision": "allow"}
    answer = requests.post(url.partition("?")[0], data=form, allow_redirects=False, timeout=20)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return query["state"][0], query["code"][0]


def sign_in_as(name, connection):
    user = factories.UserFactory()
    url = services.begin_sign_in(connection=connection, user=user, redirect_uri=bridge.RETURN_TO)
    state, code = consent_as(name, url)
    return services.complete_sign_in(state=state, code=code, user=user)


def second(box, division="3120452"):
    entity = factories.EntityFactory(name="Zand BV")
    return bridge.connect(box, entity, division=division)


def expire(grant):
    """The access token has run out, so that the next call refreshes."""
    past = timezone.now() - timedelta(seconds=1)
    Grant.objects.filter(pk=grant.pk).update(expires_at=past, refresh_from=past)


def test_a_second_connection_of_the_same_user_shares_the_grant_and_both_sync(connection, both_readings, box):
    former = connection.grant.access_token
    other = second(box)
    connection.refresh_from_db()
    assert Grant.objects.count() == 1
    assert connection.grant == other.grant
    assert connection.grant.access_token != former
    for one in (connection, other):
        assert bridge.sync(one).state == RunState.SUCCEEDED
    assert set(Connection.objects.values_list("status", flat=True)) == {ConnectionStatus.CONNECTED}


def test_both_go_on_after_the_shared_tokens_were_refreshed(connection, both_readings, box):
    other = second(box)
    box.call("clock", {"advance_seconds": 700})
    expire(other.grant)
    for one in (connection, other):
        assert bridge.sync(one).state == RunState.SUCCEEDED
    assert Grant.objects.get().version == 3


def test_connections_that_were_lost_come_back_with_a_sign_in_for_another_one(connection, both_readings, box):
    Grant.objects.update(status=GrantStatus.LOST, lost_code="AUT-401", lost_text="ended")
    Connection.objects.update(status=ConnectionStatus.RECONNECT_NEEDED, status_code="AUT-401")
    second(box)
    connection.refresh_from_db()
    assert (connection.status, connection.status_code) == (ConnectionStatus.CONNECTED, "")
    assert bridge.sync(connection).state == RunState.SUCCEEDED


def test_sign_ins_kept_apart_from_before_identities_were_known_come_together(connection, both_readings, box):
    Grant.objects.update(identity="")
    other = second(box)
    connection.refresh_from_db()
    assert connection.grant != other.grant
    bridge.sign_in(connection, box, factories.UserFactory())
    connection.refresh_from_db()
    assert connection.grant == other.grant
    assert connection.administration.grant == other.grant
    for one in (connection, other):
        assert bridge.sync(one).state == RunState.SUCCEEDED


def test_another_user_never_takes_over_the_tokens_of_connections_that_share_a_grant(connection, both_readings, box):
    other = second(box)
    theirs = Grant.objects.get()
    sign_in_as("clerk", other)
    connection.refresh_from_db()
    other.refresh_from_db()
    theirs_now = Grant.objects.get(pk=theirs.pk)
    assert connection.grant == theirs
    assert (theirs_now.access_token, theirs_now.identity) == (theirs.access_token, theirs.identity)
    assert other.grant != theirs
    assert other.grant.identity not in ("", theirs.identity)
    assert bridge.sync(connection).state == RunState.SUCCEEDED


def test_another_user_takes_the_place_on_a_grant_that_one_connection_has_alone(connection, box):
    before = Grant.objects.get()
    sign_in_as("clerk", connection)
    after = Grant.objects.get()
    assert after.pk == before.pk
    assert after.identity != before.identity


def test_a_tool_that_does_not_say_who_signed_in_costs_no_sign_in(box, db):
    box.fault("status", path=r"current/Me", status=503, times=1)
    one = factories.EntityFactory()
    user = factories.UserFactory()
    connection = services.start_connection(entity=one, tool="exact", site="be", user=user)
    connection = bridge.sign_in(connection, box, user)
    assert (connection.grant.status, connection.grant.identity) == (GrantStatus.ACTIVE, "")
    assert services.list_administrations(connection=connection)


def test_a_sign_in_of_the_same_user_stored_at_the_same_moment_is_shared(connection, box, monkeypatch):
    """The other one is not seen yet when this one looks for it, and is there when this one stores."""
    from integrations.services import connecting

    real, looks = connecting._grant_for, []

    def blind_once(*args):
        looks.append(args)
        return None if len(looks) == 1 else real(*args)

    monkeypatch.setattr(connecting, "_grant_for", blind_once)
    user = factories.UserFactory()
    other = services.start_connection(
        entity=factories.EntityFactory(name="Zand BV"), tool="exact", site="be", user=user
    )
    other = bridge.sign_in(other, box, user)
    assert len(looks) == 2
    assert other.grant == connection.grant
    assert Grant.objects.count() == 1
