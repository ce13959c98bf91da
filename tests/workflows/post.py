"""A company whose payees are told by mail that they are paid, and what they were told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from nostro.domain.policies.advising import AdviceRule, AdviceRules, AdviceWay
from nostro.ops import sealing
from nostro.storage import models, parties, payees, policies
from nostro.storage.tenancy import tenant
from nostro.workflows import advice_notices as telling
from tests.mail_server import PASSWORD, MailServer, Taken
from tests.workflows.company import FRIDAY, Company

ADDRESS = "accounts@v1.example"


class Post:
    """A company whose payees are told by mail."""

    def __init__(self, company: Company, server: MailServer, **more: Any) -> None:
        self.company, self.server = company, server
        self.mail_id = self.connection("post", "smtp", server.config())
        with tenant(company.tenant_id):
            company.world.secrets.write(f"connection.{self.mail_id}.password", PASSWORD)
        self.lives("V1", ADDRESS)
        self.rule(**more)
        company.clock.advance(minutes=1)

    def connection(self, name: str, kind: str, config: dict[str, Any]) -> UUID:
        made = self.company.world.ids.new()
        with tenant(self.company.tenant_id):
            parties.create_connection(made, name, kind, config)
        return made

    def lives(self, number: str, address: str) -> None:
        """Where the payee's advice goes."""
        ids, payee_id = self.company.world.ids, self.company.payee_ids[number]
        with tenant(self.company.tenant_id):
            models.PayeeDetails.objects.create(
                id=ids.new(), tenant_id=self.company.tenant_id, payee_id=payee_id,
                version=models.PayeeDetails.objects.filter(payee_id=payee_id).count() + 1,
                name=f"Payee {number}", address={}, email=address, valid_from=FRIDAY,
                changed_by="", source="", source_detail="", document="", asked_by_name="",
                agreed_by_name="",
            )  # fmt: skip
            assert payees.details(payee_id).email == address

    def rule(self, **more: Any) -> None:
        days = {name: more.pop(name) for name in ("day_ends", "time_zone") if name in more}
        usual = {"name": "All", "way": AdviceWay.MAIL, "connection_id": str(self.mail_id)}
        self.rules(AdviceRule(**{**usual, **more}), **days)

    def rules(self, *rules: AdviceRule, **days: Any) -> None:
        now, ids = self.company.clock.now(), self.company.world.ids
        with tenant(self.company.tenant_id):
            content = AdviceRules(rules=rules, **days)
            policies.add(ids.new(), content, valid_from=now, changed_by="x", reason="x")

    def run(self) -> int:
        """What the jobs do once what happened is sealed."""
        sealing.seal_all(self.company.clock.now())
        return telling.attend(self.company.job)

    def later(self, **step: Any) -> int:
        self.company.clock.advance(**step)
        return self.run()

    def rows(self) -> list[models.AdviceNotice]:
        with tenant(self.company.tenant_id):
            return list(models.AdviceNotice.objects.order_by("id"))

    @property
    def states(self) -> list[str]:
        return [row.state for row in self.rows()]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return self.company.events(f"order.{kind}")

    def last(self) -> Taken:
        return self.server.taken[-1]
