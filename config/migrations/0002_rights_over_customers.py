"""Give the three groups their rights over duplicates, merges, segments, imports and the recycle bin.

Everyone in a group of ours may look, save into the recycle bin. Staff merges and keeps segments; importing files,
deleting many and the recycle bin are the account admin's (domain rules 13.13).
"""

from django.apps import apps as global_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

MODELS = ("duplicatepair", "merge", "segment", "binnedparty", "importbatch", "importrow", "rememberedheader")
STAFF = ("add_merge", "change_merge", "change_duplicatepair", "add_segment", "change_segment", "delete_segment")


def give_rights(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    create_permissions(global_apps.get_app_config("crm"), verbosity=0, using=schema_editor.connection.alias, apps=apps)
    ours = Permission.objects.filter(content_type__app_label="crm", content_type__model__in=MODELS)
    views = ours.filter(codename__startswith="view_").exclude(codename="view_binnedparty")
    rights = {
        "Account admin": ours,
        "Staff": views | ours.filter(codename__in=STAFF),
        "Accountant": views,
    }
    for group in Group.objects.filter(name__in=rights):
        # In a new database the groups were made a moment ago, with what their rules say of every model.
        group.permissions.remove(*ours)
        group.permissions.add(*rights[group.name])


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0001_roles"),
        ("crm", "0004_one_customer_once"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
