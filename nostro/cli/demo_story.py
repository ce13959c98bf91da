"""The chapters of the demo: each does its part of the main job and says what is now true."""

from __future__ import annotations

from rich.table import Table

from nostro.cli import demo_data
from nostro.cli.demo_batch import a_batch_booking
from nostro.cli.demo_company import BATCH_IBAN, ERP_CONNECTION
from nostro.cli.demo_telling import Story, all_left, run_orders, sums
from nostro.domain.attempt import AttemptState
from nostro.domain.errors import Refused
from nostro.domain.money import Money, total
from nostro.domain.order import OrderState
from nostro.formats import Profile
from nostro.ops import sealing
from nostro.ops.clock import ShiftedClock
from nostro.ops.demo_bank import Credit
from nostro.storage import approvals, evidence, listing, parties, statements, tracing
from nostro.storage.orders import OrderRow
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    answers,
    approval,
    payment_intake,
    posting,
    receivables,
)
from nostro.workflows.context import job_for

RUN_PROFILE = Profile(name="vesterholt_ap")
ITEMS_PROFILE = Profile(name="vesterholt_ar")


def the_company(story: Story) -> None:
    story.title(1, f"The group {story.company.data.group}")
    with tenant(story.company.tenant_id):
        entities = {entity.id: entity for entity in parties.entities()}
        accounts = parties.accounts()
    for account in accounts:
        entity = entities[account.legal_entity_id]
        story.say(f"{entity.name:26} {account.currency} {account.iban:22} {account.name}")
    story.say(
        "people: " + ", ".join(f"{m.name} ({'/'.join(sorted(m.roles))})"
                               for m in story.company.members.values())
    )  # fmt: skip


def the_run_arrives(story: Story) -> None:
    data = story.company.data
    name = data.payment_run.file
    story.title(2, f"The ERP's payment run arrives: {name}")
    maker = story.company.maker
    acting = story.company.acting(story.world, maker.name)
    content = demo_data.read(name)
    receipt = payment_intake.receive_run(acting, "erp", name, content, RUN_PROFILE)
    if receipt.repeated:
        story.say("[dim]the same file again: recorded, nothing changed[/]")
    count = receipt.count
    story.say(
        f"run {receipt.reference}: {len(receipt.lines)} lines, "
        f"[green]{count('accepted')} pass all checks[/], [yellow]{count('held')} held[/], "
        f"[red]{count('refused')} refused[/]; made by {maker.name}"
    )
    for line in receipt.lines:
        if line.outcome != "accepted":
            story.say(f"   line {line.line} {line.outcome}: {line.sentence} [dim]{line.code}[/]")
    items = receivables.receive_open_items(
        acting, data.open_items.file, demo_data.read(data.open_items.file), ITEMS_PROFILE
    )
    story.say(f"{data.open_items.file}: {items.read} open customer items, {items.new} new")


def routes(story: Story) -> None:
    story.title(3, "A route is proposed for each payment, before anyone approves")
    with tenant(story.company.tenant_id):
        undecided = {OrderState.HELD, OrderState.DENIED}
        rows = [row for row in run_orders(story) if row.state not in undecided]
        names = {account.id: account.name for account in parties.accounts()}
    grouped: dict[tuple[str, str], list[OrderRow]] = {}
    for row in rows:
        grouped.setdefault((names[row.route.account_id], row.route.rail), []).append(row)
    for (account, rail), members in sorted(grouped.items()):
        story.say(f"{account:28} {rail.replace('_', ' '):22} {len(members):>2}  {sums(members)}")
    changed = [change for row in rows for change in row.source_changes]
    if changed:
        first = changed[0]
        story.say(
            f"[dim]{len(changed)} texts rewritten in SEPA letters, visible to the approvers, e.g. "
            f"{first['from']!r} -> {first['to']!r}[/]"
        )


def held_payments(story: Story) -> None:
    story.title(4, "Held payments: a named person decides, never the maker")
    approver = story.company.approvers[0]
    maker = story.company.maker
    with tenant(story.company.tenant_id):
        held = [row for row in run_orders(story) if row.state is OrderState.HELD]
        why = {row.id: tracing.open_holds(row.id) for row in held}
    if not held:
        story.say("[dim]already decided[/]")
    acting = story.company.acting(story.world, approver.name)
    for row in held:
        code = why[row.id][0].code
        story.say(f"{row.number} {row.instruction.amount}: {why[row.id][0].sentence}")
        try:
            approval.release_hold(
                story.company.acting(story.world, maker.name), maker, row.id, "looks fine to me"
            )
        except Refused as error:
            story.tell(error)
        if code == "duplicate_suspected":
            approval.deny(acting, approver, [row.id], "Invoice was paid by the previous run")
            story.say(f"[red]denied[/] by {approver.name}: paid by the previous run")
        else:
            approval.release_hold(
                acting, approver, row.id, "Called the payee back on the number in the contract"
            )
            story.say(f"[green]released[/] by {approver.name}: called the payee back")


def two_people_approve(story: Story) -> None:
    story.title(5, "Approval by two different people, each signing the same digest")
    maker = story.company.maker
    first, second = story.company.approvers[:2]
    with tenant(story.company.tenant_id):
        rows = [r for r in run_orders(story) if r.state is OrderState.AWAITING_APPROVAL]
        given = approvals.given([row.id for row in rows])
    if not rows:
        story.say("[dim]already approved[/]")
        return
    ids = [row.id for row in rows]
    seen = approval.selection_digest({str(row.id): row.approval_digest for row in rows})
    story.say(f"{len(rows)} payments, {sums(rows)}, digest {seen[:16]}")
    try:
        approval.approve(story.company.acting(story.world, maker.name), maker, ids, seen)
    except Refused as error:
        story.tell(error)
    for member in (first, second):
        mine = [row for row in rows if member.id not in given[row.id]]
        if not mine:
            continue
        digest = approval.selection_digest({str(r.id): r.approval_digest for r in mine})
        done = approval.approve(
            story.company.acting(story.world, member.name), member, [r.id for r in mine], digest
        )
        story.say(
            f"[green]approved[/] by {member.name}: {len(done.approved)} complete,"
            f" {len(done.waiting)} wait for a second person"
        )


def files_leave(story: Story) -> None:
    story.title(6, "Frozen, re-read, compared with what was approved, then sent: pain.001.001.09")
    story.wait("sent the payment files", lambda: all_left(story))
    with tenant(story.company.tenant_id):
        for sent in tracing.submissions_of("payments"):
            _, _, digest = evidence.describe(sent.evidence_id)
            totals = ", ".join(
                f"{Money(minor, currency).grouped()} {currency}"
                for currency, minor in sent.totals.items()
            )
            story.say(
                f"{sent.file_name}  {sent.line_count:>2} payments  {totals}  sha256 {digest[:12]}"
                f"  [green]{sent.state}[/]"
            )


def the_bank_answers(story: Story) -> None:
    story.title(7, "The bank answers: pain.002")
    _collect(story)
    story.wait("read the bank's answers", lambda: _all_answered(story))
    with tenant(story.company.tenant_id):
        rejected = [r for r in run_orders(story) if r.state is OrderState.REJECTED]
        words = tracing.attempt_counts()
    # Its booking notice may have been read already: what it executed, it had accepted.
    accepted, executed = AttemptState.ACCEPTED.value, AttemptState.EXECUTED.value
    words[accepted] = words.get(accepted, 0) + words.pop(executed, 0)
    story.say(", ".join(f"{count} {state}" for state, count in sorted(words.items())))
    for row in rejected:
        with tenant(story.company.tenant_id):
            last = tracing.last_attempt(row.id)
        reason = f"{last.reason} {last.reason_text}".strip() if last else ""
        story.say(
            f"[red]rejected[/] {row.number} {row.instruction.amount} to"
            f" {row.instruction.creditor_name}: {reason}; a case is open, the ERP is told to reset"
        )


def customers_pay_and_a_day_passes(story: Story) -> None:
    story.title(8, "Customers pay; our clock and the bank's advance together")
    for receipt in story.company.data.receipts:
        story.bank.credit(
            receipt.bank_id,
            Credit(
                end_to_end_id=receipt.end_to_end_id,
                amount=receipt.money(),
                debtor_name=receipt.debtor_name,
                debtor_iban=receipt.debtor_iban,
                note=(receipt.note,) if receipt.note else (),
                reference=receipt.reference,
            ),
        )
    before = story.bank.now()
    start = story.company.data.starts_at.date()
    if before.date() <= start:
        story.bank.advance(1)
    clock = story.world.clock
    if isinstance(clock, ShiftedClock) and story.bank.now() > clock.now():
        clock.set(story.bank.now())
    now = story.world.clock.now()
    story.say(
        f"{len(story.company.data.receipts)} customer payments on the way;"
        f" it is now {now:%A %d %B %Y %H:%M} UTC, for the bank and for us"
    )


def statements_come(story: Story) -> None:
    story.title(9, "Statements: camt.053, balance verdict first, then every line explained")
    _collect(story)
    story.wait("taken in the statements", lambda: _statements_in(story))
    with tenant(story.company.tenant_id):
        page = listing.statements(limit=50)
        for row in reversed(page.rows):
            if row.sample:
                continue
            counts = tracing.match_counts(row.id)
            verdict = "[green]closes[/]" if row.verdict == "closes" else f"[red]{row.verdict}[/]"
            story.say(
                f"{row.statement_id}  {row.account_name:28} {verdict}  {row.entry_count} lines: "
                + ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
            )
        settled = [r for r in run_orders(story) if r.state is OrderState.SETTLED]
    story.say(f"{len(settled)} payments of the run are settled by cash: {sums(settled)}")
    _compare_with_bank(story, settled)


def _compare_with_bank(story: Story, settled: list[OrderRow]) -> None:
    """Nothing paid twice, nothing lost: asserted against the bank's own books."""
    booked: dict[str, int] = {}
    for line in story.bank.ledger():
        if line.booked:
            booked[line.end_to_end_id] = booked.get(line.end_to_end_id, 0) + 1
    ours = {row.instruction.end_to_end_id for row in settled}
    twice = [key for key, count in booked.items() if count > 1]
    if twice or set(booked) != ours:
        raise Refused(
            "books_differ",
            f"The bank's ledger and ours differ: {len(twice)} paid twice, "
            f"{len(set(booked) ^ ours)} known to one side only.",
            "The demo stops here.",
            "Please report this: it is a defect.",
        )
    story.say(f"[green]the bank's own ledger agrees[/]: {len(booked)} payments booked, each once")


def journals_go_back(story: Story) -> None:
    story.title(11, "Journals for the ERP, balanced, honouring who owns each posting")
    acting = job_for(story.company.tenant_id)
    with tenant(story.company.tenant_id):
        erp = next(c for c in parties.connections() if c.name == ERP_CONNECTION)
        posting.deliver_journals(acting, erp.id)
    story.wait("written the journals", lambda: all_left(story))
    with tenant(story.company.tenant_id):
        for row in tracing.journal_counts():
            story.say(f"{row.count:>3} {row.event.replace('_', ' '):18} {row.owner}: {row.action}")
        for sent in tracing.submissions_of("postings"):
            folder = story.company.home / "erp"
            story.say(f"{folder / sent.file_name}: {sent.line_count} journals, {sent.state}")


def cash_position(story: Story) -> None:
    story.title(12, "Cash position, each figure with its age")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("entity", "account", "currency"):
        table.add_column(heading)
    table.add_column("booked balance", justify="right")
    table.add_column("as of")
    now = story.world.clock.now()
    with tenant(story.company.tenant_id):
        rows = [row for row in listing.balances(limit=100).rows if row.code == "CLBD"]
    for row in rows:
        hours = int((now - row.received_at).total_seconds() // 3600)
        age = f"close of {row.day:%d %b %Y}, received {hours} h ago"
        table.add_row(
            row.entity_name, row.account_name, row.amount.currency, row.amount.grouped(), age
        )
    story.console.print(table)
    for currency, money in total(row.amount for row in rows).items():
        story.say(f"total {currency} {money.grouped()}")


def audit(story: Story) -> None:
    story.title(13, "The audit chain")
    story.wait("sealed the log", lambda: not _left_to_seal(story))
    found = sealing.verify(story.company.tenant_id)
    if not found.whole:
        raise Refused("chain_broken", f"Position {found.broken_at}: {found.why}.")
    story.say(f"[green]whole[/]: {found.sealed} events sealed, head {found.head[:16]}")


def trace(story: Story) -> None:
    with tenant(story.company.tenant_id):
        row = next(r for r in run_orders(story) if r.state is OrderState.SETTLED)
        lines = tracing.trace(row.id)
    story.title(14, f"The trace of {row.number}, from ERP document to journal")
    story.say(
        f"{row.instruction.amount} to {row.instruction.creditor_name},"
        f" invoices {', '.join(row.invoices)}"
    )
    for line in lines:
        story.say(f"{line.at:%d %b %H:%M:%S}  {line.words}  [dim]{line.who}[/]")


CHAPTERS = (
    the_company,
    the_run_arrives,
    routes,
    held_payments,
    two_people_approve,
    files_leave,
    the_bank_answers,
    customers_pay_and_a_day_passes,
    statements_come,
    a_batch_booking,
    journals_go_back,
    cash_position,
    audit,
    trace,
)


def _collect(story: Story) -> None:
    acting = job_for(story.company.tenant_id)
    with tenant(story.company.tenant_id):
        bank = next(
            c for c in parties.connections() if c.name == story.company.data.connection.name
        )
    answers.collect(acting, bank.id)


def _all_answered(story: Story) -> bool:
    with tenant(story.company.tenant_id):
        waiting = {"dispatching", "delivered", "received", "prepared"}
        return not waiting & set(tracing.attempt_counts(exclude_account=BATCH_IBAN))


def _statements_in(story: Story) -> bool:
    """Every account of mock-bank has the statement of the first day."""
    with tenant(story.company.tenant_id):
        return all(
            statements.has_day(account.iban, story.company.data.starts_at.date())
            for account in story.company.data.accounts
        )


def _left_to_seal(story: Story) -> int:
    """Seal here too, not to wait for the worker: only one of us does it at a time."""
    sealing.seal_all(story.world.clock.now())
    with tenant(story.company.tenant_id):
        return listing.seal_lag().unsealed
