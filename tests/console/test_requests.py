# SPDX-License-Identifier: Apache-2.0
"""The request log: what is kept of requests, who sees it, finding some, and that nothing is told that is secret."""

from __future__ import annotations

import re
from typing import Any

import httpx
import msgspec
import pytest

from polyvet.core import requests as core
from polyvet.delivery.forget_requests import ForgetRequests
from polyvet.identity import applications, keys
from polyvet.identity.applications import NewApplication
from polyvet.model import values
from polyvet.model.errors import Forbidden
from polyvet.model.requests import NOBODYS, UNKEPT, Asked, Wanted
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import access
from polyvet.storage import applications as stored_applications
from polyvet.storage import requests as stored
from polyvet.storage.store import Store
from polyvet.storage.writing import Touching, Tx
from tests.console.people import OTHER_OWNER, Colleague, told
from tests.dialects.harness import SECRETS, Practice
from tests.serving.running import until

UNKNOWN = "sk_live_nobody_has_this_one_at_all"
LINK = "a-token-that-opens-a-share"
MINUTE = 60 * values.MICROSECONDS


class Log(msgspec.Struct):
    """Requests of all kinds, answered a second ago, and who looks at them."""

    practice: Practice
    owner: Colleague  # who looks after the server, too
    other: Colleague  # the owner of the other clinic
    answers: dict[str, httpx.Response]
    revoked_id: bytes
    new_key: str

    def found(self, name: str, *, by: Colleague | None = None, more: str = "") -> str:
        """What the page says that looks for one of them; empty if it is not there."""
        number = self.answers[name].headers["x-request-id"]
        text = (by or self.owner).text(f"requests?id={number}{more}")
        return text if number in text else ""


@pytest.fixture(scope="module")
def log(module_practice: Practice, owner: Colleague) -> Log:
    """Asks for this and that, and waits until it is kept."""
    practice = module_practice
    revoked, new_key = practice.new_key("vetigen", SECOND_CLINIC), practice.new_key("vetigen")
    revoked_id = practice.run(lambda store: _revoke(store, revoked))
    narrow = practice.new_key("vetigen", permissions=("clients:read",))
    other = Colleague(practice, who=OTHER_OWNER)
    nobody, vetigen = practice.client(), practice.vetigen
    style = re.search(r'href="(/console/static/console.css[^"]*)"', owner.get("").text)
    assert style is not None
    new = NewApplication(clinic_id=MAIN_CLINIC, dialect="provet", name="asking", scopes=("openid", "restapi"))
    client_id = practice.run(lambda store: applications.create(store, new))[0].client_id
    answers = {
        "plain": vetigen.get("/api/v1/patients?page_size=1&search=Boncuk"),
        "not allowed": practice.client(narrow).get("/api/v1/patients"),
        "wrong": vetigen.get("/api/v1/patients?page_size=secret-value"),
        "missing": vetigen.get("/api/v1/patients/patient_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        "unknown key": practice.client(UNKNOWN).get("/api/v1/patients"),
        "no key": nobody.get("/api/v1/patients"),
        "revoked": practice.client(revoked).get("/api/v1/patients"),
        "another dialect": practice.client(SECRETS["clinovavet", SECOND_CLINIC]).get("/api/v1/patients"),
        "another installation": practice.other_provet.get(f"/{MAIN_CLINIC}/api/0.1/client/"),
        "other clinic": practice.other_vetigen.get("/api/v1/patients?page_size=1"),
        "token": practice.vetcheck.get("/handouts?$top=1"),
        "link": nobody.get(f"/s/{LINK}"),
        "no text": vetigen.get("/api/v1/patients/%00%ff<script>"),
        "page": owner.get("account"),
        "style": owner.client.get(style[1]),
        "probe": nobody.get("/health"),
        "no path": nobody.get("/no/such/path"),
        "wrong method": nobody.post("/health"),
        "mistyped path": vetigen.get("/api/v1/patientz"),  # which of two APIs was meant nobody knows
        "no secret": nobody.post(f"/{MAIN_CLINIC}/oauth2/token/", data={"grant_type": "x", "client_id": client_id}),
        "new key": practice.client(new_key).get("/api/v1/patients?page_size=1"),
    }
    made = Log(practice, owner, other, answers, revoked_id, new_key)
    assert until(lambda: bool(made.found("new key")), 10)
    return made


async def _revoke(store: Store, secret: str) -> bytes:
    key = await access.key_by_hash(store.reader, values.hashed(secret))
    assert key is not None
    await keys.revoke(store, key.id)
    return key.id


def _keep(practice: Practice, rows: list[Asked]) -> None:
    async def job(tx: Tx) -> None:
        stored.add(tx, rows)

    practice.run(lambda store: store.write(Touching(), job))


def _row(n: int, **more: Any) -> Asked:
    """The nth request of a Monday."""
    usual = {
        "clinic_id": MAIN_CLINIC, "at": FIRST + n * values.MICROSECONDS, "request_id": f"{n:06x}",
        "dialect": "vetigen", "method": "GET", "path": f"/api/v1/patients/{n}", "status": 200, "took_us": 1_500,
        "key_id": None, "key_shown": None, "reason": None,
    }  # fmt: skip
    return Asked(**{**usual, **more})


# --- what is kept, and who sees it ---------------------------------------------------------------------------


def test_a_request_is_shown_without_its_query(log: Log) -> None:
    text = log.found("plain")
    assert re.search(r"200 GET /api/v1/patients Vetigen \d+\.\d ms tests sk_live_veti… [0-9a-f]{18}", text)
    assert "Boncuk" not in text


def test_a_refusal_says_why_and_not_what_was_sent(log: Log) -> None:
    assert "needs patients:read" in log.found("not allowed")
    assert "does not hold: page_size" in log.found("wrong")
    assert "secret-value" not in log.found("wrong")
    assert "patient: missing" in log.found("missing")


def test_what_nobodys_key_asked_for_is_the_operators(log: Log) -> None:
    of_nobody = (
        ("unknown key", "no such key or token"), ("no key", "no key or token was sent"),
        ("no path", "no such route"), ("mistyped path", "no such route"),
        ("wrong method", "wrong method"),
    )  # fmt: skip
    for name, why in of_nobody:
        text = log.found(name, more="&whose=nobody")
        assert why in text
        assert UNKNOWN not in text
        assert not log.found(name)
        assert not log.found(name, by=log.other)
        assert not log.found(name, by=log.other, more="&whose=nobody")


def test_a_refused_credential_is_told_to_whom_it_belongs(log: Log) -> None:
    refused = [
        ("revoked", "the key is revoked"),
        ("another dialect", "the key is one for clinovavet"),
        ("another installation", "the path names another installation than the key's"),
    ]
    for name, why in refused:
        assert log.answers[name].status_code == 401, name
        assert why in log.found(name, by=log.other)
        assert not log.found(name)
    assert log.found("revoked", by=log.other, more=f"&key={values.to_crockford(log.revoked_id)}")


def test_an_application_that_gets_no_token_is_told_why(log: Log) -> None:
    text = log.found("no secret")
    assert "invalid_client" in text
    assert f"/{MAIN_CLINIC}/oauth2/token/" in text


def test_each_clinic_sees_its_own(log: Log) -> None:
    assert log.found("other clinic", by=log.other)
    assert not log.found("other clinic")


def test_links_and_what_is_no_text(log: Log) -> None:
    link = log.found("link", more="&whose=nobody")
    assert "/s/…" in link
    assert LINK not in link
    assert "/api/v1/patients/\ufffd" in log.found("no text")
    page = log.owner.get(f"requests?id={log.answers['no text'].headers['x-request-id']}").text
    assert "<script>" not in page.partition("<main")[2]


def test_pages_of_the_console_are_shown_when_they_are_looked_for(log: Log) -> None:
    text = log.found("page", more="&api=console")
    assert "/console/account" in text
    assert "Dr. Aino Laakso" in text.partition("/console/account")[2]
    assert not log.found("page")


def test_probes_and_styles_are_not_kept(log: Log) -> None:
    assert log.found("no path", more="&whose=nobody")
    assert not log.found("probe", more="&whose=nobody")
    assert not log.found("style", more="&api=console")


def test_keys_and_applications_know_when_they_were_last_used(log: Log) -> None:
    async def last_used(store: Store) -> list[int | None]:
        key = await access.key_by_hash(store.reader, values.hashed(log.new_key))
        assert key is not None
        registered = await stored_applications.of_clinic(store.reader, MAIN_CLINIC, "vetcheck")
        return [key.last_used_at, max(one.last_used_at or 0 for one in registered)]

    for used in log.practice.run(last_used):
        assert used is not None
        assert used % MINUTE == 0
        assert abs(used - values.now()) < 3 * MINUTE


# --- finding -------------------------------------------------------------------------------------------------

FIRST = values.instant("2026-05-04T06:00:00Z")  # nine o'clock at the clinic
_SHOWN = re.compile(r"<td><code>([0-9a-f]{6})</code></td>")
FINDING = (
    ("api=provet", range(120, 127)),
    ("status=4", range(121, 125)),
    ("status=5", (125, 126)),
    ("method=POST&status=ok", (120,)),
    ("path=/1/api", range(120, 127)),
    ("path=/api/v1/patients/11", (11, *range(110, 120))),
    ("path=%25", ()),
    ("id=00007b", (0x7B,)),
    ("since=2026-05-04T09:02:04", range(124, 127)),
    ("since=2026-05-04T09:00&until=2026-05-04T09:00:03", range(3)),
    ("since=2026-05-05T00:00&until=2026-05-06T00:00", ()),
    (f"key={values.to_crockford(bytes(16))}", (126,)),
)


@pytest.fixture
def kept(fresh_practice: Practice) -> Colleague:
    """The owner of a practice whose log holds 127 requests of a Monday in May, one a second."""
    rows = [_row(n) for n in range(120)]
    rows += [
        _row(n, method="POST", status=status, dialect="provet", path="/1/api/0.1/client/")
        for n, status in enumerate((201, 400, 404, 422, 429, 500), 120)
    ]
    rows.append(_row(126, status=503, method="POST", dialect="provet", path="/1/api/0.1/", key_id=bytes(16)))
    rows.append(_row(127, status=UNKEPT, path="", reason="37 more than are kept of one second"))
    _keep(fresh_practice, rows)
    return Colleague(fresh_practice)


def _numbers(page: httpx.Response) -> list[int]:
    assert page.status_code == 200
    return [int(one, 16) for one in _SHOWN.findall(page.text)]


def test_the_list_is_paged_by_key(kept: Colleague) -> None:
    query, found, pages = "api=vetigen", list[int](), 0
    while query:
        page = kept.get(f"requests?{query}")
        found += _numbers(page)
        pages += 1
        older = re.search(r'rel="next" href="/console/requests\?([^"]+)"', page.text)
        query = "" if older is None else older[1].replace("&amp;", "&")
        assert not query or "api=vetigen" in query
    assert found == list(range(119, -1, -1))
    assert pages == 3


def test_some_are_found(kept: Colleague) -> None:
    for query, found in FINDING:
        until = "" if "until" in query else "&until=2026-05-05T00:00"
        page = kept.get(f"requests?{query}{until}")
        assert sorted(_numbers(page))[-50:] == list(found), query


def test_what_was_not_kept_is_told_whatever_is_looked_for(kept: Colleague) -> None:
    assert "37 more than are kept of one second" in kept.text("requests?method=DELETE&until=2026-05-05T00:00")


def test_how_far_a_page_has_looked_is_said(kept: Colleague, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LOOKS", (5, 40))
    page = kept.get("requests?path=/api/v1/patients/10&until=2026-05-05T00:00")
    assert _numbers(page) == list(range(109, 99, -1))
    assert "Looked back to 4 May 2026, 09:01:28" in told(page)
    older = re.search(r'rel="next" href="/console/requests\?([^"]+)"', page.text)
    assert older is not None
    following = kept.get(f"requests?{older[1].replace('&amp;', '&')}")
    assert _numbers(following) == []
    last = kept.get("requests?path=/api/v1/patients/10&until=2026-05-04T09:00:30")
    assert _numbers(last) == [10]
    assert "Looked back" not in last.text


def test_what_does_not_hold_is_said_beside_its_field(kept: Colleague) -> None:
    page = kept.get("requests?since=yesterday&key=mine&status=9&path=/kept")
    assert page.status_code == 400
    assert re.findall(r'id="(\w+)-problem"', page.text) == ["status", "key", "since"]
    assert 'value="/kept"' in page.text
    assert kept.get("requests?before=1").status_code == 400


def test_core_asks_for_the_permission(module_practice: Practice) -> None:
    for listing in (core.of_clinic, core.of_nobody):
        with pytest.raises(Forbidden):
            module_practice.read(lambda ctx, listing=listing: listing(ctx, Wanted(), None, 1))  # type: ignore[misc]
    with pytest.raises(Forbidden):
        module_practice.read(lambda ctx: core.credentials(ctx, None))
    with pytest.raises(Forbidden):
        module_practice.read(lambda ctx: core.names(ctx, [], []))


@pytest.mark.parametrize(("days", "left"), [(7, [3]), (0, [])])
def test_what_is_old_is_forgotten(fresh_practice: Practice, days: int, left: list[int]) -> None:
    now = values.now()
    ages = (9, 8, 7.01, 6.9)
    _keep(fresh_practice, [_row(n, at=now - int(age * values.DAY)) for n, age in enumerate(ages)])
    _keep(fresh_practice, [_row(n, at=now - 20 * values.DAY + n, clinic_id=NOBODYS) for n in range(2_100)])

    async def forget(store: Store) -> list[list[Asked]]:
        await ForgetRequests(store, days)()
        anything = Wanted(until=now)
        clinics = (MAIN_CLINIC, NOBODYS)
        return [(await stored.listed(store.reader, one, anything, None, 10)).rows for one in clinics]

    mine, nobodys = fresh_practice.run(forget)
    assert [int(row.request_id, 16) for row in mine] == left
    assert nobodys == []


def test_a_server_may_keep_none(fresh_practice: Practice) -> None:
    silent = fresh_practice.served_otherwise(request_log_days=0)
    silent.vetigen.get("/api/v1/patients?page_size=1")
    text = Colleague(silent).text("requests")
    assert "No requests are kept" in text
    assert "There is none" not in text


def test_who_finds_nothing_by_an_id_is_told_where_it_may_be(log: Log) -> None:
    number = log.answers["unknown key"].headers["x-request-id"]
    assert f"whose=nobody&amp;id={number}" in log.owner.get(f"requests?id={number}").text
    assert "seen by who looks after the server only" in log.other.text(f"requests?id={number}")
    for query in (f"id={number}&whose=nobody", "method=TRACE"):
        assert "whose=nobody&amp;id=" not in log.owner.get(f"requests?{query}").text


def test_filters_that_are_in_use_are_not_folded_away(owner: Colleague) -> None:
    for query, folded in (("", True), ("status=4&id=1&api=vetigen", True), ("method=GET", False), ("since=x", False)):
        assert ("<details>" in owner.get(f"requests?{query}").text) == folded, query
