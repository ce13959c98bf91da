"""The engine's doors into the workflows: ids in, work done. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

import structlog
from django.db import close_old_connections, connections
from procrastinate.contrib.django import app

from nostro.domain.errors import NostroError
from nostro.workflows import (
    answers,
    case_terms,
    dispatch,
    release,
    run_import,
    source_status,
    webhooks,
)
from nostro.workflows.context import job_for

log = structlog.get_logger()


def fresh(job: Callable[..., None]) -> Callable[..., None]:
    """Run a job on connections of its own: a thread may still hold one from before a restart."""

    @wraps(job)
    def with_fresh_connections(**ids: str) -> None:
        close_old_connections()
        try:
            job(**ids)
        finally:
            connections.close_all()

    return with_fresh_connections


@app.task(name="release_payments", queue="payments")
@fresh
def release_payments(tenant_id: str) -> None:
    release.release(job_for(UUID(tenant_id)))


@app.task(name="attend_submission", queue="payments")
@fresh
def attend_submission(tenant_id: str, submission_id: str) -> None:
    dispatch.attend(job_for(UUID(tenant_id)), UUID(submission_id))


@app.task(name="collect_messages", queue="statements")
@fresh
def collect_messages(tenant_id: str, connection_id: str) -> None:
    try:
        answers.collect(job_for(UUID(tenant_id)), UUID(connection_id))
    except NostroError as error:  # Due again in a minute; the bank may be back by then.
        log.warning("collect_failed", connection_id=connection_id, error=str(error))
    source_status.tell(job_for(UUID(tenant_id)), UUID(connection_id))


@app.task(name="understand_message", queue="statements")
@fresh
def understand_message(tenant_id: str, connection_id: str, evidence_id: str) -> None:
    answers.understand(job_for(UUID(tenant_id)), UUID(connection_id), UUID(evidence_id))


@app.task(name="continue_import", queue="payments")
@fresh
def continue_import(tenant_id: str, run_id: str) -> None:
    run_import.carry_on(job_for(UUID(tenant_id)), UUID(run_id))


@app.task(name="attend_case", queue="payments")
@fresh
def attend_case(tenant_id: str, case_id: str) -> None:
    case_terms.attend(job_for(UUID(tenant_id)), UUID(case_id))


@app.task(name="attend_webhooks", queue="webhooks")
@fresh
def attend_webhooks(tenant_id: str) -> None:
    webhooks.attend(job_for(UUID(tenant_id)))


@app.task(name="deliver_webhook", queue="webhooks")
@fresh
def deliver_webhook(tenant_id: str, endpoint_id: str) -> None:
    webhooks.deliver(job_for(UUID(tenant_id)), UUID(endpoint_id))
