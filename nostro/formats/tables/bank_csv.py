"""What a bank's website exports as a list (CSV): entries of one or more accounts, by a layout.

RFC 4180 as banks practise it; titles, dates and signs are data (profiles/bank_lists/*.toml).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from nostro.formats import Format, Profile
from nostro.formats.rejoined import Rejoined
from nostro.formats.source import Lines
from nostro.formats.tables.bank_list import ListOptions, ListReader, asked, unknown_layout
from nostro.formats.tables.list_rows import recognised, rows_of


def read(stream: BinaryIO, profile: Profile) -> Iterator[object]:
    """Yield StatementHeader, Entry (in the file's order), StatementTrailer; Problems between.

    The layout is the profile's, or found by its titles. Codes of rows that are left out:
    `broken_quotes`, `wrong_column_count`, `field_missing`, `invalid_date`, `unknown_currency`,
    `currencies_differ`, `amount_not_a_number`, `amount_too_fine`, `amount_too_large`,
    `two_amounts`, `unknown_direction`. Warnings: `encoding_guessed`, `unknown_state`,
    `running_balance_breaks`. Raises Invalid: the codes of `Lines`, `unknown_layout`,
    `unknown_profile`, `missing_columns`, `currency_unknown`.
    """
    options, layout = asked(profile)
    whole: Any = Rejoined(stream)
    layout = layout or recognised(whole.head)
    if layout is None:
        lines = Lines(whole, profile)
        next(iter(lines), None)  # What is empty, packed or no text has a better reason.
        raise unknown_layout("line 1")
    encoding = profile.encoding or layout.encoding
    yield from ListReader(layout, options).read(rows_of(whole, layout, encoding))


def identify(head: bytes) -> int:
    return 90 if recognised(head) else 0


FORMAT = Format(
    name="bank_csv",
    media_type="text/csv",
    standard="RFC 4180, layout by profile",
    identify=identify,
    options=ListOptions,
    read=read,
)
