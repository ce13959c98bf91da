"""Holding and recalling payments from the terminal, and the letter to their bank."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nostro import app
from nostro.cli.payment_trace import order_id
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor
from nostro.domain.party import Member, Role
from nostro.domain.policies.recall import RecallReason

if TYPE_CHECKING:
    from nostro.workflows.cancelling import TakenBack
    from nostro.workflows.context import Acting


def hold(customer: str, numbers: Sequence[str], reason: str) -> None:
    acting, ids = _chosen(customer, numbers)
    from nostro.workflows.holding import place_hold

    place_hold(acting, _operator(), list(ids.values()), reason)
    print(f"Held: {', '.join(ids)}. A person releases or denies it.")


def recall(customer: str, numbers: Sequence[str], reason: str, text: str, *, as_json: bool) -> None:
    """Take payments back and say what became of each; ends with 1 when one could not be."""
    wanted = _reason(reason)
    acting, ids = _chosen(customer, numbers)
    from nostro.workflows import cancelling

    wish = cancelling.Wish(reason=wanted, text=text)
    done = cancelling.take_back(acting, _operator(), list(ids.values()), wish)
    told = [_outcome(number, one, done) for number, one in ids.items()]
    if as_json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        for row in told:
            print(f"{row['number']}  {row['outcome'].replace('_', ' ')}. {row['sentence']}")
    sys.exit(1 if done.not_taken else 0)


def letter(customer: str, submission: str, out: str) -> None:
    """Write the letter about a file, named by its message id or its id."""
    acting = _acting(customer)
    from nostro.workflows import bank_letter

    path = Path(out)
    if not path.parent.is_dir():
        raise Invalid(
            "folder_missing",
            f"There is no folder {path.parent}.",
            "Nothing was written.",
            "Make the folder, or choose another file.",
        )
    content = bank_letter.enquiry(acting, _submission(acting, submission))
    path.write_bytes(content)
    print(f"{path} ({len(content):,} bytes)")


def _operator() -> Member:
    """Whoever works at the terminal: no person of the customer, so nothing that needs one."""
    return Member(id="terminal", name=_name(), roles=frozenset({Role.MAKER}), is_person=False)


def _name() -> str:
    return f"{getpass.getuser()} at the terminal"


def _acting(customer: str) -> Acting:
    world = app.start()
    from nostro.cli import customers
    from nostro.workflows.context import Acting

    actor = Actor(kind="job", id="terminal", name=_name())
    return Acting(tenant_id=customers.one(customer).id, actor=actor, world=world)


def _chosen(customer: str, numbers: Sequence[str]) -> tuple[Acting, dict[str, UUID]]:
    """Who acts, and the payments that are meant, by what was typed."""
    if not numbers:
        raise Invalid(
            "payment_missing",
            "No payment was named.",
            can_do="Give its number, such as PAY-00012.",
        )
    acting = _acting(customer)
    from nostro.storage.tenancy import looking

    with looking(acting.tenant_id, cleared=False):
        found = {order_id(number): number for number in numbers}
    return acting, {number: one for one, number in found.items()}


def _reason(word: str) -> RecallReason:
    try:
        return RecallReason(word.upper())
    except ValueError:
        raise Invalid(
            "recall_reason_unknown",
            f"{word} is not a reason for a recall.",
            "Nothing was recalled.",
            f"Use one of: {', '.join(RecallReason)}.",
        ) from None


def _outcome(number: str, payment_id: UUID, done: TakenBack) -> dict[str, Any]:
    why_not = {row.order_id: row.sentence for row in done.not_taken}
    case_id = done.recalled.get(payment_id)
    if payment_id in done.cancelled:
        outcome, sentence = "cancelled", "It had not left and never will."
    elif case_id:
        outcome, sentence = "recalled", f"It has left; the bank is asked for it: case {case_id}."
    else:
        outcome, sentence = "not_taken", why_not[payment_id]
    told = {"number": number, "payment_id": str(payment_id), "outcome": outcome}
    return {**told, "case_id": str(case_id) if case_id else None, "sentence": sentence}


def _submission(acting: Acting, text: str) -> UUID:
    from nostro.storage import submissions
    from nostro.storage.tenancy import tenant

    with tenant(acting.tenant_id):
        found = submissions.by_message_id(text)
    if found:
        return found.id
    try:
        return UUID(text)
    except ValueError:
        raise Refused(
            "submission_unknown",
            f"There is no file with the message id {text}.",
            can_do="`nostro payments show NUMBER` tells the message id of a payment's file.",
        ) from None
