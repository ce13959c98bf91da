"""Every answer on the way of a payment is lost after the other side's commit, one at a time.

The story is told once without loss: sent, reported, one recalled, booked, one returned, journals
and statuses to the ERP, events to a program. Then once for each call, whose answer is cut; the end
must be the same, and nobody outside may have been given anything twice.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from nostro import connectors
from nostro.connectors import Connector
from nostro.connectors.webhook_call import Called, Message, WebhookCaller
from nostro.domain.errors import InDoubt, Unavailable
from nostro.domain.policies.recall import RecallReason
from nostro.ops import sealing
from nostro.ports import Incoming, Outgoing, Receipt
from nostro.storage import models, webhooks
from nostro.storage.stranded import stranded
from nostro.storage.tenancy import tenant
from nostro.workflows import (
    answers,
    cancelling,
    dispatch,
    posting,
    release,
    source_status,
    webhook_endpoints,
)
from nostro.workflows import webhooks as telling
from nostro.workflows.cancelling import Wish
from tests.workflows.bank_words import pain_002
from tests.workflows.booking_words import Told, camt
from tests.workflows.company import FRIDAY, Company, ScriptedBank, ScriptedConfig
from tests.workflows.forgetful_erp import ForgetfulErp
from tests.workflows.test_machine_on_database import camt_029

# Between rounds of work: longer than the ladder of enquiries takes to ask again.
PAUSES = [timedelta(seconds=10), timedelta(seconds=40), timedelta(minutes=3), timedelta(minutes=15)]
Drop = tuple[str, int]  # A kind of call, and which of its calls has its answer cut.


class Wire:
    """Counts the calls of each kind and says whose answer never arrives."""

    def __init__(self, drops: frozenset[Drop]) -> None:
        self.calls: Counter[str] = Counter()
        self.drops = drops

    def is_cut(self, kind: str) -> bool:
        number, self.calls[kind] = self.calls[kind], self.calls[kind] + 1
        return (kind, number) in self.drops

    def carry(self, kind: str) -> None:
        """For a call that gives bytes away; raises InDoubt after they have arrived."""
        if self.is_cut(kind):
            raise InDoubt("cut", "The connection was lost before the answer came.")


class ForgetfulBank(ScriptedBank):
    """A bank that can do everything, once; it commits before its answer gets lost."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire
        self.on_recall: Callable[[], None] = lambda: None
        self.status_report: dict[str, bytes] = {}

    def send(self, outgoing: Outgoing) -> Receipt:
        self.received.append(outgoing)
        self.wire.carry("send")
        return Receipt(reference="BANK")

    def recall(self, outgoing: Outgoing) -> Receipt:
        self.recalls.append(outgoing)
        self.on_recall()
        self.wire.carry("recall")
        return Receipt(reference="")

    def knows(self, message_id: str) -> bool | None:
        if self.wire.is_cut("knows"):
            raise Unavailable("cut", "The question was not answered.")
        return any(one.message_id == message_id for one in (*self.received, *self.recalls))

    def status(self, message_id: str) -> Incoming | None:
        if self.wire.is_cut("status"):
            raise Unavailable("cut", "The question was not answered.")
        content = self.status_report.get(message_id)
        return content and Incoming(
            name="status.xml", media_type="application/xml", content=content, received_at=FRIDAY
        )  # type: ignore[return-value]

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        """A page that is cut has given its first message away."""
        cut = self.wire.is_cut("collect")
        for place, found in enumerate(super().collect(cursor)):
            if cut and place:
                break
            yield found
        if cut:
            raise Unavailable("cut", "The page ended in the middle.")


class Erp(ForgetfulErp):
    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def post(self, outgoing: Outgoing) -> Receipt:
        self.booked.append(outgoing)
        self.wire.carry("post")
        return Receipt(reference="ERP")

    def tell(self, outgoing: Outgoing) -> Receipt:
        self.told.append(outgoing)
        self.wire.carry("tell")
        return Receipt(reference="ERP")

    def knows(self, message_id: str) -> bool | None:
        if self.wire.is_cut("erp knows"):
            raise Unavailable("cut", "The question was not answered.")
        return any(one.message_id == message_id for one in (*self.booked, *self.told))


class Program(WebhookCaller):
    """A customer's program: takes each event, and may hang up before it says so."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire, self.taken = wire, Counter[int]()

    def call(self, url: str, message: Message, secrets: Any, now: Any) -> Called:
        self.taken[message.sequence] += 1
        return Called(said="hung up") if self.wire.is_cut("webhook") else Called(status=204)


SYSTEMS: dict[str, object] = {}
FORGETFUL = Connector(
    name="forgetful_system",
    title="A bank or an ERP that forgets to answer",
    document="tests, 2026",
    config=ScriptedConfig,
    open=lambda config, secrets: SYSTEMS[config.name],
    example=ScriptedConfig(name="example"),
)


class Story:
    """Three payments of one file, told to everybody; `drops` says whose answers are cut."""

    def __init__(self, *drops: Drop) -> None:
        self.wire = Wire(frozenset(drops))
        self.company = company = Company()
        self.bank, self.erp = ForgetfulBank(self.wire), Erp(self.wire)
        self.program = Program(self.wire)
        company.world = msgspec.structs.replace(company.world, webhook_caller=self.program)
        SYSTEMS[company.code], SYSTEMS[f"{company.code}-erp"] = self.bank, self.erp
        with tenant(company.tenant_id):
            for connection_id in (company.bank_id, company.erp_id):
                rows = models.Connection.objects.filter(id=connection_id)
                rows.update(connector=FORGETFUL.name)
        self.endpoint_id = webhook_endpoints.register(
            company.acting(), "https://erp.example/nostro"
        )[0].id
        self.ids: list[UUID] = []
        self._tell()

    def _tell(self) -> None:
        company, bank = self.company, self.bank
        self.ids = company.pay(3)
        self._settle()
        (message_id,) = {one.message_id for one in bank.received}
        keys = [row.instruction.end_to_end_id for row in company.orders(self.ids)]
        bank.status_report[message_id] = pain_002(message_id, group="ACTC", message_id="S1")
        bank.says(pain_002(message_id, lines=[(key, "ACSP", "") for key in keys], message_id="S2"))
        bank.says(pain_002(message_id, lines=[(keys[0], "PDNG", "")], message_id="S3"))
        self._settle()
        wish = Wish(reason=RecallReason.CUSTOMER, text="ordered twice")
        done = cancelling.take_back(company.acting(), company.maker, self.ids[2:], wish)
        case_id = done.recalled[self.ids[2]]
        bank.on_recall = lambda: bank.says(camt_029(case_id, "CNCL", "A1"))
        self._settle()
        amounts = [row.instruction.amount.minor for row in company.orders(self.ids)]
        out = [Told(minor=-amounts[n], key=keys[n], reference=f"B{n}") for n in range(2)]
        back = Told(minor=amounts[1], key=keys[1], reference="R1", reason="MS03")
        iban = company.accounts["DE-EUR"]
        bank.says(camt("053", iban, out, message_id="ST1"))
        bank.says(camt("054", iban, [back], message_id="N1"))
        for _ in range(3):
            self._settle()

    def _settle(self) -> None:
        for pause in PAUSES:
            self._once()
            self.company.clock.advance(seconds=pause.total_seconds())

    def _once(self) -> None:
        """What the tick and the jobs do, in one thread."""
        company, job = self.company, self.company.job
        now = company.clock.now()
        release.release(job)
        with contextlib.suppress(Unavailable):
            answers.collect(job, company.bank_id)
        for row in self._due(models.BankMessage):
            answers.understand(job, row.connection_id, row.evidence_id)
        source_status.tell(job, company.erp_id)
        with tenant(company.tenant_id):
            posting.deliver_journals(job, company.erp_id)
        for row in self._due(models.Submission):
            dispatch.attend(job, row.id)
        sealing.seal_all(now)
        for endpoint_id in telling.attend(job):
            telling.deliver(job, endpoint_id)

    def _due(self, model: Any) -> list[Any]:
        with tenant(self.company.tenant_id):
            rows = model.objects.filter(next_action_at__lte=self.company.clock.now())
            return list(rows.order_by("id"))

    def end(self) -> dict[str, Any]:
        """Everything of which the end must be the same, without ids, times and tries."""
        company = self.company
        with tenant(company.tenant_id):
            place = {order_id: number for number, order_id in enumerate(self.ids)}
            facts = models.Fact.objects.values_list(
                "attempt__order_id", "kind", "status", "reason", "verdict", "amount_minor"
            )
            found = models.Case.objects.values_list(
                "order_id", "kind", "stage", "state", "amount_minor"
            )
            files = models.Submission.objects.values_list("purpose", "state", "line_count")
            journals = models.JournalEvent.objects.values_list("event", "owner", "action")
            orders = models.Order.objects.order_by("id").values_list("state", "returned_minor")
            return {
                "orders": list(orders),
                "attempts": company.attempts(self.ids),
                "files": Counter(row for row in files if row[0] in ("payments", "recalls")),
                "other files": {row[1] for row in files if row[0] in ("postings", "statuses")},
                "facts": Counter((place.get(row[0]), *row[1:]) for row in facts),
                "cases": Counter((place.get(row[0]), *row[1:]) for row in found),
                "journals": Counter(journals),
                "stranded": stranded(company.clock.now()),
            }

    def given(self) -> dict[str, Any]:
        """What the others were given, as often as they were given it."""
        return {
            "files": len(self.bank.received),
            "recalls": len(self.bank.recalls),
            "journals": Counter((one.event, one.action) for one in self.erp.journals()),
            "statuses": {one.source_reference: one.state for one in self.erp.statuses()},
        }

    def told_twice(self) -> list[Any]:
        """News that the ERP was given again; later ones may pass over a state that was left."""
        told = Counter((one.source_reference, one.state) for one in self.erp.statuses())
        return [news for news, times in told.items() if times > 1]

    def program_has_everything(self) -> bool:
        """At least once, by the standard of webhooks: the sequence tells it what it has."""
        with tenant(self.company.tenant_id):
            left = models.WebhookDelivery.objects.exclude(state="delivered").count()
            return left == 0 and sorted(self.program.taken) == list(range(1, webhooks.sealed() + 1))


@pytest.fixture(scope="module")
def whole(database: str) -> Iterator[Story]:
    """The story without any loss."""
    connectors.find()[FORGETFUL.name] = FORGETFUL
    try:
        yield Story()
    finally:
        del connectors.find()[FORGETFUL.name]


def test_the_story_without_loss(whole: Story) -> None:
    assert whole.end()["orders"][0] == ("settled", 0)
    assert whole.company.attempts(whole.ids) == ["executed", "returned", "cancelled_stop"]
    assert whole.end()["other files"] == {"delivered"}
    assert whole.end()["stranded"] == []
    assert whole.program_has_everything()
    assert whole.given()["files"] == whole.given()["recalls"] == 1
    assert set(whole.wire.calls) == {kind for kind in KINDS if "knows" not in kind}
    for kind, number in DROPS:
        assert whole.wire.calls[kind] > number or "knows" in kind, f"there is no {kind} {number}"


KINDS = ("send", "recall", "status", "collect", "post", "tell", "webhook", "knows", "erp knows")
DROPS: list[Drop] = [
    *(("send", 0), ("recall", 0), ("status", 0), ("status", 1), ("status", 2)),
    *(("collect", number) for number in (0, 4, 5, 8, 12, 13)),
    *(("post", 0), ("tell", 0)),
    *(("webhook", number) for number in (0, 5, 20)),
]
# A question is asked when an answer was lost: the answer to the question is lost too.
TWO = [
    *((("send", 0), ("knows", 0)), (("recall", 0), ("knows", 0))),
    *((("post", 0), ("erp knows", 0)), (("tell", 0), ("erp knows", 0))),
]
EVERY: list[tuple[Drop, ...]] = [*((one,) for one in DROPS), *TWO]


@pytest.mark.parametrize("drops", EVERY, ids=str)
def test_the_end_is_the_same(whole: Story, drops: tuple[Drop, ...]) -> None:
    story = Story(*drops)
    assert all(story.wire.calls[kind] > number for kind, number in drops)
    assert story.end() == whole.end()
    assert story.given() == whole.given()
    assert story.told_twice() == []
    assert story.program_has_everything()
