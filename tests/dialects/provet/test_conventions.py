# SPDX-License-Identifier: Apache-2.0
"""What holds for every resource: exposing, forms, repeated requests, methods that are not served."""

from __future__ import annotations

import pytest

from tests.dialects.provet.asking import FENTON, HELEN, ROOT, SMITH, ids, page


def test_a_client_is_exposed_in_the_place_of_its_url(practice):
    client = practice.provet.get(f"{ROOT}client/{HELEN}/").json()
    for query in ("expose_client", "expose_client=true", "expose_client=&page_size=5"):
        [row] = page(practice.provet, f"patient/?id__is={FENTON}&{query}")["results"]
        assert row["client"] == client
        assert practice.provet.get(f"{ROOT}patient/{FENTON}/?{query}").json()["client"] == client
    assert client["patients"][0].startswith("http")  # one level deep
    [row] = page(practice.provet, f"patient/?id__is={FENTON}&expose_species=true")["results"]
    assert row["client"] == client["url"]


@pytest.mark.parametrize("path", ["", "client/", f"patient/{FENTON}/"])
def test_options_are_not_served(practice, path):
    answer = practice.provet.options(ROOT + path)
    assert (answer.status_code, answer.json()) == (405, {"detail": "Method not allowed."})
    assert "GET" in answer.headers["allow"]


def test_a_repeated_post_makes_one_client(fresh_practice):
    client, key = fresh_practice.provet, {"Idempotency-Key": "once"}
    first, again = (client.post(f"{ROOT}client/", json=SMITH, headers=key) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert first.json()["id"] == ids(client, "client/?lastname__is=Smith")[-1]
    other = client.post(f"{ROOT}client/", json={**SMITH, "lastname": "Smythe"}, headers=key)
    assert other.status_code == 422
    assert ids(client, "client/?lastname__is=Smythe") == []


def test_a_form_is_read_in_both_encodings(fresh_practice):
    client = fresh_practice.provet
    fields = {"lastname": "Formbrook", "no_sms": "1", "customer_type": "0"}
    plain = client.post(f"{ROOT}client/", data=fields)
    parts = client.post(f"{ROOT}client/", files={name: (None, text) for name, text in fields.items()})
    for answer in (plain, parts):
        assert answer.status_code == 201, answer.text
        assert (answer.json()["lastname"], answer.json()["no_sms"]) == ("Formbrook", True)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "multipart/form-data"}, b"x"),
        ({"content-type": "multipart/form-data; boundary=b"}, b"no part at all"),
        ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\nContent-Disposition: form-data\r\n\r\nx"),
        (
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="lastname"; filename="f"\r\n\r\nx\r\n--b--\r\n',
        ),
        (
            {"content-type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="lastname"\r\n\r\n\xff\r\n--b--\r\n',
        ),
        (
            {"content-type": "multipart/form-data; boundary=b"},
            b"".join(
                b'--b\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nx\r\n' % n for n in range(201)
            ) + b"--b--\r\n",
        ),
    ],
)  # fmt: skip
def test_a_form_in_parts_that_does_not_hold_is_a_parse_error(practice, headers, body):
    answer = practice.provet.post(f"{ROOT}client/", content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) in (["detail"], ["lastname"], ["non_field_errors"])
