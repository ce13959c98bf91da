"""Every change of state, configuration or access is in the log, in the change's own transaction.

The database itself watches: which tables each transaction wrote, and whether it wrote an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from nostro.domain.freeze import FreezeScope
from nostro.domain.party import Role
from nostro.domain.policies.recall import RecallReason
from nostro.ops import sealing
from nostro.workflows import (
    answers,
    bank_letter,
    cancelling,
    freezing,
    holding,
    restoring,
    saved_filters,
    setting_up,
    webhook_endpoints,
)
from nostro.workflows.cancelling import Wish
from nostro.workflows.tick import tick
from tests.database import Cluster
from tests.workflows.bank_words import pain_002
from tests.workflows.company import Company, scripted_connector
from tests.workflows.test_statements import Books

ROOT = Path(__file__).parents[1]

# What may be written without an event, and why: a table, or a column of one.
NO_EVENT = {
    "unsealed": "the log's own",
    "event_seal": "the log's own",
    "seal_batch": "the log's own",
    "audit_statement": "the log's own; what it says is signed",
    "case_file INSERT": "a message that fits nothing: the case itself says what came, and when",
    "evidence": "bytes are kept before anybody understands them; that they came is told then",
    "evidence_chunk": "a piece of evidence",
    "evidence_key": "what a piece of evidence is locked with",
    "idempotency": "the answer to a request, kept for its repetition",
    "gaps_since": "from which day on gaps are looked for; it decides nothing",
    "next_action_at": "when a job looks again; it decides nothing",
}

WATCH = """
CREATE TABLE watched (xid bigint, name text, wrote text, columns text[]);
GRANT INSERT, SELECT ON watched TO PUBLIC;
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END;
BEGIN
    INSERT INTO watched VALUES (txid_current(), TG_ARGV[0], TG_OP, ARRAY(
        SELECT key FROM jsonb_each(new_row || old_row)
        WHERE new_row->key IS DISTINCT FROM old_row->key ORDER BY key));
    RETURN NULL;
END $$;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND a.attname = 'tenant_id'
    LOOP
        EXECUTE format('CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION watch(%L)', name, name);
    END LOOP;
END $$;
"""


@pytest.fixture
def watching(database: str, cluster: Cluster) -> Iterator[Company]:
    """A company, in a database that notes who writes what from now on."""
    with scripted_connector():
        company = Company()
        with cluster.admin(str(connections["default"].settings_dict["NAME"])) as admin:
            admin.execute(WATCH)
        yield company


def silent() -> dict[str, list[str]]:
    """What transactions without an event have written: table and how, and which columns."""
    connections["default"].close()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT name, wrote, columns FROM watched w WHERE NOT EXISTS"
            " (SELECT 1 FROM watched e WHERE e.xid = w.xid AND e.name = 'event')"
        )
        rows = cursor.fetchall()
    return {
        f"{name} {wrote}": [column for column in columns if column not in NO_EVENT]
        for name, wrote, columns in rows
        if not {name, f"{name} {wrote}"} & set(NO_EVENT) and set(columns) - set(NO_EVENT)
    }


def counted(name: str) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xid) FROM watched WHERE name = %s", [name])
        (found,) = cursor.fetchone()
    return int(found)


def pay(company: Company) -> None:
    """Asked for, held, approved, sent, answered, booked, taken back, recalled."""
    books = Books(company)
    books.reports((0, "ACCP", ""), (1, "RJCT", "AC04"), message_id="S1")
    books.statement(books.booking(0), books.booking(2))
    company.receive(company.run_file({}, {}))
    ids = company.ask(*(company.request(f"T{n}", 50_00 + n) for n in range(3)))
    holding.place_hold(company.acting(company.ann), company.ann, ids[:1], "odd")
    wish = Wish(reason=RecallReason.DUPLICATE, text="twice")
    cancelling.take_back(company.acting(), company.maker, ids[1:2], wish)
    submission_id, sent = company.send(2, prefix="R")
    cancelling.take_back(company.acting(), company.maker, sent, wish)
    bank_letter.enquiry(company.acting(), submission_id)
    answers.receive_message(company.job, company.bank_id, "s.xml", pain_002("NOBODY", lines=[]))


def administer(company: Company) -> None:
    """People, stops, filters, webhooks, a quarantine."""
    acting = company.acting()
    setting_up.add_person(acting, f"{acting.world.ids.new()}@example.com", "Nia", "x" * 20,
                          [Role.AUDITOR])  # fmt: skip
    stop = freezing.freeze(
        company.acting(company.ann), company.ann, FreezeScope.CONNECTION, company.bank_id, "odd"
    )
    for member in (company.bob, company.cy):
        freezing.lift(company.acting(member), member, stop, "called back")
    kept = saved_filters.keep(acting, company.maker, "mine", "state=held", shared=False)
    saved_filters.forget(acting, company.maker, kept.id)
    hook, _ = webhook_endpoints.register(acting, "https://erp.example/x")
    webhook_endpoints.rotate(acting, hook.id)
    webhook_endpoints.disable(acting, hook.id, "not needed")
    restoring.quarantine(company.job, "restored")


def test_no_transaction_changes_anything_without_an_event(watching: Company) -> None:
    company = watching
    pay(company)
    administer(company)
    sealing.seal_all(company.clock.now())
    company.clock.advance(days=1)
    tick(company.clock.now())
    assert silent() == {}
    assert counted("event") > 20
    assert counted("payment_order") > 10
