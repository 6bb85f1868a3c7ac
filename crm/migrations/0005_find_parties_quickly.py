from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0004_one_customer_once"),
        ("invoicing", "0003_index_what_lists_ask"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["kind", "country"], name="crm_party_kind_country"),
        ),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["kind", "vat_type"], name="crm_party_kind_vat_type"),
        ),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(fields=["created_at"], name="crm_party_created"),
        ),
        migrations.AddIndex(
            model_name="party",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["-deleted_at"], name="crm_party_binned"
            ),
        ),
    ]
