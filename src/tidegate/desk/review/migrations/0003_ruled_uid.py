import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0002_undoing"),
    ]

    operations = [
        # Without the default first: it would be one and the same for all rows that are there.
        migrations.AddField(model_name="ruled", name="uid", field=models.UUIDField(null=True, unique=True)),
        migrations.AlterField(
            model_name="ruled",
            name="uid",
            field=models.UUIDField(default=uuid.uuid4, null=True, unique=True),
        ),
    ]
