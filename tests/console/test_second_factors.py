"""Passkeys, authenticator apps and recovery codes, by a real browser with a device of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from fido2.utils import websafe_decode
from fido2.webauthn import AttestedCredentialData
from playwright.sync_api import Browser, Page

from nostro.app import world
from nostro.domain.event import Actor
from nostro.domain.money import Money
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.step_up import Wanted, challenge_of
from nostro.ops.envelope import is_sealed
from nostro.storage import events, people, sign_ins
from nostro.storage.models import StepUp
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting
from tests.console.browser import LOOKS, Look, Watched, faults, look_at, picture, sign_in
from tests.console.seed import Vesterholt
from tests.rules import set_rules

pytestmark = [pytest.mark.browser]
NOW = 1_795_000_000  # A second of 2026.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def named(address: str) -> str:
    """The console by its name: passkeys do not work at a number."""
    return address.replace("127.0.0.1", "localhost")


@contextmanager
def with_device(browser: Browser, look: Look = LOOKS[0]) -> Iterator[tuple[Watched, Any]]:
    """A browser on a device that can keep passkeys."""
    with look_at(browser, look) as seen:
        device = seen.page.context.new_cdp_session(seen.page)
        device.send("WebAuthn.enable")
        made = device.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        yield (
            seen,
            lambda command, **told: device.send(
                f"WebAuthn.{command}", {"authenticatorId": made["authenticatorId"], **told}
            ),
        )


@pytest.fixture(autouse=True)
def standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app and the server agree on the half minute, however slow the machine."""
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([NOW // 30]))


def digits(secret: str, at: int) -> str:
    """RFC 6238 with SHA-1, 30 seconds, six digits."""
    key = base64.b32decode(secret)
    mac = hmac.new(key, struct.pack(">Q", at // 30), hashlib.sha1).digest()
    start = mac[-1] & 15
    number = struct.unpack(">I", mac[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def person(seeded: Vesterholt, email: str) -> UUID:
    found = people.person_of_email(email)
    assert found
    return found


def happened(seeded: Vesterholt, email: str) -> list[str]:
    with tenant(seeded.tenant_id):
        return [event.type for event in events.about([person(seeded, email)])]


def leave(page: Page) -> None:
    press(page, "Sign out")
    page.wait_for_url("**/sign-in/**")


def press_link(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).click()


def test_a_passkey_signs_in_without_a_password(
    chromium: Browser, named: str, seeded: Vesterholt
) -> None:
    email = seeded.email(seeded.first.name)
    with with_device(chromium) as (seen, device):
        sign_in(seen.page, named, email, seeded.password)
        seen.page.wait_for_url(f"{named}/")
        seen.page.goto(f"{named}/profile/passkeys/add/")
        assert "/confirm/" in seen.page.url  # Being signed in is not enough for this.
        seen.page.get_by_label("Password").fill(seeded.password)
        press(seen.page, "Go on")
        seen.page.get_by_label("Name, so that").fill("Laptop")
        press(seen.page, "Add the passkey")
        seen.page.wait_for_url("**/recovery-codes/")
        codes = seen.page.locator(".codes li").all_inner_texts()
        assert len(codes) == 10
        (kept,) = device("getCredentials")["credentials"]
        assert kept["isResidentCredential"]
        press_link(seen.page, "I have written them down")
        assert "Laptop" in seen.page.get_by_role("region", name="Passkeys").inner_text()
        leave(seen.page)
        press(seen.page, "Continue with a passkey")
        seen.page.wait_for_url(f"{named}/")
        assert not faults(seen)

        # The password alone does not get in any more; a recovery code does, once.
        leave(seen.page)
        sign_in(seen.page, named, email, seeded.password)
        seen.page.wait_for_url("**/second-step/")
        seen.page.goto(f"{named}/payments/")
        seen.page.wait_for_url("**/second-step/")
        picture(seen.page, "second-step")
        assert not faults(seen)
        press_link(seen.page, "Start again")
        sign_in(seen.page, named, email, seeded.password)
        seen.page.get_by_label("Code from").fill(codes[0])
        press(seen.page, "Sign in with the code")
        seen.page.wait_for_url(f"{named}/")
        leave(seen.page)
        sign_in(seen.page, named, email, seeded.password)
        seen.page.get_by_label("Code from").fill(codes[0])
        press(seen.page, "Sign in with the code")
        assert "does not prove" in seen.page.locator(".c-bad:visible").inner_text()
        press(seen.page, "Use your passkey")
        seen.page.wait_for_url(f"{named}/")
    (row,) = Authenticator.objects.filter(user__email=email, type="recovery_codes")
    assert is_sealed(row.data["seed"])
    assert sign_ins.factors(person(seeded, email)).codes_left == 9
    told = happened(seeded, email)
    assert told[:2] == ["person.signed_in", "person.factor_added"]
    assert "person.factor_refused" in told


def test_an_authenticator_app_stands_in_and_each_code_counts_once(
    chromium: Browser, named: str, seeded: Vesterholt
) -> None:
    email = seeded.email(seeded.second.name)
    with look_at(chromium, LOOKS[0]) as seen:
        sign_in(seen.page, named, email, seeded.password)
        seen.page.wait_for_url(f"{named}/")
        seen.page.goto(f"{named}/profile/authenticator/add/")
        seen.page.get_by_label("Password").fill(seeded.password)
        press(seen.page, "Go on")
        secret = seen.page.locator(".secret").inner_text()
        seen.page.get_by_label("Six digits").fill(digits(secret, NOW + 3000))
        press(seen.page, "Set it up")
        assert "does not prove" in seen.page.locator(".c-bad").inner_text()
        assert seen.page.locator(".secret").inner_text() == secret
        picture(seen.page, "authenticator-refused")
        seen.page.get_by_label("Six digits").fill(digits(secret, NOW))
        press(seen.page, "Set it up")
        seen.page.wait_for_url("**/recovery-codes/")
        seen.page.goto(f"{named}/profile/")
        leave(seen.page)
        sign_in(seen.page, named, email, seeded.password)
        code = digits(secret, NOW)
        seen.page.get_by_label("Code from").fill(code)
        press(seen.page, "Sign in with the code")
        seen.page.wait_for_url(f"{named}/")
        leave(seen.page)
        sign_in(seen.page, named, email, seeded.password)
        seen.page.get_by_label("Code from").fill(code)
        press(seen.page, "Sign in with the code")
        assert "does not prove" in seen.page.locator(".c-bad:visible").inner_text()
        assert not faults(seen)
    (row,) = Authenticator.objects.filter(user__email=email, type="totp")
    assert is_sealed(row.data["secret"])
    assert secret not in row.data["secret"]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_the_pages_of_the_profile(
    chromium: Browser, named: str, seeded: Vesterholt, look: Look
) -> None:
    email = seeded.email(seeded.maker.name)
    with with_device(chromium, look) as (seen, _):
        sign_in(seen.page, named, email, seeded.password)
        pages = {
            "profile": "/profile/",
            "passkey-add": "/profile/passkeys/add/",
            "authenticator-add": "/profile/authenticator/add/",
        }
        for name, path in pages.items():
            seen.page.goto(named + path)
            if "/confirm/" in seen.page.url:
                picture(seen.page, f"confirm-{look.name}")
                assert not faults(seen)
                seen.page.get_by_label("Password").fill(seeded.password)
                press(seen.page, "Go on")
            seen.page.evaluate("document.fonts.ready")
            picture(seen.page, f"{name}-{look.name}")
            assert not faults(seen)
            assert seen.page.locator("h1").count() == 1


def limit(seeded: Vesterholt, *limits: Money) -> None:
    actor = Actor(kind="job", id="test", name="a test")
    acting = Acting(tenant_id=seeded.tenant_id, actor=actor, world=world())
    set_rules(acting, ApprovalRules(step_up_above=limits))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_above_the_limit_the_passkey_signs_what_is_approved(
    chromium: Browser, named: str, seeded: Vesterholt, look: Look
) -> None:
    member = seeded.first
    Authenticator.objects.filter(user_id=member.id).delete()
    limit(seeded, Money(100, "EUR"))
    with with_device(chromium, look) as (seen, _):
        sign_in(seen.page, named, seeded.email(member.name), seeded.password)
        seen.page.wait_for_url(f"{named}/")
        seen.page.goto(f"{named}/profile/passkeys/add/")
        seen.page.get_by_label("Password").fill(seeded.password)
        press(seen.page, "Go on")
        press(seen.page, "Add the passkey")
        seen.page.wait_for_url("**/recovery-codes/")
        seen.page.goto(f"{named}/approvals/")
        seen.page.locator("input[name=chosen]:not(:disabled)").first.check()
        button = seen.page.get_by_role("button", name="Approve 1")
        button.click()
        seen.page.wait_for_url("**/approvals/proof/**")
        seen.page.evaluate("document.fonts.ready")
        picture(seen.page, f"step-up-{look.name}")
        assert not faults(seen)
        proof, key = seen.page.url, session_key(seen)
        press(seen.page, "Approve with your passkey")
        seen.page.wait_for_url(f"{named}/approvals/")
        assert "Your approval is recorded" in seen.page.locator("#notices").inner_text()
        assert session_key(seen) != key
        again = seen.page.goto(proof)
        assert again
        assert again.status == 409
    limit(seeded)
    with tenant(seeded.tenant_id):
        row = StepUp.objects.get(id=proof.rstrip("/").rpartition("/")[2])
    assert (row.method, bool(row.used_at)) == ("passkey", True)
    signed_by_the_person(seeded, row)


def session_key(seen: Watched) -> str:
    (found,) = (one for one in seen.page.context.cookies() if one.get("name") == "sessionid")
    return str(found.get("value"))


def signed_by_the_person(seeded: Vesterholt, row: StepUp) -> None:
    """Checked without the product: the kept signature is over the challenge of this step-up."""
    told = row.signature
    assert told
    client_data = json.loads(websafe_decode(told["client_data"]))
    wanted = Wanted(
        tenant_id=str(seeded.tenant_id),
        person_id=str(row.person_id),
        digest=row.digest,
        nonce=row.nonce,
    )
    assert websafe_decode(client_data["challenge"]) == challenge_of(wanted)
    signed = websafe_decode(told["signed"])
    assert signed[-32:] == hashlib.sha256(websafe_decode(told["client_data"])).digest()
    key = AttestedCredentialData(websafe_decode(told["public_key"])).public_key
    key.verify(signed, websafe_decode(told["signature"]))
