"""What a bank says of payees' names after it has the file: kept as evidence, and a person's case.

1. The words of a status report move the attempts as any other word does; this adds what they say
   of the names, in the same transaction.
2. An answer that is no match is a case with both names. The payment waits at the bank: nothing here
   authorises it there, sends it again or changes it.
3. Other payments that have not left and pay to this account in this name are held by the policy,
   in a transaction of their own: the report has its own payments locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from nostro.domain.attempt import RANK, AttemptMove, AttemptState
from nostro.domain.bank_status import WITH_MISMATCHES, StatusReport, move_of
from nostro.domain.case import CaseKind
from nostro.domain.party import PayeeAccount
from nostro.domain.policies.payee_verification import NameAnswer, Verified, told_of
from nostro.storage import events, orders, parties, payee_verifications
from nostro.storage.cases import NewCase
from nostro.storage.orders import OrderRow
from nostro.storage.payee_verifications import NewAnswer
from nostro.storage.submissions import SubmissionRow
from nostro.workflows.case_work import new_case, open_cases
from nostro.workflows.context import Acting
from nostro.workflows.name_holds import hold_for
from nostro.workflows.reported_lines import Word

_AT_THE_BANK = (
    "Authorise it or cancel it at the bank, by its portal or its distributed signature; nothing is"
    " sent again from here. Then say here what you did. To pay in the other name, cancel it there"
    " and make the payment anew."
)
# These words end a payment: what was said of the name is evidence, and no longer a question.
_ENDS = frozenset({AttemptMove.EXECUTE, AttemptMove.REJECT, AttemptMove.CANCEL_STOP})


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank said of the name of one payment that it has."""

    word: Word
    answer: NameAnswer
    name: str
    order: OrderRow


def meanings_of(report: StatusReport) -> dict[str, AttemptMove | None]:
    """The bank's own meanings; a match waits with the others where its whole file or batch does."""
    told = dict(report.meanings)
    whole = {report.group_status, *(batch.status for batch in report.batches)}
    if any(move_of(status, "", told) is AttemptMove.PEND for status in whole):
        told.setdefault(NameAnswer.MATCH.value, AttemptMove.PEND)
    return told


def keep(
    acting: Acting,
    row: SubmissionRow,
    evidence_id: UUID,
    report: StatusReport,
    words: Sequence[Word],
) -> None:
    """Keep what new words of a report say of payees' names, and open the cases of those that are
    no match. Inside the report's unit of work."""
    told = _told(words)
    if told:
        _keep_answers(acting, row, evidence_id, told)
    meanings = meanings_of(report)
    asked = [one for one in told if _is_question(one, meanings)]
    open_cases(acting, [_case(acting, row, one) for one in asked])
    if not asked and any(word.status == WITH_MISMATCHES for word in words):
        open_cases(acting, [_unnamed(acting, row)])


def hold_others(acting: Acting, evidence_id: UUID) -> None:
    """Hold what has not left and pays to the same accounts and names; once more changes nothing."""
    for account, one in payee_verifications.of_evidence(evidence_id):
        hold_for(acting, account, one)


def speaks_of_names(report: StatusReport) -> bool:
    """Whether a report says anything of payees' names, at any level."""
    told = [(report.group_status, report.group_reason, report.group_reasons)]
    told += [(one.status, one.reason, one.reasons) for one in report.batches]
    told += [(one.status, one.reason, one.reasons) for one in report.transactions]
    return any(
        told_of(status, reason, [(one.code, one.texts) for one in reasons])
        for status, reason, reasons in told
    )


def _told(words: Iterable[Word]) -> list[_Told]:
    said = {}
    for word in words:
        reasons = word.line.reasons if word.line else ()
        if found := told_of(word.status, word.reason, [(one.code, one.texts) for one in reasons]):
            said[word.attempt.order_id] = (word, *found)
    rows = orders.load(said) if said else []
    return [
        _Told(word=word, answer=answer, name=name, order=row)
        for row in rows
        for word, answer, name in [said[row.id]]
    ]


def _keep_answers(
    acting: Acting, row: SubmissionRow, evidence_id: UUID, told: Sequence[_Told]
) -> None:
    """Each answer with the version of the account that was paid. That of a confidential payment
    stays in its case: the payee's page would tell of the payment."""
    open_ones = [one for one in told if not one.order.confidential]
    ids = {one.order.payee_account_id for one in open_ones}
    accounts = parties.payee_accounts_by_id(filter(None, ids))
    new = []
    for one in open_ones:
        account = accounts.get(one.order.payee_account_id) if one.order.payee_account_id else None
        if account and account.iban and account.iban == one.order.instruction.creditor_iban:
            new.append((account, _verified(acting, account, one)))
    payee_verifications.add_all(
        NewAnswer(
            id=acting.world.ids.new(),
            told=verified,
            connection_id=row.connection_id,
            evidence_id=evidence_id,
            asked_by=f"file {row.message_id}",
        )
        for _, verified in new
    )
    own = [
        {
            "number": account.payee_number,
            "version": account.version,
            "name_asked": verified.name_asked,
            "answer": verified.answer.value,
            "name_told": verified.name_told,
        }
        for account, verified in new
    ]
    payees = [UUID(account.payee_id) for account, _ in new]
    events.record_alike(
        acting.alike("payee.verified", "payee", payees, own, evidence_id=str(evidence_id))
    )


def _verified(acting: Acting, account: PayeeAccount, one: _Told) -> Verified:
    return Verified(
        account_id=account.id,
        name_asked=one.order.instruction.creditor_name,
        answer=one.answer,
        name_told=one.name,
        asked_at=acting.world.clock.now(),
    )


def _is_question(one: _Told, meanings: Mapping[str, AttemptMove | None]) -> bool:
    if one.answer is NameAnswer.MATCH or _ended(one.word.attempt.state):
        return False
    return move_of(one.word.status, one.word.reason, meanings) not in _ENDS


def _ended(state: AttemptState) -> bool:
    return RANK[state] >= RANK[AttemptState.EXECUTED]


def _case(acting: Acting, row: SubmissionRow, one: _Told) -> NewCase:
    attempt, ours = one.word.attempt, one.order.instruction.creditor_name
    said = {
        NameAnswer.CLOSE_MATCH: f"nearly; the account is in the name of {one.name}"
        if one.name
        else "nearly, without telling the name",
        NameAnswer.NO_MATCH: "the account is in another name",
    }.get(one.answer, "it cannot be verified")
    return new_case(
        acting,
        CaseKind.PAYEE,
        f"payee/{attempt.id}/{one.answer}",
        f"The bank checked the payee of {attempt.end_to_end_id}. We pay to {ours}; it says:"
        f" {said} ({one.answer}).",
        _AT_THE_BANK,
        order_id=attempt.order_id,
        attempt_id=attempt.id,
        submission_id=row.id,
        reason=one.answer.value,
        details={"name_asked": ours, "name_told": one.name, "answer": one.answer.value},
    )


def _unnamed(acting: Acting, row: SubmissionRow) -> NewCase:
    return new_case(
        acting,
        CaseKind.PAYEE,
        f"payees/{row.id}",
        f"The bank checked the payees of file {row.message_id}: not all of them match"
        f" ({WITH_MISMATCHES}). It does not say which.",
        f"Ask the bank which payees it means. {_AT_THE_BANK}",
        submission_id=row.id,
        reason=WITH_MISMATCHES,
    )
