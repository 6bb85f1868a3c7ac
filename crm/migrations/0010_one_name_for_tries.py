from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0009_tries_of_jobs"),
    ]

    operations = [
        migrations.RenameField(model_name="binjob", old_name="failures", new_name="tries"),
        migrations.AlterField(
            model_name="binjob",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
    ]
