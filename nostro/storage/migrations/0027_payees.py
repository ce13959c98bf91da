"""Payees as master data: where each version comes from, who they are, how they were confirmed."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants, PointInsideCustomer
from nostro.storage.models.tenant import to_tenant


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0026_paid_to_local_accounts"),
    ]

    operations = [
        *(
            migrations.AddField("payeeaccount", name, models.TextField(default="", db_default=""))
            for name in ("source", "source_detail", "document", "asked_by_name", "agreed_by_name")
        ),
        migrations.AddField("payeeaccount", "evidence", to_tenant("storage.evidence", null=True)),
        migrations.AddField(
            "payeeaccount", "request", to_tenant("storage.changerequest", null=True)
        ),
        PointInsideCustomer("PayeeAccount", ["evidence", "request"]),
        migrations.AddField("payeechange", "run", to_tenant("storage.paymentrun", null=True)),
        PointInsideCustomer("PayeeChange", ["run"]),
        migrations.CreateModel(
            name="PayeeDetails",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("payee", to_tenant("storage.payee")),
                ("version", models.IntegerField()),
                ("name", models.TextField()),
                ("address", models.JSONField()),
                ("email", models.TextField()),
                ("valid_from", models.DateTimeField()),
                ("changed_by", models.TextField()),
                ("source", models.TextField()),
                ("source_detail", models.TextField()),
                ("evidence", to_tenant("storage.evidence", null=True)),
                ("document", models.TextField()),
                ("asked_by_name", models.TextField()),
                ("agreed_by_name", models.TextField()),
            ],
            options={
                "db_table": "payee_details",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "payee", "version"],
                        name="payee_details_version_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PayeeConfirmation",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("account", to_tenant("storage.payeeaccount")),
                ("method", models.TextField()),
                ("order", to_tenant("storage.order", null=True)),
                ("code", models.TextField(default="", db_default="")),
                ("spoke_with", models.TextField()),
                ("number_called", models.TextField()),
                ("number_source", models.TextField()),
                ("happened_at", models.DateTimeField(null=True)),
                ("said", models.TextField()),
                ("done_by", models.TextField()),
                ("done_by_name", models.TextField()),
                ("agreed_by_name", models.TextField()),
                ("begun_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "payee_confirmation",
                "indexes": [
                    models.Index(fields=["tenant_id", "account"], name="payee_confirmation_account")
                ],
            },
        ),
        IsolateTenants(["PayeeDetails", "PayeeConfirmation"], "SELECT, INSERT, UPDATE"),
    ]
