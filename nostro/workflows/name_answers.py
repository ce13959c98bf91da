"""What banks said of payees' names, held against payments that come in or are changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from nostro.domain.party import PayeeAccount
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.payee_verification import PayeeVerification, Verified
from nostro.storage import payee_verifications
from nostro.storage.orders import OrderRow
from nostro.workflows.name_moves import Wanted, wanted_for


class NameAnswers:
    """The answers about the accounts of these payees, for a set of payments; inside a unit of
    work. `can_ask`: a connection can ask banks."""

    def __init__(
        self,
        accounts: Iterable[PayeeAccount],
        rules: PayeeVerification,
        now: datetime,
        *,
        can_ask: bool,
    ) -> None:
        ids = {UUID(account.id) for account in accounts}
        longest = now - timedelta(days=policy.DAYS_MAX)
        self._said = payee_verifications.since(ids, longest) if ids else []
        self._rules = rules
        self._asks = can_ask and rules.asks
        self._now = now

    def of_request(
        self, request: PaymentRequest, order: OrderRow, payee: PayeeAccount | None
    ) -> tuple[Finding, ...]:
        """Why the payment waits; nothing where it does not pay to the account that was asked of."""
        if not self._said or payee is None or payee.iban != request.creditor_iban:
            return ()
        one = self._answer(order, payee, order.instruction.creditor_name)
        one = one or self._answer(order, payee, request.payee_name)
        found = policy.finding(one, self._rules)
        return (found,) if found else ()

    def to_ask(self, order: OrderRow, payee: PayeeAccount | None) -> Wanted | None:
        """What its bank must be asked, where nothing is known of this account and name: it is new,
        it was changed, or the answer is too old."""
        told = order.instruction
        if not self._asks or payee is None or order.route.rail not in policy.ASKED_RAILS:
            return None
        if not payee.iban or payee.iban != told.creditor_iban:
            return None
        if self._answer(order, payee, told.creditor_name):
            return None
        return wanted_for(order, UUID(payee.id))

    def _answer(self, order: OrderRow, payee: PayeeAccount, name: str) -> Verified | None:
        hidden = order.confidential
        said = [one for one in self._said if policy.counts_for(one, confidential=hidden)]
        return policy.answer_for(said, payee.id, name, self._rules, self._now)
