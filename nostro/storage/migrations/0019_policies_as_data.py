"""One table for every policy that is data; approvals are given in stages of the rules."""

from django.db import migrations, models
from django.db.models.functions import Now

from nostro.storage.isolation import OPS, door


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0018_watch_lists"),
    ]

    operations = [
        migrations.RemoveConstraint("ApprovalPolicy", "approval_policy_version_once"),
        # The wall stays on the table, whatever its name.
        migrations.RenameModel("ApprovalPolicy", "PolicyVersion"),
        migrations.AlterModelTable("PolicyVersion", "policy_version"),
        migrations.RenameField("PolicyVersion", "rules", "content"),
        migrations.AddField(
            "PolicyVersion", "kind", models.TextField(default="approval"), preserve_default=False
        ),
        migrations.AddField(
            "PolicyVersion", "reason", models.TextField(default=""), preserve_default=False
        ),
        migrations.AddConstraint(
            "PolicyVersion",
            models.UniqueConstraint(
                fields=["tenant_id", "kind", "version"], name="policy_version_once"
            ),
        ),
        migrations.AddField(
            "PolicyVersion",
            "next_action_at",
            # Due at once: what waits is put to people under the version in force.
            models.DateTimeField(null=True, db_default=Now()),
        ),
        migrations.AlterField("PolicyVersion", "next_action_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "PolicyVersion",
            models.Index(
                condition=models.Q(("next_action_at__isnull", False)),
                fields=["tenant_id", "next_action_at"],
                name="policy_version_due",
            ),
        ),
        migrations.RunSQL(
            [
                *door("policy_version", ["tenant_id", "id", "next_action_at"]),
                f"GRANT UPDATE (next_action_at) ON policy_version TO {OPS}",
            ]
        ),
        migrations.AddField("Order", "waits_for", models.TextField(db_default="", default="")),
        migrations.AddField("Approval", "stage", models.IntegerField(db_default=0, default=0)),
    ]
