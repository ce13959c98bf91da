"""A customer's own sign-in service, and who its people are here."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants

_ROW = [
    ("id", models.UUIDField(primary_key=True, serialize=False)),
    ("tenant_id", models.UUIDField()),
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0014_partner_membership"),
    ]

    operations = [
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                *_ROW,
                ("issuer", models.TextField()),
                ("client_id", models.TextField()),
                ("groups_claim", models.TextField()),
                ("group_roles", models.JSONField()),
                ("just_in_time", models.BooleanField()),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "identity_provider",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id",), name="identity_provider_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="FederatedIdentity",
            fields=[
                *_ROW,
                (
                    "provider",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.identityprovider",
                    ),
                ),
                ("issuer", models.TextField()),
                ("subject", models.TextField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "federated_identity",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "provider", "issuer", "subject"),
                        name="federated_identity_once",
                    )
                ],
            },
        ),
        IsolateTenants(["IdentityProvider", "FederatedIdentity"], "SELECT, INSERT, UPDATE"),
    ]
