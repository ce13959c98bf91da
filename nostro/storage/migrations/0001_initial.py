"""The first schema: every table, the wall between customers, and the log."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from nostro.storage.migrations._wall import WALL


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "id",
                        "occurred_at",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("type", models.TextField()),
                ("subject_kind", models.TextField()),
                ("subject_id", models.UUIDField()),
                ("actor", models.JSONField()),
                ("data", models.JSONField()),
            ],
            options={
                "db_table": "event",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.TextField()),
                ("is_active", models.BooleanField(default=True)),
                ("joined_at", models.DateTimeField()),
            ],
            options={
                "db_table": "person",
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("name", models.TextField()),
                ("iban", models.TextField()),
                ("bic", models.TextField()),
                ("currency", models.TextField()),
                ("ledger_account", models.TextField()),
                ("clearing_account", models.TextField()),
            ],
            options={
                "db_table": "account",
            },
        ),
        migrations.CreateModel(
            name="Idempotency",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("key", models.TextField()),
                ("body_digest", models.TextField()),
                ("body", models.JSONField()),
                ("status", models.IntegerField()),
                ("answer", models.JSONField()),
                ("answered_at", models.DateTimeField()),
            ],
            options={
                "db_table": "idempotency",
            },
        ),
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.TextField(unique=True)),
            ],
            options={
                "db_table": "partner",
            },
        ),
        migrations.CreateModel(
            name="Seen",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "kind",
                        "digest",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("digest", models.TextField()),
                ("refers_to", models.UUIDField()),
                ("first_seen_at", models.DateTimeField()),
            ],
            options={
                "db_table": "seen",
            },
        ),
        migrations.CreateModel(
            name="Unsealed",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "event_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("event_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
            ],
            options={
                "db_table": "unsealed",
            },
        ),
        migrations.CreateModel(
            name="BankTransaction",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("line", models.IntegerField()),
                ("dedupe_digest", models.TextField()),
                ("occurrence", models.IntegerField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("status", models.TextField()),
                ("booked", models.DateField(null=True)),
                ("value", models.DateField(null=True)),
                ("bank_reference", models.TextField()),
                ("end_to_end_id", models.TextField()),
                ("payment_information_id", models.TextField()),
                ("batch_count", models.IntegerField(default=0)),
                ("counterparty_name", models.TextField()),
                ("counterparty_iban", models.TextField()),
                ("remittance", models.TextField()),
                ("transaction_code", models.TextField()),
                ("details", models.JSONField(default=list)),
                ("match_state", models.TextField(default="unmatched")),
                ("source_line", models.IntegerField(default=0)),
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
            ],
            options={
                "db_table": "bank_transaction",
            },
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("name", models.TextField()),
                ("connector", models.TextField()),
                ("config", models.JSONField()),
                ("cursor", models.TextField(default="")),
                ("collected_at", models.DateTimeField(null=True)),
                ("next_action_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "connection",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_action_at__isnull", False)),
                        fields=["tenant_id", "next_action_at"],
                        name="connection_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "name"), name="connection_name_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="account",
            name="connection",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.connection",
            ),
        ),
        migrations.CreateModel(
            name="EventSeal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("position", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("previous_hash", models.TextField()),
                ("hash", models.TextField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "event_seal",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "event_id"), name="event_seal_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("digest", models.TextField()),
                ("media_type", models.TextField()),
                ("name", models.TextField()),
                ("size_bytes", models.BigIntegerField()),
                ("direction", models.TextField()),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "evidence",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "digest"), name="evidence_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="LegalEntity",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("code", models.TextField()),
                ("name", models.TextField()),
                ("address", models.JSONField()),
                ("functional_currency", models.TextField()),
                ("receivables_account", models.TextField()),
            ],
            options={
                "db_table": "legal_entity",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "code"), name="legal_entity_code_once"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="account",
            name="entity",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.legalentity",
            ),
        ),
        migrations.CreateModel(
            name="Match",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("state", models.TextField()),
                ("probability_percent", models.IntegerField()),
                ("evidence", models.JSONField()),
                ("decided_by", models.TextField()),
                ("decided_at", models.DateTimeField()),
                (
                    "transaction",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.banktransaction",
                    ),
                ),
            ],
            options={
                "db_table": "match",
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("active", models.BooleanField(default=True)),
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
                "db_table": "membership",
            },
        ),
        migrations.CreateModel(
            name="OpenItem",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("document", models.TextField()),
                ("customer_number", models.TextField()),
                ("customer_name", models.TextField()),
                ("open_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("due_date", models.DateField()),
                ("payer_iban", models.TextField(default="")),
                (
                    "entity",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.legalentity",
                    ),
                ),
            ],
            options={
                "db_table": "open_item",
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("number", models.TextField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("source", models.TextField()),
                ("source_reference", models.TextField()),
                ("payee_number", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("creditor_name", models.TextField()),
                ("creditor_address", models.JSONField()),
                ("creditor_iban", models.TextField()),
                ("creditor_bic", models.TextField()),
                ("requested_date", models.DateField()),
                ("latest_date", models.DateField()),
                ("roll_rule", models.TextField()),
                ("end_to_end_id", models.TextField()),
                ("remittance", models.TextField()),
                ("creditor_reference", models.TextField()),
                (
                    "invoices",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("route", models.JSONField(null=True)),
                ("policy_version", models.TextField(default="")),
                ("approval_digest", models.TextField(default="")),
                ("maker_id", models.TextField()),
                ("maker_name", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("source_changes", models.JSONField(default=list)),
                ("next_action_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.account",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.legalentity",
                    ),
                ),
            ],
            options={
                "db_table": "payment_order",
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("code", models.TextField()),
                ("sentence", models.TextField()),
                ("refers_to", models.TextField(default="")),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.TextField(default="")),
                ("reason", models.TextField(default="")),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.order",
                    ),
                ),
            ],
            options={
                "db_table": "hold",
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("end_to_end_id", models.TextField()),
                ("payment_information_id", models.TextField()),
                ("uetr", models.UUIDField()),
                ("execution_date", models.DateField()),
                ("approval_digest", models.TextField()),
                ("reason", models.TextField(default="")),
                ("reason_text", models.TextField(default="")),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.order",
                    ),
                ),
            ],
            options={
                "db_table": "attempt",
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("person_id", models.TextField()),
                ("person_name", models.TextField()),
                ("digest", models.TextField()),
                ("approved_at", models.DateTimeField()),
                ("voided_at", models.DateTimeField(null=True)),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.order",
                    ),
                ),
            ],
            options={
                "db_table": "approval",
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                (
                    "match",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.match",
                    ),
                ),
                (
                    "open_item",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.openitem",
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
                "db_table": "allocation",
            },
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("name", models.TextField()),
                ("code", models.TextField()),
                ("quarantined", models.BooleanField(default=False)),
                ("next_payment_number", models.BigIntegerField(default=1)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.partner",
                    ),
                ),
            ],
            options={
                "db_table": "customer",
            },
        ),
        migrations.CreateModel(
            name="Payee",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("number", models.TextField()),
                ("name", models.TextField()),
            ],
            options={
                "db_table": "payee",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "number"), name="payee_number_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PayeeAccount",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("version", models.IntegerField()),
                ("iban", models.TextField()),
                ("bic", models.TextField()),
                ("valid_from", models.DateTimeField()),
                ("changed_by", models.TextField()),
                ("changed_by_person", models.UUIDField(null=True)),
                ("confirmed", models.BooleanField(default=False)),
                (
                    "payee",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.payee",
                    ),
                ),
            ],
            options={
                "db_table": "payee_account",
            },
        ),
        migrations.AddField(
            model_name="order",
            name="payee_account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.payeeaccount",
            ),
        ),
        migrations.CreateModel(
            name="PaymentRun",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("source", models.TextField()),
                ("reference", models.TextField()),
                ("received_at", models.DateTimeField()),
                ("line_count", models.IntegerField()),
                ("totals", models.JSONField()),
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
            ],
            options={
                "db_table": "payment_run",
            },
        ),
        migrations.AddField(
            model_name="order",
            name="run",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.paymentrun",
            ),
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("base", models.TextField()),
                ("quote", models.TextField()),
                ("day", models.DateField()),
                ("rate", models.DecimalField(decimal_places=10, max_digits=20)),
                ("source", models.TextField()),
            ],
            options={
                "db_table": "rate",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "base", "quote", "day"), name="rate_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RunLine",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("line", models.IntegerField()),
                ("outcome", models.TextField()),
                ("code", models.TextField(default="")),
                ("sentence", models.TextField(default="")),
                ("raw", models.TextField(default="")),
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
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.paymentrun",
                    ),
                ),
            ],
            options={
                "db_table": "run_line",
            },
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("statement_id", models.TextField()),
                ("kind", models.TextField()),
                ("sequence", models.IntegerField(null=True)),
                ("currency", models.TextField()),
                ("from_day", models.DateField(null=True)),
                ("to_day", models.DateField(null=True)),
                ("opening_minor", models.BigIntegerField(null=True)),
                ("closing_minor", models.BigIntegerField(null=True)),
                ("entry_count", models.IntegerField()),
                ("verdict", models.TextField()),
                ("verdict_reason", models.TextField()),
                ("problems", models.JSONField(default=list)),
                ("bank_created_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField()),
                ("sample", models.BooleanField(default=False)),
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
                    "evidence",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.evidence",
                    ),
                ),
            ],
            options={
                "db_table": "statement",
            },
        ),
        migrations.AddField(
            model_name="banktransaction",
            name="statement",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.statement",
            ),
        ),
        migrations.CreateModel(
            name="Balance",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("code", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
                ("day", models.DateField()),
                ("received_at", models.DateTimeField()),
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
                    "statement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.statement",
                    ),
                ),
            ],
            options={
                "db_table": "balance",
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("purpose", models.TextField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("message_id", models.TextField()),
                ("file_name", models.TextField()),
                ("media_type", models.TextField()),
                ("line_count", models.IntegerField()),
                ("totals", models.JSONField()),
                ("tries", models.IntegerField(default=0)),
                ("dispatched_at", models.DateTimeField(null=True)),
                ("next_action_at", models.DateTimeField(null=True)),
                ("enquiries", models.IntegerField(default=0)),
                ("bank_reference", models.TextField(default="")),
                ("last_error", models.TextField(default="")),
                ("created_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
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
                    "evidence",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.evidence",
                    ),
                ),
            ],
            options={
                "db_table": "submission",
            },
        ),
        migrations.CreateModel(
            name="JournalEvent",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("event", models.TextField()),
                ("owner", models.TextField()),
                ("action", models.TextField()),
                ("posting_date", models.DateField()),
                ("reference", models.TextField()),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField()),
                (
                    "transaction",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.banktransaction",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.legalentity",
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
                (
                    "posting",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.submission",
                    ),
                ),
            ],
            options={
                "db_table": "journal_event",
            },
        ),
        migrations.CreateModel(
            name="Fact",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("identity", models.TextField()),
                ("message_id", models.TextField()),
                ("original_message_id", models.TextField()),
                ("end_to_end_id", models.TextField()),
                ("status", models.TextField()),
                ("reason", models.TextField()),
                ("reason_text", models.TextField()),
                ("verdict", models.TextField()),
                ("received_at", models.DateTimeField()),
                (
                    "attempt",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.attempt",
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
                    "submission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.submission",
                    ),
                ),
            ],
            options={
                "db_table": "fact",
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("kind", models.TextField()),
                ("state", models.TextField()),
                ("natural_key", models.TextField()),
                ("sentence", models.TextField()),
                ("can_do", models.TextField()),
                ("owner", models.TextField(default="")),
                ("due_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
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
                (
                    "statement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.statement",
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.submission",
                    ),
                ),
            ],
            options={
                "db_table": "case_file",
            },
        ),
        migrations.AddField(
            model_name="attempt",
            name="submission",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="storage.submission",
            ),
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("prefix", models.TextField()),
                ("secret_hash", models.TextField()),
                ("name", models.TextField()),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), size=None
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "api_key",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "prefix"), name="api_key_prefix_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceChunk",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("sequence", models.IntegerField()),
                ("content", models.BinaryField()),
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
            ],
            options={
                "db_table": "evidence_chunk",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "evidence", "sequence"), name="evidence_chunk_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalLine",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("line", models.IntegerField()),
                ("ledger_account", models.TextField()),
                ("document_minor", models.BigIntegerField()),
                ("document_currency", models.TextField()),
                ("functional_minor", models.BigIntegerField()),
                ("functional_currency", models.TextField()),
                ("open_item", models.TextField(default="")),
                ("text", models.TextField(default="")),
                (
                    "journal",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.journalevent",
                    ),
                ),
            ],
            options={
                "db_table": "journal_line",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "journal", "line"), name="journal_line_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "iban", "currency"), name="account_iban_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="match",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "unmatched"), _negated=True),
                fields=("tenant_id", "transaction"),
                name="match_one_live",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "person"), name="membership_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="openitem",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "entity", "document"), name="open_item_once"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(fields=["tenant_id", "order"], name="hold_order"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("voided_at__isnull", True)),
                fields=("tenant_id", "order", "person_id"),
                name="approval_once_a_person",
            ),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(fields=["tenant_id", "match"], name="allocation_match"),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(fields=["tenant_id", "order"], name="allocation_order"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("id", models.F("tenant_id"))), name="customer_is_tenant"
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "code"), name="customer_code_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="payeeaccount",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "payee", "version"), name="payee_account_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentrun",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "source", "reference"), name="payment_run_once"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant_id", "state", "id"], name="order_state"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="order_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "source", "source_reference"), name="order_source_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "end_to_end_id"), name="order_e2e_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "number"), name="order_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="order_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="runline",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "run", "line"), name="run_line_once"
            ),
        ),
        migrations.AddIndex(
            model_name="statement",
            index=models.Index(fields=["tenant_id", "account", "to_day"], name="statement_day"),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "account", "kind", "statement_id"), name="statement_once"
            ),
        ),
        migrations.AddIndex(
            model_name="banktransaction",
            index=models.Index(
                fields=["tenant_id", "statement", "line"], name="transaction_statement"
            ),
        ),
        migrations.AddIndex(
            model_name="banktransaction",
            index=models.Index(fields=["tenant_id", "match_state", "id"], name="transaction_match"),
        ),
        migrations.AddConstraint(
            model_name="banktransaction",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "account", "dedupe_digest", "occurrence"),
                name="transaction_once",
            ),
        ),
        migrations.AddIndex(
            model_name="balance",
            index=models.Index(fields=["tenant_id", "account", "day"], name="balance_day"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="submission_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "message_id"), name="submission_message_once"
            ),
        ),
        migrations.AddIndex(
            model_name="journalevent",
            index=models.Index(fields=["tenant_id", "order"], name="journal_order"),
        ),
        migrations.AddConstraint(
            model_name="journalevent",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "reference"), name="journal_once"
            ),
        ),
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(fields=["tenant_id", "attempt"], name="fact_attempt"),
        ),
        migrations.AddConstraint(
            model_name="fact",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "connection", "identity"), name="fact_once"
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["tenant_id", "state", "due_at"], name="case_state"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "kind", "natural_key"), name="case_once"
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["tenant_id", "submission"], name="attempt_submission"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["tenant_id", "end_to_end_id"], name="attempt_e2e"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["tenant_id", "order"], name="attempt_order"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["cancelled_reroute", "not_delivered", "rejected"]), _negated=True
                ),
                fields=("tenant_id", "order"),
                name="attempt_one_live",
            ),
        ),
        migrations.CreateModel(
            name="BankMessage",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("received_at", models.DateTimeField()),
                ("tries", models.IntegerField(default=0)),
                ("next_action_at", models.DateTimeField(null=True)),
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
                    "evidence",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="storage.evidence",
                    ),
                ),
            ],
            options={
                "db_table": "bank_message",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_action_at__isnull", False)),
                        fields=["tenant_id", "next_action_at"],
                        name="bank_message_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant_id", "connection", "evidence"), name="bank_message_once"
                    )
                ],
            },
        ),
        *WALL,
    ]
