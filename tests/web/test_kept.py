# SPDX-License-Identifier: Apache-2.0
"""What stays as it is goes out compressed to whoever takes that, and once to whoever keeps it."""

from __future__ import annotations

import gzip

import httpx
import pytest

from polyvet.web.kept import takes_gzip
from tests.dialects.harness import Practice

STYLE = "/console/static/console.css"
DOCUMENTS = tuple(f"/openapi/{name}.json" for name in ("vetigen", "clinovavet", "provet", "vetcheck"))
STATIC = (STYLE, "/console/static/try.js", "/console/static/icon.svg")
PLAIN, PACKED = {"accept-encoding": "identity"}, {"accept-encoding": "gzip, br"}


@pytest.fixture
def client(practice: Practice) -> httpx.Client:
    """Somebody with no credential."""
    return practice.client()


def _raw(client: httpx.Client, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it came."""
    with client.stream(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    ) as found:
        return found, b"".join(found.iter_raw())


@pytest.mark.parametrize("path", [*DOCUMENTS, *STATIC])
def test_who_takes_it_is_sent_it_compressed(client: httpx.Client, path: str) -> None:
    plain, body = _raw(client, path, **PLAIN)
    packed, bytes_ = _raw(client, path, **PACKED)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes_) == body
    for answer, sent in ((plain, body), (packed, bytes_)):
        assert answer.status_code == 200
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["content-length"] == str(len(sent))
        assert answer.headers["content-type"] == plain.headers["content-type"]
        assert answer.headers["etag"] == plain.headers["etag"]


def test_documents_are_a_tenth_on_the_wire(client: httpx.Client) -> None:
    for path in DOCUMENTS:
        assert len(_raw(client, path, **PACKED)[1]) * 7 < len(_raw(client, path, **PLAIN)[1])


@pytest.mark.parametrize("path", [DOCUMENTS[2], STYLE])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_who_has_it_is_not_sent_it_again(client: httpx.Client, path: str, coding: str) -> None:
    first, _ = _raw(client, path, accept_encoding=coding)
    etag = first.headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again, body = _raw(client, path, accept_encoding=coding, if_none_match=known)
        assert (again.status_code, body) == (304, b"")
        for name in ("etag", "vary", "cache-control"):
            assert again.headers[name] == first.headers[name]
    for other in ('"other"', "W/", etag.strip('"'), ""):
        assert _raw(client, path, if_none_match=other)[0].status_code == 200


def test_a_version_that_is_known_by_its_address_need_not_be_asked_for(client: httpx.Client) -> None:
    etag = client.get(STYLE).headers["etag"]
    assert client.get(STYLE).headers["cache-control"] == "no-cache"
    version = etag.removeprefix("W/").strip('"')
    assert "immutable" in client.get(f"{STYLE}?v={version}").headers["cache-control"]
    assert f"console.css?v={version}" in client.get("/console/sign-in").text


def test_nothing_but_the_head_of_it_is_asked_for(client: httpx.Client) -> None:
    for path in (DOCUMENTS[0], STYLE):
        whole = client.get(path)
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ([], False),
        ([""], False),
        (["gzip"], True),
        (["GZip"], True),
        (["x-gzip"], True),
        (["deflate, gzip;q=0.5"], True),
        (["br", "gzip"], True),
        (["gzip;q=0"], False),
        (["gzip ; q=0.000"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["gzip;q=0, *"], False),
        (["identity, *;q=0.1"], True),
        (["br, deflate"], False),
        (["gzipped"], False),
    ],
)
def test_what_a_client_takes_is_what_it_says(headers: list[str], taken: bool) -> None:
    assert takes_gzip(headers) is taken
