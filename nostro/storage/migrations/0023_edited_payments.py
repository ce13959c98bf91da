"""A payment may be changed before it leaves: who changed it has no say in it either."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0022_what_a_day_comes_to"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="changed_by",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="payeeaccount",
            index=models.Index(fields=["tenant_id", "iban"], name="payee_account_iban"),
        ),
    ]
