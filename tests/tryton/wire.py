"""Tryton's JSON-RPC: one POST a call, with decimals, dates and bytes as tagged objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import httpx

USER = "admin"
TIMEOUT_SECONDS = 120.0
WARNINGS_MAX = 5
UNAUTHORIZED, FORBIDDEN = 401, 403


class TrytonError(Exception):
    """Tryton refused a call; `kind` is its word for why (UserError, ConcurrencyException ...)."""

    def __init__(self, method: str, kind: str, details: Sequence[Any]) -> None:
        super().__init__(f"{method}: {kind}: {details}")
        self.method = method
        self.kind = kind
        self.details = details


def _encode(value: object) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, bytes):
        return {"__class__": "bytes", "base64": base64.encodebytes(value).decode()}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, date) and not isinstance(value, datetime):
        return {
            "__class__": "date",
            "year": value.year,
            "month": value.month,
            "day": value.day,
        }
    raise TypeError(f"Tryton's wire has no form here for {type(value).__name__}")


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def _decode(found: dict[str, Any]) -> Any:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "bytes":
            return base64.b64decode(found["base64"])
        case "date":
            return date(*(found[p] for p in _PARTS[:3]))
        case "datetime":
            return datetime(*(found[p] for p in _PARTS))  # noqa: DTZ001  (Tryton's are naive UTC)
        case "time":
            return time(*(found[p] for p in _PARTS[3:]))
        case "timedelta":
            return timedelta(seconds=found["seconds"])
    return found


@dataclass
class Wire:
    """A session with one database of a running Tryton."""

    base_url: str
    database: str
    password: str
    context: dict[str, Any] = field(default_factory=lambda: {"language": "en"})
    accepted_warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Nothing on this machine is reached through a proxy.
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._session: str | None = None

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def series(self) -> str:
        """The release line, such as `8.0`; needs no login and no database."""
        return str(self._post("/rpc/", "common.server.version", [], {}))

    def call(self, method: str, *params: Any, **context: Any) -> Any:
        """Call `model.<name>.<method>`; a question Tryton would put to a user is answered yes.

        Each such question is kept in `accepted_warnings`.
        """
        full = [*params, {**self.context, **context}]
        for _ in range(WARNINGS_MAX):
            try:
                return self._authorized(method, full)
            except TrytonError as error:
                if error.kind != "UserWarning":
                    raise
                name, message = error.details[0], error.details[1]
                self.accepted_warnings.append(str(message))
                self._authorized("model.res.user.warning.skip", [name, False, self.context])
        raise TrytonError(method, "UserWarning", ["asked again and again"])

    def wizard(
        self, name: str, states: Sequence[tuple[str, dict[str, Any]]], **context: Any
    ) -> list[Any]:
        """Run a wizard through `(state, data)` steps; the actions of the last one come back."""
        session, _, _ = self.call(f"wizard.{name}.create")
        answer: dict[str, Any] = {}
        for state, data in states:
            answer = self.call(f"wizard.{name}.execute", session, data, state, **context)
        self.call(f"wizard.{name}.delete", session)
        return list(answer.get("actions", []))

    def _authorized(self, method: str, params: list[Any]) -> Any:
        path = f"/{self.database}/rpc/"
        for attempt in ("with the session", "with a new one"):
            if self._session is None:
                self._session = self._log_in(path)
            try:
                headers = {"Authorization": f"Session {self._session}"}
                return self._post(path, method, params, headers)
            except httpx.HTTPStatusError as error:
                # Sessions end after some idle minutes; approving and posting need a fresh one.
                if error.response.status_code != UNAUTHORIZED or attempt == "with a new one":
                    raise
                self._session = None
        raise AssertionError("unreachable")

    def _log_in(self, path: str) -> str:
        given = [USER, {"password": self.password}, "en"]
        user_id, token, *_ = self._post(path, "common.db.login", given, {})
        return base64.b64encode(f"{USER}:{user_id}:{token}".encode()).decode()

    def _post(self, path: str, method: str, params: list[Any], headers: dict[str, str]) -> Any:
        # Exactly these three keys: with any other set Tryton answers in another shape.
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_encode)
        answer = self._http.post(
            self.base_url + path,
            content=body,
            headers={"Content-Type": "application/json", **headers},
        )
        if answer.status_code == FORBIDDEN:
            raise TrytonError(method, "Forbidden", ["not open to remote calls"])
        answer.raise_for_status()
        found = json.loads(answer.content, object_hook=_decode)
        if "error" in found:
            kind, *rest = found["error"]
            details = rest[0] if rest and isinstance(rest[0], list) else rest
            raise TrytonError(method, str(kind), details)
        return found.get("result")
