# SPDX-License-Identifier: Apache-2.0
"""An integrator's first five minutes in one walk, from the link that the demo prints: a key, a request that works and
is seen in the log, a webhook that hears of a change, one that fails and is mended, and the key's end."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from polyvet.dialects.provet.triggers import CLIENT, NAMES
from tests.browser.fixtures import keep
from tests.browser.people import heard
from tests.browser.reading import fact, in_time, rows
from tests.delivery.receiving import Receiver
from tests.serving.running import Running, environment

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the shown command is curl's")
BASH = shutil.which("bash") or "/bin/bash"
PRINTED = re.compile(r"(http\S+/console)\n +(\S+) signs in with (\S+)\n")
KEY, WEBHOOK = "Waiting room screen", "Waiting room hook"
DEAD_WITHIN_S = 1.0
JSON = "Content-Type: application/json"
OUT_OF_PAPER = "The printer is out of paper."


class Answer(msgspec.Struct):
    """What curl was answered."""

    status: int
    request_id: str
    body: bytes


class Shell:
    """A terminal in which commands are pasted. curl's own settings, not the commands, have it keep the headers."""

    def __init__(self, folder: Path) -> None:
        self._headers = folder / "headers"
        (folder / ".curlrc").write_text(f'silent\nshow-error\nnoproxy = "*"\ndump-header = "{self._headers}"\n')
        self._environment = environment(CURL_HOME=str(folder))

    def run(self, line: str) -> Answer:
        """One request."""
        done = subprocess.run([BASH, "-euc", line], env=self._environment, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        first, *others = self._headers.read_text().splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in others)}
        return Answer(int(first.split()[1]), headers["x-request-id"], done.stdout)


class Integrator:
    """Somebody with the console in a browser and a terminal beside it."""

    def __init__(self, page: Page, shell: Shell, request: pytest.FixtureRequest) -> None:
        self.page = page
        self.shell = shell
        self.complaints = heard(page)  # of the browser
        self._request = request
        self._steps = 0

    def saw(self, step: str) -> None:
        """Keep a picture of a step, where pictures are asked for."""
        self._steps += 1
        keep(self.page, self._request, f"{self._steps:02}-{step}")

    def press(self, button: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=button, exact=isinstance(button, str)).click()

    def follow(self, link: str | re.Pattern[str]) -> None:
        """A link of the page's own."""
        self.page.get_by_role("main").get_by_role("link", name=link, exact=isinstance(link, str)).first.click()

    def choose(self, entry: str) -> None:
        """An entry of the menu."""
        self.page.get_by_role("navigation", name="Console").get_by_role("link", name=entry, exact=True).click()

    def says(self, text: str) -> None:
        """What the page says that it has done."""
        expect(self.page.get_by_role("status")).to_have_text(text)

    def attempt(self, nth: int) -> Locator:
        """What a delivery's page tells of an attempt."""
        return self.page.get_by_role("region", name=f"Attempt {nth}", exact=True)


@pytest.fixture
def walk(desktop: BrowserContext, tmp_path: Path, request: pytest.FixtureRequest) -> Integrator:
    """Whose browser lets the page's buttons copy, as one on this machine does when it is asked."""
    desktop.grant_permissions(["clipboard-read", "clipboard-write"])
    return Integrator(desktop.new_page(), Shell(tmp_path), request)


def test_an_integrators_first_five_minutes(database_url: str, tmp_path: Path, walk: Integrator) -> None:
    folder = tmp_path / "data"
    where = [] if database_url.startswith("sqlite") else ["--database-url", database_url]
    with Running(folder, "--demo", *where) as server, Receiver(lambda *_: 500, OUT_OF_PAPER.encode()) as broken:
        told = json.loads((folder / "demo-credentials.json").read_text())
        _sign_in(walk, server, told)
        line, secret = _make_a_key(walk)
        client = _ask(walk, line)
        received = server.said.partition("Webhooks that come in are shown at ")[2].partition("\n")[0]
        target = f"{received}/waiting-room"
        _add_a_webhook(walk, target)
        change = f"curl -X PATCH {client['url']} -H 'Authorization: Token {secret}' -H '{JSON}' -d "
        _see_it_delivered(walk, change, client["id"])
        _see_it_come_in(walk, received, client["id"])
        failed = _see_it_fail(walk, change, broken)
        _mend(walk, target, failed)
        _revoke(walk, line)
    assert walk.complaints == []


def _sign_in(walk: Integrator, server: Running, told: dict[str, Any]) -> None:
    """By the link and the credentials that were printed, which stand in the file, too."""
    printed = PRINTED.search(server.said)
    assert printed is not None, server.said
    link, email, password = printed.groups()
    assert link == f"{server.url}/console"
    assert told["console"] == {"email": email, "password": password}
    assert set(told["other_clinic"]["console"]) == {"email", "password"}
    walk.page.goto(link)
    walk.page.get_by_label("E-mail").fill(email)
    walk.page.get_by_label("Password").fill(password)
    walk.saw("sign-in")
    walk.press("Sign in")
    expect(walk.page).to_have_url(link)
    walk.saw("home")


def _make_a_key(walk: Integrator) -> tuple[str, str]:
    """The command that its page copies, and its secret."""
    page = walk.page
    walk.choose("API keys")
    walk.follow("Make an API key")
    page.get_by_label("Name").fill(KEY)
    page.get_by_label("API", exact=True).select_option("provet")
    walk.saw("new-key")
    walk.press("Make the key")
    walk.says("The key for Provet Cloud is made.")
    walk.saw("key-made")
    walk.press("Copy")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    assert line == page.locator("pre.copy code").inner_text().strip()
    return line, page.locator("code.secret").inner_text()


def _ask(walk: Integrator, line: str) -> dict[str, Any]:
    """The copied command as it stands, and its request in the log; gives a client of its answer."""
    answer = walk.shell.run(line)
    assert answer.status == 200
    walk.choose("Requests")
    row = in_time(walk.page, lambda: rows(walk.page, answer.request_id))
    expect(row.get_by_role("cell", name="200", exact=True)).to_be_visible()
    for text in (f"GET {urlsplit(shlex.split(line)[-1]).path}", KEY):
        expect(row).to_contain_text(text)
    walk.saw("request")
    client: dict[str, Any] = json.loads(answer.body)["results"][0]
    return client


def _add_a_webhook(walk: Integrator, target: str) -> None:
    """Which is told of clients."""
    walk.choose("Webhooks")
    walk.follow("Add a webhook")
    walk.page.get_by_label("Target").fill(target)
    walk.page.get_by_label("Name").fill(WEBHOOK)
    walk.page.get_by_label("Told of").select_option(NAMES[CLIENT])
    walk.saw("new-webhook")
    walk.press("Add the webhook")
    walk.says("The webhook is there, and hears of what happens from now on.")
    walk.saw("webhook-secret")
    walk.follow("On to the webhook")
    expect(fact(walk.page, "Target")).to_have_text(target)


def _see_it_delivered(walk: Integrator, change: str, client: int) -> None:
    """A change through the API, from the webhook's page."""
    assert walk.shell.run(f"""{change}'{{"remarks": "Waits outside."}}'""").status == 200
    row = in_time(walk.page, lambda: rows(walk.page, f"client_id {client}", "delivered"))
    walk.saw("webhook-told")
    row.get_by_role("link").click()
    expect(fact(walk.page, "State")).to_have_text("delivered")
    assert json.loads(walk.page.locator("pre.copy code").inner_text()) == {"client_id": str(client)}
    expect(walk.attempt(1)).to_contain_text("200 received")
    walk.saw("delivered")


def _see_it_come_in(walk: Integrator, received: str, client: int) -> None:
    """The receiver's own page, which the demo has printed."""
    console = walk.page.url
    walk.page.goto(received)
    came = walk.page.get_by_role("article").first
    expect(came).to_contain_text(f'"client_id":"{client}"')
    expect(came).to_contain_text("✓ The signature is that of a webhook of this server.")
    walk.saw("came-in")
    walk.page.goto(console)


def _see_it_fail(walk: Integrator, change: str, broken: Receiver) -> str:
    """From a delivery's page: the webhook is led to a receiver that is out of order. Gives where that is told."""
    _lead(walk, broken.url)
    assert walk.shell.run(f"""{change}'{{"remarks": "Waits inside."}}'""").status == 200
    row = in_time(walk.page, lambda: rows(walk.page, "trying again", "500"))
    row.get_by_role("link").click()
    expect(walk.attempt(1)).to_contain_text("500 failed")
    expect(walk.attempt(1)).to_contain_text(OUT_OF_PAPER)
    walk.saw("failed")
    assert broken.bodies()
    return walk.page.url


def _mend(walk: Integrator, target: str, failed: str) -> None:
    """The webhook is led back, and what failed is sent once more."""
    _lead(walk, target)
    walk.page.goto(failed)
    walk.press(re.compile("^Send it (now|once more)$"))  # by now it may have been tried again without us
    walk.says("It is sent once more, with its old id.")
    in_time(walk.page, lambda: fact(walk.page, "State").filter(has_text="delivered"))
    walk.saw("redelivered")
    expect(walk.page.get_by_role("region", name="Attempt").first).to_contain_text("200 received")
    expect(walk.attempt(1)).to_contain_text("500 failed")


def _lead(walk: Integrator, target: str) -> None:
    """From a delivery's page: give its webhook another target."""
    walk.follow(re.compile(WEBHOOK))
    walk.follow("Change")
    walk.page.get_by_label("Target").fill(target)
    walk.press("Save")
    walk.says("The webhook is changed.")


def _revoke(walk: Integrator, line: str) -> None:
    """The key's end, and the request that it refuses."""
    walk.choose("API keys")
    walk.follow(KEY)
    walk.page.get_by_text("Revoke it", exact=True).click()
    walk.saw("revoke")
    walk.press("Revoke this key")
    walk.says("The key is revoked. Within a second it opens nothing any more.")
    asked = revoked = time.monotonic()
    while (answer := walk.shell.run(line)).status == 200:
        assert asked < revoked + DEAD_WITHIN_S
        asked = time.monotonic()
    assert answer.status == 401
    walk.saw("revoked")
    walk.follow("Its requests")
    row = in_time(walk.page, lambda: rows(walk.page, answer.request_id))
    expect(row.get_by_role("cell", name="401", exact=True)).to_be_visible()
    expect(row).to_contain_text("the key is revoked")
    walk.saw("refused")
