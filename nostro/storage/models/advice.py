"""What payees were told of their payments, or are to be told: the outbox of notices."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class AdviceReader(TenantModel):
    """How far the customer's log was read for payments whose payees have to be told."""

    position = models.BigIntegerField()

    class Meta:
        db_table = "advice_reader"
        constraints = (models.UniqueConstraint(fields=["tenant_id"], name="advice_reader_once"),)


class AdviceNotice(TenantModel):
    """One notice to one payee. Its bytes are frozen (`evidence`) before the first of them leaves,
    and the same ones go at every try; `message_id` is in them."""

    kind = models.TextField()  # See nostro.domain.advice_notice.NoticeKind.
    state = models.TextField()
    round = models.IntegerField()  # 1 by itself; more where somebody had it sent again.
    entity = to_tenant("storage.LegalEntity")
    payee_number = models.TextField()
    confidential = models.BooleanField()
    connection = to_tenant("storage.Connection")
    formats = ArrayField(models.TextField())
    gathers = models.BooleanField()  # Further payments of its day may still join it.
    executed_on = models.DateField()
    rule = models.TextField()  # Which rule of which version says that he is told.
    address = models.TextField(default="", db_default="")  # Where its bytes go, once frozen.
    message_id = models.TextField(default="", db_default="")
    evidence = to_tenant("storage.Evidence", null=True)
    corrects = to_tenant("storage.AdviceNotice", null=True)
    tries = models.IntegerField(default=0, db_default=0)
    doubts = models.IntegerField(default=0, db_default=0)  # Tries that he may have been told by.
    first_due_at = models.DateTimeField()
    next_action_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    said = models.TextField(default="", db_default="")  # The other side's last words, or ours.
    asked_by_name = models.TextField(default="", db_default="")  # Who had it sent again.
    reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "advice_notice"
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="advice_notice_due",
            ),
            models.Index(fields=["tenant_id", "payee_number", "id"], name="advice_notice_payee"),
        )


class AdvisedPayment(TenantModel):
    """One payment that a notice tells of. `dropped` when it was taken out before anybody was
    told."""

    notice = to_tenant("storage.AdviceNotice")
    order = to_tenant("storage.Order")
    kind = models.TextField()
    round = models.IntegerField()
    dropped = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "advised_payment"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "order", "kind", "round"], name="advised_payment_once"
            ),
        )
        indexes = (models.Index(fields=["tenant_id", "notice"], name="advised_payment_notice"),)
