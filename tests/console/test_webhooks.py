# SPDX-License-Identifier: Apache-2.0
"""Webhooks in the console: made, tried, changed and ended, over a server that delivers to a real receiver."""

from __future__ import annotations

import html
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import WebhookVerificationError

from polyvet.core import webhooks
from polyvet.core.addresses import CLOSED
from polyvet.delivery import worker
from polyvet.dialects.provet import triggers
from polyvet.model.hooks import PING, ContentType, written
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage.check import ERROR, check
from polyvet.storage.statement import Statement, p
from polyvet.storage.tables import audit
from polyvet.storage.writing import Touching
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.delivery.receiving import LOOPBACK, Receiver
from tests.dialects.fixtures import Copying
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import JOHN, ROOT
from tests.serving.running import until

JSON = "2"
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
_NOTED = Statement(
    select(audit.c.actor_shown, audit.c.action, audit.c.entity, audit.c.shown)
    .where(audit.c.clinic_id == p("clinic"))
    .order_by(audit.c.at, audit.c.id),
    "clinic",
)


@pytest.fixture(scope="module")
def delivering(copying: Copying) -> Iterator[Practice]:
    """A practice that delivers, also to this machine, and looks more often than one needs."""
    with copying() as copy, pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker, "POLL_S", 0.05)
        patched.setattr(worker, "IDLE_S", 0.05)
        served = Practice(copy(), deliver=True, webhook_networks=LOOPBACK)
        yield served
        served.close()


@pytest.fixture
def boss(delivering: Practice) -> Colleague:
    """The owner of the clinic whose changes are told."""
    return Colleague(delivering)


def made(boss: Colleague, target: str, **more: str) -> tuple[int, str]:
    """Add a webhook with the form; gives its number and its secret."""
    fields = {"target_url": target, "trigger": str(triggers.CLIENT), "content_type": JSON, **more}
    answer = boss.post("webhooks/new", fields)
    assert answer.status_code == 200, told(answer)
    number = re.search(r'href="/console/webhooks/(\d+)"', answer.text)
    secret = _SECRET.search(html.unescape(answer.text))
    assert number is not None
    assert secret is not None
    return int(number[1]), secret[0]


def pinged(boss: Colleague, number: int) -> str:
    """Send a ping; gives the path of its delivery."""
    answer = boss.post(f"webhooks/{number}/ping", {}, f"webhooks/{number}")
    path, _, done = answer.headers["location"].partition("?")
    assert (answer.status_code, done) == (303, "done=pinged")
    return str(path.removeprefix("/console/"))


def message_of(path: str) -> str:
    """What a ping says, by the path of its delivery."""
    return written(ContentType.JSON, PING, path.rpartition("/")[2]).decode()


def ended(boss: Colleague, number: int) -> None:
    """Delete a webhook, so that no other test hears of it."""
    assert boss.post(f"webhooks/{number}/delete", {}, f"webhooks/{number}").status_code == 303


def in_state(boss: Colleague, path: str, word: str) -> bool:
    """Whether a delivery is in a state."""
    return f"State {word} " in boss.text(path)


def moved_to(practice: Practice, city: str) -> None:
    """Change a client."""
    answer = practice.provet.patch(f"{ROOT}client/{JOHN}/", json={"city": city})
    assert answer.status_code == 200, answer.text


def noted(practice: Practice) -> list[tuple[Any, ...]]:
    """The audit's rows."""
    return [tuple(row) for row in practice.run(lambda store: store.reader.fetch(_NOTED, MAIN_CLINIC))]


def test_a_webhook_is_made_with_a_form_and_its_secret_is_shown_once(boss: Colleague) -> None:
    with Receiver() as receiver:
        number, secret = made(boss, f"{receiver.url}/in?token=t", name="Lab <b>& sons</b>")
        page = boss.get(f"webhooks/{number}")
        assert secret not in html.unescape(page.text)
        assert "Lab &lt;b&gt;&amp; sons&lt;/b&gt; (127.0.0.1)" in page.text
        assert "Client written" in told(page)
        assert f"/console/webhooks/{number}" in boss.get("webhooks").text
        path = pinged(boss, number)
        assert until(lambda: in_state(boss, path, "delivered"))
        [got] = receiver.got
        got.verify(secret)
        assert got.body == message_of(path).encode()
        assert got.path == "/in?token=t"
        ended(boss, number)


def test_a_ping_is_tried_once_tells_its_answer_and_follows_from_no_event(delivering: Practice, boss: Colleague) -> None:
    with Receiver(lambda got, nth: 503, b"<script>alert(1)</script> down", **{"content-type": "text/html"}) as receiver:
        number, _ = made(boss, receiver.url)
        path = pinged(boss, number)
        assert until(lambda: in_state(boss, path, "given up"))
        text = boss.text(path)
        assert "About Ping" in text
        assert "answered 503; only 200 counts" in text
        assert "Next attempt none" in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt; down" in boss.get(path).text
        assert "<script>alert" not in boss.get(path).text
        assert len(receiver.got) == 1
        of_api = delivering.provet.get(f"{ROOT}hook/queue/{path.rpartition('/')[2]}/").json()
        assert (of_api["status"], of_api["body"]) == ("failed", message_of(path))
        ended(boss, number)


def test_what_failed_is_seen_and_sent_once_more_with_its_id(delivering: Practice, boss: Colleague) -> None:
    down = [True]
    json = {"content-type": "application/json"}
    with Receiver(lambda got, nth: 500 if down else 200, b'{"took": "it"}', **json) as it:
        number, secret = made(boss, it.url)
        moved_to(delivering, "Turku")
        assert until(lambda: len(it.got) == 1 and "500" in boss.text(f"deliveries?webhook={number}&state=retried"))
        found = re.search(r'href="/console/(deliveries/\d+)"', boss.get(f"deliveries?webhook={number}").text)
        assert found is not None
        assert f"client_id {JOHN}" in boss.text(found[1])
        down.clear()
        again = boss.post(f"{found[1]}/again", {}, found[1])
        assert again.headers["location"] == f"/console/{found[1]}?done=again"
        assert until(lambda: in_state(boss, found[1], "delivered"))
        text = boss.text(found[1])
        assert text.index("Attempt 2") < text.index("Attempt 1")  # the latest first
        assert text.count('The answer begins: {"took": "it"}') == 2
        assert len({got.message for got in it.got}) == 1
        it.got[-1].verify(secret)
        ended(boss, number)


def test_the_shown_headers_are_those_that_were_sent(boss: Colleague) -> None:
    with Receiver() as receiver:
        number, _ = made(boss, f"{receiver.url}/in?a=1", content_type="1")
        path = pinged(boss, number)
        assert until(lambda: in_state(boss, path, "delivered"))
        [got] = receiver.got
        page = html.unescape(boss.get(path).text)
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent", "host"):
            assert f"{name}: {got.headers[name]}\n" in page.replace("Content-Type", "content-type").replace(
                "User-Agent", "user-agent"
            ).replace("Host", "host")
        assert "POST /in?a=1 HTTP/1.1" in page
        assert got.body.decode() in page
        ended(boss, number)


def test_a_new_secret_is_shown_once_and_signs_beside_the_old_one(boss: Colleague) -> None:
    with Receiver() as receiver:
        number, old = made(boss, receiver.url)
        first = pinged(boss, number)
        assert until(lambda: in_state(boss, first, "delivered"))
        answer = boss.post(f"webhooks/{number}/rotate", {}, f"webhooks/{number}")
        found = _SECRET.search(html.unescape(answer.text))
        assert found is not None
        assert answer.headers["cache-control"] == "no-store"
        assert "signed with the new secret and with the one before it" in told(answer)
        assert "signs beside the new one until" in boss.text(f"webhooks/{number}")
        assert "signed with a secret that the webhook no longer has" in boss.text(first)
        second = pinged(boss, number)
        assert until(lambda: in_state(boss, second, "delivered"))
        receiver.got[-1].verify(found[0])
        receiver.got[-1].verify(old)
        with pytest.raises(WebhookVerificationError):
            receiver.got[0].verify(found[0])
        ended(boss, number)


def test_a_webhook_that_is_off_is_sent_nothing_and_no_ping(delivering: Practice, boss: Colleague) -> None:
    with Receiver() as receiver:
        number, _ = made(boss, receiver.url)
        page = f"webhooks/{number}"
        assert boss.post(f"{page}/switch", {}, page).headers["location"] == f"/console/{page}?done=off"
        assert "Send a ping" not in boss.text(page)
        refused = boss.post(f"{page}/ping", {}, page)
        assert refused.status_code == 400
        assert "switch it on first" in told(refused)
        moved_to(delivering, "Oulu")
        assert boss.post(f"{page}/switch", {"active": "yes"}, page).headers["location"].endswith("done=on")
        moved_to(delivering, "Rauma")
        assert until(lambda: len(receiver.got) == 1)
        ended(boss, number)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("target_url", "", "Enter a valid URL."),
        ("target_url", "javascript:alert(1)", "Enter a valid URL."),
        ("target_url", "https://me:secret@lab.example/", "A URL must not hold a user or a password."),
        ("target_url", "http://169.254.169.254/latest", CLOSED),
        ("target_url", "https://lab.example/" + "x" * 2_000, "A target has at most 2000 characters."),
        ("trigger", "", "Choose what it is told of."),
        ("trigger", "5", "Choose what it is told of."),
        ("content_type", "3", "Choose how messages are written."),
        ("department", "999", "There is no such department."),
        ("name", "n" * 201, "A name has at most 200 characters."),
    ],
)
def test_what_does_not_hold_comes_back_with_what_was_typed(
    owner: Colleague, field: str, value: str, problem: str
) -> None:
    good = {"target_url": "https://lab.example/in", "trigger": "2", "content_type": JSON, "name": "Typed"}
    answer = owner.post("webhooks/new", {**good, field: value})
    page = html.unescape(answer.text)
    assert answer.status_code == 400
    assert f'id="{field}-problem">{problem}<' in page
    assert f'href="#{field}"' in page
    for name, kept in {**good, field: value}.items():
        if name in ("target_url", "name"):
            assert f'name="{name}" type="{"url" if name == "target_url" else "text"}" value="{kept}"' in page
    assert "Typed" not in owner.text("webhooks")


def test_a_webhook_is_changed_and_keeps_a_trigger_that_never_fires(module_practice: Practice, owner: Colleague) -> None:
    hook = {"target_url": "https://one.example/in", "trigger": 5, "content_type": 1}
    number = module_practice.provet.post(f"{ROOT}hook/webhook/", json=hook).json()["id"]
    path = f"webhooks/{number}/edit"
    assert f'<p class="up"><a href="/console/webhooks/{number}">' in owner.get(path).text
    page = owner.get(path).text
    assert '<option value="5" selected>Trigger 5, which never fires</option>' in page
    given = {"target_url": "https://two.example/in", "trigger": "5", "content_type": "2", "name": "Two"}
    assert owner.post(path, given).headers["location"] == f"/console/webhooks/{number}?done=changed"
    found = module_practice.provet.get(f"{ROOT}hook/webhook/{number}/").json()
    assert (found["target_url"], found["name"], found["trigger"]) == ("https://two.example/in", "Two", 5)
    wrong = owner.post(path, {**given, "trigger": "6"})
    assert (wrong.status_code, "Choose what it is told of." in wrong.text) == (400, True)


def test_a_department_is_offered_and_kept(owner: Colleague) -> None:
    page = owner.get("webhooks/new").text
    department = re.search(r'<select id="department".*?<option value="(\d+)">([^<]+)<', page, re.DOTALL)
    assert department is not None
    number, _ = made(owner, "https://lab.example/", trigger="21", department=department[1])
    assert f"Department {html.unescape(department[2])} " in owner.text(f"webhooks/{number}")
    assert f'<option value="{department[1]}" selected>' in owner.get(f"webhooks/{number}/edit").text


def test_a_webhook_of_another_clinic_is_not_there(module_practice: Practice, owner: Colleague) -> None:
    number, _ = made(owner, "https://lab.example/mine", name="Not yours")
    other = Colleague(module_practice, who=OTHER_OWNER)
    assert "Not yours" not in other.text("webhooks")
    assert other.get(f"webhooks/{number}").status_code == 404
    assert other.get(f"deliveries?webhook={number}").status_code == 404
    for what in ("edit", "switch", "rotate", "ping", "delete"):
        assert other.post(f"webhooks/{number}/{what}", {}, "account").status_code == 404
    assert owner.get(f"webhooks/{number}").status_code == 200


def test_what_is_done_is_noted_without_a_secret(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    number, secret = made(owner, "https://lab.example/path?key=hidden", name="Lab")
    page = f"webhooks/{number}"
    given = {"target_url": "https://lab.example/path?key=hidden", "trigger": "2", "content_type": JSON}
    owner.post(f"{page}/edit", given)
    delivery = pinged(owner, number)
    owner.post(f"{delivery}/again", {}, delivery)
    for what, fields in (("switch", {"active": ""}), ("rotate", {}), ("delete", {})):
        owner.post(f"{page}/{what}", fields, page)
    found = [row[1:] for row in noted(fresh_practice) if row[2] in ("webhook", "delivery")]
    assert found == [
        ("made", "webhook", "Lab (lab.example)"),
        ("changed", "webhook", "lab.example"),
        ("sent", "webhook", "lab.example, a ping"),
        ("sent", "delivery", f"Delivery {delivery.rpartition('/')[2]} to lab.example, once more"),
        ("changed", "webhook", "lab.example, switched off"),
        ("changed", "webhook", "lab.example, new secret"),
        ("ended", "webhook", "lab.example"),
    ]
    assert {row[0] for row in noted(fresh_practice)} == {owner.user.name}
    assert secret not in str(noted(fresh_practice))
    assert owner.get(page).status_code == 404


def test_no_more_than_so_many_can_be_made(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    hook = {"target_url": "https://one.example/in", "trigger": 1}
    for _ in range(webhooks.MOST_PER_CLINIC):
        assert fresh_practice.provet.post(f"{ROOT}hook/webhook/", json=hook).status_code == 201
    assert "Add a webhook" not in owner.text("webhooks")
    refused = owner.post("webhooks/new", {"target_url": "https://x.example/", "trigger": "1", "content_type": JSON})
    assert refused.status_code == 400
    assert f"A clinic has at most {webhooks.MOST_PER_CLINIC} webhooks." in refused.text


def test_the_store_is_sound_with_pings(delivering: Practice, boss: Colleague) -> None:
    with Receiver() as receiver:
        number, _ = made(boss, receiver.url)
        path = pinged(boss, number)
        assert until(lambda: in_state(boss, path, "delivered"))
        found = delivering.run(lambda _: check(delivering.url))
        assert [one for one in found if one.severity == ERROR] == []
        ended(boss, number)


def test_a_ping_does_not_wait_behind_what_has_piled_up(fresh_practice: Practice) -> None:
    owner = Colleague(fresh_practice)
    number, _ = made(owner, "https://lab.example/")
    touching = Touching(clinics=(MAIN_CLINIC,))
    sent = [fresh_practice.change(touching, lambda w: webhooks.ping(w, number, "shown")) for _ in range(3)]
    due = [one.next_at for one in sent]
    assert due == sorted(due, key=lambda at: -(at or 0))
    assert len(set(due)) == 3


def test_every_trigger_with_a_name_tells_of_something() -> None:
    assert set(triggers.NAMES) == set(triggers.TELLING) - {triggers.APPOINTMENT_DELETE}  # nothing deletes those


def test_the_shown_receiver_runs_as_it_stands(boss: Colleague) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    number, secret = made(boss, f"http://127.0.0.1:{port}/")
    block = re.search(r'<pre class="copy"><code>(import os.*?)</code>', boss.get(f"webhooks/{number}").text, re.DOTALL)
    assert block is not None
    program = html.unescape(block[1]).replace("9000", str(port))
    environment = {**os.environ, "WEBHOOK_SECRET": secret}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            assert until(lambda: _listens(port))
            path = pinged(boss, number)
            assert until(lambda: in_state(boss, path, "delivered"))
            assert "The answer begins: received" in boss.text(path)
            assert running.stdout is not None
            assert running.stdout.readline() == message_of(path) + "\n"
        finally:
            running.kill()
    ended(boss, number)


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
