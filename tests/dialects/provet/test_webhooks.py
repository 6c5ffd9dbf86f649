# SPDX-License-Identifier: Apache-2.0
"""Webhooks and their queue on the wire, and deliveries that a served practice sends to a real receiver."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import msgspec
import pytest
from standardwebhooks import WebhookVerificationError

from polyvet.core.webhooks import MOST_ATTEMPTS, MOST_PER_CLINIC
from polyvet.dialects.provet import triggers
from polyvet.model.hooks import Attempt
from polyvet.storage import deliveries
from polyvet.storage.writing import Touching
from tests.delivery.receiving import LOOPBACK, Receiver
from tests.dialects.harness import Practice
from tests.dialects.provet.asking import FENTON, HOOK, JOHN, MOBILE, PUPPY, ROOT, VENDOR, ids, page, sent
from tests.dialects.provet.asking import queued as queue_one
from tests.serving.running import until

HOOKS, QUEUE = "hook/webhook/", "hook/queue/"
_MADE_UP = (
    (rb"whsec_[A-Za-z0-9+/]{43}=", b"whsec_c2VjcmV0"),
    (rb'(?<="(?:created)":")[^"]+|(?<="(?:modified)":")[^"]+', b"2026-05-04T12:00:00.123456+03:00"),
    (rb'(?<="next_attempt":")[^"]+', b"2026-05-04T12:00:00.123456+03:00"),
    (rb"http://127.0.0.1:\d+/4/", VENDOR.encode() + b"/4/"),
)


@pytest.fixture
def delivering(copies):
    """A practice of the test's own that delivers, also to this machine."""
    served = Practice(copies(), deliver=True, webhook_networks=LOOPBACK)
    yield served
    served.close()


def masked(answer: httpx.Response) -> httpx.Response:
    """The answer with what is made anew each time replaced."""
    content = answer.content
    for pattern, instead in _MADE_UP:
        content = re.sub(pattern, instead, content)
    return httpx.Response(answer.status_code, headers={"content-type": answer.headers["content-type"]}, content=content)


def new(practice, receiver=None, **more):
    """A hook, with its secret."""
    target = HOOK["target_url"] if receiver is None else receiver.url
    return sent(practice.provet, "POST", HOOKS, {**HOOK, "target_url": target, **more}, 201)


def test_hooks_and_deliveries_answer_as_decided(fresh_practice, golden):
    client = fresh_practice.provet
    body = {**HOOK, "name": "Mirror", "department": f"{VENDOR}{ROOT}department/11/"}
    golden("webhook_create", masked(client.post(f"{ROOT}{HOOKS}", json=body)))
    golden("webhook_get", masked(client.get(f"{ROOT}{HOOKS}1/")))
    golden("webhooks", masked(client.get(f"{ROOT}{HOOKS}")))
    golden("webhook_change", masked(client.patch(f"{ROOT}{HOOKS}1/", json={"active": False, "content_type": 1})))
    golden("webhook_rotate", masked(client.post(f"{ROOT}{HOOKS}1/rotate_secret/")))
    golden("queue_none", client.get(f"{ROOT}{QUEUE}"))
    _, delivery = queue_one(fresh_practice)
    golden("queue", masked(client.get(f"{ROOT}{QUEUE}")))
    golden("queue_one", masked(client.get(f"{ROOT}{QUEUE}{delivery}/")))
    golden("queue_redeliver", masked(client.post(f"{ROOT}{QUEUE}{delivery}/redeliver/")))
    golden("error_webhook_fields", client.post(f"{ROOT}{HOOKS}", json={"target_url": "receiver", "trigger": 69}))


def test_a_secret_is_told_once(fresh_practice):
    client = fresh_practice.provet
    made = new(fresh_practice)
    assert made["secret"].startswith("whsec_")
    rotated = sent(client, "POST", f"{HOOKS}{made['id']}/rotate_secret/", None, 200)
    assert rotated["secret"] not in (made["secret"], "")
    for path in (HOOKS, f"{HOOKS}{made['id']}/"):
        assert "whsec_" not in client.get(ROOT + path).text
    assert "secret" not in sent(client, "PATCH", f"{HOOKS}{made['id']}/", {"secret": "whsec_mine", "name": "x"}, 200)


def test_what_a_body_does_not_name_stays_and_a_hook_can_be_sent_back(fresh_practice):
    client, made = fresh_practice.provet, new(fresh_practice, name="Mirror")
    path = f"{HOOKS}{made['id']}/"
    read = client.get(ROOT + path).json()
    for method in ("PUT", "PATCH"):
        again = sent(client, method, path, read, 200)
        assert {**again, "modified": ""} == {**read, "modified": ""}
        changed = sent(client, method, path, {"name": method}, 200)
        assert {**changed, "name": "", "modified": ""} == {**read, "name": "", "modified": ""}
        assert changed["name"] == method
    assert changed["modified"] > read["modified"]


def test_the_target_is_also_read_from_url_unless_that_is_the_hooks_own(fresh_practice):
    client = fresh_practice.provet
    made = sent(client, "POST", HOOKS, {"url": "https://one.example/in", "trigger": "1"}, 201)
    assert (made["target_url"], made["trigger"], made["content_type"]) == ("https://one.example/in", 1, 1)
    path = f"{HOOKS}{made['id']}/"
    assert sent(client, "PATCH", path, {"url": "https://two.example/"}, 200)["target_url"] == "https://two.example/"
    for own in (made["url"], f"{VENDOR}{ROOT}{path}"):
        assert sent(client, "PATCH", path, {"url": own}, 200)["target_url"] == "https://two.example/"
    both = {"url": "https://three.example/", "target_url": "https://four.example/"}
    assert sent(client, "PATCH", path, both, 200)["target_url"] == "https://four.example/"


def test_a_form_makes_a_hook(fresh_practice):
    form = {"target_url": "https://one.example/", "trigger": "39", "content_type": "2", "active": "0", "name": ""}
    answer = fresh_practice.provet.post(ROOT + HOOKS, data=form)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["trigger"], made["content_type"], made["active"], made["name"]) == (39, 2, False, "")


def test_every_trigger_of_the_vendor_is_taken_and_no_other(fresh_practice):
    made = new(fresh_practice)
    for trigger in range(triggers.FIRST, triggers.LAST + 1):
        sent(fresh_practice.provet, "PATCH", f"{HOOKS}{made['id']}/", {"trigger": trigger}, 200)
    for wrong in (0, 69, -1, None, "client", 1.5, True, [1]):
        body = sent(fresh_practice.provet, "PATCH", f"{HOOKS}{made['id']}/", {"trigger": wrong}, 400)
        assert list(body) == ["trigger"]


@pytest.mark.parametrize(
    "target",
    [
        None, "", " ", 5, [], "receiver", "//receiver.example/", "ftp://receiver.example/", "file:///etc/passwd",
        "https://", "https:///in", "https://user:secret@receiver.example/", "https://user@receiver.example/",
        "https://receiver.example:99999/", "https://receiver.example:0/", "https://receiver.example:x/",
        "https://receiver.example/a b", "https://receiver.example/\r\nHost: x", "https://bücher.example/", "http://[::1",
        "https://receiver.example\\@evil.example/", "javascript:alert(1)", "https://receiver.example/" + "x" * 2_000,
        "http://127.0.0.1/", "http://127.1:8000/", "http://2130706433/", "http://0x7f000001/", "http://[::1]/",
        "http://169.254.169.254/latest/", "http://10.1.2.3/", "http://[::ffff:10.0.0.1]/", "http://[fd00:ec2::254]/",
        "http://100.64.0.1/", "http://0.0.0.0/",
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_or_may_not_be_called_is_refused(practice, target):
    answer = practice.provet.post(ROOT + HOOKS, json={**HOOK, "target_url": target})
    assert answer.status_code == 400
    assert list(answer.json()) == ["target_url"]
    assert ids(practice.provet, HOOKS) == []


def test_other_fields_that_do_not_hold_are_named(practice):
    body: dict[str, Any] = {
        **HOOK, "content_type": 3, "department": f"{VENDOR}{ROOT}department/99/", "active": "perhaps",
        "name": "n" * 201,
    }  # fmt: skip
    refused = sent(practice.provet, "POST", HOOKS, body, 400)
    assert set(refused) == {"content_type", "active", "name"}
    assert sent(practice.provet, "POST", HOOKS, {**HOOK, "department": body["department"]}, 400) == {
        "department": ["There is no such department."]
    }
    assert set(sent(practice.provet, "POST", HOOKS, {}, 400)) == {"target_url", "trigger"}


def test_a_clinic_has_no_more_than_so_many_hooks(fresh_practice):
    for _ in range(MOST_PER_CLINIC):
        new(fresh_practice)
    refused = sent(fresh_practice.provet, "POST", HOOKS, HOOK, 400)
    assert refused == {"target_url": [f"A clinic has at most {MOST_PER_CLINIC} webhooks."]}
    assert page(fresh_practice.provet, HOOKS)["count"] == MOST_PER_CLINIC


def test_hooks_and_deliveries_are_filtered_and_ordered(fresh_practice):
    client = fresh_practice.provet
    one = new(fresh_practice, name="one", department=f"{VENDOR}{ROOT}department/11/")["id"]
    two, delivery = queue_one(fresh_practice)
    three = new(fresh_practice, trigger=1, content_type=1, active=False)["id"]
    assert ids(client, HOOKS) == [one, two, three]
    for query, expected in (
        ("trigger__is=2", [one, two]), ("active=1", [one, two]), ("active__is=false", [three]),
        ("department__is=11", [one]), ("department__is_null=true", [two, three]), ("name__icontains=ONE", [one]),
        (f"id__gt={one}&ordering=-id", [three, two]), ("content_type__in=[1]", [three]), ("unknown=1", [1, 2, 3]),
        ("target_url__contains=receiver", [one, two, three]), ("created__gte=2020-01-01", [one, two, three]),
    ):  # fmt: skip
        assert ids(client, f"{HOOKS}?{query}") == expected, query
    for query, expected in (
        (f"webhook__is={two}", [delivery]), (f"webhook__is={one}", []), ("status=queued", [delivery]),
        ("state__is=delivered", []), ("status__in=queued,failed", [delivery]), ("trigger__is=2", [delivery]),
        ("attempts__gt=0", []), ("created__gte=2020-01-01 00:00%2B00:00", [delivery]), ("created__lt=2020-01-01", []),
        (f"id={delivery}", [delivery]), ("modified__gte=2020-01-01&ordering=-modified,id", [delivery]),
    ):  # fmt: skip
        assert ids(client, f"{QUEUE}?{query}") == expected, query


def test_the_queue_is_read_only(fresh_practice):
    _, delivery = queue_one(fresh_practice)
    for method, path in (("POST", QUEUE), ("PATCH", f"{QUEUE}{delivery}/"), ("DELETE", f"{QUEUE}{delivery}/")):
        assert fresh_practice.provet.request(method, ROOT + path, json={}).status_code == 405


def test_hooks_need_a_permission_of_their_own(fresh_practice):
    hook, delivery = queue_one(fresh_practice)
    reads = [("GET", HOOKS), ("GET", f"{HOOKS}{hook}/"), ("GET", QUEUE), ("GET", f"{QUEUE}{delivery}/")]
    writes = [
        ("POST", HOOKS), ("PATCH", f"{HOOKS}{hook}/"), ("PUT", f"{HOOKS}{hook}/"),
        ("POST", f"{HOOKS}{hook}/rotate_secret/"), ("POST", f"{QUEUE}{delivery}/redeliver/"),
        ("DELETE", f"{HOOKS}{hook}/"),
    ]  # fmt: skip
    others = ("clients:read", "clients:write", "patients:write", "users:write")
    for permissions, allowed in ((others, []), (("webhooks:read",), reads), (("webhooks:write",), writes)):
        client = fresh_practice.client(fresh_practice.new_key("provet", permissions=permissions), scheme="Token")
        for method, path in reads + writes:
            answer = client.request(method, ROOT + path, json=HOOK if method != "GET" else None)
            assert (answer.status_code == 403) == ((method, path) not in allowed), (permissions, method, path)


def test_a_hook_that_is_deleted_is_gone_with_its_deliveries(fresh_practice):
    hook, delivery = queue_one(fresh_practice)
    client = fresh_practice.provet
    assert client.delete(f"{ROOT}{HOOKS}{hook}/").status_code == 204
    for path in (f"{HOOKS}{hook}/", f"{QUEUE}{delivery}/"):
        assert client.get(ROOT + path).status_code == 404
    assert page(client, QUEUE)["count"] == page(client, HOOKS)["count"] == 0
    assert client.delete(f"{ROOT}{HOOKS}{hook}/").status_code == 404


def test_changes_reach_the_receiver_with_the_numbers_as_texts(delivering):
    client = delivering.provet
    with Receiver() as receiver:
        secrets = {
            trigger: new(delivering, receiver, trigger=trigger, target_url=f"{receiver.url}/{trigger}")["secret"]
            for trigger in (1, 2, 39, 65)
        }
        made = sent(client, "POST", "patient/", PUPPY, 201)["id"]
        phone = sent(client, "POST", "phonenumber/", MOBILE, 201)["id"]
        assert until(lambda: len(receiver.got) == 3)
        assert client.delete(f"{ROOT}client/{JOHN}/").status_code == 204
        assert until(lambda: len(receiver.got) >= 5)
        assert until(lambda: ids(client, f"{QUEUE}?status=queued") == [])
        came = {(got.path, got.body) for got in receiver.got}
        assert came >= {
            ("/2", b'{"patient_id":"%d"}' % made),
            ("/65", b'{"phonenumber_id":"%d"}' % phone),
            ("/1", b'{"client_id":"%d"}' % JOHN),
            ("/39", b'{"client_id":"%d"}' % JOHN),
        }
        assert {body for path, body in came if path == "/39"} == {b'{"client_id":"%d"}' % JOHN}
        for got in receiver.got:
            got.verify(secrets[int(got.path[1:])])
            with pytest.raises(WebhookVerificationError):
                got.verify(secrets[1 if got.path == "/2" else 2])
        assert max(receiver.times.values()) == 1


def test_the_receiver_can_read_what_it_was_told_of(delivering):
    client = delivering.provet
    with Receiver() as receiver:
        new(delivering, receiver, trigger=2)
        sent(client, "PATCH", f"patient/{FENTON}/", {"name": "Fenton II"}, 200)
        assert until(lambda: len(receiver.got) == 1)
        number = json.loads(receiver.got[0].body)["patient_id"]
        assert client.get(f"{ROOT}patient/{number}/").json()["name"] == "Fenton II"


def test_a_delivery_is_sent_again_when_it_is_asked_for(delivering):
    client = delivering.provet
    with Receiver(lambda got, nth: 200 if nth != 2 else 500) as receiver:
        new(delivering, receiver)
        sent(client, "PATCH", f"patient/{FENTON}/", {"name": "Fenton II"}, 200)
        assert until(lambda: len(ids(client, f"{QUEUE}?status=delivered")) == 1)
        [number] = ids(client, QUEUE)
        again = sent(client, "POST", f"{QUEUE}{number}/redeliver/", None, 200)
        assert (again["status"], again["attempts"]) == ("queued", 1)
        assert until(lambda: client.get(f"{ROOT}{QUEUE}{number}/").json()["attempts"] == 2)
        failed = client.get(f"{ROOT}{QUEUE}{number}/").json()
        assert (failed["status"], failed["last_status"], failed["last_error"]) == (
            "queued", 500, "answered 500; only 200 counts",
        )  # fmt: skip
        assert failed["next_attempt"] > failed["modified"]
        sent(client, "POST", f"{QUEUE}{number}/redeliver/", None, 200)  # no need to wait
        assert until(lambda: client.get(f"{ROOT}{QUEUE}{number}/").json()["status"] == "delivered")
        log = client.get(f"{ROOT}{QUEUE}{number}/").json()["log"]
        assert [(one["number"], one["status"]) for one in log] == [(1, 200), (2, 500), (3, 200)]
        assert len({got.message for got in receiver.got}) == 1


def test_a_delivery_is_not_tried_for_ever(fresh_practice):
    _, delivery = queue_one(fresh_practice)

    async def wear_out(store):
        hooks = await deliveries.due_hooks(store.reader, 2**60)
        [(_, leased)] = await store.write(
            Touching(), lambda tx: deliveries.claim(tx, [(hook, 1) for hook in hooks], 2**60, 2**61)
        )
        worn = msgspec.structs.replace(leased, attempts=MOST_ATTEMPTS, state="failed", next_at=None)
        attempt = Attempt(MOST_ATTEMPTS, 1, 1, 500, "answered 500")
        assert await store.write(Touching(), lambda tx: deliveries.settle(tx, leased, worn, attempt))

    fresh_practice.run(wear_out)
    refused = sent(fresh_practice.provet, "POST", f"{QUEUE}{delivery}/redeliver/", None, 400)
    assert refused == {"attempts": [f"A delivery is tried at most {MOST_ATTEMPTS} times."]}


def test_a_repeated_request_makes_one_hook(fresh_practice):
    header = {"Idempotency-Key": "hook-1"}
    first, second = (fresh_practice.provet.post(ROOT + HOOKS, json=HOOK, headers=header) for _ in range(2))
    assert first.content == second.content
    assert second.headers["idempotent-replayed"] == "true"
    assert page(fresh_practice.provet, HOOKS)["count"] == 1


def test_a_hook_of_a_department_hears_nothing_of_clients_and_patients(delivering):
    client = delivering.provet
    with Receiver() as receiver:
        department = f"{VENDOR}{ROOT}department/11/"
        new(delivering, receiver, trigger=2, department=department)
        new(delivering, receiver, trigger=1, department=department)
        last = new(delivering, receiver, trigger=2)["id"]
        sent(client, "PATCH", f"patient/{FENTON}/", {"home_department": department}, 200)
        sent(client, "PATCH", f"client/{JOHN}/", {"home_department": department, "city": "Turku"}, 200)
        assert until(lambda: len(receiver.got) == 1)
        [row] = page(client, QUEUE)["results"]
        assert row["webhook"].endswith(f"/{HOOKS}{last}/")
