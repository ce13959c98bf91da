"""Reports of the day are a series of their own, and each of their lines waits for its booking."""

from importlib import import_module

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.migrations._confidential import sight
from nostro.storage.models.tenant import to_tenant

_EARLIER = import_module("nostro.storage.migrations.0044_repeated_lines_hidden")
BEFORE: str = _EARLIER.BEFORE.replace(_EARLIER.OF_FILES, _EARLIER.OF_REPEATED + _EARLIER.OF_FILES)
# A pending line is as confidential as the payment or the batch that it names, and as its booking.
OF_PENDING = """    WHEN 'pending_transaction' THEN
        RETURN EXISTS (SELECT FROM pending_transaction p
            JOIN payment_order o
                ON o.tenant_id = p.tenant_id AND o.end_to_end_id = p.end_to_end_id
            WHERE p.tenant_id = whose AND p.id = asked AND o.confidential)
        OR EXISTS (SELECT FROM pending_transaction p
            JOIN attempt a ON a.tenant_id = p.tenant_id
                AND a.payment_information_id = p.payment_information_id
            JOIN payment_order o ON o.tenant_id = a.tenant_id AND o.id = a.order_id
            WHERE p.tenant_id = whose AND p.id = asked AND p.payment_information_id <> ''
            AND o.confidential)
        OR EXISTS (SELECT FROM pending_transaction p
            JOIN attempt a ON a.tenant_id = p.tenant_id AND a.uetr = nullif(p.uetr, '')::uuid
            JOIN payment_order o ON o.tenant_id = a.tenant_id AND o.id = a.order_id
            WHERE p.tenant_id = whose AND p.id = asked AND o.confidential)
        OR EXISTS (SELECT FROM pending_transaction p
            WHERE p.tenant_id = whose AND p.id = asked
            AND nostro_is_confidential('transaction', p.booked_as_id));
    WHEN 'name_question' THEN
"""
OF_REPORTS = """        OR EXISTS (SELECT FROM pending_transaction p
            WHERE p.tenant_id = whose AND p.evidence_id = asked
            AND nostro_is_confidential('pending_transaction', p.id))
"""
IS_CONFIDENTIAL = BEFORE.replace("    WHEN 'name_question' THEN\n", OF_PENDING).replace(
    _EARLIER.OF_FILES, OF_REPORTS + _EARLIER.OF_FILES
)
_WAITS = models.Q(booked_as__isnull=True, confirmed_as__isnull=True)


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0045_match_model"),
    ]

    operations = [
        migrations.CreateModel(
            name="IntradayReport",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("account", to_tenant("storage.account")),
                ("evidence", to_tenant("storage.evidence")),
                ("series", models.TextField()),
                ("report_id", models.TextField()),
                ("content", models.TextField()),
                ("currency", models.TextField()),
                ("booked_minor", models.BigIntegerField(null=True)),
                ("available_minor", models.BigIntegerField(null=True)),
                ("entry_count", models.IntegerField()),
                ("bank_created_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "db_table": "intraday_report",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "account", "series", "report_id", "content"],
                        name="intraday_report_once",
                    )
                ],
                "indexes": [
                    models.Index(fields=["tenant_id", "account", "id"], name="intraday_newest")
                ],
            },
        ),
        migrations.CreateModel(
            name="PendingTransaction",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("account", to_tenant("storage.account")),
                ("evidence", to_tenant("storage.evidence")),
                ("series", models.TextField()),
                ("dedupe_digest", models.TextField()),
                ("occurrence", models.IntegerField()),
                ("status", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("booked", models.DateField(null=True)),
                ("value", models.DateField(null=True)),
                ("bank_reference", models.TextField()),
                ("end_to_end_id", models.TextField()),
                ("uetr", models.TextField()),
                ("payment_information_id", models.TextField()),
                ("batch_count", models.IntegerField(default=0)),
                ("counterparty_name", models.TextField()),
                ("counterparty_iban", models.TextField()),
                ("remittance", models.TextField()),
                ("transaction_code", models.TextField()),
                ("first_told_at", models.DateTimeField()),
                ("last_told_at", models.DateTimeField()),
                ("confirmed_as", to_tenant("storage.pendingtransaction", null=True)),
                ("booked_as", to_tenant("storage.banktransaction", null=True)),
                ("tentative", models.JSONField(default=list)),
                ("tentative_millionths", models.IntegerField(null=True)),
            ],
            options={
                "db_table": "pending_transaction",
                "constraints": [
                    models.UniqueConstraint(
                        fields=[
                            "tenant_id",
                            "account",
                            "series",
                            "dedupe_digest",
                            "occurrence",
                        ],
                        name="pending_transaction_once",
                    )
                ],
                "indexes": [
                    models.Index(
                        fields=["tenant_id", "account", "id"],
                        condition=_WAITS,
                        name="pending_transaction_waits",
                    ),
                    models.Index(
                        fields=["tenant_id", "account", "booked"], name="pending_transaction_day"
                    ),
                    models.Index(
                        fields=["tenant_id", "booked_as"],
                        condition=models.Q(booked_as__isnull=False),
                        name="pending_transaction_booked",
                    ),
                ],
            },
        ),
        IsolateTenants(["IntradayReport"], "SELECT, INSERT"),
        IsolateTenants(["PendingTransaction"]),
        migrations.RunSQL(
            [
                IS_CONFIDENTIAL,
                sight("pending_transaction", "nostro_is_confidential('pending_transaction', id)"),
            ]
        ),
    ]
