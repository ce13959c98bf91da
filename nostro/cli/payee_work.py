"""Payees on the terminal: a file of them asked for, and one with his history."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from nostro.cli import terminal
from nostro.domain.errors import Refused


def import_payees(customer: str, file: str, reason: str, who: tuple[str, str]) -> None:
    content = Path(file).read_bytes()
    if who[0]:
        acting, member = terminal.person(customer, *who)
    else:
        acting, member = terminal.acting(customer), None
    from nostro.storage.tenancy import tenant
    from nostro.workflows import payee_files

    with tenant(acting.tenant_id):
        waiting = payee_files.waiting(content)
    for row, count in waiting:
        of = "payee" if count == 1 else "payees"
        print(f"{count:,} {of} of it wait already: {row.subject}, {row.asked_by_name}, {row.id}.")
    for line, request_id in payee_files.ask(acting, member, content, Path(file).name, reason):
        if request_id is None:
            print(f"Line {line} and on: nothing of it is new.")
        else:
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
