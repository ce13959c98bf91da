"""Whoever was only ever paid confidentially is shown to those who are cleared."""

from django.db import migrations, models

# It runs as the owner, who sees what the reader may not, and so names the customer itself.
PAYEES = """
CREATE FUNCTION nostro_confidential_payees() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT hidden.payee_number FROM payment_order hidden
    WHERE hidden.tenant_id = current_setting('app.tenant')::uuid AND hidden.confidential
      AND NOT EXISTS (SELECT FROM payment_order shown
          WHERE shown.tenant_id = hidden.tenant_id
            AND shown.payee_number = hidden.payee_number AND NOT shown.confidential)
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0028_payee_verification"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["tenant_id", "payee_number"],
                condition=models.Q(confidential=True),
                name="order_confidential_payee",
            ),
        ),
        migrations.RunSQL([PAYEES], ["DROP FUNCTION nostro_confidential_payees()"]),
    ]
