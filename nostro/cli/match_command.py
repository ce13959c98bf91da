"""What `nostro match` takes."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

Path = Annotated[str, Parameter(help="A .csv or .parquet file.")]
Out = Annotated[str, Parameter(help="The file to write; stdout when it is left away.")]
Rates = Annotated[
    str, Parameter(help="Rates: date, currency, in_currency, rate (1 currency = rate in_currency).")
]
Columns = Annotated[
    str,
    Parameter(help="A TOML file that says how your columns are called: [transactions], ..."),
]
Confirmed = Annotated[
    str, Parameter(help="What people have confirmed, as jsonl: never decided anew.")
]
ModelFile = Annotated[
    str, Parameter(help="What an earlier --fit has learnt; else a cautious prior counts.")
]
Fit = Annotated[
    str, Parameter(help="Learn from --decisions how sure each kind of evidence is; write it here.")
]
Precision = Annotated[
    str, Parameter(help="The share of what posts that must be right, by its lower bound.")
]


def match(
    *,
    transactions: Path,
    open_items: Path,
    out: Out = "",
    rates: Rates = "",
    columns: Columns = "",
    decisions: Confirmed = "",
    model: ModelFile = "",
    fit: Fit = "",
    precision: Precision = "0.999",
) -> None:
    """Which open items bank transactions pay: decisions with evidence and probability, as jsonl.

    No database is needed. Every transaction is in exactly one decision: post (sure enough to
    post by itself), suggest, ambiguous, reversal or none.

    Examples: `nostro match --transactions t.csv --open-items i.csv --out m.jsonl`,
    `nostro match --transactions t.csv --open-items i.csv --decisions d.jsonl --fit model.json`.
    """
    from nostro.cli import match_files

    wanted = match_files.Wanted(
        transactions=transactions,
        open_items=open_items,
        out=out,
        rates=rates,
        columns=columns,
        decisions=decisions,
        model=model,
        fit=fit,
        precision=precision,
    )
    match_files.run(wanted)
