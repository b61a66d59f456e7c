import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_alter_person_role"),
    ]

    operations = [
        migrations.AddField(
            model_name="person", name="access_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="person",
            name="access_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
