import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("invoicing", "0005_purchases"),
    ]

    operations = [
        migrations.AddField(
            model_name="purchasedocument",
            name="exchange_rate",
            field=models.DecimalField(
                blank=True, decimal_places=8, editable=False, max_digits=18, null=True, verbose_name="exchange rate"
            ),
        ),
        migrations.AddField(
            model_name="purchasedocument",
            name="rate_from",
            field=models.CharField(
                blank=True,
                choices=[
                    ("document", "stated in the document"),
                    ("vat", "from the VAT that the document states in both currencies"),
                    ("person", "entered by hand"),
                ],
                editable=False,
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="IncomingFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting to be read"), ("refused", "Refused")],
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("content", models.BinaryField()),
                ("size", models.PositiveIntegerField(verbose_name="size")),
                ("sha256", models.CharField(editable=False, max_length=64, unique=True)),
                ("message_id", models.CharField(blank=True, editable=False, max_length=200)),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="received")),
                ("received_by", models.CharField(blank=True, max_length=150, verbose_name="received by")),
                ("taken_at", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("reason", models.JSONField(blank=True, default=dict, editable=False)),
                (
                    "access",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="invoicing.incomingaccess",
                        verbose_name="access point",
                    ),
                ),
            ],
            options={
                "verbose_name": "refused file",
                "verbose_name_plural": "refused files",
                "ordering": ["-received_at", "-pk"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["state", "-received_at", "-id"], name="invoicing_inc_list")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=("access", "message_id"),
                        name="invoicing_inc_message_once",
                    )
                ],
            },
        ),
    ]
