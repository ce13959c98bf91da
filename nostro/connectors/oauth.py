"""Signs in to a bank's API as a program: OAuth 2.0 client credentials, one short pass at a time.

RFC 6749 sections 2.3.1 (who we are), 4.4 (the grant), 5 (the answers); RFC 6750 section 2.1 (how
the pass is shown); RFC 8705 section 2 (who we are by our certificate). A failed sign-in never puts
a payment in doubt: it comes before anything is sent.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Literal
from urllib.parse import quote, urlencode

import msgspec

from nostro.connectors.classify import Answer, HttpChannel
from nostro.domain.errors import ConnectionUnfit, Refused, Unavailable

# A pass is renewed before its time is up: by then a call with it may still be on its way.
MARGIN_SECONDS = 30
# Of a pass whose answer does not say how long it lasts (RFC 6749 section 5.1 only recommends it).
UNSAID_LIFE_SECONDS = 60

ClientAuthentication = Literal["basic", "post", "tls"]


class _Pass(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str
    expires_in: float | None = None


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


class ClientCredentials:
    """The pass of one open connection; opening does no I/O.

    `channel` is the address of the authorisation server, `client_authentication` how it knows us:
    HTTP Basic, in the form, or by our TLS certificate alone. `monotonic` counts seconds.
    """

    def __init__(
        self,
        channel: HttpChannel,
        client_id: str,
        client_secret: str,
        *,
        scope: str = "",
        client_authentication: ClientAuthentication = "basic",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._how = client_authentication
        self._monotonic = monotonic
        self._pass = ""
        self._good_until = 0.0

    def authorization(self, *, anew: bool = False) -> str:
        """The value of the header Authorization; `anew` when the bank did not take the last one.

        Raises Unavailable (try again) or, of its kinds, ConnectionUnfit (a person must mend who we
        say we are); nothing was sent either way.
        """
        if anew or not self._pass or self._monotonic() >= self._good_until:
            self._sign_in()
        return f"Bearer {self._pass}"

    def _sign_in(self) -> None:
        asked_at = self._monotonic()
        self._pass = ""
        answer = self._asked()
        if answer.status >= 400:
            raise _not_let_in(answer, self._client_secret)
        told = _understood(answer)
        life = UNSAID_LIFE_SECONDS if told.expires_in is None else told.expires_in
        self._pass = told.access_token
        self._good_until = asked_at + life - min(MARGIN_SECONDS, life / 2)

    def _asked(self) -> Answer:
        try:
            return self._channel.ask(
                "",
                urlencode(self._form()).encode(),
                "application/x-www-form-urlencoded",
                headers={"Accept": "application/json", **self._headers()},
                understood=frozenset({400, 401, 403}),
            )
        except Refused as no:  # No such page, a redirect ...: nobody there signs anybody in.
            raise ConnectionUnfit(
                "sign_in_refused",
                f"Signing in failed. {no.happened}",
                "Nothing was sent; it waits.",
                "Check the sign-in address of the connection.",
            ) from no

    def _form(self) -> dict[str, str]:
        form = {"grant_type": "client_credentials"}
        if self._scope:
            form["scope"] = self._scope
        if self._how != "basic":
            form["client_id"] = self._client_id
        if self._how == "post":
            form["client_secret"] = self._client_secret
        return form

    def _headers(self) -> dict[str, str]:
        if self._how != "basic":
            return {}
        # A space as %20, which those read as well who do not know it as "+".
        pair = f"{quote(self._client_id, safe='')}:{quote(self._client_secret, safe='')}"
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _understood(answer: Answer) -> _Pass:
    try:
        told = msgspec.json.decode(answer.content, type=_Pass, strict=False)  # some say "3600"
    except msgspec.DecodeError:
        told = _Pass("", "")
    visible = told.access_token.isascii() and told.access_token.isprintable()
    if told.token_type.lower() != "bearer" or not told.access_token or not visible:
        # Its words are not repeated: they may hold the pass.
        raise Unavailable(
            "sign_in_unreadable",
            "The bank let us sign in, but its answer is no bearer token as OAuth 2.0 has it.",
            "Nothing was sent.",
            "We try again; if it lasts, check the sign-in address of the connection.",
        )
    return told


def _not_let_in(answer: Answer, client_secret: str) -> ConnectionUnfit:
    """RFC 6749 section 5.2: a word for the cause, and perhaps a sentence."""
    try:
        told = msgspec.json.decode(answer.content, type=_Refusal)
    except msgspec.DecodeError:
        told = _Refusal()
    cause = f"{told.error} {told.error_description}".strip()[:400]
    if client_secret:  # Some servers say back what they were told.
        cause = cause.replace(client_secret, "...")
    shown = "".join(letter for letter in cause if letter.isprintable())
    return ConnectionUnfit(
        "sign_in_refused",
        f"The bank did not let us sign in: {answer.status} {shown}".rstrip(" .") + ".",
        "Nothing was sent; it waits.",
        "Check the client id, the client secret and the scope of the connection.",
    )
