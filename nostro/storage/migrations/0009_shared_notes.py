"""Failed sign-ins and used codes are counted for all processes together."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0008_what_waits_and_where"),
    ]

    operations = [
        migrations.CreateModel(
            name="SharedNote",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("value", models.JSONField()),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={"db_table": "shared_note"},
        ),
    ]
