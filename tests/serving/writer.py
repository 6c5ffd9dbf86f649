# SPDX-License-Identifier: Apache-2.0
"""A program that changes a clinic's patients beside a running server, until its standard input is closed:
`python -m tests.serving.writer URL CLINIC SEED`. What is named `Doomed` may vanish; everything else stays active."""

from __future__ import annotations

import asyncio
import random
import select
import sys

from polyvet.core import patients
from polyvet.storage.store import open_store
from tests.core.stores import World

PAUSE_S = 0.004


async def main(url: str, clinic_id: int, seed: int) -> None:
    """Rename, delete and register, in an order of its own."""
    store = await open_store(url)
    try:
        world = World(store, [clinic_id])
        await world.codelists.load(store.reader)
        page = await patients.search_by_creation(world.ctx(clinic_id), limit=10_000)
        rng = random.Random(seed)
        doomed = [one for one in page.items if one.name == "Doomed" and one.number % 2 == seed % 2]
        stay = [one for one in page.items if one.name not in ("Doomed", "Late")]
        sys.stdout.write("writing\n")
        sys.stdout.flush()
        while not select.select([sys.stdin], [], [], 0)[0]:
            chance = rng.random()
            one = rng.choice(stay)
            if chance < 0.1 and doomed:
                await world.delete(clinic_id, doomed.pop(rng.randrange(len(doomed))).id)
            elif chance < 0.2:
                await world.patient(clinic_id, one.client_id, "Late")
            else:
                await world.update(clinic_id, one.id, name=f"{one.number} by {seed}")
            await asyncio.sleep(PAUSE_S)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
