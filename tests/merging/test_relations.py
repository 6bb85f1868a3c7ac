"""No relation to a party is forgotten by a merge."""

from django.apps import apps

from crm.merging import Stays, relations
from crm.models import Party


def relations_to_parties() -> set[str]:
    """Every foreign key, one-to-one or many-to-many relation that any model has with parties, hidden ones too."""
    found = set()
    for model in apps.get_models():
        if model._meta.proxy:
            continue
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            target = field.related_model
            if target is None:
                continue
            if (field.many_to_many and model is Party) or (
                isinstance(target, type) and issubclass(target, Party) and not model._meta.auto_created
            ):
                found.add(f"{model._meta.label}.{field.name}")
    return found


def test_every_relation_to_a_party_is_named_and_none_that_is_not_there():
    """A new relation fails here until its app says what becomes of it (`crm.merging.register`)."""
    assert {relation.name for relation in relations()} == relations_to_parties()


def test_the_walk_sees_what_django_sees():
    seen = relations_to_parties()
    for relation in Party._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.is_relation and not relation.related_model._meta.auto_created:
            assert f"{relation.related_model._meta.label}.{relation.field.name}" in seen
    assert {"crm.DuplicatePair.first", "crm.ImportRow.party", "crm.Party.tags"} <= seen


def test_what_stays_says_why():
    assert all(relation.why for relation in relations() if isinstance(relation, Stays))
