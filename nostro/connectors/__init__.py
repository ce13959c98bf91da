"""One module per outside system, in a folder per kind. Each exposes CONNECTOR."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.payment import Rail
from nostro.ports import (
    AcceptsBySilence,
    AnswersEnquiries,
    DeliversMessages,
    RecallsPayments,
    RepeatsSafely,
    ReportsStatus,
    SealsFiles,
    SendsPayments,
    TakesCallbacks,
    TakesCheckFiles,
    TakesPostings,
    TakesStatuses,
    TellsPayees,
    VerifiesPayees,
)

CAPABILITIES = (
    SendsPayments,
    DeliversMessages,
    AnswersEnquiries,
    ReportsStatus,
    VerifiesPayees,
    RecallsPayments,
    TakesCheckFiles,
    RepeatsSafely,
    AcceptsBySilence,
    TakesCallbacks,
    SealsFiles,
    TakesPostings,
    TakesStatuses,
    TellsPayees,
)


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """One outside system: what it is, what it needs to be told, how to open it.

    `document` names the system's own document and version that this was written against.
    `config` is a frozen struct whose fields become the console's form; `example` is one that
    opens without network. `open(config, secrets)` does no I/O.
    """

    name: str
    title: str
    document: str
    config: type[msgspec.Struct]
    open: Callable[[Any, dict[str, str]], object]
    example: msgspec.Struct
    secret_names: frozenset[str] = frozenset()


@runtime_checkable
class TellsRails(Protocol):
    """Settings that say by which rails payments are taken, and in which formats, without opening
    the connection: the opened one says the same (tests/connectors/test_rails_told.py)."""

    @property
    def rails(self) -> Collection[Rail]: ...

    @property
    def formats(self) -> Mapping[Rail, str]: ...

    @property
    def payment_format(self) -> str: ...


@runtime_checkable
class TellsVerification(Protocol):
    """Settings that say where payees' banks are asked for names, without opening the connection;
    an empty path is a service that the other side does not have."""

    @property
    def payee_path(self) -> str: ...


@cache
def find() -> dict[str, Connector]:
    """Every connector there is, by name. Deleting a connector's file deletes the connector."""
    names = (
        found.name for found in pkgutil.walk_packages(__path__, f"{__name__}.") if not found.ispkg
    )
    modules = (import_module(name) for name in names)
    return {
        module.CONNECTOR.name: module.CONNECTOR
        for module in modules
        if hasattr(module, "CONNECTOR")
    }


def open_connection(name: str, config: dict[str, Any], secrets: dict[str, str]) -> object:
    """Open a configured connection; raises Invalid if the connector or its settings are unknown."""
    connector = find().get(name)
    if connector is None:
        raise Invalid(
            "unknown_connector",
            f"There is no connector {name!r}.",
            can_do=f"There are: {', '.join(sorted(find()))}.",
        )
    try:
        settings = msgspec.convert(config, connector.config)
    except msgspec.ValidationError as error:
        raise Invalid(
            "connection_settings_invalid",
            f"The settings of {connector.title} are not complete: {error}.",
            can_do="Correct the settings of the connection.",
        ) from None
    return connector.open(settings, secrets)


def rails_told(name: str, config: dict[str, Any]) -> Mapping[Rail, str] | None:
    """The rails that a connection takes and the format of each, by its settings alone: no secret
    is asked for. None where they do not say."""
    settings = _settings(name, config)
    if not isinstance(settings, TellsRails):
        return None
    return {rail: settings.formats.get(rail, settings.payment_format) for rail in settings.rails}


def verification_told(name: str, config: dict[str, Any]) -> bool:
    """Whether a connection can ask payees' banks for names, by its settings alone."""
    settings = _settings(name, config)
    return isinstance(settings, TellsVerification) and bool(settings.payee_path)


def _settings(name: str, config: dict[str, Any]) -> object:
    connector = find().get(name)
    try:
        return msgspec.convert(config, connector.config) if connector else None
    except msgspec.ValidationError:
        return None  # Whoever opens it is told what is wrong with its settings.


def capabilities(opened: object) -> tuple[str, ...]:
    return tuple(cap.__name__ for cap in CAPABILITIES if isinstance(opened, cap))
