from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0006_run_worked_at")]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="step",
            field=models.CharField(
                choices=[
                    ("catalogue", "lists of the tool"),
                    ("plan", "planning"),
                    ("parties", "customers"),
                    ("sales", "sales documents"),
                    ("purchases", "purchases"),
                    ("settlements", "payments"),
                    ("close", "closing"),
                    ("import", "relations of the tool"),
                ],
                default="catalogue",
                max_length=12,
                verbose_name="step",
            ),
        ),
    ]
