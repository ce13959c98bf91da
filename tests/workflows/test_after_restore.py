"""A quarantine step by step: what is doubted, what banks' messages prove, and when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from nostro.domain.errors import Refused, Unavailable
from nostro.domain.freeze import FreezeCause, FreezeScope
from nostro.domain.operator_evidence import EvidenceKind
from nostro.domain.order import OrderState
from nostro.ops import high_water, sealing
from nostro.storage import approvals, freezes, models, submissions
from nostro.storage.submissions import StoredSubmission
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    answers,
    approval,
    case_work,
    dispatch,
    freezing,
    operator_evidence,
    posting,
    restoring,
)
from tests.workflows.bank_words import Booking, camt_053, pain_002
from tests.workflows.company import Company

ACCOUNT = "DE-EUR"


def quarantine(company: Company) -> restoring.Quarantined:
    return restoring.quarantine(company.job, "restored from a backup")


def stop_of(company: Company, connection_id: UUID) -> UUID:
    with tenant(company.tenant_id):
        (found,) = [
            row.freeze
            for row in freezes.in_force()
            if row.freeze.subject_id == str(connection_id)
            and row.freeze.cause is FreezeCause.RESTORE
        ]
    return UUID(found.id)


def lift(company: Company, connection_id: UUID) -> None:
    stop_id = stop_of(company, connection_id)
    for member in (company.bob, company.cy):
        freezing.lift(company.acting(member), member, stop_id, "looked up")


def resolve(company: Company, *keys: str) -> None:
    """A person resolves every open case of which the cause begins like this."""
    for key in keys:
        with tenant(company.tenant_id):
            rows = models.Case.objects.filter(natural_key__startswith=key, resolved_at__isnull=True)
            ids = list(rows.values_list("id", flat=True))
        assert ids, key
        for case_id in ids:
            case_work.resolve(
                company.acting(company.cy), company.cy, case_id, "the bank has told me"
            )


def hear(company: Company, *contents: bytes) -> None:
    for content in contents:
        answers.receive_message(company.job, company.bank_id, "b.xml", content)


def key_of(company: Company, order_id: UUID) -> str:
    (row,) = company.orders([order_id])
    return row.instruction.end_to_end_id


def file_of(company: Company, message_id: str) -> StoredSubmission:
    with tenant(company.tenant_id):
        found = submissions.by_message_id(message_id)
    assert found
    return found


def why_not(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == "restore_not_finished"
    return caught.value.happened


# ---- Entering


def test_every_file_that_may_have_left_is_in_doubt_and_asked_at_once(company: Company) -> None:
    company.bank.outcomes = [Unavailable("busy", "Busy.")]
    refused_id, _ = company.send(1, "A")
    waiting = company.pay(2, "B")
    (built_id,) = company.release()
    assert company.submission(refused_id).state == "not_delivered"
    done = quarantine(company)
    assert (done.connections, done.files) == (2, 2)
    for submission_id in (refused_id, built_id):
        row = company.submission(submission_id)
        assert (row.state, row.enquiries, row.tries) == ("unknown", 0, 1)
        assert row.next_action_at == row.state_since == company.clock.now()
    assert company.attempts(waiting) == ["unknown"] * 2
    assert set(company.states(waiting)) == {OrderState.IN_FLIGHT}
    dispatch.attend(company.job, built_id)
    assert company.bank.asked == [file_of_id(company, built_id)]
    assert company.submission(built_id).dispatched_at is None  # So no promise of a bank runs yet.


def file_of_id(company: Company, submission_id: UUID) -> str:
    return company.submission(submission_id).message_id


def test_nothing_is_sent_while_quarantined_not_even_what_the_bank_never_had(
    company: Company,
) -> None:
    company.pay(2)
    (submission_id,) = company.release()
    quarantine(company)
    company.bank.answers = [False] * 20
    for _ in range(8):
        company.clock.advance(minutes=10)
        dispatch.attend(company.job, submission_id)
    assert company.submission(submission_id).state == "not_delivered"
    later = company.pay(1, "L")
    assert company.release() == []
    assert company.bank.received == []
    assert company.states(later) == [OrderState.SCHEDULED]


def test_journals_wait_too(company: Company) -> None:
    _, ids = company.send(1)
    hear(company, camt_053(company.accounts[ACCOUNT], [_booked(company, ids[0])]))
    quarantine(company)
    with tenant(company.tenant_id):
        posted = posting.deliver_journals(company.job, company.erp_id)
    assert posted
    dispatch.attend(company.job, posted)
    assert company.erp.received == []
    assert "compared" in why_not(lambda: lift(company, company.erp_id))
    resolve(company, f"restore/{stop_of(company, company.erp_id)}")
    lift(company, company.erp_id)
    company.clock.advance(minutes=2)
    dispatch.attend(company.job, posted)
    assert len(company.erp.received) == 1


def _booked(company: Company, order_id: UUID, day: timedelta = timedelta()) -> Booking:
    (row,) = company.orders([order_id])
    told = row.instruction
    return Booking(
        minor=-told.amount.minor,
        end_to_end_id=told.end_to_end_id,
        reference=f"B-{row.number}",
        day=company.clock.now().date() + day,
        party_iban=told.creditor_iban,
    )


def test_numbers_that_were_given_and_forgotten_are_not_given_again(company: Company) -> None:
    before = company.orders(company.ask(company.request("A")))[0]
    quarantine(company)
    after = company.orders(company.ask(company.request("B")))[0]
    skipped = int(after.number[4:]) - int(before.number[4:])
    assert skipped > restoring.NUMBERS_SKIPPED
    assert len(after.instruction.end_to_end_id) <= 35


def test_a_second_quarantine_begins_anew_and_takes_over_stops(company: Company) -> None:
    acting = company.acting(company.ann)
    scope = FreezeScope.CONNECTION
    freezing.freeze(acting, company.ann, scope, company.bank_id, "odd call")
    first = quarantine(company)
    resolve(company, f"restore/{stop_of(company, company.bank_id)}")
    old = stop_of(company, company.bank_id)
    freezing.lift(company.acting(company.bob), company.bob, old, "looked up")
    company.clock.advance(hours=1)
    again = quarantine(company)
    assert again.backup_at == first.backup_at  # The age of the backup is not forgotten.
    fresh = stop_of(company, company.bank_id)
    assert fresh != old
    with tenant(company.tenant_id):
        row = next(r for r in freezes.in_force() if r.freeze.id == str(fresh))
    assert row.lifted_by_names == ()
    assert "odd call" in row.freeze.reason


# ---- What the bank names


@pytest.mark.parametrize("state", ["held", "awaiting_approval", "scheduled"])
def test_what_the_bank_names_had_left_whatever_the_backup_thinks(
    company: Company, state: str
) -> None:
    if state == "scheduled":
        ids = company.pay(1)
    else:
        ids = company.ask(company.request("A", payee="V9" if state == "held" else "V1"))
    assert [s.value for s in company.states(ids)] == [state]
    quarantine(company)
    key = key_of(company, ids[0])
    hear(company, pain_002("M-FORGOTTEN", lines=[(key, "ACSP", "")]))
    assert company.states(ids) == [OrderState.IN_FLIGHT]
    assert company.attempts(ids) == ["accepted"]
    file = file_of(company, "M-FORGOTTEN")
    assert (file.state.value, file.line_count, file.dispatched_at) == ("acknowledged", 1, None)
    assert file.next_action_at
    (case,) = [told for kind, told in company.cases() if kind == "contradiction"]
    assert company.orders(ids)[0].number in case
    (moved,) = [e for e in company.events("order.moved") if e["move"] == "recover"]
    assert moved["state_after"] == "in_flight"


def test_a_refusal_that_was_forgotten_is_believed_too(company: Company) -> None:
    ids = company.pay(2)
    quarantine(company)
    first, second = (key_of(company, order_id) for order_id in ids)
    lines = [(first, "ACSC", ""), (second, "RJCT", "AC04")]
    hear(company, pain_002("M-1", group="PART", lines=lines))
    assert company.states(ids) == [OrderState.EXECUTED, OrderState.REJECTED]


def test_without_a_restore_such_a_message_moves_nothing(company: Company) -> None:
    ids = company.pay(1)
    hear(company, pain_002("M-1", lines=[(key_of(company, ids[0]), "ACSC", "")]))
    assert company.states(ids) == [OrderState.SCHEDULED]
    assert [kind for kind, _ in company.cases()] == ["contradiction"]


def test_a_booking_first_and_the_banks_report_afterwards(company: Company) -> None:
    ids = company.pay(2)
    quarantine(company)
    booked = [_booked(company, order_id) for order_id in ids[:1]]
    hear(company, camt_053(company.accounts[ACCOUNT], booked))
    assert company.states(ids) == [OrderState.SETTLED, OrderState.SCHEDULED]
    lines = [(key_of(company, order_id), "ACSC", "") for order_id in ids]
    hear(company, pain_002("M-1", lines=lines))
    assert company.states(ids) == [OrderState.SETTLED, OrderState.EXECUTED]


def test_a_payment_in_doubt_is_not_rebuilt_but_answered(company: Company) -> None:
    ids = company.pay(1)
    (submission_id,) = company.release()
    quarantine(company)
    message_id = file_of_id(company, submission_id)
    hear(company, pain_002(message_id, lines=[(key_of(company, ids[0]), "ACSC", "")]))
    assert company.states(ids) == [OrderState.EXECUTED]
    with tenant(company.tenant_id):
        assert models.Submission.objects.count() == 1


# ---- What was forgotten altogether


def test_what_the_erp_asks_for_again_waits_when_the_bank_booked_it(company: Company) -> None:
    quarantine(company)
    asked = company.ask(company.request("EARLY", 123_45), company.request("OTHER", 777_77))
    company.approve(asked)
    payee = company.payees["V1"]
    today = company.clock.now().date()
    lines = [
        Booking(minor=-123_45, end_to_end_id="GONE-1", reference="B1", party_iban=payee, day=today),
        Booking(minor=-543_21, end_to_end_id="GONE-2", reference="B2", party_iban=payee, day=today),
    ]
    hear(company, camt_053(company.accounts[ACCOUNT], lines))
    resolve(company, f"restore/{stop_of(company, company.bank_id)}")
    lift(company, company.bank_id)
    assert company.states(asked) == [OrderState.HELD, OrderState.SCHEDULED]
    late = company.ask(company.request("LATE", 543_21))
    assert company.states(late) == [OrderState.HELD]
    with tenant(company.tenant_id):
        holds = models.Hold.objects.filter(order_id__in=[asked[0], late[0]])
        assert {hold.code for hold in holds} == {"duplicate_suspected"}
        assert approvals.given(asked)[asked[0]] == {}
    acting = company.acting(company.bob)
    approval.release_hold(acting, company.bob, late[0], "another invoice")
    company.clock.advance(days=61)
    rent = company.ask(company.request("RENT", 543_21))
    assert company.states(rent) == [OrderState.AWAITING_APPROVAL]
    company.clock.advance(days=-61)
    company.approve(late)
    assert company.states(late) == [OrderState.SCHEDULED]


# ---- When it is over


def test_it_is_lifted_when_nothing_is_open(company: Company) -> None:
    company.pay(1)
    (submission_id,) = company.release()
    forward = company.clock.now().date() + timedelta(days=9)
    later = company.ask(company.request("LATER", requested_date=forward))
    quarantine(company)
    company.clock.advance(minutes=1)
    hear(company, pain_002("M-STRANGE", group="ACCP"))
    told = why_not(lambda: lift(company, company.bank_id))
    assert file_of_id(company, submission_id) in told
    assert "M-STRANGE" in told
    assert company.accounts[ACCOUNT] in told
    assert company.orders(later)[0].number in told
    resolve(company, "unknown/", f"restore/{stop_of(company, company.bank_id)}")
    told = why_not(lambda: lift(company, company.bank_id))
    assert "M-STRANGE" not in told
    has_it = operator_evidence.Told(
        kind=EvidenceKind.BANK_HAS_IT,
        submission_id=submission_id,
        told_by="Ms Vos",
        text="read from their log",
    )
    operator_evidence.state(company.acting(company.ann), company.ann, has_it)
    lift(company, company.bank_id)
    with tenant(company.tenant_id):
        assert not freezes.is_frozen(FreezeScope.CONNECTION, company.bank_id)


def test_a_batch_that_nobody_knows_keeps_the_stop(company: Company) -> None:
    quarantine(company)
    resolve(company, f"restore/{stop_of(company, company.bank_id)}")
    batch = Booking(minor=-300_00, batch="M-9-1", count=3, reference="B9")
    hear(company, camt_053(company.accounts[ACCOUNT], [batch]))
    assert "M-9-1" in why_not(lambda: lift(company, company.bank_id))


# ---- By itself


def test_a_fresh_home_and_a_log_that_goes_on_raise_no_alarm(
    company: Company, tmp_path: Path
) -> None:
    company.pay(1)
    assert high_water.behind(tmp_path, company.tenant_id) == ""
    assert restoring.seal_and_note(tmp_path, company.clock.now()) > 0
    company.pay(1, "Q")
    assert restoring.seal_and_note(tmp_path, company.clock.now()) > 0
    assert high_water.behind(tmp_path, company.tenant_id) == ""
    assert restoring.quarantine_restored(tmp_path) == []


def test_another_log_of_the_same_length_is_seen(company: Company, tmp_path: Path) -> None:
    company.pay(1)
    sealing.seal_all(company.clock.now())
    high_water.note(tmp_path, company.tenant_id)
    (place,) = (tmp_path / high_water.FOLDER).iterdir()
    text = place.read_text()
    place.write_text(text.replace(text[-20:-2], "0" * 18))
    with capture_logs() as told:
        assert restoring.quarantine_restored(tmp_path) == [company.code]
    assert ("database_was_restored", "error") in {(t["event"], t["log_level"]) for t in told}
    stop_of(company, company.bank_id)
    assert restoring.quarantine_restored(tmp_path) == []  # Known from now on.
