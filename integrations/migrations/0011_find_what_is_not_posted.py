import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0010_run_waits"),
        ("invoicing", "0003_index_what_lists_ask"),
    ]

    operations = [
        migrations.CreateModel(
            name="Unplaced",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="invoicing.salesdocument",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="invoicing.companyentity",
                    ),
                ),
                ("date", models.DateField()),
            ],
            options={
                "verbose_name": "document without a posting",
                "verbose_name_plural": "documents without a posting",
                "default_permissions": (),
            },
        ),
        migrations.RemoveIndex(
            model_name="posting",
            name="integrations_posting_external",
        ),
        migrations.AlterField(
            model_name="posting",
            name="administration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="integrations.administration",
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="connection",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="integrations.connection",
                verbose_name="connection",
            ),
        ),
        migrations.AlterField(
            model_name="posting",
            name="sales_document",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="invoicing.salesdocument",
                verbose_name="document",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["sales_document", "state"], name="integrations_posting_document"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("state", "posted"), _negated=True),
                fields=["state", "sales_document"],
                name="integrations_posting_open",
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                fields=["reference"], name="integrations_posting_reference", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                fields=["number"], name="integrations_posting_number", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["external_id"], name="integrations_posting_external"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                condition=models.Q(("paid_here_open_there", True)),
                fields=["sales_document"],
                name="integrations_posting_paid_here",
            ),
        ),
        migrations.AddIndex(
            model_name="unplaced",
            index=models.Index(fields=["entity", "date", "document"], name="integrations_unplaced_scope"),
        ),
    ]
