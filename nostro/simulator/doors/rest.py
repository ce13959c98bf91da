"""The simulated bank over REST: files in, answers and messages out, and the rehearsal's own calls.

The contract is in docs/bank-simulator.md. What begins with /_bank is no bank's: it arranges.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from nostro.domain.check_exception import Decision, PresentedCheck
from nostro.domain.errors import Invalid, NostroError, Unavailable
from nostro.domain.money import Money
from nostro.simulator.account_holders import CLOSE_MATCH, verdict_on
from nostro.simulator.desk import Desk
from nostro.simulator.dice import Dice
from nostro.simulator.doors.http_server import Asked, HttpServer, Said
from nostro.simulator.doors.tokens import PublicKey, Tokens, is_signed
from nostro.simulator.personalities import Reach
from nostro.simulator.script import read_script
from nostro.simulator.state import Message
from nostro.simulator.taking import RETRY_AFTER_SECONDS, Answer, Fate, Verdict

PAGE_MESSAGES_MAX = 1000
_PAGE_MESSAGES = 100
_DAYS_MAX = 3660
_STATUS = {
    Verdict.TAKEN: 202,
    Verdict.AGAIN: 202,
    Verdict.REFUSED: 422,
    Verdict.KEY_REUSED: 409,
    Verdict.THROTTLED: 429,
}

Groups = Mapping[str, str]
Way = Callable[[Asked, Groups], Said]


class RestDoor:
    """`key`: with one, every payment file must be signed (x-jws-signature)."""

    def __init__(
        self, desk: Desk, *, host: str, port: int, tokens: Tokens, key: PublicKey | None = None
    ) -> None:
        self._desk = desk
        self._tokens = tokens
        self._key = key
        self._lock = threading.Lock()
        self._asked = 0
        self._holders: dict[str, str] = {}
        self._dice = Dice(0)
        self._ways = _compiled(
            {
                "POST /oauth/token": self._token,
                "POST /files": self._file,
                "GET /files/(?P<id>[^/]+)": self._known,
                "GET /files/(?P<id>[^/]+)/status": self._status,
                "GET /messages": self._messages,
                "POST /recalls": self._recall,
                "GET /payee-verifications": self._verify,
                "GET /_bank/payments": self._payments,
                "GET /_bank/state": self._state,
                "POST /_bank/advance": self._advance,
                "POST /_bank/personality": self._personality,
                "POST /_bank/script": self._script,
                "POST /_bank/report": self._report,
                "POST /_bank/present": self._present,
                "POST /_bank/holders": self._holders_told,
            }
        )
        try:
            self._server = HttpServer(host, port, self)
        except OSError as error:
            raise Unavailable(
                "port_taken",
                f"The REST door cannot listen on {host}:{port}: {error}.",
                "The bank was not started.",
                "Choose another port, or 0 for any.",
            ) from error
        self.url = f"http://{host}:{self._server.port()}"

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def answer(self, asked: Asked) -> Said:
        """One request."""
        arranges = asked.path.startswith("/_bank/") or asked.path == "/oauth/token"
        if not arranges and not self._allowed(asked):
            return _json(401, {"code": "unauthorized"}, {"WWW-Authenticate": "Bearer"})
        for method, pattern, way in self._ways:
            found = pattern.fullmatch(asked.path)
            if found and method == asked.method:
                try:
                    return way(asked, {k: unquote(v) for k, v in found.groupdict().items()})
                except NostroError as error:
                    return _refused(400 if isinstance(error, Invalid) else 404, error)
        return _json(404, {"code": "unknown_path"})

    def _allowed(self, asked: Asked) -> bool:
        authorization = asked.headers.get("authorization", "")
        return self._tokens.allow(authorization, self._desk.bank.sessions, self._desk.now())

    # ---- What a customer calls

    def _token(self, asked: Asked, _: Groups) -> Said:
        authorization = asked.headers.get("authorization", "")
        token = self._tokens.issue(
            asked.body, authorization, self._desk.bank.sessions, self._desk.now()
        )
        if not token:
            return _json(401, {"error": "invalid_client"})
        told = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._tokens.seconds,
        }
        return _json(200, told, {"Cache-Control": "no-store"})

    def _file(self, asked: Asked, _: Groups) -> Said:
        key = asked.headers.get("idempotency-key", "")
        if not key:
            return _json(422, {"code": "key_missing", "text": "Idempotency-Key is missing."})
        signature = asked.headers.get("x-jws-signature", "")
        if self._key is not None and not is_signed(asked.body, signature, self._key):
            return _json(422, {"code": "signature_wrong", "text": "The signature does not fit."})
        return _told(self._desk.submit(asked.body, key=key))

    def _recall(self, asked: Asked, _: Groups) -> Said:
        return _told(self._desk.submit(asked.body, key=asked.headers.get("idempotency-key", "")))

    def _verify(self, asked: Asked, _: Groups) -> Said:
        """Verification of Payee: the name against whose account it is, as far as that is known."""
        if self._throttled():
            return _busy()
        query = _query(asked)
        with self._lock:
            holder = self._holders.get(query.get("iban", ""), "")
        result = verdict_on(query.get("name", ""), holder)
        told = {"result": result, **({"name": holder} if result == CLOSE_MATCH else {})}
        return _json(200, told)

    def _holders_told(self, asked: Asked, _: Groups) -> Said:
        """Whose accounts are whose, until the door closes."""
        try:
            holders = msgspec.json.decode(asked.body, type=dict[str, str])
        except msgspec.DecodeError as error:
            raise Invalid("holders_unreadable", f"No names by IBAN: {error}.") from None
        with self._lock:
            self._holders |= holders
        return Said(status=204)

    def _known(self, _: Asked, groups: Groups) -> Said:
        file = self._desk.known(groups["id"])
        if file is None:
            return _json(404, {"code": "unknown_file"})
        told = {
            "message_id": file.message_id,
            "reference": file.reference,
            "received_at": file.received_at,
        }
        return _json(200, told)

    def _status(self, _: Asked, groups: Groups) -> Said:
        if self._desk.known(groups["id"]) is None:
            return _json(404, {"code": "unknown_file"})
        message = self._desk.status(groups["id"])
        if message is None:
            return Said(status=204)
        return Said(content=message.content, media_type=message.media_type)

    def _messages(self, asked: Asked, _: Groups) -> Said:
        if self._throttled():
            return _busy()
        query = _query(asked)
        after = _whole(query, "after", 0)
        limit = min(max(_whole(query, "limit", _PAGE_MESSAGES), 1), PAGE_MESSAGES_MAX)
        found = self._desk.messages(after, limit + 1)
        shown = found[:limit]
        told = {
            "messages": [_message(one) for one in shown],
            "next": str(after + len(shown)),
            "more": len(found) > limit,
        }
        return _json(200, told)

    def _throttled(self) -> bool:
        """Reading is throttled like sending; it leaves no trace in the bank."""
        with self._lock:
            self._asked += 1
            number = self._asked
        character = self._desk.bank.character
        return "throttling" in character.thrown(self._dice, Reach.CONNECTION, "read", number)

    # ---- What a rehearsal calls

    def _present(self, asked: Asked, _: Groups) -> Said:
        """Somebody cashes a check; `if_nobody` is what the bank does when nobody decides."""
        query = _query(asked)
        told = {"account": "", "check_number": "", "amount": "", "payee": "", "if_nobody": "return"}
        told |= {name: text for name, text in query.items() if name in told}
        if told["if_nobody"] not in set(Decision):
            raise Invalid("decision_wrong", "if_nobody must be pay or return.")
        check = PresentedCheck(
            account=told["account"],
            check_number=told["check_number"].lstrip("0"),
            amount=Money.parse(told["amount"], "USD"),
            presented=self._desk.now().date(),
            payee=(told["payee"],) if told["payee"] else (),
        )
        self._desk.present(check, Decision(told["if_nobody"]))
        return _json(200, {"messages": len(self._desk.messages(0))})

    def _payments(self, _: Asked, __: Groups) -> Said:
        return _json(200, {"payments": self._desk.payments()})

    def _state(self, _: Asked, __: Groups) -> Said:
        bank = self._desk.bank
        told = {
            "now": self._desk.now(),
            "personality": bank.character.words(),
            "script": bank.script,
            "deduplicates": bank.deduplicates,
            "sessions": bank.sessions,
            "messages": len(self._desk.messages(0)),
            "accounts": {iban: str(balance) for iban, balance in self._desk.balances()},
        }
        return _json(200, told)

    def _advance(self, asked: Asked, _: Groups) -> Said:
        query = _query(asked)
        days = min(_whole(query, "days", 0), _DAYS_MAX)
        step = timedelta(
            days=days, hours=_whole(query, "hours", 0), seconds=_whole(query, "seconds", 0)
        )
        return _json(200, {"now": self._desk.advance(step)})

    def _personality(self, asked: Asked, _: Groups) -> Said:
        self._desk.become(asked.body.decode(errors="replace").strip())
        return _json(200, {"personality": self._desk.bank.character.words()})

    def _script(self, asked: Asked, _: Groups) -> Said:
        self._desk.follow(read_script(asked.body))
        return _json(200, {"script": self._desk.bank.script})

    def _report(self, asked: Asked, _: Groups) -> Said:
        self._desk.report(_query(asked).get("iban", ""))
        return Said(status=204)


def _compiled(ways: Mapping[str, Way]) -> list[tuple[str, re.Pattern[str], Way]]:
    return [
        (told.partition(" ")[0], re.compile(told.partition(" ")[2]), way)
        for told, way in ways.items()
    ]


def _told(answer: Answer) -> Said:
    """An answer of the bank as HTTP."""
    if answer.fate is Fate.HELD:
        return Said(held=True)
    if answer.fate is Fate.CUT:
        return Said(cut=True)
    status = _STATUS[answer.verdict]
    if answer.verdict is Verdict.THROTTLED:
        return _json(
            status, {"code": "throttled"}, {"Retry-After": str(answer.retry_after_seconds)}
        )
    if answer.verdict in (Verdict.TAKEN, Verdict.AGAIN):
        return _json(status, {"reference": answer.reference})
    return _json(status, {"code": answer.code, "text": answer.text})


def _busy() -> Said:
    return _json(429, {"code": "throttled"}, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "name": message.name,
        "media_type": message.media_type,
        "released_at": message.released_at,
        "content": base64.b64encode(message.content).decode(),
    }


def _query(asked: Asked) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(asked.query).items()}


def _whole(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Invalid("number_wrong", f"{name} must be a whole number, not {text[:40]!r}.")
    return int(text) if text else otherwise


def _refused(status: int, error: NostroError) -> Said:
    return _json(status, {"code": error.code, "text": str(error)})


def _json(status: int, told: object, headers: dict[str, str] | None = None) -> Said:
    return Said(status=status, content=msgspec.json.encode(told), headers=headers or {})
