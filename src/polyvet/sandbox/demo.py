# SPDX-License-Identifier: Apache-2.0
"""The demo practice, batch by batch: the same rows for the same seed, size and day.

Load `practice()` and the codelist of `polyvet.model.species` first, then the batches in their order. The first batch
holds the vendors' samples, everybody's full history and the mobile numbers; the further ones only people, animals and
current weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from polyvet.model.batch import Batch
from polyvet.model.values import DAY
from polyvet.sandbox import samples
from polyvet.sandbox.clock import EPOCH
from polyvet.sandbox.histories import add_histories
from polyvet.sandbox.office import mobiles
from polyvet.sandbox.people import PETS_PER_CLIENT, Registration
from polyvet.sandbox.practice import Practice, clinics, stock, users
from polyvet.sandbox.world import World

BATCH_CLIENTS = 2000  # also how many clients have a full history


def patient_count(clients: int) -> int:
    """How many patients a demo practice with that many clients has."""
    return round(clients * PETS_PER_CLIENT)


def practice(seed: int, today: date) -> Practice:
    """The clinics, their staff and their stock."""
    return Practice(clinics(), users(), stock(seed, (today - EPOCH).days * DAY))


def generate(seed: int, clients: int, today: date) -> Iterator[Batch]:
    """All clients and patients, in batches of at most BATCH_CLIENTS clients; at least the samples'."""
    world = World(seed, clients, today)
    first = min(clients, BATCH_CLIENTS)
    yield _first_batch(world, first)
    done = first
    until = world.end - 2 * DAY
    rest = clients - first
    while done < clients:
        size = min(BATCH_CLIENTS, clients - done)
        since = world.start + (until - world.start) * (done - first) // rest
        to = world.start + (until - world.start) * (done - first + size) // rest
        registration = Registration(world, since, to, spread=False)
        registration.run(size, patient_count(done + size) - patient_count(done))
        yield registration.batch
        done += size


def _first_batch(world: World, clients: int) -> Batch:
    batch = samples.sample_batch()
    if clients <= samples.COUNT:
        return batch
    registration = Registration(world, world.start, world.end - 2 * DAY, spread=True)
    registration.run(clients - samples.COUNT, patient_count(clients) - samples.COUNT)
    add_histories(world, registration.batch, registration.animals)
    registration.batch.phones += mobiles(world.seed, registration.batch.clients)
    return _joined(batch, registration.batch)


def _joined(one: Batch, other: Batch) -> Batch:
    return Batch(**{name: getattr(one, name) + getattr(other, name) for name in msgspec.structs.asdict(one)})
