"""Connections to banks and ERPs, set up and changed: the way of the money, so each step is told.

1. Settings are checked by the connector's own model; a wrong one is named. Secrets go to the
   Secrets port and nowhere else.
2. An SSH server is believed by its host key, which a person has confirmed by its fingerprint. It
   is asked for the key before any unit of work; what was confirmed is then part of the settings.
3. A connection is tried by signing in and looking; nothing is sent.
4. Each change is an event with the settings before and after: the log keeps every version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from nostro import connectors
from nostro.connectors import Connector, ssh_host_key
from nostro.connectors.described import connector_named
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.ports import (
    AnswersEnquiries,
    DeliversMessages,
    SendsPayments,
    TakesStatuses,
    TellsPayees,
)
from nostro.storage import connecting, events, freezes, parties, restoring, tenancy
from nostro.storage.parties import ConnectionRow
from nostro.storage.tenancy import tenant
from nostro.workflows.case_work import checked_reason
from nostro.workflows.channel import open_channel
from nostro.workflows.context import Acting

HOST_KEYS = "host_keys"
TRIED_ID = "NOSTRO-CONNECTION-TEST"  # A message id that we never give to a file.
_AT = re.compile(r" - at `\$\.([a-z_]+)")
_MISSING = re.compile(r"missing required field `([a-z_]+)`")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Settings and secrets as they were given. `settings` may hold text where the connector wants
    a number or yes and no; `fingerprint` is the bank's word for its server's host key."""

    settings: Mapping[str, Any] = msgspec.field(default_factory=dict)
    secrets: Mapping[str, str] = msgspec.field(default_factory=dict)
    fingerprint: str = ""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried, and what came of it."""

    what: str
    worked: bool
    said: str


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a try has found; `can` and `cannot` name the protocols of nostro.ports."""

    looked: tuple[Looked, ...]
    can: tuple[str, ...]
    cannot: tuple[str, ...]

    @property
    def worked(self) -> bool:
        return all(one.worked for one in self.looked)


# Setting up and changing.


def create(acting: Acting, name: str, kind: str, wanted: Wanted) -> UUID:
    """Set a connection up; from now on its messages are collected. Returns its id.

    Raises Invalid for settings that will not do, with the field; Refused when the name is taken or
    a server's host key is not confirmed; Unavailable when the server cannot be asked for it.
    """
    connector = connector_named(kind)
    config = _checked(connector, _with_host_keys(connector, wanted))
    _check_secrets(connector, wanted.secrets)
    opened = connectors.open_connection(kind, config, dict(wanted.secrets))
    now, connection_id = acting.world.clock.now(), acting.world.ids.new()
    listens = isinstance(opened, DeliversMessages | TakesStatuses)
    with tenant(acting.tenant_id):
        _check_free(name)
        parties.create_connection(connection_id, name, kind, config, now if listens else None)
        _keep(acting, connection_id, wanted.secrets)
        told = acting.event(
            "connection.created",
            "connection",
            connection_id,
            name=name,
            connector=kind,
            settings=config,
            secrets=sorted(wanted.secrets),
        )
        events.record([told])
    return connection_id


def planned(acting: Acting, name: str, kind: str, wanted: Wanted) -> dict[str, Any]:
    """The settings that `create` would keep; raises as it."""
    connector = connector_named(kind)
    with tenant(acting.tenant_id):
        _check_free(name)
    return _checked(connector, _with_host_keys(connector, wanted))


def confirmed(acting: Acting, wanted: Wanted, kind: str = "", name: str = "") -> Wanted:
    """What is wanted with the host key that the server shows, where one is needed: of a new
    connection of a `kind`, or of the one with this `name`. Asks the server, so it is done before
    any unit of work. Raises as `create` and `change` do."""
    row = named(acting, name) if name else None
    connector = connector_named(row.connector if row else kind)
    settings = _with_host_keys(connector, wanted, row.config if row else None)
    return msgspec.structs.replace(wanted, settings=settings)


def _check_free(name: str) -> None:
    if any(row.name == name for row in parties.connections()):
        raise Refused(
            "connection_name_taken",
            f"There is a connection named {name} already.",
            "Nothing was set up.",
            "Choose another name, or change that one.",
            field="name",
        )


def change(
    acting: Acting, name: str, wanted: Wanted, reason: str, *, despite_doubt: bool = False
) -> dict[str, Any]:
    """Change settings or secrets of a connection; returns its settings as they now are.

    While nobody knows whether the other side has a file, who is asked about it must not change
    unseen: that is Refused unless `despite_doubt`. Otherwise raises as `create` does.
    """
    told = checked_reason(reason)
    row = named(acting, name)
    connector = connector_named(row.connector)
    settings = _with_host_keys(connector, wanted, row.config)
    with tenant(acting.tenant_id):
        freezes.close_gate()  # Nothing begins to leave over the old settings meanwhile.
        locked = connecting.lock(name) or row
        config = _checked(connector, {**locked.config, **settings})
        _check_secrets(connector, wanted.secrets)
        connectors.open_connection(row.connector, config, dict(wanted.secrets))
        doubted = restoring.in_doubt(row.id)
        if doubted and not despite_doubt:
            raise _in_doubt(name, doubted)
        connecting.configure(row.id, config)
        changed = {key for key in {*locked.config, *config} if _differs(locked.config, config, key)}
        event = acting.event(
            "connection.changed",
            "connection",
            row.id,
            before={key: locked.config.get(key) for key in sorted(changed)},
            after={key: config.get(key) for key in sorted(changed)},
            secrets=sorted(wanted.secrets),
            reason=told,
            files_in_doubt=doubted,
        )
        events.record([event])
        _keep(acting, row.id, wanted.secrets)  # Last: they are no part of what a rollback undoes.
    return config


def preview(acting: Acting, name: str, wanted: Wanted) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a connection as they are, and as `change` would make them; raises as it."""
    row = named(acting, name)
    connector = connector_named(row.connector)
    settings = _with_host_keys(connector, wanted, row.config)
    return row.config, _checked(connector, {**row.config, **settings})


def named(acting: Acting, name: str) -> ConnectionRow:
    """The connection of this name; raises Refused when there is none."""
    with tenant(acting.tenant_id):
        rows = parties.connections()
    for row in rows:
        if row.name.casefold() == name.casefold():
            return row
    raise Refused(
        "connection_unknown",
        f"There is no connection named {name}.",
        can_do=f"There are: {', '.join(row.name for row in rows) or 'none yet'}.",
    )


# Trying.


def tried(acting: Acting, name: str) -> Trial:
    """Sign in and look, without sending anything; raises as opening does, failures are told."""
    row = named(acting, name)
    with tenant(acting.tenant_id):
        opened = open_channel(acting, row.id)
    looked = []
    if isinstance(opened, AnswersEnquiries):
        looked.append(_look("asked whether it knows a file that never was", opened.knows, TRIED_ID))
    if isinstance(opened, DeliversMessages):
        looked.append(_look("looked for messages", _first_of, opened))
    if isinstance(opened, TellsPayees):
        looked.append(_look("signed in without telling anybody", _greeting, opened))
    can = connectors.capabilities(opened)
    every = [capability.__name__ for capability in connectors.CAPABILITIES]
    trial = Trial(
        looked=tuple(looked), can=can, cannot=tuple(word for word in every if word not in can)
    )
    with tenant(acting.tenant_id):
        said = {one.what: one.said for one in looked}
        told = {"worked": trial.worked, "said": said, "sends": isinstance(opened, SendsPayments)}
        events.record([acting.event("connection.tried", "connection", row.id, **told)])
    return trial


def _look(what: str, ask: Any, of: Any) -> Looked:
    try:
        return Looked(what=what, worked=True, said=_answer(ask(of)))
    except NostroError as error:
        return Looked(what=what, worked=False, said=str(error))


def _first_of(opened: DeliversMessages) -> str:
    """From the beginning: nothing that was kept before is put away by this."""
    first = next(iter(opened.collect("")), None)
    return f"the first is {first[0].name}" if first else "there are none"


def _greeting(opened: TellsPayees) -> str:
    return opened.greet()


def _answer(answer: object) -> str:
    words = {True: "it says yes", False: "it says no, as it should", None: "it cannot tell"}
    return answer if isinstance(answer, str) else words[answer]  # type: ignore[index]


# Settings.


def _with_host_keys(
    connector: Connector, wanted: Wanted, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The settings with the server's host key, if its fingerprint is the one that was confirmed.
    Inside a unit of work nobody is asked: nothing of the database waits for a server."""
    settings = dict(wanted.settings)
    if HOST_KEYS not in connector.config.__struct_fields__ or HOST_KEYS in settings:
        return settings
    known = {**(before or {}), **settings}
    moved = before is None or not {"host", "port"}.isdisjoint(settings)
    if not known.get("host") or not (moved or wanted.fingerprint):
        return settings
    if tenancy.is_open():
        raise _unasked(str(known["host"]))
    port = int(str(known.get("port") or 22)) if str(known.get("port") or 22).isdecimal() else 22
    keys = ssh_host_key.shown(str(known["host"]), port)
    confirmed = [key.line for key in keys if key.fingerprint == wanted.fingerprint.strip()]
    if not confirmed:
        raise _unconfirmed(str(known["host"]), wanted.fingerprint, keys)
    return {**settings, HOST_KEYS: confirmed}


def _unasked(host: str) -> Refused:
    return Refused(
        "host_key_unconfirmed",
        f"{host} was not asked for its host key when this was asked for.",
        "Nothing was set up or changed.",
        "Refuse this request and have it asked for anew: the key is then part of it.",
        field="fingerprint",
    )


def _unconfirmed(host: str, given: str, keys: Sequence[ssh_host_key.ShownKey]) -> Refused:
    shown = "; ".join(f"{key.fingerprint} ({key.line.split()[0]})" for key in keys)
    return Refused(
        "host_key_unconfirmed",
        f"{host} shows the host key {shown}."
        + (f" You confirmed {given}, which is none of them." if given else ""),
        "We did not log in, and nothing was set up or changed.",
        "Ask the bank, by telephone or on paper, for its server's fingerprint. If it is the same,"
        " give it as the fingerprint; if not, somebody may stand between us and the bank.",
        field="fingerprint",
    )


def _checked(connector: Connector, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the connector's model has them; only those that were given are kept."""
    names = connector.config.__struct_fields__
    if unknown := sorted(set(settings) - set(names)):
        raise _wrong(connector, unknown[0], f"it has no setting {unknown[0]}", names)
    try:
        made = msgspec.convert(dict(settings), connector.config, strict=False)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _MISSING.search(text) or _AT.search(text)
        field = found.group(1) if found else ""
        raise _wrong(connector, field, _AT.sub("", text).partition(" - at ")[0], names) from None
    every = msgspec.json.decode(msgspec.json.encode(made))  # as the database gives it back
    return {name: every[name] for name in names if name in settings}


def _wrong(connector: Connector, field: str, why: str, names: Sequence[str]) -> Invalid:
    of = f"{connector.title}, setting {field}" if field else connector.title
    return Invalid(
        "connection_settings_invalid",
        f"{of}: {why}.",
        "Nothing was set up or changed.",
        f"Correct it. Its settings are: {', '.join(names)}.",
        field=field,
    )


def _check_secrets(connector: Connector, secrets: Mapping[str, str]) -> None:
    if unknown := sorted(set(secrets) - connector.secret_names):
        known = ", ".join(sorted(connector.secret_names)) or "none"
        raise Invalid(
            "connection_secret_unknown",
            f"{connector.title} has no secret named {unknown[0]}.",
            "Nothing was set up or changed.",
            f"Its secrets are: {known}.",
            field=unknown[0],
        )


def _keep(acting: Acting, connection_id: UUID, secrets: Mapping[str, str]) -> None:
    for name, value in secrets.items():
        acting.world.secrets.write(f"connection.{connection_id}.{name}", value)


def _in_doubt(name: str, files: Sequence[str]) -> Refused:
    return Refused(
        "connection_in_doubt",
        f"Nobody knows yet whether {name} has taken {', '.join(files[:5])}.",
        "Nothing was changed: another bank must not be asked about them.",
        "Wait until that is known; or change it despite the doubt, if it stays the same bank.",
    )


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> bool:
    return before.get(key) != after.get(key) or (key in before) != (key in after)
