"""Real and public files: each is read, or refused with a code and a place; nothing else happens."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.formats.coverage import CORPUS, OUTCOMES, PARTLY, READ, UNSUPPORTED, WARNED, results

# At least so many are read: a reader that refuses more than before has become worse.
READ_AT_LEAST = {
    "bai2": 9,
    "camt_029": 2,
    "camt_052": 87,
    "camt_053": 87,
    "camt_054": 31,
    "camt_055": 1,
    "camt_056": 3,
    "mt940": 70,
    "nacha": 145,
    "pain_001": 26,
    "pain_002": 17,
    "pain_008": 3,
    "x12_820": 1,
}


def test_the_corpus_is_read_or_refused_with_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Any other exception than a refusal fails; `python -m tests.formats.coverage` shows more."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    found = results()
    counts = Counter(result.outcome for result in found)
    with capsys.disabled():
        print(f"\ncorpus: {', '.join(f'{counts[one]} {one}' for one in OUTCOMES)}")  # noqa: T201
    assert not [result for result in found if result.placeless]
    assert all(result.reasons for result in found if result.outcome not in (READ, UNSUPPORTED))
    read = Counter(r.form for r in found if r.outcome in (READ, WARNED, PARTLY))
    worse = {name: read[name] for name, least in READ_AT_LEAST.items() if read[name] < least}
    assert not worse, f"read now, of at least {READ_AT_LEAST}"
