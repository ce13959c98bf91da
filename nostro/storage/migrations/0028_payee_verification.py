"""What payees' banks say to the names of payees: Verification of Payee."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.models.tenant import to_tenant


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0027_payees"),
    ]

    operations = [
        migrations.CreateModel(
            name="PayeeVerification",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("account", to_tenant("storage.payeeaccount")),
                ("name_asked", models.TextField()),
                ("answer", models.TextField()),
                ("name_told", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("asked_by_name", models.TextField()),
                ("connection", to_tenant("storage.connection")),
                ("evidence", to_tenant("storage.evidence")),
            ],
            options={
                "db_table": "payee_verification",
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "account", "asked_at"],
                        name="payee_verification_account",
                    )
                ],
            },
        ),
        IsolateTenants(["PayeeVerification"], "SELECT, INSERT, UPDATE"),
    ]
