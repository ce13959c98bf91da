"""Grants that reach so far and no further, changes that others agree to, and keys with owners."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from nostro.storage.isolation import OPS, IsolateTenants

# What a role was until now: held everywhere.
AS_BEFORE = (
    "UPDATE membership SET grants = COALESCE((SELECT jsonb_agg(jsonb_build_object('role', r)"
    " ORDER BY r) FROM unnest(roles) AS r), '[]')"
)
_TEXTS = django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list)
_ROW = [
    ("id", models.UUIDField(primary_key=True, serialize=False)),
    ("tenant_id", models.UUIDField()),
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0011_keys_and_keeping"),
    ]

    operations = [
        migrations.AddField("membership", "grants", models.JSONField(default=list)),
        migrations.RunSQL([AS_BEFORE]),
        migrations.AddField("apikey", "networks", _TEXTS),
        migrations.AddField(
            "apikey",
            "owner",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("apikey", "last_used_at", models.DateTimeField(null=True)),
        migrations.AddField("apikey", "replaced_by", models.UUIDField(null=True)),
        migrations.CreateModel(
            name="ChangeRequest",
            fields=[
                *_ROW,
                ("kind", models.TextField()),
                ("subject_id", models.UUIDField()),
                ("subject", models.TextField()),
                ("wanted", models.JSONField()),
                ("before", models.JSONField()),
                ("after", models.JSONField()),
                ("reason", models.TextField()),
                ("state", models.TextField()),
                ("needed", models.IntegerField()),
                ("asked_by", models.TextField()),
                ("asked_by_kind", models.TextField()),
                ("asked_by_name", models.TextField()),
                ("asked_for", _TEXTS),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_by_name", models.TextField(default="")),
                ("ended_reason", models.TextField(default="")),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "change_request",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "state", "asked_at"], name="change_request_state"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChangeAgreement",
            fields=[
                *_ROW,
                ("person_id", models.UUIDField()),
                ("person_name", models.TextField()),
                (
                    "acted_for",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField()),
                ),
                ("reason", models.TextField()),
                ("agreed_at", models.DateTimeField()),
                (
                    "request",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.changerequest",
                    ),
                ),
            ],
            options={
                "db_table": "change_agreement",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "request", "person_id"], name="change_agreed_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalPolicy",
            fields=[
                *_ROW,
                ("version", models.IntegerField()),
                ("rules", models.JSONField()),
                ("valid_from", models.DateTimeField()),
                ("changed_by", models.TextField()),
            ],
            options={
                "db_table": "approval_policy",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "version"], name="approval_policy_version_once"
                    )
                ],
            },
        ),
        IsolateTenants(["ChangeRequest", "ChangeAgreement", "ApprovalPolicy"]),
        migrations.RunSQL(
            [
                f"GRANT SELECT (grants) ON membership TO {OPS}",
                f"GRANT SELECT (networks, last_used_at, replaced_by) ON api_key TO {OPS}",
                f"GRANT UPDATE (last_used_at) ON api_key TO {OPS}",
            ]
        ),
    ]
