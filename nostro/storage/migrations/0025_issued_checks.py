"""The register of issued checks, and presented ones that people decide on."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from nostro.storage.isolation import OPS, IsolateTenants, door


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0024_local_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="IssuedCheck",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("number", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                (
                    "payee",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("payee_number", models.TextField(db_default="", default="")),
                ("issued_on", models.DateField()),
                ("source", models.TextField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("maker_id", models.TextField()),
                ("maker_name", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("acted_on", models.DateField(null=True)),
                ("acted_by", models.TextField(db_default="", default="")),
                ("acted_by_name", models.TextField(db_default="", default="")),
                ("reason", models.TextField(db_default="", default="")),
                ("not_in_file", models.TextField(db_default="", default="")),
                ("paid_on", models.DateField(null=True)),
                ("next_action_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.account",
                    ),
                ),
                (
                    "act_file",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.submission",
                    ),
                ),
                (
                    "issue_file",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.submission",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.order",
                    ),
                ),
            ],
            options={
                "db_table": "issued_check",
            },
        ),
        migrations.CreateModel(
            name="CheckException",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("identity", models.TextField()),
                ("number", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                (
                    "payee",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("presented_on", models.DateField()),
                ("issued_on", models.DateField(null=True)),
                ("bank_reference", models.TextField()),
                ("bank_reason", models.TextField()),
                ("why", models.TextField()),
                ("differences", models.JSONField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("decide_by", models.DateTimeField()),
                ("time_zone", models.TextField()),
                ("if_nobody", models.TextField()),
                ("decision", models.TextField(db_default="", default="")),
                ("first_by", models.TextField(db_default="", default="")),
                ("first_by_name", models.TextField(db_default="", default="")),
                ("decided_by", models.TextField(db_default="", default="")),
                ("decided_by_name", models.TextField(db_default="", default="")),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(db_default="", default="")),
                ("next_action_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.account",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.connection",
                    ),
                ),
                (
                    "decision_file",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.submission",
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
                (
                    "issued",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.issuedcheck",
                    ),
                ),
            ],
            options={
                "db_table": "check_exception",
            },
        ),
        migrations.AddIndex(
            model_name="issuedcheck",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="issued_check_due",
            ),
        ),
        migrations.AddIndex(
            model_name="issuedcheck",
            index=models.Index(fields=["tenant_id", "state", "id"], name="issued_check_state"),
        ),
        migrations.AddIndex(
            model_name="issuedcheck",
            index=models.Index(
                condition=models.Q(("issue_file__isnull", False)),
                fields=["tenant_id", "issue_file"],
                name="issued_check_told_in",
            ),
        ),
        migrations.AddIndex(
            model_name="issuedcheck",
            index=models.Index(
                condition=models.Q(("act_file__isnull", False)),
                fields=["tenant_id", "act_file"],
                name="issued_check_acted_in",
            ),
        ),
        migrations.AddConstraint(
            model_name="issuedcheck",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "account", "number"), name="issued_check_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="issuedcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="issued_check_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="checkexception",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="check_exception_due",
            ),
        ),
        migrations.AddIndex(
            model_name="checkexception",
            index=models.Index(
                fields=["tenant_id", "state", "decide_by", "id"], name="check_exception_open"
            ),
        ),
        migrations.AddIndex(
            model_name="checkexception",
            index=models.Index(fields=["tenant_id", "issued"], name="check_exception_check"),
        ),
        migrations.AddIndex(
            model_name="checkexception",
            index=models.Index(
                condition=models.Q(("decision_file__isnull", False)),
                fields=["tenant_id", "decision_file"],
                name="check_exception_told_in",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkexception",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "account", "identity"), name="check_exception_once"
            ),
        ),
        IsolateTenants(["IssuedCheck", "CheckException"]),
        migrations.RunSQL(
            [
                *door("issued_check", ["tenant_id", "id", "next_action_at"]),
                f"GRANT UPDATE (next_action_at) ON issued_check TO {OPS}",
                *door("check_exception", ["tenant_id", "id", "next_action_at"]),
                f"GRANT UPDATE (next_action_at) ON check_exception TO {OPS}",
            ]
        ),
    ]
