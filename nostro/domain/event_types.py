"""What can happen to each thing that events are about: the names that programs may ask for."""

from __future__ import annotations

from collections.abc import Mapping

from nostro.domain.event import FAMILIES, told_type

DEPTH = 2  # Dots in the outside name of a type.

# A family that is not named here takes any name: what happens to people, to a customer and to the
# log itself is told by the parts of the program that do it.
OCCUR: Mapping[str, tuple[str, ...]] = {
    "account": ("attached", "created"),
    "attempt": ("moved",),
    "case": ("due", "moved", "noted", "stage_moved", "taken"),
    "check": ("confirmed", "left_out", "moved", "placed_in_file", "registered", "told_again"),
    "check_exception": ("moved", "placed_in_file", "received"),
    "connection": ("calendar_changed", "changed", "created", "tried"),
    "credit_note": ("moved", "received", "used"),
    "debtors": ("received",),
    "entity": ("created",),
    "evidence": ("confirmed", "erased", "refused", "revealed", "stated", "withdrawn"),
    "freeze": ("lift_agreed", "lifted", "set"),
    "intraday_report": ("received",),
    "journal": ("written",),
    "match": ("refused", "suggested"),
    "match_model": ("fitted",),
    "message": ("opened", "received"),
    "netting": ("moved", "proposed"),
    "open_items": ("received",),
    "order": (
        *("advice_asked", "advice_dropped", "advice_not_sent", "advice_planned", "advice_sent"),
        *("approval_asked_anew", "approval_given", "checked", "day_moved", "edited"),
        *("hold_placed", "imported", "kept", "moved", "payee_cleared", "placed_in_file"),
        *("recall_asked", "received", "reissued", "replaced", "source_approval_said", "rerouted"),
    ),
    "payee": (
        *("account_changed", "account_proposed", "added", "confirmed", "details_changed"),
        *("erased", "question_moved", "question_put", "question_tried", "revealed"),
        *("test_begun", "verified"),
    ),
    "payee_change": ("decided",),
    "run": ("begun", "received", "refused"),
    "saved_filter": ("forgotten", "kept"),
    "statement": ("received", "reread"),
    "submission": ("asked", "built", "file_acknowledged", "moved", "rebuilt"),
    "transaction": ("matched", "unmatched"),
    "webhook": ("registered", "replayed", "secret_rotated", "switched_off"),
}


def told_types() -> list[str]:
    """Every name that can be asked for: whole families ("nostro.order.*") and single types."""
    single = (told_type(f"{family}.{name}") for family, names in OCCUR.items() for name in names)
    return [told_type("*"), *(told_type(f"{family}.*") for family in FAMILIES), *single]


def occurs(told: str) -> bool:
    """Is this the outside name of a type, or of a family, that can occur?"""
    if told in told_types():
        return True
    family = told.removeprefix(told_type("")).partition(".")[0]
    return family in FAMILIES and family not in OCCUR and told.count(".") == DEPTH
