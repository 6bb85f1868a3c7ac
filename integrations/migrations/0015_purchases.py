import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0014_released_links"),
        ("invoicing", "0005_purchases"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="posting",
            name="integrations_posting_exactly_one_document",
        ),
        migrations.AddField(
            model_name="partylink",
            name="is_customer",
            field=models.BooleanField(default=True, editable=False),
        ),
        migrations.AddField(
            model_name="partylink",
            name="is_supplier",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="releasedlink",
            name="is_customer",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="releasedlink",
            name="is_supplier",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="posting",
            name="purchase_document",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="invoicing.purchasedocument",
                verbose_name="expense",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("purchase_document__isnull", False)),
                fields=["purchase_document", "state"],
                name="integrations_posting_purchase",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purchase_document__isnull", True), ("sales_document__isnull", False)),
                    models.Q(("purchase_document__isnull", False), ("sales_document__isnull", True)),
                    _connector="OR",
                ),
                name="integrations_posting_exactly_one_document",
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(
                condition=models.Q(("purchase_document__isnull", False)),
                fields=("administration", "purchase_document"),
                name="integrations_posting_purchase_unique",
            ),
        ),
    ]
