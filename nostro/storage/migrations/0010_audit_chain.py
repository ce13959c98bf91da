"""Events whose content can be erased under a chain that stays whole, and signed checkpoints."""

from django.db import migrations, models

from nostro.storage.isolation import APP, OPS, door, policies

ERASABLE = "actor, data, on_behalf_of, reason, trace_id, source_address, commitment_key, erased_at"

EVENT = [
    """
    ALTER TABLE event
        ADD COLUMN on_behalf_of jsonb,
        ADD COLUMN reason text NOT NULL DEFAULT '',
        ADD COLUMN trace_id text NOT NULL DEFAULT '',
        ADD COLUMN source_address text NOT NULL DEFAULT '',
        ADD COLUMN commitment_key uuid,
        ADD COLUMN erased_at timestamptz
    """,
    # Rows that are there keep no key: they are sealed as before. Each new one gets 122 random bits.
    "ALTER TABLE event ALTER COLUMN commitment_key SET DEFAULT gen_random_uuid()",
    """
    CREATE FUNCTION nostro_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        emptied record;
    BEGIN
        emptied := OLD;
        emptied.actor := OLD.actor || '{"name": ""}';
        emptied.data := '{}';
        emptied.on_behalf_of := NULL;
        emptied.reason := '';
        emptied.trace_id := '';
        emptied.source_address := '';
        emptied.commitment_key := NULL;
        emptied.erased_at := NEW.erased_at;
        IF OLD.commitment_key IS NULL OR NEW.erased_at IS NULL OR NEW IS DISTINCT FROM emptied
            OR starts_with(OLD.type, 'audit.') OR starts_with(OLD.type, 'customer.')
            OR EXISTS (SELECT 1 FROM unsealed u
                       WHERE u.tenant_id = OLD.tenant_id AND u.event_id = OLD.id)
        THEN
            RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = '42501';
        END IF;
        RETURN NEW;
    END $$
    """,
    "DROP TRIGGER keep_as_written ON event",
    "CREATE TRIGGER keep_as_written BEFORE DELETE ON event"
    " FOR EACH ROW EXECUTE FUNCTION nostro_keep_as_written()",
    "CREATE TRIGGER erase_only BEFORE UPDATE ON event"
    " FOR EACH ROW EXECUTE FUNCTION nostro_erase_only()",
    f"GRANT UPDATE ({ERASABLE}) ON event TO {APP}",
]

STATEMENTS = [
    *policies("seal_batch", "SELECT"),
    *door("seal_batch", [], "SELECT, INSERT"),
    *policies("audit_statement", "SELECT"),
    *door("audit_statement", [], "SELECT, INSERT"),
    f"GRANT UPDATE (exported_at) ON audit_statement TO {OPS}",
    "CREATE TRIGGER keep_as_written BEFORE UPDATE OR DELETE ON seal_batch"
    " FOR EACH ROW EXECUTE FUNCTION nostro_keep_as_written()",
    "CREATE TRIGGER keep_as_written BEFORE DELETE OR UPDATE OF"
    " tenant_id, number, kind, position, statement, signature, made_at ON audit_statement"
    " FOR EACH ROW EXECUTE FUNCTION nostro_keep_as_written()",
    *(
        f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION nostro_keep_as_written()"
        for table in ("seal_batch", "audit_statement")
    ),
    "CREATE INDEX audit_statement_unexported ON audit_statement (tenant_id, number)"
    " WHERE exported_at IS NULL",
]


class Migration(migrations.Migration):
    dependencies = [
        ("storage", "0009_shared_notes"),
    ]

    operations = [
        migrations.AddField(
            model_name="eventseal",
            name="commitment",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.CreateModel(
            name="SealBatch",
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
                ("entries", models.BigIntegerField()),
                ("root", models.TextField()),
                ("peaks", models.JSONField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "seal_batch",
            },
        ),
        migrations.CreateModel(
            name="AuditStatement",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("number", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("position", models.BigIntegerField()),
                ("statement", models.TextField()),
                ("signature", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("exported_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audit_statement",
            },
        ),
        migrations.RunSQL([*EVENT]),
        migrations.RunSQL([*STATEMENTS]),
    ]
