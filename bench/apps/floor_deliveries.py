# SPDX-License-Identifier: Apache-2.0
"""The floor of webhooks: posts bodies out of a list in memory, over and over, until it is told to stop.

python -m bench.apps.floor_deliveries URL CONCURRENCY
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from itertools import cycle

import httpx
import uvloop

from bench.dataset import BULK_ROWS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def _post(client: httpx.AsyncClient, url: str, bodies: Iterator[bytes]) -> None:
    for body in bodies:
        answer = await client.post(url, content=body, headers=FORM)
        if answer.status_code != 200:
            raise SystemExit(f"the receiver answered {answer.status_code}")


async def _run(url: str, concurrency: int) -> None:
    bodies = cycle([b"patient_id=%d" % number for number in range(1, BULK_ROWS + 1)])
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=concurrency)) as client:
        await asyncio.gather(*(_post(client, url, bodies) for _ in range(concurrency)))


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1], int(sys.argv[2])))
