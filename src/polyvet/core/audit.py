# SPDX-License-Identifier: Apache-2.0
"""Noting who did what: each change in the console that is none of the record's notes itself in its own transaction."""

from __future__ import annotations

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.audit import Action, Deed
from polyvet.model.entities import User
from polyvet.model.requests import NOBODYS
from polyvet.storage import audit as stored
from polyvet.storage.writing import Touching, Tx

BY_HAND = "the command line"


def note(w: Writing, action: Action, entity: str, entity_id: bytes | None, shown: str) -> None:
    """Note what the caller does to a thing of their clinic, in the transaction that does it. `shown` tells which one
    and what came of it, as "Lab (vetigen)"; never a secret."""
    caller = w.caller
    _add(w.tx, caller.clinic_id, caller.actor, caller.shown, action, entity, entity_id, shown)


async def saw(ctx: Context, entity: str, entity_id: bytes, shown: str) -> None:
    """Note that the caller opened a file, having asked for the permission: whoever answers for it may ask who has read
    it."""

    async def job(tx: Tx) -> None:
        note(ctx.within(tx), Action.SAW, entity, entity_id, shown)

    await ctx.store.write(Touching(), job)


def note_of(tx: Tx, user: User, action: Action, shown: str = "") -> None:
    """Note what a user does to themselves, such as signing in."""
    _add(tx, user.clinic_id, user.id, user.name, action, "user", user.id, shown)


def note_failure(tx: Tx, user: User | None, shown: str) -> None:
    """Note that somebody could not sign in as a user; None: as nobody whom we know."""
    who = "somebody" if user is None else f"somebody as {user.name}"
    clinic_id, ident = (NOBODYS, None) if user is None else (user.clinic_id, user.id)
    _add(tx, clinic_id, None, who, Action.FAILED_TO_SIGN_IN, "user", ident, shown)


def note_by_hand(tx: Tx, user: User, action: Action, shown: str) -> None:
    """Note what whoever runs the server does to a user at its command line."""
    _add(tx, user.clinic_id, None, BY_HAND, action, "user", user.id, shown)


def _add(
    tx: Tx, clinic_id: int, actor: bytes | None, who: str, action: Action, entity: str, entity_id: bytes | None,
    shown: str,
) -> None:  # fmt: skip
    now = values.now()
    stored.add(tx, Deed(clinic_id, now, values.new_id(now), actor, who, action, entity, entity_id, shown))
