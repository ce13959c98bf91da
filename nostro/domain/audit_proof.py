"""Proof that some entries stand in a signed log, without the entries between them.

The inclusion proofs of RFC 9162, section 2.1.3, for many entries at once: what two of them share is
written once. In the order of the log, whatever is not shown stands as the fewest nodes of the tree
that cover it; shown entries and nodes together make the root anew. For k of n entries these are at
most about k * log2(n / k) nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from nostro.domain.audit_chain import Tree


class Node(msgspec.Struct, frozen=True):
    """The root of a full subtree over `covers` entries (a power of two), 32 bytes."""

    covers: int
    hash: bytes


class PrunedTree:
    """One walk over the tree's leaves in order, some of them shown."""

    def __init__(self, before: Tree) -> None:
        """`before` is the tree over the entries that come before the first leaf that is told."""
        self.entries = before.entries
        sizes = [
            1 << bit for bit in range(before.entries.bit_length()) if before.entries >> bit & 1
        ]
        peaks = zip(reversed(sizes), before.peaks, strict=True)
        self._hidden = [Node(covers, peak) for covers, peak in peaks]

    def hide(self, leaf: bytes) -> None:
        """The next entry is not shown; its hash, 32 bytes, is all that is needed of it."""
        node = Node(1, leaf)
        # A right child merges with its left sibling, if nothing of that one is shown.
        while self._hidden and self._hidden[-1].covers == node.covers and self._is_right(node):
            left = self._hidden.pop()
            node = Node(2 * node.covers, sha256(b"\1" + left.hash + node.hash).digest())
        self._hidden.append(node)
        self.entries += 1

    def show(self) -> Sequence[Node]:
        """The next entry is shown; returns the nodes that stand between the last one and it."""
        nodes = self.rest()
        self.entries += 1
        return nodes

    def rest(self) -> Sequence[Node]:
        """The nodes after the last entry that is shown."""
        nodes, self._hidden = self._hidden, []
        return nodes

    def _is_right(self, node: Node) -> bool:
        """Whether a node that ends with the leaf being hidden is its parent's right child."""
        return bool(self.entries & node.covers)
