"""X12 where other formats meet it: remittance that travels inside something else (Nacha CTX)."""

from __future__ import annotations

from nostro.domain.problem import Problem
from nostro.domain.remittance import RemittanceAdvice
from nostro.formats.american.x12_advice import Advice
from nostro.formats.american.x12_tokens import (
    UNKNOWN,
    Segment,
    Tokens,
    delimiters_without_header,
    piece_of,
)

_ENVELOPE = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})


def remittance_of(text: str) -> tuple[RemittanceAdvice, list[Problem]]:
    """The remittance in a text: a whole 820, its segments ST to SE, or RMR and ADX alone.

    Delimiters are those of ISA if the text has one, else those it shows. Amounts are in the
    currency of CUR, else USD. Only the first transaction set is read. Text that is no X12 comes
    back whole in `codes` of an advice without documents; raises Invalid only for text beyond limits
    (`x12_segment_too_long`), NUL bytes (`not_text`), or an ISA that cannot be used.
    """
    begins = text.lstrip()
    known = UNKNOWN if begins.startswith("ISA") else delimiters_without_header(begins)
    advice = Advice("")
    if not begins:
        return advice.of([]), []
    tokens = Tokens([piece_of(begins)], known)
    body, control_number = _first_set(list(tokens))
    found = advice.of(body, control_number=control_number)
    return found, [*tokens.take_problems(), *advice.problems]


def _first_set(segments: list[Segment]) -> tuple[list[Segment], str]:
    begin = next((n for n, s in enumerate(segments) if s.name == "ST"), -1)
    end = next((n for n, s in enumerate(segments) if s.name == "SE"), len(segments))
    control_number = segments[begin].get(2) if begin >= 0 else ""
    body = [s for s in segments[begin + 1 : end] if s.name not in _ENVELOPE]
    return body, control_number
