from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0008_sessions_and_call_counters"),
    ]

    operations = [
        migrations.AddField(
            model_name="grant",
            name="identity",
            field=models.CharField(blank=True, editable=False, max_length=200),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("identity", ""), _negated=True),
                fields=("tool", "site", "identity"),
                name="integrations_grant_one_per_identity",
            ),
        ),
    ]
