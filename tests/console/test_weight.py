# SPDX-License-Identifier: Apache-2.0
"""No page of the console is heavy, and none takes the server long."""

from __future__ import annotations

import time

import pytest

from tests.console.pages import addresses, furnished
from tests.console.people import Colleague
from tests.dialects.harness import Practice

MOST_BYTES = 100_000  # with what the page loads, as it goes over the wire
MOST_SECONDS = 0.05  # the quickest of several tries: other tests run beside this one
TRIES = 7


@pytest.fixture(scope="module")
def found(module_practice: Practice, owner: Colleague) -> dict[str, str]:
    """Where the owner's pages stand, at a clinic that has something to show on each."""
    furnished(module_practice)
    return addresses(owner)


def test_no_page_is_heavy(owner: Colleague, found: dict[str, str]) -> None:
    loaded = sum(len(owner.get(f"static/{name}").content) for name in ("console.css", "console.js", "icon.svg"))
    assert loaded < MOST_BYTES / 4
    weights = {path: loaded + len(owner.client.get(address).content) for path, address in found.items()}
    assert not {path: weight for path, weight in weights.items() if weight >= MOST_BYTES}
    assert {"", "account", "sign-in"} <= weights.keys()


def test_no_page_takes_the_server_long(owner: Colleague, found: dict[str, str]) -> None:
    slow = {path: took for path, address in found.items() if (took := _quickest(owner, address)) >= MOST_SECONDS}
    assert not slow


def _quickest(owner: Colleague, address: str) -> float:
    def once() -> float:
        started = time.perf_counter()
        assert owner.client.get(address).status_code == 200
        return time.perf_counter() - started

    return min(once() for _ in range(TRIES))
