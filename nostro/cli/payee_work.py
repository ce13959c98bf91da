"""Payees on the terminal: a file of them asked for, and one with his history."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from nostro.cli import terminal
from nostro.domain.errors import Refused
from nostro.formats.tables import payee_list


def import_payees(customer: str, file: str, reason: str, who: tuple[str, str]) -> None:
    content = Path(file).read_bytes()
    found = payee_list.read(content)
    if who[0]:
        acting, member = terminal.person(customer, *who)
    else:
        acting, member = terminal.acting(customer), None
    from nostro.storage import evidence
    from nostro.storage.tenancy import tenant
    from nostro.workflows import change_requests
    from nostro.workflows.changes.payee_import import PAYEES_MAX

    name = Path(file).name
    with tenant(acting.tenant_id):
        kept = evidence.keep(
            acting.world.ids.new(),
            content,
            name=name,
            media_type="text/csv",
            direction="in",
            now=acting.world.clock.now(),
        )
    for first in range(0, len(found), PAYEES_MAX):
        wanted = {
            "file": name,
            "evidence": str(kept),
            "first_line": first + 2,
            "payees": found[first : first + PAYEES_MAX],
        }
        try:
            request_id = change_requests.ask(acting, member, "payee_import", wanted, reason)
        except Refused as error:
            if error.code != "nothing_changes":
                raise
            print(f"Line {first + 2} and on: nothing of it is new.")
            continue
        print(f"Asked for: {request_id}. Nothing changes before somebody else agrees.")


def show(customer: str, number: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import parties, payee_listing
    from nostro.storage.tenancy import tenant

    with tenant(acting.tenant_id):
        payee = parties.payee_named(number)
        if payee is None:
            raise Refused(
                "payee_unknown",
                f"There is no payee {number[:60]}.",
                can_do="`nostro changes ask payee` asks for one.",
            )
        versions = payee_listing.account_versions(payee[0])
    table = Table("version", "IBAN", "from", "source", "proof", "by", "confirmed")
    for one in versions:
        table.add_row(
            str(one.version),
            one.iban or one.local_account,
            f"{one.valid_from:%Y-%m-%d %H:%M}",
            " ".join(part for part in (one.source.replace("_", " "), one.source_detail) if part),
            one.document or str(one.evidence_id or ""),
            one.changed_by,
            "yes" if one.confirmed else "no",
        )
    print(f"{payee[1]} ({number})")
    Console().print(table)


def verify(customer: str, number: str, name: str) -> None:
    acting = terminal.acting(customer)
    from nostro.domain.policies.payee_verification import ANSWER_WORDS
    from nostro.workflows import verifying

    said = verifying.ask(acting, number, name)
    told = f", the account is in the name of {said.name_told}" if said.name_told else ""
    print(
        f"{said.name_asked}: {ANSWER_WORDS[said.answer].replace('_', ' ')}{told} ({said.answer})."
    )


def penny_test(
    number: str, entity: str, currency: str, customer: str, who: tuple[str, str]
) -> None:
    acting, member = terminal.person(customer, *who)
    from nostro.storage import listing
    from nostro.storage.tenancy import tenant
    from nostro.workflows import penny_testing

    order_id = penny_testing.begin(acting, member, number, entity, currency)
    with tenant(acting.tenant_id):
        row = listing.payment(order_id)
    told = row.number if row else order_id
    print(f"{told} is made; it is approved and sent like every payment. Then ask the payee for the")
    print("code in its text; a colleague tells it: nostro changes ask payee_penny_test.")
