"""A payment run taken in: looked through whole, then stored portion by portion, once each line.

1. The whole file is read and nothing stored: a file that contradicts itself is refused whole.
2. The run is stored as importing; none of its orders can be approved.
3. It is read again and stored in portions, one transaction each, with how far that is. Whoever
   is interrupted, is continued by anybody: a line that is stored is passed over.
4. What was stored is added up and compared with what was read; then the run is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

import msgspec

from nostro import formats
from nostro.domain.case import CaseKind
from nostro.domain.credit_note import CreditNoteLine
from nostro.domain.errors import Invalid, Refused
from nostro.domain.order import OrderMove
from nostro.domain.party import Member
from nostro.domain.payment import PaymentRequest, RunTotals
from nostro.domain.payment_run import RUN, RunMove, RunState
from nostro.domain.problem import RejectedLine
from nostro.formats import Format, Profile
from nostro.storage import cases, confidential, events, evidence, orders, people, runs
from nostro.storage.cases import NewCase
from nostro.storage.runs import LineOutcome, RunRow
from nostro.storage.tenancy import tenant
from nostro.workflows import credit_notes, order_intake, run_reading
from nostro.workflows.context import Acting
from nostro.workflows.moves import CASE_DUE_IN, move_orders
from nostro.workflows.payment_checks import REPEATED, Checked, Maker, check_all
from nostro.workflows.run_layouts import NOT_TAKEN, brought_as_run, meant
from nostro.workflows.run_reading import Line, portions, read_lines, survey

RUN_FILE = "payment_run_file"
ACCEPTED, HELD, REFUSED = "accepted", "held", "refused"
LEASE = timedelta(seconds=60)

Heard = Callable[[int, int], None]


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is there, and whether it was there before."""

    run_id: UUID
    repeated: bool


def take(
    acting: Acting,
    source: str,
    kept: UUID,
    form: Format,
    profile: Profile,
    heard: Heard = lambda _done, _of: None,
) -> Begun:
    """Take in a run whose bytes are kept; what is stored already is continued, never repeated.

    `heard` is told how many lines are stored, and of how many. A run of one portion is stored in
    one transaction. Raises Invalid when the file as a whole cannot be used, Refused when it came
    before from another source or by another profile.
    """
    with tenant(acting.tenant_id):
        name, _, digest = evidence.describe(kept)
        earlier = evidence.seen_before(RUN_FILE, digest)
        stream = evidence.reading(kept)
    if earlier is None:
        run = _looked_through(acting, source, name, kept, form, profile, stream)
        if run.line_count <= run_reading.PORTION:
            with tenant(acting.tenant_id):
                begun = _begin(acting, run, digest, profile)
                carry_on(acting, begun.run_id, heard)
            return begun
        with tenant(acting.tenant_id):
            begun = _begin(acting, run, digest, profile)
    else:
        with tenant(acting.tenant_id):
            begun = _again(earlier, source, profile)
    carry_on(acting, begun.run_id, heard)
    return begun


def _looked_through(
    acting: Acting,
    source: str,
    name: str,
    kept: UUID,
    form: Format,
    profile: Profile,
    stream: BinaryIO,
) -> RunRow:
    """The run as its file tells it. A file that contradicts itself leaves its bytes and a word."""
    try:
        found = survey(form, stream, profile)
    except Invalid as refusal:
        refusal.did = NOT_TAKEN
        with tenant(acting.tenant_id):
            told = {"source": source, "file": name, "code": refusal.code}
            events.record(
                [acting.event("run.refused", "evidence", kept, **told, text=refusal.happened)]
            )
        raise
    return RunRow(
        id=acting.world.ids.new(),
        source=source,
        reference=found.run_id or name,
        evidence_id=kept,
        received_at=acting.world.clock.now(),
        line_count=found.lines,
        totals=found.totals,
        stated_totals=found.stated,
        format_profile=msgspec.json.encode((form.name, profile)).decode(),
        maker_id=acting.actor.id,
        maker_name=acting.actor.name,
        confidential=_is_confidential(acting, kept),
    )


def _is_confidential(acting: Acting, kept: UUID) -> bool:
    """Whether the file is: it was marked as it arrived, and never loses the mark."""
    with tenant(acting.tenant_id):
        return confidential.is_confidential("evidence", kept)


def _again(run_id: UUID, source: str, profile: Profile) -> Begun:
    """A run that came before. Raises Refused when it is now said to be another one.

    Its references are unique within its source, so another source would make other payments of it.
    """
    run = runs.load(run_id)
    if not run.confidential and confidential.is_confidential("evidence", run.evidence_id):
        raise Refused(
            "run_not_confidential",
            f"This file came before, as run {run.reference}, and was not confidential then.",
            "Its payments stay visible; the file itself is confidential from now on.",
            "Take its payments back and have the run exported anew, under other references.",
        )
    asked = meant(profile)
    # An older version kept none: by whatever the file was read then, its source tells it.
    read_by = meant(_reading_of(run)[1]) if run.format_profile else asked
    if (run.source, read_by) == (source, asked):
        return Begun(run_id=run_id, repeated=True)
    raise Refused(
        "run_came_otherwise",
        f"This file came before, as run {run.reference} of the source {run.source} with the profile"
        f" {read_by.name}; now the source is {source} and the profile {asked.name}.",
        "Nothing was taken in: a file is taken in once.",
        f"To see what became of it, repeat it with the source {run.source} and the profile"
        f" {read_by.name}. If that was wrong, take its payments back and have it exported anew.",
    )


def _reading_of(run: RunRow) -> tuple[str, Profile]:
    """The format and the profile by which a run's file is read; inside a unit of work.

    Versions before this was kept left it empty: such a file is told by its first bytes anew, and
    read by the usual layout, as it was then.
    """
    if not run.format_profile:
        head = evidence.reading(run.evidence_id).read(formats.HEAD_BYTES)
        return brought_as_run(formats.identify(head)).name, Profile()
    return msgspec.json.decode(run.format_profile, type=tuple[str, Profile])


def _begin(acting: Acting, run: RunRow, digest: str, profile: Profile) -> Begun:
    """Store the run itself, unless another one just did with the same bytes."""
    now = acting.world.clock.now()
    if earlier := evidence.first_time(RUN_FILE, digest, run.id, now):
        return _again(earlier, run.source, profile)
    # Another file under the same name is another run, visibly.
    if named := runs.count_named(run.source, run.reference):
        run = msgspec.structs.replace(run, reference=f"{run.reference} #{named + 1}")
    runs.insert(run, now + LEASE)
    if run.line_count > run_reading.PORTION:
        told = {"source": run.source, "reference": run.reference, "lines": run.line_count}
        events.record([acting.event("run.begun", "run", run.id, **told)])
    return Begun(run_id=run.id, repeated=False)


def carry_on(acting: Acting, run_id: UUID, heard: Heard = lambda _done, _of: None) -> RunState:
    """Store what is not stored yet of a run; returns where it stands then.

    Safe to call at any time, from several processes at once. A file that suddenly reads otherwise
    than when it was looked through makes the run refused.
    """
    with tenant(acting.tenant_id):
        run = runs.load(run_id)
        if run.state is not RunState.IMPORTING:
            return run.state
        lines = _lines(run)
    begin = 0
    try:
        for portion in portions(lines):
            if begin + len(portion) > run.lines_done:
                run = _store(acting, run_id, begin, portion)
                heard(run.lines_done, run.line_count)
            begin += len(portion)
    except Invalid as refusal:
        return _refuse(acting, run_id, refusal.happened)
    return _finish(acting, run_id)


def _lines(run: RunRow) -> Iterator[Line | RunTotals]:
    form_name, profile = _reading_of(run)
    return read_lines(formats.find()[form_name], evidence.reading(run.evidence_id), profile)


def _store(acting: Acting, run_id: UUID, begin: int, portion: list[Line]) -> RunRow:
    """Check and store one portion, in one transaction; what another importer stored is left."""
    with tenant(acting.tenant_id):
        run = runs.lock(run_id)
        fresh = portion[max(0, run.lines_done - begin) :]
        if run.state is not RunState.IMPORTING or not fresh:
            return run
        checked = _checked(acting, run, fresh)
        order_intake.store(acting, checked)
        refused = [line.said for line in fresh if isinstance(line.said, RejectedLine)]
        owed = [line for line in refused if isinstance(line, CreditNoteLine)]
        kept = credit_notes.put_aside(acting, _maker(acting, run).member, run, owed)
        other = [line for line in refused if not isinstance(line, CreditNoteLine)]
        outcomes = [*map(_outcome, checked), *map(_refusal, other), *kept]
        runs.insert_lines(run_id, acting.world.ids.new, outcomes)
        done = begin + len(portion)
        runs.advance(run_id, done, acting.world.clock.now() + LEASE)
        return msgspec.structs.replace(run, lines_done=done)


def _checked(acting: Acting, run: RunRow, fresh: list[Line]) -> list[Checked]:
    asked = [(line, line.said) for line in fresh if isinstance(line.said, PaymentRequest)]
    said = [msgspec.structs.replace(one, confidential=run.confidential) for _, one in asked]
    found = check_all(acting, run.source, said, run.id, maker=_maker(acting, run))
    return [_with_changes(one, line) for one, (line, _) in zip(found, asked, strict=True)]


def _maker(acting: Acting, run: RunRow) -> Maker:
    """Who handed the run in, with what he may make now, whoever goes on with it."""
    person_id = people.person_of_id(run.maker_id)
    if person_id is None:
        return Maker(id=run.maker_id, name=run.maker_name)  # The terminal, or a program.
    found = people.members([person_id], acting.world.clock.now())
    left = Member(id=run.maker_id, name=run.maker_name, roles=frozenset())
    return Maker(id=run.maker_id, name=run.maker_name, member=found[0] if found else left)


def _with_changes(found: Checked, line: Line) -> Checked:
    """What the bank will not be told although the source said it: approvers see it."""
    if not line.not_carried or found.order is None:
        return found
    order = found.order
    told = msgspec.structs.replace(order, source_changes=(*order.source_changes, *line.not_carried))
    return msgspec.structs.replace(found, order=told)


def _outcome(found: Checked) -> LineOutcome:
    first = found.findings[0] if found.findings else None
    if found.order is None:
        outcome = REPEATED if first and first.code == REPEATED else REFUSED
    else:
        outcome = HELD if found.findings else ACCEPTED
    return LineOutcome(
        line=found.request.line,
        outcome=outcome,
        order_id=found.order.id if found.order else None,
        code=first.code if first else "",
        sentence=first.sentence if first else "",
    )


def _refusal(line: RejectedLine) -> LineOutcome:
    return LineOutcome(
        line=line.line, outcome=REFUSED, code=line.code, sentence=line.sentence, raw=line.raw
    )


def _finish(acting: Acting, run_id: UUID) -> RunState:
    """Every line is stored: add up and compare, then the run's payments may be approved."""
    with tenant(acting.tenant_id):
        run = runs.lock(run_id)
        if run.state is not RunState.IMPORTING:
            return run.state
        counts = runs.count_outcomes(run_id)
        if differs := _difference(run, sum(counts.values())):
            return _refuse(acting, run_id, differs)
        after = RUN.after(run.state, RunMove.FINISH)
        runs.end(run_id, after, acting.world.clock.now())
        name, _, _ = evidence.describe(run.evidence_id)
        outcomes = {word: counts.get(word, 0) for word in (ACCEPTED, HELD, REFUSED, REPEATED)}
        events.record(
            [
                acting.event(
                    "run.received",
                    "run",
                    run_id,
                    source=run.source,
                    reference=run.reference,
                    file=name,
                    lines=run.line_count,
                    evidence_id=str(run.evidence_id),
                    **outcomes,
                )
            ]
        )
        return after


def _difference(run: RunRow, lines: int) -> str:
    """What is stored against what was read, and against what the file states; "" when equal."""
    if lines != run.line_count:
        return f"{run.line_count} lines were read and {lines} have an outcome."
    if run.stated_totals and run.stated_totals["count"] != lines:
        return f"The file states {run.stated_totals['count']} payments; {lines} have an outcome."
    left = runs.lines_without_order(run.id)
    stored = dict(runs.order_totals(run.id))
    for line in _lines(run) if left else ():
        if isinstance(line, Line) and isinstance(line.said, PaymentRequest):
            amount = line.said.amount
            if line.said.line in left:
                stored[amount.currency] = stored.get(amount.currency, 0) + amount.minor
    if stored != run.totals:
        return f"The lines add up to {run.totals}, what became of them to {stored}."
    return ""


def _refuse(acting: Acting, run_id: UUID, reason: str) -> RunState:
    """What was stored is not what the file says: nothing of it may be paid, and people are told."""
    now = acting.world.clock.now()
    with tenant(acting.tenant_id):
        run = runs.lock(run_id)
        if run.state is not RunState.IMPORTING:
            return run.state
        reason = "see its file." if run.confidential else reason
        after = RUN.after(run.state, RunMove.REFUSE)
        runs.end(run_id, after, now)
        stored = runs.order_ids(run_id)
        orders.lock(stored)
        move_orders(acting, stored, OrderMove.CANCEL, reason="run_refused", text=reason)
        events.record([acting.event("run.refused", "run", run_id, text=reason)])
        case = NewCase(
            id=acting.world.ids.new(),
            kind=CaseKind.DIFFERENCE,
            natural_key=f"run/{run_id}",
            sentence=f"Payment run {run.reference} was refused while it was stored: {reason}"
            f" Its {len(stored)} stored payments were cancelled.",
            can_do="Report this: it is a defect of the reader. Then send the payments anew.",
            due_at=now + CASE_DUE_IN,
        )
        cases.open_all([case], now)
        return after
