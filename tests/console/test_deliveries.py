# SPDX-License-Identifier: Apache-2.0
"""The delivery log in the console: filters, pages by key, and what cannot be sent once more."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import msgspec
import pytest

from polyvet.console.rows import PAGE
from polyvet.core.webhooks import MOST_ATTEMPTS
from polyvet.delivery import worker
from polyvet.model import values
from polyvet.model.hooks import Attempt, ContentType, Delivery, DeliveryState, Sought, Webhook
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import deliveries, delivery_log, numbers, webhooks
from polyvet.storage.statement import SQLITE, Statement
from polyvet.storage.writing import Touching, Tx
from tests.console.people import OTHER_OWNER, Colleague
from tests.dialects.harness import Practice

COUNT = 2 * PAGE + 10
_STATES = [str(one) for one in DeliveryState]
_MEANT = {"": {*Sought}, Sought.QUEUED: {Sought.QUEUED, Sought.RETRIED}} | {one: {one} for one in list(Sought)[1:]}
REFUSED = "answered 500; only 200 counts"


@pytest.fixture(scope="module")
def logged(module_practice: Practice) -> dict[int, list[tuple[int, str]]]:
    """Deliveries of two webhooks in all states: their numbers and what is sought to find them, by the webhooks'
    numbers, the latest first."""

    async def work(tx: Tx) -> dict[int, list[tuple[int, str]]]:
        at = tx.stamp(MAIN_CLINIC)
        hooks = [
            Webhook(
                values.new_id(), MAIN_CLINIC, await numbers.take(tx, MAIN_CLINIC, "webhook"), f"Hook {name}",
                "https://lab.example/", 1, ContentType.JSON, None, False, "whsec_c2VjcmV0", None, None, 1, at, at,
            )
            for name in "AB"
        ]  # fmt: skip
        for hook in hooks:
            webhooks.insert(tx, hook)
        found: dict[int, list[tuple[int, str]]] = {hook.number: [] for hook in hooks}
        first = await numbers.take(tx, MAIN_CLINIC, "delivery", COUNT)
        for n in range(COUNT):
            hook, state, number = hooks[n % 5 == 0], _STATES[n % 3], first + n
            due = at if state == DeliveryState.QUEUED else None
            failed = state == DeliveryState.FAILED or (due is not None and n % 2 == 1)
            made = Delivery(
                values.new_id(), MAIN_CLINIC, number, hook.id, number, "client_id", "1", state, 3 if failed else 0, due,
                None, 500 if failed else None, REFUSED if failed else None, at, at,
            )  # fmt: skip
            deliveries.insert(tx, made)
            found[hook.number].insert(0, (number, Sought.RETRIED if made.is_retried else state))
        return found

    return module_practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), work))


def walked(owner: Colleague, query: str) -> list[int]:
    """The numbers of all pages, one after the other, the way the link to older ones leads."""
    found, path = [], f"deliveries?{query}"
    for _ in range(10):
        page = owner.get(path).text
        rows = [int(number) for number in re.findall(r'<th scope="row"><a href="/console/deliveries/(\d+)"', page)]
        assert len(rows) <= PAGE
        found += rows
        older = re.search(r'rel="next" href="/console/([^"]+)"', page)
        if older is None:
            return found
        path = older[1].replace("&amp;", "&")
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("state", ["", *Sought])
@pytest.mark.parametrize("of", [None, 0, 1])
def test_pages_hold_every_delivery_of_a_filter_once_and_in_order(
    owner: Colleague, logged: dict[int, list[tuple[int, str]]], state: str, of: int | None
) -> None:
    hooks = list(logged) if of is None else [list(logged)[of]]
    expected = [number for hook in hooks for number, word in logged[hook] if word in _MEANT[state]]
    query = f"state={state}&webhook={'' if of is None else hooks[0]}"
    assert walked(owner, query) == sorted(expected, reverse=True)


def test_a_filter_stays_in_its_fields(owner: Colleague, logged: dict[int, list[tuple[int, str]]]) -> None:
    page = owner.get(f"deliveries?state=failed&webhook={list(logged)[1]}").text
    assert '<option value="failed" selected>Given up</option>' in page
    assert f'<option value="{list(logged)[1]}" selected>' in page
    assert "There are no older ones." in owner.text("deliveries?before=1")


@pytest.mark.parametrize(
    ("query", "status"),
    [("state=lost", 400), ("before=0", 400), ("before=x", 400), ("webhook=x", 400), ("webhook=999999", 404)],
)
def test_a_filter_that_does_not_hold_is_told(owner: Colleague, query: str, status: int) -> None:
    assert owner.get(f"deliveries?{query}").status_code == status


@pytest.mark.parametrize("text", ["x", "-1", "1e3", "9" * 30])
def test_what_is_no_number_is_not_there(owner: Colleague, text: str) -> None:
    assert owner.get(f"deliveries/{text}").status_code == 404
    assert owner.get(f"webhooks/{text}").status_code == 404


def test_what_is_tried_again_says_how_often_and_when(
    module_practice: Practice, owner: Colleague, logged: dict[int, list[tuple[int, str]]]
) -> None:
    of = next(iter(logged))
    path = f"deliveries?state=retried&webhook={of}"
    row = owner.get(path).text.partition("<tbody>")[2].partition("</tr>")[0]
    assert "trying again" in row
    assert f'<td class="number">3 of {len(worker.PAUSES_S) + 1}</td>' in row
    assert REFUSED in row
    assert "when the webhook is on again" in row
    _switch(module_practice, of, active=True)
    assert "Next attempt" in owner.text(path)
    row = owner.get(path).text.partition("<tbody>")[2].partition("</tr>")[0]
    assert row.count("<time") == 2  # when it was made, and when it is tried again
    _switch(module_practice, of, active=False)
    words = {word: owner.text(f"deliveries?state={word}").partition("Next attempt")[2] for word in Sought}
    assert "waiting" in words[Sought.QUEUED]
    assert "trying again" in words[Sought.QUEUED]
    assert "waiting" not in words[Sought.RETRIED]
    assert "given up 3" in words[Sought.FAILED]
    assert "delivered 0" in words[Sought.DELIVERED]


def _switch(practice: Practice, number: int, *, active: bool) -> None:
    async def work(tx: Tx) -> None:
        found = await webhooks.get(tx, MAIN_CLINIC, number)
        assert found is not None
        webhooks.change(tx, msgspec.structs.replace(found, active=active))

    practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), work))


def test_how_webhooks_do_stands_in_their_list(owner: Colleague, logged: dict[int, list[tuple[int, str]]]) -> None:
    page = owner.get("webhooks").text
    for number in logged:
        row = page.partition(f'href="/console/webhooks/{number}"')[2].partition("</tr>")[0]
        assert row.count("<time") == 3  # last delivered, last given up, held back since
        assert "failing" not in row  # it is off, and sent nothing
        assert "held back since" in row


def test_a_delivery_of_another_clinic_is_not_there(
    module_practice: Practice, owner: Colleague, logged: dict[int, list[tuple[int, str]]]
) -> None:
    number = next(iter(logged.values()))[0][0]
    other = Colleague(module_practice, who=OTHER_OWNER)
    assert owner.get(f"deliveries/{number}").status_code == 200
    assert other.get(f"deliveries/{number}").status_code == 404
    assert other.post(f"deliveries/{number}/again", {}, "account").status_code == 404
    assert walked(other, "") == []


def test_what_was_tried_too_often_is_not_sent_once_more(
    module_practice: Practice, owner: Colleague, logged: dict[int, list[tuple[int, str]]]
) -> None:
    number = next(iter(logged.values()))[0][0]

    async def wear_out(tx: Tx) -> None:
        found = await deliveries.get(tx, MAIN_CLINIC, number)
        assert found is not None
        now, lease = values.now(), 2**60
        deliveries.redeliver(tx, found[0].id, 1, now)
        claimed = await deliveries.claim(tx, [(found[1], 1)], 2, lease)
        worn = msgspec.structs.replace(claimed[0][1], attempts=MOST_ATTEMPTS, state="failed", next_at=None)
        attempt = Attempt(MOST_ATTEMPTS, now, 1, 500, "answered 500", None)
        assert await deliveries.settle(tx, claimed[0][1], worn, attempt)

    module_practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), wear_out))
    refused = owner.post(f"deliveries/{number}/again", {}, f"deliveries/{number}")
    assert refused.status_code == 400
    assert f"A delivery is tried at most {MOST_ATTEMPTS} times." in refused.text
    assert "The answer had no text that could be kept." in refused.text


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (delivery_log._ALL, "deliveries_number (clinic_id=? AND number<?)"),
        (delivery_log._IN_STATE, "deliveries_state (clinic_id=? AND state=? AND number<?)"),
        (delivery_log._OF_HOOK, "deliveries_hook_state (webhook_id=? AND state=? AND number<?)"),
        (delivery_log._RETRIED, "deliveries_retried (clinic_id=? AND number<?)"),
        (delivery_log._OF_HOOK_RETRIED, "deliveries_hook_retried (webhook_id=? AND number<?)"),
        (delivery_log._HEALTH, "deliveries_hook_state (webhook_id=? AND state=?)"),
        (delivery_log._HEALTH, "deliveries_hook_retried (webhook_id=?)"),
    ],
)
def test_each_page_is_a_range_of_an_index(sqlite_template: Path, statement: Statement, index: str) -> None:
    text, _ = statement.compiled(SQLITE)
    connection = sqlite3.connect(sqlite_template)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?")).fetchall()
    connection.close()
    plan = "\n".join(row[3] for row in rows)
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "AUTOMATIC" not in plan
