"""A bank that wants a payment back: requests to cancel between banks, as passed on to a payee.

ISO 20022 camt.056.001.01 to .12 (FIToFIPaymentCancellationRequest).
"""

from __future__ import annotations

from nostro.formats import Format
from nostro.formats.iso20022.answers.cancellation_reader import reader_of
from nostro.formats.iso20022.xml.messages import identifies

FORMAT = Format(
    name="camt_056",
    media_type="application/xml",
    standard="ISO 20022 camt.056.001.01 to .12",
    section="FIToFIPaymentCancellationRequest",
    versions=tuple(f"{number:02}" for number in range(1, 13)),
    identify=identifies("camt.056"),
    read=reader_of("FIToFIPmtCxlReq", between_banks=True),
)
