# SPDX-License-Identifier: Apache-2.0
"""The pictures that docs/console.md shows, and the table of what its pages weigh, made of a new demo practice.

`make screenshots` runs it: `python -m docs.screenshots [FOLDER]`. It starts `polyvet serve --demo`, gives the practice
a busy morning through its APIs, opens the pages as their owner, and prints the table.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page

from polyvet.console.console import ROWS
from tests.browser import chromium
from tests.serving.running import Running, until

TEXT = Path(__file__).parent / "console.md"
FOLDER = TEXT.with_suffix("")
DESK: Any = {"viewport": {"width": 1120, "height": 720}}
PHONE: Any = {"viewport": {"width": 375, "height": 667}, "is_mobile": True, "color_scheme": "dark"}
TRIES = 21
FENTON = 2130  # a patient of the samples
# Pictures are named as their pages' paths, but these.
SIGN_IN, HOME, PHONE_HOME = "sign-in", "home", "phone"
PATHS = {row.path.replace("/", "-"): row.path for row in ROWS if row.method == "GET"} | {HOME: ""}


def named() -> list[str]:
    """The names of the pictures that the text shows."""
    return re.findall(r"\]\(console/([\w-]+)\.png\)", TEXT.read_text())


def main(folder: Path = FOLDER) -> None:
    """Make all pictures in the folder, and print the table."""
    path = chromium.found()
    if path is None:
        sys.exit(f"no Chromium: install the package chromium, or name one in {chromium.VARIABLE}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, Running(Path(data) / "demo", "--demo") as server:
        told = json.loads((Path(data) / "demo" / "demo-credentials.json").read_text())
        busy_morning(server, told)
        with chromium.started(path) as browser:
            cookies = pictures(browser, server.url, told["console"], folder)
        server.http.cookies.update(cookies)
        print(table(server.http))


def busy_morning(server: Running, told: dict[str, Any]) -> None:
    """Requests that succeed and some that do not, a webhook, and what it is told."""
    vetigen, provet = told["vetigen"]["api_key"], told["provet"]
    root = f"/{provet['provet_id']}/api/0.1"
    for query in ("species=dog", "species=cat", "page=2", "page=-1", "sort=nonsense"):
        server.get(f"/api/v1/patients?{query}", vetigen)
    server.get("/api/v1/patients/patient_01JABC9XYZKL4N7P3Q8TRM2ZDE", vetigen)
    server.get("/api/v1/patients", "sk_live_a_key_that_there_is_not")
    head = {"Authorization": f"Token {provet['token']}"}
    for receiver in (f"{server.url}/demo/webhooks/crm", f"{server.url}/nobody/home"):
        hook = {"target_url": receiver, "trigger": 2, "content_type": 2}
        server.http.post(f"{root}/hook/webhook/", json=hook, headers=head).raise_for_status()
    for remark in ("Shy with strangers.", "Likes liver, dislikes scales.", "Comes by the back door."):
        server.http.patch(f"{root}/patient/{FENTON}/", json={"remarks": remark}, headers=head).raise_for_status()
    came = until(lambda: "crm" in server.http.get("/demo/webhooks").text, 20)
    if not came:
        sys.exit("the demo's webhook was told of nothing")


def pictures(browser: Browser, url: str, owner: dict[str, str], folder: Path) -> dict[str, str]:
    """The pictures; gives the cookies of who is signed in."""
    page = browser.new_context(**DESK).new_page()
    page.goto(f"{url}/console")
    _shoot(page, folder, SIGN_IN)
    page.get_by_label("E-mail").fill(owner["email"])
    page.get_by_label("Password").fill(owner["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    for name in named():
        if name not in (SIGN_IN, PHONE_HOME):
            page.goto(f"{url}/console/{PATHS[name]}".rstrip("/"))
            _shoot(page, folder, name)
    small = browser.new_context(**PHONE, storage_state=page.context.storage_state()).new_page()
    small.goto(f"{url}/console")
    small.locator("summary").first.click()
    _shoot(small, folder, PHONE_HOME)
    return {one.get("name", ""): one.get("value", "") for one in page.context.cookies()}


def _shoot(page: Page, folder: Path, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}.png")


def table(http: httpx.Client) -> str:
    """What each page weighs by itself, and how long its answer takes on one connection, in the middle of many."""
    lines = ["| Page | kB | ms |", "| --- | ---: | ---: |"]
    for row in ROWS:
        if row.method != "GET" or "{" in row.path:
            continue
        sizes, times = [], []
        for _ in range(TRIES):
            started = time.perf_counter()
            answer = http.get(row.href)
            times.append(time.perf_counter() - started)
            sizes.append(len(answer.content))
        if answer.headers.get("content-type", "").startswith("text/html"):
            lines.append(f"| `{row.href}` | {max(sizes) / 1000:.1f} | {statistics.median(times) * 1000:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
