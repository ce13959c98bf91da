"""Evidence in words: what speaks for a decision, in the words of who must agree to it."""

from __future__ import annotations

from typing import Final

RULE_WORDS: Final = {
    "exact": "the amount is exact",
    "charges": "the amount and the charges that the bank itemises are exact",
    "discount": "the discount was taken within its terms",
    "late_discount": "the discount was taken too late: it stays open",
    "fee": "the amount is short by what a bank may have kept",
    "big_fee": "the amount is short by what a bank may have kept, though it is much",
    "partial": "a part of the document is paid",
    "rounding": "the amount differs by some cents",
    "part_or_fee": "a part of the document is paid, or a bank has kept the rest",
    "over": "more was paid than is open",
    "all_exact": "all that is named adds up exactly",
    "all_charges": "all that is named adds up exactly with the charges that the bank itemises",
    "all_discount": "all that is named adds up exactly less discounts within their terms",
    "all_fee": "all that is named adds up but for what a bank may have kept",
    "batch": "the payments of the batch add up exactly",
    "batch_charges": "the payments of the batch add up exactly with itemised charges",
    "batch_accepted": "the payments of the batch add up when the rejected ones are left out",
    "rate": "the amount fits the day's exchange rate",
    "all_rate": "all that is named fits the day's exchange rate",
    "netted": "what is named less a credit note of exactly the difference",
    "list_tails": "what is named, some of it by its last digits, adds up exactly",
    "list_run": "what is named and documents due one after the other add up exactly",
    "list_sum": "what is named and some other documents of the payer add up exactly",
    "run": "documents due one after the other add up exactly",
    "sum": "some documents of the payer add up exactly; that alone is no proof",
    "reversal": "a booking and the one that takes it back",
    "duplicate": "the same was paid before",
    "person": "decided by a person",
}
KEY_WORDS: Final = {
    "structured": "the structured reference is right by its check digits",
    "own_id": "the id is one that we gave",
    "full": "the text names the whole number",
    "letters": "the text names the reference, letters and digits",
    "tail": "the text names the end of the number",
    "slip": "the text names the number but for a slip",
    "near": "the text is like the number",
    "other": "the text names another document",
    "own": "the text names another open document of the payer",
    "none": "",
}
PAYER_WORDS: Final = {
    "iban": "the payer's account is known",
    "alias": "the payer was confirmed before",
    "name": "the payer's name is the customer's",
    "parent": "the payer is the customer's parent",
    "alike": "the payer's name is like the customer's",
    "unknown": "the payer is unknown",
    "conflict": "the payer is somebody else",
}

DOUBT_WORDS: Final = {
    "round": "the amount is round: it may be a part of something larger",
    "equal": "the payer owes the same amount for other documents too",
    "twin": "another document of the payer and amount has this number but for a slip",
    "twice": "another booking names the same document",
    "more": "the text seems to name another document of the payer as well",
}


def words(
    rule: str, key: str, payer: str, rivals: int, repeat: bool, doubt: str, large: bool
) -> list[str]:
    """One sentence a fact, in the order in which a person checks them."""
    if rule in ("reversal", "person", "duplicate"):
        return [RULE_WORDS[rule]]
    told = [KEY_WORDS[key], RULE_WORDS[rule], PAYER_WORDS[payer]]
    if rivals:
        told.append(f"{rivals} other {'explanation' if rivals == 1 else 'explanations'} would fit")
    if repeat:
        told.append("the payer paid the same amount some days before")
    if doubt in DOUBT_WORDS:
        told.append(DOUBT_WORDS[doubt])
    if large:
        told.append("such evidence posts by itself up to a smaller amount only")
    return [word for word in told if word]
