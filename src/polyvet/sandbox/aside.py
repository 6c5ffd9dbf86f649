# SPDX-License-Identifier: Apache-2.0
"""The demo practice made in a second process, so that a large one is made and loaded at the same time."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from datetime import date
from multiprocessing.connection import Connection

import msgspec

from polyvet.model.entities import Batch
from polyvet.sandbox import demo

WORTH_CLIENTS = 20_000  # starting a process takes as long as making some thousand clients


def batches(seed: int, clients: int, today: date) -> Iterator[Batch]:
    """The same batches as `demo.generate` gives, made elsewhere when there are many."""
    if clients < WORTH_CLIENTS or (os.cpu_count() or 1) == 1:
        yield from demo.generate(seed, clients, today)
        return
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    maker = context.Process(target=_make, args=(sending, seed, clients, today), daemon=True)
    maker.start()
    sending.close()
    decode = msgspec.msgpack.Decoder(Batch).decode
    try:
        while piece := receiving.recv_bytes():
            yield decode(piece)
    finally:
        maker.terminate()
        maker.join()
        receiving.close()


def _make(sending: Connection, seed: int, clients: int, today: date) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who loads decides when to stop
    encode = msgspec.msgpack.Encoder().encode
    with contextlib.suppress(BrokenPipeError):  # who loads is gone
        for batch in demo.generate(seed, clients, today):
            sending.send_bytes(encode(batch))
        sending.send_bytes(b"")
