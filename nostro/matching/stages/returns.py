"""Stage 0: money that came back goes with the booking that it takes back.

First of all stages: else a payment made anew after a return is taken for a duplicate.
"""

from __future__ import annotations

from typing import Final

import polars as pl

LONGEST_DAYS: Final = 120
# Words of a return in what banks write, in capitals or not.
WORDS: Final = (
    "return", "reversal", "reversed", "rückl", "RÜCKL", "rueckl", "ruckl", "rückg", "RÜCKG",
    "rueckg", "ruckg", "retour", "storno", "chargeback", "terugb", "insolut", "palautus", "zwrot",
    "rejet", "impay", "unpaid", "r-trans", "insufficient funds", "account closed", "devol",
)  # fmt: skip
_E2E, _DIGITS, _IBAN, _NAME = 16, 8, 4, 2
_ACCOUNT = 1  # A return may be booked on another account of the same company.


def pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """`t, of, proof`: a return and its original; each booking is in one pair at most.

    A return that is only announced holds its original too: it must not be posted meanwhile.
    `rows` have `says`, the digits of the texts as one number, and `plain`, the name.
    """
    slim = rows.select(
        "t", "day", "account", "cur", "amount", "charges", "iban", "says",
        _code("plain"), _code("e2e"),
        (pl.col("returned") | _worded()).alias("told"),
    )  # fmt: skip
    return _one_to_one(pl.concat([_told(slim), _untold(slim)]).unique())


def _worded() -> pl.Expr:
    return pl.col("text").str.contains_any(list(WORDS), ascii_case_insensitive=True)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """What the bank calls a return: the opposite amount, and something in common."""
    told = rows.filter("told")
    gross = told.filter(pl.col("charges") != 0).with_columns(
        amount=pl.col("amount") + pl.col("charges")
    )
    later = pl.concat([told, gross])
    return _opposite(later, rows, ("e2e", "says", "iban", "plain"), least=_NAME)


def _untold(rows: pl.DataFrame) -> pl.DataFrame:
    """The opposite amount with the same reference and the same other side, or our own id."""
    out, came = (rows.filter(sign) for sign in (pl.col("amount") < 0, pl.col("amount") > 0))
    keys, least = ("e2e", "says"), _DIGITS + _NAME
    return pl.concat([_opposite(out, came, keys, least), _opposite(came, out, keys, least)])


def _opposite(
    later: pl.DataFrame, earlier: pl.DataFrame, keys: tuple[str, ...], least: int
) -> pl.DataFrame:
    """Pairs of opposite amounts by each key: popular amounts alone would be very many pairs."""
    turned = later.with_columns(opposite=-pl.col("amount"))
    sums = earlier.select("cur", opposite="amount").unique()
    turned = turned.join(sums, on=["cur", "opposite"], how="semi")
    known = earlier.join(
        turned.select("cur", amount="opposite").unique(), on=["cur", "amount"], how="semi"
    )
    found = [
        _proven(
            turned.filter(pl.col(key) != 0).join(
                known, left_on=["cur", "opposite", key], right_on=["cur", "amount", key],
                suffix="_o", coalesce=False,
            ),
            least,
        )
        for key in keys
    ]  # fmt: skip
    return pl.concat(found).unique()


def _code(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.when(text == "").then(pl.lit(0, pl.UInt64)).otherwise(text.hash()).alias(column)


def _proven(joined: pl.DataFrame, least: int) -> pl.DataFrame:
    """`t, of, proof, gap` of pairs in the right order of time, with what they have in common."""
    c = pl.col
    proof = (
        ((c("e2e") != 0) & (c("e2e") == c("e2e_o"))) * _E2E
        + ((c("says") != 0) & (c("says") == c("says_o"))) * _DIGITS
        + ((c("iban") != 0) & (c("iban") == c("iban_o"))) * _IBAN
        + ((c("plain") != 0) & (c("plain") == c("plain_o"))) * _NAME
        + (c("account") == c("account_o")) * _ACCOUNT
    )
    gap = c("day") - c("day_o")
    # The same day on another account of ours, and nobody says return: money moved between them,
    # unless both are of one account elsewhere.
    one_side = (c("iban") != 0) & (c("iban") == c("iban_o"))
    same_day = (c("t") > c("t_o")) & ((c("account") == c("account_o")) | one_side)
    later = gap.is_between(0, LONGEST_DAYS) & ((gap > 0) | c("told") | same_day)
    return (
        joined.filter(later & ~(c("told_o") & ~c("told")) & (c("t") != c("t_o")))
        .select("t", c("t_o").alias("of"), proof.cast(pl.Int64).alias("proof"), gap.alias("gap"))
        .filter(c("proof") >= least)
    )


def _one_to_one(found: pl.DataFrame) -> pl.DataFrame:
    """The best proven first, of equals in the order of time, each with its latest original: what
    is paid anew after a return never takes the return back, on whichever account."""
    ordered = found.with_columns(told=pl.col("proof") // (2 * _ACCOUNT)).sort(
        "told", "t", "proof", "gap", "of", descending=[True, False, True, False, True]
    )
    taken: set[int] = set()
    kept: list[tuple[int, int, int]] = []
    for t, of, proof in ordered.select("t", "of", "proof").iter_rows():
        if t not in taken and of not in taken:
            taken.update((t, of))
            kept.append((t, of, proof))
    shape = {"t": pl.UInt32, "of": pl.UInt32, "proof": pl.Int64}
    return pl.DataFrame(kept, schema=shape, orient="row").sort("t")
