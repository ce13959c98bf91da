"""What `nostro payments import` takes."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter


def import_payments(
    file: str,
    *,
    source: str,
    profile: Annotated[str, Parameter(help="The layout of a list; a name that we ship.")] = "",
    email: str = "",
    password_file: str = "",
    customer: str = "",
    confidential: Annotated[
        bool, Parameter(help="Payroll: payees and amounts are hidden.")
    ] = False,
    json: bool = False,
) -> None:
    """Take in a payment run: a list, or the payment file of an ERP. Safe to interrupt and repeat.

    The same file, also renamed, is one run: it is continued where it was, and never taken twice.
    Ends with 0: every line was taken. 1: some lines were refused. 2: the file was refused.

    Examples: `nostro payments import run.csv --source sap --profile vesterholt_ap`,
    `nostro payments import pain001.xml --source sap --customer VESTERHOLT --json`.

    Parameters
    ----------
    file
        The run as its source exports it; what it is shows in its content.
    source
        The system that asks for these payments; its references are unique within it.
    email
        Who hands it in: it goes as far as what he may make. Without, it is the terminal's.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; needed when there are several.
    json
        One object a line on stdout: first the run, then each of its lines with its outcome.
    """
    from nostro.cli import import_payments

    told = (file, source, profile, customer, (email, password_file))
    sys.exit(import_payments.import_file(*told, confidential=confidential, as_json=json))
