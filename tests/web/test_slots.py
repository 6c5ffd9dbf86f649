# SPDX-License-Identifier: Apache-2.0
"""The shared table: what is found again, what gives way, and what forked processes see of each other."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable

import pytest

from polyvet.model import values
from polyvet.web.slots import Slots, digest


def _put(slots: Slots, key: bytes, used: int, number: int) -> None:
    group = slots.hold(key)
    slots.write(group, key, used, number)
    slots.release(group)


def _get(slots: Slots, key: bytes) -> int | None:
    group = slots.hold(key)
    found = slots.read(group, key)
    slots.release(group)
    return None if found is None else int(found[0])


def _forked(work: Callable[[], None]) -> int:
    """Run the work in a child process that leaves without cleaning up; gives its id."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def _ended_well(pid: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_key_is_found_again_and_another_is_not() -> None:
    slots = Slots(64, "q", shared=False)
    _put(slots, digest(b"a"), 1, 41)
    _put(slots, digest(b"a"), 2, 42)
    assert _get(slots, digest(b"a")) == 42
    assert _get(slots, digest(b"b")) is None


def test_the_slot_that_was_unused_for_longest_gives_way() -> None:
    slots = Slots(4, "q", shared=False)  # one group of four places
    keys = [digest(bytes([n])) for n in range(5)]
    for used, key in enumerate(keys[:4], 1):
        _put(slots, key, used, used)
    _put(slots, keys[0], 9, 9)  # now the second is the oldest
    _put(slots, keys[4], 10, 10)
    assert [_get(slots, key) for key in keys] == [9, None, 3, 4, 10]


def test_the_table_does_not_grow_and_never_mixes_keys_up() -> None:
    slots = Slots(64, "q", shared=False)
    keys = [digest(n.to_bytes(2, "little")) for n in range(500)]
    for number, key in enumerate(keys):
        _put(slots, key, number, number)
    found = {number: _get(slots, key) for number, key in enumerate(keys)}
    assert all(value in (None, number) for number, value in found.items())
    assert 32 < sum(value is not None for value in found.values()) <= 64


def test_ids_made_in_one_millisecond_or_years_apart_spread_over_the_groups() -> None:
    slots = Slots(16_384, "q", shared=False)
    now = values.now()
    ids = [values.new_id(now) for _ in range(500)] + [values.new_id(n * 10**12) for n in range(1_000)]
    for number, key in enumerate(ids):
        _put(slots, key, number, number)
    assert sum(_get(slots, key) is None for key in ids) < 20  # five in one group of four are rare


def test_nobody_can_work_out_which_keys_push_another_one_out() -> None:
    groups = {Slots(16_384, "q", shared=False).hold(digest(b"an e-mail")) for _ in range(8)}
    assert len(groups) > 1  # the same key, another place in each server


def test_a_digest_tells_where_one_part_ends_and_the_next_begins() -> None:
    parts = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc"), ()]
    assert len({digest(*one) for one in parts}) == len(parts)
    assert {len(digest(*one)) for one in parts} == {16}


def test_forked_processes_read_each_other_and_lose_no_update() -> None:
    slots = Slots(64, "q", shared=True)
    keys = [digest(bytes([n])) for n in range(3)]
    times = 2_000

    def add() -> None:
        rng = random.Random(os.getpid())
        for _ in range(times):
            key = rng.choice(keys)
            group = slots.hold(key)
            (number,) = slots.read(group, key) or (0,)
            slots.write(group, key, 1, number + 1)
            slots.release(group)

    children = [_forked(add) for _ in range(3)]
    assert [_ended_well(pid) for pid in children] == [True] * 3
    assert sum(_get(slots, key) or 0 for key in keys) == 3 * times


def test_a_process_that_is_killed_while_it_holds_a_lock_blocks_nobody() -> None:
    slots = Slots(64, "q", shared=True)
    key = digest(b"a")
    reading, writing = os.pipe()

    def hold() -> None:
        slots.hold(key)
        os.write(writing, b".")
        signal.pause()

    pid = _forked(hold)
    os.read(reading, 1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    signal.alarm(20)  # ends the run should the lock still be held
    try:
        _put(slots, key, 1, 7)
    finally:
        signal.alarm(0)
        os.close(reading)
        os.close(writing)
    assert _get(slots, key) == 7


@pytest.mark.parametrize("shared", [False, True])
def test_fields_come_back_as_they_were_written(shared: bool) -> None:
    slots = Slots(8, "qq16s", shared=shared)
    key = digest(b"a")
    group = slots.hold(key)
    slots.write(group, key, 1, -5, 2**62, b"\x00\xff" * 8)
    slots.release(group)
    assert slots.read(group, key) == (-5, 2**62, b"\x00\xff" * 8)
