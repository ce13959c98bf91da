"""Proofs asked for once before much leaves, and invitations by a link that counts once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants, door

_ROW = [
    ("id", models.UUIDField(primary_key=True, serialize=False)),
    ("tenant_id", models.UUIDField()),
]


def _person(*, null: bool = False) -> "models.ForeignKey[object]":
    return models.ForeignKey(
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0012_duties_and_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="StepUp",
            fields=[
                *_ROW,
                ("person", _person()),
                ("digest", models.TextField()),
                ("orders", models.JSONField()),
                ("nonce", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("tries", models.IntegerField(default=0)),
                ("method", models.TextField(default="")),
                ("signature", models.JSONField(null=True)),
                ("proved_at", models.DateTimeField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "step_up",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "person", "opened_at"], name="step_up_of_person"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                *_ROW,
                ("email", models.TextField()),
                ("name", models.TextField()),
                ("grants", models.JSONField()),
                ("token_hash", models.TextField()),
                ("invited_by", models.JSONField()),
                ("invited_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("person", _person(null=True)),
            ],
            options={
                "db_table": "invitation",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "token_hash"), name="invitation_token"
                    )
                ],
            },
        ),
        IsolateTenants(["StepUp", "Invitation"], "SELECT, INSERT, UPDATE"),
        # Whose invitation a link is, is asked before a customer is known.
        migrations.RunSQL(
            [
                *door("invitation", ["tenant_id", "id", "token_hash", "expires_at", "ended_at"]),
                "CREATE INDEX invitation_link ON invitation (token_hash)",
            ]
        ),
    ]
