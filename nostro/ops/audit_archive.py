"""A customer's whole log as a file that nostro/verifier.py checks without a database.

JSON, one object a line: what it is; the signed statements; the entries in order; how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

import msgspec

from nostro.domain import audit_chain
from nostro.domain.audit_proof import Node, PrunedTree
from nostro.domain.event import Event
from nostro.ops.pack_file import Sink
from nostro.storage import audit_statements, events, shown_events
from nostro.storage.events import Link
from nostro.storage.tenancy import tenant


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds: entries, the last position, the position of the last checkpoint."""

    entries: int
    position: int
    signed: int


def write(tenant_id: UUID, file: BinaryIO, now: datetime, after: int = 0) -> Written:
    """Write one customer's log from the entry after a position on."""
    unsealed = dict(events.waiting()).get(tenant_id, 0)
    signed = audit_statements.last_position(tenant_id)
    entries, position = 0, after
    with tenant(tenant_id):
        told = {"customer": str(tenant_id), "exported_at": now, "after": after, "version": 1}
        file.write(_line(archive=told))
        for statement in audit_statements.of_this_customer():
            file.write(statement.line().encode() + b"\n")
        for link in events.links(after):
            file.write(line_of(link))
            entries, position = entries + 1, link.seal.position
    file.write(_line(end={"entries": entries, "unsealed": unsealed}))
    return Written(entries=entries, position=position, signed=signed)


def write_shown(file: Sink, positions: Sequence[int], until: int) -> int:
    """Write only the entries at these positions, which are in order, of the log up to `until`.

    Between them stand the nodes of the tree that prove the rest: {"covers":n,"hash":"<hex>"}.
    Returns how many entries there are up to `until`. Inside the open unit of work.
    """
    after, before = shown_events.tree_before(positions[0] if positions else until + 1)
    tree = PrunedTree(before)
    links = shown_events.links_at(positions)
    link = next(links, None)
    for position, leaf in shown_events.hashes(after, until):
        if link is None or link.seal.position != position:
            tree.hide(leaf)
            continue
        file.write(b"".join(map(_node, tree.show())))
        file.write(line_of(link))
        link = next(links, None)
    file.write(b"".join(map(_node, tree.rest())))
    return tree.entries


def _node(node: Node) -> bytes:
    return b'{"covers":%d,"hash":"%b"}\n' % (node.covers, node.hash.hex().encode())


def line_of(link: Link) -> bytes:
    """One entry. An event that is gone leaves a line that no verifier takes for whole."""
    seal = link.seal
    head, told = _parts(link, link.event) if link.event else (b"null", b"null")
    key = b'"%b"' % link.key.hex().encode() if link.key else b"null"
    return b'{"hash":"%b","key":%b,"entry":%b,"content":%b}\n' % (
        seal.hash.encode(),
        key,
        head,
        told,
    )


def _parts(link: Link, event: Event) -> tuple[bytes, bytes]:
    seal = link.seal
    if not seal.commitment:
        return audit_chain.first_version(seal.position, seal.previous_hash, event)
    told = b"null" if link.erased_at else audit_chain.content(event)
    return audit_chain.entry(seal.position, seal.previous_hash, event, seal.commitment), told


def _line(**said: object) -> bytes:
    return msgspec.json.encode(said) + b"\n"
