# SPDX-License-Identifier: Apache-2.0
"""An owner looks after a webhook in a real browser: mends its target, has it rest, gives it a new secret, and ends it,
while a real receiver listens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from polyvet.delivery import worker
from polyvet.dialects.provet import triggers
from tests.browser.reading import cells, fact, followed, in_time, pressed, rows, unfold
from tests.browser.walking import BOTH_WAYS, Walker, walker
from tests.delivery.receiving import LOOPBACK, Receiver
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN, sent
from tests.serving.running import until

HOST = "127.0.0.1"


@pytest.fixture
def delivering(module_practice: Practice) -> Iterator[Practice]:
    """The practice behind a server that delivers, also to this machine, and looks more often than one needs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker, "POLL_S", 0.05)
        patched.setattr(worker, "IDLE_S", 0.05)
        yield module_practice.served_otherwise(deliver=True, webhook_networks=LOOPBACK)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where messages are posted to."""
    with Receiver(lambda *_: 200, b"thank you", **{"content-type": "text/plain"}) as found:
        yield found


@pytest.fixture
def name(receiver: Receiver) -> str:
    """What the webhook is called."""
    return f"Lab <b>& sons</b> {receiver.port}"


@pytest.fixture
def owner(delivering: Practice, request: pytest.FixtureRequest, receiver: Receiver, name: str, context: str) -> Walker:
    """Who has a webhook that is told of clients, and is on its page."""
    hook = {"target_url": f"{receiver.url}/in", "name": name, "trigger": triggers.CLIENT, "content_type": 2}
    sent(delivering.provet, "POST", "hook/webhook/", hook, 201)
    found = walker(delivering, request, context)
    found.menu("Webhooks")
    found.go(name, f"{name} ({HOST})")
    return found


def _moved(practice: Practice, city: str) -> None:
    """Change a client."""
    sent(practice.provet, "PATCH", f"client/{JOHN}/", {"city": city}, 200)


def _delivered(page: Page) -> None:
    """Of a page of a delivery: what came of it, once it has."""
    in_time(page, lambda: fact(page, "State").filter(has_text="delivered"))


@BOTH_WAYS
def test_a_webhook_is_mended_rested_and_ended(
    delivering: Practice, owner: Walker, receiver: Receiver, name: str
) -> None:
    _mended(owner, receiver)
    _rested(delivering, owner, receiver)
    _looked_up(owner, f"{name} ({HOST})")
    _ended(delivering, owner, receiver, name)


def _mended(owner: Walker, receiver: Receiver) -> None:
    """A target that nothing may be sent to is refused; what was typed stays."""
    page = owner.page
    owner.go("Change", "Change a webhook")
    page.get_by_label("Target").fill("http://169.254.169.254/latest")
    page.get_by_label("as a form").check()
    pressed(page, "Save")
    owner.is_to_mend("Target", "This address is not public")
    expect(page.get_by_label("Target")).to_have_value("http://169.254.169.254/latest")
    expect(page.get_by_label("as a form")).to_be_checked()
    page.get_by_label("Target").fill(f"{receiver.url}/mended")
    pressed(page, "Save")
    owner.is_told("The webhook is changed.")
    expect(fact(page, "Target")).to_have_text(f"{receiver.url}/mended")


def _rested(delivering: Practice, owner: Walker, receiver: Receiver) -> None:
    """What happens while it is off it is never told."""
    page = owner.page
    unfold(page, "Switch it off")
    owner.look()
    pressed(page, "Switch off")
    owner.is_told("The webhook is off")
    expect(page.get_by_role("button", name="Send a ping")).to_have_count(0)
    _moved(delivering, "Oulu")
    pressed(page, "Switch on")
    owner.is_told("The webhook is on")
    _moved(delivering, "Rauma")
    assert until(lambda: len(receiver.got) == 1)
    row = in_time(page, lambda: rows(page, f"client_id {JOHN}", "delivered"))
    expect(page.locator("tbody tr")).to_have_count(1)
    row.get_by_role("link").click()
    _delivered(page)
    expect(page.get_by_role("region", name="Attempt 1")).to_contain_text("thank you")
    owner.look()


def _looked_up(owner: Walker, called: str) -> None:
    """Its delivery is found among all."""
    page, number = owner.page, owner.page.get_by_role("heading", level=1).inner_text().removeprefix("Delivery ")
    followed(page, "Deliveries")
    options = page.get_by_label("Webhook").locator("option").all_inner_texts()
    page.get_by_label("Webhook").select_option(label=next(one for one in options if one.endswith(called)))
    page.get_by_label("State").select_option("delivered")
    pressed(page, "Show")
    assert cells(page, "Number", "Webhook", "State") == [(number, called, "delivered")]
    owner.look()
    page.get_by_label("State").select_option("failed")
    pressed(page, "Show")
    expect(page.get_by_text("There is none of these.")).to_be_visible()
    page.go_back()
    followed(page, called)


def _ended(delivering: Practice, owner: Walker, receiver: Receiver, name: str) -> None:
    """Deleted, it is gone with its deliveries, and hears of nothing."""
    page, got = owner.page, len(receiver.got)
    address = page.url.partition("?")[0]
    unfold(page, "Delete it")
    pressed(page, "Delete this webhook")
    owner.is_told("The webhook is deleted")
    expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
    _moved(delivering, "Turku")
    owner.has_heard_nothing()
    page.goto(address)
    expect(page.get_by_role("alert")).to_have_text("There is no such page here.")
    followed(page, "Webhooks")
    owner.arrive("Webhooks")
    assert len(receiver.got) == got


@BOTH_WAYS
def test_a_new_secret_is_shown_once_and_the_old_one_goes_on_signing(
    owner: Walker, receiver: Receiver, name: str
) -> None:
    page, called = owner.page, f"{name} ({HOST})"
    first = _new_secret(owner, called)
    expect(fact(page, "Old secret")).to_contain_text("signs beside the new one until")
    assert first not in page.content()
    second = _new_secret(owner, called)  # as who has pressed twice
    pressed(page, "Send a ping")
    owner.is_told("The ping is on its way.")
    _delivered(page)
    [got] = receiver.got
    got.verify(second)
    assert second != first
    page.go_back()
    owner.arrive(called)
    owner.has_heard_nothing()


def _new_secret(owner: Walker, called: str) -> str:
    unfold(owner.page, "Give it a new secret")
    pressed(owner.page, "Make a new secret")
    owner.is_told("The webhook has a new secret.")
    found = owner.page.locator("code.secret").inner_text()
    owner.go("On to the webhook", called)
    return found
