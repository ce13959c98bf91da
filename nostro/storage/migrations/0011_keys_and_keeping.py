"""Keys of a customer, secrets and evidence locked with them, and how long records are kept."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0010_audit_chain"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("purpose", models.TextField()),
                ("version", models.IntegerField()),
                ("key_id", models.TextField()),
                ("wrapped", models.BinaryField()),
                (
                    "made_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "data_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "purpose", "version"), name="data_key_version_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("months", models.IntegerField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "retention_rule",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "kind"), name="retention_rule_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("locked", models.BinaryField(null=True)),
                ("kept_in", models.TextField(db_default="database", default="database")),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "data_key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.datakey",
                    ),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.evidence",
                    ),
                ),
            ],
            options={
                "db_table": "evidence_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "evidence"), name="evidence_key_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("erased_at__isnull", True), ("locked__isnull", False)),
                            models.Q(("erased_at__isnull", False), ("locked__isnull", True)),
                            _connector="OR",
                        ),
                        name="evidence_key_or_erased",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("name", models.TextField()),
                ("reason", models.TextField()),
                ("ends_on", models.DateField(null=True)),
                ("placed_by", models.TextField()),
                ("placed_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "evidence",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.evidence",
                    ),
                ),
            ],
            options={
                "db_table": "legal_hold",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "name"), name="legal_hold_name_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredSecret",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("name", models.TextField()),
                ("locked", models.BinaryField()),
                ("changed_at", models.DateTimeField()),
                (
                    "data_key",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.datakey",
                    ),
                ),
            ],
            options={
                "db_table": "stored_secret",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "name"), name="stored_secret_once")
                ],
            },
        ),
        IsolateTenants(["DataKey", "RetentionRule", "EvidenceKey", "LegalHold", "StoredSecret"]),
    ]
