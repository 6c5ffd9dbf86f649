# SPDX-License-Identifier: Apache-2.0
"""People in the console, without a browser: they keep cookies and send the forms that they were given."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pyotp
from msgspec.structs import replace
from sqlalchemy import select

from polyvet.identity import sessions
from polyvet.model.access import Role
from polyvet.model.entities import User
from polyvet.sandbox.practice import MAIN_CLINIC, SECOND_CLINIC
from polyvet.storage import staff
from polyvet.storage.statement import Statement, p
from polyvet.storage.store import Store
from polyvet.storage.tables import audit
from polyvet.storage.writing import Touching, Tx
from tests.dialects.harness import Practice
from tests.identity.people import a_session

EMAILS = {
    Role.OWNER: "aino.laakso@harbour-street.example",
    Role.VET: "tobias.reuter@harbour-street.example",
    Role.NURSE: "maija.sundqvist@harbour-street.example",
    Role.RECEPTION: "peter.hollis@harbour-street.example",
    Role.READ_ONLY: "selin.karahan@harbour-street.example",  # a vet in the demo, until a test signs her in with it
}
OTHER_OWNER = (SECOND_CLINIC, "henrike.voss@northgate.example")
_DEEDS = Statement(
    select(audit.c.actor_shown, audit.c.action, audit.c.shown)
    .where(audit.c.clinic_id == p("clinic"))
    .order_by(audit.c.at, audit.c.id),
    "clinic",
)
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class SignedIn:
    """A browser of somebody who is signed in; posts carry what guards the form of the page that they come from."""

    def __init__(self, client: httpx.Client, secret: str) -> None:
        """`secret` is the session's."""
        self.client = client
        self.client.cookies.set(sessions.COOKIE, secret, domain="127.0.0.1")  # as the server sets it anew

    def get(self, path: str) -> httpx.Response:
        """A page below /console."""
        return self.client.get(f"/console/{path}" if path else "/console")

    def text(self, path: str) -> str:
        """What a page that answers says, its tags left out."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return told(answer)

    def csrf(self, page: str) -> str:
        """What guards a page's forms; empty where there is none."""
        found = _CSRF.search(self.get(page).text)
        return "" if found is None else found[1]

    def post(self, path: str, fields: dict[str, Any], page: str | None = None) -> httpx.Response:
        """A form of the page at `page`, or of the one that it is sent to; what it leads to is not followed."""
        return self.client.post(f"/console/{path}", data={"csrf": self.csrf(page or path), **fields})


class Colleague(SignedIn):
    """Somebody who works at one of the clinics, and is signed in."""

    def __init__(self, practice: Practice, role: Role = Role.OWNER, who: tuple[int, str] | None = None) -> None:
        """`who`: their clinic and e-mail, if not somebody of the role at the main clinic."""
        clinic_id, email = who or (MAIN_CLINIC, EMAILS[role])

        async def begin(store: Store) -> tuple[User, str]:
            user = await _of_role(store, clinic_id, email, role)
            return user, await a_session(store, user)

        self.user, secret = practice.run(begin)
        super().__init__(practice.client(), secret)


def told(answer: httpx.Response) -> str:
    """An answer's text without tags, blanks collapsed."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def _of_role(store: Store, clinic_id: int, email: str, role: Role) -> User:
    async def job(tx: Tx) -> User:
        file = await staff.by_email(tx, clinic_id, email)
        assert file is not None
        if file.user.console_role != role:
            file = staff.change_user(tx, replace(file, user=replace(file.user, console_role=role)))
        return file.user

    return await store.write(Touching(clinics=(clinic_id,)), job)


class Visitor:
    """A browser of somebody who is not signed in."""

    def __init__(self, practice: Practice) -> None:
        self.client = practice.client()

    def send(self, page: str, to: str | None = None, **fields: str) -> httpx.Response:
        """The form of the page at a path, sent there or `to` another one."""
        found = _CSRF.search(self.client.get(page).text)
        csrf = "" if found is None else found[1]
        return self.client.post(to or page, data={"csrf": csrf, **fields})

    def sign_in(self, email: str, password: str, page: str = "/console/sign-in") -> httpx.Response:
        """E-mail and password."""
        return self.send(page, email=email, password=password)


def code_of(secret: str) -> str:
    """What a device shows now."""
    return pyotp.TOTP(secret).now()


def deeds(practice: Practice, clinic_id: int = MAIN_CLINIC) -> list[tuple[str, str, str]]:
    """Who did what at a clinic, the oldest first."""

    async def reading(store: Store) -> list[tuple[str, str, str]]:
        rows = await store.reader.fetch(_DEEDS, clinic_id)
        return [(row[0], row[1], row[2]) for row in rows]

    return practice.run(reading)
