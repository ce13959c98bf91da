"""Which open items the day's lines may pay: found by their keys, decided by the stages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import polars as pl

from nostro.domain.match import Proposal, ProposalStatus
from nostro.domain.money import Money
from nostro.domain.party import Account
from nostro.matching import item_keys, receipts
from nostro.matching.booking import Line
from nostro.matching.item_keys import KeyKind, LineKeys
from nostro.matching.receipts import Payer
from nostro.matching.stages.confidence import Model
from nostro.storage import candidates
from nostro.storage.candidates import Named

_TEXTS = ("text", "structured", "e2e", "name", "iban")


def propose(account: Account, lines: Sequence[Line], model: Model, target: int) -> list[Proposal]:
    """What the stages propose of these lines, whose own payments are known to be others. Inside
    a unit of work."""
    if not lines:
        return []
    entity_id = UUID(account.legal_entity_id)
    keys = item_keys.of_lines(_texts(lines))
    named = candidates.named(entity_id, {key for one in keys for key in _numbers(one)})
    payers = candidates.payers(entity_id, {key for one in keys for key in _payer_keys(one)})
    unexplained = [
        (line, told)
        for line, told in zip(lines, keys, strict=True)
        if line.amount.minor > 0 and not _paid_exactly(line, told, named)
    ]
    paid: dict[str, set[int]] = {}
    for line, told in unexplained:
        for customer in _customers(told, payers):
            paid.setdefault(customer, set()).add(line.amount.minor)
    for parent, children in candidates.children(entity_id, paid).items():
        for child in children:
            paid.setdefault(child, set()).update(paid[parent])
    ids = {one.id for found in named.values() for one in found}
    ids.update(candidates.of_customers(entity_id, paid))
    known = [
        Payer(customer, *_said(line, kind))
        for line, told in zip(lines, keys, strict=True)
        for kind, key in _payer_keys(told)
        for customer in payers.get((kind, key), ())
    ]
    proposals = receipts.propose(lines, candidates.load(ids), known, model, target)
    signs = {line.id: line.amount for line in lines}
    return [_only_money_in(one, signs[one.transaction_id]) for one in proposals]


def _texts(lines: Sequence[Line]) -> pl.DataFrame:
    rows = [
        (line.remittance, "", line.end_to_end_id, line.counterparty_name, line.counterparty_iban)
        for line in lines
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(_TEXTS, pl.String), orient="row")


def _numbers(told: LineKeys) -> list[tuple[KeyKind, int]]:
    return [
        *((KeyKind.DIGITS, key) for key in told.digits),
        *((KeyKind.LETTERS, key) for key in told.letters),
    ]


def _payer_keys(told: LineKeys) -> list[tuple[KeyKind, int]]:
    both = (KeyKind.ACCOUNT, told.account), (KeyKind.NAME, told.name)
    return [(kind, key) for kind, key in both if key is not None]


def _customers(told: LineKeys, payers: dict[tuple[KeyKind, int], list[str]]) -> set[str]:
    return {one for key in _payer_keys(told) for one in payers.get(key, ())}


def _said(line: Line, kind: KeyKind) -> tuple[str, str]:
    """By which the customer is known: his name, or his account."""
    if kind is KeyKind.NAME:
        return line.counterparty_name, ""
    return "", "".join(line.counterparty_iban.split())


def _paid_exactly(
    line: Line, told: LineKeys, named: dict[tuple[KeyKind, int], list[Named]]
) -> bool:
    """It names items and pays them exactly: nothing else of the payer needs to be looked at."""
    found = {one.id: one.open_minor for key in _numbers(told) for one in named.get(key, ())}
    return line.amount.minor in (*found.values(), sum(found.values()))


def _only_money_in(proposal: Proposal, amount: Money) -> Proposal:
    """Money out pays no item by itself: it waits for a person, however sure it is."""
    if amount.minor > 0 or proposal.status is not ProposalStatus.POST:
        return proposal
    return msgspec.structs.replace(proposal, status=ProposalStatus.SUGGEST)
