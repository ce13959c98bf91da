"""Two payment files side by side: what the new system would pay otherwise than the old one."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from nostro import formats
from nostro.cli import comparison_report
from nostro.cli.input_files import Opened, Unopened, Wanted, names_of, opened
from nostro.cli.output_file import quiet_pipe
from nostro.cli.progress import progress_bar
from nostro.domain.errors import Invalid
from nostro.domain.field_comparison import Difference, Weight
from nostro.domain.payment import PaymentRequest, account_of, address_of, agent_of
from nostro.domain.payment_comparison import compare
from nostro.domain.payment_file import (
    Address,
    Agent,
    BankAccount,
    Mandate,
    Method,
    Party,
    Payment,
    PaymentBatch,
    PaymentBatchHeader,
    PaymentFile,
    PaymentFileHeader,
)
from nostro.domain.problem import Location, Problem, RejectedLine
from nostro.domain.remittance import ReferredDocument
from nostro.formats.sepa_characters import transliterate

LETTERS = "letters"
_KINDS = (
    Payment, PaymentBatchHeader, PaymentFileHeader, Party, Address, BankAccount, Agent, Mandate,
    ReferredDocument,
)  # fmt: skip
_FIELDS = {name for kind in _KINDS for name in kind.__struct_fields__} - {"location"}
_OF_FILES = {"payments", "total", "batches", "messages", "order", "batch_codes"}
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "å": "aa",
     "Å": "Aa", "æ": "ae", "Æ": "Ae", "ø": "oe", "Ø": "Oe", "œ": "oe", "Œ": "Oe"}
)  # fmt: skip
_DID = "Nothing was compared."


def run(a: str, b: str, wanted: tuple[Wanted, Wanted], ignore: Sequence[str], shown: Any) -> int:
    """Compare two files and tell; returns 0 (the same but for what may differ) or 1.

    `shown` is a comparison_report.Shown. Raises Invalid when a file cannot be read to its end, is
    no payment file, or an ignored field does not exist.
    """
    ignored = _ignoring(ignore)
    with progress_bar() as bar:
        ours, our_format = _named_payments(a, wanted[0], bar)
        theirs, their_format = _named_payments(b, wanted[1], bar)
    found = compare(
        ours,
        theirs,
        spellings=(transliterate, _german),
        same_standard=our_format == their_format,
        ignored=ignored,
    )
    with quiet_pipe():
        comparison_report.tell(found, (a, our_format), (b, their_format), shown)
        sys.stdout.flush()
    return 0 if found.same else 1


def _german(text: str) -> str:
    """As German and Nordic systems write it without umlauts: Müller becomes Mueller."""
    return transliterate(text.translate(_UMLAUTS))


def _ignoring(fields: Sequence[str]) -> Callable[[Difference], bool]:
    for field in fields:
        if field != LETTERS and not set(field.split(".")) <= _FIELDS | _OF_FILES:
            raise Invalid(
                "unknown_field",
                f"There is no field {field[:40]!r} to ignore.",
                _DID,
                "Write it as the comparison names it with --json (path), such as"
                " counterparty.name, charge_bearer or letters.",
            )

    def ignored(difference: Difference) -> bool:
        if difference.weight is Weight.LETTERS and LETTERS in fields:
            return True
        plain = ".".join(part.partition("[")[0] for part in difference.path.split("."))
        return any(f".{field}." in f".{plain}." for field in fields)

    return ignored


def _named_payments(name: str, wanted: Wanted, bar: Any) -> tuple[list[PaymentFile], str]:
    """The same as _payments; what is refused says in which of the two files it is."""
    try:
        return _payments(name, wanted, bar)
    except Invalid as why:
        why.did = _DID
        why.location = ", ".join(filter(None, (name, why.location)))
        raise


def _payments(name: str, wanted: Wanted, bar: Any) -> tuple[list[PaymentFile], str]:
    """The messages of one file and its format. Raises Invalid."""
    found: list[PaymentFile] = []
    requests: list[PaymentRequest] = []
    form = ""
    for files, file in enumerate(opened(names_of([name]), wanted, bar), 1):
        form = _checked(file, files).form.name
        for record in _records(file):
            if isinstance(record, PaymentFile):
                found.append(record)
            elif isinstance(record, PaymentRequest):
                requests.append(record)
    if requests:
        found.append(_as_file(requests))
    if not found:
        raise Invalid(
            "no_payments",
            f"The file ({form}) holds no payments.",
            _DID,
            "Compare payment files: pain.001, pain.008, MT101, Nacha or a payment run as CSV.",
        )
    return found, form


def _checked(file: Opened | Unopened, files: int) -> Opened:
    if isinstance(file, Unopened):
        raise file.why
    if files > 1:
        raise Invalid(
            "several_documents",
            f"{file.name} stands beside other files in its archive.",
            _DID,
            "Unpack it and compare them one by one.",
        )
    return file


def _records(file: Opened | Unopened) -> Iterator[Any]:
    """Whole messages or requests of a file; its warnings are counted on stderr."""
    file = _checked(file, 1)
    warnings: Counter[str] = Counter()
    for record in formats.documents(file.form, file.stream, file.profile):
        if isinstance(record, Problem):
            warnings[record.code] += 1
        elif isinstance(record, RejectedLine):
            raise Invalid(
                record.code, record.sentence, _DID, record.can_do,
                location=str(Location(line=record.line)),
            )  # fmt: skip
        else:
            yield record
    for code, count in sorted(warnings.items()):
        print(f"{file.name}: warning: {code} ({count:,}); `nostro check` tells", file=sys.stderr)


def _as_file(requests: Iterable[PaymentRequest]) -> PaymentFile:
    """A payment run as the message that it asks for: one batch an account and day."""

    def batch(request: PaymentRequest) -> tuple[str, str, Any]:
        return request.entity_code, request.debit_iban, request.requested_date

    batches = [
        PaymentBatch(
            batch_id=f"{entity} {iban}".strip(),
            method=Method.TRANSFER,
            requested_date=day,
            own=Party(),
            own_account=BankAccount(iban=iban),
            payments=tuple(map(_payment, group)),
        )
        for (entity, iban, day), group in groupby(requests, batch)
    ]
    return PaymentFile(message_id="", created_at="", initiator=Party(), batches=tuple(batches))


def _payment(request: PaymentRequest) -> Payment:
    told = request.remittance or " ".join(request.invoices)
    return Payment(
        end_to_end_id=request.end_to_end_id,
        instruction_id=request.source_reference,
        amount=request.amount,
        counterparty=Party(name=request.payee_name, address=address_of(request.payee_address)),
        counterparty_account=account_of(request.creditor_iban, request.creditor_account),
        counterparty_agent=agent_of(request.creditor_bic, request.creditor_account),
        remittance=(told,) if told else (),
        creditor_reference=request.creditor_reference,
        creditor_reference_kind="SCOR" if request.creditor_reference else "",
        location=Location(line=request.line),
    )
