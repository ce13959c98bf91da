"""What is held about one payee: shown to him as one archive, and erased when it need not be kept.

The export (GDPR articles 15 and 20) is a reveal and in the log. The erasure (article 17) is
refused, with the date, while the law or a legal hold asks for his records, and while anything of
him is under way. His number stays, and so do amounts, dates and states: the books name nobody.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.storage import (
    ciphertext,
    events,
    evidence,
    evidence_keys,
    payee_traces,
    person_profiles,
    personal_data,
    retention,
)
from nostro.storage.payee_traces import PayeeTraces
from nostro.storage.tenancy import tenant
from nostro.storage.texts import ERASED
from nostro.workflows import evidence_pack, personal_profile
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting
from nostro.workflows.erasing import erase_events
from nostro.workflows.retention import (
    ENDED,
    destroy_evidence,
    erase_evidence,
    must_be_kept,
    named,
)

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
NEWEST = "the newest payment to him, or in the same file, must"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How much is held about a payee: rows of each table, files, events; `why_not` tells why it
    cannot be erased now, and `when` what to wait for; "" when it can."""

    payee_id: UUID
    number: str
    rows: dict[str, int]
    files: int
    events: int
    why_not: str
    when: str


def traced(number: str) -> PayeeTraces:
    """What is held about the payee of this number, or of `iban:` and his account; inside a unit of
    work. Raises Refused."""
    traces = payee_traces.traces_of(number)
    if traces is None:
        raise unknown(number)
    return traces


def unknown(number: str) -> Refused:
    return Refused(
        "payee_unknown",
        f"There is no payee {number[:60]}.",
        "Nothing was done.",
        "Give the number that payments name him by, or iban: and his account.",
        field="number",
    )


def held(acting: Acting, number: str) -> Held:
    """How much is held about a payee, and until when it must be."""
    with tenant(acting.tenant_id):
        traces = traced(number)
        refused = may_not_erase(acting, traces)
        return Held(
            payee_id=traces.payee_id,
            number=number,
            rows={table: len(ids) for table, ids in sorted(traces.rows.items())},
            files=len(traces.evidence),
            events=len(payee_traces.event_ids(traces)),
            why_not=refused.happened if refused else "",
            when=refused.can_do if refused else "",
        )


def export(
    acting: Acting, number: str, reason: str, out: BinaryIO, *, with_files: bool = False
) -> str:
    """Write all that is held about a payee as one archive; its event is written first.

    `person.json` has every row with every column, the events and the files by reference. The bytes
    of the files are only in it `with_files`: they show other people too. Returns the SHA-256 of
    person.json, which the log has as well.
    """
    told = checked_reason(reason)
    with tenant(acting.tenant_id):
        traces = traced(number)
        content = msgspec.json.format(msgspec.json.encode(_told(acting, traces)), indent=1)
        digest = hashlib.sha256(content).hexdigest()
        data = {"reason": told, "sha256": digest, "with_files": with_files}
        events.record([acting.event("payee.revealed", "payee", traces.payee_id, **data)])
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, "person.json", content)
            for row in personal_data.files_of(traces.evidence) if with_files else ():
                if row["name"] != ERASED:
                    name = f"files/{row['id']}{evidence_pack.suffix_of(row['media_type'])}"
                    _add(archive, name, evidence.read(row["id"]))
    return digest


def _told(acting: Acting, traces: PayeeTraces) -> dict[str, Any]:
    return {
        "payee": {"number": traces.number, "name": traces.name},
        "made_at": acting.world.clock.now(),
        "rows": dict(personal_data.rows_of(traces)),
        "files": personal_data.files_of(traces.evidence),
        "events": list(events.of_ids(payee_traces.event_ids(traces))),
        "named_elsewhere": personal_data.named_elsewhere(traces.needles),
    }


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED)


# Erasing.


def may_not_erase(acting: Acting, traces: PayeeTraces) -> Refused | None:
    """Why a payee is not to be erased now; None when he may be. Inside a unit of work."""
    if numbers := payee_traces.open_payments(traces, ENDED):
        why = f"payments to him, or in the same file, are under way: {named(numbers)}"
        return _kept(traces.number, why, "when they have ended")
    if waiting := payee_traces.open_about(traces):
        return _kept(traces.number, f"there are {', '.join(waiting)}", "when these are done")
    newest = payee_traces.newest(traces)
    if newest and (kept := must_be_kept(traces.evidence, newest, acting.world.clock.now())):
        why, when = kept
        return _kept(traces.number, why.replace("it must", NEWEST), when)
    return None


def erase(acting: Acting, traces: PayeeTraces, reason: str, **told: Any) -> dict[str, int]:
    """Make everything that is held about a payee speak of nobody; how many rows of each table.

    Inside the open unit of work; what is refused and by whom it is agreed to is the caller's
    question. What was erased is in the log by its number and counts, without a word of it.
    """
    for evidence_id in sorted(traces.evidence):
        if not evidence_keys.erased(evidence_id):
            destroy_evidence(acting, evidence_id, reason)
    emptied = erase_events(acting, payee_traces.event_ids(traces), reason)
    changed = personal_data.overwrite(traces, ciphertext.new_key())
    data = {
        "number": traces.lasting_number,
        "rows": changed,
        "files": len(traces.evidence),
        "events": len(emptied),
        "named_elsewhere": personal_data.named_elsewhere(traces.needles),
        "reason": reason,
        **told,
    }
    events.record([acting.event("payee.erased", "payee", traces.payee_id, **data)])
    return changed


def _kept(number: str, why: str, when: str) -> Refused:
    return Refused(
        "person_must_be_kept",
        f"Payee {number} cannot be erased: {why}.",
        "Nothing was erased.",
        f"Ask again {when}.",
    )


# After a restore.


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure as the log tells it: what (payee, person or evidence), which one, when, why."""

    customer_id: UUID
    what: str
    subject_id: UUID
    erased_at: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: str


def erasures(acting: Acting) -> list[Erasure]:
    """Every erasure in the customer's log, oldest first."""
    with tenant(acting.tenant_id):
        found = events.of_types(("payee.erased", "person.erased", "evidence.erased"))
        return [
            Erasure(
                customer_id=acting.tenant_id,
                what=event.subject_kind,
                subject_id=UUID(event.subject_id),
                erased_at=event.occurred_at,
                reason=str(event.data.get("reason", "")),
            )
            for event in found
        ]


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """How many erasures a backup had brought back and were done again; and of each that was not,
    which one and why not."""

    erased: int
    kept: list[str]


def repeat(acting: Acting, done: Sequence[Erasure]) -> Repeated:
    """Erase again what a restored backup has brought back; only those of this customer.

    The list is a plain file that anybody can write, so it decides nothing: without a restore since,
    nothing is erased, and what must be kept today is kept. One that is kept does not stop others.
    """
    restored_at = _restored_at(acting)
    erased, kept = 0, []
    for one in done:
        if one.customer_id == acting.tenant_id:
            try:
                with tenant(acting.tenant_id):
                    erased += _repeat(acting, one, restored_at)
            except (Invalid, Refused) as refused:
                kept.append(
                    f"{one.what} {one.subject_id}: {refused.happened} {refused.can_do}".strip()
                )
    return Repeated(erased=erased, kept=kept)


def _restored_at(acting: Acting) -> datetime | None:
    """When the customer was last quarantined. That may be over: some of what was brought back can
    only be erased once the banks have told how it ended."""
    with tenant(acting.tenant_id):
        entered = events.of_types(("customer.quarantined",))
    return entered[-1].occurred_at if entered else None


def _repeat(acting: Acting, one: Erasure, restored_at: datetime | None) -> bool:
    """Whether it was there and is erased now, inside a unit of work. Raises Refused."""
    told = {"first_erased_at": one.erased_at.isoformat()}
    if one.what == "evidence":
        row = retention.lock(one.subject_id)
        if row is None or evidence_keys.erased(row.id):
            return False
        _check_restored(one, restored_at)
        erase_evidence(acting, row.id, one.reason)
        return True
    if one.what == "person":
        there = person_profiles.worked_here(one.subject_id)
        if not there or person_profiles.is_erased(one.subject_id):
            return False
        _check_restored(one, restored_at)
        personal_profile.must_have_left(one.subject_id)
        personal_profile.erase(acting, one.subject_id, one.reason, **told)
        return True
    traces = payee_traces.payee_traces(one.subject_id)
    if traces is None or traces.name == ERASED:
        return False
    _check_restored(one, restored_at)
    if refused := may_not_erase(acting, traces):
        raise refused
    erase(acting, traces, one.reason, **told)
    return True


def _check_restored(one: Erasure, restored_at: datetime | None) -> None:
    if restored_at is None or restored_at < one.erased_at:
        raise Refused(
            "not_restored",
            "No backup was restored since it was erased.",
            can_do="Ask for it as for any other erasure.",
        )
