"""Whether a code or a passkey proves that somebody is a person: asked of what he has set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
    UserVerificationRequirement,
)

from nostro.domain.errors import Refused
from nostro.domain.policies.step_up import PersonalSignature

_KINDS = Authenticator.Type


def by_authenticator(person_id: UUID, code: str) -> bool:
    """Whether this is the code that the person's authenticator app shows now; it counts once."""
    found = Authenticator.objects.filter(user_id=person_id, type=_KINDS.TOTP).first()
    return found is not None and bool(TOTP(found).validate_code(code))


def by_recovery_code(person_id: UUID, code: str) -> bool:
    """Whether this is a recovery code of the person that was not used yet; now it is."""
    found = Authenticator.objects.filter(user_id=person_id, type=_KINDS.RECOVERY_CODES).first()
    return found is not None and bool(RecoveryCodes(found).validate_code(code))


def passkey_options(person_id: UUID, challenge: bytes, host: str) -> dict[str, Any]:
    """What the browser is asked to sign, as JSON (W3C WebAuthn Level 3, section 5.1.8); {} when
    the person has no passkey. `host` is the name under which the console is reached."""
    known = _passkeys(person_id)
    if not known:
        return {}
    options, _ = _server(host).authenticate_begin(
        known, UserVerificationRequirement.REQUIRED, challenge
    )
    return dict(options)


def by_passkey(
    person_id: UUID, challenge: bytes, credential: Mapping[str, Any], host: str
) -> PersonalSignature:
    """What the person's passkey signed. Raises Refused when it does not prove this, here, now."""
    known = _passkeys(person_id)
    state = {
        "challenge": websafe_encode(challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }
    try:
        proven = _server(host).authenticate_complete(state, known, credential)
        answer = AuthenticationResponse.from_dict(credential).response
    except (ValueError, TypeError, KeyError) as error:
        raise refused() from error
    signed = bytes(answer.authenticator_data) + answer.client_data.hash
    return PersonalSignature(
        scheme="webauthn",
        key_id=websafe_encode(proven.credential_id),
        public_key=websafe_encode(bytes(proven)),
        signed=websafe_encode(signed),
        client_data=websafe_encode(bytes(answer.client_data)),
        signature=websafe_encode(answer.signature),
    )


def refused() -> Refused:
    return Refused(
        "proof_refused",
        "This does not prove that it is you.",
        "Nothing was approved.",
        "Try again with your passkey or with the code that your app shows now; each code counts"
        " once.",
    )


def _server(host: str) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=host, name="nostro"))


def _passkeys(person_id: UUID) -> list[AttestedCredentialData]:
    found = Authenticator.objects.filter(user_id=person_id, type=_KINDS.WEBAUTHN)
    kept = [
        RegistrationResponse.from_dict(row.data["credential"]).response.attestation_object
        for row in found
    ]
    return [one.auth_data.credential_data for one in kept if one.auth_data.credential_data]
