# SPDX-License-Identifier: Apache-2.0
"""At a clinic that has much of everything each list goes from page to page by a key, through all there is and once; no
page is heavy; and what a page has the store do does not grow with the clinic."""

from __future__ import annotations

import html
import re

import pytest

from polyvet.console import deliveries
from polyvet.core.audit_log import OFFERED
from polyvet.model import values
from polyvet.storage.store import Store
from tests.console.large import ATTEMPTS, FIELDS, FIRST, WEBHOOKS, Large, Run, recorded, work
from tests.console.pages import addresses
from tests.console.people import Colleague
from tests.dialects.harness import Practice

PAGE = 50
FEW = 310  # of each, at first
MANY = 2_000  # of each, in the end
MOST_BYTES = 100_000 - 17_000  # what a page loads comes to it
MOST_STATEMENTS = 40
LOOKING_FAR = {"/console/health"}  # at 20,000 rows of each queue, and no more
_NEXT = re.compile(r'rel="next" href="([^"]+)"')
_NUMBER = r'<td class="number">(\d+)</td>'
_ID = "([0-9A-Z]{26})"

# Where a list stands, what each of its rows has alone, and how many of those that were added are in it.
LISTS: dict[str, tuple[str, int]] = {
    "keys": (f'href="/console/keys/{_ID}"', FEW),
    "keys?state=revoked": (f'href="/console/keys/{_ID}"', FEW),
    "applications": (f'href="/console/applications/{_ID}"', FEW),
    "applications?state=revoked": (f'href="/console/applications/{_ID}"', FEW),
    "webhooks": (r'href="/console/webhooks/(\d+)"', WEBHOOKS),
    "deliveries": (r'href="/console/deliveries/(\d+)"', FEW),
    "deliveries?state=failed": (r'href="/console/deliveries/(\d+)"', FEW // 3),
    f"deliveries?webhook={FIRST}": (r'href="/console/deliveries/(\d+)"', FEW // 2),
    "requests": (r"<code>(large-\d+)</code>", FEW),
    "requests?status=ok&method=GET": (r"<code>(large-\d+)</code>", FEW),
    "staff": (r'href="/console/staff/(\d+)"', FEW),
    "clinics": (_NUMBER, FEW),
    "connections": (f'href="/console/connections/offers/{_ID}"', FEW),
    "connections/sent": (f'href="/console/connections/offers/{_ID}"', FEW),
    "connections/clients": (_NUMBER, FEW),
    **{f"lists/{name}": (_NUMBER, FEW) for name in ("species", "breeds", "diagnoses", "insurers")},
    "lists/breeds?q=KIND": (_NUMBER, FEW),
    "fields": (_NUMBER, FIELDS),
    "audit": (r"<td>(Deed \d+\.|Ada Large \d+ \(\d+\)|<code>/4/api/0.1/client/\d+/</code>)</td>", 3 * FEW),
    "audit?kind=seen": (r"<td><code>(/4/api/0.1/client/\d+/)</code></td>", FEW),
    "privacy?q=large": (r'href="/console/privacy/(\d+)"', FEW),
}  # fmt: skip


@pytest.fixture(scope="module")
def large(module_practice: Practice) -> Large:
    """The clinic with FEW of each, to begin with."""
    found = Large(module_practice)
    found.add(FEW)
    return found


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_walked_page_by_page_to_its_end(large: Large, owner: Colleague, path: str) -> None:
    pattern, added = LISTS[path]
    found: list[str] = []
    address: str | None = f"/console/{path}"
    while address is not None:
        with recorded() as runs:
            answer = owner.client.get(address)
        assert answer.status_code == 200
        assert len(answer.content) < MOST_BYTES
        here = list(dict.fromkeys(re.findall(pattern, answer.text)))
        assert len(here) <= PAGE
        assert len(runs) <= MOST_STATEMENTS
        found += here
        older = _NEXT.search(answer.text)
        address = None if older is None else html.unescape(older[1])
    assert len(found) == len(set(found))
    assert len(found) >= added


def test_what_a_page_has_the_store_do_does_not_grow(large: Large, owner: Colleague, module_practice: Practice) -> None:
    """Each statement of each page is as much work for the store with MANY of each as it was with fewer."""
    pages = {f"/console/{path}" for path in LISTS} | set(addresses(owner).values()) - LOOKING_FAR
    pages |= {f"/console/audit?who={_spelled(large, 0)}", f"/console/audit?thing={FIRST}"}
    large.add(1_100 - large.added)  # so that a page of a log looks at as much as it ever does
    before = _costs(module_practice, owner, pages)
    large.add(MANY - large.added)
    after = _costs(module_practice, owner, pages)
    assert {one: (before[one], after[one]) for one in pages if after[one] > 1.1 * before[one] + 400} == {}


def _costs(practice: Practice, owner: Colleague, pages: set[str]) -> dict[str, int]:
    """The work of each page's hardest statement."""
    found: dict[str, int] = {}
    for address in pages:
        with recorded() as runs:
            answer = owner.client.get(address)
        assert answer.status_code == 200, address
        assert len(answer.content) < MOST_BYTES, address

        async def hardest(store: Store, runs: list[Run] = runs) -> int:
            return max([await work(store, statement, args) for statement, args in runs])

        found[address] = practice.run(hardest)
    return found


def test_who_is_not_offered_as_a_filter_is_found_from_their_page(large: Large, owner: Colleague) -> None:
    offered = owner.get("audit").text
    first = _spelled(large, 0)
    assert f'value="{_spelled(large, large.added - 1)}"' in offered
    assert f'value="{first}"' not in offered
    assert f"The latest {OFFERED} of each kind." in offered
    assert f'href="/console/audit?who={first}"' in owner.get(f"staff/{FIRST}").text
    narrowed = owner.get(f"audit?who={first}").text
    assert f'<option value="{first}" selected>Colleague 0</option>' in narrowed
    assert len(re.findall(r"<td[^>]*>Colleague 0</td>", narrowed)) == PAGE
    key = values.to_crockford(large.id(4, 0))
    assert f'value="{key}"' not in owner.get("requests").text
    assert f'href="/console/requests?key={key}"' in owner.get(f"keys/{key}").text
    assert f'<option value="{key}" selected>Part 0 (Provet Cloud)</option>' in owner.get(f"requests?key={key}").text


def test_attempts_and_patients_are_not_shown_all_at_once(large: Large, owner: Colleague) -> None:
    found: list[str] = []
    address: str | None = f"deliveries/{FIRST}"
    while address is not None:
        page = owner.get(address)
        assert len(page.content) < MOST_BYTES
        here = re.findall(r"<h3 id=\"attempt-\d+\">Attempt (\d+)</h3>", page.text)
        assert len(here) <= deliveries.ATTEMPTS
        found += here
        older = _NEXT.search(page.text)
        address = None if older is None else older[1].removeprefix("/console/")
    assert found == [str(n) for n in range(ATTEMPTS, 0, -1)]
    told = owner.text(f"connections/offers/{values.to_crockford(large.id(14, 0))}")
    assert "Patients more than 100: Pet 0, Pet 1" in told


def _spelled(large: Large, n: int) -> str:
    return values.to_crockford(large.id(3, n))
