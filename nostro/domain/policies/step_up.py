"""When an approval needs a fresh proof that it is the person: a passkey or a code, for just this.

A step-up is bound to one person and to the digest of what he saw, lasts five minutes and counts
once. Splitting a sum does not get around it: what the person approved lately counts with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

import msgspec

from nostro.domain.canonical import canonical, digest_of_bytes
from nostro.domain.errors import Refused
from nostro.domain.money import Money

LASTS = timedelta(minutes=5)
COUNTED_TOGETHER = timedelta(hours=24)  # Or since the last step-up, whichever is shorter.
TRIES = 5  # Wrong codes, in all that was asked of one person within LASTS.


class Method(StrEnum):
    """By what the person proved himself. A recovery code never does: it may lie on paper."""

    PASSKEY = "passkey"
    AUTHENTICATOR = "authenticator"


class PersonalSignature(msgspec.Struct, frozen=True, kw_only=True):
    """What a person's own key signed, so that it can be checked again without us.

    The private key never leaves the person's device; the server holds transport keys only. For
    `webauthn` (W3C Web Authentication Level 2, section 7.2): `signed` is authenticatorData followed
    by the SHA-256 of clientDataJSON, whose challenge is `challenge_of` this step-up; `public_key`
    is the COSE key. All bytes are base64url. A bank's signature (EBICS A005, A006) would be another
    `scheme` of the same shape; nothing makes one yet.
    """

    scheme: str
    key_id: str
    public_key: str
    signed: str
    client_data: str
    signature: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a step-up is for: who, for which customer, and the digest of exactly what."""

    tenant_id: str
    person_id: str
    digest: str
    nonce: str


def challenge_of(wanted: Wanted) -> bytes:
    """The 32 bytes that a passkey signs: whoever checks the signature checks what it was for."""
    told = {"purpose": "nostro step-up 1", **msgspec.to_builtins(wanted)}
    return bytes.fromhex(digest_of_bytes(canonical(told)))


def needed(sums: Mapping[str, Money], lately: Mapping[str, Money], limits: Sequence[Money]) -> bool:
    """Whether approving these sums needs a step-up. `lately` is what the person approved besides.

    Without limits never. An amount is never converted: with limits, a currency that has none of
    its own always needs one.
    """
    if not limits:
        return False
    most = {limit.currency: limit.minor for limit in limits}
    for currency, amount in sums.items():
        before = lately[currency].minor if currency in lately else 0
        if currency not in most or amount.minor + before > most[currency]:
            return True
    return False


def missing() -> Refused:
    """The refusal of an approval that needs a step-up and has none that counts."""
    return Refused(
        "step_up_needed",
        "This is above the limit up to which being signed in is enough.",
        "Nothing was approved.",
        "Approve it in the console: it asks for your passkey or a code, for exactly this, once.",
    )
