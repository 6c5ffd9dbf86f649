# SPDX-License-Identifier: Apache-2.0
"""Paging: no row is lost or sent twice, totals are exact, and the block tells what was asked for."""

from __future__ import annotations

import pytest

from polyvet.core import clients, patients
from polyvet.dialects.clinovavet.wire import from_id
from polyvet.sandbox.practice import MAIN_CLINIC
from tests.dialects.clinovavet.test_golden import BELLA, JANE

LISTS = ["owners", "pets", "medical-records", "invoices"]
FILTERED = ["owners?search=e", "pets?species=dog", "medical-records?startDate=2024-06-01", "invoices?status=PAID"]


def get(client, path, **query):
    answer = client.get(
        f"/api/v1/{path}" + ("&" if "?" in path else "?") + "&".join(f"{k}={v}" for k, v in query.items())
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def walk(client, path, limit):
    """All ids, page by page, as long as there are more."""
    ids, offset, more = [], 0, True
    while more:
        page = get(client, path, limit=limit, offset=offset)
        assert len(page["data"]) == limit or not page["pagination"]["hasMore"]
        ids += [row["id"] for row in page["data"]]
        offset, more = offset + limit, page["pagination"]["hasMore"]
        assert page["pagination"]["offset"] == offset - limit
    return ids, page["pagination"]["total"]


@pytest.mark.parametrize("path", LISTS + FILTERED)
def test_a_walk_meets_every_row_once(practice, path):
    client = practice.clinovavet
    whole, total = walk(client, path, 100)
    assert len(set(whole)) == len(whole) == total > 0
    assert walk(client, path, 7) == (whole, total)
    assert walk(client, path, 33) == (whole, total)


@pytest.mark.parametrize("path", LISTS + FILTERED)
def test_a_page_that_was_jumped_to_is_the_same(practice, path):
    client = practice.clinovavet
    start = [row["id"] for row in get(client, path, limit=9)["data"]]
    assert [row["id"] for row in get(client, path, limit=3, offset=4)["data"]] == start[4:7]


@pytest.mark.parametrize("path", LISTS)
def test_the_last_page_of_an_exact_multiple_has_no_more(practice, path):
    client = practice.clinovavet
    total = get(client, path, limit=1)["pagination"]["total"]
    if total <= 100:
        assert get(client, path, limit=total)["pagination"]["hasMore"] is False
    last = get(client, path, limit=2, offset=total - 2)
    assert (len(last["data"]), last["pagination"]["hasMore"]) == (2, False)
    before = get(client, path, limit=2, offset=total - 3)
    assert (len(before["data"]), before["pagination"]["hasMore"]) == (2, True)


@pytest.mark.parametrize("path", LISTS)
def test_behind_the_end_is_an_empty_page_with_the_total(practice, path):
    client = practice.clinovavet
    total = get(client, path)["pagination"]["total"]
    for offset in (total, total + 1, 1_000_000_000):
        page = get(client, path, limit=5, offset=offset)
        assert page == {
            "data": [],
            "pagination": {"total": total, "limit": 5, "offset": offset, "hasMore": False},
        }


@pytest.mark.parametrize(
    ("asked", "limit", "offset"),
    [
        ("", 50, 0),
        ("limit=100", 100, 0),
        ("limit=101", 100, 0),
        ("limit=999999999999999999", 100, 0),
        ("limit=&offset=", 50, 0),
        ("limit=%2B7&offset=3", 7, 3),
        ("limit=007", 7, 0),
    ],
)
@pytest.mark.parametrize("path", LISTS)
def test_the_block_echoes_what_holds(practice, path, asked, limit, offset):
    pagination = practice.clinovavet.get(f"/api/v1/{path}?{asked}").json()["pagination"]
    assert list(pagination) == ["total", "limit", "offset", "hasMore"]
    assert (pagination["limit"], pagination["offset"]) == (limit, offset)


def test_a_pet_that_goes_between_two_pages_takes_no_other_along(fresh_practice):
    client = fresh_practice.clinovavet
    whole, total = walk(client, "pets", 100)
    first = [row["id"] for row in get(client, "pets", limit=10)["data"]]
    for ident in (first[0], first[-1]):
        gone = from_id(ident)
        touching = fresh_practice.read(lambda ctx, gone=gone: patients.touching(ctx, gone))
        fresh_practice.change(touching, lambda w, gone=gone: patients.archive(w, gone, "it"))
    second = get(client, "pets", limit=10, offset=10)
    assert [row["id"] for row in second["data"]] == whole[10:20]
    assert second["pagination"] == {"total": total - 2, "limit": 10, "offset": 10, "hasMore": True}
    again = get(client, "pets", limit=10, offset=10)
    assert again == second
    other_query = get(client, "pets", limit=9, offset=10)
    assert [row["id"] for row in other_query["data"]] == whole[12:21]


def test_an_owner_who_goes_between_two_pages_takes_no_other_along(fresh_practice):
    client = fresh_practice.clinovavet
    for path in ("owners", "owners?search=e"):
        whole, total = walk(client, path, 100)
        gone = from_id(get(client, path, limit=5)["data"][0]["id"])
        assert gone is not None
        touching = clients.connecting(MAIN_CLINIC, MAIN_CLINIC, gone)
        fresh_practice.change(touching, lambda w, gone=gone: clients.disconnect(w, gone, "them"))
        rest, offset, more = [], 5, True
        while more:
            page = get(client, path, limit=5, offset=offset)
            rest += [row["id"] for row in page["data"]]
            offset, more = offset + 5, page["pagination"]["hasMore"]
        assert rest == whole[5:]
        assert page["pagination"]["total"] == total - 1


def test_rows_that_come_in_during_a_walk_move_nothing(fresh_practice):
    client = fresh_practice.clinovavet
    for path, resource, body in (("owners", "owners", JANE), ("pets", "pets", BELLA)):
        whole, _ = walk(client, path, 100)
        get(client, path, limit=4)
        assert client.post(f"/api/v1/{resource}", json=body).status_code == 201
        assert [row["id"] for row in get(client, path, limit=4, offset=4)["data"]] == whole[4:8]


def test_one_keys_walk_is_not_anothers(fresh_practice):
    one = fresh_practice.clinovavet
    other = fresh_practice.client(fresh_practice.new_key("clinovavet"))
    whole, _ = walk(one, "owners", 100)
    get(one, "owners", limit=4)
    one.post("/api/v1/owners", json=JANE)
    assert [row["id"] for row in get(other, "owners", limit=4, offset=4)["data"]] == whole[3:7]
