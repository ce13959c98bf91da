"""Suggestions are proposals, several a line, and no matches; a match says what it leaves over."""

from django.db import migrations, models

from nostro.storage.isolation import IsolateTenants
from nostro.storage.migrations._confidential import QUESTION, sight
from nostro.storage.models.tenant import to_tenant

# The same question as since questions about names; a line may also be proposed to be a payment.
OF_QUESTIONS = """    WHEN 'name_question' THEN
        RETURN EXISTS (SELECT FROM name_question n
            WHERE n.tenant_id = whose AND n.id = asked AND n.confidential);
    ELSE
"""
OF_TRANSACTIONS = """    WHEN 'transaction' THEN
        RETURN EXISTS (SELECT FROM match_proposal p
            JOIN payment_order o ON o.tenant_id = p.tenant_id AND o.id = p.order_id
            WHERE p.tenant_id = whose AND p.transaction_id = asked AND o.confidential)
        OR EXISTS (SELECT FROM match m
"""
IS_CONFIDENTIAL = (
    QUESTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    .replace("    ELSE\n", OF_QUESTIONS)
    .replace(
        "    WHEN 'transaction' THEN\n        RETURN EXISTS (SELECT FROM match m\n", OF_TRANSACTIONS
    )
)
STEPS = [
    IS_CONFIDENTIAL,
    sight("match_proposal", "nostro_is_confidential('transaction', transaction_id)"),
    # Whose match is hidden is hidden itself.
    sight(
        "adjustment",
        "NOT EXISTS (SELECT FROM match m WHERE m.tenant_id = adjustment.tenant_id"
        " AND m.id = adjustment.match_id)",
    ),
]

# Until now a suggestion was a tentative match of a booked line, one a line.
PROPOSED = """
    INSERT INTO match_proposal (tenant_id, id, transaction_id, order_id, rank, rule,
        evidence_class, probability_millionths, status, allocations, adjustments, evidence,
        made_at)
    SELECT m.tenant_id, m.id, m.transaction_id, part.order_id, 1, 'earlier', 'earlier',
        m.probability_millionths, 'suggest', coalesce(part.items, '[]'), '[]', m.evidence,
        m.decided_at
    FROM match m LEFT JOIN LATERAL (
        SELECT (array_agg(a.order_id))[1] AS order_id,
            jsonb_agg(jsonb_build_object('open_item_id', a.open_item_id, 'settled_minor',
                a.amount_minor, 'currency', a.currency) ORDER BY a.id)
                FILTER (WHERE a.open_item_id IS NOT NULL) AS items
        FROM allocation a WHERE a.tenant_id = m.tenant_id AND a.match_id = m.id
    ) part ON true
    WHERE m.state = 'tentative'
"""
NO_MATCHES = [
    "DELETE FROM allocation a USING match m WHERE m.tenant_id = a.tenant_id AND m.id = a.match_id"
    " AND m.state = 'tentative'",
    "DELETE FROM match WHERE state = 'tentative'",
    "UPDATE bank_transaction SET match_state = 'suggested' WHERE match_state = 'tentative'",
]


def _text() -> "models.TextField[str, str]":
    return models.TextField(default="", db_default="")


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0038_hold_evidence"),
    ]

    operations = [
        migrations.AddField("match", "rule", _text()),
        migrations.AddField("match", "evidence_class", _text()),
        migrations.AddField(
            "match", "by_person", models.BooleanField(default=False, db_default=False)
        ),
        migrations.RenameField("match", "probability_percent", "probability_millionths"),
        migrations.RunSQL(
            ["UPDATE match SET probability_millionths = probability_millionths * 10000"]
        ),
        migrations.CreateModel(
            name="MatchProposal",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("transaction", to_tenant("storage.banktransaction")),
                ("order", to_tenant("storage.order", null=True)),
                ("rank", models.IntegerField()),
                ("rule", models.TextField()),
                ("evidence_class", models.TextField()),
                ("probability_millionths", models.IntegerField()),
                ("status", models.TextField()),
                ("allocations", models.JSONField()),
                ("adjustments", models.JSONField()),
                ("evidence", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("refused_at", models.DateTimeField(null=True)),
                ("refused_by", _text()),
                ("refuse_reason", _text()),
            ],
            options={
                "db_table": "match_proposal",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["tenant_id", "transaction", "rank"],
                        condition=models.Q(refused_at__isnull=True),
                        name="match_proposal_rank",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(rank__gte=1, rank__lte=5), name="match_proposal_few"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["tenant_id", "transaction"], name="match_proposal_line"),
                    models.Index(
                        fields=["tenant_id", "order"],
                        condition=models.Q(order__isnull=False),
                        name="match_proposal_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("match", to_tenant("storage.match")),
                ("open_item", to_tenant("storage.openitem", null=True)),
                ("kind", models.TextField()),
                ("code", _text()),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.TextField()),
            ],
            options={
                "db_table": "adjustment",
                "indexes": [models.Index(fields=["tenant_id", "match"], name="adjustment_match")],
            },
        ),
        IsolateTenants(["MatchProposal"]),
        IsolateTenants(["Adjustment"], "SELECT, INSERT"),
        migrations.RunSQL([*STEPS]),
        migrations.RunSQL([PROPOSED, *NO_MATCHES]),
        # What was written is checked now: an index is made at the end, and of a table with checks
        # that are still to come PostgreSQL makes none.
        migrations.RunSQL(["SET CONSTRAINTS ALL IMMEDIATE"]),
    ]
