# SPDX-License-Identifier: Apache-2.0
"""What the tests of the Provet Cloud dialect ask again and again."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import Table

from polyvet.core import clients
from polyvet.delivery.outbox import read_on
from polyvet.dialects.provet.triggers import TELLING
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.sandbox.samples import JOHN_SMITH_ID
from polyvet.storage.statement import Statement, p
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Practice

ROOT = "/4/api/0.1/"
OTHER_ROOT = "/5/api/0.1/"
VENDOR = "https://provetcloud.com"  # what the documents' URLs start with
JOHN, HELEN = 456, 218  # clients of the documented samples
MAX, FENTON = 1204, 2130  # and patients
DOG, CAT, HORSE = 15461002, 15462002, 15490002


def url(kind: str, ident: int) -> str:
    """What a relation in a body says, under the vendor's address."""
    return f"{VENDOR}{ROOT}{kind}/{ident}/"


JOHN_URL = url("client", JOHN)
# The documented bodies.
SMITH = {
    "firstname": "John",
    "lastname": "Smith",
    "email": "john.smith@example.com",
    "country": "GB",
    "customer_type": 0,
}
PUPPY = {
    "client": JOHN_URL,
    "name": "Max",
    "species": DOG,
    "breed": 13689002,
    "gender": "Male",
    "date_of_birth": "2020-06-15",
}
CHECKUP = {
    "title": "Yearly check",
    "start": "2033-05-04T10:00:00+03:00",
    "end": "2033-05-04T10:30:00+03:00",
    "type": "2",
    "department": url("department", 11),
    "user": url("user", 1),
    "patients": [url("patient", FENTON)],
    "complaint": "Sneezes",
}
AINO = {"email": "aino.virtanen@example.org", "first_name": "Aino", "last_name": "Virtanen"}
HOOK = {"target_url": "https://receiver.example/provet?token=t", "trigger": 2, "content_type": 2}
MOBILE = {"client": JOHN_URL, "phone_number": "+441234567890", "type_code": 1}


def page(client: httpx.Client, path: str, root: str = ROOT) -> dict[str, Any]:
    """One page; a failure if it is refused."""
    answer = client.get(root + path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert list(found) == ["count", "num_pages", "next", "previous", "results"]
    return found


def ids(client: httpx.Client, path: str, root: str = ROOT) -> list[int]:
    """The numbers of a list that fits on a page, in their order."""
    found = page(client, path + ("&" if "?" in path else "?") + "page_size=1000", root)
    assert found["count"] == len(found["results"])
    return [row["id"] for row in found["results"]]


def walked(client: httpx.Client, path: str, root: str = ROOT) -> list[dict[str, Any]]:
    """All rows of a list, page by page, as clients go."""
    found: list[dict[str, Any]] = []
    following: str | None = f"{root}{path}{'&' if '?' in path else '?'}page_size=1000"
    while following:
        answer = client.get(following).json()
        found += answer["results"]
        following = answer["next"]
    assert len(found) == answer["count"]
    return found


def walked_in_clinovavet(client: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    """All rows of a list of ClinovaVet's."""
    found: list[dict[str, Any]] = []
    while True:
        answer = client.get(f"/api/v1/{path}", params={"limit": 100, "offset": len(found), **query}).json()
        found += answer["data"]
        if not answer["data"]:
            return found


def sent(client: httpx.Client, method: str, path: str, body: Any, status: int) -> Any:
    """The answer to a body, as JSON; a failure if its status is another."""
    answer = client.request(method, ROOT + path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def rewrite(practice: Practice, table: Table, ident: bytes, **values: Any) -> None:
    """Change a row of the first clinic's, as a program of the practice's own would do it."""
    names = " ".join(f"new_{name}" for name in (*values, "updated_at"))
    changed = {name: p(f"new_{name}") for name in (*values, "updated_at")}
    statement = Statement(table.update().where(table.c.id == p("row")).values(changed), f"{names} row")

    async def job(tx: Tx) -> None:
        tx.write(statement, *values.values(), tx.stamp(MAIN_CLINIC), ident)

    practice.run(lambda store: store.write(Touching(clinics=(MAIN_CLINIC,)), job))


def disconnect_john(practice: Practice) -> None:
    """End the first clinic's connection to John Smith."""
    practice.change(
        clients.connecting(MAIN_CLINIC, SECOND_CLINIC, JOHN_SMITH_ID),
        lambda w: clients.disconnect(w, JOHN_SMITH_ID, "John Smith"),
    )


def queued(practice: Practice) -> tuple[int, int]:
    """A hook of the first clinic, and a delivery of it that waits."""
    hook: int = sent(practice.provet, "POST", "hook/webhook/", HOOK, 201)["id"]
    sent(practice.provet, "PATCH", f"patient/{FENTON}/", {"remarks": "Shy"}, 200)
    practice.run(lambda store: read_on(store, TELLING))
    return hook, ids(practice.provet, "hook/queue/")[-1]


def number(url: str) -> int:
    """The last part of a URL, cut as clients cut it."""
    return int(url.rstrip("/").rpartition("/")[2])


def booked(practice_client: httpx.Client, /, **more: Any) -> Any:
    """The documented appointment, with other values for some fields."""
    return sent(practice_client, "POST", "appointment/", {**CHECKUP, **more}, 201)


def at(clock: str, day: str = "2033-05-04") -> str:
    """A time of the documented appointment's day."""
    return f"{day}T{clock}:00+03:00"
