# SPDX-License-Identifier: Apache-2.0
"""Two practice owners let each other see a client: one offers, the other reads what becomes visible, and answers."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from polyvet.sandbox.practice import SECOND_CLINIC
from tests.browser.walking import BOTH_WAYS, WITHOUT_SCRIPTS, Walker, walker
from tests.console.people import OTHER_OWNER
from tests.console.test_connections import CODES, family
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import OTHER_ROOT

MINE, THEIRS = "Harbour Street Veterinary Practice", "Northgate Animal Hospital"
NOTE = "They move to your town in May"
# Whoever offers, and who answers; each with scripts and without.
PAIRS = pytest.mark.parametrize(("mine", "theirs"), [("desktop", WITHOUT_SCRIPTS), (WITHOUT_SCRIPTS, "phone")])


def _code(walk: Walker) -> str:
    """The connection code as the page of the clinic shows it."""
    walk.menu("Clinic")
    return walk.page.locator("pre.copy code").inner_text().strip()


def _chosen(owner: Walker, last: str) -> None:
    """Find a client by name, and open the form to offer them on."""
    owner.menu("Connections")
    owner.go("Offer a client")
    owner.page.get_by_label("Client").fill(last.lower())
    owner.press("Find")
    owner.go(f"Niamh {last}", "Offer a client")
    expect(owner.page.get_by_text("What they see if they accept")).to_be_visible()


def _offered(owner: Walker, last: str, code: str) -> None:
    """From the form to the list of what was offered."""
    owner.page.get_by_label("The other clinic's connection code").fill(code)
    owner.page.get_by_label("A note to the other clinic").fill(NOTE)
    owner.press("Offer the client")
    owner.is_told("The client is offered")
    expect(owner.page.get_by_role("row", name=f"Niamh {last}").first).to_contain_text("not answered yet")


def _opened(walk: Walker, last: str, heading: str) -> None:
    """From a list of offers to the client's newest one."""
    walk.page.get_by_role("row", name=f"Niamh {last}").get_by_role("link").first.click()
    walk.arrive(f"Niamh {last} {heading}")


def _state(walk: Walker, state: str) -> None:
    """What the page of the offer says, when it is loaded anew."""
    walk.page.reload()
    expect(walk.page.locator("dl.facts")).to_contain_text(state)


def _seen(practice: Practice, last: str) -> list[str]:
    """The names of the client's patients, as a program of the other clinic reads them."""
    clients = _listed(practice, "client", lastname__is=last)
    return [pet["name"] for client in clients for pet in _listed(practice, "patient", client__is=client["id"])]


def _listed(practice: Practice, kind: str, **wanted: str) -> list[dict[str, Any]]:
    answer = practice.other_provet.get(f"{OTHER_ROOT}{kind}/", params=wanted)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["results"]
    return found


@pytest.mark.parametrize(
    ("mine", "theirs", "who_ends"), [("desktop", WITHOUT_SCRIPTS, "owner"), (WITHOUT_SCRIPTS, "phone", "other")]
)
def test_a_client_is_offered_accepted_and_seen_no_more(
    module_practice: Practice, request: pytest.FixtureRequest, mine: str, theirs: str, who_ends: str
) -> None:
    last = f"Byrne-{who_ends}"
    family(module_practice, last)
    owner = walker(module_practice, request, mine)
    other = walker(module_practice, request, theirs, OTHER_OWNER)
    _chosen(owner, last)
    _offered(owner, last, _code(other).lower())
    _opened(owner, last, f"to {THEIRS}")
    assert _seen(module_practice, last) == []

    other.menu("Connections")
    _opened(other, last, f"from {MINE}")
    for told in ("1: Fionn <i>", NOTE, "What becomes visible if you accept", "microchip and weights"):
        expect(other.page.locator("main")).to_contain_text(told)
    tab = other.page.context.new_page()
    tab.goto(other.page.url)
    other.press("Accept")
    other.is_told("You see the client and their patients from now on.")
    tab.get_by_role("button", name="Accept").click()  # which was done already, and says no more than that
    expect(tab.get_by_role("status")).to_contain_text("You see the client")
    tab.close()
    assert _seen(module_practice, last) == ["Fionn <i>"]
    _state(owner, "accepted")
    owner.go("Clients of several clinics")
    owner.go(f"Niamh {last}")
    expect(owner.page.locator("dl.facts")).to_contain_text(THEIRS)
    owner.page.go_back()
    owner.page.go_back()

    ends, hears = (owner, other) if who_ends == "owner" else (other, owner)
    ends.page.get_by_text("End the connection").first.click()
    ends.press("End the connection")
    ends.is_told("The connection has ended.")
    _state(hears, "ended")
    assert _seen(module_practice, last) == []
    expect(other.page.get_by_role("heading", level=1)).to_have_text(f"A client from {MINE}")
    for walk in (owner, other):
        walk.has_heard_nothing()


@PAIRS
def test_an_offer_is_declined_and_another_one_taken_back(
    module_practice: Practice, request: pytest.FixtureRequest, mine: str, theirs: str
) -> None:
    last = f"Doyle-{mine}"
    client, _ = family(module_practice, last)
    owner = walker(module_practice, request, mine)
    other = walker(module_practice, request, theirs, OTHER_OWNER)
    owner.page.goto(f"{owner.page.url}/connections/offer?client={client}")
    form = owner.page.url
    _offered(owner, last, CODES[SECOND_CLINIC])
    _opened(owner, last, f"to {THEIRS}")
    other.menu("Connections")
    _opened(other, last, f"from {MINE}")
    other.press("Decline")
    other.is_told("It is declined.")
    _state(owner, "declined")

    owner.page.goto(form)
    _offered(owner, last, CODES[SECOND_CLINIC])
    _opened(owner, last, f"to {THEIRS}")
    other.go("Offered to you", "Connections")
    _opened(other, last, f"from {MINE}")
    owner.press("Take the offer back")
    owner.is_told("The offer is taken back.")
    other.press("Accept")  # too late
    expect(other.page.get_by_role("alert")).to_contain_text("This offer is withdrawn")
    expect(other.page.get_by_role("button", name="Accept")).to_have_count(0)
    assert _seen(module_practice, last) == []
    for walk in (owner, other):
        walk.has_heard_nothing()


@BOTH_WAYS
def test_what_goes_wrong_with_an_offer_is_said_beside_its_field(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    last, field = f"Keane-{context}", "The other clinic's connection code"
    family(module_practice, last)
    owner = walker(module_practice, request, context)
    own, theirs = _code(owner), CODES[SECOND_CLINIC]
    owner.menu("Connections")
    owner.go("Offer a client")
    owner.page.get_by_label("Client").fill("nobody of ours")
    owner.press("Find")
    expect(owner.page.get_by_text("No active client of yours matches “nobody of ours”.")).to_be_visible()
    _chosen(owner, last)
    owner.page.get_by_label(field).fill(theirs)
    offering = owner.page.get_by_role("button", name="Offer the client")
    if owner.scripts:
        offering.dblclick()  # is one offer
    else:
        offering.click()
    owner.is_told("The client is offered")
    owner.page.go_back()
    owner.page.get_by_label("A note to the other clinic").fill(NOTE)
    for code, problem in (
        (theirs, "You have offered the client to this clinic already"),
        (own, "This is your own clinic's code."),
        ("ABC 123", "No clinic has this code."),
    ):
        owner.page.get_by_label(field).fill(code)
        owner.press("Offer the client")
        owner.is_to_mend(field, problem)
        expect(owner.page.get_by_label(field)).to_have_value(code)
    expect(owner.page.get_by_label("A note to the other clinic")).to_have_value(NOTE)
    owner.has_heard_nothing()
