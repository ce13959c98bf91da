"""Files of any size to measure readers with: invented, valid, and the same on every machine.

    bench/generate_formats.py camt_053 10000 > statement.xml

Each kind is shaped as banks send it: several statements, batches, narratives over several lines.
`totals` says what is in a file without reading it: records, and the sum of their amounts in
minor units (statements: money in less money out), by which a measurement proves that it did the
whole work.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

PER_STATEMENT = 1000
FIRST_DAY = date(2026, 1, 5)
ACCOUNT = "DE89370400440532013000"
_NAMES = (
    "Papier Huber GmbH", "Moller Transport AS", "Atelier du Sud SARL", "Vesterholt Services",
    "Northwind Metals Ltd", "Officine Bianchi SpA", "Kaefer und Sohn KG", "Rio Verde Alimentos SA",
)  # fmt: skip


class Item(NamedTuple):
    """One booking or payment. `minor` is signed: money out is negative."""

    number: int
    minor: int
    day: date
    name: str
    iban: str
    bic: str
    end_to_end_id: str
    invoice: str
    details: int


def items(count: int) -> Iterator[Item]:
    """The same `count` bookings every time; every twentieth is a batch of three payments."""
    dice = random.Random(20260105)
    for number in range(1, count + 1):
        minor = dice.randrange(100, 5_000_000)
        yield Item(
            number=number,
            minor=minor if dice.random() < 0.6 else -minor,
            day=FIRST_DAY + timedelta(days=(number - 1) // PER_STATEMENT % 250),
            name=dice.choice(_NAMES),
            iban=_iban(dice.randrange(10**18)),
            bic=dice.choice(("COBADEFFXXX", "BKAUATWWXXX", "NDEAFIHHXXX", "BNPAFRPPXXX")),
            end_to_end_id=f"E2E-{number:012d}",
            invoice=f"R-{dice.randrange(10**8):08d}",
            details=3 if number % 20 == 0 else 1,
        )


def _iban(number: int) -> str:
    account = f"{number:018d}"
    return f"DE{98 - int(f'{account}131400') % 97:02d}{account}"


def totals(count: int, *, signed: bool = True) -> tuple[int, int]:
    """Records and the sum of their amounts: signed, or all counted as positive."""
    return count, sum(item.minor if signed else abs(item.minor) for item in items(count))


def groups(count: int) -> Iterator[list[Item]]:
    """The bookings by statement."""
    group: list[Item] = []
    for item in items(count):
        group.append(item)
        if len(group) == PER_STATEMENT:
            yield group
            group = []
    if group:
        yield group


def decimal(minor: int, point: str = ".") -> str:
    return f"{abs(minor) // 100}{point}{abs(minor) % 100:02d}"


# ---- camt.053 --------------------------------------------------------------------------------


def camt_053(count: int) -> Iterator[str]:
    """camt.053.001.08, about 1.4 kB an entry."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr>'
        "<MsgId>BENCH</MsgId><CreDtTm>2026-01-05T06:00:00+01:00</CreDtTm></GrpHdr>\n"
    )
    balance = 0
    for page, group in enumerate(groups(count), 1):
        day = group[0].day
        yield camt_statement_head(page, day)
        opening, balance = balance, balance + sum(item.minor for item in group)
        yield _camt_balance("OPBD", opening, day) + _camt_balance("CLBD", balance, day)
        for item in group:
            yield camt_entry(item)
        yield "</Stmt>\n"
    yield "</BkToCstmrStmt></Document>\n"


def camt_statement_head(page: int, day: date) -> str:
    return (
        f"<Stmt><Id>BENCH-{page}</Id><ElctrncSeqNb>{page}</ElctrncSeqNb>"
        f"<CreDtTm>{day}T22:00:00+01:00</CreDtTm><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id>"
        "<Ccy>EUR</Ccy></Acct>\n"
    )


def _camt_balance(code: str, minor: int, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{decimal(minor)}</Amt>'
        f"<CdtDbtInd>{_indicator(minor)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _indicator(minor: int) -> str:
    return "CRDT" if minor >= 0 else "DBIT"


def camt_entry(item: Item) -> str:
    """One Ntry with its details; their amounts add up to the entry's."""
    family = "RCDT" if item.minor > 0 else "ICDT"
    code = (
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly>"
        "</Domn><Prtry><Cd>NTRF+166</Cd><Issr>DK</Issr></Prtry></BkTxCd>"
    )
    part = item.minor // item.details
    parts = [*[part] * (item.details - 1), item.minor - part * (item.details - 1)]
    details = "".join(_camt_detail(item, place, minor) for place, minor in enumerate(parts, 1))
    return (
        f'<Ntry><NtryRef>{item.number}</NtryRef><Amt Ccy="EUR">{decimal(item.minor)}</Amt>'
        f"<CdtDbtInd>{_indicator(item.minor)}</CdtDbtInd><RvslInd>false</RvslInd>"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{item.day}</Dt></BookgDt>"
        f"<ValDt><Dt>{item.day}</Dt></ValDt><AcctSvcrRef>BNK{item.number:013d}</AcctSvcrRef>{code}"
        f"<NtryDtls>{details}</NtryDtls><AddtlNtryInf>SEPA-Ueberweisung Einzelbuchung"
        f"</AddtlNtryInf></Ntry>\n"
    )


def _camt_detail(item: Item, place: int, minor: int) -> str:
    other = "Dbtr" if item.minor > 0 else "Cdtr"
    return (
        f"<TxDtls><Refs><AcctSvcrRef>BNK{item.number:013d}</AcctSvcrRef>"
        f"<PmtInfId>PAY-{item.number:09d}</PmtInfId><InstrId>INS-{item.number:09d}</InstrId>"
        f"<EndToEndId>{item.end_to_end_id}-{place}</EndToEndId></Refs>"
        f'<Amt Ccy="EUR">{decimal(minor)}</Amt><CdtDbtInd>{_indicator(minor)}</CdtDbtInd>'
        f'<AmtDtls><InstdAmt><Amt Ccy="EUR">{decimal(minor)}</Amt></InstdAmt></AmtDtls>'
        f"<RltdPties><{other}><Pty><Nm>{item.name}</Nm><PstlAdr><StrtNm>Hauptstrasse</StrtNm>"
        "<BldgNb>12</BldgNb><PstCd>53111</PstCd><TwnNm>Bonn</TwnNm><Ctry>DE</Ctry></PstlAdr></Pty>"
        f"</{other}><{other}Acct><Id><IBAN>{item.iban}</IBAN></Id></{other}Acct></RltdPties>"
        f"<RltdAgts><{other}Agt><FinInstnId><BICFI>{item.bic}</BICFI></FinInstnId></{other}Agt>"
        f"</RltdAgts><Purp><Cd>SUPP</Cd></Purp><RmtInf><Ustrd>Invoice {item.invoice} of {item.day}"
        f" customer 4711-{item.number:07d} order PO{item.number:08d} thank you for your business"
        "</Ustrd></RmtInf></TxDtls>"
    )


# ---- MT940 -----------------------------------------------------------------------------------


def mt940(count: int) -> Iterator[str]:
    """One message a statement, in FIN envelopes; :86: in the German ?xx way."""
    balance = 0
    for page, group in enumerate(groups(count), 1):
        day = f"{group[0].day:%y%m%d}"
        lines = [
            "{1:F01COBADEFFAXXX0000000000}{2:O9400000000000COBADEFFAXXX00000000000000000000N}{4:",
            f":20:BENCH{page:08d}",
            ":25:37040044/0532013000",
            f":28C:{page % 100000}/1",
            f":60F:{_mt_balance(balance, day)}",
        ]
        balance += sum(item.minor for item in group)
        yield "\r\n".join(lines) + "\r\n"
        yield from (mt940_entry(item) for item in group)
        yield f":62F:{_mt_balance(balance, day)}\r\n-}}\r\n"


def _mt_balance(minor: int, day: str) -> str:
    return f"{'C' if minor >= 0 else 'D'}{day}EUR{decimal(minor, ',')}"


def mt940_entry(item: Item) -> str:
    """:61: with its :86:, cut into lines of at most 65 characters."""
    mark = "C" if item.minor > 0 else "D"
    narrative = (
        f"166?00SEPA-UEBERWEISUNG?109310?20EREF+{item.end_to_end_id}?21KREF+K{item.number:012d}"
        f"?22SVWZ+Invoice {item.invoice} of?23 {item.day} customer 4711?24order PO{item.number:08d}"
        f"?30{item.bic}?31{item.iban}?32{item.name}"
    )
    told = [narrative[at : at + 65] for at in range(0, len(narrative), 65)]
    first = f":61:{item.day:%y%m%d%m%d}{mark}{decimal(item.minor, ',')}NTRF"
    return f"{first}K{item.number:011d}//BNK{item.number:011d}\r\n:86:" + "\r\n".join(told) + "\r\n"


# ---- BAI2 ------------------------------------------------------------------------------------


def bai2(count: int) -> Iterator[str]:
    """One group an account and day, each transaction with its text over two 88 records."""
    yield "01,121140399,BENCH,260105,0600,1,,,2/\n"
    opening, grand, records, statements = 10**9, 0, 0, 0
    for group in groups(count):
        closing = opening + sum(item.minor for item in group)
        total = opening + closing + sum(abs(item.minor) for item in group)
        yield f"02,BENCH,121140399,1,{group[0].day:%y%m%d},,USD,2/\n"
        yield f"03,4122228888,USD,010,{opening},,,015,{closing},,/\n"
        yield from (bai2_entry(item) for item in group)
        lines = 3 * len(group) + 1
        yield f"49,{total},{lines + 1}/\n98,{total},1,{lines + 3}/\n"
        opening, grand = closing, grand + total
        records, statements = records + lines + 3, statements + 1
    yield f"99,{grand},{statements},{records + 2}/\n"


def bai2_entry(item: Item) -> str:
    code = 165 if item.minor > 0 else 475
    return (
        f"16,{code},{abs(item.minor)},Z,BNK{item.number:011d},{item.end_to_end_id},ACH\n"
        f"88,{item.name} {item.invoice} OF {item.day} CUSTOMER 4711\n"
        f"88,ORDER PO{item.number:08d} ACCOUNT {item.iban}\n"
    )


# ---- Nacha -----------------------------------------------------------------------------------


def nacha(count: int) -> Iterator[str]:
    """PPD batches, every entry with one 05 addenda record."""
    yield (
        "101 121140399 0910000192601050600A094101"
        f"{'BENCH BANK':<23}{'VESTERHOLT GROUP':<23}{'':8}\n"
    )
    hashes = debits = credits_ = lines = number = 0
    for number, group in enumerate(groups(count), 1):
        yield (
            f"5200{'VESTERHOLT':<16}{'':20}1234567890PPD{'PAYROLL':<10}260105{group[0].day:%y%m%d}"
            f"   109100001{number:07d}\n"
        )
        yield from (nacha_entry(item) for item in group)
        entry_hash = len(group) * 12114039 % 10**10
        debit = sum(-item.minor for item in group if item.minor < 0)
        credit = sum(item.minor for item in group if item.minor > 0)
        yield (
            f"8200{2 * len(group):06d}{entry_hash:010d}{debit:012d}{credit:012d}1234567890"
            f"{'':25}09100001{number:07d}\n"
        )
        hashes, debits, credits_ = hashes + entry_hash, debits + debit, credits_ + credit
        lines += 2 * len(group)
    blocks, spare = divmod(lines + 2 * number + 2, 10)
    yield (
        f"9{number:06d}{blocks + bool(spare):06d}{lines:08d}{hashes % 10**10:010d}"
        f"{debits % 10**12:012d}{credits_ % 10**12:012d}{'':39}\n"
    )
    yield ("9" * 94 + "\n") * (-spare % 10)


def nacha_entry(item: Item) -> str:
    trace = f"09100001{item.number % 10**7:07d}"
    code = 22 if item.minor > 0 else 27
    addenda = f"INVOICE {item.invoice} OF {item.day} ORDER PO{item.number:08d} CUSTOMER 4711"
    return (
        f"6{code}121140399{item.iban[4:20]:<17}{abs(item.minor):010d}"
        f"{item.end_to_end_id[-15:]:<15}{item.name[:22]:<22}  1{trace}\n"
        f"705{addenda:<80}0001{trace[-7:]}\n"
    )


# ---- Payments to write -----------------------------------------------------------------------


def payments(count: int) -> list[Item]:
    """What shall be paid: the same bookings, all of them money out."""
    return [item._replace(minor=abs(item.minor)) for item in items(count)]


FILES: dict[str, Callable[[int], Iterator[str]]] = {
    "camt_053": camt_053, "mt940": mt940, "bai2": bai2, "nacha": nacha,
}  # fmt: skip


def make(name: str, count: int, folder: Path) -> Path:
    """The file of a kind and size in `folder`; made once."""
    path = folder / f"{name}-{count}"
    if not path.exists():
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="ascii", newline="") as file:
            file.writelines(FILES[name](count))
        partial.rename(path)
    return path


if __name__ == "__main__":
    sys.stdout.writelines(FILES[sys.argv[1]](int(sys.argv[2])))
