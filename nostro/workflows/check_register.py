"""The register of checks: who issued which to whom, and what a person wants void or stopped.

1. A number of an account is one check: the same again changes nothing, another one is refused.
2. Numbers that nobody entered between two others are named: a blank check may be gone.
3. Void and stop are asked for with a reason; the bank is told with the next file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from nostro.domain.check_state import CHECK, CheckMove, CheckState
from nostro.domain.duties import Touched
from nostro.domain.errors import Invalid, Refused
from nostro.domain.issued_check import CheckAction
from nostro.domain.money import Money, total
from nostro.domain.party import Account, Member
from nostro.domain.policies import check_rights
from nostro.domain.policies.positive_pay import PositivePayTerms
from nostro.storage import checks, events, parties, policies
from nostro.storage.checks import CheckRow
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.check_moves import confirmed, ended, move
from nostro.workflows.context import Acting
from nostro.workflows.moves import end_by_check
from nostro.workflows.wake import wake

AT_ONCE_MAX = 10_000
NUMBER_DIGITS_MAX = 15
PAYEE_LINES_MAX = 4
GAPS_NAMED = 50
_NOTHING = "No check was entered."


class NewCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check as somebody says that it was issued. `account`: its IBAN, the bank's number of it, or
    our id."""

    account: str
    number: str
    amount: Money
    payee: tuple[str, ...]
    issued_on: date
    payee_number: str = ""


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a list of checks: how many are new, which had been entered before, and the
    numbers missing between checks of the same accounts, in words."""

    new: int
    known: int
    gaps: tuple[str, ...]
    check_ids: tuple[UUID, ...]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and what it may not prevent."""

    check_id: UUID
    sentence: str


def register(acting: Acting, member: Member, source: str, wanted: Sequence[NewCheck]) -> Registered:
    """Enter checks that were issued; all or none.

    Raises Invalid with the place for what cannot be a check, Refused where the number is taken by
    another one or the member may not.
    """
    check_rights.may_register(member)
    _check_count(wanted)
    with tenant(acting.tenant_id):
        found = [
            (_account_of(acting, one.account, place), _sound(one, place))
            for place, one in enumerate(wanted, 1)
        ]
        for place, (account, one) in enumerate(found, 1):
            _fits(member, account, one, place)
        before = _before(found)
        new, known = _told_apart(found, before)
        made = _insert(acting, member, source, new)
        if made:
            wake("tell_checks", tenant_id=acting.tenant_id)
        accounts = {account.id: account for account, _ in found}
        return Registered(
            new=len(made),
            known=known,
            gaps=tuple(gap for account in accounts.values() for gap in gaps(account)),
            check_ids=tuple(made),
        )


def gaps(account: Account) -> list[str]:
    """The numbers that nobody entered between two checks of an account; inside a unit of work."""
    found = checks.missing_between(UUID(account.id), GAPS_NAMED)
    return [
        f"{account.name}: {first}" if first == last else f"{account.name}: {first} to {last}"
        for first, last in found
    ]


def take_back(
    acting: Acting, member: Member, check_id: UUID, action: CheckAction, reason: str
) -> Asked:
    """Ask for a check to be void or stopped; the bank is told with the next file.

    Raises Refused when the member may not, or the check is paid or gone.
    """
    check_rights.may_take_back(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = locked(check_id)
        check_rights.may_take_back(member, row.touched())
        now = acting.world.clock.now()
        step = CheckMove.ASK_STOP if action is CheckAction.STOP else CheckMove.ASK_VOID
        sentence = _warning(row, action)
        move(
            acting,
            [row],
            step,
            text=told,
            acted_on=now.date(),
            acted_by=member.id,
            acted_by_name=member.name,
            reason=told,
            act_file_id=None,
            not_in_file="",
            next_action_at=now,
        )
        wake("tell_checks", tenant_id=acting.tenant_id)
        return Asked(check_id=row.id, sentence=sentence)


def told_otherwise(acting: Acting, member: Member, check_id: UUID, reason: str) -> None:
    """A person has told the bank what no file could, by its portal or on the phone; or has heard
    there that it knows what a file said and it did not acknowledge.

    Raises Refused when a file can say it, or the member may not. What ends a payment takes two
    people: one wants its check void or stopped, another one says that the bank knows.
    """
    check_rights.may_take_back(member)
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        row = locked(check_id)
        check_rights.may_take_back(member, row.touched())
        if row.unconfirmed:
            _confirm(acting, member, row, told)
            return
        if not row.not_in_file:
            raise Refused(
                "check_in_file",
                f"Check {row.number} goes to the bank in a file, by itself.",
                can_do="Wait until the file has arrived.",
            )
        steps = {
            CheckState.ISSUED: CheckMove.TELL,
            CheckState.VOID_ASKED: CheckMove.VOID,
            CheckState.STOP_ASKED: CheckMove.STOP,
        }
        step = steps[row.state]
        if ended([row], step) and row.acted_by == member.id:
            raise _by_another(row)
        move(
            acting,
            [row],
            step,
            text=f"Told by {member.name}: {told}",
            not_in_file="",
            next_action_at=None,
        )
        end_by_check(acting, ended([row], step))


def _confirm(acting: Acting, member: Member, row: CheckRow, reason: str) -> None:
    """The bank has the file with its void or stop, and said to a person that it knows."""
    if row.acted_by == member.id:
        raise _by_another(row)
    told = {"number": row.number, "state": row.state.value, "text": reason}
    events.record([acting.event("check.confirmed", "check", row.id, **told)])
    confirmed(acting, [row], f"{member.name}: {reason}")
    end_by_check(acting, [row.order_id] if row.order_id else [])


def _by_another(row: CheckRow) -> Refused:
    return Refused(
        "second_person_needed",
        f"The payment of check {row.number} ends with this and may be made again; you asked for"
        " the check to be taken back.",
        "Nothing was noted, and the payment stays open.",
        "Let somebody else ask the bank whether it knows, and note that.",
    )


def locked(check_id: UUID) -> CheckRow:
    """The check, locked; raises Refused when this customer has none of that id."""
    found = checks.lock([check_id])
    if not found:
        raise Refused(
            "check_unknown",
            "There is no such check for this customer.",
            can_do="Reload the register.",
        )
    return found[0]


def _warning(row: CheckRow, action: CheckAction) -> str:
    """What was asked for, and that it may be too late."""
    CHECK.after(row.state, CheckMove.ASK_STOP if action is CheckAction.STOP else CheckMove.ASK_VOID)
    told = f"The bank is told with the next file that check {row.number} is to be {action}ed."
    if row.state is CheckState.ISSUED and row.issue_file_id is None:
        return f"{told} It has not heard of the check yet."
    return f"{told} It may have been presented already: look at the account before you pay again."


# What is entered.


def _check_count(wanted: Sequence[NewCheck]) -> None:
    if 0 < len(wanted) <= AT_ONCE_MAX:
        return
    raise Invalid(
        "checks_out_of_range",
        f"{len(wanted)} checks were given; 1 to {AT_ONCE_MAX} are entered at once.",
        _NOTHING,
        "Give them in parts.",
        field="checks",
    )


def account_named(acting: Acting, named: str) -> Account | None:
    """The account of an IBAN, of the number that its bank knows, or of our id; inside a unit of
    work."""
    text = "".join(named.split()).upper()
    as_id = text.lower()
    accounts = parties.accounts()
    terms = policies.in_force(PositivePayTerms, acting.world.clock.now()).numbered(text)
    own = terms.account_id if terms and text else ""
    return next((one for one in accounts if one.iban == text or one.id in (own, as_id)), None)


def _account_of(acting: Acting, named: str, place: int) -> Account:
    found = account_named(acting, named)
    if found is None:
        raise Invalid(
            "account_unknown",
            f"{named[:40]!r} is not an account of this customer.",
            _NOTHING,
            "Give its IBAN, or the number under which positive pay was set up for it.",
            location=f"check {place}",
            field="account",
        )
    return found


def _sound(one: NewCheck, place: int) -> NewCheck:
    """The check with its number as the register has it. Raises Invalid."""
    number = one.number.strip().lstrip("0")
    if not (number.isascii() and number.isdigit()) or len(number) > NUMBER_DIGITS_MAX:
        raise _wrong(
            "check_number_wrong", place, "number", f"{one.number[:40]!r} is not a check's number."
        )
    if one.amount.minor <= 0:
        raise _wrong("amount_wrong", place, "amount", f"A check of {one.amount} cannot be issued.")
    payee = tuple(line.strip() for line in one.payee if line.strip())
    if not payee or len(payee) > PAYEE_LINES_MAX:
        told = f"The payee has {len(payee)} lines; 1 to {PAYEE_LINES_MAX} are needed."
        raise _wrong("payee_missing", place, "payee", told)
    return msgspec.structs.replace(one, number=number, payee=payee)


def _wrong(code: str, place: int, field: str, happened: str) -> Invalid:
    return Invalid(
        code,
        happened,
        _NOTHING,
        "Correct it and give the list again.",
        location=f"check {place}",
        field=field,
    )


def _fits(member: Member, account: Account, one: NewCheck, place: int) -> None:
    if one.amount.currency != account.currency:
        told = f"{one.amount} is not in {account.currency}, the currency of {account.name}."
        raise _wrong("currency_differs", place, "amount", told)
    about = Touched(entity_id=account.legal_entity_id, account_id=account.id, amount=one.amount)
    check_rights.may_register(member, about)


def _before(found: Sequence[tuple[Account, NewCheck]]) -> dict[tuple[str, str], NewCheck]:
    """The checks of these numbers that the register has, as they were entered."""
    by_account: dict[str, list[str]] = {}
    for account, one in found:
        by_account.setdefault(account.id, []).append(one.number)
    return {
        (account_id, row.number): _as_entered(row)
        for account_id, numbers in by_account.items()
        for row in checks.named(UUID(account_id), numbers)
    }


def _as_entered(row: CheckRow) -> NewCheck:
    return NewCheck(
        account="",
        number=row.number,
        amount=row.amount,
        payee=row.payee,
        issued_on=row.issued_on,
        payee_number=row.payee_number,
    )


_HELD_AGAINST = ("amount", "payee", "issued_on")


def _told_apart(
    found: Sequence[tuple[Account, NewCheck]], before: dict[tuple[str, str], NewCheck]
) -> tuple[list[tuple[Account, NewCheck]], int]:
    """Those that are new, and how many are known; raises Refused for a number that is taken."""
    new, known = [], 0
    for place, (account, one) in enumerate(found, 1):
        earlier = before.setdefault((account.id, one.number), one)
        if earlier is one:
            new.append((account, one))
            continue
        for field in _HELD_AGAINST:
            if getattr(earlier, field) != getattr(one, field):
                raise _taken(account, one, earlier, field, place)
        known += 1
    return new, known


def _taken(account: Account, one: NewCheck, earlier: NewCheck, field: str, place: int) -> Refused:
    def said(check: NewCheck) -> str:
        value = getattr(check, field)
        return " / ".join(value) if isinstance(value, tuple) else str(value)

    what = {"amount": "amount", "payee": "payee", "issued_on": "day"}[field]
    return Refused(
        "check_number_taken",
        f"Check {one.number} of {account.name} is there with another {what}: {said(earlier)}, not"
        f" {said(one)}.",
        _NOTHING,
        "A number is used once: find out which of the two is true, and void a wrong one.",
        location=f"check {place}",
        field="number",
    )


def _insert(
    acting: Acting, member: Member, source: str, new: Sequence[tuple[Account, NewCheck]]
) -> list[UUID]:
    if not new:
        return []
    now, new_id = acting.world.clock.now(), acting.world.ids.new
    ids = [new_id() for _ in new]
    made = checks.insert(
        {
            "id": check_id,
            "account_id": UUID(account.id),
            "number": one.number,
            "amount_minor": one.amount.minor,
            "currency": one.amount.currency,
            "payee": list(one.payee),
            "payee_number": one.payee_number,
            "issued_on": one.issued_on,
            "source": source,
            "state": CheckState.ISSUED.value,
            "state_since": now,
            "maker_id": member.id,
            "maker_name": member.name,
            "created_at": now,
            "next_action_at": now,
        }
        for check_id, (account, one) in zip(ids, new, strict=True)
    )
    if made != len(new):
        raise Refused(
            "check_number_taken",
            "Somebody else entered one of these checks just now.",
            _NOTHING,
            "Give the list again: what is the same is passed over.",
        )
    own = [{"number": one.number, "amount": str(one.amount)} for _, one in new]
    said = {"source": source, "checks": len(new)}
    said["total"] = ", ".join(str(one) for one in total(one.amount for _, one in new).values())
    events.record_alike(acting.alike("check.registered", "check", ids, own, **said))
    return ids
