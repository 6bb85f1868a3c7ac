"""Encrypted fields and turning their keys, on a real table."""

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import isolate_apps

from config.fields import EncryptedTextField, Secret, decrypt, encrypt

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
pytestmark = pytest.mark.both_databases


@pytest.fixture
def vault(transactional_db, monkeypatch):
    """A model with an encrypted field and its table."""
    with isolate_apps("config"):

        class Vault(models.Model):
            key = EncryptedTextField(null=True)
            note = models.TextField(default="")

            class Meta:
                app_label = "config"

            def __str__(self):
                return self.note

        with connection.schema_editor() as editor:
            editor.create_model(Vault)
        monkeypatch.setattr("config.rotation.encrypted_fields", lambda: [(Vault, Vault._meta.get_field("key"))])
        yield Vault
        with connection.schema_editor() as editor:
            editor.delete_model(Vault)


def stored(pk):
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM config_vault WHERE id = %s", [pk])
        return cursor.fetchone()[0]


def test_text_in_text_out_and_ciphertext_between(vault):
    row = vault.objects.create(key="geheim €")
    assert vault.objects.get(pk=row.pk).key == "geheim €"
    assert "geheim" not in stored(row.pk)
    assert decrypt(stored(row.pk)) == "geheim €"


def test_none_and_empty_stay_what_they_are(vault):
    none, empty = vault.objects.create(key=None), vault.objects.create(key="")
    assert vault.objects.get(pk=none.pk).key is None
    assert stored(none.pk) is None
    assert vault.objects.get(pk=empty.pk).key == ""
    assert list(vault.objects.filter(key__isnull=True)) == [none]


def test_update_and_bulk_writes_encrypt_too(vault):
    first, second = vault.objects.bulk_create([vault(key="a"), vault(key="b")])
    vault.objects.filter(pk=first.pk).update(key="c")
    second.key = "d"
    vault.objects.bulk_update([second], ["key"])
    assert [row.key for row in vault.objects.order_by("pk")] == ["c", "d"]
    assert all(stored(row.pk).startswith("gAAAA") for row in (first, second))


def test_repr_says_nothing(vault):
    row = vault(key="geheim")
    assert repr(row.key) == "<secret>"
    row.save()
    assert repr([vault.objects.get().key]) == "[<secret>]"
    assert isinstance(vault.objects.get().key, Secret)


def test_comparing_is_refused_not_answered_with_no(vault):
    vault.objects.create(key="geheim")
    for lookup in ("key", "key__contains", "key__in"):
        with pytest.raises(FieldError):
            vault.objects.filter(**{lookup: "geheim"}).exists()


def test_a_dump_holds_no_secret_and_loads_again(vault):
    row = vault.objects.create(key="geheim")
    dump = serializers.serialize("json", [row])
    assert "geheim" not in dump
    field = vault._meta.get_field("key")
    assert field.to_python(field.value_to_string(row)) == "geheim"
    # A password may begin like ciphertext.
    assert field.to_python("gAAAA is my password") == "gAAAA is my password"


def test_without_the_key_reading_names_the_field(vault, settings):
    vault.objects.create(key="geheim")
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(ImproperlyConfigured, match=r"config\.Vault\.key cannot be decrypted"):
        vault.objects.get()


@pytest.mark.parametrize("keys", [[], ["short"], [NEW, "x" * 44]])
def test_a_list_that_is_no_list_of_keys_is_refused(settings, keys):
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(ImproperlyConfigured) as caught:
        encrypt("x")
    assert "short" not in str(caught.value)


def test_rotation_moves_every_row_to_the_newest_key(vault, settings, monkeypatch, capsys):
    monkeypatch.setattr("config.rotation.BATCH", 2)
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [OLD]
    vault.objects.bulk_create([vault(key=f"k{n}") for n in range(5)] + [vault(key=None)])
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    vault.objects.create(key="new already")
    call_command("rotate_keys")
    assert "config.Vault.key: 5 encrypted again, 1 already under the newest key" in capsys.readouterr().out
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [NEW]
    assert [row.key for row in vault.objects.order_by("pk")] == ["k0", "k1", "k2", "k3", "k4", None, "new already"]
    before = [stored(row.pk) for row in vault.objects.order_by("pk")]
    call_command("rotate_keys")
    assert [stored(row.pk) for row in vault.objects.order_by("pk")] == before


def test_rotation_says_which_rows_no_key_opens(vault, settings, capsys):
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [OLD]
    row = vault.objects.create(key="geheim")
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [NEW]
    before = stored(row.pk)
    with pytest.raises(CommandError, match="1 values cannot be read"):
        call_command("rotate_keys")
    assert f"no key opens rows {row.pk}" in capsys.readouterr().err
    assert stored(row.pk) == before


def test_rotation_leaves_a_row_that_changed_meanwhile(vault, settings, monkeypatch):
    from config import rotation

    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [OLD]
    row = vault.objects.create(key="before")
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    field = vault._meta.get_field("key")
    read = rotation._stored(vault, field)
    pairs = list(read)
    vault.objects.filter(pk=row.pk).update(key="refreshed by a worker")
    monkeypatch.setattr(rotation, "_stored", lambda *_: iter(pairs))
    assert rotation.rotate_field(vault, field) == (0, 0, [])
    assert vault.objects.get().key == "refreshed by a worker"


def test_a_new_key_is_printed_and_works(capsys, settings):
    call_command("rotate_keys", "--new")
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = [capsys.readouterr().out.strip()]
    assert decrypt(encrypt("x")) == "x"
