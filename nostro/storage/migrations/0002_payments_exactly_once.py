"""Payments that leave exactly once: cases with stages, evidence, stops, changes, webhooks."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from nostro.storage.isolation import OPS, IsolateTenants, PointInsideCustomer, door

NEW = [
    "OperatorEvidence",
    "Freeze",
    "FreezeLift",
    "PayeeChange",
    "WebhookEndpoint",
    "WebhookDelivery",
    "SavedView",
]
DUE = ("payment_run", "case_file", "webhook_delivery")
DOORS = [
    *(step for table in DUE for step in door(table, ["tenant_id", "id", "next_action_at"])),
    *(f"GRANT UPDATE (next_action_at) ON {table} TO {OPS}" for table in DUE),
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Freeze",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("scope", models.TextField()),
                ("subject_id", models.UUIDField()),
                ("cause", models.TextField()),
                ("reason", models.TextField()),
                ("frozen_by", models.TextField()),
                ("frozen_by_name", models.TextField()),
                ("frozen_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "payment_freeze",
            },
        ),
        migrations.CreateModel(
            name="FreezeLift",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("person_id", models.TextField()),
                ("person_name", models.TextField()),
                ("reason", models.TextField()),
                ("agreed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payment_freeze_lift",
            },
        ),
        migrations.CreateModel(
            name="OperatorEvidence",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("state", models.TextField()),
                ("told_by", models.TextField()),
                ("text", models.TextField()),
                ("stated_by", models.TextField()),
                ("stated_by_name", models.TextField()),
                ("stated_at", models.DateTimeField()),
                ("decided_by", models.TextField(db_default="", default="")),
                ("decided_by_name", models.TextField(db_default="", default="")),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "operator_evidence",
            },
        ),
        migrations.CreateModel(
            name="PayeeChange",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("state", models.TextField()),
                ("origin", models.TextField()),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("code", models.TextField(db_default="", default="")),
                ("text", models.TextField(db_default="", default="")),
                ("proposed_by", models.TextField()),
                ("proposed_at", models.DateTimeField()),
                ("decided_by", models.TextField(db_default="", default="")),
                ("decided_by_name", models.TextField(db_default="", default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("natural_key", models.TextField()),
            ],
            options={
                "db_table": "payee_change",
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("page", models.TextField()),
                ("name", models.TextField()),
                ("query", models.TextField()),
                ("person_id", models.TextField(db_default="", default="")),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "saved_view",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("event_id", models.UUIDField()),
                ("sequence", models.BigIntegerField()),
                ("type", models.TextField()),
                ("state", models.TextField()),
                ("tries", models.IntegerField(db_default=0, default=0)),
                ("last_status", models.IntegerField(null=True)),
                ("last_error", models.TextField(db_default="", default="")),
                ("next_action_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "webhook_delivery",
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("url", models.TextField()),
                ("description", models.TextField(db_default="", default="")),
                (
                    "event_types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("position", models.BigIntegerField()),
                ("created_by", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(null=True)),
                ("disabled_because", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "webhook_endpoint",
            },
        ),
        migrations.AddField(
            model_name="attempt",
            name="bank_reference",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="attempt",
            name="cancel_purpose",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="attempt",
            name="finality_until",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="attempt",
            name="rail_reference",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="case",
            name="amount_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="attempt",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.attempt",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="currency",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="case",
            name="details",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="case",
            name="next_action_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="outcome",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="case",
            name="owner_name",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="case",
            name="parent",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.case",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="reason",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="case",
            name="request",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.submission",
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="stage",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="connection",
            name="callback_name",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="fact",
            name="amount_minor",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="fact",
            name="booked_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="fact",
            name="currency",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="fact",
            name="kind",
            field=models.TextField(db_default="pain_002", default="pain_002"),
        ),
        migrations.AddField(
            model_name="order",
            name="replaces",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.order",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="returned_minor",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="order",
            name="told_source",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="finished_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="format_profile",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="lines_done",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="maker_id",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="maker_name",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="next_action_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="state",
            field=models.TextField(db_default="complete", default="complete"),
        ),
        migrations.AddField(
            model_name="paymentrun",
            name="stated_totals",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
        migrations.AddField(
            model_name="submission",
            name="answer_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="submission",
            name="sealed_evidence",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.evidence",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="status_asked",
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("rail_reference", ""), _negated=True),
                fields=["tenant_id", "rail_reference"],
                name="attempt_rail_reference",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["tenant_id", "uetr"], name="attempt_uetr"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["tenant_id", "order"], name="case_order"),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="case_due",
            ),
        ),
        migrations.AddIndex(
            model_name="paymentrun",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="payment_run_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="freeze",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at__isnull", True)),
                fields=("tenant_id", "scope", "subject_id"),
                name="freeze_once",
            ),
        ),
        migrations.AddField(
            model_name="freezelift",
            name="freeze",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.freeze",
            ),
        ),
        migrations.AddField(
            model_name="operatorevidence",
            name="attachment",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.evidence",
            ),
        ),
        migrations.AddField(
            model_name="operatorevidence",
            name="attempt",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.attempt",
            ),
        ),
        migrations.AddField(
            model_name="operatorevidence",
            name="case",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.case",
            ),
        ),
        migrations.AddField(
            model_name="operatorevidence",
            name="submission",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.submission",
            ),
        ),
        migrations.AddField(
            model_name="payeechange",
            name="case",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.case",
            ),
        ),
        migrations.AddField(
            model_name="payeechange",
            name="payee",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.payee",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "page", "person_id", "name"), name="saved_view_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.UniqueConstraint(
                condition=models.Q(("disabled_at__isnull", True)),
                fields=("tenant_id", "url"),
                name="webhook_endpoint_once",
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.webhookendpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="freezelift",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "freeze", "person_id"), name="freeze_lift_once"
            ),
        ),
        migrations.AddIndex(
            model_name="operatorevidence",
            index=models.Index(fields=["tenant_id", "submission"], name="operator_evidence_file"),
        ),
        migrations.AddIndex(
            model_name="operatorevidence",
            index=models.Index(fields=["tenant_id", "state"], name="operator_evidence_state"),
        ),
        migrations.AddIndex(
            model_name="payeechange",
            index=models.Index(fields=["tenant_id", "payee", "state"], name="payee_change_payee"),
        ),
        migrations.AddConstraint(
            model_name="payeechange",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "natural_key"), name="payee_change_once"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="webhook_delivery_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "endpoint", "sequence"), name="webhook_delivery_once"
            ),
        ),
        PointInsideCustomer("Case", ["attempt", "request", "parent"]),
        PointInsideCustomer("Order", ["replaces"]),
        PointInsideCustomer("Submission", ["sealed_evidence"]),
        IsolateTenants(NEW),
        migrations.RunSQL([*DOORS]),
    ]
