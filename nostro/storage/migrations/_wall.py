"""The wall between customers and the one log, as steps of the first migration."""

from django.db import migrations

from nostro.storage.isolation import OPS, IsolateTenants, door, policies

CHANGEABLE = [
    "Customer",
    "Membership",
    "ApiKey",
    "LegalEntity",
    "Connection",
    "Account",
    "Payee",
    "PayeeAccount",
    "Rate",
    "PaymentRun",
    "RunLine",
    "Order",
    "Hold",
    "Approval",
    "Submission",
    "Attempt",
    "BankMessage",
    "Fact",
    "Case",
    "Statement",
    "Balance",
    "BankTransaction",
    "OpenItem",
    "Match",
    "Allocation",
    "JournalEvent",
    "JournalLine",
    "Evidence",
    "EvidenceChunk",
    "Seen",
    "Idempotency",
]

# Doors for the time before a customer is known: signing in, keys, due rows, sealing.
DOORS = [
    *door("customer", ["tenant_id", "id", "partner_id", "name", "code", "quarantined"]),
    *door("membership", ["tenant_id", "id", "person_id", "roles", "active"]),
    *door(
        "api_key",
        ["tenant_id", "id", "prefix", "secret_hash", "name", "scopes", "person_id", "expires_at",
         "revoked_at"],
    ),
    *door("connection", ["tenant_id", "id", "next_action_at"], "SELECT"),
    f"GRANT UPDATE (next_action_at) ON connection TO {OPS}",
    *door("submission", ["tenant_id", "id", "next_action_at", "state", "purpose"], "SELECT"),
    f"GRANT UPDATE (next_action_at) ON submission TO {OPS}",
    *door("payment_order", ["tenant_id", "id", "next_action_at", "state"], "SELECT"),
    f"GRANT UPDATE (next_action_at) ON payment_order TO {OPS}",
    *door("bank_message", ["tenant_id", "id", "next_action_at"], "SELECT"),
    f"GRANT UPDATE (next_action_at) ON bank_message TO {OPS}",
    *door("event", [], "SELECT"),
    *door("unsealed", [], "SELECT, DELETE"),
    *door("event_seal", [], "SELECT, INSERT"),
]  # fmt: skip

EVENT = [
    """
    CREATE TABLE event (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        occurred_at timestamptz NOT NULL,
        type text NOT NULL,
        subject_kind text NOT NULL,
        subject_id uuid NOT NULL,
        actor jsonb NOT NULL,
        data jsonb NOT NULL,
        PRIMARY KEY (tenant_id, id, occurred_at)
    ) PARTITION BY RANGE (occurred_at)
    """,
    "CREATE INDEX event_subject ON event (tenant_id, subject_id, occurred_at)",
    "CREATE TABLE event_other PARTITION OF event DEFAULT",
    """
    CREATE FUNCTION nostro_keep_as_written() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME USING ERRCODE = '42501';
    END $$
    """,
    *(
        f"CREATE TRIGGER keep_as_written BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION nostro_keep_as_written()"
        for table in ("event", "event_seal")
    ),
    *(
        f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION nostro_keep_as_written()"
        for table in ("event", "event_other", "event_seal")
    ),
    "CREATE INDEX unsealed_order ON unsealed (tenant_id, occurred_at, event_id)",
    # Months are made ahead by the owner; a row outside them lands in event_other and is not lost.
    """
    CREATE FUNCTION nostro_make_event_months(first date, months integer) RETURNS integer
    LANGUAGE plpgsql AS $$
    DECLARE
        starts date;
        made integer := 0;
        part text;
    BEGIN
        FOR ahead IN 0 .. months - 1 LOOP
            starts := (date_trunc('month', first) + make_interval(months => ahead))::date;
            part := 'event_' || to_char(starts, 'YYYY_MM');
            -- A month whose events already lie in event_other stays there.
            IF to_regclass(part) IS NULL AND NOT EXISTS (
                SELECT 1 FROM event_other WHERE occurred_at >= starts
                    AND occurred_at < starts + interval '1 month')
            THEN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)',
                    part, starts, (starts + interval '1 month')::date);
                EXECUTE format('REVOKE ALL ON %I FROM nostro_app, nostro_ops', part);
                EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I FOR EACH'
                    ' STATEMENT EXECUTE FUNCTION nostro_keep_as_written()', part);
                made := made + 1;
            END IF;
        END LOOP;
        RETURN made;
    END $$
    """,
    "REVOKE ALL ON FUNCTION nostro_make_event_months FROM PUBLIC, nostro_app",
    "REVOKE ALL ON event_other FROM nostro_app",
    *policies("event", "SELECT, INSERT"),
    *policies("unsealed", "SELECT, INSERT"),
    *policies("event_seal", "SELECT"),
]

WALL = [
    IsolateTenants(CHANGEABLE),
    migrations.RunSQL([*EVENT]),
    migrations.RunSQL([*DOORS]),
]
