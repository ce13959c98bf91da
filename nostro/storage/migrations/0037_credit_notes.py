"""Credit notes of suppliers, and what was proposed to their sources."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0036_policy_request"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditNote",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("source", models.TextField()),
                ("reference", models.TextField()),
                ("document", models.TextField()),
                ("entity", to_tenant("storage.legalentity")),
                ("payee_number", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("left_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("issued_on", models.DateField(null=True)),
                ("run", to_tenant("storage.paymentrun", null=True)),
                ("line", models.IntegerField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("maker_id", models.TextField()),
                ("maker_name", models.TextField()),
                ("ended_by_name", models.TextField(db_default="", default="")),
                ("reason", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "credit_note",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "payee_number", "state"], name="credit_note_payee"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "source", "reference"], name="credit_note_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(amount_minor__gt=0)
                        & models.Q(left_minor__gte=0)
                        & models.Q(left_minor__lte=models.F("amount_minor")),
                        name="credit_note_amounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Netting",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("entity", to_tenant("storage.legalentity")),
                ("payee_number", models.TextField()),
                ("currency", models.TextField()),
                ("payments", models.JSONField()),
                ("notes", models.JSONField()),
                ("digest", models.TextField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("proposed_at", models.DateTimeField()),
                ("proposed_by", models.TextField()),
                ("proposed_by_name", models.TextField()),
                ("decided_by", models.TextField(db_default="", default="")),
                ("decided_by_name", models.TextField(db_default="", default="")),
                ("told_to", models.TextField(db_default="", default="")),
                ("reason", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "netting",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "payee_number", "state"], name="netting_payee"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(state__in=["proposed", "sent"]),
                        fields=["tenant_id", "digest"],
                        name="netting_once",
                    )
                ],
            },
        ),
        IsolateTenants(["CreditNote", "Netting"], "SELECT, INSERT, UPDATE"),
    ]
