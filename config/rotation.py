"""Brings every encrypted value under the newest key."""

from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models
from django.db.models import TextField, Value
from django.db.models.functions import Cast

from config.fields import EncryptedTextField, encrypted_fields, key_ring

BATCH = 500


def _stored(model: type[models.Model], field: EncryptedTextField) -> Iterator[tuple[int, str]]:
    """Yield primary key and ciphertext of every row that has a value, in batches by key."""
    # Cast to plain text, so that the field's own decryption stays out of it.
    rows = (
        model._base_manager.annotate(ciphertext=Cast(field.attname, TextField()))
        .exclude(**{f"{field.attname}__isnull": True})
        .order_by("pk")
        .values_list("pk", "ciphertext")
    )
    last = None
    while True:
        batch = list((rows if last is None else rows.filter(pk__gt=last))[:BATCH])
        if not batch:
            return
        yield from batch
        last = batch[-1][0]


def rotate_field(model: type[models.Model], field: EncryptedTextField) -> tuple[int, int, list[int]]:
    """Re-encrypt one field and return how many rows were changed, how many were new already, and which cannot be read.

    A row that changes meanwhile (a token refreshed by a worker) is left: the worker wrote it under the newest key.
    """
    newest = Fernet(settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS[0])
    changed = fresh = 0
    unreadable: list[int] = []
    for pk, ciphertext in _stored(model, field):
        try:
            newest.decrypt(ciphertext.encode())
        except InvalidToken:
            pass
        else:
            fresh += 1
            continue
        try:
            turned = key_ring().rotate(ciphertext.encode()).decode()
        except InvalidToken:
            unreadable.append(pk)
            continue
        changed += (
            model._base_manager.annotate(ciphertext=Cast(field.attname, TextField()))
            .filter(pk=pk, ciphertext=ciphertext)
            .update(**{field.attname: Value(turned, output_field=TextField())})
        )
    return changed, fresh, unreadable


def rotate_all() -> Iterator[tuple[str, int, int, list[int]]]:
    """Re-encrypt every encrypted field of the project; yield its name and what `rotate_field` says."""
    for model, field in encrypted_fields():
        yield f"{model._meta.label}.{field.name}", *rotate_field(model, field)
