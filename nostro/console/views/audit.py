"""The log: is it whole, who changed what from what, and what an outsider takes to check it."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any, Final
from uuid import UUID

import msgspec
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from nostro.app import configuration
from nostro.console import difference, log_filter, log_words, rights, words
from nostro.console.acting import then, tried
from nostro.console.log_filter import BY, WORDS, Asked
from nostro.console.visiting import Visit, page, problem, show, signed_in
from nostro.console.words import Status
from nostro.domain.event import Event
from nostro.ops import checkpoint_places, entry_proof
from nostro.ops.entry_proof import EntryProof
from nostro.storage import audit_statements, audit_trail
from nostro.storage.audit_trail import TrailRow
from nostro.storage.pages import chain
from nostro.storage.pages.chain import ChainPage
from nostro.storage.subject_names import names_of
from nostro.workflows import audit_export, log_verification
from nostro.workflows.revealing import check_log_shown

PAGE_SIZE: Final = 30


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the list in words."""

    row: TrailRow
    what: str
    about: str


@require_safe
@page
def log(request: HttpRequest, visit: Visit) -> HttpResponse:
    rights.check_log(visit.member)
    asked = log_filter.asked_of(request.GET)
    cursor = request.GET.get("cursor", "")
    found = audit_trail.trail(asked.wanted, limit=PAGE_SIZE, cursor=cursor)
    told = chain.chain_page(visit.tenant_id)
    context = {
        "chain": told,
        "standing": _standing(told),
        "headline": _headline(told),
        "kept_in": checkpoint_places.kept_in(configuration().home),
        "lines": _lines(found.rows),
        "asked": asked,
        "values": asked.values,
        "ways": [(word, asked.query(by=key), asked.values.get("by", "") == key)
                 for key, (word, _) in BY.items()],
        "families": sorted(log_words.FAMILIES.items(), key=lambda one: one[1]),
        "narrowings": _narrowings(asked),
        "start": asked.query() if cursor else "",
        "older": asked.query(cursor=found.next) if found.next else "",
        "code": visit.membership.customer_code.lower(),
    }  # fmt: skip
    return show(request, visit, "audit.html", context, fragment="audit_found.html")


@require_safe
@page
def entry(request: HttpRequest, visit: Visit, event_id: UUID) -> HttpResponse:
    rights.check_log(visit.member)
    row = audit_trail.entry(event_id)
    if row is None:
        raise Http404
    event = row.event
    context = {
        "row": row,
        "event": event,
        "what": log_words.happened(event),
        "about": log_words.about(event, names_of([_subject(event)]).get(_subject(event), "")),
        "sort": log_words.sort_of(event.actor),
        "told": difference.told(event),
        "links": log_words.links(event),
        "proof": _proof(row),
        "same": f"{reverse('audit')}?object={event.subject_id}",
    }
    return show(request, visit, "audit_entry.html", context)


@require_POST
@signed_in
def verify(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Have the chain recomputed; what was found stands here afterwards."""

    def work() -> None:
        rights.check_log(visit.member)
        log_verification.ask(visit.acting())

    result = tried(work)
    if result.error:
        return problem(request, result.error)
    said = "The log is being verified. What was found stands here in a moment."
    return then(request, reverse("audit"), said)


@require_POST
@signed_in
def export(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """The whole log for the stand-alone verifier; that it left is an event before it does."""
    rights.check_log(visit.member)
    with visit.looking():
        check_log_shown(visit.acting())
    file = TemporaryFile()  # noqa: SIM115 - closed with the answer that it is
    audit_export.export_log(visit.acting(), file)
    file.seek(0)
    return _download(FileResponse(file), f"{visit.membership.customer_code.lower()}-log.jsonl")


@require_safe
@page
def statements(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """The signed statements, a line each: digests and signatures, nothing that is anybody's."""
    rights.check_log(visit.member)
    lines = "".join(f"{one.line()}\n" for one in audit_statements.of_this_customer())
    name = f"{visit.membership.customer_code.lower()}-checkpoints.jsonl"
    return _download(HttpResponse(lines), name)


def _download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Type"] = "application/octet-stream"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _lines(rows: tuple[TrailRow, ...]) -> list[Line]:
    names = names_of(_subject(row.event) for row in rows)
    return [
        Line(
            row=row,
            what=log_words.happened(row.event),
            about=", ".join(
                part
                for part in (
                    log_words.about(row.event, names.get(_subject(row.event), "")),
                    log_words.moved(row.event),
                    "content erased" if row.erased_at else "",
                )
                if part
            ),
        )
        for row in rows
    ]


def _subject(event: Event) -> tuple[str, str]:
    return event.subject_kind, event.subject_id


def _standing(told: ChainPage) -> Status:
    if told.verified is None:
        return Status(kind="mut", icon="circle-dashed", word="Not verified yet")
    if told.verified.data.get("whole"):
        return Status(kind="ok", icon="shield-check", word="Whole")
    return Status(kind="bad", icon="circle-x", word="Broken")


def _headline(told: ChainPage) -> str:
    if told.verified is None:
        return "Nobody has verified this log yet."
    said = told.verified.data
    if said.get("whole"):
        entries = words.several(said["entries"], "entry", "entries")
        return f"The log is whole: {entries}, none edited, removed or moved."
    where = f" at entry {said['broken_at']:,}" if said["broken_at"] else ""
    return f"The log is broken{where}: {said['why'].rstrip('.')}."


def _proof(row: TrailRow) -> dict[str, Any] | None:
    found = entry_proof.of_position(row.position) if row.position else None
    return {"found": found, "standing": _believed(found)} if found else None


def _believed(found: EntryProof) -> Status:
    if found.wrong or found.included is False:
        return Status(kind="bad", icon="circle-x", word="Not what was sealed")
    if found.checkpoint is None:
        return Status(kind="info", icon="clock", word="Sealed, not signed yet")
    if found.included is None:
        return Status(kind="info", icon="shield-check", word="Sealed and signed")
    return Status(kind="ok", icon="shield-check", word="Counted again, right")


def _narrowings(asked: Asked) -> list[tuple[str, str]]:
    """Each filter in force in words, and the address without it."""
    shown = {**asked.values}
    if "about" in shown:
        shown["about"] = log_words.FAMILIES[shown["about"]]
    shown.pop("by", None)
    return [(f"{WORDS[name]} {value}", asked.query(**{name: ""})) for name, value in shown.items()]
