# SPDX-License-Identifier: Apache-2.0
"""Offers between clinics: one lets another see a client and the client's patients, if that other one wants to."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from polyvet.model.entities import Entity


class OfferState(StrEnum):
    """An offer's way. It stands until somebody answers it or takes it back; it never expires."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class Offer(Entity, frozen=True):
    """One of them; each change of its state moves `changed_at`."""

    id: bytes
    from_clinic: int
    to_clinic: int
    client_id: bytes
    note: str
    state: str
    created_at: int
    changed_at: int


class Told(msgspec.Struct, frozen=True):
    """An offer as one of the two clinics is told of it: the other clinic, and the client as far as this one may know
    who that is."""

    offer: Offer
    received: bool  # by the clinic that is told; else it made the offer
    other: str  # the other clinic's name
    client: str | None  # None: the client is not to be seen here
    number: int | None  # the client's, at the clinic that is told


class Common(msgspec.Struct, frozen=True):
    """A client whom other clinics see, too."""

    id: bytes
    number: int
    name: str
    archived: bool
    others: list[str]  # names of these clinics
