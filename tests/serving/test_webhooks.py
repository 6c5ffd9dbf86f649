# SPDX-License-Identifier: Apache-2.0
"""What webhooks cost a server that has none, and what belongs to a demo only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tests.serving.conftest import Practice
from tests.serving.running import Running, environment

_STARTED = """
import asyncio, sys
from polyvet.app import create_app
from polyvet.serving import serve
from polyvet.settings import Settings

async def main():
    app = create_app(Settings(database_url=sys.argv[1]))
    await app._start()
    await asyncio.sleep(0.3)
    await app.close()

asyncio.run(main())
print(*sorted({"aiosmtplib", "httpx", "httpcore", "standardwebhooks", "jinja2"} & sys.modules.keys()))
"""


def test_a_start_loads_no_http_client(practice: Callable[..., Practice]) -> None:
    made = practice()
    done = subprocess.run(
        [sys.executable, "-c", _STARTED, made.url], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.split() == []


def test_only_a_demo_shows_what_comes_in(practice: Callable[..., Practice]) -> None:
    made = practice()
    with Running(made.folder) as server:
        assert server.get("/demo/webhooks").status_code == 404
        assert server.http.post("/demo/webhooks/4", content=b"x").status_code == 404
        assert server.get("/demo/mail").status_code == 404
        assert "/demo/" not in server.http.get("/").text
