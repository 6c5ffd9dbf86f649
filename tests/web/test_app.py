# SPDX-License-Identifier: Apache-2.0
"""The whole application: which dialect answers, what every answer carries, limits, and what is no dialect's."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyvet import __version__
from polyvet.app import create_app
from polyvet.served import DIALECTS
from polyvet.settings import Settings, SettingsError
from polyvet.storage.migrate import migrate
from tests.core.stores import run
from tests.web.served import Served, served

OWNERS = "/api/v1/owners"


def _vetigen(answer: httpx.Response) -> str:
    """The code of an error in Vetigen's form."""
    body = answer.json()
    assert body["success"] is False
    assert set(body["error"]) >= {"code", "message", "severity"}
    return str(body["error"]["code"])


def _clinovavet(answer: httpx.Response) -> str:
    """The code of an error in ClinovaVet's form."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    return str(body["error"]["code"])


async def _fill(it: Served, owners: int = 20) -> None:
    for n in range(owners):
        await it.http.post(OWNERS, json={"firstName": f"Owner {n}", "lastName": "Öberg", "address": "x" * 40})


def test_each_dialect_answers_below_its_own_name_too(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            plain, prefixed = await it.http.get(OWNERS), await it.http.get("/clinovavet" + OWNERS)
            assert (plain.status_code, prefixed.status_code) == (200, 200)
            assert prefixed.json() == plain.json()
            vetigen = await it.key("vetigen")
            assert (await it.http.get("/vetigen/api/v1/patients", headers=vetigen)).status_code == 200
            for path in ("/vetigen" + OWNERS, "/vetigen/", "/vetigen/nothing"):
                answer = await it.http.get(path, headers=vetigen)
                assert (answer.status_code, _vetigen(answer)) == (404, "ROUTE.NOT_FOUND")
            answer = await it.http.get("/clinovavet/api/v1/patients")
            assert (answer.status_code, _clinovavet(answer)) == (404, "RESOURCE_NOT_FOUND")
            assert (await it.http.get("/vetigen")).status_code == 404

    run(test())


def test_a_bound_host_answers_unknown_paths_in_its_dialects_form(sqlite_store_url: str) -> None:
    hosts = {"Clinova.example.org": "clinovavet", "vetigen.example.org": "vetigen"}

    async def test() -> None:
        async with served(sqlite_store_url, hosts=hosts) as it:
            for host in ("clinova.example.org", "CLINOVA.example.org:8443"):
                bound = {"Host": host}
                assert (await it.http.get(OWNERS, headers=bound)).status_code == 200
                for path in ("/api/v1/patients", "/api/v1/nothing", "/nothing", "/api/v2/owners", "/api"):
                    answer = await it.http.get(path, headers=bound)
                    assert (answer.status_code, _clinovavet(answer)) == (404, "RESOURCE_NOT_FOUND")
                for path in ("/", "/health", "/ready", "/openapi/vetigen.json"):
                    assert (await it.http.get(path, headers=bound)).status_code == 200
            answer = await it.http.get("/nothing", headers={"Host": "vetigen.example.org"})
            assert (answer.status_code, _vetigen(answer)) == (404, "ROUTE.NOT_FOUND")
            answer = await it.http.get("/api/v1/nothing", headers={"Host": "other.example.org"})
            assert answer.status_code == 404
            assert _vetigen(answer) == "ROUTE.NOT_FOUND"

    run(test())


def test_a_path_that_starts_with_a_number_is_provets(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url, hosts={"provet.example.org": "provet"}) as it:
            token = await it.key("provet")
            bound = {**token, "Host": "provet.example.org"}
            for prefix in ("", "/provet"):
                root = f"{prefix}/{it.clinic}/api/0.1/"
                answer = await it.http.get(root + "client/", headers=token)
                assert (answer.status_code, answer.json()["count"]) == (200, 0)
                listed = (await it.http.get(root, headers=token)).json()["client"]
                assert listed.endswith(root + "client/")
                assert (await it.http.get(root + "client/")).status_code == 401
            for path, headers in (
                (f"/{it.clinic}/api/0.1/nothing/", token),
                ("/4/nothing", token),
                ("/٤/api/0.1/client/", token),
                ("/nothing", bound),
                ("/api/v1/owners", bound),
            ):
                answer = await it.http.get(path, headers=headers)
                assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
            assert (await it.http.get("/health", headers=bound)).status_code == 200

    run(test())


def test_a_host_is_bound_to_a_dialect_that_exists() -> None:
    with pytest.raises(SettingsError, match=r"vetbook is no dialect; there are vetigen, clinovavet, provet, vetcheck"):
        create_app(Settings(hosts={"a.example.org": "vetbook"}))


def test_head_answers_as_get_without_the_body(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            await _fill(it, 3)
            for path in (OWNERS, OWNERS + "/nothing", "/health", "/"):
                got, head = await it.http.get(path), await it.http.head(path)
                assert (head.status_code, head.content) == (got.status_code, b"")
                assert head.headers["content-length"] == got.headers["content-length"]
                assert head.headers["content-type"] == got.headers["content-type"]

    run(test())


def test_the_wrong_method_is_told_the_right_ones(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            answer = await it.http.delete(OWNERS)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
            answer = await it.http.post("/api/v1/patients", json={})
            assert (answer.status_code, answer.headers["allow"], _vetigen(answer)) == (
                405,
                "GET, HEAD",
                "ROUTE.METHOD_NOT_ALLOWED",
            )

    run(test())


def test_long_answers_are_compressed_for_who_takes_it(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            await _fill(it)
            plain = await it.http.get(OWNERS, headers={"Accept-Encoding": "identity"})
            small = await it.http.get(OWNERS, headers={"Accept-Encoding": "br, gzip"})
            refused = await it.http.get(OWNERS, headers={"Accept-Encoding": "gzip;q=0"})
            assert small.headers["content-encoding"] == "gzip"
            assert int(small.headers["content-length"]) < len(plain.content) // 3
            assert small.json() == plain.json() == refused.json()
            assert "content-encoding" not in plain.headers
            assert "content-encoding" not in refused.headers
            assert {one.headers["vary"] for one in (plain, small, refused)} == {"accept-encoding"}
            short = await it.http.get("/api/v1/pets", headers={"Accept-Encoding": "gzip"})
            assert "content-encoding" not in short.headers
            async with it.http.stream("GET", OWNERS, headers={"Accept-Encoding": "gzip"}) as streamed:
                raw = b"".join([piece async for piece in streamed.aiter_raw()])
            assert gzip.decompress(raw) == plain.content

    run(test())


def test_every_answer_has_a_request_id_of_its_own(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            paths = (OWNERS, OWNERS, "/api/v1/patients", "/api/v1/nothing", "/", "/health", "/nothing")
            ids = [(await it.http.get(path)).headers["x-request-id"] for path in paths]
            assert len(set(ids)) == len(paths)
            assert all(one.isalnum() for one in ids)

    run(test())


def test_limits_count_what_a_known_key_asks_and_name_the_wait(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            key = await it.key("clinovavet", per_minute=3)
            other = await it.key("clinovavet", per_minute=3)
            left = []
            for path in (OWNERS, OWNERS + "/nothing", OWNERS + "?limit=x"):
                answer = await it.http.get(path, headers=key)
                assert answer.headers["x-ratelimit-limit"] == "3"
                assert 0 < int(answer.headers["x-ratelimit-reset"]) <= 60
                left.append(answer.headers["x-ratelimit-remaining"])
            assert left == ["2", "1", "0"]
            refused = await it.http.get(OWNERS, headers=key)
            assert (refused.status_code, _clinovavet(refused)) == (429, "RATE_LIMIT_EXCEEDED")
            assert 0 < int(refused.headers["retry-after"]) <= 60
            assert refused.headers["x-ratelimit-remaining"] == "0"
            assert (await it.http.get(OWNERS, headers=other)).headers["x-ratelimit-remaining"] == "2"
            for unknown in ({"Authorization": "Bearer x"}, {"Authorization": ""}):
                answer = await it.http.get(OWNERS, headers=unknown)
                assert answer.status_code == 401
                assert "x-ratelimit-limit" not in answer.headers

    run(test())


@pytest.mark.parametrize(("kind", "most"), [("integration", "60"), ("device", "120"), ("partner", "300")])
def test_vetigens_numbers_differ_by_the_kind_of_key(sqlite_store_url: str, kind: str, most: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            answer = await it.http.get("/api/v1/patients", headers=await it.key("vetigen", kind=kind))
            assert (answer.status_code, answer.headers["x-ratelimit-limit"]) == (200, most)

    run(test())


def test_limits_can_be_switched_off(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url, limits="off") as it:
            key = await it.key("clinovavet", per_minute=1)
            answers = [await it.http.get(OWNERS, headers=key) for _ in range(3)]
            assert {answer.status_code for answer in answers} == {200}
            assert not any(name.startswith("x-ratelimit") for answer in answers for name in answer.headers)

    run(test())


def test_a_body_beyond_the_limit_is_refused(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url, body_limit=1_000) as it:
            answer = await it.http.post(OWNERS, json={"firstName": "x" * 1_000, "lastName": "y"})
            assert answer.status_code == 400
            assert "1000 bytes" in answer.json()["error"]["message"]

    run(test())


def test_what_is_no_dialects(sqlite_store_url: str) -> None:
    async def test() -> None:
        async with served(sqlite_store_url) as it:
            assert (await it.http.get("/health")).json() == {"status": "ok", "version": __version__}
            assert (await it.http.get("/ready")).json() == {"status": "ready"}
            front = await it.http.get("/")
            assert front.headers["content-type"].startswith("text/html")
            assert "default-src 'none'" in front.headers["content-security-policy"]
            assert "http://localhost" in front.text
            assert 'href="/console"' in front.text
            for dialect in ("vetigen", "clinovavet", "provet", "vetcheck"):
                assert f'href="/openapi/{dialect}.json"' in front.text
            for name in DIALECTS:
                document = await it.http.get(f"/openapi/{name}.json")
                assert document.headers["content-type"] == "application/json"
                assert document.json()["openapi"].startswith("3.1")
                assert document.json()["paths"]
            for path in ("/openapi/vetbook.json", "/nothing", "/api/v1/nothing", "/api/v1/", "/api/v1/patients/x/y/z"):
                answer = await it.http.get(path)
                assert (answer.status_code, _vetigen(answer)) == (404, "ROUTE.NOT_FOUND")

    run(test())


def test_a_defect_is_answered_in_the_dialects_form_and_tells_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        path = tmp_path / "polyvet.db"
        await migrate(f"sqlite:///{path}")
        async with served(f"sqlite:///{path}") as it:
            vetigen = await it.key("vetigen")
            assert (await it.http.get("/ready")).status_code == 200
            for table in ("phones", "enrolments"):
                _drop(path, table)
            answer = await it.http.get(OWNERS)
            assert (answer.status_code, _clinovavet(answer)) == (500, "INTERNAL_ERROR")
            assert "phones" not in answer.text
            answer = await it.http.get("/api/v1/patients", headers=vetigen)
            assert (answer.status_code, _vetigen(answer)) == (500, "INTERNAL.ERROR")
            assert answer.headers["x-request-id"]
            _drop(path, "clinics")
            ready = await it.http.get("/ready")
            assert (ready.status_code, ready.json()) == (503, {"status": "the store does not answer"})
            assert (await it.http.get("/health")).status_code == 200

    run(test())


def _drop(path: Path, table: str) -> None:
    connection: Any = sqlite3.connect(path)
    connection.execute(f"DROP TABLE {table}")
    connection.close()
