# SPDX-License-Identifier: Apache-2.0
"""A small table in memory that all worker processes of one server share: rate windows and paging marks live here.

The memory is mapped before the workers are forked. A slot is found by a hash of its key; each key has a few places
where it may stand, and the one unused for longest gives way when all are taken, so that the table never grows. With
several workers a record lock of the operating system guards each access; it is released when a worker dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import secrets
import tempfile
from pathlib import Path
from struct import Struct
from typing import Any

_KEY_BYTES = 16
_HEAD = Struct("<16sq")  # the key, and when it was last used in microseconds
_PLACES = 4
_LOCKS = 64


def digest(*parts: bytes) -> bytes:
    """A slot's key: 16 bytes that stand for the parts."""
    hashed = hashlib.blake2b(digest_size=_KEY_BYTES)
    for part in parts:
        hashed.update(len(part).to_bytes(4, "little"))
        hashed.update(part)
    return hashed.digest()


class Slots:
    """`count` slots of fixed size, each holding the fields of `layout`."""

    def __init__(self, count: int, layout: str, *, shared: bool) -> None:
        """`shared`: several processes use the table; it must be made before they are forked."""
        self._layout = Struct("<" + layout)
        self._size = _HEAD.size + self._layout.size
        self._groups = max(1, count // _PLACES)
        self._seed = secrets.token_bytes(_KEY_BYTES)  # nobody can choose keys that push another one out
        self._memory = mmap.mmap(-1, self._groups * _PLACES * self._size)
        self._lock_file: int | None = None
        if shared:
            self._lock_file, path = tempfile.mkstemp(prefix="polyvet-slots-")
            Path(path).unlink()

    def hold(self, key: bytes) -> int:
        """Take the key's lock; gives the group of places where it may stand. `release` must follow."""
        hashed = hashlib.blake2b(key, digest_size=8, key=self._seed).digest()
        group = int.from_bytes(hashed, "little") % self._groups
        if self._lock_file is not None:
            fcntl.lockf(self._lock_file, fcntl.LOCK_EX, 1, group % _LOCKS)
        return group

    def release(self, group: int) -> None:
        """Let go of the lock that `hold` took."""
        if self._lock_file is not None:
            fcntl.lockf(self._lock_file, fcntl.LOCK_UN, 1, group % _LOCKS)

    def read(self, group: int, key: bytes) -> tuple[Any, ...] | None:
        """The fields of the key's slot; None if it has none."""
        base = group * _PLACES * self._size
        for offset in range(base, base + _PLACES * self._size, self._size):
            if self._memory[offset : offset + _KEY_BYTES] == key:
                return self._layout.unpack_from(self._memory, offset + _HEAD.size)
        return None

    def write(self, group: int, key: bytes, used: int, *fields: int | bytes) -> None:
        """Set the key's fields; `used` is now, in microseconds."""
        base = group * _PLACES * self._size
        oldest, chosen = None, base
        for offset in range(base, base + _PLACES * self._size, self._size):
            held, last_used = _HEAD.unpack_from(self._memory, offset)
            if held == key:
                chosen = offset
                break
            if oldest is None or last_used < oldest:
                oldest, chosen = last_used, offset
        _HEAD.pack_into(self._memory, chosen, key, used)
        self._layout.pack_into(self._memory, chosen + _HEAD.size, *fields)
