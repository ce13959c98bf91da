"""Pay or return: what a person decides about a presented check, and the file that tells the bank.

1. To return needs one person. To pay above the agreed amount, or by whoever had to do with the
   check or its payee, needs a second one.
2. A decision is taken back freely while no file carries it; the files wait a minute for that.
3. After the bank's clock nothing is decided any more: what the bank does then is on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from nostro import connectors, formats
from nostro.domain.case import CASE, CaseKind, CaseMove
from nostro.domain.check_exception import (
    WAITS,
    Decision,
    ExceptionMove,
    ExceptionState,
    PresentedCheck,
)
from nostro.domain.errors import Refused
from nostro.domain.party import Account, Member
from nostro.domain.policies import check_rights
from nostro.domain.policies.positive_pay import AccountTerms, PositivePayTerms
from nostro.formats import Profile
from nostro.formats.american.check_exception_layout import answers_of
from nostro.ports import TakesCheckFiles
from nostro.storage import cases, check_exceptions, checks, events, parties, policies, submissions
from nostro.storage.check_exceptions import ExceptionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.case_work import checked_reason
from nostro.workflows.channel import open_channel
from nostro.workflows.check_files import stored
from nostro.workflows.check_moves import move_exceptions
from nostro.workflows.context import Acting
from nostro.workflows.local_clock import local
from nostro.workflows.presented_checks import default_words
from nostro.workflows.sealed_file import seal
from nostro.workflows.wake import wake

FORMAT = "check_exceptions"
GATHER = timedelta(minutes=1)
_NOTHING = "Nothing was decided."


def decide(
    acting: Acting,
    member: Member,
    exception_ids: Sequence[UUID],
    decision: Decision,
    reason: str,
) -> list[ExceptionState]:
    """Pay or return presented checks; all or none. Returns the state of each, in their order.

    Raises Refused when the member may not, it is too late, or his word is not enough a second time.
    """
    check_rights.may_decide(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        rows = locked(exception_ids)
        for row in rows:
            check_rights.may_decide(member, row.touched())
            _in_time(row, acting.world.clock.now())
            _decide(acting, member, row, decision, told)
        for row in rows:
            end_warning(acting, row)
        after = {row.id: row.state for row in check_exceptions.lock(exception_ids)}
        return [after[one] for one in exception_ids]


def reconsider(acting: Acting, member: Member, exception_id: UUID, reason: str) -> None:
    """Take a decision back that no file carries yet."""
    check_rights.may_decide(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        (row,) = locked([exception_id])
        check_rights.may_decide(member, row.touched())
        _in_time(row, acting.world.clock.now())
        if row.decision_file_id:
            raise Refused(
                "decision_in_file",
                f"The decision on check {row.number} is in a file for the bank.",
                "It stays.",
                "Ring the bank, if there is still time.",
            )
        move_exceptions(
            acting,
            [row],
            ExceptionMove.RECONSIDER,
            text=told,
            decision="",
            first_by="",
            first_by_name="",
            decided_by="",
            decided_by_name="",
            decided_at=None,
            reason="",
            next_action_at=row.decide_by,
        )


def locked(exception_ids: Sequence[UUID]) -> list[ExceptionRow]:
    """The presented checks, locked; raises Refused when one is not there."""
    rows = check_exceptions.lock(exception_ids)
    if not exception_ids or len(rows) != len(set(exception_ids)):
        raise Refused(
            "check_exception_unknown",
            "One of these presented checks does not exist for this customer.",
            _NOTHING,
            "Reload the page and choose again.",
        )
    return rows


def _in_time(row: ExceptionRow, now: datetime) -> None:
    if now <= row.decide_by:
        return
    raise Refused(
        "decision_too_late",
        f"Check {row.number} was to be decided until {local(row.decide_by, row.time_zone)}; since"
        f" then the bank {default_words(row.if_nobody)}.",
        _NOTHING,
        "Ring the bank; what it did is on its statement.",
    )


def _decide(
    acting: Acting, member: Member, row: ExceptionRow, decision: Decision, reason: str
) -> None:
    now = acting.world.clock.now()
    if decision is Decision.PAY and not _enough(acting, member, row):
        move_exceptions(
            acting,
            [row],
            ExceptionMove.PROPOSE,
            text=reason,
            decision=Decision.PAY.value,
            first_by=member.id,
            first_by_name=member.name,
            reason=reason,
        )
        return
    told = f"{row.reason}\n{reason}" if row.state is ExceptionState.PROPOSED else reason
    move_exceptions(
        acting,
        [row],
        ExceptionMove.DECIDE,
        text=reason,
        decision=decision.value,
        decided_by=member.id,
        decided_by_name=member.name,
        decided_at=now,
        reason=told,
        next_action_at=min(now + GATHER, row.decide_by),
    )


def _enough(acting: Acting, member: Member, row: ExceptionRow) -> bool:
    """Whether the check is paid by this person's word: alone, or as the second one. Raises Refused
    for a second word of the first person, or where both had to do with the check."""
    involved = _is_involved(member.id, row)
    terms = policies.in_force(PositivePayTerms, acting.world.clock.now()).of(str(row.account_id))
    if check_rights.pays_alone(row.amount, terms.second_above if terms else None, involved):
        return True
    if row.state is not ExceptionState.PROPOSED:
        return False
    if row.first_by == member.id or (involved and _is_involved(row.first_by, row)):
        raise Refused(
            "second_person_needed",
            f"To pay check {row.number} takes another person, who had nothing to do with it.",
            _NOTHING,
            "Ask another approver or treasurer; to return it needs one person.",
        )
    return True


def _is_involved(person_id: str, row: ExceptionRow) -> bool:
    """Who entered the check, or an account of its payee."""
    issued = checks.check(row.issued_id) if row.issued_id else None
    if issued is None:
        return False
    return person_id == issued.maker_id or check_exceptions.is_editor_of(
        issued.payee_number, UUID(person_id)
    )


def end_warning(acting: Acting, row: ExceptionRow) -> None:
    """When all of one clock are decided, the case that warned of it ends."""
    if check_exceptions.waiting(row.account_id, row.decide_by):
        return
    case = cases.lock_by_key(CaseKind.CHECK, warning_key(row))
    if case and CASE.allows(case.state, CaseMove.RESOLVE):
        case_work.move(acting, case, CaseMove.RESOLVE, outcome="Everything was decided in time.")


def warning_key(row: ExceptionRow) -> str:
    """One warning for all that are due together."""
    return f"check-deadline/{row.account_id}/{row.decide_by.isoformat()}"


# To the bank.


def tell_bank(acting: Acting, account_id: UUID) -> UUID | None:
    """Put the decisions of an account into a file for its bank; inside a unit of work.

    Raises Refused when the connection takes none, Invalid when the layout cannot carry one.
    """
    rows = check_exceptions.lock_decided(account_id)
    terms = policies.in_force(PositivePayTerms, acting.world.clock.now()).of(str(account_id))
    if not rows or terms is None:
        return None
    account = next(one for one in parties.accounts() if one.id == str(account_id))
    channel = open_channel(acting, UUID(account.connection_id))
    if not isinstance(channel, TakesCheckFiles):
        raise Refused(
            "connection_takes_no_checks",
            f"The connection of {account.name} takes no files of checks"
            f" (it can: {', '.join(connectors.capabilities(channel))}).",
            "The bank was told nothing.",
            "Ring the bank before its clock; then give the account a connection that takes them.",
        )
    return _store(acting, account, terms, rows, channel)


def _store(
    acting: Acting,
    account: Account,
    terms: AccountTerms,
    rows: Sequence[ExceptionRow],
    channel: object,
) -> UUID:
    form = formats.find()[FORMAT]
    carried = {field.holds for field in answers_of(terms.answers).decisions.detail.fields}
    wanted = [_told(terms, row, named="bank_reference" in carried) for row in rows]
    content = formats.writer(form)(wanted, Profile(options={"layout": terms.answers}))
    file = stored(acting, account, content, submissions.CHECK_DECISIONS, "CHD", len(rows))
    ids = [row.id for row in rows]
    check_exceptions.update(ids, decision_file_id=file.id, next_action_at=rows[0].decide_by)
    own = [{"number": row.number, "decision": str(row.decision)} for row in rows]
    said = {"message_id": file.message_id, "submission_id": str(file.id)}
    events.record_alike(
        acting.alike("check_exception.placed_in_file", "check_exception", ids, own, **said)
    )
    seal(acting, file, content, channel)
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=file.id)
    return file.id


def _told(terms: AccountTerms, row: ExceptionRow, *, named: bool) -> PresentedCheck:
    """What the bank hears: its own words for the check, and what to do. Why stays with us."""
    return PresentedCheck(
        account=terms.number,
        check_number=row.number,
        amount=row.amount,
        presented=row.presented_on,
        bank_reference=row.bank_reference if named else "",
        decision=row.decision,
    )


def can_be_decided(row: ExceptionRow, now: datetime) -> bool:
    """Whether a person can still say what becomes of it."""
    return row.state in WAITS and now <= row.decide_by
