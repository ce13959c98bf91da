"""A bank's own calendar, version by version: written once, and each counts from a moment on."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0019_policies_as_data"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankCalendar",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("connection", to_tenant("storage.connection")),
                ("version", models.IntegerField()),
                ("terms", models.JSONField()),
                ("valid_from", models.DateTimeField()),
                ("changed_by", models.TextField()),
                ("reason", models.TextField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "bank_calendar",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "connection", "version"],
                        name="bank_calendar_version_once",
                    )
                ],
            },
        ),
        IsolateTenants(["BankCalendar"], "SELECT, INSERT"),
    ]
