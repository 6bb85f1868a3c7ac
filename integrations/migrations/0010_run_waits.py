from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0009_grant_identity"),
    ]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("postponed", "Waits"),
                    ("succeeded", "Succeeded"),
                    ("with_issues", "With issues"),
                    ("stopped", "Stopped"),
                ],
                default="queued",
                max_length=12,
                verbose_name="state",
            ),
        ),
    ]
