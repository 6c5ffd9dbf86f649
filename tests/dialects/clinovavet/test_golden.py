# SPDX-License-Identifier: Apache-2.0
"""Every documented example and every error, whole: status, headers, key order, nulls, number and date formats."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from polyvet.dialects.clinovavet.wire import ClinovaVetWire
from polyvet.model import errors
from polyvet.web.message import Reply

JOHN = "cku9g6x2p0000ab0f0s1z2z3z"
MAX = "cku9g7y3q0001ab0f0t2a3b4c"
BONCUK = "c3cnsg3kr5fsk3xt9u6hwuca6"
SAMPLE_KEY = "Bearer sk_live_a3f8b9c1e2d4f5g6h7i8j9k0l1m2n3o4p5q6"  # nobody's here
JANE = {
    "firstName": "Jane",
    "lastName": "Doe",
    "email": "jane.doe@example.com",
    "phone": "+1-555-987-6543",
    "address": "456 Oak Ave, Brooklyn, NY 11201",
}
BELLA = {
    "name": "Bella",
    "species": "Cat",
    "breed": "Siamese",
    "ownerId": JOHN,
    "birthdate": "2022-08-20",
    "weight": 4.2,
    "neutered": True,
}

GETS = {
    "owners_list": "owners?limit=10&search=john.smith",
    "owner_get": f"owners/{JOHN}",
    "pets_list": f"pets?ownerId={JOHN}&species=Dog",
    "pets_list_empty": "pets?ownerId=invalid-id",
    "pet_get": f"pets/{MAX}",
    "medical_records_list": f"medical-records?petId={MAX}&startDate=2026-01-15&endDate=2026-01-15",
    "medical_records_parts": f"medical-records?petId={BONCUK}&startDate=2026-03-18&endDate=2026-03-18",
    "medical_records_list_empty": "medical-records?petId=invalid-id",
    "invoices_list": f"invoices?status=PAID&ownerId={JOHN}",
    "invoices_list_empty": f"invoices?status=CANCELLED&ownerId={JOHN}",
    "error_owner_missing": "owners/invalid-id",
    "error_pet_missing": "pets/invalid-id",
    "error_route": "owners/invalid-id/pets",
    "error_query": "invoices?status=paid",
}
POSTS = {
    "owner_create": ("owners", JANE),
    "owner_create_least": ("owners", {"firstName": "Ada", "lastName": "Byron"}),
    "pet_create": ("pets", BELLA),
    "pet_create_least": ("pets", {"name": "Pip", "species": "Bird", "ownerId": JOHN}),
    "error_body": ("pets", {"species": " ", "ownerId": 5}),
    "error_pet_owner_missing": ("pets", {**BELLA, "ownerId": "invalid-id"}),
}
TABLE: dict[str, Reply] = {
    "error_forbidden": ClinovaVetWire().error(errors.Forbidden("clients:write")),
    "error_limit_reached": ClinovaVetWire().error(errors.LimitReached(7, 100)),
    "error_busy": ClinovaVetWire().error(errors.Busy()),
    "error_defect": ClinovaVetWire().defect(),
    "error_key_reused": ClinovaVetWire().error(errors.KeyReused()),
    "error_too_large": ClinovaVetWire().error(errors.TooLarge(1 << 20)),
    "error_not_served": ClinovaVetWire().error(errors.NotServed("use the other path")),
}
_ID = re.compile(r'^\{"id":"(c[0-9a-z]{24})"')
_INSTANT = re.compile(r'"((?:created|updated)At)":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"')


@pytest.mark.parametrize("name", GETS)
def test_a_get_answers_as_documented(practice, golden, name):
    golden(name, practice.clinovavet.get(f"/api/v1/{GETS[name]}"))


@pytest.mark.parametrize("name", GETS)
def test_head_answers_like_get_without_a_body(practice, name):
    path = f"/api/v1/{GETS[name]}"
    plain = {"accept-encoding": "identity"}
    whole, head = practice.clinovavet.get(path, headers=plain), practice.clinovavet.head(path, headers=plain)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert int(head.headers["content-length"]) == len(whole.content)
    assert head.headers["content-type"] == whole.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", POSTS)
def test_a_post_answers_as_documented_and_what_it_made_is_found_again(fresh_practice, golden, name):
    path, body = POSTS[name]
    client = fresh_practice.clinovavet
    made = client.post(f"/api/v1/{path}", json=body)
    golden(name, _without_made_up_values(made))
    if made.status_code == 201:
        found = client.get(f"/api/v1/{path}/{made.json()['id']}").json()
        found.pop("pets", None)
        assert found == made.json()


def test_other_errors_answer_as_documented(practice, golden):
    client = practice.clinovavet
    golden("error_key_missing", practice.client().get("/api/v1/owners"))
    golden("error_key_wrong", client.get("/api/v1/owners", headers={"authorization": SAMPLE_KEY}))
    golden("error_method", client.delete("/api/v1/owners"))
    golden("error_media_type", client.post("/api/v1/owners", data={"firstName": "Jane"}))


@pytest.mark.parametrize("name", TABLE)
def test_the_error_table(golden, name):
    reply = TABLE[name]
    headers = [*reply.headers, (b"content-type", reply.media_type)]
    golden(name, httpx.Response(reply.status, headers=headers, content=reply.body))


def test_what_is_not_connected_is_told_like_what_is_missing():
    wire = ClinovaVetWire()
    for kind in ("client", "patient", "record", "invoice"):
        assert wire.error(errors.NotConnected(kind, "c1")).body == wire.error(errors.Missing(kind, "c1")).body


def test_no_golden_file_is_left_over():
    others = {"error_key_missing", "error_key_wrong", "error_method", "error_media_type"}
    files = {path.stem for path in (Path(__file__).parent / "golden").glob("*.json")}
    assert files == {*GETS, *POSTS, *TABLE, *others}


def _without_made_up_values(answer: httpx.Response) -> httpx.Response:
    """The answer with its id and its instants, which are this minute's, made the same in every run."""
    for _, moment in _INSTANT.findall(answer.text):
        age = datetime.now(UTC) - datetime.fromisoformat(moment)
        assert timedelta(seconds=-1) < age < timedelta(minutes=1)
    text = _INSTANT.sub(r'"\1":"2026-01-20T21:45:00.000Z"', answer.text)
    text = _ID.sub('{"id":"cku9h8z4r0002ab0f0u3b4c5d"', text)
    return httpx.Response(answer.status_code, headers={"content-type": answer.headers["content-type"]}, text=text)
