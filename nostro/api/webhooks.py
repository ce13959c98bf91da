"""Webhooks for programs: name an address, follow what it was told, switch it off, replay."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router, Status
from ninja.params.functions import Body, Query
from pydantic import Field

from nostro.api.asked import Asked
from nostro.api.callers import allowed, in_one_customer
from nostro.api.told import Listed, Told
from nostro.domain.webhook import DeliveryState
from nostro.storage import webhooks
from nostro.storage.keys import Scope
from nostro.storage.paging import LIMIT_DEFAULT
from nostro.workflows import webhook_endpoints

router = Router(tags=["webhooks"])
router.add_decorator(in_one_customer, mode="operation")
_BODY = Body(...)
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"


class NewWebhook(Asked):
    """An address to tell of events from now on, or from the event after a position of the log."""

    url: str = Field(
        min_length=9, max_length=2000, pattern=_NO_CONTROLS, examples=["https://erp.example/nostro"]
    )
    description: Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS)] = ""
    event_types: list[Annotated[str, Field(max_length=80)]] = Field(
        default_factory=list,
        max_length=50,
        description="Types as in /v1/events, or families like nostro.order.*; none means all.",
    )
    after_position: int | None = Field(default=None, ge=0)


class SwitchOff(Asked):
    reason: str = Field(min_length=1, max_length=200, pattern=_NO_CONTROLS)


class Replay(Asked):
    """Tell everything again from this sealed position on."""

    from_position: int = Field(ge=1)


class Webhook(Told):
    """An address. `position` is how far in the log deliveries were made for it."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    position: int
    created_by: str
    created_at: datetime
    disabled_at: datetime | None
    disabled_because: str


class WebhookWithSecret(Told):
    """`secret` signs what is told (Standard Webhooks); it is shown this once."""

    webhook: Webhook
    secret: str


class WebhookSecret(Told):
    """The new secret; for 24 hours the one before signs too."""

    secret: str


class Replayed(Told):
    """How many deliveries were made due again; events never told follow besides."""

    deliveries: int


class Delivery(Told):
    """One event for one address. `event_id` is its webhook-id, `sequence` its sealed position."""

    id: UUID
    event_id: UUID
    sequence: int
    type: str
    state: DeliveryState
    tries: int
    last_status: int | None
    last_error: str
    next_action_at: datetime | None
    delivered_at: datetime | None


@router.post(
    "/webhooks", response={201: WebhookWithSecret}, summary="Tell an address of sealed events"
)
def register_webhook(request: HttpRequest, body: NewWebhook = _BODY) -> Status[WebhookWithSecret]:
    caller = allowed(request, Scope.WEBHOOKS_MANAGE)
    row, secret = webhook_endpoints.register(
        caller.acting(),
        body.url,
        description=body.description,
        event_types=body.event_types,
        after_position=body.after_position,
    )
    made = WebhookWithSecret(webhook=Webhook.model_validate(row), secret=secret)
    return Status(HTTPStatus.CREATED, made)


@router.get("/webhooks", response=Listed[Webhook], summary="Every address, the newest first")
def list_webhooks(request: HttpRequest) -> Listed[Webhook]:
    allowed(request, Scope.WEBHOOKS_MANAGE)
    items = [Webhook.model_validate(row) for row in webhooks.endpoints()]
    return Listed[Webhook](items=items, next=None)


@router.post(
    "/webhooks/{uuid:webhook_id}/disable", response={204: None}, summary="Tell it nothing more"
)
def disable_webhook(
    request: HttpRequest, webhook_id: UUID, body: SwitchOff = _BODY
) -> Status[None]:
    caller = allowed(request, Scope.WEBHOOKS_MANAGE)
    _known(webhook_id)
    webhook_endpoints.disable(caller.acting(), webhook_id, body.reason)
    return Status(HTTPStatus.NO_CONTENT, None)


@router.post(
    "/webhooks/{uuid:webhook_id}/rotate-secret",
    response=WebhookSecret,
    summary="A new secret; for 24 hours both sign",
)
def rotate_webhook_secret(request: HttpRequest, webhook_id: UUID) -> WebhookSecret:
    caller = allowed(request, Scope.WEBHOOKS_MANAGE)
    _known(webhook_id)
    return WebhookSecret(secret=webhook_endpoints.rotate(caller.acting(), webhook_id))


@router.post(
    "/webhooks/{uuid:webhook_id}/replay",
    response=Replayed,
    summary="Tell everything again from a position on; switches the address on",
)
def replay_webhook(request: HttpRequest, webhook_id: UUID, body: Replay = _BODY) -> Replayed:
    caller = allowed(request, Scope.WEBHOOKS_MANAGE)
    _known(webhook_id)
    count = webhook_endpoints.replay(caller.acting(), webhook_id, body.from_position)
    return Replayed(deliveries=count)


@router.get(
    "/webhooks/{uuid:webhook_id}/deliveries",
    response=Listed[Delivery],
    summary="What an address was told, the newest first",
)
def list_webhook_deliveries(
    request: HttpRequest,
    webhook_id: UUID,
    state: str = Query("", description="waiting, delivered or set_aside."),
    limit: int = LIMIT_DEFAULT,
    cursor: str = "",
) -> Listed[Delivery]:
    allowed(request, Scope.EVENTS_READ)
    _known(webhook_id)
    page = webhooks.deliveries(webhook_id, state=state, limit=limit, cursor=cursor)
    items = [Delivery.model_validate(row) for row in page.rows]
    return Listed[Delivery](items=items, next=page.next or None)


def _known(webhook_id: UUID) -> None:
    """What is not this customer's is not found, like any address that means nothing."""
    if webhooks.endpoint(webhook_id) is None:
        raise Http404
