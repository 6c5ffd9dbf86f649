# SPDX-License-Identifier: Apache-2.0
"""One handout, form, vet form or program: every documented request and its answer, in each form, to whom it is open."""

from __future__ import annotations

import pytest

from tests.dialects.harness import Golden, Practice
from tests.dialects.library import CAT, FLEAS_HTML, FLEAS_MARKDOWN, FLEAS_PLAIN
from tests.dialects.vetcheck.answers import error

JSON = "application/json"
TYPES = {"json": JSON, "html": "text/html", "markdown": "text/markdown", "plain": "text/plain"}
PATHS = {
    "handout": "/handouts/2",
    "form": "/forms/2/get",
    "vet_form": "/vetforms/2/get",
    "program": "/programs/2",
}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OWN = 100_001


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize("kind", PATHS)
def test_every_kind_in_every_form(practice: Practice, golden: Golden, kind: str, form: str) -> None:
    answer = practice.vetcheck.get(PATHS[kind], headers={"accept": TYPES[form]})
    golden(f"{kind}_{form}", answer)
    assert answer.headers["vary"].startswith("accept")


@pytest.mark.parametrize("plural", ["handouts", "forms", "vetforms", "programs"])
def test_both_spellings_of_a_path(practice: Practice, plural: str) -> None:
    for accept in TYPES.values():
        short = practice.vetcheck.get(f"/{plural}/2", headers={"accept": accept})
        long = practice.vetcheck.get(f"/{plural}/2/get", headers={"accept": accept})
        assert short.status_code == 200
        assert short.content == long.content


def test_a_text_form_is_the_whole_answer(practice: Practice) -> None:
    """As the page shows it: from the first heading on, without a page around it [seed]."""
    for media_type, text in (("text/html", FLEAS_HTML), ("text/markdown", FLEAS_MARKDOWN), ("text/plain", FLEAS_PLAIN)):
        answer = practice.vetcheck.get("/handouts/2", headers={"accept": media_type})
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert answer.text == text


def test_json_holds_all_forms(practice: Practice) -> None:
    body = practice.vetcheck.get("/handouts/2", headers={"accept": JSON}).json()
    assert (body["html"], body["markdown"], body["text"]) == (FLEAS_HTML, FLEAS_MARKDOWN, FLEAS_PLAIN)
    assert body["raw"] == "Fleas Comb your cat daily. * Treat every pet * Wash the bedding"
    assert (body["species"], body["species_id"]) == ("Cat", CAT)
    assert "status" not in body
    assert practice.vetcheck.get("/vetforms/2").json()["status"] is None


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("applications/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("text/*", "text/html"),
        ("text/markdown, text/html", "text/markdown"),
        ("text/html;q=0.4, text/plain;q=0.5", "text/plain"),
        ("text/html;q=0, text/*;q=0.2", "text/markdown"),
        ("application/pdf, text/plain;q=0.1", "text/plain"),
        (BROWSER, "text/html"),
    ],
)
def test_the_form_is_chosen_by_accept(practice: Practice, accept: str | None, expected: str) -> None:
    with practice.client("vetcheck_main") as http:
        http.headers.pop("accept")
        answer = http.get("/handouts/2", headers={} if accept is None else {"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == expected


@pytest.mark.parametrize(
    "accept", ["application/pdf", "text/csv", "image/*", "application/json;q=0", "application/xml"]
)
def test_another_type_is_not_acceptable(practice: Practice, golden: Golden, accept: str) -> None:
    for path in PATHS.values():
        golden("error_not_acceptable", practice.vetcheck.get(path, headers={"accept": accept}))


def test_a_browser_that_opens_the_html_runs_nothing(practice: Practice) -> None:
    answer = practice.vetcheck.get("/handouts/2", headers={"accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_and_large_answers(practice: Practice) -> None:
    answer = practice.vetcheck.head("/forms/2", headers={"accept": "text/html"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 500
    packed = practice.vetcheck.get("/forms/2", headers={"accept": JSON, "accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "accept, accept-encoding"


@pytest.mark.parametrize("shown", ["999", "0", "-1", "two", "2.0", "%20", "100001", "9" * 40, "２"])
def test_what_is_not_there(practice: Practice, golden: Golden, shown: str) -> None:
    for plural in ("handouts", "forms", "vetforms", "programs"):
        error(practice.vetcheck.get(f"/{plural}/{shown}"), 404)
        error(practice.vetcheck.get(f"/{plural}/{shown}/get"), 404)
    golden("error_missing", practice.vetcheck.get("/handouts/999"))


def test_what_the_role_does_not_open(practice: Practice, golden: Golden) -> None:
    for path in ("/handouts/3", "/handouts/4/get", "/forms/3"):
        assert practice.vetcheck.get(path).status_code == 200
        golden("error_role", practice.free_vetcheck.get(path))
        golden("error_role", practice.free_vetcheck.get(path, headers={"accept": "text/html"}))
        golden("error_role", practice.free_vetcheck.put(path.removesuffix("/get"), json={}))
    assert practice.free_vetcheck.get("/handouts/2").status_code == 200


def test_who_may_not_ask(practice: Practice, golden: Golden) -> None:
    for token in (None, "wrong", "vetcheck_mai"):
        with practice.client(token) as http:
            golden("error_unauthenticated", http.get("/handouts/2"))
            error(http.put("/handouts/2", json={}), 401)
    with practice.client(practice.new_key("vetcheck", permissions=("library:read",))) as reader:
        assert reader.get("/handouts/2").status_code == 200
        error(reader.put("/handouts/2", json={}), 403)
    with practice.client(practice.new_key("vetcheck", permissions=("records:read",))) as other:
        error(other.get("/handouts/2"), 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/handouts/2"), ("DELETE", "/forms/2"), ("PUT", "/vetforms/2"), ("PUT", "/handouts/2/get")],
)
def test_what_is_not_documented_is_no_method(practice: Practice, method: str, path: str) -> None:
    answer = practice.vetcheck.request(method, path)
    error(answer, 405)
    assert "GET" in answer.headers["allow"]
