"""The exact bytes that came in or went out, for a person who wants to see for himself."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from nostro.app import signing_keys
from nostro.console.visiting import Visit, page
from nostro.domain.errors import Refused
from nostro.storage import evidence, listing
from nostro.workflows import evidence_pack
from nostro.workflows.revealing import reveal_file


@require_safe
@page
def download(request: HttpRequest, visit: Visit, evidence_id: UUID) -> HttpResponse:
    """One file as it was, never shown inside a page: it may be anything."""
    try:
        name, _, digest = evidence.describe(evidence_id)
    except Refused as error:
        raise Http404 from error
    reveal_file(visit.acting(), evidence_id, name, digest)
    response = HttpResponse(evidence.read(evidence_id), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["ETag"] = f'"sha256-{digest}"'
    return response


@require_safe
@page
def pack(request: HttpRequest, visit: Visit, order_id: UUID) -> FileResponse:
    """Everything about one payment as one signed file, for whoever checks it without nostro."""
    row = listing.payment(order_id)
    if row is None:
        raise Http404
    made = evidence_pack.of_payment(visit.acting(), visit.member, order_id, signing_keys())
    response = FileResponse(made, as_attachment=True, filename=f"{row.number}.zip")
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
