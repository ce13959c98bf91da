"""A version of a policy knows the request that it was made for, and so who is behind it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0035_open_items"),
    ]

    operations = [
        migrations.AddField(
            model_name="policyversion",
            name="request_id",
            field=models.UUIDField(null=True),
        ),
    ]
