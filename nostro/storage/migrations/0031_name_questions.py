"""Questions to payees' banks that nostro asks by itself, each once for many payments."""

from django.db import migrations, models

from nostro.storage.isolation import OPS, IsolateTenants, door
from nostro.storage.migrations._confidential import QUESTION, sight
from nostro.storage.models.tenant import to_tenant

# The same question, answered for one more kind of thing.
OF_QUESTIONS = """    WHEN 'name_question' THEN
        RETURN EXISTS (SELECT FROM name_question n
            WHERE n.tenant_id = whose AND n.id = asked AND n.confidential);
    ELSE
"""
IS_CONFIDENTIAL = QUESTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
    "    ELSE\n", OF_QUESTIONS
)


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0030_check_of_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="payeeverification",
            name="confidential",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.CreateModel(
            name="NameQuestion",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("account", to_tenant("storage.payeeaccount")),
                ("name", models.TextField()),
                ("name_key", models.TextField()),
                ("confidential", models.BooleanField()),
                ("state", models.TextField()),
                ("state_since", models.DateTimeField()),
                ("tries", models.IntegerField(default=0)),
                ("problem", models.TextField(default="")),
                ("next_action_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "name_question"},
        ),
        migrations.AddIndex(
            model_name="namequestion",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="name_question_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="namequestion",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "account", "name_key", "confidential"),
                name="name_question_once",
            ),
        ),
        IsolateTenants(["NameQuestion"], "SELECT, INSERT, UPDATE"),
        migrations.RunSQL(
            [
                *door("name_question", ["tenant_id", "id", "next_action_at"]),
                f"GRANT UPDATE (next_action_at) ON name_question TO {OPS}",
                IS_CONFIDENTIAL,
                sight("payee_verification", "confidential"),
                sight("name_question", "confidential"),
            ]
        ),
    ]
