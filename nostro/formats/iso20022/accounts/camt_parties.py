"""Who is on the other side of a payment in a bank statement message, and what is kept of our own.

ISO 20022 camt.052/.053/.054, RltdPties and RltdAgts of a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nostro.domain.identifier import compact
from nostro.formats.iso20022.accounts.camt_fields import SIDES

# What is told of one side: name, account, BIC, ultimate party, number, private number.
Facts = tuple[str, ...]
NO_FACTS: Facts = ("", "", "", "", "", "")
_SIDE_FACTS = (
    ("name", "RltdPties/{}/Nm"),
    ("account", "RltdPties/{}Acct/Id"),
    ("bic", "RltdAgts/{}Agt/BIC"),
    ("ultimate", "RltdPties/Ultmt{}/Nm"),
    ("id", "RltdPties/{}/Id/OrgId"),
    ("private", "RltdPties/{}/Id/PrvtId"),
)
_PATHS = {side: tuple(path.format(side) for _, path in _SIDE_FACTS) for side in SIDES}
SLOTS = {side: tuple(f"{side.lower()}_{fact}" for fact, _ in _SIDE_FACTS) for side in SIDES}
ADDRESS = {side: f"{side.lower()}_address" for side in SIDES}
OTHER = {"Dbtr": "Cdtr", "Cdtr": "Dbtr"}
_SIDES = {1: ("Dbtr", "Cdtr"), -1: ("Cdtr", "Dbtr")}
COUNTERPARTY = (
    "counterparty_name",
    "counterparty_iban",
    "counterparty_bic",
    "counterparty_id",
    "ultimate_counterparty_name",
)


def counterparty(sign: int, own: str, told: Mapping[str, Facts]) -> str:
    """The other side: the creditor of a debit, the debtor of a credit.

    A returned payment keeps its original roles, so the side that is ourselves (our account is
    `own`), or is not there, gives way to the other one.
    """
    sides = _SIDES[sign]
    for side in sides:
        name, account, _, ultimate, _, _ = told[side]
        if account and own and compact(account) == own:
            continue
        if account or name or ultimate:
            return side
    return sides[0]


def described(facts: Facts) -> tuple[str, str, str, str, str]:
    """What a detail says of its counterparty: values of the fields COUNTERPARTY."""
    name, account, bic, ultimate, identity, private = facts
    return name or ultimate, compact(account), bic, identity or private, ultimate


def kept(side: str, facts: Facts, address: Iterable[str], own: str) -> list[tuple[str, str]]:
    """What the message says of the side that is not the counterparty: mostly of ourselves."""
    account = facts[1]
    codes = [
        (path, text)
        for path, text in zip(_PATHS[side], facts, strict=True)
        if text and not (text is account and compact(text) == own)
    ]
    return codes + [(f"RltdPties/{side}/PstlAdr", line) for line in address]
