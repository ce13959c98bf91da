"""A bank reached by its REST API: files go out, answers are asked for or sent to us, by settings.

Banks' corporate APIs have this shape and differ in addresses, habits and promises. What a bank does
not offer or promise is left out of the opened connection, which then does not have that capability.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

import msgspec
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError, WebhookVerificationError

from nostro.connectors import Connector
from nostro.connectors.classify import WHOLE_CALL_SECONDS_MAX, Answer, HttpChannel
from nostro.connectors.oauth import ClientAuthentication, ClientCredentials
from nostro.connectors.rest_answers import (
    ANY_GATEWAY_SAYS,
    Handed,
    Known,
    Page,
    bank_words,
    decoded,
    goes_in_circles,
    idempotency_key,
    incoming,
    is_not_of_file,
    media_type,
    name_told,
    not_let_through,
    plain,
    refusal,
    sent_at,
)
from nostro.connectors.signatures import SigningAlgorithm, detached_signature
from nostro.connectors.tls import tls_context
from nostro.domain.errors import ConnectionUnfit, InDoubt, Invalid, Refused
from nostro.domain.payment import Rail
from nostro.ports import Incoming, NameAsked, NameTold, Outgoing, Receipt

MESSAGES_AT_ONCE_MAX = 10_000  # At most so many a call; the next call goes on after them.

Path = Annotated[str, msgspec.Meta(pattern=r"^(/[^\s?#]*)?$")]
PathOfFile = Annotated[str, msgspec.Meta(pattern=r"^(/[^\s?#]*\{message_id\}[^\s?#]*)?$")]
HeaderName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]+$")]
Hours = Annotated[int, msgspec.Meta(ge=0, le=24 * 366)]
Status = Annotated[int, msgspec.Meta(ge=400, le=599)]


class RestBankConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and habits of one bank; an empty path is a service that the bank does not have.

    Who we are: `client_id` signs in by OAuth 2 (empty: no sign-in) at `sign_in_url` (empty:
    /oauth/token of `base_url`), known by `client_authentication`. `mutual_tls` shows our
    certificate, `certificate_authority` (PEM) is the bank's own one. `signature_algorithm` signs
    each file into `signature_header`; `signature_encoded` signs its base64url form, not its bytes.

    `formats`: the formats of
    rails that this bank takes otherwise ({"ach_ccd": "nacha"}), `format_options`: what only this
    customer's files say of a format, by its name ({"nacha": {"company_ids": {"*": "1234567890"}}}).

    What the bank promises by contract: `repeatable_hours`: the same file under the same key counts
    once so long (0: never). `nothing_done_statuses`: answers after which surely nothing was done.
    `unknown_means_never`: a file it does not know it never had. `silence_means_accepted_hours`:
    what it has not refused so long after delivery is accepted (0: never). `callbacks`: it calls us.
    """

    base_url: str
    profile: str = ""
    rails: Annotated[tuple[Rail, ...], msgspec.Meta(min_length=1)] = (Rail.SEPA_CREDIT_TRANSFER,)
    payment_format: str = "pain_001"
    formats: dict[Rail, str] = {}
    format_options: dict[str, dict[str, Any]] = {}
    recall_format: str = "camt_055"
    client_id: str = ""
    sign_in_url: str = ""
    scope: str = ""
    client_authentication: ClientAuthentication = "basic"
    mutual_tls: bool = False
    certificate_authority: str = ""
    signature_algorithm: SigningAlgorithm | Literal[""] = ""
    signature_key_id: str = ""
    signature_header: HeaderName = "x-jws-signature"
    signature_encoded: bool = False
    files_path: Annotated[str, msgspec.Meta(pattern=r"^/[^\s?#]*$")] = "/files"
    file_path: PathOfFile = "/files/{message_id}"
    status_path: PathOfFile = "/files/{message_id}/status"
    messages_path: Path = "/messages"
    recalls_path: Path = "/recalls"
    payee_path: Path = ""
    repeatable_hours: Hours = 0
    nothing_done_statuses: tuple[Status, ...] = ()
    unknown_means_never: bool = False
    silence_means_accepted_hours: Hours = 0
    callbacks: bool = False
    page_size: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=100)] = 30
    answer_mebibytes_max: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64


class RestBank:
    """What every such bank can: take a file, once, under our message id as its key."""

    def __init__(self, config: RestBankConfig, secrets: Mapping[str, str]) -> None:
        self._config = config
        self._secrets = secrets
        self._nothing_done = frozenset(config.nothing_done_statuses)
        at = partial(
            HttpChannel,
            timeout_seconds=config.timeout_seconds,
            nothing_done=self._nothing_done,
            tls=cache(partial(_tls, config, secrets)),
            https_only=True,
            answer_bytes_max=config.answer_mebibytes_max * 1024 * 1024,
        )
        self._channel = at(config.base_url)
        self._sign_in: ClientCredentials | None = None
        if config.client_id:
            self._sign_in = ClientCredentials(
                at(config.sign_in_url or f"{self._channel.base_url}/oauth/token"),
                config.client_id,
                secrets.get("client_secret", ""),
                scope=config.scope,
                client_authentication=config.client_authentication,
            )

    def rails(self) -> frozenset[Rail]:
        return frozenset(self._config.rails)

    def payment_format(self, rail: Rail) -> str:
        return self._config.formats.get(rail, self._config.payment_format)

    def send(self, outgoing: Outgoing) -> Receipt:
        return self._hand_over(self._config.files_path, outgoing)

    def _hand_over(self, path: str, outgoing: Outgoing) -> Receipt:
        """Yes is an answer with the bank's own reference, nothing less: a page of some gateway
        on the way says 200 as well."""
        headers = {"Idempotency-Key": idempotency_key(outgoing), "Accept": "application/json"}
        if self._config.signature_algorithm:
            headers[self._config.signature_header] = detached_signature(
                outgoing.content,
                self._secrets["signing_key"],
                self._config.signature_algorithm,
                key_id=self._config.signature_key_id,
                encoded=self._config.signature_encoded,
            )
        answer = self._signed_in(
            lambda shown, seconds: self._channel.send(
                path,
                outgoing.content,
                outgoing.media_type,
                headers={**headers, **shown},
                understood=frozenset({401, 409, 422}) | (ANY_GATEWAY_SAYS - self._nothing_done),
                within_seconds=seconds,
            )
        )
        if is_not_of_file(answer):
            raise not_let_through(path, answer)
        if answer.status in {409, 422} | ANY_GATEWAY_SAYS:
            raise refusal(outgoing.message_id, answer)
        try:
            return Receipt(reference=msgspec.json.decode(answer.content, type=Handed).reference)
        except msgspec.DecodeError:
            raise InDoubt(
                "answer_unreadable",
                f"The bank answered {answer.status}, but without a reference of its own.",
                "We do not know whether it has what we sent, and we will not send it again.",
                "We ask the bank; until it answers, treat it as sent.",
            ) from None

    def _get(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        understood: frozenset[int] = frozenset(),
    ) -> Answer:
        return self._signed_in(
            lambda shown, _: self._channel.get(
                path, query=query, headers=shown, understood=understood | {401}
            )
        )

    def _signed_in(self, call: Callable[[Mapping[str, str], float], Answer]) -> Answer:
        """401 says that the call was not looked at: once more, with a new pass. Signing in and both
        calls share the time that one hand-over may take."""
        ends = time.monotonic() + WHOLE_CALL_SECONDS_MAX
        if self._sign_in is None:
            answer = call({}, WHOLE_CALL_SECONDS_MAX)
        else:
            shown = {"Authorization": self._sign_in.authorization()}
            answer = call(shown, ends - time.monotonic())
            if answer.status == 401:
                shown = {"Authorization": self._sign_in.authorization(anew=True)}
                answer = call(shown, ends - time.monotonic())
        if answer.status == 401:
            raise ConnectionUnfit(
                "access_refused",
                "The bank does not let us in: it answered 401 to who we say we are.",
                "It did nothing; what was to be sent waits.",
                "Check the credentials of the connection, and what the bank lets them do.",
            )
        return answer


class _ThatAnswersEnquiries(RestBank):
    def knows(self, message_id: str) -> bool | None:
        """False only by contract, and only in the bank's own words: any gateway can say 404."""
        path = _of_file(self._config.file_path, message_id)
        answer = self._get(path, understood=frozenset({404}))
        if answer.status == 404:
            sure = self._config.unknown_means_never and bank_words(answer).code == "unknown_file"
            return False if sure else None
        known = decoded(answer, Known)
        return True if known.message_id == message_id else None


class _ThatReportsStatus(RestBank):
    def status(self, message_id: str) -> Incoming | None:
        path = _of_file(self._config.status_path, message_id)
        answer = self._get(path, understood=frozenset({404}))
        if answer.status in (204, 404) or not answer.content:
            return None
        return Incoming(
            name=f"status-{message_id}",
            media_type=media_type(answer.headers),
            content=answer.content,
            received_at=sent_at(answer),
        )


class _ThatDeliversMessages(RestBank):
    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        """Page by page. Within a page the cursor stays before it: a reader who stops there gets
        the page again. A mailbox that goes in circles is Refused, once its messages are given."""
        after, given = cursor, 0
        cursors, ids = {cursor}, set[str]()
        while given < MESSAGES_AT_ONCE_MAX:
            page = self._page(after)
            moved = page.next or after
            for place, message in enumerate(page.messages, 1):
                yield incoming(message), moved if place == len(page.messages) else after
            repeated = ids & {message.id for message in page.messages}
            if repeated or (moved in cursors and (page.more or page.messages)):
                goes_in_circles()
            if not page.more:
                return
            ids |= {message.id for message in page.messages}
            cursors.add(moved)
            # An empty page counts as a full one: a bank could send such for ever.
            after, given = moved, given + max(len(page.messages), self._config.page_size)
        if not ids:
            goes_in_circles()

    def _page(self, after: str) -> Page:
        query = {"limit": str(self._config.page_size)}
        if after:
            query["after"] = after
        return decoded(self._get(self._config.messages_path, query=query), Page)


class _ThatRecallsPayments(RestBank):
    def recall_format(self) -> str:
        return self._config.recall_format

    def recall(self, outgoing: Outgoing) -> Receipt:
        return self._hand_over(self._config.recalls_path, outgoing)


class _ThatVerifiesPayees(RestBank):
    def verify_payee(self, asked: NameAsked) -> NameTold:
        return name_told(self._get(self._config.payee_path, query=msgspec.structs.asdict(asked)))


class _ThatRepeatsSafely(RestBank):
    def repeatable_for(self) -> timedelta:
        return timedelta(hours=self._config.repeatable_hours)


class _ThatAcceptsBySilence(RestBank):
    def silent_after(self) -> timedelta:
        return timedelta(hours=self._config.silence_means_accepted_hours)


class _ThatTakesCallbacks(RestBank):
    def receive(self, headers: Mapping[str, str], body: bytes) -> Incoming:
        """Standard Webhooks 1.0: an HMAC over id, time and body, at most five minutes old by this
        machine's own clock, which the library reads. The same call again does no harm: evidence is
        kept once. It signs text: a body that is not UTF-8 is Refused."""
        try:
            verify = Webhook(self._secrets["callback_secret"]).verify
            verify(body, dict(headers), json_parse=False)
            called_at = datetime.fromtimestamp(float(headers["webhook-timestamp"]), UTC)
        except (WebhookVerificationError, EmptyWebhookSecretError, ValueError) as error:
            raise Refused(
                "callback_not_signed",
                "Somebody called as the bank, but the call's signature or time is not right.",
                "The call was not kept.",
                "Compare the callback secret with the bank's, and this machine's clock.",
            ) from error
        return Incoming(
            name=f"callback-{plain(headers['webhook-id'])}",
            media_type=media_type(headers),
            content=body,
            received_at=called_at,
        )


# Each capability, and the setting that says that this bank has it.
_PARTS: tuple[tuple[type[RestBank], Callable[[RestBankConfig], object]], ...] = (
    (_ThatAnswersEnquiries, lambda config: config.file_path),
    (_ThatReportsStatus, lambda config: config.status_path),
    (_ThatDeliversMessages, lambda config: config.messages_path),
    (_ThatRecallsPayments, lambda config: config.recalls_path),
    (_ThatVerifiesPayees, lambda config: config.payee_path),
    (_ThatRepeatsSafely, lambda config: config.repeatable_hours),
    (_ThatAcceptsBySilence, lambda config: config.silence_means_accepted_hours),
    (_ThatTakesCallbacks, lambda config: config.callbacks),
)


@cache
def _joined(parts: tuple[type[RestBank], ...]) -> type[RestBank]:
    return cast(type[RestBank], type("RestBankAsConfigured", parts or (RestBank,), {}))


def _tls(config: RestBankConfig, secrets: Mapping[str, str]) -> ssl.SSLContext:
    ours = secrets if config.mutual_tls else {}
    return tls_context(
        config.certificate_authority,
        ours.get("client_certificate", ""),
        ours.get("client_key", ""),
    )


def _of_file(path: str, message_id: str) -> str:
    return path.replace("{message_id}", quote(message_id, safe=""))


def _needed(config: RestBankConfig) -> set[str]:
    signs_in = config.client_id and config.client_authentication != "tls"
    needed = {"client_secret"} if signs_in else set()
    if config.mutual_tls:
        needed |= {"client_certificate", "client_key"}
    if config.signature_algorithm:
        needed |= {"signing_key"}
    if config.callbacks:
        needed |= {"callback_secret"}
    return needed


def _open(config: RestBankConfig, secrets: dict[str, str]) -> RestBank:
    missing = sorted(name for name in _needed(config) if not secrets.get(name))
    if missing:
        raise Invalid(
            "secret_missing",
            f"The connection to the bank's API lacks: {', '.join(missing)}.",
            can_do="Store them with the connection, or switch off what needs them.",
        )
    if config.client_authentication == "tls" and config.client_id and not config.mutual_tls:
        raise Invalid(
            "connection_settings_invalid",
            "The connection signs in by its TLS certificate, but shows none.",
            can_do="Switch on mutual_tls, or choose another client_authentication.",
            field="client_authentication",
        )
    return _joined(tuple(part for part, has in _PARTS if has(config)))(config, secrets)


CONNECTOR = Connector(
    name="rest_bank",
    title="Bank by REST API",
    document="RFC 6749, 7515, 7797, 8705, 9110; Standard Webhooks 1.0.0; docs/channels/rest.md",
    config=RestBankConfig,
    open=_open,
    example=RestBankConfig(
        base_url="https://api.bank.example/corporate/v1",
        client_id="our-company",
        scope="payments statements",
        mutual_tls=True,
        signature_algorithm="PS256",
        repeatable_hours=24,
        nothing_done_statuses=(429, 503),
        unknown_means_never=True,
        silence_means_accepted_hours=48,
        callbacks=True,
        payee_path="/payee-verifications",
    ),
    secret_names=frozenset(
        {"client_secret", "client_certificate", "client_key", "signing_key", "callback_secret"}
    ),
)
