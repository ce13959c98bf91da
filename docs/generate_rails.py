"""Write docs/rails.md: the table of rails as the code has it, and what is written how.

python docs/generate_rails.py
"""
# ruff: noqa: E501 - lines of the page.

from __future__ import annotations

from pathlib import Path

from nostro.domain.payment import Rail
from nostro.domain.rail import TERMS, RailTerms

PAGE = Path(__file__).with_name("rails.md")
_NAMED = {
    "iban": "IBAN",
    "usaba": "ABA number",
    "gbdsc": "sort code",
    "bic": "BIC",
    "address": "name and address",
}
_WRITTEN = {
    Rail.SEPA_CREDIT_TRANSFER: "pain.001, service level SEPA",
    Rail.SEPA_INSTANT: "pain.001, SEPA with local instrument INST",
    Rail.CROSS_BORDER_TRANSFER: "pain.001",
    Rail.ACH_CCD: "Nacha CCD, or pain.001 with NURG and CCD",
    Rail.ACH_CTX: "Nacha CTX, or pain.001 with NURG and CTX",
    Rail.ACH_PPD: "Nacha PPD, or pain.001 with NURG and PPD",
    Rail.FEDWIRE: "pain.001, URGP",
    Rail.RTP: "pain.001, URNS with INST",
    Rail.FEDNOW: "pain.001, URNS with INST",
    Rail.BACS: "pain.001, NURG",
    Rail.FASTER_PAYMENTS: "pain.001, URNS",
    Rail.CHAPS: "pain.001, URGP",
    Rail.TREASURY_HUB: "pain.001 without a service level, to the hub's connection",
    Rail.PSP_PAYOUT: "pain.001 without a service level, to the provider's connection",
    Rail.CHECK: "a check of its own, told in the issue file",
}
HEAD = """# Rails: which ways there are, and what each carries

`nostro/domain/rail.py` has a row for each rail; this page is made from it (`python docs/generate_rails.py`).
Routing takes the first row that fits a payment and says in words why the others do not; [rules](routing.md) choose otherwise.

## The table
"""
TAIL = """
On demand: taken only where the source asks for it (`rail` of `POST /v1/payments` or of a payment run) or a rule names it. No answer: a
payment stays *delivered* until it is booked or returned.

## Accounts without an IBAN

An account is named by an IBAN, or by one text: `USABA:021000021:123456789`, `GBDSC:200000:55779911`, `BIC:BOFAUS3N:42`;
`:SVGS` at the end is a savings account. Routing numbers are checked by their weights, sort codes have six digits and
their accounts eight. The numbers are taken and shown wherever an IBAN is:

* API: `payee.account` (`scheme`, `bank_code`, `number`, `kind`) in, `payee_account` out, beside the IBAN.
* Payment runs: the columns `bank_code`, `account_number`, `account_scheme`, and `rail` to ask for one, of a layout
  (`vesterholt_ap` has them).
* Payees: `account` in the changes `payee` and `payee_account`. Own accounts: `nostro accounts add USABA:091000019:246813570 ...`.
* Duplicates, limits, screening, stops, erasure, and who may approve count by whichever names the account.

The digest of what is approved leaves out what is not there: approvals of payments to an IBAN are what they were.

## What is proposed

IBAN and EUR inside SEPA: SEPA credit transfer, else cross-border. ABA number and USD from a US account: CCD, CTX where the
remittance is longer than CCD carries, PPD where the payee is a person (`payee.is_person`), Fedwire above the limit of ACH.
Sort code and GBP from a UK account: Faster Payments, above its limit Bacs, above that CHAPS. No account: a cheque, if one is
asked for and an account draws them ([how](positive-pay.md#payments-by-check)). A payee's name that a short field cannot hold is shortened by whole words before approval, where approvers see it.

## Files

A bank may take other formats for some rails: `formats` of its connection (`{"ach_ccd": "nacha"}`), with what only this
customer's files say in `format_options` (`{"nacha": {"immediate_destination": "091000019", "immediate_origin": "1234567890",
"company_ids": {"*": "1234567890"}}}`). Payments of an account leave in one file for each format.

Nacha: a batch for each day, class and description (PAYROLL for confidential payments to persons, else PAYMENT); the individual
identification number is the payment's reference on the rail, unique on its account; the trace number is the bank's eight digits and
the payment's number; the file id modifier counts the day's files. The frozen bytes are read again, and what a bank understands of
each entry is compared with what was approved. A return (R01, R03 ...) finds its payment by the identification number, a
statement line too where it stands in place of the end-to-end id. `tests/workflows/test_ach_with_simulator.py` tells the whole way with the
[simulated bank](bank-simulator.md), returns and a notification of change included.

## Not yet

* PSP payouts to providers that take no ISO 20022 files: each needs a connector of its own.
* MT101 and X12 820 as files of these rails.
* CTX carries the remittance as free text, not as an X12 820 made from the invoices.
* Payment files of an ERP (pain.001, MT101, Nacha) are taken in with IBANs only.
* The forms that change or repeat a payment in the console take an IBAN only; so does the answer to a bank's correction.
"""


def page() -> str:
    rows = [
        "| rail | currencies | from | to | most | name | remittance | answer | comes back |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(terms) for terms in TERMS.values()),
    ]
    written = ["", "| rail | written as | charges | limit and sources |", "|---|---|---|---|"]
    written += [_sources(terms) for terms in TERMS.values()]
    return HEAD + "\n" + "\n".join([*rows, *written]) + "\n" + TAIL


def _row(terms: RailTerms) -> str:
    most = f"{terms.limit.most.grouped()}" if terms.limit else "none"
    demand = ", on demand" if terms.on_demand else ""
    cells = (
        f"{terms.title} (`{terms.rail}`{demand})",
        ", ".join(sorted(terms.currencies)) or "any",
        ", ".join(_NAMED[one] for one in sorted(terms.debited)),
        ", ".join(_NAMED[one] for one in sorted(terms.paid)),
        most,
        f"{terms.name_max}{', shortened' if terms.shortens_names else ''}",
        str(terms.remittance_max),
        "yes" if terms.acknowledged else "no",
        terms.final,
    )
    return f"| {' | '.join(cells)} |"


def _sources(terms: RailTerms) -> str:
    limit = f"{terms.limit.source}; " if terms.limit else ""
    bearers = ", ".join(terms.charge_bearers)
    written = _WRITTEN[terms.rail]
    return f"| `{terms.rail}` | {written} | {bearers} | {limit}{terms.source} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
