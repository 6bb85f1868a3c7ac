"""Make the three groups that people work in, with their rights. Groups that exist keep what they have."""

from django.apps import apps as global_apps
from django.contrib.auth.management import create_permissions
from django.db import migrations

OURS = ("crm", "invoicing", "integrations")

# Staff makes documents and customers and starts syncs; settings and connections are the account admin's.
STAFF = {
    "crm": ("add_", "change_", "delete_"),
    "invoicing": {
        "add": ("invoice", "creditnote", "salesdocument", "salesline", "documentdiscount", "documentfile", "payment"),
        "change": (
            "invoice",
            "creditnote",
            "salesdocument",
            "salesline",
            "documentdiscount",
            "documentfile",
            "payment",
        ),
        "delete": ("invoice", "creditnote", "salesdocument", "salesline", "documentdiscount"),
    },
    "integrations": {"add": ("syncrun",), "change": ("posting",)},
}


def make_roles(apps, schema_editor):
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    # Django makes permissions only after all migrations; these rights are needed now.
    for label in OURS:
        create_permissions(
            global_apps.get_app_config(label), verbosity=0, using=schema_editor.connection.alias, apps=apps
        )
    ours = Permission.objects.filter(content_type__app_label__in=OURS)
    views = set(ours.filter(codename__startswith="view_").values_list("pk", flat=True))
    roles = {
        # Not the users: who may change a user may make himself a superuser.
        "Account admin": set(ours.values_list("pk", flat=True)),
        "Staff": views | _staff(ours),
        "Accountant": views,
    }
    for name, wanted in roles.items():
        group, created = Group.objects.get_or_create(name=name)
        if created or not group.permissions.exists():
            group.permissions.set(wanted)


def _staff(ours):
    found = set()
    for app, rights in STAFF.items():
        rows = ours.filter(content_type__app_label=app)
        if isinstance(rights, tuple):
            for prefix in rights:
                found |= set(rows.filter(codename__startswith=prefix).values_list("pk", flat=True))
            continue
        for verb, models in rights.items():
            names = [f"{verb}_{model}" for model in models]
            found |= set(rows.filter(codename__in=names).values_list("pk", flat=True))
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("crm", "0003_say_that_a_name_is_missing"),
        ("integrations", "0004_refused_parties_and_checks"),
        ("invoicing", "0002_guard_payment_keys_and_references"),
    ]

    # Taking the groups away again could lock people out; they stay.
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
