# SPDX-License-Identifier: Apache-2.0
"""Owners of clinics, as core hears from them what they offer and answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from msgspec.structs import replace

from polyvet.core import offers
from polyvet.core.context import Context, Writing
from polyvet.core.roles import OF_ROLE
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.offers import Offer
from polyvet.storage.writing import Touching
from tests.core.stores import World, a_caller

OWNER = tuple(OF_ROLE[Role.OWNER])
Work = Callable[..., Awaitable[Offer]]


def linking(offer_id: bytes) -> str:
    """Where mails say that an offer stands."""
    return f"https://vet.example/offers/{values.to_crockford(offer_id)}"


accept, decline = (partial(work, linking=linking) for work in (offers.accept, offers.decline))


def reading(w: World, clinic_id: int) -> Context:
    """What an owner of the clinic reads with."""
    return w.ctx(clinic_id, OWNER)


async def written(w: World, clinic_id: int, touching: Touching, work: Callable[[Writing], Awaitable[Any]]) -> Any:
    """One transaction of an owner of the clinic."""
    ctx = reading(w, clinic_id)
    ctx = replace(ctx, caller=replace(a_caller(clinic_id, OWNER), user_id=bytes([clinic_id % 251]) * 16))
    return await w.store.write(touching, lambda tx: work(ctx.within(tx)))


async def answered(w: World, clinic_id: int, offer: Offer, work: Work) -> Offer:
    """An answer to an offer, or its end."""
    touching = await offers.saving(reading(w, clinic_id), offer.id, "x")
    found: Offer = await written(w, clinic_id, touching, lambda one: work(one, offer.id, "x"))
    return found
