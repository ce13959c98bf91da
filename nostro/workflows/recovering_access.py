"""Somebody has lost all by which he proved himself: the terminal lets him begin anew.

His passkeys, app and codes count no more, he is signed out everywhere, and a new password is set.
Who does it has made sure who asks; the log of every customer of the person keeps that it was done.
"""

from __future__ import annotations

from uuid import UUID

from nostro.domain.errors import Refused
from nostro.domain.event import Actor
from nostro.storage import people, sign_ins
from nostro.workflows import access_log
from nostro.workflows.context import World


def begin_anew(world: World, email: str, password: str, by: Actor) -> UUID:
    """Give the person of this address a new password and nothing else to prove himself by.

    Raises Refused for an address that nobody has, Invalid for a password that will not do.
    """
    person_id = people.person_of_email(email)
    if person_id is None:
        raise Refused(
            "person_unknown",
            f"Nobody signs in as {email[:100]}.",
            can_do="`nostro people list` shows who does.",
        )
    people.set_password(person_id, password)
    sign_ins.forget_factors(person_id)
    ended = sign_ins.end_others(person_id)
    access_log.record_of(world, by, person_id, "access_recovered", sign_ins_ended=ended)
    return person_id
