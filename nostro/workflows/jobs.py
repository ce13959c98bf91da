"""The engine's doors into the workflows: ids in, work done. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

import structlog
from django.db import OperationalError, close_old_connections, connections
from procrastinate.contrib.django import app
from psycopg.errors import DeadlockDetected, SerializationFailure

from nostro.domain.errors import NostroError
from nostro.ops.origin import coming_from
from nostro.workflows import (
    advice_notices,
    answers,
    approval_terms,
    case_terms,
    check_deadlines,
    check_files,
    dispatch,
    expected_statements,
    fraud_review,
    lines_again,
    log_verification,
    match_refitting,
    name_moves,
    name_questions,
    release,
    run_import,
    source_status,
    statement_files,
    statement_gaps,
    webhooks,
)
from nostro.workflows.context import job_for

log = structlog.get_logger()
TRIES_MAX = 5  # Of a job that another one's transaction was in the way of.


def fresh(job: Callable[..., None]) -> Callable[..., None]:
    """Run a job on connections of its own: a thread may still hold one from before a restart.

    The database ends one of two transactions that wait for each other; that job is done again at
    once, for its steps may run twice. Raises what the last of TRIES_MAX tries raised.
    """

    @wraps(job)
    def with_fresh_connections(**ids: str) -> None:
        close_old_connections()
        try:
            with coming_from():
                _until_done(job, ids)
        finally:
            connections.close_all()

    return with_fresh_connections


def _until_done(job: Callable[..., None], ids: dict[str, str]) -> None:
    for tries in range(1, TRIES_MAX + 1):
        try:
            job(**ids)
        except OperationalError as error:
            if tries == TRIES_MAX or not _was_in_the_way(error):
                raise
            cause = str(error).partition("\n")[0]
            log.warning("job_done_again", job=job.__name__, tries=tries, cause=cause, **ids)
        else:
            return


def _was_in_the_way(error: OperationalError) -> bool:
    """Did the database end it for another transaction's sake? Then nothing of it was written."""
    return isinstance(error.__cause__, DeadlockDetected | SerializationFailure)


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


@app.task(name="continue_statements", queue="statements")
@fresh
def continue_statements(tenant_id: str, file_id: str) -> None:
    statement_files.go_on(job_for(UUID(tenant_id)), UUID(file_id))


@app.task(name="look_for_gaps", queue="statements")
@fresh
def look_for_gaps(tenant_id: str, account_id: str) -> None:
    statement_gaps.attend(job_for(UUID(tenant_id)), UUID(account_id))


@app.task(name="attend_case", queue="payments")
@fresh
def attend_case(tenant_id: str, case_id: str) -> None:
    case_terms.attend(job_for(UUID(tenant_id)), UUID(case_id))


@app.task(name="apply_policy", queue="payments")
@fresh
def apply_policy(tenant_id: str, policy_id: str) -> None:
    acting, version_id = job_for(UUID(tenant_id)), UUID(policy_id)
    if expected_statements.attend(acting, version_id) or fraud_review.attend(acting, version_id):
        return
    approval_terms.apply_policy(acting, version_id)


@app.task(name="tell_checks", queue="payments")
@fresh
def tell_checks(tenant_id: str) -> None:
    check_files.tell(job_for(UUID(tenant_id)))


@app.task(name="attend_check_exception", queue="payments")
@fresh
def attend_check_exception(tenant_id: str, exception_id: str) -> None:
    check_deadlines.attend(job_for(UUID(tenant_id)), UUID(exception_id))


@app.task(name=name_moves.JOB, queue="names")
@fresh
def ask_names(tenant_id: str) -> None:
    name_questions.ask_due(job_for(UUID(tenant_id)))


@app.task(name="attend_webhooks", queue="webhooks")
@fresh
def attend_webhooks(tenant_id: str) -> None:
    webhooks.attend(job_for(UUID(tenant_id)))


@app.task(name="deliver_webhook", queue="webhooks")
@fresh
def deliver_webhook(tenant_id: str, endpoint_id: str) -> None:
    webhooks.deliver(job_for(UUID(tenant_id)), UUID(endpoint_id))


@app.task(name="attend_advice", queue="webhooks")
@fresh
def attend_advice(tenant_id: str) -> None:
    advice_notices.attend(job_for(UUID(tenant_id)))


# One at a time, whoever the customer: a long log leaves the other places of the lane to payments.
@app.task(name="verify_log", queue="default", lock="verify_log")
@fresh
def verify_log(tenant_id: str) -> None:
    log_verification.verify(job_for(UUID(tenant_id)))


@app.task(name="refit_matching", queue="default", lock="refit_matching")
@fresh
def refit_matching(tenant_id: str) -> None:
    match_refitting.refit(job_for(UUID(tenant_id)))


@app.task(name="look_at_lines_again", queue="statements")
@fresh
def look_at_lines_again(tenant_id: str, entity_id: str) -> None:
    lines_again.look_again(job_for(UUID(tenant_id)), UUID(entity_id))
