# SPDX-License-Identifier: Apache-2.0
"""The real `polyvet` command in processes of its own."""

from __future__ import annotations

import os
import selectors
import signal
import ssl
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "polyvet")
READY = "polyvet is ready at "
PATIENCE_S = 60.0
_TLS = ssl.create_default_context()


def client(url: str, **more: Any) -> httpx.Client:
    """An HTTP client; making the context for TLS, which none of them uses, costs more than many requests."""
    return httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False, verify=_TLS, **more)


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("POLYVET_")} | more


def polyvet(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `more` are environment variables."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env=environment(**more),
    )


class Running:
    """`polyvet serve` on a free port, until the block ends."""

    def __init__(self, folder: Path, *arguments: object, **more: str) -> None:
        """Start it over the data folder and wait until it says that it is ready; `more` are environment variables."""
        self.log = folder.parent / f"{folder.name}-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--port", "0", "--data", str(folder), *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(**more),
            )
        self.said = ""
        self.url = self._wait_until_ready()
        self.http = client(self.url)

    def _wait_until_ready(self) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE_S
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if not waiting.select(0.5):
                    continue
                piece = os.read(self.process.stdout.fileno(), 65_536)
                self.said += piece.decode()
                if not piece:
                    break
                if READY in self.said and self.said.endswith("\n"):
                    return self.said.partition(READY)[2].partition("\n")[0]
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        raise AssertionError(f"the server did not start: {self.said}\n{self.log.read_text()}")

    def __enter__(self) -> Running:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal unless the server has ended already; gives its exit code."""
        self.http.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    def children(self) -> list[int]:
        """The ids of the worker processes."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)  # noqa: S607
        pairs = [line.split() for line in listed.stdout.splitlines()]
        return [int(pid) for pid, parent in pairs if int(parent) == self.process.pid]

    def get(self, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        """One GET request on a connection of its own, which any worker may take."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        with client(self.url) as http:
            return http.get(path, headers=headers, **more)


def until(holds: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Wait until it holds; whether it does."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
