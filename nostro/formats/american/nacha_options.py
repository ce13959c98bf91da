"""What one bank wants of Nacha files, as data: the options of the format."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

import msgspec

# Descriptions that Nacha's fraud monitoring rules ask for since March 2026, by SEC code: of wages,
# and of purchases on the internet.
REQUIRED = {"PPD": "PAYROLL", "WEB": "PURCHASE"}
ODD_DESCRIPTIONS = _NO_PAYROLL, _NO_PURCHASE = (
    "payroll_description_wrong",
    "purchase_description_missing",
)
_REVERSAL = "REVERSAL"  # Takes the place of every other word.
_SINCE = date(2026, 3, 20)
_WAGES = re.compile(
    r"PAY ?ROLL|SALAR|WAGE|PAY ?CHE(?:CK|QUE)|DIR(?:ECT)? ?DEP|BONUS", re.IGNORECASE
)


class NachaOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank's profile. What is empty is taken from the payments themselves.

    Reading: `controls` "optional" takes files that have no control records (a service's own cut of
    a return file): then their absence is a warning and no error.

    Writing: `immediate_destination` and `immediate_origin` are ten characters, the blank before a
    nine-digit number included or not; `company_ids` and `company_names` are by SEC code, "*" for
    all others. `batch_number_start` and `trace_number_start` above 0 number batches and entries
    from there and replace what the payments carry. `balanced` adds to each batch the entry
    that offsets it, on `offset_account` at `offset_routing`, of `offset_account_kind`.
    `leave_out` names fields of payments and batches that the bank does not get.
    """

    controls: Literal["required", "optional"] = "required"
    immediate_destination: str = ""
    immediate_destination_name: str = ""
    immediate_origin: str = ""
    immediate_origin_name: str = ""
    reference_code: str | None = None
    file_id_modifier: str = ""
    company_ids: dict[str, str] = {}
    company_names: dict[str, str] = {}
    company_discretionary_data: str = ""
    descriptive_date: str = ""
    sec_code: str = ""
    odfi: str = ""
    entry_description: str = ""
    batch_number_start: int = 0
    trace_number_start: int = 0
    balanced: bool = False
    offset_routing: str = ""
    offset_account: str = ""
    offset_account_kind: Literal["CACC", "SVGS", "OTHR"] = "CACC"
    offset_name: str = ""
    line_end: Literal["lf", "crlf", "cr", "none"] = "lf"
    fill_blocks: bool = True
    leave_out: tuple[str, ...] = ()


def described(told: str, sec_code: str, options: NachaOptions) -> str:
    """What payees see of a batch: what the bank's profile says, but never instead of a word that
    the rules ask for."""
    return told if REQUIRED.get(sec_code) == told else options.entry_description or told


def odd_description(told: str, sec_code: str, day: date | None) -> tuple[str, str, str] | None:
    """Code, what is odd, and what can be done of a batch that lacks the word that the rules ask
    for; None where nothing is. Which PPD credits are wages only their description tells here."""
    if day is None or day < _SINCE or told in (REQUIRED.get(sec_code, told), _REVERSAL):
        return None
    if sec_code == "PPD" and _WAGES.search(told):
        happened = f"A batch described {told!r} seems to pay wages; Nacha wants 'PAYROLL' there."
        return _NO_PAYROLL, happened, "Describe wages as PAYROLL, in capitals."
    if sec_code == "WEB":
        happened = f"Debits agreed to on the internet are described {told!r}."
        can_do = "Describe them as PURCHASE if they pay for goods; others keep their description."
        return _NO_PURCHASE, happened, can_do
    return None
