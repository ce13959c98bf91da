"""The evidence pack: one signed file that shows a payment, a statement line or a period from source
document to journal, for an auditor who checks it without nostro.

1. Say in the log who takes what.  2. Tell each thing and what it is tied to.  3. Add the bytes
themselves, or why they are missing.  4. Add what the log says of all this, with the proof that it
stands there and was signed.  5. Sign the whole.  docs/audit.md describes the file.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

import msgspec

from nostro import __version__
from nostro.domain.audit_statement import Checkpoint, Signed, read
from nostro.domain.canonical import canonical
from nostro.domain.duties import Touched
from nostro.domain.errors import Refused
from nostro.domain.party import Member
from nostro.domain.policies import evidence_pack as policy
from nostro.ops import audit_archive, checkpoints
from nostro.ops.pack_file import JSON_LINES, PackFile, Sink
from nostro.ops.secrets import FileSecrets
from nostro.storage import (
    confidential,
    events,
    evidence,
    evidence_graph,
    listing,
    parties,
    shown_events,
)
from nostro.storage.evidence_graph import Item, Shared
from nostro.workflows import evidence_summary
from nostro.workflows.context import Acting
from nostro.workflows.revealing import check_shown

PAYMENTS_MAX: Final = 200_000  # Of a pack, and as many statement lines: ids are held in memory.
AT_ONCE: Final = 500
_COPY_BYTES: Final = 1 << 16
_IN_MEMORY_BYTES: Final = 4 << 20
_ASKED_AS: Final = {"line": "transaction"}  # What a thing of the pack is to the clearance.
_SUFFIXES: Final = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/xml": ".xml",
    "text/csv": ".csv",
    "text/plain": ".txt",
}


def suffix_of(media_type: str) -> str:
    """How a file in an archive ends. Its own name is another's words: no archive has it."""
    return _SUFFIXES.get(media_type, ".bin")


class About(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked for: a payment, a statement line, or all of [since, until) in UTC."""

    payment: UUID | None = None
    line: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack will hold: payments, and statement lines besides those of the payments."""

    about: About
    payments: Sequence[UUID]
    lines: Sequence[UUID]


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack holds: things by kind, entries of the log, why evidence is missing by item."""

    counts: dict[str, int]
    entries: int
    not_covered: int
    missing: dict[str, str]
    manifest_digest: str


def take(acting: Acting, about: About) -> Taken:
    """Choose what goes in and record that it was taken; inside the open unit of work.

    Raises Refused when there is no such thing, or too much of it. To be committed before the first
    byte leaves.
    """
    taken = _chosen(about)
    if max(len(taken.payments), len(taken.lines)) > PAYMENTS_MAX:
        raise Refused(
            "evidence_pack_too_large",
            f"These are more than {PAYMENTS_MAX:,} payments or statement lines.",
            "No pack was made.",
            "Ask for a shorter period.",
        )
    told = msgspec.to_builtins(about)
    said = {"payments": len(taken.payments), "lines": len(taken.lines), **told}
    events.record([acting.event("audit.pack_taken", "customer", acting.tenant_id, **said)])
    return taken


def _chosen(about: About) -> Taken:
    if about.payment:
        if not evidence_graph.has_payment(about.payment):
            raise _no_payment()
        return Taken(about=about, payments=[about.payment], lines=[])
    if about.line:
        lines = [about.line] if evidence_graph.has_line(about.line) else []
        if not lines:
            what = "There is no such statement line."
            raise Refused("statement_line_unknown", what, "No pack was made.")
        return Taken(about=about, payments=_payments_of(lines), lines=lines)
    if about.since is None or about.until is None:
        raise ValueError("a pack is about a payment, a statement line or a period")
    most = PAYMENTS_MAX + 1
    received = evidence_graph.payments_between(about.since, about.until, most)
    lines = evidence_graph.lines_between(about.since, about.until, most)
    both = {*received, *_payments_of(lines)}
    return Taken(about=about, payments=sorted(both), lines=lines)


def _payments_of(lines: Sequence[UUID]) -> list[UUID]:
    found: set[UUID] = set()
    for ids in _slices(lines):
        found |= evidence_graph.payments_of_lines(ids)
    return sorted(found)


def write(
    acting: Acting, taken: Taken, out: BinaryIO, keys: FileSecrets, checkpoint: int = 0
) -> Packed:
    """Write what was taken as one signed file; inside the open unit of work.

    The log is proven up to the first checkpoint that covers all of it, or up to the one of this
    number. What no checkpoint covers is sealed and signed first. Raises Refused.
    """
    with PackFile(out) as file:
        pack = _Pack(acting, taken, file, keys)
        pack.tell_payments()
        pack.tell_shared()
        pack.add_evidence()
        return pack.finish(pack.proven_by(checkpoint))


def of_payment(
    acting: Acting, member: Member | None, order_id: UUID, keys: FileSecrets
) -> BinaryIO:
    """The pack of one payment, to be read from its beginning; inside the open unit of work.

    `member` is None for a program, whose scopes the caller has looked at. Raises Refused.
    """
    row = listing.payment(order_id)
    if row is None:
        raise _no_payment()
    if member:
        account_id = str(row.account_id or "")
        about = Touched(entity_id=str(row.entity_id), account_id=account_id, amount=row.amount)
        policy.may_take(member, about)
    taken = take(acting, About(payment=order_id))
    with ExitStack() as failed:
        out = failed.enter_context(SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))
        write(acting, taken, cast("BinaryIO", out), keys)
        out.seek(0)
        failed.pop_all()  # Whoever reads it closes it.
    return cast("BinaryIO", out)


def _no_payment() -> Refused:
    return Refused("payment_unknown", "There is no such payment.", "No pack was made.")


class _Pack:
    """One pack in the making; of what it tells it keeps ids, positions and sums."""

    def __init__(self, acting: Acting, taken: Taken, file: PackFile, keys: FileSecrets) -> None:
        self.acting, self.taken, self.file, self.keys = acting, taken, file, keys
        self.shared = Shared(line=set(taken.lines))
        self.counts: Counter[str] = Counter()
        self.sums: Counter[tuple[str, str]] = Counter()
        self.numbers: Counter[tuple[str, str]] = Counter()
        self.missing: dict[str, str] = {}
        self.positions = array("q")
        self.waiting: set[UUID] = set()
        self.emptied: list[str] = []

    def tell_payments(self) -> None:
        what = "each payment with what is its own"
        with self.file.member("payments.jsonl", what, JSON_LINES) as out:
            for ids in _slices(self.taken.payments):
                places = shown_events.places(ids)
                self._note(places)
                told = list(evidence_graph.payments(ids, places, self.shared))
                self._write(out, told, besides=("order", "check"))

    def tell_shared(self) -> None:
        what = "statement lines, files, payment runs and statements"
        with self.file.member("shared.jsonl", what, JSON_LINES) as out:
            for kind, tell in (
                ("line", evidence_graph.lines),
                ("submission", evidence_graph.submissions),
                ("run", evidence_graph.runs),
                ("statement", evidence_graph.statements),
            ):
                for ids in _slices(sorted(getattr(self.shared, kind))):
                    hidden = confidential.hidden(_ASKED_AS.get(kind, kind), ids)
                    told = list(tell([one for one in ids if one not in hidden], self.shared))
                    self._write(out, told)
                    self._write_hidden(out, kind, ids, told)

    def _write_hidden(
        self, out: Sink, kind: str, ids: Iterable[UUID], told: Iterable[Item]
    ) -> None:
        """What was linked to and is not shown to whoever takes the pack stands there as missing."""
        shown = {item.item for item in told}
        for name in (f"{kind}:{one}" for one in ids):
            if name not in shown:
                why = {"code": "not_shown", "why": "It may not be seen by whoever took the pack."}
                self.missing[name] = why["why"]
                out.write(canonical(Item(item=name, says={}, missing=why)) + b"\n")

    def add_evidence(self) -> None:
        """The bytes of every source document, file, message and statement."""
        told = []
        for ids in _slices(sorted(self.shared.evidence)):
            told += [self._added(item) for item in evidence_graph.evidence(ids)]
        what = "the files kept as evidence, and those that are missing"
        with self.file.member("evidence.jsonl", what, JSON_LINES) as out:
            self._write(out, told)

    def _added(self, item: Item) -> Item:
        evidence_id = UUID(item.item.partition(":")[2])
        try:
            check_shown(self.acting, "evidence", evidence_id)
            stream = evidence.reading(evidence_id)
        except Refused as error:
            self.missing[item.item] = error.happened
            why = {"code": error.code, "why": error.happened}
            return msgspec.structs.replace(item, missing=why)
        name = f"evidence/{evidence_id}{suffix_of(item.says['media_type'])}"
        with self.file.member(name, item.item, item.says["media_type"]) as out:
            while piece := stream.read(_COPY_BYTES):
                out.write(piece)
        return msgspec.structs.replace(item, member=name, sha256=self.file.members[-1].sha256)

    def _write(self, out: Sink, told: Collection[Item], besides: tuple[str, ...] = ()) -> None:
        """Write items, and note the events about them; those about `besides` are noted already."""
        subjects = []
        for item in told:
            kind, _, item_id = item.item.partition(":")
            self.counts[kind] += 1
            if kind not in besides:
                subjects.append(UUID(item_id))
            if kind == "order":
                self.numbers[item.says["state"], item.says["currency"]] += 1
                self.sums[item.says["state"], item.says["currency"]] += item.says["amount_minor"]
            out.write(canonical(item) + b"\n")
        for ids in _slices(subjects):
            self._note(shown_events.places(ids))

    def _note(self, places: Iterable[shown_events.Place]) -> None:
        for place in places:
            if place.position:
                self.positions.append(place.position)
            else:
                self.waiting.add(place.id)
            if place.emptied:
                self.emptied.append(str(place.id))

    def proven_by(self, number: int) -> Signed:
        """The checkpoint that proves the log, made now where there is none yet."""
        if self.emptied:
            self.positions.extend(shown_events.erasures(self.emptied))
        found = self._checkpoint(number)
        if (found is None or self.waiting) and not number:
            tenant_id, now = self.acting.tenant_id, self.acting.world.clock.now()
            while events.seal(tenant_id, now):
                pass
            checkpoints.make(tenant_id, self.keys, now)
            sealed = shown_events.positions_of(self.waiting)
            self.positions.extend(sealed.values())
            self.waiting -= sealed.keys()
            found = self._checkpoint(0) or shown_events.last_checkpoint()
        if found is None:
            raise Refused(
                "checkpoint_unknown",
                "There is no such checkpoint of this customer's log.",
                "No pack was made.",
                "Leave --checkpoint away, or ask again in a minute.",
            )
        return found

    def _checkpoint(self, number: int) -> Signed | None:
        return shown_events.checkpoint(max(self.positions, default=0), number)

    def finish(self, signed: Signed) -> Packed:
        """The log with its proof, the summary, the manifest and the signature."""
        checkpoint = read(signed.statement)
        if not isinstance(checkpoint, Checkpoint):
            raise TypeError("only a checkpoint proves a log")
        everything = sorted(set(self.positions))
        covered = [one for one in everything if one <= checkpoint.position]
        with self.file.member("log.jsonl", "entries of the log, with proof", JSON_LINES) as out:
            audit_archive.write_shown(out, covered, checkpoint.position)
        beyond = everything[len(covered) :]
        left = len(beyond) + len(self.waiting)
        if left:
            what = "events that no checkpoint covers yet"
            with self.file.member("not_covered.jsonl", what, JSON_LINES) as out:
                for line in self._not_covered(beyond):
                    out.write(line)
        with self.file.member("statements.jsonl", "what was signed", JSON_LINES) as out:
            statements = [*shown_events.key_changes(), signed]
            for one in sorted(statements, key=lambda one: one.number):
                out.write(one.line().encode() + b"\n")
        told = self._told(checkpoint, len(covered), left)
        with self.file.member("summary.html", "all of this for people", "text/html") as out:
            out.write(self._summary(told).encode())
        digest = self.file.sign(told, self.keys)
        return Packed(
            counts=dict(self.counts),
            entries=len(covered),
            not_covered=left,
            missing=self.missing,
            manifest_digest=digest,
        )

    def _not_covered(self, beyond: Sequence[int]) -> Iterator[bytes]:
        for link in shown_events.links_at(beyond):
            yield canonical({"event": link.event, "position": link.seal.position}) + b"\n"
        for event in shown_events.unsealed(self.waiting):
            yield canonical({"event": event, "position": 0}) + b"\n"

    def _told(self, checkpoint: Checkpoint, shown: int, left: int) -> dict[str, Any]:
        customer = parties.customer()
        about = self.taken.about
        return {
            "pack": 1,
            "nostro": __version__,
            "customer": {
                "id": str(self.acting.tenant_id),
                "code": customer.code,
                "name": customer.name,
            },
            "about": {
                **({"item": f"order:{about.payment}"} if about.payment else {}),
                **({"item": f"line:{about.line}"} if about.line else {}),
                **({"since": about.since, "until": about.until} if about.since else {}),
            },
            "checkpoint": {
                "number": checkpoint.number,
                "position": checkpoint.position,
                "entries": checkpoint.entries,
            },
            "log": {"shown": shown, "not_covered": left},
            "items": dict(sorted(self.counts.items())),
            "missing": dict(sorted(self.missing.items())),
            "stages": list(evidence_graph.STAGES),
        }

    def _summary(self, told: dict[str, Any]) -> str:
        totals = [
            evidence_summary.Total(
                state=state, currency=currency, count=count, minor=self.sums[key]
            )
            for key, count in sorted(self.numbers.items())
            for state, currency in [key]
        ]
        return evidence_summary.page(told, totals, self.file.members, self.taken.about.payment)


def _slices(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
