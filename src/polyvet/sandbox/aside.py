# SPDX-License-Identifier: Apache-2.0
"""The demo practice made in a second process, so that a large one is made and loaded at the same time.

That process also derives what the store keeps beside the rows, so that this one has only to write.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator
from datetime import date
from multiprocessing.connection import Connection

import msgspec

from polyvet.sandbox import demo
from polyvet.storage.derived import Deriver, Piece, Start

WORTH_CLIENTS = 20_000  # starting a process takes as long as making some thousand clients


def pieces(start: Start, seed: int, clients: int, today: date) -> Iterator[Piece]:
    """The batches of `demo.generate` as the store keeps them; made elsewhere when there are many."""
    if clients < WORTH_CLIENTS or (os.cpu_count() or 1) == 1:
        yield from map(Deriver(start).derive, demo.generate(seed, clients, today))
        return
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    maker = context.Process(target=_make, args=(sending, start, seed, clients, today), daemon=True)
    maker.start()
    sending.close()
    decode = msgspec.msgpack.Decoder(Piece).decode
    try:
        while packed := receiving.recv_bytes():
            yield decode(packed)
    finally:
        maker.terminate()
        maker.join()
        receiving.close()


def _make(sending: Connection, start: Start, seed: int, clients: int, today: date) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who loads decides when to stop
    gc.disable()  # as the loader does
    encode = msgspec.msgpack.Encoder().encode
    derive = Deriver(start).derive
    with contextlib.suppress(BrokenPipeError):  # who loads is gone
        for batch in demo.generate(seed, clients, today):
            sending.send_bytes(encode(derive(batch)))
        sending.send_bytes(b"")
