"""How often what happens: shares of the plans, an ordinary mix and one with more hard cases.

They are ours to choose, so no rate measured with them is a field rate. What stands here was
written from the list of cases alone, without knowledge of how the matcher works.
"""

from __future__ import annotations

# Of a customer that pays document by document. A plan is one or more documents with what becomes
# of them; instalments, partials, duplicates and returns make several transactions of one plan.
SINGLE = {
    "exact": 42.0, "reformatted": 12.0, "typo": 2.4, "truncated": 2.0, "missing": 5.0,
    "wrong": 0.7, "partial": 2.2, "instalment": 1.0, "discount": 6.5, "discount_late": 0.2,
    "fee": 2.0, "fx_original": 1.2, "fx_plain": 0.8, "duplicate": 0.7, "reversal": 0.9,
    "multi_all": 2.2, "multi_truncated": 0.4, "multi_none": 0.6, "credit_note": 0.8, "unpaid": 5.0,
}  # fmt: skip
# Who has a payment service or a parent lets it pay that often.
BY_SERVICE, BY_PARENT = 0.35, 0.2
# Of a customer that pays what is due in runs.
RUN = {"multi_all": 58.0, "multi_truncated": 14.0, "multi_none": 20.0, "credit_note": 8.0}
# Of the company itself and of nobody: per 100 open items.
OTHER = {
    "psp_payout": 2.2, "own_payment": 2.4, "own_returned": 0.2, "batch_gross": 0.12,
    "batch_accepted": 0.06, "batch_charges": 0.06, "noise": 3.0,
}  # fmt: skip
HARD = (
    "typo", "truncated", "missing", "wrong", "partial", "discount_late", "fee", "fx_plain",
    "duplicate", "reversal", "multi_truncated", "multi_none", "credit_note", "batch_accepted",
    "noise",
)  # fmt: skip
# What one truth line may be called; the generator's own tests hold that each occurs.
SCENARIOS = (
    "exact", "reformatted", "typo", "truncated", "missing", "wrong", "partial", "instalment",
    "discount", "discount_late", "fee", "fx_original", "fx_plain", "duplicate", "reversal",
    "repaid", "shared_iban", "parent_pays", "multi_all", "multi_truncated", "multi_none",
    "heavy_run", "credit_note", "psp_payout", "own_payment", "own_returned", "batch_gross",
    "batch_accepted", "batch_charges", "noise",
)  # fmt: skip


def weights(of: dict[str, float], hard: float) -> dict[str, float]:
    """`hard` times as many hard cases of the same number in all: the easy ones make room."""
    easy = sum(one for name, one in of.items() if name not in HARD)
    more = (hard - 1) * (sum(of.values()) - easy)
    if more >= easy:
        raise ValueError(f"{hard} times the hard cases are more than there are cases")
    return {name: one * (hard if name in HARD else 1 - more / easy) for name, one in of.items()}
