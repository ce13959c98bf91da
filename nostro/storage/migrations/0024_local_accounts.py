"""Accounts without an IBAN, our own and those of payees: routing numbers, sort codes, BICs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0023_edited_payments"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name=model,
                name=name,
                field=models.TextField(default="", db_default=""),
            )
            for model, name in (
                ("order", "creditor_account"),
                ("payeeaccount", "local_account"),
                ("account", "local_account"),
            )
        ),
        migrations.RemoveConstraint(model_name="account", name="account_iban_once"),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                fields=["tenant_id", "iban", "local_account", "currency"], name="account_iban_once"
            ),
        ),
    ]
