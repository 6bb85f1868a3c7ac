from django.db import migrations, models

import config.fields


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0007_import_step"),
    ]

    operations = [
        migrations.AddField(
            model_name="administration",
            name="session_token",
            field=config.fields.EncryptedTextField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="administration",
            name="session_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="fiscalperiod",
            name="book_year",
            field=models.CharField(blank=True, editable=False, max_length=20),
        ),
        migrations.CreateModel(
            name="CallCounter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("owner", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=40)),
                ("used", models.PositiveIntegerField(default=0)),
                ("calls", models.PositiveIntegerField()),
                ("resets_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "call counter",
                "verbose_name_plural": "call counters",
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="integrations_callcounter_unique")
                ],
            },
        ),
    ]
