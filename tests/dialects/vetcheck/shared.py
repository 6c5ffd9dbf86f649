# SPDX-License-Identifier: Apache-2.0
"""What the tests of shares ask for, and look up beside the API."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from polyvet.core import shares
from polyvet.core.shares import Opened
from polyvet.model.library import ListedShare, Mail, Share, Submission
from polyvet.sandbox.practice import MAIN_CLINIC
from polyvet.storage import shares as stored
from polyvet.storage.check import check
from polyvet.storage.statement import Statement
from polyvet.storage.tables import mails
from tests.dialects.harness import Practice

HANDOUT, FORM, PROGRAM = "/handouts/2/share", "/forms/2/share", "/programs/2/share"
OWNER = "owner@mail.example"
BLUEY = {"name": "Bluey", "email": OWNER}
SHOWN = "<p>what was filled in</p>"
DAYS = 90
_MAILS = Statement(select(*mails.columns).order_by(mails.c.created_at, mails.c.id))


def shared(client: httpx.Client, path: str, said: Any = None, **more: Any) -> str:
    """Share; gives the link's token."""
    answer = client.post(path, json=said, **more)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["sharelink"]
    return token_of(answer)


def token_of(answer: httpx.Response) -> str:
    """The token in an answer's link."""
    start, _, token = answer.json()["sharelink"].partition("/s/")
    assert start.startswith("http://127.0.0.1:")
    assert len(token) == 43
    return str(token)


def opened(practice: Practice, token: str) -> Opened | None:
    """What a link leads to."""
    return practice.run(lambda store: shares.opened(store, token))


def share_of(practice: Practice, token: str) -> Share:
    """The share behind a link that stands."""
    found = opened(practice, token)
    assert found is not None
    return found.share


def latest(practice: Practice, clinic_id: int = MAIN_CLINIC) -> list[ListedShare]:
    """A clinic's shares, the latest first."""
    return practice.run(lambda store: stored.latest(store.reader, clinic_id, 1 << 62, 1_000))


def submission(practice: Practice, share: Share) -> Submission | None:
    """What was filled in of a share."""
    return practice.run(lambda store: stored.submission(store.reader, share.id))


def link(token: str) -> str:
    """As a server would make it."""
    return f"https://vet.example/s/{token}"


def submit(practice: Practice, token: str, answers: dict[str, str], text: str = "First name: Anna") -> str:
    """Submit a form through a link; gives the token that holds it."""
    found = opened(practice, token)
    assert found is not None
    return practice.run(lambda store: shares.submit(store, found, answers, SHOWN, text, link, DAYS))


def save_draft(practice: Practice, token: str, answers: dict[str, str]) -> str:
    """Keep what was filled in so far; gives the token that holds it."""
    found = opened(practice, token)
    assert found is not None
    return practice.run(lambda store: shares.save_draft(store, found, answers, DAYS))


def queued(practice: Practice) -> list[Mail]:
    """All mails, the oldest first."""
    rows = practice.run(lambda store: store.reader.fetch(_MAILS))
    return [Mail(*row) for row in rows]


def sound(practice: Practice) -> bool:
    """Whether the store has no errors."""
    return [one for one in practice.run(lambda _: check(practice.url)) if one.severity == "error"] == []
