import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0005_find_parties_quickly"),
        ("integrations", "0013_vat_code_details"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReleasedLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("customer", "Customer"), ("supplier", "Supplier"), ("both", "Customer and supplier")],
                        max_length=10,
                    ),
                ),
                ("external_id", models.CharField(max_length=60)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("primary", models.BooleanField(default=True)),
                ("sent_hash", models.CharField(blank=True, max_length=64)),
                ("matched_by", models.CharField(blank=True, max_length=40)),
                ("linked_at", models.DateTimeField(null=True)),
                ("released_at", models.DateTimeField(auto_now_add=True)),
                (
                    "administration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="integrations.administration"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="released_links", to="crm.party"
                    ),
                ),
            ],
            options={
                "verbose_name": "released link of a party",
                "verbose_name_plural": "released links of parties",
            },
        ),
    ]
