"""Hands documents to a writer: the right kind, as many as one file holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nostro.domain.errors import Invalid
from nostro.domain.payment_file import Payment, PaymentBatchHeader, PaymentFileTrailer
from nostro.domain.records import name_of
from nostro.domain.statement import Entry, StatementTrailer
from nostro.formats import Format, Profile, writer


def written(documents: Sequence[Any], form: Format, profile: Profile) -> bytes:
    """The bytes of a file. Raises Invalid: what the writer refuses, and `nothing_to_write`,
    `wrong_document`, `several_documents`, `format_is_read_only`."""
    write = writer(form)
    if not documents:
        raise Invalid(
            "nothing_to_write",
            "There is no whole document to write.",
            "Nothing was written.",
            "A statement or payment file begins with its header and ends with its trailer.",
        )
    for document in documents:
        if not isinstance(document, form.documents):
            _refuse_piece(document)
            raise Invalid(
                "wrong_document",
                f"{form.name} is not made of a {name_of(type(document)).replace('_', ' ')}.",
                "Nothing was written.",
                f"It takes: {_words(form.documents)}.",
            )
    if form.several == "list":
        return write(list(documents), profile)
    if len(documents) > 1 and form.several == "no":
        raise Invalid(
            "several_documents",
            f"There are {len(documents)} documents; one {form.name} file holds one.",
            "Nothing was written.",
            "Write them one by one.",
        )
    return b"".join(write(document, profile) for document in documents)


def _refuse_piece(document: Any) -> None:
    """A trailer, batch or payment by itself: what is missing is the header before it."""
    if isinstance(document, PaymentFileTrailer | PaymentBatchHeader | Payment):
        header = "payment_file_header"
    elif isinstance(document, StatementTrailer | Entry):
        header = "statement_header"
    else:
        return
    raise Invalid(
        "wrong_document",
        f"The header is missing: no {header} comes before the {name_of(type(document))}.",
        "Nothing was written.",
        f'Begin with a record "{header}"; `nostro read` shows one.',
    )


def _words(kinds: tuple[type, ...]) -> str:
    return " or ".join(f"a {name_of(kind).replace('_', ' ')}" for kind in kinds)
