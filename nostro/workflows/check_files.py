"""How a bank is told of our checks: one file an account, frozen, read again, then on its way.

1. New checks, and those that are to be void or stopped, go into the next file of their account.
2. A check that the bank's layout cannot carry is left out, and a Case names it with the reason.
3. Bytes and intent are one transaction; dispatch sends the file once and asks when in doubt.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from nostro import connectors, formats
from nostro.domain.case import CaseKind
from nostro.domain.check_state import CheckState
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.issued_check import CheckAction, IssuedCheck, IssueFile
from nostro.domain.money import total
from nostro.domain.party import Account, Member
from nostro.domain.policies import check_rights
from nostro.domain.policies.positive_pay import AccountTerms, PositivePayTerms
from nostro.domain.problem import NOWHERE
from nostro.domain.submission import SubmissionState
from nostro.formats import Profile
from nostro.formats.american.positive_pay_layout import layout_of
from nostro.ports import TakesCheckFiles
from nostro.storage import checks, events, evidence, freezes, parties, policies, submissions
from nostro.storage.checks import CheckRow
from nostro.storage.submissions import SubmissionRow
from nostro.storage.tenancy import tenant
from nostro.workflows import case_work
from nostro.workflows.case_work import checked_reason, new_case
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting
from nostro.workflows.sealed_file import seal
from nostro.workflows.wake import wake

FORMAT = "positive_pay"
LEASE = timedelta(seconds=60)
_ACTION = {
    CheckState.ISSUED: CheckAction.ISSUE,
    CheckState.VOID_ASKED: CheckAction.VOID,
    CheckState.STOP_ASKED: CheckAction.STOP,
}
_PLACE = re.compile(r"check (\d+)")
_NEVER_ARRIVED = (SubmissionState.REFUSED, SubmissionState.ABANDONED)


def tell(acting: Acting) -> list[UUID]:
    """Put all that banks do not know yet of one customer's checks into files; returns them.

    One transaction an account; one that is refused opens a Case, and the others go on.
    """
    until = acting.world.clock.now() + LEASE
    with tenant(acting.tenant_id):
        accounts = checks.accounts_to_tell(until)
    made = []
    for account_id in accounts:
        try:
            with tenant(acting.tenant_id):
                file_id = _tell(acting, account_id)
        except (Refused, Invalid) as refusal:
            _tell_people(acting, account_id, refusal)
        else:
            made += [file_id] if file_id else []
    return made


def tell_again(acting: Acting, member: Member, submission_id: UUID, reason: str) -> int:
    """Have the checks of a file that the bank never had, or refused, told in another one.

    Returns how many. Raises Refused while the bank may have it, or when the member may not.
    """
    check_rights.may_take_back(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        file = submissions.lock(submission_id)
        if file is None or file.purpose != submissions.CHECKS or file.state not in _NEVER_ARRIVED:
            raise Refused(
                "file_may_be_there",
                "The bank has this file of checks, or may have it.",
                "Nothing was made anew.",
                "What it does not know goes into the next file by itself.",
            )
        rows = [row for row in checks.in_file(file.id) if row.state in _ACTION]
        for row in rows:
            check_rights.may_take_back(member, row.touched())
        now = acting.world.clock.now()
        for place in ("issue_file_id", "act_file_id"):
            ours = [row.id for row in rows if getattr(row, place) == file.id]
            checks.update(ours, **{place: None}, next_action_at=now)
        own = [{"number": row.number, "message_id": file.message_id} for row in rows]
        ids = [row.id for row in rows]
        events.record_alike(acting.alike("check.told_again", "check", ids, own, text=told))
        wake("tell_checks", tenant_id=acting.tenant_id)
        return len(rows)


def _tell(acting: Acting, account_id: UUID) -> UUID | None:
    freezes.enter_gate()
    now = acting.world.clock.now()
    terms = policies.in_force(PositivePayTerms, now).of(str(account_id))
    rows = checks.lock_untold(account_id)
    if terms is None:  # A register and no more, until terms are agreed.
        checks.update([row.id for row in rows], next_action_at=None)
        return None
    account = next(one for one in parties.accounts() if one.id == str(account_id))
    rows = _not_stopped(account, rows)
    if not rows:
        return None
    channel = open_channel(acting, UUID(account.connection_id))
    if not isinstance(channel, TakesCheckFiles):
        raise Refused(
            "connection_takes_no_checks",
            f"The connection of {account.name} takes no files of checks"
            f" (it can: {', '.join(connectors.capabilities(channel))}).",
            "The bank was told nothing.",
            "Give the account a connection that takes them.",
        )
    fitting, content = _written(acting, terms, rows)
    return _store(acting, account, fitting, content, channel) if fitting else None


def _not_stopped(account: Account, rows: list[CheckRow]) -> list[CheckRow]:
    """While a stop is in force the bank hears of no check that it may pay; of others it does."""
    stop = freezes.blocking(
        connection_id=UUID(account.connection_id),
        account_id=UUID(account.id),
        entity_ids=[UUID(account.legal_entity_id)],
    )
    return [row for row in rows if stop is None or row.state is not CheckState.ISSUED]


# What is written.


def _written(
    acting: Acting, terms: AccountTerms, rows: Sequence[CheckRow]
) -> tuple[list[CheckRow], bytes]:
    """The checks that the layout carries, and the file of these; the others are a Case each."""
    fitting = list(rows)
    while fitting:
        file = issue_file(terms, fitting, acting)
        try:
            return fitting, _frozen(terms, file)
        except Invalid as refusal:
            place = _PLACE.fullmatch(refusal.location)
            if place is None:
                raise
            _leave_out(acting, fitting.pop(int(place[1]) - 1), terms, refusal)
    return [], b""


def issue_file(terms: AccountTerms, rows: Sequence[CheckRow], acting: Acting) -> IssueFile:
    """What the bank is to be told, as far as its layout has a place for it."""
    layout = layout_of(terms.layout)
    head = {field.holds for field in layout.header.fields}
    carried = {str(field.holds) for field in layout.detail.fields}
    return IssueFile(
        company=terms.company if "company" in head else "",
        created=acting.world.clock.now().date() if "created" in head else None,
        checks=tuple(_told(terms, row, carried) for row in rows),
    )


def _told(terms: AccountTerms, row: CheckRow, carried: set[str]) -> IssuedCheck:
    action = _ACTION[row.state]
    acts = action is not CheckAction.ISSUE
    return IssuedCheck(
        account=terms.number,
        check_number=row.number,
        amount=row.amount,
        issued=row.issued_on if "issued" in carried else None,
        action=action,
        payee=row.payee if "payee" in carried else (),
        acted=row.acted_on if acts and "acted" in carried else None,
        reason=row.reason[:40] if acts and "reason" in carried else "",
    )


def _frozen(terms: AccountTerms, wanted: IssueFile) -> bytes:
    """The bytes, read again by our reader and held against what the register says."""
    form, profile = formats.find()[FORMAT], Profile(options={"layout": terms.layout})
    content = formats.writer(form)(wanted, profile)
    again = [
        msgspec.structs.replace(one, location=NOWHERE)
        for file in formats.documents(form, io.BytesIO(content), profile)
        if isinstance(file, IssueFile)
        for one in file.checks
    ]
    if again != list(wanted.checks):
        raise Refused(
            "file_differs_from_register",
            "The file does not say exactly what the register says.",
            "It was not sent.",
            "Look at the layout of the account's positive pay.",
        )
    return content


def _leave_out(acting: Acting, row: CheckRow, terms: AccountTerms, refusal: Invalid) -> None:
    """This check goes into no file: a person tells the bank, or corrects what does not fit."""
    told = f"{refusal.happened} ({_ACTION[row.state]}, layout {terms.layout})"
    checks.update([row.id], not_in_file=told, next_action_at=None)
    left = acting.event("check.left_out", "check", row.id, number=row.number, text=told)
    events.record([left])
    case_work.open_again(
        acting,
        new_case(
            acting,
            CaseKind.DIFFERENCE,
            f"check-not-in-file/{row.id}/{_ACTION[row.state]}",
            f"Check {row.number} of {row.account_name} is not in the file for the bank, which has"
            f" to hear that it is {_ACTION[row.state]}d. {refusal.happened}",
            "Tell the bank by its portal or on the phone, then say so at the check; or void the"
            " check and issue another one.",
            amount=row.amount,
        ),
    )


# What is stored.


def _store(
    acting: Acting, account: Account, rows: Sequence[CheckRow], content: bytes, channel: object
) -> UUID:
    file = stored(acting, account, content, submissions.CHECKS, "CHK", len(rows))
    sums = total(row.amount for row in rows)
    submissions.update(file.id, totals={one: money.minor for one, money in sums.items()})
    issued = [row.id for row in rows if row.state is CheckState.ISSUED]
    acted = [row.id for row in rows if row.state is not CheckState.ISSUED]
    checks.update(issued, issue_file_id=file.id, next_action_at=None)
    checks.update(acted, act_file_id=file.id, next_action_at=None)
    own = [{"number": row.number, "action": _ACTION[row.state].value} for row in rows]
    said = {"message_id": file.message_id, "submission_id": str(file.id)}
    ids = [row.id for row in rows]
    events.record_alike(acting.alike("check.placed_in_file", "check", ids, own, **said))
    seal(acting, file, content, channel)
    wake("attend_submission", tenant_id=acting.tenant_id, submission_id=file.id)
    return file.id


def stored(
    acting: Acting, account: Account, content: bytes, purpose: str, prefix: str, lines: int
) -> SubmissionRow:
    """A file of checks for the bank of an account, its bytes kept, due to leave."""
    now, ids = acting.world.clock.now(), acting.world.ids
    file_id = ids.new()
    message_id = f"{prefix}-{now:%Y%m%d}-{file_id.hex[-12:]}"
    name, media_type = f"{message_id}.txt", "text/plain"
    kept = evidence.keep(
        ids.new(), content, name=name, media_type=media_type, direction="out", now=now
    )
    file = SubmissionRow(
        id=file_id,
        purpose=purpose,
        state=SubmissionState.BUILT,
        connection_id=UUID(account.connection_id),
        account_id=UUID(account.id),
        message_id=message_id,
        file_name=name,
        media_type=media_type,
        evidence_id=kept,
        line_count=lines,
        totals={},
        next_action_at=now,
    )
    submissions.insert(file, now)
    built = acting.event(
        "submission.built",
        "submission",
        file.id,
        message_id=message_id,
        purpose=purpose,
        payments=lines,
        evidence_id=str(kept),
    )
    events.record([built])
    return file


def _tell_people(acting: Acting, account_id: UUID, refusal: NostroError) -> None:
    """A file that is refused is refused again and again until a person looks."""
    with tenant(acting.tenant_id):
        account = next(one for one in parties.accounts() if one.id == str(account_id))
        told = new_case(
            acting,
            CaseKind.DIFFERENCE,
            f"checks/{account_id}/{refusal.code}/{refusal.happened}",
            f"{refusal.happened} The bank does not know of the newest checks of {account.name}.",
            refusal.can_do,
        )
        case_work.open_again(acting, told)
