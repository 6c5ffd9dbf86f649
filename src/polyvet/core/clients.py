# SPDX-License-Identifier: Apache-2.0
"""Clients, and the connections that open them and their patients to clinics."""

from __future__ import annotations

from polyvet.core.context import Context, Writing
from polyvet.model import values
from polyvet.model.entities import Client, NewClient, Patient, State
from polyvet.model.errors import Missing
from polyvet.model.paging import Page, Place
from polyvet.storage import clients as stored
from polyvet.storage import merging, offers
from polyvet.storage import patients as stored_patients
from polyvet.storage.writing import Touching

KIND = "client"
ALL_PETS = 1_000  # of one client; an answer that embeds them stays bounded


async def get(ctx: Context, client_id: bytes | None, shown: str) -> Client:
    """One active client. Missing, also when another clinic has it."""
    ctx.require("clients:read")
    client = None if client_id is None else await stored.get(ctx.reader, ctx.clinic_id, client_id)
    if client is None or client.state != State.ACTIVE:
        raise Missing(KIND, shown)
    return client


async def patients_of(ctx: Context, client_id: bytes) -> list[Patient]:
    """A client's active patients, the first registered first; of more than ALL_PETS the newest."""
    ctx.require("clients:read")
    ctx.require("patients:read")
    page = await stored_patients.list_by_creation(
        ctx.reader, ctx.clinic_id, client_id=client_id, species_id=None, limit=ALL_PETS
    )
    await ctx.codelists.know(ctx.reader, page.items)
    return page.items[::-1]


async def search(
    ctx: Context, *, fragment: str | None = None, limit: int, offset: int = 0, place: Place | None = None
) -> Page[Client]:
    """Active clients, the newest first; `fragment` is looked for in name, e-mail and phone, in any case."""
    ctx.require("clients:read")
    folded = values.fold(fragment).strip() if fragment else ""
    if not folded:
        return await stored.list_by_creation(ctx.reader, ctx.clinic_id, limit=limit, offset=offset, place=place)
    return await stored.search(ctx.store, ctx.clinic_id, folded, limit=limit, offset=offset, place=place)


def creating(clinic_id: int) -> Touching:
    """What `create` touches."""
    return Touching(clinics=(clinic_id,))


async def create(w: Writing, new: NewClient) -> Client:
    """Register a client and connect this clinic to it."""
    w.require("clients:write")
    stamp = w.tx.stamp(w.clinic_id)
    at = min(values.now(), stamp)  # as with patients: a clinic's clock may be ahead of the wall's
    client = Client(
        id=values.new_id(at),
        number=w.tx.clinic(w.clinic_id).client_seq + 1,
        state=int(State.ACTIVE),
        first_name=new.first_name,
        middle_name=new.middle_name,
        last_name=new.last_name,
        email=new.email,
        phone=new.phone,
        address=new.address,
        last_visit=None,
        created_at=at,
        updated_at=stamp,
    )
    stored.insert(w.tx, client)
    stored.connect(w.tx, w.clinic_id, client, stamp=stamp)
    return client


def connecting(clinic_id: int, other_id: int, client_id: bytes) -> Touching:
    """What `connect` and `disconnect` touch: both clinics and all that the client is open to."""
    return Touching(clinics=(clinic_id, other_id), clients=(client_id,))


async def connect(w: Writing, client_id: bytes, shown: str, other_id: int) -> None:
    """Open one of this clinic's clients and its patients to another clinic; what becomes visible there is stamped."""
    w.require("clients:write")
    client = await stored.get(w.tx, w.clinic_id, client_id)
    if client is None or client.state != State.ACTIVE:
        raise Missing(KIND, shown)
    if not w.tx.touches(other_id):
        raise Missing("clinic", str(other_id))
    theirs = await stored.get(w.tx, other_id, client_id)
    if theirs is None:
        stored.connect(w.tx, other_id, client, phones=(await stored.phone_numbers(w.tx, client_id))[1:])
        offers.share(w.tx, client_id)
    elif theirs.state != State.ACTIVE:
        await stored.set_state(w.tx, other_id, client_id, old=theirs.state, new=State.ACTIVE, kind="connected")
    for patient_id in await stored.patients_of(w.tx, w.clinic_id, client_id):
        await _open(w, patient_id, other_id)


async def _open(w: Writing, patient_id: bytes, other_id: int) -> None:
    patient = await stored_patients.get(w.tx, w.clinic_id, patient_id)
    if patient is None or patient.state not in (State.ACTIVE, State.ARCHIVED):
        return
    theirs = await stored_patients.get(w.tx, other_id, patient_id)
    if theirs is None:
        lists = await w.codelists.within(w.tx, patient)
        stored_patients.enrol(w.tx, other_id, patient, lists.species[patient.species_id].slug)
    elif theirs.state == State.HIDDEN:
        await stored_patients.set_state(w.tx, patient_id, State.ACTIVE, kind="connected", only=other_id)
    else:
        return
    if patient.state == State.ARCHIVED and await merging.get(w.tx, patient_id) is not None:
        await stored_patients.set_state(w.tx, patient_id, State.ARCHIVED, kind="archived", only=other_id)


async def disconnect(w: Writing, client_id: bytes, shown: str) -> None:
    """End this clinic's connection: the client and its patients are missing here from now on, and kept elsewhere."""
    w.require("clients:write")
    client = await stored.get(w.tx, w.clinic_id, client_id)
    if client is None or client.state == State.HIDDEN:
        raise Missing(KIND, shown)
    await stored.set_state(w.tx, w.clinic_id, client_id, old=client.state, new=State.HIDDEN, kind="disconnected")
    for patient_id in await stored.patients_of(w.tx, w.clinic_id, client_id):
        await stored_patients.set_state(w.tx, patient_id, State.HIDDEN, kind="disconnected", only=w.clinic_id)
