"""Who works for a partner, above customers: only the owner of the schema writes it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0013_step_ups_and_invitations"),
    ]

    operations = [
        migrations.CreateModel(
            name="PartnerMembership",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("active", models.BooleanField(default=True)),
                ("since", models.DateTimeField()),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.partner",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "partner_membership",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partner", "person"), name="partner_membership_once"
                    )
                ],
            },
        ),
    ]
