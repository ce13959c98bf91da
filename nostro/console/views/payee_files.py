"""A file of payees: looked at line by line, then asked for; somebody else agrees."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from nostro.console.acting import then, tried
from nostro.console.views import changes as change_views
from nostro.console.visiting import Visit, page, show, signed_in, status_of
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.policies import change_rights
from nostro.formats.tables.payee_list import COLUMNS, NEEDED
from nostro.storage import evidence
from nostro.workflows import changes, payee_files
from nostro.workflows.payee_files import FILE_BYTES_MAX

_NAME_MAX: Final = 140


@require_http_methods(["GET", "POST"])
@page
def payee_file(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Choose a file; what is wrong in it, or what it would change, is shown before anybody asks."""
    told: dict[str, Any] = {}
    error: NostroError | None = None
    if request.method == "POST":
        _check_right(visit)
        try:
            name, content = _uploaded(request)
            found = payee_files.look(visit.acting(), content, name)
            told["found"] = found
            if not found.bad and found.changes:
                told["kept"] = payee_files.keep(visit.acting(), content, name)
        except (Invalid, Refused) as failed:
            error = failed
    return _show(request, visit, told, error)


@require_POST
@signed_in
def ask(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask for the file that was looked at."""
    _check_right(visit)
    made: list[UUID] = []

    def work() -> None:
        name, content = _kept(visit, request.POST)
        reason = request.POST.get("reason", "")
        asked = payee_files.ask(visit.acting(), visit.member, content, name, reason)
        made.extend(request_id for _, request_id in asked if request_id)

    result = tried(work)
    if not result.done:
        with visit.looking():
            return _show(request, visit, {}, result.error)
    said = "Asked for. Nothing changes before somebody else agrees."
    if len(made) == 1:
        return then(request, reverse("change", args=[made[0]]), said)
    return then(request, reverse("changes"), f"{said} It became {len(made)} requests.")


def _show(
    request: HttpRequest, visit: Visit, told: dict[str, Any], error: NostroError | None
) -> HttpResponse:
    context = {
        **told,
        "refused": "" if _may(visit) else "Your roles do not ask for this change.",
        "needed": NEEDED,
        "columns": [name for name in COLUMNS if name not in NEEDED],
        "most": FILE_BYTES_MAX // 1024 // 1024,
        "error": error,
    }
    status = status_of(error) if error else 200
    found = told.get("found")
    if found and found.bad:
        status = 422
    return show(request, visit, "payee_file.html", context, status=status)


def _may(visit: Visit) -> bool:
    return change_views.may_ask(visit, changes.named(payee_files.KIND))


def _check_right(visit: Visit) -> None:
    change_rights.may_ask(visit.member, *changes.named(payee_files.KIND).asks)


def _uploaded(request: HttpRequest) -> tuple[str, bytes]:
    sent = request.FILES.get("file")
    if not isinstance(sent, UploadedFile) or not sent.size:
        raise Invalid(
            "payees_unfit",
            "No file was chosen, or it is empty.",
            "Nothing was asked for.",
            "Choose the list as CSV.",
            field="file",
        )
    return (sent.name or "payees.csv")[:_NAME_MAX], sent.read(FILE_BYTES_MAX + 1)


def _kept(visit: Visit, sent: QueryDict) -> tuple[str, bytes]:
    """The bytes that were looked at. What is no list of payees is told of without its content:
    it may be another file, of which this person is shown nothing."""
    try:
        kept = UUID(sent.get("kept", ""))
        with visit.looking():
            name, *_ = evidence.describe(kept)
            content = evidence.read(kept)
        readable = not payee_files.checked(content).bad
    except (ValueError, Invalid, Refused):
        readable = False
    if not readable:
        raise Invalid(
            "payees_unfit",
            "The file that was looked at is not kept, or is no list of payees.",
            "Nothing was asked for.",
            "Choose the file again.",
            field="file",
        )
    return name, content
