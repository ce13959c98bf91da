"""Files of a million lines: stored portion by portion, and continued by anybody."""

from django.db import migrations, models

from nostro.storage.isolation import OPS, IsolateTenants, door
from nostro.storage.models.tenant import to_tenant

DOORS = [
    *door("statement_file", ["tenant_id", "id", "next_action_at"], "SELECT"),
    f"GRANT UPDATE (next_action_at) ON statement_file TO {OPS}",
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0032_repeated_lines"),
    ]

    operations = [
        migrations.CreateModel(
            name="StatementFile",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("evidence", to_tenant("storage.evidence")),
                ("connection", to_tenant("storage.connection", null=True)),
                ("statement", to_tenant("storage.statement", null=True)),
                ("format_profile", models.TextField()),
                ("state", models.TextField()),
                ("records_done", models.BigIntegerField(default=0)),
                ("lines_done", models.BigIntegerField(default=0)),
                ("lines_new", models.BigIntegerField(default=0)),
                ("records_explained", models.BigIntegerField(default=0)),
                ("received_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("next_action_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "statement_file",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "next_action_at"],
                        condition=models.Q(("next_action_at__isnull", False)),
                        name="statement_file_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "evidence"], name="statement_file_once"
                    )
                ],
            },
        ),
        IsolateTenants(["StatementFile"]),
        migrations.RunSQL([*DOORS]),
    ]
