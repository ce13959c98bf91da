"""Reports of the day and notices: they move our payments, tell balances of the moment, and
announce what statements book later. Nothing of them is cash evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from nostro.domain.case import CaseKind
from nostro.domain.party import Account
from nostro.domain.statement import BalanceType, ReportKind, Statement
from nostro.domain.statement_identity import Days, content_of, days_of
from nostro.storage import events, parties, pending, statements
from nostro.storage.pending import NewReport
from nostro.storage.tenancy import tenant
from nostro.workflows import announced_lines, expected_reports
from nostro.workflows.bank_bookings import apply_bookings, close_gate_for
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.context import Acting

log = structlog.get_logger()
_BOOKED: Final = (BalanceType.ITBD, BalanceType.CLBD)
_AVAILABLE: Final = (BalanceType.ITAV, BalanceType.CLAV)


def take_report(acting: Acting, connection_id: UUID, evidence_id: UUID, report: Statement) -> None:
    """Apply a debit or credit notice, or a report of the day, and keep what it announces. The same
    again changes nothing.

    One of an account that is not ours is kept and nothing more; one that came over another bank's
    connection opens a Case.
    """
    with tenant(acting.tenant_id):
        close_gate_for(report)
        account_id = statements.account_of_iban(report.account, report.currency)
        if account_id is None:
            log.info("report_of_unknown_account", evidence_id=str(evidence_id))
            return
        account = next(a for a in parties.accounts() if a.id == str(account_id))
        if account.connection_id != str(connection_id):
            _wrong_bank(acting, evidence_id, report)
            return
        parties.lock_entity(UUID(account.legal_entity_id))
        apply_bookings(acting, evidence_id, report, account)
        _keep(acting, account, evidence_id, report)


def _keep(acting: Acting, account: Account, evidence_id: UUID, report: Statement) -> None:
    new = NewReport(
        id=acting.world.ids.new(),
        account_id=UUID(account.id),
        evidence_id=evidence_id,
        series=report.kind.value,
        report_id=report.statement_id,
        content=content_of(report),
        currency=report.currency or account.currency,
        booked_minor=_balance(report, _BOOKED),
        available_minor=_balance(report, _AVAILABLE),
        entry_count=len(report.entries),
        bank_created_at=statements.aware(report.created_at),
        received_at=acting.world.clock.now(),
    )
    if not pending.insert_report(new):
        return
    lines, new_lines = announced_lines.announce(acting, account, evidence_id, report)
    told = acting.event(
        "intraday_report.received",
        "intraday_report",
        new.id,
        account_id=account.id,
        series=new.series,
        report_id=new.report_id,
        lines=lines,
        new_lines=new_lines,
        evidence_id=str(evidence_id),
    )
    events.record([told])
    announced_lines.settle(acting, account, _days(acting, report))
    if report.kind is not ReportKind.NOTIFICATION:
        expected_reports.came(acting, account)


def _balance(report: Statement, codes: tuple[BalanceType, ...]) -> int | None:
    """The last told balance of the surest of these types, in the currency of the report."""
    for code in codes:
        told = [
            one.amount.minor
            for one in report.balances
            if one.code == code and one.amount.currency == (report.currency or one.amount.currency)
        ]
        if told:
            return told[-1]
    return None


def _days(acting: Acting, report: Statement) -> Days:
    """The days that its lines speak of; those of the report itself where they tell none."""
    told = [day for entry in report.entries for day in (entry.booked, entry.value) if day]
    if told:
        return min(told), max(told)
    today = acting.world.clock.now().date()
    return days_of(report, report.balances, ()) or (today - timedelta(days=1), today)


def _wrong_bank(acting: Acting, evidence_id: UUID, report: Statement) -> None:
    told = new_case(
        acting,
        CaseKind.STATEMENT,
        f"wrong-bank/{evidence_id}/{report.statement_id}",
        f"A report of {report.account} came over a connection that is not this account's.",
        "Ask the sender why; nothing was done with it, the original is kept.",
    )
    open_cases(acting, [told])
