"""What is known of a booking as :86:, in one of three ways; refused if reading it gave less.

`plain` writes lines of text, `german` the fields ?00 to ?63 with keywords (DK annex 3, chapter 8),
`slash` the codes /EREF/../REMI/.. . The proof is in the writing: the text is decoded again, and
every field of the booking that would be missing is named.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from nostro.domain.problem import NOWHERE
from nostro.domain.statement import Entry, TransactionDetail
from nostro.formats.swift.narrative import KEYWORDS, SLASHES, decode
from nostro.formats.swift.text import NARRATIVE_WIDTH, lines_of, refused

LINES_MAX = 6
_PIECE = 27
_CODE = "the transaction code"
_PURPOSE = [*(str(number) for number in range(20, 30)), *(str(number) for number in range(60, 64))]
# In the order that banks use.
_KEYWORDS = ("EREF", "KREF", "MREF", "CRED", "DEBT", "PURP", "ABWA", "SVWZ")
_SLASHES = ("EREF", "PREF", "IREF", "MARF", "CSID", "IBAN", "BIC", "NAME", "ID", "PURP", "ULTC")


def narrative_of(entry: Entry, dialect: str, what: str) -> str:
    """:86: of a booking, at most 6 lines of 65; "" if there is nothing to tell.

    Raises Invalid: `narrative_not_carried` names what would be lost, `details_not_carried` more
    than one detail, and whatever `text.lines_of` refuses.
    """
    if len(entry.details) > 1:
        happened = f"The booking has {len(entry.details)} details; :86: tells of one."
        raise refused("details_not_carried", happened, "Write camt.053 instead.", what, "details")
    detail = entry.details[0] if entry.details else None
    if entry.text and _tells(entry.text, entry, detail) == []:
        return lines_of(entry.text.split("\n"), NARRATIVE_WIDTH, LINES_MAX, what)
    if detail is None:
        return _plain(entry, None, what)
    write = {"german": _german, "slash": _slashes}.get(dialect, _plain)
    text = write(entry, detail, what)
    if missing := _tells(text, entry, detail):
        raise refused(
            "narrative_not_carried",
            f":86: in the way {dialect!r} cannot tell {', '.join(missing)} of the booking.",
            "Choose another way of writing it (option narrative), or write camt.053.",
            what,
            "proprietary_code" if missing[0] == _CODE else missing[0],
        )
    return text


def _tells(text: str, entry: Entry, detail: TransactionDetail | None) -> list[str]:
    """The fields of the booking that the text does not tell as they are."""
    told = decode(text, "auto", entry.amount.currency)
    gvc = entry.proprietary_code.partition("+")[2]
    missing = [] if told.pop("gvc", "") == gvc else [_CODE]
    codes = tuple(code for code in told.pop("codes") if code[0] != "?00")
    got = TransactionDetail(amount=entry.amount, codes=codes, **told)
    wanted = detail or TransactionDetail(amount=entry.amount)
    kept = tuple(code for code in wanted.codes if code[0] != "?00")
    wanted = msgspec.structs.replace(
        wanted, location=NOWHERE, codes=kept, amount=wanted.amount or entry.amount
    )
    names = TransactionDetail.__struct_fields__
    return missing + [name for name in names if getattr(got, name) != getattr(wanted, name)]


def _plain(entry: Entry, detail: TransactionDetail | None, what: str) -> str:
    remittance = detail.remittance if detail else ()
    lines = remittance or tuple(entry.text.split("\n") if entry.text else ())
    if entry.text and remittance and "\n".join(remittance) != entry.text:
        raise refused(
            "narrative_not_carried",
            "Plain lines cannot tell the bank's text beside the remittance.",
            "Choose the way german or slash (option narrative).",
            what,
            "remittance",
        )
    pieces = [line[at : at + 65] for line in lines for at in range(0, len(line), 65)]
    return lines_of(pieces, NARRATIVE_WIDTH, LINES_MAX, what) if pieces else ""


def _german(entry: Entry, detail: TransactionDetail, what: str) -> str:
    gvc = entry.proprietary_code.partition("+")[2]
    told = dict(detail.codes)
    fields = [("00", told.get("?00", entry.text)), ("10", told.get("?10", ""))]
    fields += zip(_PURPOSE, _purpose_pieces(detail, what), strict=False)
    fields += [
        ("30", detail.counterparty_bic or told.get("?30", "")),
        ("31", detail.counterparty_iban),
        ("32", detail.counterparty_name[:_PIECE]),
        ("33", detail.counterparty_name[_PIECE:]),
        ("34", told.get("?34", "")),
    ]
    text = gvc + "".join(f"?{code}{value}" for code, value in fields if value)
    return _wrapped(text, what)


def _purpose_pieces(detail: TransactionDetail, what: str) -> list[str]:
    """?20 to ?63: pieces of 27 of the keywords' text, or the parts as they are."""
    words = [(word, getattr(detail, KEYWORDS[word])) for word in _KEYWORDS if word != "SVWZ"]
    text = " ".join(f"{word}+{value}" for word, value in words if value)
    if text:
        text += "".join(f" SVWZ+{part}" for part in detail.remittance)
        pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    else:
        pieces = list(detail.remittance)
    if len(pieces) > len(_PURPOSE):
        happened = f"The purpose needs {len(pieces)} fields; there are {len(_PURPOSE)}."
        raise refused("too_long", happened, "Shorten it; we do not cut.", what)
    return pieces


def _slashes(entry: Entry, detail: TransactionDetail, what: str) -> str:
    parts = [f"/{word}/{value}" for word, value in _slash_values(detail) if value]
    parts += [f"/REMI/{part}" for part in detail.remittance]
    if detail.creditor_reference:
        parts.append(f"/REMI/STRD//{detail.creditor_reference}")
    return _wrapped("".join(parts), what)


def _slash_values(detail: TransactionDetail) -> Iterator[tuple[str, str]]:
    reason = "/".join(part for part in (detail.return_reason, detail.return_text) if part)
    yield "RTRN", reason
    for word in _SLASHES:
        yield word, getattr(detail, SLASHES[word])


def _wrapped(text: str, what: str) -> str:
    """A text over lines of 65: a line never begins with : or - and never ends in a space."""
    lines: list[str] = []
    while text:
        width = NARRATIVE_WIDTH
        while width > 1 and (
            text[width - 1 : width] == " " or text[width : width + 1] in (":", "-")
        ):
            width -= 1
        lines.append(text[:width])
        text = text[width:]
    return lines_of(lines, NARRATIVE_WIDTH, LINES_MAX, what)
