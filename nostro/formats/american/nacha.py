"""American bank transfers and collections in batches: ACH files, and what comes back of them.

Nacha Operating Rules, appendices one to five: all standard entry class codes, returns, dishonored
and contested returns, notifications of change.
"""

from __future__ import annotations

import codecs

from nostro.domain.payment_file import PaymentFile
from nostro.formats import Format
from nostro.formats.american.nacha_layout import SEC_CODES, SERVICE_CLASSES
from nostro.formats.american.nacha_options import NachaOptions
from nostro.formats.american.nacha_reader import read
from nostro.formats.american.nacha_writer import write


def identify(head: bytes) -> int:
    """95 for a file header record, 60 for a batch header record, else 0."""
    text = head.removeprefix(codecs.BOM_UTF8)
    if text[:1] == b"1" and text[34:39] == b"09410":
        return 95
    if text[:1] == b"5" and text[1:4].decode("latin-1") in SERVICE_CLASSES:
        return 60 if text[50:53].decode("latin-1") in SEC_CODES else 0
    return 0


FORMAT = Format(
    name="nacha",
    media_type="text/plain",
    standard="Nacha Operating Rules, appendices one to five",
    section="appendix three: record format specifications",
    identify=identify,
    options=NachaOptions,
    read=read,
    write=write,
    documents=(PaymentFile,),
)
