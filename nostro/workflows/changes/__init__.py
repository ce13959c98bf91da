"""One module per kind of thing that two people change. Each exposes KIND.

A kind says how a wish is read, what it changes from what to what, and how that is done. The
machinery (nostro.workflows.change_requests) knows none of them by name: a new object joins by
being a module here, and leaves by being deleted.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.errors import Invalid
from nostro.domain.party import Action
from nostro.domain.policies.touching import Touch
from nostro.domain.policy import Example, SaidVersion, Subject
from nostro.workflows.context import Acting


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a wish comes to: of whom or what (`subject_id` may be new), from what, to what.

    `before` and `after` are plain data that people read side by side; no secrets, no floats.
    `beneficiaries` are people (ids) whom it gives something besides: they have no say in it either.
    """

    subject_id: UUID
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    beneficiaries: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A change that enough people agreed to: its request, who asked, in words who agreed."""

    request_id: UUID
    asked_by: str
    asked_by_name: str
    reason: str


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """How rules that are kept version by version are read; all of it inside a unit of work.

    `subjects` are what there are rules of: the customer, or each of its banks, say. `counts` is the
    version that counts now. `versions` are those below a number, the newest number first, down to
    number 0: what counts where nobody has said anything. `examples` stand beside rules that have
    some. `begins` is what the form of a change begins with, where the kind has no `as_it_is`.
    """

    counts: Callable[[Acting, str], SaidVersion]
    versions: Callable[[str, int | None, int], Sequence[SaidVersion]]
    subjects: Callable[[], Sequence[Subject]] = lambda: (Subject(),)
    examples: Callable[[Acting], Sequence[Example]] | None = None
    begins: Callable[[Acting, Subject], Mapping[str, Any]] | None = None


def _as_it_is(_: Acting, wish: Any) -> Any:
    return wish


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of change. `wanted` is the form: a struct with plain fields.

    `prepare` (outside any unit of work) asks others what the wish needs of them, such as a server
    for its key, and gives the wish with their answer: that is what is kept and agreed to.
    `look` (inside a unit of work) works the wish out anew and raises Invalid or Refused where it
    cannot be; `apply` makes it so, in the same transaction as its event. `counts_people` where the
    change could leave too few who may decide: then it is tried and undone when it is asked for.
    Who may do any of `asks` may ask for it, who may do `decides` agrees. `as_it_is` (inside a unit
    of work) is the wish that would change nothing: where a wish says all anew, one begins with it.

    `touches` is what it does to a payee, the one whose `number` the wish has: then the open
    payments that it would touch are shown to whoever asks and agrees.

    `dry_run` (inside a unit of work) tries the wish on the payments taken in since a moment and
    says which would have gone another way: it stores nothing. `kept` where it is rules that are
    kept version by version: then they stand among the policies.

    `secrets` are what may be given with the wish and is no part of it; `try_secrets` tries them
    out over the network, before any unit of work, and raises where they cannot be right.
    """

    name: str
    title: str
    wanted: type[msgspec.Struct]
    asks: tuple[Action, ...]
    decides: Action
    look: Callable[[Acting, Any, UUID], Change]
    apply: Callable[[Acting, Any, Change, Done], None]
    counts_people: bool = False
    as_it_is: Callable[[Acting], msgspec.Struct] | None = None
    prepare: Callable[[Acting, Any], Any] = _as_it_is
    touches: Touch | None = None
    dry_run: Callable[[Acting, Any, datetime], DryRun] | None = None
    kept: Kept | None = None
    secrets: tuple[str, ...] = ()
    try_secrets: Callable[[Any, Mapping[str, str]], None] | None = None


@cache
def find() -> dict[str, Kind]:
    """Every kind there is, by name. Deleting a kind's file deletes the kind."""
    names = (found.name for found in pkgutil.iter_modules(__path__, f"{__name__}."))
    modules = (import_module(name) for name in names)
    kinds = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in kinds}


def named(name: str) -> Kind:
    """The kind of this name; raises Invalid when there is none."""
    kind = find().get(name)
    if kind is None:
        raise Invalid(
            "change_kind_unknown",
            f"There is no kind of change {name[:40]!r}.",
            "Nothing was asked for.",
            f"There are: {', '.join(sorted(find()))}.",
            field="kind",
        )
    return kind


def read(kind: Kind, wanted: Any) -> Any:
    """A wish as its kind's struct; raises Invalid, naming what is wrong with it."""
    try:
        return msgspec.convert(wanted, kind.wanted, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(
            "change_unreadable",
            f"{kind.title}: {error}.",
            "Nothing was asked for.",
            f"Its fields are: {', '.join(kind.wanted.__struct_fields__)}.",
            field="wanted",
        ) from None
