# SPDX-License-Identifier: Apache-2.0
"""Route tables: what a path leads to, by which method."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvet.model.errors import NoSuchRoute, WrongMethod
from polyvet.web.message import Reply, Request
from polyvet.web.routes import Route, RouteTable


async def _nothing(_: Request) -> Reply:
    return Reply(200, b"")


def _route(method: str, path: str, alias_of: str | None = None) -> Route:
    return Route(
        method=method,
        path=path,
        handler=_nothing,
        permission="patients:read",
        summary=path,
        operation=path,
        origin="seed",
        answer=dict,
        alias_of=alias_of,
    )


TABLE = RouteTable(
    (
        _route("GET", "pets"),
        _route("POST", "pets"),
        _route("GET", "pets/{id}"),
        _route("DELETE", "pets/{id}"),
        _route("GET", "pets/mine"),
        _route("GET", "animals/{id}", alias_of="pets/{id}"),
        _route("GET", "pets/{id}/records/{record_id}"),
        _route("POST", "sessions"),
    )
)


@pytest.mark.parametrize(
    ("method", "path", "found", "parameters"),
    [
        ("GET", "pets", "pets", {}),
        ("POST", "pets", "pets", {}),
        ("GET", "pets/mine", "pets/mine", {}),  # a fixed segment goes before a parameter
        ("GET", "pets/mine1", "pets/{id}", {"id": "mine1"}),
        ("GET", "pets/ä%/records/ 1 ", "pets/{id}/records/{record_id}", {"id": "ä%", "record_id": " 1 "}),
        ("GET", "animals/1", "animals/{id}", {"id": "1"}),
        ("HEAD", "pets/1", "pets/{id}", {"id": "1"}),
    ],
)
def test_paths_that_are_served(method: str, path: str, found: str, parameters: dict[str, str]) -> None:
    route, got = TABLE.find(method, path)
    assert (route.path, got) == (found, parameters)


def test_head_is_answered_by_get() -> None:
    assert TABLE.find("HEAD", "pets")[0].method == "GET"


@pytest.mark.parametrize(
    "path", ["", "/", "pet", "pets/", "/pets", "pets//records/1", "pets/1/records", "pets/1/records/", "animals"]
)
def test_paths_that_are_not(path: str) -> None:
    for method in ("GET", "POST", "BREW"):
        with pytest.raises(NoSuchRoute):
            TABLE.find(method, path)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "pets", ("GET", "HEAD", "POST")),
        ("POST", "pets/1", ("DELETE", "GET", "HEAD")),
        ("DELETE", "pets/mine", ("GET", "HEAD")),  # not the parameter's route: the path is the fixed one
        ("HEAD", "sessions", ("POST",)),
        ("get", "pets", ("GET", "HEAD", "POST")),
    ],
)
def test_the_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(WrongMethod) as refused:
        TABLE.find(method, path)
    assert refused.value.allowed == allowed


@given(st.sampled_from(["GET", "PUT", "HEAD"]), st.text(max_size=40) | st.text("pets/minerco1", max_size=30))
def test_any_path_is_found_or_not(method: str, path: str) -> None:
    try:
        route, parameters = TABLE.find(method, path)
    except (NoSuchRoute, WrongMethod):
        return
    assert "/".join(f"{{{name}}}" for name in parameters) in route.path.replace("/records", "")
    assert all(parameters.values())


def test_a_route_stands_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        RouteTable((_route("GET", "pets"), _route("GET", "pets")))
    with pytest.raises(ValueError, match="twice"):
        RouteTable((_route("GET", "pets/{id}"), _route("GET", "pets/{pet_id}")))


def test_first_segments_tell_whose_a_path_is() -> None:
    assert TABLE.first_segments() == {"pets", "animals", "sessions"}
