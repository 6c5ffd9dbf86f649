# SPDX-License-Identifier: Apache-2.0
"""Progress of long work on standard error: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]  # what is worked on, how much is done, of how much
_LINE_EVERY_S = 5.0


@contextmanager
def bars() -> Iterator[Progress]:
    """Gives a function that shows progress."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True)) as shown:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=of)
            shown.update(tasks[what], completed=done, total=of)  # type: ignore[arg-type]  # rich's TaskID is an int

        yield show


def _lines() -> Progress:
    last = [time.monotonic()]

    def show(what: str, done: int, of: int) -> None:
        if time.monotonic() - last[0] >= _LINE_EVERY_S:
            last[0] = time.monotonic()
            sys.stderr.write(f"{what}: {done:,} of {of:,}\n")
            sys.stderr.flush()

    return show
