"""A hold keeps what it stands on as figures and names, beside its sentence."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0037_credit_notes"),
    ]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="evidence",
            field=models.JSONField(db_default=[], default=list),
        ),
    ]
