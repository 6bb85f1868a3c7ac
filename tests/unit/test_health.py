"""The two pages that say whether this installation lives and works."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config import health
from integrations.models import Heartbeat
from integrations.sync.heartbeat import beat

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_healthz_asks_nothing_of_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


def test_ready_with_a_living_worker(client):
    beat("worker")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "environment": "test",
        "parts": {"database": "ok", "broker": "ok", "worker": "ok", "runs": "ok"},
    }


def test_not_ready_before_any_worker_ran(client):
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["worker"] == "no worker has run yet"


def test_not_ready_when_the_worker_fell_silent(client):
    beat("worker")
    since = timezone.now() - timedelta(minutes=6)
    Heartbeat.objects.update(beat_at=since)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["worker"] == f"no worker since {since.isoformat(timespec='seconds')}"


def test_a_part_that_fails_is_named_and_its_reason_kept_to_the_log(client, monkeypatch, caplog):
    def broken():
        raise RuntimeError("password=hunter2")

    beat("worker")
    monkeypatch.setitem(health.PARTS, "broker", broken)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["broker"] == "failed"
    assert "hunter2" not in response.content.decode()
    assert caplog.records[-2].part == "broker" or caplog.records[-1].part == "broker"


def test_whoever_asks_need_not_know_the_name_of_the_site(client):
    assert client.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/login/", headers={"host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_signs_of_life_are_only_read(client, path):
    assert client.post(path).status_code == 405
