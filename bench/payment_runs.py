"""One measured payment run in a process of its own: from the ERP's file to the bank's folder.

    python bench/payment_runs.py COUNT FOLDER

NOSTRO_HOME names an installation that is migrated. A made-up customer with 1,000 payees delivers a
file of COUNT payments; two people approve all of it; it is released into pain.001 files, which are
put into FOLDER and validated by their schema. As in an installation, two people approve at the
same time, and a worker's second thread hands over what its first one has released. Printed as one
line of JSON: seconds of each stage, seconds of CPU of each in this process and in PostgreSQL,
peak memory, and how much is on disk.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

PAYEES = 1000
PORTION = 5000
TITLES = (
    "RUN_ID;ITEM;COMPANY_CODE;VENDOR;VENDOR_NAME;STREET;POSTAL_CODE;CITY;COUNTRY;IBAN;BIC;"
    "AMOUNT;CURRENCY;PAYMENT_DATE;INVOICES;REFERENCE;APPROVED_BY\n"
)


def iban(number: int) -> str:
    """A made-up account with right check digits."""
    bban = f"FIKT{number:010}"
    digits = "".join(str(int(letter, 36)) for letter in f"{bban}NL00")
    return f"NL{98 - int(digits) % 97:02}{bban}"


class Company:
    """A customer of its own for each run: an entity, an account, its payees, three people."""

    in_turn = False  # Whether the second person's approval comes after the first's.

    def __init__(self, code: str, folder: Path) -> None:
        from nostro import app

        self.world = app.start()
        from nostro.domain.event import Actor
        from nostro.domain.party import Member, Role
        from nostro.workflows.context import Acting

        new = self.world.ids.new
        self.code, self.tenant_id, self.now = code, new(), self.world.clock.now()
        roles = (Role.MAKER, Role.APPROVER, Role.APPROVER)
        self.people = [
            Member(id=str(new()), name=f"Person {n}", roles=frozenset({role}))
            for n, role in enumerate(roles)
        ]
        self.actings = [
            Acting(
                tenant_id=self.tenant_id,
                actor=Actor(kind="person", id=person.id, name=person.name),
                world=self.world,
            )
            for person in self.people
        ]
        self._create(folder)

    def _create(self, folder: Path) -> None:
        from nostro.domain.party import Account, LegalEntity, PostalAddress
        from nostro.storage import parties
        from nostro.storage.tenancy import tenant

        new = self.world.ids.new
        partner = parties.create_partner(new(), "Bench partner")
        parties.create_customer(self.tenant_id, partner, name=self.code, code=self.code)
        entity_id, connection_id = str(new()), new()
        where = {"drop_folder": str(folder), "pickup_folder": str(folder / "none")}
        with tenant(self.tenant_id):
            parties.create_connection(connection_id, "Bank", "host_folder", where)
            parties.create_entity(
                LegalEntity(
                    id=entity_id, code="NL", name="Bench B.V.", functional_currency="EUR",
                    address=PostalAddress(town="Utrecht", country="NL"), receivables_account="1300",
                )
            )  # fmt: skip
            parties.create_account(
                Account(
                    id=str(new()), legal_entity_id=entity_id, connection_id=str(connection_id),
                    name="Current", iban=iban(1), bic="FIKTNL2A", currency="EUR",
                    ledger_account="1100", clearing_account="1190",
                )
            )  # fmt: skip
            self._employ()
            self._add_payees()

    def _employ(self) -> None:
        from nostro.storage import people

        for person in self.people:
            people.create_person(
                UUID(person.id), email=f"{person.id}@example.com", name=person.name,
                password="a rather long sentence", now=self.now,
            )  # fmt: skip
            people.grant(self.world.ids.new(), UUID(person.id), person.roles)

    def _add_payees(self) -> None:
        from nostro.domain.party import PayeeAccount
        from nostro.storage import parties

        for number in range(PAYEES):
            payee_id = self.world.ids.new()
            parties.add_payee(payee_id, f"V{number}", f"Supplier {number}")
            parties.add_payee_account(
                PayeeAccount(
                    id=str(self.world.ids.new()), payee_id=str(payee_id), payee_number=f"V{number}",
                    payee_name=f"Supplier {number}", version=1, iban=iban(100 + number),
                    bic="FIKTNL2A", valid_from=self.now - timedelta(days=100),
                    changed_by="bench", confirmed=True,
                )
            )  # fmt: skip


def write_run(path: Path, code: str, count: int, day: str) -> None:
    """The run as its ERP exports it, written line by line."""
    cents = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(TITLES)
        for number in range(count):
            payee, amount = number % PAYEES, 10_000 + number
            cents += amount
            file.write(
                f"{code};{number};NL;V{payee};Supplier {payee};Kade 1;1011;Utrecht;NL;"
                f"{iban(100 + payee)};FIKTNL2A;{amount // 100}.{amount % 100:02};EUR;{day};"
                f"INV-{number};Invoice {number};\n"
            )
        file.write(f"TRAILER;{count};EUR={cents // 100}.{cents % 100:02}\n")


def waiting(company: Company) -> Iterator[tuple[list[UUID], str]]:
    """What a person sees before approving: portions of payments with the digest of each portion."""
    from nostro.domain.order import OrderState
    from nostro.storage import models
    from nostro.storage.tenancy import tenant
    from nostro.workflows.approval import selection_digest

    with tenant(company.tenant_id):
        found = models.Order.objects.filter(state=OrderState.AWAITING_APPROVAL).order_by("id")
        seen = list(found.values_list("id", "approval_digest"))
    for begin in range(0, len(seen), PORTION):
        part = seen[begin : begin + PORTION]
        yield [order_id for order_id, _ in part], selection_digest({str(i): d for i, d in part})


def approve(company: Company) -> None:
    """Both people at once. Side by side: one of them from the end. In turn: the second person
    approves each portion once the first has."""
    from nostro.workflows import approval

    portions = list(waiting(company))

    def one(person: int, portion: tuple[list[UUID], str]) -> None:
        acting, member = company.actings[person], company.people[person]
        approval.approve(acting, member, *portion)

    def first(_: object) -> list[Future[None]]:
        following = []
        for portion in portions:
            one(1, portion)
            if company.in_turn:
                following.append(people.submit(one, 2, portion))
        return following

    def second(_: object) -> list[Future[None]]:
        if not company.in_turn:
            for portion in portions[::-1]:
                one(2, portion)
        return []

    with ThreadPoolExecutor(2, initializer=_own_connections) as people:
        for work in [people.submit(first, None), people.submit(second, None)]:
            for later in work.result():
                later.result()


def release(company: Company) -> None:
    """What is released is handed over while the next is being released."""
    from nostro.workflows import dispatch, release

    given: list[Future[Any]] = []
    with ThreadPoolExecutor(1, initializer=_own_connections) as worker:
        while made := release.release(company.actings[0]):
            given += [worker.submit(dispatch.attend, company.actings[0], one) for one in made]
    for one in given:
        one.result()


def _own_connections() -> None:
    from django.db import connections

    connections.close_all()


def database_cpu() -> float:
    """Seconds of CPU that all of PostgreSQL has used so far, as Linux tells."""
    from django.db import connections

    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    parent = _stat(backend)[1]
    ticks = sum(map(int, _stat(int(parent))[11:15]))
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = _stat(int(folder.name))
        except OSError:
            continue  # It has just ended.
        if told[1] == parent:
            ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def chain(
    count: int, folder: Path, controls: Callable[[Company], None] | None = None
) -> dict[str, Any]:
    company = Company(f"B{count}-{os.getpid()}", folder)
    if controls:
        controls(company)
    from nostro import connectors, formats
    from nostro.formats import Profile
    from nostro.formats.iso20022.validation import schema
    from nostro.workflows import payment_intake

    # A worker that has been up for a while has these loaded.
    connectors.find()
    formats.find()
    company.world.calendar.next_bank_day(company.now.date(), "EUR")

    run_file = folder.with_suffix(".csv")
    write_run(run_file, company.code, count, company.now.date().isoformat())
    profile = Profile(name="vesterholt_ap")
    stages: dict[str, float] = {}
    cpu: dict[str, float] = {}
    database: dict[str, float] = {}
    result: dict[str, Any] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        used_there = database_cpu()
        began, used = time.perf_counter(), time.process_time()
        told = work()
        stages[name], cpu[name] = time.perf_counter() - began, time.process_time() - used
        database[name] = database_cpu() - used_there
        return told

    def take_in() -> None:
        with run_file.open("rb") as stream:
            payment_intake.import_run(
                company.actings[0], "erp", run_file.name, stream, profile, lambda _d, _o: None
            )

    before = peak()
    timed("import", take_in)
    timed("approve", lambda: approve(company))
    timed("release", lambda: release(company))
    result["peak_bytes"] = peak()
    result["before_bytes"] = before
    files = sorted(folder.glob("*.xml"))
    timed("validate", lambda: [schema.validate(file.read_bytes()) for file in files])
    result["files"], result["bytes"] = len(files), sum(file.stat().st_size for file in files)
    told = sum(file.read_bytes().count(b"<CdtTrfTxInf>") for file in files)
    if told != count:
        raise SystemExit(f"{told} payments are on disk, {count} were asked for")
    return {"count": count, "stages": stages, "cpu": cpu, "database": database, **result}


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    print(json.dumps(chain(int(sys.argv[1]), target)))
