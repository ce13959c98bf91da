"""Real and public files: each is read, or refused with a code and a place; nothing else happens."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.formats.coverage import CORPUS, OUTCOMES, PARTLY, READ, UNSUPPORTED, WARNED, results

# At least so many are read without an error, and together with those read in part: a reader that
# refuses or leaves out more than before has become worse.
READ_AT_LEAST = {
    "bai2": (7, 9),
    "bai_lockbox": (2, 2),
    "camt_029": (2, 2),
    "camt_052": (88, 89),
    "camt_053": (87, 87),
    "camt_054": (31, 33),
    "camt_055": (1, 1),
    "camt_056": (3, 3),
    "mt940": (61, 70),
    "mt942": (2, 3),
    "mt950": (1, 1),
    "nacha": (120, 145),
    "pain_001": (23, 28),
    "pain_002": (16, 17),
    "pain_008": (3, 3),
    "x12_820": (1, 1),
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
    whole = Counter(r.form for r in found if r.outcome in (READ, WARNED))
    partly = Counter(r.form for r in found if r.outcome == PARTLY)
    worse = {
        name: (whole[name], partly[name])
        for name, (least, with_part) in READ_AT_LEAST.items()
        if whole[name] < least or whole[name] + partly[name] < with_part
    }
    assert not worse, f"read now, of at least {READ_AT_LEAST}"
