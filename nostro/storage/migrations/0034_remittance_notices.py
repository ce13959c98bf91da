"""Notices to payees that they are paid: planned out of the log, sent with frozen bytes."""

import django.contrib.postgres.fields
from django.db import migrations, models

from nostro.storage.isolation import OPS, IsolateTenants, door
from nostro.storage.migrations._confidential import sight
from nostro.storage.models.tenant import to_tenant

STEPS = [
    *door("advice_notice", ["tenant_id", "id", "next_action_at"], "SELECT"),
    sight("advice_notice", "confidential"),
    sight("advised_payment", "nostro_is_confidential('order', order_id)"),
]
UNDO = [
    "DROP POLICY only_cleared ON advised_payment",
    "DROP POLICY only_cleared ON advice_notice",
    f"REVOKE SELECT (tenant_id, id, next_action_at) ON advice_notice FROM {OPS}",
    "DROP POLICY ops_door ON advice_notice",
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0033_statement_files"),
    ]

    operations = [
        migrations.CreateModel(
            name="AdviceReader",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("position", models.BigIntegerField()),
            ],
            options={
                "db_table": "advice_reader",
                "constraints": [
                    models.UniqueConstraint(fields=["tenant_id"], name="advice_reader_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="AdviceNotice",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("state", models.TextField()),
                ("round", models.IntegerField()),
                ("entity", to_tenant("storage.legalentity")),
                ("payee_number", models.TextField()),
                ("confidential", models.BooleanField()),
                ("connection", to_tenant("storage.connection")),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("gathers", models.BooleanField()),
                ("executed_on", models.DateField()),
                ("rule", models.TextField()),
                ("address", models.TextField(db_default="", default="")),
                ("message_id", models.TextField(db_default="", default="")),
                ("evidence", to_tenant("storage.evidence", null=True)),
                ("corrects", to_tenant("storage.advicenotice", null=True)),
                ("tries", models.IntegerField(db_default=0, default=0)),
                ("doubts", models.IntegerField(db_default=0, default=0)),
                ("first_due_at", models.DateTimeField()),
                ("next_action_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(null=True)),
                ("said", models.TextField(db_default="", default="")),
                ("asked_by_name", models.TextField(db_default="", default="")),
                ("reason", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "advice_notice",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_action_at__isnull", False)),
                        fields=["tenant_id", "next_action_at"],
                        name="advice_notice_due",
                    ),
                    models.Index(
                        fields=["tenant_id", "payee_number", "id"], name="advice_notice_payee"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AdvisedPayment",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("notice", to_tenant("storage.advicenotice")),
                ("order", to_tenant("storage.order")),
                ("kind", models.TextField()),
                ("round", models.IntegerField()),
                ("dropped", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "db_table": "advised_payment",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "order", "kind", "round"], name="advised_payment_once"
                    )
                ],
                "indexes": [
                    models.Index(fields=["tenant_id", "notice"], name="advised_payment_notice")
                ],
            },
        ),
        IsolateTenants(
            ["AdviceReader", "AdviceNotice", "AdvisedPayment"], "SELECT, INSERT, UPDATE"
        ),
        migrations.RunSQL([*STEPS], [*UNDO]),
    ]
