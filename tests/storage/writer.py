# SPDX-License-Identifier: Apache-2.0
"""A program that writes beside others: `python -m tests.storage.writer URL SEED COUNT` registers clients one by one at
the clinics 1 and 2, and prints each one's clinic and stamp."""

from __future__ import annotations

import asyncio
import random
import sys

from polyvet.storage import clients
from polyvet.storage.store import open_store
from polyvet.storage.writing import Touching, Tx
from tests.storage.world import a_client


async def main(url: str, seed: int, count: int) -> None:
    """Write one commit after the other."""
    store = await open_store(url)
    drawn = random.Random(seed)
    for _ in range(count):
        clinic_id = drawn.choice((1, 2))
        client = a_client(last=f"Writer{seed}")

        async def job(tx: Tx, clinic_id: int = clinic_id, client=client) -> int:
            clients.insert(tx, client)
            stamp = tx.stamp(clinic_id)
            clients.connect(tx, clinic_id, client, stamp=stamp)
            return stamp

        stamp = await store.write(Touching(clinics=(clinic_id,)), job)
        sys.stdout.write(f"{clinic_id} {stamp}\n")
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
