# SPDX-License-Identifier: Apache-2.0
"""The pictures that docs/console.md shows, and the table of what its pages weigh, made of a new demo practice.

`make screenshots` runs it: `python -m docs.screenshots [FOLDER]`. It starts `polyvet serve --demo`, gives the practice
a busy morning through its APIs and the other clinic's console, opens the pages as their owner, and prints the table.
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from polyvet.console.console import ROWS
from polyvet.identity.sessions import COOKIE
from tests.browser import chromium
from tests.console.pages import addresses
from tests.console.people import SignedIn
from tests.serving.running import Running, until

TEXT = Path(__file__).parent / "console.md"
FOLDER = TEXT.with_suffix("")
DESK: Any = {"viewport": {"width": 1000, "height": 640}}
PHONE: Any = {"viewport": {"width": 375, "height": 667}, "is_mobile": True, "color_scheme": "dark"}
TRIES = 21
FENTON = 2130  # a patient of the samples
OWNER_OF_FENTON = 456
# Pictures of the menu's pages are named as their paths. Of these the picture shows something that was looked for.
SIGN_IN, HOME, PHONE_HOME, SET_UP = "sign-in", "home", "phone", "set-up"
MENU = {row.path: row.path for row in ROWS if row.menu} | {"privacy": "privacy?q=lind"}
OTHERS = {
    HOME: "",
    "account": "account",
    "api": "apis/provet",
    "try": "apis/vetigen/try",
    "list": "lists/breeds",
    "delivery": "deliveries/1",
    "erase": f"privacy/{OWNER_OF_FENTON}/erase",
}
PATHS = MENU | OTHERS
# Pages that a search leads to, by their rows' paths.
OF_A_PERSON = {
    "privacy/{client}": f"/console/privacy/{OWNER_OF_FENTON}",
    "privacy/{client}/erase": f"/console/{OTHERS['erase']}",
}
APART = (SIGN_IN, PHONE_HOME, SET_UP)  # made each in its own way


def named() -> list[str]:
    """The names of the pictures that the text shows."""
    return re.findall(r"\]\(console/([\w-]+)\.png\)", TEXT.read_text())


def main(folder: Path = FOLDER) -> None:
    """Make all pictures in the folder, and print the table."""
    path = chromium.found()
    if path is None:
        sys.exit(f"no Chromium: install the package chromium, or name one in {chromium.VARIABLE}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        with chromium.started(path) as browser, Running(Path(data) / "new") as server:
            first_start(browser, server, folder)
        with Running(Path(data) / "demo", "--demo") as server:
            told = json.loads((Path(data) / "demo" / "demo-credentials.json").read_text())
            busy_morning(server, told)
            with chromium.started(path) as browser:
                offer(browser, server.url, told)
                secret = pictures(browser, server.url, told["console"], folder)
            print(table(SignedIn(server.http, secret)))


def first_start(browser: Browser, server: Running, folder: Path) -> None:
    """The page that the link leads to which a server without a clinic prints."""
    found = re.search(r"http\S+/console/set-up/\S+", server.said)
    if found is None:
        sys.exit("a server without a clinic printed no link")
    page = browser.new_context(**DESK).new_page()
    page.goto(found[0])
    _shoot(page, folder, SET_UP)


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


def offer(browser: Browser, url: str, told: dict[str, Any]) -> None:
    """The other clinic offers one of its clients."""
    code = _signed_in(browser, url, told["console"], "clinic").locator("section.card pre code").inner_text()
    page = _signed_in(browser, url, told["other_clinic"]["console"], "connections/offer?q=an")
    page.get_by_role("region", name="Clients").get_by_role("link").first.click()
    page.get_by_label("connection code").fill(code)
    page.get_by_label("A note").fill("They move to your part of the town in June.")
    page.get_by_role("button", name="Offer the client").click()
    page.get_by_role("status").wait_for()


def pictures(browser: Browser, url: str, owner: dict[str, str], folder: Path) -> str:
    """The pictures; gives the cookie of who is signed in."""
    outside = browser.new_context(**DESK).new_page()
    outside.goto(f"{url}/console")
    _shoot(outside, folder, SIGN_IN)
    page = _signed_in(browser, url, owner)
    for name in named():
        if name not in APART:
            page.goto(f"{url}/console/{PATHS[name]}".rstrip("/"))
            _shoot(page, folder, name)
    small = browser.new_context(**PHONE, storage_state=page.context.storage_state()).new_page()
    small.goto(f"{url}/console")
    small.locator("summary").first.click()
    _shoot(small, folder, PHONE_HOME)
    return next(one["value"] for one in page.context.cookies() if one["name"] == COOKIE)


def _signed_in(browser: Browser, url: str, who: dict[str, str], path: str = "") -> Page:
    """A page of the console in a browser of somebody's own."""
    page = browser.new_context(**DESK).new_page()
    page.goto(f"{url}/console/sign-in")
    page.get_by_label("E-mail").fill(who["email"])
    page.get_by_label("Password").fill(who["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    if path:
        page.goto(f"{url}/console/{path}")
    return page


def _shoot(page: Page, folder: Path, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}.png")


def table(owner: SignedIn) -> str:
    """What each page weighs by itself, and how long its answer takes on one connection, in the middle of many."""
    shape = f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}"
    lines = [f"{datetime.now(UTC):%Y-%m-%d}, {shape}:", "", "| Page | kB | ms |", "| --- | ---: | ---: |"]
    for path, address in (addresses(owner) | OF_A_PERSON).items():
        sizes, times = [], []
        for _ in range(TRIES):
            started = time.perf_counter()
            answer = owner.client.get(address)
            times.append(time.perf_counter() - started)
            sizes.append(len(answer.content))
        shown = f"/console/{path}".rstrip("/")
        lines.append(f"| `{shown}` | {max(sizes) / 1000:.1f} | {statistics.median(times) * 1000:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
