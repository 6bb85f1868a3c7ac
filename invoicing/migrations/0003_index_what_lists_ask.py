import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_say_that_a_name_is_missing"),
        ("invoicing", "0002_guard_payment_keys_and_references"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="salesdocument",
            name="invoicing_doc_open",
        ),
        migrations.AlterField(
            model_name="salesdocument",
            name="entity",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sales_documents",
                to="invoicing.companyentity",
                verbose_name="entity",
            ),
        ),
        migrations.AlterField(
            model_name="salesdocument",
            name="party",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sales_documents",
                to="crm.party",
                verbose_name="customer",
            ),
        ),
        migrations.AddIndex(
            model_name="salesdocument",
            index=models.Index(fields=["party", "kind", "-date", "-id"], name="invoicing_doc_party"),
        ),
        migrations.AddIndex(
            model_name="salesdocument",
            index=models.Index(fields=["entity", "kind", "-date", "-id"], name="invoicing_doc_entity"),
        ),
        migrations.AddIndex(
            model_name="salesdocument",
            index=models.Index(fields=["payment_state", "kind", "-date", "-id"], name="invoicing_doc_payment"),
        ),
        migrations.AddIndex(
            model_name="salesdocument",
            index=models.Index(
                condition=models.Q(("status", "draft")), fields=["kind", "-date", "-id"], name="invoicing_doc_drafts"
            ),
        ),
        migrations.AddIndex(
            model_name="salesdocument",
            index=models.Index(
                condition=models.Q(("status", "booked"), models.Q(("payment_state", "paid"), _negated=True)),
                fields=["kind", "date", "due_date"],
                name="invoicing_doc_unpaid",
            ),
        ),
    ]
