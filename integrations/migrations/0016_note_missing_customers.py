from django.db import migrations


def note_missing_customers(apps, schema_editor):
    """A link whose relation still has to be made a customer says so itself from now on, not only by its mark."""
    for name in ("PartyLink", "ReleasedLink"):
        links = apps.get_model("integrations", name).objects.using(schema_editor.connection.alias)
        links.filter(sent_hash__startswith="role:").update(is_customer=False)


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0015_purchases"),
    ]

    operations = [
        migrations.RunPython(note_missing_customers, migrations.RunPython.noop),
    ]
