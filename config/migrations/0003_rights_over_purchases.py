"""Give the three groups their rights over expenses and access points.

Everyone in a group of ours may look at expenses. Account admins and staff take them in and decide about them; access
points hold a token, so they are the account admin's.
"""

from django.apps import apps as global_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

STAFF = ("view_purchasedocument", "add_purchasedocument", "change_purchasedocument", "approve_purchasedocument")


def give_rights(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    create_permissions(
        global_apps.get_app_config("invoicing"), verbosity=0, using=schema_editor.connection.alias, apps=apps
    )
    ours = Permission.objects.filter(
        content_type__app_label="invoicing", content_type__model__in=("purchasedocument", "incomingaccess")
    )
    rights = {
        "Account admin": ours,
        "Staff": ours.filter(codename__in=STAFF),
        "Accountant": ours.filter(codename="view_purchasedocument"),
    }
    for group in Group.objects.filter(name__in=rights):
        # In a new database the groups were made a moment ago, with what their rules say of every model.
        group.permissions.remove(*ours)
        group.permissions.add(*rights[group.name])


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0002_rights_over_customers"),
        ("invoicing", "0005_purchases"),
    ]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]
