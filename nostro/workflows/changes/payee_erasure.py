"""A payee who asks to be forgotten: his name, addresses, accounts and files are erased for good."""

from __future__ import annotations

from uuid import UUID

import msgspec

from nostro.domain.errors import Refused
from nostro.domain.party import Action
from nostro.domain.policies import confidential
from nostro.domain.policies.touching import Touch
from nostro.storage import payee_traces, people
from nostro.storage.payee_traces import ERASURE, PayeeTraces
from nostro.storage.texts import ERASED
from nostro.workflows import personal_data as work
from nostro.workflows.changes import Change, Done, Kind
from nostro.workflows.context import Acting


class WantedPayeeErasure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`number` is the customer's own number of the payee, which stays, or `iban:` and his account,
    which does not."""

    number: str


def _look(acting: Acting, wanted: WantedPayeeErasure, _: UUID) -> Change:
    traces = work.traced(wanted.number)
    _check_visible(acting, wanted, traces)
    if traces.name == ERASED:
        raise Refused(
            "person_erased",
            f"Payee {wanted.number} was erased before.",
            "Nothing was asked for.",
            "Look for the event payee.erased about him.",
        )
    if refused := work.may_not_erase(acting, traces):
        raise refused
    rows = {table: len(ids) for table, ids in sorted(traces.rows.items())}
    before = {"held": "readable", "rows": rows, "files": len(traces.evidence)}
    return Change(
        subject_id=traces.payee_id,
        subject=f"Payee {traces.lasting_number or 'whom payments name by his account'}",
        before=before,
        after={"held": "erased for good, all but number, amounts and dates"},
    )


def _check_visible(acting: Acting, wanted: WantedPayeeErasure, traces: PayeeTraces) -> None:
    """Raise Refused, as if he were not there, for one known only from confidential payments."""
    by = acting.actor
    if by.kind not in ("person", "api_key") or not payee_traces.is_confidential(traces):
        return
    ids = [UUID(by.id)] if by.kind == "person" else []
    if not any(confidential.sees(one) for one in people.members(ids, acting.world.clock.now())):
        raise work.unknown(wanted.number)


def _apply(acting: Acting, wanted: WantedPayeeErasure, change: Change, done: Done) -> None:
    request = str(done.request_id)
    work.erase(acting, work.traced(wanted.number), done.reason, request=request)


KIND = Kind(
    name=ERASURE,
    title="Erase a payee",
    wanted=WantedPayeeErasure,
    asks=(Action.PROPOSE_PAYEES, Action.DECIDE_PAYEES),
    decides=Action.DECIDE_PAYEES,
    look=_look,
    apply=_apply,
    touches=Touch.ERASURE,
)
