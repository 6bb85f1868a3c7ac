from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_find_what_is_not_posted"),
    ]

    operations = [
        migrations.AddField(
            model_name="toolparty",
            name="caller_number",
            field=models.CharField(blank=True, default="", max_length=20),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="toolparty",
            index=models.Index(fields=["administration", "caller_number"], name="integrations_tp_caller"),
        ),
    ]
