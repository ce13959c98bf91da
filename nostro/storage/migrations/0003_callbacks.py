"""The bank's calls: whose connection an address belongs to is asked before a customer is known."""

from django.db import migrations

from nostro.storage.isolation import OPS


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0002_payments_exactly_once"),
    ]

    operations = [
        migrations.RunSQL(
            [
                f"GRANT SELECT (callback_name) ON connection TO {OPS}",
                "CREATE INDEX connection_callback ON connection (callback_name)"
                " WHERE callback_name <> ''",
            ],
            [
                "DROP INDEX connection_callback",
                f"REVOKE SELECT (callback_name) ON connection FROM {OPS}",
            ],
        ),
    ]
