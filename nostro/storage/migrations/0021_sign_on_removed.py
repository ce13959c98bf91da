"""A customer's sign-in service may be taken away: who its people are here stays known."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0020_bank_calendars"),
    ]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="removed_at",
            field=models.DateTimeField(null=True),
        ),
    ]
