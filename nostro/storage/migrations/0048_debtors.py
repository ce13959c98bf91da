"""Customers of our entities as master data: who pays for whom, from which accounts."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0047_gaps_once_quiet"),
    ]

    operations = [
        migrations.CreateModel(
            name="Debtor",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("entity", to_tenant("storage.legalentity")),
                ("number", models.TextField()),
                ("name", models.TextField()),
                ("parent_number", models.TextField()),
                ("ibans", models.JSONField()),
                ("further_names", models.JSONField()),
                ("source", models.TextField()),
                ("told_at", models.DateTimeField()),
            ],
            options={
                "db_table": "debtor",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "entity", "number"], name="debtor_once"
                    )
                ],
                "indexes": [
                    models.Index(fields=["tenant_id", "number", "id"], name="debtor_by_number")
                ],
            },
        ),
        migrations.CreateModel(
            name="DebtorKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("entity", to_tenant("storage.legalentity")),
                ("kind", models.SmallIntegerField()),
                ("key", models.BigIntegerField()),
                ("debtor", to_tenant("storage.debtor")),
            ],
            options={
                "db_table": "debtor_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "entity", "kind", "key", "debtor"],
                        name="debtor_key_once",
                    )
                ],
                "indexes": [models.Index(fields=["tenant_id", "debtor"], name="debtor_key_of")],
            },
        ),
        IsolateTenants(["Debtor"], "SELECT, INSERT, UPDATE"),
        IsolateTenants(["DebtorKey"], "SELECT, INSERT, DELETE"),
    ]
