"""Real and public files: each is read, or refused with a code and a place; nothing else happens."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.statement import Statement, balance_verdict
from nostro.formats import HEAD_BYTES
from tests.formats.samples import read

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
# At least so many are read: a reader that refuses more than before has become worse.
READ_AT_LEAST = {"camt.053": 87, "pain.001": 18, "pain.002": 17}


@pytest.mark.parametrize("message", READ_AT_LEAST)
def test_the_corpus_is_read_or_refused_with_a_place(
    message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    name = message.replace(".", "_")
    counts: Counter[str] = Counter()
    for path in sorted((CORPUS / message).rglob("*.xml")):
        data = path.read_bytes()
        assert formats.identify(data[:HEAD_BYTES]).name == name, path
        try:
            found = read(name, data)
        except Invalid as refusal:
            counts[f"refused, {refusal.code}"] += 1
            assert refusal.location, path  # noqa: PT017 - both outcomes are right, one has a place.
            continue
        counts["read"] += 1
        for item in found:
            if isinstance(item, Statement):
                counts[f"statement {balance_verdict(item).verdict}"] += 1
                counts["problems told"] += len(item.problems)
    with capsys.disabled():
        print(f"\n{message}: {dict(sorted(counts.items()))}")  # noqa: T201
    assert counts["read"] >= READ_AT_LEAST[message]
