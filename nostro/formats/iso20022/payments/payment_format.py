"""What transfers and direct debits have in common as formats: one XML message, read and written.

ISO 20022 pain.001 and pain.008.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from nostro.domain.payment_file import PaymentFile
from nostro.formats import Format, Profile
from nostro.formats.iso20022.payments.payment_fitting import fit
from nostro.formats.iso20022.payments.payment_texts import PaymentOptions
from nostro.formats.iso20022.xml.messages import identifies


def payment_format(
    message: str,
    standard: str,
    reads: range,
    writes: tuple[str, ...],
    read: Callable[[BinaryIO, Profile], Iterator[Any]],
    write: Callable[[PaymentFile, Profile], bytes],
) -> Format:
    """The format of a message ("pain.001"), of the versions that are read and those written."""
    known = tuple(f"{number:02}" for number in reads)
    written = tuple(sorted(name[-2:] for name in writes))
    spans = (
        f".{known[0]} to .{known[-1]} (read)",
        f".{written[0]} to .{written[-1]} (written)",
    )
    return Format(
        name=message.replace(".", "_"),
        media_type="application/xml",
        standard=f"ISO 20022 {standard}",
        section=f"{message}.001{', '.join(spans)}",
        versions=known,
        options=PaymentOptions,
        identify=identifies(message),
        read=read,
        write=write,
        documents=(PaymentFile,),
        versions_written=written,
        fit=fit,
    )
