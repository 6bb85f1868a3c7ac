"""Headers, cookies and the log-in of the site."""

import json
import re
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import RequestFactory

from config.proxies import client_address
from tests.unit.test_checks import production_env

PASSWORD = "anker-boter-dijk-42"


@pytest.fixture
def person(db):
    return User.objects.create_user("lotte", password=PASSWORD, is_staff=True)


def policy(response):
    return {
        name: values
        for name, *values in (part.split() for part in response["Content-Security-Policy"].split(";") if part)
    }


def test_the_policy_lets_no_foreign_script_in(client, db):
    found = policy(client.get("/login/"))
    assert found["script-src"] == ["'self'", "'unsafe-eval'"]
    assert found["style-src"] == ["'self'", "'unsafe-inline'"]
    assert found["default-src"] == ["'self'"]
    assert found["object-src"] == found["base-uri"] == found["frame-ancestors"] == ["'none'"]
    tools = ["https://start.exactonline.be", "https://start.exactonline.nl", "https://login.twinfield.com"]
    assert found["form-action"] == ["'self'", *tools]


def test_other_headers(client, db):
    response = client.get("/login/")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def sign_in(client, username="lotte", password=PASSWORD, **extra):
    return client.post("/login/", {"username": username, "password": password}, **extra)


def test_signing_in_works_and_its_cookie_is_closed_to_scripts(client, person):
    response = sign_in(client)
    assert response.status_code == 302
    cookie = response.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 12 * 3600


def test_five_wrong_passwords_lock_this_person_at_this_address_only(client, person):
    User.objects.create_user("bram", password=PASSWORD, is_staff=True)
    for _attempt in range(5):
        response = sign_in(client, password="wrong")
    assert response.status_code == 429
    assert "Wait 15 minutes and try again." in re.sub(r"\s+", " ", response.content.decode())
    assert sign_in(client).status_code == 429, "the right password does not open a locked door"
    assert sign_in(client, username="bram").status_code == 302
    assert sign_in(client, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_short_or_common_password_is_refused(db):
    for password in ("kort-2026", "123456789012345", "password12345"[:12]):
        with pytest.raises(ValidationError):
            validate_password(password)
    validate_password(PASSWORD)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
    ],
)
def test_only_our_own_proxies_say_who_asks(settings, proxies, forwarded, expected):
    settings.BOEKBRUG_TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected


SHOW = """
import json, django
django.setup()
from django.conf import settings as s
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.contrib.auth.models import User
secure = Client().get("/", secure=True, headers={"host": "books.example"})
plain = Client().get("/login/", headers={"host": "books.example"})
print(json.dumps({
    "hsts": secure["Strict-Transport-Security"], "redirect": [plain.status_code, plain["Location"]],
    "probe": Client().get("/healthz", headers={"host": "books.example"}).status_code,
    "cookies": [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY],
    "debug": s.DEBUG, "hash": make_password("x" * 12), "log": s.BOEKBRUG_LOG_FORMAT,
}))
"""


def test_production_is_https_only_and_hashes_with_argon2(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", SHOW], env=production_env(tmp_path), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    shown = json.loads(ended.stdout)
    assert shown["hsts"] == "max-age=31536000; includeSubDomains; preload"
    assert shown["redirect"] == [301, "https://books.example/login/"]
    assert shown["probe"] == 200
    assert shown["cookies"] == [True, True, True]
    assert shown["debug"] is False
    assert shown["hash"].startswith("argon2$argon2id$")
    assert shown["log"] == "json"
