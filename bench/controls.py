"""What the controls cost: 100,000 payments with every check and a two-step approval, beside those
with only what nobody can switch off; and the CPU of each check.

    make bench-controls                 100,000 payments, 10,000 listed names
    COUNT=10000 LISTED=1000 make bench-controls

Without: the standard checks (form, payee, duplicates) and any two people; no list, limit or rule.
With: also 10,000 listed names, five limits, routing rules, and an approver before a treasurer. Each
run is a process of its own in an installation of its own. The payments are those of
`make bench-payments`, to 1,000 payees.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
from payment_runs import Company, chain  # noqa: E402
from payments import START, STATISTICS, STOP, python  # noqa: E402

COUNT = int(os.environ.get("COUNT", "100000"))
LISTED = int(os.environ.get("LISTED", "10000"))
MOST_TIMES = 2.0
STAGES = ("import", "approve", "release")
# What is called for each payment of a set, or once for the set, and what it is to people.
CHECKS = {
    "nostro.workflows.payment_checks:masters": "what is known, read for the set",
    "nostro.workflows.payment_routing:Routing.propose": "route, by its rules",
    "nostro.domain.policies.checks:check": "form, day, payee, duplicates",
    "nostro.domain.policies.checks:check_instruction": "rail's limits and letters",
    "nostro.workflows.screening:Screening.of_request": "watch lists, blocked countries",
    "nostro.workflows.payment_checks:_limited": "limits of payment and day",
    "nostro.workflows.approval_terms:put": "rule of approving, digest",
}


def set_controls(company: Company) -> None:
    """The customer's policies, in force at once, as after two people agreed to them."""
    from nostro.domain.money import Money
    from nostro.domain.party import Role
    from nostro.domain.payment import Rail
    from nostro.domain.policies.approval import ApprovalRules
    from nostro.domain.policies.approval_steps import Rule, Step, Where
    from nostro.domain.policies.payment_limits import Limit, PaymentLimits, Per
    from nostro.domain.policies.routing_rules import RoutingRule, RoutingRules
    from nostro.storage import models, people, policies
    from nostro.storage.tenancy import tenant

    most = Money(10**13, "EUR")
    limits = [Limit(name=per.value, most=most, per=per) for per in Per]
    limits.append(Limit(name="large", most=most, per=Per.PAYMENT, where=Where(sources=("erp",))))
    steps = ((Step(roles=(Role.APPROVER,)),), (Step(roles=(Role.TREASURER,)),))
    rule = Rule(name="All", where=Where(), stages=steps)
    with tenant(company.tenant_id):
        (account,) = models.Account.objects.values_list("id", flat=True)
        routes = [
            RoutingRule(name=f"Rule {n}", when=f'payee_country == "F{n}"', account_id=str(account))
            for n in range(4)
        ]
        routes.append(
            RoutingRule(name="Rest", when='currency == "EUR"', rail=Rail.SEPA_CREDIT_TRANSFER)
        )
        for content in (
            PaymentLimits(limits=tuple(limits)),
            RoutingRules(rules=tuple(routes)),
            ApprovalRules(rules=(rule,)),
        ):
            policies.add(
                company.world.ids.new(), content, valid_from=company.now,
                changed_by="bench", reason="bench",
            )  # fmt: skip
        treasurer = company.people[2]
        people.grant(company.world.ids.new(), UUID(treasurer.id), [Role.TREASURER])
    roles = frozenset({Role.TREASURER})
    company.people[2] = msgspec.structs.replace(treasurer, roles=roles)
    company.in_turn = True


def load_names(home: Path) -> None:
    """A watch list of made-up names, for every customer of the installation."""
    from screening import SYLLABLES, made_up

    random = Random(20261123)
    parts = SYLLABLES.split()
    vocabulary = ["".join(random.choices(parts, k=random.randint(2, 4))) for _ in range(12_000)]
    names = made_up(random, vocabulary)
    nothing = ",".join(["-0- "] * 8)
    rows = [f'{90_000 + n},"{next(names)}","individual","TEST",{nothing}' for n in range(LISTED)]
    file = home / "sdn.csv"
    file.write_text("\r\n".join(rows) + "\r\n", encoding="ascii")
    told = ("--list", "ofac_sdn", "--published", "2026-11-01")
    python(home, "-m", "nostro", "screening", "load", str(file), *told)


class Spent:
    """CPU by what was called, in this process."""

    def __init__(self) -> None:
        self.nanoseconds: Counter[str] = Counter()

    def watch(self) -> None:
        """Time the checks from now on."""
        for where, name in CHECKS.items():
            module, _, path = where.partition(":")
            owner: Any = import_module(module)
            *outer, last = path.split(".")
            for part in outer:
                owner = getattr(owner, part)
            setattr(owner, last, self._timing(name, getattr(owner, last)))

    def _timing(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.process_time_ns()
            told = work(*given, **named)
            self.nanoseconds[name] += time.process_time_ns() - began
            return told

        return timed


def one_run(kind: str, count: int, folder: Path) -> None:
    """A run in this process; prints its figures as a line of JSON."""
    spent = Spent()

    def prepare(company: Company) -> None:
        if kind != "without":
            set_controls(company)
        if kind == "checks":
            spent.watch()

    told = chain(count, folder, prepare)
    told["checks"] = {name: spent.nanoseconds[name] / 1e6 / count for name in spent.nanoseconds}
    print(json.dumps(told))


def measured(home: Path, kind: str, count: int) -> dict[str, Any]:
    folder = home / f"{kind}-{count}"
    told = python(home, "bench/controls.py", kind, str(count), str(folder))
    shutil.rmtree(folder)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def show(runs: dict[str, dict[str, Any]]) -> None:
    console = Console(width=130)
    table = Table("run", "payments", *STAGES, "total s", "CPU s", "PostgreSQL's", "times")
    totals = {name: sum(run["stages"][stage] for stage in STAGES) for name, run in runs.items()}
    for name, run in runs.items():
        table.add_row(
            name, f"{run['count']:,}", *(f"{run['stages'][stage]:.1f}" for stage in STAGES),
            f"{totals[name]:.1f}", f"{sum(run['cpu'].values()):.1f}",
            f"{sum(run['database'].values()):.1f}", f"{totals[name] / totals['without']:.2f}",
        )  # fmt: skip
    console.print(table)
    met = "met" if totals["with"] <= MOST_TIMES * totals["without"] else "missed"
    console.print(f"At most {MOST_TIMES} times the run without: {met}")
    checks = Table("check", "CPU ms a payment")
    for name, milliseconds in runs["with, timed"]["checks"].items():
        checks.add_row(name, f"{milliseconds:.4f}")
    console.print(checks)
    console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="nostro-bench-", dir="/tmp"))
    home.chmod(0o755)
    try:
        python(home, "-c", START)
        python(home, "-m", "nostro", "migrate")
        measured(home, "without", 2000)
        python(home, "-c", STATISTICS)
        runs = {"without": measured(home, "without", COUNT)}
        load_names(home)
        runs["with"] = measured(home, "with", COUNT)
        runs["with, timed"] = measured(home, "checks", COUNT)
        show(runs)
    finally:
        python(home, "-c", STOP)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        place = Path(sys.argv[3])
        place.mkdir(parents=True, exist_ok=True)
        one_run(sys.argv[1], int(sys.argv[2]), place)
