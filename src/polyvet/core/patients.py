# SPDX-License-Identifier: Apache-2.0
"""Patients: who sees them, and what a change of one brings with it.

Patients are global. A clinic sees a patient when its connection to the patient's client is active, whichever clinic
registered it. `shown` is the id as the caller spelled it, for the message of a miss.

The id of a patient that was merged goes on to name the one that stays, at all clinics that saw it.
"""

from __future__ import annotations

import msgspec

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.entities import NewPatient, Patient, State
from polyvet.model.errors import Missing, NotConnected
from polyvet.model.paging import ByUpdate, Page, Place
from polyvet.storage import merging
from polyvet.storage import patients as stored
from polyvet.storage.patients import Stamp
from polyvet.storage.store import Reader
from polyvet.storage.writing import Touching

KIND = "patient"


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """New values of a patient; what is UNSET stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    breed_id: int | msgspec.UnsetType | None = msgspec.UNSET
    sex: str | msgspec.UnsetType = msgspec.UNSET
    neutered: bool | msgspec.UnsetType | None = msgspec.UNSET
    birth_date: str | msgspec.UnsetType | None = msgspec.UNSET
    deceased_on: str | msgspec.UnsetType | None = msgspec.UNSET
    weight_mg: int | msgspec.UnsetType = msgspec.UNSET


async def get(ctx: Context, patient_id: bytes | None, shown: str) -> Patient:
    """One active patient. Missing; NotConnected if it is a patient of clinics that this one is not connected to."""
    ctx.require("patients:read")
    patient = await opened(ctx, patient_id, shown)
    await ctx.codelists.know(ctx.reader, (patient,))
    return patient


async def stamp(ctx: Context, patient_id: bytes) -> int | None:
    """The `updated_at` of an active patient, which names the version that `get` would give; None if there is none."""
    ctx.require("patients:read")
    return await stored.get_stamp(ctx.reader, ctx.clinic_id, patient_id)


async def opened(ctx: Context, patient_id: bytes | None, shown: str) -> Patient:
    """The patient if it is active and open to the clinic, else Missing or NotConnected; the caller has asked for the
    permission."""
    if patient_id is None:
        raise Missing(KIND, shown)
    patient = await kept(ctx.reader, ctx.clinic_id, await stored.get(ctx.reader, ctx.clinic_id, patient_id))
    if patient is None or patient.state == State.HIDDEN:
        if await stored.exists(ctx.reader, patient_id):
            raise NotConnected(KIND, shown)
        raise Missing(KIND, shown)
    if patient.state != State.ACTIVE:
        raise Missing(KIND, shown)
    return patient


async def kept(reader: Reader, clinic_id: int, patient: Patient | None) -> Patient | None:
    """The patient that stands for this one: itself, or the one that it was merged into as the clinic sees that. Only an
    archived one can have been merged."""
    if patient is None or patient.state != State.ARCHIVED:
        return patient
    target = await merging.follow(reader, patient.id)
    return patient if target is None else await stored.get(reader, clinic_id, target)


async def search_by_update(ctx: Context, asked: ByUpdate) -> Page[Patient]:
    """Active patients, newest change first."""
    ctx.require("patients:read")
    page = await stored.list_by_update(ctx.reader, ctx.clinic_id, asked)
    await ctx.codelists.know(ctx.reader, page.items)
    return page


async def search_stamps(ctx: Context, asked: ByUpdate) -> Page[Stamp]:
    """The same page as `search_by_update`, of versions only."""
    ctx.require("patients:read")
    return await stored.list_stamps(ctx.reader, ctx.clinic_id, asked)


async def search_by_creation(
    ctx: Context,
    *,
    client_id: bytes | None = None,
    species: str | None = None,
    limit: int,
    offset: int = 0,
    place: Place | None = None,
) -> Page[Patient]:
    """Active patients, the newest registered first; `species` is any name of a species, in any case."""
    ctx.require("patients:read")
    codes: list[int | None] = [None]
    if species is not None:
        codes = list(await ctx.codelists.species_named(ctx.reader, species))
    if len(codes) == 1:
        page = await stored.list_by_creation(
            ctx.reader,
            ctx.clinic_id,
            client_id=client_id,
            species_id=codes[0],
            limit=limit,
            offset=offset,
            place=place,
        )
    else:
        page = await _merged(ctx, codes, client_id, limit, offset, place)
    await ctx.codelists.know(ctx.reader, page.items)
    return page


async def _merged(
    ctx: Context, codes: list[int | None], client_id: bytes | None, limit: int, offset: int, place: Place | None
) -> Page[Patient]:
    """The lists of several species of one name (entries of several clinics) as one list."""
    pages = [
        await stored.list_by_creation(
            ctx.reader, ctx.clinic_id, client_id=client_id, species_id=code, limit=offset + limit, place=place
        )
        for code in codes
    ]
    items = sorted((item for page in pages for item in page.items), key=_newest_first)
    more = any(page.more for page in pages) or len(items) > offset + limit
    return Page(items[offset : offset + limit], sum(page.total for page in pages), more)


def _newest_first(patient: Patient) -> tuple[int, int]:
    return -patient.created_at, -int.from_bytes(patient.id, "big")


def creating(clinic_id: int, client_id: bytes | None) -> Touching:
    """What `create` touches: every clinic that the client is connected to."""
    return Touching(clinics=(clinic_id,), clients=() if client_id is None else (client_id,))


async def create(w: Writing, new: NewPatient, shown_client: str) -> Patient:
    """Register a patient at all clinics of its client. Missing if the client is not active at this one."""
    w.require("patients:write")
    links = {link.clinic_id: link for link in w.tx.links(new.client_id)}
    ours = links.get(w.clinic_id)
    if ours is None or ours.state != State.ACTIVE:
        raise Missing("client", shown_client)
    species = await w.codelists.species_for(w.tx, w.clinic_id, new.species)
    breed = await w.codelists.breed_for(w.tx, w.clinic_id, species, new.breed) if new.breed else None
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)  # nothing changed before it was made; a clinic's clock may be ahead of the wall's
    patient = Patient(
        id=values.new_id(at),
        client_id=new.client_id,
        number=w.tx.clinic(w.clinic_id).patient_seq + 1,
        state=int(State.ACTIVE),
        name=new.name,
        species_id=species.id,
        breed_id=None if breed is None else breed.id,
        sex=new.sex,
        neutered=new.neutered,
        birth_date=new.birth_date,
        deceased_on=None,
        weight_mg=new.weight_mg,
        created_at=at,
        updated_at=stamp,
    )
    stored.insert(w.tx, patient, species.slug, stamped={w.clinic_id: stamp})
    if new.weight_mg is not None:
        stored.weigh(w.tx, w.clinic_id, patient.id, values.new_id(at), new.weight_mg, at)
    return patient


async def touching(ctx: Context, patient_id: bytes | None) -> Touching:
    """What a change of the patient touches: every clinic of its client, and of the one's that it was merged into."""
    ctx.require("patients:write")
    if patient_id is None:
        return creating(ctx.clinic_id, None)
    patient = await kept(ctx.reader, ctx.clinic_id, await stored.get(ctx.reader, ctx.clinic_id, patient_id))
    clients = {None if patient is None else patient.client_id}
    if patient is None or patient.id != patient_id:
        clients.add(await stored.client_of(ctx.reader, patient_id))
    return Touching(clinics=(ctx.clinic_id,), clients=tuple(sorted(one for one in clients if one is not None)))


async def update(w: Writing, patient_id: bytes, shown: str, changes: Changes) -> Patient:
    """Change a patient; every clinic that sees it gets a new `updated_at`. A new weight joins the history."""
    w.require("patients:write")
    patient = await _writable(w, patient_id, shown)
    given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not msgspec.UNSET}
    patient = msgspec.structs.replace(patient, **given)
    lists = await w.codelists.within(w.tx, patient)
    stamps = await stored.update_everywhere(w.tx, patient, lists.species[patient.species_id].slug)
    at = stamps[w.clinic_id]
    if isinstance(changes.weight_mg, int):
        stored.weigh(w.tx, w.clinic_id, patient.id, values.new_id(at), changes.weight_mg, at)
    return msgspec.structs.replace(patient, updated_at=at)


async def archive(w: Writing, patient_id: bytes, shown: str) -> None:
    """Take a patient off the lists of this clinic."""
    w.require("patients:write")
    patient = await _writable(w, patient_id, shown)
    await stored.set_state(w.tx, patient.id, State.ARCHIVED, kind="archived", only=w.clinic_id)


async def delete(w: Writing, patient_id: bytes, shown: str) -> None:
    """Delete a patient softly, at every clinic: the row stays, no list or get shows it."""
    w.require("patients:write")
    patient = await _writable(w, patient_id, shown)
    await stored.set_state(w.tx, patient.id, State.DELETED, kind="deleted")


async def _writable(w: Writing, patient_id: bytes, shown: str) -> Patient:
    """The patient that a change of this one is for. Busy if it was merged since `touching` was asked."""
    patient = await kept(w.tx, w.clinic_id, await stored.get(w.tx, w.clinic_id, patient_id))
    if patient is None or patient.state in (State.HIDDEN, State.DELETED):
        raise Missing(KIND, shown)
    if patient.id != patient_id:
        await merging.check_held(w.tx, patient.id)
    return patient
