"""What is proposed to explain a line, and the differences that an explanation leaves."""

from __future__ import annotations

from django.db import models

from nostro.domain.match import PROPOSALS_MOST
from nostro.storage.models.tenant import TenantModel, to_tenant


class MatchProposal(TenantModel):
    """One way to explain a line, that a person may confirm or refuse.

    `allocations` are `{open_item_id, settled_minor, currency}`, `adjustments`
    `{kind, minor, currency, open_item_id, code}`. `order` is the payment of ours that the line
    names where it is not surely its booking; such a proposal allocates nothing to items. Ranks are
    those of proposals that nobody refused.
    """

    transaction = to_tenant("storage.BankTransaction")
    order = to_tenant("storage.Order", null=True)
    rank = models.IntegerField()
    rule = models.TextField()
    evidence_class = models.TextField()
    probability_millionths = models.IntegerField()
    status = models.TextField()
    allocations = models.JSONField()
    adjustments = models.JSONField()
    evidence = models.JSONField()
    made_at = models.DateTimeField()
    refused_at = models.DateTimeField(null=True)
    refused_by = models.TextField(default="", db_default="")
    refuse_reason = models.TextField(default="", db_default="")

    class Meta:
        db_table = "match_proposal"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "transaction", "rank"],
                condition=models.Q(refused_at__isnull=True),
                name="match_proposal_rank",
            ),
            models.CheckConstraint(
                condition=models.Q(rank__gte=1, rank__lte=PROPOSALS_MOST),
                name="match_proposal_few",
            ),
        )
        indexes = (
            models.Index(fields=["tenant_id", "transaction"], name="match_proposal_line"),
            models.Index(
                fields=["tenant_id", "order"],
                condition=models.Q(order__isnull=False),
                name="match_proposal_order",
            ),
        )


class Adjustment(TenantModel):
    """A difference between a line and what its match settles, in the line's currency and sign."""

    match = to_tenant("storage.Match")
    open_item = to_tenant("storage.OpenItem", null=True)
    kind = models.TextField()
    code = models.TextField(default="", db_default="")
    customer_number = models.TextField(default="", db_default="")
    amount_minor = models.BigIntegerField()
    currency = models.TextField()

    class Meta:
        db_table = "adjustment"
        indexes = (
            models.Index(fields=["tenant_id", "match"], name="adjustment_match"),
            models.Index(
                fields=["tenant_id", "open_item"],
                condition=models.Q(open_item__isnull=False),
                name="adjustment_open_item",
            ),
        )
