"""The door at which banks call: no key, but an address hard to guess and a signature."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import structlog
from django.http import HttpRequest
from ninja import Router, Status

from nostro.api.told_cases import Callback
from nostro.app import world
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor
from nostro.storage import callbacks
from nostro.workflows.answers import receive_callback
from nostro.workflows.context import Acting

BYTES_MAX: Final = 2 * 1024 * 1024
BANK: Final = Actor(kind="bank", id="callback", name="bank")
router = Router(tags=["callbacks"])
log = structlog.get_logger()


@router.post(
    "/callbacks/{callback_name}",
    response={202: Callback},
    auth=None,
    summary="Where a bank calls a connection; the message is kept, then understood",
)
def receive_bank_call(request: HttpRequest, callback_name: str) -> Status[Callback]:
    """Whatever is wrong with a call is answered alike: who has no signature learns nothing."""
    body = request.body
    if len(body) > BYTES_MAX:
        raise Invalid("body_too_large", f"A call has at most {BYTES_MAX:,} bytes.", field="body")
    found = callbacks.called(callback_name)
    if found is None:
        raise _refused()
    acting = Acting(tenant_id=found.tenant_id, actor=BANK, world=world())
    try:
        receive_callback(acting, found.connection_id, dict(request.headers), body)
    except (Refused, Invalid) as error:
        log.warning("callback_refused", connection_id=str(found.connection_id), code=error.code)
        raise _refused() from error
    return Status(HTTPStatus.ACCEPTED, Callback(received=True))


def _refused() -> Refused:
    return Refused(
        "callback_refused",
        "This call is not surely a bank's.",
        "Nothing of it was kept.",
        "Compare address, callback secret and clock on both sides.",
    )
