"""Gaps are looked for once nothing more comes for a minute: files come in no order of their own."""

from django.db import migrations, models

from nostro.storage.isolation import OPS, door

DOORS = [
    *door("account", ["tenant_id", "id", "next_action_at"], "SELECT"),
    f"GRANT UPDATE (next_action_at) ON account TO {OPS}",
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0046_pending_transactions"),
    ]

    operations = [
        migrations.AddField("account", "gaps_since", models.DateField(null=True)),
        migrations.AddField("account", "next_action_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "account",
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(("next_action_at__isnull", False)),
                name="account_due",
            ),
        ),
        migrations.RunSQL([*DOORS]),
    ]
