"""Model fields that keep secrets encrypted in the database."""

import functools
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.query_utils import DeferredAttribute


class Secret(str):
    """A text whose `repr` says nothing, so that tracebacks, debug pages and log fields do not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


@functools.lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        # Without the cause: its message may hold a part of the key.
        raise ImproperlyConfigured(
            "BOEKBRUG_FIELD_ENCRYPTION_KEYS needs at least one key, each 32 bytes in URL-safe base64. "
            "`python manage.py rotate_keys --new` prints a fresh one."
        ) from None


def key_ring() -> MultiFernet:
    """Return the keys in use: the first encrypts, all decrypt.

    ImproperlyConfigured when the list is empty or an entry is no key.
    """
    return _ring(tuple(settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS))


def encrypt(plain: str) -> str:
    """Return `plain` encrypted under the first key."""
    return key_ring().encrypt(plain.encode()).decode()


def decrypt(stored: str) -> Secret:
    """Return what was encrypted. InvalidToken when no key in the list opens it."""
    return Secret(key_ring().decrypt(stored.encode()).decode())


class _SecretAttribute(DeferredAttribute):
    """Wraps what is assigned, so that a value not yet saved is as quiet as one that was loaded."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, str) and not isinstance(value, Secret):
            value = Secret(value)
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """A text that the database holds encrypted: str in, str out, None stays None.

    It can be asked whether it is null and nothing else: the same text is encrypted differently each time, so every
    comparison would quietly answer "no". `dumpdata` writes the encrypted form, `loaddata` reads it back.
    """

    description = "Encrypted text"
    descriptor_class = _SecretAttribute

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return None if value is None else encrypt(value)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if isinstance(value, Expression):
            return value
        return super().get_db_prep_save(value, connection)

    def from_db_value(
        self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Secret | None:
        if value is None:
            return None
        try:
            return decrypt(value)
        except InvalidToken as exc:
            raise ImproperlyConfigured(
                f"{self.model._meta.label}.{self.name} cannot be decrypted: none of BOEKBRUG_FIELD_ENCRYPTION_KEYS "
                "opens it. Put the former key back at the end of the list."
            ) from exc

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("gAAAA"):
            # What dumpdata wrote. A secret that merely begins so stays what it is.
            try:
                return decrypt(value)
            except InvalidToken:
                return value
        return super().to_python(value)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else encrypt(str(value))

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


def encrypted_fields() -> list[tuple[type[models.Model], EncryptedTextField]]:
    """Return every encrypted field of the project with its model, proxies left out."""
    from django.apps import apps

    return [
        (model, field)
        for model in apps.get_models()
        if not model._meta.proxy
        for field in model._meta.local_fields
        if isinstance(field, EncryptedTextField)
    ]
