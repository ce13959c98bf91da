"""Lines that several statements tell are one booking; the same statement is told by its content."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0031_name_questions"),
    ]

    operations = [
        migrations.AddField(
            model_name="statement",
            name="content",
            field=models.TextField(default="", db_default=""),
        ),
        migrations.RemoveConstraint(model_name="statement", name="statement_once"),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(
                fields=["tenant_id", "account", "kind", "statement_id", "content"],
                name="statement_once",
            ),
        ),
        migrations.CreateModel(
            name="RepeatedLine",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("statement", to_tenant("storage.statement")),
                ("line", models.IntegerField()),
                ("transaction", to_tenant("storage.banktransaction")),
            ],
            options={
                "db_table": "repeated_line",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "transaction"], name="repeated_line_transaction"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "statement", "line"], name="repeated_line_once"
                    )
                ],
            },
        ),
        IsolateTenants(["RepeatedLine"]),
    ]
