# SPDX-License-Identifier: Apache-2.0
"""The first page says what waits for whom, and nothing where nothing does."""

from __future__ import annotations

import re

import pytest

from polyvet.core import health, offers, staff_access, webhooks
from polyvet.core.health import BACKUP_DAYS, LATE
from polyvet.model import values
from polyvet.model.access import Role
from polyvet.model.errors import Forbidden
from polyvet.model.paging import SOME
from polyvet.model.values import DAY
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.console.waiting import (
    HOUR,
    backed_up,
    delivered,
    given_up,
    hooked,
    invited,
    mailed,
    offered,
    retried,
)
from tests.dialects.harness import Practice
from tests.dialects.provet.signing_in import beside

_PART = re.compile(r'<section class="card waiting".*?</section>', re.DOTALL)
HEAD = "What waits for you"


@pytest.fixture
def practice_at_rest(module_practice: Practice) -> Practice:
    """A practice in which nothing waits, but what a test adds: that goes with it."""
    for table in ("delivery_attempts", "deliveries", "webhooks", "offers", "mails", "password_links"):
        beside(module_practice, f"DELETE FROM {table}")  # noqa: S608
    backed_up(module_practice)
    return module_practice


def _waiting(who: Colleague) -> tuple[list[str], list[str]]:
    """What the first page says that waits for somebody, and where it leads."""
    page = who.get("").text
    found = _PART.search(page)
    if found is None:
        assert HEAD not in page
        return [], []
    items = re.findall(r"<li>(.*?)</li>", found[0], re.DOTALL)
    links = re.findall(r'href="([^"]*)"', found[0])
    assert len(items) == len(links)  # one a thing
    return [_text(item) for item in items], [link.replace("&amp;", "&") for link in links]


def _text(item: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", item).split())


def test_where_nothing_waits_nothing_is_said(practice_at_rest: Practice) -> None:
    for role in Role:
        assert _waiting(Colleague(practice_at_rest, role)) == ([], [])
    assert _waiting(Colleague(practice_at_rest, who=OTHER_OWNER)) == ([], [])


def test_offers_wait_for_the_clinic_that_was_offered_a_client(practice_at_rest: Practice) -> None:
    other = Colleague(practice_at_rest, who=OTHER_OWNER)
    [first] = offered(practice_at_rest)
    said, links = _waiting(other)
    assert said == ["Harbour Street Veterinary Practice offers you a client. Accept or decline"]
    assert links == [f"/console/connections/offers/{first}"]
    assert _waiting(Colleague(practice_at_rest)) == ([], [])
    offered(practice_at_rest)
    said, links = _waiting(other)
    assert said == ["2 clients are offered to you, and you have not answered yet. Accept or decline them"]
    assert links == ["/console/connections"]
    for offer in re.findall(r"/offers/([0-9A-Z]{26})", other.get("connections").text):
        other.post(f"connections/offers/{offer}/decline", {}, f"connections/offers/{offer}")
    assert _waiting(other) == ([], [])


def test_so_many_are_counted_and_no_more(practice_at_rest: Practice) -> None:
    offered(practice_at_rest, SOME + 3)
    said, _ = _waiting(Colleague(practice_at_rest, who=OTHER_OWNER))
    assert said[0].startswith(f"{SOME} or more clients are offered to you")


def test_webhooks_that_fail_are_named(practice_at_rest: Practice) -> None:
    owner = Colleague(practice_at_rest)
    hooked(practice_at_rest, "well", delivered())
    silent = hooked(practice_at_rest, "silent", delivered(2 * HOUR), retried(HOUR), retried(), given_up(HOUR))
    never = hooked(practice_at_rest, "never", given_up(DAY))
    hooked(practice_at_rest, "off", retried(), active=False)
    hooked(practice_at_rest, "long ago", given_up(8 * DAY))
    hooked(practice_at_rest, "pinged", given_up(ping=True))
    said, links = _waiting(owner)
    assert re.fullmatch(
        r"Nothing has reached the webhook “silent \(lab.example\)” since \d+ \w+ \d{4}, \d\d:\d\d\. "
        r"2 messages are being tried again\. 1 message was given up in the last 7 days\. "
        r"See why, and what to send again",
        said[0],
    )
    assert said[1] == (
        "Nothing has reached the webhook “never (lab.example)” yet. 1 message was given up in the last 7 days. "
        "See why, and what to send again"
    )
    assert links == [
        f"/console/deliveries?state=retried&webhook={silent}", f"/console/deliveries?state=failed&webhook={never}",
    ]  # fmt: skip
    assert "trying again" in told(owner.client.get(links[0]))
    assert "given up" in told(owner.client.get(links[1]))
    assert owner.get("webhooks").text.count(">failing<") == 4  # those, the one of long ago, and the one just pinged
    assert _waiting(Colleague(practice_at_rest, who=OTHER_OWNER)) == ([], [])


def test_a_webhook_that_is_reached_again_keeps_what_it_missed(practice_at_rest: Practice) -> None:
    hooked(practice_at_rest, "back", retried(HOUR), delivered())
    for n in range(3):
        hooked(practice_at_rest, f"down {n}", *[retried()] * (SOME + 1))
    said, links = _waiting(Colleague(practice_at_rest))
    assert said[0].startswith(
        "Something has not reached the webhook “back (lab.example)”. 1 message is being tried again."
    )
    assert f"{SOME} or more messages are being tried again." in said[1]
    assert said[3] == "1 more of your webhooks fails. See all webhooks"
    assert links[3] == "/console/webhooks"


def test_invitations_that_have_run_out_are_named(practice_at_rest: Practice) -> None:
    owner = Colleague(practice_at_rest)
    beside(practice_at_rest, "DELETE FROM mails")
    invited(practice_at_rest, owner, "Ada Lovelace")
    said, links = _waiting(owner)
    assert said == [
        "Ada Lovelace was invited and has not come: the link has run out. Send another link to Ada Lovelace"
    ]
    page = links[0].removeprefix("/console/")
    assert "Ada Lovelace" in owner.text(page)
    assert owner.post(f"{page}/link", {}, page).status_code == 200
    assert _waiting(owner) == ([], [])  # a new one is on its way
    invited(practice_at_rest, owner, "Grace Hopper", "Mary Shelley", "Rosa Parks")
    said, links = _waiting(owner)
    assert [one.split()[0] for one in said] == ["Rosa", "Mary", "Grace", "4"]
    assert said[3] == "4 invitations have run out in all. See your staff"
    assert owner.post(f"{page}/end", {}, page).status_code == 303  # who has left is not waited for
    assert len(_waiting(owner)[0]) == 3


def test_who_looks_after_the_server_is_told_of_backups(practice_at_rest: Practice) -> None:
    owner = Colleague(practice_at_rest)
    beside(practice_at_rest, "DELETE FROM deeds")
    assert _waiting(owner) == (["No backup of this server was made yet. See how to make one"], ["/console/health"])
    assert "polyvet backup" in owner.text("health")
    backed_up(practice_at_rest, BACKUP_DAYS * DAY + HOUR)
    assert _waiting(owner)[0] == [f"The last backup was made {BACKUP_DAYS} days ago. See the server’s health"]
    backed_up(practice_at_rest, BACKUP_DAYS * DAY - HOUR)
    assert _waiting(owner) == ([], [])


def test_who_looks_after_the_server_is_told_what_is_late(practice_at_rest: Practice) -> None:
    owner, other = Colleague(practice_at_rest), Colleague(practice_at_rest, who=OTHER_OWNER)
    mailed(practice_at_rest)
    late = {"next_at": 1}
    hooked(practice_at_rest, "off", late, active=False)
    hooked(practice_at_rest, "failing", late, retried(), delivered())
    assert not [one for one in _waiting(owner)[0] if "waiting to be sent" in one]
    mailed(practice_at_rest, ago=LATE + HOUR)
    hooked(practice_at_rest, "on", {"next_at": values.now() - 3 * HOUR})
    said, links = _waiting(owner)
    assert said[1:] == [
        "Messages to webhooks have been waiting to be sent for 3 hours. See what waits",
        "Mails have been waiting to be sent for 75 minutes. See what waits",
    ]
    assert links[1:] == ["/console/health"] * 2
    assert _waiting(other) == ([], [])


def test_mails_that_no_server_sends_are_told_of(fresh_practice: Practice) -> None:
    sending = fresh_practice.served_otherwise(deliver=True)
    beside(fresh_practice, "DELETE FROM mails")
    backed_up(fresh_practice)
    owner = Colleague(sending)
    assert _waiting(owner) == ([], [])
    mailed(fresh_practice, 2)
    said, links = _waiting(owner)
    assert said == ["2 mails wait, and this server has no mail server to send by. See its settings"]
    assert links == ["/console/settings"]
    assert _waiting(Colleague(fresh_practice)) == ([], [])  # another process may send these


def test_core_asks_for_the_permission(module_practice: Practice) -> None:
    for asked in (offers.unanswered, staff_access.run_out, health.neglected):
        with pytest.raises(Forbidden):
            module_practice.read(asked)
    assert isinstance(module_practice.read(webhooks.failing), list)  # a key may have this one
