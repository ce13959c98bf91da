"""What is known of a payee besides where he is paid: who he is, and what was confirmed."""

from __future__ import annotations

from django.db import models

from nostro.storage.models.tenant import TenantModel, to_tenant


class PayeeDetails(TenantModel):
    """One version of a payee's name and addresses; the name of the newest stands in Payee too."""

    payee = to_tenant("storage.Payee")
    version = models.IntegerField()
    name = models.TextField()
    address = models.JSONField()
    email = models.TextField()
    valid_from = models.DateTimeField()
    changed_by = models.TextField()
    source = models.TextField()  # See nostro.domain.payee.VersionSource.
    source_detail = models.TextField()
    evidence = to_tenant("storage.Evidence", null=True)
    document = models.TextField()
    asked_by_name = models.TextField()
    agreed_by_name = models.TextField()

    class Meta:
        db_table = "payee_details"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "payee", "version"], name="payee_details_version_once"
            ),
        )


class PayeeConfirmation(TenantModel):
    """How one version of an account was confirmed, or is being confirmed, with the payee.

    `happened_at` is when he was spoken with; a penny test has the payment that carries its code.
    """

    account = to_tenant("storage.PayeeAccount")
    method = models.TextField()  # See nostro.domain.payee.ConfirmationMethod.
    order = to_tenant("storage.Order", null=True)
    code = models.TextField(default="", db_default="")
    spoke_with = models.TextField()
    number_called = models.TextField()
    number_source = models.TextField()
    happened_at = models.DateTimeField(null=True)
    said = models.TextField()
    done_by = models.TextField()  # A person's id.
    done_by_name = models.TextField()
    agreed_by_name = models.TextField()
    begun_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payee_confirmation"
        indexes = (
            models.Index(fields=["tenant_id", "account"], name="payee_confirmation_account"),
        )


class PayeeVerification(TenantModel):
    """What a payee's bank said to a name, about one version of an account: Verification of Payee.

    `evidence` has the bank's answer as it came.
    """

    account = to_tenant("storage.PayeeAccount")
    name_asked = models.TextField()
    answer = models.TextField()  # See domain.policies.payee_verification.NameAnswer.
    name_told = models.TextField()
    asked_at = models.DateTimeField()
    asked_by_name = models.TextField()
    connection = to_tenant("storage.Connection")
    evidence = to_tenant("storage.Evidence")
    confidential = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "payee_verification"
        indexes = (
            models.Index(
                fields=["tenant_id", "account", "asked_at"], name="payee_verification_account"
            ),
        )


class NameQuestion(TenantModel):
    """One question to payees' banks, for as many payments as there are: is this account in this
    name? `next_action_at` is when it is asked, or asked again.

    That of confidential payments is a question of its own, which nobody else learns of.
    """

    account = to_tenant("storage.PayeeAccount")
    name = models.TextField()
    name_key = models.TextField()  # The name as it is compared: payee_verification.name_key.
    confidential = models.BooleanField()
    state = models.TextField()  # See nostro.domain.name_question.QuestionState.
    state_since = models.DateTimeField()
    tries = models.IntegerField(default=0)
    problem = models.TextField(default="")  # Why the last try brought no answer.
    next_action_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "name_question"
        constraints = (
            models.UniqueConstraint(
                fields=["tenant_id", "account", "name_key", "confidential"],
                name="name_question_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant_id", "next_action_at"],
                condition=models.Q(next_action_at__isnull=False),
                name="name_question_due",
            ),
        )
