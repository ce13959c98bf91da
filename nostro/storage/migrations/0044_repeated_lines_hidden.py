"""A file whose confidential lines another file had told before is as confidential as that one."""

from importlib import import_module

from django.db import migrations

BEFORE: str = import_module("nostro.storage.migrations.0039_match_proposals").IS_CONFIDENTIAL
OF_FILES = "        OR EXISTS (SELECT FROM operator_evidence p\n"
OF_REPEATED = """        OR EXISTS (SELECT FROM statement s
            JOIN repeated_line r ON r.tenant_id = s.tenant_id AND r.statement_id = s.id
            WHERE s.tenant_id = whose AND s.evidence_id = asked
            AND nostro_is_confidential('transaction', r.transaction_id))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0043_item_keys"),
    ]

    operations = [migrations.RunSQL([BEFORE.replace(OF_FILES, OF_REPEATED + OF_FILES)])]
