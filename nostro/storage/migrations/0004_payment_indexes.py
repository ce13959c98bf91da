"""What large runs look for: paid invoices, what a fact is about, batches, sources to be told."""

from django.db import migrations, models

_TOLD = (
    "cancelled,denied,executed,expired,failed,invalid,partially_returned,recalled,rejected,returned,"
    "settled"
)
# As queries/untold_orders.sql asks: only then PostgreSQL sees that the index answers it.
_UNTOLD = """
CREATE INDEX order_untold ON payment_order (tenant_id, id)
WHERE state = ANY ('{%s}'::text[])
  AND told_source <> CASE WHEN returned_minor = 0 THEN state
                          ELSE state || '/' || returned_minor::text END
"""


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0003_callbacks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "payee_number", "amount_minor"], name="order_paid"
            ),
        ),
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(fields=["tenant_id", "original_message_id"], name="fact_original"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                fields=["tenant_id", "payment_information_id"], name="attempt_batch"
            ),
        ),
        migrations.RunSQL([_UNTOLD % _TOLD], ["DROP INDEX order_untold"]),
    ]
