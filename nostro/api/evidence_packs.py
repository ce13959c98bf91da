"""Evidence packs for programs: one payment from source document to journal, in one signed file."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest
from ninja import Router

from nostro.api.callers import allowed, in_one_customer
from nostro.api.submissions import bytes_of
from nostro.app import signing_keys
from nostro.storage import listing
from nostro.storage.keys import Scope
from nostro.workflows import evidence_pack

ZIP = "application/zip"
router = Router(tags=["payments"])
router.add_decorator(in_one_customer, mode="operation")


@router.get(
    "/payments/{uuid:payment_id}/evidence-pack",
    summary="All that is known of a payment, in one signed file that is checked offline",
    openapi_extra=bytes_of(ZIP),
)
def read_evidence_pack(request: HttpRequest, payment_id: UUID) -> FileResponse:
    allowed(request, Scope.EVENTS_READ)  # It holds both: the bytes, and what the log says.
    caller = allowed(request, Scope.FILES_READ)
    row = listing.payment(payment_id)
    if row is None:
        raise Http404
    pack = evidence_pack.of_payment(caller.acting(), caller.member, payment_id, signing_keys())
    name = f"{row.number}.zip"
    return FileResponse(pack, as_attachment=True, filename=name, content_type=ZIP)
