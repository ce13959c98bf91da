"""Open items as their sources tell them again and again: kinds, instalments, terms."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant

# Until now nothing was told again: what was open at first is what is open now and what we settled.
AS_TOLD = """
    UPDATE open_item SET most_minor = first_minor, told_minor = first_minor,
        kind = CASE WHEN first_minor < 0 THEN 'credit_note' ELSE 'invoice' END
    FROM (
        SELECT i.tenant_id, i.id, i.open_minor + coalesce(sum(a.amount_minor) FILTER (
            WHERE m.state = 'matched'), 0) AS first_minor
        FROM open_item i
        LEFT JOIN allocation a ON a.tenant_id = i.tenant_id AND a.open_item_id = i.id
        LEFT JOIN match m ON m.tenant_id = a.tenant_id AND m.id = a.match_id
        GROUP BY i.tenant_id, i.id
    ) AS told
    WHERE told.tenant_id = open_item.tenant_id AND told.id = open_item.id
"""


def _text(default: str = "") -> "models.TextField[str, str]":
    return models.TextField(default=default, db_default=default)


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0034_remittance_notices"),
    ]

    operations = [
        migrations.AddField("openitem", "source", _text()),
        migrations.AddField("openitem", "instalment", models.IntegerField(default=0, db_default=0)),
        migrations.AddField("openitem", "kind", _text("invoice")),
        migrations.AddField("openitem", "parent_number", _text()),
        migrations.AddField("openitem", "document_minor", models.BigIntegerField(null=True)),
        migrations.AddField("openitem", "most_minor", models.BigIntegerField(null=True)),
        migrations.AddField("openitem", "told_minor", models.BigIntegerField(null=True)),
        migrations.AddField("openitem", "told_at", models.DateTimeField(null=True)),
        migrations.AddField("openitem", "issue_date", models.DateField(null=True)),
        migrations.AddField(
            "openitem", "discount_minor", models.BigIntegerField(default=0, db_default=0)
        ),
        migrations.AddField("openitem", "discount_until", models.DateField(null=True)),
        migrations.AddField(
            "openitem", "further_references", models.JSONField(default=list, db_default=[])
        ),
        migrations.RunSQL([AS_TOLD]),
        migrations.AlterField("openitem", "most_minor", models.BigIntegerField()),
        migrations.AlterField("openitem", "told_minor", models.BigIntegerField()),
        migrations.RemoveConstraint("openitem", "open_item_once"),
        migrations.AddConstraint(
            "openitem",
            models.UniqueConstraint(
                fields=["tenant_id", "entity", "source", "document", "instalment"],
                name="open_item_once",
            ),
        ),
        migrations.AddIndex(
            "openitem",
            models.Index(
                fields=["tenant_id", "due_date", "id"],
                condition=~models.Q(open_minor=0),
                name="open_item_due",
            ),
        ),
        migrations.AddIndex(
            "openitem",
            models.Index(
                fields=["tenant_id", "customer_number", "due_date"],
                condition=~models.Q(open_minor=0),
                name="open_item_customer",
            ),
        ),
        migrations.AddIndex(
            "allocation",
            models.Index(
                fields=["tenant_id", "open_item"],
                condition=models.Q(open_item__isnull=False),
                name="allocation_open_item",
            ),
        ),
        migrations.CreateModel(
            name="OpenItemList",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("entity", to_tenant("storage.legalentity")),
                ("source", models.TextField()),
                ("told_at", models.DateTimeField()),
                ("evidence", to_tenant("storage.evidence", null=True)),
            ],
            options={
                "db_table": "open_item_list",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "entity", "source"], name="open_item_list_newest"
                    )
                ],
            },
        ),
        IsolateTenants(["OpenItemList"], "SELECT, INSERT, UPDATE"),
    ]
