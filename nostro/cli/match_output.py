"""Decisions as jsonl, in batches: a million of them never stand in memory as texts at once."""

from __future__ import annotations

from typing import Any

from nostro.matching.stages.decisions import Decisions

BATCH = 100_000


def write(decisions: Decisions, stream: Any) -> None:
    for start in range(0, decisions.lines.height, BATCH):
        decisions.batch(start, BATCH).write_ndjson(stream)


def counts(decisions: Decisions) -> dict[str, int]:
    told = decisions.lines.group_by("status").len().sort("status")
    return dict(told.iter_rows())
