"""Chapter 10 of the demo: a bank that books a whole file as one line, which mock-bank does not."""

from __future__ import annotations

import io
from datetime import date

from nostro import formats
from nostro.cli import demo_data
from nostro.cli.demo_company import BATCH_IBAN
from nostro.cli.demo_telling import Story, all_left, run_orders
from nostro.domain.money import Money
from nostro.domain.order import OrderState
from nostro.domain.payment import PaymentRequest
from nostro.domain.statement import Statement
from nostro.formats import Profile
from nostro.storage import approvals, evidence, orders, tracing
from nostro.storage.tenancy import tenant
from nostro.workflows import approval, payment_intake, statement_ingestion
from nostro.workflows.context import job_for

SAMPLES = ("SAMPLE-1", "SAMPLE-2", "SAMPLE-3")


def a_batch_booking(story: Story) -> None:
    story.title(10, "A bank that books in batches: a camt.053 sample of our own, not mock-bank's")
    members = story.company.approvers[:2]
    maker = story.company.maker
    acting = story.company.acting(story.world, maker.name)
    with tenant(story.company.tenant_id):
        known = orders.known_sources("sample", {"SAMPLE-1"})
    if not known:
        payment_intake.create_payments(acting, "sample", _sample_requests(story))
    with tenant(story.company.tenant_id):
        asked = orders.known_sources("sample", SAMPLES)
        waiting = [row for row in asked.values() if row.state is OrderState.AWAITING_APPROVAL]
        given = approvals.given([row.id for row in waiting])
    for member in members:
        mine = [row for row in waiting if member.id not in given[row.id]]
        if mine:
            digest = approval.selection_digest({str(r.id): r.approval_digest for r in mine})
            approval.approve(
                story.company.acting(story.world, member.name),
                member,
                [row.id for row in mine],
                digest,
            )
    story.wait("sent the sample file", lambda: all_left(story))
    _ingest_sample(story)


def _sample_requests(story: Story) -> list[PaymentRequest]:
    """Three payments to payees of the run, from the sample account."""
    with tenant(story.company.tenant_id):
        settled = [row for row in run_orders(story) if row.state is OrderState.SETTLED]
    chosen = [row for row in settled if row.instruction.amount.currency == "EUR"][:3]
    return [
        PaymentRequest(
            source_reference=f"SAMPLE-{number}",
            entity_code="",
            debit_iban=BATCH_IBAN,
            amount=Money(100_000 + number * 12_345, "EUR"),
            payee_number=row.payee_number,
            payee_name=row.instruction.creditor_name,
            payee_address=row.instruction.creditor_address,
            creditor_iban=row.instruction.creditor_iban,
            creditor_bic=row.instruction.creditor_bic,
            requested_date=story.world.clock.now().date(),
            invoices=(f"SAMPLE-{number}",),
        )
        for number, row in enumerate(chosen, start=1)
    ]


def _ingest_sample(story: Story) -> None:
    acting = job_for(story.company.tenant_id)
    with tenant(story.company.tenant_id):
        batch = tracing.batches_of_account(BATCH_IBAN)[0]
    content = demo_data.batch_booking_sample(_sample_tokens(batch))
    now = story.world.clock.now()
    with tenant(story.company.tenant_id):
        kept = evidence.keep(
            story.world.ids.new(),
            content,
            name="camt053_batch_booking_sample.xml",
            media_type="application/xml",
            direction="in",
            now=now,
        )
    form = formats.identify(content)
    for item in formats.documents(form, io.BytesIO(content), Profile()):
        if isinstance(item, Statement):
            done = statement_ingestion.ingest(acting, kept, item, sample=True)
            note = "[dim]already taken in[/]" if done.repeated else f"{done.matched} line matched"
            story.say(
                f"{item.statement_id}: {done.verdict.verdict}, one booking of"
                f" {batch.total} for {batch.count} payments, {note}"
            )


def _sample_tokens(batch: tracing.BatchSent) -> dict[str, str]:
    opening = batch.total + Money(5_000_000, "EUR")
    day: date = batch.execution_date
    return {
        "statement_id": f"SAMPLE-{batch.payment_information_id[-14:]}",
        "sequence": "1",
        "created_at": f"{day.isoformat()}T18:00:00+00:00",
        "day": day.isoformat(),
        "iban": BATCH_IBAN,
        "currency": "EUR",
        "owner": "Vesterholt Werke GmbH",
        "bic": "FIKTDEFF",
        "opening": opening.number(),
        "closing": (opening - batch.total).number(),
        "amount": batch.total.number(),
        "count": str(batch.count),
        "message_id": batch.message_id,
        "payment_information_id": batch.payment_information_id,
        "bank_reference": f"OURS-{batch.payment_information_id[-12:]}",
    }
